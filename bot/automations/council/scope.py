"""Whether an issue is for the council: the rows of the table that its author has ticked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from bot.automations.council.settings import CouncilSettings, ScopeRow
from bot.markdown.sections import named, sections

_TICKED = re.compile(r"\s*[-*+]\s+\[[xX]\]\s+(?P<text>.+)")


class Scope(Enum):
    IN = "in scope"
    OPT_IN = "opt-in"
    OUT = "out of scope"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ScopeAnswer:
    """Args: rows: those that say why it is out; of UNKNOWN none are."""

    scope: Scope
    rows: tuple[str, ...] = ()


def scope_of(description: str, settings: CouncilSettings) -> ScopeAnswer:
    """Unknown while nothing is ticked."""
    section = named(settings.sections.scope, sections(description))
    ticked = (
        {_words(match["text"]) for match in map(_TICKED.fullmatch, section.text.split("\n")) if match}
        if section
        else set()
    )
    if not settings.scope:
        return ScopeAnswer(Scope.IN)
    held = [row for row in settings.scope if _words(row.reason) in ticked]
    if not held:
        return ScopeAnswer(Scope.UNKNOWN)
    out = tuple(row.reason for row in held if row.out_of_scope is not None)
    if out:
        return ScopeAnswer(Scope.OUT, out)
    missing = _missing(settings.scope, held, "in_scope")
    if not missing:
        return ScopeAnswer(Scope.IN)
    if not _missing(settings.scope, held, "opt_in") or any(row.opt_in == "possible" for row in held):
        return ScopeAnswer(Scope.OPT_IN)
    return ScopeAnswer(Scope.OUT, tuple(f"not ticked: {row.reason}" for row in missing))


def _missing(rows: tuple[ScopeRow, ...], held: list[ScopeRow], column: str) -> list[ScopeRow]:
    return [row for row in rows if getattr(row, column) == "required" and row not in held]


def _words(text: str) -> str:
    return " ".join(text.lower().rstrip(".").split())
