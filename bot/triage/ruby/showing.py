"""The text of values: to_s and inspect."""

from __future__ import annotations

import datetime as dt
import unicodedata
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused
from bot.triage.ruby.values import (
    WALKED,
    Block,
    Constant,
    Enumerator,
    Failure,
    Hash,
    Match,
    Range,
    Regexp,
    RubySet,
    Symbol,
    pairs,
)

# -- text of values --------------------------------------------------------------------------------------------------


def float_text(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        return repr(value)
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:  # Python writes 1e15 without an exponent
        digits = mantissa.partition(".")[0].lstrip("-")
        sign = "-" if value < 0 else ""
        fraction = (digits[1:] + mantissa.partition(".")[2]).rstrip("0") or "0"
        mantissa, exponent = f"{sign}{digits[0]}.{fraction}", f"+{len(digits) - 1}"
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"


_ESCAPES = {
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\x1b": "\\e",
    "\a": "\\a",
    "\b": "\\b",
    "\v": "\\v",
    "\f": "\\f",
    '"': '\\"',
    "\\": "\\\\",
}

_UNPRINTABLE = ("Cc", "Cn", "Cs", "Zl", "Zp")


def quoted(value: str) -> str:
    WALKED.write(len(value))
    parts = []
    for place, character in enumerate(value):
        if character in _ESCAPES:
            parts.append(_ESCAPES[character])
        elif character == "#" and value[place + 1 : place + 2] in ("{", "@", "$") and value[place + 1 : place + 2]:
            parts.append("\\#")
        elif unicodedata.category(character) in _UNPRINTABLE and character != "\x85":
            parts.append(f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\u{{{ord(character):X}}}")
        else:
            parts.append(character)
    return '"' + "".join(parts) + '"'


def _symbol_text(name: str) -> str:
    body = name[:-1] if name[-1:] in ("?", "!", "=") else name
    plain = bool(body) and body.replace("_", "a").isalnum() and not body[0].isdigit()
    operators = ("+", "-", "*", "/", "%", "**", "==", "<=>", "<", ">", "<=", ">=", "[]", "[]=", "!", "=~", "<<", "===")
    return f":{name}" if plain or name in operators else f":{quoted(name)}"


def inspect(value: Any) -> str:
    """As Ruby 3.1 shows a value."""
    if value is None:
        return "nil"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Fraction):
        return f"({value.numerator}/{value.denominator})"
    if isinstance(value, Symbol):
        return _symbol_text(value.name)
    if isinstance(value, list | dict):
        WALKED.count(len(value))
    if isinstance(value, list):
        return "[" + ", ".join(inspect(each) for each in value) + "]"
    if isinstance(value, dict | Hash):
        shown = []
        for key, each in pairs(value):
            if isinstance(key, Symbol):
                shown.append(f"{_symbol_text(key.name)}=>{inspect(each)}")
            else:
                shown.append(f"{inspect(key)}=>{inspect(each)}")
        return "{" + ", ".join(shown) + "}"
    if isinstance(value, Range):
        first = "" if value.first is None else inspect(value.first)
        last = "" if value.last is None else inspect(value.last)
        if value.first is None and value.last is None:
            first = "nil"
        return f"{first}{'...' if value.excludes_last else '..'}{last}"
    if isinstance(value, Constant):
        return value.name
    if isinstance(value, Regexp):
        return f"/{_slashed(value.source)}/{value.flags}"
    if isinstance(value, Match):
        shown = [quoted(value.found.group(0))]
        groups = value.regexp.names or range(1, value.found.re.groups + 1)
        for each in groups:
            group = value.found.group(each)
            shown.append(f"{each}:{quoted(group) if group is not None else 'nil'}")
        return "#<MatchData " + " ".join(shown) + ">"
    if isinstance(value, dt.date):
        return value.strftime("%a, %d %b ") + year_text(value.year)
    if isinstance(value, RubySet):
        return "#<Set: {" + ", ".join(inspect(each) for each in value.entries.values()) + "}>"
    if isinstance(value, Enumerator):
        return f"#<Enumerator: {value.shown}>"
    if isinstance(value, Failure):
        return f"#<{value.kind}: {value.sentence}>"
    if isinstance(value, Block):
        raise Refused("A block has no text.")
    return str(value.ruby_inspect())


def _slashed(source: str) -> str:
    """A regular expression's source between slashes: those that stand bare get a backslash."""
    parts, escaped = [], False
    for character in source:
        parts.append("\\/" if character == "/" and not escaped else character)
        escaped = character == "\\" and not escaped
    return "".join(parts)


def year_text(year: int) -> str:
    return f"{year:04d}" if year >= 0 else f"-{-year:04d}"


def to_text(value: Any) -> str:
    """Ruby's to_s, as interpolation uses it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Range):
        return f"{to_text(value.first)}{'...' if value.excludes_last else '..'}{to_text(value.last)}"
    if isinstance(value, dt.date):
        return f"{year_text(value.year)}-{value.month:02d}-{value.day:02d}"
    if isinstance(value, Match):
        return value.group(0) or ""
    if isinstance(value, Regexp):
        on = "".join(flag for flag in "mix" if flag in value.flags)
        off = "".join(flag for flag in "mix" if flag not in value.flags)
        return f"(?{on}{'-' + off if off else ''}:{_slashed(value.source)})"
    if isinstance(value, Failure):
        return value.sentence
    if hasattr(value, "ruby_text"):
        return str(value.ruby_text())
    return inspect(value)
