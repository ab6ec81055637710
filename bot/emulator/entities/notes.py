"""Notes, discussions, events, awards and links."""

from __future__ import annotations

from bot.emulator.entities.issuables import issue
from bot.emulator.entities.labels import label_basic
from bot.emulator.entities.people import user_by_id
from bot.emulator.entities.values import Json, instant
from bot.emulator.store import Store
from bot.emulator.tables import Award, Epic, LabelEvent, Link, Note, StateEvent


def note(store: Store, note: Note, commands: Json | None = None) -> Json:
    on = note.noteable
    result: Json = {
        "id": note.id,
        "type": note.type,
        "body": note.body,
        "attachment": None,
        "author": user_by_id(store, note.author_id),
        "created_at": instant(note.created_at),
        "updated_at": instant(note.updated_at),
        "system": note.system,
        "noteable_id": on.id,
        "noteable_type": on.KIND,
        "project_id": None if isinstance(on, Epic) else on.home_id,
        "resolvable": note.type == "DiscussionNote",
    }
    if result["resolvable"]:
        result |= {
            "resolved": note.resolved_by is not None,
            "resolved_by": user_by_id(store, note.resolved_by),
            "resolved_at": instant(note.resolved_at),
        }
    return result | {
        "confidential": note.internal,
        "internal": note.internal,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": on.iid,
        "commands_changes": commands or {},
    }


def discussion(store: Store, notes: list[Note]) -> Json:
    first = notes[0]
    return {
        "id": first.discussion_id,
        "individual_note": first.type is None,
        "resolvable": first.type == "DiscussionNote",
        "notes": [note(store, each) for each in notes],
    }


def label_event(store: Store, event: LabelEvent) -> Json:
    label = store.labels.get(event.label_id)
    return {
        "id": event.id,
        "user": user_by_id(store, event.user_id),
        "created_at": instant(event.created_at),
        "resource_type": event.resource.KIND,
        "resource_id": event.resource.id,
        "label": label_basic(label) if label else None,
        "action": event.action,
    }


def state_event(store: Store, event: StateEvent) -> Json:
    return {
        "id": event.id,
        "user": user_by_id(store, event.user_id),
        "created_at": instant(event.created_at),
        "resource_type": event.resource.KIND,
        "resource_id": event.resource.id,
        "source_commit": None,
        "source_merge_request_id": None,
        "state": event.state,
    }


def award(store: Store, award: Award) -> Json:
    return {
        "id": award.id,
        "name": award.name,
        "user": user_by_id(store, award.user_id),
        "created_at": instant(award.created_at),
        "updated_at": instant(award.updated_at),
        "awardable_id": award.awardable_id,
        "awardable_type": award.awardable_type,
        "url": None,
    }


def link(store: Store, link: Link) -> Json:
    return {
        "id": link.id,
        "source_issue": issue(store, store.issues[link.source_id]),
        "target_issue": issue(store, store.issues[link.target_id]),
        "link_type": link.link_type,
    }
