"""Issues, merge requests and work items as nodes of GraphQL, and the pages in which they come."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError

from bot.emulator import entities
from bot.emulator.statuses import Status, status_of
from bot.emulator.store import Store
from bot.emulator.tables import Epic, Group, Issuable, Issue, Label, MergeRequest, User
from bot.emulator.web import Call
from bot.emulator.work_items import WorkItem, number_of, type_of, web_url

Node = dict[str, Any]
MOST_NODES = 100
HEALTH = {"on_track": "onTrack", "needs_attention": "needsAttention", "at_risk": "atRisk"}
ABSENT = (
    "The resource that you are attempting to access does not exist or you don't have permission to perform this action"
)


def number_in(gid: str, *kinds: str) -> int:
    """The number of a global id.

    Raises:
        GraphQLError: for what is no global id of these kinds, in GitLab's words.
    """
    parts = gid.split("/")
    if not gid.startswith("gid://gitlab/") or len(parts) != 5 or not parts[-1].isdigit():
        raise GraphQLError(f'"{gid}" does not represent an instance of {kinds[0]}')
    if parts[3] not in kinds:
        raise GraphQLError(f'"{gid}" does not represent an instance of {kinds[0]}')
    return int(parts[-1])


def second(value: dt.datetime | None) -> str | None:
    """GraphQL's instants have no fraction."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def connection(
    rows: Sequence[Any], args: dict[str, Any], number: Callable[[Any], int], show: Callable[[Any], Node]
) -> Node:
    """One page of rows that are in order already; a cursor names the last row that was seen."""
    first = min(args.get("first") or MOST_NODES, MOST_NODES)
    start, end = 0, len(rows)
    if args.get("after"):
        start = _place(rows, args["after"], number) + 1
    if args.get("before"):
        end = _place(rows, args["before"], number)
    if args.get("last"):
        start = max(start, end - min(args["last"], MOST_NODES))
    page = rows[start:end][:first]
    cursors = [_cursor(number(row)) for row in page]
    nodes = [show(row) for row in page]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "count": len(rows),
        "pageInfo": {
            "hasNextPage": start + len(page) < end,
            "hasPreviousPage": start > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"id": str(number)}).encode()).decode()


def _place(rows: Sequence[Any], cursor: str, number: Callable[[Any], int]) -> int:
    try:
        wanted = int(json.loads(base64.urlsafe_b64decode(cursor))["id"])
    except (ValueError, KeyError, TypeError):
        raise GraphQLError("Please provide a valid cursor") from None
    return next((place for place, row in enumerate(rows) if number(row) == wanted), -1)


# -- people, labels, milestones --------------------------------------------------------------------------------------


def user_node(store: Store, user: User) -> Node:
    return {
        "id": f"gid://gitlab/User/{user.id}",
        "username": user.username,
        "name": user.name,
        "state": user.state,
        "bot": user.bot,
        "webUrl": f"{store.external_url}/{user.username}",
        "publicEmail": "",
    }


def _people(store: Store, ids: list[int]) -> Callable[..., Node]:
    rows = [store.users[each] for each in ids if each in store.users]
    return lambda _info, **args: connection(rows, args, lambda user: user.id, lambda user: user_node(store, user))


def _labels(store: Store, issuable: Issuable) -> Callable[..., Node]:
    rows = sorted(
        (store.labels[each] for each in issuable.label_ids if each in store.labels), key=lambda each: each.name
    )
    return lambda _info, **args: connection(rows, args, lambda label: label.id, _label)


def _label(label: Label) -> Node:
    kind = "ProjectLabel" if label.project_id is not None else "GroupLabel"
    return {
        "id": f"gid://gitlab/{kind}/{label.id}",
        "title": label.name,
        "color": label.color,
        "textColor": entities.text_color(label.color),
        "description": label.description,
    }


def _milestone(store: Store, issuable: Issuable) -> Node | None:
    found = store.milestones.get(issuable.milestone_id or 0)
    if found is None:
        return None
    return {
        "id": f"gid://gitlab/Milestone/{found.id}",
        "iid": str(found.iid),
        "title": found.title,
        "state": found.state,
        "dueDate": entities.day(found.due_date),
        "startDate": entities.day(found.start_date),
        "createdAt": second(found.created_at),
        "updatedAt": second(found.updated_at),
    }


def _status(status: Status | None) -> Node | None:
    if status is None:
        return None
    return {
        "id": status.gid,
        "name": status.name,
        "category": status.category.upper(),
        "color": status.color,
        "iconName": status.icon_name,
        "position": 0,
        "description": None,
    }


# -- issuables -------------------------------------------------------------------------------------------------------


def _common(call: Call, issuable: Issuable, sign: str, url: str) -> Node:
    store = call.store
    author = store.users.get(issuable.author_id)
    full = f"{store.path_of(store.home_of(issuable))}{sign}{issuable.iid}"

    return {
        "iid": str(issuable.iid),
        "title": issuable.title,
        "description": issuable.description,
        "createdAt": second(issuable.created_at),
        "updatedAt": second(issuable.updated_at),
        "closedAt": second(issuable.closed_at),
        "webUrl": url,
        "webPath": url.removeprefix(store.external_url),
        "author": user_node(store, author) if author else None,
        "assignees": _people(store, issuable.assignee_ids),
        "labels": _labels(store, issuable),
        "milestone": _milestone(store, issuable),
        **entities.votes(store, issuable),
        "userNotesCount": entities.notes_count(store, issuable),
        "userDiscussionsCount": entities.discussions_count(store, issuable),
        "confidential": issuable.confidential,
        "discussionLocked": bool(issuable.discussion_locked),
        "reference": lambda _info, **args: full if args.get("full") else f"{sign}{issuable.iid}",
        "subscribed": call.user is not None and entities.is_subscribed(issuable, call.user),
    }


def issue_node(call: Call, issue: Issue) -> Node:
    store = call.store
    paid, ultimate = store.tier != "free", store.tier == "ultimate"
    return _common(call, issue, "#", web_url(store, issue)) | {
        "id": f"gid://gitlab/Issue/{issue.id}",
        "state": issue.state,
        "type": issue.issue_type.upper(),
        "projectId": issue.project_id,
        "mergeRequestsCount": 0,
        "dueDate": entities.day(issue.due_date),
        "weight": issue.weight if paid else None,
        "healthStatus": HEALTH.get(issue.health_status or "") if ultimate else None,
        "status": _status(status_of(store, issue)),
        "severity": issue.severity,
    }


def merge_request_node(call: Call, shown: MergeRequest) -> Node:
    store = call.store
    merger = store.users.get(shown.merged_by or 0)
    url = f"{store.external_url}/{store.full_path(store.projects[shown.project_id])}/-/merge_requests/{shown.iid}"
    return _common(call, shown, "!", url) | {
        "id": f"gid://gitlab/MergeRequest/{shown.id}",
        "state": shown.state,
        "draft": shown.draft,
        "mergedAt": second(shown.merged_at),
        "projectId": shown.project_id,
        "sourceProjectId": shown.source_project_id,
        "targetProjectId": shown.project_id,
        "sourceBranch": shown.source_branch,
        "targetBranch": shown.target_branch,
        "reviewers": _people(store, shown.reviewer_ids),
        "conflicts": False,
        "mergeUser": user_node(store, merger) if merger else None,
    }


def work_item_node(call: Call, item: WorkItem) -> Node:
    store = call.store
    name, number = type_of(item)
    home = store.home_of(item)
    sign = "&" if isinstance(item, Epic) else "#"
    kind = "Group" if isinstance(home, Group) else "Namespaces::ProjectNamespace"
    return _common(call, item, sign, web_url(store, item)) | {
        "id": f"gid://gitlab/WorkItem/{number_of(item)}",
        "state": "OPEN" if item.state == "opened" else "CLOSED",
        "workItemType": {"id": f"gid://gitlab/WorkItems::Type/{number}", "name": name, "iconName": None},
        "namespace": {"id": f"gid://gitlab/{kind}/{home.id}", "name": home.name, "fullPath": store.path_of(home)},
        "widgets": lambda _info: _widgets(call, item),
    }


def _widgets(call: Call, item: WorkItem) -> list[Node]:
    store = call.store
    widgets: list[tuple[str, Node]] = [
        ("Labels", {"labels": _labels(store, item)}),
        ("Assignees", {"assignees": _people(store, item.assignee_ids)}),
        ("Milestone", {"milestone": _milestone(store, item)}),
        ("Description", {"description": item.description}),
        ("AwardEmoji", dict(entities.votes(store, item))),
        ("StartAndDueDate", {"startDate": entities.day(item.start_date), "dueDate": entities.day(item.due_date)}),
    ]
    if store.tier != "free":
        widgets.append(("Weight", {"weight": item.weight}))
        status = status_of(store, item)
        if status is not None:
            widgets.append(("Status", {"status": _status(status)}))
    if store.tier == "ultimate":
        widgets.append(("HealthStatus", {"healthStatus": HEALTH.get(item.health_status or "")}))
    return [{"__typename": f"WorkItemWidget{name}", "type": _constant(name), **fields} for name, fields in widgets]


def _constant(name: str) -> str:
    """`StartAndDueDate` as `START_AND_DUE_DATE`."""
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(name)).upper()
