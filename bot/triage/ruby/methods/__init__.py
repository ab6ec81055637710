"""The methods of each kind of value, as tables: what is not here does not exist."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.methods import (
    arrays,
    calendar,
    constants,
    dates,
    durations,
    enumerables,
    maps,
    numbers,
    objects,
    ranges,
    regexps,
    resource_methods,
    texts,
    times,
)
from bot.triage.ruby.moments import Duration, Moment
from bot.triage.ruby.values import (
    Block,
    Constant,
    Enumerator,
    Failure,
    Hash,
    Match,
    MixedText,
    Range,
    Regexp,
    RubySet,
    Symbol,
    UserText,
)

Table = dict[str, Callable[..., Any]]


@functools.cache
def tables() -> dict[Any, Table]:
    """Python type (or True, False, or ("constant", name)) to the methods of such a value."""
    anything = objects.OBJECT
    date_like = anything | objects.COMPARABLE | calendar.CALENDAR
    result: dict[Any, Table] = {
        type(None): anything | objects.NIL,
        True: anything | objects.BOOLEAN,
        False: anything | objects.BOOLEAN,
        int: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.INTEGER,
        float: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.FLOAT,
        Fraction: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.RATIONAL,
        str: anything | objects.COMPARABLE | texts.STRING,
        UserText: anything | objects.COMPARABLE | texts.STRING,
        MixedText: anything | objects.COMPARABLE | texts.STRING,
        Symbol: anything | objects.COMPARABLE | texts.SYMBOL,
        list: anything | enumerables.ENUMERABLE | arrays.ARRAY,
        Range: anything | enumerables.ENUMERABLE | ranges.RANGE,
        RubySet: anything | enumerables.ENUMERABLE | ranges.SET,
        Enumerator: anything | enumerables.ENUMERABLE | ranges.ENUMERATOR,
        dict: anything | enumerables.ENUMERABLE | maps.HASH,
        Hash: anything | enumerables.ENUMERABLE | maps.HASH,
        Regexp: anything | regexps.REGEXP,
        Match: anything | regexps.MATCH,
        Block: anything | objects.PROC,
        Failure: anything | objects.FAILURE,
        dt.date: date_like | dates.DATE,
        Moment: date_like | times.MOMENT,
        Duration: anything | objects.COMPARABLE | durations.DURATION,
        Constant: anything | constants.ANY_CLASS,
        objects.RubyVersion: anything | objects.COMPARABLE,
    }
    for kind, table in resource_methods.TABLES.items():
        result[kind] = anything | table
    for name, table in constants.CONSTANTS.items():
        result[("constant", name)] = table
    return result
