"""What people say to the bot in a comment: a line that begins with its name, and a command.

    sectionbot refresh
    @sectionbot, bubble up

Text in quotes, code and HTML comments is somebody else's, or an example: it commands nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_QUOTE_FENCE = re.compile(r" {0,3}>>>\s*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# An end of a sentence is no part of a command.
_TRAILING = " \t.!"


@dataclass(frozen=True)
class Command:
    """Args: name: as the automation knows it; argument: what stands behind it on the line."""

    name: str
    argument: str = ""


def parse_commands(text: str, bot_name: str, known: Iterable[str]) -> tuple[Command, ...]:
    """The commands of a comment, in their order, in any letter case; lines that name no known one are left out.

    Args:
        bot_name: what a line begins with, `comment_commands.name` of the settings.
        known: names of commands; a longer one goes before a shorter one that it begins with.
    """
    return tuple(command for _, command in _by_line(text, bot_name, known))


def without_commands(text: str, bot_name: str, known: Iterable[str]) -> str:
    """The comment without its lines that are commands."""
    commands = {at for at, _ in _by_line(text, bot_name, known)}
    return "\n".join(line for at, line in enumerate(text.splitlines()) if at not in commands).strip()


def _by_line(text: str, bot_name: str, known: Iterable[str]) -> Iterator[tuple[int, Command]]:
    names = sorted(known, key=len, reverse=True)
    for at, line in _lines_that_speak(text):
        words = _after_name(line, bot_name)
        for name in names if words is not None else ():
            rest = (words or "")[len(name) :]
            if (words or "").lower().startswith(name) and (not rest or rest[0] in _TRAILING):
                yield at, Command(name, rest.strip(_TRAILING))
                break


def _after_name(line: str, bot_name: str) -> str | None:
    """What follows the bot's name at the beginning of the line, with single blanks; None where it is not there."""
    match = re.match(rf" {{0,3}}@?{re.escape(bot_name)}(?:[,:]\s*|\s+)", line, re.IGNORECASE)
    return " ".join(line[match.end() :].split()) if match else None


def _lines_that_speak(text: str) -> Iterator[tuple[int, str]]:
    """Lines of the author's own words, by their places: no block quotes, no code, no HTML comments."""
    fence = ""
    quoted = False
    after_quote = False
    spoken = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text.replace("\r\n", "\n"))
    for at, line in enumerate(spoken.splitlines()):
        opening = _FENCE.fullmatch(line)
        if fence:
            closes = opening is not None and opening[1].startswith(fence) and not opening[2].strip()
            fence = "" if closes else fence
            continue
        if opening is not None and not (opening[1][0] == "`" and "`" in opening[2]):
            fence = opening[1]
            continue
        if _QUOTE_FENCE.fullmatch(line):
            quoted = not quoted
            continue
        # A line right below a quote still belongs to it (CommonMark: lazy continuation).
        after_quote = bool(line.strip()) and (after_quote or line.lstrip(" ").startswith(">"))
        if not quoted and not after_quote:
            yield at, line
