"""The methods of times."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused
from bot.triage.ruby.machine import Function, Machine
from bot.triage.ruby.methods.calendar import END_NS, at_clock, cweek, day_end, day_start
from bot.triage.ruby.methods.dates import date_step, plain_text, to_fs
from bot.triage.ruby.moments import NS, Moment, fixed, iso8601, offset_text, parsed_offset
from bot.triage.ruby.strftime import strftime
from bot.triage.ruby.values import Block, integer, text


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
    seconds = Fraction(me.ns - day_start(me, vm=vm).ns, NS)
    return int(seconds) if me.kind == "DateTime" else float(seconds)


def _until_end(me: Moment, *, vm: Machine) -> Any:
    return (day_end(me, vm=vm).ns // NS) - me.ns // NS


def _rounded_time(me: Moment, digits: Any = 0) -> Moment:
    unit = 10 ** (9 - integer(digits))
    return me.moved((me.ns + unit // 2) // unit * unit - me.ns)


def _new_offset(me: Moment, offset: Any = 0) -> Moment:
    if isinstance(offset, str):
        zone = parsed_offset(offset)
        return Moment(me.ns, fixed(0) if zone is dt.UTC else zone, "DateTime")
    return Moment(me.ns, fixed(int(Fraction(offset) * 86400)), "DateTime")


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
    return date_step(me, limit, by, vm=vm, block=block)  # type: ignore[arg-type]


MOMENT: dict[str, Function] = {
    "to_s": plain_text,
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
    "to_fs": to_fs,
    "to_formatted_s": to_fs,
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
    "cweek": _only_datetime("cweek", cweek),
    "cwday": _only_datetime("cwday", lambda me: me.date.isoweekday()),
    "cwyear": _only_datetime("cwyear", lambda me: me.date.isocalendar().year),
    "step": _moment_step,
    "+": lambda me, other, *, vm: _plus(me, other, vm),
}


def _plus(me: Moment, other: Any, vm: Machine) -> Any:
    from bot.triage.ruby.operators import add

    return add(vm, me, other)
