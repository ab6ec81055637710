"""Real deliveries of webhooks: which hooks, headers, signatures, disabling after failures, and the record of each."""

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
from bot.emulator.payloads import Payloads, stamp
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


class Deliveries:
    """Finds the hooks that an event concerns and sends to them, in no certain order, as GitLab does."""

    def __init__(self, store: Store, *, workers: int = 8) -> None:
        self.store, self.payloads = store, Payloads(store)
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
            "user": self.payloads.user(user),
            "project": self.payloads.project(project),
            "repository": self.payloads.repository(project),
            "object_attributes": self.payloads.merge_request(merge_request) | {"action": action},
            "labels": self.payloads.labels(merge_request.label_ids),
            "changes": self.payloads.on_open(self.payloads.merge_request(merge_request))
            if action == "open"
            else self.payloads.changes(merge_request, changes),
            "assignees": self.payloads.people(merge_request.assignee_ids),
            "reviewers": self.payloads.people(merge_request.reviewer_ids),
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
            "user": self.payloads.user(user),
            "project": self.payloads.project(project),
            "object_attributes": self.payloads.issue(issue) | {"action": action},
            "labels": self.payloads.labels(issue.label_ids),
            "changes": self.payloads.on_open(self.payloads.issue(issue))
            if action == "open"
            else self.payloads.changes(issue, changes),
            "repository": self.payloads.repository(project),
        }
        if issue.assignee_ids:
            people = [self.store.users[each] for each in issue.assignee_ids if each in self.store.users]
            payload["assignees"] = [self.payloads.user(each) for each in people]
        event = "Confidential Issue Hook" if issue.confidential else "Issue Hook"
        trigger = "confidential_issue_hooks" if issue.confidential else "issue_hooks"
        for hook in hooks:
            self._deliver(hook, trigger, event, payload)

    def _epic_changed(self, epic: Epic, user: User, action: str, changes: Json) -> None:
        """As a work item, in no project (as GitLab.com sent it in 2026); comments on epics are not told."""
        kind = "confidential_work_item" if epic.confidential else "work_item"
        group = self.store.groups[epic.group_id]
        shown = self.payloads.epic(epic)
        payload: Json = {
            "object_kind": "work_item",
            "event_type": kind,
            "user": self.payloads.user(user),
            "project": None,
            "object_attributes": shown | {"action": action},
            "labels": self.payloads.labels(epic.label_ids),
            "changes": self.payloads.on_open(shown) if action == "open" else self.payloads.changes(epic, changes),
            "repository": None,
        }
        event = "Confidential Issue Hook" if epic.confidential else "Issue Hook"
        trigger = "confidential_issue_hooks" if epic.confidential else "issue_hooks"
        for hook in self._group_hooks(group, "confidential_issues_events" if epic.confidential else "issues_events"):
            self._deliver(hook, trigger, event, payload)

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
            "user": self.payloads.user(user),
            "project_id": project.id,
            "project": self.payloads.project(project),
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
            "repository": self.payloads.repository(project),
            **self.payloads.about(on),
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
            "user": self.payloads.user(user),
            "project_id": project.id,
            "project": self.payloads.project(project),
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
            **self.payloads.about(on),
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
