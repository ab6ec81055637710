"""The bot as a real process, for tests that kill it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import yaml

from bot.runtime.applying import apply_plan
from bot.runtime.hooks import gather_hooks, plan_registration
from bot.wiring import Environment, connect, load_settings
from tests.local_gitlab import LocalGitLab, free_port
from tests.warm_process import WarmProcess, run_warm

ROOT = Path(__file__).resolve().parents[1]


def eventually(ask: Callable[[], Any], seconds: float = 40.0) -> Any:
    """The first truthy answer; fails the test where none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.03)
    raise AssertionError(f"It did not happen within {seconds:.0f} s.")


def without_triage(target: Path) -> Path:
    """A copy of config/ in `target` whose triage looks at nothing, for tests of everything else."""
    if not target.exists():
        shutil.copytree(ROOT / "config", target)
        (target / "triage.yml").write_text("sources: []\n", encoding="utf-8")
        without_the_rest(target)
    return target


def without_the_rest(config: Path) -> None:
    """So that it does not matter on which day a test runs, and what else the bot does."""
    with (config / "bot.yml").open("a", encoding="utf-8") as file:
        file.write("switched_off: [retrospectives, initiatives, council]\n")


def settings_folder(folder: Path, **incidents: Any) -> Path:
    """A copy of config/ with changed values in incidents.yml, and no triage."""
    target = without_triage(folder / "config")
    file = target / "incidents.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8")) | incidents
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return target


def settings_with_25_members(local_gitlab: LocalGitLab, folder: Path, **incidents: Any) -> Path:
    """Settings whose severity 1 has 25 pre-defined members: 15 by name, 10 by group."""
    names = [f"listed.{number}" for number in range(15)]
    for name in names:
        local_gitlab.store.add_user(name)
    group = local_gitlab.store.group_paths["sec/incident-responders"]
    for number in range(6):
        user = local_gitlab.store.add_user(f"more.{number}")
        local_gitlab.call("POST", f"/groups/{group.id}/members", json={"user_id": user.id, "access_level": 30})
    severity = {
        "label": "severity::1",
        "meaning": "worst",
        "members": {"usernames": names, "groups": ["sec/incident-responders"]},
        "access": {"role": "developer", "days": 90},
    }
    return settings_folder(folder, severities=[severity], **incidents)


class BotProcess:
    """`sectionbot serve` or `worker` against a local GitLab."""

    def __init__(self, local_gitlab: LocalGitLab, database_url: str, folder: Path, **environment: str) -> None:
        self.environment = os.environ | {
            "GITLAB_URL": local_gitlab.url,
            "GITLAB_TOKEN": "demo-bot-token",
            "SECTIONBOT_WEBHOOK_TOKEN": "hook-token",
            "SECTIONBOT_DATABASE_URL": database_url,
            "SECTIONBOT_CONFIG": str(without_triage(folder / "without-triage")),
            "SECTIONBOT_TEMPLATES": str(ROOT / "templates"),
        }
        self.environment |= environment
        self.environment.pop("SECTIONBOT_SIGNING_TOKEN", None)
        self.local_gitlab, self.folder = local_gitlab, folder
        self.process: WarmProcess | None = None
        self.port = free_port()
        self.log = folder / f"bot-{self.port}.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_warm(arguments, dict(self.environment), 120)

    def start(self, command: str = "serve", *arguments: str) -> None:
        if command == "serve":
            arguments = ("--port", str(self.port), *arguments)
        whole = (command, *(() if "--metrics-port" in arguments else ("--metrics-port", "0")), *arguments)
        with self.log.open("ab") as log:
            self.process = WarmProcess(whole, dict(self.environment), log.fileno(), log.fileno())
        if command == "serve":
            eventually(self._ready)
        else:
            eventually(lambda: b"The workers are running" in self.log.read_bytes())

    def _ready(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """kill -9"""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return -1
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def connect_hooks(self) -> None:
        """Webhooks of the intake and of the incident group to this process, as GitLab would deliver them."""
        environment = Environment(
            gitlab_url=self.local_gitlab.url,
            gitlab_token=self.environment["GITLAB_TOKEN"],
            config=Path(self.environment["SECTIONBOT_CONFIG"]),
            templates=Path(self.environment["SECTIONBOT_TEMPLATES"]),
            webhook_tokens=(self.environment["SECTIONBOT_WEBHOOK_TOKEN"],),
        )
        settings = load_settings(environment)
        gitlab, url = connect(environment, settings), f"{self.url}/webhooks/gitlab"
        plan = plan_registration(gather_hooks(gitlab.checking(), settings, url=url, with_events=False), url)
        outcomes = apply_plan(plan, gitlab.writer())
        assert plan.steps and all(outcome.status.is_good for outcome in outcomes.values()), outcomes
