"""Epics of groups: lists, creation, changes, the epics and issues below them. They need a paid tier."""

from __future__ import annotations

from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import epic_of, group_of
from bot.emulator.issuable_changes import Actor, change
from bot.emulator.issuable_filters import filtered
from bot.emulator.issues import changed_labels, check_length, check_title, epic_changes
from bot.emulator.quick_actions import interpret
from bot.emulator.refusals import forbidden, grape_error, not_found
from bot.emulator.tables import GUEST, OWNER, PLANNER, Epic, Group, Issue, User
from bot.emulator.web import Call, Reply, Route, paged

EDITABLE = (
    "add_labels",
    "color",
    "confidential",
    "description",
    "due_date_fixed",
    "due_date_is_fixed",
    "labels",
    "parent_id",
    "remove_labels",
    "start_date_fixed",
    "start_date_is_fixed",
    "state_event",
    "title",
    "start_date",
    "end_date",
)

_DATES = {
    "start_date_fixed": "start_date",
    "start_date": "start_date",
    "due_date_fixed": "due_date",
    "end_date": "due_date",
}


def _group(call: Call) -> Group:
    if call.method != "GET":
        call.login()
    if call.store.tier == "free":
        raise forbidden()
    return group_of(call)


def _writer(call: Call, group: Group) -> User:
    user = call.login()
    if access.group_level(call.store, user, group) < PLANNER:
        raise forbidden()
    return user


def list_epics(call: Call) -> Reply:
    group = _group(call)
    store, params = call.store, call.params
    if "author_id" in params and "author_username" in params:
        raise grape_error("author_id, author_username are mutually exclusive")
    groups = [group]
    if params.boolean("include_descendant_groups", True):
        groups += list(store.descendants(group))
    if params.boolean("include_ancestor_groups"):
        groups += [above for above in store.ancestors(group) if above is not group]
    rows = [
        epic
        for each in groups
        for epic in store.group_epics[each.id].values()
        if access.can_see_epic(store, call.user, epic)
    ]
    params.choice("order_by", ("created_at", "updated_at", "title"))
    details = params.boolean("with_labels_details")
    return paged(call, filtered(call, rows), lambda epic: entities.epic(store, epic, call.user, label_details=details))


def get_epic(call: Call) -> Reply:
    return Reply(200, entities.epic(call.store, epic_of(call, _group(call)), call.user, single=True))


def add_epic(actor: Actor, group: Group, title: str, **fields: Any) -> Epic:
    """A new epic, and the work item that it is."""
    store, now = actor.store, actor.store.now()
    made = Epic(
        store.next_id("epics"),
        group.next_epic_iid,
        group.id,
        title,
        actor.user.id,
        now,
        now,
        work_item_id=store.next_id("issues"),
        **fields,
    )
    group.next_epic_iid += 1
    store.epics[made.id] = made
    store.group_epics[group.id][made.iid] = made
    return made


def create_epic(call: Call) -> Reply:
    group = _group(call)
    params = call.params
    params.require("title")
    user = _writer(call, group)
    title = check_title(params.text("title"))
    actor = Actor(call.store, call.hooks, user)
    made = add_epic(actor, group, title)
    change(actor, made, _wanted(call, actor, group, made), quiet=True)
    made.updated_at = made.created_at
    call.hooks.changed(made, user, "open", {})
    return Reply(201, entities.epic(call.store, made, user, single=True))


def _wanted(call: Call, actor: Actor, group: Group, epic: Epic) -> dict[str, Any]:
    params, store = call.params, call.store
    changes: dict[str, Any] = {}
    if "description" in params:
        description = params.text("description")
        check_length(description, "description")
        commands = interpret(actor, group, epic, description or "")
        changes |= commands.changes
        changes["description"] = commands.text if description is not None else None
    labels = changed_labels(call, actor, group, epic)
    if labels is not None:
        changes["label_ids"] = changes.get("label_ids", set()) | labels
    if "confidential" in params:
        changes["confidential"] = params.boolean("confidential")
    if params.text("color"):
        changes["color"] = params.text("color")
    for name, field in _DATES.items():
        if name in params:
            changes[field] = params.date(name)
    if "parent_id" in params:
        parent = store.epics.get(params.integer("parent_id") or 0)
        if params.integer("parent_id") and (parent is None or not access.can_see_epic(store, actor.user, parent)):
            raise not_found()
        changes["parent_id"] = parent.id if parent else None
    return changes


def update_epic(call: Call) -> Reply:
    group = _group(call)
    params = call.params
    if not params.given(*EDITABLE):
        raise grape_error(f"{', '.join(EDITABLE)} are missing, at least one parameter must be provided")
    epic = epic_of(call, group)
    user = _writer(call, group)
    actor = Actor(call.store, call.hooks, user)
    event = params.choice("state_event", ("close", "reopen"))
    changes = _wanted(call, actor, group, epic)
    if "title" in params:
        changes["title"] = check_title(params.text("title"))
    if event:
        changes["state_event"] = event
    change(actor, epic, changes)
    return Reply(200, entities.epic(call.store, epic, user, single=True))


def delete_epic(call: Call) -> Reply:
    group = _group(call)
    epic = epic_of(call, group)
    if access.group_level(call.store, call.user, group) < OWNER:
        raise forbidden()
    call.store.remove(epic)
    return Reply(204)


def list_children(call: Call) -> Reply:
    store = call.store
    epic = epic_of(call, _group(call))
    rows = [
        each
        for each in store.epics.values()
        if each.parent_id == epic.id and access.can_see_epic(store, call.user, each)
    ]
    return Reply(200, [entities.epic(store, each, call.user) for each in rows])


# -- issues of an epic -----------------------------------------------------------------------------------------------


def list_issues(call: Call) -> Reply:
    store = call.store
    epic = epic_of(call, _group(call))
    rows = [each for each in store.issues.values() if each.epic_id == epic.id]
    rows = [each for each in rows if access.can_see_issue(store, call.user, each)]
    rows.sort(key=lambda each: each.epic_issue_id or 0)
    return paged(
        call,
        rows,
        lambda issue: (
            entities.issue(store, issue, call.user) | {"epic_issue_id": issue.epic_issue_id, "relative_position": 0}
        ),
    )


def _assigned(call: Call, group: Group, issue: Issue | None) -> User:
    """Whoever may say which issues an epic has."""
    user = call.login()
    if issue is None or not access.can_see_issue(call.store, user, issue):
        raise not_found()
    home = call.store.projects[issue.project_id]
    if min(access.group_level(call.store, user, group), access.project_level(call.store, user, home)) < GUEST:
        raise forbidden()
    return user


def add_issue(call: Call) -> Reply:
    group, store = _group(call), call.store
    epic = epic_of(call, group)
    issue = store.issues.get(int(call.args[2])) if call.args[2].isdigit() else None
    user = _assigned(call, group, issue)
    assert issue is not None
    change(Actor(store, call.hooks, user), issue, epic_changes(store, user, issue, epic.id))
    return _association(call, epic, issue)


def remove_issue(call: Call) -> Reply:
    group, store = _group(call), call.store
    epic = epic_of(call, group)
    numbers = {str(each.epic_issue_id): each for each in store.issues.values() if each.epic_id == epic.id}
    issue = numbers.get(call.args[2])
    user = _assigned(call, group, issue)
    assert issue is not None
    reply = _association(call, epic, issue)
    change(Actor(store, call.hooks, user), issue, epic_changes(store, user, issue, None))
    return reply


def _association(call: Call, epic: Epic, issue: Issue) -> Reply:
    shown: dict[str, Any] = {"id": issue.epic_issue_id, "relative_position": 0}
    shown |= {"epic": entities.epic(call.store, epic, call.user), "issue": entities.issue(call.store, issue, call.user)}
    return Reply(201 if call.method == "POST" else 200, shown)


ROUTES: list[Route] = [
    route
    for folder in ("/v4/groups/:id/epics", "/v4/groups/:id/-/epics")
    for route in (
        ("GET", folder, list_epics),
        ("POST", folder, create_epic),
        ("GET", f"{folder}/:epic_iid", get_epic),
        ("PUT", f"{folder}/:epic_iid", update_epic),
        ("DELETE", f"{folder}/:epic_iid", delete_epic),
        ("GET", f"{folder}/:epic_iid/epics", list_children),
        ("GET", f"{folder}/:epic_iid/issues", list_issues),
        ("POST", f"{folder}/:epic_iid/issues/:issue_id", add_issue),
        ("DELETE", f"{folder}/:epic_iid/issues/:epic_issue_id", remove_issue),
    )
]
