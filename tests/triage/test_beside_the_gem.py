"""Two programs on two GitLabs that are alike: afterwards they are alike again.

One is this; the other one is itself with --refetch, or the gem where GEM_GITLAB_TRIAGE names the executable of
gitlab-triage 1.58.0.
"""

from __future__ import annotations

import html
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, running
from tests.local_gitlab import LocalGitLab
from tests.triage.busy_group import fill, told

GEM = os.environ.get("GEM_GITLAB_TRIAGE", "")
POLICIES = ROOT / "tests" / "data" / "triage" / "beside"
RUNS = (
    ("issues.yml", "projects", "busy/app"),
    ("merge_requests.yml", "projects", "busy/app"),
    ("graphql.yml", "projects", "busy/app"),
    ("statuses.yml", "projects", "busy/app"),
    ("quick_actions.yml", "projects", "busy/app"),
    ("branches.yml", "projects", "busy/app"),
    ("work_items.yml", "projects", "busy/app"),
    ("epics.yml", "groups", "busy"),
    ("merge_requests.yml", "groups", "busy"),
    ("graphql.yml", "groups", "busy"),
    ("statuses.yml", "groups", "busy"),
)
# Notes of the confidential issue: there the gem hides nothing (10), or not all (11).
ON_PURPOSE = {
    "graphql.yml": ("Issue busy/app 5 notes", "Issue busy/below/lib 5 notes"),
    "work_items.yml": ("Issue busy/app 5 notes",),
}

# Whose rules find more to do each time.
ENDLESS = ("graphql.yml", "quick_actions.yml")


def triaged(command: list[str], policy: Path, kind: str, source: str) -> tuple[dict[str, Any], int, str]:
    """What is there after a run, its exit code, and what it said."""
    with _busy() as gitlab:
        arguments = ["-H", gitlab.url, "-t", "root", "-s", kind, "-i", source, "-f", str(policy)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
        ended = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return _plain(told(gitlab), gitlab.url), ended.returncode, ended.stdout + ended.stderr


def _plain(seen: Any, url: str) -> Any:
    """Without the address, and without the gem's HTML entities (difference 15)."""
    if isinstance(seen, dict):
        return {key: _plain(each, url) for key, each in seen.items()}
    if isinstance(seen, list | tuple):
        return [_plain(each, url) for each in seen]
    return html.unescape(seen.replace(url, "")) if isinstance(seen, str) else seen


@contextmanager
def _busy() -> Iterator[LocalGitLab]:
    for gitlab in running(None, "ultimate"):
        fill(gitlab)
        yield gitlab


@pytest.mark.skipif(not GEM, reason="GEM_GITLAB_TRIAGE does not name the gem")
@pytest.mark.parametrize(("policy", "kind", "source"), RUNS)
@pytest.mark.parametrize("flags", [(), ("--refetch",)])
def test_both_leave_the_same_behind(policy: str, kind: str, source: str, flags: tuple[str, ...]) -> None:
    file = POLICIES / policy
    expected, gem_code, gem_said = triaged([GEM], file, kind, source)
    ours = [sys.executable, "-m", "bot.cli.gitlab_triage", *flags]
    actual, code, said = triaged(ours, file, kind, source)
    assert (code, gem_code) == (0, 0), gem_said[-3000:] + said[-3000:]
    lines = different(actual, expected)
    assert [line for line in lines if not line.startswith(ON_PURPOSE.get(policy, "none"))] == []


@pytest.mark.parametrize(("policy", "kind", "source"), RUNS)
def test_one_reading_for_all_rules_leaves_behind_what_a_reading_for_each_does(
    policy: str, kind: str, source: str
) -> None:
    ours = [sys.executable, "-m", "bot.cli.gitlab_triage"]
    shared, code, said = triaged(ours, POLICIES / policy, kind, source)
    refetched, _, _ = triaged([*ours, "--refetch"], POLICIES / policy, kind, source)
    assert (different(shared, refetched), code) == ([], 0), said[-3000:]


@pytest.mark.parametrize(("policy", "kind", "source"), [run for run in RUNS if run[0] not in ENDLESS])
def test_a_second_run_of_the_house_is_empty(policy: str, kind: str, source: str) -> None:
    # In issues.yml the notes of the first run are the "much talk" of a rule, which closes an issue in the second.
    runs = 3 if policy == "issues.yml" else 2
    with _busy() as gitlab:
        environment = os.environ | {"GITLAB_URL": gitlab.url, "GITLAB_TOKEN": "root", "PYTHONPATH": str(ROOT)}
        where = "--project" if kind == "projects" else "--group"
        command = [sys.executable, "-m", "bot", "triage", "run", str(POLICIES / policy), where, source, "--apply"]
        said = [
            subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
            for _ in range(runs)
        ]
        assert {each.returncode for each in said} == {0}, "".join(each.stderr for each in said)
        assert said[-1].stdout == f"triage of {source}: nothing to do\n"


def different(actual: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Which fields of what are not the same, ours first."""
    lines = []
    for key in sorted({*actual, *expected}):
        ours, gems = actual.get(key), expected.get(key)
        if isinstance(ours, dict) and isinstance(gems, dict):
            lines += [f"{key} {name}: {ours[name]} != {gems[name]}" for name in ours if ours[name] != gems[name]]
        elif ours != gems:
            lines.append(f"{key}: {ours} != {gems}")
    return lines
