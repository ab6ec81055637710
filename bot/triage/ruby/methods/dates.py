"""The methods of dates."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused, argument_error
from bot.triage.ruby.machine import Function, Machine
from bot.triage.ruby.methods.calendar import by_one, cweek, date_of
from bot.triage.ruby.methods.iteration import iterated
from bot.triage.ruby.moments import NS, Moment, advance, fixed, iso8601, midnight, midnight_utc
from bot.triage.ruby.ordering import order
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.strftime import strftime
from bot.triage.ruby.values import Block, number, text_or_symbol

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


def to_fs(me: Any, form: Any = None) -> str:
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


def date_step(me: dt.date, limit: Any, by: Any = 1, *, vm: Machine, block: Block | None) -> Any:
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


def plain_text(me: Any, *args: Any) -> str:
    if args:
        raise argument_error(f"wrong number of arguments (given {len(args)}, expected 0)")
    return to_text(me)


DATE: dict[str, Function] = {
    "to_s": plain_text,
    "iso8601": lambda me: to_text(me),
    "xmlschema": lambda me, *, vm: iso8601(midnight(me, vm.zone)),
    "httpdate": lambda me: strftime(me, "%a, %d %b %Y 00:00:00 GMT"),
    "rfc2822": lambda me: strftime(me, "%a, %-d %b %Y %T %z"),
    "rfc3339": lambda me: strftime(me, "%Y-%m-%dT%H:%M:%S+00:00"),
    "to_fs": to_fs,
    "to_formatted_s": to_fs,
    "readable_inspect": lambda me: inspect(me),
    "as_json": lambda me: to_text(me),
    "cweek": cweek,
    "cwday": lambda me: me.isoweekday(),
    "cwyear": lambda me: me.isocalendar().year,
    "jd": lambda me: me.toordinal() + 1721425,
    "mjd": lambda me: me.toordinal() - 678576,
    "ld": lambda me: me.toordinal() - 577735,
    "ajd": lambda me: Fraction(me.toordinal() * 2 + 3442849, 2),
    "leap?": lambda me: me.year % 4 == 0 and (me.year % 100 != 0 or me.year % 400 == 0),
    "next": by_one("days", 1),
    "succ": by_one("days", 1),
    "upto": lambda me, last, *, vm, block: date_step(me, last, 1, vm=vm, block=block),
    "downto": lambda me, last, *, vm, block: date_step(me, last, -1, vm=vm, block=block),
    "step": date_step,
    "to_time": lambda me, form=None, *, vm: midnight(me, vm.zone),
    "to_datetime": lambda me: Moment(midnight_utc(me).ns, fixed(0), "DateTime"),
    "compare_with_coercion": lambda me, other: order(me, other),
    "-@": lambda me: _no_sign(),
}


def _no_sign() -> Any:
    raise Refused("A date has no sign.")
