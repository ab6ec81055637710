"""Purpose: a report that somebody labels as an incident becomes a private project with its issue and its people.

What people see: the reporter gets a note that the report is being handled; the incident's project holds one issue to
work in, the reporter and, by severity, a pre-defined list of members, and a record of who was added until when.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    from bot.automations.incident_opening.gather import is_in_intake

    own = settings.part("incidents")
    if event.kind != "issue" or event.iid is None:
        return False
    here = is_in_intake(event.project_path, own) or event.project_path.startswith(f"{own.incident_group}/")
    if not here:
        return False
    return bool(event.labels & own.watched_labels) or event.issue_type in own.issue_types


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.incident_opening.gather import gather_incidents
    from bot.automations.incident_opening.plan import plan_incident_openings

    own = settings.part("incidents")
    facts = gather_incidents(scope, reader, own)
    return plan_incident_openings(
        facts, own, settings.templates, now, webhook_url=settings.part("bot").webhook_url, release=scope.release
    )


AUTOMATION = Automation(
    name="incident_opening",
    purpose="A report that is labelled as an incident becomes a private project with its issue and its people.",
    budget="A new incident with 25 pre-defined members: at most 16 requests cold, 12 with look-ups that are fresh. "
    "An open incident in which nothing changed: at most 13. A sweep: the lists, and at most 7 for each open incident.",
    lane=Lane.INCIDENTS,
    settings="incidents",
    listens_to=_listens_to,
    look=_look,
)
