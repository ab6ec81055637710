"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from bot.automations.initiatives import distribution, ownership, progress, relevance, review, suggestion
from bot.automations.initiatives.completeness import NOTE_TEMPLATE, NOTE_VALUES
from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.errors import Problem
from bot.domain.places import is_below
from bot.markdown.sections import named, sections
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

USES = {
    NOTE_TEMPLATE: NOTE_VALUES,
    suggestion.TEMPLATE: suggestion.TEMPLATE_VALUES,
    ownership.TEMPLATE: ownership.TEMPLATE_VALUES,
    ownership.REMINDER_TEMPLATE: ownership.REMINDER_VALUES,
    relevance.TEMPLATE: relevance.TEMPLATE_VALUES,
    distribution.PREVIEW_TEMPLATE: distribution.PREVIEW_VALUES,
    distribution.ISSUE_TEMPLATE: distribution.ISSUE_VALUES,
    distribution.CHANGED_TEMPLATE: distribution.CHANGED_VALUES,
    progress.TEMPLATE: progress.TEMPLATE_VALUES,
    review.ISSUE_TEMPLATE: review.ISSUE_VALUES,
    review.NOTE_TEMPLATE: review.NOTE_VALUES,
}


def check_initiatives(
    own: InitiativeSettings, section: SectionSettings, file: SettingsFile, templates: Templates
) -> list[Problem]:
    """Templates that are missing, required sections that the template does not offer, labels that mean two things, and
    a project that the section's lists would not have.
    """
    problems = templates.check_uses(own.template, frozenset())
    for name, values in USES.items():
        problems += templates.check_uses(name, values)
    offered = sections(templates.texts.get(own.template, ""))
    for index, heading in enumerate(own.required_sections if offered else ()):
        if named(heading, offered) is None:
            what = f"the template {own.template} has no heading {heading!r}."
            problems.append(file.problem(("required_sections", index), what, "Add it there: people start from it."))
    if own.review_project is not None and not is_below(own.review_project, section.group):
        what = f"{own.review_project} is not below the section's group {section.group}."
        problems.append(file.problem(("review_project",), what, "Its lists would not have it."))
    if not any(own.unowned_label in labels for labels in own.label_sets):
        what = f"no set of label_sets has {own.unowned_label!r}."
        problems.append(file.problem(("unowned_label",), what, "It is what a group's label replaces."))
    meant = {own.complete_label: "complete_label", own.incomplete_label: "incomplete_label"}
    for name, label in own.command_labels.items():
        before = meant.setdefault(label, f"the command {name!r}")
        if before != f"the command {name!r}":
            what = f"the label {label!r} means {before}, too."
            problems.append(file.problem(("command_labels", name), what, "One of them must be another."))
    if own.complete_label == own.incomplete_label:
        what = "it is the same as complete_label."
        problems.append(file.problem(("incomplete_label",), what, "One of them must be another."))
    return problems
