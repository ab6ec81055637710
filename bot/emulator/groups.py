"""Groups: nested, shared with other groups, and what lies below them."""

from __future__ import annotations

import re

from bot.emulator import access, entities
from bot.emulator.finding import group_of, need_group_role
from bot.emulator.projects import filter_projects
from bot.emulator.refusals import Refusal, grape_error, invalid, not_found
from bot.emulator.tables import MAINTAINER, OWNER, Group, Project, Share
from bot.emulator.web import Call, Reply, Route, paged

PATH = re.compile(r"[a-zA-Z0-9_.][a-zA-Z0-9_.-]*")
RESERVED_TOP = frozenset(
    (
        *("-", ".well-known", "admin", "api", "assets", "dashboard", "explore", "files", "groups", "help", "import"),
        *("jwt", "login", "oauth", "profile", "projects", "public", "robots.txt", "s", "search", "sitemap", "snippets"),
        *("unsubscribes", "uploads", "users", "v2"),
    )
)
VISIBILITIES = ("private", "internal", "public")


def _detail(call: Call, group: Group, *, with_projects: bool) -> entities.Json:
    projects = None
    if with_projects:
        projects = [
            project
            for project in call.store.projects_of(group, include_subgroups=False)
            if access.can_see_project(call.store, call.user, project)
        ]
    return entities.group_detail(call.store, group, projects)


def _owns(call: Call, group: Group) -> bool:
    """A real membership, also for administrators."""
    member = access.group_members(call.store, group).get(call.user.id) if call.user else None
    return member is not None and member.access_level >= OWNER


def _filter(call: Call, groups: list[Group]) -> list[Group]:
    params = call.params
    search = params.text("search")
    if search:
        text = search.lower()
        groups = [group for group in groups if text in group.name.lower() or text in group.full_path.lower()]
    if params.boolean("top_level_only"):
        groups = [group for group in groups if group.parent_id is None]
    if params.boolean("owned"):
        groups = [group for group in groups if _owns(call, group)]
    level = params.integer("min_access_level")
    if level is not None:
        groups = [group for group in groups if access.group_level(call.store, call.user, group) >= level]
    visibility = params.choice("visibility", VISIBILITIES)
    if visibility:
        groups = [group for group in groups if group.visibility == visibility]
    skip = params.integers("skip_groups") or []
    groups = [group for group in groups if group.id not in skip]
    order = params.choice("order_by", ("name", "path", "id", "similarity"), "name")
    keys = {"id": lambda group: group.id, "path": lambda group: group.path.lower()}
    groups.sort(
        key=keys.get(order or "name", lambda group: group.name.lower()),
        reverse=params.choice("sort", ("asc", "desc"), "asc") == "desc",
    )
    return groups


def list_groups(call: Call) -> Reply:
    rows = [
        group
        for group in call.store.groups.values()
        if group.kind == "group" and access.can_see_group(call.store, call.user, group)
    ]
    return paged(call, _filter(call, rows), lambda group: entities.group(call.store, group))


def get_group(call: Call) -> Reply:
    group = group_of(call)
    return Reply(200, _detail(call, group, with_projects=call.params.boolean("with_projects", True)))


def create_group(call: Call) -> Reply:
    user = call.login()
    call.params.require("name", "path")
    store, params = call.store, call.params
    parent_id = params.integer("parent_id")
    parent: Group | None = None
    if parent_id is not None:
        parent = store.groups.get(parent_id)
        if parent is None or not access.can_see_group(store, user, parent):
            raise not_found("Group")
        if access.group_level(store, user, parent) < MAINTAINER:
            raise Refusal(403, {"message": "403 Forbidden"})
    visibility = params.choice("visibility", VISIBILITIES, parent.visibility if parent else "private") or "private"
    if parent and VISIBILITIES.index(visibility) > VISIBILITIES.index(parent.visibility):
        raise _unsaved(
            "visibility_level",
            f"{visibility} is not allowed since the parent group has a {parent.visibility} visibility.",
        )
    path = params.text("path") or ""
    if not PATH.fullmatch(path) or path.endswith((".git", ".atom")):
        raise _unsaved("path", "can contain only letters, digits, '_', '-' and '.'.")
    if parent is None and path.lower() in RESERVED_TOP:
        raise _unsaved("path", f"{path} is a reserved name")
    full_path = f"{parent.full_path}/{path}" if parent else path
    if full_path.lower() in store.group_paths or full_path.lower() in store.project_paths:
        raise _unsaved("path", "has already been taken")
    if parent is None and full_path.lower() in store.usernames:
        raise _unsaved("path", "has already been taken")
    group = store.add_group(
        path,
        params.text("name"),
        parent,
        None if parent and access.group_level(store, user, parent) >= OWNER else user,
        visibility=visibility,
        description=params.text("description") or "",
    )
    return Reply(201, _detail(call, group, with_projects=False))


def _unsaved(field: str, text: str) -> Refusal:
    return Refusal(400, {"message": f'Failed to save group {{{field}: ["{text}"]}}'})


SETTINGS = (
    "share_with_group_lock",
    "request_access_enabled",
    "project_creation_level",
    "subgroup_creation_level",
    "emails_enabled",
    "lfs_enabled",
    "mentions_disabled",
)


def update_group(call: Call) -> Reply:
    group = group_of(call)
    need_group_role(call, group, OWNER)
    params, store = call.params, call.store
    if "path" in params:
        path = params.text("path") or ""
        parent = store.groups.get(group.parent_id) if group.parent_id else None
        full_path = f"{parent.full_path}/{path}" if parent else path
        if store.group_paths.get(full_path.lower(), group) is not group:
            raise invalid({"path": ["has already been taken"]})
        _rename(call, group, path)
    group.name = params.text("name", group.name) or group.name
    group.description = params.text("description", group.description) or ""
    group.visibility = params.choice("visibility", VISIBILITIES, group.visibility) or group.visibility
    for name in params.given(*SETTINGS):
        group.settings[name] = params.values[name]
    return Reply(200, _detail(call, group, with_projects=params.boolean("with_projects", True)))


def _rename(call: Call, group: Group, path: str) -> None:
    store = call.store
    moving = store.projects_of(group, include_subgroups=True)
    below = [group, *store.descendants(group)]
    for project in moving:
        old = store.full_path(project).lower()
        store.project_paths.pop(old, None)
        store.moved_project_paths[old] = project.id
    for each in below:
        store.group_paths.pop(each.full_path.lower(), None)
    group.path = path
    for each in below:
        each.full_path = "/".join(level.path for level in reversed(list(store.ancestors(each))))
        store.group_paths[each.full_path.lower()] = each
    for project in moving:
        store.project_paths[store.full_path(project).lower()] = project


def delete_group(call: Call) -> Reply:
    group = group_of(call)
    need_group_role(call, group, OWNER)
    if group.marked_for_deletion_on is not None and not call.params.boolean("permanently_remove"):
        raise Refusal(400, {"message": "Group has been already marked for deletion"})
    store = call.store
    if not call.params.boolean("permanently_remove"):
        group.marked_for_deletion_on = store.now().date()
        _rename(call, group, f"{group.path}-deletion_scheduled-{group.id}")
        return Reply(202, {"message": "202 Accepted"})
    for each in [group, *store.descendants(group)]:
        for project in store.projects_of(each, include_subgroups=False):
            store.project_paths.pop(store.full_path(project).lower(), None)
            del store.projects[project.id]
        store.group_paths.pop(each.full_path.lower(), None)
        del store.groups[each.id]
    return Reply(202, {"message": "202 Accepted"})


def restore_group(call: Call) -> Reply:
    group = group_of(call)
    need_group_role(call, group, OWNER)
    if group.marked_for_deletion_on is None:
        raise Refusal(400, {"message": "Group has not been marked for deletion"})
    group.marked_for_deletion_on = None
    _rename(call, group, group.path.removesuffix(f"-deletion_scheduled-{group.id}"))
    return Reply(201, _detail(call, group, with_projects=False))


def list_subgroups(call: Call) -> Reply:
    group = group_of(call)
    rows = [each for each in call.store.groups.values() if each.parent_id == group.id]
    return _visible_groups(call, rows)


def list_descendants(call: Call) -> Reply:
    return _visible_groups(call, list(call.store.descendants(group_of(call))))


def _visible_groups(call: Call, rows: list[Group]) -> Reply:
    rows = [group for group in rows if access.can_see_group(call.store, call.user, group)]
    return paged(call, _filter(call, rows), lambda group: entities.group(call.store, group))


def list_group_projects(call: Call) -> Reply:
    group = group_of(call)
    store = call.store
    rows: list[Project] = store.projects_of(group, include_subgroups=call.params.boolean("include_subgroups"))
    if call.params.boolean("with_shared", True):
        known = {project.id for project in rows}
        rows += [
            project
            for project in store.projects.values()
            if project.id not in known and any(share.group_id == group.id for share in project.shares.values())
        ]
    rows = [project for project in rows if access.can_see_project(store, call.user, project)]
    simple = call.params.boolean("simple")
    return paged(
        call,
        filter_projects(call, rows),
        lambda project: entities.project_basic(store, project) if simple else entities.project(store, project),
    )


def share_group(call: Call) -> Reply:
    group = group_of(call)
    need_group_role(call, group, OWNER)
    call.params.require("group_id", "group_access")
    other = call.store.groups.get(call.params.integer("group_id") or 0)
    level = call.params.integer("group_access")
    if other is None or not access.can_see_group(call.store, call.user, other):
        raise not_found("Group")
    if level not in (5, 10, 15, 20, 25, 30, 40, 50):
        raise grape_error("group_access does not have a valid value")
    if any(share.group_id == other.id for share in group.shares.values()):
        raise Refusal(409, {"message": "The group has already been shared with this group"})
    share = Share(call.store.next_id("shares"), other.id, level, call.params.date("expires_at"))
    group.shares[share.id] = share
    return Reply(201, _detail(call, group, with_projects=True))


def unshare_group(call: Call) -> Reply:
    group = group_of(call)
    need_group_role(call, group, OWNER)
    for share in list(group.shares.values()):
        if str(share.group_id) == call.args[1]:
            del group.shares[share.id]
            return Reply(204)
    raise Refusal(404, {"message": "404 Not Found"})


def list_namespaces(call: Call) -> Reply:
    user = call.login()
    search = (call.params.text("search") or "").lower()
    rows = [
        group
        for group in call.store.groups.values()
        if access.group_level(call.store, user, group) > 0 and search in group.full_path.lower()
    ]
    return paged(call, rows, lambda group: entities.namespace(call.store, group))


def get_namespace(call: Call) -> Reply:
    call.login()
    wanted = call.args[0]
    for group in call.store.groups.values():
        named = str(group.id) == wanted or group.full_path.lower() == wanted.lower()
        if named and (group.owner_id == call.login().id or access.group_level(call.store, call.user, group) > 0):
            return Reply(200, entities.namespace(call.store, group))
    raise not_found("Namespace")


ROUTES: list[Route] = [
    ("GET", "/v4/groups", list_groups),
    ("POST", "/v4/groups", create_group),
    ("GET", "/v4/groups/:id", get_group),
    ("PUT", "/v4/groups/:id", update_group),
    ("DELETE", "/v4/groups/:id", delete_group),
    ("POST", "/v4/groups/:id/restore", restore_group),
    ("GET", "/v4/groups/:id/subgroups", list_subgroups),
    ("GET", "/v4/groups/:id/descendant_groups", list_descendants),
    ("GET", "/v4/groups/:id/projects", list_group_projects),
    ("POST", "/v4/groups/:id/share", share_group),
    ("DELETE", "/v4/groups/:id/share/:group_id", unshare_group),
    ("GET", "/v4/namespaces", list_namespaces),
    ("GET", "/v4/namespaces/:id", get_namespace),
]
