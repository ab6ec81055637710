"""The methods of arrays."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error, type_error
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.methods.enumerables import find_index, mapped, reject, rindex, select, slices, sort, unique
from bot.triage.ruby.methods.iteration import called, flat, iterated
from bot.triage.ruby.operators import BINARY
from bot.triage.ruby.ordering import equal
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import (
    Block,
    Hash,
    MixedText,
    Range,
    Symbol,
    UserText,
    class_name,
    identity,
    integer,
    listed,
    look_up,
    text,
    truthy,
    type_in_words,
)

# -- Array -----------------------------------------------------------------------------------------------------------


def span(length: int, first: Any, count: Any) -> tuple[int, int] | None:
    """Start and end of me[first, count] or me[range]; None where it lies outside."""
    if isinstance(first, Range):
        start = 0 if first.first is None else integer(first.first)
        end = length if first.last is None else integer(first.last)
        start = start + length if start < 0 else start
        if first.last is not None:
            end = end + length if end < 0 else end
            end = end if first.excludes_last else end + 1
        if not 0 <= start <= length:
            return None
        return start, max(start, min(end, length))
    start = integer(first)
    start = start + length if start < 0 else start
    if not 0 <= start <= length or integer(count) < 0:
        return None
    return start, min(length, start + integer(count))


def _at(me: list[Any], first: Any, count: Any = MISSING) -> Any:
    if count is MISSING and not isinstance(first, Range):
        if isinstance(first, str | Symbol | list | dict | None | bool):
            raise type_error(type_in_words(first), "Integer")
        place = integer(first)
        return me[place] if -len(me) <= place < len(me) else None
    found = span(len(me), first, 0 if count is MISSING else count)
    return None if found is None else me[found[0] : found[1]]


def _put(me: list[Any], place: Any, value: Any, *more: Any, vm: Machine) -> Any:
    if more or isinstance(place, Range):
        found = span(len(me), place, value if more else 0)
        if found is None or (not isinstance(place, Range) and integer(place) > len(me)):
            raise Refused("Putting a slice outside of the list is not supported.")
        given = more[0] if more else value
        me[found[0] : found[1]] = given if isinstance(given, list) else [given]
        return given
    at = integer(place)
    if at < -len(me):
        raise RubyError("IndexError", f"index {at} too small for array; minimum: -{len(me)}")
    if at >= len(me):
        vm.items(at + 1)
        me.extend([None] * (at + 1 - len(me)))
    me[at] = value
    return value


def _fetch(me: list[Any], place: Any, default: Any = MISSING, *, block: Block | None) -> Any:
    at = integer(place)
    if -len(me) <= at < len(me):
        return me[at]
    if block is not None:
        return block.call([place])
    if default is not MISSING:
        return default
    raise RubyError("IndexError", f"index {at} outside of array bounds: {-len(me)}...{len(me)}")


def dig(vm: Machine, me: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        if me is None:
            return None
        if not isinstance(me, list | dict | Hash):
            raise RubyError("TypeError", f"{class_name(me)} does not have #dig method")
        if isinstance(me, Hash) and not look_up(me, key)[0]:
            me = me.default_block.call([me, key]) if me.default_block is not None else me.default
        else:
            me = _at(me, key) if isinstance(me, list) else look_up(me, key)[1]
    return me


def last(me: list[Any], count: Any = MISSING) -> Any:
    if count is MISSING:
        return me[-1] if me else None
    wanted = integer(count)
    if wanted < 0:
        raise argument_error("negative array size")
    return me[max(0, len(me) - wanted) :]


def _join(me: list[Any], separator: Any = None, *, vm: Machine) -> str:
    glue = "" if separator is None else text(separator)
    parts = [_join(row, glue, vm=vm) if type(row) is list else to_text(row) for row in me]
    vm.characters(sum(map(len, parts)) + len(glue) * len(parts))
    if vm.taints and any(type(row) in (UserText, MixedText) for row in me):
        from bot.triage.ruby.parts import Mixing

        mixing = Mixing(vm)
        for place, row in enumerate(me):
            if place:
                mixing.add(separator if separator is not None else "")
            mixing.add(_join(row, glue, vm=vm) if type(row) is list else row)
        return mixing.result()
    return glue.join(parts)


def _push(me: list[Any], *values: Any, vm: Machine) -> list[Any]:
    vm.items(len(me) + len(values))
    me.extend(values)
    return me


def _unshift(me: list[Any], *values: Any, vm: Machine) -> list[Any]:
    vm.items(len(me) + len(values))
    me[:0] = values
    return me


def _insert(me: list[Any], place: Any, *values: Any) -> list[Any]:
    at = integer(place)
    if not -len(me) - 1 <= at <= len(me):
        raise Refused("Inserting outside of the list is not supported.")
    me[at + len(me) + 1 if at < 0 else at : at + len(me) + 1 if at < 0 else at] = values
    return me


def _delete(me: list[Any], wanted: Any, *, block: Block | None) -> Any:
    found = [row for row in me if equal(row, wanted)]
    me[:] = [row for row in me if not equal(row, wanted)]
    if found:
        return found[-1]
    return block.call([wanted]) if block is not None else None


def _shift(me: list[Any], count: Any = MISSING) -> Any:
    if count is MISSING:
        return me.pop(0) if me else None
    taken = me[: integer(count)]
    del me[: integer(count)]
    return taken


def _pop(me: list[Any], count: Any = MISSING) -> Any:
    if count is MISSING:
        return me.pop() if me else None
    start = max(0, len(me) - integer(count))
    taken = me[start:]
    del me[start:]
    return taken


def _in_place(function: Callable[[Machine, list[Any], Block], list[Any]], *, nil_if_same: bool) -> Function:
    def run(me: list[Any], *, vm: Machine, block: Block | None) -> Any:
        if block is None:
            raise Refused("This method without a block is not supported.")
        changed = function(vm, list(me), block)
        same = len(changed) == len(me)
        me[:] = changed
        return None if nil_if_same and same else me

    return run


def _replaced(make: Callable[[list[Any]], list[Any]], *, nil_if_same: bool = False) -> Function:
    def run(me: list[Any]) -> Any:
        changed = make(me)
        same = len(changed) == len(me)
        me[:] = changed
        return None if nil_if_same and same else me

    return run


def _sort_in_place(me: list[Any], *, vm: Machine, block: Block | None) -> list[Any]:
    me[:] = sort(me, vm=vm, block=block)
    return me


def _flatten(me: list[Any], depth: Any = None) -> list[Any]:
    return flat(me, -1 if depth is None else integer(depth))


def _rotate(me: list[Any], count: Any = 1) -> list[Any]:
    if not me:
        return []
    at = integer(count) % len(me)
    return me[at:] + me[:at]


def _product(me: list[Any], *others: Any, vm: Machine) -> list[Any]:
    count = len(me)
    for other in others:
        count *= len(listed(other))
    vm.items(count)
    return [list(each) for each in itertools.product(me, *others)]


def _arrangements(make: Callable[[list[Any], int], Iterable[Any]], name: str) -> Function:
    def run(me: list[Any], count: Any = None, *, vm: Machine, block: Block | None) -> Any:
        size = len(me) if count is None else integer(count)
        rows: list[Any] = []
        for each in make(me, size):
            vm.items(len(rows) + 1)
            rows.append(list(each))
        return iterated(rows, block, f"{inspect(me)}:{name}", lambda given: [called(given, row) for row in rows] and me)

    return run


def _transpose(me: list[Any]) -> list[Any]:
    if any(len(listed(row)) != len(me[0]) for row in me):
        raise RubyError("IndexError", "element size differs")
    return [list(each) for each in zip(*me, strict=True)]


def _in_groups_of(me: list[Any], size: Any, fill: Any = None, *, block: Block | None) -> Any:
    groups = slices(list(me), size)
    if fill is not False and groups:
        groups[-1] += [fill] * (integer(size) - len(groups[-1]))
    return groups if block is None else [called(block, group) for group in groups] and me


def _in_groups(me: list[Any], count: Any, fill: Any = None) -> list[Any]:
    number = integer(count)
    base, extra = divmod(len(me), number)
    groups, start = [], 0
    for place in range(number):
        length = base + (1 if extra and place < extra else 0)
        group = me[start : start + length]
        if fill is not False and extra and length == base:
            group = [*group, fill]
        groups.append(group)
        start += length
    return groups


def _to_sentence(me: list[Any], *, kw: dict[str, Any], vm: Machine) -> str:
    words, two, last = (
        text(kw.get(name, default))
        for name, default in (
            ("words_connector", ", "),
            ("two_words_connector", " and "),
            ("last_word_connector", ", and "),
        )
    )
    shown = [to_text(row) for row in me]
    if len(shown) < 2:
        return "".join(shown)
    if len(shown) == 2:
        return two.join(shown)
    del vm
    return words.join(shown[:-1]) + last + shown[-1]


def _extract(me: list[Any], *, block: Block | None) -> list[Any]:
    if block is None:
        raise Refused("`extract!` without a block is not supported.")
    taken = [row for row in me if truthy(called(block, row))]
    kept = {id(row) for row in taken}
    del kept
    me[:] = [row for row in me if not any(row is each for each in taken)]
    return taken


def _bsearch(me: list[Any], *, block: Block | None) -> Any:
    if block is None:
        raise Refused("`bsearch` without a block is not supported.")
    low, high = 0, len(me)
    while low < high:
        middle = (low + high) // 2
        if truthy(called(block, me[middle])):
            high = middle
        else:
            low = middle + 1
    return me[low] if low < len(me) else None


def _assoc(me: list[Any], key: Any) -> Any:
    return next((row for row in me if type(row) is list and row and equal(row[0], key)), None)


def _slice_removed(me: list[Any], first: Any, count: Any = MISSING) -> Any:
    taken = _at(me, first, count)
    if count is MISSING and not isinstance(first, Range):
        if taken is not None:
            del me[integer(first)]
        return taken
    found = span(len(me), first, 0 if count is MISSING else count)
    if found is not None:
        del me[found[0] : found[1]]
    return taken


def _sum_of(me: list[Any]) -> Any:
    return me


ARRAY: dict[str, Function] = {
    "[]": _at,
    "slice": _at,
    "[]=": _put,
    "at": lambda me, place: _at(me, place),
    "fetch": _fetch,
    "dig": lambda me, first, *keys, vm: dig(vm, me, (first, *keys)),
    "values_at": lambda me, *places: [_at(me, place) for place in places],
    "last": last,
    "second": lambda me: _at(me, 1),
    "third": lambda me: _at(me, 2),
    "fourth": lambda me: _at(me, 3),
    "fifth": lambda me: _at(me, 4),
    "forty_two": lambda me: _at(me, 41),
    "second_to_last": lambda me: _at(me, -2),
    "third_to_last": lambda me: _at(me, -3),
    "from": lambda me, place: _at(me, Range(place, None)) or [],
    "to": lambda me, place: _at(me, Range(0, place)) or [],
    "size": len,
    "length": lambda me: len(me),
    "empty?": lambda me: not me,
    "index": find_index,
    "rindex": rindex,
    "join": _join,
    "push": _push,
    "append": _push,
    "unshift": _unshift,
    "prepend": _unshift,
    "insert": _insert,
    "concat": lambda me, *others, vm: _push(me, *[row for other in others for row in listed(other)], vm=vm),
    "pop": _pop,
    "shift": _shift,
    "delete": _delete,
    "delete_at": lambda me, place: me.pop(integer(place)) if -len(me) <= integer(place) < len(me) else None,
    "delete_if": _in_place(reject, nil_if_same=False),
    "reject!": _in_place(reject, nil_if_same=True),
    "select!": _in_place(select, nil_if_same=True),
    "filter!": _in_place(select, nil_if_same=True),
    "keep_if": _in_place(select, nil_if_same=False),
    "map!": _in_place(mapped, nil_if_same=False),
    "collect!": _in_place(mapped, nil_if_same=False),
    "compact!": _replaced(lambda me: [row for row in me if row is not None], nil_if_same=True),
    "uniq!": _replaced(lambda me: unique(me), nil_if_same=True),
    "reverse!": _replaced(lambda me: me[::-1]),
    "sort!": _sort_in_place,
    "slice!": _slice_removed,
    "clear": _replaced(lambda me: []),
    "extract!": _extract,
    "flatten": _flatten,
    "reverse": lambda me: me[::-1],
    "rotate": _rotate,
    "transpose": _transpose,
    "product": _product,
    "combination": _arrangements(lambda me, size: itertools.combinations(me, size), "combination"),
    "permutation": _arrangements(lambda me, size: itertools.permutations(me, size), "permutation"),
    "each_index": lambda me, *, block: [called(block, place) for place in range(len(me))] and me,
    "union": lambda me, *others: unique([*me, *(row for other in others for row in listed(other))]),
    "difference": lambda me, *others, vm: functools.reduce(lambda a, b: BINARY["-"](vm, a, b), others, me),
    "intersection": lambda me, *others, vm: functools.reduce(lambda a, b: BINARY["&"](vm, a, b), others, me),
    "intersect?": lambda me, other, *, vm: bool(BINARY["&"](vm, me, listed(other))),
    "in_groups_of": _in_groups_of,
    "in_groups": _in_groups,
    "to_sentence": _to_sentence,
    "bsearch": _bsearch,
    "assoc": _assoc,
    "sample": lambda me: me[0] if len(me) == 1 else _no_chance(),
    "shuffle": lambda me: _no_chance(),
    "to_ary": _sum_of,
    "to_fs": lambda me: inspect(me),
    "hash": lambda me: hash(identity(me)),
}


def _no_chance() -> Any:
    raise Refused("Chance is not supported: a plan must be the same when it is applied.")
