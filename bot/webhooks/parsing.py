"""From GitLab's payload to an Event: names and ids only, and nothing of it is trusted as a fact."""

from __future__ import annotations

from typing import Any

from bot.domain.events import Event
from bot.domain.resources import EpicReference


def parse_event(payload: Any) -> Event | None:
    """None where the payload is none of those that name an issue, an epic or a merge request."""
    if not isinstance(payload, dict):
        return None
    kind = payload.get("object_kind") or payload.get("event_name")
    try:
        item = payload.get("issue") or payload.get("work_item") if kind == "note" else payload.get("object_attributes")
        if kind in ("work_item", "note") and isinstance(item, dict) and item.get("type") == "Epic":
            return _epic(payload, item)
        if kind in ("issue", "work_item"):
            return _issue(payload, payload["object_attributes"], "issue")
        if kind == "note" and isinstance(payload.get("issue"), dict):
            return _issue(payload, payload["issue"], "note")
        if kind == "merge_request":
            return _issue(payload, payload["object_attributes"], "merge_request")
        if kind == "note" and isinstance(payload.get("merge_request"), dict):
            return _issue(payload, payload["merge_request"], "note", "merge_requests")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return None


def _issue(payload: dict[str, Any], issue: dict[str, Any], kind: str, resource_kind: str = "issues") -> Event:
    resource_kind = "merge_requests" if kind == "merge_request" else resource_kind
    project = payload["project"]
    actor = payload.get("user") or {}
    return Event(
        kind=kind,
        project_id=int(project["id"]),
        project_path=str(project["path_with_namespace"]),
        iid=int(issue["iid"]),
        action=str(payload["object_attributes"].get("action") or ""),
        actor_id=int(actor.get("id") or 0),
        actor_username=str(actor.get("username") or ""),
        issue_type=str(issue.get("type") or "issue").lower().replace(" ", "_"),
        labels=_labels(payload, issue),
        resource_kind=resource_kind,
    )


def _epic(payload: dict[str, Any], epic: dict[str, Any]) -> Event | None:
    """An epic is in no project; which group it is in, only its address says (seen on GitLab.com in 2026)."""
    actor = payload.get("user") or {}
    url = str(epic["url"])
    named = EpicReference.find(url) if "://" in url else None
    if named is None:
        return None
    return Event(
        kind="epic",
        project_id=0,
        project_path=named.group_path,
        iid=named.iid,
        action=str(payload["object_attributes"].get("action") or ""),
        actor_id=int(actor.get("id") or 0),
        actor_username=str(actor.get("username") or ""),
        issue_type="epic",
        labels=_labels(payload, epic),
        resource_kind="epics",
    )


def _labels(payload: dict[str, Any], item: dict[str, Any]) -> frozenset[str]:
    """All that are on it, or were just taken off."""
    changed = (payload.get("changes") or {}).get("labels") or {}
    labels = _titles(item.get("labels") or payload.get("labels"))
    return frozenset(labels | _titles(changed.get("previous")) | _titles(changed.get("current")))


def _titles(labels: Any) -> set[str]:
    if not isinstance(labels, list):
        return set()
    return {str(label["title"]) for label in labels if isinstance(label, dict) and "title" in label}
