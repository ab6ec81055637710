"""Two minutes with the bot: an incident, triage by policy, a month of retrospectives, an initiative, on an emulator.

Starts the emulator and the bot as processes of their own, which talk over real sockets, plays the people, shows what
the bot does as it happens, and checks the end state itself.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.demo.initiative import initiatives_and_the_council
from tests.demo.month import a_month_of_retrospectives
from tests.demo.stage import ROOT, ROOT_TOKEN, SEED, Failed, Stage, expect, say, wait_for

LISTED = ("director.security", "resp.ada", "resp.ben", "resp.cho", "resp.dee")


def open_the_stage(stage: Stage) -> None:
    say(f"An emulated GitLab starts on {stage.gitlab_url} with a small Sec section.")
    port = stage.gitlab_url.rsplit(":", 1)[1]
    stage.start(
        "emulator", "emulator", "--port", port, "--root-token", ROOT_TOKEN, "--seed", str(SEED), "--latency-ms", "120"
    )
    wait_for("The emulator", lambda: requests.get(f"{stage.gitlab_url}/-/readiness", timeout=2).ok)
    say(f"The bot starts on {stage.bot_url}; its webhooks are registered with a token and a signing token.")
    config = ("--config", str(_settings_of_the_server(stage.folder)))
    stage.start("bot", *config, "serve", "--port", stage.bot_url.rsplit(":", 1)[1], "--metrics-port", "0")
    wait_for("The bot", lambda: requests.get(f"{stage.bot_url}/readyz", timeout=2).ok)
    registered = stage.run(*config, "hooks", "register", "--url", f"{stage.bot_url}/webhooks/gitlab")
    if registered.returncode != 0:
        raise Failed(f"hooks register ended with {registered.returncode}: {registered.stdout}{registered.stderr}")


def _settings_of_the_server(folder: Path) -> Path:
    """Without retrospectives: they play in another month, and the server lives today."""
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "triage-policies").symlink_to(ROOT / "triage-policies")
    with (folder / "config" / "bot.yml").open("a", encoding="utf-8") as file:
        file.write("switched_off: [retrospectives, initiatives, council]\n")
    return folder / "config"


def an_incident(stage: Stage) -> None:
    """A report, its label, and everything that follows from it."""
    say("\nRita reports something strange in sec/intake.")
    reporter = stage.as_user("demo-reporter-token")
    report = reporter.projects.get("sec/intake").issues.create(
        {
            "title": "Deploy token in a public job log",
            "description": "The log of job 4711 shows a deploy token.\n\nI have not told anybody else yet.",
        }
    )
    say(f"  {stage.gitlab_url}/api/v4/projects/{report.project_id}/issues/{report.iid}")
    say("Eva, on call, labels it severity::1.")
    on_call = stage.as_user("demo-oncall-token")
    issue = on_call.projects.get("sec/intake").issues.get(report.iid)
    issue.labels = ["severity::1"]
    labelled = time.monotonic()
    issue.save()
    path = f"sec/incidents/incident-{report.project_id}-{report.iid}"
    shown: set[str] = set()

    def complete() -> bool:
        project = stage.project(path)
        news = _news(project, stage.project("sec/intake"), report.iid)
        for line in news:
            if line not in shown:
                shown.add(line)
                say(f"  +{time.monotonic() - labelled:4.1f} s  {line}")
        return len(news) == 5

    wait_for("The incident", complete)
    check_incident(stage, path, report.iid)


def a_policy(stage: Stage) -> None:
    """A plan of the section's policies, an explanation, and a rule that runs on a webhook."""
    say("\nRita writes a wish into sec/product, without saying what it is.")
    reporter = stage.as_user("demo-reporter-token").projects.get("sec/product")
    wish = reporter.issues.create({"title": "Scan results should name the file"})
    reference = f"sec/product#{wish.iid}"
    asked = time.monotonic()
    wait_for("The rule", lambda: "needs type" in reporter.issues.get(wish.iid).labels)
    say(f"  +{time.monotonic() - asked:4.1f} s  the policy has put `needs type` on it, and asks for a type.")
    say(f"Why? sectionbot triage explain triage-policies/hygiene.yml --resource {reference}")
    explained = stage.run("triage", "explain", "triage-policies/hygiene.yml", "--resource", reference)
    expect("the explanation's exit code", 0, explained.returncode)
    for line in explained.stdout.splitlines()[2:9]:
        say(f"  {line}")
    say("Eva answers with type::feature.")
    issue = stage.as_user("demo-oncall-token").projects.get("sec/product").issues.get(wish.iid)
    issue.labels = [*issue.labels, "type::feature"]
    issue.save()
    wait_for("The other rule", lambda: reporter.issues.get(wish.iid).labels == ["type::feature"])
    say("  the request for a type is taken back.")
    say("What would the schedule do? sectionbot triage run triage-policies/hygiene.yml --project sec/product")
    planned = stage.run("triage", "run", "triage-policies/hygiene.yml", "--project", "sec/product")
    expect("the plan's exit code", 0, planned.returncode)
    say(f"  {planned.stdout.splitlines()[0]}")


ACTS: dict[str, Callable[[Stage], None]] = {
    "incident": an_incident,
    "triage": a_policy,
    "retrospectives": a_month_of_retrospectives,
    "initiatives": initiatives_and_the_council,
}


def _news(project: dict[str, Any] | None, intake: dict[str, Any] | None, iid: int) -> list[str]:
    found = []
    if project:
        found.append(f"{project['visibility']} project {project['path']}")
        issues = project["issues"]
        if issues:
            first = issues[0]
            found.append(f"issue #{first['iid']} '{first['title']}' from the template, confidential")
            if any("Record of access" in note["body"] for note in first["notes"]):
                found.append("the record of access in the incident")
        if len(project["members"]) >= len(LISTED) + 1:
            names = [
                f"{each['username']} ({each['access_level']}, {each['expires_at']})" for each in project["members"]
            ]
            found.append("members with role and expiry: " + ", ".join(names))
    report = next((each for each in (intake or {"issues": []})["issues"] if each["iid"] == iid), None)
    for note in report["notes"] if report else []:
        if "being handled" in note["body"]:
            found.append("a note on the report: " + note["body"].split("\n")[0])
    return found


def check_incident(stage: Stage, path: str, iid: int) -> None:
    """Everything that the README promises of an incident of severity 1."""
    project = stage.project(path)
    intake = stage.project("sec/intake")
    if project is None or intake is None:
        raise Failed(f"{path} is missing.")
    levels = {each["username"]: (each["access_level"], bool(each["expires_at"])) for each in project["members"]}
    expected = {"rita.reporter": (20, True)} | dict.fromkeys(LISTED, (30, True))
    expect("the members, their roles and that they expire", expected, levels)
    expect("the visibility", "private", project["visibility"])
    expect("the number of issues", 1, len(project["issues"]))
    issue = project["issues"][0]
    expect("the incident issue's number", 1, issue["iid"])
    expect("that the incident issue is confidential", True, issue["confidential"])
    expect("the severity label", True, "severity::1" in issue["labels"])
    for part in ("### Roles", "### Timeline", "### External communication", "job 4711"):
        expect(f"{part!r} in the incident issue", True, part in (issue["description"] or ""))
    notes = [note for note in issue["notes"] if not note["system"]]
    expect("the number of notes in the incident", 1, len(notes))
    report = next(each for each in intake["issues"] if each["iid"] == iid)
    told = [note["body"] for note in report["notes"] if not note["system"]]
    expect("the number of notes on the report", 1, len(told))
    expect("that the note on the report does not name the project", False, "incident-" in told[0])
    # Whether a retrospective is due depends on the day.
    looks = ("--automation", "incident_opening", "--automation", "policy_triage")
    second = stage.run("sweep", *looks, "--format", "json")
    expect("a second look finds nothing to do", True, '"steps": []' in second.stdout and second.returncode == 0)
    say(
        "\nThe end state was checked: a private project, one issue, six members with role and expiry, one record, "
        "one note."
    )
    say("A second look finds nothing to do.")


def leave_running(stage: Stage) -> None:
    say(f"\nBoth go on running. GitLab: {stage.gitlab_url} (token of root: {ROOT_TOKEN}); bot: {stage.bot_url}")
    say("The people's tokens: demo-reporter-token, demo-oncall-token, demo-owner-token, demo-passerby-token. Try:")
    say(f"  curl -H 'PRIVATE-TOKEN: {ROOT_TOKEN}' {stage.gitlab_url}/api/v4/projects/sec%2Fintake/issues")
    say(f"Logs and the bot's database are in {stage.folder}. Ctrl-C ends everything.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("Stopping.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--act", choices=ACTS, help="only this act")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sectionbot-demo-") as folder:
        stage = Stage(Path(folder))
        try:
            open_the_stage(stage)
            for name, act in ACTS.items():
                if arguments.act in (None, name):
                    act(stage)
            say(f"The demo took {time.monotonic() - started:.0f} s.")
            if arguments.keep:
                leave_running(stage)
        except Failed as failed:
            say(f"\nThe demo failed: {failed}")
            for name in ("emulator", "bot"):
                log = Path(folder, f"{name}.log")
                if log.exists():
                    say(f"--- the end of {name}.log\n{log.read_text()[-3000:]}")
            return 1
        finally:
            stage.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
