"""The resources of a run, as GitLab told them and as the run's own effects have changed them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False, slots=True)
class Item:
    """One resource.

    Args:
        kind: issues, merge_requests, epics, branches, work_items.
        holder: API path of its project or group: `projects/7`, `groups/5`; empty where GitLab did not say.
        row: its JSON; changed in place by the effects of the run.
        changed: the fields that the run has changed.
        is_gone: whether the run has deleted or moved it.
        notes: how many notes the run writes on it.
        made: the keys of the changes that the run makes on it, each with the fields that it changes.
        altered: its JSON as an expression of the rule has left it, for the texts of that rule; mostly None.
    """

    kind: str
    holder: str
    row: Json
    changed: frozenset[str] = frozenset()
    is_gone: bool = False
    notes: int = 0
    altered: Json | None = None
    made: tuple[tuple[str, frozenset[str]], ...] = ()
    key: tuple[str, str, Any] = ("", "", None)

    def __post_init__(self) -> None:
        number = self.row.get("name") if self.kind == "branches" else self.row.get("iid")
        self.holder = sys.intern(self.holder)
        self.key = (self.kind, self.holder, number)

    @property
    def notes_path(self) -> str:
        """API path of what its notes belong to; GitLab finds an epic's by the epic's id."""
        if self.kind == "epics":
            return f"{self.holder}/epics/{self.row.get('id')}"
        name = "-/work_items" if self.kind == "work_items" else self.kind
        return f"{self.holder}/{name}/{self.row.get('iid')}"

    @property
    def shown(self) -> Json:
        """For the texts of the rule that looks at it."""
        return self.row if self.altered is None else self.altered | {"confidential": self.row.get("confidential")}

    @property
    def is_changed(self) -> bool:
        return bool(self.changed) or self.is_gone

    @property
    def name(self) -> str:
        """As a person would type it."""
        references = self.row.get("references")
        if isinstance(references, dict) and references.get("full"):
            return str(references["full"])
        if self.kind == "branches":
            return f"{self.holder}:{self.row.get('name')}"
        sign = {"merge_requests": "!", "epics": "&"}.get(self.kind, "#")
        return f"{self.holder}{sign}{self.row.get('iid')}"

    @property
    def labels(self) -> list[str]:
        labels: list[Any] = self.row.get("labels") or []
        return labels if not labels or type(labels[0]) is str else [label["name"] for label in labels]


def holder_of(kind: str, row: Json, source: str) -> str:
    """API path of where a resource lives; what the row does not say, the source of the run does."""
    if kind == "epics":
        return f"groups/{row['group_id']}" if row.get("group_id") is not None else source
    if row.get("project_id") is not None:
        return f"projects/{row['project_id']}"
    if row.get("group_id") is not None:
        return f"groups/{row['group_id']}"
    return source


def scope_of(label: str) -> str | None:
    """`a::b` of `a::b::c`: of the labels with one scope GitLab keeps the last that was put on."""
    scope, separator, _ = label.rpartition("::")
    return scope if separator and scope else None


def with_labels(labels: list[str], add: list[str], remove: list[str]) -> list[str]:
    """The labels afterwards, sorted as GitLab gives them; a scoped label takes the place of its siblings."""
    result = list(labels)
    for label in add:
        scope = scope_of(label)
        if scope is not None:
            result = [each for each in result if scope_of(each) != scope or each == label]
        if label not in result:
            result.append(label)
    return sorted(label for label in result if label not in remove)


def touch(item: Item, now_text: str, *fields: str) -> None:
    """GitLab renews updated_at with every change."""
    item.row["updated_at"] = now_text
    mark_changed(item, {"updated_at", *fields})


def mark_changed(item: Item, fields: set[str]) -> None:
    """The run has changed these fields of it."""
    item.changed |= fields
    if item.made:
        key, known = item.made[-1]
        item.made = (*item.made[:-1], (key, known | fields))


# The statuses that every GitLab has, and the state that each brings along; what others bring only GitLab knows.
_STATE_OF_STATUS = {
    "to do": "reopen",
    "in progress": "reopen",
    "done": "close",
    "won't do": "close",
    "duplicate": "close",
}


def apply_status(item: Item, status: str, now_text: str) -> None:
    """What a work item's new status changes."""
    item.row["work_item_status"] = status
    touch(item, now_text, "work_item_status")
    event = _STATE_OF_STATUS.get(status.lower())
    if event is not None:
        apply_state(item, event, now_text)


def apply_state(item: Item, event: str, now_text: str) -> None:
    if event == "close" and item.row.get("state") == "opened":
        item.row |= {"state": "closed", "closed_at": now_text}
    elif event == "reopen" and item.row.get("state") == "closed":
        item.row |= {"state": "opened", "closed_at": None, "closed_by": None}
    touch(item, now_text, "state", "closed_at")
