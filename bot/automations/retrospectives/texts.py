"""The texts of retrospectives, and the values that their templates are given."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.automations.retrospectives.gather import Retrospective
from bot.automations.retrospectives.settings import GroupChoice, RetrospectiveSettings
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Issue
from bot.settings.releases import ReleaseSettings
from bot.settings.templates import Templates, Trusted

GROUP_VALUES = frozenset(
    {
        "group",
        "milestone",
        "first_day",
        "last_day",
        "release_day",
        "section_day",
        "follow_up_label",
        "has_threads",
        "follow_ups",
    }
)


def in_words(day: dt.date) -> str:
    """Wednesday 2026-09-09: no two countries write it otherwise."""
    return f"{day:%A} {day.isoformat()}"


def group_description(
    retrospective: Retrospective,
    choice: GroupChoice,
    milestone: Milestone,
    settings: RetrospectiveSettings,
    releases: ReleaseSettings,
    templates: Templates,
    today: dt.date,
) -> str:
    """The description of a group's issue. Follow-ups are named by their number: GitLab shows titles to who may see."""
    values: dict[str, Any] = {
        "group": Trusted(retrospective.group.name),
        "milestone": Trusted(milestone.title),
        "first_day": Trusted(in_words(milestone.first_day)),
        "last_day": Trusted(in_words(milestone.last_day)),
        "release_day": Trusted(in_words(milestone.release_day)),
        "section_day": Trusted(in_words(releases.day_of("section_opening", milestone))),
        "follow_up_label": Trusted(settings.follow_up_label),
        "has_threads": bool(choice.prompts),
        "follow_ups": [_follow_up(each, today) for each in retrospective.follow_ups],
    }
    return templates.render(choice.template, **values)


def _follow_up(issue: Issue, today: dt.date) -> dict[str, Any]:
    return {
        "iid": issue.iid,
        "age_days": (today - issue.created_at.date()).days,
        "due_on": Trusted(issue.due_on.isoformat()) if issue.due_on else None,
        "is_overdue": issue.due_on is not None and issue.due_on < today,
        "is_assigned": bool(issue.assignees),
    }
