"""What a policy sees of GitLab: the resource itself, its milestone, labels, events and relatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.triage.ruby.values import UserText

Json = dict[str, Any]
CONFIDENTIAL = "(confidential)"
# What a confidential resource still shows: how to find it, and its type.
SHOWN_OF_CONFIDENTIAL = (
    "id",
    "iid",
    "project_id",
    "group_id",
    "web_url",
    "references",
    "type",
    "items",
    "confidential",
)


class Api(Protocol):
    """What expressions may ask GitLab for: reading, below /api/v4."""

    base_url: str

    def rows(self, path: str, **params: str) -> list[Json]:
        """All pages of a list. Raises RubyError where GitLab refuses."""

    def one(self, path: str, **params: str) -> Json:
        """One thing. Raises RubyError where GitLab refuses."""


def redacted(value: Any, key: str = "") -> Any:
    """The same shape with every text and number replaced; what finds the resource stays."""
    if isinstance(value, dict):
        return {
            name: each if name in SHOWN_OF_CONFIDENTIAL and not key else redacted(each, name)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [redacted(each, key or "-") for each in value]
    return value if value is None or isinstance(value, bool) else CONFIDENTIAL


def marked(value: Any) -> Any:
    """The same JSON with its texts marked as a resource's."""
    if isinstance(value, str):
        return UserText(value)
    if isinstance(value, dict):
        return {key: marked(each) for key, each in value.items()}
    return [marked(each) for each in value] if isinstance(value, list) else value


@dataclass(eq=False)
class Resource:
    """The resource that a rule looks at, or one that is reached from it.

    Args:
        data: GitLab's JSON; shared by all expressions of a run, unless it was redacted or marked.
        kind: the key of the policy file, which is GitLab's path: issues, merge_requests, epics, branches, work_items.
        redacts: show nothing but how to find it.
        marks: mark texts as the resource's (for texts that people will read).
        conceals: for texts: whether something else, by its JSON, is not for those who will read them.
    """

    data: Json
    kind: str
    api: Api
    redacts: bool = False
    marks: bool = False
    conceals: Callable[[Json], bool] | None = None
    seen: Json = field(init=False)
    parts: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen = redacted(self.data) if self.redacts else self.data
        self.seen = marked(seen) if self.marks else seen

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A part of the resource, the same object each time."""
        if name not in self.parts:
            self.parts[name] = make()
        return self.parts[name]

    ruby_name = "Resource"
    ruby_ancestors: tuple[str, ...] = ()

    def ruby_class(self) -> str:
        return f"Gitlab::Triage::Resource::{self.ruby_name}"

    def ruby_inspect(self) -> str:
        return f"#<Gitlab::Triage::Resource::{self.ruby_name}>"

    @property
    def holder(self) -> str:
        """Path of the project, or of the group for an epic."""
        if self.data.get("project_id") is not None:
            return f"projects/{self.data['project_id']}"
        if self.data.get("group_id") is not None:
            return f"groups/{self.data['group_id']}"
        return "projects/"

    @property
    def path(self) -> str:
        return f"{self.holder}/{self.kind}/{self.data.get('iid')}"

    def child(self, kind: type[Resource], data: Json) -> Resource:
        return kind(data, KIND_OF[kind], self.api, self.redacts or self.is_concealed(data), self.marks, self.conceals)

    def is_concealed(self, data: Json) -> bool:
        """Whether a text hides something that is not the resource itself."""
        return self.marks and (data.get("confidential") is True or (self.conceals is not None and self.conceals(data)))

    def answer(self, data: Json) -> Json:
        """GitLab's answer about something else, as texts may show it."""
        shown: Json = self.own_json(data, self.redacts or self.is_concealed(data))
        return shown

    def own_json(self, data: Any, hidden: bool) -> Any:
        shown = redacted(data, "-") if hidden else data
        return marked(shown) if self.marks else shown

    def own(self, value: Any) -> Any:
        """A value as texts may show it."""
        if self.redacts:
            return CONFIDENTIAL
        return marked(value) if self.marks else value


class Issue(Resource):
    ruby_name = "Issue"


class LinkedIssue(Issue):
    ruby_name = "LinkedIssue"


class MergeRequest(Resource):
    ruby_name = "MergeRequest"


class Epic(Resource):
    ruby_name = "Epic"


class Branch(Resource):
    ruby_name = "Branch"


class WorkItem(Resource):
    ruby_name = "WorkItem"


KIND_OF: dict[type[Resource], str] = {
    Issue: "issues",
    LinkedIssue: "issues",
    MergeRequest: "merge_requests",
    Epic: "epics",
    Branch: "branches",
    WorkItem: "work_items",
}
CLASS_OF = {
    "issues": Issue,
    "merge_requests": MergeRequest,
    "epics": Epic,
    "branches": Branch,
    "work_items": WorkItem,
}


@dataclass(eq=False)
class Part:
    """Something of a resource: shown, or hidden with it."""

    data: Json
    of: Resource
    ruby_name = "Part"

    def ruby_class(self) -> str:
        return f"Gitlab::Triage::Resource::{self.ruby_name}"

    def ruby_inspect(self) -> str:
        return f"#<Gitlab::Triage::Resource::{self.ruby_name}>"


class Milestone(Part):
    ruby_name = "Milestone"


@dataclass(eq=False)
class Label(Part):
    added_at: Any = None
    ruby_name = "Label"


class LabelEvent(Part):
    ruby_name = "LabelEvent"


class InstanceVersion(Part):
    ruby_name = "InstanceVersion"
