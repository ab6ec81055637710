"""Step 4: reminders of follow-ups that are overdue: one a milestone, to whom they are assigned."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.facts import Retrospective, RetrospectiveFacts, reminder_marker
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import reminder
from bot.domain.changes import WriteNote
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue, IssueId


def plan_reminders(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """A note on each overdue follow-up, where its quiet period is over and this milestone has none yet."""
    steps = []
    seen = set[int]()
    for each in facts.retrospectives:
        for issue in each.follow_ups:
            if issue.id in seen or issue.id in facts.reminded or not is_to_be_reminded(issue, setup.own, look.day):
                continue
            seen.add(issue.id)
            steps.append(_step(issue, each, look, setup))
    return Plan(tuple(steps))


def may_be_overdue(issue: Issue, today: dt.date) -> bool:
    return issue.due_on is not None and issue.due_on < today


def is_to_be_reminded(issue: Issue, settings: RetrospectiveSettings, today: dt.date) -> bool:
    """Whether it is overdue, and nothing has happened to it for the quiet period."""
    if issue.due_on is None or issue.state != "opened":
        return False
    quiet = dt.timedelta(days=settings.follow_up_quiet_days)
    return today - issue.due_on > quiet and today - issue.updated_at.date() >= quiet


def _step(issue: Issue, retrospective: Retrospective, look: Look, setup: Setup) -> Step:
    assert issue.due_on is not None
    mark = reminder_marker(look.running)
    text = reminder(issue, retrospective.group, look.running, look.day, setup)
    at = IssueId(issue.project_id, issue.iid)
    change = WriteNote(issue.project_path, issue.iid, mark, f"{text}\n\n{mark}", at)
    return Step(change, f"the follow-up is overdue since {issue.due_on.isoformat()}", issue.reference)
