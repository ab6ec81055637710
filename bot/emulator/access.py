"""Who may see and do what: GitLab's roles, inherited from groups above and from invited groups."""

from __future__ import annotations

import datetime as dt

from bot.emulator.store import Store
from bot.emulator.tables import (
    GUEST,
    MINIMAL,
    OWNER,
    PLANNER,
    REPORTER,
    Epic,
    Group,
    Issuable,
    Issue,
    Membership,
    MergeRequest,
    Note,
    Project,
    User,
)

ADMIN = 60  # more than any role


def live(membership: Membership, today: dt.date) -> bool:
    """An expired membership is simply gone."""
    return membership.expires_at is None or membership.expires_at > today


def group_members(store: Store, group: Group, *, inherited: bool = True) -> dict[int, Membership]:
    """User id to the highest live membership; with `inherited`, those of the groups above and of invited groups too."""
    today = store.now().date()
    found: dict[int, Membership] = {}
    for level in store.ancestors(group) if inherited else [group]:
        for membership in level.members.values():
            if live(membership, today) and (level is group or membership.access_level > MINIMAL):
                _keep_highest(found, membership)
        if inherited:
            _add_invited(store, level, found, today)
    return found


def project_members(store: Store, project: Project, *, inherited: bool = True) -> dict[int, Membership]:
    """Like group_members, for a project."""
    today = store.now().date()
    found: dict[int, Membership] = {}
    for membership in project.members.values():
        if live(membership, today):
            _keep_highest(found, membership)
    if inherited:
        _add_invited(store, project, found, today)
        for membership in group_members(store, store.groups[project.namespace_id]).values():
            if membership.access_level > MINIMAL:
                _keep_highest(found, membership)
    return found


def _add_invited(store: Store, holder: Group | Project, found: dict[int, Membership], today: dt.date) -> None:
    for share in holder.shares.values():
        invited = store.groups.get(share.group_id)
        if invited is None or (share.expires_at is not None and share.expires_at <= today):
            continue
        for level in store.ancestors(invited):
            for membership in level.members.values():
                if live(membership, today) and membership.access_level > MINIMAL:
                    capped = Membership(
                        membership.user_id,
                        min(membership.access_level, share.group_access),
                        membership.created_at,
                        membership.created_by,
                        membership.expires_at,
                    )
                    _keep_highest(found, capped)


def _keep_highest(found: dict[int, Membership], membership: Membership) -> None:
    known = found.get(membership.user_id)
    if known is None or membership.access_level > known.access_level:
        found[membership.user_id] = membership


def _highest(store: Store, user_id: int, holders: list[Group | Project]) -> int:
    today = store.now().date()
    best = 0
    for holder in holders:
        own = holder.members.get(user_id)
        if own is not None and live(own, today) and own.access_level > best:
            best = own.access_level
        for share in holder.shares.values():
            invited = store.groups.get(share.group_id)
            if invited is None or (share.expires_at is not None and share.expires_at <= today):
                continue
            for level in store.ancestors(invited):
                there = level.members.get(user_id)
                if there is not None and live(there, today) and there.access_level > MINIMAL:
                    best = max(best, min(there.access_level, share.group_access))
    return best


def group_level(store: Store, user: User | None, group: Group) -> int:
    """The role of `user` in `group`; ADMIN for administrators, 0 for nobody."""
    if user is None:
        return 0
    if user.admin:
        return ADMIN
    if group.kind == "user":
        return OWNER if group.owner_id == user.id else 0
    return _highest(store, user.id, list(store.ancestors(group)))


def project_level(store: Store, user: User | None, project: Project) -> int:
    """The role of `user` in `project`; ADMIN for administrators, 0 for nobody. Minimal access is not inherited."""
    if user is None:
        return 0
    if user.admin:
        return ADMIN
    level = _highest(store, user.id, [project, *store.ancestors(store.groups[project.namespace_id])])
    return level if level > MINIMAL else 0


def can_see_group(store: Store, user: User | None, group: Group) -> bool:
    if group.visibility == "public" or (group.visibility == "internal" and user is not None and not user.external):
        return True
    if group_level(store, user, group) > 0:
        return True
    # Whoever is a member of something below sees the group itself.
    below: list[Group | Project] = [*store.descendants(group), *store.projects_of(group, include_subgroups=True)]
    return user is not None and any(user.id in holder.members for holder in below)


def can_see_project(store: Store, user: User | None, project: Project) -> bool:
    if project.visibility == "public" or (project.visibility == "internal" and user is not None and not user.external):
        return True
    return project_level(store, user, project) >= GUEST


def feature_open(store: Store, user: User | None, project: Project, feature: str) -> bool:
    setting = project.features.get(feature, "enabled")
    if setting == "disabled":
        return False
    return setting != "private" or project_level(store, user, project) >= GUEST


def can_see_issue(store: Store, user: User | None, issue: Issue) -> bool:
    project = store.projects[issue.project_id]
    if not can_see_project(store, user, project) or not feature_open(store, user, project, "issues"):
        return False
    if not issue.confidential:
        return True
    if user is None:
        return False
    if user.id == issue.author_id or user.id in issue.assignee_ids:
        return True
    return project_level(store, user, project) >= PLANNER


def can_read_code(store: Store, user: User | None, project: Project) -> bool:
    """Repository and merge requests: open to everybody in public projects, to Reporters in private ones."""
    if not can_see_project(store, user, project) or not feature_open(store, user, project, "repository"):
        return False
    return project.visibility != "private" or project_level(store, user, project) >= REPORTER


def can_see_merge_requests(store: Store, user: User | None, project: Project) -> bool:
    return can_read_code(store, user, project) and feature_open(store, user, project, "merge_requests")


def can_see_epic(store: Store, user: User | None, epic: Epic) -> bool:
    group = store.groups[epic.group_id]
    if not can_see_group(store, user, group):
        return False
    return not epic.confidential or (user is not None and group_level(store, user, group) >= PLANNER)


def can_see(store: Store, user: User | None, issuable: Issuable) -> bool:
    if isinstance(issuable, Issue):
        return can_see_issue(store, user, issuable)
    if isinstance(issuable, MergeRequest):
        return can_see_merge_requests(store, user, store.projects[issuable.project_id])
    return isinstance(issuable, Epic) and can_see_epic(store, user, issuable)


def level(store: Store, user: User | None, holder: Project | Group) -> int:
    return project_level(store, user, holder) if isinstance(holder, Project) else group_level(store, user, holder)


def can_see_note(store: Store, user: User | None, note: Note) -> bool:
    if not note.internal:
        return True
    home = store.home_of(note.noteable)
    return user is not None and (user.id == note.author_id or level(store, user, home) >= PLANNER)
