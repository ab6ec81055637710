"""config/section.yml: the section's directory of stages, groups and people, which every automation reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from bot.domain.errors import Problem
from bot.domain.places import is_below, is_same_path
from bot.settings.council_seats import Representative, uncovered
from bot.settings.loading import SettingsFile
from bot.settings.yaml_reader import Path as Place

STRICT = ConfigDict(extra="forbid")
Path = Annotated[str, Field(pattern=r"^[\w.][\w./-]*$", description="A full path in GitLab.")]
Username = Annotated[str, Field(pattern=r"^[\w][\w.-]*$", description="A username, without @.")]
Label = Annotated[str, Field(min_length=1, pattern=r"^[^,]+$", description="The name of a label.")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Roles:
    engineering_manager: Username
    product_manager: Username
    technical_lead: Username

    def usernames(self) -> tuple[str, ...]:
        return (self.engineering_manager, self.product_manager, self.technical_lead)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Members:
    usernames: tuple[Username, ...] = Field(default=(), description="Usernames, without @.")
    group: Path | None = Field(default=None, description="A GitLab group whose direct members they are.")

    @model_validator(mode="after")
    def one_way(self) -> Members:
        if bool(self.usernames) == (self.group is not None):
            raise ValueError("name either usernames or a group")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SectionGroup:
    """A group of people with a part of the product; not a group of GitLab."""

    name: str = Field(min_length=1, description="As people call it.")
    label: Label = Field(description='The label of what it owns, like "group::static analysis".')
    aliases: tuple[str, ...] = Field(default=(), description="Other names and labels that mean the same.")
    feature_categories: tuple[str, ...] = Field(default=(), description="What of the product it owns.")
    issues_project: Path = Field(description="The project in which its issues are.")
    retrospective_project: Path | None = Field(
        default=None, description="The project for its retrospectives; without one the bot opens none."
    )
    people: Roles
    members: Members
    council: tuple[Representative, ...] = Field(default=(), description="Who represents the group in the council.")

    @property
    def scoped_labels(self) -> frozenset[str]:
        """Its label, and the aliases that are labels of a scope, in small letters."""
        return frozenset({self.label.lower(), *(alias.lower() for alias in self.aliases if "::" in alias)})


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Stage:
    name: str = Field(min_length=1)
    label: Label = Field(description='Its label, like "devops::secure".')
    groups: tuple[SectionGroup, ...] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SectionSettings:
    name: str = Field(min_length=1, description="As people call the section.")
    label: Label = Field(description='Its label, like "section::sec".')
    group: Path = Field(description="The GitLab group below which the section's projects are.")
    dri: Username = Field(description="Who answers for what concerns the whole section.")
    product_manager: Username | None = Field(
        default=None, description="Who answers for it in Product Management, where no group does."
    )
    retrospective_project: Path | None = Field(
        default=None, description="The project for the section's own retrospective; without one the bot opens none."
    )
    feature_categories: tuple[str, ...] = Field(
        default=(), description="All that the section owns; each has one group that owns it."
    )
    stages: tuple[Stage, ...] = Field(min_length=1)

    @property
    def groups(self) -> tuple[SectionGroup, ...]:
        """In the order of the file."""
        return tuple(group for stage in self.stages for group in stage.groups)

    def group_named(self, text: str) -> SectionGroup | None:
        """By its name, its label or an alias of either, in any letter case."""
        wanted = text.strip().lower()
        for group in self.groups:
            if wanted in {name.lower() for name in (group.name, group.label, *group.aliases)}:
                return group
        return None

    def places(self) -> Iterator[tuple[Place, SectionGroup]]:
        """Each group with its place in the file."""
        for number, stage in enumerate(self.stages):
            for index, group in enumerate(stage.groups):
                yield ("stages", number, "groups", index), group


def check_section(section: SectionSettings, file: SettingsFile) -> list[Problem]:
    """What is there twice: names, labels and aliases; feature categories that two groups own."""
    problems: list[Problem] = []
    names: dict[str, str] = {}
    categories: dict[str, str] = {}

    def claim(known: dict[str, str], text: str, owner: str, place: Place, thing: str) -> None:
        before = known.setdefault(text.lower(), owner)
        if before != owner:
            what = f"the {thing} {text!r} is that of {before}, too."
            problems.append(file.problem(place, what, "One of them must be another."))

    for number, stage in enumerate(section.stages):
        claim(names, stage.label, f"the stage {stage.name}", ("stages", number, "label"), "label")
    claim(names, section.label, f"the section {section.name}", ("label",), "label")
    own_project = section.retrospective_project
    if own_project is not None and not is_below(own_project, section.group):
        what = f"{own_project} is not below the section's group {section.group}."
        problems.append(file.problem(("retrospective_project",), what, "Its lists would not have it."))
    seen: dict[str, int] = {}
    for place, group in section.places():
        owner = group.name
        seen[owner.lower()] = seen.get(owner.lower(), 0) + 1
        if seen[owner.lower()] > 1:
            problems.append(file.problem((*place, "name"), f"there are two groups {owner!r}.", "Name one otherwise."))
            owner = f"{owner} ({seen[owner.lower()]})"
        path = group.retrospective_project
        if path is not None and not is_below(path, section.group):
            what = f"{path} is not below the section's group {section.group}."
            problems.append(file.problem((*place, "retrospective_project"), what, "Its lists would not have it."))
        if path is not None and is_same_path(own_project, path):
            what = f"{path} is the project of the section's own retrospective, too."
            problems.append(file.problem((*place, "retrospective_project"), what, "The group needs its own."))
        claim(names, group.name, owner, (*place, "name"), "name")
        claim(names, group.label, owner, (*place, "label"), "label")
        for index, alias in enumerate(group.aliases):
            claim(names, alias, owner, (*place, "aliases", index), "alias")
        for index, category in enumerate(group.feature_categories):
            claim(categories, category, owner, (*place, "feature_categories", index), "feature category")
    return problems + _unowned(section, categories, file) + _unrepresented(section, file)


def _unowned(section: SectionSettings, owners: dict[str, str], file: SettingsFile) -> list[Problem]:
    """Categories of the list that no group owns, and of groups that the list does not have."""
    problems = []
    listed = {category.lower() for category in section.feature_categories}
    for index, category in enumerate(section.feature_categories):
        if category.lower() not in owners:
            what = f"no group owns the feature category {category!r}."
            problems.append(file.problem(("feature_categories", index), what, "Give it to one, or take it off."))
    for place, group in section.places() if listed else ():
        for index, category in enumerate(group.feature_categories):
            if category.lower() not in listed:
                what = f"the section's list has no feature category {category!r}."
                hint = "Add it there, or mend the name."
                problems.append(file.problem((*place, "feature_categories", index), what, hint))
    return problems


def _unrepresented(section: SectionSettings, file: SettingsFile) -> list[Problem]:
    """Groups that nobody represents on some day; a section in which no group has a representative has no council."""
    if not any(group.council for group in section.groups):
        return []
    problems = []
    for place, group in section.places():
        days = uncovered(group.council)
        if days:
            at = (*place, "council") if group.council else (*place, "name")
            what = f"nobody represents {group.name} in the council {days}."
            problems.append(file.problem(at, what, "Add a representative for these days."))
    return problems
