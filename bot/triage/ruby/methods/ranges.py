"""The methods of ranges, sets and enumerators."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.methods.arrays import last
from bot.triage.ruby.methods.enumerables import each, extreme
from bot.triage.ruby.methods.iteration import called, iterated, range_rows
from bot.triage.ruby.moments import Moment
from bot.triage.ruby.operators import BINARY
from bot.triage.ruby.ordering import compare, equal, order
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import (
    Block,
    Enumerator,
    Range,
    RubySet,
    class_name,
    identity,
    integer,
    is_integer,
    is_number,
)

# -- Range, Set, Enumerator ------------------------------------------------------------------------------------------


def covers(me: Range, value: Any) -> bool:
    if isinstance(value, Range):
        if value.first is None or value.last is None:
            return False
        low, high = covers(me, value.first), covers(me, value.last)
        return low and (high or (me.excludes_last and value.excludes_last and equal(me.last, value.last)))
    if me.first is not None:
        result = order(me.first, value)
        if result is None or result > 0:
            return False
    if me.last is not None:
        result = order(value, me.last)
        if result is None or result > 0 or (result == 0 and me.excludes_last):
            return False
    return True


def _range_include(me: Range, value: Any, *, vm: Machine) -> bool:
    if isinstance(me.first, str) and isinstance(me.last, str):
        return isinstance(value, str) and value in (range_rows(vm, me))
    is_mixed = isinstance(value, Moment) and class_name(me.first) != class_name(value)
    if isinstance(me.first, dt.date | Moment) and is_mixed:
        raise Refused("Whether a range of dates includes a time is not supported; use cover?.")
    return covers(me, value)


def _range_last(me: Range, count: Any = MISSING, *, vm: Machine) -> Any:
    if count is MISSING:
        if me.last is None:
            raise RubyError("RangeError", "cannot get the last element of endless range")
        return me.last
    return last(range_rows(vm, me), count)


def _range_end(sign: int) -> Function:
    general = extreme(sign)

    def run(me: Range, count: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
        if block is not None or count is not MISSING:
            return general(range_rows(vm, me), count, vm=vm, block=block)
        if me.first is None or me.last is None:
            raise RubyError("RangeError", "cannot get the minimum or maximum of an endless range")
        empty = compare(me.first, me.last) > 0 or (me.excludes_last and equal(me.first, me.last))
        if empty:
            return None
        if sign > 0:
            return me.first
        if me.excludes_last:
            rows = range_rows(vm, me)
            return rows[-1] if rows else None
        return me.last

    return run


def _range_size(me: Range, *, vm: Machine) -> Any:
    if is_number(me.first):
        if me.last is None:
            return float("inf")
        return len(range_rows(vm, me)) if is_integer(me.first) else _no_size()
    return None


def _no_size() -> Any:
    raise Refused("The size of such a range is not supported.")


def _range_step(me: Range, width: Any, *, vm: Machine, block: Block | None) -> Any:
    from bot.triage.ruby.methods.numbers import stepped

    if not is_number(me.first) or me.last is None:
        if isinstance(me.first, dt.date) and me.last is not None:
            rows: list[Any] = range_rows(vm, me)[:: integer(width)]
            return iterated(rows, block, "", lambda given: each(rows, vm=vm, block=given))
        raise Refused("A step over such a range is not supported.")
    rows = stepped(vm, me.first, me.last, width, me.excludes_last)

    def run(given: Block) -> Any:
        for row in rows:
            called(given, row)
        return me

    return iterated(rows, block, f"(({inspect(me)}).step({inspect(width)}))", run)


def _overlaps(me: Range, other: Range) -> bool:
    return covers(me, other.first) or covers(other, me.first)


RANGE: dict[str, Function] = {
    "begin": lambda me: me.first,
    "end": lambda me: me.last,
    "last": _range_last,
    "min": _range_end(1),
    "max": _range_end(-1),
    "cover?": lambda me, value: covers(me, value),
    "include?": _range_include,
    "member?": _range_include,
    "===": lambda me, value: covers(me, value),
    "exclude_end?": lambda me: me.excludes_last,
    "size": _range_size,
    "step": _range_step,
    "overlaps?": _overlaps,
    "overlap?": _overlaps,
}


def _set_add(me: RubySet, value: Any) -> RubySet:
    me.entries[identity(value)] = value
    return me


SET: dict[str, Function] = {
    "include?": lambda me, value: identity(value) in me.entries,
    "member?": lambda me, value: identity(value) in me.entries,
    "===": lambda me, value: identity(value) in me.entries,
    "size": lambda me: len(me.entries),
    "length": lambda me: len(me.entries),
    "empty?": lambda me: not me.entries,
    "add": _set_add,
    "subset?": lambda me, other: me.entries.keys() <= other.entries.keys(),
    "superset?": lambda me, other: me.entries.keys() >= other.entries.keys(),
    "intersect?": lambda me, other: bool(me.entries.keys() & other.entries.keys()),
    "disjoint?": lambda me, other: not me.entries.keys() & other.entries.keys(),
    "union": lambda me, other, *, vm: BINARY["|"](vm, me, other),
    "to_set": lambda me: me,
}


def _with_index(me: Enumerator, start: Any = 0, *, block: Block | None) -> Any:
    first = 0 if start is None else integer(start)
    if block is None:
        rows = [[row, first + place] for place, row in enumerate(me.rows)]

        def packed(given: Block) -> Any:
            counter = itertools.count(first)
            return me.run(Block(lambda args: given.call([[args[0] if len(args) == 1 else args, next(counter)]])))

        return Enumerator(rows, packed, f"{me.shown}:with_index")
    counter = itertools.count(first)
    return me.run(Block(lambda args: block.call([args[0] if len(args) == 1 else args, next(counter)])))


def _with_object(me: Enumerator, memo: Any, *, block: Block | None) -> Any:
    if block is None:
        raise Refused("`with_object` without a block is not supported.")
    for row in me.rows:
        block.call([row, memo])
    return memo


ENUMERATOR: dict[str, Function] = {
    "with_index": _with_index,
    "each_with_index": lambda me, *, block: _with_index(me, 0, block=block),
    "with_object": _with_object,
    "each": lambda me, *, block: me if block is None else me.run(block),
    "size": lambda me: len(me.rows),
}
