"""What a rule does with its resources, in the order of the gem."""

from __future__ import annotations

from types import MappingProxyType

from bot.domain.markers import marker
from bot.domain.policy_changes import AddNote
from bot.domain.text_hash import hash_of
from bot.triage.conditions import Seen
from bot.triage.facts import Item
from bot.triage.opening import Opening
from bot.triage.policy import rule_of
from bot.triage.preparing import Prepared
from bot.triage.quick_actions import apply_note
from bot.triage.ruby.errors import Refused
from bot.triage.rules import is_on, plain_text
from bot.triage.updating import Updating


class Acting(Updating, Opening):
    """The actions of one rule (and one expansion)."""

    def act(self, items: list[Item]) -> None:
        actions = self.rule.actions
        custom = [key for key in actions if key in self.engine.options.extensions.actions]
        for key in custom:
            self._custom(key, items)
        prepared = self._prepared(items)
        self._check_names(prepared)
        summary = self._summary_of(prepared) if "summarize" in actions and prepared else None
        if summary is not None:
            self.add(summary, f"{len(prepared)} resources match")
        if self.rule.kind == "work_items":
            for each in prepared:
                self._update_work_item(each)
            self._comments(prepared)
        else:
            self._comments(prepared)
            self._updates(prepared)
        if actions.get("comment_on_summary") is not None and summary is not None:
            self._comment_on_summary(prepared, summary)
        for each in prepared:
            if each.issue is not None and each.issue.title.strip():
                opened = self._open(each.issue, self._destination("issue", each.item), about=each.item.name)
                if opened is not None:
                    self.add(opened, f"for {each.item.name}", each.item)
        if is_on(actions.get("delete")):
            for each in prepared:
                self._delete(each.item)
        if actions.get("work_item_status") is not None:
            self._set_status(prepared, plain_text(actions["work_item_status"]))

    def _custom(self, name: str, items: list[Item]) -> None:
        """An action of an installed package: what it answers is done as if the policy had said it."""
        action = self.engine.options.extensions.actions[name]
        for item in items:
            try:
                answer = dict(action(MappingProxyType(item.row), self.rule.actions[name], self.engine.options.now))
            except Exception as error:  # somebody else's code
                sentence = f"the action {name} failed with {type(error).__name__}"
                self.engine.fail(self.rule, Refused(sentence), item)
                continue
            rule = rule_of(self.rule, answer)
            inner = Acting(self.engine, rule)
            inner.act([item])
            self.steps += inner.steps
            self.warnings += inner.warnings
            self.printed += inner.printed
            self._waited_for += inner._waited_for
            self._written |= inner._written
            self._before = inner._before | self._before

    def _comments(self, prepared: list[Prepared]) -> None:
        actions = self.rule.actions
        if self.rule.kind == "branches":
            if {"comment", "mention"} & set(actions) and prepared:
                self.warnings.append("Comment actions are not available for branches. They will NOT be performed")
            return
        for each in prepared:
            if not each.comment:
                continue
            mark = "" if self._repeats() else self._mark(each.item)
            if mark and (self._is_written(each.item, mark) or self.is_planned(each.item.notes_path, mark)):
                continue
            body = f"{each.comment}\n\n{mark}" if mark else each.comment
            self._note(each.item, body, mark)
            apply_note(each.item, each.comment, self.engine.options.now, self.known)

    def _note(self, item: Item, body: str, mark: str) -> None:
        actions = self.rule.actions
        is_thread = actions.get("comment_type") == "thread"
        change = AddNote(
            self.target(item),
            f"{item.notes_path}/{'discussions' if is_thread else 'notes'}",
            body,
            internal=is_on(actions.get("comment_internal")),
            is_thread=is_thread,
            marker=mark,
            turn=self.engine.turn(),
        )
        self.add(change, "its comment", item)

    def _repeats(self) -> bool:
        own = self.rule.actions.get("repeat")
        return own == "always" if own is not None else self.engine.options.repeats_notes

    def _mark(self, item: Item) -> str:
        answers = self.engine.explained(self.rule, None, item)
        reason = "|".join(each.reason for each in answers if isinstance(each, Seen))
        rule = hash_of(f"{self.rule.kind} {self.rule.shown_name} {self.rule.actions.get('comment')!r}")
        return marker("triage", rule=rule, reason=hash_of(reason))

    def _is_written(self, item: Item, mark: str) -> bool:
        rows = self.known.rows(f"{item.notes_path}/notes")
        return any(str(row.get("body") or "").rstrip().endswith(mark) and self._is_own(row) for row in rows)
