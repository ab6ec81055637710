"""Conditions that compare one field of a resource with a value."""

from __future__ import annotations

import difflib
import re
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
from bot.triage.rules import names_of, plain_text

STATES = {
    "issues": ("opened", "closed"),
    "merge_requests": ("opened", "closed", "merged"),
    "work_items": ("opened", "closed"),
}


class State(Condition):
    name = "state"
    accepts = "opened, closed; merge requests also merged"
    says = "The state that the list is asked for."
    example = "state: opened"
    fields = ("state",)

    def check(self, value: Any, checks: Checks) -> None:
        states = STATES.get(checks.kind)
        if states is None or (checks.kind != "work_items" and (value is None or value is False)):
            return
        if not isinstance(value, str):
            checks.problem("state must be of type String.", f"Write one of {', '.join(states)}.")
        elif value not in states:
            near = difflib.get_close_matches(value, states, n=1, cutoff=0.5)
            checks.problem(f"state must be one of {','.join(states)}.", f"Perhaps you meant {near[0]}?" if near else "")

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("state", plain_text(value))] if is_sent(value) else []

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return str(item.row.get("state")) == str(value)

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(str(value), str(item.row.get("state")), str(value))


class Field(Condition):
    """A field that GitLab's list compares; None and Any ask whether there is a value at all."""

    knows_none_and_any = True
    # Whether GitLab compares letter by letter.
    is_exact = False

    def params(self, value: Any, query: Query) -> list[Param]:
        return [(self.name, plain_text(value))] if is_sent(value) else []

    def of(self, item: Item) -> Any:
        return item.row.get(self.name)

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        saw, word = self.of(item), plain_text(value).lower()
        if self.knows_none_and_any and word in ("none", "any"):
            return (saw is None or saw == []) == (word == "none")
        if self.is_exact:
            return bool(saw == plain_text(value))
        if isinstance(saw, list):
            return any(str(each).lower() == word for each in saw)
        return plain_text(saw).lower() == word

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        saw = self.of(item)
        return Answer(plain_text(value), plain_text(saw) if saw is not None else "none", plain_text(value))


class Weight(Field):
    name = "weight"
    types = ("issues",)
    accepts = "a number; Any, None"
    says = "The weight of the issue."
    example = "weight: None"
    fields = ("weight",)


class HealthStatus(Field):
    name = "health_status"
    types = ("issues",)
    accepts = "on_track, needs_attention, at_risk; none, any"
    says = "The health status of the issue."
    example = "health_status: at_risk"
    fields = ("health_status",)


class IssueType(Field):
    name = "issue_type"
    types = ("issues",)
    accepts = "issue, incident, test_case, task"
    says = "The type of the issue."
    example = "issue_type: incident"
    is_exact = True


class Iteration(Field):
    """Which iteration is the current one only GitLab knows."""

    name = "iteration"
    types = ("issues",)
    accepts = "a title; none, any"
    says = "The iteration of the issue."
    example = "iteration: none"

    def check(self, value: Any, checks: Checks) -> None:
        if value is not None and not isinstance(value, str):
            ignored = "ignores it, so that the rule acts on more" if value is False else None
            checks.problem("must be a text.", f"Put it in quotes: '{plain_text(value)}'.", in_gem=ignored)

    def params(self, value: Any, query: Query) -> list[Param]:
        if not is_sent(value):
            return []
        word = str(value)
        return [("iteration_id", word.capitalize()) if word.lower() in ("none", "any") else ("iteration_title", word)]

    def is_known_to_gitlab_only(self, value: Any) -> bool:
        return True

    def of(self, item: Item) -> Any:
        found = item.row.get("iteration")
        return found.get("title") if isinstance(found, dict) else found


class SourceBranch(Field):
    name = "source_branch"
    types = ("merge_requests",)
    accepts = "a branch"
    says = "The branch that is merged."
    example = "source_branch: feature"
    knows_none_and_any = False
    is_exact = True


class TargetBranch(Field):
    name = "target_branch"
    types = ("merge_requests",)
    accepts = "a branch"
    says = "The branch that is merged into."
    example = "target_branch: main"
    knows_none_and_any = False
    is_exact = True


class Draft(Field):
    name = "draft"
    types = ("merge_requests",)
    accepts = "true or false"
    says = "Whether it is a draft."
    example = "draft: true"
    schema = FLAG
    fields = ("title",)
    knows_none_and_any = False
    is_off_when_false = False

    def check(self, value: Any, checks: Checks) -> None:
        if not isinstance(value, bool):
            checks.problem('The "draft" condition only accepts true or false.')

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("wip", "yes" if value else "no")]


class BranchName(Condition):
    name = "name"
    types = ("branches",)
    accepts = "text; ^ and $ anchor it"
    says = "The branch's name, as GitLab searches it."
    example = "name: ^feature"

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("search", plain_text(value))] if is_sent(value) else []

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        wanted = str(value)
        pattern = re.escape(wanted.removeprefix("^").removesuffix("$")).replace(r"\*", ".*")
        pattern = ("^" if wanted.startswith("^") else "") + pattern + ("$" if wanted.endswith("$") else "")
        return re.search(pattern, str(item.row.get("name")), re.IGNORECASE) is not None

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(str(value), str(item.row.get("name")))


class Protected(CheckedHere):
    name = "protected"
    types = ("branches",)
    accepts = "true or false"
    says = "Whether the branch is protected; left out, protected branches are kept out of it."
    example = "protected: false"
    schema = FLAG
    elsewhere = "then matches nothing"
    is_off_when_false = False

    def check(self, value: Any, checks: Checks) -> None:
        if value is not None and not isinstance(value, bool):
            checks.problem("must be true or false.", in_gem="then matches nothing")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return value is None or item.row.get("protected") is value

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        saw = item.row.get("protected")
        return Answer(plain_text(value), plain_text(saw) if saw is not None else "nothing")


class WorkItemStatus(CheckedHere):
    name = "work_item_status"
    types = ("issues", "work_items")
    accepts = "a name, or a list of names"
    says = "The status of the work item."
    example = "work_item_status: [To do, In progress]"
    schema = NAMES
    events = ()
    elsewhere = "then matches nothing"
    is_off_when_false = False

    def check(self, value: Any, checks: Checks) -> None:
        if value is None or value is False:
            in_gem = IGNORED if checks.kind == "work_items" else "then matches nothing"
            checks.problem("names no status.", "Leave it out, or name one.", in_gem=in_gem)
            if in_gem == IGNORED:
                checks.drop()
        else:
            checks.names(value, "names")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        names = names_of(value)
        if asked.rule.kind == "work_items":
            saw = item.row.get("work_item_status")
            return saw is not None and str(saw).lower() in [name.lower() for name in names]
        if "work_item_status" in item.changed:
            return str(item.row["work_item_status"]).lower() in [name.lower() for name in names]
        found = next((name for name in names if item.row.get("id") in asked.facts.status_ids(name)), None)
        if found is not None:
            item.row["work_item_status"] = found  # expressions see it, as in the gem
        return found is not None

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        if asked.rule.kind == "work_items":
            return Answer(listed(names_of(value)), str(item.row.get("work_item_status")))
        return Answer(listed(names_of(value)), "it" if self.holds(value, item, asked) else "another")


class Type(Field):
    name = "type"
    types = ("work_items",)
    accepts = "a name, or a list of names"
    says = "The work item type."
    example = "type: [Issue, Task]"
    schema = NAMES

    def check(self, value: Any, checks: Checks) -> None:
        if value is not None:
            checks.names(value, "names")

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("work_item_type_names", ",".join(names_of(value)))] if is_sent(value) else []

    def of(self, item: Item) -> Any:
        return item.row.get("work_item_type")

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return str(self.of(item)).lower() in [name.lower() for name in names_of(value)]


class Status(Field):
    name = "status"
    types = ("work_items",)
    accepts = "a name"
    says = "The status that the list is asked for."
    example = "status: In progress"

    def check(self, value: Any, checks: Checks) -> None:
        if isinstance(value, list | dict):
            checks.problem("takes one name.", "Use work_item_status for several.", in_gem="sends the list as Ruby text")

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("status[name]", plain_text(value))] if is_sent(value) else []

    def of(self, item: Item) -> Any:
        return item.row.get("work_item_status")
