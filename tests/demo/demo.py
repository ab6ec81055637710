"""A minute with the bot: an incident, and triage by policy, on a local GitLab emulator, over real sockets.

Starts the emulator and the bot as processes of their own, plays the people, shows what the bot does as it happens, and
checks the end state itself.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gitlab
import requests

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "tests" / "demo" / "seed.yml"
ROOT_TOKEN = "demo-root-token"
LISTED = ("director.security", "resp.ada", "resp.ben", "resp.cho", "resp.dee")


class Failed(Exception):
    """The end state is not what it has to be."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ask: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first truthy answer of `ask`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = ask()
        except requests.RequestException:
            answer = None
        if answer:
            return answer
        time.sleep(0.05)
    raise Failed(f"{what} did not happen within {seconds:.0f} s.")


class Stage:
    """The processes of the demo, and their addresses."""

    def __init__(self, folder: Path) -> None:
        self.gitlab_url = f"http://127.0.0.1:{free_port()}"
        self.bot_url = f"http://127.0.0.1:{free_port()}"
        self.token = secrets.token_urlsafe(16)
        self.signing = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.environment = os.environ | {
            "GITLAB_URL": self.gitlab_url,
            "GITLAB_TOKEN": "demo-bot-token",
            "SECTIONBOT_WEBHOOK_TOKEN": self.token,
            "SECTIONBOT_SIGNING_TOKEN": self.signing,
            "SECTIONBOT_DATABASE_URL": f"sqlite:///{folder}/sectionbot.sqlite",
        }
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        command = [sys.executable, "-m", "bot", *arguments]
        self.processes.append(
            subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        )

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = requests.get(f"{self.gitlab_url}/-/emulator/state", timeout=10).json()
        return state

    def project(self, path: str) -> dict[str, Any] | None:
        return next((each for each in self.state()["projects"] if each["path"] == path), None)

    def as_user(self, token: str) -> gitlab.Gitlab:
        return gitlab.Gitlab(self.gitlab_url, private_token=token)


def open_the_stage(stage: Stage) -> None:
    say(f"An emulated GitLab starts on {stage.gitlab_url} with a small Sec section.")
    port = stage.gitlab_url.rsplit(":", 1)[1]
    stage.start(
        "emulator", "emulator", "--port", port, "--root-token", ROOT_TOKEN, "--seed", str(SEED), "--latency-ms", "120"
    )
    wait_for("The emulator", lambda: requests.get(f"{stage.gitlab_url}/-/readiness", timeout=2).ok)
    say(f"The bot starts on {stage.bot_url}; its webhooks are registered with a token and a signing token.")
    stage.start("bot", "serve", "--port", stage.bot_url.rsplit(":", 1)[1], "--metrics-port", "0")
    wait_for("The bot", lambda: requests.get(f"{stage.bot_url}/readyz", timeout=2).ok)
    registered = stage.run("hooks", "register", "--url", f"{stage.bot_url}/webhooks/gitlab")
    if registered.returncode != 0:
        raise Failed(f"hooks register ended with {registered.returncode}: {registered.stdout}{registered.stderr}")


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
    _expect("the explanation's exit code", 0, explained.returncode)
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
    _expect("the plan's exit code", 0, planned.returncode)
    say(f"  {planned.stdout.splitlines()[0]}")


ACTS: dict[str, Callable[[Stage], None]] = {"incident": an_incident, "triage": a_policy}


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
    _expect("the members, their roles and that they expire", expected, levels)
    _expect("the visibility", "private", project["visibility"])
    _expect("the number of issues", 1, len(project["issues"]))
    issue = project["issues"][0]
    _expect("the incident issue's number", 1, issue["iid"])
    _expect("that the incident issue is confidential", True, issue["confidential"])
    _expect("the severity label", True, "severity::1" in issue["labels"])
    for part in ("### Roles", "### Timeline", "### External communication", "job 4711"):
        _expect(f"{part!r} in the incident issue", True, part in (issue["description"] or ""))
    notes = [note for note in issue["notes"] if not note["system"]]
    _expect("the number of notes in the incident", 1, len(notes))
    report = next(each for each in intake["issues"] if each["iid"] == iid)
    told = [note["body"] for note in report["notes"] if not note["system"]]
    _expect("the number of notes on the report", 1, len(told))
    _expect("that the note on the report does not name the project", False, "incident-" in told[0])
    # Whether a retrospective is due depends on the day.
    looks = ("--automation", "incident_opening", "--automation", "policy_triage")
    second = stage.run("sweep", *looks, "--format", "json")
    _expect("a second look finds nothing to do", True, '"steps": []' in second.stdout and second.returncode == 0)
    say(
        "\nThe end state was checked: a private project, one issue, six members with role and expiry, one record, "
        "one note."
    )
    say("A second look finds nothing to do.")


def _expect(what: str, expected: Any, actual: Any) -> None:
    if expected != actual:
        raise Failed(f"{what}: expected {expected!r}, but it is {actual!r}.")


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
