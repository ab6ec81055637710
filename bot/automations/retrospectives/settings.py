"""config/retrospectives.yml: how retrospectives look, and what is otherwise for single groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from bot.settings.section import Label, SectionGroup, SectionSettings

STRICT = ConfigDict(extra="forbid")
Prompt = Annotated[str, Field(min_length=1, description="A question; it becomes a thread of its own.")]
Template = Annotated[str, Field(pattern=r"\.md$", description="Below templates/.")]
Term = Annotated[str, Field(min_length=2, max_length=80)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GroupRetrospectives:
    """What is otherwise for one group; what is left out is as for all."""

    group: str = Field(description="Its name, label or alias in config/section.yml.")
    template: Template | None = None
    prompts: tuple[Prompt, ...] | None = Field(
        default=None, description="Its own questions; an empty list: no threads."
    )
    publish: bool | None = Field(default=None, description="Whether its retrospectives are published.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SectionIssue:
    title: str = Field(
        default="{section}: retrospective of {milestone}",
        max_length=200,
        description="The title of the section's retrospective, with {section} and {milestone}.",
    )
    confidential: bool = Field(
        default=True,
        description="Whether it is confidential. Where it is not, threads of confidential retrospectives are linked "
        "without their words.",
    )
    calls_for_volunteer: bool = Field(
        default=True, description="Whether the issue asks for somebody who takes it over from the DRI."
    )
    asks: Literal["members", "managers"] = Field(
        default="members",
        description="Who is asked to read and comment: all people of the directory, or the groups' managers.",
    )

    @field_validator("title")
    @classmethod
    def title_can_be_filled(cls, value: str) -> str:
        return _fillable(value, "section", "milestone")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Themes:
    least_groups: int = Field(
        default=3, ge=2, le=50, description="In the threads of how many groups a word stands that is a theme."
    )
    terms: tuple[Term, ...] = Field(
        default=(), description="Words that belong together, or that are looked for in any case."
    )
    ignored_words: tuple[Term, ...] = Field(default=(), description="Words that are no theme.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RetrospectiveSettings:
    label: Label = Field(default="retrospective", description="With the milestone, it makes an issue a retrospective.")
    title: str = Field(
        default="{group}: retrospective of {milestone}",
        max_length=200,
        description="The title of a group's retrospective, with {group} and {milestone}.",
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
    shipped_label: Label = Field(
        default="Deliverable", description="An issue with it that was closed in the milestone has shipped."
    )
    slipped_label: Label = Field(
        default="missed:{milestone}", description="What was moved on from a milestone has it, with {milestone}."
    )
    compared_milestones: int = Field(default=3, ge=0, le=11, description="How many milestones before are compared.")
    follow_up_label: Label = Field(default="follow-up", description="What a retrospective has brought to do.")
    follow_up_quiet_days: int = Field(
        default=7,
        ge=0,
        le=90,
        description="Days after the due date, and after the last change, in which nobody is reminded.",
    )
    publish: bool = Field(
        default=False,
        description="Whether groups' retrospectives become non-confidential on the day `publishing` of releases.yml. "
        "Only those are published that have announced the day since they were opened.",
    )
    hold_label: Label = Field(
        default="retrospective::keep confidential", description="A retrospective with it is not published."
    )
    section: SectionIssue = Field(default=SectionIssue(), description="The section's retrospective.")
    themes: Themes = Field(default=Themes(), description="What repeats in the threads that bubbled up.")
    groups: tuple[GroupRetrospectives, ...] = Field(default=(), description="Groups for which something is otherwise.")

    @field_validator("title")
    @classmethod
    def title_can_be_filled(cls, value: str) -> str:
        return _fillable(value, "group", "milestone")

    @field_validator("slipped_label")
    @classmethod
    def label_can_be_filled(cls, value: str) -> str:
        return _fillable(value, "milestone")

    def slipped_label_of(self, milestone: str) -> str:
        return self.slipped_label.format(milestone=milestone)

    @property
    def publishes_any(self) -> bool:
        return self.publish or any(each.publish for each in self.groups)

    def of(self, group: SectionGroup, section: SectionSettings) -> GroupChoice:
        own = next((each for each in self.groups if section.group_named(each.group) == group), None)
        return GroupChoice(
            template=(own and own.template) or self.template,
            prompts=own.prompts if own is not None and own.prompts is not None else self.prompts,
            publish=own.publish if own is not None and own.publish is not None else self.publish,
        )


def _fillable(value: str, *names: str) -> str:
    """Raises ValueError where not just these names stand in braces."""
    shown = " and ".join(f"{{{name}}}" for name in names)
    try:
        filled = value.format(**{name: f"<{name}>" for name in names})
    except (KeyError, IndexError, ValueError, AttributeError):
        raise ValueError(f"only {shown} can stand in braces") from None
    if any(f"<{name}>" not in filled for name in names):
        raise ValueError(f"{shown} {'are' if len(names) > 1 else 'is'} needed, so that each is told apart")
    return value


@dataclass(frozen=True, kw_only=True)
class GroupChoice:
    """What holds for one group."""

    template: str
    prompts: tuple[str, ...]
    publish: bool
