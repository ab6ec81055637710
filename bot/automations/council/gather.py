"""Reads the questions that are before the council, and what was said there; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from bot.automations.council.commands import asked_at
from bot.automations.council.discussing import THUMBS
from bot.automations.council.facts import QUEUE_MARKER, CouncilFacts, Question
from bot.automations.council.setup import Setup
from bot.comment_commands.grammar import said_to
from bot.comment_commands.rights import may_have_been_edited, with_edits
from bot.comment_commands.vocabulary import DECIDE
from bot.domain.confidentiality import KnownProjects, Reach, reach_of
from bot.domain.errors import GitLabError
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import Scope, SideBySide
from bot.domain.resources import (
    Discussion,
    Epic,
    Group,
    Issue,
    IssueId,
    IssueLink,
    LabelEvent,
    Member,
    MergeRequest,
    Note,
    Project,
)
from bot.domain.scoping import issue_named


class CouncilReader(Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    @property
    def side_by_side(self) -> SideBySide: ...

    def own_ids(self) -> frozenset[int]: ...
    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...
    def issues(
        self, place: str, *, is_group: bool, state: str, label: str | None = None, without_labels: str | None = None
    ) -> tuple[Issue, ...]: ...
    def discussions(self, issue: IssueId) -> tuple[Discussion, ...]: ...
    def edited_at(self, note_ids: Collection[int]) -> Mapping[int, dt.datetime | None]: ...
    def label_events(self, issue: IssueId) -> tuple[LabelEvent, ...]: ...
    def links(self, issue: IssueId) -> tuple[IssueLink, ...]: ...
    def epic(self, group: str | int, iid: int) -> Epic | None: ...
    def group(self, path: str) -> Group | None: ...
    def related_merge_requests(self, issue: IssueId) -> tuple[MergeRequest, ...]: ...
    def emoji_users(self, issue: IssueId, note_id: int) -> tuple[tuple[str, int], ...]: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def projects_below(self, group: str) -> tuple[Project, ...]: ...
    def own_issue(self, project_id: int, marker: str) -> Issue | None: ...
    def own_notes(self, issue: IssueId, marker: str) -> tuple[Note, ...]: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


def gather_council(scope: Scope, reader: CouncilReader, setup: Setup, now: dt.datetime) -> CouncilFacts:
    """Facts about all questions that are before the council, whatever the scope names: their order decides; and about
    the named issue, on which somebody may ask for it.

    Requests: one list, the projects of the section, its people, the queue's issue and its notes; for each question what
    was said and its label events, one for the thumbs while it is discussed, and two while it has no DRI; up to 3 more
    where somebody commands, and 2 for an epic that hears of a decision.
    """
    own_ids = reader.own_ids()
    named = issue_named(scope, reader)
    if named is not None and (not setup.is_place(named.project_path) or named.moved):
        named = None
    if not scope.is_everything and named is None:
        return CouncilFacts((), PeopleAnswer({}, {}, {}, {}), own_ids)
    if named is not None and not setup.is_asked(named) and not _may_be_asked(named, reader, setup, own_ids):
        return CouncilFacts((), PeopleAnswer({}, {}, {}, {}), own_ids)
    listed = reader.issues(
        setup.section.group,
        is_group=True,
        state="opened",
        label=setup.own.label,
        without_labels=setup.own.decided_label,
    )
    issues = {issue.id: issue for issue in listed if setup.is_place(issue.project_path)}
    if named is not None and named.state == "opened" and setup.own.decided_label not in named.labels:
        issues.setdefault(named.id, named)
    read, people, projects = reader.side_by_side(
        [
            lambda: reader.side_by_side([partial(_complete, each, reader, setup, own_ids) for each in issues.values()]),
            partial(_people, reader, issues.values(), setup),
            partial(reader.projects_below, setup.section.group),
        ]
    )
    paths = sorted({each.epic.group_path for each in read if each.epic is not None})
    groups = reader.side_by_side([partial(reader.group, path) for path in paths])
    known = KnownProjects.of(projects, (group for group in groups if group is not None))
    facts = CouncilFacts(tuple(read), people, own_ids, known, is_complete=True)
    return _with_queue(_with_readers(facts, reader, setup, now), reader, setup)


def _may_be_asked(issue: Issue, reader: CouncilReader, setup: Setup, own_ids: frozenset[int]) -> bool:
    """Whether a person says anything to the bot on an issue that is not before the council."""
    if issue.state != "opened" or not issue.user_notes_count or setup.is_initiative(issue.labels):
        return False
    notes = (note for each in reader.discussions(issue.ids) for note in each.notes)
    return any(note.author.id not in own_ids and said_to(setup.comments.name, note.body) for note in notes)


def _complete(issue: Issue, reader: CouncilReader, setup: Setup, own_ids: frozenset[int]) -> Question:
    """With what was said there. One that GitLab does not show stops no other, and keeps the queue as it is."""
    at = issue.ids
    each = Question(issue)
    is_asked = setup.is_asked(issue)
    try:
        discussions, events = reader.side_by_side(
            [
                partial(reader.discussions, at) if issue.user_notes_count else tuple,
                partial(reader.label_events, at) if is_asked else tuple,
            ]
        )
        each = replace(each, discussions=discussions, label_events=events)
        open_ = each.discussion(own_ids)
        name = setup.comments.name
        given = [note for note in each.notes() if note.author.id not in own_ids and said_to(name, note.body)]
        decides = any(DECIDE in words.lower() for note in given for words in said_to(name, note.body))
        decides |= setup.command_labels.get(DECIDE) in issue.labels
        needs_group = is_asked and not issue.assignees
        parent = issue.epic if decides else None
        epic, links, merge_requests, emoji = reader.side_by_side(
            [
                partial(reader.epic, parent.group_id, parent.iid) if parent is not None else _nothing,
                partial(reader.links, at) if needs_group or decides else tuple,
                partial(reader.related_merge_requests, at) if needs_group else tuple,
                partial(reader.emoji_users, at, open_[1].id)
                if open_ is not None and open_[0].stopped_at is None
                else tuple,
            ]
        )
        thumbs = frozenset(user_id for emoji_name, user_id in emoji if emoji_name in THUMBS)
        each = replace(each, epic=epic, links=links, merge_requests=merge_requests, thumbs=thumbs)
        if is_asked:
            each = replace(each, members=reader.project_members(issue.project_id))
        if not given:
            return each
        asked = frozenset(note.id for note in given if may_have_been_edited(note))
        edited = reader.edited_at(asked) if asked else {}
        return replace(
            each, discussions=with_edits(discussions, edited), members=reader.project_members(issue.project_id)
        )
    except GitLabError as error:
        return replace(each, discussions=None, unread=error)


def _nothing() -> None:
    return None


def _people(reader: CouncilReader, issues: Iterable[Issue], setup: Setup) -> PeopleAnswer:
    """All who represent a group on any day, who is assigned, and who answers for the section."""
    names = {setup.section.dri}
    for group in setup.section.groups:
        for seat in group.council:
            names |= {seat.username, *(substitute.username for substitute in seat.substitutes)}
    names |= {user.username for issue in issues for user in issue.assignees}
    teams = frozenset(group.members.group for group in setup.section.groups if group.members.group is not None)
    return reader.people(PeopleQuestion(usernames=frozenset(names), members_of=teams))


def _with_readers(facts: CouncilFacts, reader: CouncilReader, setup: Setup, now: dt.datetime) -> CouncilFacts:
    """With who reads what, where somebody asks to decide: the decision is copied to where it is kept."""
    records = setup.own.records
    if records is None:
        return facts
    deciding = [
        each
        for each in facts.questions
        if each.discussions is not None and any(request.name == DECIDE for request in asked_at(each, facts, setup, now))
    ]
    paths = {each.issue.project_path.lower() for each in deciding} | ({records.project.lower()} if deciding else set())
    projects = [
        project
        for path in sorted(paths)
        for project in (facts.projects.get(path),)
        if project is not None
        and (reach_of(project) is Reach.MEMBERS or any(each.issue.confidential for each in deciding))
    ]
    members = reader.side_by_side([partial(reader.project_members, project.id) for project in projects])
    readers = {project.path.lower(): mine for project, mine in zip(projects, members, strict=True)}
    return replace(facts, readers=readers)


def _with_queue(facts: CouncilFacts, reader: CouncilReader, setup: Setup) -> CouncilFacts:
    project = facts.projects.get(setup.own.queue_project or "")
    if project is None:
        return facts
    queue = reader.own_issue(project.id, QUEUE_MARKER)
    notes = reader.own_notes(queue.ids, "council_queue_note") if queue is not None else ()
    return replace(facts, queue=queue, queue_notes=notes)
