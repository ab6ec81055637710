"""Lists of issues, with GitLab's filters, orders and both kinds of paging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import group_of, project_of
from bot.emulator.parameters import Params
from bot.emulator.refusals import grape_error
from bot.emulator.store import PLANNER, Issue, Project, Store
from bot.emulator.web import Call, Reply, Route, keyset, paged

TYPES = ("issue", "incident", "test_case", "task", "requirement", "objective", "key_result", "epic", "ticket")

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


ROUTES: list[Route] = [
    ("GET", "/v4/issues", list_all_issues),
    ("GET", "/v4/issues_statistics", statistics),
    ("GET", "/v4/groups/:id/issues", list_group_issues),
    ("GET", "/v4/groups/:id/issues_statistics", group_statistics),
    ("GET", "/v4/projects/:id/issues", list_project_issues),
    ("GET", "/v4/projects/:id/issues_statistics", project_statistics),
]
