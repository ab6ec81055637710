"""Conditions on who wrote, has, or reviews a resource."""

from __future__ import annotations

from typing import Any

from bot.triage.conditions.condition import (
    NAMES,
    Answer,
    Asked,
    CheckedHere,
    Checks,
    Condition,
    Json,
    Param,
    Query,
    is_sent,
    listed,
)
from bot.triage.conditions.fields import Field
from bot.triage.facts import Item
from bot.triage.rules import names_of, plain_text

_KEYS = ("source", "condition", "source_id", "inherited")
MEMBER_SCHEMA: Json = {
    "type": "object",
    "required": ["source", "condition", "source_id"],
    "additionalProperties": False,
    "properties": {
        "source": {"enum": ["project", "group"]},
        "condition": {"enum": ["member_of", "not_member_of"]},
        "source_id": {"type": ["string", "integer"]},
        "inherited": {"type": ["boolean", "null"]},
    },
}


class AuthorUsername(Condition):
    name = "author_username"
    types = ("issues", "merge_requests", "epics", "branches")
    accepts = "a username"
    says = "Who opened it."
    example = "author_username: ada"

    def check(self, value: Any, checks: Checks) -> None:
        if isinstance(value, list | dict):
            checks.problem("takes one username.", "Use any_of for several.", in_gem="sends the list as Ruby text")

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("author_username", plain_text(value))] if is_sent(value) else []

    def _author(self, item: Item) -> str:
        author = item.row.get("author")
        return str(author.get("username")) if isinstance(author, dict) else "nobody"

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return self._author(item).lower() == plain_text(value).lower()

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(plain_text(value), self._author(item), plain_text(value))


class _Member(CheckedHere):
    types = ("issues", "merge_requests", "epics", "work_items")
    accepts = "map of source, condition, source_id; inherited"
    schema = MEMBER_SCHEMA
    events = ()
    person: str

    def check(self, value: Any, checks: Checks) -> None:
        needed = (
            ("source", ("project", "group")),
            ("condition", ("member_of", "not_member_of")),
            ("source_id", "any"),
        )
        found = checks.fields(value, _KEYS, needed)
        if found is not None and not isinstance(found.get("inherited"), bool | None):
            checks.problem("must be true or false.", at=("inherited",))

    def asks_gitlab(self, value: Any) -> bool:
        return True

    def _username(self, item: Item) -> str | None:
        person = item.row.get(self.person)
        return person.get("username") if isinstance(person, dict) else None

    def _is_member(self, value: Any, username: str, asked: Asked) -> bool:
        inherited = value.get("inherited") is True
        return username in asked.facts.members(value["source"], plain_text(value["source_id"]), inherited)

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        username = self._username(item)
        if username is None:
            return False
        wants_member = bool(value["condition"] == "member_of")
        return self._is_member(value, username, asked) is wants_member

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        username = self._username(item)
        wanted = f"{value['condition']} of the {value['source']} {value['source_id']}"
        if username is None:
            return Answer(wanted, "nobody")
        inside = self._is_member(value, username, asked)
        return Answer(wanted, f"{username}, who is {'a' if inside else 'no'} member", username)


class AuthorMember(_Member):
    name = "author_member"
    person = "author"
    says = "Whether its author is a member of a group or project."
    example = "author_member: {source: group, condition: not_member_of, source_id: acme}"


class AssigneeMember(_Member):
    name = "assignee_member"
    person = "assignee"
    says = "Whether its assignee is a member of a group or project."
    example = "assignee_member: {source: group, condition: member_of, source_id: acme}"


class Assignees(Condition):
    name = "assignees"
    types = ("work_items",)
    accepts = "a username, or a list of usernames"
    says = "Who is assigned."
    example = "assignees: [ada]"
    schema = NAMES
    fields = ("assignees",)

    def check(self, value: Any, checks: Checks) -> None:
        if value is not None:
            checks.names(value, "usernames")

    def params(self, value: Any, query: Query) -> list[Param]:
        return [("assignee_usernames", ",".join(names_of(value)))] if is_sent(value) else []

    def _assigned(self, item: Item) -> list[Any]:
        return [each.get("username") for each in item.row.get("assignees") or [] if isinstance(each, dict)]

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        return set(names_of(value)) <= set(self._assigned(item))

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        return Answer(listed(names_of(value)), listed(self._assigned(item)), ",".join(sorted(names_of(value))))


class ReviewerId(Field):
    name = "reviewer_id"
    types = ("merge_requests",)
    accepts = "a user's id; None, Any"
    says = "Who reviews it."
    example = "reviewer_id: None"
    fields = ("reviewers",)

    def of(self, item: Item) -> Any:
        return [each.get("id") for each in item.row.get("reviewers") or []]
