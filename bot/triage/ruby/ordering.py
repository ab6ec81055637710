"""When two values are equal, and which of them comes first."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import argument_error
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import NUMBERS, WALKED, Hash, Range, RubySet, Symbol, class_name, is_number, look_up, pairs

# -- equality and order ----------------------------------------------------------------------------------------------


def equal(one: Any, other: Any) -> bool:
    """Ruby's ==."""
    if one is None or isinstance(one, bool) or other is None or isinstance(other, bool):
        return one is other
    if isinstance(one, str):
        if isinstance(other, str):
            return str(one) == str(other)
        return hasattr(other, "order_against") and not isinstance(other, dt.date) and other.order_against(one) == 0
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return bool(one == other)
    if isinstance(one, list | dict):
        WALKED.count(len(one))
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict | Hash):
        if not isinstance(other, dict | Hash) or len(pairs(one)) != len(pairs(other)):
            return False
        for key, value in pairs(one):
            there, its = look_up(other, key)
            if not there or not equal(value, its):
                return False
        return True
    if isinstance(one, RubySet):
        return isinstance(other, RubySet) and one.entries.keys() == other.entries.keys()
    if isinstance(one, Range):
        return (
            isinstance(other, Range)
            and equal(one.first, other.first)
            and equal(one.last, other.last)
            and one.excludes_last == other.excludes_last
        )
    if hasattr(one, "order_against") or hasattr(other, "order_against") or isinstance(one, dt.date):
        return order(one, other) == 0
    return bool(one == other)


def order(one: Any, other: Any) -> int | None:
    """Ruby's <=>: -1, 0, 1, or None where the two cannot be compared."""
    if hasattr(one, "order_against"):
        result: int | None = one.order_against(other)
        return result
    if hasattr(other, "order_against"):
        if isinstance(one, str | dt.date | int | float | Fraction) and not isinstance(one, bool):
            result = other.order_against(one)
            return None if result is None else -result
        return None
    if is_number(one) and is_number(other):
        if one != one or other != other:
            return None
        return int(one > other) - int(one < other)
    if isinstance(one, str) and isinstance(other, str):
        first, second = one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
        return (first > second) - (first < second)
    if isinstance(one, Symbol) and isinstance(other, Symbol):
        return order(one.name, other.name)
    if isinstance(one, list) and isinstance(other, list):
        for mine, its in zip(one, other, strict=False):
            found = order(mine, its)
            if found != 0:
                return found
        return (len(one) > len(other)) - (len(one) < len(other))
    if isinstance(one, dt.date) and isinstance(other, dt.date):
        return (one > other) - (one < other)
    if isinstance(one, dt.date) and is_number(other):
        # A Date against a number: by its astronomical Julian day.
        return order(one.toordinal() + 1721424.5, other)
    if one is None or isinstance(one, bool | dt.date) or isinstance(other, dt.date):
        return 0 if one is other else None
    return 0 if equal(one, other) else None


def compare(one: Any, other: Any) -> int:
    """Like order, for sorting and the comparing operators: what cannot be compared is an ArgumentError."""
    result = order(one, other)
    if result is None:
        shown = inspect(other) if other is None or isinstance(other, bool | int | float) else class_name(other)
        raise argument_error(f"comparison of {class_name(one)} with {shown} failed")
    return result
