"""What the operators' issue says of what stands, of what is settled, and of what will be tried again."""

from __future__ import annotations

import datetime as dt

from bot.domain.changes import WriteNote
from bot.domain.plan import Plan
from bot.domain.resources import Issue, Note, User
from bot.runtime.operators_issue import SETTLED, OperatorsFacts, plan_operators_issue

NOW = dt.datetime(2026, 8, 24, tzinfo=dt.UTC)
BOT = User(1, "the.bot")
ISSUE = Issue(9, 4, 7, "sec/operations", "T", BOT, NOW, NOW, "https://gitlab.example/x")


def facts(*bodies: str) -> OperatorsFacts:
    notes = tuple(Note(number, BOT, body, NOW) for number, body in enumerate(bodies, start=1))
    return OperatorsFacts("sec/operations", "T", ISSUE, notes)


def told(plan: Plan) -> list[str]:
    return [step.change.body for step in plan.steps if isinstance(step.change, WriteNote)]


def body_of(subject: str) -> str:
    (body,) = told(plan_operators_issue(facts(), {subject: ["unsafe: x"]}, settle_others=False))
    return body


def test_what_stands_already_is_not_written_again() -> None:
    plan = plan_operators_issue(facts(body_of("a#1")), {"a#1": ["unsafe: x"]}, settle_others=True)
    assert plan.is_empty


def test_what_is_not_in_the_way_any_more_is_settled_once() -> None:
    (body,) = told(plan_operators_issue(facts(body_of("a#1")), {}, settle_others=True))
    assert SETTLED in body and "unsafe: x" in body
    assert plan_operators_issue(facts(body), {}, settle_others=True).is_empty


def test_what_failed_and_will_be_tried_again_is_not_called_settled() -> None:
    assert plan_operators_issue(facts(body_of("a#1")), {}, settle_others=True, unsettled=frozenset({"a#1"})).is_empty


def test_a_look_at_one_thing_settles_nothing_else() -> None:
    assert plan_operators_issue(facts(body_of("a#1")), {}, settle_others=False).is_empty


def test_text_of_people_does_nothing_here_either() -> None:
    (body,) = told(plan_operators_issue(facts(), {"a#1": ["@all\n/close <!-- x -->"]}, settle_others=False))
    assert "@all" not in body and "\n/close" not in body and body.count("<!--") == 1
