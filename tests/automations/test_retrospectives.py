"""Which retrospectives are opened, on which day, and what is in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from bot.automations.retrospectives.facts import MARKER, NOTE_MARKER, issue_marker, prompt_marker, written_marker
from bot.automations.retrospectives.scope import look_at
from bot.domain.changes import LinkNote, WriteNote
from bot.domain.errors import GitLabUnreachable, WrongInput
from bot.domain.markers import marker
from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import Discussion, Issue, IssueId, MilestoneId, Note, Reference, User
from bot.domain.text_hash import hash_of
from bot.settings.section import SectionSettings
from tests.automations.retrospectives import (
    BOT,
    OWN_MILESTONE,
    ROOT,
    SECTION,
    SETUP,
    STATIC,
    FakeReader,
    issue,
    member,
    notes_of,
    opened,
    planned,
    setup,
    thread,
    threads,
)
from tests.automations.retrospectives import OPENING_DAY as NOW

OWN = SETUP.own
# 19.3's section has closed its retrospective for more than a week, and 19.4 does not end yet.
MILESTONE = SETUP.releases.calendar.milestone_on(NOW.date())
IDLE_DAY = dt.datetime(2026, 9, 1, 6, 0, tzinfo=dt.UTC)


def test_a_group_gets_its_issue_with_its_manager_and_a_thread_for_each_prompt() -> None:
    manager = User(77, STATIC.people.engineering_manager)
    plan = planned(FakeReader(users={manager.username: manager}))
    [create] = opened(plan)
    assert (create.project_path, create.title, create.confidential) == (
        "sec/retrospectives/static-analysis",
        "Static Analysis: retrospective of 19.4",
        True,
    )
    assert create.labels == ("retrospective", "group::static analysis", "section::sec")
    assert (create.milestone_id, create.due_on, create.assignee_ids) == (94, dt.date(2026, 9, 11), (manager.id,))
    assert threads(plan) == [f"**{prompt}**" for prompt in OWN.prompts]
    *prompts, note, link = plan.steps[1:]
    assert {step.needs for step in prompts} == {(create.key,)}
    assert [step.after for step in prompts[1:]] == [(step.change.key,) for step in prompts[:-1]]
    # The note comes last: where it is, the opening was complete.
    assert note.change.key == f"note {create.key} sectionbot:retrospective_note"
    assert note.needs == (create.key, *(step.change.key for step in prompts))
    assert isinstance(link.change, LinkNote) and link.needs == (create.key, note.change.key)
    assert link.change.before == hash_of(create.description) and link.change.placeholder in create.description


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
        "your points at any time in the milestone, best as soon as you notice them.\n\n"
        "It was opened confidential, and the bot leaves it so.\n\n"
        "| When | What |\n| --- | --- |\n"
        "| Monday 2026-09-07 | The section's retrospective begins |\n"
        "| Wednesday 2026-09-09 | The bot's note shows what shipped and what slipped, and the team is mentioned |\n"
        "| Friday 2026-09-11 | This milestone ends: by then the group holds its retrospective, and closes this "
        "issue |\n"
        "| Thursday 2026-09-17 | 19.4 is released |\n\n"
        "## How it works\n\n"
        "1. Answer in the threads below, one point for each reply; agree with an emoji.\n"
        "2. What shipped and what slipped stands in the bot's note<!-- sectionbot:note_link -->. A comment with the "
        "line `sectionbot refresh` brings it up to date, at the latest by the next morning.\n"
        "3. What is worth the whole section's attention, bring before it: write the line `sectionbot bubble up` right "
        "below the point, as an answer in its thread, or into the point itself.\n"
        '4. What the group decides to do becomes an issue in this project with the label ~"follow-up", an assignee '
        "and a due date.\n"
        "5. When the group has held its retrospective, close this issue.\n\n"
        "## Follow-ups from earlier retrospectives\n\n"
        "- [ ] #3+ 40 days old, assigned to nobody\n"
        "- [ ] #5+ 0 days old, **overdue since 2026-08-20**\n\n"
        f"<!-- sectionbot:retrospective group={hash_of('group::static analysis')} milestone=19.4 -->\n"
        f"<!-- sectionbot:retrospective_written text={hash_of(text.split(chr(10) * 2 + '<!-- section')[0])} -->"
    )


def test_a_group_can_have_its_own_prompts() -> None:
    plan = planned(FakeReader(), using=setup(groups=[{"group": "sast", "prompts": []}]))
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
            user_notes_count=5,
        ),
    ],
    ids=["by a person", "closed", "renamed", "moved away", "in another letter case", "label taken off"],
)
def test_one_that_is_there_stays_the_only_one(there: Issue) -> None:
    assert planned(FakeReader([there], comments=own_notes(1, 2, 3, 4))).steps == ()


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
                "Static Analysis has more than one retrospective for 19.4: #2 counts; close #4.",
            )
        ],
    )


def test_without_the_milestone_nothing_is_opened_and_it_is_said() -> None:
    plan = planned(FakeReader(milestones=()))
    assert (plan.steps, [notice.sentence for notice in plan.notices]) == (
        (),
        [
            "GitLab has no milestone 19.4 in sec or above, so the retrospectives of Static Analysis cannot be opened. "
            "Make it in sec."
        ],
    )
    assert plan.notices[0].kind is NoticeKind.WRONG


@pytest.mark.parametrize("above", [12, 400])
def test_of_two_milestones_with_one_title_the_sections_own_is_used(above: int) -> None:
    found = (MilestoneId(above, "19.4", 2), OWN_MILESTONE)
    plan = planned(FakeReader(milestones=found))
    assert opened(plan)[0].milestone_id == 94
    assert [notice.sentence for notice in plan.notices] == [
        "GitLab has 2 milestones 19.4 in the groups above sec/retrospectives/static-analysis; the one with the id 94 "
        "is used. Close or rename the other."
    ]


@pytest.mark.parametrize("users", [{}, {"em.uma": User(9, "em.uma", state="blocked")}])
def test_a_manager_without_an_account_is_said_and_stops_nothing(users: dict[str, User]) -> None:
    manager = STATIC.people.engineering_manager
    renamed = {name.replace("em.uma", manager): user for name, user in users.items()}
    plan = planned(FakeReader(users=renamed))
    assert opened(plan)[0].assignee_ids == ()
    assert [notice.sentence for notice in plan.notices] == [
        f"The manager of Static Analysis, {manager}, has no active account: nobody is assigned."
    ]


def section_with(**projects: str | None) -> SectionSettings:
    """The section, with other projects for the retrospectives of groups, by the first word of their names."""
    data = yaml.safe_load((ROOT / "config" / "section.yml").read_text("utf-8"))
    for each in (group for stage in data["stages"] for group in stage["groups"]):
        first = each["name"].split()[0].lower()
        each["retrospective_project"] = projects.get(first, each["retrospective_project"])
    return TypeAdapter(SectionSettings).validate_python(data)


def test_a_group_without_a_project_gets_none() -> None:
    assert planned(FakeReader(), using=replace(SETUP, section=section_with(static=None))) == Plan()


SHARED = replace(SETUP, section=section_with(static="sec/retrospectives/shared", dynamic="sec/retrospectives/shared"))


def opened_in_shared(*there: Issue) -> list[str]:
    plan = planned(FakeReader(list(there)), scope=Scope(), using=SHARED)
    return [each.title for each in opened(plan) if each.project_path == "sec/retrospectives/shared"]


def test_groups_that_share_a_project_have_one_each() -> None:
    there = issue(2, project_path="sec/retrospectives/shared", labels=("retrospective", STATIC.label))
    assert opened_in_shared() == ["Dynamic Analysis: retrospective of 19.4", "Static Analysis: retrospective of 19.4"]
    assert opened_in_shared(there) == ["Dynamic Analysis: retrospective of 19.4"]


def test_in_a_shared_project_a_copied_marker_makes_an_issue_nobody_elses() -> None:
    copied = marker(MARKER, group=hash_of("group::dynamic analysis"), milestone="19.4")
    labels = ("retrospective", STATIC.label)
    there = issue(2, project_path="sec/retrospectives/shared", labels=labels, description=copied)
    assert opened_in_shared(there) == ["Dynamic Analysis: retrospective of 19.4"]
    its_own = replace(there, author=BOT, user_notes_count=5)
    assert opened_in_shared(its_own) == ["Static Analysis: retrospective of 19.4"]


def own_notes(*numbers: int) -> list[Note]:
    """The bot's note, and the prompts with these numbers."""
    bodies = [NOTE_MARKER, *(f"**?**\n\n{prompt_marker(number)}" for number in numbers)]
    return [Note(at, BOT, body, NOW) for at, body in enumerate(bodies, start=1)]


def test_threads_that_were_cut_off_are_written_in_the_next_run() -> None:
    mine = issue(2, author=BOT, user_notes_count=2)
    plan = planned(FakeReader([mine], comments=own_notes(1, 3)[1:]))
    assert threads(plan) == [f"**{OWN.prompts[1]}**", f"**{OWN.prompts[3]}**"]
    assert all(step.change.at == IssueId(7, 2) for step in plan.steps if isinstance(step.change, WriteNote))


def own_description(text: str = "") -> str:
    text = text or "It stands in the bot's note<!-- sectionbot:note_link -->."
    mark = issue_marker(STATIC, MILESTONE)
    return f"{text}\n\n{mark}\n{written_marker(text)}"


def test_a_note_and_a_link_that_were_cut_off_are_made_in_the_next_run() -> None:
    mine = issue(2, author=BOT, user_notes_count=0, description=own_description())
    plan = planned(FakeReader([mine]))
    assert [step.change.kind for step in plan.steps] == [*["write note"] * 5, "link note"]
    complete = replace(mine, user_notes_count=5)
    plan = planned(FakeReader([complete], comments=own_notes(1, 2, 3, 4)))
    assert [step.change.kind for step in plan.steps] == ["link note"]


def test_a_description_that_a_person_has_edited_gets_no_link() -> None:
    edited = own_description().replace("It stands", "IT STANDS")
    mine = issue(2, author=BOT, user_notes_count=5, description=edited)
    assert planned(FakeReader([mine], comments=own_notes(1, 2, 3, 4))) == Plan()


@pytest.mark.parametrize(
    ("there", "notes"),
    [
        (issue(2, author=BOT, user_notes_count=3), own_notes(1, 4)),
        (issue(2, author=BOT, user_notes_count=1), own_notes()),
        (issue(2, author=BOT, user_notes_count=5), own_notes(1, 2, 3, 4)),
        (issue(2, author=BOT, user_notes_count=2, created_at=NOW - dt.timedelta(days=3)), own_notes(1)[1:]),
        (issue(2, user_notes_count=0), []),
    ],
    ids=["a person has deleted two", "all of them", "complete", "long ago", "a person's own issue"],
)
def test_threads_are_not_written_again(there: Issue, notes: list[Note]) -> None:
    assert planned(FakeReader([there], comments=notes)) == Plan()


def test_where_nothing_happened_nothing_is_read() -> None:
    reader = FakeReader([issue(2, author=BOT, user_notes_count=5)])
    assert planned(reader, now=IDLE_DAY) == Plan()
    assert [each for each in reader.asked if each.startswith("discussions")] == []


# -- which issue it is -------------------------------------------------------------------------------------------------


def marked(**fields: Any) -> Issue:
    """The retrospective of 19.4 that the bot has opened."""
    value = issue(2, author=BOT, user_notes_count=5, description=f"text\n\n{issue_marker(STATIC, MILESTONE)}")
    return replace(value, **fields)


@pytest.mark.parametrize(
    "changed",
    [
        {"milestone": None},
        {"milestone": None, "labels": ()},
        {"milestone": "19.5"},
        {"labels": ()},
    ],
    ids=[
        "milestone taken off",
        "label and milestone taken off",
        "moved on with the unfinished work",
        "label taken off",
    ],
)
def test_the_bots_own_is_known_by_its_marker_whatever_people_do_to_it(changed: dict[str, Any]) -> None:
    plan = planned(FakeReader([marked(**changed)], comments=own_notes(1, 2, 3, 4)))
    assert plan.steps == ()
    milestone = changed.get("milestone", "19.4")
    told = [
        "#2 is the retrospective of Static Analysis for 19.4, but it has "
        f"{f'the milestone {milestone}' if milestone else 'no milestone'}: set the right one."
    ]
    assert [notice.sentence for notice in plan.notices] == (told if milestone != "19.4" else [])


def test_last_months_that_moved_on_with_its_work_is_not_this_months() -> None:
    september = dt.datetime(2026, 9, 21, 6, tzinfo=dt.UTC)
    old = marked(milestone="19.5", state="closed")
    plan = planned(FakeReader([old], comments=own_notes(1)), now=september)
    assert [each.title for each in opened(plan)] == ["Static Analysis: retrospective of 19.5"]


def test_a_group_whose_label_was_corrected_keeps_its_retrospective() -> None:
    before = f"text\n\n{marker(MARKER, group=hash_of('group::sast'), milestone='19.4')}"
    assert opened(planned(FakeReader([marked(description=before)]))) == []


def test_an_issue_of_the_bot_that_is_no_retrospective_is_none() -> None:
    summary = issue(2, author=BOT, labels=(), description="A summary that a policy wrote")
    assert len(opened(planned(FakeReader([summary])))) == 1


def test_the_first_marker_of_a_description_counts() -> None:
    later = marker(MARKER, group=hash_of(STATIC.label), milestone="19.5")
    old = marked(description=f"text\n\n{issue_marker(STATIC, MILESTONE)}\n{later}", state="closed")
    september = dt.datetime(2026, 9, 21, 6, tzinfo=dt.UTC)
    assert len(opened(planned(FakeReader([old]), now=september))) == 1


@pytest.mark.parametrize(
    "older",
    [
        issue(1, state="closed"),
        issue(1, is_duplicate=True, state="closed"),
        issue(1, moved=True, state="closed"),
        issue(1),
    ],
    ids=["closed", "a duplicate", "moved", "open"],
)
def test_of_several_the_bots_own_counts(older: Issue) -> None:
    wren = User(31, "dev.wren")
    asked = Note(20, wren, "sectionbot refresh", NOW)
    reader = FakeReader(
        [older, marked(iid=11, id=1011, user_notes_count=6)],
        discussions={1: [], 11: [thread(asked)]},
        members={7: (member(wren),)},
    )
    assert 11 in [change.iid for change in notes_of(planned(reader))]


def test_one_that_was_moved_away_is_told_and_left_alone() -> None:
    plan = planned(FakeReader([issue(2, state="closed", moved=True)]))
    assert (plan.steps, [notice.sentence for notice in plan.notices]) == (
        (),
        [
            "The retrospective of Static Analysis for 19.4, #2, was moved away or closed as a duplicate: the bot "
            "leaves it alone, and opens no other."
        ],
    )


def test_when_the_second_was_closed_nothing_more_is_said() -> None:
    assert planned(FakeReader([issue(2), issue(4, state="closed")])).notices == ()


def test_one_group_that_gitlab_does_not_show_stops_no_other() -> None:
    class Broken(FakeReader):
        def discussions(self, issue: IssueId) -> tuple[Discussion, ...]:
            raise GitLabUnreachable("GET discussions", "status 500")

    there = issue(2, user_notes_count=1)
    plan = planned(Broken([there]), scope=Scope())
    assert len(opened(plan)) == 10
    assert [notice.sentence for notice in plan.notices] == [
        "GitLab does not show what was said in sec/retrospectives/static-analysis#2: GitLab did not answer GET "
        "discussions: status 500"
    ]


def test_opened_late_the_same_run_does_what_follows() -> None:
    on_time = planned(FakeReader())
    late = planned(FakeReader(), now=dt.datetime(2026, 9, 9, 6, tzinfo=dt.UTC))
    assert (on_time.look_again, late.look_again) == ("", "the note, the mention and the section's table")


def test_a_group_can_have_its_own_template() -> None:
    texts = {**SETUP.templates.texts, "retrospectives/own.md": "{{ group }} in {{ milestone }}: {{ bot_note }}"}
    own = replace(
        setup(groups=[{"group": "sast", "template": "retrospectives/own.md"}]),
        templates=replace(SETUP.templates, texts=texts),
    )
    text = opened(planned(FakeReader(), using=own))[0].description
    assert text.startswith("Static Analysis in 19.4: the bot's note<!-- sectionbot:note_link -->\n\n<!-- ")


def test_requests_do_not_grow_with_groups_and_projects() -> None:
    one, all_of_them = FakeReader(), FakeReader()
    planned(one, now=IDLE_DAY)
    planned(all_of_them, scope=Scope(), now=IDLE_DAY)
    assert one.asked == all_of_them.asked
    assert len(one.asked) == 6


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
    assert [group.name for group in look_at(scope, FakeReader(), SETUP, NOW).groups] == names


def test_a_name_that_the_directory_does_not_have_is_told() -> None:
    with pytest.raises(WrongInput, match=r"There is no group 'Nobody' in section\.yml\. There are: Anti-abuse, Authen"):
        look_at(Scope(name="Nobody"), FakeReader(), SETUP, NOW)
    with pytest.raises(
        WrongInput, match="no group 'Static Analisys' in section.yml. Perhaps you meant 'Static Analysis'"
    ):
        look_at(Scope(name="Static Analisys"), FakeReader(), SETUP, NOW)


# -- follow-ups ------------------------------------------------------------------------------------------------------

OLD = NOW - dt.timedelta(days=60)


def follow_up(**fields: Any) -> Issue:
    value = issue(3, labels=("follow-up",), milestone=None, updated_at=OLD, due_on=dt.date(2026, 8, 1))
    return replace(value, **({"assignees": (User(30, "dev.wren"),)} | fields))


def test_in_the_sections_own_project_the_dri_is_asked() -> None:
    late = follow_up(project_path="sec/retrospectives/section", project_id=70, assignees=())
    plan = planned(FakeReader([issue(2), late]), scope=Scope())
    [change] = [each for each in notes_of(plan) if "follow_up_reminder" in each.marker]
    assert change.body.startswith("@dri.sec, this follow-up was due on")


def test_of_groups_that_share_a_project_the_one_with_the_label_is_asked() -> None:
    shared = "sec/retrospectives/shared"
    late = follow_up(project_path=shared, assignees=(), labels=("follow-up", STATIC.label))
    nobodys = follow_up(id=9, iid=9, project_path=shared, assignees=(), labels=("follow-up",))
    plan = planned(FakeReader([late, nobodys]), scope=Scope(), using=SHARED)
    asked = {each.iid: each.body.split(",")[0] for each in notes_of(plan) if "follow_up_reminder" in each.marker}
    assert asked == {3: "@em.gwen", 9: "@em.cato"}


def test_a_flood_of_follow_ups_is_reminded_of_bit_by_bit() -> None:
    flood = [follow_up(id=100 + n, iid=100 + n, user_notes_count=1) for n in range(300)]
    reader = FakeReader([issue(2), *flood])
    plan = planned(reader, now=IDLE_DAY)
    assert len([each for each in notes_of(plan) if "follow_up_reminder" in each.marker]) == 20
    assert len([each for each in reader.asked if each.startswith("own note")]) == 100
    # Those that were reminded take no other's place.
    told = [Note(9, BOT, "<!-- sectionbot:follow_up_reminder milestone=19.4 -->", OLD)]
    quiet = setup(follow_up_quiet_days=0)
    later = planned(
        FakeReader(
            [issue(2), *flood[:25], *(replace(each, user_notes_count=0) for each in flood[25:40])], comments=told
        ),
        now=IDLE_DAY,
        using=quiet,
    )
    assert len([each for each in notes_of(later) if "follow_up_reminder" in each.marker]) == 15


def test_a_template_that_cannot_be_rendered_stops_no_other_group() -> None:
    texts = {**SETUP.templates.texts, "retrospectives/own.md": "{{ days[9].day }}"}
    own = setup(groups=[{"group": "sast", "template": "retrospectives/own.md"}])
    plan = planned(FakeReader(), scope=Scope(), using=replace(own, templates=replace(SETUP.templates, texts=texts)))
    assert len(opened(plan)) == 10
    [notice] = plan.notices
    assert notice.kind is NoticeKind.WRONG
    assert notice.sentence.startswith("The retrospective of Static Analysis was not opened: ")


def test_a_note_that_is_missing_and_asked_for_is_written_once_in_a_run() -> None:
    wren = User(31, "dev.wren")
    asked = Note(20, wren, "sectionbot refresh", NOW)
    reader = FakeReader([marked(user_notes_count=1)], discussions={2: [thread(asked)]}, members={7: (member(wren),)})
    plan = planned(reader)
    assert len([each for each in notes_of(plan) if each.marker == NOTE_MARKER]) == 1
    assert plan.look_again == "the note is filled"


def reminders(*issues: Issue, comments: list[Note] | None = None, now: dt.datetime = NOW) -> list[WriteNote]:
    plan = planned(FakeReader([issue(2), *issues], comments=comments), now=now)
    return [each for each in notes_of(plan) if "follow_up_reminder" in each.marker]


def test_who_is_late_with_a_follow_up_is_reminded_in_one_note() -> None:
    [change] = reminders(follow_up())
    assert (change.namespace_path, change.iid, change.at) == ("sec/retrospectives/static-analysis", 3, IssueId(7, 3))
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
