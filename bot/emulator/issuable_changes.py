"""What changes on issues, merge requests and epics leave behind: events, system notes, updated_at, one webhook."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.emulator import access
from bot.emulator.store import Store
from bot.emulator.tables import PLANNER, Group, Issuable, Label, LabelEvent, Note, Project, StateEvent, User

SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
WORDS = {"Issue": "issue", "MergeRequest": "merge request", "Epic": "epic"}
DEFAULT_COLOUR = "#428BCA"


@dataclass
class Actor:
    """Who changes something, where, and whom to tell."""

    store: Store
    hooks: Any  # bot.emulator.deliveries.Deliveries
    user: User


def discussion_id(note_id: int) -> str:
    return hashlib.sha1(f"discussion {note_id}".encode()).hexdigest()  # noqa: S324 - GitLab's ids have this shape


def add_note(
    actor: Actor,
    issuable: Issuable,
    body: str,
    *,
    system: bool = False,
    internal: bool = False,
    discussion: str | None = None,
    type_: str | None = None,
    created_at: dt.datetime | None = None,
) -> Note:
    store = actor.store
    now = created_at or store.now()
    number = store.next_id("notes")
    note = Note(
        number,
        issuable,
        actor.user.id,
        body,
        now,
        now,
        discussion or discussion_id(number),
        system=system,
        internal=internal,
        type=type_,
    )
    store.notes[number] = note
    issuable.note_ids.append(number)
    if not system:
        issuable.updated_at = max(issuable.updated_at, now)
        _was_active(store, issuable)
        actor.hooks.note_written(note, actor.user, "create")
    return note


def _was_active(store: Store, issuable: Issuable) -> None:
    home = store.home_of(issuable)
    if isinstance(home, Project):
        home.last_activity_at = store.now()


def resolve_labels(actor: Actor, holder: Project | Group, names: Iterable[str], *, create: bool) -> set[int]:
    """Ids of labels by title or id; missing ones are made in the project or group by those who may, else dropped."""
    store = actor.store
    known = store.labels_for(holder)
    found: set[int] = set()
    for name in names:
        label = known.get(name)
        if label is None and name.isdigit() and int(name) in store.labels:
            label = store.labels[int(name)]
        if label is None and create and access.level(store, actor.user, holder) >= PLANNER:
            label = Label(store.next_id("labels"), name, DEFAULT_COLOUR, store.now())
            if isinstance(holder, Project):
                label.project_id = holder.id
            else:
                label.group_id = holder.id
            store.labels[label.id] = label
            known[name] = label
        if label is not None:
            found.add(label.id)
    return found


def _one_of_each_scope(store: Store, before: set[int], wanted: set[int]) -> set[int]:
    """Scoped labels exclude each other: of `a::b` and `a::c` the one that came last stays (not in the free tier)."""
    if store.tier == "free":
        return wanted
    result = set(wanted)
    by_scope: dict[str, list[int]] = {}
    for label_id in wanted:
        name = store.labels[label_id].name if label_id in store.labels else ""
        if "::" in name:
            by_scope.setdefault(name.rpartition("::")[0], []).append(label_id)
    for ids in by_scope.values():
        if len(ids) > 1:
            fresh = [label_id for label_id in ids if label_id not in before] or ids
            keep = max(fresh)
            result -= {label_id for label_id in ids if label_id != keep}
    return result


def change(actor: Actor, issuable: Issuable, changes: dict[str, Any], *, quiet: bool = False) -> dict[str, Any]:
    """Apply `changes` (names of the fields, and `state_event`); returns GitLab's `changes` of the webhook.

    `quiet` is for what is set while it is created: it gets label events, but no system notes and no webhook of
    its own.
    """
    store, now = actor.store, actor.store.now()
    told: dict[str, Any] = {}
    updated_at = changes.pop("updated_at", None)
    event = changes.pop("state_event", None)
    if "label_ids" in changes:
        wanted = _one_of_each_scope(store, issuable.label_ids, changes.pop("label_ids"))
        before = set(issuable.label_ids)
        if wanted != before:
            told["labels"] = (before, wanted)
            issuable.label_ids = wanted
            _record_labels(actor, issuable, before, wanted, now)
    for name, value in changes.items():
        before_value = getattr(issuable, name)
        if before_value != value:
            told[name] = (before_value, value)
            setattr(issuable, name, value)
            if not quiet:
                _describe(actor, issuable, name, before_value, value)
    if event == "close" and issuable.state == "opened":
        told["state"] = ("opened", "closed")
        issuable.state, issuable.closed_at, issuable.closed_by = "closed", now, actor.user.id
        _record_state(actor, issuable, "closed", now)
    elif event == "reopen" and issuable.state == "closed":
        told["state"] = ("closed", "opened")
        issuable.state, issuable.closed_at, issuable.closed_by = "opened", None, None
        _record_state(actor, issuable, "reopened", now)
    if updated_at is not None:
        issuable.updated_at = updated_at
    if told:
        issuable.updated_at = updated_at or now
        _was_active(store, issuable)
        if not quiet:
            action = {"close": "close", "reopen": "reopen"}.get(event or "", "update") if "state" in told else "update"
            actor.hooks.changed(issuable, actor.user, action, told)
    return told


def _record_labels(actor: Actor, issuable: Issuable, before: set[int], after: set[int], now: dt.datetime) -> None:
    """Label changes are shown from their events, never as system notes."""
    store = actor.store
    for action, ids in (("add", after - before), ("remove", before - after)):
        for label_id in sorted(ids):
            store.label_events[issuable.key].append(
                LabelEvent(store.next_id("label_events"), issuable, actor.user.id, label_id, action, now)
            )


def _record_state(actor: Actor, issuable: Issuable, state: str, now: dt.datetime) -> None:
    store = actor.store
    store.state_events[issuable.key].append(
        StateEvent(store.next_id("state_events"), issuable, actor.user.id, state, now)
    )


def _describe(actor: Actor, issuable: Issuable, name: str, before: Any, after: Any) -> None:
    store, word = actor.store, WORDS[issuable.KIND]
    texts = {
        "title": f"changed title from **{before}** to **{after}**",
        "description": "changed the description",
        "confidential": f"made the {word} confidential" if after else f"made the {word} visible to everyone",
        "due_date": f"changed due date to {after:%B %-d, %Y}" if name == "due_date" and after else "removed due date",
        "discussion_locked": f"locked the discussion in this {word}" if after else "unlocked the discussion",
    }
    if name in ("assignee_ids", "reviewer_ids"):
        asked, released = (
            ("assigned to", "unassigned")
            if name == "assignee_ids"
            else (
                "requested review from",
                "removed review request for",
            )
        )
        added = [f"@{store.users[each].username}" for each in after if each not in before and each in store.users]
        removed = [f"@{store.users[each].username}" for each in before if each not in after and each in store.users]
        parts = ([f"{asked} {', '.join(added)}"] if added else []) + (
            [f"{released} {', '.join(removed)}"] if removed else []
        )
        add_note(actor, issuable, " and ".join(parts), system=True)
    elif name == "milestone_id":
        milestone = store.milestones.get(after) if after else None
        text = f"changed milestone to %{milestone.title}" if milestone else "removed milestone"
        add_note(actor, issuable, text, system=True)
    elif name == "epic_id":
        _describe_epic(actor, issuable, before, after)
    elif name in texts:
        add_note(actor, issuable, texts[name], system=True)


def _describe_epic(actor: Actor, issue: Issuable, before: int | None, after: int | None) -> None:
    store = actor.store
    reference = f"{store.path_of(store.home_of(issue))}#{issue.iid}"
    for number, verb in ((before, "removed"), (after, "added")):
        epic = store.epics.get(number or 0)
        if epic is not None:
            way = "to" if verb == "added" else "from"
            name = f"{store.path_of(store.home_of(epic))}&{epic.iid}"
            add_note(actor, issue, f"{verb} {way} epic {name}", system=True)
            add_note(actor, epic, f"{verb} issue {reference}", system=True)
