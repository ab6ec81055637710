"""Work items: a project's issues and a group's epics by one API, with sparse answers and a cursor for pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.emulator import access, entities
from bot.emulator.entities.values import day, instant
from bot.emulator.finding import work_item_holder, work_item_of
from bot.emulator.issuable_changes import Actor, change
from bot.emulator.issuable_filters import Test, filtered
from bot.emulator.issues import check_title
from bot.emulator.parameters import Params
from bot.emulator.refusals import Refusal, forbidden, grape_error
from bot.emulator.statuses import BY_NAME, found, status_of
from bot.emulator.store import Store
from bot.emulator.tables import OWNER, PLANNER, Epic, Group, Issue, Project, User
from bot.emulator.web import Call, Reply, Route, keyset

Json = dict[str, Any]
WorkItem = Issue | Epic
# Name and number of GitLab's types, by the `issue_type` of the issues API.
TYPES = {
    "issue": ("Issue", 1),
    "incident": ("Incident", 2),
    "test_case": ("Test Case", 3),
    "requirement": ("Requirement", 4),
    "task": ("Task", 5),
    "objective": ("Objective", 6),
    "key_result": ("Key Result", 7),
    "epic": ("Epic", 8),
    "ticket": ("Ticket", 9),
}
_ISSUES_API = {"label_name": "labels", "milestone_title": "milestone", "milestone_wildcard_id": "milestone_id"}
HEALTH = ("on_track", "needs_attention", "at_risk")
ORDERS = ("created_at", "updated_at", "title", "due_date", "start_date", "closed_at", "popularity", "weight")


# -- what an item is -------------------------------------------------------------------------------------------------


def type_of(item: WorkItem) -> tuple[str, int]:
    return TYPES["epic" if isinstance(item, Epic) else item.issue_type]


def number_of(item: WorkItem) -> int:
    return item.work_item_id if isinstance(item, Epic) else item.id


def by_number(store: Store, number: int) -> WorkItem | None:
    issue = store.issues.get(number)
    return issue or next((epic for epic in store.epics.values() if epic.work_item_id == number), None)


def can_see(store: Store, user: User | None, item: WorkItem) -> bool:
    return access.can_see(store, user, item)


def can_edit(store: Store, user: User | None, item: WorkItem) -> bool:
    home = store.home_of(item)
    if user is None or not can_see(store, user, item):
        return False
    return access.level(store, user, home) >= PLANNER or user.id in (item.author_id, *item.assignee_ids)


def items_of(call: Call, holder: Project | Group, *, descendants: bool, ancestors: bool = False) -> list[WorkItem]:
    """The items of a project; of a group its epics, with those of the groups and the issues of the projects below."""
    store = call.store
    if isinstance(holder, Project):
        rows: list[WorkItem] = list(store.project_issues[holder.id].values())
    else:
        groups = [holder, *(store.descendants(holder) if descendants else ())]
        if ancestors:
            groups += [above for above in store.ancestors(holder) if above is not holder]
        rows = [epic for group in groups for epic in store.group_epics[group.id].values()]
        if descendants:
            projects = store.projects_of(holder, include_subgroups=True)
            if not call.params.boolean("include_archived"):
                projects = [project for project in projects if not project.archived]
            rows += [issue for project in projects for issue in store.project_issues[project.id].values()]
    return [row for row in rows if can_see(store, call.user, row)]


# -- answers ---------------------------------------------------------------------------------------------------------


def _namespace(store: Store, item: WorkItem) -> Json:
    home = store.home_of(item)
    if isinstance(home, Group):
        return {"id": home.id, "name": home.name, "path": home.path, "kind": "group", "full_path": home.full_path}
    # A project's own namespace has a number of its own.
    path = store.full_path(home)
    return {"id": 1_000_000 + home.id, "name": home.name, "path": home.path, "kind": "project", "full_path": path}


def _reference(store: Store, item: WorkItem) -> str:
    return f"{store.path_of(store.home_of(item))}{'&' if isinstance(item, Epic) else '#'}{item.iid}"


def web_url(store: Store, item: WorkItem) -> str:
    home = store.home_of(item)
    folder = "epics" if isinstance(item, Epic) else "issues" if item.issue_type == "issue" else "work_items"
    path = home.full_path if isinstance(home, Group) else store.full_path(home)
    return f"{store.external_url}/{'groups/' if isinstance(home, Group) else ''}{path}/-/{folder}/{item.iid}"


def _fields(store: Store, item: WorkItem, user: User | None) -> Json:
    name, number = type_of(item)
    home = store.home_of(item)
    edits, level = can_edit(store, user, item), access.level(store, user, home)
    return {
        "state": item.state,
        "confidential": item.confidential,
        "imported": False,
        "hidden": False,
        "lock_version": 0,
        "created_at": instant(item.created_at),
        "updated_at": instant(item.updated_at),
        "closed_at": instant(item.closed_at),
        "closed_by": entities.user_by_id(store, item.closed_by),
        "title_html": item.title,
        "author": entities.user_by_id(store, item.author_id),
        "work_item_type": {"id": number, "name": name, "icon_name": f"issue-type-{name.lower().replace(' ', '-')}"},
        "namespace": _namespace(store, item),
        "user_discussions_count": entities.discussions_count(store, item),
        "reference": _reference(store, item),
        "web_url": web_url(store, item),
        "web_path": web_url(store, item).removeprefix(store.external_url),
        "user_permissions": {
            "read_work_item": True,
            "update_work_item": edits,
            "delete_work_item": level >= OWNER,
            "admin_work_item": level >= PLANNER,
            "set_work_item_metadata": level >= PLANNER,
            "create_note": user is not None,
        },
    }


def _features(store: Store, item: WorkItem, user: User | None) -> Json:
    """All that this item has; what its type or the tier does not know is left out."""
    labels = sorted((store.labels[each] for each in item.label_ids if each in store.labels), key=lambda each: each.name)
    parent = store.epics.get((item.parent_id if isinstance(item, Epic) else item.epic_id) or 0)
    result: Json = {
        "description": {"description": item.description or "", "edited": False},
        "assignees": entities.people(store, item.assignee_ids),
        "labels": {
            "allows_scoped_labels": store.tier != "free",
            "labels": [
                {
                    "id": each.id,
                    "title": each.name,
                    "description": each.description,
                    "color": each.color,
                    "text_color": entities.text_color(each.color),
                }
                for each in labels
            ],
        },
        "milestone": entities.milestone_of(store, item),
        "start_and_due_date": {"start_date": day(item.start_date), "due_date": day(item.due_date)},
        "hierarchy": {"parent": {"id": parent.work_item_id, "iid": parent.iid} if parent else None},
        "time_tracking": {"time_estimate": item.time_estimate, "total_time_spent": item.time_spent},
        "award_emoji": entities.votes(store, item),
        "notifications": {"subscribed": user is not None and entities.is_subscribed(item, user)},
    }
    if store.tier != "free":
        result["weight"] = {"weight": item.weight}
        status = status_of(store, item)
        if status is not None:
            shown = {"id": status.gid, "name": status.name, "category": status.category, "color": status.color}
            result["status"] = {"status": shown | {"icon_name": status.icon_name, "position": 0, "description": None}}
    if store.tier == "ultimate":
        result["health_status"] = {"health_status": item.health_status}
    return result


def _shown(call: Call, item: WorkItem, features: tuple[str, ...] = ()) -> Json:
    store = call.store
    result: Json = {
        "id": number_of(item),
        "iid": item.iid,
        "global_id": f"gid://gitlab/WorkItem/{number_of(item)}",
        "title": item.title,
    }
    wanted = [name.lower() for name in call.params.texts("fields") or []]
    fields = _fields(store, item, call.user)
    result |= {name: fields[name] for name in wanted if name in fields}
    asked = call.params.values.get("features")
    names = call.params.texts("features") or [] if not isinstance(asked, dict) or call.method == "GET" else []
    has = _features(store, item, call.user)
    shown = {name: has[name] for name in (*names, *features) if name in has}
    return result | ({"features": shown} if names or features else {})


# -- lists -----------------------------------------------------------------------------------------------------------


def _own_tests(call: Call, params: Params) -> list[Test]:
    """The filters whose names or values differ from those of the issues API."""
    store = call.store
    tests: list[Any] = []
    names = params.texts("work_item_type_names")
    if names is not None:
        wanted = {name.lower() for name in names}
        tests.append(lambda item: type_of(item)[0].lower() in wanted)
    numbers = params.integers("work_item_type_ids")
    if numbers is not None:
        if names is not None:
            raise grape_error("work_item_type_ids, work_item_type_names are mutually exclusive")
        tests.append(lambda item: type_of(item)[1] in numbers)
    if "status" in params:
        given = params.nested("status")
        name, gid = given.text("name"), given.text("id")
        if name is not None and gid is not None:
            raise grape_error("status[id], status[name] are mutually exclusive")
        status = found(name, gid)
        tests.append(lambda item: status is not None and status_of(store, item) == status)
    usernames = params.texts("assignee_usernames")
    if usernames:
        people = {store.usernames[each.lower()].id for each in usernames if each.lower() in store.usernames}
        known = len(people) == len(usernames)
        tests.append(lambda item: known and people <= set(item.assignee_ids))
    wildcard = params.choice("assignee_wildcard_id", ("None", "Any"))
    if wildcard:
        if usernames:
            raise grape_error("assignee_usernames, assignee_wildcard_id are mutually exclusive")
        tests.append(lambda item: bool(item.assignee_ids) == (wildcard == "Any"))
    health = params.text("health_status_filter")
    if health is not None and store.tier == "ultimate":
        word = health.lower()
        tests.append(
            lambda item: (
                (item.health_status is None) == (word == "none")
                if word in ("none", "any")
                else item.health_status == word
            )
        )
    for name in ("closed", "due"):
        field = "closed_at" if name == "closed" else "due_date"
        after, before = params.instant(f"{name}_after"), params.instant(f"{name}_before")
        for edge, later in ((after, True), (before, False)):
            if edge is None:
                continue
            limit: Any = edge if name == "closed" else edge.date()

            def test(item: WorkItem, field: str = field, limit: Any = limit, later: bool = later) -> bool:
                value = getattr(item, field)
                return value is not None and (value >= limit if later else value <= limit)

            tests.append(test)
    return tests


def _as_issues_filters(params: Params) -> Params:
    """The same request in the words of the issues API."""
    values = dict(params.values)
    if "milestone_title" in params and "milestone_wildcard_id" in params:
        raise grape_error("milestone_title, milestone_wildcard_id are mutually exclusive")
    for name, known_as in _ISSUES_API.items():
        if name in values:
            values[known_as] = values.pop(name)
    if isinstance(values.get("milestone"), list):
        values["milestone"] = ",".join(values["milestone"])
    return Params(values)


def filtered_items(call: Call, rows: list[WorkItem], params: Params) -> list[WorkItem]:
    """The items for which the filters hold, in the order that is asked for."""
    own = _own_tests(call, params)
    unwanted = _own_tests(call, params.nested("not")) if "not" in params else []
    if "not" in params:
        nested = _as_issues_filters(params.nested("not")).values
        params = Params(params.values | {"not": nested})
    translated = replace(call, params=_as_issues_filters(params))
    inverted: list[Any] = [lambda row, test=test: not test(row) for test in unwanted]
    return filtered(translated, rows, *own, *inverted)


def list_work_items(call: Call) -> Reply:
    holder = work_item_holder(call)
    params = call.params
    if params.text("pagination", "keyset") != "keyset":
        text = (
            "Explicitly setting offset pagination is not supported. "
            "Pagination is determined automatically based on the sort parameter."
        )
        raise Refusal(405, {"error": text})
    params.choice("order_by", ORDERS)
    params.choice("state", ("opened", "closed", "all"))
    descendants = params.boolean("include_descendants")
    rows = items_of(call, holder, descendants=descendants, ancestors=params.boolean("include_ancestors"))
    return keyset(call, filtered_items(call, rows, params), lambda item: _shown(call, item), number_of)


# -- one -------------------------------------------------------------------------------------------------------------


def get_work_item(call: Call) -> Reply:
    call.login()
    return Reply(200, _shown(call, work_item_of(call)))


def update_work_item(call: Call) -> Reply:
    user = call.login()
    item = work_item_of(call)
    if not can_edit(call.store, user, item):
        raise forbidden()
    params = call.params
    changes: dict[str, Any] = {}
    if "title" in params:
        changes["title"] = check_title(params.text("title"))
    if "confidential" in params:
        changes["confidential"] = params.boolean("confidential")
    event = params.choice("state_event", ("close", "reopen"))
    if event:
        changes["state_event"] = event
    features = params.nested("features") if "features" in params else Params({})
    sent = tuple(features.values)
    changes |= feature_changes(call, user, item, features)
    change(Actor(call.store, call.hooks, user), item, changes)
    return Reply(200, _shown(call, item, sent))


def feature_changes(call: Call, user: User, item: WorkItem, features: Params) -> dict[str, Any]:
    """What the features of a request change; what the caller may not set is passed over in silence."""
    store = call.store
    unknown = [name for name in features.values if name not in _features(store, item, user)]
    if unknown:
        names = [f"{name}_widget" for name in unknown]
        kind = type_of(item)[0]
        text = f"Following widget keys are not supported by {kind} type: {', '.join(names)}"
        raise Refusal(400, {"error": text, "unsupported_widgets": names})
    home = store.home_of(item)
    changes: dict[str, Any] = {}
    if "description" in features:
        changes["description"] = features.nested("description").text("description")
    if access.level(store, user, home) < PLANNER:
        return changes
    if "labels" in features:
        given = features.nested("labels")
        usable = {label.id for label in store.labels_for(home).values()}
        add = set(given.integers("add_label_ids") or []) & usable
        changes["label_ids"] = (item.label_ids | add) - set(given.integers("remove_label_ids") or [])
    if "assignees" in features:
        given = features.nested("assignees")
        if "assignee_ids" not in given:
            raise grape_error("features[assignees][assignee_ids] is missing")
        wanted = given.integers("assignee_ids") or []
        able = [each for each in wanted if each in store.users and can_see(store, store.users[each], item)]
        changes["assignee_ids"] = able[:1] if store.tier == "free" else able
    if "milestone" in features:
        number = features.nested("milestone").integer("milestone_id")
        changes["milestone_id"] = next((each.id for each in store.milestones_for(home) if each.id == number), None)
    if "start_and_due_date" in features:
        given = features.nested("start_and_due_date")
        changes |= {name: given.date(name) for name in ("start_date", "due_date") if name in given}
    if "weight" in features:
        changes["weight"] = features.nested("weight").integer("weight")
    if "health_status" in features:
        changes["health_status"] = features.nested("health_status").choice("health_status", HEALTH)
    if "status" in features:
        status = found(gid=features.nested("status").text("status_id"))
        if status is None:
            raise Refusal(422, {"message": "Status doesn't exist."})
        changes |= status_changes(item, status.name)
    return changes


def status_changes(item: WorkItem, name: str) -> dict[str, Any]:
    """A status brings its state along."""
    status = BY_NAME[name.lower()]
    changes: dict[str, Any] = {"status": status.name}
    if status.state != item.state:
        changes["state_event"] = "close" if status.state == "closed" else "reopen"
    return changes


def delete_work_item(call: Call) -> Reply:
    user = call.login()
    item = work_item_of(call)
    store = call.store
    if access.level(store, user, store.home_of(item)) < OWNER:
        raise forbidden()
    store.remove(item)
    return Reply(204)


ROUTES: list[Route] = [
    route
    for holder in ("projects", "groups", "namespaces")
    for folder in (f"/v4/{holder}/:id/-/work_items",)
    for route in (
        ("GET", folder, list_work_items),
        ("GET", f"{folder}/:iid", get_work_item),
        ("PATCH", f"{folder}/:iid", update_work_item),
        ("DELETE", f"{folder}/:iid", delete_work_item),
    )
]
