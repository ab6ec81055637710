"""The `date` condition: what it compares, and the boundary that it means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bot.triage.ruby.moments import Moment, advance

CALENDAR_UNITS = ("days", "weeks", "months", "years")
CLOCK_UNITS = ("minutes", "hours")
UNITS = (*CLOCK_UNITS, *CALENDAR_UNITS)
WAYS = ("older_than", "newer_than")
SENT = {"created_at": "created", "updated_at": "updated"}
ATTRIBUTES = {
    "issues": ("created_at", "updated_at", "closed_at"),
    "merge_requests": ("created_at", "updated_at", "closed_at", "merged_at"),
    "epics": ("created_at", "updated_at", "closed_at"),
    "branches": ("committed_date", "authored_date"),
    "work_items": ("created_at", "updated_at", "closed_at"),
}


@dataclass(frozen=True)
class Boundary:
    """Args: instant: now minus the interval; day: its local date, which counts for days and longer."""

    instant: Moment
    day: dt.date
    is_calendar: bool

    @property
    def text(self) -> str:
        """As the list's query has it: a date, or an instant without fraction."""
        if self.is_calendar:
            return self.day.isoformat()
        return iso(self.instant)


def iso(moment: Moment) -> str:
    whole = moment.moved(-moment.fraction_ns)
    wall = whole.wall
    offset = moment.offset_s
    sign = "-" if offset < 0 else "+"
    return f"{wall:%Y-%m-%dT%H:%M:%S}{sign}{abs(offset) // 3600:02d}:{abs(offset) % 3600 // 60:02d}"


def boundary(interval_type: str, interval: Any, now: Moment) -> Boundary:
    amount = interval if isinstance(interval, int) else Fraction(str(interval))
    then = advance(now, {interval_type: -amount})
    return Boundary(then, then.date, interval_type in CALENDAR_UNITS)


def value_of(row: dict[str, Any], attribute: str) -> Any:
    holder = row.get("commit") if attribute in ("committed_date", "authored_date") else row
    return holder.get(attribute) if isinstance(holder, dict) else None


def parsed(value: Any) -> Moment | None:
    """An instant of GitLab's; a bare date counts as its midnight in UTC."""
    try:
        found = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    found = found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
    delta = found - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    ns = (delta.days * 86400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000
    return Moment(ns, found.tzinfo or dt.UTC)


def compare_here(value: Any, condition: str, edge: Boundary) -> bool:
    """The client's comparison: calendar dates as written against the day, instants against the instant."""
    moment = parsed(value)
    if moment is None:
        return False
    if edge.is_calendar:
        written = moment.date
        return written < edge.day if condition == "older_than" else written > edge.day
    return moment.ns < edge.instant.ns if condition == "older_than" else moment.ns > edge.instant.ns


def compare_as_server(value: Any, condition: str, edge: Boundary, zone_now: Moment) -> bool:
    """What the list's filter does: a date in the query is midnight UTC of that day, both sides inclusive."""
    moment = parsed(value)
    if moment is None:
        return False
    if edge.is_calendar:
        limit_ns = (edge.day.toordinal() - 719163) * 86400 * 1_000_000_000
    else:
        limit_ns = edge.instant.ns - edge.instant.fraction_ns
    del zone_now
    return moment.ns <= limit_ns if condition == "older_than" else moment.ns >= limit_ns
