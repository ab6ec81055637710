"""The lists of projects and groups in GraphQL, by the filters of the REST API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from graphql import GraphQLError

from bot.emulator import access
from bot.emulator.graphql_nodes import HEALTH, Node, connection, issue_node, merge_request_node, work_item_node
from bot.emulator.issuable_filters import Test, filtered
from bot.emulator.parameters import Params
from bot.emulator.statuses import found, status_of
from bot.emulator.tables import Group, Issue, MergeRequest, Project
from bot.emulator.web import Call
from bot.emulator.work_items import WorkItem, items_of, number_of

# GraphQL's names of filters, and those of the REST API.
_NAMES = {
    "state": "state",
    "labelName": "labels",
    "authorUsername": "author_username",
    "assigneeUsername": "assignee_username",
    "reviewerUsername": "reviewer_username",
    "assigneeUsernames": "assignee_username",
    "milestoneTitle": "milestone",
    "createdAfter": "created_after",
    "createdBefore": "created_before",
    "updatedAfter": "updated_after",
    "updatedBefore": "updated_before",
    "iids": "iids",
    "search": "search",
    "myReactionEmoji": "my_reaction_emoji",
    "confidential": "confidential",
    "weight": "weight",
}
_ORDERS = {"CREATED": "created_at", "UPDATED": "updated_at", "TITLE": "title"}


def _alone(args: dict[str, Any], *names: str) -> None:
    if sum(args.get(name) is not None for name in names) > 1:
        raise GraphQLError(f"Only one of [{', '.join(names)}] arguments is allowed at the same time.")


def _call(call: Call, args: dict[str, Any]) -> Call:
    """The same request as the REST API would have it."""
    _alone(args, "milestoneTitle", "milestoneWildcardId")
    _alone(args, "assigneeUsernames", "assigneeUsername", "assigneeWildcardId")
    _alone(args, "reviewerUsername", "reviewerWildcardId")
    values = _renamed(args)
    if args.get("iid") is not None:
        values["iids"] = [args["iid"]]
    if args.get("in"):
        values["in"] = ",".join(args["in"]).lower()
    wildcard = args.get("milestoneWildcardId")
    if wildcard:
        values["milestone_id"] = wildcard.capitalize()
    for role in ("assignee", "reviewer"):
        if args.get(f"{role}WildcardId"):
            values[f"{role}_id"] = args[f"{role}WildcardId"].capitalize()
    if args.get("not"):
        values["not"] = _renamed(args["not"])
    order, _, direction = (args.get("sort") or "CREATED_DESC").rpartition("_")
    values |= {"order_by": _ORDERS[order], "sort": direction.lower()}
    return replace(call, params=Params(values))


def _renamed(args: dict[str, Any]) -> dict[str, Any]:
    values = {_NAMES[name]: value for name, value in args.items() if name in _NAMES and value is not None}
    if isinstance(values.get("milestone"), list):  # the REST API takes one
        values["milestone"] = values["milestone"][0]
    return values


def _is_nothing(args: dict[str, Any]) -> bool:
    """An empty list as a filter finds nothing."""
    return any(value == [] for value in args.values())


def _moment_tests(args: dict[str, Any], name: str, field: str) -> list[Test]:
    params = Params({key: args[key] for key in (f"{name}After", f"{name}Before") if args.get(key) is not None})
    after, before = params.instant(f"{name}After"), params.instant(f"{name}Before")
    tests: list[Any] = []
    if after:
        tests.append(lambda row: getattr(row, field) is not None and getattr(row, field) >= after)
    if before:
        tests.append(lambda row: getattr(row, field) is not None and getattr(row, field) <= before)
    return tests


def _projects(call: Call, holder: Project | Group, args: dict[str, Any]) -> list[Project]:
    if isinstance(holder, Project):
        return [holder]
    rows = call.store.projects_of(holder, include_subgroups=bool(args.get("includeSubgroups")))
    return [project for project in rows if args.get("includeArchived") or not project.archived]


def _types_tests(args: dict[str, Any], kind_of: Any) -> list[Test]:
    tests: list[Any] = []
    if args.get("types"):
        wanted = {name.lower() for name in args["types"]}
        tests.append(lambda row: kind_of(row) in wanted)
    unwanted = {name.lower() for name in (args.get("not") or {}).get("types") or []}
    if unwanted:
        tests.append(lambda row: kind_of(row) not in unwanted)
    return tests


def _health_tests(call: Call, args: dict[str, Any]) -> list[Test]:
    word = args.get("healthStatusFilter")
    if word is None or call.store.tier != "ultimate":
        return []
    if word in ("NONE", "ANY"):
        return [lambda row: (getattr(row, "health_status", None) is None) == (word == "NONE")]
    return [lambda row: HEALTH.get(getattr(row, "health_status", None) or "") == word]


def issues(call: Call, holder: Project | Group, args: dict[str, Any]) -> Node:
    store = call.store
    if args.get("state") == "locked":
        raise GraphQLError("locked is not a valid state filter for issues.")
    rows: list[Issue] = [
        issue
        for project in _projects(call, holder, args)
        for issue in store.project_issues[project.id].values()
        if access.can_see_issue(store, call.user, issue)
    ]
    tests = [
        *_types_tests(args, lambda issue: issue.issue_type),
        *_health_tests(call, args),
        *_moment_tests(args, "closed", "closed_at"),
    ]
    rows = [] if _is_nothing(args) else filtered(_call(call, args), rows, *tests)
    return connection(rows, args, lambda issue: issue.id, lambda issue: issue_node(call, issue))


def merge_requests(call: Call, holder: Project | Group, args: dict[str, Any]) -> Node:
    store = call.store
    rows: list[MergeRequest] = [
        row
        for project in _projects(call, holder, args)
        if access.can_see_merge_requests(store, call.user, project)
        for row in store.project_merge_requests[project.id].values()
    ]
    tests: list[Any] = _moment_tests(args, "merged", "merged_at")
    for name, field in (("sourceBranches", "source_branch"), ("targetBranches", "target_branch")):
        if args.get(name):
            tests.append(lambda row, field=field, wanted=set(args[name]): getattr(row, field) in wanted)
        unwanted = set((args.get("not") or {}).get(name) or [])
        if unwanted:
            tests.append(lambda row, field=field, unwanted=unwanted: getattr(row, field) not in unwanted)
    if args.get("draft") is not None:
        tests.append(lambda row: row.draft is args["draft"])
    reviewer = args.get("reviewerUsername")
    if reviewer is not None:
        user = store.usernames.get(reviewer.lower())
        tests.append(lambda row: user is not None and user.id in row.reviewer_ids)
    if args.get("reviewerWildcardId"):
        tests.append(lambda row: bool(row.reviewer_ids) == (args["reviewerWildcardId"] == "ANY"))
    states = ("opened", "closed", "locked", "merged")
    rows = [] if _is_nothing(args) else filtered(_call(call, args), rows, *tests, states=states)
    return connection(rows, args, lambda row: row.id, lambda row: merge_request_node(call, row))


def work_items(call: Call, holder: Project | Group, args: dict[str, Any]) -> Node:
    store = call.store
    seen = replace(call, params=Params({"include_archived": bool(args.get("includeArchived"))}))
    rows: list[WorkItem] = items_of(
        seen,
        holder,
        descendants=bool(args.get("includeDescendants")),
        ancestors=bool(args.get("includeAncestors")),
    )
    tests = [
        *_types_tests(args, lambda item: getattr(item, "issue_type", "epic")),
        *_health_tests(call, args),
        *_moment_tests(args, "closed", "closed_at"),
    ]
    given = args.get("status")
    if given:
        _alone(given, "id", "name")
        status = found(given.get("name"), given.get("id"))
        if status is None:
            raise GraphQLError("Status doesn't exist.")
        tests.append(lambda item: status_of(store, item) == status)  # type: ignore[arg-type]
    rows = [] if _is_nothing(args) else filtered(_call(call, args), rows, *tests)
    return connection(rows, args, number_of, lambda item: work_item_node(call, item))
