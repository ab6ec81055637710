"""Labels and milestones of projects and groups."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import group_of, project_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, invalid, not_found
from bot.emulator.tables import PLANNER, Group, Issue, Label, Milestone, Project
from bot.emulator.web import Call, Reply, Route, paged

COLOURS = {"red": "#FF0000", "green": "#008000", "blue": "#0000FF", "yellow": "#FFFF00", "orange": "#FFA500"}
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _holder(call: Call) -> Group | Project:
    call.login()
    return group_of(call) if call.path.startswith("/groups/") else project_of(call)


def _need_planner(call: Call, holder: Group | Project) -> None:
    if isinstance(holder, Group):
        level = access.group_level(call.store, call.user, holder)
    else:
        level = access.project_level(call.store, call.user, holder)
    if level < PLANNER:
        raise forbidden()


def _groups_above(call: Call, holder: Group | Project) -> list[int]:
    if isinstance(holder, Group):
        return [group.id for group in call.store.ancestors(holder)][1:]
    return [group.id for group in call.store.ancestors(call.store.groups[holder.namespace_id])]


def _own_key(holder: Group | Project) -> str:
    return "group_id" if isinstance(holder, Group) else "project_id"


def _labels(call: Call, holder: Group | Project, *, ancestors: bool) -> list[Label]:
    above = _groups_above(call, holder) if ancestors else []
    key = _own_key(holder)
    return [
        label
        for label in call.store.labels.values()
        if getattr(label, key) == holder.id or (label.group_id is not None and label.group_id in above)
    ]


def _issues(call: Call, holder: Group | Project) -> list[Issue]:
    if isinstance(holder, Project):
        return list(call.store.project_issues[holder.id].values())
    projects = call.store.projects_of(holder, include_subgroups=True)
    return [issue for project in projects for issue in call.store.project_issues[project.id].values()]


def _show(call: Call, holder: Group | Project, label: Label) -> entities.Json:
    counts = _issues(call, holder) if call.params.boolean("with_counts") else None
    return entities.label(label, in_project=isinstance(holder, Project), counts=counts)


def list_labels(call: Call) -> Reply:
    holder = _holder(call)
    rows = _labels(call, holder, ancestors=call.params.boolean("include_ancestor_groups", True))
    search = (call.params.text("search") or "").lower()
    rows = [label for label in rows if search in f"{label.name} {label.description or ''}".lower()]
    rows.sort(key=lambda label: (label.name.lower(), label.id))
    return paged(call, rows, lambda label: _show(call, holder, label))


def _find(call: Call, holder: Group | Project, wanted: str, *, ancestors: bool) -> Label:
    rows = _labels(call, holder, ancestors=ancestors)
    for label in rows:
        if wanted.isdigit() and label.id == int(wanted):
            return label
    for label in sorted(rows, key=lambda label: label.project_id is None):
        if label.name == wanted:
            return label
    raise not_found("Label")


def get_label(call: Call) -> Reply:
    holder = _holder(call)
    ancestors = call.params.boolean("include_ancestor_groups", True)
    return Reply(200, _show(call, holder, _find(call, holder, call.args[1], ancestors=ancestors)))


def _colour(call: Call) -> str:
    given = call.params.text("color") or ""
    colour = COLOURS.get(given.lower(), given)
    if not COLOUR.fullmatch(colour):
        raise invalid({"color": ["must be a valid color code"]})
    return colour.upper() if given.lower() in COLOURS else colour


def create_label(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    call.params.require("name", "color")
    name = call.params.text("name") or ""
    colour = _colour(call)
    if any(label.name == name for label in _labels(call, holder, ancestors=True)):
        raise Refusal(409, {"message": "Label already exists"})
    _check_title(name)
    own: dict[str, Any] = {_own_key(holder): holder.id}
    label = Label(
        call.store.next_id("labels"),
        name,
        colour,
        call.store.now(),
        call.params.text("description"),
        priority=call.params.integer("priority"),
        **own,
    )
    call.store.labels[label.id] = label
    return Reply(201, _show(call, holder, label))


def _check_title(name: str) -> None:
    if "," in name:
        raise invalid({"title": ["is invalid"]})
    if not name.strip():
        raise invalid({"title": ["can't be blank"]})
    if len(name) > 255:
        raise invalid({"title": ["is too long (maximum is 255 characters)"]})


def _named(call: Call) -> str:
    if len(call.args) > 1:
        return call.args[1]
    given = call.params.given("label_id", "name")
    if len(given) != 1:
        text = "label_id, name are missing, exactly one parameter must be provided"
        raise grape_error(text if not given else "label_id, name are mutually exclusive")
    return call.params.text(given[0]) or ""


def update_label(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    label = _find(call, holder, _named(call), ancestors=False)
    call.params.require_any("new_name", "color", "description", "priority")
    if "new_name" in call.params:
        _check_title(call.params.text("new_name") or "")
        taken = [each for each in _labels(call, holder, ancestors=True) if each.name == call.params.text("new_name")]
        if taken and taken != [label]:
            raise invalid({"title": ["has already been taken"]})
        label.name = call.params.text("new_name") or label.name
    if "color" in call.params:
        label.color = _colour(call)
    if "description" in call.params:
        label.description = call.params.text("description")
    if "priority" in call.params:
        label.priority = call.params.integer("priority")
    return Reply(200, _show(call, holder, label))


def delete_label(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    label = _find(call, holder, _named(call), ancestors=False)
    del call.store.labels[label.id]
    for issuable in call.store.issuables():
        issuable.label_ids.discard(label.id)
    return Reply(204)


def subscribe_label(call: Call) -> Reply:
    """Subscriptions are answered and not kept."""
    holder = _holder(call)
    label = _find(call, holder, call.args[1], ancestors=True)
    return Reply(201, _show(call, holder, label) | {"subscribed": call.path.endswith("/subscribe")})


def promote_label(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    label = _find(call, holder, call.args[1], ancestors=False)
    group = call.store.groups[holder.namespace_id] if isinstance(holder, Project) else None
    if group is None or group.kind != "group":
        raise Refusal(400, {"message": "Failed to promote project label to group label"})
    label.project_id, label.group_id = None, group.id
    return Reply(200, entities.label(label, in_project=False))


# -- milestones ------------------------------------------------------------------------------------------------------


def _milestones(call: Call, holder: Group | Project, *, ancestors: bool) -> list[Milestone]:
    above = _groups_above(call, holder) if ancestors else []
    key = _own_key(holder)
    return [
        milestone
        for milestone in call.store.milestones.values()
        if getattr(milestone, key) == holder.id or (milestone.group_id is not None and milestone.group_id in above)
    ]


def list_milestones(call: Call) -> Reply:
    holder = _holder(call)
    params = call.params
    rows = _milestones(
        call, holder, ancestors=params.boolean("include_ancestors") or params.boolean("include_parent_milestones")
    )
    state = params.choice("state", ("active", "closed", "all"), "all")
    if state != "all":
        rows = [milestone for milestone in rows if milestone.state == state]
    iids = params.integers("iids")
    if iids is not None:
        rows = [milestone for milestone in rows if milestone.iid in iids]
    if "title" in params:
        rows = [milestone for milestone in rows if milestone.title == params.text("title")]
    search = params.text("search")
    if search:
        rows = [milestone for milestone in rows if search.lower() in milestone.title.lower()]
    rows.sort(key=lambda milestone: (milestone.due_date or dt.date.max, milestone.id))
    return paged(call, rows, lambda milestone: entities.milestone(call.store, milestone))


def _milestone(call: Call, holder: Group | Project) -> Milestone:
    wanted = call.args[1]
    for milestone in _milestones(call, holder, ancestors=False):
        if str(milestone.id) == wanted:
            return milestone
    raise not_found()


def get_milestone(call: Call) -> Reply:
    return Reply(200, entities.milestone(call.store, _milestone(call, _holder(call))))


def create_milestone(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    call.params.require("title")
    store = call.store
    title = call.params.text("title") or ""
    own = _milestones(call, holder, ancestors=False)
    if not title.strip():
        raise _unsaved("title", "can't be blank")
    if any(milestone.title == title for milestone in own):
        raise _unsaved("title", "has already been taken")
    if any(milestone.title == title for milestone in _milestones(call, holder, ancestors=True)):
        raise _unsaved("title", "already being used for another group or project milestone.")
    start, due = call.params.date("start_date"), call.params.date("due_date")
    if start and due and due < start:
        raise _unsaved("due_date", "must be greater than start date")
    key: dict[str, Any] = {_own_key(holder): holder.id}
    milestone = Milestone(
        store.next_id("milestones"),
        max((each.iid for each in own), default=0) + 1,
        title,
        store.now(),
        store.now(),
        call.params.text("description") or "",
        due_date=due,
        start_date=start,
        **key,
    )
    store.milestones[milestone.id] = milestone
    return Reply(201, entities.milestone(store, milestone))


def _unsaved(field: str, text: str) -> Refusal:
    return Refusal(400, {"message": f'Failed to create milestone {{{field}: ["{text}"]}}'})


def update_milestone(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    milestone = _milestone(call, holder)
    params = call.params
    params.require_any("title", "description", "due_date", "start_date", "state_event")
    milestone.title = params.text("title", milestone.title) or milestone.title
    milestone.description = params.text("description", milestone.description) or ""
    if "due_date" in params:
        milestone.due_date = params.date("due_date")
    if "start_date" in params:
        milestone.start_date = params.date("start_date")
    event = params.choice("state_event", ("close", "activate"))
    if event:
        milestone.state = {"close": "closed", "activate": "active"}[event]
    milestone.updated_at = call.store.now()
    return Reply(200, entities.milestone(call.store, milestone))


def delete_milestone(call: Call) -> Reply:
    holder = _holder(call)
    _need_planner(call, holder)
    milestone = _milestone(call, holder)
    del call.store.milestones[milestone.id]
    for issuable in call.store.issuables():
        if issuable.milestone_id == milestone.id:
            issuable.milestone_id = None
    return Reply(204)


def list_milestone_issues(call: Call) -> Reply:
    holder = _holder(call)
    milestone = _milestone(call, holder)
    rows = [
        issue
        for issue in _issues(call, holder)
        if issue.milestone_id == milestone.id and access.can_see_issue(call.store, call.user, issue)
    ]
    return paged(call, rows, lambda issue: entities.issue(call.store, issue, call.user))


ROUTES: list[Route] = [
    route
    for kind in ("projects", "groups")
    for route in (
        ("GET", f"/v4/{kind}/:id/labels", list_labels),
        ("POST", f"/v4/{kind}/:id/labels", create_label),
        ("PUT", f"/v4/{kind}/:id/labels", update_label),
        ("DELETE", f"/v4/{kind}/:id/labels", delete_label),
        ("GET", f"/v4/{kind}/:id/labels/:name", get_label),
        ("PUT", f"/v4/{kind}/:id/labels/:name", update_label),
        ("DELETE", f"/v4/{kind}/:id/labels/:name", delete_label),
        ("POST", f"/v4/{kind}/:id/labels/:name/subscribe", subscribe_label),
        ("POST", f"/v4/{kind}/:id/labels/:name/unsubscribe", subscribe_label),
        ("PUT", f"/v4/{kind}/:id/labels/:name/promote", promote_label),
        ("GET", f"/v4/{kind}/:id/milestones", list_milestones),
        ("POST", f"/v4/{kind}/:id/milestones", create_milestone),
        ("GET", f"/v4/{kind}/:id/milestones/:milestone_id", get_milestone),
        ("PUT", f"/v4/{kind}/:id/milestones/:milestone_id", update_milestone),
        ("DELETE", f"/v4/{kind}/:id/milestones/:milestone_id", delete_milestone),
        ("GET", f"/v4/{kind}/:id/milestones/:milestone_id/issues", list_milestone_issues),
    )
]
