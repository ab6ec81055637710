"""What a pipeline's log says of a plan, and what it must not say."""

from __future__ import annotations

import json

import pytest

from bot.cli.plan_output import render_run
from bot.domain.plan import Notice, NoticeKind, Outcome, Plan, Status, Step, short_reference
from bot.domain.policy_changes import AddNote, Target
from bot.runtime.run import Part, Run

NOTE = AddNote(Target("issues", "projects/7/issues/1", "sec/secret#1"), "projects/7/issues/1/notes", "the secret words")
STEP = Step(NOTE, "rule stale: its comment", "sec/secret#1", rule="stale")
WORDS = "GitLab refused POST /projects/7/issues/1/notes with 403: 403 Forbidden"
REFUSED = Run((Part("triage of sec", Plan((STEP,)), {NOTE.key: Outcome(Status.REFUSED, WORDS, http_status=403)}),))
SHORT = short_reference("sec/secret#1")


def test_a_log_names_the_rule_and_the_status_and_nothing_that_is_not_public() -> None:
    assert render_run(REFUSED, "text", names=False) == (
        f"triage of sec: 1 add note\n  ! add note ({SHORT}): rule stale [refused, 403]"
    )
    [part] = json.loads(render_run(REFUSED, "json", names=False))
    [step] = part["steps"]
    assert (step["rule"], step["http_status"], step["outcome"]) == ("stale", 403, "refused")
    assert "secret" not in json.dumps(part)


def test_a_terminal_shows_gitlabs_words() -> None:
    assert render_run(REFUSED, "text", names=True).splitlines()[1:] == [
        "  ! add note: note on sec/secret#1: the secret words [refused, 403]",
        "      because rule stale: its comment",
        f"      {WORDS}",
    ]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (NoticeKind.REFUSED, "triage of sec: nothing is planned"),
        (NoticeKind.WRONG, "triage of sec: nothing is planned"),
        (NoticeKind.UNSAFE, "triage of sec: nothing is planned"),
        (NoticeKind.LEFT_ALONE, "triage of sec: nothing to do"),
    ],
)
def test_an_empty_plan_says_whether_something_stopped_it(kind: NoticeKind, says: str) -> None:
    run = Run((Part("triage of sec", Plan((), (Notice(kind, "sec", "GitLab refused it"),))),))
    assert render_run(run, "text", names=False).splitlines()[0] == says
