"""The only place that builds real objects."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.automations import council, incident_opening, initiatives, policy_triage, retrospectives
from bot.domain.errors import Problem, WrongInput
from bot.domain.ports import Automation, Lane

if TYPE_CHECKING:
    from bot.gitlab_api.checking import CheckingReader
    from bot.gitlab_api.client import Client
    from bot.gitlab_api.people import Lookups
    from bot.gitlab_api.policy_reader import PolicyReader
    from bot.gitlab_api.reader import Identity, Reader
    from bot.gitlab_api.session import Observe, RateBudget
    from bot.gitlab_api.writer import GitLabWriter
    from bot.settings.loading import Settings
    from bot.triage.extensions import Extensions

AUTOMATIONS: tuple[Automation, ...] = (
    incident_opening.AUTOMATION,
    policy_triage.AUTOMATION,
    retrospectives.AUTOMATION,
    initiatives.AUTOMATION,
    council.AUTOMATION,
)


@dataclass(frozen=True)
class Environment:
    """What comes from outside: addresses and secrets. Secrets are not in its repr."""

    gitlab_url: str = "https://gitlab.com"
    gitlab_token: str | None = field(default=None, repr=False)
    config: Path = Path("config")
    templates: Path = Path("templates")
    webhook_tokens: tuple[str, ...] = field(default=(), repr=False)
    signing_tokens: tuple[str, ...] = field(default=(), repr=False)
    database_url: str = field(default="sqlite:///sectionbot.sqlite", repr=False)

    def check_signing_tokens(self) -> None:
        """Raises WrongInput where one is not what GitLab and the Standard Webhooks scheme take."""
        for secret in self.signing_tokens:
            try:
                size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
            except ValueError:
                size = 0
            if size != 32 or not secret.startswith("whsec_"):
                raise WrongInput("SECTIONBOT_SIGNING_TOKEN must be whsec_ and 32 bytes in base64.")

    def token(self) -> str:
        """Raises WrongInput where there is none, or where the address of GitLab cannot be one."""
        if not self.gitlab_url.startswith(("http://", "https://")) or "/api/" in self.gitlab_url:
            raise WrongInput(
                f"GITLAB_URL is {self.gitlab_url!r}; it must be the address of GitLab itself, like "
                "https://gitlab.example.com."
            )
        if not self.gitlab_token:
            raise WrongInput(
                "There is no GitLab token. Set GITLAB_TOKEN (or --gitlab-token) to an access token with the scope "
                "api: for triage with a role that may do what the policies do, mostly Reporter or Planner; for "
                "incidents as Owner of the incident group. The README says how to make one."
            )
        return self.gitlab_token


def settings_models() -> dict[str, type]:
    """Name of each file in config/ to its model."""
    from bot.automations.council.settings import CouncilSettings
    from bot.automations.incident_opening.settings import IncidentSettings
    from bot.automations.initiatives.settings import InitiativeSettings
    from bot.automations.policy_triage.settings import TriageSettings
    from bot.automations.retrospectives.settings import RetrospectiveSettings
    from bot.settings.bot_settings import BotSettings
    from bot.settings.releases import ReleaseSettings
    from bot.settings.section import SectionSettings

    return {
        "bot": BotSettings,
        "council": CouncilSettings,
        "incidents": IncidentSettings,
        "initiatives": InitiativeSettings,
        "releases": ReleaseSettings,
        "retrospectives": RetrospectiveSettings,
        "section": SectionSettings,
        "triage": TriageSettings,
    }


def load_settings(environment: Environment) -> Settings:
    """All settings and templates, checked together.

    Raises:
        WrongSettings: with every problem of every file.
    """
    from bot.automations.council.check import check_council
    from bot.automations.incident_opening.check import check_templates
    from bot.automations.initiatives.check import check_initiatives
    from bot.automations.retrospectives.check import check_days, check_retrospectives
    from bot.domain.errors import WrongSettings
    from bot.settings import loading
    from bot.settings.section import check_section

    settings = loading.load_settings(environment.config, environment.templates, settings_models())
    problems = list(check_templates(settings.part("incidents"), settings.templates))
    problems += _switched_off(settings)
    section = settings.part("section")
    problems += check_section(section, settings.files["section"])
    problems += check_retrospectives(
        settings.part("retrospectives"), section, settings.files["retrospectives"], settings.templates
    )
    problems += check_initiatives(
        settings.part("initiatives"), section, settings.files["initiatives"], settings.templates
    )
    asked = {label: f"initiatives' {name}" for name, label in settings.part("initiatives").command_labels.items()}
    problems += check_council(settings.part("council"), section, settings.files["council"], settings.templates, asked)
    problems += check_days(settings.part("releases"), settings.files["releases"])
    policies, found = _policies(settings, environment.config.parent)
    problems += found
    if any(not problem.is_warning for problem in problems):
        raise WrongSettings(tuple(problems))
    return replace(settings, policies=policies, extensions=triage_extensions())


def automations_of(settings: Settings) -> tuple[Automation, ...]:
    """Those that the section uses."""
    off = settings.part("bot").switched_off
    return tuple(each for each in AUTOMATIONS if each.name not in off)


def _switched_off(settings: Settings) -> list[Problem]:
    names = [each.name for each in AUTOMATIONS]
    return [
        settings.files["bot"].problem(
            ("switched_off", index), f"there is no automation {name!r}.", f"There are: {', '.join(names)}."
        )
        for index, name in enumerate(settings.part("bot").switched_off)
        if name not in names
    ]


def release_settings(environment: Environment) -> Any:
    """config/releases.yml alone. Raises WrongSettings."""
    from bot.domain.errors import WrongSettings
    from bot.settings.loading import load_file
    from bot.settings.releases import ReleaseSettings

    settings, _, problems = load_file(environment.config / "releases.yml", ReleaseSettings)
    if problems:
        raise WrongSettings(tuple(problems))
    return settings


def triage_extensions() -> Extensions:
    """The conditions and actions that installed packages offer.

    Raises:
        WrongInput: for one that cannot be loaded.
    """
    from importlib.metadata import entry_points

    from bot.triage.extensions import ACTIONS_GROUP, CONDITIONS_GROUP, Extensions

    found: dict[str, dict[str, Any]] = {CONDITIONS_GROUP: {}, ACTIONS_GROUP: {}}
    for group, table in found.items():
        for entry in entry_points(group=group):
            try:
                table[entry.name] = entry.load()
            except Exception as error:  # somebody else's code
                raise WrongInput(
                    f"The entry point {entry.name} of {group} cannot be loaded: {type(error).__name__}."
                ) from None
    return Extensions(found[CONDITIONS_GROUP], found[ACTIONS_GROUP])


def _policies(settings: Settings, root: Path) -> tuple[dict[str, Any], list[Problem]]:
    """The policy files that config/triage.yml names, and their mistakes."""
    from bot.triage.policy import read_policy

    policies: dict[str, Any] = {}
    problems: list[Problem] = []
    extensions = triage_extensions()
    where = settings.files["triage"]
    for index, source in enumerate(settings.part("triage").sources):
        kind = "projects" if source.project is not None else "groups"
        for place, name in enumerate(source.policies):
            path = root / name
            try:
                text = path.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                what = (
                    f"the policy file {name} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}."
                )
                problems.append(where.problem(("sources", index, "policies", place), what))
                continue
            policies[name] = read_policy(text.replace("\r\n", "\n"), name, source=kind, extensions=extensions)
            problems += policies[name].problems
    return policies, problems


@dataclass(frozen=True)
class GitLab:
    """Connections to one GitLab: `reading` refuses everything but GET, at the transport."""

    reading: Client
    writing: Client
    identity: Identity
    lookups: Lookups
    secrets: Any

    def reader(self) -> Reader:
        from bot.gitlab_api.reader import Reader

        return Reader(self.reading, self.identity, self.lookups)

    def checking(self) -> CheckingReader:
        from bot.gitlab_api.checking import CheckingReader

        return CheckingReader(self.reading, self.reader())

    def policy_reader(self) -> PolicyReader:
        from bot.gitlab_api.policy_reader import PolicyReader

        return PolicyReader(self.reading)

    def writer(self) -> GitLabWriter:
        from bot.gitlab_api.reader import Reader
        from bot.gitlab_api.writer import GitLabWriter

        side_by_side = Reader(self.reading, self.identity, self.lookups).side_by_side
        return GitLabWriter(self.writing, self.identity, self.lookups, self.secrets, side_by_side)


def connect(
    environment: Environment,
    settings: Settings,
    *,
    lane: Lane = Lane.INCIDENTS,
    budget: RateBudget | None = None,
    observe: Observe | None = None,
) -> GitLab:
    """Connections for one lane; all lanes of a process share the `budget` of requests."""
    from bot.gitlab_api.client import Client
    from bot.gitlab_api.hook_writer import Secrets
    from bot.gitlab_api.people import Lookups
    from bot.gitlab_api.reader import Identity
    from bot.gitlab_api.session import GitLabSession, RateBudget

    bot = settings.part("bot")
    make: Callable[..., GitLabSession] = partial(
        GitLabSession,
        pool_size=32,
        budget=budget or RateBudget(),
        reserved=0.0 if lane is Lane.INCIDENTS else bot.rate_limit_reserved_for_incidents,
        observe=observe,
    )
    token = environment.token()
    reading = Client(environment.gitlab_url, token, make(read_only=True))
    writing = Client(environment.gitlab_url, token, make(read_only=False))
    secrets = Secrets(
        environment.webhook_tokens[0] if environment.webhook_tokens else None,
        environment.signing_tokens[0] if environment.signing_tokens else None,
    )
    return GitLab(reading, writing, Identity(reading, bot.former_bot_usernames), Lookups(), secrets)


# The gem tries a request three times in all, after these answers; other servers' errors are for the operator.
POLICY_ATTEMPTS = 2
POLICY_RETRIED = (429, 500)


def connect_for_policies(
    url: str, token: str, api_version: str, *, observe: Observe | None = None, longest_pause_s: float = 60.0
) -> GitLab:
    """Connections for the command `gitlab-triage`, which needs no settings."""
    from bot.gitlab_api.client import Client
    from bot.gitlab_api.hook_writer import Secrets
    from bot.gitlab_api.people import Lookups
    from bot.gitlab_api.reader import Identity
    from bot.gitlab_api.session import GitLabSession, RateBudget

    budget = RateBudget()

    def session(read_only: bool) -> GitLabSession:
        return GitLabSession(
            read_only=read_only,
            pool_size=32,
            budget=budget,
            attempts=POLICY_ATTEMPTS,
            observe=observe,
            retried=POLICY_RETRIED,
            longest_pause_s=longest_pause_s,
        )

    reading = Client(url, token, session(True), api_version)
    writing = Client(url, token, session(False), api_version)
    return GitLab(reading, writing, Identity(reading), Lookups(), Secrets())
