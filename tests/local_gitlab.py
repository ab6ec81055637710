"""Handles on the emulated GitLab, for tests that play its people."""

from __future__ import annotations

import socket
from typing import Any

import gitlab
import requests

from bot.emulator.store import Store
from bot.emulator.tables import Issue, Project
from bot.emulator.web import Application, Fault


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalGitLab:
    """The emulator of one test: its address, its state, and its people."""

    def __init__(self, url: str, application: Application) -> None:
        self.url, self.application = url, application

    @property
    def store(self) -> Store:
        return self.application.store

    def as_user(self, token: str) -> gitlab.Gitlab:
        return gitlab.Gitlab(self.url, private_token=token)

    def call(self, method: str, path: str, token: str | None = "root", **kwargs: Any) -> requests.Response:
        headers = {"PRIVATE-TOKEN": token} if token else {}
        headers |= kwargs.pop("headers", {})
        return requests.request(method, f"{self.url}/api/v4{path}", headers=headers, timeout=10, **kwargs)

    # -- what people do ----------------------------------------------------------------------------------------------

    def report(self, title: str = "Something leaked", *, token: str = "demo-reporter-token", **fields: Any) -> Issue:
        """A report in the intake by Rita."""
        made = self.call("POST", "/projects/sec%2Fintake/issues", token, json={"title": title} | fields)
        assert made.status_code == 201, made.text
        return self.store.issues[made.json()["id"]]

    def label(self, issue: Issue, *labels: str, token: str = "demo-oncall-token") -> None:
        """Eva, on call, puts labels on."""
        path = f"/projects/{issue.project_id}/issues/{issue.iid}"
        done = self.call("PUT", path, token, json={"add_labels": ",".join(labels)})
        assert done.status_code == 200, done.text

    def close(self, issue: Issue, token: str = "demo-oncall-token") -> None:
        path = f"/projects/{issue.project_id}/issues/{issue.iid}"
        assert self.call("PUT", path, token, json={"state_event": "close"}).status_code == 200

    def incident(self, severity: str = "severity::1", **fields: Any) -> Issue:
        issue = self.report(**fields)
        self.label(issue, severity)
        return issue

    def add_member(self, group: str, username: str, level: int) -> None:
        member = {"user_id": self.store.usernames[username].id, "access_level": level}
        assert self.call("POST", f"/groups/{group}/members", json=member).status_code == 201

    def fault(self, **fields: Any) -> None:
        self.application.control.faults.append(Fault(**({"times": 1} | fields)))

    # -- what there is -----------------------------------------------------------------------------------------------

    def project(self, path: str) -> Project | None:
        return self.store.project_paths.get(path.lower())

    def incident_of(self, issue: Issue) -> Project:
        found = self.project(f"sec/incidents/incident-{issue.project_id}-{issue.iid}")
        assert found is not None
        return found

    def members(self, project: Project) -> dict[str, int]:
        """Direct members: username to access level."""
        return {self.store.users[member.user_id].username: member.access_level for member in project.members.values()}

    def notes(self, issue: Issue) -> list[str]:
        """Bodies of the notes that people see, oldest first."""
        found = [self.store.notes[number] for number in issue.note_ids if number in self.store.notes]
        return [note.body for note in found if not note.system]

    def labels(self, issue: Issue) -> list[str]:
        """Titles of the labels of an issue, sorted."""
        row = self.call("GET", f"/projects/{issue.project_id}/issues/{issue.iid}").json()
        return sorted(row["labels"])

    def issues(self, project: Project) -> list[Issue]:
        return list(self.store.project_issues[project.id].values())

    def requests(self, *, writes: bool = False) -> list[str]:
        """Method and path of each API request, in order."""
        log = [f"{entry.method} {entry.path.removeprefix('/api/v4')}" for entry in self.application.control.log]
        return [line for line in log if not writes or not line.startswith("GET")]

    def forget_requests(self) -> None:
        self.application.control.log.clear()
