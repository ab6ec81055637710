"""Notes and discussions of issues."""

from __future__ import annotations

from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import issue_of, note_of, project_of
from bot.emulator.issue_changes import Actor, add_note, change_issue
from bot.emulator.issues import check_length
from bot.emulator.quick_actions import Outcome, interpret
from bot.emulator.refusals import Refusal, bad_request, forbidden, grape_error, not_found
from bot.emulator.store import DEVELOPER, GUEST, MAINTAINER, OWNER, PLANNER, Issue, Note, Project
from bot.emulator.web import Call, Reply, Route, paged

BLANK = 'Note {note: ["can\'t be blank"]}'


def _issue(call: Call) -> tuple[Project, Issue]:
    project = project_of(call)
    call.login()
    return project, issue_of(call, project, missing="Issue")


def _visible(call: Call, issue: Issue) -> list[Note]:
    notes = [call.store.notes[number] for number in issue.note_ids if number in call.store.notes]
    return [note for note in notes if access.can_see_note(call.store, call.user, note)]


def list_notes(call: Call) -> Reply:
    _, issue = _issue(call)
    rows = _visible(call, issue)
    wanted = call.params.choice("activity_filter", ("all_notes", "only_comments", "only_activity"), "all_notes")
    if wanted != "all_notes":
        rows = [note for note in rows if note.system == (wanted == "only_activity")]
    order = call.params.choice("order_by", ("created_at", "updated_at"), "created_at")
    descending = call.params.choice("sort", ("asc", "desc"), "desc") == "desc"
    rows.sort(key=lambda note: (getattr(note, order or "created_at"), note.id), reverse=descending)
    return paged(call, rows, lambda note: entities.note(call.store, note))


def get_note(call: Call) -> Reply:
    _, issue = _issue(call)
    return Reply(200, entities.note(call.store, note_of(call, issue)))


def _write(
    call: Call, project: Project, issue: Issue, *, discussion: str | None = None, type_: str | None = None
) -> Note | Reply:
    """A new note, or the answer to one that was nothing but commands."""
    user = call.login()
    params, store = call.params, call.store
    level = access.project_level(store, user, project)
    if project.archived or (issue.discussion_locked and level < GUEST):
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
    commands = interpret(actor, project, issue, body)
    if commands.found and not commands.text.strip():
        return _only_commands(actor, issue, commands)
    created_at = params.instant("created_at") if level >= OWNER else None
    note = add_note(
        actor,
        issue,
        commands.text,
        internal=internal,
        discussion=discussion,
        type_=type_,
        created_at=created_at,
    )
    if commands.changes:
        change_issue(actor, issue, commands.changes)
    call.params.values["_told"] = commands.told
    return note


def _only_commands(actor: Actor, issue: Issue, commands: Outcome) -> Reply:
    if not commands.messages and not commands.told:
        raise bad_request("Failed to apply commands.")
    change_issue(actor, issue, commands.changes)
    summary = [" ".join(commands.messages)] if commands.messages else []
    return Reply(202, {"commands_changes": commands.told, "summary": summary})


def _told(call: Call) -> dict[str, Any]:
    told = call.params.values.get("_told", {})
    return told if isinstance(told, dict) else {}


def create_note(call: Call) -> Reply:
    project, issue = _issue(call)
    made = _write(call, project, issue)
    if isinstance(made, Reply):
        return made
    return Reply(201, entities.note(call.store, made, _told(call)))


def _editable(call: Call, project: Project, note: Note) -> None:
    user = call.login()
    own = note.author_id == user.id
    if note.system or project.archived or not (own or access.project_level(call.store, user, project) >= MAINTAINER):
        raise forbidden()


def update_note(call: Call) -> Reply:
    project, issue = _issue(call)
    note = note_of(call, issue, len(call.args) - 1)
    if "resolved" in call.params:
        return _resolve(call, note)
    _editable(call, project, note)
    if "body" in call.params:
        body = call.params.text("body") or ""
        if not body.strip():
            raise grape_error("body is empty")
        check_length(body, "note")
        user = call.login()
        actor = Actor(call.store, call.hooks, user)
        commands = interpret(actor, project, issue, body)
        if commands.found and not commands.text.strip():
            _forget(call, issue, note)
            return _only_commands(actor, issue, commands)
        if note.body != commands.text:
            note.body, note.updated_at = commands.text, call.store.now()
            call.hooks.note_written(issue, note, user, "update")
        if commands.changes:
            change_issue(actor, issue, commands.changes)
    return Reply(200, entities.note(call.store, note))


def _resolve(call: Call, note: Note) -> Reply:
    project = call.store.projects[note.project_id]
    author = call.store.issues[note.issue_id].author_id
    may = access.project_level(call.store, call.user, project) >= DEVELOPER or call.login().id == author
    if not may:
        raise forbidden()
    resolved = call.params.boolean("resolved")
    for number in call.store.issues[note.issue_id].note_ids:
        other = call.store.notes.get(number)
        if other is not None and other.discussion_id == note.discussion_id:
            other.resolved_by = call.login().id if resolved else None
            other.resolved_at = call.store.now() if resolved else None
    return Reply(200, entities.note(call.store, note))


def _forget(call: Call, issue: Issue, note: Note) -> None:
    del call.store.notes[note.id]
    issue.note_ids.remove(note.id)


def delete_note(call: Call) -> Reply:
    project, issue = _issue(call)
    note = note_of(call, issue, len(call.args) - 1)
    _editable(call, project, note)
    _forget(call, issue, note)
    return Reply(204)


# -- discussions -----------------------------------------------------------------------------------------------------


def _threads(call: Call, issue: Issue) -> dict[str, list[Note]]:
    threads: dict[str, list[Note]] = {}
    for note in _visible(call, issue):
        threads.setdefault(note.discussion_id, []).append(note)
    return threads


def _thread(call: Call, issue: Issue) -> list[Note]:
    found = _threads(call, issue).get(call.args[2])
    if found is None:
        raise not_found("Discussion")
    return found


def list_discussions(call: Call) -> Reply:
    _, issue = _issue(call)
    rows = list(_threads(call, issue).values())
    return paged(call, rows, lambda notes: entities.discussion(call.store, notes))


def get_discussion(call: Call) -> Reply:
    _, issue = _issue(call)
    return Reply(200, entities.discussion(call.store, _thread(call, issue)))


def get_discussion_note(call: Call) -> Reply:
    _, issue = _issue(call)
    return Reply(200, entities.note(call.store, note_of(call, issue, 3)))


def create_discussion(call: Call) -> Reply:
    project, issue = _issue(call)
    made = _write(call, project, issue, type_="DiscussionNote")
    if isinstance(made, Reply):
        return made
    return Reply(201, entities.discussion(call.store, [made]))


def reply_to_discussion(call: Call) -> Reply:
    project, issue = _issue(call)
    thread = _thread(call, issue)
    if thread[0].system:
        raise bad_request("Discussion can not be replied to.")
    made = _write(call, project, issue, discussion=thread[0].discussion_id, type_="DiscussionNote")
    if isinstance(made, Reply):
        return made
    for note in thread:
        note.type = "DiscussionNote"
    return Reply(201, entities.note(call.store, made, _told(call)))


def resolve_discussion(call: Call) -> Reply:
    _, issue = _issue(call)
    thread = _thread(call, issue)
    call.params.require("resolved")
    if thread[0].type is None:
        raise Refusal(403, {"message": "403 Forbidden"})
    _resolve(call, thread[0])
    return Reply(200, entities.discussion(call.store, thread))


ISSUE = "/v4/projects/:id/issues/:issue_iid"
ROUTES: list[Route] = [
    ("GET", f"{ISSUE}/notes", list_notes),
    ("POST", f"{ISSUE}/notes", create_note),
    ("GET", f"{ISSUE}/notes/:note_id", get_note),
    ("PUT", f"{ISSUE}/notes/:note_id", update_note),
    ("DELETE", f"{ISSUE}/notes/:note_id", delete_note),
    ("GET", f"{ISSUE}/discussions", list_discussions),
    ("POST", f"{ISSUE}/discussions", create_discussion),
    ("GET", f"{ISSUE}/discussions/:discussion_id", get_discussion),
    ("PUT", f"{ISSUE}/discussions/:discussion_id", resolve_discussion),
    ("POST", f"{ISSUE}/discussions/:discussion_id/notes", reply_to_discussion),
    ("GET", f"{ISSUE}/discussions/:discussion_id/notes/:note_id", get_discussion_note),
    ("PUT", f"{ISSUE}/discussions/:discussion_id/notes/:note_id", update_note),
    ("DELETE", f"{ISSUE}/discussions/:discussion_id/notes/:note_id", delete_note),
]
