"""The methods of everything that can be walked through."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error, type_error
from bot.triage.ruby.machine import MISSING, MOST_ITEMS, Function, Machine
from bot.triage.ruby.methods.iteration import called, each_row, flat, iterated, range_rows, rows_of, test_of
from bot.triage.ruby.operators import add, case_equal
from bot.triage.ruby.ordering import compare, equal
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import (
    Block,
    Enumerator,
    Hash,
    Range,
    RubySet,
    Symbol,
    class_name,
    identity,
    integer,
    is_number,
    text_or_symbol,
    truthy,
    type_in_words,
)


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


def sort(me: Any, *, vm: Machine, block: Block | None) -> list[Any]:
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


def extreme(sign: int) -> Function:
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


def slices(rows: list[Any], size: Any) -> list[Any]:
    width = integer(size)
    if width <= 0:
        raise argument_error("invalid slice size")
    return [rows[place : place + width] for place in range(0, len(rows), width)]


def _conses(rows: list[Any], size: Any) -> list[Any]:
    width = integer(size)
    if width <= 0:
        raise argument_error("invalid size")
    if width * (len(rows) - width + 1) > MOST_ITEMS:
        raise OutOfBudget(f"These pieces together have more than {MOST_ITEMS} items.")
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


def each(me: Any, *, vm: Machine, block: Block | None) -> Any:
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


def find_index(me: Any, wanted: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    if wanted is MISSING and block is None:
        raise Refused("`find_index` without a block is not supported.")
    for place, row in enumerate(rows):
        if equal(row, wanted) if wanted is not MISSING else truthy(called(block, row)):  # type: ignore[arg-type]
            return place
    return None


def rindex(me: Any, wanted: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
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
        return Enumerator(pieces, lambda given: each(pieces, vm=vm, block=given))

    return run


def _cycle(me: Any, count: Any = None, *, vm: Machine, block: Block | None) -> Any:
    rows = rows_of(vm, me) or []
    if count is None:
        raise OutOfBudget("`cycle` without a number never ends.")
    vm.items(len(rows) * max(integer(count), 0))
    many = rows * integer(count)
    return iterated(many, block, "", lambda given: [called(given, row) for row in many] and None)


def _index_by(vm: Machine, rows: list[Any], block: Block) -> Hash:
    return Hash.of([(called(block, row), row) for row in rows])


def _pluck(me: Any, *keys: Any, vm: Machine) -> list[Any]:
    rows = rows_of(vm, me) or []
    if len(keys) == 1:
        return [vm.send(row, "[]", [keys[0]]) for row in rows]
    return [[vm.send(row, "[]", [key]) for key in keys] for row in rows]


def _excluding(me: Any, *others: Any, vm: Machine) -> list[Any]:
    gone = {identity(each) for each in flat(list(others), -1)}
    return [row for row in rows_of(vm, me) or [] if identity(row) not in gone]


def _to_set(me: Any, *, vm: Machine) -> RubySet:
    return RubySet.of(list(rows_of(vm, me) or []))


def _compact_blank(me: Any, *, vm: Machine) -> list[Any]:
    from bot.triage.ruby.methods.objects import blank

    return [row for row in rows_of(vm, me) or [] if not blank(row)]


def mapped(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [called(block, row) for row in rows]


def select(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
    return [row for row in rows if truthy(called(block, row))]


def reject(vm: Machine, rows: list[Any], block: Block) -> list[Any]:
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
    "each": each,
    "each_entry": each,
    "reverse_each": _reverse_each,
    "each_with_index": _each_with_index,
    "each_with_object": _each_with_object,
    "map": each_row(mapped, "map"),
    "collect": each_row(mapped, "collect"),
    "flat_map": each_row(_flat_map, "flat_map"),
    "collect_concat": each_row(_flat_map, "collect_concat"),
    "select": each_row(select, "select"),
    "filter": each_row(select, "filter"),
    "reject": each_row(reject, "reject"),
    "filter_map": each_row(_filter_map, "filter_map"),
    "find": each_row(_find, "find"),
    "detect": each_row(_find, "detect"),
    "find_all": each_row(select, "find_all"),
    "find_index": find_index,
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
    "min": extreme(1),
    "max": extreme(-1),
    "minmax": lambda me, *, vm, block: [extreme(1)(me, vm=vm, block=block), extreme(-1)(me, vm=vm, block=block)],
    "min_by": _extreme_by(1, "min_by"),
    "max_by": _extreme_by(-1, "max_by"),
    "minmax_by": each_row(_minmax_by, "minmax_by"),
    "sort": sort,
    "sort_by": each_row(_sort_by, "sort_by"),
    "uniq": _uniq,
    "group_by": each_row(_group_by, "group_by"),
    "index_by": each_row(_index_by, "index_by"),
    "partition": each_row(_partition, "partition"),
    "tally": _tally,
    "each_slice": _in_pieces(slices, "each_slice"),
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
    "including": lambda me, *others, vm: list(rows_of(vm, me) or []) + flat(list(others), 1),
    "compact": lambda me, *, vm: [row for row in rows_of(vm, me) or [] if row is not None],
    "compact_blank": _compact_blank,
}
