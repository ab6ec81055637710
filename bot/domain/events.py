"""What a webhook says may have changed. It is a hint: whatever is decided is decided from GitLab itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """Names a resource and what happened to it; carries no text.

    Args:
        kind: GitLab's object kind: `issue`, `note`, `member`, ...; `epic` for the work item that is one.
        project_path: as the payload has it, good only for choosing who listens; of an epic its group's.
        labels: all labels that are on the issue or were just taken off.
        resource_kind: what `iid` numbers: issues, merge_requests or epics. A payload does not say the id of an
            epic's group: project_id is 0.
    """

    kind: str
    project_id: int
    project_path: str
    iid: int | None = None
    action: str = ""
    actor_id: int = 0
    actor_username: str = ""
    issue_type: str = "issue"
    labels: frozenset[str] = field(default_factory=frozenset)
    resource_kind: str = "issues"

    @property
    def resource(self) -> str:
        """What events are put in order by."""
        if self.resource_kind == "epics":
            return f"{self.project_path}&{self.iid}"
        sign = "!" if self.resource_kind == "merge_requests" else "#"
        return f"{self.project_id}{sign}{self.iid}" if self.iid is not None else str(self.project_id)


def event_to_json(event: Event) -> dict[str, Any]:
    """For the job: references only, no names and no texts. Of an epic its group's path is all that a payload says."""
    of_epic = {"group_path": event.project_path} if event.resource_kind == "epics" else {}
    return {
        "kind": event.kind,
        "project_id": event.project_id,
        "iid": event.iid,
        "action": event.action,
        "resource_kind": event.resource_kind,
        **of_epic,
    }


def event_from_json(data: dict[str, Any]) -> Event:
    """Reads what any version has written: unknown fields are dropped, missing ones have their defaults."""
    return Event(
        kind=str(data.get("kind", "issue")),
        project_id=int(data["project_id"]),
        project_path=str(data.get("group_path", "")),
        iid=data.get("iid"),
        action=str(data.get("action", "")),
        resource_kind=str(data.get("resource_kind", "issues")),
    )
