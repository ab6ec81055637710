"""From the `:id` of a path to the row, with GitLab's answers where it is not there or may not be seen."""

from __future__ import annotations

from bot.emulator import access
from bot.emulator.refusals import Refusal, forbidden, grape_error, not_found
from bot.emulator.tables import Epic, Group, Hook, Issuable, Issue, MergeRequest, Note, Project, User
from bot.emulator.web import Call


def project_of(call: Call, position: int = 0) -> Project:
    """The project that the path names by number or full path; 404 where the caller may not see it."""
    wanted = call.args[position]
    found: Project | None
    if wanted.lstrip("-").isdigit():
        found = call.store.projects.get(int(wanted))
    elif "/" in wanted:
        found = call.store.project_paths.get(wanted.lower())
        moved_to = call.store.moved_project_paths.get(wanted.lower())
        if found is None and moved_to in call.store.projects:
            moved = call.store.projects[moved_to]
            if access.can_see_project(call.store, call.user, moved):
                raise _moved(call, wanted, moved)
    else:
        found = None
    if found is None or not access.can_see_project(call.store, call.user, found):
        raise not_found("Project")
    return found


def _moved(call: Call, wanted: str, project: Project) -> Refusal:
    if call.method != "GET":
        return Refusal(405, {"message": "Non GET methods are not allowed for moved projects"})
    encoded = wanted.replace("/", "%2F")
    path = call.path.replace(encoded, str(project.id), 1)
    query = "&".join(f"{key}={value}" for key, value in call.params.values.items())
    url = f"{call.store.external_url}/api/v4{path}" + (f"?{query}" if query else "")
    text = f"This resource has been moved permanently to {url}"
    return Refusal(301, text, {"Location": url, "Content-Type": "text/plain"})


def group_of(call: Call, position: int = 0) -> Group:
    wanted = call.args[position]
    found = call.store.groups.get(int(wanted)) if wanted.isdigit() else call.store.group_paths.get(wanted.lower())
    if found is None or found.kind != "group" or not access.can_see_group(call.store, call.user, found):
        raise not_found("Group")
    return found


def issue_of(call: Call, project: Project, position: int = 1, *, missing: str | None = None) -> Issue:
    wanted = call.args[position]
    if not wanted.isdigit():
        raise grape_error("issue_iid is invalid")
    found = call.store.project_issues[project.id].get(int(wanted))
    if found is None or not access.can_see_issue(call.store, call.user, found):
        raise not_found(missing)
    return found


def merge_request_of(call: Call, project: Project, position: int = 1, *, missing: str | None = None) -> MergeRequest:
    wanted = call.args[position]
    if not wanted.isdigit():
        raise grape_error("merge_request_iid is invalid")
    found = call.store.project_merge_requests[project.id].get(int(wanted))
    if not access.can_see_merge_requests(call.store, call.user, project):
        raise not_found(missing) if missing else forbidden()
    if found is None:
        raise not_found(missing)
    return found


def epic_of(call: Call, group: Group, position: int = 1) -> Epic:
    """By iid; one that is not there is forbidden, as in GitLab."""
    wanted = call.args[position]
    if not wanted.isdigit():
        raise grape_error("epic_iid is invalid")
    found = call.store.group_epics[group.id].get(int(wanted))
    if found is None or not access.can_see_epic(call.store, call.user, found):
        raise forbidden()
    return found


def issuable_of(call: Call) -> Issuable:
    """What notes, discussions, awards and events of a path hang on. Epics are named by id there, not by iid."""
    if "/-/work_items/" in call.path:
        call.login()
        return work_item_of(call)
    if call.path.startswith("/groups/"):
        group = group_of(call)
        epic = call.store.epics.get(int(call.args[1])) if call.args[1].isdigit() else None
        if epic is None or epic.group_id != group.id or not access.can_see_epic(call.store, call.user, epic):
            raise not_found("Epic")
        return epic
    project = project_of(call)
    if call.path.split("/")[3] == "merge_requests":
        return merge_request_of(call, project, missing="MergeRequest")
    return issue_of(call, project, missing="Issue")


def work_item_holder(call: Call) -> Project | Group:
    """The project, the group, or (below `namespaces`) either of them."""
    folder = call.path.split("/")[1]
    if folder == "projects":
        project = project_of(call)
        if not access.feature_open(call.store, call.user, project, "issues"):
            raise forbidden()
        return project
    if folder == "groups":
        return group_of(call)
    wanted = call.args[0].lower()
    group, project_found = call.store.group_paths.get(wanted), call.store.project_paths.get(wanted)
    if group is not None and access.can_see_group(call.store, call.user, group):
        return group
    if project_found is not None and access.can_see_project(call.store, call.user, project_found):
        return project_found
    raise not_found("Namespace")


def work_item_of(call: Call) -> Issue | Epic:
    holder = work_item_holder(call)
    if not call.args[1].isdigit():
        raise grape_error("work_item_iid is invalid")
    store, iid = call.store, int(call.args[1])
    rows = store.project_issues if isinstance(holder, Project) else store.group_epics
    item = rows[holder.id].get(iid)
    if item is None or not access.can_see(store, call.user, item):
        raise not_found("Work Item")
    return item


def note_of(call: Call, issuable: Issuable, position: int = 2) -> Note:
    wanted = call.args[position]
    found = call.store.notes.get(int(wanted)) if wanted.isdigit() else None
    if found is None or found.noteable is not issuable:
        raise not_found()
    if not access.can_see_note(call.store, call.user, found):
        raise not_found("Note")
    return found


def user_of(call: Call, position: int = 0) -> User:
    wanted = call.args[position]
    found = call.store.users.get(int(wanted)) if wanted.isdigit() else None
    if found is None:
        raise not_found("User")
    return found


def hook_of(call: Call, holder: Project | Group, position: int = 1) -> Hook:
    wanted = call.args[position]
    found = call.store.hooks.get(int(wanted)) if wanted.isdigit() else None
    key = "project_id" if isinstance(holder, Project) else "group_id"
    if found is None or getattr(found, key) != holder.id:
        raise not_found()
    return found


def need_project_role(call: Call, project: Project, role: int) -> None:
    call.login()
    if access.project_level(call.store, call.user, project) < role:
        raise forbidden()
    if project.archived and call.method != "GET":
        raise forbidden()


def need_group_role(call: Call, group: Group, role: int) -> None:
    call.login()
    if access.group_level(call.store, call.user, group) < role:
        raise forbidden()


def need_admin(call: Call) -> User:
    user = call.login()
    if not user.admin:
        raise forbidden()
    return user
