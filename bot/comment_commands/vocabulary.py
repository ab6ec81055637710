"""What can be said to the bot at a place: commands, with what they do and who may give them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.resources import AccessLevel

HELP = "help"


@dataclass(frozen=True)
class CommandSpec:
    """Args: name: in small letters, with single blanks; what: what it does, a sentence."""

    name: str
    what: str
    least_access: AccessLevel = AccessLevel.DEVELOPER
