"""Ruby's regular expressions in the words of Python's `regex` module.

`regex` rather than RE2: policies use look-around, atomic groups and references back, which RE2 has not; and `regex`
stops a search at its time-out, which Python's own `re` cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import regex

from bot.triage.ruby.errors import OutOfBudget, Refused, RubyError
from bot.triage.ruby.values import Regexp

SEARCH_TIMEOUT_S = 0.25
LONGEST_SOURCE = 2_000
MOST_REPEATS = 1_000
_CLASSES = {
    "w": "a-zA-Z0-9_",
    "d": "0-9",
    "s": " \\t\\r\\n\\f\\v",
    "h": "0-9a-fA-F",
}
_LINE_BREAK = r"(?:\r\n|[\n\v\f\r\u0085\u2028\u2029])"
_POSIX = {"[:digit:]": "\\p{Nd}", "[:word:]": "\\p{Word}"}
_KEPT_ESCAPES = set("AbBnrtfvaXK")
_SET_OPERATORS = ("--", "||", "~~")


def compile_pattern(source: str, flags: str) -> Regexp:
    """Args: source, flags: as Ruby has them.

    Raises:
        RubyError: SyntaxError, for what is no regular expression in Ruby either.
        Refused: for what only Ruby's engine knows.
    """
    if len(source) > LONGEST_SOURCE:
        raise OutOfBudget(f"A regular expression of more than {LONGEST_SOURCE} characters is not evaluated.")
    translated = _Translation(source).result()
    options = regex.VERSION1 | regex.MULTILINE
    options |= regex.IGNORECASE if "i" in flags else 0
    options |= regex.DOTALL if "m" in flags else 0
    options |= regex.VERBOSE if "x" in flags else 0
    try:
        pattern = regex.compile(translated, options)
    except regex.error as error:
        raise RubyError("SyntaxError", f"the regular expression /{source}/ is wrong: {error}") from None
    except (OverflowError, MemoryError, RecursionError):
        raise OutOfBudget("This regular expression is too large.") from None
    names = tuple(sorted(pattern.groupindex, key=lambda name: pattern.groupindex[name]))
    return Regexp(source, "".join(flag for flag in "mix" if flag in flags), pattern, names)


def searched(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A search with its time limit."""
    try:
        return call(*args, timeout=SEARCH_TIMEOUT_S, **kwargs)
    except TimeoutError:
        raise OutOfBudget(
            f"The regular expression took more than {SEARCH_TIMEOUT_S} s on one text: it explodes. "
            "Avoid repeats inside repeats, like (a+)+."
        ) from None


def found_in(pattern: Any, text: str, **kwargs: Any) -> Iterator[Any]:
    """All places where the pattern fits, one after the other; the time limit is for all of them together."""
    matches = searched(pattern.finditer, text, **kwargs)
    while True:
        # The search goes on with each step of the iterator, so each step can run out of time.
        found = searched(lambda timeout: next(matches, None))
        if found is None:
            return
        yield found


class _Translation:
    """One pass over the source; `at` is the place that is read next."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.out = source, 0, list[str]()
        # Of all repeats that are counted: they may stand in each other.
        self.repeats = 1
        self.has_names = "(?<" in source and any(
            source[place + 3 : place + 4] not in ("=", "!")
            for place in range(len(source))
            if source.startswith("(?<", place)
        )

    def result(self) -> str:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\\":
                self.out.append(self._escape(in_set=False))
            elif character == "[":
                self.out.append(self._set())
            elif character == "(":
                self.out.append(self._group())
            elif character == "{":
                self.out.append(self._repeat())
            elif character == "#":
                self.out.append("#")
                self.at += 1
            else:
                self.out.append(character)
                self.at += 1
        return "".join(self.out)

    def _group(self) -> str:
        rest = self.source[self.at :]
        if not rest.startswith("(?"):
            self.at += 1
            return "(?:" if self.has_names else "("
        if rest.startswith("(?#"):
            end = rest.find(")")
            self.at += end + 1 if end >= 0 else len(rest)
            return ""
        if rest.startswith("(?~"):
            raise Refused("The absence operator (?~...) of regular expressions is not supported.")
        end = 2
        while end < len(rest) and rest[end] in "mix-":
            end += 1
        if end > 2 and rest[end : end + 1] in (":", ")"):
            options = rest[2:end].replace("m", "s")
            self.at += end + 1
            return f"(?{options}{rest[end]}" if options.strip("-") else f"(?{rest[end]}" if rest[end] == ":" else ""
        self.at += 2
        return "(?"

    def _repeat(self) -> str:
        end = self.source.find("}", self.at)
        body = self.source[self.at + 1 : end] if end >= 0 else ""
        low, comma, high = body.partition(",")
        if end < 0 or not (low + high).isdigit() or not (low or comma):
            self.at += 1
            return "\\{"
        self.repeats *= max(int(low or 0), int(high or 0), 1)
        if self.repeats > MOST_REPEATS:
            raise OutOfBudget(f"A regular expression that repeats more than {MOST_REPEATS} times is not evaluated.")
        self.at = end + 1
        if self.source[self.at : self.at + 1] == "{":
            raise Refused("A repeat of a repeat in a regular expression is not supported.")
        return f"{{{low or 0}{comma}{high}}}"

    def _escape(self, *, in_set: bool) -> str:
        following = self.source[self.at + 1 : self.at + 2]
        if not following:
            raise RubyError("SyntaxError", "too short escape sequence in a regular expression")
        self.at += 2
        if following in _CLASSES:
            return _CLASSES[following] if in_set else f"[{_CLASSES[following]}]"
        if following in "WDSH":
            return f"[^{_CLASSES[following.lower()]}]"
        if following == "u":
            return self._unicode()
        if following == "x":
            return self._hexadecimal()
        if following == "p" or following == "P":
            end = self.source.find("}", self.at)
            name = self.source[self.at + 1 : end]
            self.at = end + 1
            negated = name.startswith("^")
            return f"\\{'P' if negated != (following == 'P') else 'p'}{{{name.lstrip('^')}}}"
        if following == "e":
            return "\\x1b"
        if not in_set:
            return self._anchor_or_reference(following)
        if following == "b":
            return "\\x08"
        if following in "nrtfva" or not following.isalnum():
            return f"\\{following}"
        return following if following.isalpha() else f"\\{following}"

    def _anchor_or_reference(self, following: str) -> str:
        if following == "z":
            return "\\Z"
        if following == "Z":
            return "(?=\\n?\\Z)"
        if following == "R":
            return _LINE_BREAK
        if following == "G":
            raise Refused("\\G in a regular expression is not supported.")
        if following in ("k", "g") and self.source[self.at : self.at + 1] == "<":
            end = self.source.find(">", self.at)
            name = self.source[self.at + 1 : end]
            self.at = end + 1
            if following == "k":
                return f"\\{name}" if name.isdigit() else f"(?P={name})"
            return f"(?{name})" if name.isdigit() else f"(?&{name})"
        if following in _KEPT_ESCAPES or not following.isalpha():
            return f"\\{following}"
        return following

    def _unicode(self) -> str:
        if self.source[self.at : self.at + 1] == "{":
            end = self.source.find("}", self.at)
            points = self.source[self.at + 1 : end].split()
            self.at = end + 1
        else:
            points = [self.source[self.at : self.at + 4]]
            self.at += 4
        try:
            return "".join(regex.escape(chr(int(point, 16))) for point in points)
        except (ValueError, OverflowError):
            raise RubyError("SyntaxError", "invalid Unicode escape in a regular expression") from None

    def _hexadecimal(self) -> str:
        digits = ""
        while len(digits) < 2 and self.source[self.at : self.at + 1] in set("0123456789abcdefABCDEF"):
            digits += self.source[self.at]
            self.at += 1
        if not digits or int(digits, 16) > 127:
            raise RubyError("SyntaxError", "invalid hex escape in a regular expression")
        return f"\\x{digits.zfill(2)}"

    def _set(self) -> str:
        parts, start = ["["], self.at
        self.at += 1
        if self.source[self.at : self.at + 1] == "^":
            parts.append("^")
            self.at += 1
        first = True
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "]" and not first:
                self.at += 1
                return "".join([*parts, "]"])
            first = False
            if character == "\\":
                parts.append(self._escape(in_set=True))
            elif self.source.startswith("[:", self.at):
                end = self.source.find(":]", self.at)
                if end < 0:
                    break
                parts.append(_POSIX.get(self.source[self.at : end + 2], self.source[self.at : end + 2]))
                self.at = end + 2
            elif character == "[":
                parts.append(self._set())
            elif self.source.startswith("&&", self.at):
                parts.append("&&")
                self.at += 2
            elif self.source[self.at : self.at + 2] in _SET_OPERATORS:
                parts.append(f"\\{character}\\{character}")
                self.at += 2
            elif character == "]":
                parts.append("\\]")
                self.at += 1
            else:
                parts.append(character)
                self.at += 1
        raise RubyError("SyntaxError", f"premature end of char-class: /{self.source[start:]}/")


def escaped(text: str) -> str:
    """Regexp.escape."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\v": "\\v", " ": "\\ "}
    return "".join(
        named.get(character) or (f"\\{character}" if character in r"[]{}()|-*.\?+^$#" else character)
        for character in text
    )
