"""From GitLab's payload to an Event: names and ids only, and nothing of it is trusted as a fact."""

from __future__ import annotations

from typing import Any

from bot.domain.events import Event


def parse_event(payload: Any) -> Event | None:
    """None where the payload is none of those that name an issue."""
    if not isinstance(payload, dict):
        return None
    kind = payload.get("object_kind") or payload.get("event_name")
    try:
        if kind in ("issue", "work_item"):
            return _issue(payload, payload["object_attributes"], "issue")
        if kind == "note" and isinstance(payload.get("issue"), dict):
            return _issue(payload, payload["issue"], "note")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return None


def _issue(payload: dict[str, Any], issue: dict[str, Any], kind: str) -> Event:
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
    )


def _titles(labels: Any) -> set[str]:
    if not isinstance(labels, list):
        return set()
    return {str(label["title"]) for label in labels if isinstance(label, dict) and "title" in label}
