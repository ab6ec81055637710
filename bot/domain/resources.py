"""What the bot reads from GitLab, as frozen values. Times are aware and in UTC, paths are full paths."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import IntEnum

from bot.domain.errors import WrongInput


class AccessLevel(IntEnum):
    """GitLab's roles (doc/api/access_requests, GitLab 19)."""

    NONE = 0
    MINIMAL = 5
    GUEST = 10
    PLANNER = 15
    REPORTER = 20
    SECURITY_MANAGER = 25
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize() if self else "nothing (it is no member)"


@dataclass(frozen=True)
class User:
    """A person or a bot; `is_bot` is None where the answer did not say."""

    id: int
    username: str
    name: str = ""
    state: str = "active"
    is_bot: bool | None = None


@dataclass(frozen=True)
class Member:
    user: User
    access_level: AccessLevel
    expires_on: dt.date | None = None
    created_at: dt.datetime | None = None
    created_by_id: int | None = None


@dataclass(frozen=True)
class Group:
    id: int
    path: str
    visibility: str


@dataclass(frozen=True)
class Project:
    """Args: issues_for_members: whether only members see its issues, whatever its visibility; has_issues: at all."""

    id: int
    path: str
    visibility: str
    creator_id: int | None
    created_at: dt.datetime
    description: str = ""
    archived: bool = False
    marked_for_deletion: bool = False
    issues_for_members: bool = False
    has_issues: bool = True


@dataclass(frozen=True)
class Issue:
    id: int
    iid: int
    project_id: int
    project_path: str
    title: str
    author: User
    created_at: dt.datetime
    updated_at: dt.datetime
    web_url: str
    description: str = ""
    state: str = "opened"
    labels: tuple[str, ...] = ()
    confidential: bool = False
    issue_type: str = "issue"
    assignees: tuple[User, ...] = ()
    user_notes_count: int = 0
    moved: bool = False
    service_desk: bool = False
    milestone: str | None = None
    due_on: dt.date | None = None
    weight: int | None = None
    is_duplicate: bool = False
    closed_at: dt.datetime | None = None
    epic: EpicId | None = None

    @property
    def reference(self) -> str:
        return f"{self.project_path}#{self.iid}"

    @property
    def namespace_path(self) -> str:
        """Of the project that it is in."""
        return self.project_path

    @property
    def ids(self) -> IssueId:
        return IssueId(self.project_id, self.iid)


@dataclass(frozen=True)
class Epic:
    """An epic of a group, as the API of epics has it (doc/api/epics, GitLab 19; Premium and Ultimate)."""

    id: int
    iid: int
    group_id: int
    group_path: str
    title: str
    author: User
    created_at: dt.datetime
    updated_at: dt.datetime
    web_url: str
    description: str = ""
    state: str = "opened"
    labels: tuple[str, ...] = ()
    confidential: bool = False
    closed_at: dt.datetime | None = None

    @property
    def reference(self) -> str:
        return f"{self.group_path}&{self.iid}"

    @property
    def namespace_path(self) -> str:
        """Of the group that it is in."""
        return self.group_path

    @property
    def ids(self) -> EpicId:
        return EpicId(self.group_id, self.iid, self.id)


# GitLab's word for both.
WorkItem = Issue | Epic


@dataclass(frozen=True)
class IssueLink:
    """An issue that another one is linked to, or that is in an epic.

    Args:
        link_type: relates_to, blocks or is_blocked_by, as seen from the issue that was asked for its links; of an epic
            child.
    """

    issue: Issue
    link_type: str


@dataclass(frozen=True)
class MilestoneId:
    """A milestone of a group, as GitLab has it; two groups can have one with the same title."""

    id: int
    title: str
    group_id: int


@dataclass(frozen=True)
class Note:
    """A comment.

    Args:
        updated_at: moves with every emoji and with the first answer, too; None where it was not asked for.
        edited_at: when its text was changed; None where it was not, or was not asked for.
        is_system: whether GitLab wrote it, on what somebody did.
        is_internal: whether only those see it who see confidential issues.
    """

    id: int
    author: User
    body: str
    created_at: dt.datetime
    updated_at: dt.datetime | None = None
    is_system: bool = False
    is_internal: bool = False
    edited_at: dt.datetime | None = None


@dataclass(frozen=True)
class Discussion:
    """A thread, or a comment that nobody has answered; notes are oldest first, and there is at least one."""

    id: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class MergeRequest:
    id: int
    project_path: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelEvent:
    """Somebody put a label on, or took it off; `label` is None when the label is gone."""

    id: int
    label: str | None
    action: str
    user: User | None
    created_at: dt.datetime


@dataclass(frozen=True)
class IssueId:
    """An issue by the ids that survive renaming."""

    project_id: int
    iid: int

    def __str__(self) -> str:
        return f"{self.project_id}#{self.iid}"


@dataclass(frozen=True)
class EpicId:
    """An epic by its group and number; `id` is what its notes and label events are found by."""

    group_id: int
    iid: int
    id: int

    def __str__(self) -> str:
        return f"{self.group_id}&{self.iid}"


WorkItemId = IssueId | EpicId


_REFERENCE = re.compile(r"(?P<path>[\w.][\w./-]*?)(?:#(?P<iid>[1-9]\d{0,11}))?")
_URL = re.compile(
    r"https?://[^/]+/(?P<path>[\w.][\w./-]*?)/-/(?:issues|work_items)/(?:incident/)?(?P<iid>[1-9]\d{0,11})(?:[#?].*)?"
)


@dataclass(frozen=True)
class Reference:
    """What a person types: `group/project`, `group/project#12` or the address of an issue."""

    path: str
    iid: int | None = None

    def __str__(self) -> str:
        return self.path if self.iid is None else f"{self.path}#{self.iid}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises WrongInput with the forms that are understood."""
        match = _URL.fullmatch(text) or _REFERENCE.fullmatch(text)
        if match is None or match["path"].endswith("/") or "//" in match["path"]:
            raise WrongInput(
                f"{text!r} is no reference. Write group/project, group/project#12 or the address of an issue."
            )
        return cls(match["path"], int(match["iid"]) if match["iid"] else None)


_EPIC = re.compile(r"(?P<path>[\w.][\w./-]*?)&(?P<iid>[1-9]\d{0,11})")
_EPIC_URL = re.compile(
    r"https?://[^/]+/(?:[\w.-]+/)*?groups/(?P<path>[\w.][\w./-]*?)/-/(?:epics|work_items)/(?P<iid>[1-9]\d{0,11})(?:[#?].*)?"
)


@dataclass(frozen=True)
class EpicReference:
    """An epic as a person types it: `group&12`, or its address."""

    group_path: str
    iid: int

    def __str__(self) -> str:
        return f"{self.group_path}&{self.iid}"

    @classmethod
    def find(cls, text: str) -> EpicReference | None:
        """None where the text names something else."""
        match = _EPIC_URL.fullmatch(text) or _EPIC.fullmatch(text)
        if match is None or not set(match["path"].split("/")).isdisjoint({"", ".", ".."}):
            return None
        return cls(match["path"], int(match["iid"]))
