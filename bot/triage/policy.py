"""Reads a policy file: its rules with their texts compiled, and every mistake with its position."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bot.domain.errors import Problem
from bot.settings.yaml_reader import Path, Positions, read_yaml, where
from bot.triage import language
from bot.triage.extensions import NONE, Extensions
from bot.triage.psych import PsychLoader, key_name
from bot.triage.ruby.errors import RubyError
from bot.triage.ruby.templates import Template
from bot.triage.rule_checking import checked
from bot.triage.rule_draft import RuleDraft
from bot.triage.rules import Policy, Rule, Summary, TypeRules

MOST_RULES = 20_000
MOST_BYTES = 5_000_000
MOST_VALUES = 500_000


def read_policy(
    text: str, file: str, *, lenient: bool = False, source: str = "projects", extensions: Extensions = NONE
) -> Policy:
    """Read and check a policy file.

    Args:
        extensions: conditions and actions beside the built-in ones.
        lenient: what the gem would have run all the same is a warning, and is run.
        source: projects, groups, all, or any where it is not known; some mistakes depend on it.
    """
    reader = _Reader(file, lenient, source, extensions)
    return reader.read(text)


class _Reader:
    def __init__(self, file: str, lenient: bool, source: str, extensions: Extensions) -> None:
        self.file, self.lenient, self.source, self.extensions = file, lenient, source, extensions
        self.positions = Positions()
        self.problems: list[Problem] = []
        self.rule_count = 0
        self.lines: list[str] = []

    # -- problems ----------------------------------------------------------------------------------------------------

    def problem(
        self,
        path: Path,
        what: str,
        hint: str = "",
        *,
        in_gem: str | None = None,
        warns: bool = False,
        at: tuple[int, int] | None = None,
    ) -> bool:
        """Note a mistake.

        Args:
            in_gem: what the gem makes of it, where it runs all the same; with `lenient` a warning that says so.

        Returns:
            Whether the rule can be run in spite of it.
        """
        line, column = at or self.positions.near(path)
        forgiven = warns or (self.lenient and in_gem is not None)
        if in_gem is not None:
            hint = f"{hint} gitlab-triage {in_gem}." if hint else f"gitlab-triage {in_gem}."
            if not forgiven:
                hint += " With --lenient this is a warning."
        problem = Problem(self.file, line, column, where(path), what, hint.strip(), is_warning=forgiven)
        if problem not in self.problems:
            self.problems.append(problem)
        return forgiven

    def unknown(self, path: Path, key: Any, known: Iterable[str], thing: str, in_gem: str | None) -> bool:
        """Args: in_gem: as in `problem`; None where it stops."""
        near = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.7)
        hint = f"Perhaps you meant {near[0]}?" if near else f"Known: {', '.join(known)}."
        if in_gem is None:
            hint += " gitlab-triage stops here, too."
        return self.problem((*path, str(key)), f"there is no {thing} {key}.", hint, in_gem=in_gem)

    def indent(self, line: int) -> int:
        """Blanks at the beginning of a line: those of a block of text are not part of it."""
        lines = self.lines
        return len(lines[line - 1]) - len(lines[line - 1].lstrip(" ")) if 0 < line <= len(lines) else 0

    # -- the file ----------------------------------------------------------------------------------------------------

    def read(self, text: str) -> Policy:
        self.lines = text.split("\n")
        document = read_yaml(
            text,
            self.file,
            loader_class=PsychLoader,
            first_document_only=True,
            last_wins=self.lenient,
            most_bytes=MOST_BYTES,
            most_values=MOST_VALUES,
        )
        self.positions = document.positions
        for problem in document.problems:
            self._yaml_problem(problem)
        top = named_keys(document.value)
        if top is None:
            if not self.problems:
                self.problem((), "the file is empty.", in_gem="does nothing with such a file", warns=True)
            return self.policy(text)
        if not isinstance(top, dict):
            self.problem((), "the file must be a map with resource_rules.", in_gem="does nothing with such a file")
            return self.policy(text)
        for key in top:
            shared = any(path[:1] == (str(key),) for path in self.positions.shared)
            if key not in language.FILE_KEYS and not shared and not str(key).startswith((".", "x-")):
                self.unknown((), key, language.FILE_KEYS, "top-level key", "ignores it")
        types = []
        rules = top.get("resource_rules")
        if rules is not None and not isinstance(rules, dict):
            self.problem(("resource_rules",), "must be a map of resource types.")
            rules = None
        if "resource_rules" not in top and top:
            self.problem((), "there are no resource_rules.", in_gem="does nothing with such a file", warns=True)
        for kind, value in (rules or {}).items():
            found = self.type_rules(str(kind), value, ("resource_rules", str(kind)))
            if found is not None:
                types.append(found)
        per_page = top.get("per_page", 100)
        if not isinstance(per_page, int) or isinstance(per_page, bool) or per_page < 1:
            self.problem(("per_page",), "must be a number from 1 to 100.")
            per_page = 100
        elif per_page > 100:
            self.problem(("per_page",), "is more than 100, the most that GitLab gives.", warns=True)
            per_page = 100
        if top.get("api_version") not in (None, "v4"):
            self.problem(("api_version",), "must be v4: there is no other.", "Leave it out.")
        host = top.get("host_url")
        if host is not None and not (isinstance(host, str) and host.startswith(("http://", "https://"))):
            self.problem(("host_url",), "must be an address that begins with http:// or https://.")
            host = None
        return replace(
            self.policy(text),
            types=tuple(types),
            host_url=host,
            per_page=per_page,
            api_version="v4",
        )

    def _yaml_problem(self, problem: Problem) -> None:
        twice = problem.what.startswith("is there twice")
        if self.lenient and twice:
            hint = "The last one counts, as in gitlab-triage."
            problem = replace(problem, is_warning=True, hint=hint)
        elif twice:
            hint = f"{problem.hint} gitlab-triage takes the last one. With --lenient this is a warning."
            problem = replace(problem, hint=hint)
        if self.lenient and "is a tag to YAML" in problem.what:
            problem = replace(problem, is_warning=True, hint="gitlab-triage drops it.")
        self.problems.append(problem)

    def policy(self, text: str) -> Policy:
        ordered = sorted(self.problems, key=lambda each: (each.line, each.column, each.is_warning))
        return Policy(self.file, problems=tuple(ordered), positions=self.positions, text=text)

    def type_rules(self, kind: str, value: Any, path: Path) -> TypeRules | None:
        if kind not in language.TYPES:
            self.unknown(path[:-1], kind, language.TYPES, "resource type", "asks for a list of that name")
            return None
        if value is None:
            self.problem(path, "is empty.", "Add rules or summaries, or leave it out.")
            return None
        if not isinstance(value, dict):
            self.problem(path, "must be a map with rules and summaries.")
            return None
        for key in value:
            if key not in language.TYPE_KEYS:
                self.unknown(path, key, language.TYPE_KEYS, "key", "ignores it")
        if kind == "epics" and self.source == "projects":
            self.problem(
                path, "epics belong to groups; they are skipped for a project.", "Use --source groups.", warns=True
            )
        if kind == "branches" and self.source == "groups":
            self.problem(
                path,
                "branches belong to projects, not to groups.",
                "Use --source projects.",
                in_gem="asks the group for them, and deletes them in the project whose id is the group's",
            )
            return None
        if kind == "work_items" and self.source == "all":
            self.problem(path, "work items cannot be listed for all projects.", "Use --source projects or groups.")
            return None
        summaries = [
            summary
            for index, each in enumerate(self.listed(value.get("summaries"), (*path, "summaries")))
            if (summary := self.summary(kind, each, (*path, "summaries", index))) is not None
        ]
        rules = [
            rule
            for index, each in enumerate(self.listed(value.get("rules"), (*path, "rules")))
            if (rule := self.rule(kind, each, (*path, "rules", index))) is not None
        ]
        return TypeRules(kind, tuple(summaries), tuple(rules), path)

    def listed(self, value: Any, path: Path) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(path, "must be a list.", "Put a dash before each.")
            return []
        return value

    def summary(self, kind: str, value: Any, path: Path) -> Summary | None:
        if not isinstance(value, dict):
            self.problem(path, "must be a map with name, rules and actions.")
            return None
        for key in value:
            if key not in language.SUMMARY_KEYS:
                self.unknown(path, key, language.SUMMARY_KEYS, "key of a summary", "ignores it")
        if value.get("rules") is None:
            self.problem(path, "a summary needs rules.", "Add rules whose resources it gathers.")
        if not isinstance(value.get("actions"), dict):
            self.problem(
                path,
                "a summary needs actions with summarize.",
                in_gem="creates nothing" if "actions" not in value else None,
            )
        rules = [
            rule
            for index, each in enumerate(self.listed(value.get("rules"), (*path, "rules")))
            if (rule := self.rule(kind, each, (*path, "rules", index), in_summary=True)) is not None
        ]
        own = self.rule(kind, {"name": value.get("name"), "actions": value.get("actions") or {}}, path, is_summary=True)
        if own is None:
            return None
        return Summary(value.get("name"), kind, path, tuple(rules), own)

    # -- rules -------------------------------------------------------------------------------------------------------

    def rule(
        self, kind: str, value: Any, path: Path, *, in_summary: bool = False, is_summary: bool = False
    ) -> Rule | None:
        self.rule_count += 1
        if self.rule_count > MOST_RULES:
            if self.rule_count == MOST_RULES + 1:
                self.problem(path, f"there are more than {MOST_RULES:,} rules.", "Split the file.")
            return None
        if not isinstance(value, dict):
            self.problem(path, "a rule must be a map with name, conditions and actions.")
            return None
        for key in value:
            if key not in language.RULE_KEYS:
                self.unknown(path, key, language.RULE_KEYS, "key of a rule", "ignores it")
        for key in ("conditions", "actions"):
            if key in value and not isinstance(value[key], dict):
                self.problem((*path, key), "must be a map.", f"Leave {key} out where there is none.")
        conditions: dict[str, Any] = value["conditions"] if isinstance(value.get("conditions"), dict) else {}
        actions: dict[str, Any] = value["actions"] if isinstance(value.get("actions"), dict) else {}
        kind_of_rule = value.get("type")
        if kind_of_rule is not None and not (kind_of_rule == "custom" and in_summary):
            self.problem((*path, "type"), "type: custom can only be used in the rules of a summary.")
        if value.get("api") not in (None, "graphql", "rest"):
            self.problem((*path, "api"), "must be graphql, or left out.", in_gem="ignores it")
        if value.get("real_time") not in (None, True, False):
            self.problem((*path, "real_time"), "must be true or false.")
        rule = Rule(
            value.get("name") if value.get("name") is None else str(value.get("name")),
            kind,
            path,
            dict(conditions),
            {},
            dict(actions),
            type=kind_of_rule,
            real_time=value.get("real_time") is not False,
        )
        return checked(RuleDraft(self, rule, in_summary=in_summary, is_summary=is_summary), value)


def named_keys(value: Any) -> Any:
    """The same value with Ruby's symbols as keys written as texts."""
    if isinstance(value, dict):
        return {key_name(key): named_keys(each) for key, each in value.items()}
    return [named_keys(each) for each in value] if isinstance(value, list) else value


def rule_of(rule: Rule, actions: dict[str, Any]) -> Rule:
    """The same rule with other actions; their texts are plain, without Ruby and placeholders.

    Raises:
        RubyError: for actions that a policy could not have, either.
    """
    reader = _Reader("", False, "any", NONE)
    shape = {key: _shape(value) if key in _TEXTS else value for key, value in actions.items()}
    draft = RuleDraft(reader, replace(rule, conditions={}, actions=shape), in_summary=False, is_summary=False)
    checked(draft, {})
    if any(not problem.is_warning for problem in reader.problems):
        raise RubyError("ArgumentError", "; ".join(f"{each.where}: {each.what}" for each in reader.problems))
    templates: dict[Path, Template] = {}
    for key in _TEXTS:
        value = actions.get(key)
        for index, each in enumerate(value if isinstance(value, list | tuple) else []):
            templates["actions", key, index] = Template((str(each),))
        if isinstance(value, str):
            templates["actions", key] = Template((value,))
    return replace(rule, actions=actions, templates=templates)


def _shape(value: Any) -> Any:
    """The same, with a harmless text for each text."""
    if isinstance(value, list | tuple):
        return [_shape(each) for each in value]
    return "text" if isinstance(value, str) else value


_TEXTS = (
    "comment",
    "labels",
    "remove_labels",
    "assignees",
    "remove_assignees",
    "reviewers",
    "remove_reviewers",
    "milestone",
    "due_date",
    "title",
    "move",
)
