"""Step 6: one note in the initiative that shows how far its issues are."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.automations.initiatives.facts import (
    PROGRESS_MARKER,
    Implementation,
    Initiative,
    InitiativeFacts,
    category_key,
    state_marker,
)
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Standing
from bot.domain.markers import marker, read_marker
from bot.domain.notes import write_note
from bot.domain.plan import Step
from bot.domain.resources import Note
from bot.settings.templates import Trusted

TEMPLATE = "initiatives/progress.md"
TEMPLATE_VALUES = frozenset({"rows", "unnamed", "done", "open", "unit", "missing", "bot_name"})
PROGRESS_STATE = "initiative_progress_state"


def plan_progress(
    each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> list[Step]:
    """Written at once where there is none, or where issues were made; else edited at most once in the interval."""
    if not standing.implementations or each.discussions is None:
        return []
    there = each.own_note(PROGRESS_MARKER, facts.own_ids)
    text = progress(each, standing, facts, setup)
    if there is not None:
        if there.body.startswith(f"{text}\n\n{PROGRESS_MARKER}"):
            return []
        is_for_more = _written_for(there) == "confidential" and not each.item.confidential
        before = read_marker(PROGRESS_STATE, there.body) or {}
        has_more = before.get("issues") != str(len(standing.implementations))
        if (
            not is_for_more
            and not has_more
            and now - _written_at(there) < dt.timedelta(hours=setup.own.progress_interval_hours)
        ):
            return []
    state = marker(
        PROGRESS_STATE,
        at=now.isoformat(timespec="seconds"),
        issues=len(standing.implementations),
        readers="confidential" if each.item.confidential else "everybody",
    )
    # What its issues name it by, so that they are known wherever it is moved, whatever becomes of other notes.
    state = f"{state}\n{state_marker(each.key(facts.own_ids))}"
    return write_note(each.item, PROGRESS_MARKER, text, there, "its issues have moved", state=state)


def _written_at(note: Note) -> dt.datetime:
    fields = read_marker(PROGRESS_STATE, note.body) or {}
    try:
        return dt.datetime.fromisoformat(fields.get("at", "")).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return note.created_at


def shown_at(each: Initiative, own_ids: frozenset[int]) -> dt.datetime | None:
    """When the note was written last; None where there is none."""
    there = each.own_note(PROGRESS_MARKER, own_ids)
    return _written_at(there) if there is not None else None


def _written_for(note: Note) -> str:
    return (read_marker(PROGRESS_STATE, note.body) or {}).get("readers", "confidential")


def progress(each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup) -> str:
    """The note; weights are counted where every issue has one, else issues."""
    by_category = {one.category: one for one in standing.implementations}
    weights = [_weight(one, standing) for one in standing.implementations]
    has_weights = all(weight is not None for weight in weights)
    sizes = [weight or 0 for weight in weights] if has_weights else [1] * len(weights)
    closed = [one.issue.state == "closed" for one in standing.implementations]
    done = sum(size for size, is_closed in zip(sizes, closed, strict=True) if is_closed)
    named = [one for one in standing.implementations if facts.projects.may_name(one.issue, each.item)]
    rows = [_row(one, standing, by_category, setup) for one in named]
    plan_rows = standing.plan.rows if standing.plan is not None else ()
    return setup.templates.render(
        TEMPLATE,
        rows=sorted(rows, key=lambda row: (row["group"], row["reference"])),
        unnamed=len(standing.implementations) - len(named),
        done=done,
        open=sum(sizes) - done,
        unit=Trusted("weight" if has_weights else "number of issues"),
        missing=[row.category for row in plan_rows if row.key not in by_category],
        bot_name=Trusted(setup.comments.name),
    )


def _weight(one: Implementation, standing: Standing) -> int | None:
    """Of the issue; where this GitLab has no weights, of its row in the plan."""
    if one.issue.weight is not None:
        return one.issue.weight
    row = standing.plan.row(one.category) if standing.plan is not None else None
    return row.weight if row is not None else None


def _row(
    one: Implementation, standing: Standing, by_category: dict[str, Implementation], setup: Setup
) -> dict[str, Any]:
    owner = setup.owner_of(one.issue.labels)
    row = standing.plan.row(one.category) if standing.plan is not None else None
    waits = [
        by_category[category_key(name)]
        for name in (row.depends_on if row is not None else ())
        if category_key(name) in by_category
    ]
    state = "done" if one.issue.state == "closed" else "open"
    if row is None and standing.plan is not None and standing.plan.rows:
        state += ", not in the plan any more"
    blocked = [other for other in waits if other.issue.state != "closed"]
    return {
        "group": Trusted(owner.name if owner is not None else "nobody"),
        "reference": Trusted(f"{one.issue.reference}+"),
        "state": Trusted(state),
        "milestone": one.issue.milestone,
        "weight": _weight(one, standing),
        "is_blocked": bool(blocked) and one.issue.state != "closed",
    }
