"""What of the settings of retrospectives does not fit to what GitLab has."""

from __future__ import annotations

from typing import Protocol

from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.domain.confidentiality import SEES_CONFIDENTIAL
from bot.domain.errors import Problem
from bot.domain.resources import AccessLevel, Member
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings

MOST_NAMED = 5


class CheckReader(Protocol):
    def group_labels(self, group: str) -> frozenset[str]: ...
    def project_id(self, path: str) -> int | None: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def own_access(self, path: str, *, is_group: bool) -> AccessLevel: ...


def check_retrospectives_online(
    reader: CheckReader,
    own: RetrospectiveSettings,
    section: SectionSettings,
    file: SettingsFile,
    directory: SettingsFile,
) -> list[Problem]:
    """Labels that are missing, a role of the bot that is too small, people who are asked to read what they cannot.

    Args:
        file, directory: retrospectives.yml and section.yml.
    """
    problems = []
    known = reader.group_labels(section.group)
    names = ["label", "shipped_label", "follow_up_label", *(["hold_label"] if own.publishes_any else [])]
    for name in names:
        if getattr(own, name) not in known:
            what = f"{section.group} has no label {getattr(own, name)!r}."
            problems.append(file.problem((name,), what, "Make it there, or write its name as it is."))
    beginning = own.slipped_label.partition("{milestone}")[0]
    if not any(label.startswith(beginning) for label in known):
        what = f"{section.group} has no label like {own.slipped_label_of('19.4')!r}, so nothing counts as slipped."
        problems.append(file.problem(("slipped_label",), what, is_warning=True))
    for place, group in section.places():
        path = group.retrospective_project
        if path is None or reader.project_id(path) is None:
            continue  # what is not there is told with the directory
        level = reader.own_access(path, is_group=False)
        if level < SEES_CONFIDENTIAL:
            what = f"the bot's role in {path} is {level.title}; it needs {SEES_CONFIDENTIAL.title}."
            problems.append(directory.problem((*place, "retrospective_project"), what, "Give it that role there."))
    return problems + _readers(reader, own, section, directory)


def _readers(
    reader: CheckReader, own: RetrospectiveSettings, section: SectionSettings, directory: SettingsFile
) -> list[Problem]:
    path = section.retrospective_project
    project_id = reader.project_id(path) if path is not None else None
    if project_id is None or not own.section.confidential:
        return []
    members = reader.project_members(project_id)
    can_read = {member.user.username for member in members if member.access_level >= SEES_CONFIDENTIAL}
    asked = [group.people.engineering_manager for group in section.groups]
    if own.section.asks == "members":
        asked = [name for group in section.groups for name in (*group.people.usernames(), *group.members.usernames)]
    lacking = [name for name in dict.fromkeys([section.dri, *asked]) if name not in can_read]
    if not lacking:
        return []
    more = len(lacking) - MOST_NAMED
    named = ", ".join(lacking[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    what = f"{named} will be asked to read confidential issues of {path}, and cannot see them."
    hint = f"Make them members with the role {SEES_CONFIDENTIAL.title} of a group above, or set confidential: false."
    return [directory.problem(("retrospective_project",), what, hint, is_warning=True)]
