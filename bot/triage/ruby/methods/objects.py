"""What every value can do, and nil, booleans, procs, exceptions."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Machine, all_names, method_of
from bot.triage.ruby.moments import Duration, Moment, iso8601
from bot.triage.ruby.operators import BINARY
from bot.triage.ruby.ordering import compare, order
from bot.triage.ruby.showing import inspect, to_text
from bot.triage.ruby.values import (
    WALKED,
    Block,
    Constant,
    Failure,
    Hash,
    Range,
    RubySet,
    Symbol,
    class_name,
    identity,
    is_a,
    is_integer,
    is_number,
    pairs,
    text_or_symbol,
    truthy,
)


def yielded(block: Block | None, *args: Any) -> Any:
    if block is None:
        raise RubyError("LocalJumpError", "no block given (yield)")
    return block.call(list(args))


def blank(me: Any) -> bool:
    if me is None or me is False:
        return True
    if isinstance(me, str):
        return not me or all(character.isspace() or character == "\u0085" for character in me)
    if isinstance(me, list):
        return not me
    if isinstance(me, dict | Hash):
        return not pairs(me)
    if isinstance(me, RubySet):
        return not me.entries
    return False


def json_text(value: Any) -> str:
    """As ActiveSupport's to_json writes it: without blanks, & < > as escapes."""
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", _json(value))


def _json(value: Any) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float):
        return "null" if value != value or abs(value) == float("inf") else inspect(value)
    if isinstance(value, str):
        WALKED.write(len(value))
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, Symbol):
        return json.dumps(value.name, ensure_ascii=False)
    if isinstance(value, list | dict):
        WALKED.count(len(value))
    if isinstance(value, list):
        return "[" + ",".join(_json(each) for each in value) + "]"
    if isinstance(value, dict | Hash):
        return "{" + ",".join(f"{_json(to_text(key))}:{_json(each)}" for key, each in pairs(value)) + "}"
    if isinstance(value, Moment):
        return json.dumps(iso8601(value, 3))
    if isinstance(value, dt.date):
        return json.dumps(to_text(value))
    if isinstance(value, Duration):
        return _json(int(value.seconds_value))
    if isinstance(value, Fraction):
        return json.dumps(to_text(value))
    raise Refused(f"{class_name(value)} as JSON is not supported.")


def _is_a(me: Any, kind: Any) -> bool:
    if not isinstance(kind, Constant):
        raise RubyError("TypeError", "class or module required")
    return is_a(me, kind.name)


# Methods of a resource that Ruby keeps private: they answer, but not to respond_to?.
PRIVATE = ("instance_version",)


def _respond_to(me: Any, name: Any, private: Any = False) -> bool:
    wanted = text_or_symbol(name)
    if wanted in PRIVATE or wanted in FUNCTIONS:
        return truthy(private)
    if method_of(me, wanted) is not None:
        return True
    if wanted in all_names():
        raise Refused(f"Whether {class_name(me)} has `{wanted}` is not known here.")
    return False


def _try(me: Any, name: Any = MISSING, *args: Any, vm: Machine, block: Block | None) -> Any:
    if me is None:
        return None
    if name is MISSING:
        return yielded(block, me)
    wanted = text_or_symbol(name)
    if method_of(me, wanted) is None:
        if wanted in all_names():
            raise Refused(f"Whether {class_name(me)} has `{wanted}` is not known here.")
        return None
    return vm.send(me, wanted, list(args), block)


def _try_strictly(me: Any, name: Any = MISSING, *args: Any, vm: Machine, block: Block | None) -> Any:
    if me is None:
        return None
    return yielded(block, me) if name is MISSING else vm.send(me, text_or_symbol(name), list(args), block)


def _tap(me: Any, *, block: Block | None) -> Any:
    yielded(block, me)
    return me


def _frozen(me: Any) -> bool:
    if isinstance(me, Hash):
        return me.frozen
    if isinstance(me, dt.date | Moment | str):
        raise Refused("Whether such a value is frozen is not known here.")
    return not isinstance(me, list | dict)


def _freeze(me: Any) -> Any:
    if isinstance(me, Hash):
        me.frozen = True
    if isinstance(me, list):
        raise Refused("Frozen lists are not supported.")
    return me


def _dup(me: Any) -> Any:
    if isinstance(me, list):
        return list(me)
    if isinstance(me, dict):
        return dict(me)
    if isinstance(me, Hash):
        return Hash(dict(me.entries), me.default, me.default_block)
    if isinstance(me, RubySet):
        return RubySet(dict(me.entries))
    return me


def _deep_dup(me: Any) -> Any:
    if isinstance(me, list):
        return [_deep_dup(each) for each in me]
    if isinstance(me, dict):
        return {key: _deep_dup(each) for key, each in me.items()}
    if isinstance(me, Hash):
        return Hash.of([(key, _deep_dup(each)) for key, each in pairs(me)])
    return me


def _in(me: Any, holder: Any, *, vm: Machine) -> bool:
    return truthy(vm.send(holder, "include?", [me]))


def _to_param(me: Any) -> Any:
    if me is None or isinstance(me, bool):
        return me
    if isinstance(me, list):
        return "/".join(to_text(_to_param(each)) for each in me)
    return to_text(me)


def _instance_of(me: Any, kind: Any) -> bool:
    if not isinstance(kind, Constant):
        raise RubyError("TypeError", "class or module required")
    return class_name(me) == kind.name


def _eql(me: Any, other: Any) -> bool:
    return identity(me) == identity(other) and class_name(me) == class_name(other)


def _equal(me: Any, other: Any) -> bool:
    if isinstance(me, str | float | Fraction | dt.date | Moment):
        raise Refused("Whether two such values are one object is not known here.")
    if is_integer(me) or isinstance(me, Symbol | Constant):
        return _eql(me, other)
    return me is other


def _class(me: Any) -> Any:
    if isinstance(me, Constant):
        return Constant("Class")
    return Constant("ActiveSupport::HashWithIndifferentAccess" if isinstance(me, dict) else class_name(me))


def _acts_like(me: Any, what: Any) -> bool:
    kinds = {"time": Moment, "date": (dt.date, Moment), "string": str}
    wanted = kinds.get(text_or_symbol(what))
    if wanted is None:
        return False
    if text_or_symbol(what) == "date" and isinstance(me, Moment):
        return me.kind == "DateTime"
    return isinstance(me, wanted)  # type: ignore[arg-type]


def _puts(me: Any, *values: Any, vm: Machine) -> None:
    if not values:
        vm.print("\n")
    for value in values:
        if isinstance(value, list):
            _puts(me, *value, vm=vm) if value else vm.print("\n" if not value else "")
            continue
        shown = to_text(value)
        vm.print(shown if shown.endswith("\n") else f"{shown}\n")


def _print(me: Any, *values: Any, vm: Machine) -> None:
    vm.print("".join(to_text(value) for value in values))


def _p(me: Any, *values: Any, vm: Machine) -> Any:
    for value in values:
        vm.print(f"{inspect(value)}\n")
    return values[0] if len(values) == 1 else list(values) or None


def _raise(me: Any, what: Any = MISSING, sentence: Any = MISSING) -> Any:
    if what is MISSING:
        raise RubyError("RuntimeError", "unhandled exception")
    if isinstance(what, str):
        raise RubyError("RuntimeError", what)
    if isinstance(what, Failure):
        raise RubyError(what.kind, what.sentence)
    if isinstance(what, Constant) and RubyError(what.name, "").is_a("StandardError"):
        raise RubyError(what.name, to_text(sentence) if sentence is not MISSING else what.name)
    if isinstance(what, Constant):
        raise Refused(f"Raising {what.name} is not supported.")
    raise RubyError("TypeError", "exception class/object expected")


def _proc(me: Any, *, block: Block | None) -> Block:
    if block is None:
        raise argument_error("tried to create Proc object without a block")
    return block


def _to_integer(me: Any, value: Any, radix: Any = MISSING, *, kw: dict[str, Any]) -> Any:
    try:
        return _strict_integer(value, radix)
    except RubyError:
        if kw.get("exception") is False:
            return None
        raise


_INTEGER = re.compile(r"\s*([-+]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)\s*\Z")


def _strict_integer(value: Any, radix: Any) -> int:
    from bot.triage.ruby.values import integer

    if isinstance(value, str):
        if radix is not MISSING:
            try:
                return int(str(value), integer(radix))
            except ValueError:
                raise argument_error(f"invalid value for Integer(): {inspect(value)}") from None
        match = _INTEGER.match(value)
        if not match or "__" in value or match[2].endswith("_"):
            raise argument_error(f"invalid value for Integer(): {inspect(value)}")
        digits = match[2].replace("_", "").lower()
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            digits = f"0o{digits[1:]}"
        return int(digits, 0) * (-1 if match[1] == "-" else 1)
    if value is None:
        raise RubyError("TypeError", "can't convert nil into Integer")
    if isinstance(value, bool) or not (is_number(value) or isinstance(value, Duration)):
        raise RubyError("TypeError", f"can't convert {class_name(value)} into Integer")
    return integer(value)


def _to_float(me: Any, value: Any, *, kw: dict[str, Any]) -> Any:
    try:
        if isinstance(value, str):
            if not re.match(r"\s*[-+]?\d[\d_]*(\.\d[\d_]*)?([eE][-+]?\d+)?\s*\Z", value):
                raise argument_error(f"invalid value for Float(): {inspect(value)}")
            return float(value.replace("_", ""))
        if not is_number(value):
            raise RubyError("TypeError", f"can't convert {class_name(value)} into Float")
        return float(value)
    except RubyError:
        if kw.get("exception") is False:
            return None
        raise


def _to_list(me: Any, value: Any, *, vm: Machine) -> list[Any]:
    from bot.triage.ruby.methods.iteration import rows_of

    if value is None:
        return []
    rows = rows_of(vm, value, strict=False)
    return rows if rows is not None else [value]


def _to_rational(me: Any, value: Any, other: Any = 1) -> Fraction:
    if isinstance(value, str):
        if re.search(r"[eE][-+]?\d{4,}", value):
            raise OutOfBudget("A number with so large an exponent is not evaluated.")
        return Fraction(str(value).strip())
    if other == 0:
        raise RubyError("ZeroDivisionError", "divided by 0")
    return Fraction(value) / Fraction(other)


def _format(me: Any, form: Any, *values: Any, vm: Machine) -> str:
    from bot.triage.ruby.methods.formatting import formatted

    return formatted(vm, form, list(values))


def _rand(me: Any, *limits: Any) -> Any:
    raise Refused("Random numbers are not supported: a plan must be the same when it is applied.")


def _method_missing_hash(me: Any) -> int:
    return hash(identity(me)) if not isinstance(me, dict | list | Hash) else hash(repr(identity(me)))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "puts": _puts,
    "print": _print,
    "p": _p,
    "pp": _p,
    "raise": _raise,
    "proc": _proc,
    "lambda": _proc,
    "Integer": _to_integer,
    "Float": _to_float,
    "String": lambda me, value: to_text(value),
    "Array": _to_list,
    "Rational": _to_rational,
    "format": _format,
    "sprintf": _format,
    "rand": _rand,
}

OBJECT: dict[str, Callable[..., Any]] = {
    "nil?": lambda me: me is None,
    "class": _class,
    "is_a?": _is_a,
    "kind_of?": _is_a,
    "instance_of?": _instance_of,
    "respond_to?": _respond_to,
    "to_s": lambda me: to_text(me),
    "inspect": lambda me: inspect(me),
    "to_json": lambda me: json_text(me),
    "to_param": _to_param,
    "to_query": lambda me, key: f"{_quoted_plus(to_text(key))}={_quoted_plus(to_text(_to_param(me)))}",
    "!": lambda me: not truthy(me),
    "eql?": _eql,
    "equal?": _equal,
    "hash": _method_missing_hash,
    "object_id": lambda me: 8 if me is None else hash(identity(me)),
    "itself": lambda me: me,
    "then": lambda me, *, block: yielded(block, me),
    "yield_self": lambda me, *, block: yielded(block, me),
    "tap": _tap,
    "dup": _dup,
    "clone": _dup,
    "deep_dup": _deep_dup,
    "freeze": _freeze,
    "frozen?": _frozen,
    "blank?": blank,
    "present?": lambda me: not blank(me),
    "presence": lambda me: None if blank(me) else me,
    "in?": _in,
    "presence_in": lambda me, holder, *, vm: me if _in(me, holder, vm=vm) else None,
    "try": _try,
    "try!": _try_strictly,
    "acts_like?": _acts_like,
    "html_safe?": lambda me: is_number(me),
    "display": lambda me, *, vm: vm.print(to_text(me)),
    "instance_values": lambda me: Hash() if isinstance(me, str) else _no_instance_values(),
    **FUNCTIONS,
}


def _no_instance_values() -> Any:
    raise Refused("`instance_values` is not supported.")


def _operator(name: str) -> Callable[..., Any]:
    function = BINARY[name]
    return lambda me, other, *, vm: function(vm, me, other)


OBJECT |= {name: _operator(name) for name in BINARY}


def _quoted_plus(value: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(value)


def clamp(me: Any, low: Any, high: Any = MISSING) -> Any:
    if high is MISSING:
        if not isinstance(low, Range):
            raise RubyError("TypeError", f"wrong argument type {class_name(low)} (expected Range)")
        if low.excludes_last and low.last is not None:
            raise argument_error("cannot clamp with an exclusive range")
        low, high = low.first, low.last
    if low is not None and high is not None and compare(low, high) > 0:
        raise argument_error("min argument must be smaller than max argument")
    if low is not None and compare(me, low) < 0:
        return low
    return high if high is not None and compare(me, high) > 0 else me


COMPARABLE: dict[str, Callable[..., Any]] = {
    "between?": lambda me, low, high: compare(me, low) >= 0 and compare(me, high) <= 0,
    "clamp": clamp,
}

NIL: dict[str, Callable[..., Any]] = {
    "to_a": lambda me: [],
    "to_i": lambda me: 0,
    "to_f": lambda me: 0.0,
    "to_h": lambda me: Hash(),
    "to_r": lambda me: Fraction(0),
}

BOOLEAN: dict[str, Callable[..., Any]] = {}

PROC: dict[str, Callable[..., Any]] = {
    "call": lambda me, *args: me.call(list(args)),
    "()": lambda me, *args: me.call(list(args)),
    "[]": lambda me, *args: me.call(list(args)),
    "===": lambda me, *args: me.call(list(args)),
    "yield": lambda me, *args: me.call(list(args)),
    "arity": lambda me: me.arity,
    "lambda?": lambda me: me.is_lambda,
}

FAILURE: dict[str, Callable[..., Any]] = {
    "message": lambda me: me.sentence,
    "full_message": lambda me: me.sentence,
}


@dataclass(frozen=True)
class RubyVersion:
    """Gem::Version: parts that compare as numbers."""

    shown: str

    def ruby_class(self) -> str:
        return "Gem::Version"

    def ruby_text(self) -> str:
        return self.shown

    def ruby_inspect(self) -> str:
        return f"Gem::Version.new({inspect(self.shown)})"

    def order_against(self, other: Any) -> int | None:
        if not isinstance(other, RubyVersion):
            return None
        return order(*self._padded(other))

    def _padded(self, other: RubyVersion) -> tuple[list[int], list[int]]:
        mine, its = [int(each) for each in self.shown.split(".")], [int(each) for each in other.shown.split(".")]
        length = max(len(mine), len(its))
        return mine + [0] * (length - len(mine)), its + [0] * (length - len(its))
