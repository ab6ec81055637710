"""Date, Time, DateTime and durations, as classes."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from bot.triage.ruby.date_parsing import (
    date_error,
    moment_of,
    parse_date,
    parse_datetime,
    parse_time,
    strict_iso8601,
    strptime,
    text_of,
)
from bot.triage.ruby.errors import Refused, RubyError, argument_error
from bot.triage.ruby.machine import Function, Machine
from bot.triage.ruby.moments import NS, UNIT_SECONDS, Duration, Moment, fixed, from_wall, parsed_offset, plus_days
from bot.triage.ruby.values import Block, integer, number, text

MONTH_NAMES = [
    None,
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAY_NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


# -- dates -----------------------------------------------------------------------------------------------------------


def _new_date(me: Any, year: Any = -4712, month: Any = 1, day: Any = 1) -> dt.date:
    y, m, d = integer(year), integer(month), integer(day)
    m = m + 13 if m < 0 else m
    if not 1583 <= y <= 9999:  # before, Ruby's calendar is the Julian one
        raise Refused("A date outside the years 1583 to 9999 is not supported.")
    try:
        if d < 0:
            following = dt.date(y + m // 12, m % 12 + 1, 1)
            result = plus_days(following, d)
            if result.month != m:
                raise date_error()
            return result
        return dt.date(y, m, d)
    except ValueError:
        raise date_error() from None


def _strict_date(me: Any, value: Any, *, vm: Machine) -> dt.date:
    shown = text_of(value)
    if not shown[:4].isdigit():
        raise date_error()
    return parse_date(shown, vm.today)


def _date_strptime(me: Any, value: Any, form: Any = "%F", *, vm: Machine) -> dt.date:
    date = strptime(text_of(value), text(form), vm.today).date
    if date is None:
        raise date_error()
    return date


def _valid_date(me: Any, year: Any, month: Any, day: Any) -> bool:
    try:
        _new_date(me, year, month, day)
    except RubyError:
        return False
    return True


def _is_leap(me: Any, year: Any) -> bool:
    y = integer(year)
    return y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)


DATE: dict[str, Function] = {
    "new": _new_date,
    "civil": _new_date,
    "today": lambda me, *, vm: vm.today,
    "current": lambda me, *, vm: vm.today,
    "tomorrow": lambda me, *, vm: plus_days(vm.today, 1),
    "yesterday": lambda me, *, vm: plus_days(vm.today, -1),
    "parse": lambda me, value, complete=True, *, vm: parse_date(text_of(value), vm.today),
    "iso8601": _strict_date,
    "strptime": _date_strptime,
    "valid_date?": _valid_date,
    "valid_civil?": _valid_date,
    "leap?": _is_leap,
    "gregorian_leap?": _is_leap,
    "::MONTHNAMES": lambda me: list(MONTH_NAMES),
    "::ABBR_MONTHNAMES": lambda me: [name and name[:3] for name in MONTH_NAMES],
    "::DAYNAMES": lambda me: list(DAY_NAMES),
    "::ABBR_DAYNAMES": lambda me: [name[:3] for name in DAY_NAMES],
}


# -- times -----------------------------------------------------------------------------------------------------------


def _wall(values: tuple[Any, ...], zone: dt.tzinfo, kind: Any = "Time") -> Moment:
    given = [integer(_month(value, place)) if value is not None else None for place, value in enumerate(values[:5])]
    year, month, day, hour, minute = (*given, None, None, None, None)[:5]
    second = values[5] if len(values) > 5 and values[5] is not None else 0
    exact = Fraction(number(second))
    ns = int((exact - int(exact)) * NS)
    try:
        wall = dt.datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, int(exact))  # noqa: DTZ001
    except ValueError:
        raise argument_error("argument out of range") from None
    return from_wall(wall, ns, zone, kind)


def _month(value: Any, place: int) -> Any:
    if isinstance(value, str):
        names = [str(name)[:3].lower() for name in MONTH_NAMES[1:]]
        return names.index(value.lower()) + 1 if place == 1 and value.lower() in names else int(value)
    return value


def _new_time(me: Any, *values: Any, vm: Machine, kw: dict[str, Any]) -> Moment:
    if not values:
        return vm.now if "in" not in kw else vm.now.in_zone(parsed_offset(text(kw["in"])))
    zone: Any = values[6] if len(values) > 6 else kw.get("in")
    return _wall(values, parsed_offset(text(zone)) if zone is not None else vm.zone)


def _time_at(me: Any, seconds: Any, fraction: Any = 0, *, vm: Machine, kw: dict[str, Any]) -> Moment:
    zone = parsed_offset(text(kw["in"])) if "in" in kw else vm.zone
    if isinstance(seconds, Moment):
        return seconds.in_zone(zone)
    ns = int(Fraction(number(seconds)) * NS + Fraction(number(fraction)) * 1000)
    if abs(ns) > 200_000_000_000 * NS:
        raise Refused("A time outside the years 1 to 9999 is not supported.")
    return Moment(ns, zone)


def _time_strptime(me: Any, value: Any, form: Any, *, vm: Machine) -> Moment:
    return moment_of(strptime(text_of(value), text(form), vm.today), vm.zone, "Time")


def _use_zone(me: Any, zone: Any, *, block: Block | None) -> Any:
    raise Refused("Time.use_zone is not supported; write in_time_zone.")


TIME: dict[str, Function] = {
    "now": lambda me, *, vm, kw: vm.now if "in" not in kw else vm.now.in_zone(parsed_offset(text(kw["in"]))),
    "current": lambda me, *, vm: vm.now,
    "zone": lambda me: None,
    "use_zone": _use_zone,
    "new": _new_time,
    "at": _time_at,
    "utc": lambda me, *values: _wall(values, dt.UTC),
    "gm": lambda me, *values: _wall(values, dt.UTC),
    "local": lambda me, *values, vm: _wall(values, vm.zone),
    "mktime": lambda me, *values, vm: _wall(values, vm.zone),
    "parse": lambda me, value, *, vm: parse_time(text_of(value), vm.now),
    "iso8601": lambda me, value, *, vm: strict_iso8601(text_of(value), vm.now),
    "xmlschema": lambda me, value, *, vm: strict_iso8601(text_of(value), vm.now),
    "rfc2822": lambda me, value, *, vm: parse_time(text_of(value), vm.now),
    "strptime": _time_strptime,
}


def _datetime_now(me: Any, *, vm: Machine) -> Moment:
    return Moment(vm.now.ns, fixed(vm.now.offset_s), "DateTime")


def _new_datetime(me: Any, *values: Any) -> Moment:
    zone: Any = values[6] if len(values) > 6 else 0
    if isinstance(zone, str):
        offset = zone if len(zone) > 2 else f"{zone[0]}0{zone[1:]}"
        parsed = parsed_offset(offset)
        its = fixed(0) if parsed is dt.UTC else parsed
    else:
        its = fixed(int(Fraction(number(zone)) * 86400))
    try:
        return _wall(values[:6] or (1,), its, "DateTime")
    except RubyError:
        raise date_error() from None


def _datetime_strptime(me: Any, value: Any, form: Any = "%FT%T%z", *, vm: Machine) -> Moment:
    return moment_of(strptime(text_of(value), text(form), vm.today), fixed(0), "DateTime")


def _strict_datetime(me: Any, value: Any, *, vm: Machine) -> Moment:
    if not text_of(value)[:4].isdigit():
        raise date_error()
    return parse_datetime(text_of(value), vm.today)


def _next_date(days: int) -> Function:
    return lambda me, *, vm: plus_days(vm.today, days)


DATETIME: dict[str, Function] = {
    "now": _datetime_now,
    "current": _datetime_now,
    "new": _new_datetime,
    "civil": _new_datetime,
    "parse": lambda me, value, complete=True, *, vm: parse_datetime(text_of(value), vm.today),
    "iso8601": _strict_datetime,
    "strptime": _datetime_strptime,
    "tomorrow": _next_date(1),
    "yesterday": _next_date(-1),
    "valid_date?": _valid_date,
    "leap?": _is_leap,
}


# -- durations -------------------------------------------------------------------------------------------------------


def build(me: Any, seconds: Any) -> Duration:
    value = number(seconds)
    rest, parts = value, {}
    for unit, size in UNIT_SECONDS.items():
        if unit == "seconds":
            break
        whole = int(rest // size) if rest >= 0 else -int(-rest // size)
        if whole:
            parts[unit] = whole
            rest -= whole * size
    if rest:
        parts["seconds"] = rest
    return Duration(value, parts)


def parse_duration(me: Any, value: Any) -> Duration:
    import re

    match = re.match(
        r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
        r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?\Z",
        text(value),
    )
    if not match or not any(match.groups()):
        raise Refused("This ISO 8601 duration is not supported.")
    result = Duration(0)
    for unit, amount in match.groupdict().items():
        if amount:
            result = result.plus(Duration.of(unit, int(amount)))
    return result
