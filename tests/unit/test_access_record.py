"""The record of access reads back as it was written, whatever a label is called."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.access_record import AccessEntry, parse_record, render_record
from bot.domain.resources import AccessLevel

ENTRIES = st.builds(
    AccessEntry,
    user_id=st.integers(1, 10**9),
    username=st.from_regex(r"[a-z][a-z0-9_.-]{0,20}[a-z0-9]", fullmatch=True),
    access_level=st.sampled_from([AccessLevel.REPORTER, AccessLevel.DEVELOPER]),
    added_at=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)).map(
        lambda each: each.replace(microsecond=0, tzinfo=dt.UTC)
    ),
    expires_on=st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)),
    severity=st.integers(1, 99),
    reason=st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()),
)


@given(st.lists(ENTRIES, max_size=5, unique_by=lambda entry: entry.user_id))
def test_what_is_written_reads_back(entries: list[AccessEntry]) -> None:
    assert parse_record(render_record(entries)) == {entry.user_id: entry for entry in entries}


def test_a_damaged_line_is_left_out_and_the_others_stay() -> None:
    entry = AccessEntry(
        7, "ann", AccessLevel.REPORTER, dt.datetime(2026, 8, 1, tzinfo=dt.UTC), dt.date(2026, 9, 1), 1, "reporter"
    )
    body = render_record([entry]) + "\n<!-- sectionbot:access_entry id=x user=eve -->"
    assert list(parse_record(body)) == [7]


def test_the_note_is_a_table_for_people() -> None:
    entry = AccessEntry(
        7, "ann", AccessLevel.REPORTER, dt.datetime(2026, 8, 1, 9, 5, tzinfo=dt.UTC), dt.date(2026, 9, 1), 1, "reporter"
    )
    assert "| `ann` | Reporter | reporter | 2026-08-01 09:05 UTC | 2026-09-01 |" in render_record([entry])
