"""What policies change in GitLab: frozen values, a part of the closed set in bot.domain.changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bot.domain.text_hash import hash_of


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that a policy has found, or the issue that an earlier change of the plan creates.

    Args:
        kind: issues, merge_requests, epics, branches, work_items.
        path: below /api/v4, as it is written to: `projects/7/issues/1`.
        name: as a person would type it.
        database_id: of the work item behind an issue, for what only GraphQL can set; 0 where not known.
        created_by: key of the change that creates it; then path and name are not known yet.
    """

    kind: str
    path: str
    name: str
    web_url: str = ""
    database_id: int = 0
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class AddNote:
    """A note, or the first note of a thread. Natural key: target, text and turn.

    Args:
        path: where notes of the target are written, below /api/v4.
        marker: the hidden marker that the body ends in; empty where the same note may be written again.
        turn: tells two notes with one text on one target apart.
    """

    kind: ClassVar = "add note"
    target: Target
    path: str
    body: str
    internal: bool = False
    is_thread: bool = False
    marker: str = ""
    turn: int = 0

    @property
    def key(self) -> str:
        return f"note {self.target.name or self.target.created_by} {hash_of(self.body)} {self.turn}"

    @property
    def summary(self) -> str:
        what = "thread" if self.is_thread else "internal note" if self.internal else "note"
        first = self.body.strip().split("\n", 1)[0]
        return f"{what} on {self.target.name}: {first}"


@dataclass(frozen=True, slots=True)
class UpdateResource:
    """Fields of an issue, merge request or epic, in one request. Natural key: target and turn.

    Args:
        fields: as GitLab's API names them, in order.
        shown: the same in words, a line each.
        expected: what the answer must show: state, labels, assignees, reviewers (names).
    """

    kind: ClassVar = "update"
    target: Target
    fields: tuple[tuple[str, object], ...]
    shown: tuple[str, ...]
    expected: tuple[tuple[str, tuple[str, ...]], ...] = ()
    turn: int = 0

    @property
    def key(self) -> str:
        return f"update {self.target.name} {self.turn}"

    @property
    def summary(self) -> str:
        return f"{self.target.name}: {'; '.join(self.shown)}"


@dataclass(frozen=True, slots=True)
class UpdateWorkItem:
    """Labels and assignees of a work item, by its own API. Natural key: target and turn.

    Args:
        labels, assignees: ids, as that API wants them.
    """

    kind: ClassVar = "update work item"
    target: Target
    add_labels: tuple[int, ...]
    remove_labels: tuple[int, ...]
    assignees: tuple[int, ...]
    shown: tuple[str, ...]
    turn: int = 0

    @property
    def key(self) -> str:
        return f"update {self.target.name} {self.turn}"

    @property
    def summary(self) -> str:
        return f"{self.target.name}: {'; '.join(self.shown)}"


@dataclass(frozen=True, slots=True)
class SetWidget:
    """The health status, or the status, of an issue: only GraphQL can set them. Natural key: target and widget.

    Args:
        widget: healthStatusWidget or statusWidget; value: what it is set to, None clears.
    """

    kind: ClassVar = "set status"
    target: Target
    widget: str
    value: str | None
    turn: int = 0

    @property
    def key(self) -> str:
        return f"{self.widget} {self.target.name} {self.turn}"

    @property
    def summary(self) -> str:
        name = "health status" if self.widget == "healthStatusWidget" else "status"
        return f"{name} of {self.target.name} to {self.value or 'none'}"


@dataclass(frozen=True, slots=True)
class MoveIssue:
    """An issue into another project. Natural key: target."""

    kind: ClassVar = "move issue"
    target: Target
    project_id: int
    project_path: str

    @property
    def key(self) -> str:
        return f"move {self.target.name}"

    @property
    def summary(self) -> str:
        return f"{self.target.name} to {self.project_path}"


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """An issue that a policy writes: a summary, or a follow-up. Natural key: project, title and turn.

    Args:
        project: path or id, as the policy or the command line has it; a path is not encoded.
        fields: beside title and description, as GitLab's API names them.
        shown: the same in words.
        marker: the hidden marker that the description ends in; empty where an equal issue may be created again.
    """

    kind: ClassVar = "open issue"
    project: str
    title: str
    description: str
    fields: tuple[tuple[str, object], ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    marker: str = ""
    turn: int = 0

    @property
    def key(self) -> str:
        return f"issue {self.project} {self.title} {self.turn}"

    @property
    def summary(self) -> str:
        return f"issue in {self.project}: {self.title}"


@dataclass(frozen=True, slots=True)
class DeleteResource:
    """Natural key: target."""

    kind: ClassVar = "delete"
    target: Target

    @property
    def key(self) -> str:
        return f"delete {self.target.name}"

    @property
    def summary(self) -> str:
        return self.target.name
