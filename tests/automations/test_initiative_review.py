"""The note on the progress, and the milestone review."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.initiatives.facts import PROGRESS_MARKER
from bot.automations.initiatives.review import NOTE_MARKER
from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import Issue, Note, User
from tests.automations.initiatives import (
    BOT,
    GWEN,
    LABELS,
    NOW,
    OWNED,
    RITA,
    FakeReader,
    bodies,
    carried_out,
    described,
    initiative,
    member,
    note,
    notes_of,
    opened,
    planned,
    project,
    said,
    setup,
    with_plan,
)
from tests.automations.test_initiative_stages import DAST, implementation

DAY = dt.timedelta(days=1)
REVIEWING = setup(review_project="sec/planning")
PLANNING = project("sec/planning", 9, visibility="private")
DRI = User(80, "dri.sec")


# -- progress --------------------------------------------------------------------------------------------------------


def progress_of(*links: Any, notes: list[Note] | None = None, now: dt.datetime = NOW, **fields: Any) -> list[str]:
    issue = initiative(labels=OWNED, description=with_plan(DAST), **fields)
    there = notes if notes is not None else []
    plan = planned(FakeReader([issue], notes={4: there}, links_of={4: list(links)}), now=now)
    return [body for body in bodies(plan) if PROGRESS_MARKER in body]


def test_an_issue_whose_row_is_gone_is_shown_so() -> None:
    [body] = progress_of(implementation(5), implementation(6, "permissions", labels=("group::authorization",)))
    assert "| sec/product#6+ | open, not in the plan any more |" in body
    assert "| sec/product#5+ | open |" in body


def test_the_note_shows_the_issues_of_the_groups() -> None:
    [body] = progress_of(
        implementation(5, milestone="19.4", weight=3),
        implementation(6, "permissions", labels=("group::authorization",), state="closed", weight=1),
    )
    assert body.startswith(
        "| Group | Issue | State | Milestone | Weight | |\n| --- | --- | --- | --- | --- | --- |\n"
        "| Authorization | sec/product#6+ | done, not in the plan any more |  | 1 |  |\n"
        "| Dynamic Analysis | sec/product#5+ | open | 19.4 | 3 |  |\n\n"
        "```mermaid\npie title Done and open, by weight\n"
        '    "done" : 1\n    "open" : 3\n```'
    )


def test_without_all_weights_issues_are_counted() -> None:
    [body] = progress_of(implementation(5, weight=3), implementation(6, "permissions", state="closed"))
    assert 'by number of issues\n    "done" : 1\n    "open" : 1\n' in body


def test_a_row_without_an_issue_is_named() -> None:
    [body] = progress_of(implementation(6, "permissions"))
    assert "In the plan, and without an issue: dast. `sectionbot distribute` shows what it would make." in body


def test_confidential_issues_are_counted_where_others_read() -> None:
    secret = implementation(5, confidential=True, milestone="19.4")
    [body] = progress_of(secret)
    assert "#5" not in body and "19.4" not in body and "1 that not everybody who reads this may see." in body
    [body] = progress_of(secret, confidential=True)
    assert "sec/product#5+" in body


@pytest.mark.parametrize(
    ("hours", "confidential_before", "is_written"), [(23, False, False), (24, False, True), (1, True, True)]
)
def test_it_is_brought_up_to_date_once_in_the_interval(hours: int, confidential_before: bool, is_written: bool) -> None:
    issue = initiative(labels=OWNED, description=with_plan(DAST), confidential=confidential_before)
    first = planned(FakeReader([issue], links_of={4: [implementation(5)]}))
    notes = carried_out(first, [])
    closed = implementation(5, state="closed")
    found = progress_of(closed, notes=notes, now=NOW + dt.timedelta(hours=hours))
    assert bool(found) is is_written


def test_issues_that_were_made_since_are_shown_at_once() -> None:
    issue = initiative(labels=OWNED, description=with_plan(DAST))
    notes = carried_out(planned(FakeReader([issue], links_of={4: [implementation(5)]})), [])
    [body] = progress_of(implementation(5), implementation(6, "permissions"), notes=notes)
    assert "sec/product#6+" in body


# -- the review ------------------------------------------------------------------------------------------------------


def review_of(
    *issues: Issue, notes: dict[int, list[Note]] | None = None, now: dt.datetime = NOW, **reader: Any
) -> Plan:
    given: dict[str, Any] = {"projects": [project(), PLANNING], "members_of": {7: [member(GWEN)], 9: [member(DRI)]}}
    return planned(
        FakeReader(list(issues), notes=notes or {}, **(given | reader)), scope=Scope(), now=now, using=REVIEWING
    )


def review_note(plan: Plan) -> str:
    [body] = [change.body for change in notes_of(plan) if change.marker == NOTE_MARKER]
    return body


COMPLETE = (*LABELS, "initiative::complete")


def test_when_the_milestone_begins_there_is_one_issue_with_all_that_needs_a_decision() -> None:
    text = described(Problem="Audit events and compliance management.")
    plan = review_of(
        initiative(1, labels=COMPLETE, created_at=NOW - 200 * DAY, description=text),
        initiative(2, labels=(*LABELS, "initiative::incomplete"), description=""),
        initiative(3, labels=OWNED, created_at=NOW - 60 * DAY),
        initiative(4, labels=OWNED, created_at=NOW - 60 * DAY, description=with_plan(DAST)),
        initiative(5, labels=OWNED, created_at=NOW - 60 * DAY, state="closed"),
        notes={1: [said(20, "We should.", RITA, NOW - 9 * DAY)]},
    )
    [create] = opened(plan)
    assert (create.project_path, create.title, create.confidential, create.due_on) == (
        "sec/planning",
        "Sec: review of section-wide initiatives in 19.4",
        True,
        dt.date(2026, 9, 11),
    )
    assert create.description.startswith(
        "@dri.sec and @pm.sec: this is the review of Sec's section-wide initiatives for"
    )
    body = review_note(plan)
    assert body.startswith("5 section-wide initiatives in milestone 19.4.\nAs of 2026-09-01.\n\n### Needs a relevance")
    parts = {part.split("\n")[0]: part for part in body.split("### ")[1:]}
    assert list(parts) == [
        "Needs a relevance check",
        "New since the last review",
        "Unclear: the description lacks something",
        "Owned by nobody",
        "Owned, without a plan",
        "Planned, not distributed",
        "Done since the last review",
    ]
    assert (
        "| sec/product#1+ | 200 | 200 |  | 2026-08-23 | `sectionbot relevant`, or `sectionbot close REASON` |"
        in parts["Needs a relevance check"]
    )
    line = "| sec/product#1+ | 200 | 200 |  | 2026-08-23 |"
    assert f"{line} `sectionbot owner Compliance` (suggested), or `sectionbot council` |" in parts["Owned by nobody"]
    assert "sec/product#2+" in parts["Unclear: the description lacks something"]
    assert "| Static Analysis |" in parts["Owned, without a plan"]


def there(plan: Plan) -> tuple[Issue, list[Note]]:
    """The review when the plan was carried out, and its notes."""
    [create] = opened(plan)
    issue = initiative(
        30,
        project_id=9,
        project_path="sec/planning",
        author=BOT,
        labels=(),
        description=create.description,
        confidential=True,
    )
    return issue, [note(900, review_note(plan))]


def test_what_is_settled_is_struck_through_and_a_second_run_does_nothing() -> None:
    one = initiative(3, labels=OWNED, created_at=NOW - 60 * DAY, user_notes_count=0)
    first = review_of(one)
    review, notes = there(first)
    assert [step for step in review_of(one, review, notes={30: notes}).steps if step.subject == "sec/planning#30"] == []
    has_plan = replace(one, description=with_plan(DAST))
    later = review_of(has_plan, review, notes={30: notes}, now=NOW + DAY)
    body = review_note(later)
    assert "### Owned, without a plan\n\n* ~~sec/product#3~~" in body
    assert "### Planned, not distributed\n\n| Initiative |" in body
    # Another day alone is no news for a week; on the next change the struck line is still there.
    notes = [note(900, body)]
    assert NOTE_MARKER not in "".join(bodies(review_of(has_plan, review, notes={30: notes}, now=NOW + 2 * DAY)))
    assert "As of 2026-09-09." in review_note(review_of(has_plan, review, notes={30: notes}, now=NOW + 8 * DAY))
    gone = review_note(review_of(review, notes={30: notes}, now=NOW + 3 * DAY))
    assert "sec/product#3" not in gone and "* ~~1 more~~" in gone


def test_what_is_distributed_and_owned_by_nobody_is_among_the_unowned() -> None:
    lost = initiative(3, labels=COMPLETE, description=with_plan(DAST), created_at=NOW - 60 * DAY)
    body = review_note(review_of(lost, links_of={3: [implementation(5, key="7-3")]}))
    assert "### Owned by nobody\n\n| Initiative |" in body


def test_what_no_longer_fits_on_the_page_is_not_settled() -> None:
    many = [
        initiative(100 + number, id=1000 + number, labels=OWNED, created_at=NOW - 60 * DAY, user_notes_count=0)
        for number in range(100)
    ]
    review, notes = there(review_of(*many))
    older = initiative(99, id=999, labels=OWNED, created_at=NOW - 61 * DAY, user_notes_count=0)
    body = review_note(review_of(older, *many, review, notes={30: notes}, now=NOW + DAY))
    assert "~~" not in body and "1 more" in body


@pytest.mark.parametrize("state", [{"state": "closed"}, {"moved": True}])
def test_a_review_that_is_done_with_is_left_alone(state: dict[str, Any]) -> None:
    one = initiative(3, labels=OWNED, created_at=NOW - 60 * DAY)
    review, notes = there(review_of(one))
    plan = review_of(one, replace(review, **state), notes={30: notes}, now=NOW + DAY)
    assert opened(plan) == [] and all(change.marker != NOTE_MARKER for change in notes_of(plan))


@pytest.mark.parametrize(
    ("visibility", "confidential", "readers", "is_named"),
    [
        ("public", False, [GWEN], True),
        ("private", False, [GWEN], False),
        ("private", False, [GWEN, DRI], True),
        ("public", True, [GWEN], False),
        ("public", True, [GWEN, DRI], True),
    ],
)
def test_what_a_reader_of_the_review_may_not_see_is_counted(
    visibility: str, confidential: bool, readers: list[User], is_named: bool
) -> None:
    one = initiative(3, labels=OWNED, created_at=NOW - 60 * DAY, confidential=confidential)
    body = review_note(
        review_of(
            one,
            projects=[project(visibility=visibility), PLANNING],
            members_of={7: [member(each) for each in readers], 9: [member(DRI)]},
        )
    )
    assert ("sec/product#3+" in body) is is_named
    assert ("1 that not everybody who reads this may see." in body) is not is_named


def test_what_became_confidential_since_is_not_named_when_it_is_struck() -> None:
    one = initiative(3, labels=OWNED, created_at=NOW - 60 * DAY)
    review, notes = there(review_of(one))
    secret = replace(one, confidential=True, description=with_plan(DAST))
    body = review_note(review_of(secret, review, notes={30: notes}))
    assert "sec/product#3" not in body


def test_a_project_that_the_bot_does_not_see_is_told() -> None:
    [notice] = review_of(projects=[project()]).notices
    assert (notice.kind, notice.sentence) == (
        NoticeKind.REFUSED,
        "The milestone review was not opened: the bot does not see sec/planning.",
    )


def test_five_hundred_initiatives_at_once() -> None:
    many = [initiative(1000 + n, labels=OWNED, created_at=NOW - 60 * DAY, user_notes_count=0) for n in range(500)]
    body = review_note(review_of(*many))
    assert body.startswith("500 section-wide initiatives") and "… and 400 more." in body and len(body) < 60_000
