"""What dates and times share: weeks, months, quarters, what comes before and after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.moments import (
    NS,
    UNIT_SECONDS,
    Duration,
    Moment,
    advance,
    from_wall,
    midnight,
    named_zone,
    plus_days,
    plus_months,
    since,
    with_duration,
)
from bot.triage.ruby.ordering import order
from bot.triage.ruby.showing import to_text
from bot.triage.ruby.strftime import strftime
from bot.triage.ruby.values import Hash, Range, integer, number, pairs, text, text_or_symbol

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
END_NS = NS - 1


def date_of(me: Any) -> dt.date:
    return me.date if isinstance(me, Moment) else me


def at_clock(me: Any, date: dt.date, hour: int, minute: int, second: int, ns: int, vm: Machine) -> Moment:
    wall = dt.datetime(date.year, date.month, date.day, hour, minute, second)  # noqa: DTZ001 - the zone follows
    if isinstance(me, Moment):
        return me.at_wall(wall, 0 if me.kind == "DateTime" else ns)
    return from_wall(wall, ns, vm.zone)


def first_moment(me: Any, date: dt.date, vm: Machine) -> Any:
    """Beginning of a day: a date for dates, else midnight."""
    return at_clock(me, date, 0, 0, 0, 0, vm) if isinstance(me, Moment) else date


def last_moment(me: Any, date: dt.date, vm: Machine) -> Any:
    return at_clock(me, date, 23, 59, 59, END_NS, vm) if isinstance(me, Moment) else date


def week_start(date: dt.date, start: Any = MISSING) -> dt.date:
    first = DAY_NAMES.index(text_or_symbol(start)) if start is not MISSING else 0
    return plus_days(date, -((date.weekday() - first) % 7))


def month_start(date: dt.date) -> dt.date:
    return date.replace(day=1)


def month_end(date: dt.date) -> dt.date:
    return plus_days(plus_months(month_start(date), 1), -1)


def quarter_start(date: dt.date) -> dt.date:
    return dt.date(date.year, (date.month - 1) // 3 * 3 + 1, 1)


def quarter_end(date: dt.date) -> dt.date:
    return month_end(plus_months(quarter_start(date), 2))


def _beginning(of: Callable[[dt.date], dt.date]) -> Function:
    return lambda me, *, vm: first_moment(me, of(date_of(me)), vm)


def _end(of: Callable[[dt.date], dt.date]) -> Function:
    return lambda me, *, vm: last_moment(me, of(date_of(me)), vm)


def _moved(unit: str, sign: int) -> Function:
    return lambda me, count: advance(me, {unit: sign * number(count)})


def _next(unit: str, sign: int) -> Function:
    return lambda me, count=1: advance(me, {unit: sign * number(count)})


def by_one(unit: str, sign: int, amount: int = 1) -> Function:
    return lambda me: advance(me, {unit: sign * amount})


def _next_week(sign: int) -> Function:
    def run(me: Any, day: Any = MISSING, *, vm: Machine) -> Any:
        start = DAY_NAMES.index(text_or_symbol(day)) if day is not MISSING else 0
        target = plus_days(week_start(plus_days(date_of(me), 7 * sign)), start)
        return first_moment(me, target, vm)

    return run


def _weekday(sign: int) -> Function:
    def run(me: Any, *, vm: Machine) -> Any:
        moved = advance(me, {"days": sign})
        while date_of(moved).weekday() > 4:
            moved = advance(moved, {"days": sign})
        del vm
        return moved

    return run


def _occurring(sign: int) -> Function:
    def run(me: Any, day: Any) -> Any:
        wanted = DAY_NAMES.index(text_or_symbol(day))
        distance = sign * (wanted - date_of(me).weekday()) % 7 or 7
        return advance(me, {"days": sign * distance})

    return run


def _all(first: Callable[[dt.date], dt.date], last: Callable[[dt.date], dt.date]) -> Function:
    def run(me: Any, *, vm: Machine) -> Range:
        date = date_of(me)
        return Range(first_moment(me, first(date), vm), last_moment(me, last(date), vm))

    return run


def _advance(me: Any, units: Any = None, *, kw: dict[str, Any], vm: Machine) -> Any:
    given = dict(kw)
    if isinstance(units, dict | Hash):
        given |= {text_or_symbol(key): value for key, value in pairs(units)}
    known = {unit: number(value) for unit, value in given.items() if unit in UNIT_SECONDS and value is not None}
    return advance(me, known) if isinstance(me, Moment) or not _has_clock(known) else _date_advance(me, known, vm)


def _has_clock(units: dict[str, Any]) -> bool:
    return any(unit in units for unit in ("hours", "minutes", "seconds"))


def _date_advance(me: dt.date, units: dict[str, Any], vm: Machine) -> Any:
    # Date#advance looks at years, months, weeks and days only.
    del vm
    return advance(me, {unit: value for unit, value in units.items() if unit in ("years", "months", "weeks", "days")})


def _valid_date(year: Any, month: Any, day: Any) -> dt.date:
    try:
        return dt.date(integer(year), integer(month), integer(day))
    except ValueError:
        raise RubyError("Date::Error", "invalid date") from None


def _change(me: Any, *, kw: dict[str, Any], vm: Machine) -> Any:
    date = date_of(me)
    if not isinstance(me, Moment):
        return _valid_date(kw.get("year", date.year), kw.get("month", date.month), kw.get("day", date.day))
    if set(kw) - {"year", "month", "day", "hour", "min", "sec"}:
        raise Refused("`change` with these units is not supported.")
    wall = me.wall
    try:
        target = dt.date(
            integer(kw.get("year", wall.year)), integer(kw.get("month", wall.month)), integer(kw.get("day", wall.day))
        )
        hour = integer(kw.get("hour", wall.hour))
        minute = integer(kw.get("min", 0 if "hour" in kw else wall.minute))
        second = integer(kw.get("sec", 0 if {"hour", "min"} & set(kw) else wall.second))
        ns = 0 if {"hour", "min", "sec"} & set(kw) else me.fraction_ns
        return at_clock(me, target, hour, minute, second, ns, vm)
    except ValueError:
        if me.kind == "DateTime":
            raise RubyError("Date::Error", "invalid date") from None
        raise Refused("`change` to a day that the month does not have is not supported.") from None


def _is_day(place: int) -> Function:
    return lambda me: date_of(me).weekday() == place


def _compared_with_now(sign: int) -> Function:
    def run(me: Any, *, vm: Machine) -> bool:
        if isinstance(me, Moment):
            return (me.ns - vm.now.ns) * sign > 0
        return bool((me.toordinal() - vm.today.toordinal()) * sign > 0)

    return run


def _relative_day(days: int) -> Function:
    return lambda me, *, vm: date_of(me.in_zone(vm.zone) if isinstance(me, Moment) else me) == plus_days(vm.today, days)


def _ago(me: Any, seconds: Any, *, vm: Machine) -> Any:
    if isinstance(seconds, Duration):
        return with_duration(since(me, 0, vm.zone), seconds, -1, vm.zone)
    return since(me, -number(seconds), vm.zone)


def _since(me: Any, seconds: Any, *, vm: Machine) -> Any:
    if isinstance(seconds, Duration):
        return with_duration(since(me, 0, vm.zone), seconds, 1, vm.zone)
    return since(me, number(seconds), vm.zone)


def _in_time_zone(me: Any, zone: Any = None, *, vm: Machine) -> Any:
    if zone is None:
        return me if isinstance(me, Moment) else midnight(me, vm.zone)
    there = named_zone(text(zone))
    if isinstance(me, Moment):
        return me.in_zone(there, "ActiveSupport::TimeWithZone")
    return midnight(me, there).in_zone(there, "ActiveSupport::TimeWithZone")


def cweek(me: Any) -> int:
    return date_of(me).isocalendar().week


def day_start(me: Any, *, vm: Machine) -> Moment:
    return at_clock(me, date_of(me), 0, 0, 0, 0, vm)


def day_end(me: Any, *, vm: Machine) -> Moment:
    return at_clock(me, date_of(me), 23, 59, 59, END_NS, vm)


def _clock_at(hour: int) -> Function:
    return lambda me, *, vm: at_clock(me, date_of(me), hour, 0, 0, 0, vm)


def _strftime(me: Any, form: Any) -> str:
    if form is MISSING:
        if isinstance(me, Moment):
            raise Refused("`strftime` needs its form.")
        return to_text(me)
    return strftime(me, text(form))


CALENDAR: dict[str, Function] = {
    "year": lambda me: date_of(me).year,
    "month": lambda me: date_of(me).month,
    "mon": lambda me: date_of(me).month,
    "day": lambda me: date_of(me).day,
    "mday": lambda me: date_of(me).day,
    "wday": lambda me: (date_of(me).weekday() + 1) % 7,
    "yday": lambda me: date_of(me).timetuple().tm_yday,
    "quarter": lambda me: (date_of(me).month + 2) // 3,
    **{f"{name}?": _is_day(place) for place, name in enumerate(DAY_NAMES)},
    "on_weekend?": lambda me: date_of(me).weekday() > 4,
    "on_weekday?": lambda me: date_of(me).weekday() < 5,
    "strftime": lambda me, form=MISSING: _strftime(me, form),
    "beginning_of_day": day_start,
    "at_beginning_of_day": day_start,
    "midnight": day_start,
    "at_midnight": day_start,
    "end_of_day": day_end,
    "at_end_of_day": day_end,
    "middle_of_day": _clock_at(12),
    "midday": _clock_at(12),
    "noon": _clock_at(12),
    "beginning_of_week": lambda me, start=MISSING, *, vm: first_moment(me, week_start(date_of(me), start), vm),
    "end_of_week": lambda me, start=MISSING, *, vm: last_moment(me, plus_days(week_start(date_of(me), start), 6), vm),
    "at_beginning_of_week": lambda me, *, vm: first_moment(me, week_start(date_of(me)), vm),
    "monday": lambda me, *, vm: first_moment(me, week_start(date_of(me)), vm),
    "sunday": lambda me, *, vm: last_moment(me, plus_days(week_start(date_of(me)), 6), vm),
    "beginning_of_month": _beginning(month_start),
    "at_beginning_of_month": _beginning(month_start),
    "end_of_month": _end(month_end),
    "at_end_of_month": _end(month_end),
    "beginning_of_quarter": _beginning(quarter_start),
    "end_of_quarter": _end(quarter_end),
    "beginning_of_year": _beginning(lambda date: dt.date(date.year, 1, 1)),
    "end_of_year": _end(lambda date: dt.date(date.year, 12, 31)),
    "all_day": lambda me, *, vm: Range(day_start(me, vm=vm), day_end(me, vm=vm)),
    "all_week": _all(week_start, lambda date: plus_days(week_start(date), 6)),
    "all_month": _all(month_start, month_end),
    "all_quarter": _all(quarter_start, quarter_end),
    "all_year": _all(lambda date: dt.date(date.year, 1, 1), lambda date: dt.date(date.year, 12, 31)),
    "tomorrow": by_one("days", 1),
    "yesterday": by_one("days", -1),
    "next_day": _next("days", 1),
    "prev_day": _next("days", -1),
    "next_month": _next("months", 1),
    "prev_month": _next("months", -1),
    "last_month": by_one("months", -1),
    "next_year": _next("years", 1),
    "prev_year": _next("years", -1),
    "last_year": by_one("years", -1),
    "next_quarter": by_one("months", 1, 3),
    "prev_quarter": by_one("months", -1, 3),
    "last_quarter": by_one("months", -1, 3),
    "next_week": _next_week(1),
    "prev_week": _next_week(-1),
    "last_week": _next_week(-1),
    "next_weekday": _weekday(1),
    "prev_weekday": _weekday(-1),
    "last_weekday": _weekday(-1),
    "next_occurring": _occurring(1),
    "prev_occurring": _occurring(-1),
    **{f"{unit}_ago": _moved(unit, -1) for unit in ("days", "weeks", "months", "years")},
    **{f"{unit}_since": _moved(unit, 1) for unit in ("days", "weeks", "months", "years")},
    "advance": _advance,
    "change": _change,
    "past?": _compared_with_now(-1),
    "future?": _compared_with_now(1),
    "today?": _relative_day(0),
    "tomorrow?": _relative_day(1),
    "yesterday?": _relative_day(-1),
    "next_day?": _relative_day(1),
    "before?": lambda me, other: (order(me, other) or 0) < 0,
    "after?": lambda me, other: (order(me, other) or 0) > 0,
    "ago": _ago,
    "since": _since,
    "in": _since,
    "in_time_zone": _in_time_zone,
    "to_date": lambda me: date_of(me),
    "days_to_week_start": lambda me: date_of(me).weekday(),
}
