"""Reads what there is of retrospectives and their follow-ups; decides nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.domain.changes import hash_of
from bot.domain.markers import marker, read_marker
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import SideBySide
from bot.domain.release_calendar import Milestone, today
from bot.domain.resources import Issue, IssueId, MilestoneId, Note
from bot.settings.section import SectionGroup, SectionSettings

MARKER = "retrospective"
REMINDER_MARKER = "follow_up_reminder"
# Threads that are missing later were deleted by a person.
THREADS_ARE_COMPLETED_FOR = dt.timedelta(days=2)


class RetrospectiveReader(Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    side_by_side: SideBySide

    def own_ids(self) -> frozenset[int]: ...
    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        milestone: str | None = None,
        author_id: int | None = None,
    ) -> tuple[Issue, ...]: ...
    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]: ...
    def comments(self, issue: IssueId) -> tuple[Note, ...]: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


@dataclass(frozen=True)
class Retrospective:
    """What exists for one group and milestone.

    Args:
        issues: lowest iid first; more than one is a person's doing.
        comments: of the first one, where its threads may be missing; else None.
        follow_ups: open ones in the group's project, oldest first.
    """

    group: SectionGroup
    project_path: str
    issues: tuple[Issue, ...] = ()
    comments: tuple[Note, ...] | None = None
    follow_ups: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class RetrospectiveFacts:
    """What a run looks at.

    Args:
        reminded: ids of the overdue follow-ups on which this milestone's reminder is.
        milestones: those in GitLab with the milestone's title, of the section's group and those above it.
    """

    milestone: Milestone
    retrospectives: tuple[Retrospective, ...]
    milestones: tuple[MilestoneId, ...]
    people: PeopleAnswer
    own_ids: frozenset[int]
    reminded: frozenset[int] = frozenset()


def gather_retrospectives(
    groups: tuple[SectionGroup, ...],
    milestone: Milestone,
    reader: RetrospectiveReader,
    section: SectionSettings,
    settings: RetrospectiveSettings,
    now: dt.datetime,
    zone: dt.tzinfo,
) -> RetrospectiveFacts:
    """Facts about one milestone.

    Requests: the pages of three lists of the section's GitLab group, its milestones, and one for the people, however
    many groups and projects there are; one more for each issue that the bot has opened without its threads, and for
    each overdue follow-up with comments.
    """
    own_ids = reader.own_ids()
    lists = partial(reader.issues, section.group, is_group=True)
    managers = frozenset(group.people.engineering_manager for group in groups)
    labelled, follow_ups, milestones, people, *own = reader.side_by_side(
        [
            lambda: lists(state="all", label=settings.label, milestone=milestone.title),
            lambda: lists(state="opened", label=settings.follow_up_label),
            lambda: reader.milestones(section.group, milestone.title),
            lambda: reader.people(PeopleQuestion(usernames=managers, groups=frozenset({section.group}))),
            # Those that the bot has opened count also when a person took the label off.
            *[
                partial(lists, state="all", milestone=milestone.title, author_id=author_id)
                for author_id in sorted(own_ids)
            ],
        ]
    )
    known = {issue.id: issue for issue in (*labelled, *(issue for found in own for issue in found))}
    of_groups = (_of_group(each, section.groups, list(known.values()), follow_ups, own_ids) for each in groups)
    found = [each for each in of_groups if each is not None]

    def may_lack_threads(each: Retrospective) -> bool:
        first = each.issues[0] if each.issues else None
        if first is None or first.author.id not in own_ids or now - first.created_at > THREADS_ARE_COMPLETED_FOR:
            return False
        return first.user_notes_count < len(settings.of(each.group, section).prompts)

    unfinished = [each for each in found if may_lack_threads(each)]
    comments = reader.side_by_side(
        [partial(reader.comments, IssueId(each.issues[0].project_id, each.issues[0].iid)) for each in unfinished]
    )
    read = {each.group.name: notes for each, notes in zip(unfinished, comments, strict=True)}
    complete = tuple(replace(each, comments=read.get(each.group.name)) for each in found)
    mark = reminder_marker(milestone)
    day = today(now, zone)
    asked = {
        issue.id: issue
        for each in found
        for issue in each.follow_ups
        if issue.user_notes_count and issue.due_on is not None and issue.due_on < day
    }
    notes = reader.side_by_side(
        [partial(reader.own_note, IssueId(issue.project_id, issue.iid), mark) for issue in asked.values()]
    )
    reminded = frozenset(issue_id for issue_id, note in zip(asked, notes, strict=True) if note is not None)
    return RetrospectiveFacts(milestone, complete, milestones, people, own_ids, reminded)


def reminder_marker(milestone: Milestone) -> str:
    return marker(REMINDER_MARKER, milestone=milestone.title)


def _of_group(
    group: SectionGroup,
    groups: tuple[SectionGroup, ...],
    known: list[Issue],
    follow_ups: tuple[Issue, ...],
    own_ids: frozenset[int],
) -> Retrospective | None:
    """None for a group without a project for its retrospectives."""
    path = group.retrospective_project
    if path is None:
        return None
    shares = any(each is not group and same_path(each.retrospective_project, path) for each in groups)

    def is_its_own(issue: Issue) -> bool:
        if not same_path(issue.project_path, path):
            return False
        fields = read_marker(MARKER, issue.description) if issue.author.id in own_ids else None
        if fields is not None:
            return fields.get("group") == hash_of(group.label)
        return not shares or group.label in issue.labels

    mine = sorted((issue for issue in known if is_its_own(issue)), key=lambda issue: issue.iid)
    open_ones = sorted(
        (issue for issue in follow_ups if same_path(issue.project_path, path)), key=lambda issue: issue.created_at
    )
    return Retrospective(group, path, tuple(mine), None, tuple(open_ones))


def same_path(one: str | None, other: str) -> bool:
    """As GitLab compares paths."""
    return one is not None and one.lower() == other.lower()
