"""The pages that are made from the tables, and their examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.triage import language
from bot.triage.conditions import CONDITIONS
from bot.triage.policy import read_policy
from bot.triage.reference import expressions_page, json_schema, reference_page

ROOT = Path(__file__).resolve().parents[2]
CASES = [("conditions", word) for word in CONDITIONS.values()] + [
    ("actions", word) for word in language.ACTIONS.values()
]


@pytest.mark.parametrize(
    ("file", "made"),
    [
        ("docs/policy-reference.md", reference_page),
        ("docs/expressions.md", expressions_page),
        ("triage-policies/policy.schema.json", json_schema),
    ],
)
def test_the_kept_page_is_the_made_one(file: str, made: Any) -> None:
    assert (ROOT / file).read_text("utf-8") == made(), f"make it again with `sectionbot triage reference` into {file}"


@pytest.mark.parametrize(("section", "word"), CASES, ids=lambda each: each if isinstance(each, str) else each.name)
def test_every_example_is_a_policy(section: str, word: language.Word) -> None:
    value = yaml.safe_load(word.example)
    rule: dict[str, Any] = {"name": "r", "conditions": {}, "actions": {}}
    rule[section] |= value
    if word.name == "no_additional_labels":
        rule["conditions"]["labels"] = ["a"]
    if word.name == "comment_on_summary":
        rule["actions"]["summarize"] = {"title": "T"}
    for kind in word.types:
        adapted = json.loads(json.dumps(rule))
        if word.name == "issue" and kind == "epics":
            adapted["actions"]["issue"]["destination"] = "acme/widgets"
        if word.name == "date" and kind == "branches":
            adapted["conditions"]["date"]["attribute"] = "committed_date"
        text = yaml.safe_dump({"resource_rules": {kind: {"rules": [adapted]}}})
        assert [str(problem) for problem in read_policy(text, "p.yml", source="any").errors] == [], kind


@pytest.mark.parametrize("file", sorted((ROOT / "triage-policies").glob("*.yml")), ids=lambda path: path.name)
def test_the_sections_own_policies_are_fine(file: Path) -> None:
    assert read_policy(file.read_text("utf-8"), file.name, source="groups").problems == ()
