"""Instants, days, lengths of time and colours, as GitLab writes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

Json = dict[str, Any]
LEGACY_FEATURES = {
    "issues": "issues_enabled",
    "merge_requests": "merge_requests_enabled",
    "wiki": "wiki_enabled",
    "builds": "jobs_enabled",
    "snippets": "snippets_enabled",
    "container_registry": "container_registry_enabled",
}
HOOK_EVENTS = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "repository_update_events",
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "feature_flag_events",
    "job_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "resource_access_token_events",
    "resource_deploy_token_events",
    "vulnerability_events",
)
GROUP_HOOK_EVENTS = ("subgroup_events", "member_events", "project_events")


def instant(value: dt.datetime | None) -> str | None:
    if value is None:
        return None
    value = value.astimezone(dt.UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def text_color(color: str) -> str:
    """Dark on light colours, as GitLab does."""
    digits = color.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
    return "#1F1E24" if 0.299 * red + 0.587 * green + 0.114 * blue > 155 else "#FFFFFF"


def duration(seconds: int) -> str | None:
    """GitLab's short form: 8 hours a day, 5 days a week, 4 weeks a month."""
    if not seconds:
        return None
    parts = []
    for unit, size in (("mo", 576_000), ("w", 144_000), ("d", 28_800), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)
