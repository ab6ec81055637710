"""config/initiatives.yml: what a section-wide initiative is, and what it has to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from bot.settings.section import Label

STRICT = ConfigDict(extra="forbid")
LabelSet = Annotated[tuple[Label, ...], Field(min_length=1)]


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

    def is_initiative(self, labels: Iterable[str]) -> bool:
        have = set(labels)
        return any(set(each) <= have for each in self.alternatives())

    def alternatives(self) -> Iterator[tuple[str, ...]]:
        """Every set of labels that makes an initiative, with each alias in place of its label."""
        for labels in self.label_sets:
            yield from product(*((label, *self.aliases.get(label, ())) for label in labels))
