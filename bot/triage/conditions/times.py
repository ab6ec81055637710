"""Conditions on when something was: `date` and `milestone`."""

from __future__ import annotations

import difflib
import functools
from typing import Any, ClassVar

from bot.triage.conditions.condition import (
    Answer,
    Asked,
    Checks,
    Condition,
    Facts,
    Json,
    Param,
    Query,
    first_of,
    is_sent,
)
from bot.triage.facts import Item
from bot.triage.instants import (
    ATTRIBUTES,
    SENT,
    UNITS,
    WAYS,
    Boundary,
    boundary,
    compare_as_server,
    compare_here,
    iso,
    value_of,
)
from bot.triage.ruby.moments import Moment
from bot.triage.rules import plain_text

_KEYS = ("attribute", "condition", "interval_type", "interval", "filter_in_ruby", "last_activity_by")
# Roughly, to tell what no calendar has.
_DAYS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "weeks": 7, "months": 30.4, "years": 365.2}
_FARTHEST = 1900 * 365
_WORDS = ("none", "any", "upcoming", "started")
_EVERYTHING = "ignores the whole condition, so that everything matches"


@functools.lru_cache(256)
def _boundary_of(interval_type: str, interval: int | float, now: Moment) -> Boundary:
    """The same boundary for every resource of a run."""
    return boundary(interval_type, interval, now)


class Date(Condition):
    name = "date"
    accepts = "map of attribute, condition, interval_type, interval"
    says = "How long ago something was."
    example = "date: {attribute: updated_at, condition: older_than, interval_type: months, interval: 3}"
    schema: ClassVar[Json] = {
        "type": "object",
        "required": ["attribute", "condition", "interval_type", "interval"],
        "additionalProperties": False,
        "properties": {
            "attribute": {"enum": sorted({each for names in ATTRIBUTES.values() for each in names})},
            "condition": {"enum": list(WAYS)},
            "interval_type": {"enum": list(UNITS)},
            "interval": {"type": "number"},
            "filter_in_ruby": {"type": "boolean"},
            "last_activity_by": {"enum": ["human", "anybody"]},
        },
    }
    fields = ("updated_at",)
    events = ()

    def check(self, value: Any, checks: Checks) -> None:
        kind = checks.kind
        attributes = ATTRIBUTES[kind]
        if isinstance(value, dict) and isinstance(value.get("attribute"), str) and value["attribute"] not in attributes:
            near = difflib.get_close_matches(value["attribute"], attributes, n=1, cutoff=0.6)
            hint = f"Perhaps you meant {near[0]}?" if near else f"Known: {', '.join(attributes)}."
            known = kind in ("work_items", "branches") or value["attribute"] == "merged_at"
            what = f"attribute must be one of {','.join(attributes)}."
            if checks.problem(what, hint, at=("attribute",), in_gem=None if known else _EVERYTHING):
                checks.drop()
            return
        if isinstance(value, dict) and "attribute" not in value and kind != "work_items":
            if checks.problem("attribute is a required parameter.", in_gem=_EVERYTHING):
                checks.drop()
            return
        needed = (
            ("attribute", attributes),
            ("condition", WAYS),
            ("interval_type", UNITS),
            ("interval", "number"),
        )
        found = checks.fields(value, _KEYS, needed)
        if found is None:
            return
        days = abs(found["interval"]) * _DAYS[found["interval_type"]]
        if not days < _FARTHEST:
            checks.problem(
                "interval goes back beyond the first year of the calendar.", "Write fewer.", at=("interval",)
            )
        if isinstance(found["interval"], float) and found["interval_type"] in ("months", "years"):
            checks.problem("a part of a month or year has no length.", "Use days.", at=("interval",))
        if kind == "work_items" and found["interval"] <= 0:
            checks.problem("interval must be a positive, finite number.", at=("interval",))
        if found.get("last_activity_by") not in (None, "human", "anybody"):
            checks.problem("must be human or anybody.", at=("last_activity_by",))

    def params(self, value: Any, query: Query) -> list[Param]:
        if not isinstance(value, dict) or not self.is_listed(value, query.kind):
            return []
        edge = boundary(value["interval_type"], value["interval"], query.now)
        way = "before" if value["condition"] == "older_than" else "after"
        return [(f"{SENT[value['attribute']]}_{way}", iso(edge.instant) if query.is_work_items else edge.text)]

    def is_listed(self, value: Any, kind: str) -> bool:
        if not isinstance(value, dict) or value.get("attribute") not in SENT or kind == "branches":
            return False
        if value.get("last_activity_by") == "human":
            return False
        return kind == "work_items" or value.get("filter_in_ruby") is not True

    def is_checked_here(self, value: Any, kind: str) -> bool:
        return isinstance(value, dict) and (not self.is_listed(value, kind) or value.get("filter_in_ruby") is True)

    def waits_for_sweep(self, value: Any) -> bool:
        return True

    def asks_gitlab(self, value: Any) -> bool:
        return isinstance(value, dict) and value.get("last_activity_by") == "human"

    def fetch(self, value: Any, items: list[Item], facts: Facts) -> None:
        if self.asks_gitlab(value):
            facts.side_by_side([functools.partial(facts.last_human_activity, item) for item in items])

    def _given(self, value: Any, item: Item, asked: Asked) -> Any:
        if value.get("last_activity_by") == "human":
            return asked.facts.last_human_activity(item)
        return value_of(item.row, value["attribute"])

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        edge = _boundary_of(value["interval_type"], value["interval"], asked.facts.clock_now)
        given = self._given(value, item, asked)
        in_query = value["attribute"] in SENT and value.get("filter_in_ruby") is not True
        if in_query and asked.rule.kind != "branches" and value.get("last_activity_by") != "human":
            return compare_as_server(given, value["condition"], edge, asked.facts.clock_now)
        return given is not None and compare_here(given, value["condition"], edge)

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        edge = _boundary_of(value["interval_type"], value["interval"], asked.facts.clock_now)
        given = self._given(value, item, asked)
        way = "before" if value["condition"] == "older_than" else "after"
        who = " (last activity of a person)" if value.get("last_activity_by") == "human" else ""
        wanted = f"{value['attribute']} {way} {edge.text}{who}"
        # The bot's own note renews updated_at: that it is newer than something stays the same reason.
        renews = value["attribute"] == "updated_at" and value["condition"] == "newer_than"
        return Answer(wanted, str(given), value["attribute"] if renews else f"{value['attribute']}={given}")


class Milestone(Condition):
    name = "milestone"
    accepts = "a title; none, any, upcoming, started"
    says = "The milestone of the resource."
    example = "milestone: none"
    fields = ("milestone",)

    def check(self, value: Any, checks: Checks) -> None:
        is_work_items = checks.kind == "work_items"
        if isinstance(value, list):
            if len(value) > 1:
                what = f"takes one milestone, but there are {len(value)}: {', '.join(map(str, value))}."
                checks.problem(what, in_gem=None if is_work_items else "takes the first")
            value = value[0] if value else None
        if isinstance(value, dict):
            checks.problem("must be the title of a milestone.", in_gem="sends the map as text")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            what = f"{value} is a number to YAML, which may not be the title."
            checks.problem(what, f"Quote titles that look like numbers: '{value}'.", warns=not is_work_items)
        elif value in ("No Milestone", "No milestone"):
            what = f"`{value}` is an older spelling; today's GitLab knows none."
            checks.problem(what, "Write none.", warns=True)
        elif is_work_items and (not isinstance(value, str) or not value.strip()):
            checks.problem("takes a milestone title or one of none, any, upcoming, started.")

    def params(self, value: Any, query: Query) -> list[Param]:
        title = first_of(value)
        if not is_sent(title) or title == "":
            return []
        word = str(title).lower()
        if query.is_work_items:
            wild = word in _WORDS
            return [("milestone_wildcard_id", word.capitalize()) if wild else ("milestone_title", plain_text(title))]
        if query.kind == "issues" and word in _WORDS:
            return [("milestone_id", word.capitalize())]
        return [("milestone", plain_text(title))]

    def is_known_to_gitlab_only(self, value: Any) -> bool:
        return str(first_of(value)).lower() in ("upcoming", "started")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        found = item.row.get("milestone")
        title = found.get("title") if isinstance(found, dict) else None
        word = plain_text(first_of(value)).lower()
        if word in ("", "false") or first_of(value) is None:
            return True
        if word in ("none", "any"):
            return (title is None) == (word == "none")
        if word in ("upcoming", "started"):
            return isinstance(found, dict) and _is_in_time(found, word, asked.facts.clock_now)
        return title is not None and str(title) == plain_text(first_of(value))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        found = item.row.get("milestone")
        title = found.get("title") if isinstance(found, dict) else None
        wanted = plain_text(first_of(value))
        return Answer(wanted, str(title or "none"), wanted)


def _is_in_time(milestone: Json, word: str, now: Moment) -> bool:
    start, due, today = milestone.get("start_date"), milestone.get("due_date"), now.date.isoformat()
    if milestone.get("state") != "active":
        return False
    if word == "started":
        begun, over = start is None or start <= today, due is not None and due < today
        return begun and not over and not (start is None and due is None)
    return (start is not None and start > today) or (start is None and due is not None and due > today)
