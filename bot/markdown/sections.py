"""Sections of a description, and the first table of each.

Markdown is read by markdown-it, so that headings and tables in code, quotes and comments are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LETTERS = re.compile(r"[^\W_]")
# What a section says beyond its template, at least, to count as something said.
LEAST_LETTERS = 10


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


def sections(text: str) -> tuple[Section, ...]:
    """All sections of a Markdown text, in their order; a section contains those below it."""
    shown = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text.replace("\r\n", "\n"))
    lines = shown.split("\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(shown)
    headings = [
        (int(token.tag[1:]), _plain(tokens[at + 1]), token.map[0], token.map[1])
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map is not None
    ]
    found = []
    for at, (level, heading, _, begins) in enumerate(headings):
        ends = next((first for other, _, first, _ in headings[at + 1 :] if other <= level), len(lines))
        rows = _first_table(tokens, begins, ends)
        found.append(Section(heading, level, "\n".join(lines[begins:ends]).strip(), rows))
    return tuple(found)


def _plain(inline: Token) -> str:
    """The words of a heading or a cell, without markup; code keeps its words."""
    words = [child.content for child in inline.children or () if child.type in ("text", "code_inline", "text_special")]
    breaks = [" " for child in inline.children or () if child.type == "softbreak"]
    return " ".join("".join([*words, *breaks]).split())


def _first_table(tokens: list[Token], begins: int, ends: int) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    cells: list[str] | None = None
    inside = False
    for at, token in enumerate(tokens):
        if token.type == "table_open" and token.map is not None and begins <= token.map[0] < ends:
            inside = True
        elif token.type == "table_close" and inside:
            break
        elif inside and token.type == "tr_open":
            cells = []
        elif inside and token.type == "tr_close" and cells is not None:
            rows.append(tuple(cells))
        elif inside and token.type in ("th_open", "td_open") and cells is not None:
            cells.append(_plain(tokens[at + 1]))
    return tuple(rows)


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
