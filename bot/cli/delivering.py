"""`sectionbot deliveries list|show|replay`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bot.wiring import Environment

if TYPE_CHECKING:
    from bot.runtime.history import Delivery, History


@click.group()
def deliveries() -> None:
    """What came in, what was decided and done, and what failed for good."""


def _history(ctx: click.Context) -> History:
    from bot.runtime.history import History

    environment: Environment = ctx.obj
    return History(environment.database_url)


@deliveries.command("list")
@click.option("--dead", is_flag=True, help="Only what failed for good.")
@click.option("--limit", default=30, show_default=True, help="The most to list.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def list_(ctx: click.Context, dead: bool, limit: int, form: str) -> None:
    """List deliveries, newest first."""
    found = _history(ctx).newest(limit=limit, dead_only=dead)
    if form == "json":
        click.echo(json.dumps([_json(each) for each in found], indent=2))
        return
    for each in found:
        click.echo(_line(each))
    if not found:
        click.echo("Nothing failed for good." if dead else "No deliveries yet.")


@deliveries.command()
@click.argument("delivery")
@click.pass_context
def show(ctx: click.Context, delivery: str) -> None:
    """Show every try of a DELIVERY and what it changed."""
    for each in _history(ctx).show(delivery):
        click.echo(_line(each))
        for change in each.changes:
            reference = f" ({change['reference']})" if "reference" in change else ""
            click.echo(f"    {change['automation']}: {change['kind']}{reference}: {change['outcome']}")


@deliveries.command()
@click.argument("delivery")
@click.pass_context
def replay(ctx: click.Context, delivery: str) -> None:
    """Work on a DELIVERY once more: the automations look at GitLab as it is now."""
    click.echo(f"Enqueued as {_history(ctx).replay(delivery)}. A running `sectionbot serve` or `worker` takes it up.")


def _line(delivery: Delivery) -> str:
    job = delivery.job
    what = f"{job.event.kind} {job.event.resource}, {', '.join(job.automations)}, try {job.attempt}" if job else "?"
    return f"{delivery.created_at:%Y-%m-%d %H:%M:%S}  {delivery.state:<12}  {delivery.id}  {what}"


def _json(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "state": delivery.state,
        "created_at": delivery.created_at.isoformat(),
        "job": delivery.job.to_json() if delivery.job else None,
        "changes": list(delivery.changes),
    }
