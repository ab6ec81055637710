"""Hidden markers: HTML comments by which the bot knows its own notes, issues and projects again.

A marker counts only where the bot itself wrote it; `harmless` (bot.domain.user_text) makes those of other people inert.
"""

from __future__ import annotations

import re

_MARKER = re.compile(r"<!-- sectionbot:(?P<name>[a-z_:]+)(?P<fields>(?: [a-z_]+=[^\s<>]+)*) -->")


def marker(name: str, **fields: str | int) -> str:
    """`<!-- sectionbot:name key=value -->`; values have no blanks and no angle brackets."""
    parts = [f"{key}={value}" for key, value in fields.items()]
    return f"<!-- {' '.join([f'sectionbot:{name}', *parts])} -->"


def read_marker(name: str, text: str) -> dict[str, str] | None:
    """The fields of the first marker of that name in `text`, or None."""
    for match in _MARKER.finditer(text):
        if match["name"] == name:
            return dict(pair.split("=", 1) for pair in match["fields"].split())
    return None


def bears(text: str, mark: str) -> bool:
    """Whether the marker is the first of its name in `text`: people may add others below it."""
    match = _MARKER.fullmatch(mark)
    return match is not None and read_marker(match["name"], text) == read_marker(match["name"], mark)
