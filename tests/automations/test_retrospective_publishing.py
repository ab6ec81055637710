"""Retrospectives that are published: on the day that they announce, unless somebody holds them back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.retrospectives.facts import (
    NOTE_MARKER,
    PUBLISHED_MARKER,
    UNPUBLISHED_MARKER,
    NoteState,
    issue_marker,
    written_marker,
)
from bot.domain.changes import PublishIssue
from bot.domain.plan import NoticeKind, Plan
from bot.domain.resources import Issue, Note, User
from bot.domain.text_hash import hash_of
from tests.automations.retrospectives import (
    BOT,
    SETUP,
    STATIC,
    STATIC_PATH,
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

PUBLISHING = setup(publish=True)
MILESTONE = SETUP.releases.calendar.milestone_on(dt.date(2026, 9, 1))
DAY = dt.datetime(2026, 10, 1, 6, tzinfo=dt.UTC)
# What stands beside it, so that nothing else is due.
RUNNING = issue(9, milestone="19.5")
PROJECTS = (project(STATIC_PATH, 7), project("sec/product", 8))
DESCRIPTION = f"text\n\n{issue_marker(STATIC, MILESTONE)}\n{written_marker('text')}"
RETRO = issue(2, author=BOT, state="closed", description=DESCRIPTION)


def announcing(day: dt.date | None) -> Note:
    state = NoteState(dt.date(2026, 9, 9), called=True, publish_on=day)
    return note(1, f"...\n\n{NOTE_MARKER}\n{state.marker()}")


BOT_NOTE = announcing(dt.date(2026, 10, 1))


def plan_of(
    retro: Issue = RETRO, *, notes: tuple[Note, ...] = (BOT_NOTE,), now: dt.datetime = DAY, **more: Any
) -> Plan:
    secret = issue(
        30,
        project_id=8,
        project_path="sec/product",
        state="closed",
        labels=("Deliverable", STATIC.label),
        confidential=True,
    )
    reader = FakeReader(
        [retro, RUNNING, secret],
        discussions={2: [thread(each) for each in notes], 9: []},
        projects=more.pop("projects", PROJECTS),
    )
    return planned(reader, now=now, using=more.pop("using", PUBLISHING))


def kinds(plan: Plan) -> list[str]:
    return [step.change.kind for step in plan.steps]


def test_on_the_day_the_note_is_written_for_all_then_it_says_so_then_it_is_published() -> None:
    plan = plan_of()
    assert kinds(plan) == ["write note", "write note", "publish issue", "write note"]
    rewritten, said, publish, told = plan.steps
    assert notes_of(plan)[0].note_id == 1
    body = notes_of(plan)[0].body
    assert "### Shipped\n\n- 1 that not everybody who reads this may see\n" in body and "sec/product#" not in body
    assert "confidential=no called=yes publish=2026-10-01 tried=2026-10-01T" in body
    assert isinstance(publish.change, PublishIssue)
    assert publish.change.note_hash == hash_of(body.strip())
    assert (said.needs, publish.needs, told.unless) == (
        (rewritten.change.key,),
        (said.change.key,),
        publish.change.key,
    )
    assert notes_of(plan)[1].body == (
        "This retrospective is published today, as it has announced since it was opened: everybody who can see this "
        'project can read it. Should it become confidential again, set ~"retrospective::keep confidential", too.\n\n'
        f"{PUBLISHED_MARKER}"
    )
    assert notes_of(plan)[2].body == (
        "@em.gwen: this retrospective was to be published today, and was not: GitLab did not let the bot rewrite its "
        "note for the new readers, or take the confidentiality off. It stays confidential. The people who operate the "
        f"bot can see why; should it not be published by tomorrow, decide with them.\n\n{UNPUBLISHED_MARKER}"
    )


NOT_ANNOUNCED = "it has not announced it since it was opened, or the note in which that stands is gone"
FORGED = replace(BOT_NOTE, author=User(30, "em.gwen"))
HELD = replace(RETRO, labels=("retrospective", "retrospective::keep confidential"))


@pytest.mark.parametrize(
    ("kept", "noted", "told"),
    [
        (HELD, BOT_NOTE, "somebody holds it back with retrospective::keep confidential"),
        (
            RETRO,
            announcing(None),
            "it has not announced it since it was opened, or the note in which that stands is gone",
        ),
        (
            RETRO,
            note(1, "..."),
            "it has not announced it since it was opened, or the note in which that stands is gone",
        ),
        (
            RETRO,
            replace(BOT_NOTE, author=User(30, "em.gwen")),
            "it has not announced it since it was opened, or the note in",
        ),
        (
            replace(RETRO, author=User(30, "em.gwen")),
            note(1, "..."),
            "it has not announced it since it was opened, or the",
        ),
        (RETRO, announcing(dt.date(2026, 10, 2)), ""),
        (replace(RETRO, confidential=False), announcing(None), ""),
        (replace(RETRO, moved=True), BOT_NOTE, ""),
        (replace(RETRO, is_duplicate=True), BOT_NOTE, ""),
    ],
    ids=[
        "held",
        "never announced",
        "no note",
        "a forged note",
        "a person's",
        "too early",
        "public",
        "moved",
        "duplicate",
    ],
)
def test_what_is_held_back_or_was_not_announced_stays_as_it_is(kept: Issue, noted: Note, told: str) -> None:
    noted = (
        noted if kept.confidential else replace(noted, body=noted.body.replace("confidential=yes", "confidential=no"))
    )
    plan = plan_of(kept, notes=(noted,))
    assert kinds(plan) == []
    sentences = [notice.sentence for notice in plan.notices]
    expected = f"sec/retrospectives/static-analysis#2 is not published: {told}"
    assert [each.startswith(expected) for each in sentences] == ([True] if told else [])
    # For a week, not for ever.
    assert plan_of(kept, notes=(noted,), now=DAY + dt.timedelta(days=8)).notices == () or not told


def test_a_description_that_somebody_edits_publishes_nothing() -> None:
    """Authors and assignees may edit it; a note of the bot only those who may publish the issue themselves."""
    forged = "<!-- sectionbot:retrospective_written text=x publish=2020-01-01 -->"
    assert kinds(plan_of(replace(RETRO, description=f"{forged}\n{DESCRIPTION}"), notes=(announcing(None),))) == []


def test_a_milestone_that_is_none_stops_nobody() -> None:
    odd = issue(40, milestone="9999.0", project_path="sec/product", project_id=8)
    reader = FakeReader([RETRO, RUNNING, odd], discussions={2: [thread(BOT_NOTE)], 9: []}, projects=PROJECTS)
    assert "publish issue" in kinds(planned(reader, now=DAY, using=PUBLISHING))


def test_a_group_that_does_not_want_it_is_not_published() -> None:
    using = setup(publish=True, groups=[{"group": "Static Analysis", "publish": False}])
    assert kinds(plan_of(using=using)) == []
    assert kinds(plan_of(using=SETUP)) == []
    only = setup(groups=[{"group": "Static Analysis", "publish": True}])
    assert "publish issue" in kinds(plan_of(using=only))


def test_a_missed_day_is_caught_up_even_after_two_months() -> None:
    late = dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)
    assert "publish issue" in kinds(plan_of(now=late))


VISIBLE = note(6, "made the issue visible to everyone", is_system=True)


@pytest.mark.parametrize(
    "left",
    [
        (BOT_NOTE, note(5, PUBLISHED_MARKER), VISIBLE),
        (replace(BOT_NOTE, body=BOT_NOTE.body.replace("tried=no", "tried=yes")), VISIBLE),
        (note(5, PUBLISHED_MARKER), VISIBLE),
    ],
    ids=["all is there", "the announcement was deleted", "the note was deleted"],
)
def test_one_that_a_person_made_confidential_again_stays_so(left: tuple[Note, ...]) -> None:
    plan = plan_of(notes=left)
    assert kinds(plan) == []
    assert [(each.kind, each.sentence) for each in plan.notices] == [
        (
            NoticeKind.LEFT_ALONE,
            "sec/retrospectives/static-analysis#2 is not published: it was published before, and somebody has made it "
            "confidential again.",
        )
    ]


def test_a_publication_that_did_not_come_through_is_told_to_the_manager_once_and_not_tried_again() -> None:
    tried = replace(BOT_NOTE, body=BOT_NOTE.body.replace("tried=no", "tried=yes"))
    plan = plan_of(notes=(tried, note(5, PUBLISHED_MARKER)))
    assert kinds(plan) == ["write note"]
    assert notes_of(plan)[0].body.startswith("@em.gwen: this retrospective was to be published today, and was not:")
    assert plan_of(notes=(tried, note(5, PUBLISHED_MARKER), note(7, UNPUBLISHED_MARKER))) == Plan()


@pytest.mark.parametrize(("minutes_ago", "told"), [(0, []), (9, []), (10, ["write note"])])
def test_the_manager_is_not_told_while_another_run_is_in_the_middle_of_it(minutes_ago: int, told: list[str]) -> None:
    begun = (DAY - dt.timedelta(minutes=minutes_ago)).isoformat(timespec="seconds")
    tried = replace(BOT_NOTE, body=BOT_NOTE.body.replace("tried=no", f"tried={begun}"))
    assert kinds(plan_of(notes=(tried, note(5, PUBLISHED_MARKER)))) == told


def test_what_a_group_of_its_own_template_does_not_announce_is_not_published() -> None:
    texts = {**SETUP.templates.texts, "retrospectives/own.md": "Retro of {{ group }}. {{ bot_note }}"}
    own = setup(publish=True, groups=[{"group": "sast", "template": "retrospectives/own.md"}])
    using = replace(own, templates=replace(SETUP.templates, texts=texts))
    opening = dt.datetime(2026, 8, 24, 6, tzinfo=dt.UTC)
    assert "publish=never" in notes_of(planned(FakeReader(), now=opening, using=using))[-1].body


def test_one_that_was_moved_here_from_another_group_is_not_published_with_this_groups() -> None:
    others = replace(RETRO, description=RETRO.description.replace(hash_of(STATIC.label), hash_of("group::compliance")))
    assert kinds(plan_of(others)) == []


def test_held_back_it_is_still_refreshed_on_request() -> None:
    wren = User(31, "dev.wren")
    reader = FakeReader(
        [replace(HELD, updated_at=DAY), RUNNING],
        discussions={2: [thread(BOT_NOTE), thread(note(20, "sectionbot refresh", wren))], 9: []},
        members={7: (member(wren),)},
        projects=PROJECTS,
    )
    assert kinds(planned(reader, now=DAY, using=PUBLISHING)) == ["write note"]


def test_confidential_follow_ups_are_counted_for_new_readers() -> None:
    secret = issue(50, labels=("follow-up",), milestone=None, confidential=True)
    reader = FakeReader([RETRO, RUNNING, secret], discussions={2: [thread(BOT_NOTE)], 9: []}, projects=PROJECTS)
    body = notes_of(planned(reader, now=DAY, using=PUBLISHING))[0].body
    assert "### Open follow-ups\n\n- 1 that not everybody who reads this may see\n" in body and "#50" not in body
    opening = dt.datetime(2026, 8, 24, 6, tzinfo=dt.UTC)
    [create] = opened(planned(FakeReader([secret]), now=opening, using=PUBLISHING))
    assert "- 1 that not everybody who reads this may see" in create.description and "#50" not in create.description


def test_where_the_new_readers_are_not_known_nothing_is_published_and_the_manager_is_told_once() -> None:
    plan = plan_of(projects=PROJECTS[1:])
    assert kinds(plan) == ["write note"]
    assert notes_of(plan)[0].body.startswith("@em.gwen: this retrospective was to be published today, and was not:")
    assert plan.steps[0].unless == ""
    assert [(each.kind, each.sentence) for each in plan.notices] == [
        (
            NoticeKind.REFUSED,
            "sec/retrospectives/static-analysis#2 was to be published, but GitLab does not tell who can see its "
            "project, so that its note cannot be written for them. It stays confidential.",
        )
    ]
    told = plan_of(projects=PROJECTS[1:], notes=(BOT_NOTE, note(6, UNPUBLISHED_MARKER)))
    assert kinds(told) == []


def test_the_issue_announces_its_day_from_the_beginning() -> None:
    opening = dt.datetime(2026, 8, 24, 6, tzinfo=dt.UTC)
    [create] = opened(planned(FakeReader(), now=opening, using=PUBLISHING))
    assert (
        "It was opened confidential, and is published on **Thursday 2026-10-01**: everybody who can see this project "
        'can then read all of it. The label ~"retrospective::keep confidential" holds it back.\n\n'
    ) in create.description
    [note_] = [each for each in notes_of(planned(FakeReader(), now=opening, using=PUBLISHING)) if not each.is_thread]
    assert "publish=2026-10-01 tried=no -->" in note_.body
    assert create.confidential


def test_a_refresh_that_is_due_on_the_same_day_is_the_one_for_the_new_readers() -> None:
    days = replace(PUBLISHING.releases.ceremonies, publishing="the day of the release")
    early = replace(PUBLISHING, releases=replace(PUBLISHING.releases, ceremonies=days))
    empty = note(1, f"{NOTE_MARKER}\n{NoteState(publish_on=dt.date(2026, 9, 17)).marker()}")
    plan = plan_of(
        replace(RETRO, state="opened"), using=early, now=dt.datetime(2026, 9, 17, 6, tzinfo=dt.UTC), notes=(empty,)
    )
    notes = [each for each in notes_of(plan) if each.marker == NOTE_MARKER]
    assert len(notes) == 1 and "confidential=no called=yes" in notes[0].body


def test_what_is_still_confidential_is_not_listed_for_ever() -> None:
    reader = FakeReader([RETRO, RUNNING], discussions={2: [thread(BOT_NOTE)], 9: []}, projects=PROJECTS)
    planned(reader, now=DAY, using=PUBLISHING)
    assert "issues sec retrospective None None confidential since 2026-04-04" in reader.asked
    planned(idle := FakeReader([RUNNING]), now=DAY)
    assert not any("confidential" in each for each in idle.asked)
