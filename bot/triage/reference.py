"""The reference of the policy language and of its expressions, and its JSON Schema, made from the tables themselves."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from typing import Any

from bot.triage import language
from bot.triage.conditions import CONDITIONS
from bot.triage.conditions.condition import Condition
from bot.triage.ruby.methods import tables
from bot.triage.ruby.methods.objects import FUNCTIONS, OBJECT
from bot.triage.ruby.methods.resources import Branch, Epic, Issue, Label, LabelEvent, MergeRequest, Milestone, WorkItem
from bot.triage.ruby.moments import Duration, Moment
from bot.triage.ruby.templates import PLACEHOLDERS
from bot.triage.ruby.values import Hash, Match, Range, Regexp, RubySet, Symbol

_TITLES: tuple[tuple[str, Any], ...] = (
    ("An issue", Issue),
    ("A merge request", MergeRequest),
    ("An epic", Epic),
    ("A work item", WorkItem),
    ("A branch", Branch),
    ("A milestone", Milestone),
    ("A label", Label),
    ("A label event", LabelEvent),
    ("String", str),
    ("Symbol", Symbol),
    ("Integer", int),
    ("Float", float),
    ("Rational", Fraction),
    ("Array", list),
    ("Hash", Hash),
    ("Range", Range),
    ("Set", RubySet),
    ("Regexp", Regexp),
    ("MatchData", Match),
    ("Date", dt.date),
    ("Time and DateTime", Moment),
    ("Duration (1.day)", Duration),
)


def reference_page() -> str:
    """Conditions, limits and actions, each with its types and an example."""
    lines = [
        "# The policy language",
        "",
        "A policy file has `resource_rules`: for each type of resource `rules` and `summaries`. A rule has a `name`,",
        "`conditions` that must all hold, `limits`, and `actions`. Keys that are marked *ours* are not known to the gem;",
        "all others mean what they mean in gitlab-triage 1.58.0.",
        "",
        "This page is made by `sectionbot triage reference`; `sectionbot triage schema` prints the JSON Schema.",
        "",
        "## Conditions",
        "",
    ]
    for condition in CONDITIONS.values():
        lines += _entry(condition, "conditions")
        events = ", ".join(condition.events) or "the sweep only"
        lines += [f"Answered again on: {events}.", ""]
    lines += [
        "### Fields of `date`",
        "",
        "`attribute` (created_at, updated_at, closed_at; merged_at on merge requests; committed_date, authored_date on",
        "branches), `condition` (older_than, newer_than), `interval_type` (minutes, hours, days, weeks, months, years),",
        "`interval` (a number), `filter_in_ruby` (true compares here instead of in GitLab's list), and ours:",
        "`last_activity_by: human` (the last note of a person counts, so that the bot's own note sets no clock back).",
        "",
        "## Limits",
        "",
        "`most_recent: n` or `oldest: n` by creation; ours: `per_run: n`, in the order of the list. They hold for each",
        "expansion of the labels.",
        "",
        "## Actions",
        "",
    ]
    for word in language.ACTIONS.values():
        lines += _entry(word, "actions")
    lines += [
        "## Placeholders",
        "",
        "In comments and in all texts of `issue` and `summarize`, these are filled in; what the resource does not have,",
        "is empty. All texts of actions take `#{...}`, an [expression](expressions.md), too.",
        "",
        ", ".join(f"`{{{{{name}}}}}`" for name in PLACEHOLDERS),
        "",
        'People are written with their @, labels as ~"label", milestones as %"title"; `{{items}}` is what the rules of',
        "a summary have gathered, `{{type}}` the type of resource.",
        "",
        "## Other keys of a rule",
        "",
        "`real_time: false` (ours) keeps the rule out of webhooks. `api: graphql` is accepted, and changes nothing.",
        "`type: custom` makes a rule of a summary that asks for nothing: its `summary` is its part.",
        "",
    ]
    return "\n".join(lines)


def _entry(word: language.Word | Condition, section: str) -> list[str]:
    ours = " *ours*" if word.is_ours else ""
    return [
        f"### `{word.name}`{ours}",
        "",
        f"{word.says} For {', '.join(word.types)}. Takes {word.accepts}.",
        "",
        "```yaml",
        f"{section}:",
        f"  {word.example}",
        "```",
        "",
    ]


def expressions_page() -> str:
    """What expressions can do, by the tables of methods."""
    lines = [
        "# Expressions in policies",
        "",
        "`ruby:` conditions and `#{...}` in texts are Ruby, parsed by tree-sitter and evaluated here by tables of methods:",
        "what is not in a table does not exist, and nothing outside of the resource can be reached. `sectionbot triage",
        "check` refuses what is not supported, with its line and column; `sectionbot triage eval` tries an expression.",
        "",
        "Regular expressions are run by `regex`: it has Ruby's lookbehind, atomic groups and possessive repeats, which",
        "`google-re2` has not, and its searches have a time limit, which Python's `re` has not.",
        "",
        "An expression ends after 200,000 steps or 2 seconds; a search with a regular expression after 0.25 seconds; texts",
        "end at 1,000,000 characters, lists at 100,000 items. What fails on one resource is reported for it, and the",
        "others go on.",
        "",
        "## The language",
        "",
        "Literals (numbers, texts in all quotes, heredocs, symbols, arrays, hashes, ranges, regular expressions, `%w` and its",
        "like, lambdas), operators in both spellings, `?:`, `if`, `unless`, `case ... when`, modifiers, `while`, `until`,",
        "`for`, `loop`, `begin ... rescue ... else ... ensure`, `return`, `next`, `break`, safe navigation, blocks with",
        "destructuring, optional and splat parameters, `_1`, `&:name`, several assignments at once, `$1`, `$~`, `defined?`.",
        "",
        "Refused: `def`, `class`, `module`, `case ... in` and other patterns, backquotes, `BEGIN`, complex numbers,",
        "instance, class and most global variables, keyword parameters of blocks, changing a text in place (`<<`, `gsub!`;",
        "write `+=`), `rand`, `sample` and `shuffle` (a plan must be the same when it is applied), `catch` and `throw`,",
        "`Struct`, `BigDecimal`, `Digest`, `Base64`, `SecureRandom`, `lazy`, and everything that reaches outside: files,",
        "processes, the network, `ENV`, `send`, `eval`, `instance_*`, `require`, `method`, `Object.new`.",
        "",
        "## Functions",
        "",
        _names({name: None for name in FUNCTIONS if not _is_refused(name)}),
        "",
        "## What every value has",
        "",
        _names({name: None for name in OBJECT if name not in FUNCTIONS}),
        "",
    ]
    all_tables = tables()
    for title, kind in _TITLES:
        own = {name: None for name in all_tables[kind] if name not in OBJECT and not _is_refused(name, kind)}
        lines += [f"## {title}", "", _names(own), ""]
    lines += ["## Classes and modules", ""]
    for key, table in all_tables.items():
        if isinstance(key, tuple):
            names = [name if name.startswith("::") else f".{name}" for name in table if not _is_refused(name)]
            shown = ", ".join(f"`{key[1]}{name}`" for name in sorted(names))
            lines.append(f"* `{key[1]}`{': ' + shown if shown else ''}")
    return "\n".join([*lines, ""])


def _is_refused(name: str, kind: Any = None) -> bool:
    """Whether the table has the method for the sake of a good sentence only."""
    return name in ("rand", "sample", "shuffle") or (kind is str and name.endswith("!"))


def _names(table: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(table))


def json_schema() -> str:
    """The JSON Schema of a policy file, for editors; `check` knows more."""
    text_or_list = {"oneOf": [{"type": "string"}, {"type": "array"}]}
    conditions = {
        each.name: each.schema | {"description": f"{each.says} {each.accepts}"} for each in CONDITIONS.values()
    }
    actions = {word.name: {"description": f"{word.says} {word.accepts}"} for word in language.ACTIONS.values()}
    number = {"type": "integer", "minimum": 0}
    rule: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "conditions": {"type": "object", "additionalProperties": False, "properties": conditions},
            "limits": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(language.LIMIT_KEYS, number),
            },
            "actions": {"type": "object", "additionalProperties": False, "properties": actions},
            "api": {"enum": ["graphql", "rest"]},
            "type": {"const": "custom"},
            "real_time": {"type": "boolean"},
        },
    }
    summary = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rules", "actions"],
        "properties": {
            "name": {"type": "string"},
            "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
            "actions": {"$ref": "#/$defs/rule/properties/actions"},
        },
    }
    types = {
        "type": ["object"],
        "additionalProperties": False,
        "properties": {
            "rules": {"type": ["array", "null"], "items": {"$ref": "#/$defs/rule"}},
            "summaries": {"type": ["array", "null"], "items": summary},
        },
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A triage policy",
        "type": "object",
        "properties": {
            "resource_rules": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(language.TYPES, types),
            },
            "host_url": {"type": "string", "pattern": "^https?://"},
            "api_version": {"type": "string"},
            "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
        },
        "$defs": {"rule": rule, "text_or_list": text_or_list},
    }
    return json.dumps(schema, indent=2) + "\n"
