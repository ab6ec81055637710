"""Drops what no rule reads from the resources in memory, so that 50,000 of them stay small."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Any

from bot.triage.rules import Policy

Json = dict[str, Any]
# What the engine itself, the report or a note may need of any resource; the rest is there if the policy names it.
_BASE = frozenset(
    (
        *("id", "iid", "project_id", "group_id", "type", "title", "state", "confidential", "web_url", "references"),
        *(
            "created_at",
            "updated_at",
            "closed_at",
            "labels",
            "milestone",
            "author",
            "assignee",
            "assignees",
            "reviewers",
        ),
        *("name", "protected", "commit", "namespace", "work_item_type", "work_item_status"),
    )
)
# What an action may set to null: whether GitLab has said that it is null, or nothing, makes a difference.
_KEPT_WHEN_NULL = ("weight", "health_status", "discussion_locked")
# `resource` used otherwise than with a key that is written down: then nobody knows what is read.
_OPEN_USE = re.compile(r"\bresource\b(?!\s*(?:\[\s*(?::\w+|\"\w+\"|'\w+')\s*\]|&?\.dig\s*\(\s*[:\"']))")


_KEY = re.compile(r"[\[(,]\s*[:\"'](\w+)")


@dataclass(frozen=True)
class Slimming:
    """Args: kept: the fields that stay; None for all. whole: of these, the ones of which expressions read the parts."""

    kept: frozenset[str] | None
    whole: frozenset[str] = frozenset()
    people: dict[Any, Json] = field(default_factory=dict, compare=False)

    @staticmethod
    def everything() -> Slimming:
        return Slimming(None)

    @staticmethod
    def for_policies(policies: list[Policy]) -> Slimming:
        """By the words of the files: a field that none of them names is not read."""
        text = "\n".join(policy.text for policy in policies)
        if _OPEN_USE.search(text) or "first_contribution" in text:
            return Slimming.everything()
        return Slimming(_BASE | frozenset(re.findall(r"[a-z_0-9]+", text)), frozenset(_KEY.findall(text)))

    def slim(self, row: Json) -> Json:
        if self.kept is None:
            return row
        result: Json = {}
        for key, value in row.items():
            if key not in self.kept or (value is None and key not in _KEPT_WHEN_NULL):
                continue
            result[sys.intern(key)] = value if key in self.whole else self._part(key, value)
        return result

    def _part(self, key: str, value: Any) -> Any:
        if isinstance(value, dict) and "username" in value:
            return self._person(value)
        if key in ("assignees", "reviewers") and isinstance(value, list):
            return [self._person(each) if isinstance(each, dict) else each for each in value]
        if key == "references" and isinstance(value, dict):
            return {"full": value.get("full")}
        if key == "labels" and isinstance(value, list):
            return [sys.intern(label) if isinstance(label, str) else label for label in value]
        if key == "milestone" and isinstance(value, dict):
            dropped = {"web_url", "description"} - (self.kept or frozenset())
            return {name: each for name, each in value.items() if name not in dropped}
        return sys.intern(value) if isinstance(value, str) and key in ("state", "type") else value

    def _person(self, user: Json) -> Json:
        """One map for one person, however many resources are theirs."""
        known = self.people.get(user.get("username"))
        if known is None or known.get("id") != user.get("id"):
            known = self.people[user.get("username")] = {
                name: user[name] for name in ("id", "username") if name in user
            }
        return known
