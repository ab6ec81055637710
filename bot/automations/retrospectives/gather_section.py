"""Reads what there is of the section's retrospective: its issue, and the threads that people brought before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Protocol

from bot.automations.retrospectives.commands import BUBBLE_UP, gives
from bot.automations.retrospectives.facts import (
    Retrospective,
    RetrospectiveFacts,
    SectionRetrospective,
    Topic,
)
from bot.automations.retrospectives.identity import OF_SECTION, by_identity
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.comment_commands.grammar import without_commands
from bot.comment_commands.rights import may_command
from bot.domain.confidentiality import EVERYBODY, NOBODY, Audience, allowed_to_read, audience_of
from bot.domain.errors import GitLabError
from bot.domain.ports import SideBySide
from bot.domain.resources import Discussion, Issue, IssueId, Member, Note, User

UP_VOTE = "thumbsup"
# So that one person cannot make every run long: topics of a milestone, letters of a topic.
MOST_TOPICS, MOST_LETTERS = 200, 5_000
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
    issues = by_identity(known, setup, facts.own_ids)
    found = []
    for milestone in look.milestones:
        if not look.is_section_time(milestone, setup):
            continue
        mine = issues.get((OF_SECTION, milestone.title), ())
        section = SectionRetrospective(milestone, path, mine, follow_ups=facts.section_follow_ups)
        section = _with_discussions(section, reader)
        found.append(_with_topics(section, facts, reader, setup) if section.unread is None else section)
    for (owner, title), mine in sorted(issues.items()):
        # One whose month is over is only looked at where more people can read it by now.
        milestone_ = setup.milestone_of(title) if owner == OF_SECTION and not mine[0].confidential else None
        if milestone_ is not None and not look.is_section_time(milestone_, setup):
            found.append(_with_discussions(SectionRetrospective(milestone_, path, mine), reader))
    return tuple(found)


def _with_discussions(section: SectionRetrospective, reader: SectionReader) -> SectionRetrospective:
    if section.issue is None:
        return section
    try:
        at = section.issue.ids
        return replace(section, discussions=reader.discussions(at))
    except GitLabError as error:
        return replace(section, unread=error)


def _with_topics(
    section: SectionRetrospective, facts: RetrospectiveFacts, reader: SectionReader, setup: Setup
) -> SectionRetrospective:
    """Most upvoted first; of those with as many votes the older one."""
    of_milestone = [each for each in facts.retrospectives if each.milestone == section.milestone]
    by_group = [
        [(each, each.issue, *found) for found in _bubbled(each, setup, facts.own_ids)]
        for each in of_milestone
        if each.issue is not None
    ]
    # In turn, so that no group can take all places.
    bubbled = [topic for turn in zip_longest(*by_group) for topic in turn if topic is not None]
    if not bubbled:
        return section
    looked_at = bubbled[:MOST_TOPICS]
    readers = _readers(section, facts, reader, setup)

    def votes(issue: Issue, note: Note) -> int:
        try:
            return reader.emoji(issue.ids, note.id, UP_VOTE)
        except GitLabError:  # the note was deleted since it was read
            return 0

    counts = reader.side_by_side([partial(votes, issue, note) for _, issue, note, _ in looked_at])
    topics = [
        Topic(
            each.group,
            issue,
            note,
            first_line(note, setup.bot_name),
            words[:MOST_LETTERS],
            count,
            readers.is_within(_allowed(each, issue, facts)),
        )
        for (each, issue, note, words), count in zip(looked_at, counts, strict=True)
    ]
    ordered = sorted(topics, key=lambda topic: (-topic.up_votes, topic.note.created_at, topic.note.id))
    return replace(section, topics=tuple(ordered), more_topics=len(bubbled) - len(looked_at))


def _allowed(each: Retrospective, issue: Issue, facts: RetrospectiveFacts) -> Audience:
    project = facts.projects.get(each.project_path)
    return allowed_to_read(issue, project, each.members) if project is not None else NOBODY


def _readers(section: SectionRetrospective, facts: RetrospectiveFacts, reader: SectionReader, setup: Setup) -> Audience:
    """Who reads the section's retrospective, or will read it once it is opened."""
    project = facts.projects.get(section.project_path)
    if project is None:
        return EVERYBODY
    try:
        members = reader.project_members(project.id)
    except GitLabError:
        return EVERYBODY
    if section.issue is not None:
        return audience_of(section.issue, project, members, facts.own_ids)
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
        # Internal comments are for fewer people than the issue: they bubble nowhere.
        notes = [note for note in discussion.notes if not note.is_system and not note.is_internal]
        commands = [
            at
            for at, note in enumerate(notes)
            if gives(note, BUBBLE_UP, setup.bot_name)
            and may_command(note, each.members, setup.least_access(BUBBLE_UP), own_ids)
        ]
        if not commands:
            continue
        said = {note.id: without_commands(note.body, setup.bot_name) for note in notes}
        for at in commands:
            topic, words = _what_it_is_about(notes, at, said, own_ids)
            if topic is not None and topic.id not in seen:
                seen.add(topic.id)
                yield topic, words


def _what_it_is_about(
    notes: list[Note], at: int, said: Mapping[int, str], own_ids: frozenset[int]
) -> tuple[Note | None, str]:
    """A person's thread as a whole; below a prompt of the bot, the point that the command stands in or comes after."""
    if notes[0].author.id not in own_ids:
        words = "\n".join(said[note.id] for note in notes if note.author.id not in own_ids)
        return (notes[0], words) if said[notes[0].id] else (None, "")
    points = [note for note in notes[1 : at + 1] if note.author.id not in own_ids and said[note.id]]
    return (points[-1], said[points[-1].id]) if points else (None, "")


def first_line(note: Note, bot_name: str) -> str:
    """What the point says in a line, as its author wrote it."""
    lines = (_BEFORE_WORDS.sub("", line.strip()) for line in without_commands(note.body, bot_name).splitlines())
    return next((line for line in lines if line), "")
