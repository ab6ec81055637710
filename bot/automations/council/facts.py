"""What a run has found about questions for the council, and what can be read off it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.comment_commands.answers import ANSWER
from bot.domain.business_time import Clock
from bot.domain.confidentiality import NO_PROJECTS, KnownProjects
from bot.domain.errors import GitLabError
from bot.domain.markers import marker, read_marker
from bot.domain.notes import own_note, written_notes
from bot.domain.people import PeopleAnswer
from bot.domain.resources import Discussion, Epic, Issue, IssueLink, LabelEvent, Member, MergeRequest, Note, User

INTAKE_MARKER = marker("council_intake")
QUEUE_MARKER = marker("council_queue")
QUEUE_NOTE_MARKER = marker("council_queue_note")
CLOCK = "council_clock"
OPEN_CLOCKS = "council_open_clocks"


@dataclass(frozen=True)
class DiscussionState:
    """What the bot's note on a discussion says of itself, in its marker.

    Args:
        number: 1 for the first discussion of an issue; more where it was deferred.
        stopped_at: when it was decided or deferred; reminded, ended: whether people heard of half time, and of the end.
    """

    number: int
    clock: Clock
    stopped_at: dt.datetime | None = None
    reminded: bool = False
    ended: bool = False

    @property
    def note_marker(self) -> str:
        return marker("council_discussion", number=self.number)

    def call_marker(self, which: str) -> str:
        """Of the note that calls people at half time, or at the end."""
        return marker("council_call", which=which, number=self.number)

    def marker(self) -> str:
        return marker(
            CLOCK,
            number=self.number,
            started=_shown(self.clock.started_at),
            pauses=_shown_pauses(self.clock),
            stopped=_shown(self.stopped_at),
            reminded="yes" if self.reminded else "no",
            ended="yes" if self.ended else "no",
        )

    def paused(self, at: dt.datetime) -> DiscussionState:
        return replace(self, clock=replace(self.clock, pauses=(*self.clock.pauses, (at, None))))

    def resumed(self, at: dt.datetime) -> DiscussionState:
        pauses = tuple((begins, ends or at) for begins, ends in self.clock.pauses)
        return replace(self, clock=replace(self.clock, pauses=pauses))


def _shown(instant: dt.datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant is not None else "never"


def _shown_pauses(clock: Clock) -> str:
    return ",".join(f"{_shown(begins)}/{_shown(ends)}" for begins, ends in clock.pauses) or "none"


def _clock(started: str, pauses: str) -> Clock:
    """Raises ValueError, OverflowError."""
    begins = _instant(started)
    if begins is None:
        raise ValueError("it never started")
    pairs = [pair.split("/") for pair in pauses.split(",") if pauses != "none"]
    spans = [(_instant(first), _instant(last)) for first, last in pairs]
    return Clock(begins, tuple((first, last) for first, last in spans if first is not None))


def _instant(text: str) -> dt.datetime | None:
    return None if text == "never" else dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def read_state(body: str) -> DiscussionState | None:
    """None where the note is none, or cannot be read."""
    fields = read_marker(CLOCK, body)
    try:
        given = fields or {}
        clock = _clock(given["started"], given["pauses"])
        return DiscussionState(
            int(given["number"]), clock, _instant(given["stopped"]), given["reminded"] == "yes", given["ended"] == "yes"
        )
    except (KeyError, ValueError, OverflowError):
        return None


def clocks_marker(clocks: Mapping[Issue, DiscussionState]) -> str:
    """For the note on the queue: from it a discussion's note comes back when a person has deleted it."""
    shown = (
        f"{issue.project_id}-{issue.iid}|{state.number}|{_shown(state.clock.started_at)}|{_shown_pauses(state.clock)}"
        for issue, state in clocks.items()
    )
    return marker(OPEN_CLOCKS, open=";".join(shown) or "none")


def read_clocks(body: str) -> dict[str, DiscussionState]:
    """`project_id-iid` to the discussion that is open there; what cannot be read is left out."""
    found = {}
    for words in (read_marker(OPEN_CLOCKS, body) or {}).get("open", "none").split(";"):
        try:
            key, number, started, pauses = words.split("|")
            found[key] = DiscussionState(int(number), _clock(started, pauses))
        except (ValueError, OverflowError):
            continue
    return found


@dataclass(frozen=True)
class Question:
    """An issue for the council, and what was said there.

    Args:
        discussions: None where they were not read.
        members: of its project, where people's rights matter; thumbs: ids of who gave one to the bot's note.
        epic: in which it is, where somebody asks to decide.
    """

    issue: Issue
    discussions: tuple[Discussion, ...] | None = None
    label_events: tuple[LabelEvent, ...] = ()
    members: tuple[Member, ...] = ()
    links: tuple[IssueLink, ...] = ()
    merge_requests: tuple[MergeRequest, ...] = ()
    thumbs: frozenset[int] = frozenset()
    epic: Epic | None = None
    unread: GitLabError | None = None

    def notes(self) -> Iterator[Note]:
        return written_notes(self.discussions)

    def own_note(self, mark: str, own_ids: frozenset[int]) -> Note | None:
        return own_note(self.notes(), mark, own_ids)

    def discussion(self, own_ids: frozenset[int]) -> tuple[DiscussionState, Note] | None:
        """The latest, with the bot's note on it."""
        found = [
            (state, note)
            for note in self.notes()
            if note.author.id in own_ids
            for state in (read_state(note.body),)
            if state is not None
        ]
        return max(found, key=lambda each: (each[0].number, -each[1].id), default=None)

    def answers(self, did: str, own_ids: frozenset[int]) -> list[Note]:
        """The bot's answers to a command that it has carried out."""
        return [
            note
            for note in self.notes()
            if note.author.id in own_ids and (read_marker(ANSWER, note.body) or {}).get("did") == did
        ]

    def asked_by(self, label: str) -> User | None:
        """Who has set the council's label last; None where no event says so."""
        events = [each for each in self.label_events if each.label == label and each.action == "add" and each.user]
        last = max(events, key=lambda each: each.id, default=None)
        return last.user if last is not None else None

    def asked_at(self, label: str) -> dt.datetime:
        """When the council's label was set last, by the events of the issue."""
        events = [each.created_at for each in self.label_events if each.label == label and each.action == "add"]
        return max(events, default=self.issue.created_at)


@dataclass(frozen=True)
class CouncilFacts:
    """What a run looks at.

    Args:
        questions: all that are before the council, and the named one.
        is_complete: whether all questions were looked for; without that nothing is decided.
        queue: the issue that shows the queue, if there is one; queue_notes: the bot's on it.
        readers: members of projects, by lower-case path, where what is copied depends on them.
    """

    questions: tuple[Question, ...]
    people: PeopleAnswer
    own_ids: frozenset[int]
    projects: KnownProjects = NO_PROJECTS
    readers: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    queue: Issue | None = None
    queue_notes: tuple[Note, ...] = ()
    is_complete: bool = False

    def kept_clock(self, each: Question) -> DiscussionState | None:
        """What the note on the queue says of a question's open discussion."""
        note = min(self.queue_notes, key=lambda note: note.id, default=None)
        clocks = read_clocks(note.body) if note is not None else {}
        state = clocks.get(f"{each.issue.project_id}-{each.issue.iid}")
        if state is None:
            return None
        called = [each.own_note(state.call_marker(which), self.own_ids) is not None for which in ("half", "end")]
        return replace(state, reminded=any(called), ended=called[1])
