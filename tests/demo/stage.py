"""The processes of the demo: a local GitLab emulator and the bot, and what acts need to talk to them."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gitlab
import requests

from tests.warm_process import run_warm

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "tests" / "demo" / "seed.yml"
ROOT_TOKEN = "demo-root-token"


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
        return run_warm(arguments, dict(self.environment), 120)

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


def expect(what: str, expected: Any, actual: Any) -> None:
    if expected != actual:
        raise Failed(f"{what}: expected {expected!r}, but it is {actual!r}.")
