"""What section-wide initiatives are told about their descriptions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.automations.initiatives.facts import COMPLETENESS_MARKER
from bot.domain.changes import WriteNote
from bot.domain.errors import WrongInput
from bot.domain.plan import Plan
from bot.domain.ports import Scope
from bot.domain.resources import Note, Reference
from tests.automations.initiatives import (
    LABELS,
    OWNED,
    RITA,
    TEMPLATES,
    FakeReader,
    carried_out,
    described,
    initiative,
    labels_of,
    note,
    notes_of,
    planned,
    said,
)


def note_of(plan: Plan) -> WriteNote:
    [found] = [change for change in notes_of(plan) if change.marker == COMPLETENESS_MARKER]
    return found


def only(plan: Plan) -> Plan:
    """The steps of completeness alone."""
    steps = tuple(
        step
        for step in plan.steps
        if step.change.kind == "change labels" or getattr(step.change, "marker", "") == COMPLETENESS_MARKER
    )
    return Plan(steps)


def complete_or_not(*notes: Note, scope: Scope | None = None, **fields: Any) -> Plan:
    return only(planned(FakeReader([initiative(**fields)], notes={4: list(notes)}), scope=scope))


def test_what_is_missing_or_says_nothing_stands_in_one_note() -> None:
    plan = complete_or_not(
        description=described(Requirements=None, Problem="What is the problem, and how do you know?")
    )
    assert note_of(plan).body == (
        "Before this initiative can be triaged, its description has to say more:\n\n"
        "| Section | |\n| --- | --- |\n"
        "| Problem | says nothing of its own yet, or too little |\n"
        "| Requirements | is missing |\n\n"
        "Each is a heading in the description, with your words below it. This note changes as the description does.\n\n"
        f"{COMPLETENESS_MARKER}"
    )
    assert labels_of(plan) == [(("initiative::incomplete",), ())]
    assert plan.steps[0].because == "2 of 5 sections are missing or empty"


def test_the_template_itself_says_nothing() -> None:
    text = note_of(complete_or_not(description=TEMPLATES.texts["initiatives/initiative.md"])).body
    assert text.count("says nothing of its own yet, or too little") == 5


def test_it_ends_in_complete_and_a_label_follows() -> None:
    before = note(9, note_of(complete_or_not(description="")).body)
    plan = complete_or_not(before, labels=(*LABELS, "initiative::incomplete"))
    change = note_of(plan)
    assert change.note_id == 9
    assert "it is **complete**." in change.body and "Problem, Who is affected, Requirements" in change.body
    assert labels_of(plan) == [(("initiative::complete",), ("initiative::incomplete",))]


def test_who_says_all_from_the_beginning_gets_the_label_alone() -> None:
    assert [step.change.kind for step in complete_or_not().steps] == ["change labels"]


def test_what_is_no_longer_complete_loses_the_label() -> None:
    plan = complete_or_not(description=described(Problem=None), labels=(*LABELS, "initiative::complete"))
    assert labels_of(plan) == [(("initiative::incomplete",), ("initiative::complete",))]
    assert "| Problem | is missing |" in note_of(plan).body


@pytest.mark.parametrize("lacks", [True, False])
def test_a_second_run_does_nothing(lacks: bool) -> None:
    issue = initiative(description=described(Problem=None)) if lacks else initiative()
    first = planned(FakeReader([issue]))
    notes = carried_out(first, [])
    labels = (*LABELS, "initiative::incomplete" if lacks else "initiative::complete")
    assert planned(FakeReader([replace(issue, labels=labels)], notes={4: notes})) == Plan()


def test_a_persons_copy_of_the_note_is_none() -> None:
    body = note_of(complete_or_not(description="")).body
    assert note_of(complete_or_not(said(9, body, RITA), description="")).note_id is None


@pytest.mark.parametrize(
    ("labels", "is_one"),
    [
        (("section::sec", "group::not owned"), True),
        (("section::sec", "group::not_owned", "x"), True),
        (("all Sec groups",), True),
        (("initiative::incomplete", "group::static analysis"), True),
        (("section::sec",), False),
        (("group::not owned",), False),
        (("section::sec", "group::static analysis"), False),
    ],
)
def test_what_an_initiative_is(labels: tuple[str, ...], is_one: bool) -> None:
    for scope in (Scope(), Scope(reference=Reference("sec/product", 4)), None):
        assert (not complete_or_not(description="", labels=labels, scope=scope).is_empty) is is_one


@pytest.mark.parametrize("fields", [{"state": "closed"}, {"project_path": "elsewhere/x"}, {"moved": True}])
def test_what_is_closed_moved_away_or_elsewhere_is_left_alone(fields: dict[str, Any]) -> None:
    assert complete_or_not(description="", **fields) == Plan()


def test_a_reference_that_gitlab_does_not_have_is_told() -> None:
    with pytest.raises(WrongInput, match="GitLab has no issue sec/product#99, or the bot may not see it"):
        planned(FakeReader([initiative()]), scope=Scope(reference=Reference("sec/product", 99)))
    assert planned(FakeReader([]), scope=Scope(project_id=7, iid=99, event_kind="issue")) == Plan()


def test_requests_are_the_lists_and_three_for_each_that_nobody_owns() -> None:
    known = initiative(5, labels=(*LABELS, "initiative::complete"))
    silent = initiative(6, labels=(*OWNED,), user_notes_count=0)
    closed = initiative(8, labels=OWNED, state="closed")
    reader = FakeReader([known, silent, initiative(7), closed])
    planned(reader, scope=Scope())
    seen = "initiative::complete,initiative::incomplete"
    lists = [
        "opened initiative::complete without None",
        "opened initiative::incomplete without None",
        f"opened section::sec,group::not owned without {seen}",
        f"opened section::sec,group::not_owned without {seen}",
        f"opened all Sec groups without {seen}",
        "closed initiative::complete without None",
        "closed initiative::incomplete without None",
    ]
    expected = [f"{kind} {each}" for kind in ("issues", "epics") for each in lists]
    assert sorted(reader.asked[:14]) == sorted(expected)
    assert sorted(reader.asked[14:]) == [
        "discussions 7#5",
        "discussions 7#7",
        "label events 7#6",
        "links 7#5",
        "links 7#6",
        "links 7#7",
        "members 7",
        "merge requests 7#5",
        "merge requests 7#7",
    ]
