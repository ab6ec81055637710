"""What a rule asks of a resource.

Everything else that is said of conditions comes from their classes: the list's query and what is checked here, the
answers for `explain`, which events make a rule run, the JSON Schema and the reference page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot.triage.conditions.condition import Answer, Asked, Condition, Facts, Param, Query
from bot.triage.conditions.counts import Discussions, Upvotes, Votes
from bot.triage.conditions.expressions import AnyOf, Custom, NoneOf, Ruby, Title
from bot.triage.conditions.fields import (
    BranchName,
    Draft,
    HealthStatus,
    IssueType,
    Iteration,
    Protected,
    SourceBranch,
    State,
    Status,
    TargetBranch,
    Type,
    Weight,
    WorkItemStatus,
)
from bot.triage.conditions.labels import ForbiddenLabels, ForbiddenLabelsAny, Labels, LabelsAny, NoAdditionalLabels
from bot.triage.conditions.people import AssigneeMember, Assignees, AuthorMember, AuthorUsername, ReviewerId
from bot.triage.conditions.times import Date, Milestone
from bot.triage.facts import Item
from bot.triage.ruby.moments import Moment
from bot.triage.rules import Rule


def _bind(key: str, value: Any, asked: Asked) -> Bound:
    return Bound(key, _condition(key, asked), value, asked)


def _asks_gitlab(key: str, value: Any) -> bool:
    return key in CONDITIONS and CONDITIONS[key].asks_gitlab(value)


CONDITIONS: dict[str, Condition] = {
    condition.name: condition
    for condition in (
        Labels(),
        ForbiddenLabels(),
        LabelsAny(),
        ForbiddenLabelsAny(),
        NoAdditionalLabels(),
        State(),
        Milestone(),
        AuthorUsername(),
        Votes(),
        Upvotes(),
        Discussions(),
        AssigneeMember(),
        AuthorMember(),
        Date(),
        Weight(),
        Iteration(),
        HealthStatus(),
        IssueType(),
        SourceBranch(),
        TargetBranch(),
        ReviewerId(),
        Draft(),
        BranchName(),
        Protected(),
        WorkItemStatus(),
        Type(),
        Status(),
        Assignees(),
        Title(),
        Ruby(),
        AnyOf(_bind, _asks_gitlab),
        NoneOf(_bind, _asks_gitlab),
    )
}


@dataclass(frozen=True)
class Seen:
    """The answer of a condition: what it wanted, what it saw, and a sentence.

    Args:
        reason: what of it decides; while it stays the same, the reason of a note lasts.
        groups: the answers of the conditions in it, group by group.
    """

    condition: str
    holds: bool
    wanted: str
    saw: str
    reason: str = ""
    groups: tuple[tuple[Seen, ...], ...] = ()

    @property
    def sentence(self) -> str:
        verb = "holds" if self.holds else "does not hold"
        return f"{self.condition} {verb}: wanted {self.wanted}, saw {self.saw}."


@dataclass(frozen=True)
class Bound:
    """A condition with its value in a rule."""

    key: str
    condition: Condition
    value: Any
    asked: Asked

    @cached_property
    def is_off(self) -> bool:
        if self.value == "" and self.is_listed:
            return True  # GitLab's list ignores what is empty
        return self.condition.is_off_when_false and (self.value is None or self.value is False)

    @property
    def is_listed(self) -> bool:
        return self.condition.is_listed(self.value, self.asked.rule.kind)

    @property
    def is_checked_here(self) -> bool:
        return self.condition.is_checked_here(self.value, self.asked.rule.kind)

    @property
    def asks_gitlab(self) -> bool:
        return self.condition.asks_gitlab(self.value)

    @property
    def place(self) -> int:
        """In the order in which conditions that ask GitLab are asked: expressions last."""
        return list(CONDITIONS).index(self.key) if self.key in CONDITIONS else len(CONDITIONS)

    def fetch(self, items: list[Item]) -> None:
        self.condition.fetch(self.value, items, self.asked.facts)

    def is_touched_by(self, changed: frozenset[str]) -> bool:
        """Whether a change of these fields can have changed the answer."""
        return not changed.isdisjoint(self.condition.fields)

    def holds(self, item: Item) -> bool:
        """Raises RubyError, Refused and GitLabError."""
        return self.is_off or self.condition.holds(self.value, item, self.asked)

    def seen(self, item: Item) -> Seen:
        """Raises RubyError, Refused and GitLabError."""
        if self.is_off:
            return Seen(self.key, True, "nothing", "nothing")
        holds = self.condition.holds(self.value, item, self.asked)
        answer: Answer = self.condition.words(self.value, item, self.asked)
        groups = self.condition.groups(self.value, self.asked) if isinstance(self.condition, AnyOf) else []
        seen = tuple(tuple(part.seen(item) for part in parts) for parts in groups)
        return Seen(self.key, holds, answer.wanted, answer.saw, answer.reason, seen)


def _condition(key: str, asked: Asked) -> Condition:
    known = CONDITIONS.get(key)
    return known if known is not None else Custom(key, asked.facts.options.extensions.conditions[key])


def conditions_of(rule: Rule, labels: tuple[str, ...] | None, facts: Facts) -> list[Bound]:
    """The conditions of a rule, in the order of the file.

    Args:
        labels: of this expansion of its labels.
    """
    bound = []
    for key, value in rule.conditions.items():
        asked = Asked(rule, labels, facts, ("conditions", key))
        bound.append(_bind(key, value, asked))
    return bound


def fields_read(rule: Rule, facts: Facts) -> frozenset[str]:
    """The fields of a resource that decide whether the rule chooses it; of expressions by the words in them."""
    found: set[str] = set()
    for each in conditions_of(rule, None, facts):
        found |= set(each.condition.fields) or set(re.findall(r"\w+", f"{each.key} {each.value}"))
    return frozenset(found)


def query(rule: Rule, labels: tuple[str, ...] | None, now: Moment) -> list[Param]:
    """The parameters of the rule's own list, without paging."""
    asked = Query(rule.kind, labels, now)
    return [
        param
        for condition in CONDITIONS.values()
        if condition.name in rule.conditions and rule.kind in condition.types
        for param in condition.params(rule.conditions[condition.name], asked)
    ]


def is_known_to_gitlab_only(rule: Rule) -> bool:
    """Whether the rule must have its own list."""
    return any(
        CONDITIONS[key].is_known_to_gitlab_only(value) for key, value in rule.conditions.items() if key in CONDITIONS
    )


def can_run_on(rule: Rule, event: str) -> bool:
    """Whether the rule is run for one resource, on an event (any, where it is empty)."""
    if not rule.real_time or rule.limits or "summarize" in rule.actions:
        return False
    keys = list(_with_groups(rule.conditions))
    if any(CONDITIONS[key].waits_for_sweep(value) for key, value in keys if key in CONDITIONS):
        return False
    return not event or not keys or any(event in events_of(key) for key, _ in keys)


def _with_groups(conditions: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The conditions and those in their groups."""
    for key, value in conditions.items():
        yield key, value
        if key in ("any_of", "none_of"):
            for group in value or []:
                yield from _with_groups(group)


def events_of(key: str) -> tuple[str, ...]:
    """GitLab's names of the events that can change a condition's answer; none for what only a sweep can see."""
    return CONDITIONS[key].events if key in CONDITIONS else Condition.events
