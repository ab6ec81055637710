"""strftime as Ruby does it: flags, widths, and the few directives in which Time and Date differ."""

from __future__ import annotations

import datetime as dt
import re

from bot.triage.ruby.errors import OutOfBudget, Refused, argument_error
from bot.triage.ruby.moments import NS, Moment, midnight_utc, offset_text

_DIRECTIVE = re.compile(r"%([-0_^#]*)(\d*)(:{0,3})([EO]?)([a-zA-Z%+])?", re.DOTALL)
_NUMBERS = {  # directive: (digits, padding)
    "Y": (4, "0"),
    "C": (2, "0"),
    "y": (2, "0"),
    "m": (2, "0"),
    "d": (2, "0"),
    "e": (2, " "),
    "j": (3, "0"),
    "H": (2, "0"),
    "k": (2, " "),
    "I": (2, "0"),
    "l": (2, " "),
    "M": (2, "0"),
    "S": (2, "0"),
    "G": (4, "0"),
    "g": (2, "0"),
    "U": (2, "0"),
    "V": (2, "0"),
    "W": (2, "0"),
    "u": (1, "0"),
    "w": (1, "0"),
    "s": (1, "0"),
    "Q": (1, "0"),
}
_WITH_E, _WITH_O = "cCxXyY", "deHkIlmMSuUVwWy"
_COMPOSED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "v": "%e-%^b-%Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}
LONGEST = 10_000


def strftime(value: dt.date | Moment, form: str) -> str:
    """Args: value: a Date (shown as midnight, +00:00), a DateTime or a Time."""
    moment = value if isinstance(value, Moment) else midnight_utc(value)
    is_time = moment.kind != "DateTime"
    if is_time and re.search(r"%[-0_^#]*\d*:*\Z", form.replace("%%", "")):
        raise argument_error(f"invalid format: {form}")

    def replaced(match: re.Match[str]) -> str:
        return _one(match, moment, is_time)

    return _DIRECTIVE.sub(replaced, form)


def _one(match: re.Match[str], moment: Moment, is_time: bool) -> str:
    flags, width_text, colons, modifier, directive = match.groups()
    width = int(width_text or 0)
    if width > LONGEST:
        raise OutOfBudget(f"A width of {width} in strftime is more than {LONGEST}.")
    whole = str(match.group(0))
    if directive is None or (colons and directive != "z"):
        return whole
    if modifier and directive not in (_WITH_E if modifier == "E" else _WITH_O):
        return whole
    if directive in _NUMBERS and not (directive == "Q" and is_time):
        return _number(directive, moment, flags, width)
    shown = _text(directive, moment, flags, width, colons, is_time)
    if shown is None:
        return whole
    if directive in "zNL":
        return shown
    if "^" in flags:
        shown = shown.upper()
    if "#" in flags:
        shown = shown.lower() if directive in ("p", "Z") else shown.upper()
    padding = "0" if "0" in flags else " "
    return shown if "-" in flags else shown.rjust(width, padding)


def _number(directive: str, moment: Moment, flags: str, width: int) -> str:
    digits, padding = _NUMBERS[directive]
    wall = moment.wall
    iso = wall.isocalendar()
    day_of_year = wall.timetuple().tm_yday
    sunday_first = (wall.weekday() + 1) % 7
    value = {
        "Y": lambda: wall.year,
        "C": lambda: wall.year // 100,
        "y": lambda: wall.year % 100,
        "m": lambda: wall.month,
        "d": lambda: wall.day,
        "e": lambda: wall.day,
        "j": lambda: day_of_year,
        "H": lambda: wall.hour,
        "k": lambda: wall.hour,
        "I": lambda: (wall.hour + 11) % 12 + 1,
        "l": lambda: (wall.hour + 11) % 12 + 1,
        "M": lambda: wall.minute,
        "S": lambda: wall.second,
        "G": lambda: iso.year,
        "g": lambda: iso.year % 100,
        "U": lambda: (day_of_year + 6 - sunday_first) // 7,
        "V": lambda: iso.week,
        "W": lambda: (day_of_year + 6 - wall.weekday()) // 7,
        "u": lambda: wall.isoweekday(),
        "w": lambda: sunday_first,
        "s": lambda: moment.ns // NS,
        "Q": lambda: moment.ns // 1_000_000,
    }[directive]()
    if "-" in flags:
        return str(value)
    if "_" in flags:
        padding = " "
    if "0" in flags:
        padding = "0"
    return str(value).rjust(width or digits, padding)


def _text(directive: str, moment: Moment, flags: str, width: int, colons: str, is_time: bool) -> str | None:
    wall = moment.wall
    if directive in _COMPOSED and not (directive == "+" and is_time):
        return strftime(moment, _COMPOSED[directive])
    if directive in "BbhAa":
        return wall.strftime(f"%{'b' if directive == 'h' else directive}")
    if directive == "p":
        return "AM" if wall.hour < 12 else "PM"
    if directive == "P":
        return "am" if wall.hour < 12 else "pm"
    if directive in "NL":
        places = width or (9 if directive == "N" else 3)
        return f"{moment.fraction_ns:09d}".ljust(places, "0")[:places]
    if directive == "z":
        return _offset(moment.offset_s, flags, width, len(colons))
    if directive == "Z":
        return moment.zone_name
    if directive == "n":
        return "\n"
    if directive == "t":
        return "\t"
    if directive == "%":
        return "%"
    return None


def _offset(seconds: int, flags: str, width: int, colons: int) -> str:
    if colons == 2:
        shown = f"{offset_text(seconds, ':')}:{abs(seconds) % 60:02d}"
    else:
        shown = offset_text(seconds, ":" if colons else "")
    if "-" in flags or "_" in flags:
        raise Refused("%z with a flag is not supported.")
    return shown[0] + shown[1:].rjust(width - 1, "0")
