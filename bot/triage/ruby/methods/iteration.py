"""What can be walked through, and how a block is called for each row of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, type_error
from bot.triage.ruby.machine import MISSING, MOST_ITEMS, Function, Machine
from bot.triage.ruby.moments import NS, Moment
from bot.triage.ruby.operators import case_equal
from bot.triage.ruby.ordering import order
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import (
    Block,
    Enumerator,
    Hash,
    Range,
    RubySet,
    class_name,
    is_integer,
    is_number,
    pairs,
    truthy,
    type_in_words,
)

Row = list[Any]


def rows_of(vm: Machine, value: Any, *, strict: bool = True) -> list[Any] | None:
    """What `each` gives, one after the other; None (or an error, where strict) for what has no `each`."""
    if type(value) is list:
        return value
    if isinstance(value, dict | Hash):
        return [[key, each] for key, each in pairs(value)]
    if isinstance(value, Range):
        return range_rows(vm, value)
    if isinstance(value, RubySet):
        return list(value.entries.values())
    if isinstance(value, Enumerator):
        return value.rows
    if strict:
        raise type_error(type_in_words(value), "Array")
    return None


def range_rows(vm: Machine, me: Range, most: int | None = None) -> list[Any]:
    first, last = me.first, me.last
    if is_integer(first) and (last is None or is_number(last)):
        if last is None or last == float("inf"):
            if most is None:
                raise OutOfBudget("A range without an end cannot be gone through.")
            return list(range(first, first + most))
        end = int(last // 1) + (0 if me.excludes_last and last == int(last) else 1)
        count = max(end - first, 0)
        if most is not None:
            count = min(count, most)
        vm.items(count)
        return list(range(first, first + count))
    if isinstance(first, dt.date) and not isinstance(first, dt.datetime) and isinstance(last, dt.date | Moment | None):
        result: list[Any] = []
        day = first
        while last is None or order(day, last) in ((-1,) if me.excludes_last else (-1, 0)):
            if most is not None and len(result) >= most:
                break
            vm.items(len(result) + 1)
            if last is None and most is None:
                raise OutOfBudget("A range without an end cannot be gone through.")
            result.append(day)
            day += dt.timedelta(days=1)
        return result
    if isinstance(first, Moment) and first.kind == "DateTime" and isinstance(last, Moment):
        days: list[Any] = []
        moment = first
        while order(moment, last) in ((-1,) if me.excludes_last else (-1, 0)) and (most is None or len(days) < most):
            vm.items(len(days) + 1)
            days.append(moment)
            moment = moment.moved(86400 * NS)
        return days
    if isinstance(first, str) and isinstance(last, str):
        return _text_range(vm, first, last, me.excludes_last)
    if first is None:
        raise RubyError("TypeError", "can't iterate from NilClass")
    if isinstance(first, float | Moment | Fraction) or first is None:
        raise RubyError("TypeError", f"can't iterate from {class_name(first)}")
    raise Refused(f"A range of {class_name(first)} cannot be gone through here.")


def _text_range(vm: Machine, first: str, last: str, excludes_last: bool) -> list[Any]:
    from bot.triage.ruby.methods.replacing import succ

    result: list[Any] = []
    if len(first) > len(last) or (len(first) == len(last) and first > last):
        return result
    value = first
    while len(value) <= len(last):
        vm.step()
        vm.items(len(result) + 1)
        if value == last:
            return result if excludes_last else [*result, value]
        result.append(value)
        value = succ(value)
    return result


def iterated(rows: list[Any], block: Block | None, shown: Any, run: Callable[[Block], Any]) -> Any:
    """The method with its block; without one an Enumerator."""
    return (
        run(block) if block is not None else Enumerator(rows, run, shown if isinstance(shown, str) else inspect(shown))
    )


def each_row(function: Callable[[Machine, list[Any], Block], Any], name: str) -> Function:
    """A method over rows that needs a block."""

    def run(me: Any, *, vm: Machine, block: Block | None) -> Any:
        rows = rows_of(vm, me) or []
        return iterated(list(rows), block, f"{inspect(me)}:{name}", lambda given: function(vm, rows, given))

    return run


def called(block: Block, row: Any) -> Any:
    return block.call([row])


def test_of(vm: Machine, pattern: Any, block: Block | None) -> Callable[[Any], bool]:
    """What any?, all? and their like ask of each row: a pattern, a block, or truth."""
    if pattern is not MISSING:
        return lambda row: case_equal(vm, pattern, row)
    if block is not None:
        return lambda row: truthy(block.call([row]))
    return truthy


def flat(rows: list[Any], depth: int) -> list[Any]:
    result: list[Any] = []
    for row in rows:
        result += flat(row, depth - 1) if type(row) is list and depth != 0 else [row]
        if len(result) > MOST_ITEMS:
            raise OutOfBudget(f"A list of more than {MOST_ITEMS} items.")
    return result
