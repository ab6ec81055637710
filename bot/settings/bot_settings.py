"""config/bot.yml: what concerns the bot as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from bot.domain.resources import AccessLevel

STRICT = ConfigDict(extra="forbid")
RoleName = Literal["guest", "planner", "reporter", "developer", "maintainer", "owner"]
ProjectPath = Annotated[str, Field(pattern=r"^[\w.][\w./-]*/[\w.-]+$", description="The full path of a project.")]
Username = Annotated[str, Field(pattern=r"^[\w][\w.-]*$", description="A username, without @.")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CommentCommands:
    name: str = Field(
        default="sectionbot",
        pattern=r"^[\w][\w.-]*$",
        description="The word with which a line of a comment begins that is meant for the bot, without @.",
    )
    least_access: dict[str, RoleName] = Field(
        default_factory=dict,
        description="Command to the least role in the issue's project that it takes, where that is otherwise.",
    )

    def access_of(self, command: str, default: AccessLevel) -> AccessLevel:
        named = self.least_access.get(command)
        return AccessLevel[named.upper()] if named is not None else default


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BotSettings:
    operators_project: ProjectPath = Field(
        description="The project in whose operators' issue the bot tells what was refused, held unsafe or has failed."
    )
    operators_issue_title: str = Field(
        default="sectionbot: needs a person", description="The title of the operators' issue.", max_length=255
    )
    former_bot_usernames: tuple[Username, ...] = Field(
        default=(), description="Users that the bot was before: their markers count as its own."
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="The address of the bot's webhook endpoint, for hooks that it registers itself.",
    )
    comment_commands: CommentCommands = Field(
        default=CommentCommands(), description="How people address the bot in comments."
    )
    switched_off: tuple[str, ...] = Field(
        default=(),
        description="Automations that this section does not use, by their names in `sectionbot sweep --help`.",
    )
    history_days: int = Field(
        default=30, ge=1, le=365, description="How many days deliveries and jobs are kept in the bot's database."
    )
    incident_workers: int = Field(default=4, ge=1, le=32, description="Jobs of incidents at a time in one process.")
    everyday_workers: int = Field(default=4, ge=1, le=32, description="All other jobs at a time in one process.")
    rate_limit_reserved_for_incidents: float = Field(
        default=0.3,
        ge=0.0,
        le=0.9,
        description="The share of GitLab's rate limit that everyday jobs leave to incidents.",
    )
