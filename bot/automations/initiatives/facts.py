"""What a run has found about initiatives, and what can be read off it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.domain.confidentiality import NO_PROJECTS, KnownProjects
from bot.domain.errors import GitLabError
from bot.domain.markers import marker, read_marker
from bot.domain.notes import own_note, written_notes
from bot.domain.people import PeopleAnswer
from bot.domain.resources import (
    Discussion,
    Epic,
    Issue,
    IssueLink,
    LabelEvent,
    Member,
    MergeRequest,
    Note,
    WorkItem,
)
from bot.domain.text_hash import hash_of

IMPLEMENTATION = "implementation"
# Beside it: what its row said when it was made.
IMPLEMENTATION_ROW = "implementation_row"
STATE = "initiative_state"
EPIC_KEY = "epic-"
COMPLETENESS_MARKER = marker("initiative_completeness")
SUGGESTION_MARKER = marker("initiative_suggestion")
PROGRESS_MARKER = marker("initiative_progress")
CHANGED_MARKER = marker("implementation_changed")


@dataclass(frozen=True)
class Implementation:
    """An issue that the bot has made for a row of the plan.

    Args:
        category: hash of its feature category; row: hash of the row as it was distributed.
    """

    issue: Issue
    category: str
    row: str


@dataclass(frozen=True)
class Initiative:
    """An issue or epic that is one, and what was said there.

    Args:
        discussions: None where they were not read.
        members: of its project or group, inherited ones too, where people's rights matter; else empty.
        label_events: where a label means a command; links, merge_requests: as GitLab shows them to the bot. Epics have
            the issues in them as links, and no merge requests.
        told: category of an implementation to the note in which the bot told it of a change.
        unread: why GitLab does not show what was said.
    """

    item: WorkItem
    discussions: tuple[Discussion, ...] | None = None
    members: tuple[Member, ...] = ()
    label_events: tuple[LabelEvent, ...] = ()
    links: tuple[IssueLink, ...] = ()
    merge_requests: tuple[MergeRequest, ...] = ()
    told: Mapping[str, Note] = field(default_factory=dict)
    unread: GitLabError | None = None

    def notes(self) -> Iterator[Note]:
        """What people and the bot wrote there."""
        return written_notes(self.discussions)

    def own_note(self, mark: str, own_ids: frozenset[int]) -> Note | None:
        """The bot's note with the marker that was there first."""
        return own_note(self.notes(), mark, own_ids)

    def key(self, own_ids: frozenset[int]) -> str:
        """What its implementation issues name it by: what it was called when the bot first wrote it down, wherever it
        was moved since.
        """
        for note in self.notes():
            fields = read_marker(STATE, note.body) if note.author.id in own_ids else None
            if fields is not None and fields.get("initiative"):
                return fields["initiative"]
        return key_of(self.item)

    def implementations(self, own_ids: frozenset[int]) -> tuple[Implementation, ...]:
        """Of each category the one that was there first; what was closed as a duplicate is none."""
        key = self.key(own_ids)
        found: dict[str, Implementation] = {}
        for link in sorted(self.links, key=lambda each: each.issue.id):
            issue = link.issue
            fields = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
            if fields is None or fields.get("of") != key or issue.is_duplicate or issue.moved:
                continue
            category = fields.get("category", "")
            row = (read_marker(IMPLEMENTATION_ROW, issue.description) or {}).get("row", "")
            found.setdefault(category, Implementation(issue, category, row))
        return tuple(found.values())


@dataclass(frozen=True)
class InitiativeFacts:
    """What a run looks at.

    Args:
        initiatives: oldest first; closed ones only where they were done lately.
        projects: of the section, and the groups of its epics; none where no text needs them.
        readers: lower-case path of a project or group to its members, where what is copied depends on them.
        review: the review of the milestone, if there is one; review_notes: the bot's on it.
        covers_everything: whether all initiatives of the section are there.
        is_sweep: whether it is a look at everything, of which what has not changed may be left out.
        has_epics: whether this GitLab has them, as far as it was asked; said_without: whether an earlier run has said
            that it has none; unread_epics: why it did not list them.
        has_gone: whether something that was an initiative before is none any more.
    """

    initiatives: tuple[Initiative, ...]
    people: PeopleAnswer
    own_ids: frozenset[int]
    projects: KnownProjects = NO_PROJECTS
    readers: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    review: Issue | None = None
    review_notes: tuple[Note, ...] = ()
    covers_everything: bool = False
    is_sweep: bool = False
    has_epics: bool = True
    said_without: bool = False
    unread_epics: GitLabError | None = None
    has_gone: bool = False


def key_of(item: WorkItem) -> str:
    """What the bot calls an initiative in markers and marks: by ids, which survive renaming."""
    if isinstance(item, Epic):
        return f"{EPIC_KEY}{item.group_id}-{item.iid}"
    return f"{item.project_id}-{item.iid}"


def category_key(category: str) -> str:
    """What stands for a feature category in markers, whichever way its words are joined."""
    return hash_of(" ".join(re.sub(r"[\s_-]+", " ", category.lower()).split()))


def state_marker(initiative: str, **fields: str) -> str:
    return marker(STATE, initiative=initiative, **fields)


def day_of(text: str | None) -> dt.date | None:
    """A day in a marker; None for what is none, or of another age."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
