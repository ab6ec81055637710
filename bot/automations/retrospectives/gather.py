"""Reads what there is of retrospectives and their follow-ups; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from bot.automations.retrospectives.commands import has_commands
from bot.automations.retrospectives.facts import (
    MARKER,
    Retrospective,
    RetrospectiveFacts,
    reminder_marker,
)
from bot.automations.retrospectives.follow_ups import may_be_overdue
from bot.automations.retrospectives.gather_section import SectionReader, gather_sections
from bot.automations.retrospectives.opening import may_be_incomplete, own_notes_of_an_opening
from bot.automations.retrospectives.publishing import is_to_be_published
from bot.automations.retrospectives.refresh import is_refresh_time, why_refresh
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import compared
from bot.automations.retrospectives.work import WorkReader, gather_work
from bot.domain.changes import hash_of
from bot.domain.errors import WrongInput
from bot.domain.markers import read_marker
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.places import is_same_path
from bot.domain.release_calendar import Milestone, Version
from bot.domain.resources import Issue, IssueId, MilestoneId, Note, Project
from bot.settings.section import SectionGroup


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
    ) -> tuple[Issue, ...]: ...
    def projects_below(self, group: str) -> tuple[Project, ...]: ...
    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


def gather_retrospectives(look: Look, reader: RetrospectiveReader, setup: Setup) -> RetrospectiveFacts:
    """Facts about the groups and milestones of a look.

    Requests: the lists of `_lists`, however many groups and projects there are; one for each retrospective in which
    people have said something, or whose days have come, and one more for the members where somebody commands; one for
    each overdue follow-up with comments; for each milestone that a note shows, the pages of three lists; for texts that
    name resources, the pages of the group's projects.
    """
    own_ids = reader.own_ids()
    labelled, follow_ups, milestones, people, confidential = _lists(look, reader, setup, own_ids)
    facts = RetrospectiveFacts((), milestones, people, own_ids)
    of_groups = [
        _of_group(group, milestone, setup, labelled, follow_ups, own_ids)
        for milestone in look.milestones
        for group in look.groups
        if group.retrospective_project is not None
    ]
    due = [each for issue in confidential for each in _to_publish(issue, look, setup, follow_ups, own_ids)]
    read = reader.side_by_side(
        [partial(_with_discussions, each, reader, setup, own_ids, must=False, look=look) for each in of_groups]
        + [partial(_with_discussions, each, reader, setup, own_ids, must=True, look=look) for each in due]
    )
    facts = replace(facts, retrospectives=tuple(read[: len(of_groups)]), to_publish=tuple(read[len(of_groups) :]))
    shown = [each.milestone for each in facts.retrospectives if why_refresh(each, facts, look, setup)]
    shown += [each.milestone for each in facts.to_publish]
    titles = [before.title for each in shown for before in compared(each, setup)]
    sections = any(look.is_section_time(each, setup) for each in look.milestones)
    work, projects, reminded = reader.side_by_side(
        [
            partial(gather_work, titles, reader, setup),
            partial(reader.projects_below, setup.section.group) if shown or sections else tuple,
            partial(_reminded, facts, look, reader),
        ]
    )
    by_path = {each.path.lower(): each for each in projects}
    facts = replace(facts, work=work, projects=by_path, reminded=reminded, people=_teams(facts, reader))
    return replace(facts, sections=gather_sections(facts, labelled, look, reader, setup))


def _lists(
    look: Look, reader: RetrospectiveReader, setup: Setup, own_ids: frozenset[int]
) -> tuple[tuple[Issue, ...], tuple[Issue, ...], tuple[MilestoneId, ...], PeopleAnswer, tuple[Issue, ...]]:
    """Retrospectives of the look's milestones, follow-ups, GitLab's milestones, people, what is still confidential."""
    section, own = setup.section, setup.own
    lists = partial(reader.issues, section.group, is_group=True)
    names = frozenset(group.people.engineering_manager for group in section.groups) | {section.dri}
    calls: list[Callable[[], Any]] = [
        partial(lists, state="opened", label=own.follow_up_label),
        partial(reader.people, PeopleQuestion(usernames=names, groups=frozenset({section.group}))),
        partial(lists, state="all", label=own.label, confidential=True) if own.publishes_any else tuple,
    ]
    calls += [partial(reader.milestones, section.group, each.title) for each in look.milestones]
    for each in look.milestones:
        calls.append(partial(lists, state="all", label=own.label, milestone=each.title))
        # Those that the bot has opened count also when a person took the label off.
        calls += [
            partial(lists, state="all", milestone=each.title, author_id=author_id) for author_id in sorted(own_ids)
        ]
    follow_ups, people, confidential, *others = reader.side_by_side(calls)
    count = len(look.milestones)
    milestones = tuple(each for found in others[:count] for each in found)
    known = {issue.id: issue for found in others[count:] for issue in found}
    return tuple(known.values()), follow_ups, milestones, people, confidential


def _with_discussions(
    each: Retrospective,
    reader: RetrospectiveReader,
    setup: Setup,
    own_ids: frozenset[int],
    *,
    must: bool,
    look: Look,
) -> Retrospective:
    """With what was said there, and who may command there, where that can matter."""
    issue = each.issue
    if issue is None:
        return each
    own = own_notes_of_an_opening(each, setup) if issue.author.id in own_ids else 0
    has_news = issue.user_notes_count > own or look.is_section_time(each.milestone, setup)
    if not (
        must or has_news or is_refresh_time(each, look, setup) or may_be_incomplete(each, setup, look.now, own_ids)
    ):
        return each
    each = replace(each, discussions=reader.discussions(IssueId(issue.project_id, issue.iid)))
    if not has_commands(each, setup.bot_name, own_ids):
        return each
    return replace(each, members=reader.project_members(issue.project_id))


def _to_publish(
    issue: Issue, look: Look, setup: Setup, follow_ups: tuple[Issue, ...], own_ids: frozenset[int]
) -> Iterable[Retrospective]:
    """The retrospective that the issue is, if its day has come."""
    for group in look.groups:
        if group.retrospective_project is None or issue.milestone is None:
            continue
        try:
            milestone = setup.releases.calendar.milestone(Version.parse(issue.milestone))
        except WrongInput:
            return
        each = _of_group(group, milestone, setup, (issue,), follow_ups, own_ids)
        if each.issues and is_to_be_published(each, look, setup, own_ids):
            yield each


def _reminded(facts: RetrospectiveFacts, look: Look, reader: RetrospectiveReader) -> frozenset[int]:
    mark = reminder_marker(look.running)
    asked = {
        issue.id: issue
        for each in facts.retrospectives
        for issue in each.follow_ups
        if issue.user_notes_count and may_be_overdue(issue, look.day)
    }
    notes = reader.side_by_side(
        [partial(reader.own_note, IssueId(issue.project_id, issue.iid), mark) for issue in asked.values()]
    )
    return frozenset(issue_id for issue_id, note in zip(asked, notes, strict=True) if note is not None)


def _teams(facts: RetrospectiveFacts, reader: RetrospectiveReader) -> PeopleAnswer:
    """The people, and the members of teams that are groups of GitLab, where they may be mentioned."""
    groups = frozenset(
        each.group.members.group
        for each in facts.retrospectives
        if each.group.members.group is not None and each.discussions is not None
    )
    if not groups:
        return facts.people
    return replace(facts.people, members_of=reader.people(PeopleQuestion(members_of=groups)).members_of)


def _of_group(
    group: SectionGroup,
    milestone: Milestone,
    setup: Setup,
    known: tuple[Issue, ...],
    follow_ups: tuple[Issue, ...],
    own_ids: frozenset[int],
) -> Retrospective:
    path = group.retrospective_project
    assert path is not None
    shares = any(each is not group and is_same_path(each.retrospective_project, path) for each in setup.section.groups)

    def is_its_own(issue: Issue) -> bool:
        if not is_same_path(issue.project_path, path) or issue.milestone != milestone.title:
            return False
        fields = read_marker(MARKER, issue.description) if issue.author.id in own_ids else None
        if fields is not None:
            return fields.get("group") == hash_of(group.label)
        return not shares or group.label in issue.labels

    mine = sorted((issue for issue in known if is_its_own(issue)), key=lambda issue: issue.iid)
    open_ones = sorted(
        (issue for issue in follow_ups if is_same_path(issue.project_path, path)), key=lambda issue: issue.created_at
    )
    return Retrospective(group, milestone, path, tuple(mine), follow_ups=tuple(open_ones))
