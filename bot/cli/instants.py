"""--now, as every command takes it."""

from __future__ import annotations

import datetime as dt

import click


class Instant(click.ParamType):  # type: ignore[type-arg]
    """ISO 8601 with its zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            parsed = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant. Write it like 2026-03-15T10:30:00Z.", param, ctx)
        if parsed.tzinfo is None:
            self.fail(f"{value!r} has no time zone. End it with Z for UTC.", param, ctx)
        return parsed.astimezone(dt.UTC)


NOW = click.option(
    "--now",
    type=Instant(),
    metavar="TIME",
    help="The instant to take for now, like 2026-03-15T10:30:00Z, instead of the clock's.",
)


def or_now(given: dt.datetime | None) -> dt.datetime:
    return given or dt.datetime.now(dt.UTC)
