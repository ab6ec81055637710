"""Every recorded case of the gem: the same list queries and writes, or listed on the page of differences."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import click
import pytest

from bot.cli.gitlab_triage import completed, gitlab_triage
from bot.domain.errors import SectionbotError
from tests.triage.case_server import case_names, lists_of, read_case, recorded, serving, writes_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "differences-from-the-gem.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
MOST_ROWS = 130


def listed() -> dict[str, str]:
    """Case to the reason for which it differs."""
    return {match[1]: match[2].strip() for match in ROW.finditer(PAGE.read_text("utf-8"))}


def run_gitlab_triage(arguments: list[str]) -> int:
    """The command in this process; its exit code."""
    try:
        code = gitlab_triage.main(args=completed(arguments), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SectionbotError as error:
        return error.exit_code
    except click.ClickException:
        return 2


def differences(case: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How a run on the case differs from the gem's."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TZ", case["tz"])
    for name in ("TEST", "GITLAB_TRIAGE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    with serving(case) as server:
        for name, value in case["env"].items():
            monkeypatch.setenv(name, value.replace("$HOST", server.url))
        for name, text in case["files"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text.replace("$HOST", server.url), encoding="utf-8")
        arguments = ["--refetch", *(each.replace("$HOST", server.url) for each in case["argv"])]
        arguments += [] if "-H" in arguments else ["-H", server.url]
        code = run_gitlab_triage([*arguments, "--now", case["now"]])
        asked = list(server.asked)
    found = []
    if lists_of(asked) != lists_of(recorded(case)):
        found.append(f"lists {lists_of(asked)}, the gem {lists_of(recorded(case))}")
    if writes_of(asked) != writes_of(recorded(case)):
        found.append(f"writes {writes_of(asked)}, the gem {writes_of(recorded(case))}")
    if (code == 0) != (case["exit"] == 0):
        found.append(f"exit {code}, the gem {case['exit']}")
    return found


def said(output: str) -> list[str]:
    """The lines of a report, without the dots of its requests, the address of the server and HTML entities (16)."""
    output = re.sub(r"http://(127\.0\.0\.1:\d+|gitlab\.example)(?=/api)", "", html.unescape(output))
    lines = [re.sub(r"^\.+|(?<=\.\.\.)\.+$", "", line).rstrip() for line in output.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("name", case_names())
def test_case_is_the_gems_or_listed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = read_case(name)
    found = differences(case, tmp_path, monkeypatch)
    if name in listed():
        assert found != [], "is listed as a difference, but is the same"
        return
    assert found == []
    if case["exit"] == 0 and case["stdout"] is not None:
        assert said(capsys.readouterr().out) == said(case["stdout"])


def test_page_lists_only_cases_that_exist_and_says_why() -> None:
    rows = listed()
    assert sorted(set(rows) - set(case_names())) == []
    assert len(rows) <= MOST_ROWS
    assert [name for name, why in rows.items() if not (why.isdigit() and 1 <= int(why) <= 30) and '"' not in why] == []
