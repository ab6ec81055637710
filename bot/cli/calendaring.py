"""`sectionbot calendar`: milestones, releases and the days of what happens around them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import click

from bot.cli.instants import NOW, or_now
from bot.domain.release_calendar import Milestone, Version, today
from bot.wiring import Environment, release_settings

WHAT = {
    "opening": "the groups' retrospectives are opened",
    "section_opening": "the section's retrospective begins",
    "refresh": "the groups look at what shipped and what slipped",
    "section_review": "everybody reads and comments on the section's retrospective",
    "section_closing": "the section's retrospective is summed up",
    "publishing": "groups' retrospectives that say so are published",
}


@click.command()
@click.option("--milestone", "version", metavar="19.4", help="Only this one; default: the one that runs, and the next.")
@click.option(
    "--count", type=click.IntRange(1, 240), help="So many milestones, from the one that runs; default 2, 12 for ics."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ics"]),
    default="text",
    show_default=True,
    help="ics can be imported into a calendar program.",
)
@NOW
@click.pass_context
def calendar(ctx: click.Context, version: str | None, count: int | None, form: str, now: dt.datetime | None) -> None:
    """Print milestones, releases, and the days of the ceremonies, by config/releases.yml."""
    if version is not None and count is not None:
        raise click.UsageError("--milestone is about one; leave --count out.")
    environment: Environment = ctx.obj
    settings = release_settings(environment)
    moment = or_now(now)
    day = today(moment, settings.zone)
    releases = settings.calendar
    if version is not None:
        shown = [releases.milestone(Version.parse(version))]
    else:
        running = releases.milestone_on(day).version
        shown = [releases.milestone(running.plus(n)) for n in range(count or (12 if form == "ics" else 2))]
    if form == "ics":
        click.echo(_ics(shown, settings, moment), nl=False)
    elif form == "json":
        click.echo(json.dumps([_row(milestone, settings, day) for milestone in shown], indent=2))
    else:
        click.echo("\n\n".join(_text(milestone, settings, day) for milestone in shown))


def _text(milestone: Milestone, settings: Any, day: dt.date) -> str:
    lines = [
        f"{milestone.title}: {milestone.first_day} to {milestone.last_day}"
        + (f", runs (day {(day - milestone.first_day).days + 1} of {_length(milestone)})" if day in milestone else "")
    ]
    days = [(each, WHAT[name]) for each, name in settings.ceremony_days(milestone)]
    days.append((milestone.release_day, f"{milestone.title} is released"))
    lines += [f"  {each}  {each:%a}  {what}" for each, what in sorted(days)]
    return "\n".join(lines)


def _length(milestone: Milestone) -> int:
    return (milestone.last_day - milestone.first_day).days + 1


def _row(milestone: Milestone, settings: Any, day: dt.date) -> dict[str, Any]:
    return {
        "milestone": milestone.title,
        "first_day": milestone.first_day.isoformat(),
        "last_day": milestone.last_day.isoformat(),
        "release_day": milestone.release_day.isoformat(),
        "runs": day in milestone,
        "ceremonies": {name: each.isoformat() for each, name in settings.ceremony_days(milestone)},
    }


def _ics(milestones: list[Milestone], settings: Any, moment: dt.datetime) -> bytes:
    """RFC 5545; identifiers stay the same, so that a second import moves what was moved."""
    from icalendar import Calendar, Event

    whole = Calendar()
    whole.add("prodid", "-//sectionbot//releases//EN")
    whole.add("version", "2.0")

    def add(identity: str, summary: str, start: Any, end: Any = None) -> None:
        event = Event()
        event.add("uid", f"{identity}@sectionbot")
        event.add("dtstamp", moment.astimezone(dt.UTC).replace(microsecond=0))
        event.add("summary", summary)
        event.add("dtstart", start)
        if end is not None:
            event.add("dtend", end)
        event.add("transp", "TRANSPARENT")
        whole.add_component(event)

    hour, minute = map(int, settings.release_time.split(":"))
    for milestone in milestones:
        title = milestone.title
        add(f"{title}-milestone", f"Milestone {title}", milestone.first_day, milestone.last_day + dt.timedelta(days=1))
        at = dt.datetime.combine(milestone.release_day, dt.time(hour, minute), settings.zone)
        add(f"{title}-release", f"Release {title}", at.astimezone(dt.UTC))
        for each, name in settings.ceremony_days(milestone):
            add(f"{title}-{name}", f"{title}: {WHAT[name]}", each)
    return bytes(whole.to_ical())
