"""What is asked for, by people who may. A label is a request of whoever set it last. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.automations.incident_opening.gather import LabelRequest, Report, may_ask
from bot.automations.incident_opening.settings import IncidentSettings


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Args:
        is_incident: whether the open report asks to be an incident.
        severity: 1 is the most severe; of the report and of the incident issue, the worse one.
        asked_by: id of the person who asked for the incident.
        refused: labels that were set on the report without the right to it.
        refused_inside: the same, on the incident issue.
    """

    is_incident: bool
    severity: int | None
    asked_by: int
    refused: tuple[LabelRequest, ...]
    refused_inside: tuple[LabelRequest, ...] = ()


def read_wish(report: Report, settings: IncidentSettings, own_ids: frozenset[int]) -> Wish:
    """What the report and its incident ask for; a closed or moved report asks for nothing."""
    open_source = report.source is not None and report.source.state == "opened" and not report.source.moved
    on_source = report.requests if open_source else ()
    effective = [each for each in on_source if may_ask(each, settings, own_ids)]
    asked = [each for each in effective if each.label in settings.asking]
    inside = report.incident.requests if report.incident else ()
    # Labels of the incident's project can be renamed by its members, so the bot's own ones say nothing there.
    on_incident = [each for each in inside if each.user.id not in own_ids and may_ask(each, settings, own_ids)]
    severities = [
        settings.severity_of(frozenset(each.label for each in requests)) for requests in (effective, on_incident)
    ]
    return Wish(
        is_incident=bool(asked),
        severity=min((each for each in severities if each is not None), default=None),
        asked_by=asked[0].user.id if asked else 0,
        refused=tuple(each for each in on_source if each not in effective),
        refused_inside=tuple(each for each in inside if not may_ask(each, settings, own_ids)),
    )
