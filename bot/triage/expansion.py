"""Braces in the labels of a condition: lists {a,b} and sequences {1..3}.

Each combination is a query of its own. All lists are expanded first, the last label varying fastest, then all
sequences. Braces are read in the order in which they stand, so a sequence may come before a list (difference 23).
"""

from __future__ import annotations

import itertools
import math
import re

_BRACES = re.compile(r"\{([^{}]*)\}")
_SEQUENCE = re.compile(r"\s*(\d+)\s*\.\.\s*(\d+)\s*\Z")
MOST_COMBINATIONS = 1_000


class TooManyCombinations(ValueError):
    pass


def _items(body: str) -> list[str] | None:
    """The items of a list in braces; None for what is no list: {a}, {,}, {a,}."""
    if "," not in body or not re.match(r".+?,.+", body, re.DOTALL):
        return None
    return [item.strip() for item in body.split(",")]


def _numbers(body: str) -> list[str] | None:
    match = _SEQUENCE.match(body)
    if not match:
        return None
    first, last = int(match[1]), int(match[2])
    if abs(last - first) > MOST_COMBINATIONS:
        raise TooManyCombinations(
            f"{{{body}}} has {abs(last - first) + 1} numbers; at most {MOST_COMBINATIONS} are run."
        )
    step = 1 if last >= first else -1
    # The gem reads 01 as Ruby's number 1, and stops at 08 and misreads 010: there the zeros stay, as people expect.
    width = len(match[1]) if any(map(_misread, match.groups())) else 0
    return [str(number).zfill(width) for number in range(first, last + step, step)]


def _misread(digits: str) -> bool:
    """Whether a leading zero makes Ruby read another number, or none."""
    return digits.startswith("0") and (set(digits) & {"8", "9"} != set() or int(digits, 8) != int(digits))


def _alternatives(label: str, read: object) -> list[str]:
    parts: list[list[str]] = []
    place = 0
    for match in _BRACES.finditer(label):
        found = read(match[1])  # type: ignore[operator]
        if found is None:
            continue
        parts.append([label[place : match.start()]])
        parts.append(found)
        place = match.end()
    if not parts:
        return [label]
    parts.append([label[place:]])
    if math.prod(map(len, parts)) > MOST_COMBINATIONS:
        raise TooManyCombinations(f"The labels have more than {MOST_COMBINATIONS} combinations.")
    return ["".join(each) for each in itertools.product(*parts)]


def expand(labels: list[str]) -> list[list[str]]:
    """Every combination, in the order in which the gem runs them.

    Raises:
        TooManyCombinations: for more than a thousand.
    """
    count = 1
    lists = [_alternatives(label, _items) for label in labels]
    for each in lists:
        count *= len(each)
        if count > MOST_COMBINATIONS:
            raise TooManyCombinations(f"The labels have more than {MOST_COMBINATIONS} combinations.")
    result: list[list[str]] = []
    for combination in itertools.product(*lists):
        result += [list(each) for each in itertools.product(*[_alternatives(label, _numbers) for label in combination])]
        if len(result) > MOST_COMBINATIONS:
            raise TooManyCombinations(f"The labels have more than {MOST_COMBINATIONS} combinations.")
    return result
