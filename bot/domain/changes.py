"""Everything that the bot can change in GitLab: a closed set of frozen values.

Targets are named by what a person would type. What an earlier change of the same plan will create is named by its
natural key, so that a whole plan can be shown before any of it exists; the writer finds or creates by that key.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from bot.domain.access_record import AccessEntry
from bot.domain.policy_changes import (
    AddNote,
    DeleteResource,
    MoveIssue,
    OpenIssue,
    SetWidget,
    UpdateResource,
    UpdateWorkItem,
)
from bot.domain.resources import AccessLevel, EpicId, IssueId, WorkItemId


def _typed(path: str, iid: int | str, at: WorkItemId | None) -> str:
    """What a person would type for it."""
    return f"{path}{'&' if isinstance(at, EpicId) else '#'}{iid}"


@dataclass(frozen=True, slots=True)
class CreateProject:
    """A private project. Natural key: its path.

    Args:
        features: the features that are on, by GitLab's names (`issues`, `wiki`, ...); all others are off.
        description: carries the hidden marker by which the project is known as the bot's.
        marker: the part of that marker which says what the project is for.
    """

    kind: ClassVar = "create project"
    project_path: str
    name: str
    description: str
    marker: str
    features: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"project {self.project_path}"

    @property
    def summary(self) -> str:
        return f"private project {self.project_path} ({self.name}), on: {', '.join(self.features)}"


@dataclass(frozen=True, slots=True)
class CreateIssue:
    """An issue. Natural key: the hidden marker in its description, or `iid` where it is given."""

    kind: ClassVar = "create issue"
    project_path: str
    title: str
    description: str
    marker: str
    labels: tuple[str, ...] = ()
    confidential: bool = True
    issue_type: str = "issue"
    iid: int | None = None
    milestone_id: int | None = None
    due_on: dt.date | None = None
    assignee_ids: tuple[int, ...] = ()
    weight: int | None = None

    @property
    def key(self) -> str:
        return f"issue {self.project_path}#{self.iid or self.marker}"

    @property
    def summary(self) -> str:
        labels = f", labels {', '.join(self.labels)}" if self.labels else ""
        secrecy = "confidential " if self.confidential else ""
        return f"{secrecy}issue {self.project_path}#{self.iid or '?'}: {self.title}{labels}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One person's access: who, as what, until when, why."""

    user_id: int
    username: str
    access_level: AccessLevel
    expires_on: dt.date
    because: str

    def __str__(self) -> str:
        return f"{self.username} ({self.access_level.title} until {self.expires_on.isoformat()}, {self.because})"


@dataclass(frozen=True, slots=True)
class AddMembers:
    """People who are no members yet. Natural key: project and person. Those who are members by now are left alone."""

    kind: ClassVar = "add members"
    project_path: str
    grants: tuple[Grant, ...]

    @property
    def key(self) -> str:
        return f"members {self.project_path}"

    @property
    def summary(self) -> str:
        return f"{len(self.grants)} to {self.project_path}: {', '.join(str(grant) for grant in self.grants)}"


@dataclass(frozen=True, slots=True)
class RaiseMember:
    """More access for somebody who has less; never less, and never for a shorter time.

    Args:
        expires_on: of the membership that is raised; None where it has no end.
        until: of a membership of their own, where what they have is inherited.
    """

    kind: ClassVar = "raise member"
    project_path: str
    user_id: int
    username: str
    access_level: AccessLevel
    expires_on: dt.date | None
    until: dt.date
    because: str

    @property
    def key(self) -> str:
        return f"member {self.project_path} {self.username}"

    @property
    def summary(self) -> str:
        return f"{self.username} in {self.project_path} to {self.access_level.title} ({self.because})"


@dataclass(frozen=True, slots=True)
class RecordAccess:
    """The record of access in an incident issue, one note edited in place. Natural key: its marker.

    Written after the members were added; who did not get what was planned keeps the line that they had, if any.

    Args:
        before: the record as it was read.
    """

    kind: ClassVar = "record access"
    project_path: str
    iid: int
    entries: tuple[AccessEntry, ...]
    note_id: int | None = None
    before: tuple[AccessEntry, ...] = ()

    @property
    def key(self) -> str:
        return f"access record {self.project_path}#{self.iid}"

    @property
    def summary(self) -> str:
        names = ", ".join(entry.username for entry in self.entries)
        return f"record of access in {self.project_path}#{self.iid}: {names or 'nobody'}"


@dataclass(frozen=True, slots=True)
class WriteNote:
    """One note of the bot on an issue or epic, found by its marker and edited in place. Natural key: both.

    Args:
        namespace_path: of the project; of an epic its group's.
        at: ids of what exists; None where the plan creates the issue (then namespace_path and iid name it, or
            created_by: the key of the change that creates it, where its iid is not known yet).
        note_id: the note that was found when the facts were gathered.
        is_thread: whether it is the first note of a thread.
        thread_id: the thread in which it answers; empty where it stands alone.
    """

    kind: ClassVar = "write note"
    namespace_path: str
    iid: int
    marker: str
    body: str
    at: WorkItemId | None = None
    note_id: int | None = None
    internal: bool = False
    is_thread: bool = False
    created_by: str = ""
    thread_id: str = ""

    @property
    def key(self) -> str:
        return f"note {self.created_by or _typed(self.namespace_path, self.iid, self.at)} {self.marker[5:-4]}"

    @property
    def summary(self) -> str:
        verb = "edit" if self.note_id else "write"
        first = self.body.strip().split("\n", 1)[0]
        what = "thread" if self.is_thread else "note"
        return f"{verb} the {what} on {_typed(self.namespace_path, self.iid or '?', self.at)}: {first}"


@dataclass(frozen=True, slots=True)
class ChangeLabels:
    """Labels of an issue or epic, put on and taken off. Natural key: it and its labels."""

    kind: ClassVar = "change labels"
    namespace_path: str
    iid: int
    at: WorkItemId
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        where = _typed(self.namespace_path, self.iid, self.at)
        return f"labels {where} +{','.join(self.add)} -{','.join(self.remove)}"

    @property
    def summary(self) -> str:
        parts = [f"+{label}" for label in self.add] + [f"-{label}" for label in self.remove]
        return f"labels of {_typed(self.namespace_path, self.iid, self.at)}: {' '.join(parts)}"


@dataclass(frozen=True, slots=True)
class LinkIssues:
    """A link from one issue to another. Natural key: both issues.

    Where GitLab has no links of this type (they take Premium), the two are related without a direction.

    Args:
        source, target: each as a person would type it, with its ids where it exists; else with the key of the change
            that creates it.
        link_type: relates_to, blocks or is_blocked_by, as the source sees it.
    """

    kind: ClassVar = "link issues"
    source: str
    target: str
    link_type: str
    source_issue: IssueId | None = None
    target_issue: IssueId | None = None
    source_created_by: str = ""
    target_created_by: str = ""

    @property
    def key(self) -> str:
        return f"link {self.source_created_by or self.source} {self.target_created_by or self.target}"

    @property
    def summary(self) -> str:
        return f"{self.source} {self.link_type.replace('_', ' ')} {self.target}"


@dataclass(frozen=True, slots=True)
class AddToEpic:
    """An issue that becomes a child of an epic. Natural key: both.

    Args:
        issue, epic: each as a person would type it; issue_at, created_by: the issue's ids, or the key of the change
            that creates it.
        epic_at: the epic's ids.
    """

    kind: ClassVar = "add to epic"
    issue: str
    epic: str
    epic_at: EpicId
    issue_at: IssueId | None = None
    created_by: str = ""

    @property
    def key(self) -> str:
        return f"epic {self.epic} {self.created_by or self.issue}"

    @property
    def summary(self) -> str:
        return f"{self.issue} into the epic {self.epic}"


@dataclass(frozen=True, slots=True)
class LinkNote:
    """The address of a note of the bot, put into the description that the bot wrote. Natural key: issue and note.

    Done only while nobody has edited the description: it is people's from then on.

    Args:
        issue, created_by: as `at` and created_by in WriteNote.
        placeholder: what stands in the description where the link goes; words: what the link is named.
        before: hash of the description that nobody has edited.
    """

    kind: ClassVar = "link note"
    project_path: str
    iid: int
    marker: str
    placeholder: str
    words: str
    before: str
    issue: IssueId | None = None
    created_by: str = ""

    @property
    def key(self) -> str:
        return f"link {self.created_by or f'{self.project_path}#{self.iid}'} {self.marker[5:-4]}"

    @property
    def summary(self) -> str:
        return f"link to {self.words} in the description of {self.project_path}#{self.iid or '?'}"


@dataclass(frozen=True, slots=True)
class PublishIssue:
    """An issue that is confidential no longer. Natural key: the issue.

    Args:
        note_marker, note_hash: the bot's note as it must stand there, written for the new readers.
        held_by: with this label it stays confidential.
    """

    kind: ClassVar = "publish issue"
    project_path: str
    iid: int
    issue: IssueId
    note_marker: str
    note_hash: str
    held_by: str

    @property
    def key(self) -> str:
        return f"publish {self.project_path}#{self.iid}"

    @property
    def summary(self) -> str:
        return f"{self.project_path}#{self.iid} is no longer confidential"


@dataclass(frozen=True, slots=True)
class ProposeFiles:
    """A merge request that adds a file, and a line to another. Natural key: project and branch.

    Args:
        branch: the bot's own, for this alone; a merge request from it, open or not, is the one that is meant.
        file, content: the new file.
        listed_in, line: the file that gets the line at its end, if it has not got it; it may be missing.
    """

    kind: ClassVar = "propose files"
    project_path: str
    branch: str
    title: str
    description: str
    file: str
    content: str
    listed_in: str
    line: str

    @property
    def key(self) -> str:
        return f"merge request {self.project_path} {self.branch}"

    @property
    def summary(self) -> str:
        return f"merge request in {self.project_path} with {self.file}: {self.title}"


# What the bot listens to.
ISSUE_EVENTS = ("issues_events", "confidential_issues_events")
NOTE_EVENTS = ("note_events", "confidential_note_events")
COMMENT_EVENTS = (*ISSUE_EVENTS, *NOTE_EVENTS)
TRIAGE_EVENTS = (*COMMENT_EVENTS, "merge_requests_events")


@dataclass(frozen=True, slots=True)
class RegisterHook:
    """A webhook of a project or group. Natural key: holder and URL. The secrets are the writer's, never the plan's."""

    kind: ClassVar = "register hook"
    holder: str
    holder_is_group: bool
    url: str
    events: tuple[str, ...]
    hook_id: int | None = None

    @property
    def key(self) -> str:
        return f"hook {self.holder} {self.url}"

    @property
    def summary(self) -> str:
        where = "group" if self.holder_is_group else "project"
        return f"webhook of the {where} {self.holder} to {self.url} for {', '.join(self.events)}"


@dataclass(frozen=True, slots=True)
class ResendDelivery:
    """One failed delivery of a webhook, sent once more by GitLab. Natural key: the delivery."""

    kind: ClassVar = "resend delivery"
    holder: str
    holder_is_group: bool
    hook_id: int
    event_id: int

    @property
    def key(self) -> str:
        return f"delivery {self.holder} {self.hook_id} {self.event_id}"

    @property
    def summary(self) -> str:
        return f"delivery {self.event_id} of hook {self.hook_id} of {self.holder}"


Change = (
    CreateProject
    | CreateIssue
    | AddMembers
    | RaiseMember
    | RecordAccess
    | WriteNote
    | ChangeLabels
    | LinkIssues
    | AddToEpic
    | LinkNote
    | PublishIssue
    | ProposeFiles
    | RegisterHook
    | ResendDelivery
    | AddNote
    | UpdateResource
    | UpdateWorkItem
    | SetWidget
    | MoveIssue
    | OpenIssue
    | DeleteResource
)
