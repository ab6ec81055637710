"""What a look at everything need not read again: who has not changed since, and has nothing due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.automations.initiatives.facts import Initiative, InitiativeFacts, key_of
from bot.automations.initiatives.progress import shown_at
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import MONTH, Stage, Standing, dri_note, planned_on

# Clocks differ, and GitLab's lists lag behind a little.
OVERLAP = dt.timedelta(minutes=5)
# How long the review may show what was so before; then everything is read.
REVIEW_LAGS_FOR = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Watermark:
    """How far the last look at everything has read.

    Args:
        until: what was changed before that was read; milestone: the one that ran.
        due: an initiative, by its key, to when something is due there though nothing changes.
        changed_since: when something was read that the review does not show yet; None where it shows all.
        without_epics: whether it was said that this GitLab has no epics.
    """

    until: dt.datetime
    milestone: str
    due: Mapping[str, dt.datetime]
    changed_since: dt.datetime | None = None
    without_epics: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "until": self.until.isoformat(),
            "milestone": self.milestone,
            "due": {key: instant.isoformat() for key, instant in self.due.items()},
            "changed_since": self.changed_since.isoformat() if self.changed_since is not None else None,
            "without_epics": self.without_epics,
        }


def usable(data: Mapping[str, Any] | None, setup: Setup, now: dt.datetime) -> Watermark | None:
    """None where everything is to be read: without a mark, with one that cannot be read, when a milestone has begun,
    and when the review shows old things for too long.
    """
    try:
        given = data or {}
        due = {str(key): _instant(text) for key, text in given["due"].items()}
        changed = _instant(given["changed_since"]) if given["changed_since"] is not None else None
        without_epics = says_without_epics(data)
        mark = Watermark(_instant(given["until"]), str(given["milestone"]), due, changed, without_epics)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return None
    is_old = mark.changed_since is not None and now - mark.changed_since >= REVIEW_LAGS_FOR
    if mark.until > now or mark.milestone != setup.milestone(now).title or is_old:
        return None
    return mark


def says_without_epics(data: Mapping[str, Any] | None) -> bool:
    """Also of a mark that is not usable otherwise."""
    return bool((data or {}).get("without_epics"))


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def next_mark(
    before: Watermark | None,
    pairs: Iterable[tuple[Initiative, Standing]],
    facts: InitiativeFacts,
    setup: Setup,
    now: dt.datetime,
) -> Watermark:
    """The mark when this look has come through.

    Args:
        before: the one that this look began with; None where it has read everything.
    """
    read = list(pairs)
    due = {key: instant for key, instant in before.due.items() if instant > now} if before is not None else {}
    for each, standing in read:
        due.pop(key_of(each.item), None)
        if each.item.state == "opened":
            instants = [instant for instant in _due(each, standing, facts, setup, now) if instant > now]
            # Each of them stands there, so that it is known which have gone; what was not shown is asked for again.
            due[key_of(each.item)] = now if each.unread is not None else min(instants, default=now + MONTH)
    changed = None if before is None else before.changed_since or (now if read or facts.has_gone else None)
    return Watermark(now - OVERLAP, setup.milestone(now).title, due, changed, not facts.has_epics)


def _due(
    each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> list[dt.datetime]:
    """When time alone makes something due. A new milestone reads everything anyway."""
    own = setup.own
    found = [standing.relevant_since + own.relevant_for_months * MONTH]
    note = dri_note(each, standing.owner, facts.own_ids) if standing.owner is not None else None
    if note is not None and standing.stage is Stage.OWNED:
        found.append(note.created_at + dt.timedelta(days=own.plan_within_days))
    planned = planned_on(note)
    if planned is not None and standing.stage is Stage.PLANNED:
        begins = dt.datetime.combine(planned, dt.time(), setup.releases.zone).astimezone(dt.UTC)
        found.append(begins + dt.timedelta(days=own.distribute_within_days))
    if standing.stage in (Stage.DISTRIBUTED, Stage.UNDER_WAY):
        milestone = setup.milestone(now)
        moved = max(one.issue.updated_at for one in standing.implementations)
        found.append(moved + (milestone.last_day - milestone.first_day))
    written = shown_at(each, facts.own_ids)
    if written is not None and standing.implementations:
        found.append(written + dt.timedelta(hours=own.progress_interval_hours))
    return found
