"""What replaces, counts and finds within a string."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.methods import regexps
from bot.triage.ruby.methods.regexps import pattern_of
from bot.triage.ruby.patterns import found_in
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import Block, Enumerator, Hash, Match, Regexp, integer, look_up, text

# -- replacing -------------------------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"\\(?:(\d)|k<(\w+)>|([&0`'\\]))")


def _expanded(form: str, found: Any) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1]:
            number = int(match[1])
            return (found.group(number) or "") if number <= found.re.groups else ""
        if match[2]:
            try:
                return found.group(match[2]) or ""
            except IndexError:
                raise RubyError("IndexError", f"undefined group name reference: {match[2]}") from None
        sign = match[3]
        if sign == "&":
            return str(found.group(0))
        if sign == "`":
            return str(found.string[: found.start()])
        if sign == "'":
            return str(found.string[found.end() :])
        return "\\"

    return _REFERENCE.sub(one, form) if "\\" in form else form


def substitute(everywhere: bool) -> Function:
    def run(me: str, pattern: Any, replacement: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
        rule = pattern_of(pattern)
        if replacement is MISSING and block is None:
            if not everywhere:
                raise argument_error("wrong number of arguments (given 1, expected 2)")
            rows = [found.group(0) for found in found_in(rule.pattern, me)]
            return Enumerator(
                rows, lambda b: run(me, pattern, vm=vm, block=b), f"{inspect(me)}:gsub({inspect(pattern)})"
            )
        parts: list[str] = []
        start = 0
        last: Match | None = None
        for found in found_in(rule.pattern, me):
            vm.step()
            vm.last_match = last = Match(rule, found, str(me))
            parts.append(me[start : found.start()])
            if isinstance(replacement, dict | Hash):
                parts.append(to_text(look_up(replacement, found.group(0))[1]))
            elif replacement is not MISSING:
                parts.append(_expanded(text(replacement), found))
            else:
                parts.append(to_text(block.call([last.group(0)])))  # type: ignore[union-attr]
            start = found.end()
            if not everywhere:
                break
        vm.last_match = last
        parts.append(me[start:])
        vm.characters(sum(map(len, parts)))
        return "".join(parts)

    return run


def scan(me: str, pattern: Any, *, vm: Machine, block: Block | None) -> Any:
    rule = pattern_of(pattern)
    result: list[Any] = []
    last: Match | None = None
    for found in found_in(rule.pattern, me):
        vm.step()
        last = Match(rule, found, str(me))
        row = [last.group(place) for place in range(1, found.re.groups + 1)] if found.re.groups else last.group(0)
        if block is not None:
            vm.last_match = last
            block.call([row])
        else:
            result.append(row)
    vm.last_match = last
    return me if block is not None else result


def remove(me: str, *patterns: Any, vm: Machine) -> str:
    result = str(me)
    for pattern in patterns:
        result = substitute(True)(result, pattern, "", vm=vm, block=None)
    return result


def _set_of(*forms: Any) -> Callable[[str], bool]:
    """The characters that `tr`-like arguments name: ranges, and ^ for all but these."""
    tests = []
    for form in forms:
        shown = text(form)
        negated = len(shown) > 1 and shown[0] == "^"
        characters = set(_spread(shown[1:] if negated else shown))
        tests.append((negated, characters))
    return lambda character: all((character in characters) != negated for negated, characters in tests)


def _spread(form: str) -> list[str]:
    result: list[str] = []
    place = 0
    while place < len(form):
        character = form[place]
        if character == "\\" and place + 1 < len(form):
            place += 1
            character = form[place]
        elif place + 2 < len(form) and form[place + 1] == "-":
            first, last = ord(character), ord(form[place + 2])
            if last < first:
                raise argument_error(f'invalid range "{form[place : place + 3]}" in string transliteration')
            if last - first > 10_000:
                raise OutOfBudget("A range of more than 10,000 characters is not evaluated.")
            result += [chr(point) for point in range(first, last + 1)]
            place += 3
            continue
        result.append(character)
        place += 1
    return result


def tr(me: str, source: Any, target: Any, *, squeezes: bool = False) -> str:
    source_text, to = text(source), _spread(text(target))
    if source_text[:1] == "^" and len(source_text) > 1:
        kept = set(_spread(source_text[1:]))
        mapped = [(c, c in kept) for c in me]
        result = [c if stays else (to[-1] if to else "") for c, stays in mapped]
        changed = [not stays for _, stays in mapped]
    else:
        table: dict[str, str] = {}
        for place, character in enumerate(_spread(source_text)):
            table.setdefault(character, to[min(place, len(to) - 1)] if to else "")
        result = [table.get(character, character) for character in me]
        changed = [character in table for character in me]
    if squeezes:
        squeezed = []
        for place, character in enumerate(result):
            if place and changed[place] and changed[place - 1] and character == result[place - 1]:
                continue
            squeezed.append(character)
        result = squeezed
    return "".join(result)


def delete(me: str, first: Any, *forms: Any) -> str:
    test = _set_of(first, *forms)
    return "".join(character for character in me if not test(character))


def count(me: str, first: Any, *forms: Any) -> int:
    test = _set_of(first, *forms)
    return sum(test(character) for character in me)


def squeeze(me: str, *forms: Any) -> str:
    test = _set_of(*forms) if forms else (lambda character: True)
    return "".join(c for place, c in enumerate(me) if not (place and c == me[place - 1] and test(c)))


def succ(me: str) -> str:
    """The next text, as a counter would turn: az, ba; a9, b0; Zz, AAa."""
    if not me:
        return ""
    letters = list(me)
    places = [place for place, character in enumerate(letters) if character.isascii() and character.isalnum()]
    if not places:
        raise Refused("`succ` of a text without letters or digits is not supported.")
    last_alnum = places[-1]
    if any(not c.isalnum() for c in letters[places[0] : last_alnum]):
        run_start = last_alnum
        while run_start - 1 in places:
            run_start -= 1
    place, rank = last_alnum, len(places) - 1
    while True:
        character = letters[place]
        if character not in "9zZ":
            letters[place] = chr(ord(character) + 1)
            return "".join(letters)
        letters[place] = {"9": "0", "z": "a", "Z": "A"}[character]
        rank -= 1
        if rank < 0:
            carry = {"9": "1", "z": "a", "Z": "A"}[character]
            return "".join([*letters[:place], carry, *letters[place:]])
        place = places[rank]


def index(me: str, wanted: Any, start: Any = 0, *, vm: Machine) -> int | None:
    place = integer(start)
    place = place + len(me) if place < 0 else place
    if not 0 <= place <= len(me):
        return None
    if isinstance(wanted, Regexp):
        found = regexps.match(vm, wanted, me, place)
        return None if found is None else found.found.start()
    result = me.find(text(wanted), place)
    return None if result < 0 else result


def rindex(me: str, wanted: Any, start: Any = MISSING) -> int | None:
    if isinstance(wanted, Regexp):
        last = len(me) if start is MISSING else integer(start) + (len(me) if integer(start) < 0 else 0)
        found_all = found_in(wanted.pattern, me, overlapped=True)
        starts = [found.start() for found in found_all if found.start() <= last]
        return starts[-1] if starts else None
    end = len(me) if start is MISSING else integer(start) + len(text(wanted))
    result = me.rfind(text(wanted), 0, end)
    return None if result < 0 else result


def padded(side: str) -> Function:
    def run(me: str, width: Any, fill: Any = " ", *, vm: Machine) -> str:
        lacking = vm.characters(integer(width)) - len(me)
        pad = text(fill)
        if not pad:
            raise argument_error("zero width padding")
        if lacking <= 0:
            return str(me)
        left = {"ljust": 0, "rjust": lacking, "center": lacking // 2}[side]
        right = lacking - left
        return (pad * left)[:left] + me + (pad * right)[:right]

    return run


def insert(me: str, place: Any, other: Any) -> str:
    at = integer(place)
    if not -len(me) - 1 <= at <= len(me):
        raise RubyError("IndexError", f"index {at} out of string")
    at = at + len(me) + 1 if at < 0 else at
    return me[:at] + text(other) + me[at:]
