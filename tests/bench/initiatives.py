"""What sweeps of three hundred initiatives with three thousand issues cost."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.automations.initiatives.implementation_plan import Row as PlanRow
from bot.domain.ports import Scope
from bot.emulator.tables import Issue, Link
from bot.runtime.run import Means, run
from bot.runtime.watermarks import marks_of
from bot.wiring import AUTOMATIONS, Environment, connect, load_settings
from tests.automations.initiatives import described
from tests.bot_process import without_triage
from tests.local_gitlab import LocalGitLab

ROOT = Path(__file__).resolve().parents[2]
MANY, PARTS = 300, 10
Row = tuple[str, str, str, str]


def populate(local: LocalGitLab) -> Issue:
    """Puts them into the store at once; returns one issue of a plan."""
    project = local.project("sec/product")
    assert project is not None
    path = f"/projects/{project.id}/issues"
    labels = "section::sec,group::static analysis,initiative::complete"
    made = local.call("POST", path, json={"title": "T", "description": described(), "labels": labels}).json()
    first = local.store.issues[made["id"]]
    mark = f"<!-- sectionbot:implementation of={project.id}-1 category={PlanRow('0', '').key} -->"
    made = local.call("POST", path, "demo-bot-token", json={"title": "Part", "description": mark}).json()
    part = local.store.issues[made["id"]]

    def another(like: Issue, description: str) -> Issue:
        number = local.store.next_id("issues")
        issue = replace(like, id=number, iid=project.next_issue_iid, description=description, note_ids=[])
        issue.label_ids = set(like.label_ids)
        project.next_issue_iid += 1
        local.store.issues[issue.id] = issue
        local.store.project_issues[project.id][issue.iid] = issue
        return issue

    for _ in range(MANY - 1):
        initiative = another(first, first.description or "")
        for number in range(PARTS):
            key = PlanRow(str(number), "").key
            text = f"<!-- sectionbot:implementation of={project.id}-{initiative.iid} category={key} -->"
            made_part = another(part, text)
            link = Link(local.store.next_id("links"), initiative.id, made_part.id, "relates_to", local.store.now())
            local.store.links[link.id] = link
    link = Link(local.store.next_id("links"), first.id, part.id, "relates_to", local.store.now())
    local.store.links[link.id] = link
    return part


def initiatives(local_gitlab: Callable[[], AbstractContextManager[LocalGitLab]], rows: list[Row]) -> None:
    automations = [each for each in AUTOMATIONS if each.name == "initiatives"]
    with local_gitlab() as local, tempfile.TemporaryDirectory() as folder:
        part = populate(local)
        config = without_triage(Path(folder, "config"))
        environment = Environment(local.url, "demo-bot-token", config, ROOT / "templates")
        settings = load_settings(environment)

        def look(mark: Any) -> tuple[Any, int, int, float]:
            gitlab = connect(environment, settings)
            local.forget_requests()
            started = time.perf_counter()
            means = Means(settings, gitlab.reader, gitlab.writer, automations)
            done = run([(automations[0], Scope(watermark=mark))], means, local.store.now())
            took = time.perf_counter() - started
            reads = sum(1 for line in local.requests() if line.startswith("GET"))
            return marks_of(done.parts).get("initiatives"), reads, len(local.requests()) - reads, took

        def ahead(hours: int) -> None:
            local.store.clock.offset += dt.timedelta(hours=hours)

        mark, reads, writes, took = look(None)
        limit = 45 + 4 * MANY
        rows.append(("first sweep of 300 initiatives", f"{reads} reads, {writes} writes, {took:.1f} s", "", ""))
        ahead(1)
        mark, _, _, _ = look(mark)
        ahead(1)
        _, reads, writes, whole = look(None)
        rows.append(("--full, nothing to do", f"{reads} requests, {whole:.1f} s", "", f"<= {limit}; no write"))
        mark, reads, writes, took = look(mark)
        ratio = f"{whole / took:.0f}"
        rows.append(
            ("nothing has changed", f"{reads + writes} requests, {took:.2f} s", ratio, "<= 20; ratio to --full")
        )
        ahead(24)
        path = f"/projects/{part.home_id}/issues/{part.iid}"
        assert local.call("PUT", path, json={"state_event": "close"}).ok
        quiet = dict(mark) | {"due": {}, "changed_since": None}
        _, reads, writes, _ = look(quiet)
        rows.append(("one issue of a plan has changed", f"{reads + writes} requests", "", "<= 10"))
