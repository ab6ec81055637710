"""Measures requests, seconds and memory, as ratios within one run where a time alone would say nothing."""

from __future__ import annotations

import datetime as dt
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import structlog
import uvicorn
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.domain.ports import Scope
from bot.emulator.server import build, server
from bot.runtime.run import Means, run
from bot.wiring import AUTOMATIONS, Environment, connect, load_settings
from tests.bench.initiatives import initiatives
from tests.bench.triage import triage
from tests.bot_process import BotProcess, eventually, settings_with_25_members
from tests.faults.test_storms import MANY, payload
from tests.local_gitlab import LocalGitLab, free_port

ROOT = Path(__file__).resolve().parents[2]
LATENCY_MS = 100
Row = tuple[str, str, str, str]


@contextmanager
def local_gitlab(latency_ms: int = 0) -> Iterator[LocalGitLab]:
    port = free_port()
    application = build(f"http://127.0.0.1:{port}", "root", seed_file=ROOT / "tests" / "demo" / "seed.yml")
    running = server(application, "127.0.0.1", port)
    threading.Thread(target=running.run, daemon=True).start()
    eventually(lambda: running.started)
    application.control.latency_ms = latency_ms
    yield LocalGitLab(f"http://127.0.0.1:{port}", application)
    running.should_exit = True


def longest_chain_s(entries: list[Any]) -> float:
    """Seconds of the longest chain of writes that need each other: project, members, their list, record, its check."""
    first = next(each for each in entries if each.path.endswith("/projects"))
    chain = [first]
    for ending, method in (("/members", "POST"), ("/members/all", "GET"), ("/notes", "POST"), ("/notes", "GET")):
        later = [
            each
            for each in entries
            if each.path.endswith(ending) and each.method == method and each.started_at >= chain[-1].ended_at
        ]
        chain.append(max(later, key=lambda each: each.ended_at) if ending == "/members" else later[-1])
    return float(sum(each.ended_at - each.started_at for each in chain))


def opening(rows: list[Row]) -> None:
    with local_gitlab() as local, tempfile.TemporaryDirectory() as folder:
        config = settings_with_25_members(local, Path(folder), guard=MANY)
        bot = BotProcess(local, f"sqlite:///{folder}/bot.sqlite", Path(folder), SECTIONBOT_CONFIG=str(config))
        bot.start()
        bot.connect_hooks()
        figures: dict[str, tuple[int, float, float]] = {}
        delays: list[float] = []
        try:
            for name in ("cold", "warm", *(f"again {number}" for number in range(7))):
                local.application.control.latency_ms = 0
                report = local.report()
                local.forget_requests()
                local.application.control.latency_ms = LATENCY_MS
                started = time.monotonic()
                local.label(report, "severity::1")
                path = f"sec/incidents/incident-1-{report.iid}"

                def complete(path: str = path, report: Any = report) -> bool:
                    project = local.project(path)
                    return (
                        project is not None
                        and len(local.members(project)) == 26
                        and len(local.issues(project)) == 1
                        and len(local.notes(local.issues(project)[0])) == 1
                        and len(local.notes(report)) == 1
                    )

                eventually(complete)
                seconds = time.monotonic() - started
                time.sleep(3 * LATENCY_MS / 1000)
                log = [each for each in local.application.control.log if each.user == "group_1_bot"]
                labelled = next(each for each in local.application.control.log if each.method == "PUT").ended_at
                delays.append(min(each.started_at for each in log) - labelled)
                writes = [each for each in log if each.started_at >= _first_write(log)]
                applying = max(each.ended_at for each in writes) - _first_write(log)
                figures[name] = (len(log), seconds, applying / longest_chain_s(writes))
        finally:
            bot.stop()
        for name, most in (("cold", 16), ("warm", 12)):
            count, seconds, ratio = figures[name]
            rows.append((f"opening with 25 members, {name}: requests", str(count), f"{count / most:.2f}", f"<= {most}"))
            rows.append(
                (f"opening with 25 members, {name}: seconds from label to complete", f"{seconds:.2f} s", "", "")
            )
            rows.append((f"applying, {name}: times the longest chain", "", f"{ratio:.2f}", "<= 1.30"))
        median = statistics.median(delays) * 1000
        rows.append(
            ("from the label to the first request: median", f"{median:.0f} ms", f"{median / 150:.2f}", "<= 150 ms")
        )


def _first_write(log: list[Any]) -> float:
    return float(min(each.started_at for each in log if each.method == "POST"))


def _post_many(url: str, bodies: list[tuple[str, str]]) -> tuple[float, float]:
    """Deliveries a second and p99 in ms, with 8 clients."""
    local = threading.local()

    def post(each: tuple[str, str]) -> float:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        started = time.monotonic()
        headers = {"X-Gitlab-Token": "hook-token", "Idempotency-Key": each[0]}
        local.session.post(url, data=each[1], headers=headers, timeout=30)
        return time.monotonic() - started

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        times = sorted(pool.map(post, bodies))
    return len(bodies) / (time.monotonic() - started), times[int(len(times) * 0.99) - 1] * 1000


def deliveries(rows: list[Row]) -> None:
    port = free_port()

    async def bare(_request: Any) -> JSONResponse:
        return JSONResponse({})

    app = Starlette(routes=[Route("/", bare, methods=["POST"])])
    plain = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    threading.Thread(target=plain.run, daemon=True).start()
    eventually(lambda: plain.started)
    with local_gitlab() as local, tempfile.TemporaryDirectory() as folder:
        bot = BotProcess(local, f"sqlite:///{folder}/bot.sqlite", Path(folder))
        bot.start()
        report = local.incident()
        relevant = payload(local, report.iid)
        irrelevant = relevant.replace("severity::1", "nothing")
        url = f"{bot.url}/webhooks/gitlab"
        count = 600
        base, base_p99 = _post_many(f"http://127.0.0.1:{port}/", [(str(n), relevant) for n in range(count)])
        rows.append(("the bare framework answering 200", f"{base:.0f}/s, p99 {base_p99:.0f} ms", "1.00", ""))
        for name, body in (("irrelevant", irrelevant), ("relevant (durable before the answer)", relevant)):
            rate, p99 = _post_many(url, [(f"{name}-{number}", body) for number in range(count)])
            rows.append((f"deliveries accepted, {name}", f"{rate:.0f}/s, p99 {p99:.0f} ms", f"{rate / base:.2f}", ""))
        bot.kill()
    plain.should_exit = True


def sweep(rows: list[Row]) -> None:
    """In a process of its own, so that its memory is its own."""
    with local_gitlab() as local, tempfile.TemporaryDirectory() as folder:
        config = settings_with_25_members(local, Path(folder), guard=MANY)
        environment = Environment(
            gitlab_url=local.url, gitlab_token="demo-bot-token", config=config, templates=ROOT / "templates"
        )
        settings = load_settings(environment)
        gitlab = connect(environment, settings)
        means = Means(settings, gitlab.reader, gitlab.writer, AUTOMATIONS)
        for _ in range(50):
            report = local.incident()
            scope = Scope(project_id=report.project_id, iid=report.iid)
            run([(AUTOMATIONS[0], scope)], means, dt.datetime.now(dt.UTC))
        for number in range(9_950):
            local.report(f"Report {number}")
        local.forget_requests()
        code = (
            "import resource, sys, time\nfrom bot.cli.main import cli\nstarted = time.monotonic()\n"
            "cli.main(['sweep'], standalone_mode=False)\n"
            "print(time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
        )
        names = {"GITLAB_URL": local.url, "GITLAB_TOKEN": "demo-bot-token", "SECTIONBOT_CONFIG": str(config)}
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | names, capture_output=True, text=True, check=True
        )
        seconds, memory = ended.stdout.split()[-2:]
        count = len(local.requests())
        most = 9 + 7 * 50
        rows.append(
            ("sweep, 10,000 issues, 50 open incidents: requests", str(count), f"{count / most:.2f}", f"<= {most}")
        )
        rows.append(("the same: seconds, peak memory", f"{float(seconds):.1f} s, {memory} MB", "", ""))
        started = time.monotonic()
        for _ in range(20):
            local.call("GET", "/projects/1/issues?per_page=100")
        listed = (time.monotonic() - started) / 20
        started = time.monotonic()
        for _ in range(20):
            local.call("GET", "/version")
        least = (time.monotonic() - started) / 20
        rows.append(
            (
                "emulator: a list of 100 of 10,000 issues",
                f"{listed * 1000:.0f} ms",
                f"{listed / least:.1f}",
                "of /version",
            )
        )


def help_(rows: list[Row]) -> None:
    def seconds(*command: str) -> float:
        times = []
        for _ in range(5):
            started = time.monotonic()
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            times.append(time.monotonic() - started)
        return statistics.median(times)

    own = seconds(str(Path(sys.executable).parent / "sectionbot"), "--help")
    python = seconds(sys.executable, "-c", "pass")
    rows.append(("sectionbot --help", f"{own:.2f} s", f"{own / python:.1f}", "<= 0.30 s; ratio to python -c pass"))
    gem = seconds(str(Path(sys.executable).parent / "gitlab-triage"), "--help")
    rows.append(("gitlab-triage --help", f"{gem:.2f} s", f"{gem / python:.1f}", "<= 0.30 s; ratio to python -c pass"))


def triage_(rows: list[Row]) -> None:
    triage(local_gitlab, rows)


def initiatives_(rows: list[Row]) -> None:
    initiatives(local_gitlab, rows)


def main() -> None:
    parts: dict[str, Callable[[list[Row]], None]] = {
        "opening": opening,
        "deliveries": deliveries,
        "sweep": sweep,
        "triage": triage_,
        "initiatives": initiatives_,
        "help": help_,
    }
    wanted = sys.argv[1:] or list(parts)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows: list[Row] = []
    for name in wanted:
        parts[name](rows)
    table = Table(
        "what",
        "measured",
        "ratio",
        "goal or what the ratio is to",
        title=f"API latency {LATENCY_MS} ms where it matters",
    )
    for row in rows:
        table.add_row(*row)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
