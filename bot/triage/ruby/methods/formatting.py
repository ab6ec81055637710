"""Numbers from strings, and format."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Machine
from bot.triage.ruby.parts import Mixing
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import Hash, Symbol, integer, is_integer, is_number, look_up, text, type_in_words

# -- numbers ---------------------------------------------------------------------------------------------------------


def to_i(me: str, base: Any = 10) -> int:
    radix = integer(base)
    if radix == 0:
        raise Refused("`to_i` with a radix of 0 is not supported.")
    if not 2 <= radix <= 36:
        raise argument_error(f"invalid radix {radix}")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
    prefix = {16: "(?:0x)?", 2: "(?:0b)?", 8: "(?:0o?)?"}.get(radix, "")
    match = re.match(rf"\s*([-+]?){prefix}([{digits}]+(?:_[{digits}]+)*)", me, re.IGNORECASE)
    return int(match[1] + match[2].replace("_", ""), radix) if match else 0


def to_f(me: str) -> float:
    match = re.match(r"\s*([-+]?(?:\d+(?:_\d+)*)?(?:\.\d+(?:_\d+)*)?(?:(?<=\d)e[-+]?\d+)?)", me, re.IGNORECASE)
    shown = match[1].replace("_", "") if match else ""
    return float(shown) if re.search(r"\d", shown) else 0.0


def to_r(me: str) -> Fraction:
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
    if not vm.taints:
        return to_text(value)
    mixing = Mixing(vm)
    mixing.text = "".join(before)
    mixing.add(value)
    return mixing.text[sum(map(len, before)) :]


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


def percent(me: str, values: Any, *, vm: Machine) -> str:
    return formatted(vm, me, values if isinstance(values, list) else [values])
