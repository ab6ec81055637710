"""Runs compiled expressions: finds the method for a value, and keeps count of steps, time and sizes."""

from __future__ import annotations

import datetime as dt
import functools
import inspect as python_inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error, no_method
from bot.triage.ruby.moments import NS, Moment
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import (
    WALKED,
    Block,
    Constant,
    Enumerator,
    Match,
    Symbol,
    UserText,
    class_name,
    holds_user_text,
    type_in_words,
)

# A method of a table: the receiver first, then the arguments; `vm`, `block` and `kw` where it asks for them.
Function = Callable[..., Any]
Call = Callable[["Machine", Any, list[Any], Block | None], Any]
MOST_STEPS = 200_000
MOST_SECONDS = 2.0
MOST_ITEMS = 100_000
MOST_CHARACTERS = 1_000_000
MOST_MADE = 20_000_000
MOST_BITS = 4_096
DEEPEST = 60


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


@dataclass(frozen=True)
class Limits:
    """What one evaluation may use: steps are calls and rounds of loops."""

    steps: int = MOST_STEPS
    seconds: float = MOST_SECONDS


class Machine:
    """One evaluation after the other over one resource.

    Args:
        now: the instant that the expression takes for now.
        zone: the local time zone.
        myself: what bare names are sent to: the resource, or the maps that a summary's texts see.
        harmless: for texts that people will read: makes a text that came from the resource harmless; it is given
            that text and what stands before it. None for conditions, which nobody reads.
    """

    def __init__(
        self,
        now: dt.datetime,
        zone: dt.tzinfo,
        myself: Any,
        *,
        harmless: Callable[[str, str], str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        delta = now - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        self.now = Moment((delta.days * 86400 + delta.seconds) * NS + delta.microseconds * 1000, zone)
        self.zone, self.myself = zone, myself
        self.harmless, self.taints = harmless, harmless is not None
        self.limits = limits or Limits()
        self.steps, self.depth, self.made, self.deadline = 0, 0, 0, 0.0
        self.last_match: Match | None = None
        self.variables: dict[str, Any] = {}
        self.printed: list[str] = []
        self.differences: set[int] = set()
        self.block_gave_user_text = False

    @functools.cached_property
    def today(self) -> dt.date:
        return self.now.date

    def begin(self) -> None:
        """A fresh evaluation: budgets are full, nothing was matched."""
        self.steps, self.depth, self.made = 0, 0, 0
        WALKED.refill()
        self.deadline = time.perf_counter() + self.limits.seconds
        self.last_match = None
        self.variables = {}

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.limits.steps or self.steps % 256 == 0:
            self._check_budget()

    def _check_budget(self) -> None:
        if self.steps > self.limits.steps:
            raise OutOfBudget(f"The expression took more than {self.limits.steps} steps: it may never end.")
        if time.perf_counter() > self.deadline:
            raise OutOfBudget(f"The expression took more than {self.limits.seconds:g} s.")

    def items(self, count: int) -> int:
        if count > MOST_ITEMS:
            raise OutOfBudget(f"A list of {count} items is more than {MOST_ITEMS}.")
        self.steps += count // 50
        self._count_made(8 * count)
        return count

    def characters(self, count: int) -> int:
        if count > MOST_CHARACTERS:
            raise OutOfBudget(f"A text of {count} characters is more than {MOST_CHARACTERS}.")
        self._count_made(count)
        return count

    def _count_made(self, count: int) -> None:
        """Characters, and eight for an item: all that an evaluation makes, whether it keeps it or not."""
        self.made += count
        if self.made > MOST_MADE:
            raise OutOfBudget("The expression makes too much text, or lists that are too long.")
        if count > 50_000:
            self._check_budget()

    def print(self, text: str) -> None:
        if sum(map(len, self.printed)) + len(text) > 10_000:
            raise OutOfBudget("The expression printed more than 10,000 characters.")
        self.printed.append(text)

    def send(self, me: Any, name: str, args: list[Any], block: Block | None = None) -> Any:
        """Call a method as Ruby would.

        Raises:
            RubyError: what Ruby raises.
            Refused: for a method that this interpreter does not have for this kind of value.
        """
        self.steps += 1
        if self.steps > self.limits.steps or self.steps % 256 == 0:
            self._check_budget()
        method = method_of(me, name)
        if method is None:
            raise missing_method(me, name)
        if self.depth > DEEPEST:
            raise OutOfBudget(f"Calls are nested more than {DEEPEST} deep.")
        self.depth += 1
        outer, self.block_gave_user_text = self.block_gave_user_text, False
        try:
            result = method(self, me, args, block)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError, ArithmeticError) as error:
            # A value that the table did not expect: an answer would be a guess.
            shown = type_in_words(me)
            raise Refused(f"`{name}` of {shown} with these arguments is not supported.") from error
        except RecursionError:
            raise OutOfBudget("The values are nested too deeply.") from None
        except (MemoryError, TimeoutError):
            raise OutOfBudget(f"`{name}` takes too long, or too much memory.") from None
        finally:
            self.depth -= 1
        if type(result) is str:
            self.characters(len(result))
        elif type(result) is list:
            self.items(len(result))
        if self.taints:
            return self._marked(me, name, args, result, outer, has_block=block is not None)
        return result

    def _marked(self, me: Any, name: str, args: list[Any], result: Any, outer: bool, *, has_block: bool) -> Any:
        """What is made of a resource's text, by its methods or in a block, is still the resource's."""
        if has_block and name in _FROM_THE_BLOCK:
            # What the block has made of it counts, not what it was given.
            gave, self.block_gave_user_text = self.block_gave_user_text, outer or self.block_gave_user_text
            return _tainted(result) if gave and not isinstance(result, list) else result
        is_tainted = self.block_gave_user_text or _is_tainted(me) or any(map(_is_tainted, args))
        self.block_gave_user_text = outer or is_tainted
        if not is_tainted:
            if name == "chr" or (name in ("format", "sprintf", "%") and "%c" in str(args[:1]) + str(me)):
                raise Refused("Characters by their number are not put together in texts that people will read.")
            return result
        if isinstance(result, Symbol):
            raise Refused(f"`{name}` makes a symbol of the resource's text, which texts for people do not.")
        return _tainted(result)


_FROM_THE_BLOCK = (
    "map",
    "collect",
    "flat_map",
    "collect_concat",
    "filter_map",
    "then",
    "yield_self",
    "inject",
    "reduce",
)


def _is_tainted(value: Any) -> bool:
    return holds_user_text(value)


def _tainted(value: Any) -> Any:
    if type(value) is str:
        return UserText(value)
    if type(value) is list:
        return [_tainted(each) for each in value]
    if isinstance(value, Enumerator):
        return Enumerator([_tainted(each) for each in value.rows], value.run, value.shown)
    return value


# Of the names in the tables those that numbers have in Ruby, too, though not here.
_NUMBERS_HAVE = frozenset({"as_json", "rationalize", "method", "real?"})


def missing_method(me: Any, name: str) -> RubyError | Refused:
    """nil, true, false and numbers, whose methods are all known, raise as in Ruby; the rest is refused."""
    if me is None or isinstance(me, bool):
        return no_method(name, inspect(me) + (":NilClass" if me is None else f":{class_name(me)}"))
    if isinstance(me, int | float) and name in all_names() and name not in _NUMBERS_HAVE:
        return no_method(name, f"{inspect(me)}:{class_name(me)}")
    if name in all_names():
        return Refused(f"The method `{name}` of {class_name(me)} is not supported, or does not exist.")
    return Refused(f"There is no method `{name}` here.")


# -- tables ----------------------------------------------------------------------------------------------------------


def adapted(name: str, function: Callable[..., Any]) -> Call:
    """A table's function as a Call: counts the arguments; gives `vm`, `block` and `kw` to those that ask for them."""
    parameters = list(python_inspect.signature(function).parameters.values())[1:]
    positional = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    least = sum(each.default is each.empty for each in positional)
    most = None if any(each.kind is each.VAR_POSITIONAL for each in parameters) else len(positional)
    asked = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    wants_vm, wants_block, wants_kw = "vm" in asked, "block" in asked, "kw" in asked

    def call(vm: Machine, me: Any, args: list[Any], block: Block | None) -> Any:
        extra: dict[str, Any] = {}
        if wants_kw:
            extra["kw"] = {}
            if args and getattr(args[-1], "is_keywords", False):
                extra["kw"] = {getattr(key, "name", key): value for key, value in args[-1].entries.values()}
                args = args[:-1]
        if len(args) < least or (most is not None and len(args) > most):
            if len(args) >= least:  # Ruby may know more arguments than the table
                raise Refused(f"`{name}` with {len(args)} arguments is not supported.")
            wanted = f"{least}" if most == least else f"{least}+" if most is None else f"{least}..{most}"
            raise argument_error(f"wrong number of arguments (given {len(args)}, expected {wanted})")
        if wants_vm:
            extra["vm"] = vm
        if wants_block:
            extra["block"] = block
        return function(me, *args, **extra)

    call.__name__ = name
    return call


@functools.cache
def _tables() -> dict[Any, dict[str, Call]]:
    from bot.triage.ruby.methods import tables  # it needs Machine

    return {
        kind: {name: adapted(name, function) for name, function in table.items()} for kind, table in tables().items()
    }


@functools.cache
def all_names() -> frozenset[str]:
    """Every method that some kind of value has."""
    return frozenset(name for table in _tables().values() for name in table)


@functools.cache
def functions() -> frozenset[str]:
    """The functions that need no resource: puts, format, Integer and their like."""
    from bot.triage.ruby.methods.objects import FUNCTIONS  # it needs Machine

    return frozenset(FUNCTIONS)


def method_of(me: Any, name: str) -> Call | None:
    kind: Any = type(me)
    if kind is bool:
        kind = me
    elif kind is Constant:
        own = _tables().get(("constant", me.name), {}).get(name)
        if own is not None:
            return own
    table = _tables().get(kind)
    return table.get(name) if table is not None else None


def constant_method(constant: str, name: str) -> Call | None:
    return _tables().get(("constant", constant), {}).get(name)


def has_constant(constant: str) -> bool:
    return ("constant", constant) in _tables()
