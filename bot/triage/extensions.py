"""Conditions and actions that somebody else has written, in Python.

An installed package offers them as entry points:

    [project.entry-points."sectionbot.triage.conditions"]
    team_owns = "our_policies:team_owns"

    [project.entry-points."sectionbot.triage.actions"]
    hand_over = "our_policies:hand_over"

A condition is given the resource (GitLab's JSON, not to be changed), the value in the policy and now, and answers with
a bool. An action is given the same and answers with a map of the built-in actions, as a policy would write them: so its
labels, people and texts go the same way, and a dry run shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class CustomCondition(Protocol):
    """Args: resource: GitLab's JSON; value: as the policy has it; now: aware."""

    def __call__(self, resource: Mapping[str, Any], value: Any, now: datetime) -> bool: ...


class CustomAction(Protocol):
    """Returns: built-in actions by name; `labels`, `remove_labels`, `assignees`, `comment`, `status` and their like."""

    def __call__(self, resource: Mapping[str, Any], value: Any, now: datetime) -> Mapping[str, Any]: ...


CONDITIONS_GROUP, ACTIONS_GROUP = "sectionbot.triage.conditions", "sectionbot.triage.actions"


@dataclass(frozen=True)
class Extensions:
    """By the key that a policy uses; the built-in keys cannot be replaced."""

    conditions: Mapping[str, CustomCondition] = field(default_factory=dict)
    actions: Mapping[str, CustomAction] = field(default_factory=dict)


NONE = Extensions()
