"""Backslashes in Ruby's strings."""

from __future__ import annotations

import re

_NAMED = {
    "n": "\n",
    "t": "\t",
    "s": " ",
    "r": "\r",
    "e": "\x1b",
    "a": "\a",
    "b": "\b",
    "v": "\v",
    "f": "\f",
}
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})|u\{(?P<many>[0-9a-fA-F \t]+)\}|u(?P<four>[0-9a-fA-F]{4})"
    r"|(?P<other>.))",
    re.DOTALL,
)
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}


class BadEscape(ValueError):
    """An escape that Ruby does not read."""


def double_quoted(raw: str) -> str:
    """What stands between double quotes, as a value.

    Raises:
        BadEscape: for \\u and \\x without their digits, for control and meta characters, and for half a character.
    """
    return _ESCAPE.sub(_escaped, raw) if "\\" in raw else raw


def _escaped(match: re.Match[str]) -> str:
    if match["octal"]:
        return _byte(int(match["octal"], 8) & 255)
    if match["hex"]:
        return _byte(int(match["hex"], 16))
    if match["many"]:
        return "".join(_point(each) for each in match["many"].split())
    if match["four"]:
        return _point(match["four"])
    other = str(match["other"])
    if other == "u":
        raise BadEscape("invalid Unicode escape: \\u needs four hexadecimal digits")
    if other == "x":
        raise BadEscape("invalid hex escape: \\x needs hexadecimal digits")
    if other in "cCM":
        raise BadEscape(f"\\{other} is not supported")
    return "" if other == "\n" else _NAMED.get(other, other)


def _byte(value: int) -> str:
    if value > 127:
        raise BadEscape("a byte above 7F is half a character; write \\u with four digits")
    return chr(value)


def _point(digits: str) -> str:
    value = int(digits, 16)
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise BadEscape("invalid Unicode codepoint")
    return chr(value)


def single_quoted(raw: str, closing: str) -> str:
    """What stands between single quotes or in %q and %w: only the backslash and the quotes can be escaped."""
    ends = {closing, _BRACKETS.get(closing, closing), "\\"}
    ends |= {close for close, open_ in _BRACKETS.items() if open_ == closing}
    return re.sub(r"\\(.)", lambda match: match[1] if match[1] in ends else match[0], raw, flags=re.DOTALL)
