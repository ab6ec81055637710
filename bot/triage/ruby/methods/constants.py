"""Classes and modules, and what they can do by themselves."""

from __future__ import annotations

import json
import math
from typing import Any

from bot.triage.ruby.errors import PARENTS, Refused, RubyError, argument_error
from bot.triage.ruby.machine import MISSING, Function, Machine, constant_method
from bot.triage.ruby.methods.date_classes import DATE, DATETIME, TIME, build, parse_duration
from bot.triage.ruby.methods.iteration import rows_of
from bot.triage.ruby.methods.objects import FUNCTIONS, RubyVersion
from bot.triage.ruby.moments import named_zone
from bot.triage.ruby.operators import case_equal
from bot.triage.ruby.ordering import equal
from bot.triage.ruby.patterns import compile_pattern, escaped
from bot.triage.ruby.showing import to_text
from bot.triage.ruby.values import (
    Block,
    Constant,
    Failure,
    Hash,
    Range,
    Regexp,
    RubySet,
    Symbol,
    UserText,
    integer,
    is_number,
    number,
    pairs,
    text,
    text_or_symbol,
)

# -- the rest --------------------------------------------------------------------------------------------------------


def _new_list(me: Any, size: Any = 0, fill: Any = None, *, vm: Machine, block: Block | None) -> list[Any]:
    if isinstance(size, list):
        return list(size)
    count = integer(size)
    if count < 0:
        raise argument_error("negative array size")
    vm.items(count)
    return [block.call([place]) for place in range(count)] if block is not None else [fill] * count


def _wrap(me: Any, value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _new_hash(me: Any, default: Any = None, *, block: Block | None) -> Hash:
    return Hash(default=default, default_block=block)


def _hash_of(me: Any, *args: Any) -> Hash:
    if len(args) == 1 and isinstance(args[0], list):
        return Hash.of([(pair[0], pair[1] if len(pair) > 1 else None) for pair in args[0]])
    if len(args) == 1 and isinstance(args[0], dict | Hash):
        return Hash.of(pairs(args[0]))
    if len(args) % 2:
        raise argument_error("odd number of arguments for Hash")
    return Hash.of([(args[place], args[place + 1]) for place in range(0, len(args), 2)])


def _new_set(me: Any, rows: Any = None, *, vm: Machine) -> RubySet:
    return RubySet.of(list(rows_of(vm, rows) or []) if rows is not None else [])


def _new_pattern(me: Any, source: Any, options: Any = 0) -> Regexp:
    if isinstance(source, Regexp):
        return source
    if is_number(options):
        flags = "".join(flag for flag, bit in (("m", 4), ("i", 1), ("x", 2)) if int(options) & bit)
    else:
        flags = "i" if options else ""
    try:
        return compile_pattern(text(source), flags)
    except RubyError as error:
        raise RubyError("RegexpError", error.sentence) from None


def _union(me: Any, *parts: Any) -> Regexp:
    given = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    if len(given) == 1 and isinstance(given[0], Regexp):
        return given[0]
    sources = [to_text(each) if isinstance(each, Regexp) else escaped(text_or_symbol(each)) for each in given]
    return compile_pattern("|".join(sources) if sources else "(?!)", "")


def _last_match(me: Any, which: Any = MISSING, *, vm: Machine) -> Any:
    if which is MISSING or vm.last_match is None:
        return vm.last_match
    from bot.triage.ruby.methods.regexps import group

    return group(vm.last_match, which)


def _parse_json(me: Any, value: Any, *, vm: Machine, kw: dict[str, Any]) -> Any:
    shown = text(value)
    try:
        parsed = json.loads(shown, parse_constant=lambda name: _no_json(name))
    except (ValueError, RecursionError):
        raise RubyError("JSON::ParserError", "unexpected token") from None
    symbols = bool(kw.get("symbolize_names"))
    tainted = vm.taints and type(value) is UserText

    def built(part: Any) -> Any:
        if isinstance(part, dict):
            return Hash.of([(Symbol(key) if symbols else key, built(each)) for key, each in part.items()])
        if isinstance(part, list):
            return [built(each) for each in part]
        return UserText(part) if tainted and isinstance(part, str) else part

    return built(parsed)


def _no_json(name: str) -> Any:
    raise ValueError(name)


def _html_escape(me: Any, value: Any) -> str:
    shown = to_text(value)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        shown = shown.replace(character, entity)
    return shown


def _quote_plus(me: Any, value: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(to_text(value), safe="*")


def _new_text(me: Any, value: Any = "") -> str:
    return text(value)


def _version(me: Any, value: Any) -> RubyVersion:
    shown = to_text(value).strip()
    if not all(part.isdigit() for part in shown.split(".")):
        raise Refused("Gem::Version with letters is not supported.")
    return RubyVersion(shown)


def _new_failure(kind: str) -> Function:
    return lambda me, sentence=None: Failure(kind, to_text(sentence) if sentence is not None else kind)


def _square_root(me: Any, value: Any) -> float:
    if number(value) < 0:
        raise RubyError("Math::DomainError", 'Numerical argument is out of domain - "sqrt"')
    return math.sqrt(value)


CONSTANTS: dict[str, dict[str, Function]] = {
    "Date": DATE,
    "Time": TIME,
    "DateTime": DATETIME,
    "ActiveSupport::Duration": {"build": build, "parse": parse_duration},
    "ActiveSupport::HashWithIndifferentAccess": {},
    "ActiveSupport::TimeWithZone": {},
    "ActiveSupport::TimeZone": {"[]": lambda me, name: _no_zone(name)},
    "Array": {"new": _new_list, "wrap": _wrap, "[]": lambda me, *values: list(values)},
    "Hash": {"new": _new_hash, "[]": _hash_of},
    "Set": {"new": _new_set, "[]": lambda me, *values: RubySet.of(list(values))},
    "Range": {"new": lambda me, first, last, excludes_last=False: Range(first, last, bool(excludes_last))},
    "Regexp": {
        "new": _new_pattern,
        "compile": _new_pattern,
        "escape": lambda me, value: escaped(text_or_symbol(value)),
        "quote": lambda me, value: escaped(text_or_symbol(value)),
        "union": _union,
        "last_match": _last_match,
        "::IGNORECASE": lambda me: 1,
        "::EXTENDED": lambda me: 2,
        "::MULTILINE": lambda me: 4,
    },
    "String": {"new": _new_text},
    "Symbol": {},
    "Integer": {"sqrt": lambda me, value: math.isqrt(integer(value))},
    "Float": {
        "::INFINITY": lambda me: math.inf,
        "::NAN": lambda me: math.nan,
        "::EPSILON": lambda me: 2.0**-52,
        "::MAX": lambda me: 1.7976931348623157e308,
        "::MIN": lambda me: 2.2250738585072014e-308,
        "::DIG": lambda me: 15,
    },
    "Rational": {},
    "Numeric": {},
    "NilClass": {},
    "TrueClass": {},
    "FalseClass": {},
    "Object": {},
    "Comparable": {},
    "Enumerable": {},
    "Proc": {},
    "MatchData": {},
    "Kernel": dict(FUNCTIONS),
    "Math": {
        "sqrt": _square_root,
        "::PI": lambda me: math.pi,
        "::E": lambda me: math.e,
    },
    "JSON": {"parse": _parse_json},
    "CGI": {"escape": _quote_plus, "escapeHTML": _html_escape, "escape_html": _html_escape},
    "ERB::Util": {"html_escape": _html_escape, "h": _html_escape, "url_encode": lambda me, value: _url(value)},
    "URI": {"encode_www_form_component": _quote_plus},
    "Gem::Version": {"new": _version},
    **{kind: {"new": _new_failure(kind)} for kind in PARENTS if kind not in ("SyntaxError", "ScriptError")},
}


def _no_zone(name: Any) -> Any:
    named_zone(text(name))
    raise Refused("ActiveSupport::TimeZone is not supported; write in_time_zone.")


def _url(value: Any) -> str:
    from urllib.parse import quote

    return quote(to_text(value), safe="")


def _class_equal(me: Constant, other: Any, *, vm: Machine) -> bool:
    return case_equal(vm, me, other)


def _missing_new(me: Constant, *args: Any, vm: Machine, block: Block | None) -> Any:
    call = constant_method(me.name, "new")
    if call is None:
        raise Refused(f"{me.name}.new is not supported.")
    return call(vm, me, list(args), block)


ANY_CLASS: dict[str, Function] = {
    "name": lambda me: me.name,
    "to_s": lambda me: me.name,
    "===": _class_equal,
    "==": lambda me, other: equal(me, other),
    "new": _missing_new,
}
