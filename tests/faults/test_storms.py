"""Deliveries doubled, reordered and many at once; server and sweep at the same moment; GitLab down for a while."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from bot.domain.ports import Scope
from bot.runtime.run import Means, run
from bot.settings.loading import Settings
from bot.wiring import AUTOMATIONS, Environment, connect
from tests.bot_process import eventually, settings_folder
from tests.conftest import Spawn
from tests.faults.test_crashes import EXPECTED, check_exactly_once, is_complete
from tests.local_gitlab import LocalGitLab

MANY = {"per_hour": 500, "per_hour_and_person": 500, "severity_1_per_hour": 500}


def payload(local_gitlab: LocalGitLab, report_iid: int) -> str:
    issue = local_gitlab.store.project_issues[1][report_iid]
    deliveries = local_gitlab.application.hooks
    body = {
        "object_kind": "issue",
        "event_type": "issue",
        "user": {"id": issue.author_id, "username": "x"},
        "project": deliveries.payloads.project(local_gitlab.store.projects[1]),
        "object_attributes": deliveries.payloads.issue(issue) | {"action": "update"},
        "changes": {},
    }
    return json.dumps(body)


def test_five_hundred_deliveries_doubled_and_reordered(local_gitlab: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    config = settings_folder(tmp_path, guard=MANY)
    url = f"sqlite:///{tmp_path}/bot.sqlite"
    bot = spawn(url, SECTIONBOT_CONFIG=str(config))
    bot.start()
    reports = [local_gitlab.incident(title=f"Report {number}") for number in range(25)]
    deliveries = [
        (f"{report.iid}-{number}", payload(local_gitlab, report.iid)) for report in reports for number in range(10)
    ] * 2
    random.Random(7).shuffle(deliveries)
    assert len(deliveries) == 500

    def deliver(key: str, body: str) -> int:
        headers = {"X-Gitlab-Token": "hook-token", "Idempotency-Key": key, "X-Gitlab-Event": "Issue Hook"}
        for _ in range(5):
            answer = requests.post(f"{bot.url}/webhooks/gitlab", data=body, headers=headers, timeout=30)
            # What cannot be kept in time is refused so that it is sent again, as the sweep has GitLab do.
            if answer.status_code != 503:
                break
        return answer.status_code

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda each: deliver(*each), deliveries))
    assert set(answers) == {202}
    for report in reports:
        eventually(lambda report=report: is_complete(local_gitlab, report), 90)  # type: ignore[misc]
    group = local_gitlab.store.group_paths["sec/incidents"]
    assert len(local_gitlab.store.projects_of(group, include_subgroups=True)) == 25
    bot.stop()


@pytest.mark.parametrize("seed", range(4))
def test_server_and_sweep_at_the_same_moment(
    local_gitlab: LocalGitLab, environment: Environment, settings: Settings, seed: int
) -> None:
    """Two runs that share nothing but GitLab: one project, one issue, one note, nobody twice."""
    report = local_gitlab.incident()
    local_gitlab.application.control.latency_ms = 20
    barrier = threading.Barrier(2)
    random.seed(seed)

    def one_run(delay: float) -> None:
        import datetime as dt

        gitlab = connect(environment, settings)
        means = Means(settings, gitlab.reader, gitlab.writer, AUTOMATIONS)
        barrier.wait()
        time.sleep(delay)
        run([(AUTOMATIONS[0], Scope())], means, dt.datetime.now(dt.UTC))

    threads = [threading.Thread(target=one_run, args=(random.random() * 0.05 * index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # What one of the two left to the other is repaired by the next look; then nothing is left to do.
    barrier = threading.Barrier(1)
    one_run(0)
    check_exactly_once(local_gitlab, report)


def test_gitlab_down_for_a_while(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    """Every request fails until GitLab is back; the job is tried again by itself."""
    bot = spawn()
    bot.start()
    bot.connect_hooks()
    report = local_gitlab.report()
    local_gitlab.fault(times=10_000, path="/sec%2Fincidents|/sec/incidents|/projects$", status=503)
    local_gitlab.label(report, "severity::1")
    time.sleep(2)
    local_gitlab.application.control.faults.clear()
    eventually(lambda: is_complete(local_gitlab, report), 90)
    bot.stop()
    assert local_gitlab.members(local_gitlab.incident_of(report)) == EXPECTED
