"""What the pages for managers and representatives say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.automations.initiatives.implementation_plan import parse_plan
from bot.automations.initiatives.setup import COMMANDS
from bot.automations.initiatives.stages import stages_table
from bot.cli.main import cli
from bot.comment_commands.vocabulary import COUNCIL_COMMANDS
from tests.automations.initiatives import OWN, ROOT, SECTION, SETUP

DOCS = Path(__file__).resolve().parents[2] / "docs"
MANAGERS = (DOCS / "initiatives.md").read_text("utf-8")
REPRESENTATIVES = (DOCS / "council.md").read_text("utf-8")


def test_the_table_of_stages_is_the_codes() -> None:
    table = stages_table("sectionbot")
    assert table in MANAGERS
    assert CliRunner().invoke(cli, ["initiatives", "stages"]).output == f"{table}\n"


def test_the_example_of_a_plan_can_be_distributed() -> None:
    example = re.findall(r"^       (.*)$", MANAGERS, re.MULTILINE)
    text = "\n".join(example[: next(at for at, line in enumerate(example) if line.startswith("Not affected")) + 1])
    plan = parse_plan(text.replace("Not affected", "\nNot affected"), SETUP, for_all_groups=False)
    assert plan is not None and plan.problems == ()
    assert [row.category for row in plan.rows] == ["static_application_security_testing", "dast"]
    assert list(plan.not_affected) == ["Compliance", "Anti-abuse"]


@pytest.mark.parametrize(
    ("page", "commands"), [(MANAGERS, COMMANDS), (REPRESENTATIVES, COUNCIL_COMMANDS)], ids=["managers", "council"]
)
def test_every_command_is_on_its_page(page: str, commands: dict[str, str]) -> None:
    assert [name for name in commands if f"`sectionbot {name}" not in page] == []


def test_the_labels_of_the_page_are_those_of_the_settings() -> None:
    for label in (*OWN.command_labels.values(), *OWN.own_labels, OWN.quiet_label):
        assert f"`{label}`" in MANAGERS


@pytest.mark.parametrize("page", [MANAGERS, REPRESENTATIVES], ids=["managers", "council"])
def test_commands_of_the_pages_exist(page: str) -> None:
    commands = re.findall(r"^    (sectionbot [^\n]+)$", page, re.MULTILINE)
    assert commands
    for command in commands:
        result = CliRunner(env={"GITLAB_TOKEN": ""}).invoke(cli, command.split()[1:])
        assert "No such" not in result.output and "Usage:" not in result.output, result.output


def test_the_shipped_policy_knows_the_stages_of_the_sections_groups() -> None:
    """Else the bot would ask people to correct what it has set itself."""
    text = (ROOT / "triage-policies" / "hygiene.yml").read_text("utf-8")
    known = dict(re.findall(r'"(group::[^"]+)" => "(devops::[^"]+)"', text))
    stages = {group.label: stage.label for stage in SECTION.stages for group in stage.groups}
    assert known == {label: stages[label] for label in known} != {}
