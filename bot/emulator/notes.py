"""Notes and discussions of issues, merge requests and epics."""

from __future__ import annotations

from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import issuable_of, note_of
from bot.emulator.issuable_changes import Actor, add_note, change
from bot.emulator.issues import check_length
from bot.emulator.quick_actions import Outcome, interpret
from bot.emulator.refusals import Refusal, bad_request, forbidden, grape_error, not_found
from bot.emulator.tables import DEVELOPER, GUEST, MAINTAINER, OWNER, PLANNER, Issuable, Note
from bot.emulator.web import Call, Handler, Reply, Route, paged

BLANK = 'Note {note: ["can\'t be blank"]}'


def _noteable(call: Call) -> Issuable:
    issuable = issuable_of(call)
    call.login()
    return issuable


def _visible(call: Call, issuable: Issuable) -> list[Note]:
    notes = [call.store.notes[number] for number in issuable.note_ids if number in call.store.notes]
    return [note for note in notes if access.can_see_note(call.store, call.user, note)]


def list_notes(call: Call) -> Reply:
    issuable = _noteable(call)
    rows = _visible(call, issuable)
    wanted = call.params.choice("activity_filter", ("all_notes", "only_comments", "only_activity"), "all_notes")
    if wanted != "all_notes":
        rows = [note for note in rows if note.system == (wanted == "only_activity")]
    order = call.params.choice("order_by", ("created_at", "updated_at"), "created_at")
    newest_first = "asc" if "/-/work_items/" in call.path else "desc"
    descending = call.params.choice("sort", ("asc", "desc"), newest_first) == "desc"
    rows.sort(key=lambda note: (getattr(note, order or "created_at"), note.id), reverse=descending)
    return paged(call, rows, lambda note: entities.note(call.store, note))


def get_note(call: Call) -> Reply:
    issuable = _noteable(call)
    return Reply(200, entities.note(call.store, note_of(call, issuable)))


def _write(call: Call, issuable: Issuable, *, discussion: str | None = None, type_: str | None = None) -> Note | Reply:
    """A new note, or the answer to one that was nothing but commands."""
    user = call.login()
    params, store = call.params, call.store
    home = store.home_of(issuable)
    level = access.level(store, user, home)
    if getattr(home, "archived", False) or (issuable.discussion_locked and level < GUEST):
        raise forbidden()
    params.require("body")
    body = params.text("body") or ""
    if not body.strip():
        raise bad_request(BLANK)
    check_length(body, "note")
    internal = params.boolean("internal", params.boolean("confidential"))
    if internal and level < PLANNER:
        raise forbidden()
    actor = Actor(store, call.hooks, user)
    commands = interpret(actor, store.home_of(issuable), issuable, body)
    if commands.found and not commands.text.strip():
        return _only_commands(actor, issuable, commands)
    created_at = params.instant("created_at") if level >= OWNER else None
    note = add_note(
        actor,
        issuable,
        commands.text,
        internal=internal,
        discussion=discussion,
        type_=type_,
        created_at=created_at,
    )
    if commands.changes:
        change(actor, issuable, commands.changes)
    call.params.values["_told"] = commands.told
    return note


def _only_commands(actor: Actor, issuable: Issuable, commands: Outcome) -> Reply:
    if not commands.messages and not commands.told:
        raise bad_request("Failed to apply commands.")
    change(actor, issuable, commands.changes)
    summary = [" ".join(commands.messages)] if commands.messages else []
    return Reply(202, {"commands_changes": commands.told, "summary": summary})


def _told(call: Call) -> dict[str, Any]:
    told = call.params.values.get("_told", {})
    return told if isinstance(told, dict) else {}


def create_note(call: Call) -> Reply:
    issuable = _noteable(call)
    made = _write(call, issuable)
    if isinstance(made, Reply):
        return made
    return Reply(201, entities.note(call.store, made, _told(call)))


def _editable(call: Call, note: Note) -> None:
    user = call.login()
    own, home = note.author_id == user.id, call.store.home_of(note.noteable)
    frozen = note.system or getattr(home, "archived", False)
    if frozen or not (own or access.level(call.store, user, home) >= MAINTAINER):
        raise forbidden()


def update_note(call: Call) -> Reply:
    issuable = _noteable(call)
    note = note_of(call, issuable, len(call.args) - 1)
    if "resolved" in call.params:
        return _resolve(call, note)
    _editable(call, note)
    if "body" in call.params:
        body = call.params.text("body") or ""
        if not body.strip():
            raise grape_error("body is empty")
        check_length(body, "note")
        user = call.login()
        actor = Actor(call.store, call.hooks, user)
        commands = interpret(actor, call.store.home_of(issuable), issuable, body)
        if commands.found and not commands.text.strip():
            _forget(call, issuable, note)
            return _only_commands(actor, issuable, commands)
        if note.body != commands.text:
            note.body, note.updated_at = commands.text, call.store.now()
            note.last_edited_at = note.updated_at
            call.hooks.note_written(note, user, "update")
        if commands.changes:
            change(actor, issuable, commands.changes)
    return Reply(200, entities.note(call.store, note))


def _resolve(call: Call, note: Note) -> Reply:
    issuable = note.noteable
    may = access.level(call.store, call.user, call.store.home_of(issuable)) >= DEVELOPER
    may = may or call.login().id == issuable.author_id
    if not may:
        raise forbidden()
    resolved = call.params.boolean("resolved")
    for number in issuable.note_ids:
        other = call.store.notes.get(number)
        if other is not None and other.discussion_id == note.discussion_id:
            other.resolved_by = call.login().id if resolved else None
            other.resolved_at = call.store.now() if resolved else None
    return Reply(200, entities.note(call.store, note))


def _forget(call: Call, issuable: Issuable, note: Note) -> None:
    del call.store.notes[note.id]
    issuable.note_ids.remove(note.id)


def delete_note(call: Call) -> Reply:
    issuable = _noteable(call)
    note = note_of(call, issuable, len(call.args) - 1)
    _editable(call, note)
    _forget(call, issuable, note)
    return Reply(204)


# -- discussions -----------------------------------------------------------------------------------------------------


def _threads(call: Call, issuable: Issuable) -> dict[str, list[Note]]:
    threads: dict[str, list[Note]] = {}
    for note in _visible(call, issuable):
        threads.setdefault(note.discussion_id, []).append(note)
    return threads


def _thread(call: Call, issuable: Issuable) -> list[Note]:
    found = _threads(call, issuable).get(call.args[2])
    if found is None:
        raise not_found("Discussion")
    return found


def list_discussions(call: Call) -> Reply:
    issuable = _noteable(call)
    rows = list(_threads(call, issuable).values())
    return paged(call, rows, lambda notes: entities.discussion(call.store, notes))


def get_discussion(call: Call) -> Reply:
    issuable = _noteable(call)
    return Reply(200, entities.discussion(call.store, _thread(call, issuable)))


def get_discussion_note(call: Call) -> Reply:
    issuable = _noteable(call)
    return Reply(200, entities.note(call.store, note_of(call, issuable, 3)))


def create_discussion(call: Call) -> Reply:
    issuable = _noteable(call)
    made = _write(call, issuable, type_="DiscussionNote")
    if isinstance(made, Reply):
        return made
    return Reply(201, entities.discussion(call.store, [made]))


def reply_to_discussion(call: Call) -> Reply:
    issuable = _noteable(call)
    thread = _thread(call, issuable)
    if thread[0].system:
        raise bad_request("Discussion can not be replied to.")
    made = _write(call, issuable, discussion=thread[0].discussion_id, type_="DiscussionNote")
    if isinstance(made, Reply):
        return made
    if thread[0].type is None:  # the comment becomes a thread with its first answer, and is saved as one
        thread[0].updated_at = made.created_at
    for note in thread:
        note.type = "DiscussionNote"
    return Reply(201, entities.note(call.store, made, _told(call)))


def resolve_discussion(call: Call) -> Reply:
    issuable = _noteable(call)
    thread = _thread(call, issuable)
    call.params.require("resolved")
    if thread[0].type is None:
        raise Refusal(403, {"message": "403 Forbidden"})
    _resolve(call, thread[0])
    return Reply(200, entities.discussion(call.store, thread))


NOTEABLES = (
    "/v4/projects/:id/issues/:issue_iid",
    "/v4/projects/:id/merge_requests/:merge_request_iid",
    "/v4/groups/:id/epics/:epic_id",
    "/v4/projects/:id/-/work_items/:iid",
    "/v4/groups/:id/-/work_items/:iid",
    "/v4/namespaces/:id/-/work_items/:iid",
)
_HANDLERS: list[tuple[str, str, Handler]] = [
    ("GET", "notes", list_notes),
    ("POST", "notes", create_note),
    ("GET", "notes/:note_id", get_note),
    ("PUT", "notes/:note_id", update_note),
    ("DELETE", "notes/:note_id", delete_note),
    ("GET", "discussions", list_discussions),
    ("POST", "discussions", create_discussion),
    ("GET", "discussions/:discussion_id", get_discussion),
    ("PUT", "discussions/:discussion_id", resolve_discussion),
    ("POST", "discussions/:discussion_id/notes", reply_to_discussion),
    ("GET", "discussions/:discussion_id/notes/:note_id", get_discussion_note),
    ("PUT", "discussions/:discussion_id/notes/:note_id", update_note),
    ("DELETE", "discussions/:discussion_id/notes/:note_id", delete_note),
]
ROUTES: list[Route] = [
    (method, f"{noteable}/{path}", handler) for noteable in NOTEABLES for method, path, handler in _HANDLERS
]
