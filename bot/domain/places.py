"""Paths of groups and projects, as GitLab compares them: in any letter case."""

from __future__ import annotations


def is_same_path(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()


def is_below(path: str, group: str) -> bool:
    """Whether the project or group at `path` lies below the group, at whatever depth."""
    return path.lower().startswith(f"{group.strip('/').lower()}/")


def is_in(path: str, group: str) -> bool:
    """Whether it is the group itself, or lies below it."""
    return is_same_path(path, group) or is_below(path, group)
