"""A policy file as values: what was read, before anything is asked of GitLab."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import Problem
from bot.settings.yaml_reader import Path, Positions
from bot.triage.ruby.syntax import Program
from bot.triage.ruby.templates import Template


@dataclass(frozen=True)
class Rule:
    """One rule of a file, or of a summary.

    Args:
        where: its path in the file.
        programs: compiled Ruby, by its path below the rule.
        templates: compiled texts, by their path below the rule.
    """

    name: str | None
    kind: str
    where: Path
    conditions: dict[str, Any]
    limits: dict[str, Any]
    actions: dict[str, Any]
    expansions: tuple[tuple[str, ...] | None, ...] = (None,)
    type: str | None = None
    real_time: bool = True
    programs: dict[Path, Program] = field(default_factory=dict, compare=False)
    templates: dict[Path, Template] = field(default_factory=dict, compare=False)

    @property
    def shown_name(self) -> str:
        return "" if self.name is None else str(self.name)


@dataclass(frozen=True)
class Summary:
    name: str | None
    kind: str
    where: Path
    rules: tuple[Rule, ...]
    own: Rule


@dataclass(frozen=True)
class TypeRules:
    kind: str
    summaries: tuple[Summary, ...]
    rules: tuple[Rule, ...]
    where: Path


@dataclass(frozen=True)
class Policy:
    """A file that was read.

    Args:
        problems: mistakes; warnings are those with which it can be run.
    """

    file: str
    types: tuple[TypeRules, ...] = ()
    host_url: str | None = None
    api_version: str = "v4"
    per_page: int = 100
    problems: tuple[Problem, ...] = ()
    positions: Positions = field(default_factory=Positions, compare=False)
    text: str = field(default="", compare=False, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.is_warning)

    def rules(self) -> Iterable[Rule]:
        """All rules, those of summaries too, in the order in which they run."""
        for each in self.types:
            for summary in each.summaries:
                yield from summary.rules
                yield summary.own
            yield from each.rules


def names_of(value: Any) -> list[str]:
    """One name or a list of them, as a list."""
    if value is None:
        return []
    return [plain_text(each) for each in (value if isinstance(value, list) else [value])]


def plain_text(value: Any) -> str:
    """A value of YAML as Ruby writes it into a text: true is `true`, a list is `["a", 1]`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_inspected, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inspected(key)}=>{_inspected(each)}" for key, each in value.items()) + "}"
    return str(value)


def _inspected(value: Any) -> str:
    if value is None:
        return "nil"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else plain_text(value)


def is_on(value: Any) -> bool:
    """true, or the text of it; `false` as a text is false."""
    return value is not None and value is not False and str(value).strip().lower() != "false"
