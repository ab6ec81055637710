"""From the policies and what they find to one plan; the engine decides, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.automations.policy_triage.settings import PolicySource, TriageSettings, covers
from bot.domain.plan import Notice, NoticeKind, Plan
from bot.domain.ports import Scope
from bot.triage.engine import Engine
from bot.triage.extensions import NONE
from bot.triage.planning import as_plan, plan_source
from bot.triage.reading import Known, Reading, segment
from bot.triage.runs import Options, Source, World

Json = dict[str, Any]


class TriageReader(Protocol):
    """What the automation asks for."""

    def bot_usernames(self) -> frozenset[str]: ...
    def policies(self, hidden_groups: tuple[str, ...]) -> Reading: ...


def plan_triage(scope: Scope, reader: TriageReader, settings: Any, now: datetime) -> Plan:
    """The changes of all policies, source by source.

    Raises:
        GitLabError: where GitLab does not answer at all.
    """
    own: TriageSettings = settings.part("triage")
    if not own.sources:
        return Plan()
    hidden = (settings.part("incidents").incident_group,)
    reading = reader.policies(hidden)
    names = reader.bot_usernames()
    zone = ZoneInfo(own.time_zone)
    if scope.is_everything:
        world = World(Known(reading))
        plans = [_sweep(source, settings, reading, names, now, zone, world) for source in own.sources]
    else:
        plans = list(_one(scope, settings, reading, names, now, zone))
    plan = Plan()
    for each in plans:
        plan += each
    if len(plan.steps) > own.most_changes:
        counts = ", ".join(f"{count} {kind}" for kind, count in plan.counts().items())
        sentence = (
            f"The policies would make {len(plan.steps)} changes ({counts}), more than most_changes allows: "
            f"{own.most_changes}. Look at the plan, and raise most_changes if it is right."
        )
        return Plan((), (*plan.notices, Notice(NoticeKind.UNSAFE, "triage policies", sentence)))
    return plan


def _source(source: PolicySource) -> Source:
    return Source("projects" if source.project is not None else "groups", source.path)


def _options(source: PolicySource, settings: Any, names: frozenset[str], now: datetime, zone: ZoneInfo) -> Options:
    extensions = settings.extensions or NONE
    return Options(_source(source), now, zone, bot_usernames=names, keeps_secrets=True, extensions=extensions)


def _sweep(
    source: PolicySource,
    settings: Any,
    reading: Reading,
    names: frozenset[str],
    now: datetime,
    zone: ZoneInfo,
    world: World,
) -> Plan:
    policies = [settings.policies[file] for file in source.policies]
    return plan_source(policies, _options(source, settings, names, now, zone), reading, world)


def _one(
    scope: Scope,
    settings: Any,
    reading: Reading,
    names: frozenset[str],
    now: datetime,
    zone: ZoneInfo,
) -> Iterable[Plan]:
    """One resource, by the rules whose answers an event can have changed."""
    own: TriageSettings = settings.part("triage")
    if scope.reference is not None:
        if scope.reference.iid is None:
            place = scope.reference.path
            for source in own.sources:
                if source.path == place:
                    yield _sweep(source, settings, reading, names, now, zone, World(Known(reading)))
            return
        path = f"projects/{segment(scope.reference.path)}/{scope.resource_kind}/{scope.reference.iid}"
    else:
        path = f"projects/{scope.project_id}/{scope.resource_kind}/{scope.iid}"
    world = World(Known(reading))
    row = world.known.get(path)
    full = str((row.get("references") or {}).get("full") or "") if isinstance(row, dict) else ""
    project = full.rpartition("!" if scope.resource_kind == "merge_requests" else "#")[0]
    for source in own.sources:
        if not project or not source.real_time or not covers(source, project):
            continue
        engine = Engine(reading, _options(source, settings, names, now, zone), world=world)
        result = engine.run_event(
            [settings.policies[file] for file in source.policies], scope.resource_kind, dict(row), scope.event_kind
        )
        yield as_plan(result)
