"""Runs the emulator: the application, a protocol that lets faults cut connections, and the server around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.emulator import (
    control,
    epics,
    graphql_api,
    groups,
    hooks,
    issuable_relations,
    issue_lists,
    issues,
    labels,
    members,
    merge_requests,
    notes,
    projects,
    repository,
    users,
    work_items,
)
from bot.emulator.deliveries import Deliveries
from bot.emulator.seed import seed
from bot.emulator.store import Store
from bot.emulator.web import Application, Control

MODULES = (
    users,
    groups,
    projects,
    members,
    labels,
    issue_lists,
    issues,
    issuable_relations,
    merge_requests,
    repository,
    epics,
    work_items,
    notes,
    hooks,
    graphql_api,
    control,
)


class _Protocol(H11Protocol):
    """Hands itself to the application, so that a fault can cut the connection under it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answer = self.app

        async def with_protocol(scope: Any, receive: Any, send: Any) -> None:
            scope["emulator.protocol"] = self
            await answer(scope, receive, send)

        self.app = with_protocol


def build(
    external_url: str,
    root_token: str,
    *,
    tier: str = "premium",
    latency_ms: int = 0,
    seed_file: Path | None = None,
) -> Application:
    """A new GitLab with one administrator, `root`.

    Raises:
        bot.emulator.seed.SeedError: when the seed file is wrong.
    """
    store = Store(external_url, tier)
    root = store.add_user("root", "Administrator", "admin@example.com", admin=True)
    store.add_token(root, ["api", "sudo", "admin_mode"], value=root_token, name="root")
    deliveries = Deliveries(store)
    if seed_file is not None:
        seed(store, deliveries, seed_file)
    routes = [route for module in MODULES for route in module.ROUTES]
    return Application(store, routes, deliveries, Control(latency_ms=latency_ms))


def server(application: Application, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to `run()`."""
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http=_Protocol,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=60,
        server_header=False,
    )
    return uvicorn.Server(config)
