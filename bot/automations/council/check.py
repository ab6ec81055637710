"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from collections.abc import Mapping

from bot.automations.council import deciding, discussing, intake, queue
from bot.automations.council.settings import CouncilSettings
from bot.domain.errors import Problem
from bot.domain.places import is_below
from bot.markdown.sections import named, sections
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates
from bot.settings.yaml_reader import Path as Place

USES = {
    intake.TEMPLATE: intake.TEMPLATE_VALUES,
    discussing.NOTE_TEMPLATE: discussing.NOTE_VALUES,
    discussing.CALL_TEMPLATE: discussing.CALL_VALUES,
    deciding.RECORD_TEMPLATE: deciding.RECORD_VALUES,
    deciding.REQUEST_TEMPLATE: deciding.REQUEST_VALUES,
    queue.ISSUE_TEMPLATE: queue.ISSUE_VALUES,
    queue.NOTE_TEMPLATE: queue.NOTE_VALUES,
}


def check_council(
    own: CouncilSettings,
    section: SectionSettings,
    file: SettingsFile,
    templates: Templates,
    elsewhere: Mapping[str, str],
) -> list[Problem]:
    """Templates that are missing or lack a heading, projects that the section's lists would not have, and labels that
    mean two things.

    Args:
        elsewhere: labels that mean something to other automations, each with what.
    """
    problems = templates.check_uses(own.template, frozenset())
    for name, values in USES.items():
        problems += templates.check_uses(name, values)
    offered = sections(templates.texts.get(own.template, ""))
    for key in ("question", "options", "scope", "decision"):
        heading = getattr(own.sections, key)
        if offered and named(heading, offered) is None:
            what = f"the template {own.template} has no heading {heading!r}."
            problems.append(file.problem(("sections", key), what, "Add it there: people start from it."))
    projects: dict[Place, str | None] = {("queue_project",): own.queue_project}
    projects |= {("records", "project"): own.records.project} if own.records is not None else {}
    for place, path in projects.items():
        if path is not None and not is_below(path, section.group):
            what = f"{path} is not below the section's group {section.group}."
            problems.append(file.problem(place, what, "The bot looks only there."))
    meant = {own.label: "label", own.decided_label: "decided_label", own.out_of_scope_label: "out_of_scope_label"}
    meant |= elsewhere
    for command, label in own.command_labels.items():
        before = meant.setdefault(label, f"the command {command!r}")
        if before != f"the command {command!r}":
            what = f"the label {label!r} means {before}, too."
            problems.append(file.problem(("command_labels", command), what, "One of them must be another."))
    text = templates.texts.get(own.template, "")
    for index, row in enumerate(own.scope if text else ()):
        if row.reason not in text:
            what = f"the template {own.template} does not offer {row.reason!r}."
            problems.append(file.problem(("scope", index, "reason"), what, "Add it there, to be ticked."))
    return problems
