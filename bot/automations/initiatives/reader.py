"""The calls that this automation needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Protocol

from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import SideBySide
from bot.domain.resources import (
    Discussion,
    Epic,
    Group,
    Issue,
    IssueId,
    IssueLink,
    LabelEvent,
    Member,
    MergeRequest,
    Note,
    Project,
    WorkItemId,
)


class InitiativeReader(Protocol):
    """One reader serves one look: it asks nothing twice."""

    @property
    def side_by_side(self) -> SideBySide: ...

    def own_ids(self) -> frozenset[int]: ...
    def issue(self, issue: IssueId) -> Issue | None: ...
    def group(self, path: str) -> Group | None: ...
    def epic(self, group: str | int, iid: int) -> Epic | None: ...
    def epics(
        self,
        group: str,
        *,
        state: str,
        label: str | None = None,
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Epic, ...] | None: ...
    def project_id(self, path: str) -> int | None: ...
    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]: ...
    def discussions(self, item: WorkItemId) -> tuple[Discussion, ...]: ...
    def edited_at(self, note_ids: Collection[int]) -> Mapping[int, dt.datetime | None]: ...
    def label_events(self, item: WorkItemId) -> tuple[LabelEvent, ...]: ...
    def links(self, item: WorkItemId) -> tuple[IssueLink, ...]: ...
    def related_merge_requests(self, issue: IssueId) -> tuple[MergeRequest, ...]: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def group_members(self, group: str) -> tuple[Member, ...]: ...
    def projects_below(self, group: str) -> tuple[Project, ...]: ...
    def own_issue(self, project_id: int, marker: str) -> Issue | None: ...
    def own_note(self, item: WorkItemId, marker: str) -> Note | None: ...
    def own_notes(self, item: WorkItemId, marker: str) -> tuple[Note, ...]: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...
