"""Which issues and epics a look is about: all initiatives, those that have changed, or the one that is named."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.automations.initiatives.facts import EPIC_KEY, IMPLEMENTATION, key_of
from bot.automations.initiatives.reader import InitiativeReader
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.watermark import Watermark
from bot.domain.errors import GitLabUnreachable, WrongInput
from bot.domain.markers import read_marker
from bot.domain.ports import Scope
from bot.domain.resources import Epic, EpicReference, Issue, IssueId, WorkItem
from bot.domain.scoping import issue_named

# Ids as GitLab has them: people may edit the issues in whose markers these stand.
_KEY = re.compile(rf"(?:{EPIC_KEY})?(?P<home>[1-9][0-9]{{0,11}})-(?P<iid>[1-9][0-9]{{0,11}})")


Epics = tuple[Epic, ...] | GitLabUnreachable | None


@dataclass(frozen=True)
class Found:
    """What a look is about.

    Args:
        has_epics: whether this GitLab has them, as far as it was asked; unread: why it did not list them.
        has_gone: whether something that was one before has lost its labels.
    """

    items: tuple[WorkItem, ...]
    has_epics: bool = True
    unread: GitLabUnreachable | None = None
    has_gone: bool = False


def _epics(reader: InitiativeReader, group: str, query: dict[str, Any]) -> Epics:
    """Where GitLab does not answer, issues are looked at all the same."""
    try:
        return reader.epics(group, **query)
    except GitLabUnreachable as error:
        return error


def _unread(answers: Sequence[Epics]) -> GitLabUnreachable | None:
    return next((each for each in answers if isinstance(each, GitLabUnreachable)), None)


def _new(setup: Setup) -> list[dict[str, Any]]:
    """The lists of open ones that the bot has not seen yet."""
    seen = ",".join(setup.own.own_labels)
    return [
        {"state": "opened", "label": ",".join(labels), "without_labels": seen} for labels in setup.own.alternatives()
    ]


def listed(reader: InitiativeReader, setup: Setup, now: dt.datetime) -> Found:
    """All that are open, and those that were closed since the milestone before began."""
    own = setup.own
    since = dt.datetime.combine(
        setup.releases.calendar.before(setup.milestone(now)).first_day, dt.time(), setup.releases.zone
    ).astimezone(dt.UTC)
    lists: list[dict[str, Any]] = [
        *({"state": "opened", "label": label} for label in own.own_labels),
        *_new(setup),
        *({"state": "closed", "label": label, "updated_after": since} for label in own.own_labels),
    ]
    return _lists(lists, reader, setup)


def _lists(lists: list[dict[str, Any]], reader: InitiativeReader, setup: Setup) -> Found:
    group = setup.section.group
    first, *issues = reader.side_by_side(
        [
            partial(_epics, reader, group, lists[0]),
            *(partial(reader.issues, group, is_group=True, **each) for each in lists),
        ]
    )
    epics: list[Epics] = [first]
    # Where GitLab has no epics, it is asked for them once.
    if isinstance(first, tuple):
        epics += reader.side_by_side([partial(_epics, reader, group, each) for each in lists[1:]])
    rows = [*issues, *(each for each in epics if isinstance(each, tuple))]
    found = {key_of(each): each for row in rows for each in row if _is_one(each, setup)}
    return Found(tuple(found.values()), None not in epics, _unread(epics))


def changed(
    before: Watermark, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int], now: dt.datetime
) -> Found:
    """Those that have changed, whose issues have, or that have something due.

    A label that is set or taken off moves `updated_at` (spec/services/issues/update_service_spec, GitLab 19), so that
    new ones are among them. What becomes one otherwise, by other settings or in a project that came into the section,
    is found by its labels when there is nothing else to do.
    """
    group = setup.section.group
    since: dict[str, Any] = {"state": "all", "updated_after": before.until}
    issues, epics = reader.side_by_side(
        [partial(reader.issues, group, is_group=True, **since), partial(_epics, reader, group, since)]
    )
    items: tuple[WorkItem, ...] = (*issues, *(epics if isinstance(epics, tuple) else ()))
    ones: dict[str, WorkItem] = {key_of(each): each for each in items if _is_one(each, setup)}
    has_gone = any(key_of(each) in before.due for each in items if not _is_one(each, setup))
    parts = {}
    for issue in issues:
        fields = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
        if fields is not None and fields.get("of"):
            parts[fields["of"]] = issue
    keys = {key for key, instant in before.due.items() if instant <= now} | set(parts)
    keys -= {key for key, item in ones.items() if item.state == "opened"}
    more = reader.side_by_side([partial(_initiative_of, key, parts.get(key), reader, setup) for key in sorted(keys)])
    ones |= {key_of(item): item for item in more if item is not None}
    unread = epics if isinstance(epics, GitLabUnreachable) else None
    has_epics = isinstance(epics, tuple) or (unread is not None and not before.without_epics)
    if ones or has_gone or unread is not None:
        return Found(tuple(ones.values()), has_epics, unread, has_gone)
    rest = _lists(_new(setup), reader, setup) if has_epics else _issues_alone(reader, setup)
    return Found(rest.items, has_epics, rest.unread)


def _issues_alone(reader: InitiativeReader, setup: Setup) -> Found:
    lists = [partial(reader.issues, setup.section.group, is_group=True, **each) for each in _new(setup)]
    rows = reader.side_by_side(lists)
    return Found(tuple({issue.id: issue for row in rows for issue in row if _is_one(issue, setup)}.values()))


def _initiative_of(key: str, part: Issue | None, reader: InitiativeReader, setup: Setup) -> WorkItem | None:
    """The open initiative that is called so, wherever it was moved since: there its part is."""
    found = _called(key, reader)
    if found is not None and found.state == "opened" and _is_one(found, setup):
        return found
    # Of an issue GitLab says that it was moved, of an epic only that it is closed.
    is_over = isinstance(found, Issue) and not found.moved
    if part is None or is_over:
        return None
    elsewhere: list[WorkItem] = []
    if not key.startswith(EPIC_KEY):
        elsewhere += [link.issue for link in reader.links(part.ids)]
    elif part.epic is not None and (found is None or part.epic != found.ids):
        epic = reader.epic(part.epic.group_id, part.epic.iid)
        elsewhere += [epic] if epic is not None else []
    return next((each for each in elsewhere if _is_one(each, setup) and each.state == "opened"), None)


def _called(key: str, reader: InitiativeReader) -> WorkItem | None:
    """What `key_of` calls so."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    home, iid = match["home"], match["iid"]
    if key.startswith(EPIC_KEY):
        return reader.epic(int(home), int(iid))
    return reader.issue(IssueId(int(home), int(iid)))


def named(scope: Scope, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int]) -> Found:
    """The initiative that is named, or of which the named issue implements a part.

    Raises:
        WrongInput: where a person has named what GitLab does not have.
    """
    if scope.epic is not None:
        return _named_epic(scope.epic, reader, setup, is_typed=not scope.event_kind)
    issue = issue_named(scope, reader)
    if issue is None or not setup.is_place(issue.project_path) or issue.moved:
        return Found(())
    if setup.own.is_initiative(issue.labels):
        return Found((issue,))
    part = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
    if part is None:
        return Found(())
    key = part.get("of", "")
    if key.startswith(EPIC_KEY):
        epic = _initiative_of(key, issue, reader, setup)
        return Found((epic,) if epic is not None else ())
    linked = (link.issue for link in reader.links(issue.ids))
    return Found(tuple(each for each in linked if _is_one(each, setup)))


def _named_epic(named: EpicReference, reader: InitiativeReader, setup: Setup, *, is_typed: bool) -> Found:
    epic = reader.epic(named.group_path, named.iid)
    if epic is None and is_typed:
        raise WrongInput(f"GitLab has no epic {named}, or the bot may not see it. Epics take Premium.")
    return Found((epic,) if epic is not None and _is_one(epic, setup) else ())


def _is_one(item: WorkItem, setup: Setup) -> bool:
    was_moved = isinstance(item, Issue) and item.moved
    return setup.own.is_initiative(item.labels) and setup.is_place(item.namespace_path) and not was_moved
