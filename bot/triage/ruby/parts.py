"""A finished text in parts, each with who wrote it: what may act in a text depends on that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import UserText, holds_user_text

if TYPE_CHECKING:
    from bot.triage.ruby.machine import Machine

Writer = Literal["policy", "resource", "expression"]


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


def part_of(value: Any, source: str) -> Part:
    """The text of an expression's value."""
    if type(value) is UserText or getattr(value, "is_user_text", False):
        return Part(to_text(value), "resource")
    if isinstance(value, list | dict) or type(value).__name__ == "Hash":
        return Part(inspect(value), "resource" if holds_user_text(value) else "expression", source)
    return Part(to_text(value), "expression", source)


def put_in(vm: Machine, value: Any, before: str) -> str:
    """The text of a value within a string of an expression, after `before`; the resource's is made harmless."""
    if vm.harmless is None:
        return to_text(value)
    part = part_of(value, "")
    return vm.harmless(part.text, before) if part.writer == "resource" else part.text
