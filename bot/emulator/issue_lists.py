"""Lists of issues, with GitLab's filters, orders and both kinds of paging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from bot.emulator import access, entities
from bot.emulator.finding import group_of, project_of
from bot.emulator.issuable_filters import Test, filtered, scoped
from bot.emulator.tables import PLANNER, Issue, Project
from bot.emulator.web import Call, Reply, Route, keyset, paged

TYPES = ("issue", "incident", "test_case", "task", "requirement", "objective", "key_result", "epic", "ticket")


def _due_test(word: str, today: dt.date) -> Callable[[Issue], bool]:
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


def _own_tests(call: Call) -> list[Test]:
    """The filters that only issues have."""
    params, store = call.params, call.store
    tests: list[Callable[[Issue], bool]] = []
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
    health = params.text("health_status")
    if health is not None and store.tier == "ultimate":
        word = health.lower()
        tests.append(
            lambda issue: (
                (issue.health_status is None) == (word == "none")
                if word in ("none", "any")
                else issue.health_status == word
            )
        )
    return [lambda issuable, test=test: isinstance(issuable, Issue) and test(issuable) for test in tests]  # type: ignore[misc]


def _list(call: Call, rows: list[Issue], relative_to: str | None = None) -> Reply:
    details = call.params.boolean("with_labels_details")
    rows = filtered(call, rows, *_own_tests(call))

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


def list_project_issues(call: Call) -> Reply:
    return _list(call, scoped(call, _readable(call, [project_of(call)]), "all"))


def list_group_issues(call: Call) -> Reply:
    group = group_of(call)
    projects = call.store.projects_of(group, include_subgroups=True)
    if call.params.boolean("non_archived", True):
        projects = [project for project in projects if not project.archived]
    return _list(call, scoped(call, _readable(call, projects), "all"), relative_to=f"{group.full_path}/")


def list_all_issues(call: Call) -> Reply:
    if call.params.text("scope") != "all":
        call.login()
    projects = [project for project in call.store.projects.values() if not project.archived]
    rows = scoped(call, _readable(call, projects), "created_by_me")
    return _list(call, rows, relative_to="")


def project_statistics(call: Call) -> Reply:
    return _statistics(call, [project_of(call)])


def group_statistics(call: Call) -> Reply:
    return _statistics(call, call.store.projects_of(group_of(call), include_subgroups=True))


def statistics(call: Call) -> Reply:
    return _statistics(call, list(call.store.projects.values()))


def _statistics(call: Call, projects: list[Project]) -> Reply:
    rows = filtered(call, _readable(call, projects), *_own_tests(call))
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
