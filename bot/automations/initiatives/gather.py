"""Reads section-wide initiatives, what was said there, and their issues; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from bot.automations.initiatives.distribution import distribution
from bot.automations.initiatives.facts import (
    CHANGED_MARKER,
    IMPLEMENTATION,
    Initiative,
    InitiativeFacts,
)
from bot.automations.initiatives.places import place_of
from bot.automations.initiatives.review import review_marker
from bot.automations.initiatives.setup import DISTRIBUTE, DISTRIBUTE_NOW, Setup
from bot.automations.initiatives.stages import dri_note, stand
from bot.automations.initiatives.watermark import Watermark, issue_of, key_of
from bot.comment_commands.grammar import said_to
from bot.comment_commands.requests import requests_at
from bot.comment_commands.rights import may_have_been_edited, with_edits
from bot.domain.confidentiality import KnownProjects, Reach, reach_of
from bot.domain.errors import GitLabError
from bot.domain.markers import read_marker
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import Scope, SideBySide
from bot.domain.resources import (
    Discussion,
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


class InitiativeReader(Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    @property
    def side_by_side(self) -> SideBySide: ...

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
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]: ...
    def discussions(self, issue: IssueId) -> tuple[Discussion, ...]: ...
    def edited_at(self, note_ids: Collection[int]) -> Mapping[int, dt.datetime | None]: ...
    def label_events(self, issue: IssueId) -> tuple[LabelEvent, ...]: ...
    def links(self, issue: IssueId) -> tuple[IssueLink, ...]: ...
    def related_merge_requests(self, issue: IssueId) -> tuple[MergeRequest, ...]: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def projects_below(self, group: str) -> tuple[Project, ...]: ...
    def own_issue(self, project_id: int, marker: str) -> Issue | None: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...
    def own_notes(self, issue: IssueId, marker: str) -> tuple[Note, ...]: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


def gather_initiatives(
    scope: Scope, reader: InitiativeReader, setup: Setup, now: dt.datetime, before: Watermark | None = None
) -> InitiativeFacts:
    """Facts about the open initiatives of the section, and those closed since the milestone before began; or about the
    named one; or, with a watermark, about those that have changed since, or have something due.

    Requests: one list for each set of labels and alias of those that the bot has not seen yet, two lists of those that
    it has, two of closed ones; the projects of the section; the people of the directory. For each initiative: what was
    said, its links, and where nobody owns it its merge requests; where somebody commands, up to 3 more.
    """
    own_ids = reader.own_ids()
    everything = scope.is_everything and before is None
    if before is not None:
        issues = _changed(before, reader, setup, own_ids, now)
    else:
        issues = _listed(reader, setup, now) if everything else _named(scope, reader, setup, own_ids)
    read = reader.side_by_side([partial(_complete, issue, reader, setup, own_ids) for issue in issues])
    facts = InitiativeFacts(
        initiatives=tuple(sorted(read, key=lambda each: (each.issue.created_at, each.issue.id))),
        people=PeopleAnswer({}, {}, {}, {}),
        own_ids=own_ids,
        covers_everything=everything,
        is_sweep=scope.is_everything,
    )
    has_review = everything and setup.own.review_project is not None
    names_people = has_review or any(_may_mention(each, facts, setup, now) for each in read)
    names_issues = has_review or any(_may_name(each) for each in read)
    people, projects = reader.side_by_side(
        [
            partial(_people, reader, setup) if names_people else partial(_nobody),
            partial(reader.projects_below, setup.section.group) if names_issues else tuple,
        ]
    )
    facts = replace(facts, people=people, projects=KnownProjects.of(projects))
    facts = _with_distributions(facts, reader, setup, now)
    return _with_review(facts, reader, setup, now) if everything and setup.own.review_project else facts


def _listed(reader: InitiativeReader, setup: Setup, now: dt.datetime) -> list[Issue]:
    own = setup.own
    lists = partial(reader.issues, setup.section.group, is_group=True)
    since = dt.datetime.combine(
        setup.releases.calendar.before(setup.milestone(now)).first_day, dt.time(), setup.releases.zone
    )
    seen = ",".join(own.own_labels)
    found = reader.side_by_side(
        [
            *(partial(lists, state="opened", label=label) for label in own.own_labels),
            *(
                partial(lists, state="opened", label=",".join(labels), without_labels=seen)
                for labels in own.alternatives()
            ),
            *(
                partial(lists, state="closed", label=label, updated_after=since.astimezone(dt.UTC))
                for label in own.own_labels
            ),
        ]
    )
    return list({issue.id: issue for listed in found for issue in listed if not issue.moved}.values())


def _changed(
    before: Watermark, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int], now: dt.datetime
) -> list[Issue]:
    """Those that have changed, whose issues have, or that have something due; and those that the bot has not seen."""
    own = setup.own
    lists = partial(reader.issues, setup.section.group, is_group=True)
    seen = ",".join(own.own_labels)
    changed, *new = reader.side_by_side(
        [
            partial(lists, state="all", updated_after=before.until),
            *(
                partial(lists, state="opened", label=",".join(labels), without_labels=seen)
                for labels in own.alternatives()
            ),
        ]
    )
    candidates = {issue.id: issue for listed in (changed, *new) for issue in listed}
    listed = {
        number: issue for number, issue in candidates.items() if _is_one(issue, setup) and issue.state == "opened"
    }
    parts = {}
    for issue in changed:
        fields = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
        if fields is not None and fields.get("of"):
            parts[fields["of"]] = issue
    keys = {key for key, instant in before.due.items() if instant <= now} | set(parts)
    known = {key_of(issue) for issue in listed.values()}
    more = reader.side_by_side(
        [partial(_initiative_of, key, parts.get(key), reader, setup) for key in sorted(keys - known)]
    )
    return list((listed | {issue.id: issue for issue in more if issue is not None}).values())


def _initiative_of(key: str, part: Issue | None, reader: InitiativeReader, setup: Setup) -> Issue | None:
    """The initiative that is called so, wherever it was moved since: then its part is linked to it."""
    try:
        found = reader.issue(issue_of(key))
    except ValueError:
        found = None
    if found is not None and not found.moved:
        return found if _is_one(found, setup) and found.state == "opened" else None
    if part is None:
        return None
    linked = (link.issue for link in reader.links(part.ids))
    return next((each for each in linked if _is_one(each, setup)), None)


def _may_mention(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> bool:
    """Whether what is written there may name people, or depend on who is in which group."""
    if each.discussions is None:
        return False
    standing = stand(each, facts, setup, now)
    is_told = standing.owner is not None and dri_note(each, standing.owner, facts.own_ids) is not None
    return not is_told or standing.needs_relevance_check or bool(standing.stuck)


def _may_name(each: Initiative) -> bool:
    """Whether who sees which project matters: where somebody is answered, or others' issues are named or counted."""
    paths = {link.issue.project_path for link in each.links} | {one.project_path for one in each.merge_requests}
    return bool(each.members) or bool(paths - {each.issue.project_path})


def _nobody() -> PeopleAnswer:
    return PeopleAnswer({}, {}, {}, {})


def _people(reader: InitiativeReader, setup: Setup) -> PeopleAnswer:
    section = setup.section
    names = {section.dri, *([section.product_manager] if section.product_manager else [])}
    for group in section.groups:
        names |= {group.people.engineering_manager, group.people.product_manager}
    teams = frozenset(group.members.group for group in section.groups if group.members.group is not None)
    return reader.people(PeopleQuestion(usernames=frozenset(names), members_of=teams))


def _named(scope: Scope, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int]) -> list[Issue]:
    """The initiative that is named, or of which the named issue implements a part.

    Raises:
        WrongInput: where a person has named what GitLab does not have.
    """
    issue = issue_named(scope, reader)
    if issue is None or not setup.is_place(issue.project_path) or issue.moved:
        return []
    if setup.own.is_initiative(issue.labels):
        return [issue]
    part = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
    if part is None:
        return []
    linked = [link.issue for link in reader.links(issue.ids)]
    return [each for each in linked if _is_one(each, setup)]


def _is_one(issue: Issue, setup: Setup) -> bool:
    return setup.own.is_initiative(issue.labels) and setup.is_place(issue.project_path) and not issue.moved


def _complete(issue: Issue, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int]) -> Initiative:
    """With what was said there, and what it is linked to. One that GitLab does not show stops no other.

    Of a closed one nothing more is decided.
    """
    if issue.state != "opened":
        return Initiative(issue)
    at = issue.ids
    each = Initiative(issue)
    is_unowned = setup.owner_of(issue.labels) is None
    try:
        discussions, links, merge_requests = reader.side_by_side(
            [
                partial(reader.discussions, at) if issue.user_notes_count else tuple,
                partial(reader.links, at),
                partial(reader.related_merge_requests, at) if is_unowned else tuple,
            ]
        )
        each = replace(each, discussions=discussions, links=links, merge_requests=merge_requests)
        labels = set(setup.own.command_labels.values()) & set(issue.labels)
        name = setup.comments.name
        given = [note for note in each.notes() if note.author.id not in own_ids and said_to(name, note.body)]
        owner = setup.owner_of(issue.labels)
        is_new_owner = owner is not None and dri_note(each, owner, own_ids) is None
        if not given and not labels and not is_new_owner:
            return each
        asked = frozenset(note.id for note in given if may_have_been_edited(note))
        edited = reader.edited_at(asked) if asked else {}
        return replace(
            each,
            discussions=with_edits(discussions, edited),
            members=reader.project_members(issue.project_id),
            label_events=reader.label_events(at) if labels or is_new_owner else (),
        )
    except GitLabError as error:
        return replace(each, discussions=None, unread=error)


def _with_distributions(
    facts: InitiativeFacts, reader: InitiativeReader, setup: Setup, now: dt.datetime
) -> InitiativeFacts:
    """With what distributing needs, where somebody asks for it: who reads which project, and what issues were told."""
    asked = [
        each for each in facts.initiatives if each.discussions is not None and _is_distributed(each, facts, setup, now)
    ]
    if not asked:
        return facts
    paths = {each.issue.project_path.lower() for each in asked}
    paths |= {group.issues_project.lower() for group in setup.section.groups}
    by_members = [
        project
        for path in sorted(paths)
        for project in (facts.projects.get(path),)
        if project is not None
        and (reach_of(project) is Reach.MEMBERS or any(each.issue.confidential for each in asked))
    ]
    members = reader.side_by_side([partial(reader.project_members, project.id) for project in by_members])
    readers = {project.path.lower(): mine for project, mine in zip(by_members, members, strict=True)}
    facts = replace(facts, readers=readers)
    told = {each.issue.id: _told(each, facts, reader, setup, now) for each in asked}
    return replace(
        facts,
        initiatives=tuple(
            replace(each, told=told[each.issue.id]) if each.issue.id in told else each for each in facts.initiatives
        ),
    )


def _is_distributed(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> bool:
    labels = {str(name): label for name, label in setup.own.command_labels.items()}
    given = requests_at(
        place_of(each, facts),
        setup.vocabulary,
        setup.comments.name,
        facts.own_ids,
        now,
        labels=labels,
        label_events=each.label_events,
    )
    return any(request.name in (DISTRIBUTE, DISTRIBUTE_NOW) for request in given)


def _told(
    each: Initiative, facts: InitiativeFacts, reader: InitiativeReader, setup: Setup, now: dt.datetime
) -> dict[str, Note]:
    """The bot's notes on issues whose rows have changed or are gone."""
    found = distribution(each, stand(each, facts, setup, now), facts)
    if found is None:
        return {}
    concerned = [piece.there for piece in found.pieces if piece.there is not None]
    concerned += found.removed
    with_notes = [one for one in concerned if one.issue.user_notes_count]
    notes = reader.side_by_side([partial(reader.own_note, one.issue.ids, CHANGED_MARKER) for one in with_notes])
    return {one.category: note for one, note in zip(with_notes, notes, strict=True) if note is not None}


def _with_review(facts: InitiativeFacts, reader: InitiativeReader, setup: Setup, now: dt.datetime) -> InitiativeFacts:
    """With the review that is there, and who reads it and what it would name."""
    review_project = facts.projects.get(setup.own.review_project or "")
    if review_project is None:
        return facts
    review = reader.own_issue(review_project.id, review_marker(setup.milestone(now)))
    notes = reader.own_notes(review.ids, "initiative_review_note") if review else ()
    paths = {each.issue.project_path.lower() for each in facts.initiatives} | {review_project.path.lower()}
    readers = dict(facts.readers)
    wanted = [
        project
        for path in sorted(paths - set(readers))
        for project in (facts.projects.get(path),)
        if project is not None
        and (
            project.id == review_project.id
            or reach_of(project) is Reach.MEMBERS
            or any(each.issue.confidential and each.issue.project_id == project.id for each in facts.initiatives)
        )
    ]
    members = reader.side_by_side([partial(reader.project_members, project.id) for project in wanted])
    readers |= {project.path.lower(): mine for project, mine in zip(wanted, members, strict=True)}
    return replace(facts, review=review, review_notes=notes, readers=readers)
