"""Reminders of follow-ups that are overdue: one a milestone, to whom they are assigned."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.gather import Retrospective, RetrospectiveFacts, reminder_marker
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.domain.changes import WriteNote
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue, IssueId
from bot.settings.templates import Templates, Trusted

REMINDER_VALUES = frozenset({"people", "due_on", "overdue_days", "is_assigned", "milestone"})


def plan_reminders(
    facts: RetrospectiveFacts,
    settings: RetrospectiveSettings,
    templates: Templates,
    today: dt.date,
) -> Plan:
    """A note on each overdue follow-up, where its quiet period is over and this milestone has none yet."""
    steps = []
    seen = set[int]()
    for each in facts.retrospectives:
        for issue in each.follow_ups:
            if issue.id in seen or issue.id in facts.reminded or not is_to_be_reminded(issue, settings, today):
                continue
            seen.add(issue.id)
            steps.append(_reminder(issue, each, facts, settings, templates, today))
    return Plan(tuple(steps))


def is_to_be_reminded(issue: Issue, settings: RetrospectiveSettings, today: dt.date) -> bool:
    """Whether it is overdue, and nothing has happened to it for the quiet period."""
    if issue.due_on is None or issue.state != "opened":
        return False
    quiet = dt.timedelta(days=settings.follow_up_quiet_days)
    return today - issue.due_on > quiet and today - issue.updated_at.date() >= quiet


def _reminder(
    issue: Issue,
    retrospective: Retrospective,
    facts: RetrospectiveFacts,
    settings: RetrospectiveSettings,
    templates: Templates,
    today: dt.date,
) -> Step:
    assert issue.due_on is not None
    active = [user.username for user in issue.assignees if user.state == "active"]
    names = active or [retrospective.group.people.engineering_manager]
    text = templates.render(
        settings.reminder_template,
        people=Trusted(", ".join(f"@{name}" for name in names)),
        due_on=Trusted(issue.due_on.isoformat()),
        overdue_days=(today - issue.due_on).days,
        is_assigned=bool(active),
        milestone=Trusted(facts.milestone.title),
    )
    mark = reminder_marker(facts.milestone)
    at = IssueId(issue.project_id, issue.iid)
    change = WriteNote(issue.project_path, issue.iid, mark, f"{text}\n\n{mark}", at)
    return Step(change, f"the follow-up is overdue since {issue.due_on.isoformat()}", issue.reference)
