"""What a run of policies is given, tells on the way, and comes to."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.plan import Step
from bot.triage.extensions import NONE, Extensions
from bot.triage.facts import Item
from bot.triage.reading import Known, segment
from bot.triage.ruby.errors import RubyError
from bot.triage.rules import Policy, Rule, Summary

Json = dict[str, Any]
MOST_RESOURCES = 200_000
MOST_STEPS = 50_000
LONGEST_S = 3600.0


@dataclass(frozen=True)
class Source:
    """What is triaged.

    Args:
        kind: projects, groups or all.
        id: as it was given: a number or a path, not encoded; empty for all.
    """

    kind: str
    id: str = ""

    @property
    def path(self) -> str:
        """Below /api/v4; empty for all projects."""
        return f"{self.kind}/{segment(self.id)}" if self.kind != "all" else ""

    @property
    def shown(self) -> str:
        name = {"projects": "project", "groups": "group"}.get(self.kind, "")
        return f"`{self.id or ''}` {name}"


@dataclass(frozen=True)
class Options:
    """How a run goes.

    Args:
        refetch: each rule asks for its own list, as the gem does.
        repeats_notes: a note is written again in every run, as the gem does.
        reference: of the one resource that is looked at: `#42`, `!42`, `&42`.
        bot_usernames: whose notes count as the bot's own.
        keeps_secrets: a text goes only where no more people can read it than the resource that it is from.
    """

    source: Source
    now: dt.datetime
    zone: dt.tzinfo
    refetch: bool = False
    repeats_notes: bool = False
    reference: str | None = None
    bot_usernames: frozenset[str] = frozenset()
    keeps_secrets: bool = False
    extensions: Extensions = NONE


@dataclass(frozen=True)
class Failure:
    """Something of a run that did not work; the rest went on.

    Args:
        exit_code: 2 where the policy is wrong, 4 where GitLab has refused or was silent.
    """

    rule: str
    sentence: str
    exit_code: int
    resource: str = ""

    def __str__(self) -> str:
        where = f"{self.rule}: " if self.rule else ""
        which = f"{self.resource}: " if self.resource else ""
        return f"{where}{which}{self.sentence}"


@dataclass(frozen=True)
class RuleRun:
    """What one rule (and one expansion of its labels) came to; the report is made of these.

    Args:
        found, filtered, limited: how many resources were left after each stage; None where it was not reached.
    """

    rule: Rule
    found: int | None = None
    filtered: int | None = None
    limited: int | None = None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class Told:
    """Where a run tells what it does, as it goes; the report writes it down."""

    policy: Callable[[Policy], None] = lambda policy: None
    source: Callable[[Source], None] = lambda source: None
    kind: Callable[[str], None] = lambda kind: None
    summary: Callable[[Summary], None] = lambda summary: None
    rule: Callable[[Rule], None] = lambda rule: None
    nothing_to_gather: Callable[[], None] = lambda: None
    rule_done: Callable[[RuleRun], None] = lambda run: None
    skipped: Callable[[str], None] = lambda sentence: None


@dataclass
class Result:
    """A run's plan, and what went wrong on the way to it."""

    steps: list[Step] = field(default_factory=list)
    runs: list[RuleRun] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)


class Stopwatch:
    """Ends a run that takes too long."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self.longest_s = longest_s
        self._end = time.perf_counter() + longest_s

    def check(self) -> None:
        """Raises RubyError when the time is up."""
        if time.perf_counter() > self._end:
            raise RubyError(
                "Timeout::Error", f"the run has taken more than {self.longest_s / 60:g} minutes; triage fewer projects"
            )


@dataclass
class World:
    """What runs over several sources share: a resource that lies in two of them is one, with all that was done to it.

    Args:
        known: the answers of GitLab.
        items: the resources, by their keys.
        touched: those that the run changes, in the order of their first change.
        last_on: the last change on each path, which the next one waits for.
        written: place and marker of the notes and issues that are planned.
        stopwatch: began with the run.
    """

    known: Known
    items: dict[Any, Item] = field(default_factory=dict)
    touched: dict[Item, None] = field(default_factory=dict)
    last_on: dict[str, str] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)
    turns: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
