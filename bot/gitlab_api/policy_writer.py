"""Carries out what policies change. What is written once is sent once: a lost answer is answered by reading again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.plan import Outcome, Status
from bot.domain.policy_changes import (
    AddNote,
    DeleteResource,
    MoveIssue,
    OpenIssue,
    SetWidget,
    UpdateResource,
    UpdateWorkItem,
)
from bot.gitlab_api.client import Client, Json, encoded

DONE = Outcome(Status.DONE)
PolicyChange = AddNote | UpdateResource | UpdateWorkItem | SetWidget | MoveIssue | OpenIssue | DeleteResource
POLICY_CHANGES = (AddNote, UpdateResource, UpdateWorkItem, SetWidget, MoveIssue, OpenIssue, DeleteResource)
_SET_WIDGET = """mutation($input: WorkItemUpdateInput!) {
  workItemUpdate(input: $input) {
    workItem { id }
    errors
  }
}"""


class PolicyWriter:
    """Remembers the issues that the run has created, for the notes on them.

    Args:
        own_usernames: of the bot, to find again what a lost answer hid.
    """

    def __init__(self, client: Client, own_usernames: Callable[[], frozenset[str]]) -> None:
        self._client, self._own_usernames = client, own_usernames
        self._created: dict[str, str] = {}
        self._lock = threading.Lock()

    def apply(self, change: PolicyChange) -> Outcome:
        """Raises GitLabError."""
        if isinstance(change, AddNote):
            return self._add_note(change)
        if isinstance(change, UpdateResource):
            return self._update(change)
        if isinstance(change, UpdateWorkItem):
            return self._update_work_item(change)
        if isinstance(change, SetWidget):
            return self._set_widget(change)
        if isinstance(change, MoveIssue):
            self._client.request("POST", f"/{change.target.path}/move", body={"to_project_id": change.project_id})
            return DONE
        if isinstance(change, OpenIssue):
            return self._open(change)
        return self._delete(change)

    # -- notes and issues --------------------------------------------------------------------------------------------

    def _add_note(self, change: AddNote) -> Outcome:
        path = f"/{change.path}"
        if change.target.created_by:
            with self._lock:
                created = self._created.get(change.target.created_by)
            if created is None:
                return Outcome(Status.REFUSED, "The issue that the note belongs on was not created.")
            path = f"/{created}/{change.path}"
        body: Json = {"body": change.body} | ({"internal": True} if change.internal else {})
        try:
            answer = self._client.request("POST", path, body=body)
        except GitLabUnreachable as unreachable:
            if not self._has_note(path, change.body):
                raise unreachable
            return DONE
        if answer is not None and not isinstance(answer, dict):
            return Outcome(Status.REFUSED, "GitLab's answer to the note is no note.")
        return DONE

    def _has_note(self, path: str, body: str) -> bool:
        """Whether the note is there in spite of the lost answer."""
        notes = path.rpartition("/")[0] + "/notes"
        try:
            rows = self._client.get(notes, sort="desc", order_by="created_at", per_page=20)
        except (GitLabRefused, GitLabUnreachable):
            return False
        own = self._own_usernames()
        return isinstance(rows, list) and any(
            (row.get("body") or "").strip() == body.strip() and (row.get("author") or {}).get("username") in own
            for row in rows
        )

    def _open(self, change: OpenIssue) -> Outcome:
        project = encoded(change.project)
        path = f"/projects/{project}/issues"
        if change.marker:
            known = self._own_issue(project, change)
            if known is not None:
                self._remember(change, known)
                return Outcome(Status.ALREADY_SO)
        body: Json = {"title": change.title, "description": change.description}
        body |= {name: list(value) if isinstance(value, tuple) else value for name, value in change.fields}
        try:
            row = self._client.request("POST", path, body=body)
        except GitLabUnreachable as unreachable:
            found = self._own_issue(project, change)
            if found is None:
                raise unreachable
            row = found
        if not isinstance(row, dict) or "iid" not in row:
            return Outcome(Status.REFUSED, "GitLab's answer is no issue.")
        self._remember(change, row)
        return DONE

    def _own_issue(self, project: str, change: OpenIssue) -> Json | None:
        """An open issue of the bot with this title, and with the marker where there is one."""
        own = self._own_usernames()
        try:
            rows = self._client.get(
                f"/projects/{project}/issues", state="opened", search=change.title, per_page=50, order_by="created_at"
            )
        except (GitLabRefused, GitLabUnreachable):
            return None
        for row in rows if isinstance(rows, list) else []:
            same = row.get("title") == change.title and (row.get("author") or {}).get("username") in own
            wanted = change.marker or change.description
            if same and wanted in (row.get("description") or ""):
                return dict(row)
        return None

    def _remember(self, change: OpenIssue, row: Json) -> None:
        project_id = row.get("project_id") or encoded(change.project)
        with self._lock:
            self._created[change.key] = f"projects/{project_id}/issues/{row['iid']}"

    # -- updates -----------------------------------------------------------------------------------------------------

    def _update(self, change: UpdateResource) -> Outcome:
        body = {name: list(value) if isinstance(value, tuple) else value for name, value in change.fields}
        answer = self._client.request("PUT", f"/{change.target.path}", body=body)
        return _shown_in(answer, change)

    def _update_work_item(self, change: UpdateWorkItem) -> Outcome:
        features: Json = {}
        if change.add_labels or change.remove_labels:
            features["labels"] = {}
            if change.add_labels:
                features["labels"]["add_label_ids"] = list(change.add_labels)
            if change.remove_labels:
                features["labels"]["remove_label_ids"] = list(change.remove_labels)
        if change.assignees:
            features["assignees"] = {"assignee_ids": list(change.assignees)}
        answer = self._client.request("PATCH", f"/{change.target.path}", body={"features": features})
        shown = (answer.get("features") if isinstance(answer, dict) else None) or {}
        labels = {label.get("id") for label in _rows(shown.get("labels"), "labels")}
        people = {user.get("id") for user in _rows(shown.get("assignees"), "assignees")}
        for what, wrong in (
            ("Labels were not applied to", bool(set(change.add_labels) - labels)),
            ("Labels were not removed from", bool(set(change.remove_labels) & labels)),
            ("Assignees were not applied to", bool(set(change.assignees) - people)),
        ):
            if wrong:
                return Outcome(Status.REFUSED, f"{what} {change.target.web_url}; the token may lack permission.")
        return DONE

    def _set_widget(self, change: SetWidget) -> Outcome:
        field = "healthStatus" if change.widget == "healthStatusWidget" else "name"
        gid = f"gid://gitlab/WorkItem/{change.target.database_id}"
        variables = {"input": {"id": gid, change.widget: {field: change.value}}}
        answer = self._client.request(
            "POST", f"{self._client.url}/api/graphql", body={"query": _SET_WIDGET, "variables": variables}
        )
        errors = (answer or {}).get("errors") or []
        result = ((answer or {}).get("data") or {}).get("workItemUpdate") or {}
        words = [str(each.get("message", "")) for each in errors] + [str(each) for each in result.get("errors") or []]
        if words or not result:
            what = "Health status was not set for" if field == "healthStatus" else "Status update failed for"
            return Outcome(Status.REFUSED, f"{what} {change.target.web_url}: {', '.join(words) or 'no answer'}")
        return DONE

    def _delete(self, change: DeleteResource) -> Outcome:
        self._client.request("DELETE", f"/{change.target.path}")
        return DONE


def _rows(feature: Any, name: str) -> list[Json]:
    if isinstance(feature, dict):
        feature = feature.get(name)
    return [each for each in feature or [] if isinstance(each, dict)]


def _shown_in(answer: Any, change: UpdateResource) -> Outcome:
    """What the answer shows is what was asked for; GitLab drops silently what a role may not set."""
    if not isinstance(answer, dict):
        return Outcome(Status.REFUSED, f"GitLab's answer to the update of {change.target.name} is no resource.")
    url = change.target.web_url or change.target.name
    for name, wanted in change.expected:
        if name not in answer or answer[name] is None:
            continue
        if name == "state":
            if answer["state"] not in wanted:
                sentence = f"State was not updated to '{wanted[0]}' for {url}; the token may lack permission."
                return Outcome(Status.REFUSED, sentence)
        elif name == "labels":
            there = {label["name"] if isinstance(label, dict) else label for label in answer["labels"]}
            removed = dict(change.fields).get("remove_labels")
            gone = set(str(removed).split(",")) if removed else set()
            missing = [label for label in wanted if label not in there and label not in gone]
            if missing:
                sentence = f"Labels {', '.join(missing)} were not applied to {url}; the token may lack permission."
                return Outcome(Status.REFUSED, sentence)
        else:
            there = {str(user.get("username")).lower() for user in answer[name] if isinstance(user, dict)}
            missing = [user for user in wanted if user.lower() not in there]
            if missing and name == "assignees":
                sentence = f"Assignees {', '.join(missing)} were not assigned to {url}; the token may lack permission."
                return Outcome(Status.REFUSED, sentence)
            if missing:
                sentence = (
                    f"Reviewers {', '.join(missing)} were not requested on {url}; the token may lack permission, "
                    "or the users may not have access to it."
                )
                return Outcome(Status.REFUSED, sentence)
    return DONE
