"""Builders for tests of retrospectives: settings, issues, notes, and a GitLab that answers from values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bot.automations.retrospectives.commands import vocabulary
from bot.automations.retrospectives.gather import gather_retrospectives
from bot.automations.retrospectives.plan import plan_retrospectives
from bot.automations.retrospectives.scope import look_at
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.setup import Setup
from bot.domain.changes import CreateIssue, WriteNote
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.plan import Plan
from bot.domain.ports import Scope
from bot.domain.resources import (
    AccessLevel,
    Discussion,
    Group,
    Issue,
    IssueId,
    Member,
    MergeRequest,
    MilestoneId,
    Note,
    Project,
    User,
)
from bot.settings.bot_settings import CommentCommands
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Templates.load(ROOT / "templates")
OPENING_DAY = dt.datetime(2026, 8, 24, 6, 0, tzinfo=dt.UTC)
REFRESH_DAY = dt.datetime(2026, 9, 9, 6, 0, tzinfo=dt.UTC)
BOT = User(1, "the.bot")
SECTION_GROUP = Group(5, "sec", "public")
OWN_MILESTONE = MilestoneId(94, "19.4", 5)


def settings_of(model: type, name: str, **changed: Any) -> Any:
    data = yaml.safe_load((ROOT / "config" / f"{name}.yml").read_text("utf-8"))
    return TypeAdapter(model).validate_python(data | changed)


def own_settings(**changed: Any) -> RetrospectiveSettings:
    found: RetrospectiveSettings = settings_of(RetrospectiveSettings, "retrospectives", **changed)
    return found


def setup(**changed: Any) -> Setup:
    """The shipped settings, with other values in retrospectives.yml."""
    return Setup(
        own=own_settings(**changed),
        section=settings_of(SectionSettings, "section"),
        releases=settings_of(ReleaseSettings, "releases"),
        templates=TEMPLATES,
        bot_name="sectionbot",
        vocabulary=vocabulary(CommentCommands()),
        hidden_groups=("sec/incidents",),
    )


SETUP = setup()
SECTION = SETUP.section
STATIC, DYNAMIC, COMPOSITION = (
    next(group for group in SECTION.groups if group.name == f"{name} Analysis")
    for name in ("Static", "Dynamic", "Composition")
)
STATIC_PATH = "sec/retrospectives/static-analysis"
SECTION_PATH = "sec/retrospectives/section"


def issue(iid: int, **fields: Any) -> Issue:
    """A retrospective of Static Analysis that a person has opened."""
    value = Issue(
        id=1000 + iid,
        iid=iid,
        project_id=7,
        project_path=STATIC_PATH,
        title="Retro",
        author=User(30, "em.vera"),
        created_at=OPENING_DAY,
        updated_at=OPENING_DAY,
        web_url=f"https://gitlab.example.com/{fields.get('project_path', STATIC_PATH)}/-/issues/{iid}",
        milestone="19.4",
        labels=("retrospective",),
        confidential=True,
    )
    return replace(value, **fields)


def note(note_id: int, body: str, author: User = BOT, **fields: Any) -> Note:
    return Note(note_id, author, body, OPENING_DAY + dt.timedelta(minutes=note_id), **fields)


def thread(*notes: Note) -> Discussion:
    return Discussion(f"d{notes[0].id}", notes)


def project(path: str, project_id: int = 7, visibility: str = "public", **fields: Any) -> Project:
    return replace(Project(project_id, path, visibility, None, OPENING_DAY), **fields)


class FakeReader:
    """Answers from values, and keeps what it was asked.

    Args:
        discussions: by the iid of the issue; comments: threads of one note on every issue.
        members: everybody who is a member of any project.
    """

    def __init__(
        self,
        issues: list[Issue] | None = None,
        *,
        milestones: tuple[MilestoneId, ...] | None = None,
        comments: list[Note] | None = None,
        discussions: Mapping[int, list[Discussion]] | None = None,
        users: dict[str, User] | None = None,
        members: Mapping[int, tuple[Member, ...]] | None = None,
        projects: tuple[Project, ...] = (),
        merged: Mapping[str, int] | None = None,
        emoji: Mapping[int, int] | None = None,
        edited: Mapping[int, dt.datetime] | None = None,
    ) -> None:
        self.all, self.found, self.users = issues or [], milestones, users
        self.notes, self.threads = comments or [], discussions or {}
        self.members, self.projects = members or {}, projects
        self.merged, self.votes, self.edited = merged or {}, emoji or {}, edited or {}
        self.asked: list[str] = []
        self.side_by_side: Any = lambda calls: [call() for call in calls]

    def own_ids(self) -> frozenset[int]:
        return frozenset({BOT.id})

    def issue(self, issue: IssueId) -> Issue | None:
        self.asked.append(f"issue {issue}")
        return next((each for each in self.all if (each.project_id, each.iid) == (issue.project_id, issue.iid)), None)

    def project_id(self, path: str) -> int | None:
        return next((each.project_id for each in self.all if each.project_path == path), None)

    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        milestone: str | None = None,
        author_id: int | None = None,
        confidential: bool | None = None,
        created_after: dt.datetime | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]:
        self.asked.append(f"issues {place} {label} {milestone} {author_id}")
        if confidential:
            self.asked[-1] += f" confidential since {created_after:%Y-%m-%d}" if created_after else " confidential"
        assert is_group
        return tuple(
            each
            for each in self.all
            if (label is None or label in each.labels)
            and (milestone is None or each.milestone == milestone)
            and (author_id is None or each.author.id == author_id)
            and (confidential is None or each.confidential is confidential)
            and (created_after is None or each.created_at >= created_after)
            and (updated_after is None or each.updated_at >= updated_after)
            and state in ("all", each.state)
        )

    def merged_merge_requests(self, group: str, milestone: str) -> tuple[MergeRequest, ...]:
        self.asked.append(f"merged {group} {milestone}")
        return tuple(MergeRequest(n, "sec/product", (STATIC.label,)) for n in range(self.merged.get(milestone, 0)))

    def projects_below(self, group: str) -> tuple[Project, ...]:
        self.asked.append(f"projects {group}")
        return self.projects

    def project_members(self, project_id: int) -> tuple[Member, ...]:
        self.asked.append(f"members {project_id}")
        return self.members.get(project_id, ())

    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]:
        self.asked.append(f"milestones {group} {title}")
        if self.found is None:
            return (MilestoneId(94, title, SECTION_GROUP.id),)
        return tuple(each for each in self.found if each.title == title)

    def discussions(self, issue: IssueId) -> tuple[Discussion, ...]:
        self.asked.append(f"discussions {issue}")
        return tuple(self.threads.get(issue.iid, [thread(each) for each in self.notes]))

    def edited_at(self, note_ids: frozenset[int]) -> dict[int, dt.datetime | None]:
        self.asked.append(f"edited {sorted(note_ids)}")
        return {note_id: self.edited.get(note_id) for note_id in note_ids}

    def emoji(self, issue: IssueId, note_id: int, name: str) -> int:
        self.asked.append(f"emoji {issue} {note_id} {name}")
        return self.votes.get(note_id, 0)

    def own_note(self, issue: IssueId, marker: str) -> Note | None:
        self.asked.append(f"own note {issue}")
        return next((note for note in self.notes if marker in note.body and note.author.id == BOT.id), None)

    def people(self, question: PeopleQuestion) -> PeopleAnswer:
        self.asked.append("people")
        users = self.users
        if users is None:
            users = {name: User(100 + n, name) for n, name in enumerate(sorted(question.usernames))}
        return PeopleAnswer(users, {}, {}, {"sec": SECTION_GROUP})


def member(user: User, level: AccessLevel = AccessLevel.DEVELOPER) -> Member:
    return Member(user, level)


def planned(
    reader: FakeReader,
    *,
    now: dt.datetime = OPENING_DAY,
    scope: str | Scope = "Static Analysis",
    using: Setup = SETUP,
) -> Plan:
    looked_at = scope if isinstance(scope, Scope) else Scope(name=scope)
    look = look_at(looked_at, reader, using, now)
    return plan_retrospectives(gather_retrospectives(look, reader, using), look, using)


def opened(plan: Plan) -> list[CreateIssue]:
    return [step.change for step in plan.steps if isinstance(step.change, CreateIssue)]


def notes_of(plan: Plan) -> list[WriteNote]:
    return [step.change for step in plan.steps if isinstance(step.change, WriteNote)]


def threads(plan: Plan) -> list[str]:
    return [each.body.split("\n")[0] for each in notes_of(plan) if each.is_thread]
