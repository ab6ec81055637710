"""What people will read: the policy's texts with a resource's values in them, made harmless on the way."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from bot.domain.user_text import harmless, harmless_title
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF, CONFIDENTIAL, Api
from bot.triage.ruby.templates import Template

Json = dict[str, Any]
# Where a text goes: Markdown of a note or issue; a title; a name that is looked up (label, user, milestone, date).
Place = Literal["markdown", "title", "name"]
KEPT_WHEN_CONFIDENTIAL = ("web_url", "items", "type", "full_reference")
_USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
HIDDEN, CHANGED = 11, 15  # differences from the gem, by their numbers


def is_quick_action(before: str) -> bool:
    """Whether the line that `before` ends in is a quick action."""
    return before.rpartition("\n")[2].startswith("/")


def plain(text: str) -> str:
    """On one line and without control characters: for titles, names and quick actions."""
    line = re.sub(r"\s*[\r\n\u2028\u2029]+\s*", " ", text)
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") or c in "\t\u200c\u200d")


def harmless_value(text: str, before: str, place: Place) -> str:
    """A resource's text after what stands before it."""
    if place == "name" or (place == "markdown" and is_quick_action(before)):
        return plain(text)
    if place == "title":
        return harmless_title(text, 100_000) if text.strip() else text
    safe = harmless(text)
    starts_line = not before or before.endswith("\n")
    if not starts_line and safe.startswith("\\/") and text.lstrip()[:1] == "/":
        safe = safe.replace("\\/", "/", 1)
    return safe


@dataclass(frozen=True)
class Clock:
    now: dt.datetime
    zone: dt.tzinfo


class Writing:
    """Renders the texts of one resource.

    Args:
        row: GitLab's JSON, with `type`.
        redacts: hide what is confidential, if the resource is.
        hides: hide it all the same, since more people can read the text than the resource.
    """

    def __init__(self, row: Json, kind: str, api: Api, clock: Clock, *, redacts: bool, hides: bool = False) -> None:
        self.row, self.kind, self.api, self.clock = row, kind, api, clock
        self.hides = hides or (redacts and row.get("confidential") is True)
        self.differences: set[int] = set()
        self.printed: list[str] = []

    def text(self, template: Template, place: Place = "markdown", *, items: str | None = None) -> str:
        """The finished text. Raises RubyError and Refused."""
        resource = CLASS_OF[self.kind](self.row, self.kind, self.api, self.hides, True)

        def safe(value: str, before: str) -> str:
            shown = harmless_value(value, before, place)
            if shown != value:
                self.differences.add(CHANGED)
            return shown

        vm = Machine(self.clock.now, self.clock.zone, resource, harmless=safe)
        vm.begin()
        shown = template.render(vm, lambda name, before: self.placeholder(name, before, place, items))
        self.printed += vm.printed
        self.differences |= template.differences | vm.differences
        if self.hides and template.names:
            self.differences.add(HIDDEN)
        return shown

    def placeholder(self, name: str, before: str, place: Place, items: str | None) -> str:
        value = self.value(name, items)
        if name == "items":
            return str(value)
        if self.hides and name not in KEPT_WHEN_CONFIDENTIAL:
            return (
                CONFIDENTIAL
                if name
                not in ("author", "assignee", "assignees", "reviewers", "closed_by", "merged_by", "labels", "milestone")
                else _decorated(name, CONFIDENTIAL)
            )
        return _shown(name, value, lambda text: self._safe(text, before, place))

    def _safe(self, text: str, before: str, place: Place) -> str:
        safe = harmless_value(text, before + "x" if before and not before.endswith("\n") else before, place)
        if safe != text:
            self.differences.add(CHANGED)
        return safe

    def value(self, name: str, items: str | None) -> Any:
        row = self.row
        if name == "items":
            return items if items is not None else ""
        if name == "type":
            return self.kind
        if name == "full_reference":
            references = row.get("references")
            return references.get("full") if isinstance(references, dict) else None
        return row.get(name)


def _decorated(name: str, value: str) -> str:
    if name == "labels":
        return f'~"{value}"'
    return f'%"{value}"' if name == "milestone" else f"@{value}"


def _mention(user: Any, safe: Any) -> str:
    username = user.get("username") if isinstance(user, dict) else None
    if not isinstance(username, str):
        return ""
    return f"@{username if _USERNAME.match(username) else safe(username)}"


def _shown(name: str, value: Any, safe: Any) -> str:
    if value is None:
        return ""
    if name in ("author", "assignee", "closed_by", "merged_by"):
        return _mention(value, safe)
    if name in ("assignees", "reviewers"):
        return ", ".join(filter(None, [_mention(user, safe) for user in value])) if isinstance(value, list) else ""
    if name == "milestone":
        title = value.get("title") if isinstance(value, dict) else None
        return f'%"{safe(title)}"' if title is not None else ""
    if name == "labels":
        return ", ".join(f'~"{safe(each)}"' for each in value) if isinstance(value, list) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(safe(str(value)))
