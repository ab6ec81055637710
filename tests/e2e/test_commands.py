"""The command line against the emulator: what is printed, what is done, and how it ends."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.emulator.tables import HookEvent
from tests.bot_process import ROOT, BotProcess, settings_folder
from tests.conftest import Spawn
from tests.local_gitlab import LocalGitLab

PATH = "sec/incidents/incident-1-1"


def on_a_terminal(bot: BotProcess, *arguments: str) -> tuple[int, str]:
    """Exit code and what a person would see."""
    ours, theirs = pty.openpty()
    environment = bot.environment | {"TERM": "dumb", "COLUMNS": "300"}
    command = [sys.executable, "-m", "bot", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen: list[bytes] = []
    with contextlib.suppress(OSError):  # the other end is closed
        while data := os.read(ours, 65536):
            seen.append(data)
    os.close(ours)
    text = b"".join(seen).decode().replace("\r\n", "\n")
    return process.wait(60), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


# -- sweep -----------------------------------------------------------------------------------------------------------


def test_a_plan_is_shown_and_nothing_is_written(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    local_gitlab.incident()
    code, seen = on_a_terminal(spawn(), "sweep")
    assert code == 0
    assert f"create project: private project {PATH}" in seen
    assert "because the report has severity::1, severity 1" in seen
    assert "rita.reporter (Reporter until" in seen
    assert "Run it again with --apply" in seen
    assert local_gitlab.project(PATH) is None
    writes = [line for line in local_gitlab.requests(writes=True) if "/issues" not in line]
    assert writes == []


def test_elsewhere_than_on_a_terminal_nothing_is_named(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    local_gitlab.incident(title="Very secret title")
    for form in ("text", "json", "markdown"):
        shown = spawn().run("sweep", "--format", form)
        assert shown.returncode == 0
        assert "create project" in shown.stdout
        for secret in (PATH, "secret", "rita", "resp.", "director", "intake#1"):
            assert secret not in shown.stdout + shown.stderr


def test_what_is_shown_is_what_is_applied_and_a_second_look_is_empty(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    local_gitlab.incident()
    bot = spawn()
    planned = json.loads(bot.run("sweep", "--format", "json", "--now", "2026-11-21T10:00:00Z").stdout)
    applied = bot.run("sweep", "--format", "json", "--now", "2026-11-21T10:00:00Z", "--apply")
    done = json.loads(applied.stdout)
    assert [step["hash"] for step in done[0]["steps"]] == [step["hash"] for step in planned[0]["steps"]]
    assert {step["outcome"] for step in done[0]["steps"]} == {"done"}
    local_gitlab.forget_requests()
    again = bot.run("sweep", "--apply")
    assert (again.returncode, again.stdout) == (0, "incident_opening: nothing to do\npolicy_triage: nothing to do\n")
    assert local_gitlab.requests(writes=True) == []


def test_one_thing_can_be_looked_at(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    first, second = local_gitlab.incident(), local_gitlab.incident()
    bot = spawn()
    scoped = bot.run("sweep", "--scope", "sec/intake#2", "--apply")
    assert scoped.returncode == 0
    assert local_gitlab.project(PATH) is None
    assert local_gitlab.incident_of(second) is not None
    address = f"{local_gitlab.url}/sec/intake/-/issues/{first.iid}"
    assert bot.run("sweep", "--scope", address, "--apply").returncode == 0
    assert local_gitlab.incident_of(first) is not None


def test_an_incident_can_be_looked_at_by_its_project(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    report = local_gitlab.incident("incident")
    bot = spawn()
    bot.run("sweep", "--apply")
    project = local_gitlab.incident_of(report)
    path = f"/projects/{project.id}/issues/1"
    local_gitlab.call("PUT", path, "demo-owner-token", json={"add_labels": "severity::1"})
    assert "add members" in bot.run("sweep", "--scope", PATH).stdout


def test_an_unsafe_plan_ends_with_3_and_is_told_to_operators(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    local_gitlab.incident()
    group = local_gitlab.store.group_paths["sec"]
    passerby = local_gitlab.store.usernames["paul.passerby"]
    local_gitlab.call("POST", f"/groups/{group.id}/members", json={"user_id": passerby.id, "access_level": 10})
    bot = spawn()
    code, seen = on_a_terminal(bot, "sweep", "--apply")
    assert code == 3
    assert "paul.passerby would read the incident by inheritance" in seen
    assert local_gitlab.project(PATH) is None
    operations = local_gitlab.project("sec/operations")
    assert operations is not None
    (issue,) = local_gitlab.issues(operations)
    assert issue.confidential
    (note,) = local_gitlab.notes(issue)
    assert "unsafe: paul.passerby would read the incident" in note
    # Settled, it is said so, once.
    del group.members[passerby.id]
    assert bot.run("sweep", "--apply").returncode == 0
    (note,) = local_gitlab.notes(issue)
    assert "Settled: the last look found nothing that is in the way." in note
    local_gitlab.forget_requests()
    assert bot.run("sweep", "--apply").returncode == 0
    assert local_gitlab.requests(writes=True) == []


def test_somebody_unknown_to_gitlab_stops_nobody_else(local_gitlab: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    report = local_gitlab.incident()
    severities = [
        {
            "label": "severity::1",
            "meaning": "worst",
            "members": {"usernames": ["resp.ada", "resp.left", "no.body"], "groups": ["sec/nowhere"]},
            "access": {"role": "developer", "days": 3},
        }
    ]
    config = settings_folder(tmp_path, severities=severities)
    bot = spawn(SECTIONBOT_CONFIG=str(config))
    code, seen = on_a_terminal(bot, "sweep", "--apply")
    assert code == 4
    assert "no.body, pre-defined for severity::1, is not added: GitLab knows no active person of this name." in seen
    assert "The group sec/nowhere, pre-defined for severity::1, does not exist or the bot cannot read it." in seen
    assert local_gitlab.members(local_gitlab.incident_of(report)) == {"resp.ada": 30, "rita.reporter": 20}


def test_deferred_reports_open_by_severity_and_by_release(
    local_gitlab: LocalGitLab, spawn: Spawn, tmp_path: Path
) -> None:
    guard = {"per_hour": 1, "per_hour_and_person": 1, "severity_1_per_hour": 1}
    config = settings_folder(tmp_path, guard=guard, labels=["incident", "severity::1", "severity::2"])
    bot = spawn(SECTIONBOT_CONFIG=str(config))
    reports = [local_gitlab.incident(each) for each in ("severity::3", "severity::2", "severity::1")]
    local_gitlab.label(reports[0], "incident")
    bot.run("sweep", "--apply")
    opened = [local_gitlab.project(f"sec/incidents/incident-1-{report.iid}") is not None for report in reports]
    assert opened == [False, True, True]
    assert "This report is waiting" in local_gitlab.notes(reports[0])[0]
    released = bot.run("sweep", "--scope", "sec/intake#1", "--release", "--apply")
    assert released.returncode == 0
    assert [note.split("\n")[0] for note in local_gitlab.notes(reports[0])] == [
        "Thank you. This report is being handled."
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            ("sweep", "--scope", "no reference"),
            2,
            "'no reference' is no reference. Write group/project, group/project#12",
        ),
        (("sweep", "--now", "yesterday"), 2, "'yesterday' is no instant. Write it like 2026-03-15T10:30:00Z."),
        (("sweep", "--release"), 2, "--release needs --scope"),
        (("sweep", "--automation", "nothing"), 2, "'nothing' is not one of 'incident_opening', 'policy_triage'"),
        (("sweeep",), 2, "No such command 'sweeep'. Perhaps you meant 'sweep'?"),
        (("serve",), 2, "SECTIONBOT_WEBHOOK_TOKEN or SECTIONBOT_SIGNING_TOKEN; to take deliveries from anybody"),
        (("deliveries", "list"), 2, "There is no database file"),
        (
            ("config", "schema", "nothing"),
            2,
            "There are no settings 'nothing'; there are bot, council, incidents, initiatives, releases, retrospectives, section, triage.",
        ),
        (("hooks", "register", "--url", "bot.example"), 2, "'bot.example' is no address of an endpoint"),
        (("hooks", "register", "--url", "http://b"), 2, "hooks are registered with them"),
    ],
)
def test_wrong_input_gets_a_sentence(spawn: Spawn, arguments: tuple[str, ...], code: int, text: str) -> None:
    ended = spawn(SECTIONBOT_WEBHOOK_TOKEN="").run(*arguments)
    assert (ended.returncode, text in " ".join(ended.stderr.split())) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("environment", "code", "text"),
    [
        ({"GITLAB_TOKEN": ""}, 2, "There is no GitLab token. Set GITLAB_TOKEN"),
        ({"GITLAB_URL": "127.0.0.1:1"}, 2, "GITLAB_URL is '127.0.0.1:1'; it must be the address of GitLab itself"),
        ({"GITLAB_URL": "http://x/api/v4"}, 2, "it must be the address of GitLab itself"),
        ({"GITLAB_TOKEN": "wrong"}, 4, "GitLabRefused"),
        ({"GITLAB_URL": "http://127.0.0.1:9"}, 4, "GitLabUnreachable"),
        ({"SECTIONBOT_CONFIG": "nowhere"}, 2, "there is no such folder of settings"),
    ],
)
def test_a_sweep_without_what_it_needs(spawn: Spawn, environment: dict[str, str], code: int, text: str) -> None:
    ended = spawn(**environment).run("sweep")
    assert (ended.returncode, text in ended.stdout + ended.stderr) == (code, True), ended.stdout + ended.stderr


@pytest.mark.parametrize("url", ["mysql://x", "nonsense", "sqlite://", "sqlite:////nowhere/at/all.sqlite"])
def test_a_database_address_that_cannot_be(spawn: Spawn, url: str) -> None:
    ended = spawn(SECTIONBOT_DATABASE_URL=url).run("serve", "--metrics-port", "0")
    assert ended.returncode == 2
    assert "SECTIONBOT_DATABASE_URL must be" in ended.stderr or "cannot be opened" in ended.stderr


@pytest.mark.parametrize("secret", ["whsec_???", "abc", "whsec_YWJj", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="])
@pytest.mark.parametrize("command", [("serve",), ("hooks", "register", "--url", "http://b")])
def test_a_signing_token_that_is_none(spawn: Spawn, secret: str, command: tuple[str, ...]) -> None:
    ended = spawn().run("--signing-token", secret, *command)
    assert (ended.returncode, "must be whsec_ and 32 bytes in base64" in ended.stderr) == (2, True)


def test_a_worker_needs_a_database_that_can_be_shared(spawn: Spawn) -> None:
    ended = spawn().run("worker", "--metrics-port", "0")
    assert (ended.returncode, "A worker shares its database with others." in ended.stderr) == (2, True)


# -- config check ----------------------------------------------------------------------------------------------------


def test_the_settings_fit_to_the_section(spawn: Spawn) -> None:
    ended = spawn().run("config", "check", "--online")
    assert (ended.returncode, ended.stdout) == (0, "The settings are fine, and GitLab has all that they name.\n")


def test_a_wrong_setting_as_code_quality(spawn: Spawn, tmp_path: Path) -> None:
    config = settings_folder(tmp_path, max_members=0)
    ended = spawn(SECTIONBOT_CONFIG=str(config)).run("config", "check", "--format", "codequality")
    assert ended.returncode == 2
    (problem,) = json.loads(ended.stdout)
    assert problem["location"]["lines"]["begin"] > 1
    assert (problem["severity"], problem["check_name"]) == ("major", "sectionbot-config")
    assert problem["description"].startswith("max_members: input should be greater than or equal to 1.")


def test_online_every_missing_thing_is_on_its_line(local_gitlab: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    severities = [
        {
            "label": "severity::9",
            "meaning": "worst",
            "members": {"usernames": ["no.body", "resp.left"], "groups": ["sec/nowhere"]},
            "access": {"role": "developer", "days": 3},
        }
    ]
    config = settings_folder(
        tmp_path,
        severities=severities,
        labels=["incident"],
        intake={"projects": ["sec/intake", "sec/gone"]},
        reporter_must_belong_to=["sec/nobody"],
        inherited_access_allowed={"usernames": []},
    )
    (config / "bot.yml").write_text("operators_project: sec/gone\n")
    section = (config / "section.yml").read_text()
    for old, new in (
        ("engineering_manager: em.abel", "engineering_manager: resp.left"),
        ("[em.enzo, tl.gita, dev.hana]}", "[no.body]}"),
        ("members: {usernames: [em.ivor, tl.kian, dev.lena]}", "members: {group: sec/nowhere}"),
        ("retrospectives/compliance", "retrospectives/gone"),
        ('label: "group::compliance"', 'label: "group::gone"'),
    ):
        assert old in section
        section = section.replace(old, new, 1)
    (config / "section.yml").write_text(section)
    ended = spawn(SECTIONBOT_CONFIG=str(config)).run("config", "check", "--online")
    shown = ended.stdout.replace(f"{config}/", "")
    assert ended.returncode == 2
    lines = [re.sub(r"^(\S+?):\d+:\d+: ", r"\1: ", line) for line in shown.splitlines()]
    for expected in (
        "bot.yml: operators_project: GitLab has no project 'sec/gone', or the bot may not see it. Add the bot to it as Reporter.",
        "incidents.yml: intake.projects[1]: GitLab has no project 'sec/gone', or the bot may not see it. Add the bot to it as Reporter.",
        "incidents.yml: reporter_must_belong_to[0]: GitLab has no group 'sec/nobody', or the bot may not see it.",
        "incidents.yml: severities[0].members.usernames[0]: GitLab has no active user 'no.body'. Is the username spelt right? The account may be blocked.",
        "incidents.yml: severities[0].members.usernames[1]: GitLab has no active user 'resp.left'. Is the username spelt right? The account may be blocked.",
        "incidents.yml: severities[0].members.groups[0]: GitLab has no group 'sec/nowhere', or the bot is no member of it. Add the bot to it as Guest.",
        "section.yml: stages[0].groups[0].people.engineering_manager: GitLab has no active user 'resp.left'. Is the username spelt right? The account may be blocked.",
        "section.yml: stages[0].groups[1].members.usernames[0]: GitLab has no active user 'no.body'. Is the username spelt right? The account may be blocked.",
        "section.yml: stages[0].groups[2].members.group: GitLab has no group 'sec/nowhere' with direct members, or the bot is no member of it. Add the bot to it as Guest.",
        "section.yml: stages[0].groups[3].retrospective_project: GitLab has no project 'sec/retrospectives/gone', or the bot may not see it. Add the bot to it as Planner.",
        "section.yml: stages[0].groups[3].label: sec has no label 'group::gone'. Make it there, or write its name as it is.",
        "incidents.yml: warning: severities[0].label: sec/intake has no label 'severity::9'. Make it, in a group above.",
        "incidents.yml: inherited_access_allowed: section.owner would read every incident by inheritance from sec/incidents. Remove them there, or allow them here.",
    ):
        assert expected in lines, shown


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda gitlab, token: setattr(token, "scopes", ["read_api"]),
            "the token has the scopes read_api; it needs api.",
        ),
        (lambda gitlab, token: setattr(token, "revoked", True), "GitLab does not take the token"),
        (
            lambda gitlab, token: gitlab.store.add_user("sectionbot"),
            "'sectionbot' is the username of somebody else, who would be mentioned. Give the bot another name for comments.",
        ),
        (
            lambda gitlab, token: setattr(token, "expires_at", gitlab.store.now().date().replace(year=2020)),
            "GitLab does not take the token",
        ),
        (
            lambda gitlab, token: gitlab.store.group_paths["sec/incidents"].members.pop(token.user_id),
            "GitLab has no group 'sec/incidents', or the bot is no member of it. Make it, private, with the bot as Owner.",
        ),
        (
            lambda gitlab, token: setattr(
                gitlab.store.group_paths["sec/incidents"].members[token.user_id], "access_level", 40
            ),
            "the bot's role in sec/incidents is Maintainer; it needs Owner to create projects and add members.",
        ),
        (
            lambda gitlab, token: setattr(gitlab.store.group_paths["sec/incidents"], "visibility", "public"),
            "the group sec/incidents is public. Make it private: its name alone says too much.",
        ),
        (
            lambda gitlab, token: gitlab.project("sec/intake").members.pop(token.user_id),
            "the bot's role in sec/intake is nothing (it is no member); it needs Reporter to see confidential reports.",
        ),
    ],
)
def test_what_is_wrong_with_the_token_and_its_roles(
    local_gitlab: LocalGitLab, spawn: Spawn, change: Callable[..., object], text: str
) -> None:
    change(local_gitlab, local_gitlab.store.tokens["demo-bot-token"])
    ended = spawn().run("config", "check", "--online")
    assert (ended.returncode, text in ended.stdout) == (2, True), ended.stdout


def test_warnings_make_no_check_fail(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    token = local_gitlab.store.tokens["demo-bot-token"]
    soon = local_gitlab.store.now().date().toordinal() + 5
    token.expires_at = type(local_gitlab.store.now().date()).fromordinal(soon)
    group = local_gitlab.store.group_paths["sec/incidents"]
    owner = local_gitlab.store.usernames["section.owner"]
    local_gitlab.store.add_project("x", group, owner, description="<!-- sectionbot:incident_project source=1#1 -->")
    ended = spawn().run("config", "check", "--online")
    assert ended.returncode == 0
    assert f"warning: the token expires on {token.expires_at.isoformat()}." in ended.stdout
    assert f"has projects with the bot's marker that other users made (ids {owner.id})." in ended.stdout


# -- hooks and deliveries --------------------------------------------------------------------------------------------


def test_hooks_are_registered_with_both_secrets_and_once(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    signing = "whsec_" + base64.b64encode(b"s" * 32).decode()
    bot = spawn(SECTIONBOT_SIGNING_TOKEN=signing)
    bot.environment["SECTIONBOT_SIGNING_TOKEN"] = signing
    for _ in range(2):
        ended = bot.run("hooks", "register", "--url", "https://bot.example/webhooks/gitlab")
        assert ended.returncode == 0, ended.stdout
        assert signing not in ended.stdout + ended.stderr
    hooks = sorted(local_gitlab.store.hooks.values(), key=lambda hook: hook.project_id is None)
    assert [(hook.project_id is None, hook.token, hook.signing_token) for hook in hooks] == [
        (False, "hook-token", signing),
        (True, "hook-token", signing),
    ]


def test_a_dry_run_registers_nothing(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    shown = spawn().run("hooks", "register", "--url", "https://bot.example/webhooks/gitlab", "--dry-run")
    assert (shown.returncode, "2 register hook" in shown.stdout, local_gitlab.store.hooks) == (0, True, {})


def test_in_the_free_tier_it_says_what_to_do(free_tier_gitlab: LocalGitLab, tmp_path: Path) -> None:
    bot = BotProcess(free_tier_gitlab, f"sqlite:///{tmp_path}/bot.sqlite", tmp_path)
    ended = bot.run("hooks", "register", "--url", "https://bot.example/webhooks/gitlab")
    assert ended.returncode == 4
    assert (
        "Group hooks need Premium; in Free set add_project_hook: true and webhook_url in the settings." in ended.stdout
    )


def test_in_the_free_tier_each_incident_gets_a_hook(free_tier_gitlab: LocalGitLab, tmp_path: Path) -> None:
    report = free_tier_gitlab.incident("incident")
    config = settings_folder(tmp_path, add_project_hook=True)
    file = config / "bot.yml"
    file.write_text(file.read_text() + "webhook_url: https://bot.example/webhooks/gitlab\n")
    bot = BotProcess(free_tier_gitlab, f"sqlite:///{tmp_path}/b.sqlite", tmp_path, SECTIONBOT_CONFIG=str(config))
    assert bot.run("sweep", "--apply").returncode == 0
    (hook,) = free_tier_gitlab.store.hooks.values()
    assert hook.project_id == free_tier_gitlab.incident_of(report).id
    assert bot.run("sweep", "--apply").stdout == "incident_opening: nothing to do\npolicy_triage: nothing to do\n"


def test_the_doctor_finds_and_mends(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    assert "No webhook to the bot is registered here" in bot.run("hooks", "doctor").stdout
    bot.start()
    bot.connect_hooks()
    hook = next(each for each in local_gitlab.store.hooks.values() if each.project_id)
    now = local_gitlab.store.now()

    def delivery(key: str, status: str) -> None:
        headers = {"X-Gitlab-Event": "Issue Hook", "Idempotency-Key": key}
        number = local_gitlab.store.next_id("hook_events")
        hook.deliveries.append(HookEvent(number, hook.url, "issue_hooks", headers, "{}", {}, "", 0.1, status, now))

    for key, status in (("a", "500"), ("b", "internal error"), ("b", "internal error"), ("c", "503"), ("c", "200")):
        delivery(key, status)
    hook.failures, hook.disabled_until = 4, now.replace(year=2090)
    shown = bot.run("hooks", "doctor")
    assert shown.returncode == 0
    assert "2 resend delivery" in shown.stdout
    assert "is temporarily disabled until 2090" in shown.stdout
    before = len(hook.deliveries)
    bot.run("hooks", "doctor", "--apply")
    assert len(hook.deliveries) == before + 2
    assert bot.run("hooks", "doctor").stdout == "hooks: nothing to do\n"


def test_deliveries_are_listed_shown_and_replayed(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    from tests.bot_process import eventually

    bot = spawn()
    bot.start()
    bot.connect_hooks()
    report = local_gitlab.incident("incident")
    eventually(lambda: "done" in bot.run("deliveries", "list").stdout)
    listed = json.loads(bot.run("deliveries", "list", "--format", "json").stdout)
    first = listed[-1]["id"]
    shown = bot.run("deliveries", "show", first).stdout
    assert "incident_opening: create project" in shown
    assert "intake" not in shown and "rita" not in shown
    notes = len(local_gitlab.notes(report))
    assert bot.run("deliveries", "replay", first).returncode == 0
    eventually(lambda: len(json.loads(bot.run("deliveries", "list", "--format", "json").stdout)) > len(listed))
    assert len(local_gitlab.notes(report)) == notes
    assert bot.run("deliveries", "list", "--dead").stdout == "Nothing failed for good.\n"
    missing = bot.run("deliveries", "show", "nothing")
    assert (missing.returncode, "There is no delivery 'nothing'" in missing.stderr) == (2, True)


def test_the_emulator_says_what_is_wrong_with_a_seed(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text("people: []\n")
    command = [sys.executable, "-m", "bot", "emulator", "--root-token", "x", "--seed", str(seed)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, "unknown key 'people'" in ended.stderr) == (2, True)


def test_the_settings_of_a_fresh_folder_work(tmp_path: Path, local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    """The three folders are all that a deployment brings along."""
    for name in ("config", "templates", "triage-policies"):
        shutil.copytree(ROOT / name, tmp_path / name, dirs_exist_ok=True)
    bot = spawn(SECTIONBOT_CONFIG=str(tmp_path / "config"), SECTIONBOT_TEMPLATES=str(tmp_path / "templates"))
    assert bot.run("config", "check").returncode == 0


def test_an_address_that_is_taken(spawn: Spawn) -> None:
    bot = spawn()
    bot.start()
    second = spawn(f"sqlite:///{bot.folder}/second.sqlite")
    taken = second.run("serve", "--port", str(bot.port), "--metrics-port", "0")
    assert taken.returncode == 2
    assert f"127.0.0.1:{bot.port} could not be opened: is something else listening there?" in taken.stderr
    metrics = second.run("serve", "--port", "0", "--metrics-port", str(bot.port))
    assert metrics.returncode == 2
    assert f"/metrics cannot listen on 127.0.0.1:{bot.port}: Address already in use." in metrics.stderr


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("sec/intak#1", "GitLab has no project 'sec/intak', or the bot may not see it."),
        ("sec/intake#99", "GitLab has no issue sec/intake#99, or the bot may not see it."),
        ("https://other.example/sec/intake/-/issues/1", "is in another GitLab than http://127.0.0.1"),
        ("sec/intake", "sec/intake is a project; name an issue in it: sec/intake#12."),
    ],
)
def test_a_scope_that_gitlab_does_not_have(spawn: Spawn, reference: str, text: str) -> None:
    ended = spawn().run("sweep", "--scope", reference)
    assert (ended.returncode, text in ended.stdout + ended.stderr) == (2, True), ended.stdout


def test_a_renamed_intake_goes_on_and_the_check_says_its_new_path(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    report = local_gitlab.incident()
    local_gitlab.call("PUT", "/projects/1", json={"path": "inbox", "name": "Inbox"})
    bot = spawn()
    assert "the project sec/intake is sec/inbox now" in bot.run("config", "check", "--online").stdout
    assert bot.run("sweep", "--apply").returncode == 0
    assert len(local_gitlab.members(local_gitlab.incident_of(report))) == 6


def test_a_database_file_in_a_folder_that_is_not_there(spawn: Spawn) -> None:
    ended = spawn("sqlite:////nowhere/at/all.sqlite").run("serve", "--metrics-port", "0")
    assert ended.stderr == (
        "Error: The database file /nowhere/at/all.sqlite cannot be opened: No such file or directory.\n"
    )


def test_a_database_that_is_not_the_bots(spawn: Spawn, tmp_path: Path) -> None:
    (tmp_path / "other.sqlite").touch()
    ended = spawn(f"sqlite:///{tmp_path}/other.sqlite").run("deliveries", "list")
    assert (ended.returncode, "The database has no deliveries (" in ended.stderr) == (2, True)


def test_metrics_are_served_on_an_address_of_their_own(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    import requests

    from tests.bot_process import eventually
    from tests.local_gitlab import free_port

    bot, port = spawn(), free_port()
    bot.start("serve", "--metrics-port", str(port))
    bot.connect_hooks()
    local_gitlab.incident()
    expected = (
        'sectionbot_changes_total{kind="create project",outcome="done"} 1.0',
        'sectionbot_jobs_total{outcome="done"}',
        'sectionbot_deliveries_total{outcome="accepted"}',
        'sectionbot_queue_depth{lane="incidents"}',
        "sectionbot_delivery_seconds_count",
        'sectionbot_gitlab_requests_total{method="POST",status="201"}',
    )

    def shown() -> bool:
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        return all(line in text for line in expected)

    eventually(shown)
    assert requests.get(f"{bot.url}/metrics", timeout=5).status_code == 404


def test_the_doctor_asks_for_five_deliveries_a_minute() -> None:
    from bot.cli.hooking import _batches
    from bot.domain.changes import ResendDelivery
    from bot.domain.plan import Plan, Step

    steps = tuple(Step(ResendDelivery("g/p", False, 1, number), "b", "g/p") for number in range(12))
    assert [len(batch.steps) for batch in _batches(Plan(steps))] == [5, 5, 2]


def test_completion_is_there(spawn: Spawn) -> None:
    ended = spawn(_SECTIONBOT_COMPLETE="bash_complete", COMP_WORDS="sectionbot sw", COMP_CWORD="1").run()
    assert ended.stdout == "plain,sweep\n"


def test_problems_as_json(spawn: Spawn, tmp_path: Path) -> None:
    config = settings_folder(tmp_path, max_members=0)
    (problem,) = json.loads(spawn(SECTIONBOT_CONFIG=str(config)).run("config", "check", "--format", "json").stdout)
    assert (problem["where"], problem["is_warning"]) == ("max_members", False)


def test_logs_are_json_and_hold_no_secret_and_no_name(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    from tests.bot_process import eventually

    bot = spawn()
    bot.start()
    bot.connect_hooks()
    report = local_gitlab.incident(title="Very secret title")
    eventually(lambda: local_gitlab.notes(report))
    bot.stop()
    text = bot.log.read_text()
    assert {"serving", "delivery_accepted", "change", "stopping"} <= {
        json.loads(line)["event"] for line in text.splitlines()
    }
    for secret in ("secret", "rita", "demo-bot-token", "hook-token", "incident-1-1"):
        assert secret not in text
