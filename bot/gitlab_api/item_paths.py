"""Where GitLab's API has issues and epics, and what is said on them."""

from __future__ import annotations

from bot.domain.resources import EpicId, WorkItemId


def item_path(item: WorkItemId) -> str:
    if isinstance(item, EpicId):
        return f"/groups/{item.group_id}/epics/{item.iid}"
    return f"/projects/{item.project_id}/issues/{item.iid}"


def talk_path(item: WorkItemId) -> str:
    """Above its notes, discussions and label events: there an epic goes by its id (doc/api/notes, GitLab 19)."""
    return f"/groups/{item.group_id}/epics/{item.id}" if isinstance(item, EpicId) else item_path(item)
