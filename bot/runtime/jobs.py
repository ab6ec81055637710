"""What a job is and how it goes: the same for every database, and without one. Durability is around it, not in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.events import Event, event_from_json, event_to_json
from bot.domain.ports import Automation, Lane, Scope
from bot.domain.resources import EpicReference
from bot.runtime.operators_issue import gather_operators_issue, plan_operators_issue
from bot.runtime.run import Means, Run, problems_of, run

FORMAT = 1
PAUSES_S = (5, 15, 45, 120, 360, 1080, 3600)
CATCH_UP_AFTER_S = 300


@dataclass(frozen=True)
class Job:
    """A delivery on its way, as it is kept: references only.

    Args:
        automations: names of those who listen.
        attempt: 1 for the first.
    """

    delivery: str
    lane: Lane
    event: Event
    automations: tuple[str, ...]
    received_at: str
    attempt: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "delivery": self.delivery,
            "lane": self.lane.value,
            "event": event_to_json(self.event),
            "automations": list(self.automations),
            "received_at": self.received_at,
            "attempt": self.attempt,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        """Reads jobs of every version: fields that it does not know are dropped, missing ones have defaults."""
        return cls(
            delivery=str(data.get("delivery", "")),
            lane=Lane(data.get("lane", Lane.INCIDENTS.value)),
            event=event_from_json(data["event"]),
            automations=tuple(data.get("automations", ())),
            received_at=str(data.get("received_at", "")),
            attempt=int(data.get("attempt", 1)),
        )


def listeners(event: Event, automations: tuple[Automation, ...], settings: Any) -> dict[Lane, tuple[str, ...]]:
    """Who listens to the event, by lane; empty where nobody does."""
    found: dict[Lane, tuple[str, ...]] = {}
    for automation in automations:
        if automation.listens_to(event, settings):
            found[automation.lane] = (*found.get(automation.lane, ()), automation.name)
    return found


def scope_of(event: Event) -> Scope:
    """What an event asks to look at."""
    if event.resource_kind == "epics":
        return Scope(epic=EpicReference(event.project_path, event.iid or 0), event_kind=event.kind)
    return Scope(project_id=event.project_id, iid=event.iid, resource_kind=event.resource_kind, event_kind=event.kind)


def work(job: Job, means: Means, now: Callable[[], dt.datetime], *, last_attempt: bool) -> dict[str, Any]:
    """Do the job and tell what became of it, as JSON: `outcome` is done, deferred, retry or dead."""
    event = job.event
    scope = scope_of(event)
    chosen = [(each, scope) for each in means.automations if each.name in job.automations]
    result = run(chosen, means, now())
    tell_operators(result, means, for_good=last_attempt, settle_others=False)
    outcome = "deferred" if result.is_deferred else "done"
    if result.is_unfinished:
        outcome = "dead" if last_attempt else "retry"
    return {"outcome": outcome, "changes": result.history()}


def tell_operators(result: Run, means: Means, *, for_good: bool, settle_others: bool) -> Run | None:
    """Write what needs a person into the operators' issue; None where there is nothing to write, or nobody to write."""
    problems = problems_of(result, for_good=for_good)
    failed = frozenset(problems_of(result, for_good=True))
    if means.writer is None or (not problems and not settle_others):
        return None

    def look(_scope: Scope, reader: Any, settings: Any, _now: dt.datetime) -> Any:
        facts = gather_operators_issue(reader, settings)
        return plan_operators_issue(facts, problems, settle_others=settle_others, unsettled=failed)

    teller = Automation("operators_issue", "", "", Lane.EVERYDAY, "bot", lambda _event, _settings: False, look)
    told = run([(teller, Scope())], means, dt.datetime.now(dt.UTC))
    return told if any(part.error or not part.plan.is_empty for part in told.parts) else None
