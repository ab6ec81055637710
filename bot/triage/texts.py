"""What people will read: the policy's texts with a resource's values in them, made harmless on the way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.domain.user_text import harmless
from bot.triage.inert import KnownNames, Place, clean, one_name_each, settled, without_commas
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF, CONFIDENTIAL, Api
from bot.triage.ruby.parts import Part
from bot.triage.ruby.templates import Template

Json = dict[str, Any]
KEPT_WHEN_CONFIDENTIAL = ("web_url", "items", "type", "full_reference")
_USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
HIDDEN, CHANGED = 11, 15  # differences from the gem, by their numbers


def harmless_within(text: str, before: str) -> str:
    """A resource's text within a string of an expression, after what stands before it there."""
    if before.rpartition("\n")[2].startswith("/"):
        return clean(text, one_line=True)
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
        conceals: whether something that is reached from the resource is hidden, as more people can read the text.
    """

    def __init__(
        self,
        row: Json,
        kind: str,
        api: Api,
        clock: Clock,
        *,
        redacts: bool,
        hides: bool = False,
        conceals: Callable[[Json], bool] | None = None,
    ) -> None:
        self.row, self.kind, self.clock = row, kind, clock
        self.hides = hides or (redacts and row.get("confidential") is True)
        self.api, self.conceals = _Listening(api), conceals
        self.differences: set[int] = set()
        self.printed: list[str] = []

    def text(self, template: Template, place: Place = "markdown", *, items: str | None = None) -> str:
        """The finished text. Raises RubyError and Refused."""
        shown, changed = settled(self._parts(template, place, items), place, self._known())
        if changed:
            self.differences.add(CHANGED)
        return shown

    def names(self, template: Template, *, items: str | None = None) -> list[str]:
        """The names that a text gives, separated by commas. Raises RubyError and Refused."""
        return one_name_each(self._parts(template, "name", items), self._known())

    def _known(self) -> KnownNames:
        return KnownNames(() if self.hides else (self.row,), self.api.answers)

    def _parts(self, template: Template, place: Place, items: str | None) -> list[Part]:
        resource = CLASS_OF[self.kind](self.row, self.kind, self.api, self.hides, True, self.conceals)

        def safe(value: str, before: str) -> str:
            if place == "markdown":
                shown = harmless_within(value, before)
            else:
                shown = clean(value, one_line=True)
                shown = without_commas(shown, self._known()) if place == "name" else shown
            if shown != value:
                self.differences.add(CHANGED)
            return shown

        vm = Machine(self.clock.now, self.clock.zone, resource, harmless=safe)
        vm.begin()
        parts = template.render(vm, lambda name: self.placeholder(name, items))
        self.printed += vm.printed
        self.differences |= template.differences | vm.differences
        if self.hides and template.names:
            self.differences.add(HIDDEN)
        return parts

    def placeholder(self, name: str, items: str | None) -> list[Part]:
        """What stands for `{{name}}`: the signs are ours, the rest is the resource's."""
        if name == "items":
            return [_own(items or "")]
        value = self.value(name)
        if self.hides and name not in KEPT_WHEN_CONFIDENTIAL:
            sign, closing = _SIGNS.get(name, ("", ""))
            return [_own(f"{sign}{CONFIDENTIAL}{closing}")]
        return _shown(name, value)

    def value(self, name: str) -> Any:
        row = self.row
        if name == "type":
            return self.kind
        if name == "full_reference":
            references = row.get("references")
            return references.get("full") if isinstance(references, dict) else None
        return row.get(name)


class _Listening:
    """The API of a text's expressions; what it answered says which names they may mention."""

    def __init__(self, api: Api) -> None:
        self._api, self.base_url, self.answers = api, api.base_url, list[Any]()

    def rows(self, path: str, **params: str) -> list[Json]:
        rows = self._api.rows(path, **params)
        self.answers.append(rows)
        return rows

    def one(self, path: str, **params: str) -> Json:
        answer = self._api.one(path, **params)
        self.answers.append(answer)
        return answer


_PEOPLE = ("author", "assignee", "assignees", "reviewers", "closed_by", "merged_by")
_SIGNS = dict.fromkeys(_PEOPLE, ("@", "")) | {"labels": ('~"', '"'), "milestone": ('%"', '"')}


def _own(text: str) -> Part:
    return Part(text, "policy")


def _mention(user: Any) -> list[Part]:
    username = user.get("username") if isinstance(user, dict) else None
    if not isinstance(username, str):
        return []
    return [_own(f"@{username}")] if _USERNAME.match(username) else [_own("@"), Part(username, "resource")]


def _listed(values: list[list[Part]]) -> list[Part]:
    result: list[Part] = []
    for value in filter(None, values):
        result += ([_own(", ")] if result else []) + value
    return result


def _quoted(sign: str, name: Any) -> list[Part]:
    return [_own(f'{sign}"'), Part(str(name), "resource"), _own('"')]


def _shown(name: str, value: Any) -> list[Part]:
    if value is None:
        return []
    if name in _PEOPLE:
        return _listed([_mention(user) for user in (value if isinstance(value, list) else [value])])
    if name == "milestone":
        title = value.get("title") if isinstance(value, dict) else None
        return _quoted("%", title) if title is not None else []
    if name == "labels":
        return _listed([_quoted("~", each) for each in value]) if isinstance(value, list) else []
    if isinstance(value, bool):
        return [_own("true" if value else "false")]
    return [Part(str(value), "resource")]
