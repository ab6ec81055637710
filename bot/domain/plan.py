"""A plan: what would be changed, why, in what order, and what is held back. Nothing of it was done yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bot.domain.changes import Change


@dataclass(frozen=True, slots=True)
class Step:
    """A change with its reason.

    Args:
        needs: keys of changes in the same plan without which this one must not be tried.
        after: keys of changes that come first, whatever becomes of them.
        subject: the thing that the step is about, as a person would type it.
        public: whether everybody may read about it; other steps print without names where output is not a terminal.
        rule: the rule of a policy that asks for it, which may be named everywhere; empty where no policy does.
        unless: key of a change; this step is only carried out where that one came to no good.
    """

    change: Change
    because: str
    subject: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    public: bool = False
    rule: str = ""
    unless: str = ""


class NoticeKind(Enum):
    """UNSAFE makes a run end with 3, REFUSED and FAILED with 4, WRONG with 2; the others inform.

    FAILED: GitLab did not answer; it is tried again.
    """

    UNSAFE = "unsafe"
    REFUSED = "refused"
    FAILED = "failed"
    WRONG = "wrong"
    DEFERRED = "deferred"
    LEFT_ALONE = "left alone"


@dataclass(frozen=True)
class Notice:
    """Something that the plan does not do, in a sentence.

    Args:
        for_operators: whether the operators' issue tells it.
    """

    kind: NoticeKind
    subject: str
    sentence: str
    public: bool = False
    for_operators: bool = True


@dataclass(frozen=True)
class Plan:
    """Args:
    look_again: what follows from the steps, in words: when they are done, the same run looks once more.
    watermark: how far the automation has read, for its next look at everything: references and instants, as JSON has
        them; None where it keeps none. It says nothing of what is to be done.
    """

    steps: tuple[Step, ...] = ()
    notices: tuple[Notice, ...] = ()
    look_again: str = ""
    watermark: Mapping[str, Any] | None = field(default=None, compare=False)

    def __add__(self, other: Plan) -> Plan:
        return Plan(
            self.steps + other.steps,
            self.notices + other.notices,
            self.look_again or other.look_again,
            self.watermark or other.watermark,
        )

    @property
    def is_empty(self) -> bool:
        """Nothing to do; notices may still stand."""
        return not self.steps

    def counts(self) -> dict[str, int]:
        """Kind of change to number, in the order in which kinds first come."""
        result: dict[str, int] = {}
        for step in self.steps:
            result[step.change.kind] = result.get(step.change.kind, 0) + 1
        return result


class Status(Enum):
    DONE = "done"
    ALREADY_SO = "already so"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        return self in (Status.DONE, Status.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step.

    Args:
        sentence: GitLab's words, or what to know; empty where there is nothing to say.
        absent: ids of people who did not get the access that the step was to give.
        http_status: of GitLab's refusal.
    """

    status: Status
    sentence: str = ""
    absent: frozenset[int] = field(default_factory=frozenset)
    http_status: int | None = None


def content_hash(change: Change) -> str:
    """Twelve hexadecimal digits that stand for the change where its content must not."""
    return hashlib.sha256(repr(change).encode()).hexdigest()[:12]


def short_reference(subject: str) -> str:
    """The same six digits for the same subject; says which lines of a redacted plan belong together."""
    return hashlib.sha256(subject.encode()).hexdigest()[:6]


def blocked_by(step: Step, outcomes: dict[str, Outcome]) -> Outcome | None:
    """The outcome of a step that cannot be tried since something that it needs was not done."""
    for key in step.needs:
        needed = outcomes.get(key)
        if needed is not None and not needed.status.is_good:
            return Outcome(needed.status, f"Not tried, since it needs what was {needed.status.value}: {key}.")
    instead_of = outcomes.get(step.unless)
    if instead_of is not None and instead_of.status.is_good:
        return Outcome(Status.ALREADY_SO, "Not needed.")
    return None


class Waiting:
    """The steps of a plan that were not started, and what each of them waits for.

    A step may start when everything that it needs or comes after is settled; what no step of the plan makes is settled.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps: dict[str, Step] = {}
        for step in steps:
            self._steps.setdefault(step.change.key, step)
        self._missing = {
            key: {each for each in (*step.needs, *step.after, step.unless) if each in self._steps and each != key}
            for key, step in self._steps.items()
        }
        self._behind: dict[str, list[str]] = {}
        for key, missing in self._missing.items():
            for each in missing:
                self._behind.setdefault(each, []).append(key)
        self._free = [key for key, missing in self._missing.items() if not missing]

    @property
    def is_over(self) -> bool:
        """Whether nothing may start before something else is settled."""
        return not self._free

    def startable(self) -> list[Step]:
        """Those that may start now, in plan order; each is given once."""
        free, self._free = self._free, []
        return [self._steps[key] for key in free]

    def settle(self, key: str) -> None:
        """The step with this key has come to its end, whichever."""
        for behind in self._behind.pop(key, ()):
            self._missing[behind].discard(key)
            if not self._missing[behind]:
                self._free.append(behind)
