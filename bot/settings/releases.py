"""config/releases.yml: when releases are, and on which days what happens around them."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from bot.domain.errors import WrongInput
from bot.domain.release_calendar import Anchor, DayRule, Milestone, ReleaseCalendar, Version
from bot.settings.time_zone import TimeZoneName

STRICT = ConfigDict(extra="forbid")


def _version(value: Any) -> Any:
    if isinstance(value, float | int) and not isinstance(value, bool):
        raise ValueError(f'put the release in quotes, "{value}": to YAML 19.10 is the number 19.1')
    if isinstance(value, str):
        try:
            Version.parse(value)
        except WrongInput as wrong:
            raise ValueError(str(wrong)) from None
    return value


def _day_rule(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return str(DayRule.parse(value))
        except WrongInput as wrong:
            raise ValueError(str(wrong)) from None
    return value


VersionText = Annotated[str, BeforeValidator(_version), Field(description='In quotes: "19.4".')]
DayInWords = Annotated[str, BeforeValidator(_day_rule)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FirstRelease:
    version: VersionText
    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="The month of its release, like 2022-05.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MovedRelease:
    version: VersionText
    day: dt.date = Field(strict=False, description="The day on which it is released instead, like 2026-11-26.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Ceremonies:
    """The days of every milestone, in words. What each is for stands in its description."""

    opening: DayInWords = Field(
        default="Monday after the release",
        description="The day on which the bot opens the groups' retrospectives. The release is that of the milestone "
        "before, which ships while this one has just begun.",
    )
    section_opening: DayInWords = Field(
        default="Monday of the week in which the milestone ends",
        description="The day on which the section's retrospective begins.",
    )
    refresh: DayInWords = Field(
        default="Wednesday of the week in which the milestone ends",
        description="The day on which the groups look at what shipped and what slipped.",
    )
    section_review: DayInWords = Field(
        default="Monday of the week of the release",
        description="The day on which everybody is asked to read and comment on the section's retrospective.",
    )
    section_closing: DayInWords = Field(
        default="Friday of the week of the release",
        description="The day on which the DRI is reminded of the summary and of following up.",
    )
    publishing: DayInWords = Field(
        default="14 days after the release",
        description="The day on which the groups' retrospectives become non-confidential, where retrospectives.yml "
        "says so.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ReleaseSettings:
    time_zone: TimeZoneName = Field(default="UTC", description="The zone in which days begin, by its IANA name.")
    release_time: str = Field(
        default="13:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="When on its day a release is, in that zone; for calendar programs.",
    )
    first: FirstRelease = Field(description="The first release that the bot knows, and its month.")
    exceptions: tuple[MovedRelease, ...] = Field(
        default=(), description="Releases on other days than the rule says (third Thursday; the 22nd before 16.6)."
    )
    ceremonies: Ceremonies = Field(default=Ceremonies(), description="What happens on which day of a milestone.")

    @model_validator(mode="after")
    def milestones_follow_each_other(self) -> ReleaseSettings:
        versions = [each.version for each in self.exceptions]
        twice = sorted({version for version in versions if versions.count(version) > 1})
        if twice:
            raise ValueError(f"two exceptions are about {twice[0]}")
        for _, sentence in self.calendar.problems():
            raise ValueError(sentence)
        return self

    @property
    def calendar(self) -> ReleaseCalendar:
        year, _, month = self.first.month.partition("-")
        moved = {Version.parse(each.version): each.day for each in self.exceptions}
        return ReleaseCalendar(Version.parse(self.first.version), dt.date(int(year), int(month), 1), moved)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def day_of(self, ceremony: str, milestone: Milestone) -> dt.date:
        """Args: ceremony: a field of Ceremonies."""
        rule = DayRule.parse(getattr(self.ceremonies, ceremony))
        if ceremony == "opening" and rule.anchor is not Anchor.BEGINS:
            # Where it is opened "after the release", that is the release of what came before.
            return rule.day(self.calendar.before(milestone))
        return rule.day(milestone)

    def ceremony_days(self, milestone: Milestone) -> list[tuple[dt.date, str]]:
        """Days and ceremonies of a milestone, in their order."""
        return sorted((self.day_of(each.name, milestone), each.name) for each in fields(Ceremonies))
