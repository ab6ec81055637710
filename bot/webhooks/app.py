"""The HTTP application: verify, accept, hand over. It decides nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import anyio
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.ports import Automation
from bot.runtime.jobs import Job, listeners
from bot.runtime.metrics import Metrics
from bot.webhooks.parsing import parse_event
from bot.webhooks.verification import Secrets, signature_is_good, token_is_good

log = structlog.get_logger()

MOST_BYTES = 25 * 1024 * 1024
ENQUEUE_TIMEOUT_S = 8.0


def build_app(
    *,
    secrets: Secrets,
    settings: Any,
    automations: tuple[Automation, ...],
    enqueue: Callable[[Job], str],
    own_ids: Callable[[], frozenset[int]],
    problems: Callable[[], list[str]],
    metrics: Metrics,
) -> Starlette:
    """The application.

    Args:
        enqueue: returns when the job is in the database for good.
        own_ids: the bot's users; events that they caused start nothing.
        problems: why this process is not ready.
    """

    def answer(status: int, outcome: str) -> Response:
        metrics.deliveries.labels(outcome).inc()
        return JSONResponse({"outcome": outcome}, status_code=status)

    async def accept(request: Request) -> Response:
        headers = request.headers
        if not token_is_good(headers.get("x-gitlab-token"), secrets):
            return answer(401, "unauthorized")
        if _says_too_large(headers.get("content-length")):
            return answer(413, "too_large")
        body = await _read(request)
        if body is None:
            return answer(413, "too_large")
        if not signature_is_good(headers, body, secrets):
            return answer(401, "unauthorized")
        try:
            event = parse_event(json.loads(body))
        except ValueError:
            event = None
        if event is None:
            return answer(202, "not_understood")
        if event.actor_id in own_ids():
            return answer(202, "own")
        chosen = listeners(event, automations, settings)
        if not chosen:
            return answer(202, "irrelevant")
        delivery = headers.get("idempotency-key") or headers.get("webhook-id") or _hash(headers, body)
        now = dt.datetime.now(dt.UTC).isoformat()
        jobs = [Job(delivery[:200], lane, event, names, now) for lane, names in chosen.items()]
        try:
            with anyio.fail_after(ENQUEUE_TIMEOUT_S):
                for job in jobs:
                    await anyio.to_thread.run_sync(enqueue, job, abandon_on_cancel=True)
        except Exception as error:
            log.error("delivery_not_stored", delivery=delivery, error=type(error).__name__)
            return answer(503, "not_stored")
        log.info("delivery_accepted", delivery=delivery, kind=event.kind, lanes=[job.lane.value for job in jobs])
        return answer(202, "accepted")

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        found = await anyio.to_thread.run_sync(problems)
        return JSONResponse({"status": "ready" if not found else "not ready", "problems": found}, 503 if found else 200)

    return Starlette(
        routes=[
            Route("/webhooks/gitlab", accept, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )


def _says_too_large(length: str | None) -> bool:
    return length is not None and length.isdigit() and int(length) > MOST_BYTES


async def _read(request: Request) -> bytes | None:
    """The body, or None as soon as it is larger than GitLab's largest."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _hash(headers: Any, body: bytes) -> str:
    """What stands for a delivery without an Idempotency-Key: hook, event and body."""
    parts = (headers.get("x-gitlab-instance", ""), headers.get("x-gitlab-event", ""))
    return "sha256-" + hashlib.sha256("\n".join(parts).encode() + b"\n" + body).hexdigest()
