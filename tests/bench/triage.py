"""Triage of 5,000 open issues by 30 rules: this engine, the same with --refetch, and the gem where it is at hand.

The gem is run where GEM_GITLAB_TRIAGE names its executable, version 1.58.0.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bot.emulator.tables import Issue
from bot.triage.engine import Engine
from bot.triage.policy import read_policy
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF
from bot.triage.ruby.syntax import compile_expression
from bot.triage.runs import Options, Source
from tests.local_gitlab import LocalGitLab
from tests.triage.policies import FakeReading, issue

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "tests" / "bench" / "triage-policy.yml"
LATENCY_MS = 50
MANY, VERY_MANY = 5_000, 50_000
Row = tuple[str, str, str, str]
MEASURED = """
import resource, subprocess, sys, time
started = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
first = process.stdout.read(1) and time.monotonic() - started
rest = process.stdout.read()
errors = process.stderr.read()
code = process.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, first or 0, code)
sys.stderr.write(errors.decode()[-500:])
"""


def fill(local: LocalGitLab, count: int) -> None:
    """Open issues of the intake with labels, votes and ages, straight into the emulator."""
    store, chance = local.store, random.Random(7)
    project = store.project_paths["sec/intake"]
    names = [f"topic::{number}" for number in range(10)] + [f"type::{number}" for number in range(4)]
    names += [f"bench::{name}" for name in ("old", "ruby", "votes", "bare", "outside")]
    ids = {}
    for name in names:
        made = local.call("POST", f"/projects/{project.id}/labels", json={"name": name, "color": "#ff0000"})
        ids[name] = made.json()["id"]
    author = store.usernames["rita.reporter"].id
    now = store.now()
    for number in range(1, count + 1):
        age = dt.timedelta(days=chance.randrange(60, 800))
        made_at = now - age
        one = Issue(
            store.next_id("issues"),
            number,
            project.id,
            f"Report {number} about a thing",
            author,
            made_at,
            made_at + age / 3,
        )
        one.description = "What happened, and when, and who saw it. " * 10
        chosen = [f"topic::{chance.randrange(40)}", f"type::{chance.randrange(4)}"]
        one.label_ids = {ids[name] for name in chosen if name in ids}
        store.issues[one.id] = one
        store.project_issues[project.id][number] = one
    project.next_issue_iid = count + 1


def measured(local: LocalGitLab, command: list[str]) -> dict[str, Any]:
    """Requests, seconds, CPU seconds, peak memory in MB, seconds to the first output, exit code."""
    local.forget_requests()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    seconds, cpu, memory, first, code = ended.stdout.split()[-5:]
    return {
        "requests": len(local.requests()),
        "writes": len(local.requests(writes=True)),
        "seconds": float(seconds),
        "cpu": float(cpu),
        "memory": int(memory),
        "first": float(first),
        "code": int(code),
        "said": ended.stderr,
    }


def triage(started: Callable[[], AbstractContextManager[LocalGitLab]], rows: list[Row]) -> None:
    """Args: started: a new emulated GitLab with the demo's section."""
    gem = os.environ.get("GEM_GITLAB_TRIAGE")
    own = [sys.executable, "-m", "bot.cli.gitlab_triage"]
    # As pip installs it, wherever this is measured.
    subprocess.run([sys.executable, "-m", "compileall", "-q", "bot"], check=True, cwd=ROOT)
    with started() as local:
        fill(local, MANY)
        local.application.control.latency_ms = LATENCY_MS
        ways = {"this engine": own, "with --refetch": [*own, "--refetch"]} | ({"the gem": [gem]} if gem else {})
        for way in ways.values():  # no program pays for a cold disk
            subprocess.run([*way, "--help"], check=True, capture_output=True, cwd=ROOT)
        found = {name: measured(local, [*way, *_arguments(local), "--dry-run"]) for name, way in ways.items()}
    theirs = found.get("the gem")
    for name, each in found.items():
        is_goal = name == "this engine"
        ratio = f"{theirs['requests'] / each['requests']:.1f}" if theirs else ""
        faster = f"{theirs['seconds'] / each['seconds']:.1f}" if theirs else ""
        goals = ("times fewer than the gem; goal 15", "times faster than the gem; goal 20") if is_goal else ("", "")
        rows.append((f"{name}: requests", str(each["requests"]), ratio, goals[0]))
        rows.append((f"{name}: seconds", f"{each['seconds']:.1f} s", faster, goals[1]))
        resources = f"{each['cpu']:.1f} s, {each['memory']} MB"
        rows.append((f"{name}: CPU, peak memory", resources, "", f"exit {each['code']}"))
        rows.append((f"{name}: first output", f"{each['first']:.2f} s", "", "<= 2 s" if is_goal else ""))
    writes: dict[str, int] = {}
    for name, way in {"this engine": own, **({"the gem": [gem]} if gem else {})}.items():
        with started() as local:
            fill(local, MANY)
            each = measured(local, [*way, *_arguments(local)])
            writes[name] = each["writes"]
            rows.append((f"{name}, a real run: writes", str(each["writes"]), "", f"exit {each['code']}"))
    if gem:
        rows.append(("writes more than the gem", str(max(0, writes["this engine"] - writes["the gem"])), "", "0"))
    with started() as local:
        fill(local, VERY_MANY)
        each = measured(local, [*own, *_arguments(local), "--dry-run"])
    rows.append((f"{VERY_MANY:,} issues: peak memory", f"{each['memory']} MB", "", "< 150 MB"))
    speeds(rows)


def _arguments(local: LocalGitLab) -> list[str]:
    return ["-H", local.url, "-t", "demo-bot-token", "-i", "sec/intake", "-f", str(POLICY)]


def speeds(rows: list[Row]) -> None:
    """Conditions and expressions a second, on one core."""
    now = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
    program = compile_expression("resource[:upvotes] > 5 && resource[:state] == 'opened'")
    machine = Machine(now, dt.UTC, CLASS_OF["issues"](issue(1), "issues", None))  # type: ignore[arg-type]
    started = time.perf_counter()
    for _ in range(20_000):
        machine.begin()
        program.run(machine)
    rows.append(("simple expressions a second", f"{20_000 / (time.perf_counter() - started):,.0f}", "", ">= 20,000"))
    rules = "\n".join(
        f"      - {{conditions: {{state: opened, labels: [l{n}], forbidden_labels: [m], milestone: none}}}}"
        for n in range(20)
    )
    policy = read_policy(f"resource_rules:\n  issues:\n    rules:\n{rules}\n", "p.yml")
    reading = FakeReading({"projects/7/issues": [issue(1) | {"iid": n, "id": n} for n in range(5_000)]})
    engine = Engine(reading, Options(Source("projects", "7"), now, dt.UTC))
    started = time.perf_counter()
    engine.run([policy])
    rows.append(("conditions a second", f"{20 * 4 * 5_000 / (time.perf_counter() - started):,.0f}", "", ">= 50,000"))
