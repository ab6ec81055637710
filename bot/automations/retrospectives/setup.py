"""The settings that decide about retrospectives, together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from bot.automations.retrospectives.settings import GroupChoice, RetrospectiveSettings
from bot.domain.release_calendar import Milestone
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionGroup, SectionSettings
from bot.settings.templates import Templates


@dataclass(frozen=True)
class Setup:
    """Args: bot_name: what people call the bot in comments; hidden_groups: nothing below them is looked at."""

    own: RetrospectiveSettings
    section: SectionSettings
    releases: ReleaseSettings
    templates: Templates
    bot_name: str
    hidden_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Any) -> Setup:
        """From all settings of the bot."""
        return cls(
            own=settings.part("retrospectives"),
            section=settings.part("section"),
            releases=settings.part("releases"),
            templates=settings.templates,
            bot_name=settings.part("bot").comment_commands.name,
            hidden_groups=(settings.part("incidents").incident_group,),
        )

    def day_of(self, ceremony: str, milestone: Milestone) -> dt.date:
        return self.releases.day_of(ceremony, milestone)

    def choice(self, group: SectionGroup) -> GroupChoice:
        return self.own.of(group, self.section)
