"""Real deliveries of webhooks: payloads, headers, signatures, disabling after failures, and the record of each."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from bot.emulator import entities
from bot.emulator.store import Store
from bot.emulator.tables import (
    ACCESS_NAMES,
    Award,
    Epic,
    Group,
    Hook,
    HookEvent,
    Issuable,
    Issue,
    Label,
    Membership,
    MergeRequest,
    Note,
    Project,
    User,
)

Json = dict[str, Any]
DISABLE_FOR_GOOD_AT = 40
DISABLE_AT = 4
TIMEOUT_S = 10.0
PLACES = {"Issue": "issues", "MergeRequest": "merge_requests"}


def stamp(value: dt.datetime | None) -> str | None:
    """The way real deliveries write times."""
    return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if value else None


class Deliveries:
    """Finds the hooks that an event concerns and sends to them, in no certain order, as GitLab does."""

    def __init__(self, store: Store, *, workers: int = 8) -> None:
        self.store = store
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="delivery")
        self.session = requests.Session()

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    # -- events --------------------------------------------------------------------------------------------------

    def changed(self, issuable: Issuable, user: User, action: str, changes: Json) -> None:
        """Tell of an issue, a merge request, or, to hooks of groups, an epic."""
        if isinstance(issuable, Epic):
            self._epic_changed(issuable, user, action, changes)
        elif isinstance(issuable, Issue):
            self._issue_changed(issuable, user, action, changes)
        elif isinstance(issuable, MergeRequest):
            self._merge_request_changed(issuable, user, action, changes)

    def _merge_request_changed(self, merge_request: MergeRequest, user: User, action: str, changes: Json) -> None:
        project = self.store.projects[merge_request.project_id]
        hooks = self._hooks(project, "merge_requests_events")
        if not hooks:
            return
        payload: Json = {
            "object_kind": "merge_request",
            "event_type": "merge_request",
            "user": self._user(user),
            "project": self._project(project),
            "repository": self._repository(project),
            "object_attributes": self._merge_request(merge_request) | {"action": action},
            "labels": self._labels(merge_request.label_ids),
            "changes": self._on_open(self._merge_request(merge_request))
            if action == "open"
            else self._changes(merge_request, changes),
            "assignees": self._people(merge_request.assignee_ids),
            "reviewers": self._people(merge_request.reviewer_ids),
        }
        for hook in hooks:
            self._deliver(hook, "merge_request_hooks", "Merge Request Hook", payload)

    def _issue_changed(self, issue: Issue, user: User, action: str, changes: Json) -> None:
        project = self.store.projects[issue.project_id]
        kind = "confidential_issue" if issue.confidential else "issue"
        hooks = self._hooks(project, "confidential_issues_events" if issue.confidential else "issues_events")
        if not hooks:
            return
        payload: Json = {
            "object_kind": "issue",
            "event_type": kind,
            "user": self._user(user),
            "project": self._project(project),
            "object_attributes": self._issue(issue) | {"action": action},
            "labels": self._labels(issue.label_ids),
            "changes": self._on_open(self._issue(issue)) if action == "open" else self._changes(issue, changes),
            "repository": self._repository(project),
        }
        if issue.assignee_ids:
            people = [self.store.users[each] for each in issue.assignee_ids if each in self.store.users]
            payload["assignees"] = [self._user(each) for each in people]
        event = "Confidential Issue Hook" if issue.confidential else "Issue Hook"
        trigger = "confidential_issue_hooks" if issue.confidential else "issue_hooks"
        for hook in hooks:
            self._deliver(hook, trigger, event, payload)

    def _epic_changed(self, epic: Epic, user: User, action: str, changes: Json) -> None:
        """As a work item, in no project (as GitLab.com sent it in 2026); comments on epics are not told."""
        kind = "confidential_work_item" if epic.confidential else "work_item"
        group = self.store.groups[epic.group_id]
        shown = self._epic(epic)
        payload: Json = {
            "object_kind": "work_item",
            "event_type": kind,
            "user": self._user(user),
            "project": None,
            "object_attributes": shown | {"action": action},
            "labels": self._labels(epic.label_ids),
            "changes": self._on_open(shown) if action == "open" else self._changes(epic, changes),
            "repository": None,
        }
        event = "Confidential Issue Hook" if epic.confidential else "Issue Hook"
        trigger = "confidential_issue_hooks" if epic.confidential else "issue_hooks"
        for hook in self._group_hooks(group, "confidential_issues_events" if epic.confidential else "issues_events"):
            self._deliver(hook, trigger, event, payload)

    def _epic(self, epic: Epic) -> Json:
        path = self.store.groups[epic.group_id].full_path
        return {
            "author_id": epic.author_id,
            "closed_at": stamp(epic.closed_at),
            "confidential": epic.confidential,
            "created_at": stamp(epic.created_at),
            "description": epic.description,
            "id": epic.work_item_id,
            "iid": epic.iid,
            "project_id": None,
            "state_id": 1 if epic.state == "opened" else 2,
            "title": epic.title,
            "updated_at": stamp(epic.updated_at),
            "type": "Epic",
            "url": f"{self.store.external_url}/groups/{path}/-/work_items/{epic.iid}",
            "assignee_ids": epic.assignee_ids,
            "labels": self._labels(epic.label_ids),
            "state": epic.state,
        }

    def note_written(self, note: Note, user: User, action: str) -> None:
        """Tell of a note on an issue or merge request."""
        on = note.noteable
        if not isinstance(on, Issue | MergeRequest):
            return
        project = self.store.projects[on.project_id]
        confidential = note.internal or on.confidential
        hooks = self._hooks(project, "confidential_note_events" if confidential else "note_events")
        if not hooks or note.system:
            return
        url = f"{self.store.external_url}/{self.store.full_path(project)}/-/{PLACES[on.KIND]}/{on.iid}#note_{note.id}"
        payload: Json = {
            "object_kind": "note",
            "event_type": "confidential_note" if confidential else "note",
            "user": self._user(user),
            "project_id": project.id,
            "project": self._project(project),
            "object_attributes": {
                "attachment": None,
                "author_id": note.author_id,
                "change_position": None,
                "commit_id": None,
                "created_at": stamp(note.created_at),
                "discussion_id": note.discussion_id,
                "id": note.id,
                "internal": note.internal,
                "line_code": None,
                "note": note.body,
                "noteable_id": on.id,
                "noteable_type": on.KIND,
                "original_position": None,
                "position": None,
                "project_id": project.id,
                "resolved_at": stamp(note.resolved_at),
                "resolved_by_id": note.resolved_by,
                "resolved_by_push": None,
                "st_diff": None,
                "system": False,
                "type": note.type,
                "updated_at": stamp(note.updated_at),
                "updated_by_id": None,
                "description": note.body,
                "url": url,
                "action": action,
            },
            "repository": self._repository(project),
            **self._about(on),
        }
        event = "Confidential Note Hook" if confidential else "Note Hook"
        trigger = "confidential_note_hooks" if confidential else "note_hooks"
        for hook in hooks:
            self._deliver(hook, trigger, event, payload)

    def emoji_awarded(self, award: Award, user: User) -> None:
        note = self.store.notes.get(award.awardable_id) if award.awardable_type == "Note" else None
        tables: dict[str, dict[int, Any]] = {"Issue": self.store.issues, "MergeRequest": self.store.merge_requests}
        on = note.noteable if note else tables.get(award.awardable_type, {}).get(award.awardable_id)
        if not isinstance(on, Issue | MergeRequest):
            return
        project = self.store.projects[on.project_id]
        payload: Json = {
            "object_kind": "emoji",
            "event_type": "award",
            "user": self._user(user),
            "project_id": project.id,
            "project": self._project(project),
            "object_attributes": {
                "user_id": user.id,
                "created_at": stamp(award.created_at),
                "id": award.id,
                "name": award.name,
                "awardable_type": award.awardable_type,
                "awardable_id": award.awardable_id,
                "updated_at": stamp(award.updated_at),
                "action": "award",
            },
            **self._about(on),
        }
        for hook in self._hooks(project, "emoji_events"):
            self._deliver(hook, "emoji_hooks", "Emoji Hook", payload)

    def member_changed(self, group: Group, user: User, member: Membership, event: str) -> None:
        payload: Json = {
            "created_at": entities.instant(member.created_at),
            "updated_at": entities.instant(self.store.now()),
            "group_name": group.name,
            "group_path": group.path,
            "group_id": group.id,
            "user_username": user.username,
            "user_name": user.name,
            "user_email": "[REDACTED]",
            "user_id": user.id,
            "group_access": ACCESS_NAMES[member.access_level],
            "group_plan": None,
            "expires_at": member.expires_at.isoformat() + "T00:00:00Z" if member.expires_at else None,
            "event_name": event,
        }
        for hook in self._group_hooks(group, "member_events"):
            self._deliver(hook, "member_hooks", "Member Hook", payload)

    # -- payloads ------------------------------------------------------------------------------------------------

    def _user(self, user: User) -> Json:
        return {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "avatar_url": None,
            "email": "[REDACTED]",
        }

    def _people(self, ids: list[int]) -> list[Json]:
        return [self._user(self.store.users[each]) for each in ids if each in self.store.users]

    def _project(self, project: Project) -> Json:
        path = self.store.full_path(project)
        url = f"{self.store.external_url}/{path}"
        host = self.store.external_url.split("://", 1)[1].split(":")[0]
        return {
            "id": project.id,
            "name": project.name,
            "description": project.description,
            "web_url": url,
            "avatar_url": None,
            "git_ssh_url": f"git@{host}:{path}.git",
            "git_http_url": f"{url}.git",
            "namespace": self.store.groups[project.namespace_id].name,
            "visibility_level": {"private": 0, "internal": 10, "public": 20}[project.visibility],
            "path_with_namespace": path,
            "default_branch": project.default_branch,
            "ci_config_path": "",
            "homepage": url,
            "url": f"git@{host}:{path}.git",
            "ssh_url": f"git@{host}:{path}.git",
            "http_url": f"{url}.git",
        }

    def _repository(self, project: Project) -> Json:
        shown = self._project(project)
        return {key: shown[key] for key in ("name", "url", "description", "homepage")}

    def _label(self, label: Label) -> Json:
        return {
            "id": label.id,
            "title": label.name,
            "color": label.color,
            "project_id": label.project_id,
            "created_at": stamp(label.created_at),
            "updated_at": stamp(label.created_at),
            "template": False,
            "description": label.description,
            "type": "ProjectLabel" if label.project_id else "GroupLabel",
            "group_id": label.group_id,
        }

    def _labels(self, ids: set[int]) -> list[Json]:
        return [self._label(self.store.labels[each]) for each in sorted(ids) if each in self.store.labels]

    def _issue(self, issue: Issue) -> Json:
        project = self.store.projects[issue.project_id]
        return {
            "author_id": issue.author_id,
            "closed_at": stamp(issue.closed_at),
            "confidential": issue.confidential,
            "created_at": stamp(issue.created_at),
            "description": issue.description,
            "discussion_locked": issue.discussion_locked,
            "due_date": entities.day(issue.due_date),
            "id": issue.id,
            "iid": issue.iid,
            "last_edited_at": None,
            "last_edited_by_id": None,
            "milestone_id": issue.milestone_id,
            "moved_to_id": issue.moved_to_id,
            "duplicated_to_id": issue.duplicate_of,
            "project_id": issue.project_id,
            "relative_position": 0,
            "state_id": 1 if issue.state == "opened" else 2,
            "time_estimate": issue.time_estimate,
            "title": issue.title,
            "updated_at": stamp(issue.updated_at),
            "updated_by_id": None,
            "type": issue.issue_type.replace("_", " ").title(),
            "url": f"{self.store.external_url}/{self.store.full_path(project)}/-/issues/{issue.iid}",
            "total_time_spent": issue.time_spent,
            "time_change": 0,
            "human_total_time_spent": entities.duration(issue.time_spent),
            "human_time_change": None,
            "human_time_estimate": entities.duration(issue.time_estimate),
            "assignee_ids": issue.assignee_ids,
            "assignee_id": issue.assignee_ids[0] if issue.assignee_ids else None,
            "labels": self._labels(issue.label_ids),
            "state": issue.state,
            "severity": issue.severity.lower(),
            "customer_relations_contacts": [],
            "weight": issue.weight,
            "health_status": issue.health_status,
        }

    def _about(self, on: Issue | MergeRequest) -> Json:
        if isinstance(on, Issue):
            return {"issue": self._issue(on)}
        return {"merge_request": self._merge_request(on)}

    def _merge_request(self, shown: MergeRequest) -> Json:
        project = self.store.projects[shown.project_id]
        return {
            "assignee_id": shown.assignee_ids[0] if shown.assignee_ids else None,
            "assignee_ids": shown.assignee_ids,
            "author_id": shown.author_id,
            "blocking_discussions_resolved": True,
            "created_at": stamp(shown.created_at),
            "description": shown.description,
            "detailed_merge_status": entities.merge_status(shown),
            "draft": shown.draft,
            "head_pipeline_id": None,
            "id": shown.id,
            "iid": shown.iid,
            "labels": self._labels(shown.label_ids),
            "last_edited_at": None,
            "last_edited_by_id": None,
            "merge_commit_sha": shown.merge_commit_sha,
            "merge_status": "can_be_merged",
            "merge_user_id": shown.merged_by,
            "milestone_id": shown.milestone_id,
            "reviewer_ids": shown.reviewer_ids,
            "source": self._project(project),
            "source_branch": shown.source_branch,
            "source_project_id": shown.source_project_id,
            "state": shown.state,
            "state_id": {"opened": 1, "closed": 2, "merged": 3, "locked": 4}[shown.state],
            "target": self._project(project),
            "target_branch": shown.target_branch,
            "target_project_id": shown.project_id,
            "time_estimate": shown.time_estimate,
            "title": shown.title,
            "total_time_spent": shown.time_spent,
            "updated_at": stamp(shown.updated_at),
            "updated_by_id": None,
            "url": f"{self.store.external_url}/{self.store.full_path(project)}/-/merge_requests/{shown.iid}",
            "work_in_progress": shown.draft,
        }

    def _on_open(self, now: Json) -> Json:
        """Everything that was set goes from nothing to what it is."""
        names = ("author_id", "created_at", "description", "id", "iid", "title", "updated_at")
        shown: Json = {name: {"previous": None, "current": now[name]} for name in names if now[name] is not None}
        if now["labels"]:
            shown["labels"] = {"previous": [], "current": now["labels"]}
        return shown

    def _changes(self, issuable: Issuable, changes: Json) -> Json:
        shown: Json = {"updated_at": {"previous": None, "current": stamp(issuable.updated_at)}}
        for name, (before, after) in changes.items():
            if name == "labels":
                shown["labels"] = {"previous": self._labels(before), "current": self._labels(after)}
            elif name == "state":
                ids = {"opened": 1, "closed": 2, "merged": 3, "locked": 4}
                shown["state_id"] = {"previous": ids[before], "current": ids[after]}
                shown["closed_at"] = {"previous": None, "current": stamp(issuable.closed_at)}
            elif name in ("title", "description", "confidential", "milestone_id", "discussion_locked", "severity"):
                shown[name] = {"previous": before, "current": after}
            elif name == "assignee_ids":
                shown["assignees"] = {"previous": self._people(before), "current": self._people(after)}
            elif name == "reviewer_ids":
                shown["reviewers"] = {"previous": self._people(before), "current": self._people(after)}
            elif name in ("weight", "time_estimate", "target_branch"):
                shown[name] = {"previous": before, "current": after}
            elif name == "due_date":
                shown[name] = {"previous": entities.day(before), "current": entities.day(after)}
        return shown

    # -- sending -------------------------------------------------------------------------------------------------

    def _hooks(self, project: Project, event: str) -> list[Hook]:
        own = [hook for hook in self.store.hooks.values() if hook.project_id == project.id and hook.events.get(event)]
        return own + self._group_hooks(self.store.groups[project.namespace_id], event)

    def _group_hooks(self, group: Group, event: str) -> list[Hook]:
        if self.store.tier == "free":
            return []
        above = {level.id for level in self.store.ancestors(group)}
        return [hook for hook in self.store.hooks.values() if hook.group_id in above and hook.events.get(event)]

    def _deliver(self, hook: Hook, trigger: str, event: str, payload: Json) -> None:
        if not self.executable(hook):
            return
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        headers = self.headers(hook, event, body, key=str(uuid.uuid4()))
        self.pool.submit(self.send, hook, trigger, headers, body)

    def executable(self, hook: Hook) -> bool:
        if hook.failures >= DISABLE_FOR_GOOD_AT:
            return False
        return hook.disabled_until is None or hook.disabled_until <= self.store.now()

    def headers(self, hook: Hook, event: str, body: str, *, key: str) -> dict[str, str]:
        """GitLab's own headers win over custom ones."""
        headers = {
            **hook.custom_headers,
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{self.store.version}",
            "Idempotency-Key": key,
            "X-Gitlab-Event": event,
            "X-Gitlab-Instance": self.store.external_url,
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
            "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
        }
        if hook.token:
            headers["X-Gitlab-Token"] = hook.token
        if hook.signing_token:
            timestamp = str(int(time.time()))
            secret = base64.b64decode(hook.signing_token.removeprefix("whsec_"))
            signed = f"{key}.{timestamp}.{body}".encode()
            digest = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            headers |= {"webhook-id": key, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{digest}"}
        return headers

    def send(self, hook: Hook, trigger: str, headers: dict[str, str], body: str) -> HookEvent:
        """One POST, recorded; what is not 2xx or 3xx counts as a failure."""
        started = time.monotonic()
        status, answer_headers, answer = "internal error", {}, ""
        try:
            response = self.session.post(
                hook.url,
                data=body.encode(),
                headers=headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
                verify=hook.enable_ssl_verification,
            )
            status, answer = str(response.status_code), response.text[:8192]
            answer_headers = dict(response.headers)
        except requests.RequestException as error:
            answer = type(error).__name__
        event = HookEvent(
            self.store.next_id("hook_events"),
            hook.url,
            trigger,
            headers,
            body,
            answer_headers,
            answer,
            round(time.monotonic() - started, 3),
            status,
            self.store.now(),
        )
        hook.deliveries.append(event)
        self._count(hook, failed=not (status.isdigit() and 200 <= int(status) < 400))
        return event

    def _count(self, hook: Hook, *, failed: bool) -> None:
        if not failed:
            hook.failures, hook.disabled_until = 0, None
            return
        hook.failures += 1
        if hook.failures >= DISABLE_AT:
            minutes = min(2 ** (hook.failures - DISABLE_AT), 24 * 60)
            hook.disabled_until = self.store.now() + dt.timedelta(minutes=minutes)
