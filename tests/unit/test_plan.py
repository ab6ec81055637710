"""Plans: order, what blocks what, and that a run never stops at one failure."""

from __future__ import annotations

import threading
import time

import pytest

from bot.domain.changes import CreateIssue, CreateProject, WriteNote
from bot.domain.errors import WrongInput
from bot.domain.plan import Outcome, Plan, Status, Step
from bot.domain.resources import Reference
from bot.runtime.applying import apply_plan

PROJECT = CreateProject("g/p", "P", "d", "m", ("issues",))
ISSUE = CreateIssue("g/p", "T", "d", "m", iid=1)
NOTE = WriteNote("g/q", 3, "<!-- x -->", "hello")


class ScriptedWriter:
    """Answers by key, and remembers the order."""

    def __init__(self, answers: dict[str, Outcome]) -> None:
        self.answers, self.lock = answers, threading.Lock()
        self.seen: list[str] = []
        self.running = self.most_at_once = 0

    def apply(self, step: Step, absent: frozenset[int]) -> Outcome:
        with self.lock:
            self.seen.append(step.change.key)
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return self.answers.get(step.change.key, Outcome(Status.DONE))


def test_what_is_needed_comes_first_whatever_the_order() -> None:
    plan = Plan((Step(ISSUE, "b", "s", needs=(PROJECT.key,)), Step(PROJECT, "b", "s")))
    writer = ScriptedWriter({})
    apply_plan(plan, writer)
    assert writer.seen == [PROJECT.key, ISSUE.key]


def test_independent_changes_go_side_by_side() -> None:
    writer = ScriptedWriter({})
    apply_plan(Plan((Step(PROJECT, "b", "s"), Step(NOTE, "b", "s"))), writer)
    assert writer.most_at_once == 2


@pytest.mark.parametrize(
    ("became", "seen", "status"),
    [
        (Outcome(Status.DONE), [NOTE.key], Status.ALREADY_SO),
        (Outcome(Status.ALREADY_SO), [NOTE.key], Status.ALREADY_SO),
        (Outcome(Status.REFUSED, "no"), [NOTE.key, PROJECT.key], Status.DONE),
        (Outcome(Status.FAILED, "silence"), [NOTE.key, PROJECT.key], Status.DONE),
    ],
)
def test_what_stands_in_for_a_change_is_done_only_where_that_came_to_no_good(
    became: Outcome, seen: list[str], status: Status
) -> None:
    writer = ScriptedWriter({NOTE.key: became})
    outcomes = apply_plan(Plan((Step(PROJECT, "b", "s", unless=NOTE.key), Step(NOTE, "b", "s"))), writer)
    assert (writer.seen, outcomes[PROJECT.key].status) == (seen, status)


def test_a_refused_change_stops_only_what_needs_it() -> None:
    plan = Plan(
        (Step(PROJECT, "b", "s"), Step(ISSUE, "b", "s", needs=(PROJECT.key,)), Step(NOTE, "b", "s", after=(ISSUE.key,)))
    )
    writer = ScriptedWriter({PROJECT.key: Outcome(Status.REFUSED, "no")})
    outcomes = apply_plan(plan, writer)
    assert {key: each.status for key, each in outcomes.items()} == {
        PROJECT.key: Status.REFUSED,
        ISSUE.key: Status.REFUSED,
        NOTE.key: Status.DONE,
    }
    assert outcomes[ISSUE.key].sentence == "Not tried, since it needs what was refused: project g/p."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("group/project", ("group/project", None)),
        ("group/sub/project#12", ("group/sub/project", 12)),
        ("https://gitlab.example/a/b/-/issues/7", ("a/b", 7)),
        ("https://gitlab.example/a/b/-/work_items/7#note_1", ("a/b", 7)),
        ("https://gitlab.example/a/b/-/issues/incident/7", ("a/b", 7)),
    ],
)
def test_references_are_what_a_person_types(text: str, expected: tuple[str, int | None]) -> None:
    reference = Reference.parse(text)
    assert (reference.path, reference.iid) == expected


@pytest.mark.parametrize("text", ["", "#12", "a/b#0", "a/b#x", "a//b", "/a", "a/b/"])
def test_what_is_no_reference_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(WrongInput, match="is no reference. Write group/project, group/project#12"):
        Reference.parse(text)
