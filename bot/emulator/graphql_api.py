"""GitLab's GraphQL, as far as it is needed: users by name, groups and their members. GET reads, as in GitLab."""

from __future__ import annotations

import json
from typing import Any

from graphql import build_schema, graphql_sync, parse
from graphql.language import OperationDefinitionNode, OperationType

from bot.emulator import access, entities
from bot.emulator.store import ACCESS_NAMES, Group, Store, User
from bot.emulator.web import Call, Reply, Route

MOST_NODES = 100
SCHEMA = build_schema(
    """
    scalar UserID
    enum UserState { active blocked deactivated banned ldap_blocked blocked_pending_approval }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
    type UserCore {
      id: UserID! username: String! name: String! state: UserState! bot: Boolean! webUrl: String! publicEmail: String
    }
    type UserCoreConnection { nodes: [UserCore] pageInfo: PageInfo! count: Int! }
    enum GroupMemberRelation { DIRECT INHERITED DESCENDANTS SHARED_FROM_GROUPS }
    type AccessLevel { integerValue: Int stringValue: String humanAccess: String }
    type GroupMember { id: ID! user: UserCore accessLevel: AccessLevel createdAt: String expiresAt: String }
    type GroupMemberConnection { nodes: [GroupMember] pageInfo: PageInfo! }
    type Group {
      id: ID! name: String! path: String! fullPath: ID! fullName: String! visibility: String webUrl: String!
      groupMembers(
        search: String, relations: [GroupMemberRelation!] = [DIRECT, INHERITED], first: Int, after: String
      ): GroupMemberConnection
    }
    type Metadata { version: String! enterprise: Boolean! }
    type Query {
      currentUser: UserCore
      metadata: Metadata
      user(username: String, id: UserID): UserCore
      group(fullPath: ID!): Group
      users(ids: [ID!], usernames: [String!], first: Int, after: String): UserCoreConnection
    }
    """
)


class _Root:
    """Resolvers; graphql-core calls them by the field's name."""

    def __init__(self, call: Call) -> None:
        self.call, self.store = call, call.store

    def currentUser(self, _info: Any) -> Any:  # noqa: N802 - GraphQL's name
        return _user(self.store, self.call.user) if self.call.user else None

    def metadata(self, _info: Any) -> Any:
        return {"version": self.store.version, "enterprise": self.store.tier != "free"}

    def user(self, _info: Any, username: str | None = None, id: str | None = None) -> Any:
        found = self.store.usernames.get((username or "").lower())
        if id is not None:
            found = self.store.users.get(int(id.rpartition("/")[2]))
        return _user(self.store, found) if found else None

    def group(self, _info: Any, fullPath: str) -> Any:  # noqa: N803 - GraphQL's name
        found = self.store.group_paths.get(fullPath.lower())
        if found is None or not access.can_see_group(self.store, self.call.user, found):
            return None
        return _Group(self.call, found)

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
            "nodes": [_user(self.store, user) for user in page],
            "count": len(rows),
            "pageInfo": {
                "hasNextPage": len(rows) > size,
                "hasPreviousPage": bool(after),
                "startCursor": str(page[0].id) if page else None,
                "endCursor": str(page[-1].id) if page else None,
            },
        }


class _Group:
    """A group; its members are resolved when they are asked for."""

    def __init__(self, call: Call, group: Group) -> None:
        self.call, self.group = call, group
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
                    "user": _user(store, store.users[member.user_id]),
                    "accessLevel": {
                        "integerValue": member.access_level,
                        "stringValue": ACCESS_NAMES[member.access_level].upper().replace(" ", "_"),
                        "humanAccess": ACCESS_NAMES[member.access_level],
                    },
                    "createdAt": entities.instant(member.created_at),
                    "expiresAt": entities.day(member.expires_at),
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


def _user(store: Store, user: User) -> dict[str, Any]:
    return {
        "id": f"gid://gitlab/User/{user.id}",
        "username": user.username,
        "name": user.name,
        "state": user.state,
        "bot": user.bot,
        "webUrl": f"{store.external_url}/{user.username}",
        "publicEmail": "",
    }


def execute(call: Call) -> Reply:
    query = call.params.text("query") or ""
    variables = call.params.values.get("variables")
    if isinstance(variables, str):
        variables = json.loads(variables or "{}")
    if call.method == "GET" and _mutates(query):
        return Reply(400, {"errors": [{"message": "Mutations are forbidden in GET requests"}]})
    result = graphql_sync(SCHEMA, query, root_value=_Root(call), variable_values=variables or {})
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
