"""Issues: GitLab's list filters, creation, changes, moving, links, votes and histories."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import group_of, issue_of, need_admin, note_of, project_of
from bot.emulator.issue_changes import Actor, add_note, change_issue, resolve_labels
from bot.emulator.quick_actions import interpret, seconds_of
from bot.emulator.store import GUEST, OWNER, PLANNER, Award, Issue, Link, Project, Store, User
from bot.emulator.web import (
    Call,
    Params,
    Refusal,
    Reply,
    Route,
    forbidden,
    grape_error,
    invalid,
    keyset,
    not_found,
    paged,
    unauthorized,
)

TYPES = ("issue", "incident", "test_case", "task", "requirement", "objective", "key_result", "epic", "ticket")
MOST_CHARACTERS = 1_048_576
EDITABLE = (
    "assignee_id",
    "assignee_ids",
    "confidential",
    "created_at",
    "description",
    "discussion_locked",
    "due_date",
    "labels",
    "add_labels",
    "remove_labels",
    "milestone_id",
    "state_event",
    "title",
    "issue_type",
)

# -- lists -----------------------------------------------------------------------------------------------------------

Test = Callable[[Issue], bool]


def _users(store: Store, names: list[str]) -> set[int]:
    return {store.usernames[name.lower()].id for name in names if name.lower() in store.usernames}


def _label_test(store: Store, names: list[str]) -> Test:
    if [name.lower() for name in names] == ["none"]:
        return lambda issue: not issue.label_ids
    if [name.lower() for name in names] == ["any"]:
        return lambda issue: bool(issue.label_ids)
    wanted = set(names)
    return lambda issue: wanted <= {store.labels[each].name for each in issue.label_ids if each in store.labels}


def _milestone_test(store: Store, title: str) -> Test:
    if title.lower() == "none":
        return lambda issue: issue.milestone_id is None
    if title.lower() == "any":
        return lambda issue: issue.milestone_id is not None
    ids = {milestone.id for milestone in store.milestones.values() if milestone.title == title}
    return lambda issue: issue.milestone_id in ids


def _milestone_wildcard(store: Store, word: str) -> Test:
    today = store.now().date()
    if word in ("None", "0"):
        return lambda issue: issue.milestone_id is None
    if word == "Any":
        return lambda issue: issue.milestone_id is not None
    active = [milestone for milestone in store.milestones.values() if milestone.state == "active"]
    if word == "Upcoming":
        later = [each for each in active if each.due_date and each.due_date > today]
        ids = {min(later, key=lambda each: each.due_date or today).id} if later else set()
    else:
        ids = {
            each.id
            for each in active
            if each.start_date and each.start_date <= today and (each.due_date is None or each.due_date >= today)
        }
    return lambda issue: issue.milestone_id in ids


def _due_test(word: str, today: dt.date) -> Test:
    week = today - dt.timedelta(days=today.weekday())
    next_month = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    spans: dict[str, tuple[dt.date, dt.date]] = {
        "today": (today, today),
        "tomorrow": (today + dt.timedelta(days=1), today + dt.timedelta(days=1)),
        "week": (week, week + dt.timedelta(days=6)),
        "month": (today.replace(day=1), next_month - dt.timedelta(days=1)),
        "next_month_and_previous_two_weeks": (
            today - dt.timedelta(days=14),
            (next_month + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1),
        ),
    }
    if word in ("0", ""):
        return lambda issue: issue.due_date is None
    if word == "any":
        return lambda issue: issue.due_date is not None
    if word == "overdue":
        return lambda issue: issue.due_date is not None and issue.due_date < today
    first, last = spans[word]
    return lambda issue: issue.due_date is not None and first <= issue.due_date <= last


def _person_test(store: Store, params: Params, role: str, of: Callable[[Issue], set[int]]) -> list[Test]:
    tests: list[Test] = []
    wanted = params.text(f"{role}_id")
    if wanted is not None:
        if wanted.lower() in ("none", "0", ""):
            tests.append(lambda issue: not of(issue))
        elif wanted.lower() == "any":
            tests.append(lambda issue: bool(of(issue)))
        elif not wanted.isdigit():
            raise grape_error(f"{role}_id is invalid")
        else:
            number = int(wanted)
            tests.append(lambda issue: number in of(issue))
    names = params.texts(f"{role}_username")
    if names:
        if role == "assignee" and store.tier == "free" and len(names) > 1:
            raise grape_error(f"assignee_username allows one value, but found {len(names)}: {', '.join(names)}")
        ids = _users(store, names)
        tests.append(lambda issue: bool(ids) and ids <= of(issue) if role == "assignee" else bool(ids & of(issue)))
    return tests


def _tests(call: Call, params: Params) -> list[Test]:
    """The filters that hold and that can stand inside `not[...]` as well."""
    store = call.store
    tests: list[Test] = []
    labels = params.texts("labels")
    if labels:
        tests.append(_label_test(store, labels))
    milestone = params.text("milestone")
    wildcard = params.choice("milestone_id", ("Any", "None", "Upcoming", "Started", "0"))
    if milestone and wildcard:
        raise grape_error("milestone_id, milestone are mutually exclusive")
    if milestone:
        tests.append(_milestone_test(store, milestone))
    if wildcard:
        tests.append(_milestone_wildcard(store, wildcard))
    iids = params.integers("iids")
    if iids is not None:
        tests.append(lambda issue: issue.iid in iids)
    tests += _person_test(store, params, "author", lambda issue: {issue.author_id})
    tests += _person_test(store, params, "assignee", lambda issue: set(issue.assignee_ids))
    emoji = params.text("my_reaction_emoji")
    if emoji:
        me = call.user.id if call.user else 0
        tests.append(
            lambda issue: any(
                award.user_id == me and emoji.lower() in ("any", award.name)
                for award in store.awards.get(("Issue", issue.id), [])
            )
        )
    weight = params.text("weight")
    if weight is not None and store.tier != "free":
        if weight.lower() in ("none", "any"):
            tests.append(lambda issue: (issue.weight is None) == (weight.lower() == "none"))
        else:
            tests.append(lambda issue: str(issue.weight) == weight)
    return tests


def _filter(call: Call, rows: list[Issue]) -> list[Issue]:
    params, store = call.params, call.store
    tests = _tests(call, params)
    for test in _tests(call, params.nested("not")):
        tests.append(lambda issue, unwanted=test: not unwanted(issue))  # type: ignore[misc]
    if "not" in params:
        # A list of labels in not[] excludes each of them, not only all of them together.
        unwanted_labels = set(params.nested("not").texts("labels") or [])
        tests.append(lambda issue: not unwanted_labels & set(store.label_names(issue)))
    state = params.choice("state", ("opened", "closed", "all"), "all")
    if state != "all":
        tests.append(lambda issue: issue.state == state)
    search = params.text("search")
    if search:
        within = (params.text("in") or "title,description").split(",")
        words = search.lower().split()
        tests.append(
            lambda issue: all(
                any(word in (getattr(issue, field, None) or "").lower() for field in within) for word in words
            )
        )
    for attribute in ("created_at", "updated_at"):
        stem = attribute.removesuffix("_at")
        after, before = params.instant(f"{stem}_after"), params.instant(f"{stem}_before")
        if after:
            tests.append(lambda issue, name=attribute, edge=after: getattr(issue, name) >= edge)  # type: ignore[misc]
        if before:
            tests.append(lambda issue, name=attribute, edge=before: getattr(issue, name) <= edge)  # type: ignore[misc]
    if params.text("confidential") is not None:
        confidential = params.boolean("confidential")
        tests.append(lambda issue: issue.confidential is confidential)
    due = params.choice(
        "due_date",
        ("0", "any", "today", "tomorrow", "overdue", "week", "month", "next_month_and_previous_two_weeks", ""),
    )
    if due is not None:
        tests.append(_due_test(due, store.now().date()))
    kind = params.choice("issue_type", TYPES)
    if kind:
        tests.append(lambda issue: issue.issue_type == kind)
    closed_by = params.integer("closed_by_id")
    if closed_by is not None:
        tests.append(lambda issue: issue.closed_by == closed_by)
    rows = [issue for issue in rows if all(test(issue) for test in tests)]
    return _sorted(call, rows)


def _sorted(call: Call, rows: list[Issue]) -> list[Issue]:
    orders = (
        "created_at",
        "updated_at",
        "priority",
        "due_date",
        "relative_position",
        "label_priority",
        "milestone_due",
        "popularity",
        "title",
        "weight",
    )
    order = call.params.choice("order_by", orders, "created_at") or "created_at"
    descending = call.params.choice("sort", ("asc", "desc"), "desc") == "desc"
    store = call.store
    far = dt.date.max if not descending else dt.date.min

    def votes(issue: Issue) -> int:
        return sum(1 for award in store.awards.get(("Issue", issue.id), []) if award.name == "thumbsup")

    keys: dict[str, Callable[[Issue], Any]] = {
        "updated_at": lambda issue: (issue.updated_at, issue.id),
        "due_date": lambda issue: (issue.due_date or far, issue.id),
        "title": lambda issue: (issue.title.lower(), issue.id),
        "popularity": lambda issue: (votes(issue), issue.id),
        "weight": lambda issue: (issue.weight or 0, issue.id),
        "relative_position": lambda issue: issue.id,
    }
    return sorted(rows, key=keys.get(order, lambda issue: (issue.created_at, issue.id)), reverse=descending)


def _list(call: Call, rows: list[Issue], relative_to: str | None = None) -> Reply:
    details = call.params.boolean("with_labels_details")
    rows = _filter(call, rows)

    def show(issue: Issue) -> entities.Json:
        shown = entities.issue(call.store, issue, call.user, label_details=details)
        if relative_to is not None:
            shown["references"]["relative"] = shown["references"]["full"].removeprefix(relative_to)
        return shown

    if call.params.text("pagination") == "keyset" and call.params.text("order_by", "created_at") in (
        "created_at",
        "updated_at",
    ):
        return keyset(call, rows, show, lambda issue: issue.id)
    return paged(call, rows, show)


def _readable(call: Call, projects: list[Project]) -> list[Issue]:
    store, user = call.store, call.user
    rows: list[Issue] = []
    for project in projects:
        if not access.can_see_project(store, user, project) or not access.feature_open(store, user, project, "issues"):
            continue
        sees_all = access.project_level(store, user, project) >= PLANNER
        rows += [
            issue
            for issue in store.project_issues[project.id].values()
            if not issue.confidential or sees_all or access.can_see_issue(store, user, issue)
        ]
    return rows


def _scoped(call: Call, rows: list[Issue], default: str) -> list[Issue]:
    scopes = ("created_by_me", "assigned_to_me", "created-by-me", "assigned-to-me", "all")
    scope = (call.params.choice("scope", scopes, default) or default).replace("-", "_")
    me = call.user.id if call.user else 0
    if scope == "created_by_me":
        return [issue for issue in rows if issue.author_id == me]
    if scope == "assigned_to_me":
        return [issue for issue in rows if me in issue.assignee_ids]
    return rows


def list_project_issues(call: Call) -> Reply:
    return _list(call, _scoped(call, _readable(call, [project_of(call)]), "all"))


def list_group_issues(call: Call) -> Reply:
    group = group_of(call)
    projects = call.store.projects_of(group, include_subgroups=True)
    if call.params.boolean("non_archived", True):
        projects = [project for project in projects if not project.archived]
    return _list(call, _scoped(call, _readable(call, projects), "all"), relative_to=f"{group.full_path}/")


def list_all_issues(call: Call) -> Reply:
    if call.params.text("scope") != "all":
        call.login()
    projects = [project for project in call.store.projects.values() if not project.archived]
    rows = _scoped(call, _readable(call, projects), "created_by_me")
    return _list(call, rows, relative_to="")


# -- one issue -------------------------------------------------------------------------------------------------------


def get_issue(call: Call) -> Reply:
    issue = issue_of(call, project_of(call))
    return Reply(200, entities.issue(call.store, issue, call.user, single=True))


def get_issue_by_id(call: Call) -> Reply:
    need_admin(call)
    issue = call.store.issues.get(int(call.args[0])) if call.args[0].isdigit() else None
    if issue is None:
        raise not_found()
    return Reply(200, entities.issue(call.store, issue, call.user, single=True))


def _check_title(title: str | None) -> str:
    if title is None or not title.strip():
        raise invalid({"title": ["can't be blank"]})
    if len(title) > 255:
        raise invalid({"title": ["is too long (maximum is 255 characters)"]})
    return title.strip()


def check_length(text: str | None, field: str) -> None:
    if text is not None and len(text) > MOST_CHARACTERS:
        raise invalid({field: [f"is too long (maximum is {MOST_CHARACTERS:,} characters)".replace(",", "")]})


def create_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    params.require("title")
    if project.archived or not access.feature_open(store, user, project, "issues"):
        raise forbidden()
    if "confidential" in params and params.values["confidential"] in (None, ""):
        raise grape_error("confidential is empty")
    title = _check_title(params.text("title"))
    kind = params.choice("issue_type", TYPES, "issue") or "issue"
    level = access.project_level(store, user, project)
    iid = params.integer("iid") if level >= OWNER else None
    if iid is not None and iid in store.project_issues[project.id]:
        raise Refusal(409, {"message": "Duplicated issue"})
    description = params.text("description")
    check_length(description, "description")
    actor = Actor(store, call.hooks, user)
    now = (params.instant("created_at") if level >= OWNER else None) or store.now()
    if iid is None:
        iid = project.next_issue_iid
        while iid in store.project_issues[project.id]:
            iid += 1
    issue = Issue(store.next_id("issues"), iid, project.id, title, user.id, now, now, issue_type=kind)
    project.next_issue_iid = max(project.next_issue_iid, iid + 1)
    wanted: dict[str, Any] = {"confidential": params.boolean("confidential")}
    if level >= GUEST:
        names = (params.texts("labels") or []) + (params.texts("add_labels") or [])
        wanted["label_ids"] = resolve_labels(actor, project, names, create=True)
        wanted |= _metadata(call, project, issue)
    commands = interpret(actor, project, None, description or "", issue_type=kind)
    if "label_ids" in commands.changes:
        commands.changes["label_ids"] = commands.changes["label_ids"] | wanted.get("label_ids", set())
    wanted |= commands.changes
    if "severity" in params and kind == "incident" and level >= PLANNER:
        wanted["severity"] = (params.text("severity") or "unknown").upper()
    issue.description = commands.text if description is not None else None
    closing = wanted.pop("state_event", None)
    store.issues[issue.id] = issue
    store.project_issues[project.id][iid] = issue
    change_issue(actor, issue, wanted, quiet=True)
    issue.updated_at = params.instant("updated_at") if "updated_at" in params and level >= OWNER else now  # type: ignore[assignment]
    project.last_activity_at = store.now()
    call.hooks.issue_changed(issue, user, "open", {})
    if closing:
        change_issue(actor, issue, {"state_event": closing})
    return Reply(201, entities.issue(store, issue, user, single=True))


def _metadata(call: Call, project: Project, issue: Issue) -> dict[str, Any]:
    """Assignees, milestone, due date, weight and lock, as they were given."""
    params, store = call.params, call.store
    changes: dict[str, Any] = {}
    ids = params.integers("assignee_ids")
    if ids is None and "assignee_id" in params:
        one = params.integer("assignee_id")
        ids = [one] if one else []
    if ids is not None:
        people = [store.users[each] for each in ids if each in store.users]
        able = [user.id for user in people if access.can_see_project(store, user, project)]
        changes["assignee_ids"] = able[:1] if store.tier == "free" else able
    if "milestone_id" in params:
        milestone_id = params.integer("milestone_id")
        changes["milestone_id"] = milestone_id if milestone_id in _usable_milestones(store, project) else None
    elif params.text("milestone"):
        usable = [store.milestones[each] for each in _usable_milestones(store, project)]
        title = params.text("milestone")
        changes["milestone_id"] = next((each.id for each in usable if each.title == title), None)
    if "due_date" in params:
        changes["due_date"] = params.date("due_date")
    if "weight" in params and store.tier != "free":
        changes["weight"] = params.integer("weight")
    if "discussion_locked" in params and issue.id in store.issues:
        changes["discussion_locked"] = params.boolean("discussion_locked")
    return changes


def _usable_milestones(store: Store, project: Project) -> set[int]:
    groups = [group.id for group in store.ancestors(store.groups[project.namespace_id])]
    return {
        milestone.id
        for milestone in store.milestones.values()
        if milestone.project_id == project.id or milestone.group_id in groups
    }


def update_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    found = store.project_issues[project.id].get(int(call.args[1])) if call.args[1].isdigit() else None
    if found is None:
        raise not_found()
    if not params.given(*EDITABLE) and not (store.tier != "free" and "weight" in params):
        raise grape_error(f"{', '.join(EDITABLE)} are missing, at least one parameter must be provided")
    issue = found
    level = access.project_level(store, user, project)
    seen = access.can_see_issue(store, user, issue)
    own = issue.author_id == user.id or (level >= GUEST and user.id in issue.assignee_ids)
    if not seen or (level < PLANNER and not own) or project.archived:
        raise forbidden()
    actor = Actor(store, call.hooks, user)
    changes: dict[str, Any] = {}
    if "title" in params:
        changes["title"] = _check_title(params.text("title"))
    event = params.choice("state_event", ("close", "reopen"))
    if "description" in params:
        description = params.text("description")
        check_length(description, "description")
        commands = interpret(actor, project, issue, description or "")
        changes |= commands.changes
        changes["description"] = commands.text if description is not None else None
    if event:
        changes["state_event"] = event
    if level >= PLANNER:
        changes |= _metadata(call, project, issue)
        if "confidential" in params:
            changes["confidential"] = params.boolean("confidential")
        labels = _changed_labels(call, actor, project, issue)
        if labels is not None:
            changes["label_ids"] = labels
        kind = params.choice("issue_type", TYPES)
        if kind:
            changes["issue_type"] = kind
        if "severity" in params and (kind or issue.issue_type) == "incident":
            changes["severity"] = (params.text("severity") or "unknown").upper()
    if level >= OWNER:
        if "created_at" in params:
            issue.created_at = params.instant("created_at") or issue.created_at
        if "updated_at" in params:
            changes["updated_at"] = params.instant("updated_at")
    change_issue(actor, issue, changes)
    return Reply(200, entities.issue(store, issue, user, single=True))


def _changed_labels(call: Call, actor: Actor, project: Project, issue: Issue) -> set[int] | None:
    params = call.params
    if not params.given("labels", "add_labels", "remove_labels"):
        return None
    result = set(issue.label_ids)
    replaced = params.texts("labels")
    if replaced is not None:
        result = resolve_labels(actor, project, replaced, create=True)
    result |= resolve_labels(actor, project, params.texts("add_labels") or [], create=True)
    return result - resolve_labels(actor, project, params.texts("remove_labels") or [], create=False)


def delete_issue(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    if access.project_level(call.store, call.user, project) < OWNER:
        raise forbidden()
    del call.store.issues[issue.id]
    del call.store.project_issues[project.id][issue.iid]
    for number in issue.note_ids:
        call.store.notes.pop(number, None)
    return Reply(204)


def move_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    call.params.require("to_project_id")
    store = call.store
    target = store.projects.get(call.params.integer("to_project_id") or 0)
    if target is None or not access.can_see_project(store, user, target):
        raise not_found("Project")
    if target.id == project.id:
        raise Refusal(400, {"message": "Cannot move issue to project it originates from!"})
    able = min(access.project_level(store, user, project), access.project_level(store, user, target)) >= PLANNER
    if not able:
        raise Refusal(400, {"message": "Cannot move work item due to insufficient permissions."})
    now = store.now()
    moved = Issue(
        store.next_id("issues"),
        target.next_issue_iid,
        target.id,
        issue.title,
        issue.author_id,
        issue.created_at,
        now,
        description=issue.description,
        assignee_ids=list(issue.assignee_ids),
        confidential=issue.confidential,
        issue_type=issue.issue_type,
        severity=issue.severity,
        due_date=issue.due_date,
        weight=issue.weight,
    )
    target.next_issue_iid += 1
    names = set(store.label_names(issue))
    moved.label_ids = {label.id for name, label in store.labels_for(target).items() if name in names}
    store.issues[moved.id] = moved
    store.project_issues[target.id][moved.iid] = moved
    actor = Actor(store, call.hooks, user)
    for number in list(issue.note_ids):
        note = store.notes.get(number)
        if note is not None and not note.system:
            author = store.users.get(note.author_id, user)
            add_note(
                Actor(store, call.hooks, author), moved, note.body, internal=note.internal, created_at=note.created_at
            )
    issue.moved_to_id = moved.id
    add_note(actor, issue, f"moved to {store.full_path(target)}#{moved.iid}", system=True)
    add_note(actor, moved, f"moved from {store.full_path(project)}#{issue.iid}", system=True)
    change_issue(actor, issue, {"state_event": "close"})
    call.hooks.issue_changed(moved, user, "open", {})
    return Reply(201, entities.issue(store, moved, user, single=True))


def subscribe(call: Call) -> Reply:
    return _subscription(call, True)


def unsubscribe(call: Call) -> Reply:
    return _subscription(call, False)


def _subscription(call: Call, wanted: bool) -> Reply:
    user = call.login()
    issue = issue_of(call, project_of(call))
    now = entities.issue(call.store, issue, user, single=True)["subscribed"]
    if now is wanted:
        return Reply(304)
    (issue.subscribed if wanted else issue.unsubscribed).add(user.id)
    (issue.unsubscribed if wanted else issue.subscribed).discard(user.id)
    return Reply(201, entities.issue(call.store, issue, user, single=True))


def list_participants(call: Call) -> Reply:
    issue = issue_of(call, project_of(call))
    store = call.store
    ids = [issue.author_id, *issue.assignee_ids]
    ids += [
        store.notes[each].author_id for each in issue.note_ids if each in store.notes and not store.notes[each].system
    ]
    people: list[User] = []
    for each in ids:
        user = store.users.get(each)
        if user is not None and user not in people:
            people.append(user)
    return paged(call, people, lambda user: entities.user_basic(store, user))


def list_nothing(call: Call) -> Reply:
    """Merge requests that concern an issue: the emulator has none."""
    issue_of(call, project_of(call))
    return paged(call, [], lambda row: row)


def get_time_stats(call: Call) -> Reply:
    return Reply(200, entities.time_stats(issue_of(call, project_of(call))))


def track_time(call: Call) -> Reply:
    """Estimates and time spent, by GitLab's words for durations."""
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    if access.project_level(call.store, user, project) < PLANNER:
        raise forbidden()
    verb = call.path.rpartition("/")[2]
    seconds = 0
    if not verb.startswith("reset"):
        call.params.require("duration")
        seconds = seconds_of(call.params.text("duration") or "")
    changes = {"time_estimate": seconds} if verb.endswith("estimate") else {"time_spent": seconds}
    if verb == "add_spent_time":
        changes["time_spent"] = max(0, issue.time_spent + seconds)
    change_issue(Actor(call.store, call.hooks, user), issue, dict(changes))
    return Reply(201 if verb == "add_spent_time" else 200, entities.time_stats(issue))


def project_statistics(call: Call) -> Reply:
    return _statistics(call, [project_of(call)])


def group_statistics(call: Call) -> Reply:
    return _statistics(call, call.store.projects_of(group_of(call), include_subgroups=True))


def statistics(call: Call) -> Reply:
    return _statistics(call, list(call.store.projects.values()))


def _statistics(call: Call, projects: list[Project]) -> Reply:
    rows = _filter(call, _readable(call, projects))
    opened = sum(1 for issue in rows if issue.state == "opened")
    counts = {"all": len(rows), "closed": len(rows) - opened, "opened": opened}
    return Reply(200, {"statistics": {"counts": counts}})


# -- histories -------------------------------------------------------------------------------------------------------


def list_label_events(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    rows = call.store.label_events[issue.id]
    return paged(call, rows, lambda event: entities.label_event(call.store, event))


def get_label_event(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    for event in call.store.label_events[issue.id]:
        if str(event.id) == call.args[2]:
            return Reply(200, entities.label_event(call.store, event))
    raise not_found()


def get_state_event(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    for event in call.store.state_events[issue.id]:
        if str(event.id) == call.args[2]:
            return Reply(200, entities.state_event(call.store, event))
    raise not_found()


def list_state_events(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    rows = call.store.state_events[issue.id]
    return paged(call, rows, lambda event: entities.state_event(call.store, event))


# -- links -----------------------------------------------------------------------------------------------------------

_MIRRORED = {"relates_to": "relates_to", "blocks": "is_blocked_by", "is_blocked_by": "blocks"}


def list_links(call: Call) -> Reply:
    issue = issue_of(call, project_of(call))
    store = call.store
    result = []
    for link in store.links.values():
        if issue.id not in (link.source_id, link.target_id):
            continue
        outgoing = link.source_id == issue.id
        other = store.issues.get(link.target_id if outgoing else link.source_id)
        if other is None or other.project_id not in store.projects or not access.can_see_issue(store, call.user, other):
            continue
        result.append(
            entities.issue(store, other, call.user)
            | {
                "issue_link_id": link.id,
                "link_type": link.link_type if outgoing else _MIRRORED[link.link_type],
                "link_created_at": entities.instant(link.created_at),
                "link_updated_at": entities.instant(link.created_at),
            }
        )
    return Reply(200, result)


def create_link(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    call.params.require("target_project_id", "target_issue_iid")
    store = call.store
    wanted = call.params.text("target_project_id") or ""
    target_project = store.projects.get(int(wanted)) if wanted.isdigit() else store.project_paths.get(wanted.lower())
    kinds = ("relates_to",) if store.tier == "free" else tuple(_MIRRORED)
    kind = call.params.choice("link_type", kinds, "relates_to") or "relates_to"
    target = None
    if target_project is not None:
        target = store.project_issues[target_project.id].get(call.params.integer("target_issue_iid") or 0)
    if target is None or not access.can_see_issue(store, user, target):
        raise not_found()
    levels = [access.project_level(store, user, each) for each in (project, store.projects[target.project_id])]
    if min(levels) < GUEST:
        text = "Couldn't link issues. You must have at least the Guest role in both projects."
        raise Refusal(403, {"message": text})
    if target.id == issue.id:
        raise Refusal(400, {"message": "Issue cannot be related to itself"})
    if any({link.source_id, link.target_id} == {issue.id, target.id} for link in store.links.values()):
        raise Refusal(409, {"message": "Issue(s) already assigned"})
    link = Link(store.next_id("links"), issue.id, target.id, kind, store.now())
    store.links[link.id] = link
    return Reply(201, entities.link(store, link))


def _link(call: Call) -> Link:
    issue = issue_of(call, project_of(call))
    link = call.store.links.get(int(call.args[2])) if call.args[2].isdigit() else None
    if link is None or issue.id not in (link.source_id, link.target_id):
        raise not_found()
    return link


def get_link(call: Call) -> Reply:
    return Reply(200, entities.link(call.store, _link(call)))


def delete_link(call: Call) -> Reply:
    call.login()
    link = _link(call)
    shown = entities.link(call.store, link)
    del call.store.links[link.id]
    return Reply(200, shown)


# -- award emoji -----------------------------------------------------------------------------------------------------


def _awardable(call: Call) -> tuple[str, int, int]:
    """Kind and id of what is awarded, and how many arguments of the path name it."""
    project = project_of(call)
    call.login()
    issue = issue_of(call, project)
    if "/notes/" in call.path:
        return "Note", note_of(call, issue).id, 3
    return "Issue", issue.id, 2


def list_awards(call: Call) -> Reply:
    kind, number, _ = _awardable(call)
    rows = call.store.awards.get((kind, number), [])
    return paged(call, rows, lambda award: entities.award(call.store, award))


def create_award(call: Call) -> Reply:
    kind, number, _ = _awardable(call)
    call.params.require("name")
    name = (call.params.text("name") or "").strip(":")
    user, store = call.login(), call.store
    rows = store.awards[(kind, number)]
    if any(award.name == name and award.user_id == user.id for award in rows):
        raise Refusal(404, {"message": '404 Award Emoji {name: ["has already been taken"]} Not Found'})
    if not re.fullmatch(r"[a-z0-9_+-]+", name):
        raise Refusal(404, {"message": '404 Award Emoji {name: ["is not a valid emoji name"]} Not Found'})
    now = store.now()
    award = Award(store.next_id("awards"), name, user.id, kind, number, now, now)
    rows.append(award)
    call.hooks.emoji_awarded(award, user)
    return Reply(201, entities.award(store, award))


def get_award(call: Call) -> Reply:
    kind, number, position = _awardable(call)
    for award in call.store.awards.get((kind, number), []):
        if str(award.id) == call.args[position]:
            return Reply(200, entities.award(call.store, award))
    raise not_found()


def delete_award(call: Call) -> Reply:
    kind, number, position = _awardable(call)
    rows = call.store.awards[(kind, number)]
    for award in rows:
        if str(award.id) == call.args[position]:
            if award.user_id != call.login().id and not call.login().admin:
                raise unauthorized()
            rows.remove(award)
            return Reply(204)
    raise not_found()


ISSUE = "/v4/projects/:id/issues/:issue_iid"
ROUTES: list[Route] = [
    ("GET", "/v4/issues", list_all_issues),
    ("GET", "/v4/issues_statistics", statistics),
    ("GET", "/v4/issues/:id", get_issue_by_id),
    ("GET", "/v4/groups/:id/issues", list_group_issues),
    ("GET", "/v4/projects/:id/issues", list_project_issues),
    ("POST", "/v4/projects/:id/issues", create_issue),
    ("GET", ISSUE, get_issue),
    ("PUT", ISSUE, update_issue),
    ("DELETE", ISSUE, delete_issue),
    ("POST", f"{ISSUE}/move", move_issue),
    ("POST", f"{ISSUE}/subscribe", subscribe),
    ("POST", f"{ISSUE}/unsubscribe", unsubscribe),
    ("GET", f"{ISSUE}/participants", list_participants),
    ("GET", f"{ISSUE}/related_merge_requests", list_nothing),
    ("GET", f"{ISSUE}/closed_by", list_nothing),
    ("GET", f"{ISSUE}/resource_label_events", list_label_events),
    ("GET", f"{ISSUE}/resource_label_events/:event_id", get_label_event),
    ("GET", f"{ISSUE}/resource_state_events", list_state_events),
    ("GET", f"{ISSUE}/resource_state_events/:event_id", get_state_event),
    ("GET", f"{ISSUE}/award_emoji/:award_id", get_award),
    ("GET", f"{ISSUE}/notes/:note_id/award_emoji/:award_id", get_award),
    ("GET", f"{ISSUE}/time_stats", get_time_stats),
    *[
        ("POST", f"{ISSUE}/{verb}", track_time)
        for verb in ("time_estimate", "reset_time_estimate", "add_spent_time", "reset_spent_time")
    ],
    ("GET", "/v4/projects/:id/issues_statistics", project_statistics),
    ("GET", "/v4/groups/:id/issues_statistics", group_statistics),
    ("GET", f"{ISSUE}/links", list_links),
    ("POST", f"{ISSUE}/links", create_link),
    ("GET", f"{ISSUE}/links/:link_id", get_link),
    ("DELETE", f"{ISSUE}/links/:link_id", delete_link),
    ("GET", f"{ISSUE}/award_emoji", list_awards),
    ("POST", f"{ISSUE}/award_emoji", create_award),
    ("DELETE", f"{ISSUE}/award_emoji/:award_id", delete_award),
    ("GET", f"{ISSUE}/notes/:note_id/award_emoji", list_awards),
    ("POST", f"{ISSUE}/notes/:note_id/award_emoji", create_award),
    ("DELETE", f"{ISSUE}/notes/:note_id/award_emoji/:award_id", delete_award),
]
