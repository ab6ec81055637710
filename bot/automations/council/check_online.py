"""What of the settings of the council does not fit to what GitLab has."""

from __future__ import annotations

from typing import Protocol

from bot.automations.council.settings import CouncilSettings
from bot.domain.errors import Problem
from bot.domain.resources import AccessLevel
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings
from bot.settings.yaml_reader import Path as Place


class CheckReader(Protocol):
    def group_labels(self, group: str) -> frozenset[str]: ...
    def project_id(self, path: str) -> int | None: ...
    def own_access(self, path: str, *, is_group: bool) -> AccessLevel: ...


def check_council_online(
    reader: CheckReader, own: CouncilSettings, section: SectionSettings, file: SettingsFile
) -> list[Problem]:
    """Labels that are missing, projects that are not there, roles of the bot that are too small."""
    problems = []
    known = reader.group_labels(section.group)
    for name in ("label", "out_of_scope_label", "decided_label"):
        if getattr(own, name) not in known:
            what = f"{section.group} has no label {getattr(own, name)!r}."
            problems.append(file.problem((name,), what, "Make it there, or write its name as it is."))
    for command, label in own.command_labels.items():
        if label not in known:
            what = f"{section.group} has no label {label!r}: `{command}` can be said only in comments."
            hint = "Make it there, or write its name as it is."
            problems.append(file.problem(("command_labels", command), what, hint, is_warning=True))
    places: dict[Place, tuple[str, AccessLevel]] = {}
    if own.queue_project is not None:
        places["queue_project",] = (own.queue_project, AccessLevel.PLANNER)
    if own.records is not None:
        places["records", "project"] = (own.records.project, AccessLevel.DEVELOPER)
    for place, (path, least) in places.items():
        if reader.project_id(path) is None:
            what = f"there is no project {path}, or the bot may not see it."
            problems.append(file.problem(place, what, "Make it, or leave the setting out."))
            continue
        level = reader.own_access(path, is_group=False)
        if level < least:
            what = f"the bot's role in {path} is {level.title}; it needs {least.title}."
            problems.append(file.problem(place, what, "Give it that role there."))
    return problems
