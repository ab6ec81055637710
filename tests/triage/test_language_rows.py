"""Every row of the language has something that shows it: tests/data/triage/rows.yml says what."""

from __future__ import annotations

import ast
import re

import yaml

from bot.cli.gitlab_triage import gitlab_triage
from bot.triage import language
from bot.triage.conditions import CONDITIONS
from tests.conftest import ROOT
from tests.triage.case_server import case_names
from tests.triage.test_cases import listed

ROWS: dict[str, dict[str, list[str]]] = yaml.safe_load((ROOT / "tests/data/triage/rows.yml").read_text("utf-8"))
OURS = {"lenient", "refetch", "now", "help"}


def existing_tests() -> set[str]:
    return {
        f"{file.stem}::{node.name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_row_is_shown_by_a_test_or_by_a_case_that_is_the_gems() -> None:
    good = existing_tests() | (set(case_names()) - set(listed()))
    named = {each for rows in ROWS.values() for evidence in rows.values() for each in evidence}
    assert sorted(named - good - set(listed())) == []
    without = [f"{section}: {row}" for section, rows in ROWS.items() for row, by in rows.items() if not good & set(by)]
    assert without == []


def test_no_key_of_the_language_is_left_out() -> None:
    rows = {word for section in ROWS.values() for row in section for word in re.split(r"[^\w-]+", row)}
    keys = {*CONDITIONS, *language.ACTIONS, *language.LIMIT_KEYS, *language.FILE_KEYS, *language.TYPES}
    flags = {
        option.split("=")[0]
        for parameter in gitlab_triage.params
        for option in parameter.opts
        if option.startswith("--") and option[2:] not in OURS
    }
    assert sorted((keys | flags) - rows) == []
