"""What is asked for, by people who may. A label is a request of whoever set it last. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.automations.incident_opening.gather import LabelRequest, Report
from bot.automations.incident_opening.settings import IncidentSettings, access_level


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Args:
        is_incident: whether the open report asks to be an incident.
        severity: 1 is the most severe; of the report and of the incident issue, the worse one.
        asked_by: id of the person who asked for the incident.
        refused: labels that were set without the right to it.
    """

    is_incident: bool
    severity: int | None
    asked_by: int
    refused: tuple[LabelRequest, ...]


def may_ask(request: LabelRequest, settings: IncidentSettings, own_ids: frozenset[int]) -> bool:
    """The bot's own labels are the section's policies, so they count."""
    return request.user.id in own_ids or request.access_level >= access_level(settings.least_access_for_labels)


def read_wish(report: Report, settings: IncidentSettings, own_ids: frozenset[int]) -> Wish:
    """What the report and its incident ask for; a closed or moved report asks for nothing."""
    open_source = report.source is not None and report.source.state == "opened" and not report.source.moved
    on_source = report.requests if open_source else ()
    effective = [each for each in on_source if may_ask(each, settings, own_ids)]
    asked = [each for each in effective if each.label in settings.asking]
    inside = report.incident.requests if report.incident else ()
    on_incident = [each for each in inside if may_ask(each, settings, own_ids)]
    severities = [
        settings.severity_of(frozenset(each.label for each in requests)) for requests in (effective, on_incident)
    ]
    return Wish(
        is_incident=bool(asked),
        severity=min((each for each in severities if each is not None), default=None),
        asked_by=asked[0].user.id if asked else 0,
        refused=tuple(each for each in on_source if each not in effective),
    )
