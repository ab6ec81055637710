"""Purpose: the section's policy files keep its issues and merge requests in order, on a schedule and at once.

What people see: labels, notes and states that a policy in `triage-policies/` asks for; summaries as issues; and in a
merge request that changes a policy, each mistake on its line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.plan import Plan
from bot.domain.ports import Automation, Lane, Scope


def _listens_to(event: Event, settings: Any) -> bool:
    from bot.automations.policy_triage.settings import covers

    if event.iid is None or event.kind not in ("issue", "note", "merge_request"):
        return False
    own = settings.part("triage")
    hidden = settings.part("incidents").incident_group
    if event.project_path == hidden or event.project_path.startswith(f"{hidden}/"):
        return False
    return any(source.real_time and covers(source, event.project_path) for source in own.sources)


def _look(scope: Scope, reader: Any, settings: Any, now: datetime) -> Plan:
    from bot.automations.policy_triage.plan import plan_triage

    return plan_triage(scope, reader, settings, now)


AUTOMATION = Automation(
    name="policy_triage",
    purpose="Policy files label, note, close and summarize what they describe, on a schedule and on every webhook.",
    budget="A sweep: the pages of one list for each source, type and state, and one look-up for each name. An event: "
    "at most 3 requests before anything is written.",
    lane=Lane.EVERYDAY,
    settings="triage",
    listens_to=_listens_to,
    look=_look,
)
