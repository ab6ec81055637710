"""The methods of each kind of value, as tables: what is not here does not exist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from bot.triage.ruby.methods import constants, dates, maps, numbers, objects, regexps, resources, rows, texts
from bot.triage.ruby.moments import Duration, Moment
from bot.triage.ruby.values import (
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
    UserText,
)

Table = dict[str, Callable[..., Any]]


def tables() -> dict[Any, Table]:
    """Python type (or True, False, or ("constant", name)) to the methods of such a value."""
    anything = objects.OBJECT
    date_like = anything | objects.COMPARABLE | dates.CALENDAR
    result: dict[Any, Table] = {
        type(None): anything | objects.NIL,
        True: anything | objects.BOOLEAN,
        False: anything | objects.BOOLEAN,
        int: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.INTEGER,
        float: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.FLOAT,
        Fraction: anything | objects.COMPARABLE | numbers.NUMERIC | numbers.RATIONAL,
        str: anything | objects.COMPARABLE | texts.STRING,
        UserText: anything | objects.COMPARABLE | texts.STRING,
        Symbol: anything | objects.COMPARABLE | texts.SYMBOL,
        list: anything | rows.ENUMERABLE | rows.ARRAY,
        Range: anything | rows.ENUMERABLE | rows.RANGE,
        RubySet: anything | rows.ENUMERABLE | rows.SET,
        Enumerator: anything | rows.ENUMERABLE | rows.ENUMERATOR,
        dict: anything | rows.ENUMERABLE | maps.HASH,
        Hash: anything | rows.ENUMERABLE | maps.HASH,
        Regexp: anything | regexps.REGEXP,
        Match: anything | regexps.MATCH,
        Block: anything | objects.PROC,
        Failure: anything | objects.FAILURE,
        dt.date: date_like | dates.DATE,
        Moment: date_like | dates.MOMENT,
        Duration: anything | objects.COMPARABLE | dates.DURATION,
        Constant: anything | constants.ANY_CLASS,
        objects.RubyVersion: anything | objects.COMPARABLE,
    }
    for kind, table in resources.TABLES.items():
        result[kind] = anything | table
    for name, table in constants.CONSTANTS.items():
        result[("constant", name)] = table
    return result
