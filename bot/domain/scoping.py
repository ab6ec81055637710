"""The issue that a scope names."""

from __future__ import annotations

from typing import Protocol

from bot.domain.errors import WrongInput
from bot.domain.ports import Scope
from bot.domain.resources import Issue, IssueId


class IssueReader(Protocol):
    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...


def issue_named(scope: Scope, reader: IssueReader) -> Issue | None:
    """None where the scope names none.

    Raises:
        WrongInput: where a person has named what GitLab does not have.
    """
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
