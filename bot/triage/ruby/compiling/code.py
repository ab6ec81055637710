"""What an expression is compiled to: functions over frames of local variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tree_sitter

from bot.triage.ruby.errors import Break, Refused, RubyError
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.values import Block, MixedText, UserText

Node = tree_sitter.Node


class Frame:
    """The local variables of one call of a block, or of the whole expression."""

    __slots__ = ("args", "up", "variables", "vm")

    def __init__(self, vm: Machine, up: Frame | None = None, args: list[Any] | None = None) -> None:
        self.vm, self.up, self.variables, self.args = vm, up, {} if up is not None else vm.variables, args


Code = Callable[[Frame], Any]


@dataclass
class Scope:
    """Which names are local variables at this point of the text."""

    up: Scope | None = None
    names: set[str] = field(default_factory=set)
    numbered: int = 0  # the highest of _1, _2, ... that was seen

    def depth_of(self, name: str) -> int | None:
        depth, scope = 0, self
        while True:
            if name in scope.names:
                return depth
            if scope.up is None:
                return None
            depth, scope = depth + 1, scope.up


def syntax_error(sentence: str, start: int) -> RubyError:
    error = RubyError("SyntaxError", sentence)
    error.start = start
    return error


def nil_code(frame: Frame) -> None:
    return None


def always(value: Any) -> Code:
    return lambda frame: value


def variable(name: str, depth: int) -> Code:
    if depth == 0:
        return lambda frame: frame.variables.get(name)

    def read(frame: Frame) -> Any:
        for _ in range(depth):
            frame = frame.up  # type: ignore[assignment]
        return frame.variables.get(name)

    return read


def sent(vm: Machine, me: Any, name: str, args: list[Any], block: Block | None, start: int) -> Any:
    try:
        return vm.send(me, name, args, block)
    except Refused as refused:
        if refused.start is None:
            refused.start = start
        raise
    except Break as jump:
        # A block's `break` ends the call that the block was given to.
        if jump.landing is None and block is not None:
            return jump.value
        raise


def mixed(vm: Machine, one: Any, other: Any, operator: str, result: str) -> str:
    """A resource's text added to the policy's own: the former is made harmless, as in an interpolation."""
    if operator == "+" and (type(one) is not type(other) or type(one) is MixedText):
        from bot.triage.ruby.parts import Mixing

        mixing = Mixing(vm)
        mixing.add(one)
        mixing.add(other)
        return mixing.result()
    return UserText(result)


def is_users(value: Any) -> bool:
    """Whether something of the resource's text is in it."""
    return type(value) is UserText or type(value) is MixedText


def splat(vm: Machine, value: Any) -> list[Any]:
    if value is None:
        return []
    if type(value) is list:
        return value
    from bot.triage.ruby.methods.iteration import rows_of

    rows = rows_of(vm, value, strict=False)
    return rows if rows is not None else [value]
