"""What of the settings of initiatives does not fit to what GitLab has."""

from __future__ import annotations

from typing import Protocol

from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.confidentiality import SEES_CONFIDENTIAL
from bot.domain.errors import Problem
from bot.domain.resources import AccessLevel
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings


class CheckReader(Protocol):
    def group_labels(self, group: str) -> frozenset[str]: ...
    def project_id(self, path: str) -> int | None: ...
    def own_access(self, path: str, *, is_group: bool) -> AccessLevel: ...
    def has_epics(self, group: str) -> bool: ...


def check_initiatives_online(
    reader: CheckReader, own: InitiativeSettings, section: SectionSettings, file: SettingsFile
) -> list[Problem]:
    """Labels that are missing, a project of the review that is not there, a role of the bot that is too small."""
    problems = []
    known = reader.group_labels(section.group)
    hint = "Make it there, or write its name as it is."
    for name in ("complete_label", "incomplete_label", "unowned_label", "quiet_label"):
        if getattr(own, name) not in known:
            what = f"{section.group} has no label {getattr(own, name)!r}."
            problems.append(file.problem((name,), what, hint))
    for index, labels in enumerate(own.label_sets):
        for label in labels:
            if known.isdisjoint((label, *own.aliases.get(label, ()))):
                what = f"{section.group} has no label {label!r}: no issue is an initiative by this set."
                problems.append(file.problem(("label_sets", index), what, hint))
    for command, label in own.command_labels.items():
        if label not in known:
            what = f"{section.group} has no label {label!r}: `{command}` can be said only in comments."
            problems.append(file.problem(("command_labels", command), what, hint, is_warning=True))
    level = reader.own_access(section.group, is_group=True)
    if level < SEES_CONFIDENTIAL and reader.has_epics(section.group):
        what = f"the bot's role in {section.group} is {level.title}: it reads epics, but cannot label them."
        hint = f"Give it the role {SEES_CONFIDENTIAL.title} there."
        problems.append(file.problem(("label_sets",), what, hint, is_warning=True))
    path = own.review_project
    if path is None:
        return problems
    if reader.project_id(path) is None:
        what = f"there is no project {path}, or the bot may not see it."
        return [*problems, file.problem(("review_project",), what, "Make it, or leave the review out.")]
    level = reader.own_access(path, is_group=False)
    if level < SEES_CONFIDENTIAL:
        what = f"the bot's role in {path} is {level.title}; it needs {SEES_CONFIDENTIAL.title}."
        problems.append(file.problem(("review_project",), what, "Give it that role there."))
    return problems
