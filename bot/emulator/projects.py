"""Projects: creation with GitLab's refusals, lists, archiving, deletion in two steps, sharing."""

from __future__ import annotations

import re

from bot.emulator import access, entities
from bot.emulator.finding import need_project_role, project_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, invalid, not_found
from bot.emulator.repository import start
from bot.emulator.tables import DEVELOPER, FEATURES, MAINTAINER, OWNER, Group, Membership, Project, Share, User
from bot.emulator.web import Call, Reply, Route, keyset, paged

VISIBILITIES = ("private", "internal", "public")
PATH = re.compile(r"[a-zA-Z0-9_.][a-zA-Z0-9_.-]*")
RESERVED = frozenset(
    (
        *("-", "badges", "blame", "blob", "builds", "commits", "create", "create_dir", "edit", "files", "find_file"),
        *("new", "preview", "raw", "refs", "tree", "update", "wikis"),
    )
)
SETTINGS = (
    "request_access_enabled",
    "emails_enabled",
    "lfs_enabled",
    "merge_method",
    "packages_enabled",
    "service_desk_enabled",
    "container_registry_enabled",
    "shared_runners_enabled",
    "autoclose_referenced_issues",
    "suggestion_commit_message",
)


def _level(call: Call, project: Project) -> int:
    """The role by real membership, also for administrators."""
    member = access.project_members(call.store, project).get(call.user.id) if call.user else None
    return member.access_level if member else 0


def filter_projects(call: Call, rows: list[Project]) -> list[Project]:
    """GitLab's filters and order for lists of projects."""
    params, store, user = call.params, call.store, call.user
    if "archived" in params:
        archived = params.boolean("archived")
        rows = [project for project in rows if project.archived is archived]
    visibility = params.choice("visibility", VISIBILITIES)
    if visibility:
        rows = [project for project in rows if project.visibility == visibility]
    search = params.text("search")
    if search:
        text = search.lower()
        namespaces = params.boolean("search_namespaces")
        rows = [
            project
            for project in rows
            if text in project.name.lower()
            or text in project.path.lower()
            or text in (project.description or "").lower()
            or (namespaces and text in store.full_path(project).lower())
        ]
    if params.boolean("owned"):
        rows = [project for project in rows if _level(call, project) >= OWNER]
    if params.boolean("membership"):
        rows = [project for project in rows if user and user.id in access.project_members(store, project)]
    level = params.integer("min_access_level")
    if level is not None:
        rows = [project for project in rows if _level(call, project) >= level]
    if params.boolean("with_issues_enabled"):
        rows = [project for project in rows if project.features.get("issues") != "disabled"]
    topic = params.text("topic")
    if topic:
        wanted = {name.strip() for name in topic.split(",")}
        rows = [project for project in rows if wanted <= set(project.topics)]
    for name, attribute in (("last_activity", "last_activity_at"), ("updated", "updated_at")):
        after, before = params.instant(f"{name}_after"), params.instant(f"{name}_before")
        if after:
            rows = [project for project in rows if getattr(project, attribute) >= after]
        if before:
            rows = [project for project in rows if getattr(project, attribute) <= before]
    id_after, id_before = params.integer("id_after"), params.integer("id_before")
    if id_after is not None:
        rows = [project for project in rows if project.id > id_after]
    if id_before is not None:
        rows = [project for project in rows if project.id < id_before]
    orders = ("id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count")
    order = params.choice("order_by", orders, "created_at") or "created_at"
    keys = {
        "name": lambda project: (project.name.lower(), project.id),
        "path": lambda project: (project.path.lower(), project.id),
        "created_at": lambda project: (project.created_at, project.id),
        "updated_at": lambda project: (project.updated_at, project.id),
        "last_activity_at": lambda project: (project.last_activity_at, project.id),
    }
    rows.sort(
        key=keys.get(order, lambda project: project.id),
        reverse=params.choice("sort", ("asc", "desc"), "desc") == "desc",
    )
    return rows


def list_projects(call: Call) -> Reply:
    store = call.store
    rows = [project for project in store.projects.values() if access.can_see_project(store, call.user, project)]
    basic = call.user is None or call.params.boolean("simple")

    def show(project: Project) -> entities.Json:
        if basic:
            return entities.project_basic(store, project)
        return entities.project_with_access(store, project, call.user)

    rows = filter_projects(call, rows)
    if call.params.text("pagination") == "keyset":
        if call.params.text("order_by", "id") != "id":
            raise Refusal(405, {"error": "Keyset pagination is not yet available for this type of request"})
        rows.sort(key=lambda project: project.id, reverse=call.params.text("sort", "desc") == "desc")
        link = "id_before" if call.params.text("sort", "desc") == "desc" else "id_after"
        return keyset(call, rows, show, lambda project: project.id, link)
    return paged(call, rows, show)


def list_user_projects(call: Call) -> Reply:
    store = call.store
    wanted = call.args[0]
    user = store.usernames.get(wanted.lower()) or (store.users.get(int(wanted)) if wanted.isdigit() else None)
    if user is None:
        raise not_found("User")
    rows = [
        project
        for project in store.projects.values()
        if store.groups[project.namespace_id].owner_id == user.id and access.can_see_project(store, call.user, project)
    ]
    return paged(call, filter_projects(call, rows), lambda project: entities.project(store, project))


def get_project(call: Call) -> Reply:
    project = project_of(call)
    if call.user is None:
        return Reply(200, entities.project_basic(call.store, project))
    return Reply(200, entities.project_with_access(call.store, project, call.user))


def create_project(call: Call) -> Reply:
    user = call.login()
    params, store = call.params, call.store
    params.require_any("name", "path")
    namespace = _namespace(call, user)
    name = params.text("name") or params.text("path") or ""
    path = params.text("path") or re.sub(r"[^a-zA-Z0-9_.-]+", "-", name).strip("-").lower()
    visibility = params.choice("visibility", VISIBILITIES, _default_visibility(namespace)) or "private"
    if namespace.kind == "group" and VISIBILITIES.index(visibility) > VISIBILITIES.index(namespace.visibility):
        raise invalid(
            {"visibility_level": [f"{visibility} is not allowed in a {namespace.visibility} group."]},
        )
    _check_path(path)
    _check_taken(call, namespace, path, name)
    project = store.add_project(path, namespace, user, name, visibility=visibility)
    _assign(call, project)
    if params.boolean("initialize_with_readme"):
        start(store, project, user, params.text("default_branch") or "main").files["README.md"] = f"# {name}\n"
    return Reply(201, entities.project(store, project))


def _default_visibility(namespace: Group) -> str:
    return "private" if namespace.kind == "user" else namespace.visibility


def _namespace(call: Call, user: User) -> Group:
    wanted = call.params.integer("namespace_id")
    namespace = call.store.groups.get(wanted if wanted is not None else user.namespace_id)
    allowed = namespace is not None and (
        namespace.owner_id == user.id or access.group_level(call.store, user, namespace) >= DEVELOPER
    )
    if namespace is None or not allowed:
        raise invalid({"namespace": ["is not valid"]})
    return namespace


def _check_path(path: str) -> None:
    if not PATH.fullmatch(path) or path.endswith((".git", ".atom")) or path[-1:] in "-._" or path[:1] == "-":
        text = (
            "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'"
        )
        raise invalid({"path": [text]})
    if path.lower() in RESERVED:
        raise invalid({"path": [f"{path} is a reserved name"]})


def _check_taken(call: Call, namespace: Group, path: str, name: str, but: Project | None = None) -> None:
    store = call.store
    full = f"{namespace.full_path}/{path}".lower()
    siblings = [project for project in store.projects_of(namespace, include_subgroups=False) if project is not but]
    same_path = store.project_paths.get(full)
    taken = (same_path is not None and same_path is not but) or full in store.group_paths
    same_name = any(project.name == name for project in siblings)
    text = ["has already been taken"]
    if taken:
        raise invalid({"project_namespace.name": text, "name": text, "path": text})
    if same_name:
        raise invalid({"project_namespace.name": text, "name": text})


def _assign(call: Call, project: Project) -> None:
    params = call.params
    if "description" in params:
        text = params.text("description")
        if text is not None and len(text) > 2000:
            raise invalid({"description": ["is too long (maximum is 2000 characters)"]})
        project.description = text
    for feature in FEATURES:
        setting = params.choice(f"{feature}_access_level", ("disabled", "private", "enabled", "public"))
        if setting is not None:
            project.features[feature] = setting
    for feature, legacy in entities.LEGACY_FEATURES.items():
        if legacy in params:
            project.features[feature] = "enabled" if params.boolean(legacy) else "disabled"
    topics = params.texts("topics")
    if topics is not None:
        project.topics = topics
    if "default_branch" in params and project.default_branch is not None:
        project.default_branch = params.text("default_branch")
    for name in params.given(*SETTINGS):
        project.settings[name] = params.values[name]


def update_project(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    if access.project_level(call.store, call.user, project) < MAINTAINER:
        raise forbidden()
    params, store = call.params, call.store
    if not params.values:
        raise grape_error("name, path, description are missing, at least one parameter must be provided")
    namespace = store.groups[project.namespace_id]
    name, path = params.text("name", project.name) or project.name, params.text("path", project.path) or project.path
    if (name, path) != (project.name, project.path):
        _check_path(path)
        _check_taken(call, namespace, path, name, project)
        _move_path(call, project, namespace, path)
        project.name = name
    if "visibility" in params:
        visibility = params.choice("visibility", VISIBILITIES) or project.visibility
        if namespace.kind == "group" and VISIBILITIES.index(visibility) > VISIBILITIES.index(namespace.visibility):
            raise invalid({"visibility_level": [f"{visibility} is not allowed in a {namespace.visibility} group."]})
        project.visibility = visibility
    _assign(call, project)
    project.updated_at = store.now()
    return Reply(200, entities.project(store, project))


def _move_path(call: Call, project: Project, namespace: Group, path: str) -> None:
    store = call.store
    old = store.full_path(project).lower()
    store.project_paths.pop(old, None)
    project.path, project.namespace_id = path, namespace.id
    new = store.full_path(project).lower()
    if new != old:
        store.moved_project_paths[old] = project.id
    store.moved_project_paths.pop(new, None)
    store.project_paths[new] = project


def archive(call: Call) -> Reply:
    return _set_archived(call, True)


def unarchive(call: Call) -> Reply:
    return _set_archived(call, False)


def _set_archived(call: Call, archived: bool) -> Reply:
    project = project_of(call)
    call.login()
    if access.project_level(call.store, call.user, project) < OWNER:
        raise forbidden()
    project.archived = archived
    return Reply(201, entities.project(call.store, project))


def delete_project(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    store = call.store
    if access.project_level(store, call.user, project) < OWNER:
        raise forbidden()
    old = store.full_path(project)
    if call.params.boolean("permanently_remove"):
        if project.marked_for_deletion_on is None:
            raise Refusal(400, {"message": "Project must be marked for deletion first."})
        if call.params.text("full_path") != old:
            text = "`full_path` is incorrect. You must enter the complete path for the project."
            raise Refusal(400, {"message": text})
        store.project_paths.pop(old.lower(), None)
        del store.projects[project.id]
        for issue in store.project_issues.pop(project.id, {}).values():
            store.issues.pop(issue.id, None)
        for merge_request in store.project_merge_requests.pop(project.id, {}).values():
            store.merge_requests.pop(merge_request.id, None)
        return Reply(202, {"message": "202 Accepted"})
    if project.marked_for_deletion_on is not None:
        raise Refusal(400, {"message": "Project has been already marked for deletion"})
    project.path_before_deletion = project.path
    _move_path(call, project, store.groups[project.namespace_id], f"{project.path}-deletion_scheduled-{project.id}")
    store.moved_project_paths.pop(old.lower(), None)
    project.name = f"{project.name}-deletion_scheduled-{project.id}"
    project.marked_for_deletion_on = store.now().date()
    return Reply(202, {"message": "202 Accepted"})


def restore(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    if access.project_level(call.store, call.user, project) < OWNER:
        raise forbidden()
    if project.marked_for_deletion_on is None:
        raise Refusal(400, {"message": "Project has not been marked for deletion"})
    namespace = call.store.groups[project.namespace_id]
    path = project.path_before_deletion or project.path
    if f"{namespace.full_path}/{path}".lower() in call.store.project_paths:
        path = f"{path}-{project.id:05d}"
    _move_path(call, project, namespace, path)
    project.name = project.name.removesuffix(f"-deletion_scheduled-{project.id}")
    project.marked_for_deletion_on = None
    return Reply(201, entities.project(call.store, project))


def share(call: Call) -> Reply:
    project = project_of(call)
    need_project_role(call, project, MAINTAINER)
    call.params.require("group_id", "group_access")
    group = call.store.groups.get(call.params.integer("group_id") or 0)
    level = call.params.integer("group_access")
    if group is None or not access.can_see_group(call.store, call.user, group):
        raise Refusal(404, {"message": "404 Group Not Found"})
    if level not in (10, 15, 20, 25, 30, 40, 50):
        raise grape_error("group_access does not have a valid value")
    if any(each.group_id == group.id for each in project.shares.values()):
        raise Refusal(409, {"message": "The group has already been shared with this group"})
    new = Share(call.store.next_id("shares"), group.id, level, call.params.date("expires_at"))
    project.shares[new.id] = new
    return Reply(
        201,
        {
            "id": new.id,
            "project_id": project.id,
            "group_id": group.id,
            "group_access": level,
            "expires_at": entities.day(new.expires_at),
        },
    )


def unshare(call: Call) -> Reply:
    project = project_of(call)
    need_project_role(call, project, MAINTAINER)
    for each in list(project.shares.values()):
        if str(each.group_id) == call.args[1]:
            del project.shares[each.id]
            return Reply(204)
    raise not_found("Group Link")


def transfer(call: Call) -> Reply:
    project = project_of(call)
    need_project_role(call, project, OWNER)
    call.params.require("namespace")
    wanted = call.params.text("namespace") or ""
    store = call.store
    target = store.groups.get(int(wanted)) if wanted.isdigit() else store.group_paths.get(wanted.lower())
    if target is None:
        raise not_found("Namespace")
    _check_taken(call, target, project.path, project.name, project)
    _move_path(call, project, target, project.path)
    return Reply(200, entities.project(store, project))


def list_project_users(call: Call) -> Reply:
    project = project_of(call)
    members = access.project_members(call.store, project)
    search = (call.params.text("search") or "").lower()
    rows: list[Membership] = [
        member for member in members.values() if search in call.store.users[member.user_id].username.lower()
    ]
    return paged(call, rows, lambda member: entities.user_by_id(call.store, member.user_id))


ROUTES: list[Route] = [
    ("GET", "/v4/projects", list_projects),
    ("POST", "/v4/projects", create_project),
    ("GET", "/v4/projects/:id", get_project),
    ("PUT", "/v4/projects/:id", update_project),
    ("DELETE", "/v4/projects/:id", delete_project),
    ("POST", "/v4/projects/:id/archive", archive),
    ("POST", "/v4/projects/:id/unarchive", unarchive),
    ("POST", "/v4/projects/:id/restore", restore),
    ("POST", "/v4/projects/:id/share", share),
    ("DELETE", "/v4/projects/:id/share/:group_id", unshare),
    ("PUT", "/v4/projects/:id/transfer", transfer),
    ("GET", "/v4/projects/:id/users", list_project_users),
    ("GET", "/v4/users/:id/projects", list_user_projects),
]
