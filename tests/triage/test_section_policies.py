"""The section's own policy files do what their comments say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.domain.policy_changes import OpenIssue
from bot.triage.policy import read_policy
from bot.triage.rules import Policy
from tests.triage.policies import FakeReading, issue, label, run, summaries

ROOT = Path(__file__).resolve().parents[2]
ISSUES = "projects/7/issues"


def section_policy(name: str) -> Policy:
    read = read_policy((ROOT / "triage-policies" / name).read_text(), name)
    assert read.problems == ()
    return read


def stale(row: dict[str, Any], events: list[dict[str, Any]]) -> list[str]:
    path = f"{ISSUES}/1"
    lists = {ISSUES: [row], f"{path}/notes": [], f"{path}/resource_label_events": events}
    reading = FakeReading(lists, dict([label("stale")]))
    return [line.partition(": ")[0] for line in summaries(run(section_policy("stale.yml"), reading))]


def warned(day: str) -> list[dict[str, Any]]:
    return [{"id": 1, "action": "add", "created_at": f"{day}T00:00:00Z", "label": {"name": "stale"}}]


OLD = {"created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z"}


def test_an_issue_that_is_very_old_is_warned_before_it_is_closed() -> None:
    assert stale(issue(1, **OLD), []) == ["add note", "update"]
    assert stale(issue(1, labels=["stale"], **OLD), warned("2026-03-01")) == []
    assert stale(issue(1, labels=["stale"], **OLD), warned("2026-02-01")) == ["add note", "update"]


def test_what_became_severe_is_not_closed() -> None:
    assert stale(issue(1, labels=["stale", "severity::1"], **OLD), warned("2026-02-01")) == []


def test_each_group_that_has_something_gets_its_own_summary() -> None:
    rows = [
        issue(1, labels=["group::authentication", "severity::1"]),
        issue(2, labels=["group::compliance", "needs type"]),
        issue(3, labels=["group::secret detection"]),
    ]
    reading = FakeReading({ISSUES: rows}, {"projects/sec%2Foperations": {"id": 9}})
    steps = run(section_policy("weekly-summary.yml"), reading).steps
    opened = [step.change for step in steps if isinstance(step.change, OpenIssue)]
    assert [(each.title, each.description.count("- [ ]")) for each in opened] == [
        ("Triage of week 2026-W11", 1),
        ("Triage of authentication, week 2026-W11", 1),
        ("Triage of compliance, week 2026-W11", 1),
    ]
    assert all(("confidential", True) in each.fields for each in opened)
