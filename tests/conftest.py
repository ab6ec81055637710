"""What many tests need: an emulated GitLab over a real socket, and the section of the demo in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from bot.emulator.server import build, server
from bot.settings.loading import Settings
from bot.wiring import AUTOMATIONS, Environment, GitLab, connect, load_settings
from tests.bot_process import BotProcess, without_triage
from tests.local_gitlab import LocalGitLab, free_port

ROOT = Path(__file__).resolve().parents[1]
# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy machine")
Spawn = Callable[..., BotProcess]
SEED = ROOT / "tests" / "demo" / "seed.yml"


@pytest.fixture
def local_gitlab() -> Iterator[LocalGitLab]:
    """An emulated GitLab with the section of the demo."""
    yield from running(SEED, "premium")


@pytest.fixture
def empty_gitlab() -> Iterator[LocalGitLab]:
    """An emulated GitLab with nothing but root, whose token is `root`."""
    yield from running(None, "premium")


@pytest.fixture
def free_tier_gitlab() -> Iterator[LocalGitLab]:
    yield from running(SEED, "free")


def running(seed: Path | None, tier: str) -> Iterator[LocalGitLab]:
    port = free_port()
    application = build(f"http://127.0.0.1:{port}", "root", tier=tier, seed_file=seed)
    running = server(application, "127.0.0.1", port)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not running.started and time.monotonic() < end:
        time.sleep(0.005)
    yield LocalGitLab(f"http://127.0.0.1:{port}", application)
    running.should_exit = True
    running.force_exit = True  # clients that were killed leave their connections open
    application.hooks.close()
    thread.join(10)


@pytest.fixture
def environment(local_gitlab: LocalGitLab, tmp_path: Path) -> Environment:
    return Environment(
        gitlab_url=local_gitlab.url,
        gitlab_token="demo-bot-token",
        config=without_triage(tmp_path / "without-triage"),
        templates=ROOT / "templates",
        webhook_tokens=("hook-token",),
        database_url=f"sqlite:///{tmp_path}/bot.sqlite",
    )


@pytest.fixture
def spawn(local_gitlab: LocalGitLab, tmp_path: Path) -> Iterator[Spawn]:
    """Makes bot processes on the test's GitLab; whatever still runs afterwards is killed."""
    made: list[BotProcess] = []

    def make(database_url: str | None = None, **environment: str) -> BotProcess:
        url = database_url or f"sqlite:///{tmp_path}/bot.sqlite"
        made.append(BotProcess(local_gitlab, url, tmp_path, **environment))
        return made[-1]

    yield make
    for process in made:
        process.kill()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = without_triage(tmp_path / "without-triage")
    return load_settings(Environment(config=config, templates=ROOT / "templates"))


@pytest.fixture
def connected(environment: Environment, settings: Settings) -> GitLab:
    return connect(environment, settings)


@pytest.fixture
def automations() -> Any:
    return AUTOMATIONS
