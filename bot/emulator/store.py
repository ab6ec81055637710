"""What the emulated GitLab knows: its tables, one counter of ids for each, and who is where."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.emulator.tables import (
    OWNER,
    TIERS,
    Award,
    Epic,
    Group,
    Hook,
    Issuable,
    Issue,
    Label,
    LabelEvent,
    Link,
    Membership,
    MergeRequest,
    Milestone,
    Note,
    Project,
    StateEvent,
    Token,
    User,
)


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

    def remove(self, issuable: Issuable) -> None:
        """An issue, merge request or epic with its notes; events stay, as nobody can ask for them any more."""
        tables: dict[str, tuple[dict[int, Any], dict[int, dict[int, Any]]]] = {
            "Issue": (self.issues, self.project_issues),
            "MergeRequest": (self.merge_requests, self.project_merge_requests),
            "Epic": (self.epics, self.group_epics),
        }
        rows, of_home = tables[issuable.KIND]
        del rows[issuable.id]
        del of_home[issuable.home_id][issuable.iid]
        for number in issuable.note_ids:
            self.notes.pop(number, None)
        for issue in self.issues.values() if isinstance(issuable, Epic) else ():
            issue.epic_id = None if issue.epic_id == issuable.id else issue.epic_id

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
