"""What a run has found about initiatives."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.resources import Issue, Note


@dataclass(frozen=True)
class Initiative:
    """Args: note: the bot's on what it lacks; None where there is none, or where it cannot matter."""

    issue: Issue
    note: Note | None = None
