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
from bot.domain.changes import PublishIssue, hash_of
from bot.domain.plan import NoticeKind, Plan
from bot.domain.resources import Issue, Note, User
from tests.automations.retrospectives import (
    BOT,
    SETUP,
    STATIC,
    STATIC_PATH,
    FakeReader,
    issue,
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
BOT_NOTE = note(1, f"...\n\n{NOTE_MARKER}\n{NoteState(dt.date(2026, 9, 9), 0, True).marker()}")


def announcing(day: dt.date | None) -> str:
    return f"text\n\n{issue_marker(STATIC, MILESTONE)}\n{written_marker('text', day)}"


RETRO = issue(2, author=BOT, state="closed", description=announcing(dt.date(2026, 10, 1)))


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


def test_on_the_day_the_note_is_written_for_all_then_it_is_published_then_it_says_so() -> None:
    plan = plan_of()
    assert kinds(plan) == ["write note", "publish issue", "write note", "write note"]
    rewritten, publish, said, told = plan.steps
    assert notes_of(plan)[0].note_id == 1
    body = notes_of(plan)[0].body
    assert "### Shipped\n\n- 1 that not everybody who reads this may see\n" in body and "sec/product#" not in body
    assert "confidential=no" in body
    assert isinstance(publish.change, PublishIssue)
    assert publish.change.note_hash == hash_of(body.strip())
    assert (publish.needs, said.needs, told.unless) == (
        (rewritten.change.key,),
        (publish.change.key,),
        rewritten.change.key,
    )
    assert notes_of(plan)[1].body == (
        "This retrospective was published today, as it has announced since it was opened: everybody who can see this "
        'project can read it. Should it become confidential again, set ~"retrospective::keep confidential", too.\n\n'
        f"{PUBLISHED_MARKER}"
    )
    assert notes_of(plan)[2].body == (
        "@em.gwen: today this retrospective was to be published, but the bot could not rewrite its note for the new "
        "readers. So nothing was published, and it stays confidential. The bot tries again every day; the people who "
        f"operate it can see why.\n\n{UNPUBLISHED_MARKER}"
    )


@pytest.mark.parametrize(
    "kept",
    [
        replace(RETRO, labels=("retrospective", "retrospective::keep confidential")),
        replace(RETRO, description=announcing(None)),
        replace(RETRO, description=announcing(dt.date(2026, 10, 2))),
        replace(RETRO, author=User(30, "em.gwen")),
        replace(RETRO, confidential=False),
        replace(RETRO, labels=()),
        replace(RETRO, moved=True),
        replace(RETRO, description=RETRO.description.replace("2026-10-01", "soon")),
    ],
    ids=["held", "never announced", "too early", "a person's", "public", "no retrospective", "moved", "broken marker"],
)
def test_what_is_held_back_or_was_not_announced_stays_as_it_is(kept: Issue) -> None:
    notes = (replace(BOT_NOTE, body=BOT_NOTE.body.replace("=yes", "=no")),)
    assert kinds(plan_of(kept, notes=notes)) == []


def test_a_group_that_does_not_want_it_is_not_published() -> None:
    using = setup(publish=True, groups=[{"group": "Static Analysis", "publish": False}])
    assert kinds(plan_of(using=using)) == []
    assert kinds(plan_of(using=SETUP)) == []
    only = setup(groups=[{"group": "Static Analysis", "publish": True}])
    assert "publish issue" in kinds(plan_of(using=only))


def test_a_missed_day_is_caught_up_even_after_two_months() -> None:
    late = dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)
    assert "publish issue" in kinds(plan_of(now=late))


def test_one_that_a_person_made_confidential_again_stays_so() -> None:
    plan = plan_of(notes=(BOT_NOTE, note(5, PUBLISHED_MARKER)))
    assert kinds(plan) == []
    assert [(each.kind, each.sentence) for each in plan.notices] == [
        (
            NoticeKind.LEFT_ALONE,
            "sec/retrospectives/static-analysis#2 was published, and somebody has made it confidential again: it stays "
            "so. With the label retrospective::keep confidential the bot does not ask any more.",
        )
    ]


def test_where_the_new_readers_are_not_known_nothing_is_published_and_the_manager_is_told_once() -> None:
    plan = plan_of(projects=PROJECTS[1:])
    assert kinds(plan) == ["write note"]
    assert notes_of(plan)[0].body.startswith("@em.gwen: today this retrospective was to be published, but")
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
        "It is confidential until **Thursday 2026-10-01**. On that day it is published: everybody who can see this "
        'project can then read all of it. The label ~"retrospective::keep confidential" holds it back.\n\n'
    ) in create.description
    assert "publish=2026-10-01 -->" in create.description
    assert create.confidential


def test_a_refresh_that_is_due_on_the_same_day_is_the_one_for_the_new_readers() -> None:
    early = replace(
        PUBLISHING,
        releases=replace(
            PUBLISHING.releases, ceremonies=replace(PUBLISHING.releases.ceremonies, publishing="the day of the release")
        ),
    )
    retro = replace(RETRO, state="opened", description=announcing(dt.date(2026, 9, 17)))
    plan = plan_of(retro, using=early, now=dt.datetime(2026, 9, 17, 6, tzinfo=dt.UTC), notes=())
    notes = [each for each in notes_of(plan) if each.marker == NOTE_MARKER]
    assert len(notes) == 1 and "confidential=no" in notes[0].body
