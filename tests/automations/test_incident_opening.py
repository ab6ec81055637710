"""Every file of cases/ is facts in, plan out, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.automations.incident_opening.plan import plan_incident_openings
from bot.domain.plan import Plan
from tests.automations.facts import NOW, TEMPLATES, build_facts, incident_settings

CASES = {
    f"{file.stem}: {name}": case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yml"))
    for name, case in yaml.safe_load(file.read_text(encoding="utf-8")).items()
}


def _plan(case: dict[str, Any]) -> Plan:
    settings = incident_settings(case.get("settings", {}))
    return plan_incident_openings(
        build_facts(case, settings),
        settings,
        TEMPLATES,
        NOW,
        webhook_url="https://bot.example/webhooks/gitlab",
        release=case.get("release", False),
    )


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_what_the_case_says(name: str) -> None:
    case = CASES[name]
    plan = _plan(case)
    assert [f"{step.change.kind}: {step.change.summary}" for step in plan.steps] == case.get("plan", []), case["why"]
    assert [f"{notice.kind.value}: {notice.sentence}" for notice in plan.notices] == case.get("notices", []), case[
        "why"
    ]


def test_every_case_says_why() -> None:
    assert [name for name, case in CASES.items() if not case.get("why")] == []


def test_deciding_is_pure() -> None:
    case = CASES["opening: a severity 1 label by somebody on call"]
    assert _plan(case) == _plan(case)
