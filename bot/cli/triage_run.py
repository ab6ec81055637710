"""Runs policies for the command line: reads the files, plans, applies, reports."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.instants import or_now
from bot.domain.errors import WrongInput, WrongSettings

if TYPE_CHECKING:
    from bot.domain.plan import Outcome, Step
    from bot.triage.engine import Engine
    from bot.triage.rules import Policy

Json = dict[str, Any]
SIGNS = {"projects": ("#", "!"), "groups": ("#", "!", "&"), "all": ("#", "!", "&")}


@dataclass
class Requests:
    """How many requests a run made, by what they were for."""

    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    on_get: Callable[[], None] = lambda: None
    debug: bool = False

    def observe(self, method: str, status: int, response: Any) -> None:
        path = re.sub(r"\?.*", "", response.request.path_url) if response is not None else "?"
        name = re.sub(r"/\d+(?=/|$)", "/:id", path)
        with self.lock:
            self.counts[f"{method} {name}"] += 1
            if method == "GET" or "graphql" in path:
                self.on_get()
        if self.debug:
            click.echo(f"[DEBUG] {method} {path} {status}")


def run_gem(flags: Json) -> int:
    """`gitlab-triage` with the gem's flags. Raises SectionbotError."""
    from bot.triage.runs import Options
    from bot.wiring import triage_extensions

    if flags["require"]:
        raise WrongInput(_plugin_sentence(flags["require"], _files(flags)))
    for each in flags["ignored"]:
        click.echo(f"[WARNING] {each} is no flag; it is ignored.")
    source = _source(flags)
    _check_host(flags["host_url"])
    if not flags["token"]:
        click.echo("[WARNING] There is no --token: GitLab shows only what everybody may see.", err=True)
    zone = local_zone()
    options = Options(
        source,
        or_now(flags["now"]),
        zone,
        refetch=flags["refetch"],
        repeats_notes=True,
        reference=flags["resource_reference"] or None,
        extensions=triage_extensions(),
    )
    try:
        policies = read_files(_files(flags), lenient=flags["lenient"], source=source.kind)
    except WrongSettings as wrong:
        is_lenient_enough = any("--lenient" in problem.hint for problem in wrong.problems)
        way = " --lenient runs these files as gitlab-triage would." if is_lenient_enough else ""
        click.echo(f"Nothing was written.{way}", err=True)
        raise
    is_dry = flags["dry_run"] or os.environ.get("TEST") == "true"
    runner = Runner(flags, options, is_dry=is_dry)
    runner.run(policies)
    return runner.finish()


def _check_host(host: str) -> None:
    if not host.startswith(("http://", "https://")) or "/api/" in host:
        raise WrongInput(
            f"--host-url is {host!r}; it must be the address of GitLab itself, like https://gitlab.example.com."
        )


def _files(flags: Json) -> list[str]:
    return list(dict.fromkeys(flags["policies_file"])) or [".triage-policies.yml"]


def _source(flags: Json) -> Any:
    from bot.triage.runs import Source

    kind = flags["source"]
    if kind is not None:
        near = [name for name in ("projects", "groups") if kind and name.startswith(kind)]
        if len(near) != 1:
            raise WrongInput(f"invalid argument: --source {kind}. Write projects or groups.")
        kind = near[0]
    identifier = flags["source_id"]
    if flags["project_id"] is not None:
        click.echo("[WARNING] The option `--project-id` has been deprecated, please use `--source-id` instead\n")
        kind, identifier = "projects", flags["project_id"]
    reference = flags["resource_reference"]
    if flags["all_projects"]:
        for flag, value in (("--source-id", identifier), ("--resource-reference", reference)):
            if value is not None:
                raise WrongInput(f"--all-projects option cannot be used in conjunction with {flag} option!")
        return Source("all")
    if not identifier:
        raise WrongInput("A project or group ID is needed (pass it with the `--source-id` option)!")
    kind = kind or "projects"
    if reference and not reference.startswith(SIGNS[kind]):
        signs = " or ".join(f"'{sign}'" for sign in SIGNS[kind])
        raise WrongInput(
            f"--resource-reference can only start with {signs} when --source={kind} is passed ('{reference}' passed)!"
        )
    return Source(kind, identifier)


def read_files(files: Iterable[str], *, lenient: bool, source: str) -> list[Policy]:
    """All files, read and checked; warnings are printed. Raises WrongSettings with every mistake of every file."""
    policies = [read_file(file, lenient=lenient, source=source) for file in files]
    problems = [problem for policy in policies for problem in policy.problems]
    for problem in problems:
        if problem.is_warning:
            click.echo(str(problem), err=True)
    errors = tuple(problem for problem in problems if not problem.is_warning)
    if errors:
        raise WrongSettings(errors)
    return policies


def read_file(file: str, *, lenient: bool = False, source: str = "projects") -> Policy:
    """Raises WrongInput for a file that is not there."""
    from bot.triage.policy import read_policy
    from bot.wiring import triage_extensions

    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise WrongInput(f"The policy file {file} cannot be read: {error.strerror}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongInput(f"The policy file {file} is not UTF-8: byte {error.start + 1} is no character.") from None
    text = text.replace("\r\n", "\n")
    return read_policy(text, file, lenient=lenient, source=source, extensions=triage_extensions())


def local_zone() -> Any:
    """The zone of TZ, or of the machine."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    name = os.environ.get("TZ", "").lstrip(":")
    for candidate in (name, _machine_zone()):
        if candidate:
            try:
                return ZoneInfo(candidate)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return ZoneInfo("UTC")


def _machine_zone() -> str:
    try:
        target = str(Path("/etc/localtime").resolve())
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2]


def _plugin_sentence(plugins: tuple[str, ...], files: list[str]) -> str:
    """What to do instead of -r, and which methods of the plug-ins the policies use."""
    defined: set[str] = set()
    for plugin in plugins:
        for path in (Path(plugin), Path(f"{plugin}.rb")):
            if path.is_file():
                defined |= set(
                    re.findall(
                        r"^\s*def\s+(?:self\.)?([a-z_]\w*[?!]?)", path.read_text("utf-8", "replace"), re.MULTILINE
                    )
                )
    texts = " ".join(Path(file).read_text("utf-8", "replace") for file in files if Path(file).is_file())
    used = sorted(name for name in defined if re.search(rf"\b{re.escape(name)}(?!\w)", texts))
    which = f" The policies use {', '.join(used)} of it." if used else ""
    return (
        f"{', '.join(plugins)} is a plug-in in Ruby, which is not run here.{which} Say it in an expression, "
        "or write the same in Python, as an entry point; docs/from-the-gem.md shows how."
    )


class Runner:
    """One run of `gitlab-triage`: the files are planned one after the other, and then everything is applied.

    Args:
        flags: of the command line.
    """

    def __init__(self, flags: Json, options: Any, *, is_dry: bool) -> None:
        self.flags, self.options, self.is_dry = flags, options, is_dry
        self.requests = Requests(debug=flags["debug"])
        self.code = 0

    def run(self, policies: list[Policy]) -> None:
        engines: dict[tuple[str, str], tuple[Engine, Any]] = {}
        for policy in policies:
            host = (policy.host_url or self.flags["host_url"]).rstrip("/")
            if host != self.flags["host_url"].rstrip("/"):
                click.echo(f"[WARNING] {policy.file} has a host_url: {host} is asked.", err=True)
            place = (host, policy.api_version)
            if place not in engines:
                engines[place] = self._engine(*place)
            engine, _ = engines[place]
            engine.slimming = engine.slimming_for(policies)
            printed, failed = len(engine.result.printed), len(engine.result.failures)
            engine.run_policy(policy)
            for text in engine.result.printed[printed:]:
                click.echo(text, nl=False)
            for failure in engine.result.failures[failed:]:
                click.echo(f"[ERROR] {failure}", err=True)
                self.code = max(self.code, failure.exit_code)
        if not self.is_dry:
            for engine, gitlab in engines.values():
                self._apply(engine.result.steps, gitlab)

    def _engine(self, host: str, api_version: str) -> tuple[Engine, Any]:
        """The engine for the files of one GitLab, and what reads and writes there."""
        from bot.triage.engine import Engine
        from bot.triage.reading import Known
        from bot.triage.report import Report
        from bot.triage.runs import World
        from bot.wiring import connect_for_policies

        pause = 1.0 if self.flags["now"] is not None else 60.0
        gitlab = connect_for_policies(
            host, self.flags["token"], api_version, observe=self.requests.observe, longest_pause_s=pause
        )
        report = Report(
            lambda text: click.echo(text, nl=False), is_dry=self.is_dry, is_quiet=self.flags["quiet"], base_url=host
        )
        self.requests.on_get = report.dot
        reading = gitlab.policy_reader()
        world = World(Known(reading, self._cached_members))
        return Engine(reading, self.options, report.told(), world), gitlab

    def _apply(self, steps: list[Step], gitlab: Any) -> None:
        from bot.domain.plan import Plan, Status
        from bot.runtime.applying import apply_plan

        if not steps:
            return
        outcomes: dict[str, Outcome] = apply_plan(Plan(tuple(steps)), gitlab.writer())
        for step in steps:
            outcome = outcomes[step.change.key]
            if not outcome.status.is_good:
                self.code = 4
                kind = "refused" if outcome.status is Status.REFUSED else "failed"
                click.echo(f"[ERROR] {step.change.kind} {step.subject} {kind}: {outcome.sentence}", err=True)

    def _cached_members(self, folder: str, source_id: str) -> list[Json] | None:
        if not self.flags["cache_dir"]:
            return None
        path = Path(self.flags["cache_dir"]) / f"{folder}_{source_id.replace('/', '_')}_members.json"
        if not path.is_file():
            return None
        try:
            rows = json.loads(path.read_text("utf-8"))
        except ValueError:
            click.echo(f"[WARNING] {path} of --cache-dir is not JSON; GitLab is asked instead.", err=True)
            return None
        return rows if isinstance(rows, list) else None

    def finish(self) -> int:
        if self.flags["summary"]:
            click.echo("\nAPI calls:")
            for name, count in self.requests.counts.most_common():
                click.echo(f"{count:6}  {name}")
            click.echo(f"{self.requests.counts.total():6}  in all")
        sys.stdout.flush()
        return self.code
