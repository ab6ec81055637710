"""One run: which automations look at what, what they plan, and, with a writer, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.domain.changes import ChangeLabels, CreateIssue
from bot.domain.errors import Bug, GitLabError, GitLabUnreachable, SectionbotError
from bot.domain.events import Event
from bot.domain.plan import NoticeKind, Outcome, Plan, Status, content_hash, short_reference
from bot.domain.policy_changes import UpdateResource
from bot.domain.ports import Automation, Scope, Writer
from bot.domain.resources import EpicId, EpicReference, Reference
from bot.runtime.applying import apply_plan

log = structlog.get_logger()
# More than anybody asks for at once; it bounds a plan that would never come to its end.
MOST_LOOKS_AGAIN = 10


@dataclass(frozen=True)
class Part:
    """What one automation did in a run; `outcomes` is empty where nothing was to be applied."""

    automation: str
    plan: Plan
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    error: SectionbotError | None = None


@dataclass(frozen=True)
class Run:
    parts: tuple[Part, ...]

    @property
    def exit_code(self) -> int:
        """The lowest of: 2 a policy was wrong; 3 a plan was unsafe; 4 GitLab refused or was unreachable; an error's."""
        codes = [part.error.exit_code for part in self.parts if part.error]
        for part in self.parts:
            kinds = {notice.kind for notice in part.plan.notices}
            codes += [2] if NoticeKind.WRONG in kinds else []
            codes += [3] if NoticeKind.UNSAFE in kinds else []
            bad = bool(kinds & {NoticeKind.REFUSED, NoticeKind.FAILED}) or any(
                not each.status.is_good for each in part.outcomes.values()
            )
            codes += [4] if bad else []
        return min(codes, default=0)

    @property
    def is_unfinished(self) -> bool:
        """Whether something failed that will work when GitLab answers again."""
        failed = any(each.status is Status.FAILED for part in self.parts for each in part.outcomes.values())
        failed |= any(notice.kind is NoticeKind.FAILED for part in self.parts for notice in part.plan.notices)
        return failed or any(isinstance(part.error, (GitLabUnreachable, Bug)) for part in self.parts)

    @property
    def is_deferred(self) -> bool:
        return any(notice.kind is NoticeKind.DEFERRED for part in self.parts for notice in part.plan.notices)

    def history(self) -> list[dict[str, Any]]:
        """What is kept of the run: kinds, short references, outcomes and hashes; no names and no texts."""
        rows: list[dict[str, Any]] = []
        for part in self.parts:
            if part.error is not None:
                rows.append({"automation": part.automation, "kind": "error", "outcome": type(part.error).__name__})
            for step in part.plan.steps:
                outcome = part.outcomes.get(step.change.key)
                rows.append(
                    {
                        "automation": part.automation,
                        "kind": step.change.kind,
                        "reference": short_reference(step.subject),
                        "hash": content_hash(step.change),
                        "outcome": outcome.status.value if outcome else "planned",
                    }
                )
            rows += [
                {
                    "automation": part.automation,
                    "kind": "notice",
                    "reference": short_reference(notice.subject),
                    "outcome": notice.kind.value,
                }
                for notice in part.plan.notices
            ]
        return rows


@dataclass(frozen=True)
class Means:
    """What a run works with.

    Args:
        reader: gives a fresh reader, which serves one look.
        writer: gives a fresh writer; None for a dry run.
        changed: told of each change that was tried (metrics).
    """

    settings: Any
    reader: Callable[[], Any]
    writer: Callable[[], Writer] | None
    automations: Sequence[Automation]
    changed: Callable[[str, str], None] | None = None


def run(scopes: Iterable[tuple[Automation, Scope]], means: Means, now: datetime) -> Run:
    """Each automation looks at its scope; what it changed, those that have not looked yet look at once.

    Where more follows from what a plan has made, its automation looks once more, and so on, a few times.
    """
    queue = list(scopes)
    parts: list[Part] = []
    looked = {automation.name for automation, _ in queue}
    again: dict[str, int] = {}
    while queue:
        automation, scope = queue.pop(0)
        part = _look(automation, scope, means, now)
        parts.append(part)
        is_done = any(outcome.status is Status.DONE for outcome in part.outcomes.values())
        if part.plan.look_again and is_done and again.get(automation.name, 0) < MOST_LOOKS_AGAIN:
            again[automation.name] = again.get(automation.name, 0) + 1
            queue.insert(0, (automation, scope))
        for event in _touched(part):
            for other in means.automations:
                if other.name not in looked and other.listens_to(event, means.settings):
                    looked.add(other.name)
                    queue.append((other, _scope_of(event)))
    return Run(tuple(parts))


def _look(automation: Automation, scope: Scope, means: Means, now: datetime) -> Part:
    try:
        plan = automation.look(scope, means.reader(), means.settings, now)
    except SectionbotError as error:
        status = {"status": error.status} if hasattr(error, "status") else {}
        log.error("look_failed", automation=automation.name, error=type(error).__name__, **status)
        return Part(automation.name, Plan(), error=error)
    except Exception as error:  # one failing automation never stops another
        bug = Bug(error)
        log.error("look_failed", automation=automation.name, error=str(bug))
        return Part(automation.name, Plan(), error=bug)
    if means.writer is None or plan.is_empty:
        return Part(automation.name, plan)
    outcomes = apply_plan(plan, means.writer())
    for step in plan.steps:
        outcome = outcomes[step.change.key]
        if means.changed is not None:
            means.changed(step.change.kind, outcome.status.value)
        log.info(
            "change",
            automation=automation.name,
            kind=step.change.kind,
            reference=short_reference(step.subject),
            hash=content_hash(step.change),
            outcome=outcome.status.value,
        )
    return Part(automation.name, plan, outcomes)


def _touched(part: Part) -> list[Event]:
    """Issues that were made, or whose labels were changed, as if a webhook had told it."""
    events = []
    for step in part.plan.steps:
        outcome = part.outcomes.get(step.change.key)
        if outcome is None or outcome.status is not Status.DONE:
            continue
        change = step.change
        if isinstance(change, ChangeLabels):
            labels = frozenset((*change.add, *change.remove))
            events.append(_labelled(change, labels))
        elif isinstance(change, UpdateResource) and change.target.kind == "issues":
            fields = dict(change.fields)
            names = ",".join(str(fields.get(name) or "") for name in ("add_labels", "remove_labels"))
            labels = frozenset(name for name in names.split(",") if name)
            path, _, iid = change.target.name.rpartition("#")
            events.append(Event("issue", 0, path, int(iid), "update", labels=labels))
        elif isinstance(change, CreateIssue) and change.iid is not None:
            labels = frozenset(change.labels)
            events.append(Event("issue", 0, change.project_path, change.iid, "open", labels=labels))
    return events


def _labelled(change: ChangeLabels, labels: frozenset[str]) -> Event:
    path, at = change.namespace_path, change.at
    if isinstance(at, EpicId):
        return Event("epic", 0, path, change.iid, "update", labels=labels, resource_kind="epics")
    return Event("issue", at.project_id, path, change.iid, "update", labels=labels)


def _scope_of(event: Event) -> Scope:
    if event.resource_kind == "epics":
        return Scope(epic=EpicReference(event.project_path, event.iid or 0))
    return Scope(reference=Reference(event.project_path, event.iid), resource_kind=event.resource_kind)


def problems_of(run_: Run, *, for_good: bool) -> dict[str, list[str]]:
    """Subject to sentences, for the operators.

    Args:
        for_good: whether what failed is not tried again by itself.
    """
    found: dict[str, list[str]] = {}
    for part in run_.parts:
        if part.error is not None and (for_good or not isinstance(part.error, (GitLabUnreachable, Bug))):
            told = (
                str(part.error)
                if isinstance(part.error, (GitLabError, Bug))
                else "The settings do not fit; see the log."
            )
            found.setdefault(part.automation, []).append(told)
        for notice in part.plan.notices:
            if notice.for_operators:
                found.setdefault(notice.subject, []).append(f"{notice.kind.value}: {notice.sentence}")
        for step in part.plan.steps:
            outcome = part.outcomes.get(step.change.key)
            if outcome is None or outcome.status.is_good:
                continue
            if outcome.status is Status.REFUSED or for_good:
                sentence = f"{step.change.kind}: {outcome.status.value}. {outcome.sentence}"
                found.setdefault(step.subject, []).append(sentence)
    return found
