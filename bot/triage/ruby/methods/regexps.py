"""Regexp and MatchData."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.triage.ruby.errors import RubyError
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.objects import yielded
from bot.triage.ruby.patterns import compile_pattern, escaped, searched
from bot.triage.ruby.values import Block, Hash, Match, Regexp, Symbol, class_name, integer, is_integer, text_or_symbol

_OPTIONS = {"i": 1, "x": 2, "m": 4}


def match(vm: Machine, pattern: Regexp, subject: Any, start: int = 0, block: Block | None = None) -> Any:
    """Regexp#match: remembers what it found."""
    if subject is None:
        vm.last_match = None
        return None
    text = text_or_symbol(subject)
    place = start + len(text) if start < 0 else start
    found = searched(pattern.pattern.search, text, place)
    vm.last_match = Match(pattern, found, text) if found else None
    if vm.last_match is not None and block is not None:
        return yielded(block, vm.last_match)
    return vm.last_match


def is_match(pattern: Regexp, subject: Any, start: int = 0) -> bool:
    """Regexp#match?: leaves $~ as it is."""
    if subject is None:
        return False
    return searched(pattern.pattern.search, text_or_symbol(subject), start) is not None


REGEXP: dict[str, Callable[..., Any]] = {
    "match": lambda me, text, start=0, *, vm, block: match(vm, me, text, integer(start), block),
    "match?": lambda me, text, start=0: is_match(me, text, integer(start)),
    "source": lambda me: me.source,
    "options": lambda me: sum(value for flag, value in _OPTIONS.items() if flag in me.flags),
    "names": lambda me: list(me.names),
    "casefold?": lambda me: "i" in me.flags,
}


def group(me: Match, which: Any) -> Any:
    if isinstance(which, str | Symbol):
        name = text_or_symbol(which)
        if name not in me.regexp.names:
            raise RubyError("IndexError", f"undefined group name reference: {name}")
        return me.group(name)
    place = integer(which)
    count = me.found.re.groups + 1
    place = place + count if place < 0 else place
    return me.group(place) if 0 <= place < count else None


def _all(me: Match) -> list[Any]:
    return [me.group(place) for place in range(me.found.re.groups + 1)]


def _slice(me: Match, first: Any, length: Any = None, *, vm: Machine) -> Any:
    if length is None and (is_integer(first) or isinstance(first, str | Symbol)):
        return group(me, first)
    return vm.send(_all(me), "[]", [first] if length is None else [first, length])


def _named(me: Match) -> Hash:
    return Hash.of([(name, me.group(name)) for name in me.regexp.names])


MATCH: dict[str, Callable[..., Any]] = {
    "[]": _slice,
    "captures": lambda me: _all(me)[1:],
    "named_captures": _named,
    "names": lambda me: list(me.regexp.names),
    "to_a": _all,
    "values_at": lambda me, *places: [group(me, place) for place in places],
    "pre_match": lambda me: me.text[: me.found.start()],
    "post_match": lambda me: me.text[me.found.end() :],
    "begin": lambda me, which: me.found.start(text_or_symbol(which) if not is_integer(which) else which),
    "end": lambda me, which: me.found.end(text_or_symbol(which) if not is_integer(which) else which),
    "string": lambda me: me.text,
    "regexp": lambda me: me.regexp,
    "size": lambda me: me.found.re.groups + 1,
    "length": lambda me: me.found.re.groups + 1,
}


def pattern_of(value: Any) -> Regexp:
    if isinstance(value, Regexp):
        return value
    if isinstance(value, str):
        return compile_pattern(escaped(value), "")
    raise RubyError("TypeError", f"wrong argument type {class_name(value)} (expected Regexp)")
