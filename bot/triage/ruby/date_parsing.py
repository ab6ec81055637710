"""Date.parse, Time.parse and their siblings: the spellings that GitLab and people use.

Ruby finds a date in almost any text. What is recognised here is read as Ruby reads it; a text without a digit and
without the name of a month or a day is no date there either; everything between is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error, type_error
from bot.triage.ruby.moments import Kind, Moment, fixed, from_wall
from bot.triage.ruby.values import type_in_words

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FULL_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
LONGEST = 128

_MONTH = r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY_NAME = r"(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*\.?,?\s+)?"
_CLOCK_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<half>am|pm)?\s*(?P<zone>z|utc|gmt|est|edt|cst|cdt|mst|mdt|pst|pdt|[-+]\d{1,2}(?::?\d{2})?)?"
)
_TIME = rf"(?:(?:[tT]|,?\s+){_CLOCK_TIME})?"
_FORMS = tuple(
    re.compile(rf"\s*{form}{_TIME}\s*\Z", re.IGNORECASE)
    for form in (
        rf"{_DAY_NAME}(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<day>\d{1,2})-(?P<month>\d{1,2})-(?P<year>\d{4})",
        rf"{_DAY_NAME}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH}(?:,?[\s-]+(?P<year>\d{{4}}))?",
        rf"{_DAY_NAME}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?",
        r"(?P<year>\d{4})-w(?P<week>\d{2})-(?P<weekday>[1-7])",
        r"(?P<year>\d{4})-(?P<yday>\d{3})",
    )
)
_ERAS = {"m": 1867, "t": 1911, "s": 1925, "h": 1988, "r": 2018}
_ERA = re.compile(r"(?P<era>[mtshr])(?P<year>\d{2})\.(?P<month>\d{2})\.(?P<day>\d{2})\Z", re.IGNORECASE)
_CLOCK = re.compile(rf"\s*{_CLOCK_TIME}\s*\Z", re.IGNORECASE)
_HOURS = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}


@dataclass(frozen=True)
class Parts:
    """What a text says; None where it says nothing."""

    date: dt.date | None = None
    year_missing: bool = False
    hour: int | None = None
    minute: int = 0
    second: int = 0
    fraction_ns: int = 0
    offset_s: int | None = None
    is_utc: bool = False


def date_error() -> RubyError:
    return RubyError("Date::Error", "invalid date")


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise type_error(type_in_words(value), "String")


def read(text: str, today: dt.date) -> Parts | None:
    """The parts of a date's text, None where Ruby finds no date in it either.

    Raises:
        RubyError: Date::Error for a day that no calendar has, ArgumentError for a text of more than 128 characters.
        Refused: for a text in which Ruby might find something.
    """
    if len(text) > LONGEST:
        raise argument_error(f"string length ({len(text)}) exceeds the limit {LONGEST}")
    for form in _FORMS:
        match = form.match(text)
        if match:
            return _parts(match, today)
    clock = _CLOCK.match(text)
    if clock and clock["hour"]:
        return _clock(clock, None, False)
    era = _ERA.match(text)
    if era:
        year = _ERAS[era["era"].lower()] + int(era["year"])
        return Parts(_date(year, int(era["month"]), int(era["day"])))
    words = re.findall(r"[a-z]+", text.lower())
    if not re.search(r"\d", text) and not any(word.startswith((*MONTHS, *DAYS)) for word in words):
        return None
    raise Refused("This text is not one of the dates that are understood here; write it as YYYY-MM-DD.")


def _date(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise date_error() from None


def _parts(match: re.Match[str], today: dt.date) -> Parts:
    found = match.groupdict()
    year = int(found["year"]) if found.get("year") else today.year
    if found.get("week"):
        try:
            date = dt.date.fromisocalendar(year, int(found["week"]), int(found["weekday"]))
        except ValueError:
            raise date_error() from None
    elif found.get("yday"):
        date = dt.date(year, 1, 1) + dt.timedelta(days=int(found["yday"]) - 1)
        if date.year != year or found["yday"] == "000":
            raise date_error()
    else:
        month = MONTHS.index(found["mon"].lower()) + 1 if found.get("mon") else int(found["month"])
        date = _date(year, month, int(found["day"]))
    return _clock(match, date, not found.get("year"))


def _clock(match: re.Match[str], date: dt.date | None, year_missing: bool) -> Parts:
    found = match.groupdict()
    if found.get("hour") is None:
        return Parts(date, year_missing)
    hour = int(found["hour"])
    if found.get("half"):
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    minute, second = int(found["minute"]), int(found["second"] or 0)
    fraction = (found.get("fraction") or "")[:9].ljust(9, "0")
    if hour > 24 or minute > 59 or second > 60:
        raise argument_error("argument out of range")
    if hour == 24 or second == 60:
        raise Refused("24:00 and a leap second are not supported.")
    zone = (found.get("zone") or "").lower()
    offset: int | None = None
    if zone in ("z", "utc", "gmt"):
        offset = 0
    elif zone in _HOURS:
        offset = _HOURS[zone] * 3600
    elif zone:
        digits = zone[1:].replace(":", "")
        hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if zone[0] == "-" else 1)
    return Parts(date, year_missing, hour, minute, second, int(fraction), offset, zone in ("z", "utc"))


def parse_date(text: str, today: dt.date) -> dt.date:
    """Date.parse: the calendar date as written."""
    parts = read(text, today)
    if parts is None or parts.date is None:
        raise date_error()
    return parts.date


def parse_datetime(text: str, today: dt.date) -> Moment:
    """DateTime.parse: without an offset in UTC."""
    parts = read(text, today)
    if parts is None:
        raise date_error()
    if parts.date is None:
        if today.year == 1970:
            raise Refused("A time of day without a date is not compared.")
        parts = Parts(today, False, parts.hour, parts.minute, parts.second, parts.fraction_ns, parts.offset_s)
    return _moment(parts, fixed(parts.offset_s or 0), "DateTime")


_WEEK_OR_YEAR_DAY = re.compile(r"\s*\d{4}-(?:w\d|\d{3}(?!\d))", re.IGNORECASE)


def _read_for_time(text: str, now: Moment) -> Parts | None:
    """Ruby's Time knows no weeks, and moves 31 April to 1 May."""
    if _WEEK_OR_YEAR_DAY.match(text):
        raise Refused("A Time of a week, or of a day of the year, is not supported.")
    try:
        return read(text, now.date)
    except RubyError as error:
        if error.kind == "Date::Error":
            raise Refused("A Time of a day that its month does not have is not supported.") from None
        raise


def parse_time(text: str, now: Moment) -> Moment:
    """Time.parse: without an offset in the local zone; what is missing comes from now."""
    parts = _read_for_time(text, now)
    if parts is None:
        raise argument_error("no time information")
    date = parts.date or now.date
    zone: dt.tzinfo = now.zone
    if parts.offset_s is not None:
        zone = dt.UTC if parts.is_utc or (parts.offset_s == 0 and parts.is_utc) else fixed(parts.offset_s)
    full = Parts(date, False, parts.hour, parts.minute, parts.second, parts.fraction_ns, parts.offset_s)
    return _moment(full, zone, "Time")


def _moment(parts: Parts, zone: dt.tzinfo, kind: Kind) -> Moment:
    date = parts.date
    if date is None:
        raise date_error()
    wall = dt.datetime(date.year, date.month, date.day, parts.hour or 0, parts.minute, parts.second)  # noqa: DTZ001
    return from_wall(wall, parts.fraction_ns, zone, kind)


def to_time(text: str, now: Moment, *, utc: bool = False) -> Moment | None:
    """ActiveSupport's String#to_time: in the local zone, whatever offset the text had. A blank text is nil."""
    parts = _read_for_time(text, now)
    if parts is None:
        return None
    full = Parts(
        parts.date or now.date, False, parts.hour, parts.minute, parts.second, parts.fraction_ns, parts.offset_s
    )
    own = dt.UTC if utc else now.zone
    moment = _moment(full, fixed(parts.offset_s) if parts.offset_s is not None else own, "Time")
    return moment.in_zone(own)


_STRICT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|[-+]\d{2}:\d{2})\Z",
    re.IGNORECASE,
)


def strict_iso8601(text: str, now: Moment) -> Moment:
    """Time.iso8601: a complete instant, nothing less."""
    if not _STRICT.match(text):
        raise argument_error(f"invalid xmlschema time: {text!r}")
    return parse_time(text, now)


_STRPTIME = {
    "Y": r"(?P<Y>\d{4})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "y": r"(?P<y>\d{2})",
    "j": r"(?P<j>\d{1,3})",
    "W": r"(?P<W>\d{1,2})",
    "b": r"(?P<b>[A-Za-z]+)",
    "B": r"(?P<b>[A-Za-z]+)",
    "z": r"(?P<z>Z|[-+]\d{2}:?\d{2})",
    "F": r"(?P<Y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    "T": r"(?P<H>\d{1,2}):(?P<M>\d{1,2}):(?P<S>\d{1,2})",
    "%": "%",
}


def strptime(text: str, form: str, today: dt.date) -> Parts:
    pattern, place = "", 0
    while place < len(form):
        character = form[place]
        if character == "%" and place + 1 < len(form):
            directive = form[place + 1]
            if directive not in _STRPTIME:
                raise Refused(f"strptime with %{directive} is not supported.")
            pattern += _STRPTIME[directive]
            place += 2
            continue
        pattern += r"\s*" if character.isspace() else re.escape(character)
        place += 1
    try:
        match = re.match(pattern, text)
    except re.error:
        raise Refused("This form of strptime is not supported.") from None
    if not match:
        raise date_error()
    found = match.groupdict()
    year = int(found["Y"]) if found.get("Y") else today.year
    if found.get("y"):
        year = 2000 + int(found["y"]) if int(found["y"]) < 69 else 1900 + int(found["y"])
    if found.get("j"):
        date = dt.date(year, 1, 1) + dt.timedelta(days=int(found["j"]) - 1)
    elif found.get("W"):
        first = dt.date(year, 1, 1)
        monday = first + dt.timedelta(days=(7 - first.weekday()) % 7)
        date = monday + dt.timedelta(weeks=int(found["W"]) - 1)
    else:
        month = int(found["m"]) if found.get("m") else 1
        if found.get("b"):
            name = found["b"].lower()
            if name not in MONTHS and name not in FULL_MONTHS:
                raise date_error()
            month = MONTHS.index(name[:3]) + 1
        elif not any(found.get(each) for each in ("Y", "y", "m", "d")):
            raise Refused("strptime without any part of a date is not supported.")
        date = _date(year, month, int(found["d"]) if found.get("d") else 1)
    offset = None
    if found.get("z"):
        digits = found["z"][1:].replace(":", "")
        offset = 0 if found["z"] == "Z" else (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
        offset = -offset if found["z"][0] == "-" else offset
    clock = [int(found[each]) if found.get(each) else 0 for each in ("H", "M", "S")]
    return Parts(date, False, clock[0], clock[1], clock[2], 0, offset)


def moment_of(parts: Parts, zone: dt.tzinfo, kind: Kind) -> Moment:
    return _moment(parts, fixed(parts.offset_s) if parts.offset_s is not None else zone, kind)
