"""The methods of strings and symbols."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from bot.triage.ruby.errors import Refused, RubyError, argument_error, type_error
from bot.triage.ruby.machine import MISSING, Function, Machine
from bot.triage.ruby.methods import inflections, regexps
from bot.triage.ruby.methods.arrays import span
from bot.triage.ruby.methods.formatting import percent, to_f, to_i, to_r
from bot.triage.ruby.methods.iteration import iterated
from bot.triage.ruby.methods.replacing import (
    count,
    delete,
    index,
    insert,
    padded,
    remove,
    rindex,
    scan,
    squeeze,
    substitute,
    succ,
    tr,
)
from bot.triage.ruby.ordering import order
from bot.triage.ruby.patterns import compile_pattern, found_in, searched
from bot.triage.ruby.showing import inspect, quoted
from bot.triage.ruby.values import (
    Block,
    Match,
    Range,
    Regexp,
    Symbol,
    class_name,
    identity,
    integer,
    text,
    text_or_symbol,
    type_in_words,
)

BLANKS = "\0\t\n\v\f\r "


# -- parts -----------------------------------------------------------------------------------------------------------


def _slice(me: str, first: Any, count: Any = MISSING, *, vm: Machine) -> Any:
    if isinstance(first, Regexp):
        found = regexps.match(vm, first, me)
        return None if found is None else regexps.group(found, 0 if count is MISSING else count)
    if isinstance(first, str):
        return str(first) if first in me else None
    if count is MISSING and not isinstance(first, Range):
        place = integer(first)
        return me[place] if -len(me) <= place < len(me) else None
    found_span = span(len(me), first, 0 if count is MISSING else count)
    return None if found_span is None else me[found_span[0] : found_span[1]]


def _start_with(me: str, *starts: Any, vm: Machine) -> bool:
    for start in starts:
        if isinstance(start, Regexp):
            found = searched(start.pattern.match, me)
            vm.last_match = Match(start, found, me) if found else None
            if found:
                return True
        elif me.startswith(text(start)):
            return True
    return False


def _include(me: str, other: Any) -> bool:
    return text(other) in me


def _split(me: str, separator: Any = None, limit: Any = 0, *, vm: Machine, block: Block | None = None) -> list[str]:
    if block is not None:
        raise Refused("`split` with a block is not supported.")
    most = integer(limit)
    if not me:
        return []
    if separator is None or (isinstance(separator, str) and separator == " "):
        rest = me.lstrip(BLANKS)
        if most > 0:
            parts = re.split(r"[\0\t\n\v\f\r ]+", rest, maxsplit=most - 1) if most > 1 else [rest]
        else:
            parts = re.split(r"[\0\t\n\v\f\r ]+", rest)
    elif isinstance(separator, str):
        if separator == "":
            parts = list(me) if most <= 0 else [*me[: most - 1], me[most - 1 :]]
        else:
            parts = me.split(separator, most - 1 if most > 0 else -1) if most != 1 else [me]
    elif isinstance(separator, Regexp):
        parts = _split_by_pattern(me, separator, most)
    else:
        raise RubyError("TypeError", f"wrong argument type {class_name(separator)} (expected Regexp)")
    vm.items(len(parts))
    if most == 0:
        while parts and parts[-1] == "":
            parts.pop()
    return parts


def _split_by_pattern(me: str, pattern: Regexp, most: int) -> list[str]:
    parts: list[str] = []
    start = 0
    for found in found_in(pattern.pattern, me):
        if most > 0 and len(parts) >= most - 1:
            break
        if found.end() == found.start():
            if found.start() == 0 or found.start() >= len(me):
                continue
            parts.append(me[start : found.start()])
        else:
            parts.append(me[start : found.start()])
        parts += [group for group in found.groups() if group is not None]
        start = found.end()
    return [*parts, me[start:]]


def _partition(me: str, separator: Any, *, vm: Machine) -> list[str]:
    if isinstance(separator, Regexp):
        found = regexps.match(vm, separator, me)
        if found is None:
            return [str(me), "", ""]
        return [me[: found.found.start()], found.found.group(0), me[found.found.end() :]]
    return list(me.partition(text(separator)))


def _rpartition(me: str, separator: Any) -> list[str]:
    return list(me.rpartition(text(separator)))


def _lines_of(me: str, *, kw: dict[str, Any]) -> list[str]:
    if set(kw) - {"chomp"}:
        raise Refused("`lines` with these arguments is not supported.")
    return [_chomp(line) for line in _lines(me)] if kw.get("chomp") else _lines(me)


def _lines(me: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", me)


def _pieces(cut: Callable[[str], list[Any]], name: str) -> Function:
    def run(me: str, *, block: Block | None) -> Any:
        rows = cut(me)

        def each(given: Block) -> Any:
            for row in rows:
                given.call([row])
            return me

        return iterated(rows, block, f"{inspect(me)}:{name}", each)

    return run


# -- ActiveSupport ---------------------------------------------------------------------------------------------------


def _truncate(me: str, length: Any, *, kw: dict[str, Any]) -> str:
    most = integer(length)
    if len(me) <= most:
        return str(me)
    omission = text(kw.get("omission", "..."))
    room = most - len(omission)
    separator = kw.get("separator")
    stop = room
    if separator is not None:
        if isinstance(separator, Regexp):
            places = [found.start() for found in found_in(separator.pattern, me) if found.start() <= room]
            stop = places[-1] if places else room
        else:
            found = me.rfind(text(separator), 0, max(room, 0) + len(text(separator)))
            stop = found if found >= 0 else room
    if stop < 0:
        # Ruby's self[0, negative] is nil, which is empty in the new text.
        return omission
    return f"{me[:stop]}{omission}"


def _truncate_words(me: str, count: Any, *, kw: dict[str, Any]) -> str:
    match = re.match(rf"\A((?>[^\s]+\s+){{{max(integer(count) - 1, 0)}}}[^\s]+)\s.*\Z", me, re.DOTALL)
    return match[1] + text(kw.get("omission", "...")) if match else str(me)


def _indent(me: str, amount: Any, fill: Any = None, blank_lines: Any = False, *, vm: Machine) -> str:
    vm.characters(integer(amount) * max(len(text(fill)) if fill is not None else 1, 1) * (me.count("\n") + 1))
    given = re.search(r"^[ \t]", me, re.MULTILINE)
    pad = (text(fill) if fill is not None else (given[0] if given else " ")) * integer(amount)
    pattern = r"^" if blank_lines else r"^(?!$)"
    return re.sub(pattern, pad, me, flags=re.MULTILINE)


def _strip_heredoc(me: str) -> str:
    indents = [len(match) for match in re.findall(r"^[ \t]*(?=\S)", me, re.MULTILINE)]
    return re.sub(rf"^[ \t]{{{min(indents, default=0)}}}", "", me, flags=re.MULTILINE)


def _from_words(function: Callable[[str], str]) -> Function:
    return lambda me: function(str(me))


def _pluralize(me: str, count: Any = None, locale: Any = None) -> str:
    return str(me) if count == 1 and count is not True else inflections.pluralize(str(me))


def _parameterize(me: str, *, kw: dict[str, Any]) -> str:
    separator = kw.get("separator", "-")
    kept = bool(kw.get("preserve_case"))
    return inflections.parameterize(str(me), text(separator) if separator is not None else "", preserve_case=kept)


def _first(me: str, count: Any = 1) -> str:
    if integer(count) < 0:
        raise argument_error("negative limit")
    return me[: integer(count)]


def _last(me: str, count: Any = 1) -> str:
    if integer(count) < 0:
        raise argument_error("negative limit")
    return me[max(0, len(me) - integer(count)) :]


def _to_date(me: str, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import parse_date
    from bot.triage.ruby.methods.objects import blank

    return None if blank(me) else parse_date(me, vm.today)


def _to_time(me: str, form: Any = None, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import to_time

    return to_time(me, vm.now, utc=form is not None and text_or_symbol(form) == "utc")


def _to_datetime(me: str, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import parse_datetime
    from bot.triage.ruby.methods.objects import blank

    return None if blank(me) else parse_datetime(me, vm.today)


def _in_time_zone(me: str, zone: Any = None, *, vm: Machine) -> Any:
    from bot.triage.ruby.date_parsing import read
    from bot.triage.ruby.moments import named_zone

    if zone is None:
        return _to_time(me, vm=vm)
    parts = read(me, vm.today)
    if parts is None or parts.date is None:
        raise argument_error(f"invalid date: {inspect(me)}")
    import datetime as dt

    from bot.triage.ruby.moments import fixed, from_wall

    date = parts.date
    wall = dt.datetime(date.year, date.month, date.day, parts.hour or 0, parts.minute, parts.second)  # noqa: DTZ001
    there = named_zone(text(zone))
    own = fixed(parts.offset_s) if parts.offset_s is not None else there
    return from_wall(wall, parts.fraction_ns, own).in_zone(there, "ActiveSupport::TimeWithZone")


def _capitalize(me: str) -> str:
    return me[:1].title() + me[1:].lower() if me else ""


def _chomp(me: str, end: Any = MISSING) -> str:
    if end is not MISSING:
        return me.removesuffix(text(end))
    for each in ("\r\n", "\n", "\r"):
        if me.endswith(each):
            return me[: -len(each)]
    return str(me)


def _casecmp(me: str, other: Any) -> int | None:
    if not isinstance(other, str):
        raise type_error(type_in_words(other), "String")

    def lowered(value: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in value)

    return order(lowered(me), lowered(other))


def _upto(me: str, last: Any, *, vm: Machine, block: Block | None) -> Any:
    from bot.triage.ruby.methods.iteration import range_rows

    rows = range_rows(vm, Range(str(me), text(last)))

    def run(given: Block) -> Any:
        for row in rows:
            given.call([row])
        return me

    return iterated(rows, block, "", run)


def _refuse_change(name: str) -> Function:
    def run(me: str, *args: Any) -> Any:
        raise Refused(f"Texts are not changed in place here; write `{name.rstrip('!')}` and use what it gives.")

    return run


def _unicode_normalize(me: str, form: Any = None) -> str:
    name = text_or_symbol(form).upper() if form is not None else "NFC"
    return unicodedata.normalize(name, me)  # type: ignore[arg-type]


def _concat(me: str, *others: Any) -> str:
    return str(me) + "".join(text(other) for other in others)


STRING: dict[str, Function] = {
    "[]": _slice,
    "slice": _slice,
    "at": _slice,
    "length": lambda me: len(me),
    "size": lambda me: len(me),
    "bytesize": lambda me: len(me.encode()),
    "bytes": lambda me: list(me.encode()),
    "empty?": lambda me: not me,
    "include?": _include,
    "exclude?": lambda me, other: not _include(me, other),
    "start_with?": _start_with,
    "starts_with?": _start_with,
    "end_with?": lambda me, *ends: any(me.endswith(text(end)) for end in ends),
    "ends_with?": lambda me, *ends: any(me.endswith(text(end)) for end in ends),
    "strip": lambda me: me.strip(BLANKS),
    "lstrip": lambda me: me.lstrip(BLANKS),
    "rstrip": lambda me: me.rstrip(BLANKS),
    "chomp": _chomp,
    "chop": lambda me: me[:-2] if me.endswith("\r\n") else me[:-1],
    "chr": lambda me: me[:1],
    "upcase": lambda me: me.upper(),
    "downcase": lambda me: me.lower(),
    "capitalize": _capitalize,
    "swapcase": lambda me: me.swapcase(),
    "reverse": lambda me: me[::-1],
    "split": _split,
    "partition": _partition,
    "rpartition": _rpartition,
    "lines": _lines_of,
    "each_line": _pieces(_lines, "each_line"),
    "chars": lambda me: list(me),
    "each_char": _pieces(lambda me: list(me), "each_char"),
    "each_byte": _pieces(lambda me: list(me.encode()), "each_byte"),
    "codepoints": lambda me: [ord(character) for character in me],
    "sub": substitute(False),
    "gsub": substitute(True),
    "scan": scan,
    "remove": remove,
    "tr": tr,
    "tr_s": lambda me, source, target: tr(me, source, target, squeezes=True),
    "delete": delete,
    "count": count,
    "squeeze": squeeze,
    "index": index,
    "rindex": rindex,
    "insert": insert,
    "ljust": padded("ljust"),
    "rjust": padded("rjust"),
    "center": padded("center"),
    "succ": lambda me: succ(str(me)),
    "next": lambda me: succ(str(me)),
    "upto": _upto,
    "ord": lambda me: ord(me[0]) if me else _no_ord(),
    "sum": lambda me: sum(me.encode()) & 0xFFFF,
    "hex": lambda me: to_i(me, 16),
    "casecmp": _casecmp,
    "casecmp?": lambda me, other: text(other).casefold() == me.casefold(),
    "delete_prefix": lambda me, start: me.removeprefix(text(start)),
    "delete_suffix": lambda me, end: me.removesuffix(text(end)),
    "match": lambda me, pattern, start=0, *, vm, block: regexps.match(
        vm, pattern if isinstance(pattern, Regexp) else compile_pattern(text(pattern), ""), me, integer(start), block
    ),
    "match?": lambda me, pattern, start=0: regexps.is_match(
        pattern if isinstance(pattern, Regexp) else compile_pattern(text(pattern), ""), me, integer(start)
    ),
    "%": percent,
    "to_i": to_i,
    "to_f": to_f,
    "to_r": to_r,
    "to_c": lambda me: _no_complex(),
    "to_str": lambda me: me,
    "to_s": lambda me: me,
    "to_sym": lambda me: Symbol(str(me)),
    "intern": lambda me: Symbol(str(me)),
    "dump": lambda me: quoted(me) if me.isascii() else _no_dump(),
    "ascii_only?": lambda me: me.isascii(),
    "valid_encoding?": lambda me: True,
    "unicode_normalize": _unicode_normalize,
    "concat": _concat,
    "prepend": lambda me, *others: "".join(text(other) for other in others) + me,
    "replace": lambda me, other: text(other),
    "hash": lambda me: hash(identity(me)),
    # ActiveSupport
    "first": _first,
    "last": _last,
    "from": lambda me, place: _slice(me, Range(place, None), vm=None),  # type: ignore[arg-type]
    "to": lambda me, place: _slice(me, Range(0, place), vm=None),  # type: ignore[arg-type]
    "squish": lambda me: " ".join(me.split()),
    "truncate": _truncate,
    "truncate_words": _truncate_words,
    "indent": _indent,
    "strip_heredoc": _strip_heredoc,
    "titleize": _from_words(inflections.titleize),
    "titlecase": _from_words(inflections.titleize),
    "humanize": lambda me, *, kw: inflections.humanize(str(me), capitalize=kw.get("capitalize") is not False),
    "camelize": lambda me, first=None: inflections.camelize(str(me), "lower" if first == Symbol("lower") else "upper"),
    "camelcase": lambda me: inflections.camelize(str(me)),
    "underscore": _from_words(inflections.underscore),
    "dasherize": lambda me: me.replace("_", "-"),
    "parameterize": _parameterize,
    "pluralize": _pluralize,
    "singularize": _from_words(inflections.singularize),
    "tableize": lambda me: inflections.pluralize(inflections.underscore(str(me))),
    "classify": lambda me: inflections.camelize(inflections.singularize(str(me).rpartition(".")[2])),
    "upcase_first": lambda me: me[:1].upper() + me[1:],
    "downcase_first": lambda me: me[:1].lower() + me[1:],
    "html_safe": lambda me: me,
    "to_date": _to_date,
    "to_time": _to_time,
    "to_datetime": _to_datetime,
    "in_time_zone": _in_time_zone,
    **{
        name: _refuse_change(name)
        for name in (
            "gsub!",
            "sub!",
            "upcase!",
            "downcase!",
            "strip!",
            "squish!",
            "capitalize!",
            "chomp!",
            "tr!",
            "replace!",
            "squeeze!",
            "delete!",
            "reverse!",
            "slice!",
            "swapcase!",
        )
    },
}


def _no_ord() -> Any:
    raise argument_error("empty string")


def _no_dump() -> Any:
    raise Refused("`dump` of such a text is not supported.")


def _no_complex() -> Any:
    raise Refused("Complex numbers are not supported.")


def _through_text(name: str) -> Function:
    function = STRING[name]
    return lambda me, *args: function(me.name, *args)


SYMBOL: dict[str, Function] = {
    "to_sym": lambda me: me,
    "name": lambda me: me.name,
    "id2name": lambda me: me.name,
    "length": lambda me: len(me.name),
    "size": lambda me: len(me.name),
    "empty?": lambda me: not me.name,
    "[]": lambda me, *args, vm: _slice(me.name, *args, vm=vm),
    "upcase": lambda me: Symbol(me.name.upper()),
    "downcase": lambda me: Symbol(me.name.lower()),
    "capitalize": lambda me: Symbol(_capitalize(me.name)),
    "start_with?": lambda me, *starts, vm: _start_with(me.name, *starts, vm=vm),
    "end_with?": _through_text("end_with?"),
    "succ": lambda me: Symbol(succ(me.name)),
    "match?": _through_text("match?"),
}
