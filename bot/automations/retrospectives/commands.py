"""What people ask the bot for in the comments of a retrospective."""

from __future__ import annotations

from bot.automations.retrospectives.facts import Retrospective
from bot.comment_commands.grammar import parse_commands, said_to, without_commands
from bot.comment_commands.rights import may_command
from bot.comment_commands.vocabulary import CommandSpec
from bot.domain.resources import AccessLevel, Note
from bot.settings.bot_settings import CommentCommands

REFRESH = "refresh"
BUBBLE_UP = "bubble up"
COMMANDS = {
    REFRESH: "brings the bot's note with what shipped and what slipped up to date",
    BUBBLE_UP: "brings the point right above, or the thread that somebody began, before the section",
}


def vocabulary(comments: CommentCommands) -> tuple[CommandSpec, ...]:
    """What can be said in a retrospective; by any member of the project, if the settings do not want more."""
    return tuple(
        CommandSpec(name, what, comments.access_of(name, AccessLevel.GUEST)) for name, what in COMMANDS.items()
    )


def gives(note: Note, command: str, bot_name: str) -> bool:
    """Whether the comment gives this command, whoever wrote it."""
    return any(each.name == command for each in parse_commands(note.body, bot_name, COMMANDS))


def is_point(note: Note, bot_name: str, own_ids: frozenset[int]) -> bool:
    """Whether a person says more in it than a command."""
    is_persons = not note.is_system and note.author.id not in own_ids
    return is_persons and bool(without_commands(note.body, bot_name))


def addressed_notes(retrospective: Retrospective, bot_name: str, own_ids: frozenset[int]) -> list[Note]:
    """Comments of people that say anything to the bot, whoever wrote them."""
    return [note for note in retrospective.notes() if note.author.id not in own_ids and said_to(bot_name, note.body)]


def newest_request(retrospective: Retrospective, bot_name: str, least: AccessLevel, own_ids: frozenset[int]) -> int:
    """Id of the newest comment that asks for a refresh, of somebody who may; 0 where there is none."""
    members = retrospective.members
    asked = (
        note.id
        for note in retrospective.notes()
        if gives(note, REFRESH, bot_name) and may_command(note, members, least, own_ids)
    )
    return max(asked, default=0)
