"""What Ruby gave for thousands of expressions, and what this interpreter gives."""

from __future__ import annotations

import datetime as dt
import functools
import html
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.triage.policy import read_policy
from bot.triage.trying import try_condition, try_row
from tests.triage.policies import NOW
from tests.triage.test_harmless import NoApi

DATA = Path(__file__).resolve().parents[1] / "data" / "triage" / "expressions"
Json = dict[str, Any]
WHOLE = ("sample policies", "documentation", "realistic", "api.", "text.")
MOST_DIFFERENT = 0.03
LEAST_EQUAL = 0.9


@functools.cache
def rows() -> list[Json]:
    files = [DATA / "expressions.jsonl", DATA / "more.jsonl"]
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


@functools.cache
def fixture(name: str) -> str:
    return (DATA / "fixtures" / f"{name}.json").read_text("utf-8")


def verdict(row: Json) -> str:
    """equal, refused, differs (on purpose), or wrong."""
    ours = try_row(row, json.loads(fixture(row["fixture"])))
    if row.get("dangerous"):
        return "equal" if "refused" in ours else "wrong"
    theirs = row["result"]
    if "raises" in theirs:
        same = "refused" in ours or "raises" in ours["result"]
    elif "refused" in ours:
        return "refused"
    elif "raises" in ours["result"]:
        same = False
    elif "text" in theirs:
        same = html.unescape(theirs["text"]) == html.unescape(ours["result"]["text"])
    else:
        result = ours["result"]
        shown = "plain" if "plain" in theirs else "raw"
        same = result["value"] == theirs["value"] and result.get(shown) == theirs[shown]
    if same:
        return "equal"
    return "differs" if "differs" in ours else "wrong"


@functools.cache
def verdicts() -> dict[str, Counter[str]]:
    """Group to how many rows came out how."""
    found: dict[str, Counter[str]] = {}
    for row in rows():
        found.setdefault(row["group"], Counter())[verdict(row)] += 1
    return found


def test_no_answer_is_wrong() -> None:
    wrong = {group: counts["wrong"] for group, counts in verdicts().items() if counts["wrong"]}
    assert wrong == {}


def test_few_answers_differ_on_purpose() -> None:
    assert sum(counts["differs"] for counts in verdicts().values()) <= MOST_DIFFERENT * len(rows())


def test_what_policies_say_is_never_refused() -> None:
    refused = {
        group: counts["refused"]
        for group, counts in verdicts().items()
        if group.startswith(WHOLE) and counts["refused"]
    }
    assert refused == {}


def test_nine_of_ten_of_everything_else_is_equal() -> None:
    others = [counts for group, counts in verdicts().items() if not group.startswith((*WHOLE, "dangerous", "more"))]
    total = sum(counts.total() for counts in others)
    assert sum(counts["equal"] for counts in others) >= LEAST_EQUAL * total


@pytest.mark.parametrize("row", [row for row in rows() if row.get("dangerous")], ids=lambda row: row["id"])
def test_dangerous_code_is_refused_when_the_policy_is_checked(row: Json) -> None:
    rule: Json = {"name": "r", "conditions": {"state": "opened"}, "actions": {}}
    if row["kind"] == "text":
        rule["actions"]["comment"] = row["expression"]
    else:
        rule["conditions"]["ruby"] = row["expression"]
    policy = read_policy(json.dumps({"resource_rules": {"issues": {"rules": [rule]}}}), "policy.yml")
    assert [problem.where.rpartition(".")[2] for problem in policy.errors] == [
        "comment" if row["kind"] == "text" else "ruby"
    ]


INSPECTED = (
    ('"\\u0001\\u007f\\u0085\\u200b\\u{E000}\\u{378}\\n".inspect', '"\\u0001\\u007F\x85\u200b\ue000\\u0378\\n"'),
    ('"\\0".inspect', '"\\u0000"'),
    ("<<~T.strip\n  abc\nT\n", "abc"),
)


@pytest.mark.parametrize(("expression", "expected"), INSPECTED)
def test_texts_as_ruby_3_shows_them(expression: str, expected: str) -> None:
    trial = try_condition(expression, {"iid": 1}, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result is not None
    assert trial.result["plain"] == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("<<~T.strip", "can't find the end of the heredoc"),
        ("<<T", "can't find the end of the heredoc"),
        ("1.chr", "`chr` of a control character is not supported"),
    ],
)
def test_what_is_told_instead_of_a_guess(expression: str, says: str) -> None:
    trial = try_condition(expression, {"iid": 1}, "issues", NoApi(), NOW, dt.UTC)
    assert says in str(trial.refused or trial.result)
