"""Which retrospectives are opened, on which day, and what is in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from bot.automations.retrospectives.follow_ups import plan_reminders
from bot.automations.retrospectives.gather import (
    MARKER,
    gather_retrospectives,
)
from bot.automations.retrospectives.plan import plan_openings
from bot.automations.retrospectives.scope import groups_in
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.domain.changes import CreateIssue, WriteNote, hash_of
from bot.domain.errors import WrongInput
from bot.domain.markers import marker
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import Group, Issue, IssueId, MilestoneId, Note, Reference, User
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionGroup, SectionSettings
from bot.settings.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Templates.load(ROOT / "templates")
NOW = dt.datetime(2026, 8, 24, 6, 0, tzinfo=dt.UTC)
BOT = User(1, "the.bot")
SECTION_GROUP = Group(5, "sec", "public")
OWN_MILESTONE = MilestoneId(94, "19.4", 5)


def settings_of(model: type, name: str, **changed: Any) -> Any:
    data = yaml.safe_load((ROOT / "config" / f"{name}.yml").read_text("utf-8"))
    return TypeAdapter(model).validate_python(data | changed)


SECTION: SectionSettings = settings_of(SectionSettings, "section")
RELEASES: ReleaseSettings = settings_of(ReleaseSettings, "releases")
OWN: RetrospectiveSettings = settings_of(RetrospectiveSettings, "retrospectives")
STATIC = next(group for group in SECTION.groups if group.name == "Static Analysis")
RESEARCH = next(group for group in SECTION.groups if group.name == "Vulnerability Research")


def issue(iid: int, **fields: Any) -> Issue:
    value = Issue(
        id=1000 + iid,
        iid=iid,
        project_id=7,
        project_path="sec/retrospectives/static-analysis",
        title="Retro",
        author=User(30, "em.vera"),
        created_at=NOW,
        updated_at=NOW,
        web_url="",
        milestone="19.4",
        labels=("retrospective",),
    )
    return replace(value, **fields)


class FakeReader:
    """Answers from values, and keeps what it was asked."""

    def __init__(
        self,
        issues: list[Issue] | None = None,
        *,
        milestones: tuple[MilestoneId, ...] = (OWN_MILESTONE,),
        comments: list[Note] | None = None,
        users: dict[str, User] | None = None,
    ) -> None:
        self.all, self.found, self.notes, self.users = issues or [], milestones, comments or [], users
        self.asked: list[str] = []
        self.side_by_side: Any = lambda calls: [call() for call in calls]

    def own_ids(self) -> frozenset[int]:
        return frozenset({BOT.id})

    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        milestone: str | None = None,
        author_id: int | None = None,
    ) -> tuple[Issue, ...]:
        self.asked.append(f"issues {place} {label} {milestone} {author_id}")
        assert is_group
        return tuple(
            each
            for each in self.all
            if (label is None or label in each.labels)
            and (milestone is None or each.milestone == milestone)
            and (author_id is None or each.author.id == author_id)
            and state in ("all", each.state)
        )

    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]:
        self.asked.append(f"milestones {group} {title}")
        return self.found

    def comments(self, issue: IssueId) -> tuple[Note, ...]:
        self.asked.append(f"comments {issue}")
        return tuple(self.notes)

    def own_note(self, issue: IssueId, marker: str) -> Note | None:
        self.asked.append(f"own note {issue}")
        return next((note for note in self.notes if marker in note.body and note.author.id == BOT.id), None)

    def people(self, question: PeopleQuestion) -> PeopleAnswer:
        self.asked.append("people")
        users = self.users
        if users is None:
            users = {name: User(100 + n, name) for n, name in enumerate(sorted(question.usernames))}
        return PeopleAnswer(users, {}, {}, {"sec": SECTION_GROUP})


def planned(
    reader: FakeReader,
    *,
    now: dt.datetime = NOW,
    groups: tuple[SectionGroup, ...] = (STATIC,),
    own: RetrospectiveSettings = OWN,
    section: SectionSettings = SECTION,
) -> Plan:
    milestone = RELEASES.calendar.milestone_on(now.date())
    facts = gather_retrospectives(groups, milestone, reader, section, own, now, dt.UTC)
    opening = plan_openings(facts, own, section, RELEASES, TEMPLATES, now.date())
    return opening + plan_reminders(facts, own, TEMPLATES, now.date())


def opened(plan: Plan) -> list[CreateIssue]:
    return [step.change for step in plan.steps if isinstance(step.change, CreateIssue)]


def threads(plan: Plan) -> list[str]:
    return [step.change.body.split("\n")[0] for step in plan.steps if isinstance(step.change, WriteNote)]


def test_a_group_gets_its_issue_with_its_manager_and_a_thread_for_each_prompt() -> None:
    plan = planned(FakeReader())
    [create] = opened(plan)
    assert (create.project_path, create.title, create.confidential) == (
        "sec/retrospectives/static-analysis",
        "Static Analysis: retrospective of 19.4",
        True,
    )
    assert create.labels == ("retrospective", "group::static analysis", "section::sec")
    assert (create.milestone_id, create.due_on, create.assignee_ids) == (94, dt.date(2026, 9, 11), (100,))
    assert threads(plan) == [f"**{prompt}**" for prompt in OWN.prompts]
    notes = plan.steps[1:]
    assert {(step.needs, isinstance(step.change, WriteNote) and step.change.is_thread) for step in notes} == {
        ((create.key,), True)
    }
    assert [step.after for step in notes[1:]] == [(step.change.key,) for step in notes[:-1]]


def test_what_the_issue_says() -> None:
    due = dt.date(2026, 8, 20)
    reader = FakeReader(
        [
            issue(3, labels=("follow-up",), milestone=None, title="SECRET", created_at=NOW - dt.timedelta(days=40)),
            issue(5, labels=("follow-up",), milestone=None, due_on=due, assignees=(BOT,), confidential=True),
            issue(9, labels=("follow-up",), project_path="sec/product"),
            issue(8, labels=("follow-up",), state="closed"),
        ]
    )
    text = opened(planned(reader))[0].description
    assert text == (
        "This is the retrospective of **Static Analysis** for **19.4** (Saturday 2026-08-15 to Friday 2026-09-11). Add "
        "your points at any time in the milestone, best as soon as you notice them. It is confidential.\n\n"
        "| What | When |\n| --- | --- |\n"
        "| This milestone ends, and the group holds its retrospective | Friday 2026-09-11 |\n"
        "| The section's retrospective begins | Monday 2026-09-07 |\n"
        "| 19.4 is released | Thursday 2026-09-17 |\n\n"
        "## How it works\n\n"
        "1. Answer in the threads below, one point for each reply; agree with an emoji.\n"
        "2. What is worth the whole section's attention, take along to the section's retrospective.\n"
        '3. What the group decides to do becomes an issue in this project with the label ~"follow-up", an assignee '
        "and a due date.\n\n"
        "## Follow-ups from earlier retrospectives\n\n"
        "- [ ] #3+ 40 days old, assigned to nobody\n"
        "- [ ] #5+ 0 days old, **overdue since 2026-08-20**\n\n"
        f"<!-- sectionbot:retrospective group={hash_of('group::static analysis')} milestone=19.4 -->"
    )


def test_a_group_can_have_its_own_prompts() -> None:
    own = settings_of(RetrospectiveSettings, "retrospectives", groups=[{"group": "sast", "prompts": []}])
    plan = planned(FakeReader(), own=own)
    assert threads(plan) == []
    text = opened(plan)[0].description
    assert "1. Write your points as comments, one point for each; agree with an emoji." in text
    assert text.count("None are open.") == 1


@pytest.mark.parametrize(
    ("day", "count"),
    [
        ("2026-08-15", 0),  # 19.4 has begun, 19.3 is not released
        ("2026-08-23", 0),
        ("2026-08-24", 1),
        ("2026-08-27", 1),  # the Monday was missed
        ("2026-09-11", 1),
        ("2026-09-12", 0),  # 19.5 runs, and opens on 09-21
        ("2026-12-20", 0),
        ("2026-12-21", 1),  # 19.8, over the year's end
        ("2027-01-04", 1),
    ],
)
def test_the_day(day: str, count: int) -> None:
    now = dt.datetime.fromisoformat(f"{day}T06:00:00+00:00")
    assert len(opened(planned(FakeReader(), now=now))) == count


def test_after_two_months_without_a_run_only_the_milestone_that_runs_is_opened() -> None:
    plan = planned(FakeReader(), now=dt.datetime(2026, 10, 28, tzinfo=dt.UTC))
    assert [each.title for each in opened(plan)] == ["Static Analysis: retrospective of 19.6"]


@pytest.mark.parametrize(
    "there",
    [
        issue(2),
        issue(2, state="closed"),
        issue(2, title="Renamed"),
        issue(2, state="closed", moved=True),
        issue(2, project_path="Sec/Retrospectives/Static-Analysis"),
        issue(
            2,
            author=BOT,
            labels=(),
            description=marker(MARKER, group=hash_of(STATIC.label), milestone="19.4"),
            user_notes_count=4,
        ),
    ],
    ids=["by a person", "closed", "renamed", "moved away", "in another letter case", "label taken off"],
)
def test_one_that_is_there_stays_the_only_one(there: Issue) -> None:
    assert planned(FakeReader([there])) == Plan()


@pytest.mark.parametrize(
    "elsewhere",
    [
        issue(2, milestone="19.3"),
        issue(2, labels=("follow-up",)),
        issue(2, project_path="sec/retrospectives/dynamic-analysis"),
        issue(2, labels=(), description=marker(MARKER, group=hash_of(STATIC.label), milestone="19.4")),
    ],
    ids=["of another milestone", "no retrospective", "in another project", "a person's copy of the marker"],
)
def test_what_is_none_opens_none_less(elsewhere: Issue) -> None:
    assert len(opened(planned(FakeReader([elsewhere])))) == 1


def test_of_two_the_first_counts_and_it_is_said() -> None:
    plan = planned(FakeReader([issue(4), issue(2)]))
    assert (plan.steps, [(notice.kind, notice.sentence) for notice in plan.notices]) == (
        (),
        [
            (
                NoticeKind.LEFT_ALONE,
                "Static Analysis has more than one retrospective for 19.4: #2 counts; close #4, or take its label or "
                "milestone off.",
            )
        ],
    )


def test_without_the_milestone_nothing_is_opened_and_it_is_said() -> None:
    plan = planned(FakeReader(milestones=()))
    assert (plan.steps, [notice.sentence for notice in plan.notices]) == (
        (),
        [
            "GitLab has no milestone 19.4 that sec/retrospectives/static-analysis can use, so the retrospective of "
            "Static Analysis was not opened. Make the milestone in the group sec; the next run opens it."
        ],
    )
    assert plan.notices[0].kind is NoticeKind.WRONG


@pytest.mark.parametrize("above", [12, 400])
def test_of_two_milestones_with_one_title_the_sections_own_is_used(above: int) -> None:
    found = (MilestoneId(above, "19.4", 2), OWN_MILESTONE)
    assert opened(planned(FakeReader(milestones=found)))[0].milestone_id == 94


@pytest.mark.parametrize("users", [{}, {"em.uma": User(9, "em.uma", state="blocked")}])
def test_a_manager_without_an_account_is_said_and_stops_nothing(users: dict[str, User]) -> None:
    manager = STATIC.people.engineering_manager
    renamed = {name.replace("em.uma", manager): user for name, user in users.items()}
    plan = planned(FakeReader(users=renamed))
    assert opened(plan)[0].assignee_ids == ()
    assert [notice.sentence for notice in plan.notices] == [
        f"The manager of Static Analysis, {manager}, has no active account: nobody is assigned."
    ]


def test_a_group_without_a_project_gets_none() -> None:
    assert planned(FakeReader(), groups=(replace(STATIC, retrospective_project=None),)) == Plan()


def test_groups_that_share_a_project_have_one_each() -> None:
    data = yaml.safe_load((ROOT / "config" / "section.yml").read_text("utf-8"))
    for each in data["stages"][1]["groups"][:2]:
        each["retrospective_project"] = "sec/retrospectives/shared"
    section = TypeAdapter(SectionSettings).validate_python(data)
    one, other = section.stages[1].groups[:2]
    there = issue(2, project_path="sec/retrospectives/shared", labels=("retrospective", one.label))
    assert [each.title for each in opened(planned(FakeReader([there]), groups=(one, other), section=section))] == [
        f"{other.name}: retrospective of 19.4"
    ]


def prompt_note(number: int) -> Note:
    return Note(number, BOT, f"**?**\n\n{marker('retrospective_prompt', number=number)}", NOW)


def test_threads_that_were_cut_off_are_written_in_the_next_run() -> None:
    mine = issue(2, author=BOT, user_notes_count=2)
    plan = planned(FakeReader([mine], comments=[prompt_note(1), prompt_note(3)]))
    assert threads(plan) == [f"**{OWN.prompts[1]}**", f"**{OWN.prompts[3]}**"]
    assert all(step.change.issue == IssueId(7, 2) for step in plan.steps if isinstance(step.change, WriteNote))


@pytest.mark.parametrize(
    "there",
    [
        issue(2, author=BOT, user_notes_count=2, created_at=NOW - dt.timedelta(days=3)),
        issue(2, author=BOT, user_notes_count=4),
        issue(2, user_notes_count=0),
    ],
    ids=["a person has deleted one", "complete", "a person's own issue"],
)
def test_threads_are_not_written_again(there: Issue) -> None:
    reader = FakeReader([there])
    assert planned(reader) == Plan()
    assert [each for each in reader.asked if each.startswith("comments")] == []


def test_requests_do_not_grow_with_groups_and_projects() -> None:
    one, all_of_them = FakeReader(), FakeReader()
    planned(one)
    planned(all_of_them, groups=SECTION.groups)
    assert one.asked == all_of_them.asked
    assert len(one.asked) == 5


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope(), [group.name for group in SECTION.groups]),
        (Scope(name="static analysis"), ["Static Analysis"]),
        (Scope(name="group::SAST"), ["Static Analysis"]),
        (Scope(name="sec/retrospectives/api-security#3"), ["API Security"]),
        (Scope(reference=Reference("sec/retrospectives/api-security", 3)), ["API Security"]),
        (Scope(reference=Reference("sec/product", 3)), []),
    ],
)
def test_what_a_run_is_about(scope: Scope, names: list[str]) -> None:
    assert [group.name for group in groups_in(scope, SECTION)] == names


def test_a_name_that_the_directory_does_not_have_is_told() -> None:
    with pytest.raises(WrongInput, match=r"There is no group 'Nobody' in section\.yml\. There are: Anti-abuse, Authen"):
        groups_in(Scope(name="Nobody"), SECTION)


# -- follow-ups ------------------------------------------------------------------------------------------------------

OLD = NOW - dt.timedelta(days=60)


def follow_up(**fields: Any) -> Issue:
    value = issue(3, labels=("follow-up",), milestone=None, updated_at=OLD, due_on=dt.date(2026, 8, 1))
    return replace(value, **({"assignees": (User(30, "dev.wren"),)} | fields))


def reminders(*issues: Issue, comments: list[Note] | None = None, now: dt.datetime = NOW) -> list[WriteNote]:
    plan = planned(FakeReader([issue(2), *issues], comments=comments), now=now)
    return [step.change for step in plan.steps if isinstance(step.change, WriteNote)]


def test_who_is_late_with_a_follow_up_is_reminded_in_one_note() -> None:
    [change] = reminders(follow_up())
    assert (change.project_path, change.iid, change.issue) == ("sec/retrospectives/static-analysis", 3, IssueId(7, 3))
    assert change.body == (
        "@dev.wren, this follow-up was due on **2026-08-01**, 23 days ago.\n\n"
        "Is it done? Then close it. Is it still worth doing? Then give it a new due date, and say what it needs. Else "
        "close it with a sentence why.\n\n"
        "This is the only reminder in milestone 19.4.\n\n"
        "<!-- sectionbot:follow_up_reminder milestone=19.4 -->"
    )


@pytest.mark.parametrize("assignees", [(), (User(30, "dev.wren", state="blocked"),)])
def test_where_nobody_is_assigned_the_manager_is_asked(assignees: tuple[User, ...]) -> None:
    [change] = reminders(follow_up(assignees=assignees))
    assert change.body.startswith(f"@{STATIC.people.engineering_manager}, this follow-up was due on")
    assert "Nobody is assigned. Who takes it, and by when?" in change.body


@pytest.mark.parametrize(
    "quiet",
    [
        follow_up(due_on=None),
        follow_up(due_on=dt.date(2026, 8, 24)),
        follow_up(due_on=dt.date(2026, 8, 17)),
        follow_up(updated_at=NOW - dt.timedelta(days=6)),
        follow_up(state="closed"),
        follow_up(project_path="sec/product"),
        follow_up(labels=("retrospective",)),
    ],
    ids=["no date", "due today", "just overdue", "somebody is at it", "closed", "elsewhere", "no follow-up"],
)
def test_nobody_is_reminded_too_early_or_of_what_is_done(quiet: Issue) -> None:
    assert reminders(quiet) == []


def test_there_is_one_reminder_a_milestone() -> None:
    told = Note(9, BOT, "...\n\n<!-- sectionbot:follow_up_reminder milestone=19.4 -->", OLD)
    late = follow_up(user_notes_count=1)
    assert reminders(late, comments=[told]) == []
    # A person who copies the bot's marker silences nothing.
    assert len(reminders(late, comments=[replace(told, author=User(30, "dev.wren"))])) == 1
    next_milestone = dt.datetime(2026, 9, 14, tzinfo=dt.UTC)
    assert len(reminders(late, comments=[told], now=next_milestone)) == 1


def test_in_a_shared_project_a_copied_marker_makes_an_issue_nobody_elses() -> None:
    data = yaml.safe_load((ROOT / "config" / "section.yml").read_text("utf-8"))
    for each in data["stages"][1]["groups"][:2]:
        each["retrospective_project"] = "sec/retrospectives/shared"
    section = TypeAdapter(SectionSettings).validate_python(data)
    one, other = section.stages[1].groups[:2]
    copied = marker(MARKER, group=hash_of(other.label), milestone="19.4")
    there = issue(2, project_path="sec/retrospectives/shared", labels=("retrospective", one.label), description=copied)
    plan = planned(FakeReader([there]), groups=(one, other), section=section)
    assert [each.title for each in opened(plan)] == [f"{other.name}: retrospective of 19.4"]
    its_own = replace(there, author=BOT, user_notes_count=4)
    plan = planned(FakeReader([its_own]), groups=(one, other), section=section)
    assert [each.title for each in opened(plan)] == [f"{one.name}: retrospective of 19.4"]
