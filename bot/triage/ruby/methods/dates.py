"""Date, Time, DateTime and durations, with ActiveSupport's calculations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Machine
from bot.triage.ruby.methods.rows import iterated
from bot.triage.ruby.moments import (
    NS,
    UNIT_SECONDS,
    Duration,
    Moment,
    advance,
    fixed,
    from_wall,
    iso8601,
    midnight,
    midnight_utc,
    named_zone,
    offset_text,
    parsed_offset,
    plus_days,
    plus_months,
    since,
    with_duration,
)
from bot.triage.ruby.strftime import strftime
from bot.triage.ruby.values import (
    Block,
    Hash,
    Range,
    Symbol,
    inspect,
    integer,
    number,
    order,
    pairs,
    text,
    text_or_symbol,
    to_text,
)

Function = Callable[..., Any]
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
END_NS = NS - 1


def date_of(me: Any) -> dt.date:
    return me.date if isinstance(me, Moment) else me


def with_date(me: Any, date: dt.date) -> Any:
    """The same time of day on another date."""
    if not isinstance(me, Moment):
        return date
    return me.at_wall(dt.datetime.combine(date, me.wall.time()), me.fraction_ns)


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


def _by_one(unit: str, sign: int, amount: int = 1) -> Function:
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


def _cweek(me: Any) -> int:
    return date_of(me).isocalendar().week


def _day_start(me: Any, *, vm: Machine) -> Moment:
    return at_clock(me, date_of(me), 0, 0, 0, 0, vm)


def _day_end(me: Any, *, vm: Machine) -> Moment:
    return at_clock(me, date_of(me), 23, 59, 59, END_NS, vm)


def _clock_at(hour: int) -> Function:
    return lambda me, *, vm: at_clock(me, date_of(me), hour, 0, 0, 0, vm)


def _strftime(me: Any, form: Any) -> str:
    if form is MISSING:
        if isinstance(me, Moment):
            raise Refused("`strftime` needs its form.")
        return to_text(me)
    return strftime(me, text(form))


def _same(date: dt.date) -> dt.date:
    return date


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
    "beginning_of_day": _day_start,
    "at_beginning_of_day": _day_start,
    "midnight": _day_start,
    "at_midnight": _day_start,
    "end_of_day": _day_end,
    "at_end_of_day": _day_end,
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
    "all_day": lambda me, *, vm: Range(_day_start(me, vm=vm), _day_end(me, vm=vm)),
    "all_week": _all(week_start, lambda date: plus_days(week_start(date), 6)),
    "all_month": _all(month_start, month_end),
    "all_quarter": _all(quarter_start, quarter_end),
    "all_year": _all(lambda date: dt.date(date.year, 1, 1), lambda date: dt.date(date.year, 12, 31)),
    "tomorrow": _by_one("days", 1),
    "yesterday": _by_one("days", -1),
    "next_day": _next("days", 1),
    "prev_day": _next("days", -1),
    "next_month": _next("months", 1),
    "prev_month": _next("months", -1),
    "last_month": _by_one("months", -1),
    "next_year": _next("years", 1),
    "prev_year": _next("years", -1),
    "last_year": _by_one("years", -1),
    "next_quarter": _by_one("months", 1, 3),
    "prev_quarter": _by_one("months", -1, 3),
    "last_quarter": _by_one("months", -1, 3),
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

_FORMATS = {
    "db": ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"),
    "short": ("%d %b", "%d %b %H:%M"),
    "long": ("%B %d, %Y", "%B %d, %Y %H:%M"),
    "number": ("%Y%m%d", "%Y%m%d%H%M%S"),
    "inspect": ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S.%9N %z"),
    "time": ("", "%H:%M"),
    "rfc822": ("%d %b %Y", "%a, %d %b %Y %H:%M:%S %z"),
    "rfc2822": ("%d %b %Y", "%a, %d %b %Y %H:%M:%S %z"),
    "usec": ("", "%Y%m%d%H%M%S%6N"),
}


def _to_fs(me: Any, form: Any = None) -> str:
    name = text_or_symbol(form) if form is not None else "default"
    is_moment = isinstance(me, Moment)
    if name == "default":
        return to_text(me)
    if name == "iso8601":
        return iso8601(me) if is_moment else to_text(me)
    if name == "long_ordinal":
        from bot.triage.ruby.methods.numbers import INTEGER

        day = INTEGER["ordinalize"](date_of(me).day)
        return strftime(me, f"%B {day}, %Y" + (" %H:%M" if is_moment else ""))
    shown = _FORMATS.get(name, ("", ""))[is_moment]
    if not shown or (name in ("db", "inspect", "usec") and is_moment and me.kind != "Time" and name != "db"):
        raise Refused(f"to_fs(:{name}) is not supported here.")
    if name == "db" and is_moment and me.kind != "Time":
        return strftime(me, shown)
    return strftime(me, shown)


def _date_step(me: dt.date, limit: Any, by: Any = 1, *, vm: Machine, block: Block | None) -> Any:
    rows: list[Any] = []
    day: Any = me
    while (order(day, limit) or 0) * (1 if number(by) > 0 else -1) <= 0:
        vm.items(len(rows) + 1)
        rows.append(day)
        day = advance(day, {"days": by}) if not isinstance(day, Moment) else day.moved(int(by * 86400 * NS))

    def run(given: Block) -> Any:
        for row in rows:
            given.call([row])
        return me

    return iterated(rows, block, "", run)


def _plain_text(me: Any, *args: Any) -> str:
    if args:
        raise argument_error(f"wrong number of arguments (given {len(args)}, expected 0)")
    return to_text(me)


DATE: dict[str, Function] = {
    "to_s": _plain_text,
    "iso8601": lambda me: to_text(me),
    "xmlschema": lambda me, *, vm: iso8601(midnight(me, vm.zone)),
    "httpdate": lambda me: strftime(me, "%a, %d %b %Y 00:00:00 GMT"),
    "rfc2822": lambda me: strftime(me, "%a, %-d %b %Y %T %z"),
    "rfc3339": lambda me: strftime(me, "%Y-%m-%dT%H:%M:%S+00:00"),
    "to_fs": _to_fs,
    "to_formatted_s": _to_fs,
    "readable_inspect": lambda me: inspect(me),
    "as_json": lambda me: to_text(me),
    "cweek": _cweek,
    "cwday": lambda me: me.isoweekday(),
    "cwyear": lambda me: me.isocalendar().year,
    "jd": lambda me: me.toordinal() + 1721425,
    "mjd": lambda me: me.toordinal() - 678576,
    "ld": lambda me: me.toordinal() - 577735,
    "ajd": lambda me: Fraction(me.toordinal() * 2 + 3442849, 2),
    "leap?": lambda me: me.year % 4 == 0 and (me.year % 100 != 0 or me.year % 400 == 0),
    "next": _by_one("days", 1),
    "succ": _by_one("days", 1),
    "upto": lambda me, last, *, vm, block: _date_step(me, last, 1, vm=vm, block=block),
    "downto": lambda me, last, *, vm, block: _date_step(me, last, -1, vm=vm, block=block),
    "step": _date_step,
    "to_time": lambda me, form=None, *, vm: midnight(me, vm.zone),
    "to_datetime": lambda me: Moment(midnight_utc(me).ns, fixed(0), "DateTime"),
    "compare_with_coercion": lambda me, other: order(me, other),
    "-@": lambda me: _no_sign(),
}


def _no_sign() -> Any:
    raise Refused("A date has no sign.")


def _only(*kinds: str) -> Callable[[Function], Function]:
    def wrap(function: Function) -> Function:
        return function

    del kinds
    return wrap


def _in_utc(me: Moment) -> Moment:
    return Moment(me.ns, dt.UTC, "Time")


def _local(me: Moment, offset: Any = None, *, vm: Machine) -> Moment:
    return Moment(me.ns, parsed_offset(text(offset)) if offset is not None else vm.zone, "Time")


def _iso(me: Moment, digits: Any = 0) -> str:
    return iso8601(me, integer(digits))


def _to_time(me: Moment, *, vm: Machine) -> Moment:
    return me if me.kind == "Time" else Moment(me.ns, vm.zone, "Time")


def _to_datetime(me: Moment) -> Moment:
    return Moment(me.ns, fixed(me.offset_s), "DateTime")


def _start_of(unit: str) -> Function:
    def run(me: Moment, *, vm: Machine) -> Moment:
        wall = me.wall
        return at_clock(me, me.date, wall.hour, wall.minute if unit == "minute" else 0, 0, 0, vm)

    return run


def _end_of(unit: str) -> Function:
    def run(me: Moment, *, vm: Machine) -> Moment:
        wall = me.wall
        return at_clock(me, me.date, wall.hour, wall.minute if unit == "minute" else 59, 59, END_NS, vm)

    return run


def _since_midnight(me: Moment, *, vm: Machine) -> Any:
    seconds = Fraction(me.ns - _day_start(me, vm=vm).ns, NS)
    return int(seconds) if me.kind == "DateTime" else float(seconds)


def _until_end(me: Moment, *, vm: Machine) -> Any:
    return (_day_end(me, vm=vm).ns // NS) - me.ns // NS


def _rounded_time(me: Moment, digits: Any = 0) -> Moment:
    unit = 10 ** (9 - integer(digits))
    return me.moved((me.ns + unit // 2) // unit * unit - me.ns)


def _new_offset(me: Moment, offset: Any = 0) -> Moment:
    if isinstance(offset, str):
        zone = parsed_offset(offset)
        return Moment(me.ns, fixed(0) if zone is dt.UTC else zone, "DateTime")
    return Moment(me.ns, fixed(int(Fraction(offset) * 86400)), "DateTime")


def _for_kind(time: Function, datetime: Function) -> Function:
    def run(me: Moment, *args: Any) -> Any:
        return (datetime if me.kind == "DateTime" else time)(me, *args)

    return run


def _only_datetime(name: str, function: Function) -> Function:
    def run(me: Moment, *args: Any, vm: Machine, block: Block | None) -> Any:
        if me.kind != "DateTime":
            raise Refused(f"The method `{name}` of {me.kind} is not supported, or does not exist.")
        del vm, block
        return function(me, *args)

    return run


def _only_time(name: str, function: Function) -> Function:
    def run(me: Moment, *args: Any) -> Any:
        if me.kind == "DateTime":
            raise Refused(f"The method `{name}` of DateTime is not supported, or does not exist.")
        return function(me, *args)

    return run


def _moment_step(me: Moment, limit: Any, by: Any = 1, *, vm: Machine, block: Block | None) -> Any:
    if me.kind != "DateTime":
        raise Refused("The method `step` of Time does not exist.")
    return _date_step(me, limit, by, vm=vm, block=block)  # type: ignore[arg-type]


MOMENT: dict[str, Function] = {
    "to_s": _plain_text,
    "hour": lambda me: me.wall.hour,
    "min": lambda me: me.wall.minute,
    "minute": _only_datetime("minute", lambda me: me.wall.minute),
    "sec": lambda me: me.wall.second,
    "second": _only_datetime("second", lambda me: me.wall.second),
    "usec": lambda me: me.fraction_ns // 1000,
    "nsec": lambda me: me.fraction_ns,
    "sec_fraction": lambda me: Fraction(me.fraction_ns, NS) if me.fraction_ns or me.kind == "DateTime" else 0,
    "to_i": lambda me: me.ns // NS,
    "to_f": lambda me: float(Fraction(me.ns, NS)),
    "to_r": _only_time("to_r", lambda me: Fraction(me.ns, NS)),
    "zone": lambda me: me.zone_name or None,
    "utc?": lambda me: me.zone is dt.UTC if me.kind != "DateTime" else me.offset_s == 0,
    "utc_offset": lambda me: me.offset_s,
    "gmt_offset": lambda me: me.offset_s,
    "gmtoff": lambda me: me.offset_s,
    "formatted_offset": lambda me: offset_text(me.offset_s, ":"),
    "dst?": _only_time("dst?", lambda me: bool(me.wall.dst())),
    "utc": _in_utc,
    "getutc": _in_utc,
    "gmtime": _in_utc,
    "getgm": _in_utc,
    "localtime": _local,
    "getlocal": _local,
    "iso8601": _iso,
    "xmlschema": _iso,
    "rfc3339": _iso,
    "rfc2822": _only_time(
        "rfc2822",
        lambda me: strftime(me, "%a, %d %b %Y %H:%M:%S %z" if me.zone is not dt.UTC else "%a, %d %b %Y %T -0000"),
    ),
    "httpdate": lambda me: strftime(_in_utc(me), "%a, %d %b %Y %H:%M:%S GMT"),
    "ctime": lambda me: strftime(me, "%c"),
    "as_json": lambda me: iso8601(me, 3),
    "to_fs": _to_fs,
    "to_formatted_s": _to_fs,
    "to_time": _to_time,
    "to_datetime": _to_datetime,
    "beginning_of_hour": _start_of("hour"),
    "end_of_hour": _end_of("hour"),
    "beginning_of_minute": _start_of("minute"),
    "end_of_minute": _end_of("minute"),
    "seconds_since_midnight": _since_midnight,
    "seconds_until_end_of_day": _until_end,
    "round": _only_time("round", _rounded_time),
    "new_offset": _only_datetime("new_offset", _new_offset),
    "offset": _only_datetime("offset", lambda me: Fraction(me.offset_s, 86400)),
    "cweek": _only_datetime("cweek", _cweek),
    "cwday": _only_datetime("cwday", lambda me: me.date.isoweekday()),
    "cwyear": _only_datetime("cwyear", lambda me: me.date.isocalendar().year),
    "step": _moment_step,
    "+": lambda me, other, *, vm: _plus(me, other, vm),
}


def _plus(me: Moment, other: Any, vm: Machine) -> Any:
    from bot.triage.ruby.operators import add

    return add(vm, me, other)


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
