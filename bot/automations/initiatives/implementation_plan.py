"""The plan that a group writes into its initiative: a heading, prose, and a table with a row for each feature category.

## Implementation plan

Prose.

| Feature category | What | Weight | Depends on |
| --- | --- | --- | --- |
| dast | Write the new name | 3 | |
| fuzz_testing | The same | 2 | dast |

Not affected: Compliance, since no audit event has a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.automations.initiatives.facts import category_key
from bot.automations.initiatives.setup import Setup
from bot.domain.errors import perhaps_meant
from bot.domain.text_hash import hash_of
from bot.domain.user_text import plain_line
from bot.markdown.sections import named, sections
from bot.settings.section import SectionGroup

CATEGORY, WHAT, WEIGHT, DEPENDS_ON = "feature category", "what", "weight", "depends on"
COLUMNS = (CATEGORY, WHAT, WEIGHT, DEPENDS_ON)
MOST_ROWS = 100
MOST_WORDS = 5_000
MOST_NAME = 100
MOST_PROBLEMS = 20
MOST_WEIGHT = 1_000
_NOT_AFFECTED = re.compile(r"\s*(?:[-*+]\s+)?not affected\s*:\s*(?P<rest>.+)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[\s,;:.()–—-]+")
_AND = re.compile(r"\s*(?:,\s*(?:and\s+)?|and\s+|&\s*)?", re.IGNORECASE)
_SINCE = re.compile(r"(?:since|because|as|for)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """Args: owner: of the feature category; None where the directory has none. weight: None where none is given."""

    category: str
    what: str
    weight: int | None = None
    depends_on: tuple[str, ...] = ()
    owner: SectionGroup | None = None

    @property
    def key(self) -> str:
        return category_key(self.category)

    @property
    def hash(self) -> str:
        """Stands for what the row says, in any order of what it depends on."""
        depends = ",".join(sorted(category_key(each) for each in self.depends_on))
        return hash_of("\0".join((self.key, self.what, str(self.weight), depends)))


@dataclass(frozen=True)
class ImplementationPlan:
    """What the plan says.

    Args:
        text: the whole section, as Markdown.
        problems: what keeps it from being distributed, a sentence each.
        not_affected: name of a group to why it has no row; unread: lines that were to say that, and do not.
        uncovered: groups that have neither a row nor a reason.
    """

    text: str
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()
    not_affected: Mapping[str, str] = field(default_factory=dict)
    uncovered: tuple[SectionGroup, ...] = ()
    unread: tuple[str, ...] = ()

    def row(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)


def parse_plan(description: str, setup: Setup, *, for_all_groups: bool) -> ImplementationPlan | None:
    """None where the description has no such heading, or nothing below it.

    Args:
        for_all_groups: whether each group of the directory needs a row or a reason.
    """
    section = named(setup.own.plan_heading, sections(description))
    if section is None or not section.text:
        return None
    rows, problems = _rows(section.rows, setup)
    not_affected, unread = _not_affected(section.text, setup)
    covered = {row.owner.name for row in rows if row.owner is not None} | set(not_affected)
    uncovered = tuple(group for group in setup.section.groups if group.name not in covered)
    if for_all_groups and uncovered and rows:
        names = ", ".join(group.name for group in uncovered)
        problems.append(
            f"It is for all groups, and these have neither a row nor a reason: {names}. Write a line for each that is "
            "not affected: `Not affected: GROUP, since ...`."
        )
    problems += _circles(rows)
    return ImplementationPlan(section.text, tuple(rows), tuple(problems), not_affected, uncovered, unread)


def _rows(table: tuple[tuple[str, ...], ...], setup: Setup) -> tuple[list[Row], list[str]]:
    if not table:
        return [], ["It has no table: a row for each feature category, with the columns " + _named_columns() + "."]
    places = {_normal(head): at for at, head in reversed(list(enumerate(table[0])))}
    lacking = [column for column in (CATEGORY, WHAT) if column not in places]
    if lacking:
        words = " and ".join(f"`{column}`" for column in lacking)
        return [], [f"Its table has no column {words}. The columns are {_named_columns()}."]
    rows: list[Row] = []
    problems: list[str] = []
    if len(table) - 1 > MOST_ROWS:
        return [], [f"Its table has {len(table) - 1} rows; {MOST_ROWS} are the most."]
    for number, cells in enumerate(table[1:], start=1):
        given = {column: cells[at] if at < len(cells) else "" for column, at in places.items()}
        category = given[CATEGORY].strip()[:MOST_NAME]
        if not category:
            if any(cells):
                problems.append(f"Row {number} names no feature category.")
            continue
        if len(given[WHAT]) > MOST_WORDS:
            problems.append(f"Row {number} ({_shown(category)}): `what` is longer than {MOST_WORDS} characters.")
            continue
        if any(row.key == category_key(category) for row in rows):
            problems.append(f"Row {number}: {_shown(category)} has a row already. Make one of the two.")
            continue
        weight, problem = _weight(given.get(WEIGHT, ""))
        problems += [f"Row {number} ({_shown(category)}): {problem}"] if problem else []
        depends = tuple(part.strip() for part in given.get(DEPENDS_ON, "").split(",") if part.strip(" -–—"))
        owner = setup.owner_of_category(category)
        names = owner.feature_categories if owner is not None else ()
        spelt = next((name for name in names if category_key(name) == category_key(category)), category)
        if not given[WHAT].strip():
            problems.append(f"Row {number} ({_shown(category)}) says nothing under `{WHAT}`.")
        rows.append(Row(spelt, given[WHAT].strip(), weight, depends, owner))
    if not rows and not problems:
        problems.append("Its table has no rows.")
    known = {row.key: row.category for row in rows}
    for row in rows:
        for each in row.depends_on:
            if category_key(each) not in known and len(problems) < MOST_PROBLEMS:
                hint = perhaps_meant(each, known.values())
                problems.append(
                    f"{_shown(row.category)} depends on {_shown(each)}, which has no row."
                    + (f" {plain_line(hint)}" if hint else "")
                )
    return rows, problems[:MOST_PROBLEMS]


def _named_columns() -> str:
    return ", ".join(f"`{column}`" for column in COLUMNS)


def _shown(words: str) -> str:
    return plain_line(words, 60)


def _normal(head: str) -> str:
    return " ".join(head.lower().split())


def _weight(text: str) -> tuple[int | None, str]:
    words = text.strip()
    if not words.strip("-–—"):
        return None, ""
    if not (words.isascii() and words.isdigit() and len(words) < 6 and int(words) <= MOST_WEIGHT):
        return None, f"the weight {_shown(words)} is no number from 0 to {MOST_WEIGHT}."
    return int(words), ""


def _not_affected(text: str, setup: Setup) -> tuple[dict[str, str], tuple[str, ...]]:
    """Groups that the plan says are not affected, each with its reason; and what stands where one is to stand."""
    found: dict[str, str] = {}
    unread: list[str] = []
    names = sorted(
        ((name.lower(), group) for group in setup.section.groups for name in (group.name, group.label, *group.aliases)),
        key=lambda pair: -len(pair[0]),
    )
    for line in text.split("\n"):
        match = _NOT_AFFECTED.fullmatch(line)
        if match is None:
            continue
        rest = match["rest"].replace("~", "").replace("`", "").replace('"', "").strip()
        groups: list[SectionGroup] = []
        while named_first := _group_first(rest, names):
            group, rest = named_first
            groups.append(group)
        reason = _SEPARATOR.sub("", rest, count=1).strip()
        if not groups:
            unread.append(f"{_shown(rest)} is no group of the directory")
        elif not _SINCE.sub("", reason).strip(" .,;:)"):
            unread.append(f"{', '.join(group.name for group in groups)} without a reason")
        else:
            found |= {group.name: reason for group in groups}
    return found, tuple(unread[:MOST_PROBLEMS])


def _group_first(text: str, names: Sequence[tuple[str, SectionGroup]]) -> tuple[SectionGroup, str] | None:
    """The group whose name stands first, behind a comma or `and`, with what follows it."""
    words = _AND.sub("", text, count=1)
    for name, group in names:
        behind = words[len(name) :]
        if words.lower().startswith(name) and (not behind or _SEPARATOR.match(behind)):
            return group, behind
    return None


def _circles(rows: list[Row]) -> list[str]:
    """Rows that wait for each other, a sentence for the first circle that is found."""
    by_key = {row.key: row for row in rows}
    settled: set[str] = set()
    for row in rows:
        path: list[str] = []
        circle = _circle_from(row.key, by_key, path, settled)
        if circle:
            names = " → ".join(_shown(by_key[key].category) for key in circle)
            return [f"These rows wait for each other: {names}. Take one of the dependencies out."]
    return []


def _circle_from(start: str, by_key: Mapping[str, Row], path: list[str], settled: set[str]) -> list[str]:
    if start in path:
        return [*path[path.index(start) :], start]
    if start in settled or start not in by_key:
        return []
    path.append(start)
    for each in by_key[start].depends_on:
        circle = _circle_from(category_key(each), by_key, path, settled)
        if circle:
            return circle
    path.pop()
    settled.add(start)
    return []
