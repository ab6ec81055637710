"""Purpose: section-wide initiatives that go from the label to issues that every group has got.

What people see: on an initiative one note with what its description lacks, one with the group that seems most impacted,
one for the manager of the group that owns it, one with its progress; answers to what they say; questions whether it is
still relevant; and for the section's managers an issue with all that needs a decision, each milestone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.places import is_in
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    """To initiatives, to what is said on them, and to their issues, which carry the section's label."""
    what = (event.kind, event.resource_kind)
    if what not in (("issue", "issues"), ("note", "issues"), ("epic", "epics")) or event.iid is None:
        return False
    section = settings.part("section")
    if not is_in(event.project_path, section.group):
        return False
    return settings.part("initiatives").is_initiative(event.labels) or section.label in event.labels


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.initiatives.gather import gather_initiatives
    from bot.automations.initiatives.plan import plan_initiatives
    from bot.automations.initiatives.setup import Setup
    from bot.automations.initiatives.watermark import usable

    setup = Setup.of(settings)
    reader = reader.hiding(setup.hidden_groups)
    before = usable(scope.watermark, setup, now) if scope.is_everything else None
    return plan_initiatives(gather_initiatives(scope, reader, setup, now, before), setup, now, before)


AUTOMATION = Automation(
    name="initiatives",
    purpose="Section-wide initiatives are accompanied from the label to the issues that every group has got.",
    budget="A first sweep, or one with --full: one list for each set of labels and each alias in it and four more, as "
    "many of epics where GitLab has them, the section's projects and its people, by pages of 100; at most 4 for each "
    "initiative, and 3 more where somebody commands; 3 for the review. With a watermark: 9 where nothing has changed, "
    "at most 10 where one issue of a plan has. On a webhook: at most 10.",
    lane=Lane.EVERYDAY,
    settings="initiatives",
    listens_to=_listens_to,
    look=_look,
    takes_epics=True,
)
