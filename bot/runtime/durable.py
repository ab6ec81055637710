"""Durable execution with DBOS: a delivery becomes a job that survives crashes, is retried, and can be replayed.

To know (dbos 3.4): a process takes up only jobs of its own executor id and application version, so the version is a
constant, each process start has an id of its own, and living processes take over from silent ones. Names of workflows
and steps stand in the database: never rename one, and never remove one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from bot.domain.ports import Lane
from bot.runtime.database import Heartbeats, check_answers, lock_sqlite, open_engine
from bot.runtime.jobs import CATCH_UP_AFTER_S, PAUSES_S, Job
from bot.runtime.metrics import Metrics

log = structlog.get_logger()

APPLICATION = "sectionbot"
APPLICATION_VERSION = "1"
POLL_S = 0.05
BEAT_S = 5.0
SILENT_S = 30.0
DRAIN_S = 25
ORDER_UNIT_S = 0.01
MOST_PRIORITY = 2**31 - 1
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
MAX_RECOVERIES = 20

Work = Callable[[Job, bool], dict[str, Any]]


@dataclass(frozen=True)
class Workers:
    """Jobs at a time in this process, by lane."""

    incidents: int
    everyday: int


def serializer() -> Any:
    return DBOSPortableJSONSerializer()


class _Order:
    """Growing numbers that put the jobs of a partition in the order in which they came in.

    SQLite's created_at has whole seconds on older Pythons, so that it cannot. The numbers begin anew every 248 days;
    only jobs that wait at that moment can change places.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, int(time.time() / ORDER_UNIT_S))
            return self._last % MOST_PRIORITY + 1


class Durable:
    """One DBOS in one process. `start` before use, `stop` to drain."""

    def __init__(
        self,
        database_url: str,
        work: Work,
        workers: Workers,
        metrics: Metrics,
        *,
        history_days: int,
        silent_s: float = SILENT_S,
        pauses_s: tuple[float, ...] = PAUSES_S,
        catch_up_after_s: float = CATCH_UP_AFTER_S,
        catch_up: Callable[[], bool] | None = None,
    ) -> None:
        self.engine = open_engine(database_url)
        self.executor = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._work, self._workers, self._metrics = work, workers, metrics
        self._history_days, self._silent_s, self._pauses_s = history_days, silent_s, pauses_s
        self._catch_up, self._catch_up_after_s = catch_up, catch_up_after_s
        self._order = _Order()
        self._queues: dict[Lane, Any] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._last_beat = 0.0

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the database (made if it is missing), take up what was left, begin to work.

        A SQLite file belongs to one process, so what others began is taken up at once; on PostgreSQL they may live.
        """
        self._lock = lock_sqlite(self.engine)
        check_answers(self.engine)
        quiet = logging.getLogger("dbos")
        quiet.handlers = [logging.NullHandler()]
        quiet.propagate = False
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": str(self.engine.url.render_as_string(hide_password=False)),
            "system_database_engine": self.engine,
            "application_version": APPLICATION_VERSION,
            "executor_id": self.executor,
            "serializer": serializer(),
            "log_level": "CRITICAL",
            "max_executor_threads": self._workers.incidents + self._workers.everyday + 8,
        }
        DBOS(config=config)
        _register(self)
        # The first sign of life comes before the first job, so that whoever finds the job knows whose it was.
        self._heartbeats = Heartbeats(self.engine)
        self._beat()
        DBOS.launch()
        for lane, count in ((Lane.INCIDENTS, self._workers.incidents), (Lane.EVERYDAY, self._workers.everyday)):
            self._queues[lane] = DBOS.register_queue(
                lane.value,
                partition_concurrency=1,
                worker_concurrency=count,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        self._queues["control"] = DBOS.register_queue(  # type: ignore[index]
            "control", worker_concurrency=1, polling_interval_sec=1.0, on_conflict="always_update"
        )
        if self._lock is not None:
            self._take_over(0.0)
        for name, target, pause in (
            ("heartbeat", self._beat, BEAT_S),
            ("takeover", self._take_over, min(BEAT_S, self._silent_s / 2)),
            ("history", self._forget_history, 3600.0),
            ("depth", self._measure_depth, 5.0),
        ):
            thread = threading.Thread(target=self._repeat, args=(target, pause), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, drain_s: int = DRAIN_S) -> None:
        """Finish what runs, start nothing new; what waits stays for the next process."""
        self._stopping.set()
        DBOS.destroy(workflow_completion_timeout_sec=drain_s)
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self._heartbeats.die(self.executor)
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()

    def _repeat(self, target: Callable[[], None], pause_s: float) -> None:
        while not self._stopping.wait(pause_s):
            try:
                target()
            except Exception as error:  # the database may be away for a while; the next turn tries again
                log.warning("background_failed", what=target.__name__.strip("_"), error=type(error).__name__)

    def _beat(self) -> None:
        self._heartbeats.beat(self.executor)
        self._last_beat = time.monotonic()

    def _take_over(self, silent_s: float | None = None) -> None:
        for executor in self._heartbeats.silent(self.executor, self._silent_s if silent_s is None else silent_s):
            handles = DBOS._recover_pending_workflows([executor])
            log.info("taken_over", executor=executor, jobs=len(handles))
            self._heartbeats.forget(executor)

    def _forget_history(self) -> None:
        edge = (dt.datetime.now(dt.UTC) - dt.timedelta(days=self._history_days)).isoformat()
        while not self._stopping.is_set():
            old = DBOS.list_workflows(
                status=list(ENDED), completed_before=edge, limit=500, load_input=False, load_output=False
            )
            if not old:
                return
            DBOS.delete_workflows([each.workflow_id for each in old])

    def _measure_depth(self) -> None:
        for lane in Lane:
            self._metrics.queue_depth.labels(lane.value).set(len(self._waiting(lane)))

    # -- health ------------------------------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """Why this process is not ready; empty where it is."""
        found = []
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.text("select 1"))
        except sa.exc.SQLAlchemyError as error:
            found.append(f"the database does not answer ({type(error).__name__})")
        if time.monotonic() - self._last_beat > self._silent_s:
            found.append("the workers have not shown a sign of life")
        return found

    # -- jobs --------------------------------------------------------------------------------------------------------

    def enqueue(self, job: Job, *, delay_s: float = 0.0, replay: bool = False) -> str:
        """Returns its id when the job is in the database for good; a doubled delivery is the same job."""
        workflow_id = f"{job.delivery}:{job.lane.value}"
        if replay:
            workflow_id += f":replay-{uuid.uuid4().hex[:8]}"
        if job.attempt > 1:
            workflow_id += f":attempt-{job.attempt}"
        options: dict[str, Any] = {"queue_partition_key": job.event.resource, "priority": self._order.next()}
        if delay_s:
            options["delay_seconds"] = delay_s
        with SetWorkflowID(workflow_id), SetEnqueueOptions(**options):
            self._queues[job.lane].enqueue(handle_delivery, job.to_json())
        return workflow_id

    def catch_up_later(self) -> None:
        """Look at everything that was deferred once the guard may let it through; once in five minutes."""
        slot = int(time.time() // self._catch_up_after_s)
        options = SetEnqueueOptions(delay_seconds=self._catch_up_after_s)
        with SetWorkflowID(f"catch-up-{slot}"), options:
            self._queues["control"].enqueue(catch_up, {"slot": slot})  # type: ignore[index]

    def carry_out_catch_up(self) -> bool:
        """Whether something is still deferred."""
        return self._catch_up is not None and self._catch_up()

    def _waiting(self, lane: Lane, partition: str | None = None) -> list[tuple[str, int, Any]]:
        """Id, order and input of the jobs that wait, in their order."""
        database, status, inputs = _dbos_tables()
        query = (
            sa.select(status.c.workflow_uuid, status.c.priority, inputs.c.inputs)
            .join(inputs, inputs.c.workflow_uuid == status.c.workflow_uuid)
            .where(status.c.queue_name == lane.value, status.c.status == "ENQUEUED")
            .order_by(status.c.priority, status.c.created_at)
        )
        if partition is not None:
            query = query.where(status.c.queue_partition_key == partition)
        with database.connect() as connection:
            return [(str(row[0]), int(row[1] or 0), row[2]) for row in connection.execute(query)]

    def is_superseded(self, job: Job) -> bool:
        """Whether a later job waits that looks at the same resource for all the same automations.

        One of another kind of event does not stand for it: a note may leave out what an issue's change calls for.
        """
        needed = set(job.automations)
        for _, _, raw in self._waiting(job.lane, job.event.resource):
            data = serializer().deserialize(raw) if isinstance(raw, str) else raw
            arguments = data.get("positionalArgs", data.get("args", [])) if isinstance(data, dict) else []
            if not arguments:
                continue
            later = Job.from_json(arguments[0])
            if needed <= set(later.automations) and later.event.kind == job.event.kind:
                return True
        return False

    def do(self, job: Job) -> dict[str, Any]:
        """The work of one job, once."""
        last = job.attempt > len(self._pauses_s)
        result = self._work(job, last)
        if result["outcome"] == "done":
            self._metrics.finished(job.received_at)
        return result

    def again(self, job: Job) -> None:
        pause = self._pauses_s[job.attempt - 1]
        retry = Job(job.delivery, job.lane, job.event, job.automations, job.received_at, job.attempt + 1)
        self.enqueue(retry, delay_s=pause)


def _dbos_tables() -> tuple[Any, Any, Any]:
    """DBOS's engine and its tables of jobs and of their inputs: its API has no filter by partition."""
    from dbos._dbos import _get_dbos_instance

    database = _get_dbos_instance()._sys_db
    return database.engine, database.tables.workflow_status, database.tables.workflow_input


_current: list[Durable] = []


def _register(durable: Durable) -> None:
    """DBOS calls plain functions by their recorded names; they reach the process's one Durable through here."""
    _current[:] = [durable]


@DBOS.step(name="superseded.v1")
def _superseded(job: dict[str, Any]) -> bool:
    return _current[0].is_superseded(Job.from_json(job))


@DBOS.step(name="work.v1")
def _work(job: dict[str, Any]) -> dict[str, Any]:
    return _current[0].do(Job.from_json(job))


@DBOS.workflow(name="handle_delivery.v1", max_recovery_attempts=MAX_RECOVERIES)
def handle_delivery(job: dict[str, Any]) -> dict[str, Any]:
    """One delivery: nothing if a later one waits for the same resource, else the work, and another try if it failed."""
    if _superseded(job):
        return {"outcome": "superseded", "changes": []}
    result = _work(job)
    # Jobs are enqueued by the workflow itself, never in a step: DBOS records that, so that it happens once.
    if result["outcome"] == "retry":
        _current[0].again(Job.from_json(job))
    if result["outcome"] == "deferred":
        _current[0].catch_up_later()
    return result


@DBOS.step(name="catch_up_work.v1")
def _catch_up_work() -> bool:
    return _current[0].carry_out_catch_up()


@DBOS.workflow(name="catch_up.v1", max_recovery_attempts=MAX_RECOVERIES)
def catch_up(job: dict[str, Any]) -> None:
    """Looks at everything, so that what a guard deferred is taken up by severity."""
    del job
    if _catch_up_work():
        _current[0].catch_up_later()
