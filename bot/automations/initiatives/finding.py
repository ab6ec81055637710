"""Which issues and epics a look is about: all initiatives, those that have changed, or the one that is named."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.automations.initiatives.facts import EPIC_KEY, IMPLEMENTATION, key_of
from bot.automations.initiatives.reader import InitiativeReader
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.watermark import Watermark
from bot.domain.errors import WrongInput
from bot.domain.markers import read_marker
from bot.domain.ports import Scope
from bot.domain.resources import EpicReference, Issue, IssueId, WorkItem
from bot.domain.scoping import issue_named


@dataclass(frozen=True)
class Found:
    """Args: has_epics: whether this GitLab has them, as far as it was asked."""

    items: tuple[WorkItem, ...]
    has_epics: bool = True


def listed(reader: InitiativeReader, setup: Setup, now: dt.datetime) -> Found:
    own = setup.own
    since = dt.datetime.combine(
        setup.releases.calendar.before(setup.milestone(now)).first_day, dt.time(), setup.releases.zone
    ).astimezone(dt.UTC)
    seen = ",".join(own.own_labels)
    lists: list[dict[str, Any]] = [
        *({"state": "opened", "label": label} for label in own.own_labels),
        *({"state": "opened", "label": ",".join(labels), "without_labels": seen} for labels in own.alternatives()),
        *({"state": "closed", "label": label, "updated_after": since} for label in own.own_labels),
    ]
    group = setup.section.group
    epics, *issues = reader.side_by_side(
        [
            partial(reader.epics, group, **lists[0]),
            *(partial(reader.issues, group, is_group=True, **each) for each in lists),
        ]
    )
    # Where GitLab has no epics, it is asked for them once.
    more = [] if epics is None else reader.side_by_side([partial(reader.epics, group, **each) for each in lists[1:]])
    found = {key_of(each): each for listed in (epics or (), *more, *issues) for each in listed or ()}
    return Found(tuple(each for each in found.values() if _is_one(each, setup)), epics is not None)


def changed(
    before: Watermark, reader: InitiativeReader, setup: Setup, own_ids: frozenset[int], now: dt.datetime
) -> Found:
    """Those that have changed, whose issues have, or that have something due.

    A label that is set or taken off moves `updated_at` (spec/services/issues/update_service_spec, GitLab 19), so that
    new ones are among them.
    """
    group = setup.section.group
    issues, epics = reader.side_by_side(
        [
            partial(reader.issues, group, is_group=True, state="all", updated_after=before.until),
            partial(reader.epics, group, state="all", updated_after=before.until),
        ]
    )
    listed: dict[str, WorkItem] = {
        key_of(each): each for each in (*issues, *(epics or ())) if _is_one(each, setup) and each.state == "opened"
    }
    parts = {}
    for issue in issues:
        fields = read_marker(IMPLEMENTATION, issue.description) if issue.author.id in own_ids else None
        if fields is not None and fields.get("of"):
            parts[fields["of"]] = issue
    keys = {key for key, instant in before.due.items() if instant <= now} | set(parts)
    more = reader.side_by_side(
        [partial(_initiative_of, key, parts.get(key), reader, setup) for key in sorted(keys - set(listed))]
    )
    listed |= {key_of(item): item for item in more if item is not None}
    return Found(tuple(listed.values()), epics is not None)


def _initiative_of(key: str, part: Issue | None, reader: InitiativeReader, setup: Setup) -> WorkItem | None:
    """The open initiative that is called so, wherever it was moved since: then its part is linked to it."""
    found = _called(key, reader)
    if found is not None and not (isinstance(found, Issue) and found.moved):
        return found if _is_one(found, setup) and found.state == "opened" else None
    if part is None:
        return None
    linked = (link.issue for link in reader.links(part.ids))
    return next((each for each in linked if _is_one(each, setup)), None)


def _called(key: str, reader: InitiativeReader) -> WorkItem | None:
    """What `key_of` calls so."""
    home, _, iid = key.removeprefix(EPIC_KEY).partition("-")
    if not home.isdecimal() or not iid.isdecimal():
        return None
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
        epic = _initiative_of(key, None, reader, setup)
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
