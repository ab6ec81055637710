"""What a run has found about initiatives, and what can be read off it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.domain.confidentiality import UNKNOWN_DESTINATION, UNKNOWN_SOURCE, Secrecy, reach_of
from bot.domain.errors import GitLabError
from bot.domain.markers import marker, read_marker
from bot.domain.people import PeopleAnswer
from bot.domain.resources import (
    Discussion,
    Issue,
    IssueLink,
    LabelEvent,
    Member,
    MergeRequest,
    Note,
    Project,
)
from bot.domain.text_hash import hash_of

IMPLEMENTATION = "implementation"
# Beside it: what its row said when it was made.
IMPLEMENTATION_ROW = "implementation_row"
STATE = "initiative_state"
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
    """An issue that is one, and what was said there.

    Args:
        discussions: None where they were not read.
        members: of its project, inherited ones too, where people's rights matter; else empty.
        label_events: where a label means a command; links, merge_requests: as GitLab shows them to the bot.
        told: category of an implementation to the note in which the bot told it of a change.
        unread: why GitLab does not show what was said.
    """

    issue: Issue
    discussions: tuple[Discussion, ...] | None = None
    members: tuple[Member, ...] = ()
    label_events: tuple[LabelEvent, ...] = ()
    links: tuple[IssueLink, ...] = ()
    merge_requests: tuple[MergeRequest, ...] = ()
    told: Mapping[str, Note] = field(default_factory=dict)
    unread: GitLabError | None = None

    def notes(self) -> Iterator[Note]:
        """What people and the bot wrote there."""
        return (note for each in self.discussions or () for note in each.notes if not note.is_system)

    def own_note(self, mark: str, own_ids: frozenset[int]) -> Note | None:
        """The bot's note with the marker that was there first."""
        mine = (note for note in self.notes() if note.author.id in own_ids and mark in note.body)
        return min(mine, key=lambda note: note.id, default=None)

    def key(self, own_ids: frozenset[int]) -> str:
        """What its implementation issues name it by: what it was called when the bot first wrote it down, wherever it
        was moved since.
        """
        for note in self.notes():
            fields = read_marker(STATE, note.body) if note.author.id in own_ids else None
            if fields is not None and fields.get("initiative"):
                return fields["initiative"]
        return f"{self.issue.project_id}-{self.issue.iid}"

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
        projects: lower-case path to project; empty where no text needs them.
        readers: lower-case path of a project to its members, where what is copied depends on them.
        review: the review of the milestone, if there is one; review_notes: the bot's on it.
        covers_everything: whether all initiatives of the section are there.
        is_sweep: whether it is a look at everything, of which what has not changed may be left out.
    """

    initiatives: tuple[Initiative, ...]
    people: PeopleAnswer
    own_ids: frozenset[int]
    projects: Mapping[str, Project] = field(default_factory=dict)
    readers: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    review: Issue | None = None
    review_notes: tuple[Note, ...] = ()
    covers_everything: bool = False
    is_sweep: bool = False

    def project(self, path: str) -> Project | None:
        return self.projects.get(path.lower())

    def may_show_work(self, path: str, at: Issue) -> bool:
        """Whether what is in a project may be counted in an issue: where no more people read it there."""
        project = self.project(path)
        if path.lower() == at.project_path.lower():
            return True
        return project is not None and Secrecy(reach_of(project), False).is_no_stricter_than(self.secrecy_at(at))

    def secrecy(self, issue: Issue) -> Secrecy:
        """How closely an issue is kept that is to be named."""
        project = self.project(issue.project_path)
        return Secrecy(reach_of(project), issue.confidential) if project is not None else UNKNOWN_SOURCE

    def secrecy_at(self, issue: Issue) -> Secrecy:
        """How closely an issue is kept in which something is to be named."""
        project = self.project(issue.project_path)
        return Secrecy(reach_of(project), issue.confidential) if project is not None else UNKNOWN_DESTINATION

    def may_name(self, source: Issue, at: Issue) -> bool:
        """Whether an issue may be named in another: always in one of the same project that is kept as closely."""
        if source.project_id == at.project_id:
            return source.confidential <= at.confidential
        return self.secrecy(source).is_no_stricter_than(self.secrecy_at(at))


def category_key(category: str) -> str:
    """What stands for a feature category in markers."""
    return hash_of(" ".join(category.lower().split()))


def state_marker(initiative: str, **fields: str) -> str:
    return marker(STATE, initiative=initiative, **fields)


def day_of(text: str | None) -> dt.date | None:
    """A day in a marker; None for what is none, or of another age."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
