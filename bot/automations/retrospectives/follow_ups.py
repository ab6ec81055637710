"""Step 4: reminders of follow-ups that are overdue: one a milestone, to whom they are assigned."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.facts import RetrospectiveFacts, reminder_marker
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import reminder
from bot.domain.changes import WriteNote
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue

# Of one group in one run; the others wait for the next. How many are looked at to find these.
MOST_REMINDED, MOST_LOOKED_AT = 20, 100


def plan_reminders(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """A note on each overdue follow-up, where its quiet period is over and this milestone has none yet."""
    steps = []
    counts: dict[str, int] = {}
    for issue, asked in candidates(facts, look, setup):
        if issue.id not in facts.reminded and counts.get(asked, 0) < MOST_REMINDED:
            counts[asked] = counts.get(asked, 0) + 1
            steps.append(_step(issue, asked, look, setup))
    return Plan(tuple(steps))


def candidates(facts: RetrospectiveFacts, look: Look, setup: Setup) -> list[tuple[Issue, str]]:
    """Follow-ups that may be reminded of, each with the username of who is asked where nobody is assigned."""
    by_owner = {
        each.group.name: (each.follow_ups, each.group.people.engineering_manager) for each in facts.retrospectives
    }
    given = [*by_owner.values(), (facts.section_follow_ups, setup.section.dri)]
    found: dict[int, tuple[Issue, str]] = {}
    for follow_ups, asked in given:
        late = [issue for issue in follow_ups if is_to_be_reminded(issue, setup.own, look.day)]
        for issue in sorted(late, key=lambda each: (each.due_on or look.day, each.id))[:MOST_LOOKED_AT]:
            found.setdefault(issue.id, (issue, asked))
    return list(found.values())


def is_to_be_reminded(issue: Issue, settings: RetrospectiveSettings, today: dt.date) -> bool:
    """Whether it is overdue, and nothing has happened to it for the quiet period."""
    if issue.due_on is None or issue.state != "opened":
        return False
    quiet = dt.timedelta(days=settings.follow_up_quiet_days)
    return today - issue.due_on > quiet and today - issue.updated_at.date() >= quiet


def _step(issue: Issue, asked: str, look: Look, setup: Setup) -> Step:
    assert issue.due_on is not None
    mark = reminder_marker(look.running)
    text = reminder(issue, asked, look.running, look.day, setup)
    at = issue.ids
    change = WriteNote(issue.project_path, issue.iid, mark, f"{text}\n\n{mark}", at)
    return Step(change, f"the follow-up is overdue since {issue.due_on.isoformat()}", issue.reference)
