"""What a condition is: asked of GitLab's list where it can be, answered here, explained in a sentence, documented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bot.triage.facts import Item
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.moments import Moment
from bot.triage.rules import Rule

if TYPE_CHECKING:
    from bot.triage.runs import Options

Param = tuple[str, str]
Path = tuple[str | int, ...]
Json = dict[str, Any]

IGNORED = "ignores it, so that the rule acts on more"
ALL = ("issues", "merge_requests", "epics", "branches", "work_items")
NAMES: Json = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
TEXT: Json = {"type": ["string", "number", "null"]}
FLAG: Json = {"type": ["boolean", "null"]}


class Facts(Protocol):
    """What conditions may ask for beyond the resource's own JSON; everything is asked for once."""

    @property
    def options(self) -> Options: ...
    @property
    def clock_now(self) -> Moment: ...

    def machine(self, item: Item, *, changes_values: bool = False) -> Machine: ...
    def members(self, source: str, source_id: str, inherited: bool) -> frozenset[str]: ...
    def discussions(self, item: Item) -> dict[str, int]: ...
    def status_ids(self, name: str) -> frozenset[int]: ...
    def last_human_activity(self, item: Item) -> str | None: ...
    def side_by_side(self, calls: list[Callable[[], Any]]) -> None: ...


@dataclass(frozen=True)
class Asked:
    """Of what a condition is part.

    Args:
        labels: of this expansion of the rule's labels; None where the rule has none.
        path: of the condition below the rule, by which its compiled Ruby is found.
    """

    rule: Rule
    labels: tuple[str, ...] | None
    facts: Facts
    path: Path


@dataclass(frozen=True)
class Query:
    """What a list is asked for.

    Args:
        labels: of this expansion of the rule's labels.
    """

    kind: str
    labels: tuple[str, ...] | None
    now: Moment

    @property
    def is_work_items(self) -> bool:
        return self.kind == "work_items"


@dataclass(frozen=True)
class Answer:
    """In words: what was wanted, and what was seen.

    Args:
        reason: what of it decides; while it stays the same, the reason of a note lasts.
    """

    wanted: str
    saw: str
    reason: str = ""


class Checks(Protocol):
    """How a condition tells what is wrong with its value; positions are those of the value."""

    kind: str
    conditions: Json

    def problem(
        self, what: str, hint: str = "", *, at: Path = (), in_gem: str | None = None, warns: bool = False
    ) -> bool: ...
    def drop(self) -> None:
        """The condition is as if it were not there."""

    def names(self, value: Any, thing: str, *, single: bool = True) -> None: ...
    def fields(self, value: Any, known: tuple[str, ...], needed: tuple[tuple[str, Any], ...]) -> Json | None: ...
    def program(self, source: str) -> None: ...
    def nested(self, group: Json, at: Path) -> None: ...


class Condition:
    """One key of a rule's `conditions`.

    The class says: for which types it is, in words and as JSON Schema what it takes, what it means, an example; which
    fields of a resource decide it (a change of others cannot matter), and which events can change its answer (none for
    what only a sweep can see).
    """

    name: ClassVar[str]
    types: ClassVar[tuple[str, ...]] = ALL
    accepts: ClassVar[str]
    says: ClassVar[str]
    example: ClassVar[str]
    schema: ClassVar[Json] = TEXT
    is_ours: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()
    events: ClassVar[tuple[str, ...]] = ("issue", "merge_request")
    # What the gem makes of it where it is not for the type.
    elsewhere: ClassVar[str] = IGNORED
    # Whether null or false switch the condition off.
    is_off_when_false: ClassVar[bool] = True

    def check(self, value: Any, checks: Checks) -> None:
        """Tells what is wrong with the value."""

    def params(self, value: Any, query: Query) -> list[Param]:
        """What GitLab's list is asked for; nothing where it cannot filter by this."""
        return []

    def is_listed(self, value: Any, kind: str) -> bool:
        """Whether GitLab's list filters by it."""
        return True

    def is_checked_here(self, value: Any, kind: str) -> bool:
        """Whether it is checked on what its own list has given."""
        return not self.is_listed(value, kind)

    def asks_gitlab(self, value: Any) -> bool:
        """Whether it costs requests, so that it is answered after the others."""
        return False

    def fetch(self, value: Any, items: list[Item], facts: Facts) -> None:
        """Asks for what all these resources need, side by side; what fails is told when they are answered."""

    def is_known_to_gitlab_only(self, value: Any) -> bool:
        """Whether the resource's JSON does not say enough to answer it here, without the list."""
        return False

    def waits_for_sweep(self, value: Any) -> bool:
        """Whether the rule is not for events."""
        return self.is_known_to_gitlab_only(value)

    def holds(self, value: Any, item: Item, asked: Asked) -> bool:
        """Raises RubyError and Refused where a resource cannot be asked."""
        raise NotImplementedError

    def words(self, value: Any, item: Item, asked: Asked) -> Answer:
        raise NotImplementedError


class CheckedHere(Condition):
    """One that GitLab's lists do not know."""

    def is_listed(self, value: Any, kind: str) -> bool:
        return False


def listed(values: Any) -> str:
    return ", ".join(map(str, values)) or "none"


def first_of(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def is_sent(value: Any) -> bool:
    return value is not None and value is not False
