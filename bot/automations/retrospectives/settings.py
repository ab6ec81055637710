"""config/retrospectives.yml: how retrospectives look, and what is otherwise for single groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from bot.settings.section import Label, SectionGroup, SectionSettings

STRICT = ConfigDict(extra="forbid")
Prompt = Annotated[str, Field(min_length=1, description="A question; it becomes a thread of its own.")]
Template = Annotated[str, Field(pattern=r"\.md$", description="Below templates/.")]
TITLE_VALUES = {"milestone": "19.4", "group": "Static Analysis"}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GroupRetrospectives:
    """What is otherwise for one group; what is left out is as for all."""

    group: str = Field(description="Its name, label or alias in config/section.yml.")
    template: Template | None = None
    prompts: tuple[Prompt, ...] | None = Field(
        default=None, description="Its own questions; an empty list: no threads."
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RetrospectiveSettings:
    label: Label = Field(default="retrospective", description="With the milestone, it makes an issue a retrospective.")
    title: str = Field(
        default="{group}: retrospective of {milestone}",
        max_length=200,
        description="The title of a group's retrospective, with {group} and {milestone}.",
    )
    follow_up_label: Label = Field(default="follow-up", description="What a retrospective has brought to do.")
    follow_up_quiet_days: int = Field(
        default=7,
        ge=0,
        le=90,
        description="Days after the due date, and after the last change, in which nobody is reminded.",
    )
    reminder_template: Template = Field(
        default="retrospectives/reminder.md", description="The note on a follow-up that is overdue."
    )
    template: Template = Field(default="retrospectives/group.md", description="The description of a group's issue.")
    prompts: tuple[Prompt, ...] = Field(
        default=(
            "What went well in this milestone?",
            "What did not go well?",
            "What can we improve, and how?",
            "Praise: whom do you want to thank, and for what?",
        ),
        description="Questions, each a thread of its own; an empty list: no threads.",
    )
    groups: tuple[GroupRetrospectives, ...] = Field(default=(), description="Groups for which something is otherwise.")

    @field_validator("title")
    @classmethod
    def title_can_be_filled(cls, value: str) -> str:
        try:
            filled = value.format(**TITLE_VALUES)
        except (KeyError, IndexError, ValueError):
            raise ValueError("only {group} and {milestone} can stand in braces") from None
        if any(each not in filled for each in TITLE_VALUES.values()):
            raise ValueError("both {group} and {milestone} are needed, so that each has its own title")
        return value

    def of(self, group: SectionGroup, section: SectionSettings) -> GroupChoice:
        own = next((each for each in self.groups if section.group_named(each.group) == group), None)
        return GroupChoice(
            template=(own and own.template) or self.template,
            prompts=own.prompts if own is not None and own.prompts is not None else self.prompts,
        )


@dataclass(frozen=True, kw_only=True)
class GroupChoice:
    """What holds for one group."""

    template: str
    prompts: tuple[str, ...]
