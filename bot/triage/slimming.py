"""Drops what no rule reads from the resources in memory, so that 50,000 of them stay small."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

from bot.triage.policy import Policy

Json = dict[str, Any]
_BASE = frozenset(
    {
        "id",
        "iid",
        "project_id",
        "group_id",
        "title",
        "state",
        "labels",
        "author",
        "assignee",
        "assignees",
        "reviewers",
        "milestone",
        "created_at",
        "updated_at",
        "closed_at",
        "merged_at",
        "web_url",
        "references",
        "confidential",
        "type",
        "upvotes",
        "downvotes",
        "due_date",
        "weight",
        "health_status",
        "issue_type",
        "draft",
        "source_branch",
        "target_branch",
        "name",
        "protected",
        "commit",
        "discussion_locked",
        "closed_by",
        "merged_by",
        "user_notes_count",
        "iteration",
        "work_item_type",
        "work_item_status",
        "start_date",
        "namespace",
        "merge_requests_count",
    }
)
# What an action may set to null: whether GitLab has said that it is null, or nothing, makes a difference.
_KEPT_WHEN_NULL = ("weight", "health_status", "discussion_locked")
_USER = ("id", "username")
# `resource` used otherwise than with a key that is written down: then nobody knows what is read.
_OPEN_USE = re.compile(r"\bresource\b(?!\s*(?:\[\s*(?::\w+|\"\w+\"|'\w+')\s*\]|&?\.(?:dig|fetch|key\?)\s*\(\s*[:\"']))")


@dataclass(frozen=True)
class Slimming:
    """Args: kept: the fields that stay; None for all. users: the fields of people that stay; None for all."""

    kept: frozenset[str] | None
    users: tuple[str, ...] | None

    @staticmethod
    def everything() -> Slimming:
        return Slimming(None, None)

    @staticmethod
    def for_policies(policies: list[Policy]) -> Slimming:
        """By the words of the files: a field that none of them names is not read."""
        text = "\n".join(policy.text for policy in policies)
        if _OPEN_USE.search(text) or "first_contribution" in text:
            return Slimming.everything()
        words = frozenset(re.findall(r"[a-z_0-9]+", text))
        return Slimming(_BASE | words, tuple({*_USER, *(words & {"name", "email", "state", "avatar_url", "web_url"})}))

    def slim(self, row: Json) -> Json:
        if self.kept is None:
            return row
        result: Json = {}
        for key, value in row.items():
            if key not in self.kept or (value is None and key not in _KEPT_WHEN_NULL):
                continue
            if isinstance(value, dict) and "username" in value and self.users is not None:
                value = {name: value[name] for name in self.users if name in value}
            elif isinstance(value, list) and key in ("assignees", "reviewers"):
                value = [{name: each[name] for name in self.users or () if name in each} for each in value]
            elif key == "labels" and isinstance(value, list):
                value = [sys.intern(label) if isinstance(label, str) else label for label in value]
            elif key == "milestone" and isinstance(value, dict):
                value = {
                    name: each
                    for name, each in value.items()
                    if name not in ("web_url", "description") or (name in self.kept and name != "web_url")
                }
            elif isinstance(value, str) and key in ("state", "type"):
                value = sys.intern(value)
            result[sys.intern(key)] = value
        return result
