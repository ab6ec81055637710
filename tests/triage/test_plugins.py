"""Conditions and actions in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bot.domain.errors import WrongInput
from bot.domain.policy_changes import AddNote
from bot.triage.extensions import Extensions
from bot.triage.policy import read_policy
from bot.wiring import triage_extensions
from tests.triage.policies import FakeReading, issue, run, summaries

RULES = """\
resource_rules:
  issues:
    rules:
      - name: r
        conditions: {team_owns: blue}
        actions: {hand_over: ada}
"""


def team_owns(resource: Mapping[str, Any], value: Any, now: datetime) -> bool:
    return f"team::{value}" in resource["labels"]


def hand_over(resource: Mapping[str, Any], value: Any, now: datetime) -> Mapping[str, Any]:
    return {"labels": ["handed over"], "comment": f"Over to {value}: #{{1}} {{{{title}}}} C:\\users"}


def failing(resource: Mapping[str, Any], value: Any, now: datetime) -> Any:
    raise KeyError("nothing")


def test_a_condition_and_an_action_of_a_package() -> None:
    extensions = Extensions({"team_owns": team_owns}, {"hand_over": hand_over})
    policy = read_policy(RULES, "p.yml", extensions=extensions)
    assert policy.problems == ()
    rows = [issue(1, labels=["team::blue"]), issue(2)]
    reading = FakeReading({"projects/7/issues": rows}, {"projects/7/labels/handed%20over": {"name": "handed over"}})
    result = run(policy, reading, extensions=extensions)
    assert [failure.sentence for failure in result.failures] == []
    assert [step.subject for step in result.steps] == ["grp/proj#1", "grp/proj#1"]
    note = result.steps[0].change
    assert isinstance(note, AddNote)
    assert note.body == "Over to ada: #{1} {{title}} C:\\users"


def test_a_package_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("team_owns", "no_such_package:team_owns", "sectionbot.triage.conditions")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry] if group == entry.group else [])
    expected = "The entry point team_owns of sectionbot.triage.conditions cannot be loaded: ModuleNotFoundError."
    with pytest.raises(WrongInput, match=re.escape(expected)):
        triage_extensions()


def test_without_the_package_the_keys_are_unknown() -> None:
    assert [problem.where.rpartition(".")[2] for problem in read_policy(RULES, "p.yml").errors] == [
        "team_owns",
        "hand_over",
    ]


def test_what_a_package_raises_concerns_one_resource_and_names_no_text() -> None:
    extensions = Extensions({"team_owns": failing}, {"hand_over": hand_over})
    policy = read_policy(RULES, "p.yml", extensions=extensions)
    result = run(policy, FakeReading({"projects/7/issues": [issue(1)]}), extensions=extensions)
    assert summaries(result) == []
    assert [str(failure) for failure in result.failures] == [
        "r: grp/proj#1: the condition team_owns failed with KeyError"
    ]
    extensions = Extensions({"team_owns": lambda *_: True}, {"hand_over": failing})
    policy = read_policy(RULES, "p.yml", extensions=extensions)
    result = run(policy, FakeReading({"projects/7/issues": [issue(1)]}), extensions=extensions)
    assert [failure.sentence for failure in result.failures] == ["the action hand_over failed with KeyError"]
