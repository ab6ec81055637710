"""Whose commands count: of people with the role that it takes, in comments as they were first written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.domain.resources import AccessLevel, Discussion, Member, Note, User

# A slip of the pen is mended in this time; what changes later was not said when the comment was made.
MENDED_WITHIN = dt.timedelta(minutes=1)


def may_command(note: Note, members: Iterable[Member], least: AccessLevel, own_ids: frozenset[int]) -> bool:
    """Whether the comment's author may give a command in this project.

    Args:
        members: of the project, inherited ones too, as GitLab has them now.
        own_ids: the bot commands nothing.
    """
    if note.is_system or note.author.id in own_ids or was_edited(note):
        return False
    return role_of(note.author, members, at=note.created_at) >= least


def role_of(person: User, members: Iterable[Member], *, at: dt.datetime | None = None) -> AccessLevel:
    """The highest that they have among these; NONE for who is not there.

    Args:
        at: only of those who were members by then: what somebody said before they joined commands nothing later.
    """
    mine = (each for each in members if each.user.id == person.id)
    known = (each for each in mine if at is None or each.created_at is None or each.created_at <= at)
    return max((each.access_level for each in known), default=AccessLevel.NONE)


def was_edited(note: Note) -> bool:
    return note.edited_at is not None and note.edited_at - note.created_at > MENDED_WITHIN


def may_have_been_edited(note: Note) -> bool:
    """Whether it has to be asked when its text was changed: emoji and answers move updated_at, too."""
    return note.updated_at is not None and note.updated_at - note.created_at > MENDED_WITHIN


def with_edits(discussions: tuple[Discussion, ...], edited: Mapping[int, dt.datetime | None]) -> tuple[Discussion, ...]:
    """The same, with the times at which texts were changed."""
    return tuple(
        Discussion(each.id, tuple(replace(note, edited_at=edited.get(note.id)) for note in each.notes))
        for each in discussions
    )
