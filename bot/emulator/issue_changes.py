"""What changes on an issue leaves behind: label and state events, system notes, updated_at, and one webhook."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.emulator import access
from bot.emulator.store import PLANNER, Issue, Label, LabelEvent, Note, Project, StateEvent, Store, User

SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
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
    issue: Issue,
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
        issue.id,
        issue.project_id,
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
    issue.note_ids.append(number)
    if not system:
        issue.updated_at = max(issue.updated_at, now)
        store.projects[issue.project_id].last_activity_at = store.now()
        actor.hooks.note_written(issue, note, actor.user, "create")
    return note


def resolve_labels(actor: Actor, project: Project, names: Iterable[str], *, create: bool) -> set[int]:
    """Ids of labels by title or id; missing ones are made in the project by those who may, else dropped."""
    store = actor.store
    known = store.labels_for(project)
    found: set[int] = set()
    for name in names:
        label = known.get(name)
        if label is None and name.isdigit() and int(name) in store.labels:
            label = store.labels[int(name)]
        if label is None and create and access.project_level(store, actor.user, project) >= PLANNER:
            label = Label(store.next_id("labels"), name, DEFAULT_COLOUR, store.now(), project_id=project.id)
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
        name = store.labels[label_id].name
        if "::" in name:
            by_scope.setdefault(name.rpartition("::")[0], []).append(label_id)
    for ids in by_scope.values():
        if len(ids) > 1:
            fresh = [label_id for label_id in ids if label_id not in before] or ids
            keep = max(fresh)
            result -= {label_id for label_id in ids if label_id != keep}
    return result


def change_issue(actor: Actor, issue: Issue, changes: dict[str, Any], *, quiet: bool = False) -> dict[str, Any]:
    """Apply `changes` (names of Issue's fields, and `state_event`); returns GitLab's `changes` of the webhook.

    `quiet` is for what is set while an issue is created: it gets label events, but no system notes and no webhook of
    its own.
    """
    store, now = actor.store, actor.store.now()
    told: dict[str, Any] = {}
    updated_at = changes.pop("updated_at", None)
    event = changes.pop("state_event", None)
    if "label_ids" in changes:
        wanted = _one_of_each_scope(store, issue.label_ids, changes.pop("label_ids"))
        before = set(issue.label_ids)
        if wanted != before:
            told["labels"] = (before, wanted)
            issue.label_ids = wanted
            _record_labels(actor, issue, before, wanted, now)
    for name, value in changes.items():
        before_value = getattr(issue, name)
        if before_value != value:
            told[name] = (before_value, value)
            setattr(issue, name, value)
            if not quiet:
                _describe(actor, issue, name, before_value, value)
    if event == "close" and issue.state == "opened":
        told["state"] = ("opened", "closed")
        issue.state, issue.closed_at, issue.closed_by = "closed", now, actor.user.id
        _record_state(actor, issue, "closed", now)
    elif event == "reopen" and issue.state == "closed":
        told["state"] = ("closed", "opened")
        issue.state, issue.closed_at, issue.closed_by = "opened", None, None
        _record_state(actor, issue, "reopened", now)
    if updated_at is not None:
        issue.updated_at = updated_at
    if told:
        issue.updated_at = updated_at or now
        store.projects[issue.project_id].last_activity_at = now
        if not quiet:
            action = {"close": "close", "reopen": "reopen"}.get(event or "", "update") if "state" in told else "update"
            actor.hooks.issue_changed(issue, actor.user, action, told)
    return told


def _record_labels(actor: Actor, issue: Issue, before: set[int], after: set[int], now: dt.datetime) -> None:
    """Label changes are shown from their events, never as system notes."""
    store = actor.store
    for action, ids in (("add", after - before), ("remove", before - after)):
        for label_id in sorted(ids):
            store.label_events[issue.id].append(
                LabelEvent(store.next_id("label_events"), issue.id, actor.user.id, label_id, action, now)
            )


def _record_state(actor: Actor, issue: Issue, state: str, now: dt.datetime) -> None:
    store = actor.store
    store.state_events[issue.id].append(StateEvent(store.next_id("state_events"), issue.id, actor.user.id, state, now))


def _describe(actor: Actor, issue: Issue, name: str, before: Any, after: Any) -> None:
    store = actor.store
    texts = {
        "title": f"changed title from **{before}** to **{after}**",
        "description": "changed the description",
        "confidential": "made the issue confidential" if after else "made the issue visible to everyone",
        "due_date": f"changed due date to {after:%B %-d, %Y}" if name == "due_date" and after else "removed due date",
        "discussion_locked": "locked the discussion in this issue" if after else "unlocked the discussion",
    }
    if name == "assignee_ids":
        added = [f"@{store.users[each].username}" for each in after if each not in before and each in store.users]
        removed = [f"@{store.users[each].username}" for each in before if each not in after and each in store.users]
        parts = ([f"assigned to {', '.join(added)}"] if added else []) + (
            [f"unassigned {', '.join(removed)}"] if removed else []
        )
        add_note(actor, issue, " and ".join(parts), system=True)
    elif name == "milestone_id":
        milestone = store.milestones.get(after) if after else None
        text = f"changed milestone to %{milestone.title}" if milestone else "removed milestone"
        add_note(actor, issue, text, system=True)
    elif name in texts:
        add_note(actor, issue, texts[name], system=True)
