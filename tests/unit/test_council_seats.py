"""Who represents a team in the council on a day, and the days on which nobody does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.settings.council_seats import Representative, representatives_on, uncovered


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def seat(username: str, **fields: Any) -> Representative:
    return TypeAdapter(Representative).validate_python({"username": username} | fields)


IRIS = seat("iris", until="2026-12-31", substitutes=[{"username": "jono", "from": "2026-12-21", "until": "2027-01-03"}])
WREN = seat("wren", **{"from": "2027-01-01"})


@pytest.mark.parametrize(
    ("on", "present"),
    [
        ("2020-01-01", ("iris",)),
        ("2026-12-20", ("iris",)),
        ("2026-12-21", ("jono",)),
        ("2026-12-31", ("jono",)),
        ("2027-01-01", ("wren",)),
        ("2040-01-01", ("wren",)),
    ],
)
def test_who_is_there_on_a_day(on: str, present: tuple[str, ...]) -> None:
    assert representatives_on((IRIS, WREN), day(on)) == present


def test_a_team_can_have_several_and_nobody_counts_twice() -> None:
    stands_in = seat("xena", substitutes=[{"username": "wren", "from": "2027-02-01"}])
    assert representatives_on((WREN, stands_in), day("2027-01-15")) == ("wren", "xena")
    assert representatives_on((WREN, stands_in), day("2027-02-15")) == ("wren",)


@pytest.mark.parametrize(
    ("seats", "days"),
    [
        ([], "on any day"),
        ([seat("a")], ""),
        ([seat("a", **{"from": "2026-01-01"})], ""),
        ([seat("a", until="2026-12-31")], "from 2027-01-01 on"),
        ([seat("a", until="2026-12-31"), seat("b", **{"from": "2027-01-01"})], ""),
        ([seat("b", **{"from": "2027-01-03"}), seat("a", until="2026-12-31")], "from 2027-01-01 to 2027-01-02"),
        ([seat("a", until="2026-12-31"), seat("b", until="2026-06-30")], "from 2027-01-01 on"),
        ([seat("a", until="2026-12-31"), seat("b")], ""),
    ],
)
def test_days_on_which_nobody_is_there(seats: list[Representative], days: str) -> None:
    assert uncovered(seats) == days


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1))


@given(st.lists(st.tuples(DAYS, st.none() | DAYS).filter(lambda pair: pair[1] is None or pair[0] <= pair[1])))
def test_nobody_is_missing_where_it_says_so(terms: list[tuple[dt.date, dt.date | None]]) -> None:
    seats = [seat("a", **{"from": first, "until": last}) for first, last in terms]
    if seats and not uncovered(seats):
        begins = min(first for first, _ in terms)
        assert all(representatives_on(seats, begins + dt.timedelta(days=n)) for n in range(120))


def test_who_ends_before_they_begin_is_told() -> None:
    with pytest.raises(ValidationError, match="it ends on 2026-01-01 and begins on 2026-02-01"):
        seat("a", **{"from": "2026-02-01", "until": "2026-01-01"})
