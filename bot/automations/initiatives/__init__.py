"""Purpose: section-wide initiatives that say what they are about before anybody has to triage them.

What people see: on an initiative whose description lacks a section one note that lists what is missing; it is edited as
the description gets better, and ends in "complete", and a label follows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    is_issue = event.kind == "issue" and event.resource_kind == "issues" and event.iid is not None
    return is_issue and settings.part("initiatives").is_initiative(event.labels)


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.initiatives.completeness import plan_completeness
    from bot.automations.initiatives.gather import gather_initiatives

    del now
    own, section = settings.part("initiatives"), settings.part("section")
    reader = reader.hiding((settings.part("incidents").incident_group,))
    facts = gather_initiatives(scope, reader, own, section, settings.templates)
    return plan_completeness(facts, own, settings.templates)


AUTOMATION = Automation(
    name="initiatives",
    purpose="Section-wide initiatives are told what their description lacks, in one note, until they are complete.",
    budget="One list for each set of labels and each alias in it, by pages of 100; one request for each initiative "
    "that is not complete and has comments. One named initiative: at most 4.",
    lane=Lane.EVERYDAY,
    settings="initiatives",
    listens_to=_listens_to,
    look=_look,
)
