"""`sectionbot initiatives`: where section-wide initiatives stand, and why."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from bot.cli.instants import NOW, or_now
from bot.cli.references import refuse_elsewhere
from bot.domain.errors import WrongInput
from bot.wiring import Environment, connect, load_settings

if TYPE_CHECKING:
    from bot.automations.initiatives.facts import InitiativeFacts
    from bot.automations.initiatives.listing import Line
    from bot.automations.initiatives.setup import Setup
    from bot.domain.ports import Scope

STAGES = ("incomplete", "unowned", "owned", "planned", "distributed", "under way", "done")


@click.group()
def initiatives() -> None:
    """Section-wide initiatives: where they stand, and why. `sectionbot sweep` moves them on."""


@initiatives.command("list")
@click.option(
    "--stage", "stages", multiple=True, type=click.Choice(STAGES), help="Only those in this stage (several times)."
)
@click.option("--stuck", is_flag=True, help="Only those that are stuck, or need a relevance check.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the list is printed.",
)
@NOW
@click.pass_context
def list_(ctx: click.Context, stages: tuple[str, ...], stuck: bool, form: str, now: dt.datetime | None) -> None:
    """List all open initiatives by stage, and those that were done lately.

    What is not public prints without names where the output is not a terminal.
    """
    from bot.automations.initiatives.listing import lines
    from bot.domain.ports import Scope

    moment = or_now(now)
    facts, setup = _gathered(ctx.obj, Scope(), moment)
    found = [line for line in lines(facts, setup, moment) if not stages or line.stage.value in stages]
    found = [line for line in found if line.flags] if stuck else found
    rows = [_row(line, names=sys.stdout.isatty() or line.is_public) for line in found]
    click.echo(_rendered(rows, form))


@initiatives.command()
@click.argument("reference")
@NOW
@click.pass_context
def explain(ctx: click.Context, reference: str, now: dt.datetime | None) -> None:
    """Say where the initiative REFERENCE (group/project#12, group&12, or its address) stands and why; and what moves
    it on.
    """
    from bot.automations.initiatives.listing import explain as explained
    from bot.domain.ports import Scope
    from bot.domain.resources import EpicReference, Reference

    moment = or_now(now)
    # With the sign that the bot's own notes write behind it.
    reference = refuse_elsewhere(reference.removesuffix("+"), ctx.obj)
    epic = EpicReference.find(reference)
    if epic is None and "&" in reference and "://" not in reference:
        raise WrongInput(f"{reference!r} is no epic. Write group&12, in quotes.")
    scope = Scope(epic=epic) if epic is not None else Scope(reference=Reference.parse(reference))
    facts, setup = _gathered(ctx.obj, scope, moment)
    if not facts.initiatives:
        sets = " or ".join(" + ".join(f"{label!r}" for label in labels) for labels in setup.own.label_sets)
        raise WrongInput(
            f"{reference} is no open initiative below {setup.section.group}: that has the labels {sets}, or one that "
            "the bot has set."
        )
    for each in facts.initiatives:
        click.echo("\n".join([each.item.reference, *(f"  {line}" for line in explained(each, facts, setup, moment))]))


@initiatives.command()
def stages() -> None:
    """Print the table of stages, in Markdown."""
    from bot.automations.initiatives.stages import stages_table

    click.echo(stages_table("sectionbot"))


def _gathered(environment: Environment, scope: Scope, now: dt.datetime) -> tuple[InitiativeFacts, Setup]:
    from bot.automations.initiatives.gather import gather_initiatives
    from bot.automations.initiatives.setup import Setup

    environment.token()
    settings = load_settings(environment)
    setup = Setup.of(settings)
    reader = connect(environment, settings).reader().hiding(setup.hidden_groups)
    return gather_initiatives(scope, reader, setup, now), setup


def _row(line: Line, *, names: bool) -> dict[str, Any]:
    from bot.domain.plan import short_reference

    return {
        "reference": line.reference if names else f"(not public, {short_reference(line.reference)})",
        "title": line.title if names else "",
        "url": line.url if names else "",
        "stage": line.stage.value,
        "flags": list(line.flags),
        "owner": line.owner,
        "age_days": line.age_days,
        "last_activity": line.last_activity.isoformat(),
    }


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _rendered(rows: list[dict[str, Any]], form: str) -> str:
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False)
    if not rows:
        return "There are none."
    if form == "markdown":
        from bot.domain.user_text import plain_line

        head = [
            "| Stage | Initiative | | Group | Age in days | Last activity | |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        cells = (
            (
                row["stage"],
                row["reference"],
                plain_line(row["title"], 80),
                row["owner"],
                str(row["age_days"]),
                row["last_activity"],
                ", ".join(row["flags"]),
            )
            for row in rows
        )
        return "\n".join([*head, *(f"| {' | '.join(each)} |" for each in cells)])
    shown = [
        (row["stage"], row["reference"], row["owner"] or "-", _days(row["age_days"]), ", ".join(row["flags"]))
        for row in rows
    ]
    widths = [max(len(row[column]) for row in shown) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown
    )
