"""Reads and replays what the bot's database holds, from another process than the one that works."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass
from typing import Any

from dbos import DBOSClient

from bot.domain.errors import WrongInput
from bot.runtime.database import check_exists, open_engine
from bot.runtime.durable import APPLICATION, APPLICATION_VERSION, MOST_PRIORITY, ORDER_UNIT_S, serializer
from bot.runtime.jobs import Job

STATES = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting for the next try",
    "PENDING": "running",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "dead",
    "CANCELLED": "cancelled",
}
WORKFLOW = "handle_delivery.v1"


@dataclass(frozen=True)
class Delivery:
    """One job, as it is kept."""

    id: str
    state: str
    created_at: dt.datetime
    job: Job | None
    changes: tuple[dict[str, Any], ...]


class History:
    """The deliveries in the database.

    Raises:
        WrongInput: when there is no database yet.
    """

    def __init__(self, database_url: str) -> None:
        check_exists(database_url)
        engine = open_engine(database_url)
        try:
            self._client = DBOSClient(
                system_database_url=engine.url.render_as_string(hide_password=False),
                system_database_engine=engine,
                serializer=serializer(),
                application_name=APPLICATION,
            )
            self._client.list_workflows(limit=1)
        except Exception as error:
            raise WrongInput(
                f"The database has no deliveries ({type(error).__name__}). `sectionbot serve` makes it; "
                "is SECTIONBOT_DATABASE_URL the one that it uses?"
            ) from None

    def newest(self, *, limit: int, dead_only: bool = False) -> list[Delivery]:
        """Newest first."""
        found = self._client.list_workflows(name=WORKFLOW, sort_desc=True, limit=limit if not dead_only else 5000)
        deliveries = [_delivery(each) for each in found]
        if dead_only:
            deliveries = [each for each in deliveries if each.state in ("dead", "failed")]
        return deliveries[:limit]

    def show(self, delivery_id: str) -> list[Delivery]:
        """All tries and replays of a delivery, oldest first."""
        found = self._client.list_workflows(name=WORKFLOW, workflow_id_prefix=delivery_id)
        if not found:
            raise WrongInput(f"There is no delivery {delivery_id!r}. `sectionbot deliveries list` shows what there is.")
        return sorted((_delivery(each) for each in found), key=lambda each: each.created_at)

    def replay(self, delivery_id: str) -> str:
        """Enqueue the first job of the delivery once more; returns the id of the new one."""
        first = self.show(delivery_id)[0]
        if first.job is None:
            raise WrongInput(f"The delivery {delivery_id!r} cannot be read any more, so it cannot be replayed.")
        job = Job(first.job.delivery, first.job.lane, first.job.event, first.job.automations, _now())
        workflow_id = f"{job.delivery}:{job.lane.value}:replay-{uuid.uuid4().hex[:8]}"
        self._client.enqueue(
            {
                "workflow_name": WORKFLOW,
                "queue_name": job.lane.value,
                "workflow_id": workflow_id,
                "queue_partition_key": job.event.resource,
                "app_version": APPLICATION_VERSION,
                "priority": int(time.time() / ORDER_UNIT_S) % MOST_PRIORITY + 1,
            },
            job.to_json(),
        )
        return workflow_id


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


def _delivery(workflow: Any) -> Delivery:
    output = workflow.output if isinstance(workflow.output, dict) else {}
    state = STATES.get(workflow.status) or str(output.get("outcome", "done"))
    created = dt.datetime.fromtimestamp((workflow.created_at or 0) / 1000, dt.UTC)
    job = None
    try:
        arguments = workflow.input["args"] if isinstance(workflow.input, dict) else workflow.input[0]
        job = Job.from_json(arguments[0])
    except (KeyError, TypeError, IndexError, ValueError):
        job = None
    return Delivery(workflow.workflow_id, state, created, job, tuple(output.get("changes", ())))
