"""config/incidents.yml: what is an incident, who is added to it, and where it lives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from bot.domain.resources import AccessLevel

STRICT = ConfigDict(extra="forbid")
Path = Annotated[str, Field(pattern=r"^[\w.][\w./-]*$")]
Username = Annotated[str, Field(pattern=r"^[\w][\w.-]*$", description="A username, without @.")]
RoleName = Literal["guest", "planner", "reporter", "developer", "maintainer", "owner"]
MemberRole = Literal["planner", "reporter", "developer", "maintainer", "owner"]  # a guest cannot read the issue
Feature = Literal["issues", "repository", "merge_requests", "wiki", "snippets", "builds"]
Days = Annotated[int, Field(ge=1, le=365, description="Days until the access expires.")]


def access_level(role: str) -> AccessLevel:
    return AccessLevel[role.upper()]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Places:
    projects: tuple[Path, ...] = Field(default=(), description="Full paths of projects.")
    groups: tuple[Path, ...] = Field(default=(), description="Full paths of groups; all projects below them count.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class People:
    usernames: tuple[Username, ...] = Field(default=(), description="Usernames, without @.")
    groups: tuple[Path, ...] = Field(default=(), description="Groups whose direct, active, human members are taken.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Access:
    role: MemberRole = Field(description="The role in the incident's project.")
    days: Days = Field(description="Days until the access expires.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Severity:
    label: str = Field(min_length=1, description="The label of this severity.")
    meaning: str = Field(description="What it means, in a line; shown in the incident.")
    aliases: tuple[str, ...] = Field(default=(), description="Other labels that mean the same.")
    members: People | None = Field(default=None, description="Who is added at this severity.")
    access: Access | None = Field(default=None, description="The role and days of the members of this severity.")
    status_update_every: str = Field(default="as agreed", description="How often status updates are due.")

    @model_validator(mode="after")
    def members_need_access(self) -> Severity:
        if self.members is not None and self.access is None:
            raise ValueError("members need an access: their role and days")
        return self

    @property
    def labels(self) -> frozenset[str]:
        return frozenset((self.label, *self.aliases))


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Stakeholder:
    """A row of the communications plan."""

    who: str
    when: str
    engaged_by: str
    how_often: str
    where: str


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CommunicationStep:
    step: str
    owner: str


@dataclass(frozen=True, kw_only=True, config=STRICT)
class IncidentRole:
    role: str
    task: str


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Guard:
    """How many incidents may open in an hour before a person has to look."""

    per_hour: int = Field(default=10, ge=1, description="Incidents in an hour, severity 1 not counted.")
    per_hour_and_person: int = Field(default=5, ge=1, description="The same, asked for by one person.")
    severity_1_per_hour: int = Field(default=20, ge=1, description="Incidents of severity 1 in an hour.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class IncidentTemplates:
    incident: str = "incident_opening/incident.md"
    source_note: str = "incident_opening/source_note.md"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class IncidentSettings:
    intake: Places = Field(description="Where reports are made: issues there can become incidents.")
    labels: tuple[str, ...] = Field(default=(), description="Any of these labels makes an incident.")
    issue_types: tuple[Literal["incident"], ...] = Field(default=(), description="Issue types that make an incident.")
    least_access_for_labels: RoleName = Field(
        default="developer",
        description="The least role in the project of the issue that whoever sets such a label needs.",
    )
    incident_group: Path = Field(description="The group in which incident projects are made.")
    project_path: str = Field(
        default="incident-{project_id}-{issue_iid}",
        description="The path of an incident's project, with {project_id} and {issue_iid} of the report.",
    )
    project_title: str = Field(
        default="Incident {project_id}-{issue_iid}", description="The name of an incident's project; nothing secret."
    )
    features: tuple[Feature, ...] = Field(
        default=("issues",), description="Features of the project that are on; issues always are."
    )
    reporter: Access = Field(description="The role and days of the reporter.")
    reporter_must_belong_to: tuple[Path, ...] = Field(
        default=(), description="Groups; a reporter who is in none of them is not added by the bot."
    )
    severities: tuple[Severity, ...] = Field(strict=False, min_length=1, description="From the most severe on.")
    inherited_access_allowed: People = Field(
        description="Who may read incidents by inheritance, as members of the incident group or above."
    )
    max_members: int = Field(default=60, ge=1, le=500, description="The most people that one incident adds.")
    keep_removed: bool = Field(
        default=True, description="Whether who was removed stays removed (false: restored until their recorded expiry)."
    )
    restore_label: str = Field(
        default="incident::restore-access",
        description="On the incident issue: asks to add again who was removed; the bot takes it off.",
    )
    name_project_in_source: bool = Field(
        default=False, description="Whether the note on the report may name the project, where its readers are members."
    )
    add_project_hook: bool = Field(
        default=False,
        description="Give each incident project a webhook of its own; for GitLab Free, which has no group hooks.",
    )
    guard: Guard = Field(default=Guard(), description="How many incidents may open in an hour.")
    roles: tuple[IncidentRole, ...] = Field(default=(), description="The roles to fill.")
    stakeholders: tuple[Stakeholder, ...] = Field(default=(), description="The table of the communications plan.")
    external_communication: tuple[CommunicationStep, ...] = Field(
        default=(), description="The external flow, in order, from declared to all clear."
    )
    phases: tuple[str, ...] = Field(
        default=(
            "Incident::Phase::Identification",
            "Incident::Phase::Containment",
            "Incident::Phase::Eradication",
            "Incident::Phase::Recovery",
            "Incident::Phase::Review",
            "Incident::Phase::Closed",
        ),
        description="The labels of the phases, in order; the first is set when an incident opens.",
    )
    templates: IncidentTemplates = Field(default=IncidentTemplates(), description="Templates by their path.")

    @field_validator("project_path", "project_title")
    @classmethod
    def names_follow_from_the_report(cls, value: str) -> str:
        """A renamed report must mean the same project, so only ids may stand in its path."""
        try:
            value.format(project_id=1, issue_iid=1)
        except (KeyError, IndexError, ValueError):
            raise ValueError("only {project_id} and {issue_iid} can stand in braces") from None
        return value

    @field_validator("project_path")
    @classmethod
    def a_path_is_unique(cls, value: str) -> str:
        if "{project_id}" not in value or "{issue_iid}" not in value:
            raise ValueError("both {project_id} and {issue_iid} are needed, so that each report has its own project")
        path = value.format(project_id=1, issue_iid=1)
        if not path.replace("-", "").replace("_", "").replace(".", "").isalnum() or path[-1] in "-._":
            raise ValueError("a path has letters, digits, '-', '_' and '.', and ends in a letter or digit")
        if value.index("{issue_iid}") == value.index("{project_id}") + len("{project_id}"):
            raise ValueError("something must stand between {project_id} and {issue_iid}")
        return value

    @model_validator(mode="after")
    def something_opens(self) -> IncidentSettings:
        if not self.labels and not self.issue_types:
            raise ValueError("without labels and issue_types nothing becomes an incident")
        if not self.intake.projects and not self.intake.groups:
            raise ValueError("intake has neither projects nor groups")
        seen: set[str] = set()
        for severity in self.severities:
            doubled = seen & severity.labels
            if doubled:
                raise ValueError(f"two severities have the label {sorted(doubled)[0]!r}")
            seen |= severity.labels
        return self

    def severity_of(self, labels: frozenset[str]) -> int | None:
        """1 is the most severe; None where no label is one of a severity."""
        for number, severity in enumerate(self.severities, start=1):
            if labels & severity.labels:
                return number
        return None

    @property
    def watched_labels(self) -> frozenset[str]:
        """All labels that can change what this automation does."""
        return frozenset(self.labels).union(*(severity.labels for severity in self.severities), {self.restore_label})

    @property
    def asking(self) -> frozenset[str]:
        """What makes an incident: labels (an alias of a severity counts as its label) and `type incident`."""
        labels = set(self.labels)
        for severity in self.severities:
            if severity.label in labels:
                labels |= severity.labels
        return frozenset(labels | {f"type {kind}" for kind in self.issue_types})
