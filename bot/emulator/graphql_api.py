"""GitLab's GraphQL, as far as it is needed: users, groups, projects and what is in them. GET reads, as in GitLab."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLError, graphql_sync, parse
from graphql.language import OperationDefinitionNode, OperationType

from bot.emulator import access, graphql_changes, graphql_lists
from bot.emulator.graphql_nodes import (
    MOST_NODES,
    issue_node,
    merge_request_node,
    number_in,
    second,
    user_node,
    work_item_node,
)
from bot.emulator.graphql_schema import gitlab_schema
from bot.emulator.refusals import Refusal
from bot.emulator.tables import ACCESS_NAMES, Group, Issue, Project
from bot.emulator.web import Call, Reply, Route
from bot.emulator.work_items import by_number, can_see

MOST_CHARACTERS = 10_000
SCHEMA = gitlab_schema()


class _Root:
    """Resolvers; graphql-core calls them by the field's name."""

    def __init__(self, call: Call) -> None:
        self.call, self.store = call, call.store

    def currentUser(self, _info: Any) -> Any:  # noqa: N802 - GraphQL's name
        return user_node(self.store, self.call.user) if self.call.user else None

    def metadata(self, _info: Any) -> Any:
        return {"version": self.store.version, "enterprise": self.store.tier != "free"}

    def user(self, _info: Any, username: str | None = None, id: str | None = None) -> Any:
        found = self.store.usernames.get((username or "").lower())
        if id is not None:
            found = self.store.users.get(int(id.rpartition("/")[2]))
        return user_node(self.store, found) if found else None

    def group(self, _info: Any, fullPath: str) -> Any:  # noqa: N803 - GraphQL's name
        found = self.store.group_paths.get(fullPath.lower())
        if found is None or not access.can_see_group(self.store, self.call.user, found):
            return None
        return _Group(self.call, found)

    def project(self, _info: Any, fullPath: str) -> Any:  # noqa: N803 - GraphQL's name
        found = self.store.project_paths.get(fullPath.lower())
        if found is None or not access.can_see_project(self.store, self.call.user, found):
            return None
        return _Project(self.call, found)

    def issue(self, _info: Any, id: str) -> Any:
        found = self.store.issues.get(number_in(id, "Issue"))
        if found is None or not access.can_see_issue(self.store, self.call.user, found):
            return None
        return issue_node(self.call, found)

    def note(self, _info: Any, id: str) -> Any:
        found = self.store.notes.get(number_in(id, "Note", "DiscussionNote"))
        if found is None or not isinstance(found.noteable, Issue):
            return None
        if not access.can_see_issue(self.store, self.call.user, found.noteable):
            return None
        times = {"createdAt": found.created_at, "updatedAt": found.updated_at, "lastEditedAt": found.last_edited_at}
        return {"id": id, "body": found.body} | {name: second(value) for name, value in times.items()}

    def workItem(self, _info: Any, id: str) -> Any:  # noqa: N802 - GraphQL's name
        found = by_number(self.store, number_in(id, "WorkItem", "Issue"))
        if found is None or not can_see(self.store, self.call.user, found):
            return None
        return work_item_node(self.call, found)

    def workItemUpdate(self, _info: Any, input: dict[str, Any]) -> Any:  # noqa: N802 - GraphQL's name
        try:
            return graphql_changes.update_work_item(self.call, input)
        except Refusal as refusal:
            raise GraphQLError(str(refusal.body)) from None

    def users(
        self,
        _info: Any,
        usernames: list[str] | None = None,
        ids: list[str] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Any:
        rows = sorted(self.store.users.values(), key=lambda user: -user.id)
        if self.call.user is None or not self.call.user.admin:
            rows = [user for user in rows if user.state in ("active", "deactivated")]
        if usernames is not None:
            wanted = {name.lower() for name in usernames}
            rows = [user for user in rows if user.username.lower() in wanted]
        if ids is not None:
            numbers = {each.rpartition("/")[2] for each in ids}
            rows = [user for user in rows if str(user.id) in numbers]
        if after:
            rows = [user for user in rows if user.id < int(after)]
        size = min(first or MOST_NODES, MOST_NODES)
        page = rows[:size]
        return {
            "nodes": [user_node(self.store, user) for user in page],
            "count": len(rows),
            "pageInfo": {
                "hasNextPage": len(rows) > size,
                "hasPreviousPage": bool(after),
                "startCursor": str(page[0].id) if page else None,
                "endCursor": str(page[-1].id) if page else None,
            },
        }


class _Holder:
    """The lists that projects and groups have."""

    call: Call
    holder: Project | Group

    def issues(self, _info: Any, **args: Any) -> Any:
        return graphql_lists.issues(self.call, self.holder, args)

    def mergeRequests(self, _info: Any, **args: Any) -> Any:  # noqa: N802 - GraphQL's name
        return graphql_lists.merge_requests(self.call, self.holder, args)

    def workItems(self, _info: Any, **args: Any) -> Any:  # noqa: N802 - GraphQL's name
        return graphql_lists.work_items(self.call, self.holder, args)


class _Project(_Holder):
    def __init__(self, call: Call, project: Project) -> None:
        self.call, self.holder, store = call, project, call.store
        self.id = f"gid://gitlab/Project/{project.id}"
        self.name, self.path, self.fullPath = project.name, project.path, store.full_path(project)
        self.visibility, self.archived = project.visibility, project.archived
        self.webUrl = f"{store.external_url}/{self.fullPath}"

    def group(self, _info: Any) -> Any:
        found = self.call.store.groups[self.holder.namespace_id]  # type: ignore[union-attr]
        return _Group(self.call, found) if found.kind == "group" else None

    def issue(self, _info: Any, iid: str | None = None) -> Any:
        found = self.call.store.project_issues[self.holder.id].get(int(iid or 0))
        seen = found is not None and access.can_see_issue(self.call.store, self.call.user, found)
        return issue_node(self.call, found) if found is not None and seen else None

    def mergeRequest(self, _info: Any, iid: str) -> Any:  # noqa: N802 - GraphQL's name
        found = self.call.store.project_merge_requests[self.holder.id].get(int(iid))
        seen = found is not None and access.can_see(self.call.store, self.call.user, found)
        return merge_request_node(self.call, found) if found is not None and seen else None


class _Group(_Holder):
    """A group; its members are resolved when they are asked for."""

    def __init__(self, call: Call, group: Group) -> None:
        self.call, self.group, self.holder = call, group, group
        self.id = f"gid://gitlab/Group/{group.id}"
        self.name, self.path, self.fullPath = group.name, group.path, group.full_path
        self.fullName, self.visibility = group.name, group.visibility
        self.webUrl = f"{call.store.external_url}/groups/{group.full_path}"

    def groupMembers(  # noqa: N802 - GraphQL's name
        self,
        _info: Any,
        relations: list[str],
        search: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Any:
        store = self.call.store
        if self.group.visibility == "private" and access.group_level(store, self.call.user, self.group) == 0:
            return None
        found = access.group_members(store, self.group, inherited="INHERITED" in relations)
        if "DESCENDANTS" in relations:
            for below in store.descendants(self.group):
                found = access.group_members(store, below, inherited=False) | found
        text = (search or "").lower()
        rows = [
            member
            for member in sorted(found.values(), key=lambda each: each.user_id)
            if text in f"{store.users[member.user_id].username} {store.users[member.user_id].name}".lower()
            and (after is None or member.user_id > int(after))
        ]
        size = min(first or MOST_NODES, MOST_NODES)
        page = rows[:size]
        return {
            "nodes": [
                {
                    "id": f"gid://gitlab/GroupMember/{member.user_id}",
                    "user": user_node(store, store.users[member.user_id]),
                    "accessLevel": {
                        "integerValue": member.access_level,
                        "stringValue": ACCESS_NAMES[member.access_level].upper().replace(" ", "_"),
                        "humanAccess": ACCESS_NAMES[member.access_level],
                    },
                    "createdAt": second(member.created_at),
                    "expiresAt": member.expires_at.isoformat() if member.expires_at else None,
                }
                for member in page
            ],
            "pageInfo": {
                "hasNextPage": len(rows) > size,
                "hasPreviousPage": after is not None,
                "startCursor": str(page[0].user_id) if page else None,
                "endCursor": str(page[-1].user_id) if page else None,
            },
        }


def execute(call: Call) -> Reply:
    query = call.params.text("query") or ""
    variables = call.params.values.get("variables")
    if isinstance(variables, str):
        variables = json.loads(variables or "{}")
    if len(query) > MOST_CHARACTERS:
        return Reply(422, {"errors": [{"message": "Query too large"}]})
    if call.method == "GET" and _mutates(query):
        return Reply(422, {"errors": [{"message": "Mutations are forbidden in GET requests"}]})
    result = graphql_sync(
        SCHEMA,
        query,
        root_value=_Root(call),
        variable_values=variables or {},
        operation_name=call.params.text("operationName"),
    )
    body: dict[str, Any] = {}
    if result.data is not None or not result.errors:
        body["data"] = result.data
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return Reply(200, body)


def _mutates(query: str) -> bool:
    try:
        document = parse(query)
    except Exception:  # the execution reports the syntax error
        return False
    return any(
        isinstance(node, OperationDefinitionNode) and node.operation is not OperationType.QUERY
        for node in document.definitions
    )


ROUTES: list[Route] = [("POST", "/graphql", execute), ("GET", "/graphql", execute)]
