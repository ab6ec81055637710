"""`sectionbot hooks register` and `sectionbot hooks doctor`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from bot.cli.logs import set_up_logs
from bot.domain.errors import WrongInput
from bot.domain.plan import Plan
from bot.wiring import Environment, GitLab, connect, load_settings

RESENDS_A_MINUTE = 5


@click.group()
def hooks() -> None:
    """Register the webhooks in GitLab; find and mend what was not delivered."""


@hooks.command()
@click.option("--url", required=True, help="The address of the bot's endpoint: https://HOST/webhooks/gitlab")
@click.option("--dry-run", is_flag=True, help="Print what would be registered, and write nothing.")
@click.pass_context
def register(ctx: click.Context, url: str, dry_run: bool) -> None:
    """Create or update the webhooks of the intake and of the incident group.

    They get the events, the token and the signing token that this bot checks. Run it again after a change of secrets.
    """
    from bot.runtime.hooks import gather_hooks, plan_registration

    environment: Environment = ctx.obj
    if not url.startswith(("http://", "https://")):
        raise WrongInput(f"{url!r} is no address of an endpoint; it looks like https://HOST/webhooks/gitlab.")
    if not dry_run and not environment.webhook_tokens and not environment.signing_tokens:
        raise WrongInput("Set SECTIONBOT_WEBHOOK_TOKEN or SECTIONBOT_SIGNING_TOKEN: hooks are registered with them.")
    environment.check_signing_tokens()
    gitlab, settings = _connected(ctx)
    holders = gather_hooks(gitlab.checking(), settings, url=url, with_events=False)
    ctx.exit(_carry_out([plan_registration(holders, url)], gitlab, apply_=not dry_run))


@hooks.command()
@click.option("--url", help="Only hooks to this address; default: webhook_url of the settings.")
@click.option("--apply", "apply_", is_flag=True, help="Ask GitLab to send failed deliveries again, 5 a minute.")
@click.option("--most", default=50, show_default=True, help="The most deliveries to send again.")
@click.pass_context
def doctor(ctx: click.Context, url: str | None, apply_: bool, most: int) -> None:
    """Find disabled hooks and failed deliveries of the last 7 days."""
    from bot.runtime.hooks import gather_hooks, plan_resends

    gitlab, settings = _connected(ctx)
    mine = url or settings.part("bot").webhook_url
    holders = gather_hooks(gitlab.checking(), settings, url=mine, with_events=True)
    plan = plan_resends(holders)
    plan = Plan(plan.steps[:most], plan.notices)
    batches = list(_batches(plan)) if apply_ else [plan]
    ctx.exit(_carry_out(batches, gitlab, apply_=apply_, pause_s=60.0))


def _connected(ctx: click.Context) -> tuple[GitLab, Any]:
    set_up_logs(verbose=ctx.meta["verbose"], quiet_on_terminal=True)
    environment: Environment = ctx.obj
    environment.token()
    settings = load_settings(environment)
    return connect(environment, settings), settings


def _batches(plan: Plan) -> Iterator[Plan]:
    """GitLab sends a hook's deliveries again 5 times a minute at most."""
    yield Plan(plan.steps[:RESENDS_A_MINUTE], plan.notices)
    for start in range(RESENDS_A_MINUTE, len(plan.steps), RESENDS_A_MINUTE):
        yield Plan(plan.steps[start : start + RESENDS_A_MINUTE])


def _carry_out(plans: list[Plan], gitlab: GitLab, *, apply_: bool, pause_s: float = 0.0) -> int:
    from bot.cli.plan_output import render_run
    from bot.runtime.applying import apply_plan
    from bot.runtime.run import Part, Run

    codes = []
    for number, plan in enumerate(plans):
        if number and pause_s:
            time.sleep(pause_s)
        outcomes = apply_plan(plan, gitlab.writer()) if apply_ else {}
        run = Run((Part("hooks", plan, outcomes),))
        click.echo(render_run(run, "text", names=sys.stdout.isatty()))
        codes.append(run.exit_code)
    return max(codes, default=0)
