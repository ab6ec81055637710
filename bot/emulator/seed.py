"""Fills a store from a YAML file: people, groups, projects, and what is in them, with dates and notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bot.emulator.deliveries import Deliveries
from bot.emulator.epics import add_epic
from bot.emulator.issuable_changes import DEFAULT_COLOUR, WORDS, Actor, add_note, change, resolve_labels
from bot.emulator.repository import commit_to, start
from bot.emulator.store import Store
from bot.emulator.tables import (
    Branch,
    Group,
    Issuable,
    Issue,
    Label,
    LabelEvent,
    Membership,
    MergeRequest,
    Milestone,
    Project,
    Share,
    User,
)

ROLES = {"minimal": 5, "guest": 10, "planner": 15, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}


class SeedError(ValueError):
    """The seed file names something that it does not define, or is not shaped as the README says."""


def seed(store: Store, hooks: Deliveries, path: Path) -> None:
    """Read the file at `path` into `store`.

    Raises:
        SeedError: with a sentence that says where.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(data, dict):
        raise SeedError(f"{path}: the seed file is a map of users, groups and projects.")
    known = ("users", "groups", "projects")
    for key in data:
        if key not in known:
            raise SeedError(f"{path}: unknown key {key!r}; a seed file has {', '.join(known)}.")
    makers: dict[str, Callable[[dict[str, Any]], None]] = {
        "users": lambda entry: _user(store, entry),
        "groups": lambda entry: _group(store, hooks, entry),
        "projects": lambda entry: _project(store, hooks, entry),
    }
    for kind, make in makers.items():
        for number, entry in enumerate(data.get(kind) or [], start=1):
            try:
                make(entry)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                if isinstance(error, SeedError):
                    raise
                raise SeedError(f"{path}: entry {number} of {kind} lacks or mistakes {error}.") from None


def _user(store: Store, entry: dict[str, Any]) -> None:
    fields = dict(entry)
    token = fields.pop("token", None)
    scopes = fields.pop("scopes", ["api"])
    kind = "bot" if fields.pop("bot", False) else "human"
    user = store.add_user(fields.pop("username"), kind=kind, **_dated(fields))
    if token:
        store.add_token(user, scopes, value=token, expires_at=(store.now() + dt.timedelta(days=364)).date())


def _dated(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: _instant(value) if key.endswith("_at") else value for key, value in fields.items()}


def _instant(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return dt.datetime.fromisoformat(str(value)).astimezone(dt.UTC)


def _user_id(store: Store, username: str) -> int:
    user = store.usernames.get(username.lower())
    if user is None:
        raise SeedError(f"The seed names the user {username!r}, who is not among its users.")
    return user.id


# Who is in the seed was a member before anything in it happened.
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def _members(store: Store, holder: Group | Project, entry: dict[str, Any]) -> None:
    """`members: {ann: owner, bob: {role: guest, expires_at: 2026-12-01}}`"""
    for username, given in (entry.get("members") or {}).items():
        detail = given if isinstance(given, dict) else {"role": given}
        user_id = _user_id(store, username)
        role = detail["role"]
        if role not in ROLES:
            raise SeedError(f"The role {role!r} of {username} is none of {', '.join(ROLES)}.")
        holder.members[user_id] = Membership(user_id, ROLES[role], LONG_AGO, expires_at=detail.get("expires_at"))
    for share in entry.get("shared_with") or []:
        group = store.group_paths.get(str(share["group"]).lower())
        if group is None:
            raise SeedError(f"The seed shares with the group {share['group']!r}, which does not come before.")
        made = Share(store.next_id("shares"), group.id, ROLES[share["role"]])
        holder.shares[made.id] = made


def _labels(store: Store, entry: dict[str, Any], **owner: Any) -> None:
    for label in entry.get("labels") or []:
        detail = label if isinstance(label, dict) else {"name": label}
        made = Label(
            store.next_id("labels"),
            detail["name"],
            detail.get("color", DEFAULT_COLOUR),
            store.now(),
            detail.get("description"),
            **owner,
        )
        store.labels[made.id] = made
    for number, milestone in enumerate(entry.get("milestones") or [], start=1):
        now = store.now()
        detail = milestone if isinstance(milestone, dict) else {"title": str(milestone)}
        made_milestone = Milestone(
            store.next_id("milestones"),
            number,
            str(detail["title"]),
            now,
            now,
            detail.get("description", ""),
            detail.get("state", "active"),
            detail.get("due_date"),
            detail.get("start_date"),
            **owner,
        )
        store.milestones[made_milestone.id] = made_milestone


def _group(store: Store, hooks: Deliveries, entry: dict[str, Any]) -> None:
    parent_path, _, path = str(entry["path"]).rpartition("/")
    parent = store.group_paths.get(parent_path.lower()) if parent_path else None
    if parent_path and parent is None:
        raise SeedError(f"The group {entry['path']!r} comes before its parent.")
    group = store.add_group(
        path,
        entry.get("name"),
        parent,
        visibility=entry.get("visibility", "private"),
        description=entry.get("description", ""),
    )
    _members(store, group, entry)
    _labels(store, entry, group_id=group.id)
    for epic in entry.get("epics") or []:
        author = store.users[_user_id(store, epic["author"])] if "author" in epic else next(iter(store.users.values()))
        actor = Actor(store, hooks, author)
        made = add_epic(actor, group, str(epic["title"]), description=epic.get("description"))
        made.created_at = _instant(epic["created_at"]) if "created_at" in epic else made.created_at
        _fill(store, actor, group, made, epic, made.created_at)


def _project(store: Store, hooks: Deliveries, entry: dict[str, Any]) -> None:
    namespace_path, _, path = str(entry["path"]).rpartition("/")
    namespace = store.group_paths.get(namespace_path.lower())
    if namespace is None:
        raise SeedError(f"The project {entry['path']!r} is in no group of the seed.")
    creator = store.users[_user_id(store, entry["creator"])] if "creator" in entry else next(iter(store.users.values()))
    project = store.add_project(
        path,
        namespace,
        creator,
        entry.get("name"),
        visibility=entry.get("visibility", namespace.visibility),
        description=entry.get("description"),
        features=dict(entry.get("features") or {}),
    )
    _members(store, project, entry)
    _labels(store, entry, project_id=project.id)
    for issue in entry.get("issues") or []:
        _issue(store, hooks, project, issue)
    if entry.get("branches") or entry.get("merge_requests"):
        start(store, project, creator)
    for name in entry.get("branches") or []:
        _branch(store, project, creator, str(name))
    for shown in entry.get("merge_requests") or []:
        _merge_request(store, hooks, project, shown)


def _branch(store: Store, project: Project, author: User, name: str) -> None:
    main = project.branches[project.default_branch or "main"]
    made = project.branches[name] = Branch(name, list(main.history), dict(main.files))
    commit_to(store, project, made, f"Work on {name}", author)


def _merge_request(store: Store, hooks: Deliveries, project: Project, entry: dict[str, Any]) -> None:
    author = store.users[_user_id(store, entry["author"])] if "author" in entry else next(iter(store.users.values()))
    created_at = _instant(entry["created_at"]) if "created_at" in entry else store.now()
    source = str(entry["source_branch"])
    if source not in project.branches:
        _branch(store, project, author, source)
    made = MergeRequest(
        store.next_id("merge_requests"),
        project.next_merge_request_iid,
        project.id,
        str(entry["title"]),
        author.id,
        created_at,
        created_at,
        description=entry.get("description"),
        source_branch=source,
        target_branch=str(entry.get("target_branch", project.default_branch)),
        source_project_id=project.id,
        sha=project.branches[source].history[-1],
    )
    project.next_merge_request_iid += 1
    store.merge_requests[made.id] = made
    store.project_merge_requests[project.id][made.iid] = made
    made.reviewer_ids = [_user_id(store, name) for name in entry.get("reviewers") or []]
    _fill(store, Actor(store, hooks, author), project, made, entry, created_at)


def _issue(store: Store, hooks: Deliveries, project: Project, entry: dict[str, Any]) -> None:
    author = store.users[_user_id(store, entry["author"])] if "author" in entry else next(iter(store.users.values()))
    created_at = _instant(entry["created_at"]) if "created_at" in entry else store.now()
    iid = int(entry.get("iid", project.next_issue_iid))
    issue = Issue(
        store.next_id("issues"),
        iid,
        project.id,
        str(entry["title"]),
        author.id,
        created_at,
        created_at,
        description=entry.get("description"),
        confidential=bool(entry.get("confidential", False)),
        issue_type=entry.get("issue_type", "issue"),
        due_date=entry.get("due_date"),
        weight=entry.get("weight"),
    )
    project.next_issue_iid = max(project.next_issue_iid, iid + 1)
    store.issues[issue.id] = issue
    store.project_issues[project.id][iid] = issue
    _fill(store, Actor(store, hooks, author), project, issue, entry, created_at)


def _fill(
    store: Store,
    actor: Actor,
    home: Project | Group,
    issuable: Issuable,
    entry: dict[str, Any],
    created_at: dt.datetime,
) -> None:
    """What issues, merge requests and epics have in common."""
    issuable.assignee_ids = [_user_id(store, name) for name in entry.get("assignees") or []]
    if "milestone" in entry:
        title = str(entry["milestone"])
        issuable.milestone_id = next((each.id for each in store.milestones.values() if each.title == title), None)
    names = [str(name) for name in entry.get("labels") or []]
    issuable.label_ids = resolve_labels(actor, home, names, create=False)
    missing = set(names) - set(store.label_names(issuable))
    if missing:
        word = WORDS[issuable.KIND]
        raise SeedError(
            f"The {word} {issuable.title!r} has labels that the seed does not define: {', '.join(missing)}."
        )
    for label_id in sorted(issuable.label_ids):
        event = LabelEvent(store.next_id("label_events"), issuable, actor.user.id, label_id, "add", created_at)
        store.label_events[issuable.key].append(event)
    for note in entry.get("notes") or []:
        writer = store.users[_user_id(store, note.get("author", actor.user.username))]
        at = _instant(note["created_at"]) if "created_at" in note else created_at
        add_note(Actor(store, actor.hooks, writer), issuable, str(note["body"]), created_at=at)
    if entry.get("state") == "closed":
        change(actor, issuable, {"state_event": "close"}, quiet=True)
        issuable.closed_at = _instant(entry["closed_at"]) if "closed_at" in entry else issuable.closed_at
    issuable.updated_at = _instant(entry["updated_at"]) if "updated_at" in entry else created_at
