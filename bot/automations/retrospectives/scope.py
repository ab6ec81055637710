"""What a run looks at: which groups, which milestones, and whether the section's own retrospective."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from bot.automations.retrospectives.setup import Setup
from bot.domain.errors import WrongInput, perhaps_meant
from bot.domain.places import is_same_path
from bot.domain.ports import Scope
from bot.domain.release_calendar import Milestone, Version, today
from bot.domain.resources import Issue, IssueId, Reference
from bot.settings.section import SectionGroup, SectionSettings

# How long the milestone before is still looked after, once its section's retrospective is to be closed.
LOOKED_AFTER_FOR = dt.timedelta(days=7)


class ScopeReader(Protocol):
    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...


@dataclass(frozen=True)
class Look:
    """What one run looks at.

    Args:
        milestones: the one that runs comes first, then earlier ones that are still looked after.
        covers_section: whether it looks at the section's retrospective; then all groups are there.
        named: id of the issue that the scope names, or an event; 0 where it names none.
    """

    now: dt.datetime
    day: dt.date
    groups: tuple[SectionGroup, ...]
    milestones: tuple[Milestone, ...]
    covers_section: bool
    named: int = 0

    @property
    def running(self) -> Milestone:
        return self.milestones[0]

    def is_section_time(self, milestone: Milestone, setup: Setup) -> bool:
        """Whether the section's retrospective of this milestone is looked after on this day."""
        if not self.covers_section or setup.section.retrospective_project is None:
            return False
        last = setup.day_of("section_closing", milestone) + LOOKED_AFTER_FOR
        return setup.day_of("section_opening", milestone) <= self.day <= last


def look_at(scope: Scope, reader: ScopeReader, setup: Setup, now: dt.datetime) -> Look:
    """The groups that the scope names, at this instant.

    Raises:
        WrongInput: for a name that the directory does not have, or a day before the calendar's first milestone.
    """
    day = today(now, setup.releases.zone)
    calendar = setup.releases.calendar
    running = calendar.milestone_on(day)
    milestones = [running]
    before = calendar.before(running)
    if running.version > calendar.first and day <= setup.day_of("section_closing", before) + LOOKED_AFTER_FOR:
        milestones.append(before)
    path, named = _named(scope, reader, setup)
    if named is not None and named.milestone and _is_earlier(named.milestone, running, setup):
        of_issue = calendar.milestone(Version.parse(named.milestone))
        milestones += [of_issue] if of_issue not in milestones else []
    groups = groups_in(scope, path, setup.section)
    whole = len(groups) == len(setup.section.groups) or (bool(groups) and scope.event_kind == "issue")
    return Look(now, day, setup.section.groups if whole else groups, tuple(milestones), whole, named.id if named else 0)


def _named(scope: Scope, reader: ScopeReader, setup: Setup) -> tuple[str, Issue | None]:
    """The path of the project that the scope names, empty where it names none; and its issue, where it names one."""
    if scope.project_id is not None:
        issue = reader.issue(IssueId(scope.project_id, scope.iid)) if scope.iid is not None else None
        return (issue.project_path if issue is not None else ""), issue
    reference = scope.reference
    if "/" in scope.name and setup.section.group_named(scope.name) is None:
        reference = Reference.parse(scope.name)
    if reference is None:
        return "", None
    project_id = reader.project_id(reference.path) if reference.iid is not None else None
    if project_id is None or reference.iid is None:
        return reference.path, None
    return reference.path, reader.issue(IssueId(project_id, reference.iid))


def _is_earlier(title: str, running: Milestone, setup: Setup) -> bool:
    try:
        return setup.releases.calendar.first <= Version.parse(title) < running.version
    except WrongInput:
        return False


def groups_in(scope: Scope, path: str, section: SectionSettings) -> tuple[SectionGroup, ...]:
    """All groups, or the one that is named: by its name, label or alias; or those of a retrospective project.

    The section's own name, label or project stand for all.

    Args:
        path: of the project that the scope names; empty where it names none.

    Raises:
        WrongInput: for a name that the directory does not have.
    """
    if scope.is_everything:
        return section.groups
    if scope.name:
        wanted = path or scope.name.strip()
        if wanted.lower() in {section.name.lower(), section.label.lower()} or is_same_path(
            section.retrospective_project, wanted
        ):
            return section.groups
        named = section.group_named(wanted)
        found = (named,) if named is not None else _of_project(wanted, section)
        if not found:
            names = [group.name for group in section.groups]
            hint = perhaps_meant(scope.name, names) or f"There are: {', '.join(names)}."
            raise WrongInput(f"There is no group {scope.name!r} in section.yml. {hint}")
        return found
    if is_same_path(section.retrospective_project, path):
        return section.groups
    return _of_project(path, section)


def _of_project(path: str, section: SectionSettings) -> tuple[SectionGroup, ...]:
    return tuple(each for each in section.groups if is_same_path(each.retrospective_project, path))
