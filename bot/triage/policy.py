"""A policy file as values: rules and summaries with their texts compiled, and every mistake with its position."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.errors import Problem
from bot.settings.yaml_reader import Path, Positions, read_yaml, where
from bot.triage import language
from bot.triage.expansion import TooManyCombinations, expand
from bot.triage.extensions import NONE, Extensions
from bot.triage.instants import ATTRIBUTES, UNITS, WAYS
from bot.triage.psych import PsychLoader, key_name
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.syntax import Program, compile_expression
from bot.triage.ruby.templates import Template, compile_text
from bot.triage.ruby.trial import constant_failure, text_failure

MOST_RULES = 20_000
MOST_BYTES = 5_000_000
MOST_VALUES = 500_000


@dataclass(frozen=True)
class Rule:
    """One rule of a file, or of a summary.

    Args:
        where: its path in the file.
        programs: compiled Ruby, by its path below the rule.
        templates: compiled texts, by their path below the rule.
    """

    name: str | None
    kind: str
    where: Path
    conditions: dict[str, Any]
    limits: dict[str, Any]
    actions: dict[str, Any]
    expansions: tuple[tuple[str, ...] | None, ...] = (None,)
    type: str | None = None
    real_time: bool = True
    programs: dict[Path, Program] = field(default_factory=dict, compare=False)
    templates: dict[Path, Template] = field(default_factory=dict, compare=False)

    @property
    def shown_name(self) -> str:
        return "" if self.name is None else str(self.name)

    def template(self, *path: str | int) -> Template:
        return self.templates[path]


@dataclass(frozen=True)
class Summary:
    name: str | None
    kind: str
    where: Path
    rules: tuple[Rule, ...]
    own: Rule


@dataclass(frozen=True)
class TypeRules:
    kind: str
    summaries: tuple[Summary, ...]
    rules: tuple[Rule, ...]
    where: Path


@dataclass(frozen=True)
class Policy:
    """A file that was read.

    Args:
        problems: mistakes; warnings are those with which it can be run.
    """

    file: str
    types: tuple[TypeRules, ...] = ()
    host_url: str | None = None
    api_version: str = "v4"
    per_page: int = 100
    problems: tuple[Problem, ...] = ()
    positions: Positions = field(default_factory=Positions, compare=False)
    text: str = field(default="", compare=False, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.is_warning)

    def rules(self) -> Iterable[Rule]:
        """All rules, those of summaries too, in the order in which they run."""
        for each in self.types:
            for summary in each.summaries:
                yield from summary.rules
                yield summary.own
            yield from each.rules


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

    def unknown(self, path: Path, key: Any, known: Iterable[str], thing: str, in_gem: str) -> bool:
        near = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.7)
        hint = f"Perhaps you meant {near[0]}?" if near else f"Known: {', '.join(known)}."
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
            most_bytes=MOST_BYTES,
            most_values=MOST_VALUES,
        )
        self.positions = document.positions
        for problem in document.problems:
            self._yaml_problem(problem)
        top = named_keys(document.value)
        if top is None:
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
        if not isinstance(per_page, int) or isinstance(per_page, bool) or not 1 <= per_page <= 100:
            self.problem(("per_page",), "must be a number from 1 to 100.")
            per_page = 100
        host = top.get("host_url")
        if host is not None and not (isinstance(host, str) and host.startswith(("http://", "https://"))):
            self.problem(("host_url",), "must be an address that begins with http:// or https://.")
            host = None
        return replace(
            self.policy(text),
            types=tuple(types),
            host_url=host,
            per_page=per_page,
            api_version=str(top.get("api_version") or "v4"),
        )

    def _yaml_problem(self, problem: Problem) -> None:
        twice = problem.what.startswith("is there twice")
        if self.lenient and twice:
            hint = "gitlab-triage takes the last one; here the first counts."
            problem = replace(problem, is_warning=True, hint=hint)
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
        draft = Rule(
            value.get("name") if value.get("name") is None else str(value.get("name")),
            kind,
            path,
            dict(conditions),
            {},
            dict(actions),
            type=kind_of_rule,
            real_time=value.get("real_time") is not False,
        )
        checker = _RuleChecker(self, draft, in_summary=in_summary, is_summary=is_summary)
        return checker.checked(value)


def named_keys(value: Any) -> Any:
    """The same value with Ruby's symbols as keys written as texts."""
    if isinstance(value, dict):
        return {key_name(key): named_keys(each) for key, each in value.items()}
    return [named_keys(each) for each in value] if isinstance(value, list) else value


class _RuleChecker:
    """Checks one rule and compiles its texts."""

    def __init__(self, reader: _Reader, rule: Rule, *, in_summary: bool, is_summary: bool) -> None:
        self.reader, self.rule, self.in_summary, self.is_summary = reader, rule, in_summary, is_summary
        self.programs: dict[Path, Program] = {}
        self.templates: dict[Path, Template] = {}
        self.kept = dict(rule.conditions)

    def problem(self, path: Path, what: str, hint: str = "", *, in_gem: str | None = None, warns: bool = False) -> bool:
        return self.reader.problem((*self.rule.where, *path), what, hint, in_gem=in_gem, warns=warns)

    def checked(self, value: dict[str, Any]) -> Rule:
        self.conditions(self.rule.conditions, ("conditions",), top=True)
        limits = self.limits(value)
        self.actions()
        return replace(
            self.rule,
            conditions=self.kept,
            limits=limits,
            expansions=self.expansions(),
            programs=self.programs,
            templates=self.templates,
        )

    # conditions

    def conditions(self, conditions: dict[str, Any], path: Path, *, top: bool) -> None:
        kind = self.rule.kind
        allowed = language.WORK_ITEM_CONDITIONS if kind == "work_items" else tuple(language.CONDITIONS)
        for key, value in list(conditions.items()):
            at = (*path, str(key))
            if key in self.reader.extensions.conditions:
                continue
            if key not in language.CONDITIONS or (kind == "work_items" and key not in allowed):
                in_gem = None if kind == "work_items" else "ignores it, so that the rule acts on more"
                known = [name for name in allowed if kind in language.CONDITIONS[name].types]
                self.reader.unknown((*self.rule.where, *path), key, known, f"condition for {kind}:", in_gem or "stops")
                if top:
                    self.kept.pop(key, None)
                continue
            if kind not in language.CONDITIONS[key].types:
                types = ", ".join(language.CONDITIONS[key].types)
                if key in ("protected", "work_item_status"):
                    self.problem(at, f"{key} is only for {types}.", in_gem="then matches nothing")
                else:
                    self.problem(at, f"{key} is only for {types}.", in_gem="ignores it, so that the rule acts on more")
                    if top:
                        self.kept.pop(key, None)
                continue
            check = getattr(self, f"check_{key}", None)
            if check is not None:
                check(value, at, conditions)

    def text_list(self, value: Any, at: Path, thing: str, *, single: bool) -> bool:
        if isinstance(value, str) and single:
            return True
        if not isinstance(value, list):
            return not self.problem(
                at, f"must be a list of {thing}.", "Put a dash before each, or square brackets around them."
            )
        for index, each in enumerate(value):
            if isinstance(each, dict):
                self.problem(
                    (*at, index), "braces without quotes are a map to YAML.", 'Put the label in quotes: "{a,b}".'
                )
            elif not isinstance(each, str):
                self.problem((*at, index), f"{each!r} is no text to YAML.", f"Put it in quotes: '{each}'.")
        return True

    def check_labels(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is None:
            return
        single = self.rule.kind == "work_items"
        if not single and isinstance(value, str):
            self.problem(at, "must be a list.", f"Write [{value}].")
            return
        if value == [] and not single:
            self.problem(at, "is an empty list.", "Write [None] for resources without labels, or leave it out.")
            return
        self.text_list(value, at, "labels", single=single)
        for index, each in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(each, str):
                continue
            if each in ("No Label", "No label"):
                self.problem(
                    (*at, index),
                    f"`{each}` is an older spelling; today's GitLab knows None.",
                    "Write None.",
                    warns=True,
                )
            elif "," in each and "{" not in each:
                self.problem(
                    (*at, index),
                    f"a label's name cannot have a comma; `{each}` asks for two labels.",
                    "Write two entries.",
                    warns=True,
                )

    def check_forbidden_labels(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is not None:
            self.text_list(value, at, "labels", single=True)

    check_labels_any = check_forbidden_labels
    check_forbidden_labels_any = check_forbidden_labels
    check_assignees = check_forbidden_labels
    check_type = check_forbidden_labels

    def check_state(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        states = language.STATES.get(self.rule.kind)
        if value is None or value is False or states is None:
            return
        if not isinstance(value, str):
            self.problem(at, "state must be of type String.", f"Write one of {', '.join(states)}.")
        elif value not in states:
            self.problem(at, f"state must be one of {','.join(states)}.")

    def check_milestone(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if isinstance(value, list):
            if len(value) > 1:
                self.problem(
                    at,
                    f"takes one milestone, but there are {len(value)}: {', '.join(map(str, value))}.",
                    in_gem=None if self.rule.kind == "work_items" else "takes the first",
                )
            value = value[0] if value else None
        if isinstance(value, dict):
            self.problem(at, "must be the title of a milestone.", in_gem="sends the map as text")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            hint = f"Quote titles that look like numbers: '{value}'."
            self.problem(
                at,
                f"{value} is a number to YAML, which may not be the title.",
                hint,
                warns=self.rule.kind != "work_items",
            )
        elif value in ("No Milestone", "No milestone"):
            self.problem(at, f"`{value}` is an older spelling; today's GitLab knows none.", "Write none.", warns=True)
        elif self.rule.kind == "work_items" and (not isinstance(value, str) or not value.strip()):
            self.problem(at, "takes a milestone title or one of none, any, upcoming, started.")

    def check_draft(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value not in (True, False):
            self.problem(at, 'The "draft" condition only accepts true or false.')

    def check_iteration(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is not None and not isinstance(value, str):
            self.problem(at, "must be a text.", f"Put it in quotes: '{value}'.")

    def check_author_username(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is not None and not isinstance(value, str):
            self.problem(at, "takes one username.", "Use any_of for several.", in_gem="sends the list as Ruby text")

    def check_status(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is not None and not isinstance(value, str):
            self.problem(
                at, "takes one name.", "Use work_item_status for several.", in_gem="sends the list as Ruby text"
            )

    def fields(
        self, value: Any, at: Path, known: tuple[str, ...], needed: tuple[tuple[str, Any], ...]
    ) -> dict[str, Any] | None:
        """A map of parameters with the gem's own words for what is wrong with it."""
        if not isinstance(value, dict):
            self.problem(at, f"must be a map of {', '.join(name for name, _ in needed)}.")
            return None
        good = True
        for name, wanted in needed:
            given = value.get(name)
            if given is None:
                self.problem((*at, name), f"{name} is a required parameter.")
                good = False
            elif wanted == "number":
                if not isinstance(given, int | float) or isinstance(given, bool):
                    self.problem((*at, name), f"{name} must be of type Numeric.", "Write the number without quotes.")
                    good = False
            elif wanted == "any":
                if not isinstance(given, str | int) or isinstance(given, bool):
                    self.problem((*at, name), f"{name} must be of type Numeric or String.")
                    good = False
            elif not isinstance(given, str):
                self.problem((*at, name), f"{name} must be of type String.")
                good = False
            elif given not in wanted:
                near = difflib.get_close_matches(given, wanted, n=1, cutoff=0.6)
                hint = f"Perhaps you meant {near[0]}?" if near else ""
                self.problem((*at, name), f"{name} must be one of {','.join(wanted)}.", hint)
                good = False
        for key in value:
            if key not in known:
                self.reader.unknown((*self.rule.where, *at), key, known, "key", "ignores it")
        return value if good else None

    def check_date(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        kind = self.rule.kind
        attributes = ATTRIBUTES[kind]
        if kind == "work_items":
            attributes = ("created_at", "updated_at", "closed_at")
        if isinstance(value, dict) and isinstance(value.get("attribute"), str) and value["attribute"] not in attributes:
            near = difflib.get_close_matches(value["attribute"], attributes, n=1, cutoff=0.6)
            hint = f"Perhaps you meant {near[0]}?" if near else f"Known: {', '.join(attributes)}."
            known = kind in ("work_items", "branches") or value["attribute"] == "merged_at"
            ignored = None if known else "ignores the whole condition, so that everything matches"
            if self.problem(
                (*at, "attribute"), f"attribute must be one of {','.join(attributes)}.", hint, in_gem=ignored
            ):
                self.kept.pop("date", None)
            return
        if isinstance(value, dict) and "attribute" not in value and kind not in ("work_items",):
            ignored = "ignores the whole condition, so that everything matches"
            if self.problem(at, "attribute is a required parameter.", in_gem=ignored):
                self.kept.pop("date", None)
            return
        found = self.fields(
            value,
            at,
            language.DATE_KEYS,
            (
                ("attribute", attributes),
                ("condition", WAYS),
                ("interval_type", UNITS),
                ("interval", "number"),
            ),
        )
        if found is None:
            return
        if isinstance(found["interval"], float) and found["interval_type"] in ("months", "years"):
            self.problem((*at, "interval"), "a part of a month or year has no length.", "Use days.")
        if kind == "work_items" and found["interval"] <= 0:
            self.problem((*at, "interval"), "interval must be a positive, finite number.")
        if found.get("last_activity_by") not in (None, "human", "anybody"):
            self.problem((*at, "last_activity_by"), "must be human or anybody.")

    def _check_votes(self, value: Any, at: Path, attributes: tuple[str, ...]) -> None:
        self.fields(
            value,
            at,
            language.VOTES_KEYS,
            (
                ("attribute", attributes),
                ("condition", ("less_than", "greater_than")),
                ("threshold", "number"),
            ),
        )

    def check_votes(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        self._check_votes(value, at, ("upvotes", "downvotes"))

    def check_upvotes(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        self._check_votes(value, at, ("upvotes", "downvotes"))
        self.problem(at, "upvotes is the older name of votes.", "Write votes.", warns=True)

    def check_discussions(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        self._check_votes(value, at, ("threads", "notes"))

    def check_author_member(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        found = self.fields(
            value,
            at,
            language.MEMBER_KEYS,
            (
                ("source", ("project", "group")),
                ("condition", ("member_of", "not_member_of")),
                ("source_id", "any"),
            ),
        )
        if found is not None and found.get("inherited") not in (None, True, False):
            self.problem((*at, "inherited"), "must be true or false.")

    check_assignee_member = check_author_member

    def check_no_additional_labels(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is None:
            return
        if value not in (True, False):
            self.problem(at, "must be true or false.", in_gem="takes it for true")
        elif value is False:
            self.problem(at, "false now means what it says: the condition is off.", warns=True)
        if value is not False and not conditions.get("labels"):
            self.problem(at, "needs labels: the only ones that may be there.", "Add labels, or labels: [None].")

    def check_protected(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value not in (None, True, False):
            self.problem(at, "must be true or false.", in_gem="then matches nothing")

    def check_work_item_status(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is not None:
            self.text_list(value, at, "names", single=True)

    def check_title(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if not isinstance(value, str) or not value:
            self.problem(at, "must be a text.", in_gem="ignores it, so that the rule acts on more")
            return
        self.problem(
            at,
            "title is a condition here, and compares with the title.",
            "gitlab-triage ignores it, so that the rule acts on more; for drafts it knows draft: true.",
            warns=True,
        )
        if len(value) > 2 and value.startswith("/") and value.endswith("/"):
            self.program(f"resource[:title] =~ {value}i", at)

    def check_any_of(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if not isinstance(value, list) or not value:
            self.problem(at, "must be a list of maps of conditions.")
            return
        for index, each in enumerate(value):
            if not isinstance(each, dict):
                self.problem((*at, index), "must be a map of conditions.")
                continue
            for key in ("discussions",):
                if key in each:
                    self.problem((*at, index, key), f"{key} cannot stand in any_of or none_of.")
            self.conditions(each, (*at, index), top=False)

    check_none_of = check_any_of

    def check_ruby(self, value: Any, at: Path, conditions: dict[str, Any]) -> None:
        if value is None:
            self.problem(
                at,
                "is empty: the condition is lost.",
                "Put the expression in quotes; without them YAML takes !x for a tag.",
                in_gem="drops the condition, so that the rule acts on more",
            )
            self.kept.pop("ruby", None)
            return
        if isinstance(value, bool):
            return
        if not isinstance(value, str):
            self.problem(at, "must be a text.", "Put it in quotes.")
            return
        self.program(value, at)

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

    def ruby_problem(self, error: RubyError | Refused, source: str, at: Path) -> None:
        start = getattr(error, "start", None) or 0
        before = source.encode()[:start].decode("utf-8", "ignore")
        line, column = self.reader.positions.texts.get((*self.rule.where, *at), (0, 0))
        if line:
            extra = before.count("\n")
            line += extra
            column = (column if not extra else 1) + len(before.rpartition("\n")[2])
            if column - len(before.rpartition("\n")[2]) == 1:
                column += self.reader.indent(line)
        hint = "" if isinstance(error, Refused) else "gitlab-triage stops here, too."
        self.reader.problem(
            (*self.rule.where, *at), str(error.sentence).rstrip(".") + ".", hint, at=(line, column) if line else None
        )

    # limits

    def limits(self, value: dict[str, Any]) -> dict[str, Any]:
        limits = value.get("limits", {})
        if limits is None or not isinstance(limits, dict):
            self.problem(
                ("limits",), "must be a map with most_recent or oldest.", "Leave limits out where there is none."
            )
            return {}
        if not limits:
            return {}
        for key in limits:
            if key not in language.LIMIT_KEYS:
                self.reader.unknown((*self.rule.where, "limits"), key, language.LIMIT_KEYS, "limit", "ignores it")
        if sum(key in limits for key in ("most_recent", "oldest")) != 1 and "per_run" not in limits:
            self.problem(("limits",), "For the limits field, please specify one of: `most_recent`, `oldest`.")
        if "most_recent" in limits and "oldest" in limits:
            self.problem(("limits",), "most_recent and oldest exclude each other.")
        for key in language.LIMIT_KEYS:
            number = limits.get(key, 0)
            if not isinstance(number, int) or isinstance(number, bool):
                self.problem(("limits", key), f"{key} must be of type Integer.")
            elif number < 0:
                self.problem(("limits", key), f"{key} must not be negative.")
        return dict(limits)

    def expansions(self) -> tuple[tuple[str, ...] | None, ...]:
        labels = self.kept.get("labels")
        if isinstance(labels, str):
            labels = [labels]
        if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
            return (None,)
        try:
            return tuple(tuple(label.strip() for label in each) for each in expand(labels))
        except TooManyCombinations as error:
            self.problem(("conditions", "labels"), str(error), "Write fewer alternatives.")
            return (None,)

    # actions

    def actions(self) -> None:
        kind, actions = self.rule.kind, self.rule.actions
        known = tuple(name for name, word in language.ACTIONS.items() if kind in word.types)
        if self.in_summary:
            if kind == "work_items":
                for key in actions:
                    if key != "summarize":
                        self.problem(
                            ("actions", str(key)),
                            f"Unsupported action(s) for work_items summary rules: {key}.",
                            "Supported actions: summarize.",
                        )
            summarize = actions.get("summarize")
            if "summarize" in actions and not isinstance(summarize, dict):
                self.problem(("actions", "summarize"), "must be a map with item and summary.")
            elif isinstance(summarize, dict):
                self.summarize(summarize, ("actions", "summarize"), sub_rule=True)
            return
        if self.is_summary:
            for key in actions:
                if key not in language.SUMMARY_ACTIONS:
                    self.problem(
                        ("actions", str(key)), f"a summary can only summarize and comment_on_summary, not {key}."
                    )
        for key, value in actions.items():
            at = ("actions", str(key))
            if key in self.reader.extensions.actions:
                continue
            if key not in language.ACTIONS or (kind == "work_items" and key not in language.WORK_ITEM_ACTIONS):
                self.reader.unknown(
                    (*self.rule.where, "actions"),
                    key,
                    known,
                    f"action for {kind}:",
                    "stops" if kind == "work_items" else "does nothing with it",
                )
                continue
            if kind not in language.ACTIONS[key].types:
                self.problem(
                    at, f"{key} is not available for {kind}.", in_gem="warns, and does not perform it", warns=True
                )
                continue
            check = getattr(self, f"action_{key}", None)
            if check is not None:
                check(value, at)
        if self.is_summary and "summarize" not in actions and actions:
            self.problem(("actions",), "Policies that comment_on_summary must include summarize action.")
        elif (
            "comment_on_summary" in actions and actions["comment_on_summary"] is not None and "summarize" not in actions
        ):
            self.problem(
                ("actions", "comment_on_summary"), "Policies that comment_on_summary must include summarize action."
            )
        if kind == "work_items":
            both = set(names_of(actions.get("labels"))) & set(names_of(actions.get("remove_labels")))
            if both:
                self.problem(
                    ("actions", "labels"),
                    f"Label(s) in both labels and remove_labels: {', '.join(sorted(both))}.",
                    "A label cannot be added and removed in the same rule.",
                )

    def text(self, value: Any, at: Path, *, expands: bool, trims: bool = False) -> None:
        if value is None:
            return
        if isinstance(value, bool | int | float):
            value = str(value)
        if not isinstance(value, str):
            self.problem(at, "must be a text.")
            return
        try:
            template = compile_text(value.rstrip("\n") if trims else value, expands=expands)
            failure = text_failure(template) if template.is_constant else None
            if failure is not None:
                raise failure
        except (RubyError, Refused) as error:
            self.ruby_problem(error, value, at)
            return
        self.templates[at] = template

    def texts(self, value: Any, at: Path, *, expands: bool) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                self.text(each, (*at, index), expands=expands, trims=True)
        else:
            self.text(value, at, expands=expands, trims=True)

    def action_comment(self, value: Any, at: Path) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                self.text(each, (*at, index), expands=True)
        else:
            self.text(value, at, expands=True)

    def action_comment_on_summary(self, value: Any, at: Path) -> None:
        self.text(value, at, expands=True)

    def action_mention(self, value: Any, at: Path) -> None:
        if value is not None and not isinstance(value, str | list):
            self.problem(at, "must be a username, or a list of usernames.")
        for index, name in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(name, str) and name.startswith("@"):
                path = (*at, index) if isinstance(value, list) else at
                self.problem(path, "a username without the @: it is added.", warns=True)

    def action_comment_type(self, value: Any, at: Path) -> None:
        if value not in (None, "comment", "thread"):
            self.problem(at, f"Unknown comment type: {value}", "Write comment or thread.")

    def action_labels(self, value: Any, at: Path) -> None:
        if self.rule.kind == "work_items":
            if value is not None:
                self.text_list(value, at, "labels", single=True)
            return
        self.texts(value, at, expands=False)

    action_remove_labels = action_labels
    action_assignees = action_labels
    action_remove_assignees = action_labels
    action_reviewers = action_labels
    action_remove_reviewers = action_labels

    def action_milestone(self, value: Any, at: Path) -> None:
        self.text(value, at, expands=False, trims=True)

    action_due_date = action_milestone
    action_title = action_milestone
    action_move = action_milestone

    def action_status(self, value: Any, at: Path) -> None:
        if value not in (None, "close", "reopen"):
            self.problem(at, f"Invalid status value '{value}'. Supported: close, reopen.")

    def action_weight(self, value: Any, at: Path) -> None:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.problem(at, "must be a number: it is not evaluated.", in_gem="sends it as it stands", warns=True)

    def _flag(self, value: Any, at: Path) -> None:
        if value not in (None, True, False):
            text = str(value).lower()
            if text in ("true", "false"):
                self.problem(at, f"{value!r} is a text; it is read as {text}.", "Write it without quotes.", warns=True)
            else:
                self.problem(at, "must be true or false.", in_gem="takes it for true")

    action_delete = _flag
    action_comment_internal = _flag

    def action_redact_confidential_resources(self, value: Any, at: Path) -> None:
        if value not in (True, False):
            self.problem(at, "must be true or false; what is confidential stays hidden.", warns=True)

    def action_discussion_locked(self, value: Any, at: Path) -> None:
        self._flag(value, at)

    def action_work_item_status(self, value: Any, at: Path) -> None:
        if value is not None and not isinstance(value, str):
            self.problem(at, "must be the name of a status.")

    def action_repeat(self, value: Any, at: Path) -> None:
        if value not in ("once", "always"):
            self.problem(at, "must be once or always.")

    def action_summarize(self, value: Any, at: Path) -> None:
        if not isinstance(value, dict):
            self.problem(at, "must be a map with title, item and summary.")
            return
        self.summarize(value, at, sub_rule=False)
        if self.reader.source == "groups" and not value.get("destination") and value.get("title"):
            self.problem(
                at,
                "a summary of a group needs a destination: the project in which its issue is created.",
                "Add destination: group/project.",
                in_gem="creates it in the project whose id is the group's",
            )

    def summarize(self, value: dict[str, Any], at: Path, *, sub_rule: bool) -> None:
        for key in value:
            if key not in language.SUMMARIZE_KEYS:
                self.reader.unknown(
                    (*self.rule.where, *at), key, language.SUMMARIZE_KEYS, "key of summarize", "ignores it"
                )
        self.issue_fields(value, at, language.SUMMARIZE_KEYS)
        if not sub_rule and not str(value.get("title") or "").strip():
            noted = self.rule.actions.get("comment_on_summary") is not None
            self.problem(
                at, "without a title no issue is created.", in_gem=None if noted else "creates none", warns=not noted
            )

    def action_issue(self, value: Any, at: Path) -> None:
        if not isinstance(value, dict):
            self.problem(at, "must be a map with title and description.")
            return
        for key in value:
            if key not in language.ISSUE_KEYS:
                self.reader.unknown((*self.rule.where, *at), key, language.ISSUE_KEYS, "key of issue", "ignores it")
        self.issue_fields(value, at, language.ISSUE_KEYS)
        if self.rule.kind == "epics" and not value.get("destination"):
            self.problem(
                at,
                "an issue for an epic needs a destination: the project in which it is created.",
                "Add destination: group/project.",
                in_gem="creates it in the project whose id is the group's",
            )

    def issue_fields(self, value: dict[str, Any], at: Path, keys: tuple[str, ...]) -> None:
        for key in keys:
            if key not in value:
                continue
            if key in ("labels", "assignees"):
                if isinstance(value[key], list):
                    for index, each in enumerate(value[key]):
                        self.text(each, (*at, key, index), expands=True, trims=True)
                else:
                    self.text(value[key], (*at, key), expands=True, trims=True)
            elif key == "redact_confidential_resources":
                self.action_redact_confidential_resources(value[key], (*at, key))
            elif key == "destination":
                given = value[key]
                if given is not None and (not isinstance(given, str | int) or isinstance(given, bool)):
                    self.problem((*at, key), "must be a project's path or id.")
            else:
                self.text(value[key], (*at, key), expands=True, trims=key not in ("item", "summary", "description"))


def names_of(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def is_on(value: Any) -> bool:
    """true, or the text of it; `false` as a text is false."""
    return value is not None and value is not False and str(value).strip().lower() != "false"


def rule_of(rule: Rule, actions: dict[str, Any]) -> Rule:
    """The same rule with other actions; their texts are plain, without Ruby and placeholders.

    Raises:
        RubyError: for actions that a policy could not have, either.
    """
    reader = _Reader("", False, "any", NONE)
    shape = {key: _shape(value) if key in _TEXTS else value for key, value in actions.items()}
    checker = _RuleChecker(reader, replace(rule, conditions={}, actions=shape), in_summary=False, is_summary=False)
    checker.checked({})
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
