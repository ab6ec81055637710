"""config/initiatives.yml: what a section-wide initiative is, and what it has to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from bot.settings.bot_settings import ProjectPath
from bot.settings.section import Label
from bot.settings.weights import Weights

STRICT = ConfigDict(extra="forbid")
LabelSet = Annotated[tuple[Label, ...], Field(min_length=1)]


LabelCommand = Literal["relevant", "close", "distribute", "distribute now"]


def _default_command_labels() -> dict[LabelCommand, Label]:
    return {
        "relevant": "bot relevant",
        "close": "bot close",
        "distribute": "bot distribute",
        "distribute now": "bot distribute now",
    }


@dataclass(frozen=True, kw_only=True, config=STRICT)
class InitiativeSettings:
    label_sets: tuple[LabelSet, ...] = Field(
        min_length=1, description="An issue with all labels of one of these sets is a section-wide initiative."
    )
    aliases: dict[str, tuple[Label, ...]] = Field(
        default_factory=dict, description="Label to other labels that mean the same."
    )
    required_sections: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="Headings that its description has, each with something below it."
    )
    template: str = Field(
        default="initiatives/initiative.md",
        pattern=r"\.md$",
        description="Below templates/: the text from which people start. Its own words say nothing.",
    )
    complete_label: Label = Field(default="initiative::complete", description="What is on a complete initiative.")
    incomplete_label: Label = Field(
        default="initiative::incomplete",
        description="What is on the others. With one of the two an issue stays an initiative when a group owns it.",
    )
    unowned_label: Label = Field(
        default="group::not owned", description="What stands in place of a group's label while no group owns it."
    )
    quiet_label: Label = Field(default="bot::quiet", description="With this label nobody is reminded of anything.")
    relevant_for_months: int = Field(
        default=6, ge=1, le=60, description="How long after its creation, or a confirmation, it counts as relevant."
    )
    close_unconfirmed: bool = Field(
        default=False,
        description="Whether an initiative that nobody confirms is closed a milestone after the second question.",
    )
    plan_heading: str = Field(
        default="Implementation plan", min_length=1, description="The heading of the plan, with its table."
    )
    plan_within_days: int = Field(
        default=30, ge=1, description="How long a group may own an initiative before it is reminded of the plan."
    )
    distribute_within_days: int = Field(
        default=30, ge=1, description="How long a plan may stand before the group is reminded to distribute it."
    )
    implementation_title: str = Field(
        default="{category}: {initiative}",
        pattern=r"^[^{}]*(\{(category|initiative)\}[^{}]*)+$",
        description="The title of an implementation issue.",
    )
    category_label: str | None = Field(
        default="Category:{category}",
        pattern=r"^[^{},]*\{category\}[^{},]*$",
        description="The label of a feature category; null for none.",
    )
    included_plan_characters: int = Field(
        default=20_000, ge=0, le=200_000, description="A longer plan is linked from its issues, not included."
    )
    progress_interval_hours: int = Field(
        default=24, ge=0, description="How seldom the note on the progress is brought up to date, at most."
    )
    review_project: ProjectPath | None = Field(
        default=None, description="The project of the milestone review; without one the bot opens none."
    )
    review_title: str = Field(
        default="{section}: review of section-wide initiatives in {milestone}",
        pattern=r"^[^{}]*(\{(section|milestone)\}[^{}]*)+$",
        description="The title of the milestone review.",
    )
    command_labels: dict[LabelCommand, Label] = Field(
        default_factory=_default_command_labels,
        description="Command to the label that means the same. A group's label means `owner`; what takes words behind "
        "it is asked for them.",
    )
    weights: Weights = Field(default=Weights(), description="How the most impacted group is suggested.")

    def is_initiative(self, labels: Iterable[str]) -> bool:
        have = set(labels)
        return bool(have & set(self.own_labels)) or any(set(each) <= have for each in self.alternatives())

    @property
    def own_labels(self) -> tuple[str, str]:
        """Those that the bot sets: an initiative has one of them."""
        return (self.complete_label, self.incomplete_label)

    @property
    def unowned_labels(self) -> tuple[str, ...]:
        return (self.unowned_label, *self.aliases.get(self.unowned_label, ()))

    def alternatives(self) -> Iterator[tuple[str, ...]]:
        """Every set of labels that makes an initiative, with each alias in place of its label."""
        for labels in self.label_sets:
            yield from product(*((label, *self.aliases.get(label, ())) for label in labels))
