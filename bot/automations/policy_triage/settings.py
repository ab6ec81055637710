"""config/triage.yml: which policy files are run on which projects and groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from bot.settings.time_zone import TimeZoneName

STRICT = ConfigDict(extra="forbid")
Path = Annotated[str, Field(pattern=r"^[\w.][\w./-]*$")]
PolicyFile = Annotated[str, Field(pattern=r"^[\w][\w./-]*\.ya?ml$", description="Relative to the repository.")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PolicySource:
    project: Path | None = Field(default=None, description="The full path of a project.")
    group: Path | None = Field(default=None, description="The full path of a group, with all projects below it.")
    policies: tuple[PolicyFile, ...] = Field(min_length=1, description="The policy files, in the order of their run.")
    real_time: bool = Field(default=True, description="Whether webhooks run them, too.")

    @model_validator(mode="after")
    def one_place(self) -> PolicySource:
        if (self.project is None) == (self.group is None):
            raise ValueError("a source is either a project or a group")
        return self

    @property
    def path(self) -> str:
        return self.project or self.group or ""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TriageSettings:
    sources: tuple[PolicySource, ...] = Field(default=(), description="What is triaged, and by which files.")
    time_zone: TimeZoneName = Field(
        default="UTC", description="The zone in which days of policies begin, by its IANA name."
    )
    most_changes: int = Field(
        default=500, ge=1, le=20_000, description="A run that would change more is refused as unsafe."
    )


def covers(source: PolicySource, project_path: str) -> bool:
    """Whether a project is triaged by the source."""
    if source.project is not None:
        return project_path == source.project
    return project_path.startswith(f"{source.group}/")
