"""The settings that decide about initiatives, together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.automations.initiatives.facts import category_key
from bot.automations.initiatives.settings import InitiativeSettings
from bot.comment_commands.vocabulary import CommandSpec, council_vocabulary
from bot.domain.places import is_in
from bot.domain.release_calendar import Milestone, today
from bot.domain.resources import AccessLevel
from bot.settings.bot_settings import CommentCommands
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionGroup, SectionSettings
from bot.settings.templates import Templates

OWNER = "owner"
COUNCIL = "council"
RELEVANT = "relevant"
CLOSE = "close"
DISTRIBUTE = "distribute"
DISTRIBUTE_NOW = "distribute now"
COMMANDS = {
    OWNER: "with the name of a group: that group answers for the initiative",
    COUNCIL: "asks the architectural council",
    RELEVANT: "confirms that it is still relevant; the next question comes half a year later, or as the settings say",
    CLOSE: "with a reason: closes it",
    DISTRIBUTE: "shows which issues the plan would make",
    DISTRIBUTE_NOW: "makes the issues that were shown",
}


def _sees(council: Any) -> bool:
    """Whether the council looks at the project of its queue."""
    path = council.queue_project
    return path is not None and (not council.places or any(is_in(path, place) for place in council.places))


@dataclass(frozen=True)
class Setup:
    """The settings that decide.

    Args:
        council_label: what puts an issue before the council; empty where the section has none.
        council_project: where the bot opens a question about an epic; empty where the council would not see it;
            council_question: the text from which such a question starts.
        council_commands: what can be said to the council, which answers them itself.
        hidden_groups: nothing below them is looked at.
    """

    own: InitiativeSettings
    section: SectionSettings
    releases: ReleaseSettings
    templates: Templates
    comments: CommentCommands
    council_label: str = ""
    council_project: str = ""
    council_question: str = ""
    council_commands: tuple[CommandSpec, ...] = ()
    hidden_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Any) -> Setup:
        """From all settings of the bot."""
        council = settings.part("council")
        return cls(
            own=settings.part("initiatives"),
            section=settings.part("section"),
            releases=settings.part("releases"),
            templates=settings.templates,
            comments=settings.part("bot").comment_commands,
            council_label=council.label,
            council_project=council.queue_project or "" if _sees(council) else "",
            council_question=settings.templates.texts.get(council.template, ""),
            council_commands=council_vocabulary(settings.part("bot").comment_commands.access_of),
            hidden_groups=(settings.part("incidents").incident_group,),
        )

    @property
    def command_labels(self) -> dict[str, str]:
        """Command to the label that means the same."""
        return {str(name): label for name, label in self.own.command_labels.items()}

    @property
    def vocabulary(self) -> tuple[CommandSpec, ...]:
        """What can be said on an initiative."""
        return tuple(
            CommandSpec(name, what, self.comments.access_of(name, AccessLevel.DEVELOPER))
            for name, what in COMMANDS.items()
            if name != COUNCIL or self.council_label
        )

    def owner_of(self, labels: Iterable[str]) -> SectionGroup | None:
        """The group whose label is there; None where there is none, or more than one."""
        have = {label.lower() for label in labels}
        found = [group for group in self.section.groups if have & group.scoped_labels]
        return found[0] if len(found) == 1 else None

    def owner_of_category(self, category: str) -> SectionGroup | None:
        wanted = category_key(category)
        return next(
            (group for group in self.section.groups if wanted in map(category_key, group.feature_categories)), None
        )

    def is_place(self, path: str) -> bool:
        """Whether issues of this project, or epics of this group, can be initiatives: in the section's group, and in
        no hidden one.
        """
        return is_in(path, self.section.group) and not any(is_in(path, group) for group in self.hidden_groups)

    def day(self, now: dt.datetime) -> dt.date:
        return today(now, self.releases.zone)

    def milestone(self, now: dt.datetime) -> Milestone:
        """The milestone that runs."""
        return self.releases.calendar.milestone_on(self.day(now))
