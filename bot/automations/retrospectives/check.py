"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.texts import GROUP_VALUES, TEMPLATE_VALUES
from bot.domain.errors import Problem
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates


def check_retrospectives(
    own: RetrospectiveSettings, section: SectionSettings, file: SettingsFile, templates: Templates
) -> list[Problem]:
    """Groups that the directory does not have; templates that are missing, or use what they are not given."""
    of_groups = [own.template, *(each.template for each in own.groups if each.template)]
    values = {**TEMPLATE_VALUES, **dict.fromkeys(of_groups, GROUP_VALUES)}
    problems = [problem for name, known in values.items() for problem in templates.check_uses(name, known)]
    return problems + _groups(own, section, file)


def _groups(own: RetrospectiveSettings, section: SectionSettings, file: SettingsFile) -> list[Problem]:
    problems, seen = [], set[str]()
    for index, each in enumerate(own.groups):
        found = section.group_named(each.group)
        if found is None:
            known = ", ".join(group.name for group in section.groups)
            what = f"there is no group {each.group!r} in section.yml."
            problems.append(file.problem(("groups", index, "group"), what, f"There are: {known}."))
        elif found.name in seen:
            what = f"{found.name} is named twice."
            problems.append(file.problem(("groups", index, "group"), what, "Write both into one entry."))
        else:
            seen.add(found.name)
    return problems
