"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from bot.automations.initiatives.completeness import NOTE_TEMPLATE, NOTE_VALUES
from bot.automations.initiatives.description import named, sections
from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.errors import Problem
from bot.settings.loading import SettingsFile
from bot.settings.templates import Templates


def check_initiatives(own: InitiativeSettings, file: SettingsFile, templates: Templates) -> list[Problem]:
    """Templates that are missing, and required sections that the template does not offer."""
    problems = templates.check_uses(NOTE_TEMPLATE, NOTE_VALUES) + templates.check_uses(own.template, frozenset())
    offered = sections(templates.texts.get(own.template, ""))
    for index, heading in enumerate(own.required_sections if offered else ()):
        if named(heading, offered) is None:
            what = f"the template {own.template} has no heading {heading!r}."
            problems.append(file.problem(("required_sections", index), what, "Add it there: people start from it."))
    return problems
