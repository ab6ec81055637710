"""What people say to the bot in a comment: a line that begins with its name, and a command.

    sectionbot refresh
    @sectionbot, bubble up

Only lines of the author's own paragraphs speak. What is quoted, code or HTML is somebody else's, or an example.
Markdown is read by markdown-it; GitLab's fences of quotes, `>>>`, are its own (doc/user/markdown, GitLab 19).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Nobody needs more than this to say something to a bot.
MOST_CHARACTERS = 50_000
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_QUOTE_FENCE = re.compile(r" {0,3}>>>[ \t]*")
# An end of a sentence is no part of a command.
_TRAILING = " .!"


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
    names = sorted(known, key=len, reverse=True)
    found = []
    for _, words in _said_to(bot_name, text):
        for name in names:
            rest = words[len(name) :]
            if words.lower().startswith(name) and (not rest or rest[0] in _TRAILING):
                found.append(Command(name, rest.strip(_TRAILING)))
                break
    return tuple(found)


def said_to(bot_name: str, text: str) -> tuple[str, ...]:
    """What the lines that are meant for the bot say, whether it understands them or not."""
    return tuple(words for _, words in _said_to(bot_name, text))


def without_commands(text: str, bot_name: str) -> str:
    """The comment without the lines that are said to the bot, whether it understands them or not."""
    addressed = {at for at, _ in _said_to(bot_name, text)}
    return "\n".join(line for at, line in enumerate(_lines(text)) if at not in addressed).strip()


def _lines(text: str) -> list[str]:
    """As Markdown has lines: other separators of Unicode are none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _said_to(bot_name: str, text: str) -> Iterator[tuple[int, str]]:
    """Lines that begin with the bot's name, by their places, each with the words behind it and single blanks."""
    if bot_name.lower() not in text.lower():
        return
    opening = re.compile(rf"@?{re.escape(bot_name)}(?:[,:][ \t]*|[ \t]+|\Z)", re.IGNORECASE)
    for at, line in _lines_that_speak(text):
        match = opening.match(line)
        if match is not None:
            yield at, " ".join(line[match.end() :].split())


def _lines_that_speak(text: str) -> Iterator[tuple[int, str]]:
    """Lines of paragraphs outside of quotes, by their places; below a point of a list only those at the margin."""
    shown = _without_quotes(_lines(text[:MOST_CHARACTERS]))
    shown = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), shown)
    lines = shown.split("\n")
    within: list[str] = []
    for token in MarkdownIt("commonmark").parse(shown):
        if token.nesting > 0:
            within.append(token.type)
        elif token.nesting < 0:
            within.pop()
        elif token.type == "inline" and token.map is not None and within[-1:] == ["paragraph_open"]:
            speaks = "blockquote_open" not in within
            spoken = ((at, line) for at, line in _lines_of(token, token.map[0]) if speaks)
            yield from ((at, line) for at, line in spoken if lines[at].lstrip(" ").startswith(line[:1]))


def _lines_of(paragraph: Token, first: int) -> Iterator[tuple[int, str]]:
    """Lines that begin with text: not with code or HTML. Only their text is given."""
    at, begun, words = first, False, ""
    for child in paragraph.children or ():
        if child.type in ("softbreak", "hardbreak"):
            yield at, words
            at, begun, words = at + 1, False, ""
        elif child.type == "text" and (begun or words == ""):
            begun, words = True, words + child.content
        elif not begun:
            begun, words = True, "\0"
        at += child.content.count("\n") if child.type in ("code_inline", "html_inline") else 0
    yield at, words


def _without_quotes(lines: list[str]) -> str:
    """Blank lines in place of what stands between fences of quotes."""
    kept, quoted = [], False
    for line in lines:
        fence = _QUOTE_FENCE.fullmatch(line) is not None
        kept.append("" if quoted or fence else line)
        quoted = quoted != fence
    return "\n".join(kept)
