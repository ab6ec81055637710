"""`sectionbot calendar`, as people and calendar programs read it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from icalendar import Calendar

from bot.cli.main import cli
from bot.domain.errors import SectionbotError

ROOT = Path(__file__).resolve().parents[2]


def calendar(*arguments: str, config: Path = ROOT / "config") -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "calendar", *arguments])


def test_the_milestone_that_runs_and_the_next() -> None:
    shown = calendar("--now", "2026-08-24T10:00:00Z").stdout.splitlines()
    assert shown[:8] == [
        "19.4: 2026-08-15 to 2026-09-11, runs (day 10 of 28)",
        "  2026-08-24  Mon  the groups' retrospectives are opened",
        "  2026-09-07  Mon  the section's retrospective begins",
        "  2026-09-09  Wed  the groups look at what shipped and what slipped",
        "  2026-09-14  Mon  everybody reads and comments on the section's retrospective",
        "  2026-09-17  Thu  19.4 is released",
        "  2026-09-18  Fri  the section's retrospective is summed up",
        "  2026-10-01  Thu  groups' retrospectives that say so are published",
    ]
    assert shown[9] == "19.5: 2026-09-12 to 2026-10-09"


def test_json_has_every_day() -> None:
    [row] = json.loads(calendar("--milestone", "19.4", "--format", "json", "--now", "2026-09-12T00:00:00Z").stdout)
    assert row == {
        "milestone": "19.4",
        "first_day": "2026-08-15",
        "last_day": "2026-09-11",
        "release_day": "2026-09-17",
        "runs": False,
        "ceremonies": {
            "opening": "2026-08-24",
            "section_opening": "2026-09-07",
            "refresh": "2026-09-09",
            "section_review": "2026-09-14",
            "section_closing": "2026-09-18",
            "publishing": "2026-10-01",
        },
    }


def test_ics_is_read_by_calendar_programs() -> None:
    ended = calendar("--format", "ics", "--now", "2026-08-24T10:00:00Z")
    assert all(line.endswith(b"\r\n") and len(line) <= 77 for line in ended.stdout_bytes.splitlines(keepends=True))
    events = Calendar.from_ical(ended.stdout_bytes).walk("VEVENT")
    assert len(events) == 12 * 8
    assert len({event["uid"] for event in events}) == len(events)
    by_uid = {str(event["uid"]): event for event in events}
    milestone, release = by_uid["19.4-milestone@sectionbot"], by_uid["19.4-release@sectionbot"]
    assert (milestone.decoded("dtstart"), milestone.decoded("dtend")) == (dt.date(2026, 8, 15), dt.date(2026, 9, 12))
    assert release.decoded("dtstart") == dt.datetime(2026, 9, 17, 13, tzinfo=dt.UTC)
    assert by_uid["19.7-opening@sectionbot"].decoded("dtstart") == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "first: {version: 15.0, month: 2022-05}",
            'first.version: put the release in quotes, "15.0": to YAML 19.10 is the number 19.1.',
        ),
        (
            'first: {version: "15.0", month: 2022-05}\nceremonies: {opening: mondays}',
            "ceremonies.opening: 'mondays' names no day. Write it like one of: Monday after the release; ",
        ),
        (
            'first: {version: "15.0", month: 2022-05}\nexceptions: [{version: "19.4", day: 2026-10-20}]',
            "with 19.4 on 2026-10-20 milestone 19.5 would have no day.",
        ),
        (
            'first: {version: "15.0", month: 2022-05}\n'
            'exceptions: [{version: "19.4", day: 2026-09-18}, {version: "19.4", day: 2026-09-16}]',
            "two exceptions are about 19.4.",
        ),
        ('first: {version: "15.0", month: 2022-05}\ntime_zone: Mars', "there is no time zone 'Mars'; write one like"),
    ],
)
def test_wrong_settings_are_told_on_their_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "releases.yml").write_text(text + "\n")
    error = calendar(config=tmp_path).exception
    assert isinstance(error, SectionbotError)
    assert says in str(error)


def test_a_moved_release_moves_what_hangs_on_it(tmp_path: Path) -> None:
    moved = 'first: {version: "15.0", month: 2022-05}\nexceptions: [{version: "19.4", day: 2026-09-24}]\n'
    (tmp_path / "releases.yml").write_text(moved)
    [row] = json.loads(calendar("--milestone", "19.4", "--format", "json", config=tmp_path).stdout)
    assert (row["last_day"], row["ceremonies"]["refresh"]) == ("2026-09-18", "2026-09-16")
    [after] = json.loads(calendar("--milestone", "19.5", "--format", "json", config=tmp_path).stdout)
    assert (after["first_day"], after["ceremonies"]["opening"]) == ("2026-09-19", "2026-09-28")
