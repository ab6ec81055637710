"""Ruby's values as Python's: nil, booleans, numbers and strings are the same; the others are the classes below.

A plain `dict` is a map of GitLab's API: its keys are strings, and a symbol finds them too. A `Hash` is a map that the
expression itself wrote, with Ruby's strict keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error, type_error

NUMBERS = (int, float, Fraction)


class UserText(str):
    """Text that came from a resource, in the templates of notes and issues: made harmless where it is put in."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A class or module, by its name."""

    name: str


@dataclass(eq=False)
class Hash:
    """A map with Ruby's keys: 1, 1.0, true, "a" and :a are five different ones."""

    entries: dict[Any, tuple[Any, Any]] = field(default_factory=dict)
    default: Any = None
    default_block: Block | None = None
    frozen: bool = False
    is_keywords: bool = False

    @staticmethod
    def of(pairs: Iterator[tuple[Any, Any]] | list[tuple[Any, Any]]) -> Hash:
        result = Hash()
        for key, value in pairs:
            result.entries[identity(key)] = (key, value)
        return result


@dataclass(frozen=True)
class Range:
    first: Any
    last: Any
    excludes_last: bool = False


@dataclass(eq=False)
class Regexp:
    """Args: source, flags: as Ruby writes them; pattern: compiled for Python."""

    source: str
    flags: str
    pattern: Any
    names: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regexp) and (self.source, self.flags) == (other.source, other.flags)

    def __hash__(self) -> int:
        return hash((self.source, self.flags))


@dataclass(eq=False)
class Match:
    regexp: Regexp
    found: Any  # of Python's regex module
    text: str

    def group(self, which: int | str) -> str | None:
        value = self.found.group(which)
        return _like(self.text, value) if value is not None else None


@dataclass(eq=False)
class Block:
    """A block, proc or lambda. `call` takes the list of arguments."""

    call: Callable[[list[Any]], Any]
    arity: int = -1
    is_lambda: bool = False


@dataclass(eq=False)
class Enumerator:
    """What an iterating method gives without its block.

    Args:
        run: the same method with a block; its result is what the block makes of it.
        rows: what the block would be given, one after the other.
    """

    rows: list[Any]
    run: Callable[[Block], Any]
    shown: str = ""


@dataclass(eq=False)
class RubySet:
    entries: dict[Any, Any] = field(default_factory=dict)

    @staticmethod
    def of(rows: list[Any]) -> RubySet:
        return RubySet({identity(row): row for row in rows})


@dataclass(eq=False)
class Failure:
    """An exception that was rescued."""

    kind: str
    sentence: str


def _like(source: str, value: str) -> str:
    return UserText(value) if type(source) is UserText else value


def holds_user_text(value: Any) -> bool:
    """Whether a text of the resource is in it, at any depth."""
    if type(value) is UserText:
        return True
    if isinstance(value, list):
        return any(map(holds_user_text, value))
    if isinstance(value, dict):
        return any(map(holds_user_text, value.values()))
    if isinstance(value, Hash):
        return any(holds_user_text(each) for pair in value.entries.values() for each in pair)
    if isinstance(value, Enumerator | RubySet):
        return any(map(holds_user_text, value.rows if isinstance(value, Enumerator) else value.entries.values()))
    return False


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS) and value is not True and value is not False


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and value is not True and value is not False


def truthy(value: Any) -> bool:
    return value is not None and value is not False


def identity(value: Any) -> Any:
    """What makes two keys of a Hash the same one: Ruby's eql?."""
    if value is None or isinstance(value, str | Symbol | Constant):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return ("float", value)
    if isinstance(value, Fraction):
        return ("rational", value)
    if isinstance(value, list):
        return ("list", tuple(identity(each) for each in value))
    if isinstance(value, dict | Hash):
        return ("hash", frozenset((identity(key), identity(each)) for key, each in pairs(value)))
    if hasattr(value, "hash_identity"):
        return value.hash_identity()
    if isinstance(value, dt.date | Range):
        return value
    return ("object", id(value))


# -- maps, of both kinds ---------------------------------------------------------------------------------------------


def map_key(key: Any) -> Any:
    return key.name if isinstance(key, Symbol) else key


def look_up(table: dict[str, Any] | Hash, key: Any) -> tuple[bool, Any]:
    """Whether the key is there, and its value."""
    if isinstance(table, dict):
        name = map_key(key)
        return (True, table[name]) if isinstance(name, str) and name in table else (False, None)
    known = table.entries.get(identity(key))
    return (False, None) if known is None else (True, known[1])


def put(table: dict[str, Any] | Hash, key: Any, value: Any) -> None:
    if isinstance(table, dict):
        table[str(map_key(key))] = indifferent(value)
    elif table.frozen:
        raise RubyError("FrozenError", "can't modify frozen Hash")
    else:
        table.entries[identity(key)] = (str(key) if isinstance(key, str) else key, value)


def indifferent(value: Any) -> Any:
    """What a resource's map makes of maps that are put into it."""
    if isinstance(value, Hash):
        return {str(map_key(key)): indifferent(each) for key, each in pairs(value)}
    return [indifferent(each) for each in value] if isinstance(value, list) and value else value


def remove(table: dict[str, Any] | Hash, key: Any) -> Any:
    if isinstance(table, dict):
        return table.pop(str(map_key(key)), None)
    return table.entries.pop(identity(key), (None, None))[1]


def pairs(table: dict[str, Any] | Hash) -> list[tuple[Any, Any]]:
    return list(table.items()) if isinstance(table, dict) else list(table.entries.values())


def rebuilt(like: dict[str, Any] | Hash, rows: list[tuple[Any, Any]]) -> dict[str, Any] | Hash:
    """A map of the same kind with other pairs."""
    return {str(map_key(key)): value for key, value in rows} if isinstance(like, dict) else Hash.of(rows)


# -- arguments -------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise type_error(type_in_words(value), "String")


def text_or_symbol(value: Any) -> str:
    return value.name if isinstance(value, Symbol) else text(value)


def integer(value: Any) -> int:
    if is_integer(value):
        return int(value)
    if isinstance(value, float | Fraction):
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            raise RubyError("FloatDomainError", str(value))
        return int(value)
    if hasattr(value, "seconds_value"):
        return int(value.seconds_value)
    raise type_error(type_in_words(value), "Integer")


def number(value: Any) -> Any:
    if is_number(value):
        return value
    if hasattr(value, "seconds_value"):
        return value.seconds_value
    raise type_error(type_in_words(value), "Numeric")


def listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise type_error(type_in_words(value), "Array")


def type_in_words(value: Any) -> str:
    """As Ruby's TypeErrors name it: nil, true, or a class."""
    if value is None:
        return "nil"
    return str(value).lower() if isinstance(value, bool) else class_name(value)


# -- classes ---------------------------------------------------------------------------------------------------------

_CLASSES: dict[type, str] = {
    type(None): "NilClass",
    int: "Integer",
    float: "Float",
    Fraction: "Rational",
    str: "String",
    UserText: "String",
    Symbol: "Symbol",
    list: "Array",
    dict: "Hash",
    Hash: "Hash",
    Range: "Range",
    Regexp: "Regexp",
    Match: "MatchData",
    Block: "Proc",
    Enumerator: "Enumerator",
    RubySet: "Set",
    dt.date: "Date",
    Constant: "Class",
}

_ABOVE: dict[str, tuple[str, ...]] = {
    "Integer": ("Numeric", "Comparable"),
    "Float": ("Numeric", "Comparable"),
    "Rational": ("Numeric", "Comparable"),
    "String": ("Comparable",),
    "Symbol": ("Comparable",),
    "Array": ("Enumerable",),
    "Hash": ("Enumerable",),
    "Range": ("Enumerable",),
    "Set": ("Enumerable",),
    "Enumerator": ("Enumerable",),
    "Date": ("Comparable",),
    "DateTime": ("Date", "Comparable"),
    "Time": ("Comparable",),
    "ActiveSupport::TimeWithZone": ("Comparable", "Time"),
    "ActiveSupport::Duration": ("Integer", "Numeric", "Comparable"),
    "Class": ("Module",),
}


def class_name(value: Any) -> str:
    if value is True:
        return "TrueClass"
    if value is False:
        return "FalseClass"
    known = _CLASSES.get(type(value))
    if known is not None:
        return known
    if isinstance(value, Failure):
        return value.kind
    return str(value.ruby_class())


def is_a(value: Any, name: str) -> bool:
    own = class_name(value)
    if name in (own, "Object", "BasicObject", "Kernel"):
        return True
    if isinstance(value, Failure):
        return RubyError(value.kind, "").is_a(name)
    if isinstance(value, dict) and name == "ActiveSupport::HashWithIndifferentAccess":
        return True
    if own == "ActiveSupport::Duration" and name in ("Float", "Rational"):
        return False
    return name in _ABOVE.get(own, getattr(value, "ruby_ancestors", ()))


# -- equality and order ----------------------------------------------------------------------------------------------


def equal(one: Any, other: Any) -> bool:
    """Ruby's ==."""
    if one is None or isinstance(one, bool) or other is None or isinstance(other, bool):
        return one is other
    if isinstance(one, str):
        if isinstance(other, str):
            return str(one) == str(other)
        return hasattr(other, "order_against") and not isinstance(other, dt.date) and other.order_against(one) == 0
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return bool(one == other)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict | Hash):
        if not isinstance(other, dict | Hash) or len(pairs(one)) != len(pairs(other)):
            return False
        for key, value in pairs(one):
            there, its = look_up(other, key)
            if not there or not equal(value, its):
                return False
        return True
    if isinstance(one, RubySet):
        return isinstance(other, RubySet) and one.entries.keys() == other.entries.keys()
    if isinstance(one, Range):
        return (
            isinstance(other, Range)
            and equal(one.first, other.first)
            and equal(one.last, other.last)
            and one.excludes_last == other.excludes_last
        )
    if hasattr(one, "order_against") or hasattr(other, "order_against") or isinstance(one, dt.date):
        return order(one, other) == 0
    return bool(one == other)


def order(one: Any, other: Any) -> int | None:
    """Ruby's <=>: -1, 0, 1, or None where the two cannot be compared."""
    if hasattr(one, "order_against"):
        result: int | None = one.order_against(other)
        return result
    if hasattr(other, "order_against"):
        if isinstance(one, str | dt.date | int | float | Fraction) and not isinstance(one, bool):
            result = other.order_against(one)
            return None if result is None else -result
        return None
    if is_number(one) and is_number(other):
        if one != one or other != other:
            return None
        return int(one > other) - int(one < other)
    if isinstance(one, str) and isinstance(other, str):
        first, second = one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
        return (first > second) - (first < second)
    if isinstance(one, Symbol) and isinstance(other, Symbol):
        return order(one.name, other.name)
    if isinstance(one, list) and isinstance(other, list):
        for mine, its in zip(one, other, strict=False):
            found = order(mine, its)
            if found != 0:
                return found
        return (len(one) > len(other)) - (len(one) < len(other))
    if isinstance(one, dt.date) and isinstance(other, dt.date):
        return (one > other) - (one < other)
    if isinstance(one, dt.date) and is_number(other):
        # A Date against a number: by its astronomical Julian day.
        return order(one.toordinal() + 1721424.5, other)
    if one is None or isinstance(one, bool | dt.date) or isinstance(other, dt.date):
        return 0 if one is other else None
    return 0 if equal(one, other) else None


def compare(one: Any, other: Any) -> int:
    """Like order, for sorting and the comparing operators: what cannot be compared is an ArgumentError."""
    result = order(one, other)
    if result is None:
        shown = inspect(other) if other is None or isinstance(other, bool | int | float) else class_name(other)
        raise argument_error(f"comparison of {class_name(one)} with {shown} failed")
    return result


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


def quoted(value: str) -> str:
    parts = []
    for place, character in enumerate(value):
        if character in _ESCAPES:
            parts.append(_ESCAPES[character])
        elif character == "#" and value[place + 1 : place + 2] in ("{", "@", "$") and value[place + 1 : place + 2]:
            parts.append("\\#")
        elif character < " " or character == "\x7f":
            parts.append(f"\\x{ord(character):02X}" if character == "\x7f" else _control(character))
        elif not character.isprintable() and character != "\u00a0":
            parts.append(f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\u{{{ord(character):X}}}")
        else:
            parts.append(character)
    return '"' + "".join(parts) + '"'


def _control(character: str) -> str:
    return f"\\u{ord(character):04X}" if character == "\0" else f"\\x{ord(character):02X}"


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
