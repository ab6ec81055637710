"""The texts that people will read: Jinja2 + Markdown files, rendered in Jinja2's sandbox.

Every value that is put into a text is made harmless, unless it is a `Trusted` one: what came from settings, or what the
bot composed itself of parts that were made harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.exceptions import TemplateError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from bot.domain.errors import Problem, WrongSettings
from bot.domain.user_text import harmless, harmless_line, quoted


class Trusted(str):
    """Text that is posted as it stands."""


def _finalize(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Trusted):
        return harmless(value)
    return value


def _trusted_filter(function: Any) -> Any:
    return lambda value, *arguments: Trusted(function(str(value), *arguments))


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
    )
    environment.filters["line"] = _trusted_filter(harmless_line)
    environment.filters["quoted"] = _trusted_filter(quoted)
    return environment


@dataclass(frozen=True)
class Templates:
    """Name (`incident_opening/incident.md`) to text."""

    texts: Mapping[str, str]
    folder: str = "templates"

    @classmethod
    def load(cls, folder: Path) -> Templates:
        """All `*.md` files below `folder`; a missing folder has none."""
        texts = {
            file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(folder.rglob("*.md"))
        }
        return cls(texts, str(folder))

    def problems(self) -> list[Problem]:
        """Templates that are not Jinja2."""
        found = []
        for name, text in self.texts.items():
            try:
                _environment().parse(text)
            except TemplateSyntaxError as error:
                what = f"not a valid template: {error.message}."
                found.append(Problem(f"{self.folder}/{name}", error.lineno, 1, "", what))
        return found

    def check_uses(self, name: str, known: frozenset[str]) -> list[Problem]:
        """Problems of one template: that it is missing, or that it uses values that it is not given."""
        file = f"{self.folder}/{name}"
        if name not in self.texts:
            have = ", ".join(sorted(self.texts)) or "none"
            hint = f"There are: {have}. --templates (SECTIONBOT_TEMPLATES) names the folder."
            return [Problem(file, 1, 1, "", "there is no such template.", hint)]
        try:
            used = meta.find_undeclared_variables(_environment().parse(self.texts[name]))
        except TemplateSyntaxError:
            return []  # problems() has it
        return [
            Problem(
                file,
                self._line_of(name, variable),
                1,
                variable,
                "is no value that this template is given.",
                f"It is given: {', '.join(sorted(known))}.",
            )
            for variable in sorted(used - known)
        ]

    def _line_of(self, name: str, variable: str) -> int:
        lines = self.texts[name].split("\n")
        return next((number for number, line in enumerate(lines, start=1) if variable in line), 1)

    def render(self, name: str, **values: Any) -> str:
        """The text with its values, without blank lines at its ends.

        Raises:
            WrongSettings: when the template is missing or fails.
        """
        problems = self.check_uses(name, frozenset(values))
        if problems:
            raise WrongSettings(tuple(problems))
        try:
            return str(_compiled(self.texts[name]).render(**values)).strip()
        except (TemplateError, UndefinedError, TypeError) as error:
            what = f"cannot be rendered: {error}."
            raise WrongSettings((Problem(f"{self.folder}/{name}", 1, 1, "", what),)) from error


@lru_cache(maxsize=128)
def _compiled(text: str) -> Any:
    return _environment().from_string(text)
