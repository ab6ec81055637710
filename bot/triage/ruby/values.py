"""Ruby's values in Python, and what their kinds are."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, RubyError, type_error

NUMBERS = (int, float, Fraction)
MOST_WALKED = 500_000
MOST_WRITTEN = 2_000_000


class UserText(str):
    """Text that came from a resource, in the templates of notes and issues: made harmless where it is put in."""

    __slots__ = ()


class MixedText(str):
    """A policy's own string with a resource's text in it, made harmless; `users` are the places of the latter."""

    users: tuple[tuple[int, int], ...]

    @staticmethod
    def of(text: str, users: list[tuple[int, int]]) -> MixedText:
        result = MixedText(text)
        result.users = tuple(users)
        return result

    def spans(self) -> Iterator[tuple[int, int, bool]]:
        """All of it, piece by piece: start, end, and whether it is the resource's."""
        place = 0
        for start, end in self.users:
            if start > place:
                yield place, start, False
            yield start, end, True
            place = end
        if place < len(self):
            yield place, len(self), False


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


class _Walked(threading.local):
    """How many values of lists and maps an evaluation may still look at, and how long their texts may be.

    A list may be in itself many times over, so that walking through it would never end, however small it is.
    """

    left = MOST_WALKED
    characters = MOST_WRITTEN

    def refill(self) -> None:
        self.left, self.characters = MOST_WALKED, MOST_WRITTEN

    def write(self, characters: int) -> None:
        """Count what a value's text has. Raises OutOfBudget."""
        self.characters -= characters
        if self.characters < 0:
            raise OutOfBudget("The text of the values is too long.")

    def count(self, values: int) -> None:
        """Raises OutOfBudget."""
        self.left -= values + 1
        if self.left < 0:
            raise OutOfBudget("The values are nested too widely.")


WALKED = _Walked()


def holds_user_text(value: Any) -> bool:
    """Whether a text of the resource is in it, at any depth."""
    if type(value) is UserText:
        return True
    if isinstance(value, list | dict):
        WALKED.count(len(value))
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
    if isinstance(value, list | dict):
        WALKED.count(len(value))
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
    MixedText: "String",
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
