"""The texts of incidents, from templates. Whatever came from the report is made harmless on the way."""

from __future__ import annotations

from bot.automations.incident_opening.gather import LabelRequest, Report
from bot.automations.incident_opening.settings import IncidentSettings
from bot.settings.templates import Templates, Trusted

INCIDENT_VALUES = frozenset(
    {
        "title",
        "source_url",
        "source_reference",
        "reporter",
        "reporter_note",
        "detected_at",
        "severity",
        "severities",
        "report",
        "roles",
        "stakeholders",
        "external_communication",
        "phases",
        "status_update_every",
        "restore_label",
    }
)
SOURCE_NOTE_VALUES = frozenset({"state", "project_path", "refused_labels", "least_access"})


def incident_description(
    report: Report, severity: int | None, reporter_note: str, settings: IncidentSettings, templates: Templates
) -> str:
    source = report.source
    assert source is not None
    level = settings.severities[severity - 1] if severity else None
    return templates.render(
        settings.templates.incident,
        title=source.title,
        source_url=Trusted(source.web_url),
        source_reference=Trusted(source.reference),
        reporter=source.author.username,
        reporter_note=Trusted(reporter_note),
        detected_at=Trusted(f"{source.created_at:%Y-%m-%d %H:%M} UTC"),
        severity=level,
        severities=settings.severities,
        report=source.description,
        roles=settings.roles,
        stakeholders=settings.stakeholders,
        external_communication=settings.external_communication,
        phases=settings.phases,
        status_update_every=Trusted(level.status_update_every if level else "as agreed"),
        restore_label=Trusted(settings.restore_label),
    )


def source_note(
    state: str,
    project_path: str | None,
    refused: list[LabelRequest],
    settings: IncidentSettings,
    templates: Templates,
) -> str:
    """The note on the report; `project_path` only where every reader of the report may know it."""
    return templates.render(
        settings.templates.source_note,
        state=state,
        project_path=Trusted(project_path) if project_path else None,
        refused_labels=sorted({request.label for request in refused}),
        least_access=Trusted(settings.least_access_for_labels),
    )
