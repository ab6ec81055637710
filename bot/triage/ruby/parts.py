"""A finished text in parts, each with who wrote it: what may act in a text depends on that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import MixedText, UserText, holds_user_text

if TYPE_CHECKING:
    from bot.triage.ruby.machine import Machine

# `literal` is what stands in a string of an expression beside something of the resource.
Writer = Literal["policy", "resource", "expression", "literal"]


@dataclass(frozen=True)
class Part:
    """One part of a text.

    Args:
        writer: the policy's author; somebody who wrote the resource; or an expression, whose result is taken for the
            author's as far as the words stand in the expression's own `source`.
    """

    text: str
    writer: Writer
    source: str = ""


def parts_of(value: Any, source: str) -> list[Part]:
    """The text of an expression's value."""
    if type(value) is MixedText:
        return [
            Part(value[start:end], "resource" if is_users else "literal", source)
            for start, end, is_users in value.spans()
        ]
    if type(value) is UserText or getattr(value, "is_user_text", False):
        return [Part(to_text(value), "resource")]
    if isinstance(value, list | dict) or type(value).__name__ == "Hash":
        return [Part(inspect(value), "resource" if holds_user_text(value) else "expression", source)]
    return [Part(to_text(value), "expression", source)]


class Mixing:
    """A string of an expression under way: what is the resource's in it is made harmless, and stays known as that."""

    def __init__(self, vm: Machine) -> None:
        self._vm, self.text, self._users = vm, "", list[tuple[int, int]]()

    def add(self, value: Any) -> None:
        """Whatever is put into a string."""
        if self._vm.harmless is None:
            self.text += to_text(value)
            return
        if type(value) is MixedText:
            self._users += [(len(self.text) + start, len(self.text) + end) for start, end in value.users]
            self.text += value
            return
        for part in parts_of(value, ""):
            shown = self._vm.harmless(part.text, self.text) if part.writer == "resource" else part.text
            if part.writer == "resource":
                self._users.append((len(self.text), len(self.text) + len(shown)))
            self.text += shown

    def result(self) -> str:
        return MixedText.of(self.text, self._users) if self._users else self.text
