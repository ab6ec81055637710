"""The issues that a rule opens: one for each resource, or one about all of them."""

from __future__ import annotations

from typing import Any

from bot.domain.markers import marker
from bot.domain.policy_changes import AddNote, OpenIssue, Target
from bot.domain.text_hash import hash_of
from bot.triage.deciding import Deciding
from bot.triage.facts import Item
from bot.triage.preparing import IssueTexts, Prepared, Preparing
from bot.triage.reading import segment
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.rules import Rule
from bot.triage.texts import Writing

Json = dict[str, Any]


class Opening(Deciding):
    """Issues and summaries."""

    def _open(self, texts: IssueTexts, project: str, *, about: str = "") -> OpenIssue | None:
        """None where the bot has written this issue already, and it is still open.

        Args: about: the resource that it is opened for; empty for a summary, which has one title for all.
        """
        fields: list[tuple[str, object]] = []
        shown: list[tuple[str, str]] = []
        if texts.labels:
            fields.append(("labels", ",".join(texts.labels)))
            shown.append(("Labels", ", ".join(texts.labels)))
        if texts.assignees:
            fields.append(("assignee_ids", tuple(self.known.user_id(name) for name in texts.assignees)))
            shown.append(("Assignees", ", ".join(texts.assignees)))
        if texts.due_date:
            fields.append(("due_date", texts.due_date))
            shown.append(("Due date", texts.due_date))
        if texts.milestone:
            fields.append(("milestone_id", self.known.milestone_id(f"projects/{segment(project)}", texts.milestone)))
            shown.append(("Milestone", texts.milestone))
        if texts.confidential:
            fields.append(("confidential", True))
            shown.append(("Confidential", "true"))
        mark = ""
        if not self.engine.options.repeats_notes:
            mark = marker(
                "triage_issue",
                rule=hash_of(f"{self.rule.kind} {self.rule.shown_name} {about}"),
                title=hash_of(texts.title),
            )
            if self._is_open(project, texts.title, mark) or self.is_planned(project, mark):
                return None
        description = f"{texts.description}\n\n{mark}" if mark else texts.description
        return OpenIssue(project, texts.title, description, tuple(fields), tuple(shown), mark, self.engine.turn())

    def _is_open(self, project: str, title: str, mark: str) -> bool:
        path = f"projects/{segment(project)}/issues"
        rows = self.known.rows(path, ("state", "opened"), ("search", title), ("in", "title"))
        return any(str(row.get("description") or "").rstrip().endswith(mark) and self._is_own(row) for row in rows)

    def _summary_of(self, prepared: list[Prepared]) -> OpenIssue | None:
        items = "\n".join(each.line for each in prepared)
        return self._summary_issue(items, [each.item for each in prepared])

    def _summary_issue(self, items: str, of: list[Item]) -> OpenIssue | None:
        value = self.rule.actions.get("summarize")
        if not isinstance(value, dict):
            return None
        row: Json = {"type": self.rule.kind}
        writing = self._writing_of_summary(row)
        texts = self._issue_texts(
            "summarize", writing, items, self._shown_rows(of, value, confidential=value.get("confidential"))
        )
        if not texts.title.strip():
            return None
        project = self._destination("summarize", None)
        self._check_issue("summarize", texts, project)
        return self._open(texts, project)

    def _writing_of_summary(self, row: Json) -> Writing:
        """For the summary's own texts: what they ask GitLab for is for the same readers."""
        conceals = None
        if self.engine.options.keeps_secrets:
            conceals = self._conceals(f"projects/{segment(self._destination('summarize', None))}")
        kind, engine = self.rule.kind, self.engine
        return Writing(row, kind, engine.api, engine.clock, redacts=True, conceals=conceals)

    def sub_summary(self, rule: Rule, items: list[Item]) -> str:
        """The part of a summary policy that one of its rules gives."""
        value = rule.actions.get("summarize")
        if not isinstance(value, dict):
            return ""
        preparing = Preparing(self.engine, rule)
        lines = []
        for item in items:
            try:
                writing = (
                    self._writing_for("summarize", item)
                    if self.engine.options.keeps_secrets
                    else preparing._writing(item, value.get("redact_confidential_resources"))
                )
                template = rule.templates.get(("actions", "summarize", "item"))
                lines.append(writing.text(template).removesuffix("\n") if template is not None else "")
            except (RubyError, Refused) as error:
                self.engine.fail(rule, error, item)
        writing = self._writing_of_summary({"type": rule.kind})
        template = rule.templates.get(("actions", "summarize", "summary"))
        text = "\n".join(lines)
        own = self.rule.actions.get("summarize")
        confidential = own.get("confidential") if isinstance(own, dict) else None
        shown = self._shown_rows(items, value, confidential=confidential)
        writing.row = {"title": None, "items": text, "type": rule.kind, "resources": shown}
        return writing.text(template, items=text).removesuffix("\n") if template is not None else ""

    def summarize_summary(self, gathered: list[tuple[Rule, list[Item]]]) -> None:
        parts, everything = [], list[Item]()
        for rule, items in gathered:
            if not items and rule.type != "custom":
                continue
            part = self.sub_summary(rule, items)
            if rule.type == "custom" and not part.strip():
                continue
            parts.append(part)
            everything += [item for item in items if item not in everything]
        if not parts:
            return
        summary = self._summary_issue("\n\n".join(parts), everything)
        if summary is None:
            return
        self.add(summary, f"{len(everything)} resources match")
        if self.rule.actions.get("comment_on_summary") is not None:
            self._comment_on_summary(self._prepared(everything), summary)

    def _comment_on_summary(self, prepared: list[Prepared], summary: OpenIssue) -> None:
        is_thread = self.rule.actions.get("comment_type") == "thread"
        for each in prepared:
            if not each.on_summary:
                continue
            target = Target("issues", "", f"the new issue {summary.title}", created_by=summary.key)
            change = AddNote(
                target,
                "discussions" if is_thread else "notes",
                each.on_summary,
                is_thread=is_thread,
                turn=self.engine.turn(),
            )
            self.add(change, "its comment_on_summary", each.item, needs=(summary.key,))
