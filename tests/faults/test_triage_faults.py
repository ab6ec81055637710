"""GitLab fails while policies run: what is refused is told, the rest is done, and nothing is written twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.emulator.tables import Issue
from bot.emulator.web import Fault
from tests.bot_process import ROOT, eventually
from tests.local_gitlab import LocalGitLab

NOTE = "{resource_rules: {issues: {rules: [{name: greet, conditions: {state: opened}, actions: {comment: Hello}}]}}}"
LABEL = "{resource_rules: {issues: {rules: [{name: sort, conditions: {state: opened}, actions: {labels: [bug]}}]}}}"


def reported(local: LocalGitLab, count: int) -> list[Issue]:
    """Reports in the intake, which has the label `bug`."""
    local.call("POST", "/projects/sec%2Fintake/labels", json={"name": "bug", "color": "#ff0000"})
    return [local.report(f"Report {number}") for number in range(count)]


def command(local: LocalGitLab, folder: Path, policy: str, *flags: str) -> list[str]:
    (folder / "policy.yml").write_text(policy)
    program = [sys.executable, "-m", "bot.cli.gitlab_triage", "-H", local.url, "-t", "demo-bot-token"]
    return [*program, "-i", "sec/intake", "-f", str(folder / "policy.yml"), *flags]


def triaged(local: LocalGitLab, folder: Path, policy: str, *flags: str) -> tuple[int, list[str]]:
    """The exit code, and what was said of mistakes."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
    ended = subprocess.run(
        command(local, folder, policy, *flags), env=environment, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stderr.splitlines()


def run_again(local: LocalGitLab, folder: Path) -> Any:
    """`sectionbot triage run --apply`, as JSON."""
    environment = os.environ | {"GITLAB_URL": local.url, "GITLAB_TOKEN": "demo-bot-token", "PYTHONPATH": str(ROOT)}
    arguments = ["triage", "run", str(folder / "policy.yml"), "--project", "sec/intake", "--apply", "--format", "json"]
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_too_many_requests_are_waited_for(local_gitlab: LocalGitLab, tmp_path: Path, method: str) -> None:
    (issue,) = reported(local_gitlab, 1)
    path = r"/issues$" if method == "GET" else r"/notes$"
    local_gitlab.fault(method=method, path=path, status=429, headers={"Retry-After": "1"})
    assert triaged(local_gitlab, tmp_path, NOTE) == (0, [])
    assert local_gitlab.notes(issue) == ["Hello"]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "with 403: 403 Forbidden (the role of the bot there is too small)"),
        (404, "with 404: 404 Not found"),
        (422, "with 422: 422 Error"),
    ],
)
@pytest.mark.parametrize(("policy", "method", "kind"), [(NOTE, "POST", "add note"), (LABEL, "PUT", "update")])
def test_a_refused_write_stops_no_other(
    local_gitlab: LocalGitLab, tmp_path: Path, status: int, says: str, policy: str, method: str, kind: str
) -> None:
    issues = reported(local_gitlab, 3)
    path = rf"/projects/{issues[1].project_id}/issues/{issues[1].iid}(/notes)?$"
    local_gitlab.fault(method=method, path=path, status=status)
    code, errors = triaged(local_gitlab, tmp_path, policy)
    assert (code, len(errors)) == (4, 1)
    assert errors[0].startswith(f"[ERROR] {kind} sec/intake#{issues[1].iid} refused: GitLab refused {method} ")
    assert errors[0].endswith(says)
    done = [local_gitlab.notes(issue) == ["Hello"] or local_gitlab.labels(issue) == ["bug"] for issue in issues]
    assert done == [True, False, True]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refused_list_stops_only_its_rule(local_gitlab: LocalGitLab, tmp_path: Path, status: int) -> None:
    reported(local_gitlab, 1)
    rules = (
        "{name: refused, conditions: {state: closed, labels: [x]}, actions: {comment: no}}, "
        "{name: listed, conditions: {state: opened, labels: [None]}, actions: {comment: Hello}}"
    )
    local_gitlab.application.control.faults.append(Fault(9, "GET", "labels=x", status))
    policy = f"{{resource_rules: {{issues: {{rules: [{rules}]}}}}}}"
    local_gitlab.fault(method="GET", path="/issues$", status=status, times=4 if status == 500 else 1)
    code, errors = triaged(local_gitlab, tmp_path, policy, "--now", "2030-01-01T00:00:00Z")
    assert code == 4
    assert [line.split(":")[0] for line in errors] == ["[ERROR] refused"]
    assert local_gitlab.notes(local_gitlab.issues(local_gitlab.project("sec/intake"))[0]) == ["Hello"]  # type: ignore[arg-type]


def test_a_lost_answer_to_a_note_writes_it_once(local_gitlab: LocalGitLab, tmp_path: Path) -> None:
    (issue,) = reported(local_gitlab, 1)
    local_gitlab.fault(method="POST", path="/notes$", lose_answer=True)
    assert triaged(local_gitlab, tmp_path, NOTE) == (0, [])
    assert local_gitlab.notes(issue) == ["Hello"]


def meanwhile(
    local: LocalGitLab, folder: Path, policy: str, write: tuple[str, str], what: Callable[[], object]
) -> tuple[int, str]:
    """Runs the policy, and does `what` while its first write of that method and path is on its way."""
    waits = Fault(1, *write, delay_ms=400)
    local.application.control.faults.append(waits)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
    running = subprocess.Popen(
        command(local, folder, policy), env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    eventually(lambda: waits.hits)
    what()
    _, said = running.communicate(timeout=60)
    return running.returncode, said.decode()


def test_what_was_deleted_meanwhile_is_told(local_gitlab: LocalGitLab, tmp_path: Path) -> None:
    first, second = reported(local_gitlab, 2)
    path = f"/projects/{first.project_id}/issues/{first.iid}"
    write = ("PUT", rf"/issues/{first.iid}$")
    code, said = meanwhile(local_gitlab, tmp_path, LABEL, write, lambda: local_gitlab.call("DELETE", path))
    assert code == 4
    assert f"[ERROR] update sec/intake#{first.iid} refused: GitLab refused PUT" in said
    assert local_gitlab.labels(second) == ["bug"]


def test_what_was_closed_meanwhile_stays_closed(local_gitlab: LocalGitLab, tmp_path: Path) -> None:
    (issue,) = reported(local_gitlab, 1)
    close = LABEL.replace("labels: [bug]", "status: close")
    write = ("PUT", rf"/issues/{issue.iid}$")
    assert meanwhile(local_gitlab, tmp_path, close, write, lambda: local_gitlab.close(issue)) == (0, "")
    assert issue.state == "closed"


def test_a_label_that_is_gone_when_a_work_item_gets_it_is_told(local_gitlab: LocalGitLab, tmp_path: Path) -> None:
    (issue,) = reported(local_gitlab, 1)
    policy = LABEL.replace("issues:", "work_items:", 1)
    path = f"/projects/{issue.project_id}/labels/bug"
    gone = ("PATCH", "/work_items/")
    code, said = meanwhile(local_gitlab, tmp_path, policy, gone, lambda: local_gitlab.call("DELETE", path))
    assert code == 4
    assert "Labels were not applied to" in said


@pytest.mark.parametrize("after", [1, 4])
def test_an_interrupted_apply_goes_on_where_it_stopped(local_gitlab: LocalGitLab, tmp_path: Path, after: int) -> None:
    issues = reported(local_gitlab, 12)
    (tmp_path / "policy.yml").write_text(NOTE)
    waits = Fault(99, "POST", "/notes$", skip=after, delay_ms=30_000)
    local_gitlab.application.control.faults.append(waits)
    environment = os.environ | {
        "GITLAB_URL": local_gitlab.url,
        "GITLAB_TOKEN": "demo-bot-token",
        "PYTHONPATH": str(ROOT),
    }
    arguments = ["triage", "run", str(tmp_path / "policy.yml"), "--project", "sec/intake", "--apply"]
    running = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: waits.hits)
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    local_gitlab.application.control.faults.clear()
    before = sum(len(local_gitlab.notes(issue)) for issue in issues)
    assert 0 < before < 12
    code, told = run_again(local_gitlab, tmp_path)
    assert code == 0
    assert sum(len(part["steps"]) for part in told) == 12 - before
    assert [len(local_gitlab.notes(issue)) for issue in issues] == [1] * 12
    code, told = run_again(local_gitlab, tmp_path)
    assert [len(part["steps"]) for part in told] == [0]
