"""Reads section-wide initiatives, issues and epics, what was said there, and their issues; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.automations.initiatives.commands import asked_of
from bot.automations.initiatives.distribution import distribution
from bot.automations.initiatives.facts import (
    CHANGED_MARKER,
    Initiative,
    InitiativeFacts,
    key_of,
)
from bot.automations.initiatives.finding import changed, listed, named
from bot.automations.initiatives.reader import InitiativeReader
from bot.automations.initiatives.review import review_marker
from bot.automations.initiatives.setup import DISTRIBUTE, DISTRIBUTE_NOW, Setup
from bot.automations.initiatives.stages import dri_note, stand
from bot.automations.initiatives.watermark import Watermark, says_without_epics
from bot.comment_commands.grammar import said_to
from bot.comment_commands.rights import may_have_been_edited, with_edits
from bot.domain.confidentiality import KnownProjects, Reach, reach_of
from bot.domain.errors import GitLabError
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import Scope
from bot.domain.resources import (
    Epic,
    Group,
    Issue,
    Member,
    Note,
    Project,
    WorkItem,
)


def gather_initiatives(
    scope: Scope, reader: InitiativeReader, setup: Setup, now: dt.datetime, before: Watermark | None = None
) -> InitiativeFacts:
    """Facts about the open initiatives of the section, and those closed since the milestone before began; or about the
    named one; or, with a watermark, about those that have changed since, or have something due.

    Requests: for issues, and for epics where there are any, one list for each set of labels and alias of those that the
    bot has not seen yet, two lists of those that it has, two of closed ones; the projects of the section, and each
    group that has such an epic; the people of the directory. For each initiative: what was said, its links, and where
    nobody owns it its merge requests; where somebody commands, up to 3 more.
    """
    own_ids = reader.own_ids()
    everything = scope.is_everything and before is None
    if before is not None:
        found = changed(before, reader, setup, own_ids, now)
        # Where there were no epics before, the mark says nothing of them.
        everything = before.without_epics and found.has_epics
    if everything:
        found = listed(reader, setup, now)
    elif before is None:
        found = named(scope, reader, setup, own_ids)
    read = reader.side_by_side([partial(_complete, item, reader, setup, own_ids) for item in found.items])
    facts = InitiativeFacts(
        initiatives=tuple(sorted(read, key=lambda each: (each.item.created_at, each.item.reference))),
        people=PeopleAnswer({}, {}, {}, {}),
        own_ids=own_ids,
        covers_everything=everything and found.unread is None,
        is_sweep=scope.is_everything,
        has_epics=found.has_epics,
        has_gone=found.has_gone,
        said_without=says_without_epics(scope.watermark),
        unread_epics=found.unread,
    )
    everything = facts.covers_everything
    has_review = everything and setup.own.review_project is not None
    names_people = has_review or any(_may_mention(each, facts, setup, now) for each in read)
    names_issues = has_review or any(_may_name(each) for each in read)
    paths = {each.item.group_path for each in read if isinstance(each.item, Epic)} if names_issues else set()
    people, projects, *groups = reader.side_by_side(
        [
            partial(_people, reader, setup) if names_people else partial(_nobody),
            partial(reader.projects_below, setup.section.group) if names_issues else tuple,
            *(partial(reader.group, path) for path in sorted(paths)),
        ]
    )
    known = KnownProjects.of(projects, (group for group in groups if group is not None))
    facts = replace(facts, people=people, projects=known)
    facts = _with_distributions(facts, reader, setup, now)
    return _with_review(facts, reader, setup, now) if everything and setup.own.review_project else facts


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
    return bool(each.members) or bool(paths - {each.item.namespace_path})


def _nobody() -> PeopleAnswer:
    return PeopleAnswer({}, {}, {}, {})


def _people(reader: InitiativeReader, setup: Setup) -> PeopleAnswer:
    section = setup.section
    names = {section.dri, *([section.product_manager] if section.product_manager else [])}
    for group in section.groups:
        names |= {group.people.engineering_manager, group.people.product_manager}
    teams = frozenset(group.members.group for group in section.groups if group.members.group is not None)
    return reader.people(PeopleQuestion(usernames=frozenset(names), members_of=teams))


def _members(item: WorkItem, reader: InitiativeReader) -> tuple[Member, ...]:
    """Of its project, or of its group."""
    return reader.group_members(item.group_path) if isinstance(item, Epic) else reader.project_members(item.project_id)


def _complete(item: WorkItem, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int]) -> Initiative:
    """With what was said there, and what it is linked to. One that GitLab does not show stops no other.

    Of a closed one nothing more is decided.
    """
    if item.state != "opened":
        return Initiative(item)
    each = Initiative(item)
    # Epics do not say how much was said there, and have no merge requests.
    may_have_notes = not isinstance(item, Issue) or item.user_notes_count > 0
    unowned = item.ids if isinstance(item, Issue) and setup.owner_of(item.labels) is None else None
    try:
        discussions, links, merge_requests = reader.side_by_side(
            [
                partial(reader.discussions, item.ids) if may_have_notes else tuple,
                partial(reader.links, item.ids),
                partial(reader.related_merge_requests, unowned) if unowned is not None else tuple,
            ]
        )
        each = replace(each, discussions=discussions, links=links, merge_requests=merge_requests)
        labels = set(setup.own.command_labels.values()) & set(item.labels)
        name = setup.comments.name
        given = [note for note in each.notes() if note.author.id not in own_ids and said_to(name, note.body)]
        owner = setup.owner_of(item.labels)
        is_new_owner = owner is not None and dri_note(each, owner, own_ids) is None
        if not given and not labels and not is_new_owner:
            return each
        asked = frozenset(note.id for note in given if may_have_been_edited(note))
        edited = reader.edited_at(asked) if asked else {}
        return replace(
            each,
            discussions=with_edits(discussions, edited),
            members=_members(item, reader),
            label_events=reader.label_events(item.ids) if labels or is_new_owner else (),
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
    paths = {each.item.namespace_path.lower() for each in asked}
    paths |= {group.issues_project.lower() for group in setup.section.groups}
    parts = [one.issue for each in asked for one in each.implementations(facts.own_ids)]
    paths |= {issue.project_path.lower() for issue in parts}
    confidential = {issue.project_path.lower() for issue in parts if issue.confidential}
    is_secret = any(each.item.confidential for each in asked)
    by_members = [
        namespace
        for path in sorted(paths)
        for namespace in (facts.projects.namespace(path),)
        if namespace is not None and (reach_of(namespace) is Reach.MEMBERS or is_secret or path in confidential)
    ]
    facts = replace(facts, readers=_readers(by_members, reader))
    told = {key_of(each.item): _told(each, facts, reader, setup, now) for each in asked}
    return replace(
        facts,
        initiatives=tuple(replace(each, told=told.get(key_of(each.item), each.told)) for each in facts.initiatives),
    )


def _readers(namespaces: Sequence[Project | Group], reader: InitiativeReader) -> dict[str, tuple[Member, ...]]:
    """Lower-case path to members."""
    members = reader.side_by_side(
        [
            partial(reader.group_members, each.path)
            if isinstance(each, Group)
            else partial(reader.project_members, each.id)
            for each in namespaces
        ]
    )
    return {each.path.lower(): mine for each, mine in zip(namespaces, members, strict=True)}


def _is_distributed(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> bool:
    return any(request.name in (DISTRIBUTE, DISTRIBUTE_NOW) for request in asked_of(each, facts, setup, now))


def _told(
    each: Initiative, facts: InitiativeFacts, reader: InitiativeReader, setup: Setup, now: dt.datetime
) -> dict[str, Note]:
    """The bot's notes on issues whose rows have changed or are gone."""
    found = distribution(each, stand(each, facts, setup, now), facts, setup)
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
    paths = {each.item.namespace_path.lower() for each in facts.initiatives} | {review_project.path.lower()}
    confidential = {each.item.namespace_path.lower() for each in facts.initiatives if each.item.confidential}
    wanted = [
        namespace
        for path in sorted(paths - set(facts.readers))
        for namespace in (facts.projects.namespace(path),)
        if namespace is not None
        and (namespace == review_project or reach_of(namespace) is Reach.MEMBERS or path in confidential)
    ]
    readers = {**facts.readers, **_readers(wanted, reader)}
    return replace(facts, review=review, review_notes=notes, readers=readers)
