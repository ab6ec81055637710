"""The mutation of GraphQL that the emulator has: workItemUpdate, with its widgets."""

from __future__ import annotations

import datetime as dt
from typing import Any

from graphql import GraphQLError

from bot.emulator import access
from bot.emulator.graphql_nodes import ABSENT, HEALTH, Node, number_in, work_item_node
from bot.emulator.issuable_changes import Actor, change
from bot.emulator.statuses import found, status_of
from bot.emulator.tables import PLANNER, User
from bot.emulator.web import Call
from bot.emulator.work_items import WorkItem, by_number, can_edit, can_see, status_changes, type_of

_BASE = ("title", "stateEvent", "confidential")
_HEALTH = {shown: name for name, shown in HEALTH.items()}


def update_work_item(call: Call, given: dict[str, Any]) -> Node:
    """What the caller may not change is passed over where it is a widget, and refused where it is the item's own."""
    store, user = call.store, call.user
    item = by_number(store, number_in(given["id"], "WorkItem", "Issue"))
    if item is None or user is None or not can_see(store, user, item):
        raise GraphQLError(ABSENT)
    if call.token is not None and "api" not in call.token.scopes:
        raise GraphQLError(ABSENT)
    widgets = {name: value for name, value in given.items() if name.endswith("Widget") and value is not None}
    unknown = [name for name in widgets if not _has_widget(call, item, name)]
    if unknown:
        names = ", ".join(f":{_snake(name)}" for name in unknown)
        raise GraphQLError(f"Following widget keys are not supported by {type_of(item)[0]} type: [{names}]")
    if not can_edit(store, user, item) and any(name in given for name in _BASE):
        raise GraphQLError(ABSENT)
    changes: dict[str, Any] = {}
    if "title" in given:
        title = (given["title"] or "").strip()
        if not title:
            return {"workItem": None, "errors": ["Title can't be blank"]}
        changes["title"] = title
    if given.get("confidential") is not None:
        changes["confidential"] = given["confidential"]
    if given.get("stateEvent"):
        changes["state_event"] = given["stateEvent"].lower()
    changes |= _widget_changes(call, user, item, widgets)
    change(Actor(store, call.hooks, user), item, changes)
    return {
        "workItem": work_item_node(call, item),
        "errors": [],
        "clientMutationId": given.get("clientMutationId"),
    }


def _has_widget(call: Call, item: WorkItem, name: str) -> bool:
    tier = call.store.tier
    if name == "statusWidget":
        return status_of(call.store, item) is not None
    if name == "healthStatusWidget":
        return tier == "ultimate"
    return name != "weightWidget" or tier != "free"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _widget_changes(call: Call, user: User, item: WorkItem, widgets: dict[str, Any]) -> dict[str, Any]:
    store = call.store
    home = store.home_of(item)
    changes: dict[str, Any] = {}
    if not can_edit(store, user, item):
        return changes
    if "descriptionWidget" in widgets:
        changes["description"] = widgets["descriptionWidget"]["description"]
    if access.level(store, user, home) < PLANNER:
        return changes
    if "labelsWidget" in widgets:
        given = widgets["labelsWidget"]
        usable = {label.id for label in store.labels_for(home).values()}
        kinds = ("Label", "ProjectLabel", "GroupLabel")
        add = {number_in(each, *kinds) for each in given.get("addLabelIds") or []} & usable
        remove = {number_in(each, *kinds) for each in given.get("removeLabelIds") or []}
        changes["label_ids"] = (item.label_ids | add) - remove
    if "assigneesWidget" in widgets:
        ids = [number_in(each, "User") for each in widgets["assigneesWidget"]["assigneeIds"]]
        changes["assignee_ids"] = [each for each in ids if each in store.users]
    if "milestoneWidget" in widgets:
        gid = widgets["milestoneWidget"].get("milestoneId")
        number = number_in(gid, "Milestone") if gid else None
        changes["milestone_id"] = next((each.id for each in store.milestones_for(home) if each.id == number), None)
    if "notesWidget" in widgets:
        changes["discussion_locked"] = widgets["notesWidget"]["discussionLocked"]
    if "weightWidget" in widgets:
        changes["weight"] = widgets["weightWidget"].get("weight")
    if "healthStatusWidget" in widgets:
        changes["health_status"] = _HEALTH.get(widgets["healthStatusWidget"].get("healthStatus") or "")
    if "startAndDueDateWidget" in widgets:
        given = widgets["startAndDueDateWidget"]
        for name, field in (("startDate", "start_date"), ("dueDate", "due_date")):
            if name in given:
                changes[field] = dt.date.fromisoformat(given[name]) if given[name] else None
    if "statusWidget" in widgets:
        given = widgets["statusWidget"]
        status = found(given.get("name"), given.get("status"))
        if status is None:
            raise GraphQLError("Status doesn't exist.")
        changes |= status_changes(item, status.name)
    return changes
