"""Who may read what: a text goes only to where nobody reads it who may not read its source.

Two rules. References, which GitLab resolves for each reader (doc/user/markdown, GitLab 19: a reference shows nothing to
who may not see what it names), may stand where their source is kept no more closely: `Secrecy`. Text that is copied
needs more: all readers must be among those of its source: `Audience`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from bot.domain.places import is_same_path
from bot.domain.resources import AccessLevel, Group, Issue, Member, Project, WorkItem

# The least role that sees all confidential issues of a project (doc/user/permissions, GitLab 19).
SEES_CONFIDENTIAL = AccessLevel.PLANNER


class Reach(IntEnum):
    """Who reads a project's issues or a group's epics: members only, everybody who is signed in, everybody."""

    MEMBERS = 0
    SIGNED_IN = 1
    EVERYBODY = 2


_REACH = {"public": Reach.EVERYBODY, "internal": Reach.SIGNED_IN}


def reach_of(namespace: Project | Group) -> Reach:
    if isinstance(namespace, Project) and namespace.issues_for_members:
        return Reach.MEMBERS
    return _REACH.get(namespace.visibility, Reach.MEMBERS)


@dataclass(frozen=True)
class Secrecy:
    """How closely an issue is kept."""

    reach: Reach
    confidential: bool

    def is_no_stricter_than(self, other: Secrecy) -> bool:
        """Whether what is kept like this may be named where things are kept like the other."""
        return self.reach >= other.reach and self.confidential <= other.confidential


# What is not known: of a source the closest, of a destination the most open.
UNKNOWN_SOURCE = Secrecy(Reach.MEMBERS, True)
UNKNOWN_DESTINATION = Secrecy(Reach.EVERYBODY, False)


@dataclass(frozen=True)
class Audience:
    """Who reads an issue; for those that members read, by their user ids."""

    reach: Reach
    user_ids: frozenset[int] = frozenset()

    def is_within(self, other: Audience) -> bool:
        """Whether all of these may read what the others may."""
        if other.reach is not Reach.MEMBERS:
            return self.reach <= other.reach
        return self.reach is Reach.MEMBERS and self.user_ids <= other.user_ids


NOBODY = Audience(Reach.MEMBERS)
EVERYBODY = Audience(Reach.EVERYBODY)


def allowed_to_read(item: WorkItem, namespace: Project | Group, members: Iterable[Member]) -> Audience:
    """Who may read an issue or epic for sure: of a confidential one those whose role is enough.

    A private group shows its epics to members of what is below it, too: these are not among the sure ones.

    Args:
        members: of its project or group, inherited ones too.
    """
    reach = reach_of(namespace)
    if not item.confidential and reach is not Reach.MEMBERS:
        return Audience(reach)
    return Audience(Reach.MEMBERS, _at_least(members, confidential=item.confidential))


def audience_of(issue: Issue, project: Project, members: Iterable[Member], ignored: frozenset[int]) -> Audience:
    """Everybody who may read the issue: of a confidential one its author and assignees, too.

    Args:
        members: of the project, inherited ones too.
        ignored: ids that do not count: the bot's own.
    """
    sure = allowed_to_read(issue, project, members)
    if sure.reach is not Reach.MEMBERS:
        return sure
    named = {issue.author.id, *(user.id for user in issue.assignees)} if issue.confidential else set()
    return Audience(Reach.MEMBERS, (sure.user_ids | named) - ignored)


def audience_of_new(
    project: Project, members: Iterable[Member], ignored: frozenset[int], *, confidential: bool
) -> Audience:
    """Everybody who may read an issue that the bot is to open in the project."""
    reach = reach_of(project)
    if not confidential and reach is not Reach.MEMBERS:
        return Audience(reach)
    return Audience(Reach.MEMBERS, _at_least(members, confidential=confidential) - ignored)


def _at_least(members: Iterable[Member], *, confidential: bool) -> frozenset[int]:
    least = SEES_CONFIDENTIAL if confidential else AccessLevel.GUEST
    return frozenset(member.user.id for member in members if member.access_level >= least)


@dataclass(frozen=True)
class KnownProjects:
    """The projects that a run knows, and the groups whose epics it looks at; and what follows for what is named where.

    Args:
        by_path: lower-case path to project; groups: to group. No project has the path of a group.
    """

    by_path: Mapping[str, Project] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

    @classmethod
    def of(cls, projects: Iterable[Project], groups: Iterable[Group] = ()) -> KnownProjects:
        return cls(
            {project.path.lower(): project for project in projects}, {group.path.lower(): group for group in groups}
        )

    def get(self, path: str) -> Project | None:
        return self.by_path.get(path.lower())

    def namespace(self, path: str) -> Project | Group | None:
        return self.get(path) or self.groups.get(path.lower())

    def secrecy(self, item: WorkItem) -> Secrecy:
        """How closely an issue or epic is kept that is to be named."""
        namespace = self.namespace(item.namespace_path)
        return Secrecy(reach_of(namespace), item.confidential) if namespace is not None else UNKNOWN_SOURCE

    def secrecy_at(self, path: str, *, confidential: bool) -> Secrecy:
        """How closely an issue or epic is kept in which something is to be named."""
        namespace = self.namespace(path)
        return Secrecy(reach_of(namespace), confidential) if namespace is not None else UNKNOWN_DESTINATION

    def may_name(self, source: WorkItem, at: WorkItem) -> bool:
        """Whether an issue or epic may be named in another: where the other is kept no less closely."""
        if is_same_path(source.namespace_path, at.namespace_path):
            return source.confidential <= at.confidential
        destination = self.secrecy_at(at.namespace_path, confidential=at.confidential)
        return self.secrecy(source).is_no_stricter_than(destination)

    def may_show_work(self, path: str, at: WorkItem) -> bool:
        """Whether what is in a project may be counted in an issue or epic: where no more people read it there."""
        if is_same_path(path, at.namespace_path):
            return True
        project = self.get(path)
        destination = self.secrecy_at(at.namespace_path, confidential=at.confidential)
        return project is not None and Secrecy(reach_of(project), False).is_no_stricter_than(destination)


NO_PROJECTS = KnownProjects()
