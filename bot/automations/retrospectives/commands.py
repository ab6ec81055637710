"""What people ask the bot for in the comments of a retrospective."""

from __future__ import annotations

from bot.automations.retrospectives.facts import Retrospective
from bot.comment_commands.grammar import parse_commands, without_commands
from bot.comment_commands.rights import may_command
from bot.domain.resources import AccessLevel, Note

REFRESH = "refresh"
BUBBLE_UP = "bubble up"
COMMANDS = (REFRESH, BUBBLE_UP)
# Any member of the project.
LEAST_ACCESS = AccessLevel.GUEST


def gives(note: Note, command: str, bot_name: str) -> bool:
    """Whether the comment gives this command, whoever wrote it."""
    return any(each.name == command for each in parse_commands(note.body, bot_name, COMMANDS))


def is_point(note: Note, bot_name: str, own_ids: frozenset[int]) -> bool:
    """Whether a person says more in it than a command."""
    is_persons = not note.is_system and note.author.id not in own_ids
    return is_persons and bool(without_commands(note.body, bot_name, COMMANDS))


def has_commands(retrospective: Retrospective, bot_name: str, own_ids: frozenset[int]) -> bool:
    return any(
        note.author.id not in own_ids and parse_commands(note.body, bot_name, COMMANDS)
        for note in retrospective.notes()
    )


def newest_request(retrospective: Retrospective, bot_name: str, own_ids: frozenset[int]) -> int:
    """Id of the newest comment of a member that asks for a refresh; 0 where there is none."""
    members = retrospective.members
    asked = (
        note.id
        for note in retrospective.notes()
        if gives(note, REFRESH, bot_name) and may_command(note, members, LEAST_ACCESS, own_ids)
    )
    return max(asked, default=0)
