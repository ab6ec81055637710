"""From files to frozen settings: every problem at once, each with its file, line, column and a hint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.domain.errors import Problem, WrongSettings, perhaps_meant
from bot.settings.templates import Templates
from bot.settings.yaml_reader import Document, Path, Positions, read_yaml, where


@dataclass(frozen=True)
class SettingsFile:
    """Where the values of one file stand, for problems that show only later."""

    name: str
    positions: Positions

    def problem(self, path: Path, what: str, hint: str = "", *, is_warning: bool = False) -> Problem:
        line, column = self.positions.near(path)
        return Problem(self.name, line, column, where(path), what, hint, is_warning)


@dataclass(frozen=True)
class Settings:
    """All settings: by the name of the file in the folder (without .yml), and the texts of the templates.

    Args:
        policies: the policy files that the settings name, read and checked, by the name that they are given there.
        extensions: the conditions and actions that installed packages add to them.
    """

    parts: Mapping[str, Any]
    templates: Templates
    files: Mapping[str, SettingsFile] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    extensions: Any = None

    def part(self, name: str) -> Any:
        return self.parts[name]


def load_settings(folder: FilePath, templates_folder: FilePath, models: Mapping[str, type]) -> Settings:
    """Read `folder`/NAME.yml for each of `models`, and all templates.

    Raises:
        WrongSettings: with all problems of all files.
    """
    parts: dict[str, Any] = {}
    files: dict[str, SettingsFile] = {}
    problems: list[Problem] = []
    if not folder.is_dir():
        hint = "Name the folder with --config or SECTIONBOT_CONFIG."
        raise WrongSettings((Problem(str(folder), 1, 1, "", "there is no such folder of settings.", hint),))
    for file in sorted(folder.glob("*.y*ml")):
        if file.stem not in models:
            hint = (
                perhaps_meant(file.stem, models)
                or f"The files are {', '.join(f'{name}.yml' for name in sorted(models))}."
            )
            problems.append(Problem(str(file), 1, 1, "", "no part of the bot reads this file.", hint))
    for name, model in models.items():
        file = folder / f"{name}.yml"
        value, positions, found = load_file(file, model)
        problems += found
        files[name] = SettingsFile(str(file), positions)
        if value is not None:
            parts[name] = value
    templates = Templates.load(templates_folder)
    problems += templates.problems()
    if problems:
        raise WrongSettings(tuple(problems))
    return Settings(parts, templates, files)


def load_file(file: FilePath, model: type) -> tuple[Any, Positions, list[Problem]]:
    """One file as a value of `model` (a pydantic dataclass), or None; where its values stand; and its problems."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        missing = Problem(str(file), 1, 1, "", "the file is missing.", "Begin with the one in the bot's own config/.")
        return None, Positions(), [missing]
    except (OSError, UnicodeDecodeError) as error:
        what = f"the file cannot be read: {type(error).__name__}."
        return None, Positions(), [Problem(str(file), 1, 1, "", what)]
    document = read_yaml(text, str(file))
    problems = list(document.problems)
    value = None
    if document.value is not None or not problems:
        value, found = _validate(document, str(file), model)
        problems += found
    return (None if problems else value), document.positions, problems


def _validate(document: Document, file: str, model: type) -> tuple[Any, list[Problem]]:
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    data = {} if document.value is None else document.value
    if not isinstance(data, dict):
        return None, [Problem(file, 1, 1, "", "the file must be a map of settings.")]
    try:
        return adapter.validate_python(data), []
    except ValidationError as error:
        schema = adapter.json_schema()
        return None, [_problem(each, document, file, schema) for each in error.errors(include_url=False)]


def _problem(error: Any, document: Document, file: str, schema: dict[str, Any]) -> Problem:
    path = tuple(part for part in error["loc"] if not _is_type_name(part))
    line, column = document.positions.near(path)
    kind = error["type"]
    if kind in ("missing", "missing_argument"):
        return Problem(file, line, column, where(path), "is missing.", _describe(schema, path))
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        allowed = _properties(schema, path[:-1])
        hint = perhaps_meant(str(path[-1]), allowed) or f"Here can be: {', '.join(allowed)}."
        return Problem(file, line, column, where(path), "is not a setting.", hint)
    if kind in ("enum", "literal_error"):
        expected = error["ctx"]["expected"].replace("'", "")
        given = str(error["input"])
        options = [option.strip() for option in expected.replace(" or ", ", ").split(",")]
        hint = perhaps_meant(given, options) or f"Write one of {', '.join(options)}."
        return Problem(file, line, column, where(path), f"{given!r} is none of its values.", hint)
    if kind in ("tuple_type", "list_type"):
        return Problem(file, line, column, where(path), "must be a list, like [one, two].", _describe(schema, path))
    if kind.startswith("bool_"):
        return Problem(file, line, column, where(path), "must be true or false.", _describe(schema, path))
    if kind.startswith("date_"):
        return Problem(file, line, column, where(path), "must be a day, like 2026-11-26.", _describe(schema, path))
    if kind == "string_pattern_mismatch":
        what = f"{error['input']!r} is not written as it has to be."
        return Problem(file, line, column, where(path), what, _describe(schema, path))
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return Problem(file, line, column, where(path), message.rstrip(".") + ".", _describe(schema, path))


def _is_type_name(part: Any) -> bool:
    """pydantic names the alternative that it tried; the file has no such level."""
    return isinstance(part, str) and (part.startswith(("function-", "constrained-")) or "[" in part)


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    for option in node.get("anyOf", []):
        resolved = _resolve(schema, option)
        if resolved.get("type") != "null":
            return resolved
    return node


def _node(schema: dict[str, Any], path: Iterable[str | int]) -> dict[str, Any]:
    node = _resolve(schema, schema)
    for part in path:
        following = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        if not isinstance(following, dict):
            return {}
        node = following if "description" in following and "$ref" not in following else _resolve(schema, following)
        node = _resolve(schema, node) if "properties" not in node and "$ref" in node else node
    return node


def _properties(schema: dict[str, Any], path: Iterable[str | int]) -> list[str]:
    return sorted(_resolve(schema, _node(schema, path)).get("properties", {}))


def _describe(schema: dict[str, Any], path: Iterable[str | int]) -> str:
    description = str(_node(schema, path).get("description", ""))
    return f"It is {description[:1].lower()}{description[1:]}" if description else ""


def json_schema(model: type, title: str) -> str:
    """The JSON Schema of a settings file, for editors."""
    schema = TypeAdapter(model).json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
