"""The release calendar: which milestone a day belongs to, when it is released, and the days of what happens around it.

Everything here is a calendar day in the section's time zone; `today` takes an instant there. A milestone ends on the
last Friday strictly before its release day, and the next one begins on the day after: so every day from the first
milestone on belongs to exactly one. Weeks begin on Monday.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.domain.errors import WrongInput

RELEASES_A_YEAR = 12
FRIDAY, THURSDAY = 4, 3
DAY_BEFORE_THURSDAYS = 22
WEEKDAYS = tuple(calendar.day_name)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, order=True)
class Version:
    """A release's number, which is its milestone's title: 19.4. After 19.11 comes 20.0."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises WrongInput for what is no version of two numbers."""
        match = re.fullmatch(r"(\d{1,3})\.(\d{1,2})", text.strip())
        if match is None or int(match[2]) >= RELEASES_A_YEAR:
            raise WrongInput(f"{text!r} is no release; write one like 19.4 (the second number is 0 to 11).")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def plus(self, releases: int) -> Version:
        """The release so many after this one; before it where the number is negative."""
        return Version(*divmod(self.major * RELEASES_A_YEAR + self.minor + releases, RELEASES_A_YEAR))

    def minus(self, other: Version) -> int:
        """How many releases lie between."""
        return (self.major - other.major) * RELEASES_A_YEAR + self.minor - other.minor


# From 16.6 (November 2023) on releases are on the third Thursday of the month; until then they were on the 22nd.
THIRD_THURSDAY_FROM = Version(16, 6)


@dataclass(frozen=True)
class Milestone:
    """Args: first_day, last_day: both are part of it; release_day: after its end, when what it made is released."""

    version: Version
    first_day: dt.date
    last_day: dt.date
    release_day: dt.date

    @property
    def title(self) -> str:
        return str(self.version)

    def __contains__(self, day: dt.date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True)
class ReleaseCalendar:
    """One release a month.

    Args:
        first: the first release that the calendar knows; first_month: a day of the month in which it was released.
        exceptions: releases that are on another day than the rule says.
    """

    first: Version
    first_month: dt.date
    exceptions: Mapping[Version, dt.date] = field(default_factory=dict)

    def release_day(self, version: Version) -> dt.date:
        exception = self.exceptions.get(version)
        if exception is not None:
            return exception
        months = self.first_month.year * 12 + self.first_month.month - 1 + version.minus(self.first)
        year, month = divmod(months, 12)
        if version < THIRD_THURSDAY_FROM:
            return dt.date(year, month + 1, DAY_BEFORE_THURSDAYS)
        first = dt.date(year, month + 1, 1)
        return first + dt.timedelta(days=(THURSDAY - first.weekday()) % 7 + 14)

    def _last_day(self, version: Version) -> dt.date:
        before = self.release_day(version) - _DAY
        return before - dt.timedelta(days=(before.weekday() - FRIDAY) % 7)

    def milestone(self, version: Version) -> Milestone:
        """Raises WrongInput for a release before the first."""
        if version < self.first:
            raise WrongInput(f"{version} is before {self.first}, the first release of the calendar.")
        return self._milestone(version)

    def _milestone(self, version: Version) -> Milestone:
        first_day = self._last_day(version.plus(-1)) + _DAY
        return Milestone(version, first_day, self._last_day(version), self.release_day(version))

    def milestone_on(self, day: dt.date) -> Milestone:
        """The milestone that runs on this day. Raises WrongInput for a day before the first one."""
        months = (day.year - self.first_month.year) * 12 + day.month - self.first_month.month
        # The release of the same month is where the search begins; exceptions can move it either way.
        version = self.first.plus(max(0, months))
        while self._last_day(version) < day:
            version = version.plus(1)
        while version > self.first and self._last_day(version.plus(-1)) >= day:
            version = version.plus(-1)
        found = self.milestone(version)
        if day not in found:
            raise WrongInput(f"{day.isoformat()} is before {self.first}, the first release of the calendar.")
        return found

    def before(self, milestone: Milestone) -> Milestone:
        """Also that before the first, by the rule."""
        return self._milestone(milestone.version.plus(-1))

    def after(self, milestone: Milestone) -> Milestone:
        return self.milestone(milestone.version.plus(1))

    def problems(self) -> Iterator[tuple[Version, str]]:
        """Exceptions with which the milestones would not follow each other, each with a sentence."""
        for version, day in sorted(self.exceptions.items()):
            if version < self.first:
                yield version, f"{version} is before {self.first}, the first release"
                continue
            for earlier, later in ((version.plus(-1), version), (version, version.plus(1))):
                if self._last_day(earlier) >= self._last_day(later):
                    yield version, f"with {version} on {day.isoformat()} milestone {later} would have no day"
                    break


class Anchor(Enum):
    """What a rule for a day counts from."""

    RELEASE = "the release"
    BEGINS = "the milestone begins"
    ENDS = "the milestone ends"


_WEEKDAY = "|".join(WEEKDAYS)
_ANCHORS = "|".join(anchor.value for anchor in Anchor)
_RULES = (
    re.compile(rf"(?P<weekday>{_WEEKDAY}) (?P<way>(?:on or )?(?:after|before)) (?P<anchor>{_ANCHORS})"),
    re.compile(rf"(?P<weekday>{_WEEKDAY}) of the week of (?P<anchor>the release)"),
    re.compile(rf"(?P<weekday>{_WEEKDAY}) of the week in which (?P<anchor>the milestone (?:begins|ends))"),
    re.compile(rf"(?P<days>\d{{1,2}}) days? (?P<way>after|before) (?P<anchor>{_ANCHORS})"),
    re.compile(r"the day (?:of (?P<anchor>the release)|(?P<other>the milestone (?:begins|ends)))"),
)
RULE_FORMS = (
    "Monday after the release",
    "Wednesday of the week in which the milestone ends",
    "Friday of the week of the release",
    "Thursday on or before the milestone ends",
    "3 days before the release",
    "the day the milestone ends",
)


@dataclass(frozen=True)
class DayRule:
    """A day of each milestone, in words.

    Args:
        anchor: what it counts from; weekday: 0 is Monday; way: after, before, on or after, on or before, or empty for
            the weekday of the anchor's own week.
    """

    text: str
    anchor: Anchor
    weekday: int | None = None
    way: str = ""
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> DayRule:
        """Raises WrongInput with the forms that are understood."""
        words = " ".join(text.split())
        for rule in _RULES:
            match = rule.fullmatch(words)
            if match is None:
                continue
            found = match.groupdict()
            anchor = Anchor(found.get("anchor") or found.get("other"))
            weekday = WEEKDAYS.index(found["weekday"]) if found.get("weekday") else None
            return cls(words, anchor, weekday, found.get("way") or "", int(found.get("days") or 0))
        raise WrongInput(f"{text!r} names no day. Write it like one of: {'; '.join(RULE_FORMS)}.")

    def __str__(self) -> str:
        return self.text

    def day(self, milestone: Milestone) -> dt.date:
        """The day for this milestone."""
        start = {
            Anchor.RELEASE: milestone.release_day,
            Anchor.BEGINS: milestone.first_day,
            Anchor.ENDS: milestone.last_day,
        }[self.anchor]
        if self.weekday is None:
            return start + dt.timedelta(days=self.days if self.way == "after" else -self.days)
        if not self.way:
            return start + dt.timedelta(days=self.weekday - start.weekday())
        if self.way.endswith("after"):
            start += _DAY if self.way == "after" else dt.timedelta()
            return start + dt.timedelta(days=(self.weekday - start.weekday()) % 7)
        start -= _DAY if self.way == "before" else dt.timedelta()
        return start - dt.timedelta(days=(start.weekday() - self.weekday) % 7)


def today(now: dt.datetime, zone: dt.tzinfo) -> dt.date:
    """The day in the section's time zone. Args: now: aware."""
    return now.astimezone(zone).date()
