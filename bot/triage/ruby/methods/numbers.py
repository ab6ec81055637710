"""Integer, Float and Rational."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.iteration import iterated
from bot.triage.ruby.moments import UNIT_SECONDS, Duration
from bot.triage.ruby.operators import BINARY, divide, modulo
from bot.triage.ruby.showing import float_text, to_text
from bot.triage.ruby.values import Block, integer, is_integer, number, text_or_symbol

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _radix(me: int, base: int) -> str:
    if not 2 <= base <= 36:
        raise argument_error(f"invalid radix {base}")
    digits, value = "", abs(me)
    while value:
        value, rest = divmod(value, base)
        digits = DIGITS[rest] + digits
    return ("-" if me < 0 else "") + (digits or "0")


def _round_half_up(value: float, scale: float) -> float:
    """As Ruby corrects it, so that 2.675.round(2) is 2.68."""
    scaled = math.copysign(math.floor(abs(value * scale) + 0.5), value)
    if scale == 1.0:
        return scaled
    if value > 0:
        if (scaled + 0.5) / scale <= value:
            scaled += 1
        return scaled
    if (scaled - 0.5) / scale >= value:
        scaled -= 1
    return scaled


def _finite(value: float) -> float:
    if value != value or abs(value) == math.inf:
        raise RubyError("FloatDomainError", float_text(value))
    return value


MOST_DIGITS = 1_000


def digits_of(digits: Any) -> int:
    """To how many digits a number is rounded."""
    places = integer(digits)
    if abs(places) > MOST_DIGITS:
        raise OutOfBudget(f"Rounding to more than {MOST_DIGITS} digits is not evaluated.")
    return places


def rounded(me: Any, digits: Any = 0, *, kw: dict[str, Any] | None = None) -> Any:
    half = (kw or {}).get("half")
    mode = text_or_symbol(half) if half is not None else "up"
    places = digits_of(digits)
    if is_integer(me) and places >= 0:
        return me
    if mode not in ("up", "even", "down"):
        raise argument_error(f"invalid rounding mode: {mode}")
    if is_integer(me):
        return me if places >= 0 else _rounded_fraction(Fraction(me), places, mode)
    if isinstance(me, Fraction):
        value = _rounded_fraction(me, places, mode)
        return int(value) if places <= 0 else value
    if places > 0:
        if me != me or abs(me) == math.inf or places >= 15 or me == 0:
            return me
        if mode != "up":
            return float(_rounded_fraction(Fraction(me), places, mode))
        if places >= 14 or abs(me) > 1e15:
            return float(round(Fraction(me), places))
        scale = 10.0**places
        return _round_half_up(me, scale) / scale
    _finite(me)
    if mode == "up" and places == 0:
        return int(_round_half_up(me, 1.0)) if abs(me) < 2**52 else int(me)
    return int(_rounded_fraction(Fraction(me), places, mode))


def _rounded_fraction(value: Fraction, places: int, mode: str) -> Any:
    unit = Fraction(10) ** -places
    scaled = abs(value) / unit
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    half = Fraction(1, 2)
    if rest > half or (rest == half and (mode == "up" or (mode == "even" and whole % 2))):
        whole += 1
    result = whole * unit * (-1 if value < 0 else 1)
    return int(result) if result.denominator == 1 and places <= 0 else result


def _towards(name: str) -> Callable[..., Any]:
    towards: dict[str, Callable[[Any], int]] = {"floor": math.floor, "ceil": math.ceil, "truncate": math.trunc}
    exact = towards[name]

    def run(me: Any, digits: Any = 0) -> Any:
        places = digits_of(digits)
        if is_integer(me) and places >= 0:
            return me
        if isinstance(me, float):
            _finite(me)
            if places > 0:
                if places >= 15:
                    return me
                value = Fraction(exact(Fraction(repr(me)) * 10**places), 10**places)
                return float(value)
        unit = Fraction(10) ** -places
        value = exact(Fraction(me) / unit) * unit
        return int(value) if places <= 0 else value

    return run


def _times(me: int, *, vm: Machine, block: Block | None) -> Any:
    vm.items(max(me, 0))
    return iterated(list(range(me)), block, me, lambda b: _each(range(me), b, me))


def _each(rows: Any, block: Block, result: Any) -> Any:
    for row in rows:
        block.call([row])
    return result


def _upto(me: Any, last: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = range(me, integer(last) + 1)
    vm.items(len(rows))
    return iterated(list(rows), block, me, lambda b: _each(rows, b, me))


def _downto(me: Any, last: Any, *, vm: Machine, block: Block | None) -> Any:
    rows = range(me, integer(last) - 1, -1)
    vm.items(len(rows))
    return iterated(list(rows), block, me, lambda b: _each(rows, b, me))


def _step(me: Any, limit: Any = None, by: Any = 1, *, vm: Machine, block: Block | None, kw: dict[str, Any]) -> Any:
    last, width = kw.get("to", limit), kw.get("by", by)
    if width == 0:
        raise argument_error("step can't be 0")
    if last is None:
        raise Refused("A step without an end is not supported.")
    rows = stepped(vm, me, last, width)
    return iterated(rows, block, me, lambda b: _each(rows, b, me))


def stepped(vm: Machine, first: Any, last: Any, width: Any, excludes_last: bool = False) -> list[Any]:
    if any(isinstance(each, float) for each in (first, last, width)):
        count = math.floor((float(last) - float(first)) / float(width) + 1e-9) + 1
        vm.items(max(count, 0))
        rows: list[Any] = [float(first) + place * float(width) for place in range(max(count, 0))]
    else:
        vm.items(max(int((last - first) / width) + 1, 0))
        rows, value = [], first
        while value <= last if width > 0 else value >= last:
            rows.append(value)
            value = value + width
    return [row for row in rows if row != last] if excludes_last else rows


def _duration(unit: str) -> Callable[..., Any]:
    return lambda me: Duration.of(unit, me)


def _ordinal(me: int) -> str:
    last_two, last = abs(me) % 100, abs(me) % 10
    return "th" if 11 <= last_two <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(last, "th")


def _delimited(shown: str) -> str:
    whole, dot, rest = shown.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    groups: list[str] = []
    while digits:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    return sign + ",".join(groups) + dot + rest


def _to_fs(me: Any, form: Any = None, *, kw: dict[str, Any]) -> str:
    name = text_or_symbol(form) if form is not None else "default"
    if name == "delimited" and not kw:
        return _delimited(to_text(me))
    if name == "currency" and not kw:
        return f"${_delimited(f'{rounded(float(me), 2):.2f}')}"
    if name == "percentage":
        places = digits_of(kw.get("precision", 3))
        return f"{rounded(float(me), places):.{places}f}%"
    if name == "rounded":
        places = digits_of(kw.get("precision", 3))
        return f"{rounded(float(me), places):.{places}f}"
    if name == "default":
        return to_text(me)
    raise Refused(f"to_fs(:{name}) of a number is not supported.")


def _coerced(me: Any, other: Any) -> list[Any]:
    if is_integer(me) and is_integer(other):
        return [other, me]
    return [float(number(other)), float(me)]


def _divmod(me: Any, other: Any, *, vm: Machine) -> list[Any]:
    if other == 0 and not isinstance(other, float) and not isinstance(me, float):
        raise RubyError("ZeroDivisionError", "divided by 0")
    quotient = divide(vm, me, other)
    if isinstance(quotient, float | Fraction):
        quotient = math.floor(quotient)
    return [quotient, modulo(vm, me, other)]


def _fdiv(me: Any, other: Any, *, vm: Machine) -> Any:
    return divide(vm, float(me), float(number(other)))


def _remainder(me: Any, other: Any, *, vm: Machine) -> Any:
    value = modulo(vm, me, other)
    return value - other if value != 0 and (me < 0) != (other < 0) else value


def _size(count: int) -> Callable[..., Any]:
    return lambda me: me * count


NUMERIC: dict[str, Callable[..., Any]] = {
    "-@": lambda me: -me,
    "+@": lambda me: me,
    "abs": abs,
    "magnitude": lambda me: abs(me),
    "zero?": lambda me: me == 0,
    "positive?": lambda me: me > 0,
    "negative?": lambda me: me < 0,
    "nonzero?": lambda me: me if me != 0 else None,
    "integer?": lambda me: is_integer(me),
    "finite?": lambda me: not isinstance(me, float) or math.isfinite(me),
    "infinite?": lambda me: (1 if me > 0 else -1) if isinstance(me, float) and math.isinf(me) else None,
    "to_f": lambda me: float(me),
    "to_r": lambda me: Fraction(me),
    "to_c": lambda me: _no_complex(),
    "divmod": _divmod,
    "fdiv": _fdiv,
    "div": lambda me, other, *, vm: math.floor(divide(vm, me, other)),
    "modulo": lambda me, other, *, vm: modulo(vm, me, other),
    "remainder": _remainder,
    "quo": lambda me, other, *, vm: divide(vm, Fraction(me) if is_integer(me) else me, other),
    "pow": lambda me, other, *, vm: BINARY["**"](vm, me, other),
    "round": rounded,
    "floor": _towards("floor"),
    "ceil": _towards("ceil"),
    "truncate": _towards("truncate"),
    "step": _step,
    "coerce": _coerced,
    "to_fs": _to_fs,
    "to_formatted_s": _to_fs,
    "numerator": lambda me: Fraction(me).numerator,
    "denominator": lambda me: Fraction(me).denominator,
    **{unit: _duration(unit) for unit in UNIT_SECONDS if unit not in ("years", "months")},
    **{unit[:-1]: _duration(unit) for unit in UNIT_SECONDS if unit not in ("years", "months")},
    "fortnight": lambda me: Duration.of("weeks", me * 2),
    "fortnights": lambda me: Duration.of("weeks", me * 2),
    **{
        name: _size(1024**power)
        for power, unit in enumerate(("byte", "kilobyte", "megabyte", "gigabyte", "terabyte"))
        for name in (unit, f"{unit}s")
    },
}


def _no_complex() -> Any:
    raise Refused("Complex numbers are not supported.")


def _digits(me: int) -> list[int]:
    if me < 0:
        raise RubyError("ArgumentError", "out of domain")
    return [int(each) for each in reversed(str(me))]


INTEGER: dict[str, Callable[..., Any]] = {
    "to_i": lambda me: me,
    "to_int": lambda me: me,
    "ord": lambda me: me,
    "to_s": lambda me, base=10: _radix(me, integer(base)),
    "chr": lambda me, encoding=None: _character(me),
    "even?": lambda me: me % 2 == 0,
    "odd?": lambda me: me % 2 == 1,
    "succ": lambda me: me + 1,
    "next": lambda me: me + 1,
    "pred": lambda me: me - 1,
    "~": lambda me: ~me,
    "[]": lambda me, place: (me >> integer(place)) & 1,
    "size": lambda me: 8 if -(2**62) <= me < 2**62 else _no_size(),
    "times": _times,
    "upto": _upto,
    "downto": _downto,
    "digits": _digits,
    "bit_length": lambda me: me.bit_length() if me >= 0 else (~me).bit_length(),
    "gcd": lambda me, other: math.gcd(me, integer(other)),
    "lcm": lambda me, other: math.lcm(me, integer(other)),
    "years": lambda me: Duration.of("years", me),
    "year": lambda me: Duration.of("years", me),
    "months": lambda me: Duration.of("months", me),
    "month": lambda me: Duration.of("months", me),
    "multiple_of?": lambda me, other: me % integer(other) == 0 if other else me == 0,
    "ordinalize": lambda me: f"{me}{_ordinal(me)}",
    "ordinal": _ordinal,
}


def _no_size() -> Any:
    raise Refused("`size` of a large number is not supported.")


def _character(me: int) -> str:
    if not 0 <= me < 128:
        raise Refused("`chr` above 127 is not supported.")
    # Ruby's are in ASCII, and shown as \x01 where "\u0001" is not.
    if me == 127 or (me < 32 and chr(me) not in "\a\b\t\n\v\f\r\x1b"):
        raise Refused("`chr` of a control character is not supported.")
    return chr(me)


def _float_integer(me: float) -> int:
    return int(_finite(me))


FLOAT: dict[str, Callable[..., Any]] = {
    "to_i": _float_integer,
    "to_int": _float_integer,
    "nan?": lambda me: me != me,
    "to_r": lambda me: Fraction(_finite(me)),
    "rationalize": lambda me: Fraction(repr(me)),
    "to_s": lambda me: float_text(me),
    "years": lambda me: _no_fraction(),
    "next_float": lambda me: math.nextafter(me, math.inf),
}


def _no_fraction() -> Any:
    raise RubyError("NoMethodError", "calendar units need whole numbers")


RATIONAL: dict[str, Callable[..., Any]] = {
    "to_i": lambda me: int(me),
    "rationalize": lambda me: me,
    "to_s": lambda me: to_text(me),
}
