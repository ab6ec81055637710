"""Section-wide initiatives with the real command line, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.automations.initiatives import described
from tests.bot_process import eventually
from tests.conftest import Spawn
from tests.local_gitlab import LocalGitLab

SWEEP = ("sweep", "--automation", "initiatives", "--format", "json")


def counts(stdout: str) -> dict[str, int]:
    [part] = json.loads(stdout)
    found: dict[str, int] = part["counts"]
    return found


def test_an_initiative_is_told_what_it_lacks_until_it_is_complete(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    project = local_gitlab.project("sec/product")
    assert project is not None
    labels = "section::sec,group::not owned"
    fields: dict[str, Any] = {"title": "One name for a finding", "description": "It is bad.", "labels": labels}
    made = local_gitlab.call("POST", f"/projects/{project.id}/issues", json=fields).json()
    issue = local_gitlab.store.issues[made["id"]]
    bot = spawn()
    assert counts(bot.run(*SWEEP).stdout) == {"write note": 1}
    assert bot.run(*SWEEP, "--apply").returncode == 0
    [note] = local_gitlab.notes(issue)
    assert note.count("is missing") == 5
    local_gitlab.forget_requests()
    assert counts(bot.run(*SWEEP, "--apply").stdout) == {}
    # Who the bot is, three lists, its note.
    assert len(local_gitlab.requests()) == 5
    path = f"/projects/{project.id}/issues/{issue.iid}"
    assert local_gitlab.call("PUT", path, json={"description": described()}).ok
    done = bot.run(*SWEEP, "--scope", f"sec/product#{issue.iid}", "--apply")
    assert (done.returncode, counts(done.stdout)) == (0, {"write note": 1, "change labels": 1})
    assert "it is **complete**" in local_gitlab.notes(issue)[0] and len(local_gitlab.notes(issue)) == 1
    assert "initiative::complete" in local_gitlab.labels(issue)
    assert counts(bot.run(*SWEEP).stdout) == {}


def test_on_the_label_it_is_told_at_once(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    server = spawn()
    file = Path(server.environment["SECTIONBOT_CONFIG"], "bot.yml")
    file.write_text(file.read_text("utf-8").replace("[retrospectives, initiatives]", "[retrospectives]"), "utf-8")
    server.start()
    project = local_gitlab.project("sec/product")
    assert project is not None
    hook = {"url": f"{server.url}/webhooks/gitlab", "issues_events": True, "token": "hook-token"}
    assert local_gitlab.call("POST", f"/projects/{project.id}/hooks", json=hook).status_code == 201
    fields = {"title": "One name", "labels": "all Sec groups"}
    made = local_gitlab.call("POST", f"/projects/{project.id}/issues", json=fields).json()
    issue = local_gitlab.store.issues[made["id"]]
    [note] = eventually(lambda: local_gitlab.notes(issue))
    assert note.startswith("Before this initiative can be triaged, its description has to say more:")
