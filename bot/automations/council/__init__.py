"""Purpose: questions go before the architectural council in their order, and come out with a decision.

What people see: on an issue with the council's label one note with what is missing and whether it is for the council;
when it is its turn a discussion with both times, in which all representatives are mentioned once and a table shows who
has answered; a reminder at half time, a call to decide at the end; a merge request with the decision; and one issue
that shows the queue.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.places import is_below
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    """To its issues, and to comments anywhere in the section: somebody may ask for the council."""
    if event.kind not in ("issue", "note") or event.resource_kind != "issues" or event.iid is None:
        return False
    if not is_below(event.project_path, settings.part("section").group):
        return False
    return event.kind == "note" or settings.part("council").label in event.labels


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.council.gather import gather_council
    from bot.automations.council.plan import plan_council
    from bot.automations.council.setup import Setup

    setup = Setup.of(settings)
    reader = reader.hiding(setup.hidden_groups)
    return plan_council(gather_council(scope, reader, setup, now), setup, now)


AUTOMATION = Automation(
    name="council",
    purpose="Questions go before the architectural council in their order, and come out with a decision on record.",
    budget="One list, the section's projects and people, two for the queue's issue, one for the members of each "
    "project that has questions; for each question that is open 2, one while it is discussed, 2 while it has no DRI, "
    "and 2 more where somebody commands. A comment on any other issue: 2.",
    lane=Lane.EVERYDAY,
    settings="council",
    listens_to=_listens_to,
    look=_look,
)
