"""What the emulated GitLab knows: plain dataclasses, and one counter of ids for each table."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
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
    next_milestone_iid: int = 1


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


@dataclass
class Clock:
    """The emulated time: the machine's, moved by `offset` (see POST /-/emulator/clock)."""

    offset: dt.timedelta = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.offset


class Store:
    """All tables. `external_url` is what GitLab would have as its own address."""

    def __init__(self, external_url: str, tier: str = "premium") -> None:
        if tier not in TIERS:
            raise ValueError(f"The tier {tier!r} is none of {', '.join(TIERS)}.")
        self.external_url = external_url.rstrip("/")
        self.tier = tier
        self.version = "19.5.0-ee"
        self.clock = Clock()
        self._ids: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self.users: dict[int, User] = {}
        self.usernames: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.groups: dict[int, Group] = {}
        self.group_paths: dict[str, Group] = {}
        self.projects: dict[int, Project] = {}
        self.project_paths: dict[str, Project] = {}
        self.moved_project_paths: dict[str, int] = {}
        self.labels: dict[int, Label] = {}
        self.milestones: dict[int, Milestone] = {}
        self.issues: dict[int, Issue] = {}
        self.project_issues: dict[int, dict[int, Issue]] = defaultdict(dict)
        self.notes: dict[int, Note] = {}
        self.merge_requests: dict[int, MergeRequest] = {}
        self.project_merge_requests: dict[int, dict[int, MergeRequest]] = defaultdict(dict)
        self.epics: dict[int, Epic] = {}
        self.group_epics: dict[int, dict[int, Epic]] = defaultdict(dict)
        self.label_events: dict[tuple[str, int], list[LabelEvent]] = defaultdict(list)
        self.state_events: dict[tuple[str, int], list[StateEvent]] = defaultdict(list)
        self.awards: dict[tuple[str, int], list[Award]] = defaultdict(list)
        self.links: dict[int, Link] = {}
        self.hooks: dict[int, Hook] = {}

    # -- making things -------------------------------------------------------------------------------------------

    def next_id(self, table: str) -> int:
        return next(self._ids[table])

    def now(self) -> dt.datetime:
        return self.clock.now()

    def add_user(
        self, username: str, name: str | None = None, email: str | None = None, *, kind: str = "human", **fields: Any
    ) -> User:
        user = User(
            id=self.next_id("users"),
            username=username,
            name=name or username,
            email=email or f"{username}@example.com",
            created_at=fields.pop("created_at", self.now()),
            bot=kind != "human",
            **fields,
        )
        self.users[user.id] = user
        self.usernames[username.lower()] = user
        if kind == "human":
            namespace = Group(
                id=self.next_id("namespaces"),
                name=user.name,
                path=username,
                full_path=username,
                created_at=user.created_at,
                kind="user",
                owner_id=user.id,
                visibility="public",
            )
            self.groups[namespace.id] = namespace
            user.namespace_id = namespace.id
        return user

    def add_token(
        self,
        user: User,
        scopes: list[str],
        *,
        value: str | None = None,
        name: str = "token",
        expires_at: dt.date | None = None,
        **fields: Any,
    ) -> Token:
        token = Token(
            id=self.next_id("tokens"),
            user_id=user.id,
            name=name,
            value=value or f"glpat-{secrets.token_urlsafe(20)}",
            scopes=scopes,
            created_at=self.now(),
            expires_at=expires_at,
            **fields,
        )
        self.tokens[token.value] = token
        return token

    def add_group(
        self, path: str, name: str | None = None, parent: Group | None = None, owner: User | None = None, **fields: Any
    ) -> Group:
        group = Group(
            id=self.next_id("namespaces"),
            name=name or path,
            path=path,
            full_path=f"{parent.full_path}/{path}" if parent else path,
            parent_id=parent.id if parent else None,
            created_at=fields.pop("created_at", self.now()),
            **fields,
        )
        self.groups[group.id] = group
        self.group_paths[group.full_path.lower()] = group
        if owner is not None:
            group.members[owner.id] = Membership(owner.id, OWNER, self.now())
        return group

    def add_project(
        self, path: str, namespace: Group, creator: User, name: str | None = None, **fields: Any
    ) -> Project:
        created_at = fields.pop("created_at", self.now())
        project = Project(
            id=self.next_id("projects"),
            name=name or path,
            path=path,
            namespace_id=namespace.id,
            creator_id=creator.id,
            created_at=created_at,
            last_activity_at=created_at,
            updated_at=created_at,
            **fields,
        )
        self.projects[project.id] = project
        self.project_paths[self.full_path(project).lower()] = project
        if namespace.kind == "user":
            project.members[creator.id] = Membership(creator.id, OWNER, created_at)
        return project

    # -- looking things up ---------------------------------------------------------------------------------------

    def full_path(self, project: Project) -> str:
        return f"{self.groups[project.namespace_id].full_path}/{project.path}"

    def ancestors(self, group: Group | None) -> Iterator[Group]:
        """The group itself, then its parent, up to the top."""
        while group is not None:
            yield group
            group = self.groups.get(group.parent_id) if group.parent_id else None

    def descendants(self, group: Group) -> Iterator[Group]:
        """All groups below `group`, without itself."""
        for other in self.groups.values():
            if other.kind == "group" and other is not group and group in self.ancestors(other):
                yield other

    def projects_of(self, group: Group, *, include_subgroups: bool) -> list[Project]:
        wanted = {group.id}
        if include_subgroups:
            wanted |= {below.id for below in self.descendants(group)}
        return [project for project in self.projects.values() if project.namespace_id in wanted]

    def issuables(self) -> Iterator[Issuable]:
        yield from self.issues.values()
        yield from self.merge_requests.values()
        yield from self.epics.values()

    def home_of(self, issuable: Issuable) -> Project | Group:
        return self.groups[issuable.home_id] if isinstance(issuable, Epic) else self.projects[issuable.home_id]

    def path_of(self, holder: Project | Group) -> str:
        return self.full_path(holder) if isinstance(holder, Project) else holder.full_path

    def labels_for(self, holder: Project | Group) -> dict[str, Label]:
        """The labels that something in `holder` can carry: title to label, the nearest one where titles repeat."""
        project_id, groups = self.scope_of(holder)
        found: dict[str, Label] = {}
        for label in self.labels.values():
            if label.project_id == project_id is not None or label.group_id in groups:
                known = found.get(label.name)
                if known is None or label.project_id is not None:
                    found[label.name] = label
        return found

    def milestones_for(self, holder: Project | Group) -> list[Milestone]:
        """The milestones that something in `holder` can have."""
        project_id, groups = self.scope_of(holder)
        return [
            milestone
            for milestone in self.milestones.values()
            if milestone.project_id == project_id is not None or milestone.group_id in groups
        ]

    def scope_of(self, holder: Project | Group) -> tuple[int | None, set[int]]:
        """Whose labels and milestones count: the project's id, and those of the groups above."""
        if isinstance(holder, Project):
            return holder.id, {group.id for group in self.ancestors(self.groups[holder.namespace_id])}
        return None, {group.id for group in self.ancestors(holder)}

    def label_names(self, issuable: Issuable) -> list[str]:
        return sorted(self.labels[label_id].name for label_id in issuable.label_ids if label_id in self.labels)
