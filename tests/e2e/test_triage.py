"""Triage against the emulator: the two commands, the sweep, and rules on webhooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.bot_process import ROOT, BotProcess, eventually, without_the_rest
from tests.local_gitlab import LocalGitLab
from tests.triage.test_cases import run_gitlab_triage

Spawn = Callable[..., BotProcess]


@pytest.fixture
def section(local_gitlab: LocalGitLab) -> LocalGitLab:
    """The demo's section, which has the labels that triage-policies/ use."""
    return local_gitlab


@pytest.fixture
def real(tmp_path: Path) -> str:
    """The section's own settings, with the intake as the project that is triaged."""
    folder = tmp_path / "real"
    for name in ("config", "triage-policies"):
        shutil.copytree(ROOT / name, folder / name)
    without_the_rest(folder / "config")
    file = folder / "config" / "triage.yml"
    file.write_text(file.read_text().replace("sec/product", "sec/intake"))
    return str(folder / "config")


def gitlab_triage(
    local_gitlab: LocalGitLab, folder: Path, *arguments: str, token: str = "demo-bot-token"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot.cli.gitlab_triage", "-H", local_gitlab.url, "-t", token, "-i", "sec/intake"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
    environment.pop("TEST", None)
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


POLICY = """\
resource_rules:
  issues:
    rules:
      - name: sort
        conditions: {state: opened, labels: [None]}
        actions:
          labels: [needs type]
          comment: "{{author}}, which type is {{title}}?"
"""


def test_a_dry_run_shows_what_a_real_run_then_does(section: LocalGitLab, tmp_path: Path) -> None:
    issue = section.report("Fix the <b>login</b>")
    (tmp_path / "p.yml").write_text(POLICY)
    section.forget_requests()
    planned = gitlab_triage(section, tmp_path, "-f", "p.yml", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert section.requests(writes=True) == []
    url = f"{section.url}/sec/intake/-/issues/{issue.iid}"
    assert (
        "The following comments would be posted for the rule **sort**:\n\n"
        f"# {url}\n```\n@rita.reporter, which type is Fix the &lt;b>login&lt;/b>?\n```\n"
        f"The following resources would be updated for the rule **sort**:\n\n# {url}\nWould add labels: needs type\n"
    ) in planned.stdout
    done = gitlab_triage(section, tmp_path, "-f", "p.yml")
    assert (done.returncode, done.stderr) == (0, "")
    assert section.notes(issue) == ["@rita.reporter, which type is Fix the &lt;b>login&lt;/b>?"]
    assert sorted(section.labels(issue)) == ["needs type"]
    section.forget_requests()
    assert gitlab_triage(section, tmp_path, "-f", "p.yml").returncode == 0
    assert section.requests(writes=True) == []


def test_requests_are_shown_and_counted(section: LocalGitLab, tmp_path: Path) -> None:
    section.report("Fix the login")
    (tmp_path / "p.yml").write_text(POLICY)
    ended = gitlab_triage(section, tmp_path, "-f", "p.yml", "-n", "--debug", "--summary", "--quiet")
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert "[DEBUG] GET /api/v4/projects/sec%2Fintake/issues 200" in lines
    assert lines[lines.index("API calls:") + 1 :] == [
        "     1  GET /api/v4/projects/sec%2Fintake/issues",
        "     1  GET /api/v4/projects/:id/labels/needs%20type",
        "     2  in all",
    ]
    assert "Gathering resources" not in ended.stdout


def test_with_test_true_nothing_is_written(
    section: LocalGitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section.report("One")
    (tmp_path / "p.yml").write_text(POLICY)
    monkeypatch.setenv("TEST", "true")
    section.forget_requests()
    arguments = ["-H", section.url, "-t", "demo-bot-token", "-i", "sec/intake", "-f", str(tmp_path / "p.yml")]
    assert run_gitlab_triage(arguments) == 0
    assert section.requests(writes=True) == []
    assert "Performing a dry run." in capsys.readouterr().out


def test_the_version_is_that_of_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_gitlab_triage(["--version"]) == 0
    assert "1.58.0" in capsys.readouterr().out


def test_each_file_has_its_own_gitlab(section: LocalGitLab, tmp_path: Path) -> None:
    issue = section.report("One")
    away = "host_url: http://127.0.0.1:9/\napi_version: v4\n"
    (tmp_path / "a.yml").write_text(away + POLICY)
    (tmp_path / "b.yml").write_text(POLICY)
    ended = gitlab_triage(section, tmp_path, "-f", "a.yml", "-f", "b.yml", "--now", "2026-03-15T10:30:00Z")
    assert ended.returncode == 4
    assert ended.stderr.splitlines() == [
        "[WARNING] a.yml has a host_url: http://127.0.0.1:9 is asked.",
        "[ERROR] sort: GitLab did not answer GET /projects/sec%2Fintake/issues: no connection to 127.0.0.1:9",
    ]
    assert section.labels(issue) == ["needs type"]


@pytest.mark.parametrize("host", ["127.0.0.1:80", "gitlab.example", "https://gitlab.example/api/v4"])
def test_a_host_that_is_no_address_is_told_at_once(section: LocalGitLab, tmp_path: Path, host: str) -> None:
    (tmp_path / "a.yml").write_text(POLICY)
    ended = gitlab_triage(section, tmp_path, "-f", "a.yml", "-H", host)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2,
        "",
        f"Error: --host-url is {host!r}; it must be the address of GitLab itself, like https://gitlab.example.com.\n",
    )


def test_without_a_token_it_is_said_what_gitlab_shows(section: LocalGitLab, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(POLICY)
    ended = gitlab_triage(section, tmp_path, "-f", "a.yml", "--dry-run", token="")
    assert (ended.returncode, ended.stderr) == (
        0,
        "[WARNING] There is no --token: GitLab shows only what everybody may see.\n",
    )


@pytest.mark.parametrize("flags", [("--DRY_RUN",), ("--dry", "--source", "projects"), ("-n", "--Summ")])
def test_flags_are_read_as_ruby_reads_them(section: LocalGitLab, tmp_path: Path, flags: tuple[str, ...]) -> None:
    issue = section.report("One")
    (tmp_path / "--x.yml").write_text(POLICY)
    ended = gitlab_triage(section, tmp_path, *flags, "-f", "--x.yml")
    assert (ended.returncode, section.labels(issue)) == (0, [])
    assert "Would add labels: needs type" in ended.stdout


def test_a_mistake_is_told_before_anything_is_asked(section: LocalGitLab, tmp_path: Path) -> None:
    (tmp_path / ".triage-policies.yml").write_text(POLICY.replace("state:", "stat:"))
    section.forget_requests()
    ended = gitlab_triage(section, tmp_path)
    assert (ended.returncode, section.requests()) == (2, [])
    assert (
        ".triage-policies.yml:5:22: resource_rules.issues.rules[0].conditions.stat: there is no condition"
        in ended.stderr
    )
    assert "Nothing was written. --lenient runs these files as gitlab-triage would." in ended.stderr
    lenient = gitlab_triage(section, tmp_path, "--lenient", "--dry-run")
    assert lenient.returncode == 0
    assert "warning: resource_rules.issues.rules[0].conditions.stat" in lenient.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-f", "none.yml"), "The policy file none.yml cannot be read: No such file or directory."),
        (("-f", "latin.yml"), "The policy file latin.yml is not UTF-8: byte 1 is no character."),
        (("--now", "yesterday"), "'yesterday' is no instant. Write it like 2026-03-15T10:30:00Z."),
        (("--now", "2026-03-15T10:30:00"), "'2026-03-15T10:30:00' has no time zone. End it with Z for UTC."),
        (("-s", "users"), "invalid argument: --source users. Write projects or groups."),
        (("--all-projects",), "--all-projects option cannot be used in conjunction with --source-id option!"),
        (("--resource-reference", "42"), "--resource-reference can only start with '#' or '!' when --source=projects is passed ('42' passed)!"),
        (("-r", "./plug.rb"), "./plug.rb is a plug-in in Ruby, which is not run here. The policies use has_owner? of it."),
    ],
)  # fmt: skip
def test_wrong_flags_get_a_sentence(
    section: LocalGitLab, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    section.report("One")
    (tmp_path / "latin.yml").write_bytes(b"\xff")
    (tmp_path / "plug.rb").write_text("def has_owner?\nend\n")
    (tmp_path / ".triage-policies.yml").write_text("# has_owner?\n")
    ended = gitlab_triage(section, tmp_path, *arguments)
    assert (ended.returncode, sentence in ended.stderr) == (2, True), ended.stderr


def test_members_of_a_broken_cache_are_asked_of_gitlab(section: LocalGitLab, tmp_path: Path) -> None:
    section.report("One")
    member = "{author_member: {source: group, condition: not_member_of, source_id: sec}}"
    (tmp_path / "p.yml").write_text(f"resource_rules: {{issues: {{rules: [{{conditions: {member}}}]}}}}\n")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "groups_sec_members.json").write_text("no")
    ended = gitlab_triage(section, tmp_path, "-f", "p.yml", "--cache-dir", "cache", "--dry-run")
    warning = "[WARNING] cache/groups_sec_members.json of --cache-dir is not JSON; GitLab is asked instead.\n"
    assert (ended.returncode, ended.stderr) == (0, warning)


def test_a_project_or_group_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.cli.gitlab_triage", "-t", "x"]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert ended.returncode == 2
    assert "A project or group ID is needed (pass it with the `--source-id` option)!" in ended.stderr


def test_the_files_that_init_writes_are_fine(section: LocalGitLab, tmp_path: Path) -> None:
    assert gitlab_triage(section, tmp_path, "--init").returncode == 0
    assert gitlab_triage(section, tmp_path, "--init-ci").returncode == 0
    again = gitlab_triage(section, tmp_path, "--init")
    sentence = ".triage-policies.yml is there already; it was left as it is. Move it away first."
    assert (again.returncode, sentence in again.stderr) == (2, True)
    assert yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())["stages"] == ["triage"]
    assert gitlab_triage(section, tmp_path, "--dry-run", "--summary", "--quiet").returncode == 0
    assert gitlab_triage(section, tmp_path, "--version").stdout == "1.58.0\n"


def test_a_refused_write_is_reported_and_the_rest_is_done(section: LocalGitLab, tmp_path: Path) -> None:
    first, second = section.report("One"), section.report("Two")
    (tmp_path / "p.yml").write_text(POLICY)
    section.fault(method="POST", path=f"/projects/{first.project_id}/issues/{first.iid}/notes", status=403)
    ended = gitlab_triage(section, tmp_path, "-f", "p.yml")
    assert ended.returncode == 4
    assert "[ERROR] add note sec/intake#1 refused: GitLab refused POST" in ended.stderr
    assert (section.notes(first), len(section.notes(second))) == ([], 1)


def test_a_note_whose_answer_is_lost_is_written_once(section: LocalGitLab, tmp_path: Path) -> None:
    issue = section.report("One")
    (tmp_path / "p.yml").write_text(POLICY)
    section.fault(method="POST", path=f"/projects/{issue.project_id}/issues/{issue.iid}/notes", lose_answer=True)
    assert gitlab_triage(section, tmp_path, "-f", "p.yml").returncode == 0
    assert len(section.notes(issue)) == 1


def test_explain_says_what_each_condition_saw(section: LocalGitLab, spawn: Spawn) -> None:
    section.report("One", token="demo-reporter-token")
    ended = spawn().run("triage", "explain", "triage-policies/hygiene.yml", "--resource", "sec/intake#1")
    assert ended.returncode == 0, ended.stderr
    assert "rule Ask for a type\n  + state holds: wanted opened, saw opened.\n" in ended.stdout
    assert (
        "rule Take the request for a type back\n  + state holds: wanted opened, saw opened.\n  + labels holds: wanted needs type, saw needs type.\n  - labels_any does not hold"
        in ended.stdout
    )
    assert ended.stdout.rstrip().splitlines()[-3] == "What would be done:"
    assert ended.stdout.rstrip().splitlines()[-1].startswith("  update: sec/intake#1: Would add labels: needs type")


def test_explain_goes_into_groups_of_conditions_and_takes_an_address(
    section: LocalGitLab, spawn: Spawn, tmp_path: Path
) -> None:
    issue = section.report("One")
    file = tmp_path / "p.yml"
    file.write_text(
        "resource_rules: {issues: {rules: [{name: r, actions: {}, conditions: {any_of: "
        "[{state: closed, labels: [a]}, {ruby: 'resource[:iid] == 1'}]}}]}}"
    )
    address = f"{section.url}/sec/intake/-/issues/{issue.iid}#note_7"
    ended = spawn().run("triage", "explain", str(file), "--resource", address)
    assert ended.stdout == (
        "sec/intake#1: One\n\nrule r\n"
        "  + any_of holds: wanted one group, saw group 2 holds.\n"
        "      group 1:\n"
        "        - state does not hold: wanted closed, saw opened.\n"
        "        - labels does not hold: wanted a, saw none.\n"
        "      group 2:\n"
        "        + ruby holds: wanted something true, saw true.\n"
        "  so the rule holds.\n  but it changes nothing.\n\nNothing would be done.\n"
    )


def test_explain_knows_branches_and_work_items(section: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    issue = section.report("One")
    file = tmp_path / "p.yml"
    file.write_text(
        "resource_rules:\n"
        "  branches: {rules: [{name: b, conditions: {protected: true}, actions: {delete: true}}]}\n"
        "  work_items: {rules: [{name: w, conditions: {state: opened}, actions: {comment: hi}}]}\n"
    )
    group = section.store.group_paths["sec"].id
    project = {"path": "code", "name": "code", "namespace_id": group, "initialize_with_readme": True}
    assert section.call("POST", "/projects", json=project).status_code == 201
    bot = spawn()
    branch = bot.run("triage", "explain", str(file), "--resource", "sec/code:main").stdout
    assert "  + protected holds: wanted true, saw true.\n" in branch
    assert branch.splitlines()[-2] == "What would be done:"
    assert branch.splitlines()[-1].startswith("  delete: ")
    item = bot.run("triage", "explain", str(file), "--resource", f"sec/intake#{issue.iid}").stdout
    assert item.startswith("sec/intake#1: One\n\nrule w\n  + state holds: wanted opened, saw opened.\n")
    assert "add note: note on sec/intake#1: hi" in item


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explain", "triage-policies/hygiene.yml", "--resource", "one"), "'one' names no resource. Write group/project#12, group/project!3, group&4, group/project:branch, or its address."),
        (("explain", "triage-policies/hygiene.yml", "--resource", "sec/intake#99"), "GitLab has no issues 99 in sec/intake, or the token may not see it."),
        (("explain", "triage-policies/hygiene.yml", "--resource", "https://elsewhere.example/a/b/-/issues/1"), "https://elsewhere.example/a/b/-/issues/1 is not in the GitLab that is asked, http://"),
        (("eval", "1", "--facts", "none.json"), "The facts none.json cannot be read: No such file or directory."),
        (("eval", "1", "--facts", "README.md"), "The facts README.md are no JSON: Expecting value: line 1 column 1 (char 0)."),
        (("eval", "1", "--facts", "tests/data/triage/list.json"), "must be a map: a resource, or resource and api."),
        (("eval", "--batch", "none.jsonl"), "The batch none.jsonl cannot be read: No such file or directory."),
        (("eval", "--batch", "README.md"), "README.md:1: this row cannot be read"),
        (("eval", "nope", "--resource", "sec/intake#1"), "1:1: There is no method or variable `nope` here."),
        (("eval", "resource[:milestone][:title]", "--resource", "sec/intake#1"), "NoMethodError: undefined method `[]' for nil:NilClass"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_gets_a_sentence(
    section: LocalGitLab, spawn: Spawn, arguments: tuple[str, ...], sentence: str
) -> None:
    section.report("One")
    ended = spawn().run("triage", *arguments)
    assert (ended.returncode, sentence in ended.stderr) == (2, True), ended.stderr


def test_an_expression_is_tried_on_a_real_issue(section: LocalGitLab, spawn: Spawn) -> None:
    section.report("One")
    ended = spawn().run("triage", "eval", "resource[:title] + '!'", "--resource", "sec/intake#1")
    assert ended.stdout == '"One!"  (String; holds)\n'
    text = spawn().run("triage", "eval", "{{title}} #{author}", "--text", "--resource", "sec/intake#1")
    assert text.stdout == "One rita.reporter\n"


def test_run_plans_applies_and_is_empty_the_second_time(section: LocalGitLab, spawn: Spawn) -> None:
    issue = section.report("One")
    bot = spawn()
    arguments = ("triage", "run", "triage-policies/hygiene.yml", "--project", "sec/intake")
    section.forget_requests()
    planned = bot.run(*arguments)
    assert (planned.returncode, section.requests(writes=True)) == (0, [])
    assert "triage of sec/intake: 1 add note, 1 update" in planned.stdout
    too_many = bot.run(*arguments, "--limit", "1")
    assert too_many.returncode == 3
    assert "The plan has 2 changes, more than --limit 1: 1 add note, 1 update. Nothing was written." in too_many.stderr
    assert json.loads(bot.run(*arguments, "--format", "json").stdout)[0]["counts"] == {"add note": 1, "update": 1}
    assert bot.run(*arguments, "--apply").returncode == 0
    assert (len(section.notes(issue)), section.labels(issue)) == (1, ["needs type"])
    assert "nothing to do" in bot.run(*arguments, "--apply").stdout


def test_the_sweep_runs_the_sections_policies_once(section: LocalGitLab, spawn: Spawn, real: str) -> None:
    issue = section.report("One")
    wide = section.report("Wide")
    section.label(wide, "section::sec", "group::not owned", "type::bug")
    bot = spawn(SECTIONBOT_CONFIG=real)
    first = bot.run("sweep", "--apply", "--automation", "policy_triage")
    assert first.returncode == 0, first.stdout + first.stderr
    assert section.labels(issue) == ["needs type"]
    assert "initiative::needs owner" in section.labels(wide)
    again = bot.run("sweep", "--apply", "--automation", "policy_triage")
    assert again.returncode == 0, again.stdout
    section.forget_requests()
    third = bot.run("sweep", "--apply", "--automation", "policy_triage")
    assert (third.stdout, section.requests(writes=True)) == ("policy_triage: nothing to do\n", [])
    summaries = [each for each in section.store.issues.values() if each.title.startswith("Triage of week")]
    assert [each.confidential for each in summaries] == [True]


def test_the_budget_of_a_sweep(section: LocalGitLab, spawn: Spawn, real: str) -> None:
    for number in range(5):
        section.report(f"Report {number}")
    bot = spawn(SECTIONBOT_CONFIG=real)
    bot.run("sweep", "--apply", "--automation", "policy_triage")
    section.forget_requests()
    bot.run("sweep", "--automation", "policy_triage")
    lists = [each for each in section.requests() if each.split("?")[0].endswith("/issues")]
    assert len(lists) <= 8, lists


def test_incidents_are_not_there_for_policies(section: LocalGitLab, spawn: Spawn, real: str) -> None:
    section.incident(title="Very secret")
    bot = spawn(SECTIONBOT_CONFIG=real)
    assert bot.run("sweep", "--apply", "--automation", "incident_opening").returncode == 0
    project = section.project("sec/incidents/incident-1-1")
    assert project is not None
    labels = {"add_labels": "section::sec,group::not owned"}
    section.call("PUT", f"/projects/{project.id}/issues/1", "demo-owner-token", json=labels)
    assert bot.run("sweep", "--apply", "--automation", "policy_triage").returncode == 0
    (incident,) = section.issues(project)
    assert "initiative::needs owner" not in section.labels(incident)


def test_a_rule_runs_on_a_webhook_and_not_on_its_own_changes(section: LocalGitLab, spawn: Spawn, real: str) -> None:
    bot = spawn(SECTIONBOT_CONFIG=real)
    bot.start()
    group = section.store.group_paths["sec"]
    hook = {"url": f"{bot.url}/webhooks/gitlab", "token": "hook-token", "issues_events": True, "note_events": True}
    assert section.call("POST", f"/groups/{group.id}/hooks", json=hook).status_code == 201
    issue = section.report("One")
    eventually(lambda: section.labels(issue) == ["needs type"])
    section.label(issue, "type::bug")
    eventually(lambda: section.labels(issue) == ["type::bug"])
    assert len(section.notes(issue)) == 1
    assert bot.stop() == 0


def test_a_storm_of_events_on_one_issue_is_one_evaluation(section: LocalGitLab, spawn: Spawn, real: str) -> None:
    """Thirty changes and thirty notes; a note, which comes last, does not stand for what a change calls for."""
    issue = section.report("One")
    bot = spawn(SECTIONBOT_CONFIG=real)
    bot.start()
    about = {
        "user": {"id": 1, "username": "x"},
        "project": {"id": issue.project_id, "path_with_namespace": "sec/intake"},
    }
    row = {"iid": issue.iid, "type": "Issue", "labels": []}
    change = about | {"object_kind": "issue", "object_attributes": row | {"action": "update"}}
    note = about | {"object_kind": "note", "object_attributes": {"action": "create"}, "issue": row}
    section.application.control.latency_ms = 300
    section.forget_requests()
    storm = [("Issue Hook", change, f"change-{number}") for number in range(30)]
    storm += [("Note Hook", note, f"note-{number}") for number in range(30)]

    def deliver(event: str, payload: dict[str, Any], key: str) -> int:
        headers = {"X-Gitlab-Token": "hook-token", "Idempotency-Key": key, "X-Gitlab-Event": event}
        return requests.post(f"{bot.url}/webhooks/gitlab", json=payload, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda each: deliver(*each), storm)) == {202}
    look = f"GET /projects/{issue.project_id}/issues/{issue.iid}"
    eventually(lambda: issue.label_ids and section.requests().count(look) >= 2)
    assert bot.stop() == 0
    # One look for the changes and one for the notes; a worker that was quick took the first of each as well.
    assert section.requests().count(look) <= 4
    assert section.labels(issue) == ["needs type"]
