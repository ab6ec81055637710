"""Reads what there is of the section's retrospective: its issue, and the threads that people brought before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

from bot.automations.retrospectives.commands import BUBBLE_UP, COMMANDS, LEAST_ACCESS, gives
from bot.automations.retrospectives.facts import (
    SECTION_MARKER,
    Retrospective,
    RetrospectiveFacts,
    SectionRetrospective,
    Topic,
)
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.comment_commands.grammar import without_commands
from bot.comment_commands.rights import may_command
from bot.domain.confidentiality import EVERYBODY, NOBODY, Audience, audience_of
from bot.domain.markers import read_marker
from bot.domain.places import is_same_path
from bot.domain.ports import SideBySide
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Discussion, Issue, IssueId, Member, Note, User

UP_VOTE = "thumbsup"
# What stands before the words of a line: bullets, numbers, headings.
_BEFORE_WORDS = re.compile(r"^(?:[-*+>]|#{1,6}|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")


class SectionReader(Protocol):
    side_by_side: SideBySide

    def discussions(self, issue: IssueId) -> tuple[Discussion, ...]: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def emoji(self, issue: IssueId, note_id: int, name: str) -> int: ...


def gather_sections(
    facts: RetrospectiveFacts, known: Iterable[Issue], look: Look, reader: SectionReader, setup: Setup
) -> tuple[SectionRetrospective, ...]:
    """The section's retrospective of each milestone of the look that has one now.

    Requests: for each its discussions, the members of its project, and for each topic its emoji.

    Args:
        known: issues that may be the section's.
    """
    path = setup.section.retrospective_project
    if path is None or not look.covers_section:
        return ()
    issues = [issue for issue in known if is_same_path(issue.project_path, path)]
    found = []
    for milestone in look.milestones:
        if not look.is_section_time(milestone, setup):
            continue
        mine = tuple(sorted((each for each in issues if _is_of(each, milestone, facts)), key=lambda each: each.iid))
        first = mine[0] if mine else None
        discussions = reader.discussions(IssueId(first.project_id, first.iid)) if first is not None else ()
        section = SectionRetrospective(milestone, path, mine, discussions)
        found.append(replace(section, topics=_topics(section, facts, reader, setup)))
    return tuple(found)


def _is_of(issue: Issue, milestone: Milestone, facts: RetrospectiveFacts) -> bool:
    fields = read_marker(SECTION_MARKER, issue.description) if issue.author.id in facts.own_ids else None
    return issue.milestone == milestone.title if fields is None else fields.get("milestone") == milestone.title


def _topics(
    section: SectionRetrospective, facts: RetrospectiveFacts, reader: SectionReader, setup: Setup
) -> tuple[Topic, ...]:
    """Most upvoted first; of those with as many votes the older one."""
    of_milestone = [each for each in facts.retrospectives if each.milestone == section.milestone]
    bubbled = [(each, *found) for each in of_milestone for found in _bubbled(each, setup, facts.own_ids)]
    if not bubbled:
        return ()
    readers = _readers(section, facts, reader, setup)
    votes = reader.side_by_side(
        [
            partial(reader.emoji, IssueId(each.issue.project_id, each.issue.iid), note.id, UP_VOTE)
            for each, note, _ in bubbled
            if each.issue is not None
        ]
    )
    topics = [
        Topic(
            each.group,
            each.issue,
            note,
            first_line(note, setup.bot_name),
            words,
            count,
            readers.is_within(_audience(each, facts)),
        )
        for (each, note, words), count in zip(bubbled, votes, strict=True)
        if each.issue is not None
    ]
    return tuple(sorted(topics, key=lambda topic: (-topic.up_votes, topic.note.created_at, topic.note.id)))


def _audience(each: Retrospective, facts: RetrospectiveFacts) -> Audience:
    project = facts.project(each.project_path)
    if each.issue is None or project is None:
        return NOBODY
    return audience_of(each.issue, project, each.members, facts.own_ids)


def _readers(section: SectionRetrospective, facts: RetrospectiveFacts, reader: SectionReader, setup: Setup) -> Audience:
    """Who reads the section's retrospective, or will read it once it is opened."""
    project = facts.project(section.project_path)
    if project is None:
        return EVERYBODY
    members = reader.project_members(project.id)
    if section.issues:
        return audience_of(section.issues[0], project, members, facts.own_ids)
    dri = facts.people.users.get(setup.section.dri)
    shown = next(each.issue for each in facts.retrospectives if each.issue is not None)
    to_come = replace(
        shown,
        author=User(min(facts.own_ids), ""),
        assignees=(dri,) if dri is not None else (),
        confidential=setup.own.section.confidential,
    )
    return audience_of(to_come, project, members, facts.own_ids)


def _bubbled(each: Retrospective, setup: Setup, own_ids: frozenset[int]) -> Iterator[tuple[Note, str]]:
    """What members brought up: the note that it is about, and what people wrote of it."""
    seen = set[int]()
    for discussion in each.discussions or ():
        notes = [note for note in discussion.notes if not note.is_system]
        for at, note in enumerate(notes):
            if not gives(note, BUBBLE_UP, setup.bot_name):
                continue
            if not may_command(note, each.members, LEAST_ACCESS, own_ids):
                continue
            topic, words = _what_it_is_about(notes, at, setup.bot_name, own_ids)
            if topic is not None and topic.id not in seen:
                seen.add(topic.id)
                yield topic, words


def _what_it_is_about(notes: list[Note], at: int, bot_name: str, own_ids: frozenset[int]) -> tuple[Note | None, str]:
    """A person's thread as a whole; below a prompt of the bot, the point that the command stands in or comes after."""
    said = {note.id: without_commands(note.body, bot_name, COMMANDS) for note in notes}
    if notes[0].author.id not in own_ids:
        words = "\n".join(said[note.id] for note in notes if note.author.id not in own_ids)
        return (notes[0], words) if said[notes[0].id] else (None, "")
    points = [note for note in notes[1 : at + 1] if note.author.id not in own_ids and said[note.id]]
    return (points[-1], said[points[-1].id]) if points else (None, "")


def first_line(note: Note, bot_name: str) -> str:
    """What the point says in a line, as its author wrote it."""
    lines = (
        _BEFORE_WORDS.sub("", line.strip()) for line in without_commands(note.body, bot_name, COMMANDS).splitlines()
    )
    return next((line for line in lines if line), "")
