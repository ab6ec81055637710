"""What a run has found: frozen values, and what can be read off them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.domain.confidentiality import NO_PROJECTS, KnownProjects
from bot.domain.errors import GitLabError
from bot.domain.markers import marker, read_marker
from bot.domain.notes import written_notes
from bot.domain.people import PeopleAnswer
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Discussion, Issue, Member, MilestoneId, Note
from bot.domain.text_hash import hash_of
from bot.settings.section import SectionGroup

MARKER = "retrospective"
SECTION_MARKER = "section_retrospective"
# Beside the marker that names it: a hash of the text that the bot wrote.
WRITTEN_MARKER = "retrospective_written"
NOTE_MARKER = marker("retrospective_note")
STATE_MARKER = "retrospective_state"
MENTION_MARKER = marker("retrospective_mention")
PUBLISHED_MARKER = marker("retrospective_published")
UNPUBLISHED_MARKER = marker("retrospective_unpublished")


@dataclass(frozen=True)
class Retrospective:
    """What exists for one group and milestone.

    Args:
        issues: the one that counts first; more than one is a person's doing.
        discussions: of the first one, oldest first, where something may be to be done there; else None.
        unread: why GitLab does not show them.
        members: of the project, inherited ones too, where people's rights matter; else empty.
        follow_ups: open ones in the group's project, oldest first.
    """

    group: SectionGroup
    milestone: Milestone
    project_path: str
    issues: tuple[Issue, ...] = ()
    discussions: tuple[Discussion, ...] | None = None
    members: tuple[Member, ...] = ()
    follow_ups: tuple[Issue, ...] = ()
    unread: GitLabError | None = None

    @property
    def issue(self) -> Issue | None:
        """The one that counts; None where there is none, or only one that was moved away."""
        return self.issues[0] if self.issues and is_living(self.issues[0]) else None

    @property
    def is_held(self) -> bool:
        """Whether the group has closed it."""
        return self.issue is not None and self.issue.state == "closed"

    def notes(self) -> Iterator[Note]:
        """What people and the bot wrote there."""
        return written_notes(self.discussions)


@dataclass(frozen=True)
class GroupWork:
    """What came of one milestone in one group.

    Args:
        shipped: deliverables that were closed in the milestone, and did not slip.
        slipped: what was moved on with the label of the missed milestone.
        still_open: deliverables that are in the milestone and open.
        merged: the number of merge requests.
    """

    shipped: tuple[Issue, ...] = ()
    slipped: tuple[Issue, ...] = ()
    still_open: tuple[Issue, ...] = ()
    merged: int = 0


@dataclass(frozen=True)
class Topic:
    """A thread that somebody brought before the section.

    Args:
        note: what it is about.
        text: its first line; words: all that people wrote in it.
        is_for_all: whether everybody who reads the section's retrospective may read it.
    """

    group: SectionGroup
    issue: Issue
    note: Note
    text: str
    words: str
    up_votes: int
    is_for_all: bool

    @property
    def url(self) -> str:
        return f"{self.issue.web_url}#note_{self.note.id}"


@dataclass(frozen=True)
class SectionRetrospective:
    """What exists for the whole section and one milestone; issues, discussions, follow_ups as in Retrospective.

    Args:
        topics: most upvoted first; more_topics: how many were not looked at.
    """

    milestone: Milestone
    project_path: str
    issues: tuple[Issue, ...] = ()
    discussions: tuple[Discussion, ...] = ()
    follow_ups: tuple[Issue, ...] = ()
    topics: tuple[Topic, ...] = ()
    more_topics: int = 0
    unread: GitLabError | None = None

    @property
    def issue(self) -> Issue | None:
        """The one that counts; None where there is none, or only one that was moved away."""
        return self.issues[0] if self.issues and is_living(self.issues[0]) else None


@dataclass(frozen=True)
class RetrospectiveFacts:
    """What a run looks at.

    Args:
        retrospectives: of each group that has a project, for each milestone that is looked after.
        to_publish: those whose announced day has come.
        milestones: those in GitLab with a milestone's title, of the section's group and those above it.
        reminded: ids of the overdue follow-ups on which this milestone's reminder is, or that GitLab does not show.
        section_follow_ups: open ones of the section's own retrospective, oldest first.
        work: title of a milestone to name of a group to what came of it; only of milestones that somebody asks about.
        projects: of the section; none where no text needs them.
    """

    retrospectives: tuple[Retrospective, ...]
    milestones: tuple[MilestoneId, ...]
    people: PeopleAnswer
    own_ids: frozenset[int]
    to_publish: tuple[Retrospective, ...] = ()
    reminded: frozenset[int] = frozenset()
    section_follow_ups: tuple[Issue, ...] = ()
    work: Mapping[str, Mapping[str, GroupWork]] = field(default_factory=dict)
    projects: KnownProjects = NO_PROJECTS
    sections: tuple[SectionRetrospective, ...] = ()


@dataclass(frozen=True)
class NoteState:
    """What the bot's note says of itself, in its marker.

    Args:
        refreshed_on: None before the first time.
        asked: id of the last comment that asked for it and was answered.
        confidential: whether it was written for those who see confidential issues.
        called: whether it was filled on its day, and the team was mentioned.
        publish_on: the day on which the issue says since the beginning that it is published. It stands here since more
            people may edit a description than a note of the bot.
        tried: when the bot has begun to publish the issue. It does so once, whatever people do afterwards.
    """

    refreshed_on: dt.date | None = None
    asked: int = 0
    confidential: bool = True
    called: bool = False
    publish_on: dt.date | None = None
    tried: dt.datetime | None = None

    def marker(self) -> str:
        return marker(
            STATE_MARKER,
            refreshed=_shown(self.refreshed_on),
            asked=self.asked,
            confidential="yes" if self.confidential else "no",
            called="yes" if self.called else "no",
            publish=_shown(self.publish_on),
            tried=self.tried.isoformat(timespec="seconds") if self.tried is not None else "no",
        )


def _shown(day: dt.date | None) -> str:
    return day.isoformat() if day is not None else "never"


def _day(text: str) -> dt.date | None:
    return None if text == "never" else dt.date.fromisoformat(text)


def _instant(text: str) -> dt.datetime | None:
    """Whatever is not "no" was tried: at an instant that is long past, where it says none."""
    if text == "no":
        return None
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)


def state_of(note: Note | None) -> NoteState:
    """What cannot be read says nothing: then the note is written anew."""
    fields = read_marker(STATE_MARKER, note.body) if note is not None else None
    try:
        return NoteState(
            refreshed_on=_day((fields or {})["refreshed"]),
            asked=int((fields or {})["asked"]),
            confidential=(fields or {})["confidential"] != "no",
            called=(fields or {})["called"] == "yes",
            publish_on=_day((fields or {})["publish"]),
            tried=_instant((fields or {})["tried"]),
        )
    except (KeyError, ValueError):
        return NoteState()


def is_living(issue: Issue) -> bool:
    """Whether it was neither moved away nor closed as a duplicate."""
    return not (issue.moved or issue.is_duplicate)


def reminder_marker(milestone: Milestone) -> str:
    return marker("follow_up_reminder", milestone=milestone.title)


def issue_marker(group: SectionGroup, milestone: Milestone) -> str:
    return marker(MARKER, group=hash_of(group.label), milestone=milestone.title)


def section_marker(milestone: Milestone) -> str:
    return marker(SECTION_MARKER, milestone=milestone.title)


def prompt_marker(number: int) -> str:
    return marker("retrospective_prompt", number=number)


def written_marker(text: str) -> str:
    """Args: text: the description without its markers."""
    return marker(WRITTEN_MARKER, text=hash_of(text))


def is_untouched(description: str) -> bool:
    """Whether nobody has edited the description since the bot wrote it."""
    fields = read_marker(WRITTEN_MARKER, description) or {}
    return fields.get("text") == hash_of(description.split("\n\n<!-- sectionbot:")[0])
