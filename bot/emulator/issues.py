"""Issues one by one: creation, changes, moving, time, who takes part."""

from __future__ import annotations

from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import issuable_of, issue_of, need_admin, project_of
from bot.emulator.issuable_changes import Actor, add_note, change, resolve_labels
from bot.emulator.issue_lists import TYPES
from bot.emulator.quick_actions import interpret, seconds_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, invalid, not_found
from bot.emulator.store import Store
from bot.emulator.tables import GUEST, OWNER, PLANNER, Group, Issuable, Issue, Project, User
from bot.emulator.web import Call, Reply, Route, paged

MOST_CHARACTERS = 1_048_576
EDITABLE = (
    "assignee_id",
    "assignee_ids",
    "confidential",
    "created_at",
    "description",
    "discussion_locked",
    "due_date",
    "labels",
    "add_labels",
    "remove_labels",
    "milestone_id",
    "state_event",
    "title",
    "issue_type",
)

# -- one issue -------------------------------------------------------------------------------------------------------


def get_issue(call: Call) -> Reply:
    issue = issue_of(call, project_of(call))
    return Reply(200, entities.issue(call.store, issue, call.user, single=True))


def get_issue_by_id(call: Call) -> Reply:
    need_admin(call)
    issue = call.store.issues.get(int(call.args[0])) if call.args[0].isdigit() else None
    if issue is None:
        raise not_found()
    return Reply(200, entities.issue(call.store, issue, call.user, single=True))


def check_title(title: str | None) -> str:
    if title is None or not title.strip():
        raise invalid({"title": ["can't be blank"]})
    if len(title) > 255:
        raise invalid({"title": ["is too long (maximum is 255 characters)"]})
    return title.strip()


def check_length(text: str | None, field: str) -> None:
    if text is not None and len(text) > MOST_CHARACTERS:
        raise invalid({field: [f"is too long (maximum is {MOST_CHARACTERS:,} characters)".replace(",", "")]})


def create_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    params.require("title")
    if project.archived or not access.feature_open(store, user, project, "issues"):
        raise forbidden()
    if "confidential" in params and params.values["confidential"] in (None, ""):
        raise grape_error("confidential is empty")
    title = check_title(params.text("title"))
    kind = params.choice("issue_type", TYPES, "issue") or "issue"
    level = access.project_level(store, user, project)
    iid = params.integer("iid") if level >= OWNER else None
    if iid is not None and iid in store.project_issues[project.id]:
        raise Refusal(409, {"message": "Duplicated issue"})
    description = params.text("description")
    check_length(description, "description")
    actor = Actor(store, call.hooks, user)
    now = (params.instant("created_at") if level >= OWNER else None) or store.now()
    if iid is None:
        iid = project.next_issue_iid
        while iid in store.project_issues[project.id]:
            iid += 1
    issue = Issue(store.next_id("issues"), iid, project.id, title, user.id, now, now, issue_type=kind)
    project.next_issue_iid = max(project.next_issue_iid, iid + 1)
    wanted: dict[str, Any] = {"confidential": params.boolean("confidential")}
    if level >= GUEST:
        names = (params.texts("labels") or []) + (params.texts("add_labels") or [])
        wanted["label_ids"] = resolve_labels(actor, project, names, create=True)
        wanted |= metadata(call, project, issue)
    commands = interpret(actor, project, None, description or "", issue_type=kind)
    if "label_ids" in commands.changes:
        commands.changes["label_ids"] = commands.changes["label_ids"] | wanted.get("label_ids", set())
    wanted |= commands.changes
    if "severity" in params and kind == "incident" and level >= PLANNER:
        wanted["severity"] = (params.text("severity") or "unknown").upper()
    issue.description = commands.text if description is not None else None
    closing = wanted.pop("state_event", None)
    store.issues[issue.id] = issue
    store.project_issues[project.id][iid] = issue
    change(actor, issue, wanted, quiet=True)
    issue.updated_at = params.instant("updated_at") if "updated_at" in params and level >= OWNER else now  # type: ignore[assignment]
    project.last_activity_at = store.now()
    call.hooks.changed(issue, user, "open", {})
    if closing:
        change(actor, issue, {"state_event": closing})
    return Reply(201, entities.issue(store, issue, user, single=True))


def metadata(call: Call, project: Project, issuable: Issuable) -> dict[str, Any]:
    """Assignees, milestone, due date, weight and lock, as they were given."""
    params, store = call.params, call.store
    existing = store.issues if isinstance(issuable, Issue) else store.merge_requests
    changes: dict[str, Any] = {}
    ids = params.integers("assignee_ids")
    if ids is None and "assignee_id" in params:
        one = params.integer("assignee_id")
        ids = [one] if one else []
    if ids is not None:
        people = [store.users[each] for each in ids if each in store.users]
        able = [user.id for user in people if access.can_see_project(store, user, project)]
        changes["assignee_ids"] = able[:1] if store.tier == "free" else able
    if "milestone_id" in params:
        wanted = params.integer("milestone_id")
        changes["milestone_id"] = next((each.id for each in store.milestones_for(project) if each.id == wanted), None)
    elif params.text("milestone"):
        title = params.text("milestone")
        usable = store.milestones_for(project)
        changes["milestone_id"] = next((each.id for each in usable if each.title == title), None)
    if "due_date" in params and isinstance(issuable, Issue):
        changes["due_date"] = params.date("due_date")
    if "weight" in params and store.tier != "free" and isinstance(issuable, Issue):
        changes["weight"] = params.integer("weight")
    if "epic_id" in params and store.tier != "free" and isinstance(issuable, Issue):
        changes |= epic_changes(store, call.user, issuable, params.integer("epic_id"))
    if "discussion_locked" in params and issuable.id in existing:
        changes["discussion_locked"] = params.boolean("discussion_locked")
    return changes


def epic_changes(store: Store, user: User | None, issue: Issue, epic_id: int | None) -> dict[str, Any]:
    """What it takes to put an issue into an epic; none takes it out of its own."""
    epic = store.epics.get(epic_id or 0)
    if epic_id and (epic is None or not access.can_see_epic(store, user, epic)):
        raise not_found("Epic")
    if epic is not None and epic.id == issue.epic_id:
        return {}
    return {
        "epic_id": epic.id if epic else None,
        "epic_issue_id": store.next_id("epic_issues") if epic else None,
    }


def update_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    found = store.project_issues[project.id].get(int(call.args[1])) if call.args[1].isdigit() else None
    if found is None:
        raise not_found()
    if not params.given(*EDITABLE) and not (store.tier != "free" and params.given("weight", "epic_id")):
        raise grape_error(f"{', '.join(EDITABLE)} are missing, at least one parameter must be provided")
    issue = found
    level = access.project_level(store, user, project)
    seen = access.can_see_issue(store, user, issue)
    own = issue.author_id == user.id or (level >= GUEST and user.id in issue.assignee_ids)
    if not seen or (level < PLANNER and not own) or project.archived:
        raise forbidden()
    actor = Actor(store, call.hooks, user)
    changes: dict[str, Any] = {}
    if "title" in params:
        changes["title"] = check_title(params.text("title"))
    event = params.choice("state_event", ("close", "reopen"))
    if "description" in params:
        description = params.text("description")
        check_length(description, "description")
        commands = interpret(actor, project, issue, description or "")
        changes |= commands.changes
        changes["description"] = commands.text if description is not None else None
    if event:
        changes["state_event"] = event
    if level >= PLANNER:
        changes |= metadata(call, project, issue)
        if "confidential" in params:
            changes["confidential"] = params.boolean("confidential")
        labels = changed_labels(call, actor, project, issue)
        if labels is not None:
            changes["label_ids"] = labels
        kind = params.choice("issue_type", TYPES)
        if kind:
            changes["issue_type"] = kind
        if "severity" in params and (kind or issue.issue_type) == "incident":
            changes["severity"] = (params.text("severity") or "unknown").upper()
    if level >= OWNER:
        if "created_at" in params:
            issue.created_at = params.instant("created_at") or issue.created_at
        if "updated_at" in params:
            changes["updated_at"] = params.instant("updated_at")
    change(actor, issue, changes)
    return Reply(200, entities.issue(store, issue, user, single=True))


def changed_labels(call: Call, actor: Actor, holder: Project | Group, issuable: Issuable) -> set[int] | None:
    params = call.params
    if not params.given("labels", "add_labels", "remove_labels"):
        return None
    result = set(issuable.label_ids)
    replaced = params.texts("labels")
    if replaced is not None:
        result = resolve_labels(actor, holder, replaced, create=True)
    result |= resolve_labels(actor, holder, params.texts("add_labels") or [], create=True)
    return result - resolve_labels(actor, holder, params.texts("remove_labels") or [], create=False)


def delete_issue(call: Call) -> Reply:
    project = project_of(call)
    call.login()
    issue = issue_of(call, project, missing="Issue")
    if access.project_level(call.store, call.user, project) < OWNER:
        raise forbidden()
    call.store.remove(issue)
    return Reply(204)


def move_issue(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    call.params.require("to_project_id")
    store = call.store
    target = store.projects.get(call.params.integer("to_project_id") or 0)
    if target is None or not access.can_see_project(store, user, target):
        raise not_found("Project")
    if target.id == project.id:
        raise Refusal(400, {"message": "Cannot move issue to project it originates from!"})
    able = min(access.project_level(store, user, project), access.project_level(store, user, target)) >= PLANNER
    if not able:
        raise Refusal(400, {"message": "Cannot move work item due to insufficient permissions."})
    now = store.now()
    moved = Issue(
        store.next_id("issues"),
        target.next_issue_iid,
        target.id,
        issue.title,
        issue.author_id,
        issue.created_at,
        now,
        description=issue.description,
        assignee_ids=list(issue.assignee_ids),
        confidential=issue.confidential,
        issue_type=issue.issue_type,
        severity=issue.severity,
        due_date=issue.due_date,
        weight=issue.weight,
    )
    target.next_issue_iid += 1
    names = set(store.label_names(issue))
    moved.label_ids = {label.id for name, label in store.labels_for(target).items() if name in names}
    store.issues[moved.id] = moved
    store.project_issues[target.id][moved.iid] = moved
    actor = Actor(store, call.hooks, user)
    for number in list(issue.note_ids):
        note = store.notes.get(number)
        if note is not None and not note.system:
            author = store.users.get(note.author_id, user)
            add_note(
                Actor(store, call.hooks, author), moved, note.body, internal=note.internal, created_at=note.created_at
            )
    for link in store.links.values():
        link.source_id = moved.id if link.source_id == issue.id else link.source_id
        link.target_id = moved.id if link.target_id == issue.id else link.target_id
    issue.moved_to_id = moved.id
    add_note(actor, issue, f"moved to {store.full_path(target)}#{moved.iid}", system=True)
    add_note(actor, moved, f"moved from {store.full_path(project)}#{issue.iid}", system=True)
    change(actor, issue, {"state_event": "close"})
    call.hooks.changed(moved, user, "open", {})
    return Reply(201, entities.issue(store, moved, user, single=True))


def list_participants(call: Call) -> Reply:
    issuable = issuable_of(call)
    store = call.store
    ids = [issuable.author_id, *issuable.assignee_ids]
    notes = [store.notes[each] for each in issuable.note_ids if each in store.notes]
    ids += [note.author_id for note in notes if not note.system]
    people: list[User] = []
    for each in ids:
        user = store.users.get(each)
        if user is not None and user not in people:
            people.append(user)
    return paged(call, people, lambda user: entities.user_basic(store, user))


def get_time_stats(call: Call) -> Reply:
    return Reply(200, entities.time_stats(issue_of(call, project_of(call))))


def track_time(call: Call) -> Reply:
    """Estimates and time spent, by GitLab's words for durations."""
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    if access.project_level(call.store, user, project) < PLANNER:
        raise forbidden()
    verb = call.path.rpartition("/")[2]
    seconds = 0
    if not verb.startswith("reset"):
        call.params.require("duration")
        seconds = seconds_of(call.params.text("duration") or "")
    changes = {"time_estimate": seconds} if verb.endswith("estimate") else {"time_spent": seconds}
    if verb == "add_spent_time":
        changes["time_spent"] = max(0, issue.time_spent + seconds)
    change(Actor(call.store, call.hooks, user), issue, dict(changes))
    return Reply(201 if verb == "add_spent_time" else 200, entities.time_stats(issue))


ISSUE = "/v4/projects/:id/issues/:issue_iid"
ROUTES: list[Route] = [
    ("GET", "/v4/issues/:id", get_issue_by_id),
    ("POST", "/v4/projects/:id/issues", create_issue),
    ("GET", ISSUE, get_issue),
    ("PUT", ISSUE, update_issue),
    ("DELETE", ISSUE, delete_issue),
    ("POST", f"{ISSUE}/move", move_issue),
    ("GET", f"{ISSUE}/participants", list_participants),
    ("GET", f"{ISSUE}/time_stats", get_time_stats),
    *[
        ("POST", f"{ISSUE}/{verb}", track_time)
        for verb in ("time_estimate", "reset_time_estimate", "add_spent_time", "reset_spent_time")
    ],
]
