"""Hash, strict ones and GitLab's own maps alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Machine
from bot.triage.ruby.methods.arrays import dig
from bot.triage.ruby.methods.iteration import called, iterated
from bot.triage.ruby.ordering import equal
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import (
    Block,
    Hash,
    Symbol,
    class_name,
    identity,
    look_up,
    map_key,
    pairs,
    put,
    rebuilt,
    remove,
    truthy,
)

Map = dict[str, Any] | Hash


def _at(me: Map, key: Any) -> Any:
    there, value = look_up(me, key)
    if there or isinstance(me, dict):
        return value
    if me.default_block is not None:
        return me.default_block.call([me, key])
    return me.default


def _fetch(me: Map, key: Any, default: Any = MISSING, *, block: Block | None) -> Any:
    there, value = look_up(me, key)
    if there:
        return value
    if block is not None:
        return block.call([map_key(key) if isinstance(me, dict) else key])
    if default is not MISSING:
        return default
    raise RubyError("KeyError", f"key not found: {inspect(key)}")


def _set(me: Map, key: Any, value: Any, *, vm: Machine) -> Any:
    vm.items(len(me) if isinstance(me, dict) else len(me.entries))
    put(me, key, value)
    return value


def _delete(me: Map, key: Any, *, block: Block | None) -> Any:
    if not look_up(me, key)[0]:
        return block.call([map_key(key) if isinstance(me, dict) else key]) if block is not None else None
    return remove(me, key)


def _spread(block: Block, key: Any, value: Any) -> Any:
    """A block that Hash's own methods call with key and value; a lambda by symbol gets the pair's key."""
    return block.call([key, value])


def _filtered(wanted: bool, name: str) -> Callable[..., Any]:
    def run(me: Map, *, block: Block | None) -> Any:
        rows = [[key, value] for key, value in pairs(me)]

        def keep(given: Block) -> Any:
            return rebuilt(me, [(k, v) for k, v in pairs(me) if truthy(_spread(given, k, v)) == wanted])

        return iterated(rows, block, f"{inspect(me)}:{name}", keep)

    return run


def _filtered_in_place(wanted: bool, nil_if_same: bool) -> Callable[..., Any]:
    def run(me: Map, *, block: Block | None) -> Any:
        if block is None:
            raise Refused("This method without a block is not supported.")
        gone = [key for key, value in pairs(me) if truthy(_spread(block, key, value)) != wanted]
        for key in gone:
            remove(me, key)
        return None if nil_if_same and not gone else me

    return run


def _each_pair(me: Map, *, block: Block | None) -> Any:
    rows = [[key, value] for key, value in pairs(me)]

    def run(given: Block) -> Any:
        for row in rows:
            given.call([row])
        return me

    return iterated(rows, block, f"{inspect(me)}:each", run)


def _each_of(which: int) -> Callable[..., Any]:
    def run(me: Map, *, block: Block | None) -> Any:
        if block is None:
            raise Refused("This method without a block is not supported.")
        for pair in pairs(me):
            block.call([pair[which]])
        return me

    return run


def _merge(me: Map, *others: Any, block: Block | None) -> Map:
    result = rebuilt(me, pairs(me))
    if isinstance(me, Hash) and isinstance(result, Hash):
        result.default, result.default_block = me.default, me.default_block
    return _merged_into(result, *others, block=block)


def _merged_into(me: Map, *others: Any, block: Block | None) -> Map:
    for other in others:
        if not isinstance(other, dict | Hash):
            raise RubyError("TypeError", f"no implicit conversion of {class_name(other)} into Hash")
        for key, value in pairs(other):
            there, old = look_up(me, key)
            put(me, key, block.call([key, old, value]) if there and block is not None else value)
    return me


def _deep_merge(me: Map, other: Any, *, block: Block | None = None) -> Map:
    if block is not None:
        raise Refused("`deep_merge` with a block is not supported.")
    result = rebuilt(me, pairs(me))
    for key, value in pairs(other):
        there, old = look_up(result, key)
        both = isinstance(old, dict | Hash) and isinstance(value, dict | Hash)
        put(result, key, _deep_merge(old, value) if there and both else value)
    return result


def _slice(me: Map, *keys: Any) -> Map:
    return rebuilt(me, [(key, look_up(me, key)[1]) for key in keys if look_up(me, key)[0]])


def _except(me: Map, *keys: Any) -> Map:
    result = rebuilt(me, pairs(me))
    for key in keys:
        remove(result, key)
    return result


def _extract(me: Map, *keys: Any) -> Map:
    result = _slice(me, *keys)
    for key in keys:
        remove(me, key)
    return result


def _transform_keys(me: Map, names: Any = None, *, block: Block | None) -> Map:
    def renamed(key: Any) -> Any:
        if isinstance(names, dict | Hash) and look_up(names, key)[0]:
            return look_up(names, key)[1]
        return block.call([key]) if block is not None else key

    return rebuilt(me, [(renamed(key), value) for key, value in pairs(me)])


def _deep_keys(me: Any, rename: Callable[[Any], Any], strict: bool) -> Any:
    if isinstance(me, dict | Hash):
        rows = [(rename(key), _deep_keys(value, rename, strict)) for key, value in pairs(me)]
        return Hash.of(rows) if strict else rebuilt(me, rows)
    return [_deep_keys(each, rename, strict) for each in me] if isinstance(me, list) else me


def _to_symbol(key: Any) -> Any:
    return Symbol(str(key)) if isinstance(key, str) else key


def _key_text(key: Any) -> Any:
    return key.name if isinstance(key, Symbol) else to_text(key)


def _indifferent(me: Any) -> Any:
    if isinstance(me, dict | Hash):
        return {_key_text(key): _indifferent(value) for key, value in pairs(me)}
    return [_indifferent(each) for each in me] if isinstance(me, list) else me


def _to_h(me: Map, *, vm: Machine, block: Block | None) -> Map:
    if block is None:
        return me if isinstance(me, Hash) else Hash.of(list(me.items()))
    result = Hash()
    for key, value in pairs(me):
        pair = block.call([key, value])
        if not isinstance(pair, list) or len(pair) != 2:
            raise argument_error("element has wrong array length (expected 2)")
        result.entries[identity(pair[0])] = (pair[0], pair[1])
    vm.items(len(result.entries))
    return result


def _key(me: Map, wanted: Any) -> Any:
    return next((key for key, value in pairs(me) if equal(value, wanted)), None)


def _has_value(me: Map, wanted: Any) -> bool:
    return any(equal(value, wanted) for _, value in pairs(me))


def _any(me: Map, pattern: Any = MISSING, *, vm: Machine, block: Block | None) -> bool:
    if block is not None and pattern is MISSING:
        return any(truthy(block.call([[key, value]])) for key, value in pairs(me))
    from bot.triage.ruby.methods.enumerables import ENUMERABLE

    return bool(ENUMERABLE["any?"]([[key, value] for key, value in pairs(me)], pattern, vm=vm, block=block))


def _count(me: Map, *, block: Block | None) -> int:
    return sum(truthy(block.call([[k, v]])) for k, v in pairs(me)) if block is not None else len(pairs(me))


def _to_query(me: Map, namespace: Any = None) -> str:
    from urllib.parse import quote_plus

    if namespace is not None or any(isinstance(value, list | dict | Hash) for _, value in pairs(me)):
        raise Refused("to_query of nested maps is not supported.")
    return "&".join(sorted(f"{quote_plus(to_text(key))}={quote_plus(to_text(value))}" for key, value in pairs(me)))


def _set_default(me: Map, value: Any) -> Any:
    if isinstance(me, dict):
        raise Refused("A default for a resource's map is not supported.")
    me.default = value
    return value


def _compact_blank(me: Map) -> Map:
    from bot.triage.ruby.methods.objects import blank

    return rebuilt(me, [(key, value) for key, value in pairs(me) if not blank(value)])


def _filter_map(me: Map, *, block: Block | None) -> Any:
    rows = [[key, value] for key, value in pairs(me)]
    return iterated(rows, block, "", lambda given: [v for row in rows if truthy(v := called(given, row))])


def _clear(me: Map) -> Map:
    for key, _ in pairs(me):
        remove(me, key)
    return me


HASH: dict[str, Callable[..., Any]] = {
    "[]": _at,
    "[]=": _set,
    "store": _set,
    "fetch": _fetch,
    "dig": lambda me, first, *keys, vm: dig(vm, me, (first, *keys)),
    "key?": lambda me, key: look_up(me, key)[0],
    "has_key?": lambda me, key: look_up(me, key)[0],
    "include?": lambda me, key: look_up(me, key)[0],
    "member?": lambda me, key: look_up(me, key)[0],
    "key": _key,
    "value?": _has_value,
    "has_value?": _has_value,
    "keys": lambda me: [key for key, _ in pairs(me)],
    "values": lambda me: [value for _, value in pairs(me)],
    "values_at": lambda me, *keys: [_at(me, key) for key in keys],
    "fetch_values": lambda me, *keys: [_fetch(me, key, block=None) for key in keys],
    "size": lambda me: len(pairs(me)),
    "length": lambda me: len(pairs(me)),
    "empty?": lambda me: not pairs(me),
    "any?": _any,
    "count": _count,
    "each": _each_pair,
    "each_pair": _each_pair,
    "each_key": _each_of(0),
    "each_value": _each_of(1),
    "select": _filtered(True, "select"),
    "filter": _filtered(True, "filter"),
    "reject": _filtered(False, "reject"),
    "filter_map": _filter_map,
    "delete_if": _filtered_in_place(False, False),
    "reject!": _filtered_in_place(False, True),
    "select!": _filtered_in_place(True, True),
    "keep_if": _filtered_in_place(True, False),
    "delete": _delete,
    "clear": _clear,
    "merge": _merge,
    "update": _merged_into,
    "merge!": _merged_into,
    "reverse_merge": lambda me, other: _merged_into(rebuilt(me, pairs(other)), me, block=None),
    "with_defaults": lambda me, other: _merged_into(rebuilt(me, pairs(other)), me, block=None),
    "deep_merge": _deep_merge,
    "slice": _slice,
    "except": _except,
    "without": _except,
    "extract!": _extract,
    "compact": lambda me: rebuilt(me, [(key, value) for key, value in pairs(me) if value is not None]),
    "compact_blank": _compact_blank,
    "invert": lambda me: Hash.of([(value, key) for key, value in pairs(me)]),
    "transform_values": lambda me, *, block: rebuilt(me, [(key, called(block, value)) for key, value in pairs(me)]),
    "transform_keys": _transform_keys,
    "stringify_keys": lambda me: rebuilt(me, [(_key_text(key), value) for key, value in pairs(me)]),
    "deep_stringify_keys": lambda me: _deep_keys(me, _key_text, strict=False),
    "symbolize_keys": lambda me: Hash.of([(_to_symbol(key), value) for key, value in pairs(me)]),
    "to_options": lambda me: Hash.of([(_to_symbol(key), value) for key, value in pairs(me)]),
    "deep_symbolize_keys": lambda me: _deep_keys(me, _to_symbol, strict=True),
    "with_indifferent_access": _indifferent,
    "to_h": _to_h,
    "to_hash": _to_h,
    "to_query": _to_query,
    "to_param": _to_query,
    "assoc": lambda me, key: [key, look_up(me, key)[1]] if look_up(me, key)[0] else None,
    "default": lambda me: me.default if isinstance(me, Hash) else None,
    "default=": _set_default,
    "sum": lambda me, start=0, *, vm, block: vm.send([[k, v] for k, v in pairs(me)], "sum", [start], block),
}
