"""What webhooks say of issues, epics, merge requests and people, as real deliveries do."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.emulator import entities
from bot.emulator.store import Store
from bot.emulator.tables import Epic, Issuable, Issue, Label, MergeRequest, Project, User

Json = dict[str, Any]


def stamp(value: dt.datetime | None) -> str | None:
    """The way real deliveries write times."""
    return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if value else None


class Payloads:
    """The parts of a payload, as things are now."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def user(self, user: User) -> Json:
        return {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "avatar_url": None,
            "email": "[REDACTED]",
        }

    def people(self, ids: list[int]) -> list[Json]:
        return [self.user(self.store.users[each]) for each in ids if each in self.store.users]

    def project(self, project: Project) -> Json:
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

    def repository(self, project: Project) -> Json:
        shown = self.project(project)
        return {key: shown[key] for key in ("name", "url", "description", "homepage")}

    def label(self, label: Label) -> Json:
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

    def labels(self, ids: set[int]) -> list[Json]:
        return [self.label(self.store.labels[each]) for each in sorted(ids) if each in self.store.labels]

    def issue(self, issue: Issue) -> Json:
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
            "labels": self.labels(issue.label_ids),
            "state": issue.state,
            "severity": issue.severity.lower(),
            "customer_relations_contacts": [],
            "weight": issue.weight,
            "health_status": issue.health_status,
        }

    def about(self, on: Issue | MergeRequest) -> Json:
        if isinstance(on, Issue):
            return {"issue": self.issue(on)}
        return {"merge_request": self.merge_request(on)}

    def merge_request(self, shown: MergeRequest) -> Json:
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
            "labels": self.labels(shown.label_ids),
            "last_edited_at": None,
            "last_edited_by_id": None,
            "merge_commit_sha": shown.merge_commit_sha,
            "merge_status": "can_be_merged",
            "merge_user_id": shown.merged_by,
            "milestone_id": shown.milestone_id,
            "reviewer_ids": shown.reviewer_ids,
            "source": self.project(project),
            "source_branch": shown.source_branch,
            "source_project_id": shown.source_project_id,
            "state": shown.state,
            "state_id": {"opened": 1, "closed": 2, "merged": 3, "locked": 4}[shown.state],
            "target": self.project(project),
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

    def on_open(self, now: Json) -> Json:
        """Everything that was set goes from nothing to what it is."""
        names = ("author_id", "created_at", "description", "id", "iid", "title", "updated_at")
        shown: Json = {name: {"previous": None, "current": now[name]} for name in names if now[name] is not None}
        if now["labels"]:
            shown["labels"] = {"previous": [], "current": now["labels"]}
        return shown

    def changes(self, issuable: Issuable, changes: Json) -> Json:
        shown: Json = {"updated_at": {"previous": None, "current": stamp(issuable.updated_at)}}
        for name, (before, after) in changes.items():
            if name == "labels":
                shown["labels"] = {"previous": self.labels(before), "current": self.labels(after)}
            elif name == "state":
                ids = {"opened": 1, "closed": 2, "merged": 3, "locked": 4}
                shown["state_id"] = {"previous": ids[before], "current": ids[after]}
                shown["closed_at"] = {"previous": None, "current": stamp(issuable.closed_at)}
            elif name in ("title", "description", "confidential", "milestone_id", "discussion_locked", "severity"):
                shown[name] = {"previous": before, "current": after}
            elif name == "assignee_ids":
                shown["assignees"] = {"previous": self.people(before), "current": self.people(after)}
            elif name == "reviewer_ids":
                shown["reviewers"] = {"previous": self.people(before), "current": self.people(after)}
            elif name in ("weight", "time_estimate", "target_branch"):
                shown[name] = {"previous": before, "current": after}
            elif name == "due_date":
                shown[name] = {"previous": entities.day(before), "current": entities.day(after)}
        return shown

    def epic(self, epic: Epic) -> Json:
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
            "labels": self.labels(epic.label_ids),
            "state": epic.state,
        }
