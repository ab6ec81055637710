"""The bot's note in a group's retrospective: when it is filled, with what, for whom; and the one mention."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.retrospectives.facts import MENTION_MARKER, NOTE_MARKER, NoteState, RetrospectiveFacts
from bot.automations.retrospectives.texts import members_of
from bot.domain.changes import WriteNote
from bot.domain.people import PeopleAnswer
from bot.domain.plan import Plan
from bot.domain.ports import Scope
from bot.domain.resources import AccessLevel, Issue, Note, User
from bot.settings.releases import MovedRelease
from bot.settings.section import Members
from tests.automations.retrospectives import (
    BOT,
    OPENING_DAY,
    REFRESH_DAY,
    STATIC,
    STATIC_PATH,
    FakeReader,
    issue,
    member,
    note,
    notes_of,
    planned,
    project,
    setup,
    thread,
)

WREN = User(31, "dev.wren")
RETRO = issue(2, author=BOT, user_notes_count=5)
PROJECTS = (project(STATIC_PATH, 7), project("sec/product", 8), project("sec/vault", 9, "private"))
DELIVERABLE = ("Deliverable", "group::static analysis")
MISSED = ("missed:19.4", "Deliverable", "group::static analysis")


def work(iid: int, **fields: Any) -> Issue:
    """A deliverable of 19.4 that shipped."""
    value = issue(iid, id=5000 + iid, project_id=8, project_path="sec/product", labels=DELIVERABLE, confidential=False)
    return replace(value, **({"state": "closed", "title": f"TITLE {iid}"} | fields))


def bot_note(note_id: int = 1, **state: Any) -> Note:
    return note(note_id, f"...\n\n{NOTE_MARKER}\n{NoteState(**state).marker()}")


def plan_of(*issues: Issue, notes: tuple[Note, ...] = (), now: dt.datetime = REFRESH_DAY, **more: Any) -> Plan:
    reader = FakeReader(
        [more.pop("retro", RETRO), *issues],
        discussions={2: [thread(each) for each in notes]},
        projects=PROJECTS,
        members={7: (member(WREN),)},
        **more,
    )
    return planned(reader, now=now)


def the_note(plan: Plan) -> WriteNote:
    [found] = [each for each in notes_of(plan) if each.marker == NOTE_MARKER]
    return found


def mentions(plan: Plan) -> list[str]:
    return [each.body for each in notes_of(plan) if each.marker == MENTION_MARKER]


def test_what_the_note_says() -> None:
    plan = plan_of(
        work(1, weight=3),
        work(2, weight=None),
        work(3, state="opened", weight=5),
        work(4, labels=MISSED, milestone="19.5", state="opened", weight=2),
        work(5, milestone="19.3"),
        work(6, milestone="19.3", labels=("missed:19.2", *DELIVERABLE)),
        work(9, labels=("Deliverable", "group::dynamic analysis")),
        issue(7, labels=("follow-up",), milestone=None, confidential=True, due_on=dt.date(2026, 9, 1)),
        notes=(bot_note(),),
        merged={"19.4": 9, "19.2": 4},
    )
    change = the_note(plan)
    assert (change.note_id, change.iid) == (1, 2)
    assert change.body == (
        "## What shipped and what slipped in 19.4\n\n"
        "As of Wednesday 2026-09-09. A comment with the line `sectionbot refresh` brings it up to date.\n\n"
        "| | 19.4 | 19.3 | 19.2 | 19.1 |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| Shipped | 2 (weight 3) | 2 | 0 | 0 |\n"
        "| Slipped | 1 (weight 2) | 0 | 1 | 0 |\n"
        "| Still open | 1 (weight 5) | 0 | 0 | 0 |\n"
        "| Merge requests merged | 9 | 0 | 4 | 0 |\n\n"
        "```mermaid\n"
        "xychart-beta\n"
        '    title "Issues shipped (bars) and slipped (line)"\n'
        '    x-axis ["19.1", "19.2", "19.3", "19.4"]\n'
        '    y-axis "issues" 0 --> 2\n'
        "    bar [0, 0, 2, 2]\n"
        "    line [0, 1, 0, 1]\n"
        "```\n\n"
        "### Shipped\n\n- sec/product#1+ (weight 3)\n- sec/product#2+\n\n"
        "### Slipped\n\n- sec/product#4+ (weight 2)\n\n"
        "### Still open in the milestone\n\n- sec/product#3+ (weight 5)\n\n"
        "### Open follow-ups\n\n- #7+ 16 days old, **overdue since 2026-09-01**, assigned to nobody\n\n"
        f"{NOTE_MARKER}\n<!-- sectionbot:retrospective_state refreshed=2026-09-09 asked=0 confidential=yes called=yes "
        "publish=never tried=no -->"
    )


def test_before_the_team_is_mentioned_once() -> None:
    plan = plan_of(work(1), work(3, state="opened"), notes=(bot_note(),))
    [text] = mentions(plan)
    assert text == (
        "@em.gwen, @pm.hugo, @tl.iris, @dev.jono: 19.4 ends on Friday 2026-09-11; time to look back.\n\n"
        "**1 shipped, 0 slipped, 1 still open**; the rest stands in [the bot's note]"
        "(https://gitlab.example.com/sec/retrospectives/static-analysis/-/issues/2#note_1).\n\n"
        "Add what is still missing, answer each other, and agree with an emoji. Whoever leads the group's "
        f"retrospective closes this issue when it has been held.\n\n{MENTION_MARKER}"
    )
    # That it was done stands in the note, which is written only then.
    assert plan.steps[1].needs == (plan.steps[0].change.key,)


@pytest.mark.parametrize(
    ("day", "refreshed", "mentioned"),
    [
        ("2026-09-08", 0, 0),
        ("2026-09-09", 1, 1),
        ("2026-09-11", 1, 1),  # Wednesday was missed
        ("2026-09-12", 1, 1),  # the milestone is over, the section still looks back
        ("2026-09-18", 1, 1),
        ("2026-09-19", 0, 0),  # the section's retrospective is over
    ],
)
def test_the_day_on_which_the_note_is_filled(day: str, refreshed: int, mentioned: int) -> None:
    plan = plan_of(notes=(bot_note(),), now=dt.datetime.fromisoformat(f"{day}T06:00:00+00:00"))
    of_19_4 = [each for each in notes_of(plan) if each.iid == 2 and each.marker == NOTE_MARKER]
    assert (len(of_19_4), len(mentions(plan))) == (refreshed, mentioned)


FILLED = bot_note(refreshed_on=dt.date(2026, 9, 9), called=True)
MENTIONED = note(8, MENTION_MARKER)


def test_a_second_run_does_nothing() -> None:
    assert plan_of(work(1), notes=(FILLED, MENTIONED)) == Plan()
    later = dt.datetime(2026, 9, 11, 6, tzinfo=dt.UTC)
    assert plan_of(work(1), work(2), notes=(FILLED, MENTIONED), now=later) == Plan()


def test_a_run_that_was_cut_off_after_the_mention_mentions_nobody_again() -> None:
    plan = plan_of(notes=(bot_note(), MENTIONED))
    assert [each.marker for each in notes_of(plan)] == [NOTE_MARKER]


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_mention_that_a_person_deleted_is_not_written_again(days: int) -> None:
    assert plan_of(notes=(FILLED,), now=REFRESH_DAY + dt.timedelta(days=days)) == Plan()


def test_a_note_that_a_person_has_deleted_is_written_anew_without_a_second_mention() -> None:
    plan = plan_of(notes=(MENTIONED,))
    assert (the_note(plan).note_id, mentions(plan)) == (None, [])


def test_in_a_closed_retrospective_the_note_is_filled_and_nobody_mentioned() -> None:
    plan = plan_of(notes=(bot_note(),), retro=replace(RETRO, state="closed"))
    assert [each.marker for each in notes_of(plan)] == [NOTE_MARKER]
    assert "called=yes" in the_note(plan).body


def test_one_that_a_person_opened_gets_its_note_too() -> None:
    plan = plan_of(retro=issue(2, user_notes_count=0))
    assert [each.marker for each in notes_of(plan)] == [MENTION_MARKER, NOTE_MARKER]
    assert "What shipped and what slipped stands in the bot's note." in mentions(plan)[0]


@pytest.mark.parametrize(
    "said",
    ["asked=999999999 confidential=yes called=no", "asked=0 confidential=yes called=yes", "asked=x", ""],
    ids=["asked by nobody yet", "done in the future", "no number", "nothing"],
)
def test_a_note_that_somebody_has_edited_mutes_nothing(said: str) -> None:
    """Maintainers can edit other people's notes."""
    edited = note(
        1, f"{NOTE_MARKER}\n<!-- sectionbot:retrospective_state refreshed=2099-01-01 {said} publish=never tried=no -->"
    )
    plan = plan_of(notes=(edited, note(20, "sectionbot refresh", WREN)), retro=TALKED)
    assert "asked=20 confidential=yes called=yes" in the_note(plan).body


def test_a_day_in_the_future_is_none() -> None:
    forged = bot_note(refreshed_on=dt.date(2099, 1, 1), called=True)
    assert [each.marker for each in notes_of(plan_of(notes=(forged,)))] == [MENTION_MARKER, NOTE_MARKER]


# -- on request --------------------------------------------------------------------------------------------------------

EARLY = dt.datetime(2026, 9, 2, 6, tzinfo=dt.UTC)
ASKED = note(20, "Please:\nsectionbot refresh", WREN)
TALKED = replace(RETRO, user_notes_count=6)


def asked(*notes: Note, retro: Issue = TALKED, now: dt.datetime = EARLY) -> Plan:
    return plan_of(work(1), notes=notes, retro=retro, now=now)


def test_a_member_asks_for_it_on_any_day() -> None:
    plan = asked(bot_note(), ASKED)
    assert [each.marker for each in notes_of(plan)] == [NOTE_MARKER]
    assert "refreshed=2026-09-02 asked=20" in the_note(plan).body
    assert plan.steps[0].because == "a member asks for it"


def test_what_was_answered_is_not_answered_again() -> None:
    assert asked(bot_note(refreshed_on=EARLY.date(), asked=20), ASKED) == Plan()
    again = note(25, "sectionbot refresh", WREN)
    assert "asked=25" in the_note(asked(bot_note(refreshed_on=EARLY.date(), asked=20), ASKED, again)).body


def test_what_was_asked_for_early_does_not_stand_for_the_day() -> None:
    plan = plan_of(work(1), notes=(bot_note(refreshed_on=EARLY.date(), asked=20), ASKED), retro=TALKED)
    assert [each.marker for each in notes_of(plan)] == [MENTION_MARKER, NOTE_MARKER]


def test_on_request_a_closed_one_is_refreshed_but_nobody_mentioned() -> None:
    plan = asked(bot_note(), ASKED, retro=replace(TALKED, state="closed"), now=REFRESH_DAY)
    assert [each.marker for each in notes_of(plan)] == [NOTE_MARKER]


@pytest.mark.parametrize(
    "said",
    [
        note(20, "sectionbot refresh", User(99, "passer.by")),
        note(20, "sectionbot refresh", BOT),
        note(20, "> sectionbot refresh", WREN),
    ],
    ids=["no member", "the bot itself", "quoted"],
)
def test_nobody_else_asks(said: Note) -> None:
    assert asked(bot_note(), said) == Plan()


@pytest.mark.parametrize(("edited", "counts"), [(None, 1), (OPENING_DAY + dt.timedelta(days=3), 0)])
def test_a_comment_that_others_agree_with_commands_and_one_that_was_edited_does_not(
    edited: dt.datetime | None, counts: int
) -> None:
    """GitLab moves updated_at of both."""
    touched = note(20, "sectionbot refresh", WREN, updated_at=OPENING_DAY + dt.timedelta(days=3))
    reader = FakeReader(
        [TALKED],
        discussions={2: [thread(bot_note()), thread(touched)]},
        members={7: (member(WREN),)},
        edited={20: edited} if edited else {},
    )
    assert len(notes_of(planned(reader, now=EARLY))) == counts
    assert "edited [20]" in reader.asked


def test_it_is_heard_although_people_have_deleted_threads() -> None:
    fewer = replace(RETRO, user_notes_count=2)
    for retro, scope in (
        (replace(fewer, updated_at=EARLY), Scope(name="Static Analysis")),
        (fewer, Scope(project_id=7, iid=2, event_kind="note")),
    ):
        reader = FakeReader([retro], discussions={2: [thread(ASKED)]}, members={7: (member(WREN),)})
        assert len(notes_of(planned(reader, now=EARLY, scope=scope))) == 1


def test_the_bot_can_have_another_name() -> None:
    reader = FakeReader(
        [TALKED],
        discussions={2: [thread(bot_note()), thread(note(20, "secbot refresh", WREN))]},
        members={7: (member(WREN),)},
    )
    assert len(notes_of(planned(reader, now=EARLY, using=replace(setup(), bot_name="secbot")))) == 1


def test_guests_of_the_project_are_members() -> None:
    reader = FakeReader(
        [TALKED], discussions={2: [thread(ASKED)]}, members={7: (member(WREN, AccessLevel.GUEST),)}, projects=PROJECTS
    )
    assert len(notes_of(planned(reader, now=EARLY))) == 1


@pytest.mark.parametrize("scope", [Scope(name="Static Analysis"), Scope(project_id=7, iid=2, event_kind="note")])
def test_an_older_retrospective_is_refreshed_when_somebody_asks(scope: Scope) -> None:
    may = dt.datetime(2026, 5, 25, tzinfo=dt.UTC)
    old = replace(TALKED, milestone="19.1", state="closed", created_at=may, updated_at=EARLY - dt.timedelta(days=3))
    reader = FakeReader(
        [old, issue(9)],
        discussions={2: [thread(bot_note()), thread(ASKED)], 9: []},
        members={7: (member(WREN),)},
        projects=PROJECTS,
    )
    assert "## What shipped and what slipped in 19.1\n" in the_note(planned(reader, now=EARLY, scope=scope)).body
    # Days later it is still heard where its issue is named.
    later = EARLY + dt.timedelta(days=4, hours=12)
    assert len(planned(reader, now=later, scope=scope).steps) == (1 if scope.iid else 0)


def test_a_misspelt_request_is_answered_in_its_thread_and_once() -> None:
    typo = replace(note(20, "sectionbot refersh", WREN), created_at=EARLY)
    plan = asked(bot_note(), typo)
    [answer] = notes_of(plan)
    assert (answer.thread_id, "Perhaps you meant `sectionbot refresh`?" in answer.body) == ("d20", True)
    assert asked(bot_note(), typo, note(21, answer.body)) == Plan()


# -- who may see what --------------------------------------------------------------------------------------------------


def shipped_part(plan: Plan) -> str:
    return the_note(plan).body.partition("### Shipped\n\n")[2].partition("\n\n###")[0]


def test_titles_are_never_copied() -> None:
    plan = plan_of(work(1), work(2, confidential=True), notes=(bot_note(),))
    assert not any("TITLE" in each.body for each in notes_of(plan))


@pytest.mark.parametrize(
    ("secret", "open_retro"),
    [
        (work(2, project_path="sec/vault"), False),
        (work(2, project_path="sec/unknown"), False),
        (work(2, confidential=True), True),
        (work(2, project_path="sec/vault"), True),
    ],
    ids=["private project", "unknown project", "confidential", "private project, open retrospective"],
)
def test_what_not_every_reader_may_see_is_counted_and_not_named(secret: Issue, open_retro: bool) -> None:
    plan = plan_of(work(1), secret, notes=(bot_note(),), retro=replace(RETRO, confidential=not open_retro))
    assert shipped_part(plan) == "- sec/product#1+\n- and 1 that not everybody who reads this may see"
    assert "| Shipped | 2 |" in the_note(plan).body


def test_between_confidential_issues_the_reference_stands() -> None:
    assert shipped_part(plan_of(work(2, confidential=True), notes=(bot_note(),))) == "- sec/product#2+"


def test_in_a_project_that_is_not_known_nothing_confidential_is_named() -> None:
    reader = FakeReader([RETRO, work(1), work(2, confidential=True)], discussions={2: [thread(bot_note())]})
    plan = planned(replace_projects(reader, PROJECTS[1:]), now=REFRESH_DAY)
    assert shipped_part(plan) == "- sec/product#1+\n- and 1 that not everybody who reads this may see"


def replace_projects(reader: FakeReader, projects: Any) -> FakeReader:
    reader.projects = projects
    return reader


def test_a_retrospective_that_a_person_has_opened_to_all_gets_a_note_for_all_at_once() -> None:
    public = replace(RETRO, confidential=False)
    before = (FILLED, MENTIONED)
    now = dt.datetime(2026, 9, 11, 6, tzinfo=dt.UTC)
    plan = plan_of(work(2, confidential=True), notes=before, retro=public, now=now)
    assert "confidential=no" in the_note(plan).body
    # Also long after its month, while GitLab shows that it was touched.
    october = dt.datetime(2026, 10, 28, 6, tzinfo=dt.UTC)
    touched = replace(public, updated_at=october)
    later = plan_of(work(2, confidential=True), notes=before, retro=touched, now=october)
    assert ["confidential=no" in each.body for each in notes_of(later) if each.iid == 2] == [True]
    assert shipped_part(plan) == "- 1 that not everybody who reads this may see"
    assert plan.steps[0].because == "more people can read it than it was written for"


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_what_slipped_has_not_shipped_even_if_it_was_closed_later() -> None:
    body = the_note(plan_of(work(1, labels=MISSED), notes=(bot_note(),))).body
    assert "| Shipped | 0 |" in body and "| Slipped | 1 |" in body


@pytest.mark.parametrize("gone", [{"moved": True}, {"is_duplicate": True}])
def test_what_was_moved_away_or_closed_as_a_duplicate_has_not_shipped(gone: dict[str, bool]) -> None:
    assert "| Shipped | 0 |" in the_note(plan_of(work(1, **gone), notes=(bot_note(),))).body


def test_an_alias_of_the_group_is_the_group() -> None:
    assert (
        "| Shipped | 1 |" in the_note(plan_of(work(1, labels=("Deliverable", "group::sast")), notes=(bot_note(),))).body
    )


def test_where_nothing_happened_there_is_no_chart_and_no_weight() -> None:
    plan = plan_of(notes=(bot_note(),))
    body = the_note(plan).body
    assert "What shipped and what slipped stands in" in mentions(plan)[0]
    assert "mermaid" not in body and "weight" not in body
    assert "### Shipped\n\nNothing.\n\n### Slipped\n\nNothing.\n\n" in body and "### Open follow-ups\n\nNone." in body


def test_a_note_with_very_much_in_it_stays_far_below_gitlabs_limit() -> None:
    long_path = "sec/" + "/".join(["a-very-long-name-of-a-group" * 8] * 20)
    many = [work(n, project_path=long_path, milestone="19.4") for n in range(1, 1500)]
    many += [
        issue(n, id=9000 + n, labels=("follow-up",), milestone=None, due_on=dt.date(2026, 9, 1)) for n in range(300)
    ]
    reader = FakeReader([RETRO, *many], discussions={2: [thread(bot_note())]})
    plan = planned(replace_projects(reader, (*PROJECTS, project(long_path, 11))), now=REFRESH_DAY)
    body = the_note(plan).body
    assert len(body) < 1_000_000
    assert "- and 1399 more\n" in body and "- and 200 more\n" in body
    assert "| Shipped | 1499 |" in body


def test_with_a_release_exception_its_days_move() -> None:
    moved = replace(
        setup(),
        releases=replace(setup().releases, exceptions=(MovedRelease(version="19.4", day=dt.date(2026, 9, 24)),)),
    )
    reader = FakeReader([RETRO], discussions={2: [thread(bot_note())]}, projects=PROJECTS)
    assert planned(reader, using=moved) == Plan()
    a_week_later = dt.datetime(2026, 9, 16, 6, tzinfo=dt.UTC)
    assert "19.4 ends on Friday 2026-09-18" in mentions(planned(reader, now=a_week_later, using=moved))[0]


def test_a_team_that_is_a_group_of_gitlab_is_mentioned_person_by_person() -> None:
    team = replace(STATIC, members=Members(group="sec/static"))
    people = (User(1, "dev.a"), User(2, "dev.b", state="blocked"), User(3, "bot.c", is_bot=True))
    facts = RetrospectiveFacts((), (), PeopleAnswer({}, {"sec/static": people}, {}, {}), frozenset())
    assert members_of(team, facts) == ["dev.a"]
    empty = replace(facts, people=PeopleAnswer({}, {}, {}, {}))
    assert members_of(team, empty) == ["em.gwen"]
