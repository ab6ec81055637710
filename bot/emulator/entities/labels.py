"""Labels and milestones."""

from __future__ import annotations

import re

from bot.emulator.entities.values import Json, day, instant, text_color
from bot.emulator.store import Store
from bot.emulator.tables import Issue, Label, Milestone


def label_basic(label: Label) -> Json:
    return {
        "id": label.id,
        "name": label.name,
        "description": label.description,
        "description_html": label.description or "",
        "text_color": text_color(label.color),
        "color": label.color,
        "archived": False,
    }


def label(shown: Label, *, in_project: bool, counts: list[Issue] | None = None) -> Json:
    result = label_basic(shown)
    if counts is not None:
        carrying = [issue for issue in counts if shown.id in issue.label_ids]
        result |= {
            "open_issues_count": sum(1 for issue in carrying if issue.state == "opened"),
            "closed_issues_count": sum(1 for issue in carrying if issue.state == "closed"),
            "open_merge_requests_count": 0,
        }
    result["subscribed"] = False
    if in_project:
        result |= {"priority": shown.priority, "is_project_label": shown.project_id is not None}
    return result


def milestone(store: Store, milestone: Milestone) -> Json:
    if milestone.project_id is not None:
        owner: Json = {"project_id": milestone.project_id}
        home = store.full_path(store.projects[milestone.project_id])
    else:
        owner = {"group_id": milestone.group_id}
        home = f"groups/{store.groups[milestone.group_id or 0].full_path}"
    expired = milestone.due_date is not None and milestone.due_date < store.now().date()
    return {
        "id": milestone.id,
        "iid": milestone.iid,
        **owner,
        "title": milestone.title,
        "description": milestone.description,
        "state": milestone.state,
        "created_at": instant(milestone.created_at),
        "updated_at": instant(milestone.updated_at),
        "due_date": day(milestone.due_date),
        "start_date": day(milestone.start_date),
        "expired": expired,
        "web_url": f"{store.external_url}/{home}/-/milestones/{milestone.iid}",
    }


TASK = re.compile(r"^\s*(?:>\s*)*(?:[-+*]|\d+[.)])\s+\[([ xX~])\]", re.MULTILINE)
