"""One question about people and groups, so that it can be one request."""

from __future__ import annotations

from collections.abc import Mapping
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
