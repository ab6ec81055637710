"""Jobs in a real database: order, lanes, retries, dead letters, replay, and jobs of an older version."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.errors import WrongInput
from bot.domain.events import Event
from bot.domain.ports import Lane
from bot.runtime.durable import Durable, Workers
from bot.runtime.history import History
from bot.runtime.jobs import Job
from bot.runtime.metrics import Metrics
from tests.bot_process import eventually

Start = Callable[..., Durable]
DONE = {"outcome": "done", "changes": []}


def job(delivery: str, *, iid: int = 1, lane: Lane = Lane.INCIDENTS, names: tuple[str, ...] = ("a",)) -> Job:
    event = Event("issue", 7, "sec/intake", iid)
    return Job(delivery, lane, event, names, dt.datetime.now(dt.UTC).isoformat())


def noting(seen: list[str]) -> Callable[[Job, bool], dict[str, Any]]:
    """Work that only remembers what it was given."""

    def work(each: Job, _last: bool) -> dict[str, Any]:
        seen.append(each.delivery)
        return DONE

    return work


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Durable] = []

    def make(work: Callable[[Job, bool], dict[str, Any]], **options: Any) -> Durable:
        workers = options.pop("workers", Workers(2, 2))
        url = f"sqlite:///{tmp_path}/bot.sqlite"
        made.append(Durable(url, work, workers, Metrics(), history_days=30, **options))
        made[-1].start()
        return made[-1]

    yield make
    for durable in made:
        durable.stop(0)


def states(tmp_path: Path) -> dict[str, str]:
    return {each.id: each.state for each in History(f"sqlite:///{tmp_path}/bot.sqlite").newest(limit=2000)}


def test_a_doubled_delivery_is_one_job(start: Start) -> None:
    seen: list[str] = []
    durable = start(noting(seen))
    for _ in range(3):
        durable.enqueue(job("d-1"))
    durable.enqueue(job("d-2", iid=2))
    eventually(lambda: len(seen) == 2)
    assert sorted(seen) == ["d-1", "d-2"]


def test_the_jobs_of_one_resource_run_in_order_and_never_side_by_side(start: Start) -> None:
    """Each looks for something else, so that none is superseded."""
    seen: list[str] = []
    running, most = [0], [0]

    def work(each: Job, _last: bool) -> dict[str, Any]:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.02)
        seen.append(each.delivery)
        running[0] -= 1
        return DONE

    durable = start(work, workers=Workers(4, 1))
    for number in range(8):
        durable.enqueue(job(f"d-{9 - number}", names=(f"a{number}",)))
    eventually(lambda: len(seen) == 8)
    assert (seen, most) == ([f"d-{9 - number}" for number in range(8)], [1])


def test_others_run_beside_it_within_the_bound_of_the_process(start: Start) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work(_job: Job, _last: bool) -> dict[str, Any]:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.15)
        with lock:
            running[0] -= 1
        return DONE

    durable = start(work, workers=Workers(3, 1))
    for number in range(12):
        durable.enqueue(job(f"d-{number}", iid=number))
    eventually(lambda: most[0] >= 3 and running[0] == 0)
    assert most == [3]


def test_a_job_is_superseded_by_a_later_one_that_looks_for_the_same(start: Start, tmp_path: Path) -> None:
    seen: list[str] = []
    gate = threading.Event()

    def work(each: Job, _last: bool) -> dict[str, Any]:
        seen.append(each.delivery)
        gate.wait(20)
        return DONE

    durable = start(work)
    durable.enqueue(job("d-1"))
    eventually(lambda: seen == ["d-1"])
    for number in range(2, 6):
        durable.enqueue(job(f"d-{number}"))
    gate.set()
    eventually(lambda: "waiting" not in states(tmp_path).values() and "running" not in states(tmp_path).values())
    assert seen == ["d-1", "d-5"]
    assert states(tmp_path) == {"d-1:incidents": "done", "d-5:incidents": "done"} | {
        f"d-{number}:incidents": "superseded" for number in range(2, 5)
    }


def test_five_hundred_everyday_jobs_never_stand_before_an_incident(start: Start) -> None:
    done: list[str] = []

    def work(each: Job, _last: bool) -> dict[str, Any]:
        time.sleep(0.2 if each.lane is Lane.EVERYDAY else 0)
        done.append(each.lane.value)
        return DONE

    durable = start(work, workers=Workers(1, 2))
    for number in range(500):
        durable.enqueue(job(f"e-{number}", iid=number, lane=Lane.EVERYDAY))
    durable.enqueue(job("incident", iid=9999))
    eventually(lambda: "incidents" in done)
    assert len(done) < 100


def test_failures_are_tried_again_and_then_dead_letters(start: Start, tmp_path: Path) -> None:
    tries: list[tuple[int, bool]] = []

    def work(each: Job, last: bool) -> dict[str, Any]:
        tries.append((each.attempt, last))
        return {"outcome": "dead" if last else "retry", "changes": []}

    durable = start(work, pauses_s=(0.1, 0.2))
    durable.enqueue(job("d-1"))
    eventually(lambda: len(tries) == 3)
    eventually(lambda: "dead" in states(tmp_path).values())
    assert tries == [(1, False), (2, False), (3, True)]
    dead = History(f"sqlite:///{tmp_path}/bot.sqlite").newest(limit=10, dead_only=True)
    assert [each.id for each in dead] == ["d-1:incidents:attempt-3"]


def test_a_retry_does_not_hold_the_resource(start: Start) -> None:
    seen: list[str] = []

    def work(each: Job, _last: bool) -> dict[str, Any]:
        seen.append(f"{each.delivery} {each.attempt}")
        return {"outcome": "retry" if each.delivery == "d-1" else "done", "changes": []}

    durable = start(work, pauses_s=(60,))
    durable.enqueue(job("d-1"))
    eventually(lambda: seen == ["d-1 1"])
    durable.enqueue(job("d-2"))
    eventually(lambda: seen == ["d-1 1", "d-2 1"])


def test_a_replay_is_worked_on_again(start: Start, tmp_path: Path) -> None:
    seen: list[str] = []
    durable = start(noting(seen))
    durable.enqueue(job("d-1"))
    eventually(lambda: seen == ["d-1"])
    replayed = History(f"sqlite:///{tmp_path}/bot.sqlite").replay("d-1")
    assert replayed.startswith("d-1:incidents:replay-")
    eventually(lambda: seen == ["d-1", "d-1"])


def test_a_job_that_cannot_be_read_cannot_be_replayed(start: Start, tmp_path: Path) -> None:
    durable = start(noting([]))
    durable.enqueue(job("d-1"))
    eventually(lambda: states(tmp_path) == {"d-1:incidents": "done"})
    with durable.engine.begin() as connection:
        connection.execute(sa.text("update workflow_input set inputs = '{\"positionalArgs\": []}'"))
    with pytest.raises(WrongInput, match="The delivery 'd-1' cannot be read any more, so it cannot be replayed."):
        History(f"sqlite:///{tmp_path}/bot.sqlite").replay("d-1")


def test_what_was_deferred_is_looked_at_again_until_nothing_is(start: Start) -> None:
    looks: list[int] = []

    def catch_up() -> bool:
        looks.append(1)
        return len(looks) < 3

    durable = start(lambda _job, _last: {"outcome": "deferred", "changes": []}, catch_up=catch_up, catch_up_after_s=1.0)
    durable.enqueue(job("d-1"))
    eventually(lambda: len(looks) == 3)
    time.sleep(2.5)  # nothing more comes: there is nothing to wait on for that
    assert len(looks) == 3


def test_what_a_process_left_when_it_ended_is_taken_up_by_the_next(start: Start, tmp_path: Path) -> None:
    """A job that outlasts the time to drain belongs to a process that has said that it ended."""
    gate = threading.Event()
    seen: list[str] = []

    def slow(each: Job, _last: bool) -> dict[str, Any]:
        seen.append(each.delivery)
        gate.wait(8)
        return DONE

    first = start(slow)
    first.enqueue(job("d-1"))
    eventually(lambda: seen == ["d-1"])
    first.stop(0)
    again: list[str] = []
    start(noting(again))
    eventually(lambda: again == ["d-1"])
    gate.set()


def test_a_job_that_an_older_version_accepted_is_worked_on(start: Start, tmp_path: Path) -> None:
    """Recorded from the first version: tests/data/job_of_version_1.json; new fields must have defaults."""
    recorded = json.loads((Path(__file__).parents[1] / "data" / "job_of_version_1.json").read_text())
    seen: list[Job] = []

    def work(each: Job, _last: bool) -> dict[str, Any]:
        seen.append(each)
        return DONE

    durable = start(work)
    now = int(time.time() * 1000)
    with durable.engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into workflow_status (workflow_uuid, status, name, application_version, queue_name, "
                "queue_partition_key, priority, serialization, recovery_attempts, application_name, created_at, "
                "updated_at) values ('old', 'ENQUEUED', :name, :version, 'incidents', '7#12', 0, 'portable_json', 0, "
                "'sectionbot', :now, :now)"
            ),
            {"name": recorded["workflow"], "version": recorded["application_version"], "now": now},
        )
        connection.execute(
            sa.text("insert into workflow_input (workflow_uuid, inputs, retention_timestamp) values ('old', :i, :now)"),
            {"i": json.dumps(recorded["inputs"]), "now": now},
        )
    eventually(lambda: seen)
    assert (seen[0].event.resource, seen[0].automations, seen[0].attempt) == ("7#12", ("incident_opening",), 1)


def test_history_is_forgotten_after_its_days(start: Start, tmp_path: Path) -> None:
    seen: list[str] = []
    durable = start(noting(seen))
    durable.enqueue(job("old"))
    durable.enqueue(job("new", iid=2))
    eventually(lambda: len(seen) == 2 and set(states(tmp_path).values()) == {"done"})
    long_ago = int((time.time() - 40 * 86400) * 1000)
    with durable.engine.begin() as connection:
        connection.execute(
            sa.text(
                "update workflow_status set created_at = :t, updated_at = :t, completed_at = :t "
                "where workflow_uuid = 'old:incidents'"
            ),
            {"t": long_ago},
        )
    durable._forget_history()
    assert list(states(tmp_path)) == ["new:incidents"]


def test_readiness_tells_of_a_database_that_is_gone(start: Start) -> None:
    durable = start(lambda _job, _last: DONE)
    assert durable.problems() == []
    durable._last_beat -= 100
    assert durable.problems() == ["the workers have not shown a sign of life"]
