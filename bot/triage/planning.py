"""The plan of policies for one source, as the house has plans."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.plan import Notice, NoticeKind, Plan
from bot.triage.engine import Engine
from bot.triage.reading import Reading
from bot.triage.rules import Policy
from bot.triage.runs import Failure, Options, Result, World


def plan_source(policies: list[Policy], options: Options, reading: Reading, world: World) -> Plan:
    """What all rules would change in the source, in the order of the files.

    Args:
        world: shared with the other sources of the same run.
    """
    return as_plan(Engine(reading, options, world=world).run(policies))


def as_plan(result: Result) -> Plan:
    return Plan(tuple(result.steps), tuple(_notices(result.failures)))


def _notices(failures: list[Failure]) -> Iterable[Notice]:
    for failure in failures:
        kind = NoticeKind.REFUSED if failure.exit_code == 4 else NoticeKind.WRONG
        which = f"{failure.resource}: " if failure.resource else ""
        subject = f"triage rule {failure.rule}"
        yield Notice(kind, subject, f"{which}{failure.sentence}", public=not failure.resource)
