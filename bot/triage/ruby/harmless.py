"""Where a resource's text goes into a text for people: the one gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.triage.ruby.values import UserText, holds_user_text, inspect, to_text

if TYPE_CHECKING:
    from bot.triage.ruby.machine import Machine


def put_in(vm: Machine, value: Any, before: str) -> str:
    """The text of a value after `before`; what came from a resource is made harmless by the machine's own rule."""
    if vm.harmless is None:
        return to_text(value)
    if type(value) is UserText:
        return vm.harmless(str(value), before)
    if isinstance(value, list | dict) or (type(value).__name__ == "Hash"):
        return vm.harmless(inspect(value), before) if holds_user_text(value) else inspect(value)
    if value is None or isinstance(value, str | int | float):
        return to_text(value)
    shown = to_text(value)
    return vm.harmless(shown, before) if getattr(value, "is_user_text", False) else shown
