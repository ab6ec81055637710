"""The house keeps its own rules: layers are lint's, these are the others."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.cli.main import COMMANDS
from bot.wiring import AUTOMATIONS, settings_models

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
TESTS = "\n".join(
    file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.*") if file.suffix in (".py", ".yml")
)


def test_every_automation_is_registered_and_says_what_people_see() -> None:
    folders = {file.parent.name for file in (ROOT / "bot" / "automations").glob("*/__init__.py")}
    assert {each.name for each in AUTOMATIONS} == folders
    for each in AUTOMATIONS:
        module = sys.modules[f"bot.automations.{each.name}"]
        assert (module.__doc__ or "").startswith("Purpose: "), each.name
        assert each.purpose and each.budget
        assert each.settings in settings_models()


def test_every_automation_has_its_test_of_an_empty_second_plan() -> None:
    cases = yaml.safe_load((ROOT / "tests" / "automations" / "cases" / "keeping.yml").read_text())
    assert cases["nothing has changed"].get("plan", []) == []
    shown_by = {
        "council": "def test_the_way_of_a_question(",
        "incident_opening": '"nothing has changed"',
        "initiatives": "def test_an_initiative_is_told_what_it_lacks_until_it_is_complete(",
        "policy_triage": "def test_a_second_run_of_the_house_is_empty(",
        "retrospectives": "def test_every_group_gets_its_issue_and_a_second_run_does_nothing(",
    }
    assert {each.name for each in AUTOMATIONS} == set(shown_by)
    assert [name for name, test in shown_by.items() if test not in TESTS] == []


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom bot.cli.main import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "print(sorted(set(sys.modules) & {'gitlab', 'requests', 'dbos', 'pydantic', 'tree_sitter', 'sqlalchemy', "
        "'rich', 'starlette', 'uvicorn', 'jinja2', 'graphql', 'structlog', 'markdown_it'}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "bot", command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0
    assert "Usage: sectionbot" in ended.stdout


def _sentences(call: ast.Call) -> list[str]:
    """The literal parts, long enough to be recognised, of the texts that a call is given."""
    found = []
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return [text for text in found if len(text) > 12]


def _raised_texts() -> dict[str, list[str]]:
    """Where an error of the house is made, to the literal parts of its text."""
    errors = {"WrongInput", "Problem", "WrongSettings", "ReadOnlyViolation"}
    texts: dict[str, list[str]] = {}
    for file in SOURCES:
        if "emulator" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
                parts = _sentences(node)
                if parts:
                    texts[f"{file.relative_to(ROOT)}:{node.lineno}"] = parts
    return texts


def test_every_error_text_is_rendered_somewhere() -> None:
    """A part of each text stands in some test, so that somebody has read it as it comes out."""
    missing = []
    for place, parts in _raised_texts().items():
        words = [chunk for part in parts for chunk in _chunks(part)]
        if words and not any(chunk in TESTS for chunk in words):
            missing.append(f"{place}: {parts[0]!r}")
    assert missing == []


def _chunks(text: str) -> list[str]:
    """Pieces of four words: what a test that shows the text will contain."""
    words = text.split()
    return [" ".join(words[start : start + 4]) for start in range(max(1, len(words) - 3))]


def _readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    indented = re.findall(r"^(?: {4}| {7})(sectionbot [^\n]+)$", text, re.MULTILINE)
    inline = re.findall(r"`(sectionbot [a-z][^`]*)`", text)
    return sorted(set(indented + inline))


def test_the_readme_has_commands_to_run() -> None:
    assert len(_readme_commands()) >= 8


@pytest.mark.parametrize("command", _readme_commands())
def test_the_commands_of_the_readme_are_understood(command: str) -> None:
    """Every command and flag exists; what the commands do is tested in tests/e2e."""
    from click.testing import CliRunner

    from bot.cli.main import cli

    words = command.split()[1:]
    if "--help" not in words:
        words = [word for word in words if word not in ("URL", "ID")]
        runner = CliRunner(env={"GITLAB_TOKEN": "", "SECTIONBOT_DATABASE_URL": "sqlite:////nowhere/x.sqlite"})
        result = runner.invoke(cli, words, standalone_mode=True)
        assert "No such" not in result.output and "Usage:" not in result.output, result.output
    else:
        assert CliRunner().invoke(cli, words).exit_code == 0


def test_the_plan_of_the_readme_is_a_real_one() -> None:
    """Its lines are those of the demo's section, but for the days."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in (
        "incident_opening: 1 create project, 1 create issue, 1 add members, 1 record access, 1 write note",
        "  - create project: private project sec/incidents/incident-1-1 (Incident 1-1), on: issues",
        "because the report has severity::1, severity 1",
        "  - write note: write the note on sec/intake#1: Thank you. This report is being handled.",
    ):
        assert line in text
    assert "name = 'sectionbot'" not in text


def test_links_in_the_docs_lead_somewhere() -> None:
    broken = []
    for file in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            if "://" not in target and not (file.parent / target).exists():
                broken.append(f"{file.name}: {target}")
    assert broken == []


def test_no_module_prints_or_exits_below_the_command_line() -> None:
    found = []
    for file in SOURCES:
        if "cli" in file.parts or file.name == "__main__.py":
            continue
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for node in calls:
            name = ast.unparse(node.func)
            if name in ("print", "sys.exit", "exit", "os._exit"):
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_no_file_is_called_by_what_it_is_not_about() -> None:
    banned = {"utils", "helpers", "common", "manager", "base"}
    assert [str(file) for file in SOURCES if file.stem in banned or banned & set(file.parts)] == []


def test_pinned_files_have_hashes_and_no_addresses() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        assert "://" not in text and "--index-url" not in text
        assert text.count("==") == len(
            re.findall(r"^[\w.\[\]-]+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", text, re.M)
        )
