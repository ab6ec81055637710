"""Wrong settings: every problem at once, with file, line, column and a hint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.domain.errors import WrongSettings
from bot.settings.loading import json_schema
from bot.settings.templates import Templates, Trusted
from bot.settings.yaml_reader import read_yaml
from bot.wiring import Environment, load_settings, settings_models

ROOT = Path(__file__).resolve().parents[2]


def check(folder: Path) -> list[str]:
    """The problems of a folder, with the folder cut off."""
    try:
        load_settings(Environment(config=folder, templates=ROOT / "templates"))
    except WrongSettings as error:
        return [str(problem).replace(f"{folder}/", "").replace(str(folder), "config") for problem in error.problems]
    return []


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "triage.yml").write_text("sources: []\n", encoding="utf-8")
    return tmp_path / "config"


def change(config: Path, file: str, *pairs: tuple[str, str]) -> None:
    path = config / file
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_the_sections_own_settings_are_fine() -> None:
    assert check(ROOT / "config") == []


def test_wrong_in_several_places_at_once(config: Path) -> None:
    change(config, "bot.yml", ("operators_project", "operators_projekt"), ("history_days: 30", "history_days: 0"))
    change(
        config,
        "incidents.yml",
        ("issue_types: [incident]", "issue_types: [incidnt]"),
        ("{role: reporter, days: 30}", "{rol: reporter, days: many}"),
        ("max_members: 60", "max_members: 0\nmax_members: 5"),
        ("incident-{project_id}-{issue_iid}", "incident-{title}"),
    )
    assert check(config) == [
        "bot.yml:1:1: operators_project: is missing. It is the project in whose operators' issue the bot tells what was refused, held unsafe or has failed.",
        "bot.yml:3:1: operators_projekt: is not a setting. Perhaps you meant 'operators_project'?",
        "bot.yml:4:1: history_days: input should be greater than or equal to 1. It is how many days deliveries and jobs are kept in the bot's database.",
        "incidents.yml:9:15: issue_types[0]: 'incidnt' is none of its values. Perhaps you meant 'incident'?",
        "incidents.yml:13:1: project_path: only {project_id} and {issue_iid} can stand in braces. It is the path of an incident's project, with {project_id} and {issue_iid} of the report.",
        "incidents.yml:17:1: reporter.role: is missing. It is the role in the incident's project.",
        "incidents.yml:17:12: reporter.rol: is not a setting. Perhaps you meant 'role'?",
        "incidents.yml:17:27: reporter.days: input should be a valid integer, unable to parse string as an integer. It is days until the access expires.",
        "incidents.yml:49:1: max_members: input should be greater than or equal to 1. It is the most people that one incident adds.",
        "incidents.yml:50:1: max_members: is there twice, first on line 49. Keep one.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'project_path: "incident-{project_id}-{issue_iid}"',
            "project_path: incident-{issue_iid}",
            "project_path: both {project_id} and {issue_iid} are needed, so that each report has its own project.",
        ),
        (
            'project_path: "incident-{project_id}-{issue_iid}"',
            'project_path: "{project_id}{issue_iid}"',
            "project_path: something must stand between {project_id} and {issue_iid}.",
        ),
        (
            'project_path: "incident-{project_id}-{issue_iid}"',
            'project_path: "i {project_id}-{issue_iid}"',
            "project_path: a path has letters, digits, '-', '_' and '.', and ends in a letter or digit.",
        ),
        (
            'labels: ["incident", "severity::1"]\nissue_types: [incident]',
            "labels: []",
            "without labels and issue_types",
        ),
        ("intake:\n  projects: [sec/intake]", "intake: {}", "intake has neither projects nor groups."),
        (
            "projects: [sec/intake]",
            "projects: sec/intake",
            "intake.projects: must be a list, like [one, two]. It is full paths of projects.",
        ),
        (
            "incident_group: sec/incidents",
            "incident_group: 'a b'",
            "incident_group: 'a b' is not written as it has to be. It is the group in which",
        ),
        ("aliases: [S2]", "aliases: [S1]", "two severities have the label 'S1'."),
        ("    access: {role: developer, days: 60}\n", "", "members need an access: their role and days."),
    ],
)
def test_settings_that_contradict_themselves(config: Path, old: str, new: str, problem: str) -> None:
    change(config, "incidents.yml", (old, new))
    assert any(problem in line for line in check(config)), check(config)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1", "not valid YAML: expected ',' or ']', but got '<stream end>'."),
        ("a:\n\t- b", "not valid YAML: found character '\\t' that cannot start any token. Indent with blanks"),
        ("a: 2026-99-99", "cannot be read"),
        ("- a", "the file must be a map of settings."),
        ("x: " + "[" * 60 + "]" * 60, "nested deeper than 40 levels."),
        (
            "a: &a [" + "x, " * 99 + "]\nb: &b [" + "*a, " * 99 + "]\nc: [" + "*b, " * 99 + "]",
            "more than 50,000 values. Write it without so many aliases.",
        ),
        ("a: " + "x" * 1_100_000, "the file is larger than 1,000,000 bytes. Split it."),
        ("{a: b}: c", "a key must be plain text."),
        ("!!python/object/apply:os.system [echo]", "the file must be a map of settings."),
    ],
)
def test_files_that_are_no_settings(config: Path, text: str, problem: str) -> None:
    (config / "bot.yml").write_text(text, encoding="utf-8")
    assert any(problem in line for line in check(config)), check(config)


def test_a_file_that_nothing_reads(config: Path) -> None:
    (config / "incident.yml").write_text("a: 1")
    assert check(config) == ["incident.yml:1:1: no part of the bot reads this file. Perhaps you meant 'incidents'?"]


def test_a_missing_file_and_a_missing_folder(config: Path, tmp_path: Path) -> None:
    (config / "bot.yml").unlink()
    assert check(config) == ["bot.yml:1:1: the file is missing. Begin with the one in the bot's own config/."]
    assert check(tmp_path / "nowhere") == [
        "config:1:1: there is no such folder of settings. Name the folder with --config or SECTIONBOT_CONFIG."
    ]


def test_a_template_that_is_missing_or_uses_what_it_is_not_given(config: Path, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    (templates / "incident_opening" / "source_note.md").write_text("hello\n{{ titel }}")
    (templates / "broken.md").write_text("{% if %}")
    change(config, "incidents.yml", ("max_members: 60", "max_members: 60\ntemplates: {incident: nowhere.md}"))
    with pytest.raises(WrongSettings) as caught:
        load_settings(Environment(config=config, templates=templates))
    assert (
        str(caught.value)
        == f"{templates}/broken.md:1:1: not a valid template: Expected an expression, got 'end of statement block'."
    )
    (templates / "broken.md").unlink()
    names = ", ".join(sorted(file.relative_to(templates).as_posix() for file in templates.rglob("*.md")))
    with pytest.raises(WrongSettings) as caught:
        load_settings(Environment(config=config, templates=templates))
    assert [str(problem).replace(f"{templates}/", "") for problem in caught.value.problems] == [
        "incident_opening/source_note.md:2:1: titel: is no value that this template is given. "
        "It is given: least_access, project_path, refused_labels, state.",
        f"nowhere.md:1:1: there is no such template. There are: {names}. --templates (SECTIONBOT_TEMPLATES) names the folder.",
    ]


@pytest.mark.parametrize("name", sorted(settings_models()))
def test_the_schema_beside_the_settings_is_the_one_that_is_printed(name: str) -> None:
    kept = (ROOT / "config" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert kept == json_schema(settings_models()[name], f"config/{name}.yml")
    first = (ROOT / "config" / f"{name}.yml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schema/{name}.schema.json"
    assert json.loads(kept)["title"] == f"config/{name}.yml"


def test_yaml_positions_are_those_of_keys_and_items() -> None:
    document = read_yaml("a:\n  b: [x,\n      y]\n", "f")
    assert document.positions.of[("a", "b")] == (2, 3)
    assert document.positions.of[("a", "b", 1)] == (3, 7)
    assert document.positions.near(("a", "b", 7, "c")) == (2, 3)


def test_merge_keys_and_a_byte_order_mark() -> None:
    assert read_yaml("\ufeffx: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", "f").value["y"] == {"a": 1, "b": 3}


def test_values_in_templates_are_data() -> None:
    templates = Templates({"t.md": "{{ a }}|{{ b }}|{{ c | line }}"})
    shown = templates.render("t.md", a="/close {{ b }}", b=Trusted("/label"), c="x | y")
    assert shown == "\\/close {\u2060{ b }}|/label|x \\| y"


def test_templates_run_in_a_sandbox() -> None:
    templates = Templates({"t.md": "{{ a.__class__.__mro__ }}"})
    with pytest.raises(WrongSettings, match="cannot be rendered: access to attribute '__class__'"):
        templates.render("t.md", a="x")


def test_what_the_directory_has_twice_or_lacks_is_told_on_its_line(config: Path) -> None:
    path = config / "section.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    first, second = (number for number, line in enumerate(lines) if line.startswith("      - name: Auth"))
    lines[second + 1] = lines[first + 1].replace("authentication", "Authentication")
    lines[second + 2] = "        feature_categories: [permissions, system_access]"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert check(config) == [
        f"section.yml:{second + 2}:9: stages[0].groups[2].label: the label 'group::Authentication' is that of "
        "Authentication, too. One of them must be another.",
        f"section.yml:{second + 3}:43: stages[0].groups[2].feature_categories[1]: the feature category "
        "'system_access' is that of Authentication, too. One of them must be another.",
    ]
    lines[first + 5] = "        people: {engineering_manager: em.enzo, technical_lead: '@gita'}"
    lines[first + 6] = "        members: {usernames: [a], group: sec/engineering}"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [each.split(": ", 1)[1][:75] for each in check(config)] == [
        "stages[0].groups[1].people.product_manager: is missing. It is a username, w",
        "stages[0].groups[1].people.technical_lead: '@gita' is not written as it has",
        "stages[0].groups[1].members: name either usernames or a group.",
    ]


def test_an_automation_that_does_not_exist_cannot_be_switched_off(config: Path) -> None:
    change(config, "bot.yml", ("history_days: 30", "history_days: 30\nswitched_off: [retrospective]"))
    assert check(config) == [
        "bot.yml:5:16: switched_off[0]: there is no automation 'retrospective'. There are: incident_opening, "
        "policy_triage, retrospectives, initiatives, council."
    ]


def test_wrong_settings_of_retrospectives_are_told_on_their_line(config: Path) -> None:
    change(
        config,
        "retrospectives.yml",
        ("  - group: Vulnerability Research", "  - group: sast\n  - group: Static Analysis\n  - group: Nobody"),
        ("template: retrospectives/group.md", "template: retrospectives/grup.md"),
    )
    found = check(config)
    # In the order of the files' paths, and those of this machine differ.
    assert sorted((each.split(". There are")[0] for each in found), key=lambda each: "templates" in each) == [
        "retrospectives.yml:38:5: groups[1].group: Static Analysis is named twice. Write both into one entry.",
        "retrospectives.yml:39:5: groups[2].group: there is no group 'Nobody' in section.yml",
        f"{ROOT}/templates/retrospectives/grup.md:1:1: there is no such template",
    ]
    change(config, "retrospectives.yml", ('"{group}: retrospective of {milestone}"', '"{group} retrospective"'))
    assert "retrospectives.yml:4:1: title: {group} and {milestone} are needed" in check(config)[0]


def test_categories_without_owner_and_groups_without_representative_are_told_on_their_line(config: Path) -> None:
    change(
        config,
        "section.yml",
        ("[advisory_database, api_security,", "[advisory_database, sbom,"),
        ("        council: [{username: tl.cleo}]\n", ""),
        ("council: [{username: tl.gita}]", "council: [{username: tl.gita, until: 2026-12-31}]"),
    )
    assert [each.split(": ", 1)[1] for each in check(config)] == [
        "feature_categories[1]: no group owns the feature category 'sbom'. Give it to one, or take it off.",
        "stages[0].groups[0].name: nobody represents Anti-abuse in the council on any day. Add a representative for these "
        "days.",
        "stages[0].groups[1].council: nobody represents Authentication in the council from 2027-01-01 on. Add a "
        "representative for these days.",
        "stages[1].groups[4].feature_categories[0]: the section's list has no feature category 'api_security'. Add it "
        "there, or mend the name.",
    ]


def test_values_of_the_wrong_kind_and_days_in_an_odd_order_are_told(config: Path) -> None:
    change(config, "retrospectives.yml", ("publish: false", "publish: yes please"))
    change(config, "releases.yml", ("exceptions: []", 'exceptions: [{version: "19.4", day: 2026-9-24}]'))
    assert [each.split(": ", 1)[1] for each in check(config)] == [
        "exceptions[0].day: must be a day, like 2026-11-26. It is the day on which it is released instead, like 2026-11-26.",
        "publish: must be true or false. It is whether groups' retrospectives become non-confidential on the day "
        "`publishing` of releases.yml. Only those are published that have announced the day since they were opened.",
    ]
    change(
        config,
        "retrospectives.yml",
        ("publish: yes please", "publish: false"),
        ("Vulnerability Res", "Vulnerabilty Res"),
    )
    change(
        config,
        "releases.yml",
        ('exceptions: [{version: "19.4", day: 2026-9-24}]', "exceptions: []"),
        ("refresh: Wednesday of the week in which the milestone ends", "refresh: 30 days before the release"),
    )
    assert [each.split(": ", 1)[1] for each in check(config)] == [
        "warning: ceremonies.refresh: refresh (2023-10-17) is before opening (2023-10-23), in 16.6.",
        "groups[0].group: there is no group 'Vulnerabilty Research' in section.yml. Perhaps you meant 'Vulnerability "
        "Research'?",
    ]


def test_a_template_that_does_not_announce_what_is_published_is_told(config: Path, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    (templates / "retrospectives" / "group.md").write_text("{{ bot_note }}")
    change(config, "retrospectives.yml", ("publish: false", "publish: true"))
    with pytest.raises(WrongSettings) as caught:
        load_settings(Environment(config=config, templates=templates))
    assert [str(problem).replace(f"{templates}/", "") for problem in caught.value.problems] == [
        "retrospectives/group.md:1:1: the retrospectives of this template are published, and it does not tell "
        "publishing_day. What is not announced is not published.",
    ]
