"""Who somebody is, who is in a group, what somebody may: look-ups that stay fresh for a while.

People are asked for by GraphQL, in one request for all of them: REST gives one user a request, and does not say in
lists who is a bot (doc/api/graphql/reference, GitLab 19).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.resources import Group, User
from bot.gitlab_api.client import Client, Json, encoded

PEOPLE_FRESH_S = 600.0
RIGHTS_FRESH_S = 60.0
MOST_NAMES = 100
# GitLab bounds the complexity of a query, and servers the length of an address.
MOST_CONNECTIONS = 6

Value = TypeVar("Value")


class Lookups:
    """Answers with the time they were given; shared by all looks of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, fresh_s: float) -> Any:
        """The value, or None where none is fresh."""
        with self._lock:
            kept = self._kept.get(key)
            return kept[1] if kept is not None and self._clock() - kept[0] <= fresh_s else None

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            if len(self._kept) > 20_000:
                self._kept.clear()
            self._kept[key] = (self._clock(), value)

    def once(self, key: Hashable, fresh_s: float, ask: Callable[[], Value]) -> Value:
        kept = self.get(key, fresh_s)
        if kept is not None:
            return kept[0]  # type: ignore[no-any-return]
        value = ask()
        self.put(key, (value,))
        return value


_USER = "id username name state bot"


def ask_people(client: Client, lookups: Lookups, question: PeopleQuestion) -> PeopleAnswer:
    """Everything that is not fresh is asked for in one query (more only above 100 names or members)."""
    answer = _from_fresh(lookups, question)
    missing = PeopleQuestion(
        usernames=frozenset(name for name in question.usernames if name not in answer[0]),
        members_of=frozenset(path for path in question.members_of if path not in answer[1]),
        belongs=frozenset(pair for pair in question.belongs if pair not in answer[2]),
        groups=frozenset(path for path in question.groups if path not in answer[3]),
    )
    names = sorted(missing.usernames)
    connections = [("members", path) for path in sorted(missing.members_of)]
    pairs = sorted(missing.belongs)
    first = PeopleQuestion(
        members_of=frozenset(path for _, path in connections[:MOST_CONNECTIONS]),
        belongs=frozenset(pairs[: max(0, MOST_CONNECTIONS - len(connections))]),
        groups=missing.groups,
    )
    if names or first.members_of or first.belongs or first.groups:
        _ask(client, lookups, names[:MOST_NAMES], first)
    for start in range(MOST_NAMES, len(names), MOST_NAMES):
        _ask(client, lookups, names[start : start + MOST_NAMES], PeopleQuestion())
    for part in _parts(sorted(missing.members_of - first.members_of)):
        _ask(client, lookups, [], PeopleQuestion(members_of=frozenset(part)))
    for part in _parts(sorted(missing.belongs - first.belongs)):
        _ask(client, lookups, [], PeopleQuestion(belongs=frozenset(part)))
    users, members_of, belongs, groups = _from_fresh(lookups, question)
    return PeopleAnswer(
        {name: user for name, user in users.items() if user is not None},
        {path: users_ for path, users_ in members_of.items() if users_ is not None},
        belongs,
        {path: group for path, group in groups.items() if group is not None},
    )


def _parts(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + MOST_CONNECTIONS] for start in range(0, len(items), MOST_CONNECTIONS)]


def _from_fresh(lookups: Lookups, question: PeopleQuestion) -> tuple[Json, Json, Any, Json]:
    kinds = (
        ("user", question.usernames, PEOPLE_FRESH_S),
        ("members", question.members_of, RIGHTS_FRESH_S),
        ("belongs", question.belongs, RIGHTS_FRESH_S),
        ("group", question.groups, PEOPLE_FRESH_S),
    )
    found: list[Any] = []
    for kind, keys, fresh_s in kinds:
        kept: dict[Any, Any] = {}
        for key in keys:
            value = lookups.get((kind, key), fresh_s)
            if value is not None:
                kept[key] = value[0]
        found.append(kept)
    return found[0], found[1], found[2], found[3]


def _ask(client: Client, lookups: Lookups, names: list[str], question: PeopleQuestion) -> None:
    variables: Json = {}
    arguments: list[str] = []
    fields: list[str] = []
    if names:
        variables["names"] = names
        arguments.append("$names: [String!]")
        fields.append(f"users(usernames: $names, first: {MOST_NAMES}) {{ nodes {{ {_USER} }} }}")
    members = sorted(question.members_of)
    belongs = sorted(question.belongs)
    groups = sorted(question.groups)
    for index, path in enumerate(members):
        variables[f"m{index}"] = path
        arguments.append(f"$m{index}: ID!")
        fields.append(
            f"m{index}: group(fullPath: $m{index}) {{ groupMembers(relations: [DIRECT], first: {MOST_NAMES}) "
            f"{{ nodes {{ user {{ {_USER} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
    for index, (name, path) in enumerate(belongs):
        variables |= {f"b{index}": path, f"s{index}": name}
        arguments.append(f"$b{index}: ID!, $s{index}: String")
        fields.append(
            f"b{index}: group(fullPath: $b{index}) {{ groupMembers(relations: [DIRECT, INHERITED, "
            f"SHARED_FROM_GROUPS], search: $s{index}, first: {MOST_NAMES}) "
            f"{{ nodes {{ user {{ username }} }} pageInfo {{ hasNextPage }} }} }}"
        )
    for index, path in enumerate(groups):
        variables[f"g{index}"] = path
        arguments.append(f"$g{index}: ID!")
        fields.append(f"g{index}: group(fullPath: $g{index}) {{ id fullPath visibility }}")
    data = client.graphql(f"query people({', '.join(arguments)}) {{ {' '.join(fields)} }}", variables)
    if names:
        found = {user["username"].lower(): _user(user) for user in data["users"]["nodes"]}
        for name in names:
            lookups.put(("user", name), (found.get(name.lower()),))
    for index, path in enumerate(members):
        lookups.put(("members", path), (_members(client, path, data[f"m{index}"]),))
    for index, (name, path) in enumerate(belongs):
        connection = (data[f"b{index}"] or {}).get("groupMembers") or {"nodes": [], "pageInfo": {}}
        found_names = {row["user"]["username"].lower() for row in connection["nodes"] if row["user"]}
        belonging = name.lower() in found_names
        user = lookups.get(("user", name), PEOPLE_FRESH_S)
        if not belonging and connection["pageInfo"].get("hasNextPage") and user and user[0]:
            # The search finds parts of names: behind its first hundred, the person is asked for by id.
            belonging = client.get_or_none(f"/groups/{encoded(path)}/members/all/{user[0].id}") is not None
        lookups.put(("belongs", (name, path)), (belonging,))
    for index, path in enumerate(groups):
        row = data[f"g{index}"]
        group = Group(_number(row["id"]), row["fullPath"], row["visibility"]) if row else None
        lookups.put(("group", path), (group,))


def _members(client: Client, path: str, row: Json | None) -> tuple[User, ...] | None:
    """All direct members, page by page above 100; None where the group cannot be read."""
    if row is None:
        return None
    query = (
        f"query more($path: ID!, $after: String) {{ group(fullPath: $path) {{ groupMembers(relations: [DIRECT], "
        f"first: {MOST_NAMES}, after: $after) {{ nodes {{ user {{ {_USER} }} }} pageInfo {{ hasNextPage endCursor }} "
        "} } }"
    )
    users: list[User] = []
    while True:
        connection = row["groupMembers"]
        users += [_user(node["user"]) for node in connection["nodes"] if node["user"]]
        if not connection["pageInfo"]["hasNextPage"]:
            return tuple(users)
        row = client.graphql(query, {"path": path, "after": connection["pageInfo"]["endCursor"]})["group"]


def _user(row: Json) -> User:
    return User(_number(row["id"]), row["username"], row["name"], row["state"], bool(row["bot"]))


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])
