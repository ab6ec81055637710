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
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Nobody needs more than this to say something to a bot.
MOST_CHARACTERS = 5_000
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
    for _, words in _said_to(bot_name, text[:MOST_CHARACTERS]):
        for name in names:
            rest = words[len(name) :]
            if words.lower().startswith(name) and (not rest or rest[0] in _TRAILING):
                found.append(Command(name, rest.strip(_TRAILING)))
                break
    return tuple(found)


def said_to(bot_name: str, text: str) -> tuple[str, ...]:
    """What the lines that are meant for the bot say, whether it understands them or not."""
    return tuple(words for _, words in _said_to(bot_name, text[:MOST_CHARACTERS]))


def without_commands(text: str, bot_name: str) -> str:
    """The comment without HTML comments and the lines that are said to the bot, whether it understands them or not."""
    addressed = {at for at, _ in _said_to(bot_name, text[:MOST_CHARACTERS])}
    return "\n".join(line for at, line in enumerate(_shown_lines(text)) if at not in addressed).strip()


def _shown_lines(text: str) -> list[str]:
    """Without HTML comments, each line at its place."""
    return _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), "\n".join(_lines(text))).split("\n")


def _lines(text: str) -> list[str]:
    """As Markdown has lines: other separators of Unicode are none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


# A comment is asked several times in a run.
@lru_cache(maxsize=1024)
def _said_to(bot_name: str, text: str) -> tuple[tuple[int, str], ...]:
    """Lines that begin with the bot's name, by their places, each with the words behind it and single blanks."""
    if bot_name.lower() not in text.lower():
        return ()
    opening = re.compile(rf"@?{re.escape(bot_name)}(?:[,:][ \t]*|[ \t]+|\Z)", re.IGNORECASE)
    matches = ((at, line, opening.match(line)) for at, line in _lines_that_speak(text))
    return tuple((at, " ".join(line[match.end() :].split())) for at, line, match in matches if match is not None)


def _lines_that_speak(text: str) -> Iterator[tuple[int, str]]:
    """Lines of paragraphs outside of quotes, by their places; below a point of a list only those at the margin."""
    shown = _without_quotes(_shown_lines(text))
    lines = shown.split("\n")
    within: list[str] = []
    for token in MarkdownIt("commonmark").parse(shown):
        if token.nesting > 0:
            within.append(token.type)
        elif token.nesting < 0:
            within.pop()
        elif token.type == "inline" and token.map is not None and within[-1:] == ["paragraph_open"]:
            if "blockquote_open" in within:
                continue
            for at, line in enumerate(_lines_of(token), start=token.map[0]):
                if lines[at].lstrip(" ").startswith(line[:1]):
                    yield at, line


def _lines_of(paragraph: Token) -> list[str]:
    """The text of each line that begins with text; code, HTML and links give none. None at all where one of these goes
    over the end of a line, since its lines cannot be told apart.
    """
    lines, is_text = [""], True
    for child in paragraph.children or ():
        if child.type in ("softbreak", "hardbreak"):
            lines.append("")
            is_text = True
        elif child.type == "text":
            lines[-1] += child.content if is_text else ""
        elif not lines[-1]:
            is_text = False
    return lines if len(lines) == paragraph.content.count("\n") + 1 else []


def _without_quotes(lines: list[str]) -> str:
    """Blank lines in place of what stands between fences of quotes."""
    kept, quoted = [], False
    for line in lines:
        fence = _QUOTE_FENCE.fullmatch(line) is not None
        kept.append("" if quoted or fence else line)
        quoted = quoted != fence
    return "\n".join(kept)
