"""What GitLab keeps: plain dataclasses."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

NO_ACCESS, MINIMAL, GUEST, PLANNER, REPORTER, SECURITY_MANAGER, DEVELOPER, MAINTAINER, OWNER = (
    0,
    5,
    10,
    15,
    20,
    25,
    30,
    40,
    50,
)
ACCESS_NAMES = {
    5: "Minimal Access",
    10: "Guest",
    15: "Planner",
    20: "Reporter",
    25: "Security Manager",
    30: "Developer",
    40: "Maintainer",
    50: "Owner",
}
# A merge request is a draft by its title.
DRAFT = re.compile(r"\s*(?:draft:|\[draft\]|\(draft\))", re.IGNORECASE)
TIERS = ("free", "premium", "ultimate")
FEATURES = (
    "issues",
    "repository",
    "merge_requests",
    "forking",
    "wiki",
    "builds",
    "snippets",
    "pages",
    "analytics",
    "container_registry",
    "security_and_compliance",
    "releases",
    "environments",
    "feature_flags",
    "infrastructure",
    "monitor",
    "model_experiments",
    "model_registry",
    "requirements",
    "package_registry",
)


@dataclass(eq=False)
class User:
    id: int
    username: str
    name: str
    email: str
    created_at: dt.datetime
    state: str = "active"
    admin: bool = False
    bot: bool = False
    external: bool = False
    namespace_id: int = 0


@dataclass(eq=False)
class Token:
    id: int
    user_id: int
    name: str
    value: str
    scopes: list[str]
    created_at: dt.datetime
    expires_at: dt.date | None = None
    revoked: bool = False
    description: str | None = None
    # Set for the token of a group or project: what its bot user may do there.
    resource_type: str | None = None
    resource_id: int | None = None
    access_level: int | None = None


@dataclass(eq=False)
class Membership:
    user_id: int
    access_level: int
    created_at: dt.datetime
    created_by: int | None = None
    expires_at: dt.date | None = None


@dataclass(eq=False)
class Share:
    """A group that was invited to a group or project."""

    id: int
    group_id: int
    group_access: int
    expires_at: dt.date | None = None


@dataclass(eq=False)
class Group:
    """A group, or (kind "user") the namespace of a person."""

    id: int
    name: str
    path: str
    full_path: str
    created_at: dt.datetime
    kind: str = "group"
    parent_id: int | None = None
    owner_id: int | None = None
    visibility: str = "private"
    description: str = ""
    members: dict[int, Membership] = field(default_factory=dict)
    shares: dict[int, Share] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    marked_for_deletion_on: dt.date | None = None
    next_epic_iid: int = 1


@dataclass(eq=False)
class Project:
    id: int
    name: str
    path: str
    namespace_id: int
    creator_id: int
    created_at: dt.datetime
    last_activity_at: dt.datetime
    updated_at: dt.datetime
    visibility: str = "private"
    description: str | None = None
    default_branch: str | None = None
    topics: list[str] = field(default_factory=list)
    archived: bool = False
    features: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    members: dict[int, Membership] = field(default_factory=dict)
    shares: dict[int, Share] = field(default_factory=dict)
    marked_for_deletion_on: dt.date | None = None
    path_before_deletion: str | None = None
    next_issue_iid: int = 1
    next_merge_request_iid: int = 1
    branches: dict[str, Branch] = field(default_factory=dict)
    protected_branches: dict[str, ProtectedBranch] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str
    created_at: dt.datetime
    description: str | None = None
    project_id: int | None = None
    group_id: int | None = None
    priority: int | None = None


@dataclass(eq=False)
class Milestone:
    id: int
    iid: int
    title: str
    created_at: dt.datetime
    updated_at: dt.datetime
    description: str = ""
    state: str = "active"
    due_date: dt.date | None = None
    start_date: dt.date | None = None
    project_id: int | None = None
    group_id: int | None = None


@dataclass(eq=False)
class Issuable:
    """What issues, merge requests and epics have in common. `home_id` is the project's, an epic's the group's."""

    KIND: ClassVar[str] = ""

    id: int
    iid: int
    home_id: int
    title: str
    author_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    description: str | None = None
    state: str = "opened"
    closed_at: dt.datetime | None = None
    closed_by: int | None = None
    label_ids: set[int] = field(default_factory=set)
    milestone_id: int | None = None
    assignee_ids: list[int] = field(default_factory=list)
    confidential: bool = False
    discussion_locked: bool | None = None
    due_date: dt.date | None = None
    start_date: dt.date | None = None
    time_estimate: int = 0
    time_spent: int = 0
    unsubscribed: set[int] = field(default_factory=set)
    subscribed: set[int] = field(default_factory=set)
    note_ids: list[int] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int]:
        """Ids count by kind."""
        return self.KIND, self.id


@dataclass(eq=False)
class Issue(Issuable):
    KIND: ClassVar[str] = "Issue"

    issue_type: str = "issue"
    severity: str = "UNKNOWN"
    weight: int | None = None
    health_status: str | None = None
    # One of the system's statuses; None stands for the first one of the issue's state.
    status: str | None = None
    moved_to_id: int | None = None
    duplicate_of: int | None = None
    epic_id: int | None = None
    # The number of its place in that epic.
    epic_issue_id: int | None = None
    service_desk_reply_to: str | None = None

    @property
    def project_id(self) -> int:
        return self.home_id


@dataclass(eq=False)
class MergeRequest(Issuable):
    KIND: ClassVar[str] = "MergeRequest"

    source_branch: str = ""
    target_branch: str = ""
    source_project_id: int = 0
    reviewer_ids: list[int] = field(default_factory=list)
    merged_at: dt.datetime | None = None
    merged_by: int | None = None
    merge_commit_sha: str | None = None
    sha: str | None = None
    squash: bool = False
    force_remove_source_branch: bool | None = None

    @property
    def project_id(self) -> int:
        return self.home_id

    @property
    def draft(self) -> bool:
        return DRAFT.match(self.title) is not None


@dataclass(eq=False)
class Epic(Issuable):
    KIND: ClassVar[str] = "Epic"

    work_item_id: int = 0
    color: str = "#1068bf"
    parent_id: int | None = None
    weight: int | None = None
    health_status: str | None = None
    status: str | None = None

    @property
    def group_id(self) -> int:
        return self.home_id


@dataclass(eq=False)
class Commit:
    sha: str
    title: str
    author_id: int
    created_at: dt.datetime
    parents: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Branch:
    """A branch: its commits, the newest last, and its files."""

    name: str
    history: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class ProtectedBranch:
    """`name` may be a pattern with `*`."""

    id: int
    name: str
    push_access_level: int = MAINTAINER
    merge_access_level: int = MAINTAINER
    allow_force_push: bool = False


@dataclass(eq=False)
class Note:
    id: int
    noteable: Issuable
    author_id: int
    body: str
    created_at: dt.datetime
    updated_at: dt.datetime
    discussion_id: str
    system: bool = False
    internal: bool = False
    type: str | None = None
    last_edited_at: dt.datetime | None = None
    resolved_by: int | None = None
    resolved_at: dt.datetime | None = None


@dataclass(eq=False)
class LabelEvent:
    id: int
    resource: Issuable
    user_id: int
    label_id: int
    action: str
    created_at: dt.datetime


@dataclass(eq=False)
class StateEvent:
    id: int
    resource: Issuable
    user_id: int
    state: str
    created_at: dt.datetime


@dataclass(eq=False)
class Award:
    id: int
    name: str
    user_id: int
    awardable_type: str
    awardable_id: int
    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass(eq=False)
class Link:
    id: int
    source_id: int
    target_id: int
    link_type: str
    created_at: dt.datetime


@dataclass(eq=False)
class HookEvent:
    """One delivery of a hook, kept for GET .../events and resend."""

    id: int
    url: str
    trigger: str
    request_headers: dict[str, str]
    request_data: str
    response_headers: dict[str, str]
    response_body: str
    execution_duration: float
    response_status: str
    created_at: dt.datetime


@dataclass(eq=False)
class Hook:
    id: int
    url: str
    created_at: dt.datetime
    project_id: int | None = None
    group_id: int | None = None
    name: str | None = None
    description: str | None = None
    token: str | None = None
    signing_token: str | None = None
    enable_ssl_verification: bool = True
    events: dict[str, bool] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    custom_headers: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    disabled_until: dt.datetime | None = None
    deliveries: list[HookEvent] = field(default_factory=list)
    resends: list[dt.datetime] = field(default_factory=list)
