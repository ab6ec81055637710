"""Purpose: retrospectives that run themselves, for every group and for the section, on the days of the calendar.

What people see: on the Monday after the release a confidential issue in the project of each group, with a thread for
each question; when the milestone ends a note in it with what shipped and what slipped, and a mention of the team; in
the same week the section's own issue, with what bubbled up; on a follow-up that is overdue one reminder a milestone;
and, where the settings say so, the groups' issues published on the day that they announce.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.places import is_same_path
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    """To comments, which may command, and to issues, which groups close when they are done."""
    if event.kind not in ("note", "issue") or event.resource_kind != "issues" or event.iid is None:
        return False
    section = settings.part("section")
    paths = (section.retrospective_project, *(group.retrospective_project for group in section.groups))
    return any(is_same_path(path, event.project_path) for path in paths)


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.retrospectives.gather import gather_retrospectives
    from bot.automations.retrospectives.plan import plan_retrospectives
    from bot.automations.retrospectives.scope import look_at
    from bot.automations.retrospectives.setup import Setup

    setup = Setup.of(settings)
    reader = reader.hiding(setup.hidden_groups)
    look = look_at(scope, reader, setup, now)
    if not look.groups:
        return Plan()
    return plan_retrospectives(gather_retrospectives(look, reader, setup), look, setup)


AUTOMATION = Automation(
    name="retrospectives",
    purpose="The monthly retrospectives of the groups and the section: opened, filled, brought together, published.",
    budget="A day on which nothing is due: 7 requests, 3 more while the milestone before is looked after, one more "
    "where a group publishes, and one more for each page of 100 beyond the first; not more for more groups or "
    "projects. One for each retrospective in which something has happened, and up to two more where somebody "
    "commands; one for each follow-up that is to be reminded of. Notes with work: the pages of three lists "
    "for each milestone that they show, however many groups are refreshed. While the section's retrospective "
    "runs: one for each group, one for each topic. An opening: 7 for each group, and 2 for each of its "
    "threads.",
    lane=Lane.EVERYDAY,
    settings="retrospectives",
    listens_to=_listens_to,
    look=_look,
    takes_names=True,
)
