"""What can be said to the bot at a place: commands, with what they do and who may give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.resources import AccessLevel

HELP = "help"
ACCEPT, DEFER, PAUSE, RESUME, DRI, DECIDE = "accept", "defer", "pause", "resume", "dri", "decide"
# Here, since an initiative can be before the council, too: whoever answers there has to know them.
COUNCIL_COMMANDS = {
    ACCEPT: "a representative takes it before the council, whatever the table of the scope says",
    DEFER: "puts it at the end of the queue",
    PAUSE: "stops the clock",
    RESUME: "lets the clock run again",
    DRI: "with a username: that person decides",
    DECIDE: "ends the discussion, when the decision is written down in the description",
}


@dataclass(frozen=True)
class CommandSpec:
    """Args: name: in small letters, with single blanks; what: what it does, a sentence."""

    name: str
    what: str
    least_access: AccessLevel = AccessLevel.DEVELOPER


def council_vocabulary(access_of: Callable[[str, AccessLevel], AccessLevel]) -> tuple[CommandSpec, ...]:
    """What can be said on an issue before the council.

    Args:
        access_of: the least role of a command, where the settings say one, else the given one.
    """
    return tuple(
        CommandSpec(name, what, access_of(name, AccessLevel.DEVELOPER)) for name, what in COUNCIL_COMMANDS.items()
    )
