"""From GitLab's payload to an Event: names and ids only, and nothing of it is trusted as a fact."""

from __future__ import annotations

from typing import Any

from bot.domain.events import Event


def parse_event(payload: Any) -> Event | None:
    """None where the payload is none of those that name an issue or a merge request."""
    if not isinstance(payload, dict):
        return None
    kind = payload.get("object_kind") or payload.get("event_name")
    try:
        if kind in ("issue", "work_item"):
            return _issue(payload, payload["object_attributes"], "issue")
        if kind == "note" and isinstance(payload.get("issue"), dict):
            return _issue(payload, payload["issue"], "note")
        if kind == "merge_request":
            return _issue(payload, payload["object_attributes"], "merge_request")
        if kind == "note" and isinstance(payload.get("merge_request"), dict):
            return _issue(payload, payload["merge_request"], "note", "merge_requests")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return None


def _issue(payload: dict[str, Any], issue: dict[str, Any], kind: str, resource_kind: str = "issues") -> Event:
    resource_kind = "merge_requests" if kind == "merge_request" else resource_kind
    project = payload["project"]
    actor = payload.get("user") or {}
    changes = payload.get("changes") or {}
    changed = changes.get("labels") or {}
    labels = _titles(issue.get("labels") or payload.get("labels"))
    labels |= _titles(changed.get("previous")) | _titles(changed.get("current"))
    return Event(
        kind=kind,
        project_id=int(project["id"]),
        project_path=str(project["path_with_namespace"]),
        iid=int(issue["iid"]),
        action=str(payload["object_attributes"].get("action") or ""),
        actor_id=int(actor.get("id") or 0),
        actor_username=str(actor.get("username") or ""),
        issue_type=str(issue.get("type") or "issue").lower().replace(" ", "_"),
        labels=frozenset(labels),
        resource_kind=resource_kind,
    )


def _titles(labels: Any) -> set[str]:
    if not isinstance(labels, list):
        return set()
    return {str(label["title"]) for label in labels if isinstance(label, dict) and "title" in label}
