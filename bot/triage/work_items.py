"""Work items: what is asked of their list, and how an item becomes the map that rules and texts see."""

from __future__ import annotations

from typing import Any

from bot.domain.errors import GitLabError
from bot.triage.reading import Known, segment

Json = dict[str, Any]
FIELDS = (
    "state,confidential,created_at,updated_at,web_url,author,namespace,work_item_type,reference,closed_at,closed_by"
)
FEATURES = "labels,assignees,milestone,status,start_and_due_date,award_emoji,health_status"
WORK_ITEM_QUERY = (("fields", FIELDS), ("features", FEATURES))


def issue_like(row: Json, known: Known) -> Json:
    """An item of the work items API as a map with an issue's fields; what is null is left out."""
    features = row.get("features") or {}
    assignees = _list(features.get("assignees"), "assignees")
    labels = [label.get("name") or label.get("title") for label in _list(features.get("labels"), "labels")]
    dates = features.get("start_and_due_date") or {}
    emoji = features.get("award_emoji") or {}
    status = features.get("status") or {}
    status = status.get("status") or status
    health = features.get("health_status")
    kind = row.get("work_item_type") or {}
    namespace = row.get("namespace") or {}
    milestone = features.get("milestone")
    milestone = milestone.get("milestone", milestone) if isinstance(milestone, dict) else milestone
    result: Json = {
        "id": row.get("id"),
        "iid": row.get("iid"),
        "web_url": row.get("web_url"),
        "title": row.get("title"),
        "state": row.get("state"),
        "confidential": row.get("confidential"),
        "created_at": row.get("created_at"),
        "updated_at": row.get("updated_at"),
        "closed_at": row.get("closed_at"),
        "author": row.get("author"),
        "closed_by": row.get("closed_by"),
        "references": {"full": row["reference"]} if row.get("reference") else None,
        "labels": labels,
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "milestone": milestone,
        "upvotes": emoji.get("upvotes"),
        "downvotes": emoji.get("downvotes"),
        "health_status": health.get("health_status") if isinstance(health, dict) else health,
        "work_item_type": kind.get("name") if isinstance(kind, dict) else kind,
        "work_item_status": status.get("name") if isinstance(status, dict) else status,
        "start_date": dates.get("start_date"),
        "due_date": dates.get("due_date"),
        "namespace": namespace,
    }
    if namespace.get("kind") == "group" or (namespace.get("type") or "").lower() == "group":
        result["group_id"] = namespace.get("id")
    elif namespace.get("full_path"):
        try:
            result["project_id"] = known.get(f"projects/{segment(namespace['full_path'])}").get("id")
        except (GitLabError, AttributeError):
            result["project_id"] = None
    return {key: value for key, value in result.items() if value is not None}


def _list(feature: Any, name: str) -> list[Json]:
    if isinstance(feature, dict):
        feature = feature.get(name) or feature.get("nodes")
    return [each for each in feature or [] if isinstance(each, dict)]
