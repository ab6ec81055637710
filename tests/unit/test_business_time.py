"""Working time, and a clock that runs in it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.business_time import BusinessCalendar, Clock

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = frozenset(range(5))
HOLIDAY = dt.date(2026, 12, 25)
OFFICE = BusinessCalendar(BERLIN, dt.time(9), dt.time(17), WEEK, lambda day: day == HOLIDAY)
TWO_DAYS = 2 * OFFICE.day_length
HOUR = dt.timedelta(hours=1)


def berlin(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-17T14:00", "2026-11-19T14:00"),
        ("2026-11-16T09:00", "2026-11-17T17:00"),
        # A weekend, a night and a holiday do not count.
        ("2026-11-19T14:00", "2026-11-23T14:00"),
        ("2026-11-21T14:00", "2026-11-24T17:00"),
        ("2026-11-16T03:00", "2026-11-17T17:00"),
        ("2026-12-24T09:00", "2026-12-28T17:00"),
        # The clock on the wall is put back on October 25th.
        ("2026-10-23T12:00", "2026-10-27T12:00"),
    ],
)
def test_two_business_days(start: str, end: str) -> None:
    assert Clock(berlin(start)).ends_at(OFFICE, TWO_DAYS) == berlin(end)


def test_a_pause_stops_it() -> None:
    started = berlin("2026-11-16T09:00")
    pause = (berlin("2026-11-16T12:00"), berlin("2026-11-17T12:00"))
    assert Clock(started, (pause,)).ends_at(OFFICE, TWO_DAYS) == berlin("2026-11-18T17:00")
    lasting = Clock(started, ((berlin("2026-11-16T12:00"), None),))
    assert lasting.is_paused and lasting.ends_at(OFFICE, TWO_DAYS) is None
    assert lasting.elapsed(OFFICE, berlin("2026-11-30T12:00")) == 3 * HOUR


def test_where_nobody_ever_works_it_does_not_end() -> None:
    never = BusinessCalendar(BERLIN, dt.time(9), dt.time(17), WEEK, lambda _day: True)
    assert Clock(berlin("2026-11-16T09:00")).ends_at(never, TWO_DAYS) is None


instants = st.datetimes(dt.datetime(2026, 3, 1), dt.datetime(2026, 11, 30), timezones=st.just(dt.UTC))
pauses = st.lists(st.tuples(instants, instants).map(lambda pair: (min(pair), max(pair))), max_size=4).map(tuple)


@given(instants, instants, pauses)
def test_what_has_elapsed_is_never_negative_and_never_shrinks(
    start: dt.datetime, now: dt.datetime, stops: tuple[tuple[dt.datetime, dt.datetime], ...]
) -> None:
    clock = Clock(start, stops)
    elapsed = clock.elapsed(OFFICE, now)
    assert dt.timedelta() <= elapsed <= OFFICE.working_time(start, now)
    assert clock.elapsed(OFFICE, now + HOUR) >= elapsed


@given(instants, pauses, st.tuples(instants, instants).map(lambda pair: (min(pair), max(pair))))
def test_a_pause_more_never_ends_it_sooner(
    start: dt.datetime, stops: tuple[tuple[dt.datetime, dt.datetime], ...], more: tuple[dt.datetime, dt.datetime]
) -> None:
    without = Clock(start, stops).ends_at(OFFICE, TWO_DAYS)
    paused = Clock(start, (*stops, more)).ends_at(OFFICE, TWO_DAYS)
    assert without is not None and paused is not None and paused >= without


@given(instants, pauses, st.randoms(use_true_random=False))
def test_the_order_of_pauses_does_not_matter(start: dt.datetime, stops: tuple[object, ...], random: object) -> None:
    mixed = list(stops)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    ends = [Clock(start, tuple(each)).ends_at(OFFICE, TWO_DAYS) for each in (stops, mixed)]  # type: ignore[arg-type]
    assert ends[0] == ends[1]


@given(instants, pauses)
def test_at_its_end_its_time_has_elapsed(
    start: dt.datetime, stops: tuple[tuple[dt.datetime, dt.datetime], ...]
) -> None:
    clock = Clock(start, stops)
    end = clock.ends_at(OFFICE, TWO_DAYS)
    assert end is not None and clock.elapsed(OFFICE, end) == TWO_DAYS


@given(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)), st.sampled_from([0, 8]))
def test_daylight_saving_makes_no_day_longer_or_shorter(start: dt.datetime, hour: int) -> None:
    """Of office hours: the clock is put on and back at night, when nobody works."""
    begins, ends = OFFICE.hours_of((start + dt.timedelta(hours=hour)).date())
    assert ends - begins == OFFICE.day_length
