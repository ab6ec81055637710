"""String and Symbol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error, type_error
from bot.triage.ruby.machine import MISSING, Machine
from bot.triage.ruby.methods import inflections, regexps
from bot.triage.ruby.methods.rows import iterated, span
from bot.triage.ruby.parts import put_in
from bot.triage.ruby.patterns import compile_pattern, escaped, searched
from bot.triage.ruby.values import (
    Block,
    Enumerator,
    Hash,
    Match,
    Range,
    Regexp,
    Symbol,
    class_name,
    identity,
    inspect,
    integer,
    is_integer,
    is_number,
    look_up,
    order,
    quoted,
    text,
    text_or_symbol,
    to_text,
    type_in_words,
)

BLANKS = "\0\t\n\v\f\r "
Function = Callable[..., Any]


def pattern_of(value: Any) -> Regexp:
    if isinstance(value, Regexp):
        return value
    if isinstance(value, str):
        return compile_pattern(escaped(value), "")
    raise RubyError("TypeError", f"wrong argument type {class_name(value)} (expected Regexp)")


# -- parts -----------------------------------------------------------------------------------------------------------


def _slice(me: str, first: Any, count: Any = MISSING, *, vm: Machine) -> Any:
    if isinstance(first, Regexp):
        found = regexps.match(vm, first, me)
        return None if found is None else regexps.group(found, 0 if count is MISSING else count)
    if isinstance(first, str):
        return str(first) if first in me else None
    if count is MISSING and not isinstance(first, Range):
        place = integer(first)
        return me[place] if -len(me) <= place < len(me) else None
    found_span = span(len(me), first, 0 if count is MISSING else count)
    return None if found_span is None else me[found_span[0] : found_span[1]]


def _start_with(me: str, *starts: Any, vm: Machine) -> bool:
    for start in starts:
        if isinstance(start, Regexp):
            found = searched(start.pattern.match, me)
            vm.last_match = Match(start, found, me) if found else None
            if found:
                return True
        elif me.startswith(text(start)):
            return True
    return False


def _include(me: str, other: Any) -> bool:
    return text(other) in me


def _split(me: str, separator: Any = None, limit: Any = 0, *, vm: Machine, block: Block | None = None) -> list[str]:
    if block is not None:
        raise Refused("`split` with a block is not supported.")
    most = integer(limit)
    if not me:
        return []
    if separator is None or (isinstance(separator, str) and separator == " "):
        rest = me.lstrip(BLANKS)
        if most > 0:
            parts = re.split(r"[\0\t\n\v\f\r ]+", rest, maxsplit=most - 1) if most > 1 else [rest]
        else:
            parts = re.split(r"[\0\t\n\v\f\r ]+", rest)
    elif isinstance(separator, str):
        if separator == "":
            parts = list(me) if most <= 0 else [*me[: most - 1], me[most - 1 :]]
        else:
            parts = me.split(separator, most - 1 if most > 0 else -1) if most != 1 else [me]
    elif isinstance(separator, Regexp):
        parts = _split_by_pattern(me, separator, most)
    else:
        raise RubyError("TypeError", f"wrong argument type {class_name(separator)} (expected Regexp)")
    vm.items(len(parts))
    if most == 0:
        while parts and parts[-1] == "":
            parts.pop()
    return parts


def _split_by_pattern(me: str, pattern: Regexp, most: int) -> list[str]:
    parts: list[str] = []
    start = 0
    for found in searched(pattern.pattern.finditer, me):
        if most > 0 and len(parts) >= most - 1:
            break
        if found.end() == found.start():
            if found.start() == 0 or found.start() >= len(me):
                continue
            parts.append(me[start : found.start()])
        else:
            parts.append(me[start : found.start()])
        parts += [group for group in found.groups() if group is not None]
        start = found.end()
    return [*parts, me[start:]]


def _partition(me: str, separator: Any, *, vm: Machine) -> list[str]:
    if isinstance(separator, Regexp):
        found = regexps.match(vm, separator, me)
        if found is None:
            return [str(me), "", ""]
        return [me[: found.found.start()], found.found.group(0), me[found.found.end() :]]
    return list(me.partition(text(separator)))


def _rpartition(me: str, separator: Any) -> list[str]:
    return list(me.rpartition(text(separator)))


def _lines_of(me: str, *, kw: dict[str, Any]) -> list[str]:
    if set(kw) - {"chomp"}:
        raise Refused("`lines` with these arguments is not supported.")
    return [_chomp(line) for line in _lines(me)] if kw.get("chomp") else _lines(me)


def _lines(me: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", me)


def _pieces(cut: Callable[[str], list[Any]], name: str) -> Function:
    def run(me: str, *, block: Block | None) -> Any:
        rows = cut(me)

        def each(given: Block) -> Any:
            for row in rows:
                given.call([row])
            return me

        return iterated(rows, block, f"{inspect(me)}:{name}", each)

    return run


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


def _substitute(everywhere: bool) -> Function:
    def run(me: str, pattern: Any, replacement: Any = MISSING, *, vm: Machine, block: Block | None) -> Any:
        rule = pattern_of(pattern)
        if replacement is MISSING and block is None:
            if not everywhere:
                raise argument_error("wrong number of arguments (given 1, expected 2)")
            rows = [found.group(0) for found in searched(rule.pattern.finditer, me)]
            return Enumerator(
                rows, lambda b: run(me, pattern, vm=vm, block=b), f"{inspect(me)}:gsub({inspect(pattern)})"
            )
        parts: list[str] = []
        start = 0
        last: Match | None = None
        for found in searched(rule.pattern.finditer, me):
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


def _scan(me: str, pattern: Any, *, vm: Machine, block: Block | None) -> Any:
    rule = pattern_of(pattern)
    result: list[Any] = []
    last: Match | None = None
    for found in searched(rule.pattern.finditer, me):
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


def _remove(me: str, *patterns: Any, vm: Machine) -> str:
    result = str(me)
    for pattern in patterns:
        result = _substitute(True)(result, pattern, "", vm=vm, block=None)
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


def _tr(me: str, source: Any, target: Any, *, squeezes: bool = False) -> str:
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


def _delete(me: str, first: Any, *forms: Any) -> str:
    test = _set_of(first, *forms)
    return "".join(character for character in me if not test(character))


def _count(me: str, first: Any, *forms: Any) -> int:
    test = _set_of(first, *forms)
    return sum(test(character) for character in me)


def _squeeze(me: str, *forms: Any) -> str:
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
    place = last_alnum
    while True:
        character = letters[place]
        if character not in "9zZ":
            letters[place] = chr(ord(character) + 1)
            return "".join(letters)
        letters[place] = {"9": "0", "z": "a", "Z": "A"}[character]
        before = [each for each in places if each < place]
        if not before:
            carry = {"9": "1", "z": "a", "Z": "A"}[character]
            return "".join([*letters[:place], carry, *letters[place:]])
        place = before[-1]


def _index(me: str, wanted: Any, start: Any = 0, *, vm: Machine) -> int | None:
    place = integer(start)
    place = place + len(me) if place < 0 else place
    if not 0 <= place <= len(me):
        return None
    if isinstance(wanted, Regexp):
        found = regexps.match(vm, wanted, me, place)
        return None if found is None else found.found.start()
    result = me.find(text(wanted), place)
    return None if result < 0 else result


def _rindex(me: str, wanted: Any, start: Any = MISSING) -> int | None:
    if isinstance(wanted, Regexp):
        last = len(me) if start is MISSING else integer(start) + (len(me) if integer(start) < 0 else 0)
        found_all = searched(wanted.pattern.finditer, me, overlapped=True)
        starts = [found.start() for found in found_all if found.start() <= last]
        return starts[-1] if starts else None
    end = len(me) if start is MISSING else integer(start) + len(text(wanted))
    result = me.rfind(text(wanted), 0, end)
    return None if result < 0 else result


def _padded(side: str) -> Function:
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


def _insert(me: str, place: Any, other: Any) -> str:
    at = integer(place)
    if not -len(me) - 1 <= at <= len(me):
        raise RubyError("IndexError", f"index {at} out of string")
    at = at + len(me) + 1 if at < 0 else at
    return me[:at] + text(other) + me[at:]


# -- numbers ---------------------------------------------------------------------------------------------------------


def _to_i(me: str, base: Any = 10) -> int:
    radix = integer(base)
    if radix == 0:
        raise Refused("`to_i` with a radix of 0 is not supported.")
    if not 2 <= radix <= 36:
        raise argument_error(f"invalid radix {radix}")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
    prefix = {16: "(?:0x)?", 2: "(?:0b)?", 8: "(?:0o?)?"}.get(radix, "")
    match = re.match(rf"\s*([-+]?){prefix}([{digits}]+(?:_[{digits}]+)*)", me, re.IGNORECASE)
    return int(match[1] + match[2].replace("_", ""), radix) if match else 0


def _to_f(me: str) -> float:
    match = re.match(r"\s*([-+]?(?:\d+(?:_\d+)*)?(?:\.\d+(?:_\d+)*)?(?:(?<=\d)e[-+]?\d+)?)", me, re.IGNORECASE)
    shown = match[1].replace("_", "") if match else ""
    return float(shown) if re.search(r"\d", shown) else 0.0


def _to_r(me: str) -> Fraction:
    match = re.match(r"\s*([-+]?\d+(?:\.\d+)?(?:/\d+)?)", me)
    if not match:
        return Fraction(0)
    if "/" in match[1]:
        numerator, _, denominator = match[1].partition("/")
        if int(denominator) == 0:
            raise RubyError("ZeroDivisionError", "divided by 0")
        return Fraction(numerator) / int(denominator)
    return Fraction(match[1])


_DIRECTIVE = re.compile(
    r"%(?:%|(?:(?P<number>[1-9])\$)?(?P<flags>[-+ 0#]*)(?:<(?P<name>[^>]*)>)?(?P<flags2>[-+ 0#]*)"
    r"(?P<width>\d+|\*)?(?:\.(?P<precision>\d+))?"
    r"(?:<(?P<name2>[^>]*)>)?(?P<type>[a-zA-Z])|\{(?P<braced>[^}]*)\})"
)


def formatted(vm: Machine, form: Any, values: list[Any]) -> str:
    """format, and the % of strings."""
    shown, place, parts, start = text(form), 0, list[str](), 0
    names = values[0] if len(values) == 1 and isinstance(values[0], dict | Hash) else None
    for match in _DIRECTIVE.finditer(shown):
        parts.append(_plain(shown[start : match.start()]))
        start = match.end()
        if match[0] == "%%":
            parts.append("%")
            continue
        name = match["name"] or match["name2"] or match["braced"]
        if name is not None:
            if names is None:
                raise argument_error("one hash required")
            there, value = look_up(names, Symbol(name))
            if not there:
                raise RubyError("KeyError", f"key<{name}> not found")
            if match["braced"] is not None:
                parts.append(_put(vm, value, parts))
                continue
        else:
            if match["width"] == "*":
                raise Refused("`*` in a format is not supported.")
            at = int(match["number"]) - 1 if match["number"] else place
            if at >= len(values):
                raise argument_error("too few arguments")
            value = values[at]
            place += 0 if match["number"] else 1
        parts.append(_directive(vm, match, value, parts))
        vm.characters(sum(map(len, parts)))
    parts.append(_plain(shown[start:]))
    return "".join(parts)


def _put(vm: Machine, value: Any, before: list[str]) -> str:
    return put_in(vm, value, "".join(before)) if vm.taints else to_text(value)


def _plain(shown: str) -> str:
    if "%" in shown:
        after = shown[shown.index("%") + 1 : shown.index("%") + 2]
        raise argument_error(f"malformed format string - %{after}" if after else "incomplete format specifier; use %%")
    return shown


def _directive(vm: Machine, match: re.Match[str], value: Any, before: list[str]) -> str:
    flags = (match["flags"] or "") + (match["flags2"] or "")
    width = vm.characters(int(match["width"] or 0))
    precision = int(match["precision"]) if match["precision"] is not None else None
    if precision is not None and precision > 1000:
        raise OutOfBudget("A precision of more than 1,000 digits is not evaluated.")
    kind = match["type"]
    if kind == "s" or kind == "p":
        shown = inspect(value) if kind == "p" else _put(vm, value, before)
        shown = shown if precision is None else shown[:precision]
        return shown.ljust(width) if "-" in flags else shown.rjust(width)
    if kind == "c":
        if not is_integer(value) and len(text(value)) != 1:
            raise Refused("%c of more than one character is not supported.")
        shown = chr(value) if is_integer(value) else text(value)
        return shown.ljust(width) if "-" in flags else shown.rjust(width)
    number: int | float
    if kind in "di":
        body = str(abs(number := _format_integer(value)))
        body = body.rjust(precision, "0") if precision is not None else body
    elif kind in "xXob":
        number = whole = _format_integer(value)
        if whole < 0:
            raise Refused("A negative number in this format is not supported.")
        body = {"x": f"{whole:x}", "X": f"{whole:X}", "o": f"{whole:o}", "b": f"{whole:b}"}[kind]
        body = ({"x": "0x", "X": "0X", "o": "0", "b": "0b"}[kind] if "#" in flags else "") + body
    elif kind in "feEgG":
        number = _format_float(value)
        if number != number or abs(number) == float("inf"):
            body = "NaN" if number != number else "Inf"
            flags = flags.replace("0", "")
        else:
            digits = 6 if precision is None else precision
            if kind == "f" and "#" not in flags:
                body = _fixed(abs(number), digits)
            else:
                body = f"{abs(number):{'#' if '#' in flags else ''}.{digits}{kind}}"
    else:
        raise argument_error(f"malformed format string - %{kind}")
    sign = "-" if number < 0 or (isinstance(number, float) and str(number).startswith("-")) else ""
    sign = sign or ("+" if "+" in flags else " " if " " in flags else "")
    if "-" in flags:
        return (sign + body).ljust(width)
    if ("0" in flags and precision is None) or ("0" in flags and kind in "feEgG"):
        return sign + body.rjust(width - len(sign), "0")
    return (sign + body).rjust(width)


def _fixed(number: float, digits: int) -> str:
    """%f: what is half-way as it is written goes to the even digit, as Ruby 3.1 does it."""
    written = Decimal(repr(number))
    exponent = written.as_tuple().exponent
    if isinstance(exponent, int) and -exponent == digits + 1 and written.as_tuple().digits[-1] == 5:
        if len(written.as_tuple().digits) > 15 or (digits and written.as_tuple().digits == (5,)):
            raise Refused("Rounding a number of so many digits is not supported.")
        return str(written.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN))
    return f"{number:.{digits}f}"


def _format_integer(value: Any) -> int:
    from bot.triage.ruby.methods.objects import _strict_integer

    if value is None:
        raise RubyError("TypeError", "can't convert nil into Integer")
    if isinstance(value, float):
        return int(value // 1)
    return _strict_integer(value, MISSING)


def _format_float(value: Any) -> float:
    if isinstance(value, str):
        if not re.match(r"\s*[-+]?\d[\d_]*(\.\d[\d_]*)?([eE][-+]?\d+)?\s*\Z", value):
            raise argument_error(f"invalid value for Float(): {inspect(value)}")
        return float(value.replace("_", ""))
    if hasattr(value, "seconds_value"):
        return float(value.seconds_value)
    if not is_number(value):
        raise RubyError("TypeError", f"can't convert {type_in_words(value)} into Float")
    return float(value)


def _percent(me: str, values: Any, *, vm: Machine) -> str:
    return formatted(vm, me, values if isinstance(values, list) else [values])


# -- ActiveSupport ---------------------------------------------------------------------------------------------------


def _truncate(me: str, length: Any, *, kw: dict[str, Any]) -> str:
    most = integer(length)
    if len(me) <= most:
        return str(me)
    omission = text(kw.get("omission", "..."))
    room = most - len(omission)
    separator = kw.get("separator")
    stop = room
    if separator is not None:
        if isinstance(separator, Regexp):
            places = [found.start() for found in searched(separator.pattern.finditer, me) if found.start() <= room]
            stop = places[-1] if places else room
        else:
            found = me.rfind(text(separator), 0, max(room, 0) + len(text(separator)))
            stop = found if found >= 0 else room
    if stop < 0:
        # Ruby's self[0, negative] is nil, which is empty in the new text.
        return omission
    return f"{me[:stop]}{omission}"


def _truncate_words(me: str, count: Any, *, kw: dict[str, Any]) -> str:
    match = re.match(rf"\A((?>[^\s]+\s+){{{max(integer(count) - 1, 0)}}}[^\s]+)\s.*\Z", me, re.DOTALL)
    return match[1] + text(kw.get("omission", "...")) if match else str(me)


def _indent(me: str, amount: Any, fill: Any = None, blank_lines: Any = False) -> str:
    given = re.search(r"^[ \t]", me, re.MULTILINE)
    pad = (text(fill) if fill is not None else (given[0] if given else " ")) * integer(amount)
    pattern = r"^" if blank_lines else r"^(?!$)"
    return re.sub(pattern, pad, me, flags=re.MULTILINE)


def _strip_heredoc(me: str) -> str:
    indents = [len(match) for match in re.findall(r"^[ \t]*(?=\S)", me, re.MULTILINE)]
    return re.sub(rf"^[ \t]{{{min(indents, default=0)}}}", "", me, flags=re.MULTILINE)


def _from_words(function: Callable[[str], str]) -> Function:
    return lambda me: function(str(me))


def _pluralize(me: str, count: Any = None, locale: Any = None) -> str:
    return str(me) if count == 1 and count is not True else inflections.pluralize(str(me))


def _parameterize(me: str, *, kw: dict[str, Any]) -> str:
    separator = kw.get("separator", "-")
    kept = bool(kw.get("preserve_case"))
    return inflections.parameterize(str(me), text(separator) if separator is not None else "", preserve_case=kept)


def _first(me: str, count: Any = 1) -> str:
    if integer(count) < 0:
        raise argument_error("negative limit")
    return me[: integer(count)]


def _last(me: str, count: Any = 1) -> str:
    if integer(count) < 0:
        raise argument_error("negative limit")
    return me[max(0, len(me) - integer(count)) :]


def _to_date(me: str, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import parse_date
    from bot.triage.ruby.methods.objects import blank

    return None if blank(me) else parse_date(me, vm.today)


def _to_time(me: str, form: Any = None, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import to_time

    return to_time(me, vm.now, utc=form is not None and text_or_symbol(form) == "utc")


def _to_datetime(me: str, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import parse_datetime
    from bot.triage.ruby.methods.objects import blank

    return None if blank(me) else parse_datetime(me, vm.today)


def _in_time_zone(me: str, zone: Any = None, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import read
    from bot.triage.ruby.moments import named_zone

    if zone is None:
        return _to_time(me, vm=vm)
    parts = read(me, vm.today)
    if parts is None or parts.date is None:
        raise argument_error(f"invalid date: {inspect(me)}")
    import datetime as dt

    from bot.triage.ruby.moments import fixed, from_wall

    date = parts.date
    wall = dt.datetime(date.year, date.month, date.day, parts.hour or 0, parts.minute, parts.second)  # noqa: DTZ001
    there = named_zone(text(zone))
    own = fixed(parts.offset_s) if parts.offset_s is not None else there
    return from_wall(wall, parts.fraction_ns, own).in_zone(there, "ActiveSupport::TimeWithZone")


def _capitalize(me: str) -> str:
    return me[:1].title() + me[1:].lower() if me else ""


def _chomp(me: str, end: Any = MISSING) -> str:
    if end is not MISSING:
        return me.removesuffix(text(end))
    for each in ("\r\n", "\n", "\r"):
        if me.endswith(each):
            return me[: -len(each)]
    return str(me)


def _casecmp(me: str, other: Any) -> int | None:
    if not isinstance(other, str):
        raise type_error(type_in_words(other), "String")

    def lowered(value: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in value)

    return order(lowered(me), lowered(other))


def _upto(me: str, last: Any, *, vm: Machine, block: Block | None) -> Any:
    from bot.triage.ruby.methods.rows import range_rows

    rows = range_rows(vm, Range(str(me), text(last)))

    def run(given: Block) -> Any:
        for row in rows:
            given.call([row])
        return me

    return iterated(rows, block, "", run)


def _refuse_change(name: str) -> Function:
    def run(me: str, *args: Any) -> Any:
        raise Refused(f"Texts are not changed in place here; write `{name.rstrip('!')}` and use what it gives.")

    return run


def _unicode_normalize(me: str, form: Any = None) -> str:
    name = text_or_symbol(form).upper() if form is not None else "NFC"
    return unicodedata.normalize(name, me)  # type: ignore[arg-type]


def _concat(me: str, *others: Any) -> str:
    return str(me) + "".join(text(other) for other in others)


STRING: dict[str, Function] = {
    "[]": _slice,
    "slice": _slice,
    "at": _slice,
    "length": lambda me: len(me),
    "size": lambda me: len(me),
    "bytesize": lambda me: len(me.encode()),
    "bytes": lambda me: list(me.encode()),
    "empty?": lambda me: not me,
    "include?": _include,
    "exclude?": lambda me, other: not _include(me, other),
    "start_with?": _start_with,
    "starts_with?": _start_with,
    "end_with?": lambda me, *ends: any(me.endswith(text(end)) for end in ends),
    "ends_with?": lambda me, *ends: any(me.endswith(text(end)) for end in ends),
    "strip": lambda me: me.strip(BLANKS),
    "lstrip": lambda me: me.lstrip(BLANKS),
    "rstrip": lambda me: me.rstrip(BLANKS),
    "chomp": _chomp,
    "chop": lambda me: me[:-2] if me.endswith("\r\n") else me[:-1],
    "chr": lambda me: me[:1],
    "upcase": lambda me: me.upper(),
    "downcase": lambda me: me.lower(),
    "capitalize": _capitalize,
    "swapcase": lambda me: me.swapcase(),
    "reverse": lambda me: me[::-1],
    "split": _split,
    "partition": _partition,
    "rpartition": _rpartition,
    "lines": _lines_of,
    "each_line": _pieces(_lines, "each_line"),
    "chars": lambda me: list(me),
    "each_char": _pieces(lambda me: list(me), "each_char"),
    "each_byte": _pieces(lambda me: list(me.encode()), "each_byte"),
    "codepoints": lambda me: [ord(character) for character in me],
    "sub": _substitute(False),
    "gsub": _substitute(True),
    "scan": _scan,
    "remove": _remove,
    "tr": _tr,
    "tr_s": lambda me, source, target: _tr(me, source, target, squeezes=True),
    "delete": _delete,
    "count": _count,
    "squeeze": _squeeze,
    "index": _index,
    "rindex": _rindex,
    "insert": _insert,
    "ljust": _padded("ljust"),
    "rjust": _padded("rjust"),
    "center": _padded("center"),
    "succ": lambda me: succ(str(me)),
    "next": lambda me: succ(str(me)),
    "upto": _upto,
    "ord": lambda me: ord(me[0]) if me else _no_ord(),
    "sum": lambda me: sum(me.encode()) & 0xFFFF,
    "hex": lambda me: _to_i(me, 16),
    "casecmp": _casecmp,
    "casecmp?": lambda me, other: text(other).casefold() == me.casefold(),
    "delete_prefix": lambda me, start: me.removeprefix(text(start)),
    "delete_suffix": lambda me, end: me.removesuffix(text(end)),
    "match": lambda me, pattern, start=0, *, vm, block: regexps.match(
        vm, pattern if isinstance(pattern, Regexp) else compile_pattern(text(pattern), ""), me, integer(start), block
    ),
    "match?": lambda me, pattern, start=0: regexps.is_match(
        pattern if isinstance(pattern, Regexp) else compile_pattern(text(pattern), ""), me, integer(start)
    ),
    "%": _percent,
    "to_i": _to_i,
    "to_f": _to_f,
    "to_r": _to_r,
    "to_c": lambda me: _no_complex(),
    "to_str": lambda me: me,
    "to_s": lambda me: me,
    "to_sym": lambda me: Symbol(str(me)),
    "intern": lambda me: Symbol(str(me)),
    "dump": lambda me: quoted(me) if me.isascii() else _no_dump(),
    "ascii_only?": lambda me: me.isascii(),
    "valid_encoding?": lambda me: True,
    "unicode_normalize": _unicode_normalize,
    "concat": _concat,
    "prepend": lambda me, *others: "".join(text(other) for other in others) + me,
    "replace": lambda me, other: text(other),
    "hash": lambda me: hash(identity(me)),
    # ActiveSupport
    "first": _first,
    "last": _last,
    "from": lambda me, place: _slice(me, Range(place, None), vm=None),  # type: ignore[arg-type]
    "to": lambda me, place: _slice(me, Range(0, place), vm=None),  # type: ignore[arg-type]
    "squish": lambda me: " ".join(me.split()),
    "truncate": _truncate,
    "truncate_words": _truncate_words,
    "indent": _indent,
    "strip_heredoc": _strip_heredoc,
    "titleize": _from_words(inflections.titleize),
    "titlecase": _from_words(inflections.titleize),
    "humanize": lambda me, *, kw: inflections.humanize(str(me), capitalize=kw.get("capitalize") is not False),
    "camelize": lambda me, first=None: inflections.camelize(str(me), "lower" if first == Symbol("lower") else "upper"),
    "camelcase": lambda me: inflections.camelize(str(me)),
    "underscore": _from_words(inflections.underscore),
    "dasherize": lambda me: me.replace("_", "-"),
    "parameterize": _parameterize,
    "pluralize": _pluralize,
    "singularize": _from_words(inflections.singularize),
    "tableize": lambda me: inflections.pluralize(inflections.underscore(str(me))),
    "classify": lambda me: inflections.camelize(inflections.singularize(str(me).rpartition(".")[2])),
    "upcase_first": lambda me: me[:1].upper() + me[1:],
    "downcase_first": lambda me: me[:1].lower() + me[1:],
    "html_safe": lambda me: me,
    "to_date": _to_date,
    "to_time": _to_time,
    "to_datetime": _to_datetime,
    "in_time_zone": _in_time_zone,
    **{
        name: _refuse_change(name)
        for name in (
            "gsub!",
            "sub!",
            "upcase!",
            "downcase!",
            "strip!",
            "squish!",
            "capitalize!",
            "chomp!",
            "tr!",
            "replace!",
            "squeeze!",
            "delete!",
            "reverse!",
            "slice!",
            "swapcase!",
        )
    },
}


def _no_ord() -> Any:
    raise argument_error("empty string")


def _no_dump() -> Any:
    raise Refused("`dump` of such a text is not supported.")


def _no_complex() -> Any:
    raise Refused("Complex numbers are not supported.")


def _through_text(name: str) -> Function:
    function = STRING[name]
    return lambda me, *args: function(me.name, *args)


SYMBOL: dict[str, Function] = {
    "to_sym": lambda me: me,
    "name": lambda me: me.name,
    "id2name": lambda me: me.name,
    "length": lambda me: len(me.name),
    "size": lambda me: len(me.name),
    "empty?": lambda me: not me.name,
    "[]": lambda me, *args, vm: _slice(me.name, *args, vm=vm),
    "upcase": lambda me: Symbol(me.name.upper()),
    "downcase": lambda me: Symbol(me.name.lower()),
    "capitalize": lambda me: Symbol(_capitalize(me.name)),
    "start_with?": lambda me, *starts, vm: _start_with(me.name, *starts, vm=vm),
    "end_with?": _through_text("end_with?"),
    "succ": lambda me: Symbol(succ(me.name)),
    "match?": _through_text("match?"),
}
