"""Checks what stands behind a rule's actions."""

from __future__ import annotations

import re
from typing import Any

from bot.settings.yaml_reader import Path
from bot.triage import language
from bot.triage.rule_draft import RuleDraft
from bot.triage.rules import names_of, plain_text


def check_names(draft: RuleDraft, value: Any, at: Path, thing: str, *, single: bool) -> None:
    """Tells what is not a list of texts (or, with `single`, one text)."""
    if isinstance(value, str) and single:
        return
    if not isinstance(value, list):
        draft.problem(at, f"must be a list of {thing}.", "Put a dash before each, or square brackets around them.")
        return
    for index, each in enumerate(value):
        if isinstance(each, dict):
            draft.problem((*at, index), "braces without quotes are a map to YAML.", 'Put the label in quotes: "{a,b}".')
        elif not isinstance(each, str):
            shown = plain_text(each)
            draft.problem((*at, index), f"{shown} is no text to YAML.", f"Put it in quotes: '{shown}'.")


_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")


class ActionChecker:
    """Checks the actions of one rule; the method for an action is named for it."""

    def __init__(self, draft: RuleDraft) -> None:
        self.draft, self.rule = draft, draft.rule

    def check(self) -> None:
        kind, actions = self.rule.kind, self.rule.actions
        known = tuple(name for name, word in language.ACTIONS.items() if kind in word.types)
        if self.draft.in_summary:
            if kind == "work_items":
                for key in actions:
                    if key != "summarize":
                        self.draft.problem(
                            ("actions", str(key)),
                            f"Unsupported action(s) for work_items summary rules: {key}.",
                            "Supported actions: summarize.",
                        )
            summarize = actions.get("summarize")
            if "summarize" in actions and not isinstance(summarize, dict):
                self.draft.problem(("actions", "summarize"), "must be a map with item and summary.")
            elif isinstance(summarize, dict):
                self.summarize(summarize, ("actions", "summarize"), sub_rule=True)
            return
        if self.draft.is_summary:
            for key in actions:
                if key not in language.SUMMARY_ACTIONS:
                    self.draft.problem(
                        ("actions", str(key)), f"a summary can only summarize and comment_on_summary, not {key}."
                    )
        for key, value in actions.items():
            at = ("actions", str(key))
            if key in self.draft.file.extensions.actions:
                continue
            if key not in language.ACTIONS or (kind == "work_items" and key not in language.WORK_ITEM_ACTIONS):
                self.draft.unknown(
                    ("actions",),
                    key,
                    known,
                    f"action for {kind}:",
                    None if kind == "work_items" else "does nothing with it",
                )
                continue
            if kind not in language.ACTIONS[key].types:
                self.draft.problem(
                    at, f"{key} is not available for {kind}.", in_gem="warns, and does not perform it", warns=True
                )
                continue
            check = getattr(self, f"action_{key}", None)
            if check is not None:
                check(value, at)
        if self.draft.is_summary and "summarize" not in actions and actions:
            self.draft.problem(("actions",), "Policies that comment_on_summary must include summarize action.")
        elif (
            "comment_on_summary" in actions and actions["comment_on_summary"] is not None and "summarize" not in actions
        ):
            self.draft.problem(
                ("actions", "comment_on_summary"), "Policies that comment_on_summary must include summarize action."
            )
        if kind == "work_items":
            both = set(names_of(actions.get("labels"))) & set(names_of(actions.get("remove_labels")))
            if both:
                self.draft.problem(
                    ("actions", "labels"),
                    f"Label(s) in both labels and remove_labels: {', '.join(sorted(both))}.",
                    "A label cannot be added and removed in the same rule.",
                )

    def action_comment(self, value: Any, at: Path) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                self.draft.text(each, (*at, index), expands=True)
        else:
            self.draft.text(value, at, expands=True)

    def action_comment_on_summary(self, value: Any, at: Path) -> None:
        self.draft.joined(value, at, expands=True)

    def action_mention(self, value: Any, at: Path) -> None:
        names = value if isinstance(value, list) else [value]
        if not all(name is None or isinstance(name, str | int) for name in names):
            self.draft.problem(at, "must be a username, or a list of usernames.", in_gem="writes Ruby text")
        for index, name in enumerate(names):
            if isinstance(name, str) and name.startswith("@"):
                path = (*at, index) if isinstance(value, list) else at
                self.draft.problem(path, "a username without the @: it is added.", warns=True)

    def action_comment_type(self, value: Any, at: Path) -> None:
        if value not in (None, "comment", "thread"):
            self.draft.problem(at, f"Unknown comment type: {plain_text(value)}.", "Write comment or thread.")

    def action_labels(self, value: Any, at: Path) -> None:
        if self.rule.kind == "work_items":
            if value is not None:
                check_names(self.draft, value, at, "labels", single=True)
            return
        self.draft.texts(value, at, expands=False)

    action_remove_labels = action_labels
    action_assignees = action_labels
    action_remove_assignees = action_labels
    action_reviewers = action_labels
    action_remove_reviewers = action_labels

    def action_milestone(self, value: Any, at: Path) -> None:
        self.draft.text(value, at, expands=False, trims=True)

    def action_due_date(self, value: Any, at: Path) -> None:
        self.draft.text(value, at, expands=False, trims=True)
        self._date(value, at)

    def _date(self, value: Any, at: Path) -> None:
        is_made = isinstance(value, str) and ("#{" in value or "{{" in value)
        if value and not is_made and not _DATE.fullmatch(plain_text(value).strip()):
            self.draft.problem(
                at, f"{plain_text(value)} is no date.", "Write YYYY-MM-DD, or #{...} that gives one.", in_gem="sends it"
            )

    action_title = action_milestone
    action_move = action_milestone

    def action_status(self, value: Any, at: Path) -> None:
        if value not in (None, "close", "reopen"):
            self.draft.problem(at, f"Invalid status value '{plain_text(value)}'. Supported: close, reopen.")

    def action_weight(self, value: Any, at: Path) -> None:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.draft.problem(at, "must be a number: it is not evaluated.", in_gem="sends it as it stands", warns=True)

    def _flag(self, value: Any, at: Path) -> None:
        if value is not None and not isinstance(value, bool):
            text = str(value).lower()
            if text in ("true", "false"):
                what = f"'{value}' is a text; it is read as {text}."
                self.draft.problem(at, what, "Write it without quotes.", warns=True)
            else:
                self.draft.problem(at, "must be true or false.", in_gem="takes it for true")

    action_delete = _flag
    action_comment_internal = _flag

    def action_redact_confidential_resources(self, value: Any, at: Path) -> None:
        if not isinstance(value, bool):
            self.draft.problem(at, "must be true or false; what is confidential stays hidden.", warns=True)

    def action_discussion_locked(self, value: Any, at: Path) -> None:
        self._flag(value, at)

    def action_work_item_status(self, value: Any, at: Path) -> None:
        if value is not None and not isinstance(value, str | int | float):
            self.draft.problem(at, "must be the name of a status.")

    def action_health_status(self, value: Any, at: Path) -> None:
        if value is not None and not (isinstance(value, str) and value in language.HEALTH):
            known = ", ".join(language.HEALTH)
            shown = plain_text(value)
            self.draft.problem(
                at, f"{shown} is no health status.", f"Known: {known}.", in_gem="sends it, and GitLab refuses it"
            )

    def action_repeat(self, value: Any, at: Path) -> None:
        if value not in ("once", "always"):
            self.draft.problem(at, "must be once or always.")

    def action_summarize(self, value: Any, at: Path) -> None:
        if not isinstance(value, dict):
            self.draft.problem(at, "must be a map with title, item and summary.")
            return
        self.summarize(value, at, sub_rule=False)
        if self.draft.file.source == "groups" and not value.get("destination") and value.get("title"):
            self.draft.problem(
                at,
                "a summary of a group needs a destination: the project in which its issue is created.",
                "Add destination: group/project.",
                in_gem="creates it in the project whose id is the group's",
            )

    def summarize(self, value: dict[str, Any], at: Path, *, sub_rule: bool) -> None:
        for key in value:
            if key not in language.SUMMARIZE_KEYS:
                self.draft.unknown(at, key, language.SUMMARIZE_KEYS, "key of summarize", "ignores it")
        self.issue_fields(value, at, language.SUMMARIZE_KEYS)
        if not sub_rule and not str(value.get("title") or "").strip():
            noted = self.rule.actions.get("comment_on_summary") is not None
            self.draft.problem(
                at, "without a title no issue is created.", in_gem=None if noted else "creates none", warns=not noted
            )

    def action_issue(self, value: Any, at: Path) -> None:
        if not isinstance(value, dict):
            self.draft.problem(at, "must be a map with title and description.")
            return
        for key in value:
            if key not in language.ISSUE_KEYS:
                self.draft.unknown(at, key, language.ISSUE_KEYS, "key of issue", "ignores it")
        self.issue_fields(value, at, language.ISSUE_KEYS)
        if self.rule.kind == "epics" and not value.get("destination"):
            self.draft.problem(
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
                        self.draft.text(each, (*at, key, index), expands=True, trims=True)
                else:
                    self.draft.text(value[key], (*at, key), expands=True, trims=True)
            elif key == "redact_confidential_resources":
                self.action_redact_confidential_resources(value[key], (*at, key))
            elif key == "destination":
                given = value[key]
                if given is not None and (not isinstance(given, str | int) or isinstance(given, bool)):
                    self.draft.problem((*at, key), "must be a project's path or id.")
            else:
                trims = key not in ("item", "summary", "description")
                self.draft.joined(value[key], (*at, key), expands=True, trims=trims)
                if key == "due_date":
                    self._date(value[key], (*at, key))
