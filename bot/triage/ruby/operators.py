"""Ruby's binary operators over the values of this interpreter."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, no_method, type_error
from bot.triage.ruby.machine import MOST_BITS, Machine, missing_method
from bot.triage.ruby.moments import NS, Duration, Moment, advance, midnight_utc, plus_months, with_duration
from bot.triage.ruby.ordering import compare, equal, order
from bot.triage.ruby.patterns import searched
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import (
    Block,
    Constant,
    Hash,
    Match,
    Range,
    Regexp,
    RubySet,
    Symbol,
    class_name,
    identity,
    is_a,
    is_integer,
    is_number,
    look_up,
    pairs,
    truthy,
    type_in_words,
)

# What Python raises where a table meets a value that it was not written for.
NOT_REFUSED = (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError, ArithmeticError)
Operator = Callable[[Machine, Any, Any], Any]


def _lacks(me: Any, operator: str) -> Exception:
    if me is None or isinstance(me, bool):
        return no_method(operator, f"{inspect(me)}:{class_name(me)}")
    return missing_method(me, operator)


def _coercion(other: Any, wanted: str) -> RubyError:
    shown = inspect(other) if other is None or isinstance(other, bool) else class_name(other)
    return RubyError("TypeError", f"{shown} can't be coerced into {wanted}")


def add(vm: Machine, one: Any, other: Any) -> Any:
    if is_number(one):
        if is_number(other):
            return one + other
        if isinstance(other, Duration):
            return Duration(one, {"seconds": one} if one else {}).plus(other) if one else other
        raise _coercion(other, class_name(one))
    if isinstance(one, str):
        if isinstance(other, str):
            vm.characters(len(one) + len(other))
            return str(one) + str(other)
        raise type_error(type_in_words(other), "String")
    if type(one) is list:
        if isinstance(other, list):
            vm.items(len(one) + len(other))
            return one + other
        raise type_error(type_in_words(other), "Array")
    if isinstance(one, Duration):
        if isinstance(other, Duration) or is_number(other):
            return one.plus(other)
        raise type_error(type_in_words(other), "Integer")
    if isinstance(one, dt.date | Moment):
        return _moved(vm, one, other, 1)
    if isinstance(one, RubySet):
        return RubySet(one.entries | RubySet.of(_rows(vm, other)).entries)
    raise _lacks(one, "+")


def _sized(value: Any) -> Any:
    if type(value) is Duration:
        _sized(value.seconds_value)
    bits = value.bit_length() if type(value) is int else 0
    if type(value) is Fraction:
        bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > MOST_BITS:
        raise OutOfBudget(f"A number of more than {MOST_BITS} bits is not computed.")
    return value


def _moved(vm: Machine, start: Any, other: Any, sign: int) -> Any:
    if isinstance(other, Duration):
        return with_duration(start, other, sign, vm.zone)
    if isinstance(start, Moment) and start.kind != "DateTime":
        if is_number(other):
            return start.moved(sign * round(Fraction(other) * NS))
        raise type_error(type_in_words(other), "an exact number")
    if not is_number(other):
        raise RubyError("TypeError", "expected numeric")
    if isinstance(start, Moment):
        return start.moved(sign * round(Fraction(other) * 86400 * NS))
    return advance(start, {"days": sign * other})


def subtract(vm: Machine, one: Any, other: Any) -> Any:
    if is_number(one):
        if is_number(other):
            return one - other
        if isinstance(other, Duration):
            parts = {**other.negated().parts}
            parts["seconds"] = parts.get("seconds", 0) + one
            return Duration(one - other.seconds_value, {unit: each for unit, each in parts.items() if each})
        raise _coercion(other, class_name(one))
    if isinstance(one, Duration):
        if isinstance(other, Duration):
            return one.plus(other.negated())
        if is_number(other):
            return one.plus(-other)
        raise type_error(type_in_words(other), "Integer")
    if isinstance(one, Moment):
        if isinstance(other, Moment) and (one.kind == "DateTime" and other.kind == "DateTime"):
            return Fraction(one.ns - other.ns, 86400 * NS)
        if isinstance(other, Moment) and one.kind != "DateTime":
            return (one.ns - other.ns) / NS
        if isinstance(other, dt.date) and one.kind == "DateTime":
            return Fraction(one.ns - midnight_utc(other).ns, 86400 * NS)
        if isinstance(other, Moment | dt.date | str):
            raise RubyError("TypeError", "expected numeric")
        return _moved(vm, one, other, -1)
    if isinstance(one, dt.date):
        if isinstance(other, Moment) and other.kind == "DateTime":
            return Fraction(midnight_utc(one).ns - other.ns, 86400 * NS)
        if isinstance(other, dt.date):
            return Fraction((one - other).days)
        if isinstance(other, Moment):
            raise RubyError("TypeError", "expected numeric")
        return _moved(vm, one, other, -1)
    if type(one) is list:
        if not isinstance(other, list):
            raise type_error(type_in_words(other), "Array")
        gone = {identity(each) for each in other}
        return [each for each in one if identity(each) not in gone]
    if isinstance(one, RubySet):
        gone = {identity(each) for each in _rows(vm, other)}
        return RubySet({key: each for key, each in one.entries.items() if key not in gone})
    raise _lacks(one, "-")


def multiply(vm: Machine, one: Any, other: Any) -> Any:
    if is_number(one):
        if is_number(other):
            return one * other
        if isinstance(other, Duration):
            return other.times(one)
        raise _coercion(other, class_name(one))
    if isinstance(one, Duration):
        if isinstance(other, Duration):
            return one.times(other.seconds_value)
        if is_number(other):
            return one.times(other)
        raise type_error(type_in_words(other), "Integer")
    if isinstance(one, str):
        if not is_integer(other):
            raise type_error(type_in_words(other), "Integer")
        if other < 0:
            raise RubyError("ArgumentError", "argument must be non-negative")
        vm.characters(len(one) * other)
        return str(one) * other
    if type(one) is list:
        if isinstance(other, str):
            return vm.send(one, "join", [other])
        if not is_integer(other):
            raise type_error(type_in_words(other), "Integer")
        if other < 0:
            raise RubyError("ArgumentError", "argument must be non-negative")
        vm.items(len(one) * other)
        return one * other
    raise _lacks(one, "*")


def divide(vm: Machine, one: Any, other: Any) -> Any:
    if isinstance(one, Duration):
        if isinstance(other, Duration):
            return divide(vm, one.seconds_value, other.seconds_value)
        if not is_number(other):
            raise type_error(type_in_words(other), "Integer")
        parts = {unit: divide(vm, each, other) for unit, each in one.parts.items()}
        return Duration(divide(vm, one.seconds_value, other), {unit: each for unit, each in parts.items() if each})
    if not is_number(one):
        raise _lacks(one, "/")
    if isinstance(other, Duration):
        return divide(vm, one, other.seconds_value)
    if not is_number(other):
        raise _coercion(other, class_name(one))
    if isinstance(one, float) or isinstance(other, float):
        return _float_division(float(one), float(other))
    if other == 0:
        raise RubyError("ZeroDivisionError", "divided by 0")
    if isinstance(one, int) and isinstance(other, int):
        return one // other
    return Fraction(one) / Fraction(other)


def _float_division(one: float, other: float) -> float:
    if other != 0:
        return one / other
    if one == 0 or one != one:
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


def modulo(vm: Machine, one: Any, other: Any) -> Any:
    if isinstance(one, str):
        return vm.send(one, "%", [other])
    if isinstance(one, Duration):
        its = other.seconds_value if isinstance(other, Duration) else other
        value = modulo(vm, one.seconds_value, its)
        return vm.send(Constant("ActiveSupport::Duration"), "build", [value])
    if not is_number(one):
        raise _lacks(one, "%")
    if isinstance(other, Duration):
        other = other.seconds_value
    if not is_number(other):
        raise _coercion(other, class_name(one))
    if other == 0:
        raise RubyError("ZeroDivisionError", "divided by 0")
    return one % other


def power(vm: Machine, one: Any, other: Any) -> Any:
    if not is_number(one):
        raise _lacks(one, "**")
    if not is_number(other):
        raise _coercion(other, class_name(one))
    if is_integer(one) and is_integer(other):
        if other < 0:
            if one == 0:
                raise RubyError("ZeroDivisionError", "divided by 0")
            return Fraction(1, int(power(vm, one, -other)))
        if one.bit_length() * other > MOST_BITS:
            raise OutOfBudget(f"A number of more than {MOST_BITS} bits is not computed.")
    if one < 0 and not is_integer(other):
        raise Refused("Complex numbers are not supported.")
    if isinstance(one, Fraction) and abs(other) > 64:
        raise OutOfBudget("This power is too large.")
    return one**other


def shift_left(vm: Machine, one: Any, other: Any) -> Any:
    if type(one) is list:
        vm.items(len(one) + 1)
        one.append(other)
        return one
    if is_integer(one):
        if not is_integer(other):
            raise type_error(type_in_words(other), "Integer")
        if other > MOST_BITS:
            raise OutOfBudget(f"A number of more than {MOST_BITS} bits is not computed.")
        return one << other if other >= 0 else one >> -other
    if isinstance(one, dt.date):
        return plus_months(one, -_months(other))
    if isinstance(one, Moment) and one.kind == "DateTime":
        return advance(one, {"months": -_months(other)})
    if isinstance(one, str):
        raise Refused("Texts are not changed in place here; write `text += more` instead of `text << more`.")
    if isinstance(one, RubySet):
        one.entries[identity(other)] = other
        return one
    raise _lacks(one, "<<")


def shift_right(vm: Machine, one: Any, other: Any) -> Any:
    if is_integer(one) and is_integer(other):
        return shift_left(vm, one, -other)
    if isinstance(one, dt.date):
        return plus_months(one, _months(other))
    if isinstance(one, Moment) and one.kind == "DateTime":
        return advance(one, {"months": _months(other)})
    raise _lacks(one, ">>")


def _months(value: Any) -> int:
    if not is_integer(value):
        raise RubyError("TypeError", "expected numeric")
    return int(value)


def both(vm: Machine, one: Any, other: Any) -> Any:
    """&"""
    if one is None or one is False:
        return False
    if one is True:
        return truthy(other)
    if type(one) is list:
        if not isinstance(other, list):
            raise type_error(type_in_words(other), "Array")
        kept = {identity(each) for each in other}
        return list({identity(each): each for each in one if identity(each) in kept}.values())
    if is_integer(one) and is_integer(other):
        return one & other
    if isinstance(one, RubySet):
        kept = {identity(each) for each in _rows(vm, other)}
        return RubySet({key: each for key, each in one.entries.items() if key in kept})
    raise _lacks(one, "&")


def either(vm: Machine, one: Any, other: Any) -> Any:
    """|"""
    if one is None or one is False:
        return truthy(other)
    if one is True:
        return True
    if type(one) is list:
        if not isinstance(other, list):
            raise type_error(type_in_words(other), "Array")
        found: dict[Any, Any] = {}
        for each in [*one, *other]:
            found.setdefault(identity(each), each)
        return list(found.values())
    if is_integer(one) and is_integer(other):
        return one | other
    if isinstance(one, RubySet):
        return RubySet(one.entries | RubySet.of(_rows(vm, other)).entries)
    raise _lacks(one, "|")


def exclusive(vm: Machine, one: Any, other: Any) -> Any:
    """^"""
    if one is None or one is False:
        return truthy(other)
    if one is True:
        return not truthy(other)
    if is_integer(one) and is_integer(other):
        return one ^ other
    raise _lacks(one, "^")


def compared(operator: str, test: Callable[[int], bool]) -> Operator:
    def run(vm: Machine, one: Any, other: Any) -> Any:
        if type(one) is int and type(other) is int:
            return test((one > other) - (one < other))
        if one is None or (isinstance(one, bool | list | Symbol) and not isinstance(one, Symbol)):
            raise _lacks(one, operator)
        if isinstance(one, dict | Hash):
            if not isinstance(other, dict | Hash):
                raise type_error(type_in_words(other), "Hash")
            return _subset(one, other, operator)
        if isinstance(one, RubySet) and isinstance(other, RubySet):
            mine, its = one.entries.keys(), other.entries.keys()
            return {"<": mine < its, "<=": mine <= its, ">": mine > its, ">=": mine >= its}[operator]
        if is_number(one) and is_number(other) and (one != one or other != other):
            return False  # NaN
        if isinstance(one, Constant):
            raise Refused("Comparing classes is not supported.")
        return test(compare(one, other))

    return run


def _subset(one: Any, other: Any, operator: str) -> bool:
    if operator in (">", ">="):
        one, other = other, one
    inside = all(look_up(other, key)[0] and equal(value, look_up(other, key)[1]) for key, value in pairs(one))
    return inside and (operator in ("<=", ">=") or len(pairs(one)) < len(pairs(other)))


def matched(vm: Machine, one: Any, other: Any) -> Any:
    """=~"""
    if isinstance(one, Regexp) and (other is None or isinstance(other, str | Symbol)):
        return _search(vm, one, other)
    if isinstance(one, str | Symbol) and isinstance(other, Regexp):
        return _search(vm, other, one)
    if isinstance(one, str) and isinstance(other, str):
        raise RubyError("TypeError", "wrong argument type String (expected Regexp)")
    if one is None:
        return None
    if isinstance(one, Regexp):
        raise type_error(type_in_words(other), "String")
    raise _lacks(one, "=~")


def _search(vm: Machine, pattern: Regexp, value: Any) -> int | None:
    if value is None:
        vm.last_match = None
        return None
    subject = value.name if isinstance(value, Symbol) else value
    found = searched(pattern.pattern.search, subject)
    vm.last_match = Match(pattern, found, subject) if found else None
    return found.start() if found else None


def case_equal(vm: Machine, pattern: Any, value: Any) -> bool:
    """pattern === value, as `case` asks."""
    if isinstance(pattern, Constant):
        if isinstance(value, Duration):  # a Duration says that it is an Integer, but Integer does not
            return pattern.name in ("ActiveSupport::Duration", "Object", "BasicObject", "Kernel")
        return is_a(value, pattern.name)
    if isinstance(pattern, Regexp):
        return isinstance(value, str | Symbol) and _search(vm, pattern, value) is not None
    if isinstance(pattern, Range):
        return truthy(vm.send(pattern, "cover?", [value]))
    if isinstance(pattern, Block):
        return truthy(pattern.call([value]))
    if isinstance(pattern, RubySet):
        return identity(value) in pattern.entries
    if isinstance(pattern, dt.date | Moment) and isinstance(value, dt.date | Moment):
        if "Time" in (class_name(pattern), class_name(value)):
            raise Refused("=== between a Date and a Time is not supported.")
        return _day(pattern) == _day(value)
    return equal(pattern, value)


def _day(value: Any) -> dt.date:
    return value.date if isinstance(value, Moment) else value


def _rows(vm: Machine, value: Any) -> list[Any]:
    from bot.triage.ruby.methods.iteration import rows_of

    rows = rows_of(vm, value)
    return rows if rows is not None else []


def _bounded(operator: Operator) -> Operator:
    """Numbers do not grow without end, whatever their kind."""
    return lambda vm, one, other: _sized(operator(vm, one, other))


BINARY: dict[str, Operator] = {
    "+": _bounded(add),
    "-": _bounded(subtract),
    "*": _bounded(multiply),
    "/": _bounded(divide),
    "%": _bounded(modulo),
    "**": _bounded(power),
    "<<": _bounded(shift_left),
    ">>": shift_right,
    "&": both,
    "|": either,
    "^": exclusive,
    "==": lambda vm, one, other: equal(one, other),
    "!=": lambda vm, one, other: not equal(one, other),
    "<=>": lambda vm, one, other: order(one, other),
    "<": compared("<", lambda result: result < 0),
    "<=": compared("<=", lambda result: result <= 0),
    ">": compared(">", lambda result: result > 0),
    ">=": compared(">=", lambda result: result >= 0),
    "=~": matched,
    "!~": lambda vm, one, other: matched(vm, one, other) is None,
    "===": lambda vm, one, other: one.call([other]) if isinstance(one, Block) else case_equal(vm, one, other),
}
