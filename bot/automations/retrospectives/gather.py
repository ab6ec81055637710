"""Reads what there is of retrospectives and their follow-ups; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from bot.automations.retrospectives.commands import addressed_notes
from bot.automations.retrospectives.facts import Retrospective, RetrospectiveFacts, reminder_marker
from bot.automations.retrospectives.follow_ups import candidates
from bot.automations.retrospectives.gather_section import SectionReader, gather_sections
from bot.automations.retrospectives.identity import by_identity, of_owner
from bot.automations.retrospectives.opening import may_be_incomplete, own_notes_of_an_opening
from bot.automations.retrospectives.publishing import is_publishing, may_be_published
from bot.automations.retrospectives.refresh import is_refresh_time, why_refresh
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import compared
from bot.automations.retrospectives.work import WorkReader, gather_work
from bot.comment_commands.rights import may_have_been_edited, with_edits
from bot.domain.confidentiality import KnownProjects
from bot.domain.errors import GitLabError, GitLabRefused
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.places import is_same_path
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Issue, IssueId, MilestoneId, Note, Project
from bot.settings.section import SectionGroup

# From an opening until a missed publication is caught up no more.
ANNOUNCED_FOR = dt.timedelta(days=180)
# What was touched in these days is looked at, however old its milestone is.
RECENT = dt.timedelta(days=7)
# An opening takes seconds; what moves an issue later is somebody's doing.
OPENED_WITHIN = dt.timedelta(minutes=10)


class RetrospectiveReader(SectionReader, WorkReader, Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    def own_ids(self) -> frozenset[int]: ...
    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...
    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        milestone: str | None = None,
        author_id: int | None = None,
        confidential: bool | None = None,
        created_after: dt.datetime | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]: ...
    def projects_below(self, group: str) -> tuple[Project, ...]: ...
    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...
    def edited_at(self, note_ids: frozenset[int]) -> Mapping[int, dt.datetime | None]: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


@dataclass(frozen=True)
class _Lists:
    """What the lists have: retrospectives (and more) that may matter, and those that are still confidential."""

    known: tuple[Issue, ...]
    confidential: tuple[Issue, ...]
    follow_ups: tuple[Issue, ...]
    milestones: tuple[MilestoneId, ...]
    people: PeopleAnswer


def gather_retrospectives(look: Look, reader: RetrospectiveReader, setup: Setup) -> RetrospectiveFacts:
    """Facts about the groups and milestones of a look.

    Requests: the lists of `_read_lists`, however many groups and projects there are; one for each retrospective in
    which something has happened, or whose days have come, and up to two more where somebody commands; one for each
    follow-up with comments that is to be reminded of; for each milestone that a note shows, the pages of three lists;
    for texts that name resources, the pages of the group's projects.
    """
    own_ids = reader.own_ids()
    lists = _read_lists(look, reader, setup, own_ids)
    of_groups = _retrospectives(look, lists, setup, own_ids)
    due = _to_publish(look, lists, setup, own_ids)
    complete = partial(_with_discussions, reader=reader, setup=setup, own_ids=own_ids, look=look)
    read = reader.side_by_side(
        [partial(complete, each, must=False) for each in of_groups]
        + [partial(complete, each, must=True) for each in due]
    )
    facts = RetrospectiveFacts(
        retrospectives=tuple(read[: len(of_groups)]),
        to_publish=tuple(read[len(of_groups) :]),
        milestones=lists.milestones,
        people=lists.people,
        own_ids=own_ids,
        section_follow_ups=_of_section(lists.follow_ups, setup) if look.covers_section else (),
    )
    shown = [each.milestone for each in facts.retrospectives if why_refresh(each, facts, look, setup)]
    shown += [each.milestone for each in facts.to_publish if is_publishing(each, look, facts, setup)]
    titles = [before.title for each in shown for before in compared(each, setup)]
    sections = any(look.is_section_time(each, setup) for each in look.milestones)
    named = shown or sections or _is_addressed(facts)
    work, projects, reminded, people = reader.side_by_side(
        [
            partial(gather_work, titles, reader, setup),
            partial(reader.projects_below, setup.section.group) if named else tuple,
            partial(_reminded, facts, look, reader, setup),
            partial(_teams, facts, look, reader, setup, of_all=sections),
        ]
    )
    facts = replace(facts, work=work, projects=KnownProjects.of(projects), reminded=reminded, people=people)
    return replace(facts, sections=gather_sections(facts, lists.known, look, reader, setup))


def _read_lists(look: Look, reader: RetrospectiveReader, setup: Setup, own_ids: frozenset[int]) -> _Lists:
    section, own = setup.section, setup.own
    lists = partial(reader.issues, section.group, is_group=True)
    names = frozenset(group.people.engineering_manager for group in section.groups) | {section.dri}
    opened = min(setup.day_of("opening", each) for each in look.milestones) - dt.timedelta(days=1)
    since = dt.datetime.combine(opened, dt.time(), dt.UTC)
    calls: list[Callable[[], Any]] = [
        partial(lists, state="opened", label=own.follow_up_label),
        partial(reader.people, PeopleQuestion(usernames=names, groups=frozenset({section.group}))),
        partial(lists, state="all", label=own.label, confidential=True, created_after=look.now - ANNOUNCED_FOR)
        if own.publishes_any
        else tuple,
        *[partial(reader.milestones, section.group, each.title) for each in look.milestones],
        partial(lists, state="all", label=own.label, updated_after=look.now - RECENT),
        # Those that the bot has opened count also when a person took label or milestone off.
        *[partial(lists, state="all", author_id=author_id, created_after=since) for author_id in sorted(own_ids)],
        *[partial(lists, state="all", label=own.label, milestone=each.title) for each in look.milestones],
    ]
    follow_ups, people, confidential, *others = reader.side_by_side(calls)
    count = len(look.milestones)
    known = {issue.id: issue for found in others[count:] for issue in found}
    milestones = tuple(each for found in others[:count] for each in found)
    return _Lists(tuple(known.values()), confidential, follow_ups, milestones, people)


def _retrospectives(look: Look, lists: _Lists, setup: Setup, own_ids: frozenset[int]) -> list[Retrospective]:
    """Of each group and milestone of the look; and older ones that were touched."""
    issues = by_identity(lists.known, setup, own_ids)
    found = []
    for group in look.groups:
        follow_ups = of_owner(lists.follow_ups, group, setup)
        for milestone in look.milestones if group.retrospective_project is not None else ():
            mine = issues.get((group.name, milestone.title), ())
            found.append(
                Retrospective(group, milestone, group.retrospective_project or "", mine, follow_ups=follow_ups)
            )
        for (owner, title), mine in sorted(issues.items()):
            older = _older(title, look, setup) if owner == group.name else None
            if older is not None:
                found.append(Retrospective(group, older, mine[0].project_path, mine, follow_ups=follow_ups))
    return sorted(found, key=lambda each: each.milestone.version, reverse=True)


def _older(title: str, look: Look, setup: Setup) -> Milestone | None:
    """A milestone before those of the look."""
    milestone = setup.milestone_of(title)
    if milestone is None or milestone.version >= look.running.version or milestone in look.milestones:
        return None
    return milestone


def _to_publish(look: Look, lists: _Lists, setup: Setup, own_ids: frozenset[int]) -> list[Retrospective]:
    """Retrospectives that may have announced that they are published by now."""
    found = []
    for (owner, title), mine in by_identity(lists.confidential, setup, own_ids).items():
        group = next((each for each in look.groups if each.name == owner), None)
        milestone = setup.milestone_of(title)
        if group is not None and milestone is not None:
            follow_ups = of_owner(lists.follow_ups, group, setup)
            each = Retrospective(group, milestone, mine[0].project_path, mine, follow_ups=follow_ups)
            found += [each] if may_be_published(each, look, setup) else []
    return found


def _with_discussions(
    each: Retrospective,
    reader: RetrospectiveReader,
    setup: Setup,
    own_ids: frozenset[int],
    look: Look,
    *,
    must: bool,
) -> Retrospective:
    """With what was said there, and who may command there, where that can matter.

    One that GitLab does not show stops no other.
    """
    issue = each.issue
    if issue is None:
        return each
    own = own_notes_of_an_opening(each, setup) if issue.author.id in own_ids else 0
    has_news = issue.user_notes_count > own or issue.updated_at - issue.created_at > OPENED_WITHIN
    is_time = is_refresh_time(each, look, setup) or look.is_section_time(each.milestone, setup)
    is_named = look.named == issue.id
    has_to = must or has_news or is_time or is_named or not issue.confidential
    if not has_to and not may_be_incomplete(each, setup, look.now, own_ids):
        return each
    try:
        discussions = reader.discussions(issue.ids)
        each = replace(each, discussions=discussions)
        given = addressed_notes(each, setup.bot_name, own_ids)
        if not given:
            return each
        asked = frozenset(note.id for note in given if may_have_been_edited(note))
        edited = reader.edited_at(asked) if asked else {}
        members = reader.project_members(issue.project_id)
    except GitLabError as error:
        return replace(each, discussions=None, unread=error)
    return replace(each, discussions=with_edits(discussions, edited), members=members)


def _is_addressed(facts: RetrospectiveFacts) -> bool:
    """Whether somebody may have to be answered, which depends on who sees the project."""
    return any(each.members for each in facts.retrospectives)


def _of_section(follow_ups: tuple[Issue, ...], setup: Setup) -> tuple[Issue, ...]:
    path = setup.section.retrospective_project
    mine = (issue for issue in follow_ups if is_same_path(path, issue.project_path))
    return tuple(sorted(mine, key=lambda issue: (issue.created_at, issue.id)))


def _reminded(facts: RetrospectiveFacts, look: Look, reader: RetrospectiveReader, setup: Setup) -> frozenset[int]:
    mark = reminder_marker(look.running)
    asked = [issue for issue, _ in candidates(facts, look, setup) if issue.user_notes_count]

    def is_reminded(issue: Issue) -> bool:
        try:
            return reader.own_note(issue.ids, mark) is not None
        except GitLabRefused:  # what cannot be read is not written to
            return True

    told = reader.side_by_side([partial(is_reminded, issue) for issue in asked])
    return frozenset(issue.id for issue, is_told in zip(asked, told, strict=True) if is_told)


def _teams(
    facts: RetrospectiveFacts, look: Look, reader: RetrospectiveReader, setup: Setup, *, of_all: bool
) -> PeopleAnswer:
    """The people, and the members of teams that are groups of GitLab, where they may be mentioned."""
    mentioned: list[SectionGroup] = [each.group for each in facts.retrospectives if is_refresh_time(each, look, setup)]
    groups = frozenset(
        group.members.group
        for group in (setup.section.groups if of_all else mentioned)
        if group.members.group is not None
    )
    if not groups:
        return facts.people
    return replace(facts.people, members_of=reader.people(PeopleQuestion(members_of=groups)).members_of)
