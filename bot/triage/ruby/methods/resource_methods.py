"""What can be asked of a resource, of its milestone, of a label, of an event."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import quote

from bot.triage.ruby.date_parsing import parse_date, parse_time
from bot.triage.ruby.errors import RubyError, no_method
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.methods.resources import (
    CONFIDENTIAL,
    Branch,
    Epic,
    InstanceVersion,
    Issue,
    Json,
    Label,
    LabelEvent,
    LinkedIssue,
    MergeRequest,
    Milestone,
    Part,
    Resource,
    WorkItem,
    marked,
    redacted,
)
from bot.triage.ruby.ordering import compare
from bot.triage.ruby.values import Hash, Symbol


def _date(vm: Machine, value: Any) -> dt.date | None:
    return parse_date(str(value), vm.today) if value is not None else None


def _time(vm: Machine, value: Any) -> Any:
    if value is None:
        raise RubyError("TypeError", "no implicit conversion of nil into String")
    return parse_time(str(value), vm.now)


# -- resources -------------------------------------------------------------------------------------------------------


def _author(me: Resource) -> Any:
    author = me.data.get("author")
    if not isinstance(author, dict):
        return None
    return me.own(author.get("username"))


def _state(me: Resource) -> Any:
    return me.own(me.data.get("state")) if me.data.get("state") is not None else None


def _milestone(me: Resource) -> Milestone | None:
    found = me.data.get("milestone")
    return me.once("milestone", lambda: Milestone(found, me)) if isinstance(found, dict) and found else None


def _labels(me: Resource) -> list[Any]:
    names = me.data.get("labels")
    if names is None:
        raise no_method("map", "nil:NilClass")
    return list(me.once("labels", lambda: [Label({"name": name}, me) for name in names]))


def _query_label_events(me: Resource) -> Any:
    return me.own_json(_event_rows(me), me.redacts)


def _event_rows(me: Resource) -> list[Json]:
    return me.api.rows(f"{_found(me).path}/resource_label_events")


def _label_events(me: Resource) -> list[Any]:
    return list(me.once("label_events", lambda: [LabelEvent(row, me) for row in _event_rows(me)]))


def _found(me: Resource) -> Resource:
    """The resource itself, if it is known where it is."""
    if me.holder == "projects/":
        raise RubyError("ArgumentError", "This resource is missing project_id and group_id")
    return me


def _url(me: Resource) -> str:
    name = "repository/branches" if me.kind == "branches" else me.kind
    return f"{me.api.base_url}/api/v4/{_found(me).holder}/{name}?per_page=100"


def _resource_url(me: Resource) -> str:
    return _url(me).replace("?", f"/{me.data['iid']}?") if me.data.get("iid") is not None else _url(me)


def _labels_with_details(me: Resource, *, vm: Machine) -> list[Any]:
    """The labels that are there, as their newest `add` event tells them, newest first."""
    events = [event for event in _label_events(me) if event.data.get("action") == "add" and event.data.get("label")]
    names = set(me.data.get("labels") or [])
    if me.redacts:
        return []
    ordered = sorted(events, key=lambda event: _time(vm, event.data["created_at"]).ns, reverse=True)
    found: dict[str, Label] = {}
    for event in ordered:
        name = event.data["label"]["name"]
        if name in names and name not in found:
            found[name] = _event_label(event, vm=vm)
    return list(found.values())


def _event_label(me: LabelEvent, *, vm: Machine) -> Any:
    label = me.data.get("label")
    if not label:
        return None
    return Label(label, me.of, added_at=CONFIDENTIAL if me.of.redacts else _time(vm, me.data.get("created_at")))


def _project_path(me: Resource) -> Any:
    if me.data.get("project_id") is None and me.data.get("group_id") is None:
        return None
    answer = me.api.one(me.holder)
    value = answer.get("path_with_namespace") if me.holder.startswith("projects") else answer.get("full_path")
    return me.own_json(value, False)


def _root_id(me: Resource) -> Any:
    if me.data.get("project_id") is None and me.data.get("group_id") is None:
        raise RubyError("ArgumentError", "This resource is missing project_id and group_id")
    answer = me.api.one(me.holder, per_page="100")
    group = answer.get("namespace") if me.holder.startswith("projects") else answer
    if not isinstance(group, dict):
        raise no_method("[]", "nil:NilClass")
    for _ in range(10):
        parent = group.get("parent_id")
        if parent is None:
            return group["id"]
        group = me.api.one(f"groups/{parent}")
    raise RubyError("RuntimeError", "The source is nested more than 10 deep")


def _relatives(kind: type[Resource], name: str) -> Function:
    def run(me: Resource) -> list[Any]:
        return list(me.once(name, lambda: [me.child(kind, row) for row in me.api.rows(f"{me.path}/{name}")]))

    return run


def _due_date(me: Resource, *, vm: Machine) -> Any:
    return CONFIDENTIAL if me.redacts else _date(vm, me.data.get("due_date"))


def _start_date(me: Resource, *, vm: Machine) -> Any:
    return CONFIDENTIAL if me.redacts else _date(vm, me.data.get("start_date"))


def _before(one: Any, other: Any) -> bool:
    return compare(one, other) < 0


def _is_expired(me: Any, today: Any = MISSING, *, vm: Machine) -> Any:
    due = _due_date(me, vm=vm) if isinstance(me, Resource) else _milestone_date(me, "due_date", vm)
    return None if due is None else _before(due, vm.today if today is MISSING else today)


def _first_contribution(me: Resource) -> Any:
    if "first_contribution" not in me.data:
        me.data["first_contribution"] = me.api.one(me.path, per_page="100").get("first_contribution")
    return me.own(me.data.get("first_contribution")) if me.redacts else me.data.get("first_contribution")


def _field(name: str) -> Function:
    def run(me: Resource) -> Any:
        value = me.data.get(name)
        return CONFIDENTIAL if me.redacts else marked(value) if me.marks else value

    return run


def _link_type(me: Resource) -> Any:
    return me.own(me.data.get("link_type"))


def _reference(me: Resource) -> Any:
    references = me.data.get("references")
    value = references.get("full") if isinstance(references, dict) else None
    return marked(value) if me.marks else value


def _version(me: Resource) -> InstanceVersion:
    return InstanceVersion(me.api.one("version"), me)


def _type_name(me: Resource) -> Any:
    value = me.data.get("work_item_type")
    return me.own(value)


ANY: dict[str, Function] = {
    "resource": lambda me: me.seen,
    "instance_version": _version,
    "url": _url,
    "build_url": _url,
    "resource_url": _resource_url,
    "resource_id": lambda me: me.data.get("iid"),
    "redact_confidential_attributes?": lambda me: me.redacts,
}
ISSUABLE: dict[str, Function] = ANY | {
    "author": _author,
    "state": _state,
    "milestone": _milestone,
    "labels": _labels,
    "label_events": _label_events,
    "query_label_events": _query_label_events,
    "request_project": lambda me, which: me.answer(me.api.one(f"projects/{quote(str(which), safe='')}")),
    "labels_with_details": _labels_with_details,
    "labels_chronologically": lambda me, *, vm: _labels_with_details(me, vm=vm)[::-1],
    "project_path": _project_path,
    "root_id": _root_id,
    "full_resource_reference": _reference,
}
ISSUE: dict[str, Function] = ISSUABLE | {
    "merge_requests_count": _field("merge_requests_count"),
    "related_merge_requests": _relatives(MergeRequest, "related_merge_requests"),
    "closed_by": _relatives(MergeRequest, "closed_by"),
    "linked_issues": _relatives(LinkedIssue, "links"),
    "due_date": _due_date,
    "expired?": _is_expired,
}


# -- parts -----------------------------------------------------------------------------------------------------------


def _of_part(name: str) -> Function:
    def run(me: Part) -> Any:
        return me.of.own(me.data.get(name))

    return run


def _milestone_date(me: Part, name: str, vm: Machine) -> Any:
    return CONFIDENTIAL if me.of.redacts else _date(vm, me.data.get(name))


def _part_time(name: str) -> Function:
    def run(me: Part, *, vm: Machine) -> Any:
        value = me.data.get(name)
        return CONFIDENTIAL if me.of.redacts else _time(vm, value) if value is not None else None

    return run


def _has_state(state: str) -> Function:
    return lambda me: not me.of.redacts and me.data.get("state") == state


def _is_started(me: Part, today: Any = MISSING, *, vm: Machine) -> Any:
    start = _milestone_date(me, "start_date", vm)
    return None if start is None else not compare(start, vm.today if today is MISSING else today) > 0


def _is_in_progress(me: Part, today: Any = MISSING, *, vm: Machine) -> Any:
    started = _is_started(me, today, vm=vm)
    return started and not _is_expired(me, today, vm=vm)


def _active_with_start(me: Part) -> list[Json]:
    if me.data.get("group_id") is not None:
        holder = f"groups/{me.data['group_id']}"
    elif me.data.get("project_id") is not None:
        holder = f"projects/{me.data['project_id']}"
    else:
        holder = me.of.holder
    rows = me.of.api.rows(f"{holder}/milestones", state="active")
    return sorted((row for row in rows if row.get("start_date")), key=lambda row: str(row["start_date"]))


def _succ(me: Part) -> Milestone | None:
    if me.of.redacts:
        return Milestone({}, me.of)
    rows = _active_with_start(me)
    places = [place for place, row in enumerate(rows) if row.get("id") == me.data.get("id")]
    if not places or places[0] + 1 >= len(rows):
        return None
    return _milestone_of(me, rows[places[0] + 1])


def _milestone_of(me: Part, row: Json) -> Milestone:
    found: Milestone = me.of.once(f"milestone {row.get('id')}", lambda: Milestone(row, me.of))
    return found


MILESTONE: dict[str, Function] = {
    **{name: _of_part(name) for name in ("id", "iid", "project_id", "group_id", "title", "description", "state")},
    "due_date": lambda me, *, vm: _milestone_date(me, "due_date", vm),
    "start_date": lambda me, *, vm: _milestone_date(me, "start_date", vm),
    "created_at": _part_time("created_at"),
    "updated_at": _part_time("updated_at"),
    "active?": _has_state("active"),
    "closed?": _has_state("closed"),
    "started?": _is_started,
    "expired?": _is_expired,
    "in_progress?": _is_in_progress,
    "succ": _succ,
    "all_active_with_start_date": lambda me: [_milestone_of(me, row) for row in _active_with_start(me)],
    "parent": lambda me: me.of,
    "resource": lambda me: me.of.own(me.data) if not me.of.redacts else redacted(me.data, "-"),
}


def _label_resource(me: Label) -> Any:
    if set(me.data) == {"name"}:
        return Hash.of([(Symbol("name"), me.of.own(me.data["name"]))])
    return me.of.own(me.data)


LABEL: dict[str, Function] = {
    **{
        name: lambda me, name=name: (
            me.of.own(me.data.get(name)) if me.of.redacts or me.data.get(name) is not None else None
        )
        for name in ("id", "project_id", "group_id", "name", "description", "color", "priority")
    },
    "added_at": lambda me: me.added_at,
    "resource": _label_resource,
}


def _user(me: Part) -> Any:
    return me.of.own(me.data.get("user"))


LABEL_EVENT: dict[str, Function] = {
    **{name: _of_part(name) for name in ("id", "resource_type", "resource_id", "action")},
    "user": _user,
    "created_at": _part_time("created_at"),
    "label": _event_label,
    "resource": lambda me: me.of.own(me.data),
}


def _short(me: Part) -> str:
    match = re.match(r"\d+\.\d+", str(me.data.get("version") or ""))
    if not match:
        raise no_method("[]", "nil:NilClass")
    return match[0]


VERSION: dict[str, Function] = {
    "version": lambda me: me.data.get("version"),
    "version_short": _short,
    "revision": lambda me: me.data.get("revision"),
}

TABLES: dict[type, dict[str, Function]] = {
    Issue: ISSUE,
    LinkedIssue: ISSUE | {"link_type": _link_type},
    MergeRequest: ISSUABLE
    | {"first_contribution?": _first_contribution, "closes_issues": _relatives(Issue, "closes_issues")},
    Epic: ISSUABLE | {"group_path": _project_path},
    Branch: ANY,
    WorkItem: ISSUABLE
    | {
        "work_item_type": _type_name,
        "work_item_status": lambda me: me.own(me.data.get("work_item_status")),
        "start_date": _start_date,
        "due_date": _due_date,
    },
    Milestone: MILESTONE,
    Label: LABEL,
    LabelEvent: LABEL_EVENT,
    InstanceVersion: VERSION,
}
