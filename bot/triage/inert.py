"""What of a finished text may act: the policy's own quick actions, mentions and tags, and no others.

Every character knows who wrote it. What acts must be the policy author's as a whole: a line whose `/` comes from a
title, an `@` that a value completes, a `<` that a value's `!--` follows become plain text. What an expression gave
counts as the author's as far as it stands in the expression's source, whatever way the value took through it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
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
_SOME_LINE_ENDS = re.compile(r"[\r\n\u2028\u2029\x85\v\f]+")
_KEPT = "\n\t\u200c\u200d"
_REMOVED = {"Cc", "Cf", "Cs", "Co"}
_LINE_COMMAND = re.compile(r"^[ \t\u2060\u200b\ufeff]*(/\w*)", re.MULTILINE)
_MENTION = re.compile(r"@([\w.-]+)((?:/[\w.-]+)*)")
# What Markdown reads as a character reference: &#64; is an @ before mentions are found.
_ENTITY = re.compile(r"&(?:#\w{1,10}|[A-Za-z]\w{1,40});")
_TAG = re.compile(r"<(?!https?://)[/!?]*[A-Za-z-]*(?<=[A-Za-z/!?-])")
_JINJA = re.compile(r"\{[{%#]")
_FENCE = re.compile(r"^(?:[ \t>*+-]|\d+[.)])*?(>>>|`{3,}|~{3,})", re.MULTILINE)
_NAME_IN_COMMAND = re.compile(r'[~%@](?:"([^"\n]*)"|([^\s"~%@,]+))')
# Quick actions that take names of people, labels, milestones, or one word (doc/user/project/quick_actions, GitLab 19).
_WITH_NAMES = re.compile(
    r"/(?:(?:re|un|remove_)?labels?|(?:re|un)?assign(?:_reviewer)?|unassign_reviewer|remove_reviewer|reviewer"
    r"|request_review|milestone|cc|epic|parent|set_parent|iteration|relate|link|unlink|blocks|blocked_by|duplicate"
    r"|copy_metadata|move|clone|status|severity|weight|health_status|due|estimate|spend|add_contacts|remove_contacts"
    r"|invite_email|board_move|type|promote_to|add_child|remove_child|target_branch)\Z"
)


@dataclass(frozen=True)
class KnownNames:
    """The people, labels and milestones that a resource's JSON names: an expression may name these, too.

    Args:
        rows: the resource; answers: what expressions have asked GitLab for, as it comes in.
    """

    rows: tuple[Any, ...] = ()
    answers: list[Any] = field(default_factory=list)

    def knows(self, sign: str, name: str) -> bool:
        """Args: sign: @ for people, ~ for labels, % for milestones."""
        if sign == "@" and name.lower() == "all":
            return False
        return name in self._of_rows[sign] or any(name in _names_in((row,))[sign] for row in self.answers)

    def __contains__(self, name: str) -> bool:
        return any(self.knows(sign, name) for sign in "@~%")

    @cached_property
    def _of_rows(self) -> dict[str, set[str]]:
        return _names_in(self.rows)


def _names_in(rows: tuple[Any, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"@": set(), "~": set(), "%": set()}
    waiting: list[Any] = list(rows)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("username"), str):
            found["@"].add(value["username"])
        for label in value["labels"] if isinstance(value.get("labels"), list) else []:
            found["~"].add(label if isinstance(label, str) else str(label.get("name")))
        if isinstance(value.get("milestone"), dict):
            found["%"].add(str(value["milestone"].get("title")))
        waiting += [each for each in value.values() if isinstance(each, dict | list)]
    return found


def clean(text: str, *, one_line: bool) -> str:
    """Without control characters, and none that reorder or hide text; joiners that scripts and emoji need stay."""
    text = _on_one_line(text) if one_line else _LINE_ENDS.sub("\n", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _KEPT or unicodedata.category(c) not in _REMOVED)


def _on_one_line(text: str) -> str:
    """A blank for each end of a line, and for the blanks around it."""
    first, *lines = _SOME_LINE_ENDS.split(text)
    if not lines:
        return text
    between = [line.strip() for line in lines[:-1]]
    return " ".join([first.rstrip(), *filter(None, between), lines[-1].lstrip()])


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
        entities = [match.start() + 1 for match in _ENTITY.finditer(self.text) if not self._is_own(*match.span())]
        self._edit([(place, place, WORD_JOINER) for place in entities])
        if self.place == "markdown":
            self._names_in_commands()
            self._insert(_LINE_COMMAND, "\\", lambda match: self._is_own_command(match.start(), *match.span(1)))
            self._insert(_FENCE, "\\", lambda match: self._is_own(*match.span(1)))
            self._fences_within()
            tags = [match for match in _TAG.finditer(self.text) if not self._is_own(*match.span())]
            self._edit([(match.start(), match.start() + 1, "&lt;") for match in tags])
        self._mentions()
        braces = [match for match in _JINJA.finditer(self.text) if not self._is_own(*match.span())]
        self._edit([(match.start() + 1, match.start() + 1, WORD_JOINER) for match in braces])
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
            if part.writer != "policy" and not _stands_in(self.text[place : place + length], part.source):
                return False
            place += length
        return True

    def _is_own_command(self, line: int, start: int, end: int) -> bool:
        """Whether the author wrote the command, and that it begins a line."""
        return self._is_own(start, end) and (line == 0 or self.owners[line - 1].writer != "resource")

    def _is_own_sign(self, place: int) -> bool:
        """Whether a sign is the author's and not what an expression has made of something."""
        return self.owners[place].writer in ("policy", "literal")

    # -- what is done

    def _edit(self, edits: list[tuple[int, int, str]]) -> None:
        """Args: edits: start, end and what takes that place, in order."""
        texts: list[str] = []
        owners: list[Part] = []
        place = 0
        for start, end, shown in edits:
            texts += [self.text[place:start], shown]
            owners += self.owners[place:start]
            owners += [self.owners[min(start, len(self.owners) - 1)]] * len(shown)
            place = end
        if edits:
            self.text = "".join([*texts, self.text[place:]])
            self.owners = owners + self.owners[place:]
            self.changed = True

    def _insert(self, pattern: re.Pattern[str], shown: str, is_own: Callable[[re.Match[str]], bool]) -> None:
        """Before the first group of each match that is not the author's."""
        places = [match.start(1) for match in pattern.finditer(self.text) if not is_own(match)]
        self._edit([(place, place, shown) for place in places])

    def _mentions(self) -> None:
        edits = []
        for match in _MENTION.finditer(self.text):
            sign, (start, end) = match.start(), match.span(1)
            named = self._is_own(start, end) or self.known.knows("@", self.text[start:end].rstrip(".-"))
            if not self._is_own(*match.span()) and not (self._is_own(sign, sign + 1) and named):
                edits.append((start, start, WORD_JOINER))
            elif match[2] and not self._is_own(*match.span(2)):
                edits.append((end, end, WORD_JOINER))
        self._edit(edits)

    def _fences_within(self) -> None:
        """A value that begins with a fence may be the first thing of a list's item."""
        edits = []
        for place, owner in enumerate(self.owners):
            begins = place > 0 and self.owners[place - 1] is not owner and owner.writer != "policy"
            if begins and self.text[place : place + 3] in ("```", "~~~") and not self._is_own(place, place + 3):
                edits.append((place, place, "\\"))
        self._edit([edit for edit in edits if self.text[edit[0] - 1] != "\\"])

    def _names_in_commands(self) -> None:
        """`/label ~"{{title}}"` names one label, whatever quotes, tildes and blanks the title has."""
        edits: list[tuple[int, int, str]] = []
        for match in re.finditer(r"^(/\w+)[^\n]*", self.text, re.MULTILINE):
            if _WITH_NAMES.match(match[1]) and self._is_own_command(match.start(), *match.span(1)):
                edits += [(place, place + 1, "") for place in self._dropped(*match.span())]
        self._edit(edits)

    def _dropped(self, start: int, end: int) -> Iterator[int]:
        """What of a command's line is no name that the author, or the resource itself, has."""
        kept = set[int]()
        for name in _NAME_IN_COMMAND.finditer(self.text, start, end):
            inner = name.span(1) if name[1] is not None else name.span(2)
            sign = self.text[name.start()]
            signs_are_own = self._is_own_sign(name.start()) and (name[1] is None or self._is_own_sign(name.end() - 1))
            words_are_own = self.owners[name.start()].writer == "expression" and self._is_own(*name.span())
            if signs_are_own or words_are_own or self.known.knows(sign, self.text[slice(*inner)]):
                kept |= {name.start()} | ({inner[0] - 1, inner[1]} if name[1] is not None else set())
            if words_are_own or self.known.knows(sign, self.text[slice(*inner)]):
                kept |= set(range(*name.span()))
        quoted, had_word, had_blank = False, False, False
        for place in range(start, end):
            sign, owner = self.text[place], self.owners[place]
            own = owner.writer in ("policy", "literal") or place in kept
            if place == start or owner is not self.owners[place - 1]:
                had_word = had_blank = False
            had_word = had_word or (place in kept and owner.writer == "resource")
            if sign == '"' and own:
                quoted = not quoted
            elif own or (owner.writer == "expression" and sign not in '"~%@'):
                continue
            elif sign == '"' or (sign in "~%@" and not quoted):
                yield place
            elif not quoted and owner.writer == "resource":
                # Outside of quotes a value is one word.
                had_blank = had_blank or (had_word and sign.isspace())
                had_word = had_word or not sign.isspace()
                if had_blank and place + 1 not in kept:
                    yield place


@functools.lru_cache(4096)
def _stands_in(shown: str, source: str) -> bool:
    """Whether the expression's source has it as a word of its own."""
    before = r"(?<![\w.-])" if shown[:1].isalnum() else ""
    after = r"(?![\w-])" if shown[-1:].isalnum() else ""
    return re.search(before + re.escape(shown) + after, source) is not None


def without_commas(text: str, known: KnownNames) -> str:
    """A value's own commas separate only names that the resource has."""
    names = [each.strip() for each in text.split(",")]
    return text if all(name in known for name in names if name) else text.replace(",", " ")


def one_name_each(parts: list[Part], known: KnownNames) -> list[str]:
    """The names of a list that is separated by commas."""
    shown = ""
    for part in parts:
        resources = part.writer == "resource"
        shown += without_commas(clean(part.text, one_line=True), known) if resources else part.text
    return [name.strip() for name in shown.split(",") if name.strip()]
