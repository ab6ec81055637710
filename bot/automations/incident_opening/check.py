"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from bot.automations.incident_opening.settings import IncidentSettings
from bot.automations.incident_opening.texts import INCIDENT_VALUES, SOURCE_NOTE_VALUES
from bot.domain.errors import Problem
from bot.settings.templates import Templates


def check_templates(settings: IncidentSettings, templates: Templates) -> list[Problem]:
    """Templates that are missing, or that use values that they are not given."""
    problems = templates.check_uses(settings.templates.incident, INCIDENT_VALUES)
    return problems + templates.check_uses(settings.templates.source_note, SOURCE_NOTE_VALUES)
