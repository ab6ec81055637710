"""The statuses of work items that every GitLab has, and how they go with the state."""

from __future__ import annotations

from dataclasses import dataclass

from bot.emulator.store import Store
from bot.emulator.tables import Epic, Issue

PREFIX = "gid://gitlab/WorkItems::Statuses::SystemDefined::Status/"


@dataclass(frozen=True)
class Status:
    number: int
    name: str
    category: str
    color: str
    icon_name: str

    @property
    def gid(self) -> str:
        return f"{PREFIX}{self.number}"

    @property
    def state(self) -> str:
        """The state that an item with this status has."""
        return "closed" if self.category in ("done", "canceled") else "opened"


STATUSES = (
    Status(1, "To do", "to_do", "#737278", "status-waiting"),
    Status(2, "In progress", "in_progress", "#1f75cb", "status-running"),
    Status(3, "Done", "done", "#108548", "status-success"),
    Status(4, "Won't do", "canceled", "#DD2B0E", "status-cancelled"),
    Status(5, "Duplicate", "canceled", "#DD2B0E", "status-cancelled"),
)
BY_NAME = {status.name.lower(): status for status in STATUSES}
_FIRST = {"opened": STATUSES[0], "closed": STATUSES[2]}
# The types that have a status.
TYPES = ("issue", "task", "epic", "ticket")


def status_of(store: Store, item: Issue | Epic) -> Status | None:
    """None in the free tier, and for types without a status."""
    if store.tier == "free" or (isinstance(item, Issue) and item.issue_type not in TYPES):
        return None
    chosen = BY_NAME.get((item.status or "").lower())
    return chosen if chosen is not None and chosen.state == item.state else _FIRST[item.state]


def found(name: str | None = None, gid: str | None = None) -> Status | None:
    """By its name, whatever the case, or its global id."""
    if gid is not None:
        return next((status for status in STATUSES if status.gid == gid), None)
    return BY_NAME.get((name or "").lower())
