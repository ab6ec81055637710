"""`sectionbot triage`: policies as a plan, checked, explained, and expressions to try."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.instants import NOW, or_now
from bot.domain.errors import WrongInput
from bot.wiring import Environment, triage_extensions

if TYPE_CHECKING:
    from bot.triage.runs import Options, Source

Json = dict[str, Any]
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str), metavar="FILE...")
LENIENT = click.option("--lenient", is_flag=True, help="Mistakes that the gem runs with are warnings.")


@click.group()
def triage() -> None:
    """Triage by policy files: plan or apply them, check them, ask why, try expressions."""


@triage.command()
@FILES
@click.option("--project", "projects", multiple=True, metavar="PATH", help="Triage this project (several times).")
@click.option("--group", "groups", multiple=True, metavar="PATH", help="Triage this group (several times).")
@click.option("--all-projects", is_flag=True, help="Triage all projects that the token can see.")
@click.option(
    "--apply", "apply_", is_flag=True, help="Do it. Without this, the plan is printed and nothing is written."
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="Refuse a plan of more than N changes (exit 3).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the plan is printed.",
)
@click.option("--refetch", is_flag=True, help="Each rule asks for its own list, as the gem does.")
@LENIENT
@NOW
@click.pass_context
def run(
    ctx: click.Context,
    files: tuple[str, ...],
    projects: tuple[str, ...],
    groups: tuple[str, ...],
    all_projects: bool,
    apply_: bool,
    limit: int | None,
    form: str,
    refetch: bool,
    lenient: bool,
    now: dt.datetime | None,
) -> None:
    """Plan what the policies in FILE... would do, and do it with --apply."""
    from bot.cli.plan_output import render_run
    from bot.cli.sweeping import progress
    from bot.cli.triage_run import read_files
    from bot.domain.plan import Plan
    from bot.runtime.applying import apply_plan
    from bot.runtime.run import Part, Run
    from bot.triage.planning import plan_source
    from bot.triage.reading import Known
    from bot.triage.runs import Source, World

    environment: Environment = ctx.obj
    sources = [Source("projects", each) for each in projects] + [Source("groups", each) for each in groups]
    sources += [Source("all")] if all_projects else []
    if not sources:
        raise click.UsageError("Say what to triage: --project PATH, --group PATH or --all-projects.")
    environment.token()
    gitlab = _connect(environment)
    now = or_now(now)
    reading = gitlab.policy_reader()
    world = World(Known(reading))
    parts: list[Part] = []
    with progress(len(sources)) as advance:
        for source in sources:
            advance(source.id or "all projects")
            policies = read_files(files, lenient=lenient, source=source.kind)
            plan = plan_source(policies, _options(source, gitlab, now, refetch=refetch), reading, world)
            parts.append(Part(f"triage of {source.id or 'all projects'}", plan))
    steps = [step for part in parts for step in part.plan.steps]
    if limit is not None and len(steps) > limit:
        counts = ", ".join(f"{count} {kind}" for kind, count in Plan(tuple(steps)).counts().items())
        click.echo(
            f"The plan has {len(steps)} changes, more than --limit {limit}: {counts}. Nothing was written.", err=True
        )
        ctx.exit(3)
    if apply_:
        writer = gitlab.writer()
        parts = [Part(part.automation, part.plan, apply_plan(part.plan, writer)) for part in parts]
    outcome = Run(tuple(parts))
    click.echo(render_run(outcome, form, names=sys.stdout.isatty()))
    hides = outcome.exit_code or not all(step.public for step in steps)
    if not sys.stdout.isatty() and form != "json" and hides:
        click.echo("What not everybody may read about is named on a terminal only.", err=True)
    if not apply_ and steps and form == "text":
        click.echo("Nothing was written. Run it again with --apply to do this.", err=True)
    ctx.exit(outcome.exit_code)


@triage.command()
@FILES
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "codequality"]),
    default="text",
    show_default=True,
    help="codequality is the report that GitLab shows on the line in the merge request.",
)
@click.option(
    "--source",
    type=click.Choice(["any", "projects", "groups", "all"]),
    default="any",
    show_default=True,
    help="For what the policies are; some mistakes depend on it.",
)
@LENIENT
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], form: str, source: str, lenient: bool) -> None:
    """Tell every mistake in FILE..., with its line, column and a hint."""
    from bot.cli.checking import render_problems
    from bot.cli.triage_run import read_file

    policies = [read_file(file, lenient=lenient, source=source) for file in files]
    problems = tuple(sorted(problem for policy in policies for problem in policy.problems))
    fine = f"{'The policy is' if len(files) == 1 else 'The policies are'} fine."
    click.echo(render_problems(problems, form, fine))
    ctx.exit(2 if any(not problem.is_warning for problem in problems) else 0)


@triage.command()
@click.argument("file", type=click.Path(path_type=str))
@click.option(
    "--resource",
    required=True,
    metavar="REFERENCE",
    help="group/project#12, group/project!3, group&4, group/project:branch, or its address.",
)
@LENIENT
@NOW
@click.pass_context
def explain(ctx: click.Context, file: str, resource: str, lenient: bool, now: dt.datetime | None) -> None:
    """Why each rule of FILE holds for a resource, or does not; and what would be done."""
    from bot.cli.triage_run import read_files
    from bot.triage.explaining import explain_policy, reference_of

    environment: Environment = ctx.obj
    environment.token()
    reference = reference_of(resource, environment.gitlab_url)
    [policy] = read_files((file,), lenient=lenient, source=reference.source.kind)
    gitlab = _connect(environment)
    options = _options(reference.source, gitlab, now)
    for line in explain_policy(policy, reference, options, gitlab.policy_reader()):
        click.echo(line)


@triage.command("eval")
@click.argument("expression", required=False)
@click.option("--resource", metavar="REFERENCE", help="A resource in GitLab: group/project#12, or its address.")
@click.option("--facts", type=click.Path(path_type=Path), metavar="FILE", help="A resource in a JSON file.")
@click.option("--batch", type=click.Path(path_type=Path), metavar="FILE.jsonl", help="Evaluate each row of the file.")
@click.option("--text", "is_text", is_flag=True, help="It is a text with #{...} and {{...}}, not a condition.")
@NOW
@click.pass_context
def evaluate(
    ctx: click.Context,
    expression: str | None,
    resource: str | None,
    facts: Path | None,
    batch: Path | None,
    is_text: bool,
    now: dt.datetime | None,
) -> None:
    """Try EXPRESSION on a resource; or each row of a batch.

    A row has expression, kind (condition or text), fixture (a file in the folder fixtures beside the batch), now and
    tz. It is written with our result, or refused with the sentence and the position.
    """
    if batch is not None:
        _evaluate_batch(batch)
        return
    if expression is None:
        raise click.UsageError("Give an EXPRESSION, or --batch FILE.")
    if (resource is None) == (facts is None):
        raise click.UsageError("Say on what: --resource REFERENCE or --facts FILE.")
    from bot.cli.triage_run import local_zone
    from bot.triage.trying import position, try_condition, try_text

    if facts is not None:
        row, kind, api = _facts(facts)
    else:
        row, kind, api = _from_gitlab(ctx.obj, str(resource))
    try_it = try_text if is_text else try_condition
    trial = try_it(expression, row, kind, api, or_now(now), local_zone())
    if trial.printed:
        click.echo(trial.printed, nl=False)
    if trial.refused is not None:
        line, column = position(expression, trial.start or 0)
        raise WrongInput(f"{line}:{column}: {trial.refused}")
    result = trial.result or {}
    if "raises" in result:
        raise WrongInput(f"{result['raises']['class']}: {result['raises']['message']}")
    if is_text:
        click.echo(result["text"])
    else:
        verdict = "holds" if result["value"] else "does not hold"
        click.echo(f"{result['raw']}  ({result['class']}; {verdict})")


def _facts(path: Path) -> tuple[Json, str, Any]:
    from bot.triage.trying import FileApi

    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WrongInput(f"The facts {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise WrongInput(f"The facts {path} are no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise WrongInput(f"The facts {path} must be a map: a resource, or resource and api.")
    row = found["resource"] if isinstance(found.get("resource"), dict) else found
    return row, str(row.get("type") or "issues"), FileApi(found.get("api") or {})


def _from_gitlab(environment: Environment, reference: str) -> tuple[Json, str, Any]:
    from bot.triage.explaining import read_resource, reference_of
    from bot.triage.reading import ExpressionApi, Known
    from bot.triage.work_items import issue_like

    environment.token()
    named = reference_of(reference, environment.gitlab_url)
    kind = named.kinds[0]
    reader = _connect(environment).policy_reader()
    row = read_resource(reader, named, kind)
    if kind == "work_items":
        row = issue_like(row, Known(reader))
    return row | {"type": kind}, kind, ExpressionApi(Known(reader))


def _evaluate_batch(batch: Path) -> None:
    from bot.triage.trying import try_row

    fixtures: dict[str, Json] = {}
    try:
        lines = batch.read_text("utf-8").splitlines()
    except OSError as error:
        raise WrongInput(f"The batch {batch} cannot be read: {error.strerror}.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            name = row["fixture"]
            if name not in fixtures:
                fixtures[name] = json.loads(_fixture(batch, name).read_text("utf-8"))
            answer = try_row(row, fixtures[name])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise WrongInput(f"{batch}:{number}: this row cannot be read: {type(error).__name__} {error}.") from None
        click.echo(json.dumps(answer, ensure_ascii=False))


def _fixture(batch: Path, name: str) -> Path:
    for path in (batch.parent / "fixtures" / f"{name}.json", batch.parent / f"{name}.json", batch.parent / name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"the fixture {name} is not beside the batch")


def _options(source: Source, gitlab: Any, now: dt.datetime | None, *, refetch: bool = False) -> Options:
    """The house's habits: notes once, and nothing is told to more people than may know it."""
    from bot.cli.triage_run import local_zone
    from bot.triage.runs import Options

    return Options(
        source,
        or_now(now),
        local_zone(),
        refetch=refetch,
        bot_usernames=gitlab.identity.usernames(),
        keeps_secrets=True,
        extensions=triage_extensions(),
    )


def _connect(environment: Environment) -> Any:
    from bot.wiring import connect_for_policies

    return connect_for_policies(environment.gitlab_url, environment.token(), "v4")


@triage.command()
@click.argument("page", type=click.Choice(["language", "expressions"]), default="language")
def reference(page: str) -> None:
    """Print the reference of the policy language, or of its expressions, as Markdown."""
    from bot.triage.reference import expressions_page, reference_page

    click.echo(reference_page() if page == "language" else expressions_page(), nl=False)


@triage.command()
def schema() -> None:
    """Print the JSON Schema of policy files."""
    from bot.triage.reference import json_schema

    click.echo(json_schema(), nl=False)
