"""config/council.yml: what goes before the architectural council, in which order, and for how long."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from bot.domain.business_time import BusinessCalendar
from bot.domain.release_calendar import WEEKDAYS
from bot.settings.bot_settings import ProjectPath
from bot.settings.section import Label, Path
from bot.settings.time_zone import TimeZoneName
from bot.settings.weights import Weights

STRICT = ConfigDict(extra="forbid")
Need = Literal["required", "possible"]
Heading = Annotated[str, Field(min_length=1)]
WeekdayName = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _time(value: object) -> object:
    if isinstance(value, int):  # YAML reads 9:30 as a number of minutes
        raise ValueError('put it in quotes, like "09:00"')
    return value


TimeOfDay = Annotated[dt.time, BeforeValidator(_time), Field(strict=False, description='In quotes: "09:00".')]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScopeRow:
    """A row of the table that says what is for the council."""

    reason: str = Field(min_length=1, description="As it stands in the issue's list, to be ticked.")
    in_scope: Need | None = Field(default=None, description="required: all of these must hold.")
    opt_in: Need | None = Field(default=None, description="required: all must hold; possible: one of these is enough.")
    out_of_scope: Need | None = Field(default=None, description="Any of these keeps the issue out.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Sections:
    """The headings of an issue for the council."""

    question: Heading = "Issue at hand and preferred action"
    options: Heading = "Potential solutions"
    scope: Heading = "Scope"
    decision: Heading = "Decision and why"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class WorkingTime:
    """When the clock runs."""

    time_zone: TimeZoneName = "UTC"
    opens: TimeOfDay = dt.time(9)
    closes: TimeOfDay = dt.time(17)
    weekdays: tuple[WeekdayName, ...] = Field(
        default=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), min_length=1
    )
    country: str | None = Field(default=None, description="Its public holidays do not count, like DE or US.")
    region: str | None = Field(default=None, description="Its holidays do not count either, like BE for Berlin.")
    closed_days: tuple[Annotated[dt.date, Field(strict=False)], ...] = Field(
        default=(), description="Other days that do not count, like 2026-12-31."
    )

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> WorkingTime:
        if self.opens >= self.closes:
            raise ValueError(f"it closes at {self.closes:%H:%M} and opens at {self.opens:%H:%M}")
        if self.region is not None and self.country is None:
            raise ValueError("a region needs its country")
        return self

    @model_validator(mode="after")
    def knows_the_country(self) -> WorkingTime:
        if self.country is None:
            return self
        import holidays

        known = holidays.list_supported_countries()
        if self.country not in known:
            raise ValueError(f"the holidays of the country {self.country!r} are not known; write its code, like DE")
        if self.region is not None and self.region not in known[self.country]:
            regions = ", ".join(known[self.country]) or "none"
            raise ValueError(f"{self.country} has no region {self.region!r}; there are: {regions}")
        return self

    @property
    def calendar(self) -> BusinessCalendar:
        weekdays = frozenset(WEEKDAYS.index(name) for name in self.weekdays)
        return BusinessCalendar(ZoneInfo(self.time_zone), self.opens, self.closes, weekdays, self._is_closed)

    def _is_closed(self, day: dt.date) -> bool:
        return day in self.closed_days or (
            self.country is not None and day in _holidays(self.country, self.region, day.year)
        )


@lru_cache(maxsize=64)
def _holidays(country: str, region: str | None, year: int) -> frozenset[dt.date]:
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=region, years=year))


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Records:
    """Where decisions are kept, by merge request."""

    project: ProjectPath
    folder: str = Field(default="decisions", pattern=r"^[\w][\w./-]*$")
    guidelines: str = Field(
        default="guidelines.md", pattern=r"^[\w][\w./-]*$", description="A file that gets a line for each decision."
    )


LabelCommand = Literal["accept", "dri", "pause", "resume", "defer", "decide"]


def _default_command_labels() -> dict[LabelCommand, Label]:
    return {
        "accept": "bot accept",
        "dri": "bot dri",
        "pause": "bot pause",
        "resume": "bot resume",
        "defer": "bot defer",
        "decide": "bot decide",
    }


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CouncilSettings:
    label: Label = Field(default="architectural council", description="What puts an issue before the council.")
    places: tuple[Path, ...] = Field(
        default=(), description="Groups and projects in which it does; without any, in the whole section."
    )
    queue_project: ProjectPath | None = Field(
        default=None, description="The project of the issue that shows the queue; without one there is none."
    )
    sections: Sections = Field(default=Sections())
    template: str = Field(
        default="council/question.md", pattern=r"\.md$", description="The text from which people start."
    )
    considerations: tuple[str, ...] = Field(default=(), description="What to think of, shown as a checklist.")
    scope: tuple[ScopeRow, ...] = Field(default=(), description="The table that says what is for the council.")
    concurrent: int = Field(default=1, ge=1, le=20, description="How many clocks run at a time, at most.")
    business_days: int = Field(default=2, ge=1, le=30, description="How long the council has.")
    working_time: WorkingTime = Field(default=WorkingTime())
    out_of_scope_label: Label = Field(default="council::out of scope")
    decided_label: Label = Field(default="council::decided")
    command_labels: dict[LabelCommand, Label] = Field(
        default_factory=_default_command_labels,
        description="Command to the label that means the same. What takes words behind it is asked for them.",
    )
    records: Records | None = Field(default=None, description="Without it no merge request is made.")
    weights: Weights = Field(default=Weights(), description="How the group of the DRI is suggested.")

    @field_validator("scope")
    @classmethod
    def rows_are_different(cls, rows: tuple[ScopeRow, ...]) -> tuple[ScopeRow, ...]:
        seen = set()
        for row in rows:
            if row.reason.lower() in seen:
                raise ValueError(f"{row.reason!r} stands there twice")
            seen.add(row.reason.lower())
        return rows

    @property
    def length(self) -> dt.timedelta:
        """The council's time, as working time."""
        return self.business_days * self.working_time.calendar.day_length
