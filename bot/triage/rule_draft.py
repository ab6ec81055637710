"""A rule while it is read: its Ruby and its texts are compiled, and what is wrong is told with its position."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from bot.settings.yaml_reader import Path, Positions
from bot.triage.extensions import Extensions
from bot.triage.fields import FIELDS
from bot.triage.ruby.compiling.tree import Mention
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.methods import tables
from bot.triage.ruby.methods.resources import CLASS_OF
from bot.triage.ruby.syntax import Program, compile_expression
from bot.triage.ruby.templates import PLACEHOLDERS, Template, compile_text
from bot.triage.ruby.trial import constant_failure, text_failure
from bot.triage.rules import Rule, plain_text

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class File(Protocol):
    """The file that is read, as far as a rule's checks need it."""

    positions: Positions
    extensions: Extensions
    source: str

    def problem(
        self,
        path: Path,
        what: str,
        hint: str = "",
        *,
        in_gem: str | None = None,
        warns: bool = False,
        at: tuple[int, int] | None = None,
    ) -> bool: ...
    def unknown(self, path: Path, key: Any, known: Iterable[str], thing: str, in_gem: str | None) -> bool: ...
    def indent(self, line: int) -> int: ...


class RuleDraft:
    """Paths are below the rule.

    Args:
        in_summary: whether the rule is one of a summary; is_summary: whether it stands for the summary itself.
    """

    def __init__(self, file: File, rule: Rule, *, in_summary: bool, is_summary: bool) -> None:
        self.file, self.rule, self.in_summary, self.is_summary = file, rule, in_summary, is_summary
        self.programs: dict[Path, Program] = {}
        self.templates: dict[Path, Template] = {}
        # The conditions that count; those that the gem would not see are taken out.
        self.kept = dict(rule.conditions)

    def finished(self, limits: dict[str, Any], expansions: tuple[tuple[str, ...] | None, ...]) -> Rule:
        return replace(
            self.rule,
            conditions=self.kept,
            limits=limits,
            expansions=expansions,
            programs=self.programs,
            templates=self.templates,
        )

    def problem(self, path: Path, what: str, hint: str = "", *, in_gem: str | None = None, warns: bool = False) -> bool:
        """Returns whether the rule can be run in spite of it."""
        return self.file.problem((*self.rule.where, *path), what, hint, in_gem=in_gem, warns=warns)

    def unknown(self, path: Path, key: Any, known: Iterable[str], thing: str, in_gem: str | None) -> bool:
        return self.file.unknown((*self.rule.where, *path), key, known, thing, in_gem)

    def program(self, source: str, at: Path) -> None:
        try:
            program = compile_expression(source)
            failure = constant_failure(program) if program.is_constant and source.strip() else None
            if failure is not None:
                raise failure
        except (RubyError, Refused) as error:
            self.ruby_problem(error, source, at)
            return
        self.programs[at] = program
        self.mentions(program.mentions, source, at)

    def mentions(self, mentions: Iterable[Mention], source: str, at: Path) -> None:
        """Methods that resources of this type do not have, and fields that nobody has."""
        kind = self.rule.kind
        if kind not in CLASS_OF:
            return
        has = tables()[CLASS_OF[kind]]
        for each in mentions:
            if each.is_field:
                near = difflib.get_close_matches(each.name, FIELDS, n=1, cutoff=0.75)
                if each.name not in FIELDS and near:
                    what = f"GitLab has no field {each.name}."
                    self._told_at(each.start, source, at, what, f"Perhaps you meant {near[0]}?", warns=True)
            elif each.name not in has:
                of = [name for name, class_ in CLASS_OF.items() if each.name in tables()[class_]]
                what = f"There is no method `{each.name}` of {kind}."
                hint = f"It is of {', '.join(of)}." if of else "It needs something before the dot."
                self._told_at(each.start, source, at, what, f"{hint} gitlab-triage stops here, too.")

    def ruby_problem(self, error: RubyError | Refused, source: str, at: Path) -> None:
        start = getattr(error, "start", None) or 0
        hint = "" if isinstance(error, Refused) else "gitlab-triage stops here, too."
        self._told_at(start, source, at, str(error.sentence).rstrip(".") + ".", hint)

    def _told_at(self, start: int, source: str, at: Path, what: str, hint: str, *, warns: bool = False) -> None:
        """Args: start: the byte of the source that it is about."""
        before = source.encode()[:start].decode("utf-8", "ignore")
        line, column = self.file.positions.texts.get((*self.rule.where, *at), (0, 0))
        if line:
            extra = before.count("\n")
            line += extra
            column = (column if not extra else 1) + len(before.rpartition("\n")[2])
            if column - len(before.rpartition("\n")[2]) == 1:
                column += self.file.indent(line)
        self.file.problem((*self.rule.where, *at), what, hint, warns=warns, at=(line, column) if line else None)

    def text(self, value: Any, at: Path, *, expands: bool, trims: bool = False) -> None:
        if value is None or (value is False and not isinstance(at[-1], int)):
            return
        if isinstance(value, bool | int | float):
            value = plain_text(value)
        if not isinstance(value, str):
            self.problem(at, "must be a text.")
            return
        for name in _PLACEHOLDER.findall(value) if expands else []:
            near = difflib.get_close_matches(name, PLACEHOLDERS, n=1, cutoff=0.7)
            if name not in PLACEHOLDERS and near:
                what = f"there is no placeholder {{{{{name}}}}}; it stays as it is."
                self.problem(at, what, f"Perhaps you meant {{{{{near[0]}}}}}?", warns=True)
        for name in [] if expands else _PLACEHOLDER.findall(value):
            if name in PLACEHOLDERS:
                what = f"placeholders are not filled in here; {{{{{name}}}}} stays as it is."
                self.problem(at, what, "Write #{...}, which is.", warns=True)
        try:
            template = compile_text(value.rstrip("\n") if trims else value, expands=expands)
            failure = text_failure(template) if template.is_constant else None
            if failure is not None:
                raise failure
        except (RubyError, Refused) as error:
            for each in (error, *error.others):
                self.ruby_problem(each, value, at)
            return
        self.templates[at] = template
        self.mentions(template.mentions, value, at)

    def joined(self, value: Any, at: Path, *, expands: bool, trims: bool = False) -> None:
        """A text, or a list of texts that become paragraphs of one."""
        if isinstance(value, list):
            value = "\n\n".join(plain_text(each) for each in value if each is not None and each is not False)
        self.text(value, at, expands=expands, trims=trims)

    def texts(self, value: Any, at: Path, *, expands: bool) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                self.text(each, (*at, index), expands=expands, trims=True)
        else:
            self.text(value, at, expands=expands, trims=True)
