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
    assert counts(bot.run(*SWEEP).stdout) == {"change labels": 1, "write note": 2, "create issue": 1}
    assert bot.run(*SWEEP, "--apply").returncode == 0
    [note] = local_gitlab.notes(issue)
    assert note.count("is missing") == 5
    local_gitlab.forget_requests()
    assert counts(bot.run(*SWEEP, "--apply").stdout) == {}
    # Who the bot is, seven lists of issues and as many of epics, what was said there, its links and merge requests;
    # people, projects; the review, its notes and its readers.
    assert len(local_gitlab.requests()) == 23
    path = f"/projects/{project.id}/issues/{issue.iid}"
    assert local_gitlab.call("PUT", path, json={"description": described()}).ok
    done = bot.run(*SWEEP, "--scope", f"sec/product#{issue.iid}", "--apply")
    assert (done.returncode, counts(done.stdout)) == (0, {"write note": 2, "change labels": 1})
    assert "it is **complete**" in local_gitlab.notes(issue)[0] and len(local_gitlab.notes(issue)) == 2
    assert "initiative::complete" in local_gitlab.labels(issue)
    assert counts(bot.run(*SWEEP, "--scope", f"sec/product#{issue.iid}").stdout) == {}
    listed = bot.run("initiatives", "list")
    assert (listed.returncode, listed.stdout) == (0, "unowned  sec/product#1  -  0 days\n")
    explained = bot.run("initiatives", "explain", "sec/product#1")
    assert explained.stdout.startswith(
        "sec/product#1\n  Stage: unowned, since it is complete, and no group's label is on it (or several are).\n"
        "  What would move it on: set the label of the group that answers for it, or say `sectionbot owner GROUP`; "
    )
    none = bot.run("initiatives", "list", "--stage", "done")
    assert none.stdout == "There are none.\n"
    wrong = bot.run("initiatives", "explain", "sec/product#1", "--now", "2026-01-01T00:00:00Z")
    assert wrong.returncode == 0
    other = local_gitlab.call("POST", f"/projects/{project.id}/issues", json={"title": "Other"}).json()
    wrong = bot.run("initiatives", "explain", f"sec/product#{other['iid']}")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(
        "Error: sec/product#2 is no open initiative below sec: that has the labels 'section::sec' + 'group::not owned' "
        "or 'all Sec groups', or one that the bot has set."
    )
    rows = json.loads(bot.run("initiatives", "list", "--format", "json").stdout)
    assert [(row["reference"], row["stage"], row["flags"]) for row in rows] == [("sec/product#1", "unowned", [])]
    assert local_gitlab.call("PUT", path, json={"confidential": True}).ok
    shown = bot.run("initiatives", "list", "--format", "markdown").stdout
    assert "sec/product" not in shown and "One name" not in shown and "| unowned | (not public, " in shown


def test_on_the_label_it_is_told_at_once(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    server = spawn()
    file = Path(server.environment["SECTIONBOT_CONFIG"], "bot.yml")
    file.write_text(
        file.read_text("utf-8").replace("[retrospectives, initiatives, council]", "[retrospectives, council]"), "utf-8"
    )
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
