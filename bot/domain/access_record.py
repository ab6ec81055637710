"""The record of access: one note of the bot in an incident that says whom it added, with what role and until when.

GitLab forgets expired members, so only this record tells somebody who was removed from somebody who never was one.
"""

from __future__ import annotations

import datetime as dt
import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.markers import marker
from bot.domain.resources import AccessLevel
from bot.domain.user_text import harmless_line

MARKER = marker("access_record")
_ENTRY = re.compile(r"<!-- sectionbot:access_entry (?P<fields>[^<>]+) -->")


@dataclass(frozen=True)
class AccessEntry:
    """One person whom the bot added.

    Args:
        reason: `reporter`, or the severity whose list the person is on.
        severity: 1 is the most severe; the severity of the incident when the person was added.
    """

    user_id: int
    username: str
    access_level: AccessLevel
    added_at: dt.datetime
    expires_on: dt.date
    severity: int
    reason: str


def render_record(entries: Iterable[AccessEntry]) -> str:
    """The note's body, people by name; reading it back gives the same entries."""
    rows = sorted(entries, key=lambda entry: entry.username.lower())
    lines = [
        "### Record of access",
        "",
        "Whom the bot has added to this project. Who is listed here and is no longer a member was removed, or the "
        "access has expired; they are added again only when the severity rises or somebody asks for it.",
        "",
        "| person | role | because | added | until |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{entry.username}` | {entry.access_level.title} | {harmless_line(entry.reason)} "
        f"| {entry.added_at:%Y-%m-%d %H:%M} UTC | {entry.expires_on.isoformat()} |"
        for entry in rows
    ]
    lines += ["", MARKER]
    lines += [
        f"<!-- sectionbot:access_entry id={entry.user_id} user={entry.username} level={int(entry.access_level)} "
        f"added={entry.added_at:%Y-%m-%dT%H:%M:%SZ} until={entry.expires_on.isoformat()} severity={entry.severity} "
        f"reason={urllib.parse.quote(entry.reason, safe=':')} -->"
        for entry in rows
    ]
    return "\n".join(lines)


def parse_record(body: str) -> dict[int, AccessEntry]:
    """User id to entry; lines that somebody damaged are left out."""
    entries = {}
    for match in _ENTRY.finditer(body):
        fields = dict(pair.partition("=")[::2] for pair in match["fields"].split())
        try:
            entry = AccessEntry(
                user_id=int(fields["id"]),
                username=fields["user"],
                access_level=AccessLevel(int(fields["level"])),
                added_at=dt.datetime.fromisoformat(fields["added"]),
                expires_on=dt.date.fromisoformat(fields["until"]),
                severity=int(fields["severity"]),
                reason=urllib.parse.unquote(fields["reason"]),
            )
        except (KeyError, ValueError):
            continue
        entries[entry.user_id] = entry
    return entries
