"""Who represents a team in the council, and when: seats with their days and their substitutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", populate_by_name=True)
Username = Annotated[str, Field(pattern=r"^[\w][\w.-]*$", description="A username, without @.")]
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Term:
    """Days from the first to the last, both included; without one of them it has no such end."""

    username: Username
    first_day: dt.date | None = Field(
        default=None, alias="from", strict=False, description="The first day, like 2027-01-01; without one: since ever."
    )
    last_day: dt.date | None = Field(
        default=None, alias="until", strict=False, description="The last day; without one: until further notice."
    )

    @model_validator(mode="after")
    def begins_before_it_ends(self) -> Term:
        if self.first_day is not None and self.last_day is not None and self.first_day > self.last_day:
            raise ValueError(f"it ends on {self.last_day} and begins on {self.first_day}")
        return self

    def __contains__(self, day: dt.date) -> bool:
        return (self.first_day or dt.date.min) <= day <= (self.last_day or dt.date.max)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Representative(Term):
    substitutes: tuple[Term, ...] = Field(default=(), description="Who stands in for them, and when.")

    def present_on(self, day: dt.date) -> str:
        """The username of who sits there on that day."""
        return next((each.username for each in self.substitutes if day in each), self.username)


def representatives_on(seats: Iterable[Representative], day: dt.date) -> tuple[str, ...]:
    """Usernames, each once, in the order of the seats."""
    return tuple(dict.fromkeys(each.present_on(day) for each in seats if day in each))


def uncovered(seats: Iterable[Representative]) -> str:
    """The first days on which nobody sits there, in words; empty where there are none after the first seat begins."""
    ordered = sorted(seats, key=lambda each: each.first_day or dt.date.min)
    if not ordered:
        return "on any day"
    covered = ordered[0].last_day
    for seat in ordered[1:]:
        if covered is None:
            return ""
        if seat.first_day is not None and seat.first_day > covered + _DAY:
            return f"from {covered + _DAY} to {seat.first_day - _DAY}"
        covered = max(covered, seat.last_day) if seat.last_day is not None else None
    return "" if covered is None else f"from {covered + _DAY} on"
