"""The methods of durations."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.moments import UNIT_SECONDS, Duration, with_duration
from bot.triage.ruby.showing import to_text
from bot.triage.ruby.values import Hash, Symbol

# -- durations -------------------------------------------------------------------------------------------------------


def _in_unit(unit: str) -> Function:
    return lambda me: me.seconds_value / UNIT_SECONDS[unit]


def _from_now(sign: int) -> Function:
    def run(me: Duration, start: Any = MISSING, *, vm: Machine) -> Any:
        return with_duration(vm.now if start is MISSING else start, me, sign, vm.zone)

    return run


def _iso_duration(me: Duration) -> str:
    if not me.parts:
        return "PT0S"
    names = {"years": "Y", "months": "M", "weeks": "W", "days": "D"}
    clock = {"hours": "H", "minutes": "M", "seconds": "S"}
    date = "".join(f"{to_text(me.parts[unit])}{letter}" for unit, letter in names.items() if unit in me.parts)
    time = "".join(f"{to_text(me.parts[unit])}{letter}" for unit, letter in clock.items() if unit in me.parts)
    return f"P{date}{'T' + time if time else ''}"


def _parts(me: Duration) -> Hash:
    return Hash.of([(Symbol(unit), value) for unit, value in me.parts.items()])


def _to_i(me: Duration) -> int:
    return int(me.seconds_value)


def _coerce(me: Duration, other: Any) -> Any:
    raise Refused("`coerce` of a duration is not supported.")


DURATION: dict[str, Function] = {
    "to_i": _to_i,
    "to_f": lambda me: float(me.seconds_value),
    "to_r": lambda me: Fraction(me.seconds_value),
    "to_s": lambda me: to_text(me),
    "value": lambda me: me.seconds_value,
    "parts": _parts,
    "iso8601": _iso_duration,
    "abs": lambda me: abs(me.seconds_value),
    "-@": lambda me: me.negated(),
    "+@": lambda me: me,
    "zero?": lambda me: me.seconds_value == 0,
    "positive?": lambda me: me.seconds_value > 0,
    "negative?": lambda me: me.seconds_value < 0,
    "ago": _from_now(-1),
    "until": _from_now(-1),
    "before": _from_now(-1),
    "since": _from_now(1),
    "from_now": _from_now(1),
    "after": _from_now(1),
    **{f"in_{unit}": _in_unit(unit) for unit in UNIT_SECONDS if unit != "seconds"},
    "in_seconds": _to_i,
    "coerce": _coerce,
    "round": lambda me, digits=0: _rounded_duration(me, digits),
    "eql?": lambda me, other: isinstance(other, Duration) and me.seconds_value == other.seconds_value,
    "instance_of?": lambda me, kind: kind.name in ("ActiveSupport::Duration", "Integer"),
}


def _rounded_duration(me: Duration, digits: Any) -> Any:
    from bot.triage.ruby.methods.numbers import rounded

    return rounded(me.seconds_value, digits)
