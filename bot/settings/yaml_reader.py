"""Reads YAML with the position of everything in it, and refuses what is dangerous or surely a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.domain.errors import Problem

MOST_BYTES = 1_000_000
MOST_VALUES = 50_000  # aliases counted as often as they are used, so that an alias bomb ends here
MOST_LEVELS = 40

Path = tuple[str | int, ...]
_SURROGATE = re.compile("[\ud800-\udfff]")
_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass
class Positions:
    """Path of a value to the line and column (both from 1) of its key, or of the item of a list."""

    of: dict[Path, tuple[int, int]] = field(default_factory=dict)
    texts: dict[Path, tuple[int, int]] = field(default_factory=dict)  # where a text itself begins
    shared: set[Path] = field(default_factory=set)  # what an alias elsewhere points to

    def near(self, path: Path) -> tuple[int, int]:
        """The position of `path`, or of the nearest thing around it that the file has."""
        while path and path not in self.of:
            path = path[:-1]
        return self.of.get(path, (1, 1))


@dataclass(frozen=True)
class Document:
    value: Any
    positions: Positions
    problems: tuple[Problem, ...]


class _TooMuch(Exception):
    def __init__(self, what: str, node: Node) -> None:
        super().__init__(what)
        self.what, self.node = what, node


def read_yaml(
    text: str,
    file: str,
    *,
    loader_class: type[yaml.SafeLoader] = yaml.SafeLoader,
    first_document_only: bool = False,
    last_wins: bool = False,
    most_bytes: int = MOST_BYTES,
    most_values: int = MOST_VALUES,
) -> Document:
    """The document with positions; mistakes are in `problems`, and `value` is then None or incomplete.

    Args:
        file: the name that problems carry.
        loader_class: how scalars are read.
        first_document_only: leave later documents of the file alone, instead of refusing them.
        last_wins: of two equal keys the last counts, though it is a problem; else the first.
        most_values: aliases count as often as they are used.
    """
    positions = Positions({(): (1, 1)})
    if len(text.encode("utf-8", "replace")) > most_bytes:
        problem = Problem(file, 1, 1, "", f"the file is larger than {most_bytes:,} bytes.", "Split it.")
        return Document(None, positions, (problem,))
    level = _deepest_flow(text)
    if level > 4 * MOST_LEVELS:
        problem = Problem(file, 1, 1, "", f"nested deeper than {MOST_LEVELS} levels.", "Write it flatter.")
        return Document(None, positions, (problem,))
    try:
        loader = loader_class(text.removeprefix("\ufeff"))
    except yaml.reader.ReaderError as error:
        what = f"not valid YAML: the character U+{error.character:04X} is not allowed."
        line = text.count("\n", 0, error.position) + 1
        return Document(None, positions, (Problem(file, line, 1, "", what),))
    builder = _Builder(loader, file, positions, most_values, last_wins=last_wins)
    try:
        node = _first_node(loader) if first_document_only else loader.get_single_node()
        value = builder.build(node, (), 0) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = f"not valid YAML: {error.problem or error.context}."
        hint = "Indent with blanks, not with tabs." if "'\\t'" in str(error.problem) else ""
        return Document(None, positions, (*builder.problems, Problem(file, line, column, "", what, hint)))
    except yaml.YAMLError as error:
        what = f"not valid YAML: {str(error).splitlines()[0]}."
        return Document(None, positions, (*builder.problems, Problem(file, 1, 1, "", what)))
    except (ValueError, RecursionError) as error:  # PyYAML lets them pass: \U00110000, and deep nesting
        mark = loader.get_mark()
        what = "nested too deeply." if isinstance(error, RecursionError) else f"not valid YAML: {error}."
        return Document(None, positions, (*builder.problems, Problem(file, mark.line + 1, mark.column + 1, "", what)))
    except _TooMuch as error:
        mark = error.node.start_mark
        problem = Problem(file, mark.line + 1, mark.column + 1, "", error.what, "Write it without so many aliases.")
        return Document(None, positions, (problem,))
    finally:
        loader.dispose()
    return Document(value, positions, tuple(builder.problems))


def _deepest_flow(text: str) -> int:
    """How deep brackets and braces may be in each other; PyYAML's scanner recurses with them."""
    deepest = level = 0
    for character in _BRACKETS.findall(text):
        level = max(0, level + (1 if character in "[{" else -1))
        deepest = max(deepest, level)
    return deepest


def _first_node(loader: yaml.SafeLoader) -> Node | None:
    return loader.get_node() if loader.check_node() else None


class _Builder:
    """Turns nodes into plain values and notes where each one stands."""

    def __init__(
        self, loader: yaml.SafeLoader, file: str, positions: Positions, most_values: int, *, last_wins: bool
    ) -> None:
        self.last_wins = last_wins
        self.loader, self.file, self.positions, self.most_values = loader, file, positions, most_values
        self.problems: list[Problem] = []
        self.count = 0
        self.seen: dict[int, Path] = {}

    def build(self, node: Node, path: Path, level: int) -> Any:
        self.count += 1
        if self.count > self.most_values:
            raise _TooMuch(f"more than {self.most_values:,} values.", node)
        if level > MOST_LEVELS:
            raise _TooMuch(f"nested deeper than {MOST_LEVELS} levels.", node)
        if not isinstance(node, ScalarNode) and self.seen.setdefault(id(node), path) != path:
            self.positions.shared.add(self.seen[id(node)])
        if isinstance(node, MappingNode):
            return self._mapping(node, path, level)
        if isinstance(node, SequenceNode):
            result = []
            for index, item in enumerate(node.value):
                self._note((*path, index), item)
                result.append(self.build(item, (*path, index), level + 1))
            return result
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: Path) -> Any:
        assert isinstance(node, ScalarNode)
        if node.style not in ("|", ">"):
            quote = 1 if node.style else 0
            self.positions.texts.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1 + quote))
        else:
            self.positions.texts.setdefault(path, (node.start_mark.line + 2, 1))
        try:
            value = self.loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            self._problem(node, path, f"cannot be read: {str(error).splitlines()[0]}.")
            return None
        except (KeyError, IndexError, TypeError, OverflowError):  # of PyYAML, for !!bool and !!int before other things
            self._problem(node, path, f"cannot be read: {node.value!r} is no {node.tag.rpartition(':')[2]}.")
            return None
        if isinstance(value, str) and _SURROGATE.search(value):
            self._problem(node, path, "has half of a character (\\ud800 to \\udfff).", "Write the whole character.")
            return None
        return value

    def _mapping(self, node: MappingNode, path: Path, level: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and key_node.tag == "tag:yaml.org,2002:merge":
                sources = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
                for source in reversed(sources):
                    built = self.build(source, path, level + 1)
                    if isinstance(built, dict):
                        merged |= built
                continue
            key = self._scalar(key_node, path) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, (str, int, bool, float)):
                self._problem(key_node, path, "a key must be plain text.")
                continue
            if key in result:
                first = self.positions.near((*path, str(key)))[0]
                self._problem(key_node, (*path, str(key)), f"is there twice, first on line {first}.", "Keep one.")
                if self.last_wins:
                    result[key] = self.build(value_node, (*path, str(key)), level + 1)
                continue
            self._note((*path, str(key)), key_node)
            result[key] = self.build(value_node, (*path, str(key)), level + 1)
        return merged | result

    def _note(self, path: Path, node: Node) -> None:
        self.positions.of.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))

    def _problem(self, node: Node, path: Path, what: str, hint: str = "") -> None:
        mark = node.start_mark
        self.problems.append(Problem(self.file, mark.line + 1, mark.column + 1, where(path), what, hint))


def where(path: Path) -> str:
    """`severities[0].members.usernames`"""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
