"""The command `sectionbot`: what all commands share, and where each is. Commands import what is heavy."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from bot.domain.errors import SectionbotError, WrongSettings

COMMANDS = {
    "serve": ("bot.cli.serving", "serve", "Take webhooks and work on them, in one process."),
    "worker": ("bot.cli.serving", "worker", "Work on what others have accepted; needs a PostgreSQL database."),
    "sweep": ("bot.cli.sweeping", "sweep", "Look at everything, or at one thing; print the plan, or apply it."),
    "triage": ("bot.cli.triaging", "triage", "Triage by policy files: plan, apply, check, explain."),
    "config": ("bot.cli.checking", "config", "Check the settings; print their JSON Schema."),
    "initiatives": ("bot.cli.initiatives", "initiatives", "Section-wide initiatives: where they stand, and why."),
    "council": ("bot.cli.council", "council", "The architectural council: its queue, and why."),
    "calendar": ("bot.cli.calendaring", "calendar", "Milestones, releases, and the days of retrospectives."),
    "hooks": ("bot.cli.hooking", "hooks", "Register the webhooks in GitLab; find and mend what was not delivered."),
    "deliveries": ("bot.cli.delivering", "deliveries", "What came in, what was done, what failed for good."),
    "emulator": ("bot.cli.emulating", "emulator", "Run a local GitLab for demos and tests."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and help; imports one when it is run."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], list(COMMANDS), n=1)
            hint = f" Perhaps you meant {close[0]!r}?" if close else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sectionbot")
@click.option(
    "--gitlab-url",
    envvar=["GITLAB_URL", "CI_SERVER_URL"],
    default="https://gitlab.com",
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="The GitLab to work with.",
)
@click.option(
    "--gitlab-token",
    envvar="GITLAB_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="A group access token with the scope api. Better given by the environment than by the flag.",
)
@click.option(
    "--config",
    envvar="SECTIONBOT_CONFIG",
    default="config",
    show_default=True,
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with the settings.",
)
@click.option(
    "--templates",
    envvar="SECTIONBOT_TEMPLATES",
    default="templates",
    show_default=True,
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with the templates.",
)
@click.option(
    "--webhook-token",
    envvar="SECTIONBOT_WEBHOOK_TOKEN",
    show_envvar=True,
    metavar="SECRET",
    help="What X-Gitlab-Token must be. Several, separated by commas, for rotation; the first registers hooks.",
)
@click.option(
    "--signing-token",
    envvar="SECTIONBOT_SIGNING_TOKEN",
    show_envvar=True,
    metavar="whsec_...",
    help="What deliveries must be signed with. Several, separated by commas; the first registers hooks.",
)
@click.option(
    "--database-url",
    envvar="SECTIONBOT_DATABASE_URL",
    default="sqlite:///sectionbot.sqlite",
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="The bot's own database: sqlite:///FILE, or postgresql://... for several processes.",
)
@click.option("--verbose", is_flag=True, help="Log more.")
@click.pass_context
def cli(
    ctx: click.Context,
    gitlab_url: str,
    gitlab_token: str | None,
    config: Path,
    templates: Path,
    webhook_token: str | None,
    signing_token: str | None,
    database_url: str,
    verbose: bool,
) -> None:
    """Runs the processes of an engineering section inside GitLab.

    Exit codes: 0 done, or nothing to do; 1 a bug; 2 wrong input or settings; 3 a plan that is not safe;
    4 GitLab refused something or could not be reached (after the rest was done).
    """
    from bot.wiring import Environment

    ctx.obj = Environment(
        gitlab_url=gitlab_url.rstrip("/"),
        gitlab_token=gitlab_token or None,
        config=config,
        templates=templates,
        webhook_tokens=_several(webhook_token),
        signing_tokens=_several(signing_token),
        database_url=database_url,
    )
    ctx.meta["verbose"] = verbose


def _several(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def main() -> None:
    """The console script: errors of this house become a sentence on standard error and their exit code."""
    try:
        code = cli.main(standalone_mode=False, prog_name="sectionbot")
        sys.exit(code if isinstance(code, int) else 0)
    except WrongSettings as error:
        count = len(error.problems)
        click.echo(f"{error}\n{count} problem{'s' if count != 1 else ''} in the settings.", err=True)
        sys.exit(error.exit_code)
    except SectionbotError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
