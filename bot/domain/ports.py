"""What the rooms above need from GitLab and from each other, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from bot.domain.events import Event
from bot.domain.plan import Outcome, Plan, Step
from bot.domain.resources import EpicReference, Reference


class SideBySide(Protocol):
    """Runs calls that need nothing of each other at the same time; results in the order of the calls."""

    def __call__(self, calls: Sequence[Callable[[], Any]], /) -> list[Any]: ...


class Writer(Protocol):
    """Carries out one step; `absent` are people whom an earlier step could not add."""

    def apply(self, step: Step, absent: frozenset[int]) -> Outcome: ...


@dataclass(frozen=True)
class Scope:
    """What one run looks at: everything, a reference that a person typed, or the issue that an event named.

    Args:
        release: carry out what a guard has deferred, since an operator says so.
        resource_kind: what project_id and iid, or the reference, name: issues or merge_requests.
        event_kind: the event that asks, by GitLab's name; empty where a person does.
        name: what a person named otherwise than by a reference, for automations that take names.
        epic: what a person or an event named, for automations that look at epics.
        watermark: how far the automation had read when it last looked at everything, as its plan said it; None reads
            all.
    """

    reference: Reference | None = None
    project_id: int | None = None
    iid: int | None = None
    release: bool = False
    resource_kind: str = "issues"
    event_kind: str = ""
    name: str = ""
    epic: EpicReference | None = None
    watermark: Mapping[str, Any] | None = None

    @property
    def is_everything(self) -> bool:
        return self.reference is None and self.project_id is None and not self.name and self.epic is None


class Lane(Enum):
    """Incidents have workers and a share of the rate limit of their own."""

    INCIDENTS = "incidents"
    EVERYDAY = "everyday"


@dataclass(frozen=True)
class Automation:
    """One thing that the bot does.

    Args:
        purpose: what people will see, a sentence.
        budget: requests of one run, in words; a test holds it.
        settings: its part of the settings, by the name of the file in config/.
        listens_to: whether this event can change anything for it.
        look: gathers and plans: from a scope, a reader, all settings and now to a plan. It only reads.
        takes_names: whether a person can name what it looks at by a name of the settings, like a group's.
        takes_epics: whether it looks at epics.
    """

    name: str
    purpose: str
    budget: str
    lane: Lane
    settings: str
    listens_to: Callable[[Event, Any], bool]
    look: Callable[[Scope, Any, Any, datetime], Plan]
    takes_names: bool = False
    takes_epics: bool = False
