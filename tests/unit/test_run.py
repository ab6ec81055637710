"""A run: who looks, and who looks once more."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.domain.changes import WriteNote
from bot.domain.plan import Outcome, Plan, Status, Step
from bot.domain.ports import Automation, Lane, Scope
from bot.runtime.run import Means, run

NOTE = WriteNote("g/q", 3, "<!-- x -->", "hello")


class Writer:
    def __init__(self, status: Status) -> None:
        self.status = status

    def apply(self, step: Step, absent: frozenset[int]) -> Outcome:
        return Outcome(self.status)


def looks(plan: Plan, status: Status | None) -> int:
    """How often an automation looks that always plans the same. Args: status: None for a dry run."""
    seen: list[Scope] = []

    def look(scope: Scope, _reader: Any, _settings: Any, _now: dt.datetime) -> Plan:
        seen.append(scope)
        return plan

    automation = Automation("a", "p", "b", Lane.EVERYDAY, "bot", lambda _event, _settings: False, look)
    writer = None if status is None else lambda: Writer(status)
    means = Means(None, lambda: None, writer, (automation,))
    run([(automation, Scope(name="x"))], means, dt.datetime.now(dt.UTC))
    assert set(seen) == {Scope(name="x")}
    return len(seen)


def test_where_more_follows_it_looks_once_more_and_not_for_ever() -> None:
    steps = (Step(NOTE, "b", "s"),)
    assert looks(Plan(steps, look_again="the rest"), Status.DONE) == 11
    assert looks(Plan(steps), Status.DONE) == 1
    # Where nothing was made, nothing follows.
    assert looks(Plan(steps, look_again="the rest"), Status.ALREADY_SO) == 1
    assert looks(Plan(steps, look_again="the rest"), Status.REFUSED) == 1
    assert looks(Plan(steps, look_again="the rest"), None) == 1
