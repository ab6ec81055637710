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

    def marker(self) -> str:
        pauses = ",".join(f"{_shown(begins)}/{_shown(ends)}" for begins, ends in self.clock.pauses)
        return marker(
            CLOCK,
            number=self.number,
            started=_shown(self.clock.started_at),
            pauses=pauses or "none",
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


def _instant(text: str) -> dt.datetime | None:
    return None if text == "never" else dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def read_state(body: str) -> DiscussionState | None:
    """None where the note is none, or cannot be read."""
    fields = read_marker(CLOCK, body)
    try:
        given = fields or {}
        started = _instant(given["started"])
        pauses = [pair.split("/") for pair in given["pauses"].split(",") if given["pauses"] != "none"]
        spans = [(_instant(begins), _instant(ends)) for begins, ends in pauses]
        if started is None:
            return None
        clock = Clock(started, tuple((begins, ends) for begins, ends in spans if begins is not None))
        return DiscussionState(
            int(given["number"]), clock, _instant(given["stopped"]), given["reminded"] == "yes", given["ended"] == "yes"
        )
    except (KeyError, ValueError, OverflowError):
        return None


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
