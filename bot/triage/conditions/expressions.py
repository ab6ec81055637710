"""Conditions that are written by the policy's author: Ruby, titles, groups of conditions, and those of packages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from bot.triage.conditions.condition import Answer, Asked, CheckedHere, Checks, Json
from bot.triage.extensions import CustomCondition
from bot.triage.facts import Item
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.values import truthy
from bot.triage.rules import plain_text

# The methods of a resource that are requests.
_ASKS_GITLAB = re.compile(
    r"\b(?:linked_issues|related_merge_requests|closed_by|closes_issues|label_events|query_label_events|labels_with_details"
    r"|labels_chronologically|request_project|project_path|group_path|root_id|instance_version|first_contribution|succ"
    r"|user_notes_count|user_discussions_count)\b"
)


class Ruby(CheckedHere):
    name = "ruby"
    accepts = "a Ruby expression"
    says = "Anything that can be said in Ruby; see the expressions."
    example = "ruby: resource[:upvotes].to_i > 5 && resource[:milestone].nil?"
    schema: ClassVar[Json] = {"type": ["string", "boolean"]}
    events = ("issue", "merge_request", "note")
    is_off_when_false = False

    def check(self, value: Any, checks: Checks) -> None:
        if value is None:
            checks.problem(
                "is empty: the condition is lost.",
                "Put the expression in quotes; without them YAML takes !x for a tag.",
                in_gem="drops the condition, so that the rule acts on more",
            )
            checks.drop()
        elif isinstance(value, str):
            checks.program(value)
        elif not isinstance(value, bool):
            checks.problem("must be a text.", "Put it in quotes.", in_gem="takes it for true")

    def asks_gitlab(self, value: Any) -> bool:
        return isinstance(value, str) and _ASKS_GITLAB.search(value) is not None

    def _result(self, value: Any, item: Item, asked: Asked) -> Any:
        if not isinstance(value, str):
            return value
        program = asked.rule.programs[asked.path]
        return program.run(asked.facts.machine(item, changes_values=program.may_change_values))

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return truthy(self._result(value, item, asked))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        try:
            saw = inspect(self._result(value, item, asked))
        except (Refused, RubyError, RecursionError):
            saw = "a value"
        return Answer("something true", saw if len(saw) < 200 else saw[:197] + "...")


class Title(CheckedHere):
    name = "title"
    accepts = "text, or /a regular expression/"
    says = "The title contains this text, whatever its case."
    fields = ("title",)
    example = "title: WIP"
    schema: ClassVar[Json] = {"type": "string", "minLength": 1}
    is_ours = True

    def check(self, value: Any, checks: Checks) -> None:
        if not isinstance(value, str) or not value:
            checks.problem("must be a text.", in_gem="ignores it, so that the rule acts on more")
            return
        checks.problem(
            "title is a condition here, and compares with the title.",
            "gitlab-triage ignores it, so that the rule acts on more; for drafts it knows draft: true.",
            warns=True,
        )
        if self._is_pattern(value):
            checks.program(f"resource[:title] =~ {value}i")

    @staticmethod
    def _is_pattern(value: str) -> bool:
        return len(value) > 2 and value.startswith("/") and value.endswith("/")

    @staticmethod
    def _title(item: Item) -> str:
        return str(item.row.get("title") or item.row.get("name") or "")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        if self._is_pattern(value):
            return truthy(asked.rule.programs[asked.path].run(asked.facts.machine(item)))
        return str(value).lower() in self._title(item).lower()

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(str(value), self._title(item))


class Part(Protocol):
    """A condition of a group, with its value."""

    @property
    def asks_gitlab(self) -> bool: ...
    def holds(self, item: Item) -> bool: ...
    def seen(self, item: Item) -> Any: ...


# The condition of a group by its key, its value, and of what it is part.
Bind = Callable[[str, Any, Asked], Part]


class AnyOf(CheckedHere):
    """Each map is a group, all conditions of which hold together.

    Args:
        asks_gitlab: whether a condition costs requests, by its key and value.
    """

    name = "any_of"
    accepts = "list of maps of conditions"
    says = "At least one of these groups of conditions holds."
    example = "any_of: [{labels: [bug]}, {title: crash}]"
    schema: ClassVar[Json] = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/rule/properties/conditions"},
    }
    is_ours = True

    def __init__(self, bind: Bind, asks_gitlab: Callable[[str, Any], bool]) -> None:
        self._bind, self._asks_gitlab = bind, asks_gitlab

    def asks_gitlab(self, value: Any) -> bool:
        return any(self._asks_gitlab(key, each) for group in value for key, each in group.items())

    def check(self, value: Any, checks: Checks) -> None:
        if not isinstance(value, list) or not value:
            checks.problem("must be a list of maps of conditions.")
            return
        for index, group in enumerate(value):
            if not isinstance(group, dict):
                checks.problem("must be a map of conditions.", at=(index,))
                continue
            if "discussions" in group:
                checks.problem("discussions cannot stand in any_of or none_of.", at=(index, "discussions"))
            checks.nested(group, (index,))

    def _held(self, value: Any, item: Item, asked: Asked) -> list[int]:
        """The numbers of the groups that hold, from 1."""
        groups = enumerate(self.groups(value, asked), start=1)
        return [number for number, parts in groups if all(part.holds(item) for part in parts)]

    def groups(self, value: Any, asked: Asked) -> list[list[Part]]:
        return [
            [
                self._bind(key, each, Asked(asked.rule, None, asked.facts, (*asked.path, index, key)))
                for key, each in group.items()
            ]
            for index, group in enumerate(value)
        ]

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return bool(self._held(value, item, asked))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        held = self._held(value, item, asked)
        saw = f"group {', '.join(map(str, held))} holds" if held else "no group holds"
        return Answer("one group" if self.name == "any_of" else "no group", saw, ",".join(map(str, held)))


class NoneOf(AnyOf):
    name = "none_of"
    says = "None of these groups of conditions holds."
    example = "none_of: [{labels: [stale]}, {milestone: any}]"

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return not self._held(value, item, asked)


class Custom(CheckedHere):
    """A condition of an installed package; what it raises is a failure of this resource."""

    is_off_when_false = False

    def __init__(self, name: str, condition: CustomCondition) -> None:
        self._name, self._condition = name, condition

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        resource: Mapping[str, Any] = MappingProxyType(item.row)
        try:
            return bool(self._condition(resource, value, asked.facts.options.now))
        except Exception as error:  # somebody else's code
            kind = type(error).__name__
            raise RubyError(kind, f"the condition {self._name} failed with {kind}") from error

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        saw = "a resource for which it holds" if self.holds(value, item, asked) else "another"
        return Answer(plain_text(value), saw)
