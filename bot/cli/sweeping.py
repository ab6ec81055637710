"""`sectionbot sweep`: the one command for every automation."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from bot.cli.instants import NOW, or_now
from bot.cli.logs import set_up_logs
from bot.cli.references import refuse_elsewhere
from bot.domain.errors import WrongInput
from bot.wiring import AUTOMATIONS, Environment, automations_of, connect, load_settings


@click.command()
@click.option(
    "--automation",
    "names",
    multiple=True,
    type=click.Choice([each.name for each in AUTOMATIONS]),
    help="Only this automation (can be given several times).",
)
@click.option(
    "--scope",
    metavar="REFERENCE",
    help="Only this: group/project#12, or the address of an issue; for retrospectives the name of a group; for "
    "initiatives also group&12.",
)
@NOW
@click.option(
    "--apply", "apply_", is_flag=True, help="Do it. Without this, the plan is printed and nothing is written."
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SECTIONBOT_CACHE",
    show_envvar=True,
    help="A file that says how far the last run has read; kept between runs it saves requests.",
)
@click.option("--full", is_flag=True, help="Read everything anew, whatever --cache says.")
@click.option("--release", is_flag=True, help="Open what the guard has deferred. Needs --scope.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the plan is printed.",
)
@click.pass_context
def sweep(
    ctx: click.Context,
    names: tuple[str, ...],
    scope: str | None,
    now: dt.datetime | None,
    apply_: bool,
    cache: Path | None,
    full: bool,
    release: bool,
    form: str,
) -> None:
    """Look at everything that the automations care about, or at one thing.

    Prints what would be done and why; with --apply it is done. What is not public prints without names where the
    output is not a terminal, for example in a pipeline.
    """
    from bot.cli.plan_output import render_run
    from bot.domain.ports import Scope
    from bot.domain.resources import EpicReference, Reference
    from bot.runtime.jobs import tell_operators
    from bot.runtime.run import Means, Part, Run, run
    from bot.runtime.watermarks import marks_of, read_watermarks, write_watermarks

    set_up_logs(verbose=ctx.meta["verbose"], quiet_on_terminal=True)
    environment: Environment = ctx.obj
    if release and scope is None:
        raise click.UsageError("--release needs --scope: it opens one thing that a guard has deferred.")
    scope = refuse_elsewhere(scope, environment) if scope else None
    looked_at = Scope()
    epic = EpicReference.find(scope or "")
    if scope and names and all(each.takes_names for each in AUTOMATIONS if each.name in names):
        looked_at = Scope(name=scope)
    elif epic is not None:
        looked_at = Scope(epic=epic)
    elif scope:
        looked_at = Scope(reference=Reference.parse(scope), release=release)
    environment.token()
    settings = load_settings(environment)
    used = automations_of(settings)
    chosen = [each for each in AUTOMATIONS if each.name in names] or list(used)
    if epic is not None:
        chosen = [each for each in chosen if each.takes_epics]
        if not chosen:
            takers = ", ".join(each.name for each in AUTOMATIONS if each.takes_epics)
            raise WrongInput(f"{epic} is an epic, and none of these automations looks at epics: only {takers}.")
    gitlab = connect(environment, settings)
    moment = or_now(now)
    means = Means(settings, gitlab.reader, gitlab.writer if apply_ else None, used)
    parts: list[Part] = []
    marks = {} if full or not looked_at.is_everything else read_watermarks(cache)
    with progress(len(chosen)) as advance:
        for automation in chosen:
            advance(automation.name)
            scope_ = replace(looked_at, watermark=marks.get(automation.name))
            parts += run([(automation, scope_)], means, moment).parts
    result = Run(tuple(parts))
    click.echo(render_run(result, form, names=sys.stdout.isatty()))
    exit_code = result.exit_code
    if apply_ and cache is not None and looked_at.is_everything:
        write_watermarks(cache, marks | marks_of(result.parts))
    if apply_:
        whole = looked_at.is_everything and not names and not any(part.error for part in result.parts)
        told = tell_operators(result, means, for_good=False, settle_others=whole)
        exit_code = exit_code or (told.exit_code if told else 0)
    elif form == "text" and any(not part.plan.is_empty for part in result.parts):
        click.echo("Nothing was written. Run it again with --apply to do this.", err=True)
    ctx.exit(exit_code)


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("looking", total=total)

        done = itertools.count()

        def advance(name: str) -> None:
            progress.update(task, description=name, completed=next(done))

        yield advance
