"""Reads section-wide initiatives and the bot's note on them; decides nothing."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from bot.automations.initiatives.completeness import COMPLETENESS_MARKER, lacking
from bot.automations.initiatives.facts import Initiative
from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.errors import WrongInput
from bot.domain.places import is_below
from bot.domain.ports import Scope, SideBySide
from bot.domain.resources import Issue, IssueId, Note
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates


class InitiativeReader(Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    side_by_side: SideBySide

    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...
    def issues(self, place: str, *, is_group: bool, state: str, label: str | None = None) -> tuple[Issue, ...]: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...


def gather_initiatives(
    scope: Scope,
    reader: InitiativeReader,
    settings: InitiativeSettings,
    section: SectionSettings,
    templates: Templates,
) -> tuple[Initiative, ...]:
    """Open initiatives of the section, or the named one; oldest first.

    Requests: one list for each set of labels and alias, one for each initiative that has comments and is not complete,
    or whose label does not say so.
    """
    if scope.is_everything:
        found = reader.side_by_side(
            [
                partial(reader.issues, section.group, is_group=True, state="opened", label=",".join(labels))
                for labels in settings.alternatives()
            ]
        )
        issues = list({issue.id: issue for listed in found for issue in listed}.values())
    else:
        named = _named(scope, reader)
        is_one = named is not None and named.state == "opened" and is_below(named.project_path, section.group)
        issues = [named] if named is not None and is_one and settings.is_initiative(named.labels) else []
    template = templates.texts[settings.template]

    def note_of(issue: Issue) -> Note | None:
        is_settled = settings.complete_label in issue.labels and not lacking(issue, settings, template)
        if is_settled or not issue.user_notes_count:
            return None
        return reader.own_note(IssueId(issue.project_id, issue.iid), COMPLETENESS_MARKER)

    notes = reader.side_by_side([partial(note_of, issue) for issue in issues])
    both = [Initiative(issue, note) for issue, note in zip(issues, notes, strict=True)]
    return tuple(sorted(both, key=lambda each: (each.issue.created_at, each.issue.id)))


def _named(scope: Scope, reader: InitiativeReader) -> Issue | None:
    """Raises WrongInput where a person has named what GitLab does not have."""
    if scope.project_id is not None:
        return reader.issue(IssueId(scope.project_id, scope.iid)) if scope.iid is not None else None
    reference = scope.reference
    if reference is None or reference.iid is None:
        return None
    project_id = reader.project_id(reference.path)
    found = reader.issue(IssueId(project_id, reference.iid)) if project_id is not None else None
    if found is None and not scope.event_kind:
        raise WrongInput(f"GitLab has no issue {reference}, or the bot may not see it.")
    return found
