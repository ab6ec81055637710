"""The command `gitlab-triage`: the gem's flags and output, on this engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from bot.cli.instants import NOW

GEM_VERSION = "1.58.0"
EXAMPLE_POLICY = """\
# What is done, and to what: https://gitlab.com/gitlab-org/ruby/gems/gitlab-triage describes the language.
resource_rules:
  issues:
    rules:
      - name: Ask for a type on issues that nobody has sorted yet
        conditions:
          state: opened
          labels: [None]
          date: {attribute: created_at, condition: older_than, interval_type: days, interval: 3}
        limits: {oldest: 20}
        actions:
          comment: |
            Hello {{author}}, please put a `type::` label on this issue, so that it finds its team.
"""
EXAMPLE_PIPELINE = """\
stages: [triage]

dry-run:triage:
  stage: triage
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - pip install "git+$SECTIONBOT_REPOSITORY"
    - gitlab-triage --dry-run --token "$API_TOKEN" --source projects --source-id "$CI_PROJECT_PATH"

triage:
  stage: triage
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - pip install "git+$SECTIONBOT_REPOSITORY"
    - gitlab-triage --token "$API_TOKEN" --source projects --source-id "$CI_PROJECT_PATH"
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("-n", "--dry-run", is_flag=True, help="Don't actually update anything, just print.")
@click.option(
    "-f", "--policies-file", multiple=True, metavar="FILE", help="A policy file; default .triage-policies.yml."
)
@click.option("--all-projects", is_flag=True, help="All projects that the token can see.")
@click.option("-s", "--source", metavar="TYPE", help="projects (the default) or groups.")
@click.option("-i", "--source-id", metavar="ID", help="Id or path of the project or group.")
@click.option("-p", "--project-id", metavar="ID", help="[Deprecated] Id or path of a project; use --source-id.")
@click.option("--resource-reference", metavar="REF", help="Only this resource: #42, !33 or &99.")
@click.option("-t", "--token", default="", metavar="TOKEN", help="An API token.")
@click.option("-H", "--host-url", default="https://gitlab.com", metavar="URL", help="The GitLab to work with.")
@click.option("-r", "--require", multiple=True, metavar="FILE", help="A plug-in; written in Python here, see the docs.")
@click.option("-d", "--debug", is_flag=True, help="Print each request.")
@click.option("--summary", is_flag=True, help="Print how many requests were made, at the end.")
@click.option("--quiet", is_flag=True, help="Less: no dots, and no headers of rules.")
@click.option(
    "--cache-dir",
    envvar="GITLAB_TRIAGE_CACHE_DIR",
    metavar="DIR",
    help="Answers fetched before: groups_9970_members.json.",
)
@click.option("-v", "--version", is_flag=True, help="Print the version of the language.")
@click.option("--init", is_flag=True, help="Write .triage-policies.yml.")
@click.option("--init-ci", is_flag=True, help="Write .gitlab-ci.yml.")
@click.option("--lenient", is_flag=True, help="Run what the gem would have run; its mistakes are warnings.")
@click.option("--refetch", is_flag=True, help="Each rule asks for its own list, as the gem does.")
@NOW
@click.argument("ignored", nargs=-1)
def gitlab_triage(**flags: Any) -> int:
    """Triage issues, merge requests, epics, branches and work items by policy files.

    Acts, unless --dry-run is given or TEST=true is set. Exit codes: 0 done; 2 a mistake in a policy or in the flags;
    4 GitLab refused something or could not be reached, after the rest was done.
    """
    from bot.domain.errors import WrongInput

    if flags["version"]:
        click.echo(GEM_VERSION)
        return 0
    for flag, name, text in (
        ("init", ".triage-policies.yml", EXAMPLE_POLICY),
        ("init_ci", ".gitlab-ci.yml", EXAMPLE_PIPELINE),
    ):
        if flags[flag]:
            if Path(name).exists():
                raise WrongInput(f"{name} is there already; it was left as it is. Move it away first.")
            Path(name).write_text(text, encoding="utf-8")
            return 0
    from bot.cli.triage_run import run_gem

    return run_gem(flags)


def completed(arguments: list[str]) -> list[str]:
    """Long flags may be shortened as far as they stay unique, and written --DRY_RUN, as in Ruby."""
    options = [option for option in gitlab_triage.params if isinstance(option, click.Option)]
    with_value = {name for option in options if not option.is_flag for name in option.opts}
    flags = [name for option in options for name in option.opts if name.startswith("--")] + ["--help"]
    result: list[str] = []
    is_value = False
    for place, argument in enumerate(arguments):
        if is_value or not argument.startswith("-"):
            result.append(argument)
            is_value = False
            continue
        if argument == "--":
            return result + arguments[place:]
        name, equals, value = argument.partition("=")
        if name.startswith("--"):
            spelled = name.lower().replace("_", "-")
            near = [flag for flag in flags if flag == spelled] or [flag for flag in flags if flag.startswith(spelled)]
            name = near[0] if len(near) == 1 else name
        result.append(f"{name}{equals}{value}")
        is_value = name in with_value and not equals
    return result


def main() -> None:
    """The console script."""
    from bot.domain.errors import SectionbotError, WrongSettings

    try:
        code = gitlab_triage.main(args=completed(sys.argv[1:]), standalone_mode=False, prog_name="gitlab-triage")
        sys.exit(code if isinstance(code, int) else 0)
    except WrongSettings as error:
        click.echo(str(error), err=True)
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


if __name__ == "__main__":
    main()
