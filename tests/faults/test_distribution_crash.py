"""kill -9 of the bot while it distributes a plan to eleven groups; afterwards there are eleven issues, not twelve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.emulator.web import Fault
from tests.automations.initiatives import with_plan
from tests.bot_process import eventually
from tests.conftest import Spawn
from tests.local_gitlab import LocalGitLab

CATEGORIES = (
    "instance_resiliency",
    "system_access",
    "permissions",
    "compliance_management",
    "security_policy_management",
    "vulnerability_management",
    "software_composition_analysis",
    "dast",
    "static_application_security_testing",
    "code_quality",
    "audit_events",
)


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
def test_killed_in_the_middle_of_distributing(local_gitlab: LocalGitLab, spawn: Spawn, carried_out: bool) -> None:
    bot = spawn()
    file = Path(bot.environment["SECTIONBOT_CONFIG"], "bot.yml")
    text = file.read_text("utf-8").replace("[retrospectives, initiatives, council]", "[retrospectives, council]")
    file.write_text(text, "utf-8")
    bot.start()
    project = local_gitlab.project("sec/product")
    assert project is not None
    hook = {"url": f"{bot.url}/webhooks/gitlab", "note_events": True, "token": "hook-token"}
    assert local_gitlab.call("POST", f"/projects/{project.id}/hooks", json=hook).status_code == 201
    fields: dict[str, Any] = {
        "title": "One name",
        "description": with_plan(*(f"{category} | Use it | 1 | " for category in CATEGORIES)),
        "labels": "section::sec,group::static analysis,initiative::complete",
    }
    path = f"/projects/{project.id}/issues"
    made = local_gitlab.call("POST", path, "demo-gwen-token", json=fields).json()
    initiative = local_gitlab.store.issues[made["id"]]

    def say(words: str) -> None:
        body = {"body": f"sectionbot {words}"}
        answer = local_gitlab.call("POST", f"{path}/{initiative.iid}/notes", "demo-gwen-token", json=body)
        assert answer.status_code == 201

    def said(words: str) -> bool:
        return any(words in body for body in local_gitlab.notes(initiative))

    say("distribute")
    eventually(lambda: said("does exactly this"))
    fault = Fault(times=11, method="POST", path=r"/issues$", skip=4, delay_ms=500, cut=not carried_out)
    local_gitlab.application.control.faults.append(fault)
    say("distribute now")
    eventually(lambda: fault.hits >= 5)
    bot.kill()
    local_gitlab.application.control.faults.clear()
    bot.start()
    eventually(lambda: said("Done: ") and said("```mermaid"))
    assert bot.stop() == 0
    parts = [each for each in local_gitlab.issues(project) if "bot:implementation " in (each.description or "")]
    assert sorted(each.title.split(":")[0] for each in parts) == sorted(CATEGORIES)
    links = local_gitlab.call("GET", f"{path}/{initiative.iid}/links").json()
    assert len(links) == len(CATEGORIES)
