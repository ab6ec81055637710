"""Ruby's Time, DateTime and ActiveSupport's durations, with the calendar arithmetic that belongs to them.

A Date is Python's `datetime.date`. Instants are whole nanoseconds since 1970 in UTC, so that the end of a day
(23:59:59.999999999) is exact.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.triage.ruby.errors import Refused, RubyError, argument_error
from bot.triage.ruby.showing import inspect, quoted, year_text
from bot.triage.ruby.values import class_name, is_number

NS = 1_000_000_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Kind = Literal["Time", "DateTime", "ActiveSupport::TimeWithZone"]

# Names of ActiveSupport::TimeZone that are no IANA names, the ones that people use.
RAILS_ZONES = {
    "UTC": "Etc/UTC",
    "Tokyo": "Asia/Tokyo",
    "London": "Europe/London",
    "Berlin": "Europe/Berlin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Vienna": "Europe/Vienna",
    "Moscow": "Europe/Moscow",
    "Sydney": "Australia/Sydney",
    "Beijing": "Asia/Shanghai",
    "Singapore": "Asia/Singapore",
    "Mumbai": "Asia/Kolkata",
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
}


def named_zone(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(RAILS_ZONES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argument_error(f"Invalid Timezone: {name}") from None


@dataclass(frozen=True)
class Moment:
    """A Time, a DateTime or a time in a named zone.

    Args:
        ns: nanoseconds since 1970, UTC.
        zone: in which it shows; `datetime.UTC` itself only for a Time that is "UTC" by name.
    """

    ns: int
    zone: dt.tzinfo
    kind: Kind = "Time"

    @property
    def wall(self) -> dt.datetime:
        """Local date and time, whole seconds, aware. Raises Refused beyond the years 1 to 9999."""
        try:
            return (EPOCH + dt.timedelta(seconds=self.ns // NS)).astimezone(self.zone)
        except OverflowError:
            raise Refused("A time beyond the years 1 to 9999 is not supported.") from None

    @property
    def fraction_ns(self) -> int:
        return self.ns % NS

    @property
    def offset_s(self) -> int:
        offset = self.wall.utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    @property
    def date(self) -> dt.date:
        return self.wall.date()

    @property
    def zone_name(self) -> str:
        if self.kind == "DateTime":
            return offset_text(self.offset_s, ":")
        name = self.wall.tzname() or ""
        return "" if name.startswith(("UTC+", "UTC-")) else name

    def moved(self, ns: int) -> Moment:
        return Moment(self.ns + ns, self.zone, self.kind)

    def at_wall(self, wall: dt.datetime, fraction_ns: int = 0) -> Moment:
        """Another local date and time in the same zone; of two that read alike the one with this offset."""
        return from_wall(wall, fraction_ns, self.zone, self.kind, like=self)

    def in_zone(self, zone: dt.tzinfo, kind: Kind | None = None) -> Moment:
        return Moment(self.ns, zone, kind or self.kind)

    # -- what the tables of values.py ask -----------------------------------------------------------------------------

    def ruby_class(self) -> str:
        return self.kind

    def hash_identity(self) -> Any:
        return ("moment", self.ns)

    def order_against(self, other: Any) -> int | None:
        if isinstance(other, Moment):
            return (self.ns > other.ns) - (self.ns < other.ns)
        if isinstance(other, dt.date):
            there = midnight_utc(other).ns
            return (self.ns > there) - (self.ns < there)
        if isinstance(other, str):
            from bot.triage.ruby.date_parsing import parse_datetime  # the parser needs Moment

            try:
                return self.order_against(parse_datetime(other, dt.date(1970, 1, 1)))
            except RubyError:
                return None
        if is_number(other):
            # ActiveSupport takes the number for an astronomical Julian day.
            days = Fraction(self.ns, NS * 86400) + Fraction(4881175, 2)
            return int(days > other) - int(days < other)
        return None

    def ruby_text(self) -> str:
        if self.kind == "DateTime":
            return iso8601(self)
        wall = self.wall
        return f"{year_text(wall.year)}-{wall:%m-%d %H:%M:%S} {self._shown_offset()}"

    def ruby_inspect(self) -> str:
        wall = self.wall
        if self.kind == "DateTime":
            return f"{wall:%a, %d %b} {year_text(wall.year)} {wall:%H:%M:%S} {offset_text(self.offset_s)}"
        if self.kind == "ActiveSupport::TimeWithZone":
            name, offset = self.zone_name, offset_text(self.offset_s, ":")
            return f"{wall:%a, %d %b} {year_text(wall.year)} {wall:%H:%M:%S}.{self.fraction_ns:09d} {name} {offset}"
        fraction = f".{self.fraction_ns:09d}".rstrip("0") if self.fraction_ns else ""
        return f"{year_text(wall.year)}-{wall:%m-%d %H:%M:%S}{fraction} {self._shown_offset()}"

    def _shown_offset(self) -> str:
        utc = self.zone is dt.UTC or (self.kind == "ActiveSupport::TimeWithZone" and self.zone_name == "UTC")
        return "UTC" if utc else offset_text(self.offset_s)


def offset_text(seconds: int, separator: str = "") -> str:
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{abs(seconds) // 3600:02d}{separator}{abs(seconds) % 3600 // 60:02d}"


def midnight_utc(date: dt.date) -> Moment:
    return Moment((date.toordinal() - 719163) * 86400 * NS, dt.UTC, "DateTime")


def from_wall(
    wall: dt.datetime, fraction_ns: int, zone: dt.tzinfo, kind: Kind = "Time", like: Moment | None = None
) -> Moment:
    """The instant at which a clock in that zone shows this.

    Of an hour that comes twice the second, standard one counts; a time that is left out moves forward.
    """
    first = wall.replace(tzinfo=zone, fold=0)
    second = wall.replace(tzinfo=zone, fold=1)
    early, late = first.utcoffset() or dt.timedelta(0), second.utcoffset() or dt.timedelta(0)
    chosen = second if early > late else first
    if like is not None and early > late and early.total_seconds() == like.offset_s:
        chosen = first
    if kind == "DateTime" or isinstance(zone, dt.timezone):
        chosen = first
    delta = chosen.astimezone(dt.UTC) - EPOCH
    seconds = delta.days * 86400 + delta.seconds
    return Moment(seconds * NS + fraction_ns, zone, kind)


def fixed(seconds: int) -> dt.timezone:
    """A zone for an offset; never the UTC object itself, which stands for the name."""
    return dt.timezone(dt.timedelta(seconds=seconds), f"UTC{offset_text(seconds, ':')}")


def iso8601(moment: Moment, digits: int = 0) -> str:
    wall = moment.wall
    fraction = f".{moment.fraction_ns:09d}"[: digits + 1] if digits else ""
    utc = moment.zone is dt.UTC and moment.kind == "Time"
    zoned_utc = moment.kind == "ActiveSupport::TimeWithZone" and moment.zone_name == "UTC"
    offset = "Z" if utc or zoned_utc else offset_text(moment.offset_s, ":")
    return f"{year_text(wall.year)}-{wall:%m-%dT%H:%M:%S}{fraction}{offset}"


# -- durations -------------------------------------------------------------------------------------------------------

UNIT_SECONDS: dict[str, int] = {
    "years": 31556952,
    "months": 2629746,
    "weeks": 604800,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}
SINGULAR = {unit[:-1]: unit for unit in UNIT_SECONDS}


def _amount(value: Any) -> str:
    return f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else inspect(value)


@dataclass(frozen=True)
class Duration:
    """ActiveSupport::Duration: a number of seconds that remembers of which units it was made."""

    seconds_value: Any
    parts: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(unit: str, amount: Any) -> Duration:
        return Duration(amount * UNIT_SECONDS[unit], {unit: amount})

    def ruby_class(self) -> str:
        return "ActiveSupport::Duration"

    def hash_identity(self) -> Any:
        return self.seconds_value

    def order_against(self, other: Any) -> int | None:
        its = other.seconds_value if isinstance(other, Duration) else other
        if not is_number(its):
            return None
        return int(self.seconds_value > its) - int(self.seconds_value < its)

    def ruby_text(self) -> str:
        return inspect(self.seconds_value)

    def ruby_inspect(self) -> str:
        if not self.parts:
            return f"{inspect(self.seconds_value)} seconds"
        shown = [
            f"{_amount(self.parts[unit])} {unit[:-1] if self.parts[unit] == 1 else unit}"
            for unit in UNIT_SECONDS
            if self.parts.get(unit)
        ]
        if not shown:
            return f"{inspect(self.seconds_value)} seconds"
        if len(shown) == 1:
            return shown[0]
        last = " and " if len(shown) == 2 else ", and "
        return ", ".join(shown[:-1]) + last + shown[-1]

    def plus(self, other: Any) -> Duration:
        if isinstance(other, Duration):
            parts = dict(self.parts)
            for unit, amount in other.parts.items():
                parts[unit] = parts.get(unit, 0) + amount
            value = self.seconds_value + other.seconds_value
        else:
            parts = self.parts | {"seconds": self.parts.get("seconds", 0) + other}
            value = self.seconds_value + other
        return Duration(value, {unit: amount for unit, amount in parts.items() if amount})

    def negated(self) -> Duration:
        return Duration(-self.seconds_value, {unit: -amount for unit, amount in self.parts.items()})

    def times(self, factor: Any) -> Duration:
        parts = {unit: amount * factor for unit, amount in self.parts.items()}
        return Duration(self.seconds_value * factor, {unit: each for unit, each in parts.items() if each})


def with_duration(start: Any, duration: Duration, sign: int, zone: dt.tzinfo) -> Any:
    """A date or moment, later (or earlier) by a duration, its parts one after the other."""
    if not isinstance(start, dt.date | Moment):
        raise argument_error(f"expected a time or date, got {inspect(start)}")
    if not duration.parts:
        return since(start, sign * duration.seconds_value, zone)
    result: Any = start
    for unit, amount in duration.parts.items():
        if unit in ("seconds", "minutes", "hours"):
            result = since(result, sign * amount * UNIT_SECONDS[unit], zone)
        else:
            result = advance(result, {unit: sign * amount})
    return result


def since(start: Any, seconds: Any, zone: dt.tzinfo) -> Moment:
    """Seconds later; a date counts as its midnight in the local zone."""
    moment = start if isinstance(start, Moment) else midnight(start, zone)
    return moment.moved(round(Fraction(seconds) * NS))


def midnight(date: dt.date, zone: dt.tzinfo) -> Moment:
    return from_wall(dt.datetime(date.year, date.month, date.day), 0, zone)  # noqa: DTZ001 - the zone follows


# -- calendar --------------------------------------------------------------------------------------------------------


def plus_days(date: dt.date, days: int) -> dt.date:
    try:
        return date + dt.timedelta(days=days)
    except OverflowError:
        raise Refused("A date outside the years 1 to 9999 is not supported.") from None


def plus_months(date: dt.date, months: int) -> dt.date:
    place = date.year * 12 + date.month - 1 + months
    year, month = place // 12, place % 12 + 1
    if not 1 <= year <= 9999:
        raise Refused("A date outside the years 1 to 9999 is not supported.")
    return dt.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def advance(start: Any, units: dict[str, Any]) -> Any:
    """ActiveSupport's advance: years and months first, then weeks and days, then hours, minutes and seconds."""
    known = {SINGULAR.get(unit, unit): amount for unit, amount in units.items()}
    if isinstance(start, dt.date):
        return _advance_date(start, known)
    weeks, days = known.get("weeks", 0), known.get("days", 0)
    hours = known.get("hours", 0)
    whole_weeks = int(weeks // 1)
    days += (weeks - whole_weeks) * 7
    whole_days = int(days // 1)
    hours += (days - whole_days) * 24
    date = _advance_date(
        start.date,
        {
            "years": known.get("years", 0),
            "months": known.get("months", 0),
            "weeks": whole_weeks,
            "days": whole_days,
        },
    )
    wall = start.wall
    moved = start
    if date != start.date:
        moved = start.at_wall(dt.datetime.combine(date, wall.time()), start.fraction_ns)
    seconds = known.get("seconds", 0) + 60 * known.get("minutes", 0) + 3600 * hours
    return moved.moved(round(Fraction(seconds) * NS)) if seconds else moved


def _advance_date(date: dt.date, units: dict[str, Any]) -> dt.date:
    months = units.get("years", 0) * 12 + units.get("months", 0)
    if months:
        date = plus_months(date, int(months))
    days = units.get("weeks", 0) * 7 + units.get("days", 0)
    return plus_days(date, int(days // 1)) if days else date


def wrong_zone(value: Any) -> RubyError:
    shown = quoted(value) if isinstance(value, str) else class_name(value)
    return argument_error(f'"+HH:MM", "-HH:MM", "UTC" or "A".."I","K".."Z" expected for utc_offset: {shown}')


def parsed_offset(value: str) -> dt.tzinfo:
    """+HH:MM, -HHMM, Z or UTC."""
    if value in ("UTC", "Z", "-00:00"):
        return dt.UTC
    digits = value[1:].replace(":", "")
    if value[:1] in "+-" and digits.isdigit() and len(digits) in (2, 4):
        seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
        return fixed(-seconds if value[0] == "-" else seconds)
    raise wrong_zone(value)
