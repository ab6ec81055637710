"""Merge requests: lists with GitLab's filters, creation, changes, merging."""

from __future__ import annotations

import re
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import group_of, issue_of, merge_request_of, project_of
from bot.emulator.issuable_changes import Actor, add_note, change
from bot.emulator.issuable_filters import Test, filtered, person_test, scoped
from bot.emulator.issues import changed_labels, check_length, check_title, list_participants, metadata
from bot.emulator.parameters import Params
from bot.emulator.quick_actions import interpret
from bot.emulator.refusals import Refusal, forbidden, grape_error, not_found
from bot.emulator.repository import commit_to
from bot.emulator.store import Store
from bot.emulator.tables import DEVELOPER, OWNER, Issue, MergeRequest, Project
from bot.emulator.web import Call, Reply, Route, paged

STATES = ("opened", "closed", "locked", "merged")
EDITABLE = (
    "assignee_id",
    "assignee_ids",
    "reviewer_ids",
    "description",
    "labels",
    "add_labels",
    "remove_labels",
    "milestone_id",
    "remove_source_branch",
    "allow_collaboration",
    "allow_maintainer_to_push",
    "squash",
    "target_branch",
    "title",
    "state_event",
    "discussion_locked",
    "merge_after",
)
_CLOSES = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):? "
    r"(?:([\w./-]+))?#(\d+)",
    re.IGNORECASE,
)
_MENTIONS = re.compile(r"(?:([\w./-]+))?#(\d+)")


# -- lists -----------------------------------------------------------------------------------------------------------


def _own_tests(call: Call, params: Params) -> list[Test]:
    """The filters that only merge requests have."""
    store = call.store
    tests: list[Any] = []
    for name in ("source_branch", "target_branch"):
        branch = params.text(name)
        if branch is not None:
            tests.append(lambda row, name=name, branch=branch: getattr(row, name) == branch)
    if "draft" in params and "wip" in params:
        raise grape_error("draft, wip are mutually exclusive")
    draft = {"yes": True, "no": False, None: None}[params.choice("wip", ("yes", "no"))]
    if "draft" in params:
        draft = params.boolean("draft")
    if draft is not None:
        tests.append(lambda row: row.draft is draft)
    tests += person_test(store, params, "reviewer", lambda row: set(getattr(row, "reviewer_ids", [])))
    source = params.integer("source_project_id")
    if source is not None:
        tests.append(lambda row: row.source_project_id == source)
    after, before = params.instant("merged_after"), params.instant("merged_before")
    if after:
        tests.append(lambda row: row.merged_at is not None and row.merged_at >= after)
    if before:
        tests.append(lambda row: row.merged_at is not None and row.merged_at <= before)
    return tests


def _list(call: Call, projects: list[Project], default_scope: str, relative_to: str | None = None) -> Reply:
    store = call.store
    rows = [
        row
        for project in projects
        if access.can_see_merge_requests(store, call.user, project)
        for row in store.project_merge_requests[project.id].values()
    ]
    tests = _own_tests(call, call.params)
    tests += [
        lambda row, unwanted=test: not unwanted(row)  # type: ignore[misc]
        for test in _own_tests(call, call.params.nested("not"))
    ]
    rows = filtered(call, scoped(call, rows, default_scope), *tests, states=STATES)
    if call.params.text("view") == "simple":
        return paged(call, rows, lambda row: entities.merge_request_simple(store, row))
    details = call.params.boolean("with_labels_details")
    return paged(
        call,
        rows,
        lambda row: entities.merge_request(store, row, call.user, label_details=details, relative_to=relative_to),
    )


def list_project_merge_requests(call: Call) -> Reply:
    project = project_of(call)
    if not access.can_see_merge_requests(call.store, call.user, project):
        raise forbidden()
    return _list(call, [project], "all")


def list_group_merge_requests(call: Call) -> Reply:
    group = group_of(call)
    projects = call.store.projects_of(group, include_subgroups=True)
    if call.params.boolean("non_archived", True):
        projects = [project for project in projects if not project.archived]
    return _list(call, projects, "all", f"{group.full_path}/")


def list_all_merge_requests(call: Call) -> Reply:
    if call.params.text("scope") != "all":
        call.login()
    return _list(call, list(call.store.projects.values()), "created_by_me", "")


# -- one -------------------------------------------------------------------------------------------------------------


def get_merge_request(call: Call) -> Reply:
    found = merge_request_of(call, project_of(call))
    return Reply(200, entities.merge_request(call.store, found, call.user, single=True))


def create_merge_request(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    params.require("title", "source_branch", "target_branch")
    level = access.project_level(store, user, project)
    if level < DEVELOPER or project.archived:
        raise forbidden()
    source, target = params.text("source_branch") or "", params.text("target_branch") or ""
    if source == target:
        raise Refusal(422, {"message": ["You can't use same project/branch for source and target"]})
    for number in store.project_merge_requests[project.id].values():
        if number.state == "opened" and (number.source_branch, number.target_branch) == (source, target):
            text = f"Another open merge request already exists for this source branch: !{number.iid}"
            raise Refusal(409, {"message": [text]})
    missing = {
        f"{side}_branch": ["does not exist"]
        for side, name in (("source", source), ("target", target))
        if name not in project.branches
    }
    if missing:
        raise Refusal(400, {"message": missing})
    title = check_title(params.text("title"))
    description = params.text("description")
    check_length(description, "description")
    now = store.now()
    made = MergeRequest(
        store.next_id("merge_requests"),
        project.next_merge_request_iid,
        project.id,
        title,
        user.id,
        now,
        now,
        source_branch=source,
        target_branch=target,
        source_project_id=project.id,
        sha=project.branches[source].history[-1],
        squash=params.boolean("squash"),
        force_remove_source_branch=params.boolean("remove_source_branch") or None,
    )
    project.next_merge_request_iid += 1
    actor = Actor(store, call.hooks, user)
    store.merge_requests[made.id] = made
    store.project_merge_requests[project.id][made.iid] = made
    wanted = _wanted(call, actor, project, made)
    commands = interpret(actor, project, made, description or "")
    made.description = commands.text if description is not None else None
    labels = commands.changes.pop("label_ids", set()) | wanted.pop("label_ids", set())
    change(actor, made, {**wanted, **commands.changes, "label_ids": labels}, quiet=True)
    made.updated_at = now
    call.hooks.changed(made, user, "open", {})
    return Reply(201, entities.merge_request(store, made, user, single=True))


def _wanted(call: Call, actor: Actor, project: Project, shown: MergeRequest) -> dict[str, Any]:
    changes = metadata(call, project, shown)
    labels = changed_labels(call, actor, project, shown)
    if labels is not None:
        changes["label_ids"] = labels
    ids = call.params.integers("reviewer_ids")
    if ids is not None:
        people = [call.store.users[each] for each in ids if each in call.store.users]
        able = [user.id for user in people if access.can_see_project(call.store, user, project)]
        changes["reviewer_ids"] = able[:1] if call.store.tier == "free" else able
    return changes


def update_merge_request(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store, params = call.store, call.params
    found = merge_request_of(call, project)
    if not params.given(*EDITABLE):
        raise grape_error(f"{', '.join(EDITABLE)} are missing, at least one parameter must be provided")
    level = access.project_level(store, user, project)
    if (level < DEVELOPER and user.id not in (found.author_id, *found.assignee_ids)) or project.archived:
        raise forbidden()
    actor = Actor(store, call.hooks, user)
    changes: dict[str, Any] = {}
    for name in ("title", "target_branch"):
        if name in params:
            if not (params.text(name) or "").strip():
                raise grape_error(f"{name} is empty")
            changes[name] = (params.text(name) or "").strip()
    if "title" in changes:
        changes["title"] = check_title(changes["title"])
    event = params.choice("state_event", ("close", "reopen"))
    if "description" in params:
        description = params.text("description")
        check_length(description, "description")
        commands = interpret(actor, project, found, description or "")
        changes |= commands.changes
        changes["description"] = commands.text if description is not None else None
    if event:
        changes["state_event"] = event
    if "squash" in params:
        changes["squash"] = params.boolean("squash")
    if "remove_source_branch" in params:
        changes["force_remove_source_branch"] = params.boolean("remove_source_branch")
    if level >= DEVELOPER:
        changes |= _wanted(call, actor, project, found)
    change(actor, found, changes)
    return Reply(200, entities.merge_request(store, found, user, single=True))


def delete_merge_request(call: Call) -> Reply:
    project = project_of(call)
    found = merge_request_of(call, project)
    if access.project_level(call.store, call.user, project) < OWNER:
        raise forbidden()
    call.store.remove(found)
    return Reply(204)


def merge(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    store = call.store
    found = merge_request_of(call, project)
    if access.project_level(store, user, project) < DEVELOPER:
        raise Refusal(401, {"message": "401 Unauthorized"})
    if found.state != "opened" or found.draft or found.source_branch not in project.branches:
        raise Refusal(405, {"message": "405 Method Not Allowed"})
    wanted = call.params.text("sha")
    if wanted is not None and wanted != found.sha:
        raise Refusal(409, {"message": f"SHA does not match HEAD of source branch: {found.sha}"})
    source, target = project.branches[found.source_branch], project.branches[found.target_branch]
    target.files |= source.files
    target.history += [sha for sha in source.history if sha not in target.history]
    text = f"Merge branch '{source.name}' into '{target.name}'"
    found.merge_commit_sha = commit_to(store, project, target, text, user).sha
    found.state, found.merged_at, found.merged_by = "merged", store.now(), user.id
    found.updated_at = found.merged_at
    if found.force_remove_source_branch or call.params.boolean("should_remove_source_branch"):
        del project.branches[source.name]
    actor = Actor(store, call.hooks, user)
    add_note(actor, found, "merged", system=True)
    call.hooks.changed(found, user, "merge", {"state": ("opened", "merged")})
    return Reply(200, entities.merge_request(store, found, user, single=True))


def list_reviewers(call: Call) -> Reply:
    found = merge_request_of(call, project_of(call))
    at = entities.instant(found.created_at)
    rows = entities.people(call.store, found.reviewer_ids)
    return Reply(200, [{"user": user, "state": "unreviewed", "created_at": at} for user in rows])


def list_commits(call: Call) -> Reply:
    project = project_of(call)
    found = merge_request_of(call, project)
    source, target = (project.branches.get(name) for name in (found.source_branch, found.target_branch))
    below = set(target.history) if target and found.state == "opened" else set()
    rows = [sha for sha in reversed(source.history) if sha not in below] if source else []
    return paged(call, rows, lambda sha: entities.commit(call.store, project, project.commits[sha]))


def _named(store: Store, shown: MergeRequest, pattern: re.Pattern[str], text: str) -> list[Issue]:
    """The issues that a text of the merge request names."""
    named = []
    for path, iid in pattern.findall(text):
        home = store.project_paths.get(path.lower()) if path else store.projects[shown.project_id]
        issue = store.project_issues[home.id].get(int(iid)) if home else None
        if issue is not None:
            named.append(issue)
    return named


def list_closes_issues(call: Call) -> Reply:
    """The issues that the description names by GitLab's closing pattern."""
    store = call.store
    found = merge_request_of(call, project_of(call))
    rows = [
        issue
        for issue in _named(store, found, _CLOSES, found.description or "")
        if access.can_see_issue(store, call.user, issue)
    ]
    return paged(call, rows, lambda issue: entities.issue(store, issue, call.user))


def list_closed_by(call: Call) -> Reply:
    """The merge requests of the same project that would close an issue."""
    store = call.store
    project = project_of(call)
    issue = issue_of(call, project)
    rows = [
        row
        for row in store.project_merge_requests[project.id].values()
        if issue in _named(store, row, _CLOSES, row.description or "")
        and access.can_see_merge_requests(store, call.user, project)
    ]
    return paged(call, rows[::-1], lambda row: entities.merge_request(store, row, call.user))


def list_related_merge_requests(call: Call) -> Reply:
    """The merge requests that mention an issue."""
    store = call.store
    issue = issue_of(call, project_of(call))
    rows = []
    for row in store.merge_requests.values():
        notes = [store.notes[number].body for number in row.note_ids if number in store.notes]
        text = "\n".join([row.title, row.description or "", *notes])
        if issue in _named(store, row, _MENTIONS, text) and access.can_see(store, call.user, row):
            rows.append(row)
    return paged(call, rows, lambda row: entities.merge_request(store, row, call.user))


def lacks_changes(call: Call) -> Reply:
    """Differences of files: the emulator keeps none."""
    merge_request_of(call, project_of(call))
    raise not_found("Diff")


ONE = "/v4/projects/:id/merge_requests/:merge_request_iid"
ROUTES: list[Route] = [
    ("GET", "/v4/merge_requests", list_all_merge_requests),
    ("GET", "/v4/groups/:id/merge_requests", list_group_merge_requests),
    ("GET", "/v4/projects/:id/merge_requests", list_project_merge_requests),
    ("POST", "/v4/projects/:id/merge_requests", create_merge_request),
    ("GET", ONE, get_merge_request),
    ("PUT", ONE, update_merge_request),
    ("DELETE", ONE, delete_merge_request),
    ("PUT", f"{ONE}/merge", merge),
    ("GET", f"{ONE}/participants", list_participants),
    ("GET", f"{ONE}/reviewers", list_reviewers),
    ("GET", f"{ONE}/commits", list_commits),
    ("GET", f"{ONE}/closes_issues", list_closes_issues),
    ("GET", "/v4/projects/:id/issues/:issue_iid/closed_by", list_closed_by),
    ("GET", "/v4/projects/:id/issues/:issue_iid/related_merge_requests", list_related_merge_requests),
    ("GET", f"{ONE}/diffs", lacks_changes),
    ("GET", f"{ONE}/changes", lacks_changes),
]
