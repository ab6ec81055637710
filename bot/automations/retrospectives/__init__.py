"""Purpose: retrospectives that open themselves, for every group, on the days of the release calendar.

What people see: on the Monday after the release a confidential issue in the project of each group, assigned to its
manager, with the milestone's days, the open follow-ups, and a thread for each question; and on a follow-up that is
overdue one reminder a milestone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(_event: Event, _settings: Any) -> bool:
    return False


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.retrospectives.follow_ups import plan_reminders
    from bot.automations.retrospectives.gather import gather_retrospectives
    from bot.automations.retrospectives.plan import plan_openings
    from bot.automations.retrospectives.scope import groups_in
    from bot.domain.release_calendar import today

    section, releases, own = (settings.part(name) for name in ("section", "releases", "retrospectives"))
    groups = groups_in(scope, section)
    if not groups:
        return Plan()
    day = today(now, releases.zone)
    milestone = releases.calendar.milestone_on(day)
    facts = gather_retrospectives(groups, milestone, reader, section, own, now, releases.zone)
    plan = plan_openings(facts, own, section, releases, settings.templates, day)
    return plan + plan_reminders(facts, own, settings.templates, day)


AUTOMATION = Automation(
    name="retrospectives",
    purpose="Each group's monthly retrospective is opened on its day; who is late with a follow-up is reminded.",
    budget="A day on which nothing is due: 6 requests, and one more for each page of 100 issues beyond the first; not "
    "more for more groups or projects; one for each overdue follow-up with comments. An opening: 3 more for each "
    "group, and 2 for each of its threads.",
    lane=Lane.EVERYDAY,
    settings="retrospectives",
    listens_to=_listens_to,
    look=_look,
    takes_names=True,
)
