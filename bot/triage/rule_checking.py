"""Checks a rule: its conditions, by their classes, its limits and its actions."""

from __future__ import annotations

import difflib
from typing import Any

from bot.settings.yaml_reader import Path
from bot.triage import language
from bot.triage.action_checking import ActionChecker, check_names
from bot.triage.conditions import CONDITIONS
from bot.triage.conditions.condition import IGNORED
from bot.triage.expansion import TooManyCombinations, expand
from bot.triage.rule_draft import RuleDraft
from bot.triage.rules import Rule


def checked(draft: RuleDraft, value: dict[str, Any]) -> Rule:
    """The rule with everything compiled. Args: value: the rule as the file has it."""
    check_conditions(draft, draft.rule.conditions, ("conditions",), is_group=False)
    limits = checked_limits(draft, value)
    ActionChecker(draft).check()
    return draft.finished(limits, expansions(draft))


def check_conditions(draft: RuleDraft, conditions: dict[str, Any], path: Path, *, is_group: bool) -> None:
    kind = draft.rule.kind
    for key, value in list(conditions.items()):
        if key in draft.file.extensions.conditions:
            continue
        checks = _Checks(draft, (*path, str(key)), conditions, is_group=is_group)
        condition = CONDITIONS.get(key)
        if condition is None or (kind == "work_items" and kind not in condition.types):
            known = [name for name, each in CONDITIONS.items() if kind in each.types]
            in_gem = None if kind == "work_items" else IGNORED
            draft.unknown(path, key, known, f"condition for {kind}:", in_gem)
            checks.drop()
        elif kind not in condition.types:
            checks.problem(f"{key} is only for {', '.join(condition.types)}.", in_gem=condition.elsewhere)
            if condition.elsewhere == IGNORED:
                checks.drop()
        else:
            condition.check(value, checks)


class _Checks:
    """Implements bot.triage.conditions.condition.Checks for one condition of a rule."""

    def __init__(self, draft: RuleDraft, at: Path, conditions: dict[str, Any], *, is_group: bool) -> None:
        self._draft, self._at, self._is_group = draft, at, is_group
        self.kind, self.conditions = draft.rule.kind, conditions

    def problem(
        self, what: str, hint: str = "", *, at: Path = (), in_gem: str | None = None, warns: bool = False
    ) -> bool:
        return self._draft.problem((*self._at, *at), what, hint, in_gem=in_gem, warns=warns)

    def drop(self) -> None:
        if not self._is_group:
            self._draft.kept.pop(str(self._at[-1]), None)

    def names(self, value: Any, thing: str, *, single: bool = True) -> None:
        check_names(self._draft, value, self._at, thing, single=single)

    def program(self, source: str) -> None:
        self._draft.program(source, self._at)

    def nested(self, group: dict[str, Any], at: Path) -> None:
        check_conditions(self._draft, group, (*self._at, *at), is_group=True)

    def _wrong(self, name: str, what: str, hint: str = "") -> None:
        self.problem(what, hint, at=(name,))

    def fields(self, value: Any, known: tuple[str, ...], needed: tuple[tuple[str, Any], ...]) -> dict[str, Any] | None:
        """A map of parameters with the gem's own words for what is wrong with it."""
        if not isinstance(value, dict):
            ignored = None
            if value is None or value is False:
                ignored = IGNORED
            self.problem(f"must be a map of {', '.join(name for name, _ in needed)}.", in_gem=ignored)
            return None
        good = True
        for name, wanted in needed:
            given = value.get(name)
            if given is None:
                self._wrong(name, f"{name} is a required parameter.")
                good = False
            elif wanted == "number":
                if not isinstance(given, int | float) or isinstance(given, bool):
                    self._wrong(name, f"{name} must be of type Numeric.", "Write the number without quotes.")
                    good = False
            elif wanted == "any":
                if not isinstance(given, str | int) or isinstance(given, bool):
                    self._wrong(name, f"{name} must be of type Numeric or String.")
                    good = False
            elif not isinstance(given, str):
                self._wrong(name, f"{name} must be of type String.")
                good = False
            elif given not in wanted:
                near = difflib.get_close_matches(given, wanted, n=1, cutoff=0.6)
                hint = f"Perhaps you meant {near[0]}?" if near else ""
                self._wrong(name, f"{name} must be one of {','.join(wanted)}.", hint)
                good = False
        for key in value:
            if key not in known:
                self._draft.unknown(self._at, key, known, "key", "ignores it")
        return value if good else None


def checked_limits(draft: RuleDraft, value: dict[str, Any]) -> dict[str, Any]:
    limits = value.get("limits", {})
    if limits is None or not isinstance(limits, dict):
        draft.problem(("limits",), "must be a map with most_recent or oldest.", "Leave limits out where there is none.")
        return {}
    if not limits:
        return {}
    for key in limits:
        if key not in language.LIMIT_KEYS:
            draft.unknown(("limits",), key, language.LIMIT_KEYS, "limit", "ignores it")
    if sum(key in limits for key in ("most_recent", "oldest")) != 1 and "per_run" not in limits:
        draft.problem(("limits",), "For the limits field, please specify one of: `most_recent`, `oldest`.")
    if "most_recent" in limits and "oldest" in limits:
        draft.problem(("limits",), "most_recent and oldest exclude each other.")
    for key in language.LIMIT_KEYS:
        number = limits.get(key, 0)
        if not isinstance(number, int) or isinstance(number, bool):
            draft.problem(("limits", key), f"{key} must be of type Integer.")
        elif number < 0:
            draft.problem(("limits", key), f"{key} must not be negative.")
    return dict(limits)


def expansions(draft: RuleDraft) -> tuple[tuple[str, ...] | None, ...]:
    labels = draft.kept.get("labels")
    if isinstance(labels, str):
        labels = [labels]
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        return (None,)
    try:
        return tuple(tuple(label.strip() for label in each) for each in expand(labels))
    except TooManyCombinations as error:
        draft.problem(("conditions", "labels"), str(error), "Write fewer alternatives.")
        return (None,)
