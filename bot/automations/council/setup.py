"""The settings that decide about the council, together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bot.automations.council.settings import CouncilSettings
from bot.comment_commands.vocabulary import CommandSpec, council_vocabulary
from bot.domain.business_time import BusinessCalendar
from bot.domain.places import is_in
from bot.domain.resources import AccessLevel, Issue
from bot.settings.bot_settings import CommentCommands
from bot.settings.council_seats import representatives_on
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

COUNCIL = "council"


@dataclass(frozen=True)
class Setup:
    """The settings that decide.

    Args:
        is_initiative: whether labels make an issue a section-wide initiative, on which another automation answers.
        hidden_groups: nothing below them is looked at.
    """

    own: CouncilSettings
    section: SectionSettings
    templates: Templates
    comments: CommentCommands
    is_initiative: Callable[[Iterable[str]], bool]
    hidden_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Any) -> Setup:
        """From all settings of the bot."""
        return cls(
            own=settings.part("council"),
            section=settings.part("section"),
            templates=settings.templates,
            comments=settings.part("bot").comment_commands,
            is_initiative=settings.part("initiatives").is_initiative,
            hidden_groups=(settings.part("incidents").incident_group,),
        )

    @property
    def vocabulary(self) -> tuple[CommandSpec, ...]:
        return council_vocabulary(self.comments.access_of)

    @property
    def command_labels(self) -> dict[str, str]:
        """Command to the label that means the same."""
        return {str(name): label for name, label in self.own.command_labels.items()}

    @property
    def asking(self) -> CommandSpec:
        """What puts an issue before the council, where it is not yet."""
        what = "asks the architectural council"
        return CommandSpec(COUNCIL, what, self.comments.access_of(COUNCIL, AccessLevel.DEVELOPER))

    @property
    def calendar(self) -> BusinessCalendar:
        return self.own.working_time.calendar

    def is_place(self, path: str) -> bool:
        """Whether an issue of this project can go before the council."""
        if any(is_in(path, group) for group in self.hidden_groups):
            return False
        return any(is_in(path, place) for place in self.own.places or (self.section.group,))

    def is_asked(self, issue: Issue) -> bool:
        return self.own.label in issue.labels and self.own.decided_label not in issue.labels

    def teams_on(self, day: dt.date) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each group that is represented on that day, with the usernames of its representatives."""
        found = ((group.name, representatives_on(group.council, day)) for group in self.section.groups)
        return tuple((name, usernames) for name, usernames in found if usernames)

    def representatives_on(self, day: dt.date) -> frozenset[str]:
        """Usernames, in small letters."""
        return frozenset(name.lower() for _, names in self.teams_on(day) for name in names)

    def day(self, now: dt.datetime) -> dt.date:
        return now.astimezone(self.calendar.zone).date()


def shown_time(instant: dt.datetime, calendar: BusinessCalendar) -> str:
    """As people read it: day, time, zone."""
    local = instant.astimezone(calendar.zone)
    return f"{local:%A, %Y-%m-%d %H:%M} {local:%Z}".rstrip()
