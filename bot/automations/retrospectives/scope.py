"""Which groups a run is about."""

from __future__ import annotations

from bot.domain.errors import WrongInput
from bot.domain.ports import Scope
from bot.settings.section import SectionGroup, SectionSettings


def groups_in(scope: Scope, section: SectionSettings) -> tuple[SectionGroup, ...]:
    """All groups, or the one that is named: by its name, label or alias, or by its retrospective project.

    Raises:
        WrongInput: for a name that the directory does not have.
    """
    if scope.is_everything:
        return section.groups
    if scope.name:
        found = section.group_named(scope.name) or _of_project(scope.name, section)
        if found is None:
            known = ", ".join(group.name for group in section.groups)
            raise WrongInput(f"There is no group {scope.name!r} in section.yml. There are: {known}.")
        return (found,)
    found = _of_project(scope.reference.path, section) if scope.reference is not None else None
    return (found,) if found is not None else ()


def _of_project(path: str, section: SectionSettings) -> SectionGroup | None:
    wanted = path.partition("#")[0].lower()
    return next((each for each in section.groups if (each.retrospective_project or "").lower() == wanted), None)
