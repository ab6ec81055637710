"""Sections of a description, and the first table of each.

Markdown is read by markdown-it, so that headings and tables in code, quotes and comments are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

# What is code is no comment, though it may look like one: a fenced block, or a span within its paragraph.
_CODE_OR_COMMENT = re.compile(
    r"""(?P<code>^\ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n.*?(?:^\ {0,3}(?P=fence)[`~]*[ ]*$|\Z)|\Z)
            |(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ ]*\n|\n\ {0,3}<!--).){1,1000}?(?<!`)(?P=ticks)(?!`))
        |<!--.*?(?:-->|\Z)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_LETTERS = re.compile(r"[^\W_]")
# What a section says beyond its template, at least, to count as something said.
LEAST_LETTERS = 10
# Nobody writes more by hand; parsing it must not hold up what others wait for.
MOST_CHARACTERS = 100_000
MOST_HEADINGS = 500


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next heading of its level or a higher one.

    Args:
        level: 1 to 6; text: Markdown, without HTML comments; rows: of its first table, the head first.
    """

    heading: str
    level: int
    text: str
    rows: tuple[tuple[str, ...], ...] = ()


@lru_cache(maxsize=256)
def sections(text: str) -> tuple[Section, ...]:
    """All sections of a Markdown text, in their order; a section contains those below it.

    What stands behind MOST_CHARACTERS is not read.
    """
    given = text[:MOST_CHARACTERS].replace("\r\n", "\n")
    shown = _CODE_OR_COMMENT.sub(lambda found: found["code"] or "\n" * found[0].count("\n"), given)
    lines = shown.split("\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(shown)
    headings = [
        (int(token.tag[1:]), _plain(tokens[at + 1]), token.map[0], token.map[1])
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map is not None
    ][:MOST_HEADINGS]
    tables = _tables(tokens)
    found: list[Section] = []
    # From the last heading to the first: where the next one of each level begins.
    next_of_level = dict.fromkeys(range(1, 7), len(lines))
    for level, heading, first, begins in reversed(headings):
        ends = min(next_of_level[each] for each in range(1, level + 1))
        rows = next((rows for line, rows in tables if begins <= line < ends), ())
        found.append(Section(heading, level, "\n".join(lines[begins:ends]).strip(), rows))
        next_of_level[level] = first
    return tuple(reversed(found))


def _plain(inline: Token) -> str:
    """The words of a heading or a cell, without markup; code keeps its words."""
    words = [child.content for child in inline.children or () if child.type in ("text", "code_inline", "text_special")]
    breaks = [" " for child in inline.children or () if child.type == "softbreak"]
    return " ".join("".join([*words, *breaks]).split())


def _tables(tokens: list[Token]) -> list[tuple[int, tuple[tuple[str, ...], ...]]]:
    """Each table with the line on which it begins, as rows of cells; the head first."""
    found: list[tuple[int, tuple[tuple[str, ...], ...]]] = []
    rows: list[tuple[str, ...]] = []
    cells: list[str] = []
    begins = 0
    for at, token in enumerate(tokens):
        if token.type == "table_open":
            rows, begins = [], token.map[0] if token.map is not None else 0
        elif token.type == "table_close":
            found.append((begins, tuple(rows)))
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            rows.append(tuple(cells))
        elif token.type in ("th_open", "td_open"):
            cells.append(_plain(tokens[at + 1]))
    return found


def named(name: str, found: Iterable[Section]) -> Section | None:
    """The first section whose heading is that name, in any letter case, whatever sign stands at its end."""
    wanted = _normal(name)
    return next((each for each in found if _normal(each.heading) == wanted), None)


def _normal(heading: str) -> str:
    return heading.strip().rstrip(":?!. ").lower()


def says_something(section: Section, template: Section | None) -> bool:
    """Whether there are words beyond those of the template's own section, and beyond its sub-headings."""
    known = {_words(line) for line in (template.text.split("\n") if template is not None else ())}
    own = [line for line in section.text.split("\n") if _words(line) not in known and not line.startswith("#")]
    return len(_LETTERS.findall("".join(own))) >= LEAST_LETTERS


def _words(line: str) -> str:
    return " ".join(line.lower().split())


@dataclass(frozen=True)
class Lack:
    """Args: is_there: whether the heading stands there, with nothing below it that is not the template's."""

    heading: str
    is_there: bool


def lacking(description: str, required: Iterable[str], template: str) -> tuple[Lack, ...]:
    """The required sections that a description does not have, or that say nothing; in the order that they are given."""
    own, known = sections(description), sections(template)
    found = []
    for heading in required:
        section = named(heading, own)
        if section is None or not says_something(section, named(heading, known)):
            found.append(Lack(heading, section is not None))
    return tuple(found)
