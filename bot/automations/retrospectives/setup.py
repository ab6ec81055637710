"""The settings that decide about retrospectives, together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from bot.automations.retrospectives.commands import vocabulary
from bot.automations.retrospectives.settings import GroupChoice, RetrospectiveSettings
from bot.comment_commands.vocabulary import CommandSpec
from bot.domain.errors import WrongInput
from bot.domain.release_calendar import Milestone, Version
from bot.domain.resources import AccessLevel
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionGroup, SectionSettings
from bot.settings.templates import Templates


@dataclass(frozen=True)
class Setup:
    """The settings that decide.

    Args:
        bot_name: what people call the bot in comments.
        vocabulary: what they can say to it in a retrospective.
        hidden_groups: nothing below them is looked at.
    """

    own: RetrospectiveSettings
    section: SectionSettings
    releases: ReleaseSettings
    templates: Templates
    bot_name: str
    vocabulary: tuple[CommandSpec, ...]
    hidden_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Any) -> Setup:
        """From all settings of the bot."""
        comments = settings.part("bot").comment_commands
        return cls(
            own=settings.part("retrospectives"),
            section=settings.part("section"),
            releases=settings.part("releases"),
            templates=settings.templates,
            bot_name=comments.name,
            vocabulary=vocabulary(comments),
            hidden_groups=(settings.part("incidents").incident_group,),
        )

    def least_access(self, command: str) -> AccessLevel:
        return next(each.least_access for each in self.vocabulary if each.name == command)

    def milestone_of(self, title: str) -> Milestone | None:
        """None where the title is no milestone of the calendar."""
        try:
            return self.releases.calendar.milestone(Version.parse(title))
        except WrongInput:
            return None

    def day_of(self, ceremony: str, milestone: Milestone) -> dt.date:
        return self.releases.day_of(ceremony, milestone)

    def choice(self, group: SectionGroup) -> GroupChoice:
        return self.own.of(group, self.section)
