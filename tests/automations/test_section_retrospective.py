"""The section's own retrospective: when it opens, what its note shows to whom, and whom it asks when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.retrospectives.facts import section_marker
from bot.automations.retrospectives.section_issue import CLOSING_MARKER, REVIEW_MARKER, SECTION_NOTE_MARKER
from bot.automations.retrospectives.setup import Setup
from bot.domain.changes import LinkNote, WriteNote
from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import AccessLevel, Discussion, Issue, IssueId, Note, User
from tests.automations.retrospectives import (
    BOT,
    COMPOSITION,
    DYNAMIC,
    SECTION_PATH,
    SETUP,
    STATIC,
    FakeReader,
    issue,
    member,
    note,
    notes_of,
    opened,
    planned,
    project,
    setup,
    thread,
)

MONDAY = dt.datetime(2026, 9, 7, 6, tzinfo=dt.UTC)
PEOPLE = {name: User(at, name) for at, name in enumerate(("dev.jono", "dev.fern", "dev.bria", "out.sider"), start=50)}
JONO, FERN, BRIA, OUTSIDER = PEOPLE.values()
EVERYBODY = (member(JONO), member(FERN), member(BRIA))
MILESTONE = SETUP.releases.calendar.milestone_on(dt.date(2026, 9, 1))
SECTION_ISSUE = issue(
    1, id=1, author=BOT, project_id=70, project_path=SECTION_PATH, description=section_marker(MILESTONE)
)


def retro(iid: int, group: Any, **fields: Any) -> Issue:
    path = group.retrospective_project
    return replace(
        issue(iid, id=100 + iid, author=BOT, project_id=iid, project_path=path, user_notes_count=5), **fields
    )


RETROS = (retro(11, STATIC), retro(12, DYNAMIC), retro(13, COMPOSITION))
PROJECTS = (project(SECTION_PATH, 70), *(project(each.project_path, each.project_id) for each in RETROS))
UP = "sectionbot bubble up"


def plan_of(
    *retros: Issue,
    discussions: Mapping[int, list[Discussion]] | None = None,
    section: Issue | None = SECTION_ISSUE,
    now: dt.datetime = MONDAY,
    using: Setup = SETUP,
    **more: Any,
) -> Plan:
    given = [*(retros or RETROS), *([section] if section is not None else []), *more.pop("others", ())]
    scope = more.pop("scope", Scope())
    members = more.pop("members", {}) or dict.fromkeys((11, 12, 13, 70), EVERYBODY)
    reader = FakeReader(
        given,
        discussions={1: [], 11: [], 12: [], 13: []} | dict(discussions or {}),
        members=members,
        projects=more.pop("projects", PROJECTS),
        **more,
    )
    return planned(reader, now=now, scope=scope, using=using)


def of_section(plan: Plan) -> list[WriteNote]:
    return [each for each in notes_of(plan) if each.namespace_path == SECTION_PATH]


def shown(plan: Plan) -> str:
    [found] = [each for each in of_section(plan) if each.marker == SECTION_NOTE_MARKER]
    return found.body


def part(plan: Plan, heading: str) -> str:
    return shown(plan).partition(f"## {heading}\n\n")[2].partition("\n\n## ")[0].partition("\n\n<!--")[0]


def point(note_id: int, text: str, who: User, *replies: Note) -> Discussion:
    return thread(note(note_id, text, who), *replies)


def bubbled(note_id: int, text: str, who: User) -> list[Discussion]:
    return [point(note_id, text, who, note(note_id + 1, UP, who))]


# -- the issue ---------------------------------------------------------------------------------------------------------


def test_it_opens_in_the_week_in_which_the_milestone_ends() -> None:
    plan = plan_of(section=None, users={"dri.sec": User(60, "dri.sec")})
    [create] = [each for each in opened(plan) if each.project_path == SECTION_PATH]
    assert (create.title, create.labels, create.confidential) == (
        "Sec: retrospective of 19.4",
        ("retrospective", "section::sec"),
        True,
    )
    assert (create.milestone_id, create.due_on, create.assignee_ids) == (94, dt.date(2026, 9, 18), (60,))
    for line in (
        "| The groups hold their retrospectives, and topics bubble up | until Friday 2026-09-11 |",
        "| Everybody is asked to read and comment here | Monday 2026-09-14 |",
        "- [ ] On Friday 2026-09-18: share a summary of the discussion, here and in chat",
        "- [ ] Promote the summary where people look",
        "The DRI is `dri.sec`.\n**Would you like to lead this one?** Assign yourself:",
    ):
        assert line in create.description
    note_, link = [step for step in plan.steps if getattr(step.change, "created_by", "") == create.key]
    assert isinstance(link.change, LinkNote) and link.needs == (create.key, note_.change.key)


@pytest.mark.parametrize(
    ("day", "count"),
    [("2026-09-06", 0), ("2026-09-07", 1), ("2026-09-12", 1), ("2026-09-18", 1), ("2026-09-19", 0)],
)
def test_the_days_on_which_it_may_be_opened(day: str, count: int) -> None:
    plan = plan_of(section=None, now=dt.datetime.fromisoformat(f"{day}T06:00:00+00:00"))
    assert len([each for each in opened(plan) if each.project_path == SECTION_PATH and "19.4" in each.title]) == count


@pytest.mark.parametrize("there", [SECTION_ISSUE, replace(SECTION_ISSUE, author=User(30, "em.vera"), description="")])
def test_it_is_opened_once_whoever_opened_it(there: Issue) -> None:
    assert [each for each in opened(plan_of(section=there)) if each.project_path == SECTION_PATH] == []


def test_of_two_the_first_counts() -> None:
    other = replace(SECTION_ISSUE, id=2, iid=5, description="", author=User(30, "em.vera"))
    plan = plan_of(others=(other,))
    assert [each.sentence for each in plan.notices if each.subject == SECTION_PATH] == [
        "The section has more than one retrospective for 19.4: #1 counts; close #5."
    ]


def test_without_milestone_or_dri_it_is_told() -> None:
    plan = plan_of(section=None, milestones=())
    assert (
        NoticeKind.WRONG,
        "GitLab has no milestone 19.4 in sec or above, so the section's retrospective cannot be opened. Make it in "
        "sec.",
    ) in [(each.kind, each.sentence) for each in plan.notices]
    plan = plan_of(section=None, users={})
    assert "The DRI of the section, dri.sec, has no active account: nobody is assigned." in [
        each.sentence for each in plan.notices
    ]


def test_a_section_without_a_project_or_a_look_at_one_group_has_none() -> None:
    without = replace(SETUP, section=replace(SETUP.section, retrospective_project=None))
    assert of_section(plan_of(using=without)) == []
    assert of_section(plan_of(scope=Scope(name="Static Analysis"))) == []
    assert of_section(plan_of(scope=Scope(name="Sec"))) != []


def test_without_a_call_for_volunteers() -> None:
    quiet = setup(section={"title": "{section} {milestone}", "calls_for_volunteer": False, "confidential": False})
    [create] = [each for each in opened(plan_of(section=None, using=quiet)) if each.project_path == SECTION_PATH]
    assert "Would you like" not in create.description
    assert (create.title, create.confidential) == ("Sec 19.4", False)


# -- its note ----------------------------------------------------------------------------------------------------------


def test_where_the_groups_are() -> None:
    plan = plan_of(
        retro(11, STATIC, state="closed"),
        retro(12, DYNAMIC),
        discussions={
            11: [point(20, "A", JONO, note(21, "B", FERN), note(22, UP, FERN)), point(23, "**prompt**", BOT)],
            12: [thread(note(30, "GitLab closed it", JONO, is_system=True))],
        },
    )
    rows = part(plan, "Where the groups are in 19.4").splitlines()
    assert rows[:2] == ["| Group | Retrospective | Held | Threads | Comments |", "| --- | --- | --- | --- | --- |"]
    assert "| Static Analysis | sec/retrospectives/static-analysis#11 | yes | 1 | 2 |" in rows
    assert "| Dynamic Analysis | sec/retrospectives/dynamic-analysis#12 | not yet | 0 | 0 |" in rows
    assert "| API Security | none | not yet | 0 | 0 |" in rows
    assert len(rows) == 2 + 11
    groups = tuple(replace(each, retrospective_project=None) for each in SETUP.section.stages[0].groups)
    stages = (replace(SETUP.section.stages[0], groups=groups), *SETUP.section.stages[1:])
    lacking = plan_of(using=replace(SETUP, section=replace(SETUP.section, stages=stages)))
    assert "| Compliance | the group has no project | not yet | 0 | 0 |" in shown(lacking)


def test_the_most_upvoted_topic_comes_first() -> None:
    plan = plan_of(
        discussions={
            11: bubbled(20, "Reviews take *days*", JONO),
            12: bubbled(30, "- The build was [red](https://evil.example) @all", FERN),
            13: bubbled(40, "Praise", BRIA),
        },
        emoji={20: 2, 30: 5, 40: 2},
    )
    url = "https://gitlab.example.com/sec/retrospectives"
    assert part(plan, "What bubbled up").splitlines() == [
        "1. :thumbsup: 5 · Dynamic Analysis: The build was \\[\u2060red\\](https\u2060://evil.example) @\u2060all "
        f"([thread]({url}/dynamic-analysis/-/issues/12#note_30))",
        "1. :thumbsup: 2 · Static Analysis: Reviews take \\*days\\* "
        f"([thread]({url}/static-analysis/-/issues/11#note_20))",
        f"1. :thumbsup: 2 · Composition Analysis: Praise ([thread]({url}/composition-analysis/-/issues/13#note_40))",
    ]


PROMPT = note(20, "**What did not go well?**")


@pytest.mark.parametrize(
    ("discussion", "topic"),
    [
        (thread(PROMPT, note(21, "Point A", JONO), note(22, UP, FERN)), "Point A"),
        (thread(PROMPT, note(21, "Point A", JONO), note(22, "Point B", JONO), note(23, UP, FERN)), "Point B"),
        (thread(PROMPT, note(21, "Point A", JONO), note(22, UP, FERN), note(23, "Point C", JONO)), "Point A"),
        (thread(PROMPT, note(21, "Point A", JONO), note(22, f"Own words\n\n{UP}", FERN)), "Own words"),
        (thread(note(21, "First", JONO), note(22, "Second", FERN), note(23, UP, FERN)), "First"),
        (thread(note(21, f"# Heading\n\ntext\n{UP}", JONO)), "Heading"),
    ],
    ids=["below a prompt", "the point before", "not the one after", "with words of its own", "a thread", "a comment"],
)
def test_what_a_command_is_about(discussion: Discussion, topic: str) -> None:
    assert f"Static Analysis: {topic} ([thread]" in part(plan_of(discussions={11: [discussion]}), "What bubbled up")


@pytest.mark.parametrize(
    "discussion",
    [
        thread(PROMPT, note(22, UP, FERN)),
        thread(note(21, "First", JONO), note(22, UP, OUTSIDER)),
        thread(note(21, "First", JONO), note(22, f"> {UP}", FERN)),
        thread(note(21, "First", JONO), note(22, "bubble up", FERN)),
        thread(note(21, UP, JONO)),
    ],
    ids=["no point yet", "no member", "quoted", "not to the bot", "nothing but the command"],
)
def test_what_does_not_bubble_up(discussion: Discussion) -> None:
    reader = FakeReader(
        [*RETROS, SECTION_ISSUE],
        discussions={1: [], 11: [discussion], 12: [], 13: []},
        members=dict.fromkeys((11, 12, 13, 70), EVERYBODY),
        projects=PROJECTS,
    )
    assert part(planned(reader, now=MONDAY, scope=Scope()), "What bubbled up") == "Nothing yet."
    # Only then are its emoji read.
    assert not any(asked.startswith("emoji") for asked in reader.asked)


THREE = {
    11: bubbled(20, "Flaky tests cost two days; runners were slow", JONO),
    12: bubbled(30, "We wait for flaky tests and slow runners", FERN),
    13: bubbled(40, "Who owns flaky tests on the RUNNERS?", BRIA),
}


def test_what_repeats_in_three_groups_is_a_theme() -> None:
    themes = part(plan_of(discussions=THREE), "What repeats").splitlines()
    assert [line.partition(" in 3 groups")[0] for line in themes] == ["- **flaky tests**", "- **runners**"]
    assert "(Static Analysis, Dynamic Analysis, Composition Analysis): [1](https://gitlab.example.com/" in themes[0]


def test_two_groups_are_no_theme_unless_the_settings_say_so() -> None:
    two = {**THREE, 13: []}
    assert part(plan_of(discussions=two), "What repeats") == "No word stands in the threads of 3 groups or more."
    using = setup(themes={"least_groups": 2, "terms": [], "ignored_words": ["Tests"]})
    themes = part(plan_of(discussions=two, using=using), "What repeats").splitlines()
    assert [line.partition(" in 2")[0] for line in themes] == ["- **flaky**", "- **runners**", "- **slow**"]


def test_several_threads_of_one_group_are_one_group() -> None:
    same = {11: [*THREE[11], *THREE[12], *THREE[13]]}
    assert part(plan_of(discussions=same), "What repeats").startswith("No word stands")


def test_a_second_run_writes_nothing() -> None:
    body = shown(plan_of(discussions=THREE))
    there = note(90, body)
    assert of_section(plan_of(discussions={**THREE, 1: [thread(there)]})) == []
    changed = of_section(plan_of(discussions={**THREE, 1: [thread(there)]}, emoji={40: 9}))
    assert [(each.note_id, each.marker) for each in changed] == [(90, SECTION_NOTE_MARKER)]


def test_a_closed_one_is_left_alone() -> None:
    assert of_section(plan_of(discussions=THREE, section=replace(SECTION_ISSUE, state="closed"))) == []


# -- who may read what -------------------------------------------------------------------------------------------------


def test_words_of_a_thread_stand_there_only_if_all_who_read_them_may_read_the_thread() -> None:
    wider = dict.fromkeys((11, 12, 13), EVERYBODY) | {70: (*EVERYBODY, member(OUTSIDER))}
    plan = plan_of(discussions=THREE, members=wider)
    assert "Flaky" not in shown(plan) and "flaky" not in shown(plan)
    assert "1. :thumbsup: 0 · Static Analysis: a thread that not everybody here may read ([thread](" in shown(plan)
    assert part(plan, "What repeats") == (
        "No word stands in the threads of 3 groups or more.\n\n"
        "3 threads that not everybody here may read are not looked at for this."
    )


@pytest.mark.parametrize(
    ("level", "is_shown"), [(AccessLevel.GUEST, True), (AccessLevel.PLANNER, False)], ids=["a guest", "a planner"]
)
def test_who_does_not_see_confidential_issues_is_no_reader(level: AccessLevel, is_shown: bool) -> None:
    wider = dict.fromkeys((11, 12, 13), EVERYBODY) | {70: (*EVERYBODY, member(OUTSIDER, level))}
    assert ("Flaky" in shown(plan_of(discussions=THREE, members=wider))) is is_shown


def test_a_reader_who_is_only_assigned_is_one() -> None:
    section = replace(SECTION_ISSUE, assignees=(OUTSIDER,))
    assert "Flaky" not in shown(plan_of(discussions=THREE, section=section))


def test_internal_comments_bubble_nowhere() -> None:
    internal = [thread(note(20, "Internal words", JONO, is_internal=True), note(21, UP, JONO, is_internal=True))]
    answered = [thread(note(20, "Words", JONO), note(22, "Internal words", FERN, is_internal=True), note(23, UP, JONO))]
    open_section = replace(SECTION_ISSUE, confidential=False)
    published = (retro(11, STATIC, confidential=False), *RETROS[1:])
    assert (
        part(plan_of(*published, discussions={11: internal}, section=open_section), "What bubbled up") == "Nothing yet."
    )
    text = shown(plan_of(*published, discussions={11: answered}, section=open_section))
    assert "Static Analysis: Words (" in text and "Internal" not in text
    # Nor are they counted.
    assert "| sec/retrospectives/static-analysis#11 | not yet | 1 | 1 |" in text


def test_a_closed_one_that_is_opened_to_more_people_is_written_for_them() -> None:
    before = note(90, shown(plan_of(discussions=THREE)))
    closed = replace(SECTION_ISSUE, state="closed", confidential=False)
    [change] = of_section(plan_of(discussions={**THREE, 1: [thread(before)]}, section=closed))
    assert change.note_id == 90 and "Flaky" not in change.body
    after = note(90, change.body)
    assert of_section(plan_of(discussions={**THREE, 1: [thread(after)]}, section=closed)) == []


def test_one_person_cannot_make_it_long() -> None:
    flood = [thread(note(1000 + 2 * n, f"Topic {n}", JONO), note(1001 + 2 * n, UP, JONO)) for n in range(500)]
    reader = FakeReader(
        [*RETROS, SECTION_ISSUE],
        discussions={1: [], 11: flood, 12: [], 13: []},
        members=dict.fromkeys((11, 12, 13, 70), EVERYBODY),
        projects=PROJECTS,
    )
    text = part(planned(reader, now=MONDAY, scope=Scope()), "What bubbled up")
    assert len([each for each in reader.asked if each.startswith("emoji")]) == 200
    assert text.count(":thumbsup:") == 100 and text.endswith("And 400 more.")
    # Nobody else's topic gives way.
    discussions = {11: flood, 12: bubbled(5000, "Flaky tests", FERN)}
    assert "Dynamic Analysis: Flaky tests" in part(plan_of(discussions=discussions, emoji={5000: 9}), "What bubbled up")
    strangers = [note(2000 + n, UP, OUTSIDER) for n in range(50)]
    crowded = thread(PROMPT, note(21, "Point A", JONO), *strangers, note(3000, UP, FERN))
    assert "Static Analysis: Point A" in part(plan_of(discussions={11: [crowded]}), "What bubbled up")


def test_a_section_issue_that_gitlab_does_not_show_stops_no_group() -> None:
    class Broken(FakeReader):
        def discussions(self, issue: IssueId) -> tuple[Discussion, ...]:
            if issue.project_id == 70:
                raise GitLabRefused(403, "403 Forbidden", "GET discussions")
            return super().discussions(issue)

    reader = Broken([*RETROS, SECTION_ISSUE], projects=PROJECTS)
    plan = planned(reader, now=dt.datetime(2026, 9, 9, 6, tzinfo=dt.UTC), scope=Scope())
    assert of_section(plan) == []
    assert len(notes_of(plan)) > 3
    assert [each.kind for each in plan.notices if each.subject == SECTION_ISSUE.reference] == [NoticeKind.REFUSED]


def test_while_a_group_is_not_shown_the_note_stays_as_it_is() -> None:
    class Silent(FakeReader):
        def discussions(self, issue: IssueId) -> tuple[Discussion, ...]:
            if issue.project_id == 11:
                raise GitLabUnreachable("GET discussions", "status 502")
            return super().discussions(issue)

    before = note(90, shown(plan_of(discussions=THREE)))
    reader = Silent(
        [*RETROS, SECTION_ISSUE],
        discussions={**THREE, 1: [thread(before)]},
        members=dict.fromkeys((11, 12, 13, 70), EVERYBODY),
        projects=PROJECTS,
    )
    plan = planned(reader, now=MONDAY, scope=Scope())
    assert of_section(plan) == []
    # It is tried again: GitLab may answer the next time.
    assert [each.kind for each in plan.notices] == [NoticeKind.FAILED]


def test_long_after_its_month_words_are_withdrawn_when_more_people_can_read_them() -> None:
    october = dt.datetime(2026, 10, 20, 6, tzinfo=dt.UTC)
    before = note(90, shown(plan_of(discussions=THREE)))
    public = replace(SECTION_ISSUE, state="closed", confidential=False, updated_at=october)
    [change] = of_section(plan_of(discussions={1: [thread(before)]}, section=public, now=october))
    assert change.body.startswith("What the groups brought up in 19.4 stood here for the members of this project.")
    after = note(90, change.body)
    assert of_section(plan_of(discussions={1: [thread(after)]}, section=public, now=october)) == []


def test_words_in_html_comments_are_not_shown() -> None:
    hidden = point(20, "<!-- I think X is bad at this -->\nPoint A", JONO, note(21, UP, JONO))
    assert "Static Analysis: Point A (" in shown(plan_of(discussions={11: [hidden]}))


def test_in_an_open_issue_only_open_threads_are_shown() -> None:
    section = replace(SECTION_ISSUE, confidential=False)
    assert "Flaky" not in shown(plan_of(discussions=THREE, section=section))
    published = (retro(11, STATIC, confidential=False), *RETROS[1:])
    text = shown(plan_of(*published, discussions=THREE, section=section))
    assert "Flaky tests cost two days" in text and "We wait" not in text


def test_on_the_day_of_its_opening_the_readers_are_those_that_it_will_have() -> None:
    wider = dict.fromkeys((11, 12, 13), EVERYBODY) | {70: (*EVERYBODY, member(OUTSIDER))}
    assert "Flaky" not in shown(plan_of(discussions=THREE, section=None, members=wider))
    text = shown(plan_of(discussions=THREE, section=None, users={}))
    assert "Flaky" in text
    # The second run of the same day finds the same.
    there = [thread(note(90, text))]
    assert of_section(plan_of(discussions={**THREE, 1: there})) == []


def test_a_project_that_is_not_known_shows_and_is_shown_nothing() -> None:
    assert "Flaky" not in shown(plan_of(discussions=THREE, projects=PROJECTS[1:]))
    hidden = plan_of(discussions=THREE, projects=(PROJECTS[0], *PROJECTS[2:]))
    assert "Flaky" not in shown(hidden) and "| Static Analysis | there is one | not yet |" in shown(hidden)
    assert "Static Analysis: a thread that not everybody here may read\n" in shown(hidden)


def test_a_private_project_is_not_named_in_a_public_one() -> None:
    private = (PROJECTS[0], project("sec/retrospectives/static-analysis", 11, "private"), *PROJECTS[2:])
    wider = dict.fromkeys((11, 12, 13), EVERYBODY) | {70: (*EVERYBODY, member(OUTSIDER))}
    assert "static-analysis" not in shown(plan_of(discussions=THREE, projects=private, members=wider))
    # Where all who read it are members there, the thread can be linked.
    assert "/static-analysis/-/issues/11#note_20" in shown(plan_of(discussions=THREE, projects=private))


def test_overdue_follow_ups_by_group() -> None:
    late = issue(
        60,
        project_path=RETROS[0].project_path,
        labels=("follow-up",),
        milestone=None,
        due_on=dt.date(2026, 9, 1),
        updated_at=MONDAY,
        confidential=False,
    )
    in_time = replace(late, id=61, iid=61, due_on=dt.date(2026, 9, 7))
    plan = plan_of(others=(late, in_time))
    assert part(plan, "Overdue follow-ups") == "- Static Analysis: 1 (sec/retrospectives/static-analysis#60+)"
    secret = replace(late, confidential=True)
    open_section = replace(SECTION_ISSUE, confidential=False)
    assert part(plan_of(others=(secret,), section=open_section), "Overdue follow-ups") == "- Static Analysis: 1"
    own = replace(late, project_path=SECTION_PATH, project_id=70)
    assert part(plan_of(others=(own,)), "Overdue follow-ups") == "- The section: 1 (#60+)"


# -- whom it asks ------------------------------------------------------------------------------------------------------


def calls(day: str, *there: Note, section: Issue = SECTION_ISSUE, **more: Any) -> list[str]:
    plan = plan_of(
        discussions={1: [thread(each) for each in there]},
        section=section,
        now=dt.datetime.fromisoformat(f"{day}T06:00:00+00:00"),
        **more,
    )
    return [each.body for each in of_section(plan) if each.marker in (REVIEW_MARKER, CLOSING_MARKER)]


def test_in_the_week_of_the_release_everybody_is_asked_once_to_read_and_comment() -> None:
    assert calls("2026-09-13") == []
    [text] = calls("2026-09-14", note(90, SECTION_NOTE_MARKER))
    assert text.startswith("@em.abel, @pm.bela, @tl.cleo, @dev.dina, @em.enzo, ")
    assert text.endswith(
        "@dev.sami: the section Sec looks back on 19.4 this week. Please read [what bubbled up]"
        "(https://gitlab.example.com/sec/retrospectives/section/-/issues/1#note_90), and comment by Friday 2026-09-18: "
        f"what do you recognise, what would help, what have you tried?\n\n{REVIEW_MARKER}"
    )
    assert len(calls("2026-09-16")) == 1
    assert calls("2026-09-16", note(91, REVIEW_MARKER)) == []
    # That it was made stands in the bot's note: whoever deletes it does not make the bot ask again.
    made = plan_of(
        now=dt.datetime(2026, 9, 14, 6, tzinfo=dt.UTC), discussions={1: [thread(note(90, SECTION_NOTE_MARKER))]}
    )
    kept = [each for each in of_section(made) if each.marker == SECTION_NOTE_MARKER]
    assert "called=review -->" in kept[0].body
    assert calls("2026-09-16", note(90, kept[0].body)) == []
    [managers] = calls("2026-09-14", using=setup(section={"asks": "managers"}))
    assert managers.count("@") == 11


def test_at_its_end_whoever_leads_it_is_reminded_once() -> None:
    [text] = calls("2026-09-18", note(91, REVIEW_MARKER))
    assert text == (
        "@dri.sec: the week of 19.4's release ends. What is left: share a summary of this discussion, follow up with "
        f"the groups on the improvements, and close this issue. This is the only reminder.\n\n{CLOSING_MARKER}"
    )
    assert calls("2026-09-18", note(92, CLOSING_MARKER)) == []
    volunteer = replace(SECTION_ISSUE, assignees=(JONO,))
    assert calls("2026-09-21", section=volunteer)[0].startswith("@dev.jono: the week of 19.4's release ends.")
    assert calls("2026-09-26") == []
    assert calls("2026-09-18", section=replace(SECTION_ISSUE, state="closed")) == []
