"""Arrays and everything that can be gone through: Enumerable, Range, Set, Enumerator."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error, type_error
from bot.triage.ruby.machine import MISSING, MOST_ITEMS, Machine
from bot.triage.ruby.moments import NS, Moment
from bot.triage.ruby.operators import BINARY, add, case_equal
from bot.triage.ruby.values import (
    Block,
    Enumerator,
    Hash,
    Range,
    RubySet,
    Symbol,
    class_name,
    compare,
    equal,
    identity,
    inspect,
    integer,
    is_integer,
    is_number,
    listed,
    look_up,
    order,
    pairs,
    text,
    text_or_symbol,
    to_text,
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
    from bot.triage.ruby.methods.texts import succ

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


Function = Callable[..., Any]


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


def _quantifier(combine: Callable[[Iterable[bool]], bool]) -> Function:
    def run(me: Any, pattern: Any = MISSING, *, vm: Machine, block: Block | None) -> bool:
        test = test_of(vm, pattern, block)
        return combine(test(row) for row in rows_of(vm, me) or [])

    return run


def _exactly_one(results: Iterable[bool]) -> bool:
    return sum(results) == 1


def _many(me: Any, *, vm: Machine, block: Block | None) -> bool:
    rows = rows_of(vm, me) or []
    return (sum(truthy(block.call([row])) for row in rows) if block is not None else len(rows)) > 1


def _count(me: Any, wanted: Any = MISSING, *, vm: Machine, block: Block | None) -> int:
    rows = rows_of(vm, me) or []
    if wanted is not MISSING:
        return sum(equal(row, wanted) for row in rows)
    return sum(truthy(block.call([row])) for row in rows) if block is not None else len(rows)


def _first(me: Any, count: Any = MISSING, *, vm: Machine) -> Any:
    if isinstance(me, Range):
        if count is MISSING:
            if me.first is None:
                raise RubyError("RangeError", "cannot get the first element of beginless range")
            return me.first
        return range_rows(vm, me, most=integer(count))
    rows = rows_of(vm, me) or []
    if count is MISSING:
        return rows[0] if rows else None
    wanted = integer(count) if not isinstance(count, str) else integer(_not_integer(count))
    if wanted < 0:
        raise argument_error("negative array size (or size too big)")
    return rows[:wanted]


def _not_integer(value: Any) -> Any:
    raise type_error(type_in_words(value), "Integer")


def _sum(me: Any, start: Any = 0, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    values = [block.call([row]) for row in rows] if block is not None else rows
    total: Any = start
    for place, value in enumerate(values):
        if (isinstance(value, float) or isinstance(total, float)) and is_number(total):
            rest = values[place:]
            if all(is_number(each) for each in rest):
                return _kahan(total, rest)
        total = add(vm, total, value)
    return total


def _kahan(start: Any, values: list[Any]) -> float:
    """Kahan and Babuska, as Ruby sums floats."""
    total, lost = float(start), 0.0
    for each in values:
        value = float(each)
        following = total + value
        if abs(total) >= abs(value):
            lost += (total - following) + value
        else:
            lost += (value - following) + total
        total = following
    return total + lost


def _inject(me: Any, *args: Any, vm: Machine, block: Block | None) -> Any:
    rows = list(rows_of(vm, me) or [])
    given = list(args)
    function: Callable[[Any, Any], Any]
    if given and isinstance(given[-1], Symbol | str) and block is None:
        name = text_or_symbol(given.pop())

        def by_name(total: Any, row: Any) -> Any:
            return vm.send(total, name, [row])

        function = by_name
    elif block is not None:
        its = block

        def by_block(total: Any, row: Any) -> Any:
            return its.call([total, row])

        function = by_block
    else:
        raise RubyError("LocalJumpError", "no block given")
    if given:
        total = given[0]
    elif rows:
        total = rows.pop(0)
    else:
        return None
    for row in rows:
        total = function(total, row)
    return total


def _by_key(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
    return compare(one[0], other[0])


def sorted_rows(rows: list[Any], key: Callable[[Any], Any] | None = None) -> list[Any]:
    keyed: list[tuple[Any, Any]] = [(key(row) if key else row, row) for row in rows]
    return [row for _, row in sorted(keyed, key=functools.cmp_to_key(_by_key))]


def _sort(me: Any, *, vm: Machine, block: Block | None) -> list[Any]:
    rows = rows_of(vm, me) or []
    vm.steps += len(rows)
    if block is None:
        return sorted_rows(rows)

    def by_block(one: Any, other: Any) -> int:
        result = block.call([one, other])
        if result is None:
            raise argument_error(f"comparison of {class_name(one)} with {class_name(other)} failed")
        return int(result)

    return sorted(rows, key=functools.cmp_to_key(by_block))


def _sort_by(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    vm.steps += len(rows)
    return sorted_rows(rows, lambda row: called(block, row))


def _extreme(sign: int) -> Function:
    def run(me: Any, count: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
        rows = rows_of(vm, me) or []
        if block is not None:
            its = block
            ordered = sorted(rows, key=functools.cmp_to_key(lambda a, b: sign * int(its.call([a, b]))))
        elif count is MISSING:
            best = MISSING
            for row in rows:
                if best is MISSING or compare(row, best) * sign < 0:
                    best = row
            return None if best is MISSING else best
        else:
            ordered = sorted(rows, key=functools.cmp_to_key(lambda a, b: sign * compare(a, b)))
        if count is MISSING:
            return ordered[0] if ordered else None
        return ordered[: integer(count)]

    return run


def _extreme_by(sign: int, name: str) -> Function:
    def run(me: Any, count: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
        rows = rows_of(vm, me) or []
        if block is None:
            return Enumerator(list(rows), lambda b: run(me, count, vm=vm, block=b), f"{inspect(me)}:{name}")
        best: Any = MISSING
        best_key: Any = None
        if count is not MISSING:
            ordered = sorted_rows(rows, lambda row: called(block, row))
            return (ordered if sign > 0 else ordered[::-1])[: integer(count)]
        for row in rows:
            key = called(block, row)
            if best is MISSING or compare(key, best_key) * sign < 0:
                best, best_key = row, key
        return None if best is MISSING else best

    return run


def _minmax_by(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [_extreme_by(sign, "minmax_by")(rows, vm=vm, block=block) for sign in (1, -1)]


def unique(rows: Iterable[Any], key: Callable[[Any], Any] = lambda row: row) -> list[Any]:
    found: dict[Any, Any] = {}
    for row in rows:
        found.setdefault(identity(key(row)), row)
    return list(found.values())


def _uniq(me: Any, *, vm: Machine, block: Block | None) -> list[Any]:
    rows = rows_of(vm, me) or []
    return unique(rows, (lambda row: called(block, row)) if block is not None else (lambda row: row))


def _group_by(vm: Machine, rows: list[Any], block: Block) -> Hash:
    result = Hash()
    for row in rows:
        key = called(block, row)
        result.entries.setdefault(identity(key), (key, []))[1].append(row)
    return result


def _tally(me: Any, *, vm: Machine) -> Hash:
    result = Hash()
    for row in rows_of(vm, me) or []:
        known = result.entries.get(identity(row), (row, 0))
        result.entries[identity(row)] = (known[0], known[1] + 1)
    return result


def _partition(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    yes: list[Any] = []
    no: list[Any] = []
    for row in rows:
        (yes if truthy(called(block, row)) else no).append(row)
    return [yes, no]


def _slices(rows: list[Any], size: Any) -> list[Any]:
    width = integer(size)
    if width <= 0:
        raise argument_error("invalid slice size")
    return [rows[place : place + width] for place in range(0, len(rows), width)]


def _conses(rows: list[Any], size: Any) -> list[Any]:
    width = integer(size)
    if width <= 0:
        raise argument_error("invalid size")
    return [rows[place : place + width] for place in range(len(rows) - width + 1)]


def _in_pieces(cut: Callable[[list[Any], Any], list[Any]], name: str) -> Function:
    def run(me: Any, size: Any, *, vm: Machine, block: Block | None) -> Any:
        pieces = cut(rows_of(vm, me) or [], size)

        def each(given: Block) -> Any:
            for piece in pieces:
                called(given, piece)
            return me

        return iterated(pieces, block, f"{inspect(me)}:{name}({inspect(size)})", each)

    return run


def _each(me: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []

    def run(given: Block) -> Any:
        for row in list(rows):
            called(given, row)
        return me

    return iterated(list(rows), block, f"{inspect(me)}:each" if block is None else "", run)


def _reverse_each(me: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = list(reversed(rows_of(vm, me) or []))

    def run(given: Block) -> Any:
        for row in rows:
            called(given, row)
        return me

    return iterated(rows, block, "", run)


def _each_with_index(me: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = list(rows_of(vm, me) or [])

    def run(given: Block) -> Any:
        for place, row in enumerate(rows):
            given.call([row, place])
        return me

    return iterated([[row, place] for place, row in enumerate(rows)], block, f"{inspect(me)}:each_with_index", run)


def _each_with_object(me: Any, memo: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = list(rows_of(vm, me) or [])
    if block is None:
        raise Refused("`each_with_object` without a block is not supported.")
    for row in rows:
        block.call([row, memo])
    return memo


def _flat_map(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    result: list[Any] = []
    for row in rows:
        value = called(block, row)
        result += value if type(value) is list else [value]
        vm.items(len(result))
    return result


def _find(vm: Machine, rows: list[Any], block: Block) -> Any:
    return next((row for row in rows if truthy(called(block, row))), None)


def _find_index(me: Any, wanted: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    if wanted is MISSING and block is None:
        raise Refused("`find_index` without a block is not supported.")
    for place, row in enumerate(rows):
        if equal(row, wanted) if wanted is not MISSING else truthy(called(block, row)):  # type: ignore[arg-type]
            return place
    return None


def _rindex(me: Any, wanted: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    for place in range(len(rows) - 1, -1, -1):
        row = rows[place]
        if equal(row, wanted) if wanted is not MISSING else truthy(called(block, row)):  # type: ignore[arg-type]
            return place
    return None


def _zip(me: Any, *others: Any, vm: Machine, block: Block | None) -> list[Any]:
    if block is not None:
        raise Refused("`zip` with a block is not supported.")
    rows = rows_of(vm, me) or []
    columns = [rows_of(vm, other) or [] for other in others]
    return [[row, *(column[i] if i < len(column) else None for column in columns)] for i, row in enumerate(rows)]


def _to_h(me: Any, *, vm: Machine, block: Block | None) -> Hash:
    result = Hash()
    for place, row in enumerate(rows_of(vm, me) or []):
        pair = called(block, row) if block is not None else row
        if type(pair) is not list:
            raise RubyError("TypeError", f"wrong element type {class_name(pair)} at {place} (expected array)")
        if len(pair) != 2:
            raise argument_error(f"wrong array length at {place} (expected 2, was {len(pair)})")
        result.entries[identity(pair[0])] = (pair[0], pair[1])
    return result


def _grep(wanted: bool) -> Function:
    def run(me: Any, pattern: Any, *, vm: Machine, block: Block | None) -> list[Any]:
        return [
            called(block, row) if block is not None else row
            for row in rows_of(vm, me) or []
            if case_equal(vm, pattern, row) == wanted
        ]

    return run


def _include(me: Any, wanted: Any, *, vm: Machine) -> bool:
    return any(equal(row, wanted) for row in rows_of(vm, me) or [])


def _take_while(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return list(itertools.takewhile(lambda row: truthy(called(block, row)), rows))


def _drop_while(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return list(itertools.dropwhile(lambda row: truthy(called(block, row)), rows))


def _cut_where(split: Callable[[Any], bool]) -> Function:
    def run(me: Any, *, vm: Machine, block: Block | None) -> Any:
        if block is None:
            raise argument_error("tried to create Enumerator without a block")
        pieces: list[Any] = []
        rows = rows_of(vm, me) or []
        for place, row in enumerate(rows):
            if place and not split(block.call([rows[place - 1], row])):
                pieces[-1].append(row)
            else:
                pieces.append([row])
        return Enumerator(pieces, lambda given: _each(pieces, vm=vm, block=given))

    return run


def _cycle(me: Any, count: Any = None, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    if count is None:
        raise OutOfBudget("`cycle` without a number never ends.")
    many = rows * integer(count)
    vm.items(len(many))
    return iterated(many, block, "", lambda given: [called(given, row) for row in many] and None)


def _index_by(vm: Machine, rows: list[Any], block: Block) -> Hash:
    return Hash.of([(called(block, row), row) for row in rows])


def _pluck(me: Any, *keys: Any, vm: Machine) -> list[Any]:
    rows = rows_of(vm, me) or []
    if len(keys) == 1:
        return [vm.send(row, "[]", [keys[0]]) for row in rows]
    return [[vm.send(row, "[]", [key]) for key in keys] for row in rows]


def _excluding(me: Any, *others: Any, vm: Machine) -> list[Any]:
    gone = {identity(each) for each in _flat(list(others), -1)}
    return [row for row in rows_of(vm, me) or [] if identity(row) not in gone]


def _to_set(me: Any, *, vm: Machine) -> RubySet:
    return RubySet.of(list(rows_of(vm, me) or []))


def _compact_blank(me: Any, *, vm: Machine) -> list[Any]:
    from bot.triage.ruby.methods.objects import blank

    return [row for row in rows_of(vm, me) or [] if not blank(row)]


def _map(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [called(block, row) for row in rows]


def _select(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [row for row in rows if truthy(called(block, row))]


def _reject(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [row for row in rows if not truthy(called(block, row))]


def _filter_map(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [value for row in rows if truthy(value := called(block, row))]


def _take(me: Any, count: Any, *, vm: Machine) -> list[Any]:
    if isinstance(me, Range):
        return range_rows(vm, me, most=integer(count))
    if integer(count) < 0:
        raise argument_error("attempt to take negative size")
    return list(rows_of(vm, me) or [])[: integer(count)]


def _drop(me: Any, count: Any, *, vm: Machine) -> list[Any]:
    if integer(count) < 0:
        raise argument_error("attempt to drop negative size")
    return list(rows_of(vm, me) or [])[integer(count) :]


ENUMERABLE: dict[str, Function] = {
    "each": _each,
    "each_entry": _each,
    "reverse_each": _reverse_each,
    "each_with_index": _each_with_index,
    "each_with_object": _each_with_object,
    "map": each_row(_map, "map"),
    "collect": each_row(_map, "collect"),
    "flat_map": each_row(_flat_map, "flat_map"),
    "collect_concat": each_row(_flat_map, "collect_concat"),
    "select": each_row(_select, "select"),
    "filter": each_row(_select, "filter"),
    "reject": each_row(_reject, "reject"),
    "filter_map": each_row(_filter_map, "filter_map"),
    "find": each_row(_find, "find"),
    "detect": each_row(_find, "detect"),
    "find_all": each_row(_select, "find_all"),
    "find_index": _find_index,
    "any?": _quantifier(any),
    "all?": _quantifier(all),
    "none?": _quantifier(lambda results: not any(results)),
    "one?": _quantifier(_exactly_one),
    "many?": _many,
    "count": _count,
    "first": _first,
    "include?": _include,
    "member?": _include,
    "exclude?": lambda me, wanted, *, vm: not truthy(vm.send(me, "include?", [wanted])),
    "sum": _sum,
    "inject": _inject,
    "reduce": _inject,
    "min": _extreme(1),
    "max": _extreme(-1),
    "minmax": lambda me, *, vm, block: [_extreme(1)(me, vm=vm, block=block), _extreme(-1)(me, vm=vm, block=block)],
    "min_by": _extreme_by(1, "min_by"),
    "max_by": _extreme_by(-1, "max_by"),
    "minmax_by": each_row(_minmax_by, "minmax_by"),
    "sort": _sort,
    "sort_by": each_row(_sort_by, "sort_by"),
    "uniq": _uniq,
    "group_by": each_row(_group_by, "group_by"),
    "index_by": each_row(_index_by, "index_by"),
    "partition": each_row(_partition, "partition"),
    "tally": _tally,
    "each_slice": _in_pieces(_slices, "each_slice"),
    "each_cons": _in_pieces(_conses, "each_cons"),
    "chunk_while": _cut_where(lambda value: not truthy(value)),
    "slice_when": _cut_where(truthy),
    "zip": _zip,
    "to_h": _to_h,
    "to_a": lambda me, *, vm: list(rows_of(vm, me) or []),
    "entries": lambda me, *, vm: list(rows_of(vm, me) or []),
    "to_set": _to_set,
    "grep": _grep(True),
    "grep_v": _grep(False),
    "take": _take,
    "drop": _drop,
    "take_while": each_row(_take_while, "take_while"),
    "drop_while": each_row(_drop_while, "drop_while"),
    "cycle": _cycle,
    "pluck": _pluck,
    "pick": lambda me, *keys, vm: (_pluck(me, *keys, vm=vm) or [None])[0],
    "excluding": _excluding,
    "without": _excluding,
    "including": lambda me, *others, vm: list(rows_of(vm, me) or []) + _flat(list(others), 1),
    "compact": lambda me, *, vm: [row for row in rows_of(vm, me) or [] if row is not None],
    "compact_blank": _compact_blank,
}


# -- Array -----------------------------------------------------------------------------------------------------------


def _flat(rows: list[Any], depth: int) -> list[Any]:
    result: list[Any] = []
    for row in rows:
        result += _flat(row, depth - 1) if type(row) is list and depth != 0 else [row]
        if len(result) > MOST_ITEMS:
            raise OutOfBudget(f"A list of more than {MOST_ITEMS} items.")
    return result


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


def _last(me: list[Any], count: Any = MISSING) -> Any:
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
    if vm.taints:
        from bot.triage.ruby.parts import put_in

        if any(type(row) is not type(me[0]) for row in me if isinstance(row, str)):
            parts = [put_in(vm, row, "") if isinstance(row, str) else to_text(row) for row in me]
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
    me[:] = _sort(me, vm=vm, block=block)
    return me


def _flatten(me: list[Any], depth: Any = None) -> list[Any]:
    return _flat(me, -1 if depth is None else integer(depth))


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
    groups = _slices(list(me), size)
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
    "last": _last,
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
    "index": _find_index,
    "rindex": _rindex,
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
    "delete_if": _in_place(_reject, nil_if_same=False),
    "reject!": _in_place(_reject, nil_if_same=True),
    "select!": _in_place(_select, nil_if_same=True),
    "filter!": _in_place(_select, nil_if_same=True),
    "keep_if": _in_place(_select, nil_if_same=False),
    "map!": _in_place(_map, nil_if_same=False),
    "collect!": _in_place(_map, nil_if_same=False),
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
    return _last(range_rows(vm, me), count)


def _range_end(sign: int) -> Function:
    general = _extreme(sign)

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
            return iterated(rows, block, "", lambda given: _each(rows, vm=vm, block=given))
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
