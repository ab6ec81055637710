"""Releases as they were published, and what must hold of every day."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import WrongInput
from bot.domain.release_calendar import RULE_FORMS, WEEKDAYS, Anchor, DayRule, ReleaseCalendar, Version, today

FIRST = Version(15, 0)
CALENDAR = ReleaseCalendar(FIRST, dt.date(2022, 5, 1))
TWENTY_YEARS = [dt.date(2022, 5, 1) + dt.timedelta(days=number) for number in range(20 * 366)]
PUBLISHED = {
    "15.0": "2022-05-22",
    "16.5": "2023-10-22",
    "16.6": "2023-11-16",
    "18.8": "2026-01-15",
    "18.9": "2026-02-19",
    "18.10": "2026-03-19",
    "18.11": "2026-04-16",
    "19.0": "2026-05-21",
    "19.1": "2026-06-18",
    "19.2": "2026-07-16",
    "19.3": "2026-08-20",
    "19.4": "2026-09-17",
    "19.5": "2026-10-15",
    "19.6": "2026-11-19",
    "19.7": "2026-12-17",
    "19.8": "2027-01-21",
}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(("version", "released"), PUBLISHED.items())
def test_the_rule_gives_the_published_days(version: str, released: str) -> None:
    assert CALENDAR.release_day(Version.parse(version)) == day(released)


def test_a_milestone_ends_on_the_last_friday_before_its_release_and_the_next_begins_the_day_after() -> None:
    ended = CALENDAR.milestone(Version(19, 4))
    assert (ended.first_day, ended.last_day) == (day("2026-08-15"), day("2026-09-11"))
    assert CALENDAR.after(ended).first_day == day("2026-09-12")
    on_a_friday = ReleaseCalendar(FIRST, dt.date(2022, 5, 1), {Version(19, 4): day("2026-09-18")})
    assert on_a_friday.milestone(Version(19, 4)).last_day == day("2026-09-11")


def test_twenty_years_of_milestones_touch_without_gap_or_overlap() -> None:
    milestones = [CALENDAR.milestone(FIRST.plus(number)) for number in range(240)]
    for one, other in itertools.pairwise(milestones):
        assert other.first_day - one.last_day == dt.timedelta(days=1)
        assert one.first_day <= one.last_day < one.release_day
        assert one.last_day.weekday() == 4
    assert {milestone.release_day.month for milestone in milestones if milestone.version.minor == 0} == {5}
    assert {milestone.release_day.month for milestone in milestones if milestone.version.minor == 11} == {4}


exceptions = st.dictionaries(st.integers(0, 239), st.integers(-9, 9), max_size=20).map(
    lambda shifts: {
        FIRST.plus(n): CALENDAR.release_day(FIRST.plus(n)) + dt.timedelta(days=d) for n, d in shifts.items()
    }
)


@given(st.sampled_from(TWENTY_YEARS), exceptions)
def test_every_day_belongs_to_exactly_one_milestone(asked: dt.date, moved: dict[Version, dt.date]) -> None:
    calendar = ReleaseCalendar(FIRST, dt.date(2022, 5, 1), moved)
    if asked < calendar.milestone(FIRST).first_day:
        return
    found = calendar.milestone_on(asked)
    near = [
        calendar.milestone(found.version.plus(number)) for number in range(-3, 4) if found.version.plus(number) >= FIRST
    ]
    assert [each for each in near if asked in each] == [found]


def test_a_release_far_from_its_month_is_found_too() -> None:
    late = ReleaseCalendar(FIRST, dt.date(2022, 5, 1), {Version(15, n): dt.date(2023, 6, n + 1) for n in range(9)})
    assert late.milestone_on(day("2022-06-01")).version == Version(15, 0)


def test_exceptions_that_leave_a_milestone_without_days_are_problems() -> None:
    wrong = {Version(19, 4): day("2026-10-20"), Version(14, 1): day("2021-01-01"), Version(19, 6): day("2026-11-26")}
    assert list(ReleaseCalendar(FIRST, dt.date(2022, 5, 1), wrong).problems()) == [
        (Version(14, 1), "14.1 is before 15.0, the first release"),
        (Version(19, 4), "with 19.4 on 2026-10-20 milestone 19.5 would have no day"),
    ]


RULES = {
    "Monday after the release": "2026-09-21",
    "Thursday after the release": "2026-09-24",
    "Thursday on or after the release": "2026-09-17",
    "Thursday before the release": "2026-09-10",
    "Thursday on or before the release": "2026-09-17",
    "Monday of the week of the release": "2026-09-14",
    "Friday of the week of the release": "2026-09-18",
    "Wednesday of the week in which the milestone ends": "2026-09-09",
    "Monday of the week in which the milestone begins": "2026-08-10",
    "Monday after the milestone begins": "2026-08-17",
    "3 days before the release": "2026-09-14",
    "1 day after the milestone ends": "2026-09-12",
    "the day of the release": "2026-09-17",
    "the day the milestone ends": "2026-09-11",
    "the  day the milestone begins": "2026-08-15",
}


@pytest.mark.parametrize(("text", "expected"), RULES.items())
def test_a_day_in_words(text: str, expected: str) -> None:
    assert DayRule.parse(text).day(CALENDAR.milestone(Version(19, 4))) == day(expected)


@pytest.mark.parametrize("text", RULE_FORMS)
def test_the_forms_that_an_error_names_are_understood(text: str) -> None:
    assert str(DayRule.parse(text)) == text


@given(
    st.sampled_from(TWENTY_YEARS[40:]),
    st.sampled_from(WEEKDAYS),
    st.sampled_from(["after", "before", "on or after", "on or before"]),
    st.sampled_from(list(Anchor)),
)
def test_a_weekday_before_or_after_is_the_nearest(asked: dt.date, weekday: str, way: str, anchor: Anchor) -> None:
    milestone = CALENDAR.milestone_on(asked)
    found = DayRule.parse(f"{weekday} {way} {anchor.value}").day(milestone)
    start = {
        Anchor.RELEASE: milestone.release_day,
        Anchor.BEGINS: milestone.first_day,
        Anchor.ENDS: milestone.last_day,
    }[anchor]
    distance = (found - start).days
    assert WEEKDAYS[found.weekday()] == weekday
    least = 0 if way.startswith("on or") else 1
    assert least <= (distance if way.endswith("after") else -distance) < least + 7


def test_what_is_no_day_and_no_version_says_how_to_write_it() -> None:
    with pytest.raises(WrongInput) as wrong:
        DayRule.parse("mondays")
    assert str(wrong.value) == (
        "'mondays' names no day. Write it like one of: Monday after the release; Wednesday of the week in which the "
        "milestone ends; Friday of the week of the release; Thursday on or before the milestone ends; 3 days before "
        "the release; the day the milestone ends."
    )
    for text in ("19.12", "19", "x", "19.4.1"):
        with pytest.raises(WrongInput, match="is no release; write one like 19.4"):
            Version.parse(text)


def test_what_lies_before_the_first_release_is_told() -> None:
    says = r"is before 15\.0, the first release of the calendar\."
    with pytest.raises(WrongInput, match=says):
        CALENDAR.milestone(Version(14, 11))
    with pytest.raises(WrongInput, match=says):
        CALENDAR.milestone_on(day("2022-01-01"))
    assert CALENDAR.before(CALENDAR.milestone(FIRST)).release_day == day("2022-04-22")


def test_the_day_is_that_of_the_time_zone() -> None:
    instant = dt.datetime(2026, 9, 11, 23, 30, tzinfo=dt.UTC)
    assert today(instant, dt.UTC) == day("2026-09-11")
    assert today(instant, ZoneInfo("Europe/Berlin")) == day("2026-09-12")
    assert CALENDAR.milestone_on(today(instant, ZoneInfo("Europe/Berlin"))).title == "19.5"
