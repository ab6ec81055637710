"""Working time between instants, and a clock that runs only in it. Pure; instants are aware, days are of one zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_DAY = dt.timedelta(days=1)
# No clock runs longer; a calendar without open days ends here.
MOST_DAYS = 366
Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class BusinessCalendar:
    """When people work.

    Args:
        opens, closes: of a working day, by the clock on the wall; opens comes first.
        weekdays: that are worked, 0 is Monday.
        is_closed: whether a day is none, though its weekday is: holidays, closed days of the company.
    """

    zone: dt.tzinfo
    opens: dt.time
    closes: dt.time
    weekdays: frozenset[int]
    is_closed: Callable[[dt.date], bool]

    def is_working_day(self, day: dt.date) -> bool:
        return day.weekday() in self.weekdays and not self.is_closed(day)

    @property
    def day_length(self) -> dt.timedelta:
        """Of a business day, by the clock on the wall."""
        start = dt.datetime.combine(dt.date.min, self.opens)
        return dt.datetime.combine(dt.date.min, self.closes) - start

    def hours_of(self, day: dt.date) -> Span:
        """When work begins and ends on a day, in UTC."""
        begins = dt.datetime.combine(day, self.opens, self.zone).astimezone(dt.UTC)
        return begins, dt.datetime.combine(day, self.closes, self.zone).astimezone(dt.UTC)

    def spans(self, start: dt.datetime) -> Iterator[Span]:
        """Working hours from an instant on, in UTC, at most a year's."""
        first = start.astimezone(self.zone).date()
        for number in range(MOST_DAYS):
            day = first + number * _DAY
            if not self.is_working_day(day):
                continue
            begins, ends = self.hours_of(day)
            # Where the clock is put on in between, a short day can end before it begins.
            if ends > max(begins, start):
                yield max(begins, start), ends

    def working_time(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """Between two instants; none where the second is not later."""
        total = dt.timedelta()
        for begins, ends in self.spans(start):
            if begins >= end:
                break
            total += min(ends, end) - begins
        return total


@dataclass(frozen=True)
class Clock:
    """Runs from its start in working time, and stands still while it is paused.

    Args:
        pauses: from when to when, in any order; None as the end of one that lasts.
    """

    started_at: dt.datetime
    pauses: tuple[tuple[dt.datetime, dt.datetime | None], ...] = ()

    @property
    def is_paused(self) -> bool:
        return any(end is None for _, end in self.pauses)

    def elapsed(self, calendar: BusinessCalendar, now: dt.datetime) -> dt.timedelta:
        """How much of its time is over."""
        return sum((calendar.working_time(begins, ends) for begins, ends in self._runs(now)), start=dt.timedelta())

    def _runs(self, until: dt.datetime) -> list[Span]:
        """When it ran, up to an instant."""
        runs = []
        at = self.started_at
        for begins, ends in sorted(((start, end or until) for start, end in self.pauses), key=lambda pause: pause[0]):
            if begins > at:
                runs.append((at, min(begins, until)))
            at = max(at, ends)
        runs.append((at, until))
        return [(begins, ends) for begins, ends in runs if begins < ends]

    def ends_at(self, calendar: BusinessCalendar, length: dt.timedelta) -> dt.datetime | None:
        """When this much working time is over; None while it is paused, or where that never comes."""
        left = length
        at = self.started_at
        for begins, ends in sorted(self.pauses, key=lambda pause: pause[0]):
            if begins > at:
                run = calendar.working_time(at, begins)
                if run >= left:
                    return _after(calendar, at, left)
                left -= run
            if ends is None:
                return None
            at = max(at, ends)
        return _after(calendar, at, left)


def _after(calendar: BusinessCalendar, start: dt.datetime, length: dt.timedelta) -> dt.datetime | None:
    for begins, ends in calendar.spans(start):
        if ends - begins >= length:
            return begins + length
        length -= ends - begins
    return None
