"""Conditions on how many votes, threads or notes there are."""

from __future__ import annotations

from typing import Any, ClassVar

from bot.triage.conditions.condition import Answer, Asked, CheckedHere, Checks, Json
from bot.triage.facts import Item
from bot.triage.ruby.errors import RubyError


def _schema(*attributes: str) -> Json:
    return {
        "type": "object",
        "required": ["attribute", "condition", "threshold"],
        "additionalProperties": False,
        "properties": {
            "attribute": {"enum": list(attributes)},
            "condition": {"enum": ["less_than", "greater_than"]},
            "threshold": {"type": "number"},
        },
    }


class Votes(CheckedHere):
    name = "votes"
    types: ClassVar[tuple[str, ...]] = ("issues", "merge_requests", "epics")
    accepts = "map of attribute, condition, threshold"
    says = "How many votes it has."
    example = "votes: {attribute: upvotes, condition: greater_than, threshold: 5}"
    attributes: ClassVar[tuple[str, ...]] = ("upvotes", "downvotes")
    schema = _schema("upvotes", "downvotes")
    events: ClassVar[tuple[str, ...]] = ()

    def check(self, value: Any, checks: Checks) -> None:
        needed = (
            ("attribute", self.attributes),
            ("condition", ("less_than", "greater_than")),
            ("threshold", "number"),
        )
        checks.fields(value, ("attribute", "condition", "threshold"), needed)

    def count(self, attribute: str, item: Item, asked: Asked) -> Any:
        found = item.row.get(attribute)
        if found is None:
            raise RubyError("NoMethodError", f"the resource has no {attribute}")
        return found

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        count, limit = self.count(value["attribute"], item, asked), value["threshold"]
        return bool(count < limit if value["condition"] == "less_than" else count > limit)

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        way = "less than" if value["condition"] == "less_than" else "more than"
        wanted = f"{way} {value['threshold']} {value['attribute']}"
        return Answer(wanted, str(self.count(value["attribute"], item, asked)))


class Upvotes(Votes):
    name = "upvotes"
    says = "The older name of votes."
    example = "upvotes: {attribute: upvotes, condition: less_than, threshold: 1}"

    def check(self, value: Any, checks: Checks) -> None:
        super().check(value, checks)
        checks.problem("upvotes is the older name of votes.", "Write votes.", warns=True)


class Discussions(Votes):
    name = "discussions"
    types = ("issues", "merge_requests")
    accepts = "map of attribute (threads, notes), condition, threshold"
    says = "How many threads or notes it has."
    example = "discussions: {attribute: threads, condition: greater_than, threshold: 10}"
    attributes = ("threads", "notes")
    schema = _schema("threads", "notes")
    events = ("note",)

    def asks_gitlab(self, value: Any) -> bool:
        return True

    def count(self, attribute: str, item: Item, asked: Asked) -> Any:
        return asked.facts.discussions(item).get(attribute, 0)
