"""Checks of this automation's settings that need more than one file."""

from __future__ import annotations

from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.texts import GROUP_VALUES, TEMPLATE_VALUES
from bot.domain.errors import Problem, perhaps_meant
from bot.domain.release_calendar import RELEASES_A_YEAR, THIRD_THURSDAY_FROM
from bot.settings.loading import SettingsFile
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

# What comes first, and what after it.
ORDER = (
    ("opening", "section_opening"),
    ("opening", "refresh"),
    ("section_opening", "section_review"),
    ("refresh", "section_review"),
    ("section_review", "section_closing"),
    ("refresh", "publishing"),
)


def check_days(releases: ReleaseSettings, file: SettingsFile) -> list[Problem]:
    """Warnings of days that come in another order than they make sense, in the first milestone in which they do.

    Args:
        file: releases.yml.
    """
    calendar = releases.calendar
    problems = []
    begins = max(calendar.first, THIRD_THURSDAY_FROM)
    milestones = [calendar.milestone(begins.plus(number)) for number in range(RELEASES_A_YEAR)]
    for earlier, later in ORDER:
        for milestone in milestones:
            first, second = releases.day_of(earlier, milestone), releases.day_of(later, milestone)
            if second < first:
                what = f"{later} ({second}) is before {earlier} ({first}), in {milestone.title}."
                problems.append(file.problem(("ceremonies", later), what, is_warning=True))
                break
    return problems


def check_retrospectives(
    own: RetrospectiveSettings, section: SectionSettings, file: SettingsFile, templates: Templates
) -> list[Problem]:
    """Groups that the directory does not have; templates that are missing, or use what they are not given."""
    of_groups = [own.template, *(each.template for each in own.groups if each.template)]
    values = {**TEMPLATE_VALUES, **dict.fromkeys(of_groups, GROUP_VALUES)}
    problems = [problem for name, known in values.items() for problem in templates.check_uses(name, known)]
    choices = (own.of(group, section) for group in section.groups)
    for name in dict.fromkeys(choice.template for choice in choices if choice.publish):
        if "publishing_day" not in templates.texts.get(name, "publishing_day"):
            what = "the retrospectives of this template are published, and it does not tell publishing_day."
            hint = "What is not announced is not published."
            problems.append(Problem(f"{templates.folder}/{name}", 1, 1, "", what, hint))
    return problems + _groups(own, section, file)


def _groups(own: RetrospectiveSettings, section: SectionSettings, file: SettingsFile) -> list[Problem]:
    problems, seen = [], set[str]()
    for index, each in enumerate(own.groups):
        found = section.group_named(each.group)
        if found is None:
            names = [group.name for group in section.groups]
            what = f"there is no group {each.group!r} in section.yml."
            hint = perhaps_meant(each.group, names) or f"There are: {', '.join(names)}."
            problems.append(file.problem(("groups", index, "group"), what, hint))
        elif found.name in seen:
            what = f"{found.name} is named twice."
            problems.append(file.problem(("groups", index, "group"), what, "Write both into one entry."))
        else:
            seen.add(found.name)
    return problems
