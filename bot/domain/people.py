"""One question about people and groups, so that it can be one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain.resources import Group, User


@dataclass(frozen=True)
class PeopleQuestion:
    """Who is asked for in one go: by name, as direct members of groups, and whether somebody belongs to a group."""

    usernames: frozenset[str] = frozenset()
    members_of: frozenset[str] = frozenset()
    belongs: frozenset[tuple[str, str]] = frozenset()  # (username, group path)
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PeopleAnswer:
    """Keys are as they were asked; what GitLab does not know is missing (users, groups) or False (belongs)."""

    users: Mapping[str, User]
    members_of: Mapping[str, tuple[User, ...]]
    belongs: Mapping[tuple[str, str], bool]
    groups: Mapping[str, Group]


def mention(username: str, people: PeopleAnswer) -> str:
    """Who has no active account is named, not mentioned."""
    user = people.users.get(username)
    if user is None or user.state != "active":
        return f"{username} (who has no active account)"
    return f"@{user.username}"


def mentions(usernames: Iterable[str], people: PeopleAnswer) -> str:
    """Each once, in words."""
    shown = [mention(name, people) for name in dict.fromkeys(usernames)]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
