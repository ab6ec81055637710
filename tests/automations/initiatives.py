"""Builders for section-wide initiatives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bot.automations.initiatives.gather import gather_initiatives
from bot.automations.initiatives.plan import plan_initiatives
from bot.automations.initiatives.settings import InitiativeSettings
from bot.automations.initiatives.setup import Setup
from bot.domain.changes import ChangeLabels, CreateIssue, LinkIssues, WriteNote
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.plan import Plan
from bot.domain.ports import Scope
from bot.domain.resources import (
    AccessLevel,
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
    User,
    WorkItemId,
)
from bot.settings.bot_settings import CommentCommands
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Templates.load(ROOT / "templates")
NOW = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
BOT, RITA, GWEN = User(1, "the.bot"), User(30, "rita"), User(31, "em.gwen")
LABELS = ("section::sec", "group::not owned")
OWNED = ("section::sec", "group::static analysis", "initiative::complete")
WORDS = {
    "Problem": "Every scanner has its own way to name a finding.",
    "Who is affected": "All customers with more than one scanner.",
    "Requirements": "One name for one finding, in all reports.",
    "Groups affected": "All groups of Secure.",
    "What happens if we don't": "Customers go on counting findings twice.",
}


def settings_of(model: type, name: str) -> Any:
    return TypeAdapter(model).validate_python(yaml.safe_load((ROOT / "config" / f"{name}.yml").read_text("utf-8")))


OWN: InitiativeSettings = settings_of(InitiativeSettings, "initiatives")
SECTION: SectionSettings = settings_of(SectionSettings, "section")
SETUP = Setup(
    own=replace(OWN, review_project=None),
    section=SECTION,
    releases=settings_of(ReleaseSettings, "releases"),
    templates=TEMPLATES,
    comments=CommentCommands(),
    council_label="architectural council",
    council_project="sec/planning",
    council_question="## Issue at hand and preferred action",
)


def setup(**own: Any) -> Setup:
    """The shipped settings, with other values in initiatives.yml."""
    return replace(SETUP, own=replace(SETUP.own, **own))


def described(**changed: str | None) -> str:
    """A complete description, with other words below some headings; None leaves a heading out."""
    words = WORDS | {heading.replace("_", " "): text for heading, text in changed.items()}
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in words.items() if text is not None)


def with_plan(*rows: str, prose: str = "Step by step.") -> str:
    """A complete description with a plan: rows like `dast | Write it | 3 | sast`."""
    table = "\n".join(f"| {row} |" for row in rows)
    head = "| Feature category | What | Weight | Depends on |\n| --- | --- | --- | --- |"
    return f"{described()}\n\n## Implementation plan\n\n{prose}\n\n{head}\n{table}\n"


def initiative(iid: int = 4, **fields: Any) -> Issue:
    value = Issue(
        40 + iid,
        iid,
        7,
        "sec/product",
        "One name",
        RITA,
        NOW,
        NOW,
        "",
        description=described(),
        labels=LABELS,
        user_notes_count=1,
    )
    return replace(value, **fields)


def epic(iid: int = 4, **fields: Any) -> Epic:
    value = Epic(900 + iid, iid, 9, "sec", "One name", RITA, NOW, NOW, "", description=described(), labels=LABELS)
    return replace(value, **fields)


def note(number: int, body: str, author: User = BOT, at: dt.datetime = NOW, **fields: Any) -> Note:
    return replace(Note(number, author, body, at, at), **fields)


def said(number: int, body: str, author: User = GWEN, at: dt.datetime = NOW, **fields: Any) -> Note:
    return note(number, body, author, at, **fields)


def member(user: User, level: AccessLevel = AccessLevel.DEVELOPER) -> Member:
    return Member(user, level)


def project(path: str = "sec/product", number: int = 7, **fields: Any) -> Project:
    return replace(Project(number, path, "public", 1, NOW), **fields)


@dataclass
class FakeReader:
    """Answers from values, and keeps what it was asked.

    Args:
        epics_there: None where this GitLab has none.
        notes: iid of an issue or epic to what was said there; links, merge_requests, events: in the same way.
    """

    all: list[Issue]
    epics_there: list[Epic] | None = field(default_factory=list)
    groups: list[Group] = field(default_factory=lambda: [Group(9, "sec", "public")])
    notes: Mapping[int, list[Note]] = field(default_factory=dict)
    links_of: Mapping[int, list[IssueLink]] = field(default_factory=dict)
    merge_requests_of: Mapping[int, list[MergeRequest]] = field(default_factory=dict)
    events_of: Mapping[int, list[LabelEvent]] = field(default_factory=dict)
    projects: list[Project] = field(default_factory=lambda: [project()])
    members_of: Mapping[int, list[Member]] = field(default_factory=lambda: {7: [member(GWEN)]})
    edited: Mapping[int, dt.datetime | None] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    side_by_side: Any = field(default=lambda calls: [call() for call in calls])

    def own_ids(self) -> frozenset[int]:
        return frozenset({BOT.id})

    def issue(self, issue: IssueId) -> Issue | None:
        self.asked.append(f"issue {issue}")
        return next((each for each in self.all if (each.project_id, each.iid) == (issue.project_id, issue.iid)), None)

    def project_id(self, path: str) -> int | None:
        return next((each.id for each in self.projects if each.path == path), None)

    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]:
        self.asked.append(f"issues {state} {label} without {without_labels}")
        assert is_group and place == "sec"
        if label is None:
            assert updated_after is not None and state == "all"
            return tuple(each for each in self.all if each.updated_at >= updated_after)
        return tuple(
            each
            for each in self.all
            if set(label.split(",")) <= set(each.labels)
            and not set((without_labels or "").split(",")) & set(each.labels)
            and each.state == state
            and (updated_after is None or each.updated_at >= updated_after)
        )

    def epics(
        self,
        group: str,
        *,
        state: str,
        label: str | None = None,
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Epic, ...] | None:
        self.asked.append(f"epics {state} {label} without {without_labels}")
        assert group == "sec"
        if self.epics_there is None:
            return None
        return tuple(
            each
            for each in self.epics_there
            if set(label.split(",") if label else ()) <= set(each.labels)
            and not set((without_labels or "").split(",")) & set(each.labels)
            and state in (each.state, "all")
            and (updated_after is None or each.updated_at >= updated_after)
        )

    def epic(self, group: str | int, iid: int) -> Epic | None:
        self.asked.append(f"epic {group}&{iid}")
        there = self.epics_there or ()
        return next((each for each in there if group in (each.group_path, each.group_id) and each.iid == iid), None)

    def group(self, path: str) -> Group | None:
        self.asked.append(f"group {path}")
        return next((each for each in self.groups if each.path == path), None)

    def group_members(self, group: str) -> tuple[Member, ...]:
        self.asked.append(f"members {group}")
        return tuple(self.members_of.get(next((each.id for each in self.groups if each.path == group), 0), ()))

    def discussions(self, item: WorkItemId) -> tuple[Discussion, ...]:
        self.asked.append(f"discussions {item}")
        return tuple(Discussion(f"d{each.id}", (each,)) for each in self.notes.get(item.iid, ()))

    def edited_at(self, note_ids: Collection[int]) -> Mapping[int, dt.datetime | None]:
        return {each: self.edited.get(each) for each in note_ids}

    def label_events(self, item: WorkItemId) -> tuple[LabelEvent, ...]:
        self.asked.append(f"label events {item}")
        return tuple(self.events_of.get(item.iid, ()))

    def links(self, item: WorkItemId) -> tuple[IssueLink, ...]:
        self.asked.append(f"links {item}")
        return tuple(self.links_of.get(item.iid, ()))

    def related_merge_requests(self, issue: IssueId) -> tuple[MergeRequest, ...]:
        self.asked.append(f"merge requests {issue}")
        return tuple(self.merge_requests_of.get(issue.iid, ()))

    def project_members(self, project_id: int) -> tuple[Member, ...]:
        self.asked.append(f"members {project_id}")
        return tuple(self.members_of.get(project_id, ()))

    def projects_below(self, group: str) -> tuple[Project, ...]:
        return tuple(self.projects)

    def own_issue(self, project_id: int, marker: str) -> Issue | None:
        mine = (each for each in self.all if each.project_id == project_id and marker in each.description)
        return next((each for each in mine if each.author == BOT), None)

    def own_note(self, item: WorkItemId, marker: str) -> Note | None:
        return next(iter(self.own_notes(item, marker)), None)

    def own_notes(self, item: WorkItemId, marker: str) -> tuple[Note, ...]:
        self.asked.append(f"own notes {item}")
        return tuple(each for each in self.notes.get(item.iid, ()) if marker in each.body and each.author == BOT)

    def people(self, question: PeopleQuestion) -> PeopleAnswer:
        active = sorted(question.usernames - self.inactive)
        users = {name: User(1000 + number, name) for number, name in enumerate(active)}
        users |= {"em.gwen": GWEN} if "em.gwen" in active else {}
        return PeopleAnswer(users, {}, {}, {})


def planned(reader: FakeReader, *, scope: Scope | None = None, now: dt.datetime = NOW, using: Setup = SETUP) -> Plan:
    look = scope or Scope(project_id=7, iid=4, event_kind="issue")
    return plan_initiatives(gather_initiatives(look, reader, using, now), using, now)


def kinds(plan: Plan) -> list[str]:
    return [step.change.kind for step in plan.steps]


def notes_of(plan: Plan) -> list[WriteNote]:
    return [step.change for step in plan.steps if isinstance(step.change, WriteNote)]


def bodies(plan: Plan) -> list[str]:
    return [change.body for change in notes_of(plan)]


def labels_of(plan: Plan) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(step.change.add, step.change.remove) for step in plan.steps if isinstance(step.change, ChangeLabels)]


def opened(plan: Plan) -> list[CreateIssue]:
    return [step.change for step in plan.steps if isinstance(step.change, CreateIssue)]


def linked(plan: Plan) -> list[LinkIssues]:
    return [step.change for step in plan.steps if isinstance(step.change, LinkIssues)]


def carried_out(plan: Plan, before: list[Note], at: dt.datetime = NOW) -> list[Note]:
    """The notes of the initiative when the plan was carried out."""
    found = list(before)
    for change in notes_of(plan):
        if change.iid != 4:
            continue
        if change.note_id is not None:
            found = [replace(each, body=change.body) if each.id == change.note_id else each for each in found]
        else:
            found.append(note(max((each.id for each in found), default=100) + 1, change.body, at=at))
    return found
