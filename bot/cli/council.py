"""`sectionbot council`: what is before the architectural council, and why."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from bot.cli.instants import NOW, or_now
from bot.domain.errors import WrongInput
from bot.wiring import Environment, connect, load_settings

if TYPE_CHECKING:
    from bot.automations.council.facts import CouncilFacts
    from bot.automations.council.listing import Line
    from bot.automations.council.setup import Setup
    from bot.domain.ports import Scope


@click.group()
def council() -> None:
    """The architectural council: its queue, and why a question stands where it does. `sectionbot sweep` moves it on."""


@council.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the queue is printed.",
)
@NOW
@click.pass_context
def queue(ctx: click.Context, form: str, now: dt.datetime | None) -> None:
    """Show what is discussed, what waits, and what has no place yet.

    What is not public prints without names where the output is not a terminal.
    """
    from bot.automations.council.listing import lines
    from bot.domain.ports import Scope

    moment = or_now(now)
    facts, setup = _gathered(ctx.obj, Scope(), moment)
    rows = [_row(line, names=sys.stdout.isatty() or line.is_public) for line in lines(facts, setup, moment)]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(row) for row in rows) or "Nothing is before the council.")


@council.command()
@click.argument("reference")
@NOW
@click.pass_context
def explain(ctx: click.Context, reference: str, now: dt.datetime | None) -> None:
    """Say where the question REFERENCE (group/project#12, or its address) stands and why; and what moves it on."""
    from bot.automations.council.listing import explain as explained
    from bot.domain.ports import Scope
    from bot.domain.resources import Reference

    moment = or_now(now)
    wanted = Reference.parse(reference)
    facts, setup = _gathered(ctx.obj, Scope(reference=wanted), moment)
    found = [each for each in facts.questions if each.issue.reference.lower() == str(wanted).lower()]
    if not found:
        raise WrongInput(
            f"{reference} is not before the council: that is an open issue with the label {setup.own.label!r} and "
            f"without {setup.own.decided_label!r}."
        )
    for each in found:
        click.echo("\n".join([each.issue.reference, *(f"  {line}" for line in explained(each, facts, setup, moment))]))


def _gathered(environment: Environment, scope: Scope, now: dt.datetime) -> tuple[CouncilFacts, Setup]:
    from bot.automations.council.gather import gather_council
    from bot.automations.council.setup import Setup

    environment.token()
    settings = load_settings(environment)
    setup = Setup.of(settings)
    reader = connect(environment, settings).reader().hiding(setup.hidden_groups)
    return gather_council(scope, reader, setup, now), setup


def _row(line: Line, *, names: bool) -> dict[str, Any]:
    from bot.domain.plan import short_reference

    return {
        "place": line.place,
        "reference": line.reference if names else f"(not public, {short_reference(line.reference)})",
        "title": line.title if names else "",
        "url": line.url if names else "",
        "state": line.state.value,
        "queued_at": line.queued_at.isoformat(),
        "ends": line.ends,
        "dri": line.dri,
    }


def _text(row: dict[str, Any]) -> str:
    place = f"{row['place']}." if row["place"] is not None else "-"
    until = f", until {row['ends']}" if row["ends"] else ""
    dri = f", DRI {row['dri']}" if row["dri"] else ", no DRI"
    return f"{place:3} {row['reference']}: {row['state']}{until}{dri}"
