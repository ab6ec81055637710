"""What people ask the bot for in the comments of a retrospective."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from bot.automations.retrospectives.facts import Retrospective
from bot.comment_commands.grammar import parse_commands, without_commands
from bot.comment_commands.rights import may_command
from bot.domain.resources import AccessLevel, Discussion, Note

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
    return is_persons and bool(without_commands(note.body, bot_name))


def command_notes(retrospective: Retrospective, bot_name: str, own_ids: frozenset[int]) -> list[Note]:
    """Comments of people that give any command, whoever wrote them."""
    return [
        note
        for note in retrospective.notes()
        if note.author.id not in own_ids and parse_commands(note.body, bot_name, COMMANDS)
    ]


def with_edits(discussions: tuple[Discussion, ...], edited: Mapping[int, dt.datetime | None]) -> tuple[Discussion, ...]:
    """The same, with the times at which texts were changed."""
    return tuple(
        Discussion(each.id, tuple(replace(note, edited_at=edited.get(note.id)) for note in each.notes))
        for each in discussions
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
