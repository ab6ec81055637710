"""Conditions on labels."""

from __future__ import annotations

import functools
from typing import Any

from bot.triage.conditions.condition import (
    FLAG,
    IGNORED,
    NAMES,
    Answer,
    Asked,
    CheckedHere,
    Checks,
    Condition,
    Param,
    Query,
    is_sent,
    listed,
)
from bot.triage.facts import Item
from bot.triage.rules import names_of


@functools.lru_cache(1024)
def _as_sent(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """As GitLab reads the list that it is sent: a comma separates, also within an entry; and `none` or `any` in it."""
    parts = tuple(part.strip() for name in names for part in name.split(","))
    lower = [part.lower() for part in parts]
    return parts, next((word for word in ("none", "any") if word in lower), "")


class Labels(Condition):
    name = "labels"
    accepts = "list of names; None, Any; {a,b} and {1..3}"
    says = "All of these labels are on the resource."
    example = 'labels: [bug, "priority::{1,2}"]'
    schema = NAMES
    fields = ("labels",)

    def check(self, value: Any, checks: Checks) -> None:
        if value is None:
            return
        if value is False:
            checks.problem("must be a list.", "Leave it out, or name labels.", in_gem=IGNORED)
            return
        single = checks.kind == "work_items"
        if not single and isinstance(value, str):
            checks.problem("must be a list.", f"Write [{value}].")
            return
        if value == [] and not single:
            checks.problem("is an empty list.", "Write [None] for resources without labels, or leave it out.")
            return
        checks.names(value, "labels", single=single)
        for index, each in enumerate(value if isinstance(value, list) else [value]):
            if each in ("No Label", "No label"):
                what = f"`{each}` is an older spelling; today's GitLab knows None."
                checks.problem(what, "Write None.", at=(index,), warns=True)
            elif isinstance(each, str) and "," in each and "{" not in each:
                what = f"a label's name cannot have a comma; `{each}` asks for two labels."
                checks.problem(what, "Write two entries.", at=(index,), warns=True)

    def params(self, value: Any, query: Query) -> list[Param]:
        name = "label_name" if query.is_work_items else "labels"
        return [(name, ",".join(query.labels))] if query.labels else []

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        has = item.labels
        wanted, word = _as_sent(asked.labels if asked.labels is not None else tuple(names_of(value)))
        if word:
            return bool(has) == (word == "any")
        for name in wanted:  # noqa: SIM110 - all() takes twice as long, and nothing is asked as often
            if name not in has:
                return False
        return True

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        wanted = asked.labels if asked.labels is not None else names_of(value)
        return Answer(listed(wanted), listed(item.labels), ",".join(sorted(wanted)))


class ForbiddenLabels(Condition):
    name = "forbidden_labels"
    accepts = "list of names"
    says = "None of these labels is on the resource."
    example = "forbidden_labels: [stale]"
    schema = NAMES
    fields = ("labels",)

    def check(self, value: Any, checks: Checks) -> None:
        if value is False:
            checks.problem("must be a list.", "Leave it out, or name labels.", in_gem=IGNORED)
        elif value is not None:
            checks.names(value, "labels")

    def params(self, value: Any, query: Query) -> list[Param]:
        if query.is_work_items:
            return [("not[label_name]", ",".join(names_of(value)))] if names_of(value) else []
        return [("not[labels]", ",".join(name.strip() for name in names_of(value)))] if is_sent(value) else []

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        forbidden, word = _as_sent(tuple(names_of(value)))
        has = item.labels
        if word:
            return bool(has) == (word == "none")
        return not any(name in has for name in forbidden)

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(f"none of {listed(names_of(value))}", listed(item.labels))


class LabelsAny(CheckedHere):
    name = "labels_any"
    accepts = "list of names"
    says = "At least one of these labels is on the resource."
    fields = ("labels",)
    example = "labels_any: [bug, regression]"
    schema = NAMES
    is_ours = True

    def check(self, value: Any, checks: Checks) -> None:
        if value is not None:
            checks.names(value, "labels")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return any(name in item.labels for name in names_of(value))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        found = sorted(name for name in names_of(value) if name in item.labels)
        return Answer(f"one of {listed(names_of(value))}", listed(item.labels), ",".join(found))


class ForbiddenLabelsAny(LabelsAny):
    name = "forbidden_labels_any"
    says = "At least one of these labels is missing from the resource."
    example = "forbidden_labels_any: [backend, frontend]"

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return any(name not in item.labels for name in names_of(value))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(f"one of {listed(names_of(value))} missing", listed(item.labels))


class NoAdditionalLabels(CheckedHere):
    name = "no_additional_labels"
    accepts = "true or false"
    says = "No label but those of `labels` is on the resource."
    fields = ("labels",)
    example = "no_additional_labels: true"
    schema = FLAG

    def check(self, value: Any, checks: Checks) -> None:
        if value is None:
            return
        if not isinstance(value, bool):
            checks.problem("must be true or false.", in_gem="takes it for true")
        elif value is False:
            checks.problem("false now means what it says: the condition is off.", warns=True)
        if value is not False and not checks.conditions.get("labels"):
            checks.problem("needs labels: the only ones that may be there.", "Add labels, or labels: [None].")

    def _allowed(self, asked: Asked) -> set[str]:
        return set(asked.labels if asked.labels is not None else names_of(asked.rule.conditions.get("labels")))

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return set(item.labels) <= self._allowed(asked)

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(f"no label but {listed(sorted(self._allowed(asked)))}", listed(item.labels))
