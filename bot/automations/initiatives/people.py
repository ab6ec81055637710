"""How people of the directory are addressed: who has no active account is named, not mentioned."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.people import PeopleAnswer


def mention(username: str, people: PeopleAnswer) -> str:
    user = people.users.get(username)
    if user is None or user.state != "active":
        return f"{username} (who has no active account)"
    return f"@{user.username}"


def mentions(usernames: Iterable[str], people: PeopleAnswer) -> str:
    """Each once, in words."""
    shown = [mention(name, people) for name in dict.fromkeys(usernames)]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
