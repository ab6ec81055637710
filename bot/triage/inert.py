"""What of a finished text may act: the policy's own quick actions, mentions and tags, and no others.

Every character knows who wrote it. What acts must be the policy author's as a whole: a line whose `/` comes from a
title, an `@` that a value completes, a `<` that a value's `!--` follows become plain text. What an expression gave
counts as the author's as far as it stands in the expression's source, whatever way the value took through it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from bot.domain.user_text import WORD_JOINER
from bot.triage.ruby.parts import Part

Json = dict[str, Any]
# Where a text goes: Markdown of a note or issue; a title; a name that is looked up (label, user, milestone, date).
Place = Literal["markdown", "title", "name"]
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85\v\f]")
_LINE_ENDS_AROUND = re.compile(r"\s*[\r\n\u2028\u2029\x85\v\f]+\s*")
_KEPT = "\n\t\u200c\u200d"
_REMOVED = {"Cc", "Cf", "Cs", "Co"}
_LINE_COMMAND = re.compile(r"^[ \t\u2060\u200b\ufeff]*(/\w*)", re.MULTILINE)
_MENTION = re.compile(r"@([\w.-]+)")
_TAG = re.compile(r"<(?!https?://)[/!?]*[A-Za-z-]*(?<=[A-Za-z/!?-])")
_JINJA = re.compile(r"\{[{%#]")
_FENCE = re.compile(r"^[ \t]*(>>>|`{3,}|~{3,})", re.MULTILINE)
_NAME_IN_COMMAND = re.compile(r'[~%@](?:"([^"\n]*)"|([^\s"~%@,]+))')
# Quick actions whose argument is text, not names.
_WITH_TEXT = ("/title", "/shrug", "/tableflip")


@dataclass(frozen=True)
class KnownNames:
    """The usernames, labels and milestones that a resource's JSON names: an expression may mention these."""

    rows: tuple[Any, ...] = ()
    answers: list[Any] = field(default_factory=list)

    @cached_property
    def _of_rows(self) -> frozenset[str]:
        return frozenset(_names_in(self.rows))

    def __contains__(self, name: str) -> bool:
        return name in self._of_rows or any(name == each for each in _names_in(self.answers))


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "username" and isinstance(each, str):
                yield each
            elif key == "labels" and isinstance(each, list):
                yield from (label if isinstance(label, str) else str(label.get("name")) for label in each)
            elif key == "milestone" and isinstance(each, dict):
                yield str(each.get("title"))
            yield from _names_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _names_in(each)


def clean(text: str, *, one_line: bool) -> str:
    """Without control characters, and none that reorder or hide text; joiners that scripts and emoji need stay."""
    ends, shown = (_LINE_ENDS_AROUND, " ") if one_line else (_LINE_ENDS, "\n")
    text = ends.sub(shown, text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _KEPT or unicodedata.category(c) not in _REMOVED)


def settled(parts: list[Part], place: Place, known: KnownNames) -> tuple[str, bool]:
    """The text as it may be written, and whether something in it was made plain text."""
    if all(part.writer == "policy" for part in parts):
        return "".join(part.text for part in parts), False
    text = _Text(place, known)
    for part in parts:
        text.append(part)
    return text.settle()


class _Text:
    """A text under way; `owners` gives the part of each character."""

    def __init__(self, place: Place, known: KnownNames) -> None:
        self.place, self.known = place, known
        self.text, self.owners, self.changed = "", list[Part](), False

    def append(self, part: Part) -> None:
        shown = part.text
        if part.writer == "resource":
            shown = clean(shown, one_line=self.place != "markdown" or self._is_in_command())
            self.changed |= shown != part.text
        self.text += shown
        self.owners += [part] * len(shown)

    def _is_in_command(self) -> bool:
        return self.text.rpartition("\n")[2].startswith("/")

    def settle(self) -> tuple[str, bool]:
        if self.place == "name":
            return self.text, self.changed
        if self.place == "markdown":
            self._names_in_commands()
            self._insert(_LINE_COMMAND, 1, "\\")
            self._insert(_FENCE, 1, "\\")
            self._fences_within()
            self._replace(_TAG, "&lt;")
        self._mentions()
        self._insert(_JINJA, 0, WORD_JOINER, at=1)
        return self.text, self.changed

    # -- whose it is

    def _is_own(self, start: int, end: int) -> bool:
        """Whether the policy's author wrote all of it, there or in an expression."""
        place = start
        for _, run in groupby(self.owners[start:end], key=id):
            length = len(list(run))
            part = self.owners[place]
            if part.writer == "resource":
                return False
            if part.writer == "expression" and not _stands_in(self.text[place : place + length], part.source):
                return False
            place += length
        return True

    def _is_own_or_known(self, sign: int, start: int, end: int) -> bool:
        """Whether the author wrote the sign, and the name after it is the author's or one that the resource has."""
        return self._is_own(sign, sign + 1) and (
            self._is_own(start, end) or self.text[start:end].rstrip(".-") in self.known
        )

    # -- what is done

    def _edit(self, edits: list[tuple[int, int, str]]) -> None:
        for start, end, shown in reversed(edits):
            owner = self.owners[min(start, len(self.owners) - 1)]
            self.text = self.text[:start] + shown + self.text[end:]
            self.owners[start:end] = [owner] * len(shown)
            self.changed = True

    def _insert(self, pattern: re.Pattern[str], group: int, shown: str, at: int = 0) -> None:
        self._edit(
            [
                (match.start(group) + at, match.start(group) + at, shown)
                for match in pattern.finditer(self.text)
                if not self._is_own(*match.span(group))
            ]
        )

    def _replace(self, pattern: re.Pattern[str], shown: str) -> None:
        self._edit(
            [
                (match.start(), match.start() + 1, shown)
                for match in pattern.finditer(self.text)
                if not self._is_own(*match.span())
            ]
        )

    def _mentions(self) -> None:
        self._edit(
            [
                (match.start() + 1, match.start() + 1, WORD_JOINER)
                for match in _MENTION.finditer(self.text)
                if not self._is_own(*match.span()) and not self._is_own_or_known(match.start(), *match.span(1))
            ]
        )

    def _fences_within(self) -> None:
        """A value that begins with a fence may be the first thing of a list's item."""
        edits = []
        for place, owner in enumerate(self.owners):
            begins = place > 0 and self.owners[place - 1] is not owner and owner.writer != "policy"
            if begins and self.text[place : place + 3] in ("```", "~~~") and not self._is_own(place, place + 3):
                edits.append((place, place, "\\"))
        self._edit([edit for edit in edits if self.text[edit[0] - 1] != "\\"])

    def _names_in_commands(self) -> None:
        """`/label ~"{{title}}"` names one label, whatever quotes and tildes the title has."""
        edits: list[tuple[int, int, str]] = []
        for match in re.finditer(r"^(/\w+)[^\n]*", self.text, re.MULTILINE):
            if match[1] in _WITH_TEXT or not self._is_own(*match.span(1)):
                continue
            kept = set[int]()
            for name in _NAME_IN_COMMAND.finditer(self.text, match.start(), match.end()):
                inner = name.span(1) if name[1] is not None else name.span(2)
                if self._is_own(*name.span()) or self.text[slice(*inner)] in self.known:
                    kept |= set(range(*name.span()))
            quoted = False
            for place in range(*match.span()):
                sign, own = self.text[place], self._is_own(place, place + 1)
                if sign == '"' and (own or place in kept):
                    quoted = not quoted
                elif (sign == '"' or (sign in "~%@" and not quoted)) and not own and place not in kept:
                    edits.append((place, place + 1, ""))
        self._edit(edits)


def _stands_in(shown: str, source: str) -> bool:
    """Whether the expression's source has it as a word of its own."""
    before = r"(?<![\w.-])" if shown[:1].isalnum() else ""
    after = r"(?![\w-])" if shown[-1:].isalnum() else ""
    return re.search(before + re.escape(shown) + after, source) is not None


def one_name_each(parts: list[Part], known: KnownNames) -> list[str]:
    """The names of a list that is separated by commas; a value's own commas separate only names that it has."""
    shown = ""
    for part in parts:
        text = clean(part.text, one_line=True) if part.writer == "resource" else part.text
        if part.writer == "resource" and "," in text:
            names = [each.strip() for each in text.split(",")]
            if not all(name in known for name in names if name):
                text = text.replace(",", " ")
        shown += text
    return [name.strip() for name in shown.split(",") if name.strip()]
