"""`sectionbot config check` and `sectionbot config schema`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import click

from bot.domain.errors import Problem, WrongInput, WrongSettings
from bot.wiring import Environment, connect, load_settings, settings_models


@click.group()
def config() -> None:
    """Check the settings; print their JSON Schema."""


@config.command()
@click.option(
    "--online", is_flag=True, help="Ask GitLab too: people, groups, labels, projects, the token, who inherits."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "codequality"]),
    default="text",
    show_default=True,
    help="codequality is the report that GitLab shows on the line in the merge request.",
)
@click.pass_context
def check(ctx: click.Context, online: bool, form: str) -> None:
    """Check settings and templates; every problem is told at once, with its file, line and column."""
    environment: Environment = ctx.obj
    problems: tuple[Problem, ...] = ()
    try:
        settings = load_settings(environment)
    except WrongSettings as error:
        problems = error.problems
    else:
        if online:
            from bot.runtime.online_check import check_online

            environment.token()
            problems = tuple(sorted(check_online(connect(environment, settings).checking(), settings)))
    click.echo(_render(problems, form, online=online))
    ctx.exit(2 if any(not problem.is_warning for problem in problems) else 0)


@config.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of the settings file NAME (bot, incidents); without NAME, say which there are."""
    from bot.settings.loading import json_schema

    models = settings_models()
    if name is None:
        click.echo("\n".join(f"{each}: config/{each}.yml" for each in models))
        return
    if name not in models:
        raise WrongInput(f"There are no settings {name!r}; there are {', '.join(models)}.")
    click.echo(json_schema(models[name], f"config/{name}.yml"), nl=False)


def _render(problems: Sequence[Problem], form: str, *, online: bool) -> str:
    fine = "The settings are fine." if not online else "The settings are fine, and GitLab has all that they name."
    return render_problems(problems, form, fine)


def render_problems(problems: Sequence[Problem], form: str, fine: str) -> str:
    """Problems as people or GitLab read them; `fine` is what is said where there are none."""
    if form == "codequality":
        return json.dumps([_code_quality(problem) for problem in problems], indent=2, ensure_ascii=False)
    if form == "json":
        return json.dumps([vars(problem) for problem in problems], indent=2, ensure_ascii=False)
    if not problems:
        return fine
    warnings = sum(1 for problem in problems if problem.is_warning)
    count = len(problems) - warnings
    tail = f"{count} problem{'s' if count != 1 else ''}, {warnings} warning{'s' if warnings != 1 else ''}."
    return "\n".join([*map(str, problems), tail])


def _code_quality(problem: Problem) -> dict[str, object]:
    """GitLab's Code Quality format (doc/ci/testing/code_quality, GitLab 19)."""
    where = f"{problem.where}: " if problem.where else ""
    identity = f"{problem.file}|{problem.where}|{problem.what}"
    return {
        "description": f"{where}{problem.what} {problem.hint}".strip(),
        "check_name": "sectionbot-config",
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
        "severity": "minor" if problem.is_warning else "major",
        "location": {"path": problem.file, "lines": {"begin": problem.line}},
    }
