"""`sectionbot serve` and `sectionbot worker`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Any

import click
import structlog

from bot.cli.logs import set_up_logs
from bot.domain.errors import WrongInput
from bot.wiring import Environment, automations_of, load_settings

log = structlog.get_logger()

_metrics_options = [
    click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Where /metrics listens."),
    click.option("--metrics-port", default=9090, show_default=True, help="The port of /metrics; 0 switches it off."),
]


_takeover_option = click.option(
    "--takeover-after",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Take over the jobs of a process that has been silent for so long.",
)


def _with_metrics(command: Any) -> Any:
    for option in reversed(_metrics_options):
        command = option(command)
    return command


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, help="The port to listen on.")
@_with_metrics
@_takeover_option
@click.option("--insecure-no-verification", is_flag=True, help="Take deliveries from anybody. Only for trying out.")
@click.pass_context
def serve(
    ctx: click.Context,
    host: str,
    port: int,
    metrics_host: str,
    metrics_port: int,
    takeover_after: float,
    insecure_no_verification: bool,
) -> None:
    """Take webhooks at /webhooks/gitlab and work on them.

    Each delivery is in the database before it is answered. /healthz and /readyz tell how the process is.
    """
    import uvicorn

    from bot.runtime.service import Service
    from bot.webhooks.app import build_app
    from bot.webhooks.verification import Secrets

    set_up_logs(verbose=ctx.meta["verbose"])
    environment: Environment = ctx.obj
    secrets = Secrets(environment.webhook_tokens, environment.signing_tokens)
    if secrets.is_empty and not insecure_no_verification:
        raise WrongInput(
            "There is no secret to check deliveries with. Set SECTIONBOT_WEBHOOK_TOKEN or SECTIONBOT_SIGNING_TOKEN; "
            "to take deliveries from anybody, which only makes sense for trying out, add --insecure-no-verification."
        )
    environment.check_signing_tokens()
    environment.token()
    settings = load_settings(environment)
    service = Service(environment, settings, automations_of(settings), silent_s=takeover_after)

    app = build_app(
        secrets=secrets,
        settings=settings,
        automations=automations_of(settings),
        enqueue=service.enqueue,
        own_ids=service.own_ids,
        problems=service.durable.problems,
        metrics=service.metrics,
    )
    service.start()
    _start_metrics(service.metrics, metrics_host, metrics_port)
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=10)
    )
    # uvicorn's own handlers would end the process with the signal; a drained bot ends with 0.
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    log.info("serving", address=f"{host}:{port}", gitlab=environment.gitlab_url)
    with contextlib.suppress(SystemExit):  # uvicorn's answer to an address that is taken
        server.run()
    log.info("stopping")
    service.stop()
    if not server.started:
        raise WrongInput(f"{host}:{port} could not be opened: is something else listening there?")
    _leave()


@click.command()
@_with_metrics
@_takeover_option
@click.pass_context
def worker(ctx: click.Context, metrics_host: str, metrics_port: int, takeover_after: float) -> None:
    """Work on what `serve` processes have accepted, in one more process on the same PostgreSQL database."""
    from bot.runtime.service import Service

    set_up_logs(verbose=ctx.meta["verbose"])
    environment: Environment = ctx.obj
    environment.token()
    if environment.database_url.startswith("sqlite"):
        raise WrongInput(
            "A worker shares its database with others. Several processes need a PostgreSQL database: "
            "set SECTIONBOT_DATABASE_URL=postgresql://..."
        )
    settings = load_settings(environment)
    service = Service(environment, settings, automations_of(settings), silent_s=takeover_after)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service.start()
    _start_metrics(service.metrics, metrics_host, metrics_port)
    click.echo("The workers are running. Stop them with Ctrl-C.", err=True)
    stop.wait()
    service.stop()
    _leave()


def _start_metrics(metrics: Any, host: str, port: int) -> None:
    if not port:
        return
    from prometheus_client import start_http_server

    try:
        start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise WrongInput(f"/metrics cannot listen on {host}:{port}: {error.strerror}.") from None


def _leave() -> None:
    """Jobs that were still running when the time to drain was over must not keep the process; they are taken up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
