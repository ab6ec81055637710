"""What a rule does with its resources: texts rendered, names looked up, changes decided, facts moved on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.domain.changes import (
    AddNote,
    Change,
    DeleteResource,
    MoveIssue,
    OpenIssue,
    SetWidget,
    Target,
    UpdateResource,
    UpdateWorkItem,
    hash_of,
)
from bot.domain.markers import marker
from bot.domain.plan import Step
from bot.triage.conditions import Seen
from bot.triage.facts import Item, apply_note, apply_state, apply_status, holder_of, touch, with_labels
from bot.triage.language import HEALTH, UPDATE_ACTIONS
from bot.triage.policy import rule_of
from bot.triage.reading import UnknownName, segment
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.methods.resources import redacted
from bot.triage.ruby.templates import Template
from bot.triage.rules import Rule, is_on, names_of, plain_text
from bot.triage.status_list import ids_of_those_with_status
from bot.triage.texts import Writing

if TYPE_CHECKING:
    from bot.triage.engine import Engine

Json = dict[str, Any]
ISSUE_ONLY = {"weight": "set", "health_status": "set", "move": "performed"}
_VISIBILITY = {"private": 0, "internal": 1, "public": 2}
OLDEST_FOR_STATUS = (19, 1)


@dataclass
class Prepared:
    """The texts of one resource, as a rule's actions will use them; None where the rule has no such action."""

    item: Item
    comment: str = ""
    names: dict[str, list[str] | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    issue: IssueTexts | None = None
    on_summary: str = ""
    line: str = ""


@dataclass
class IssueTexts:
    """The fields of an issue that is to be created, rendered."""

    title: str
    description: str
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    due_date: str = ""
    milestone: str = ""
    confidential: bool = False


class Acting:
    """The actions of one rule (and one expansion)."""

    def __init__(self, engine: Engine, rule: Rule, items: list[Item]) -> None:
        self.engine, self.rule, self.known = engine, rule, engine.known
        self.steps: list[Step] = []
        self.warnings: list[str] = []
        self.printed: list[str] = []
        self._before = [(item, dict(item.row), item.changed, item.is_gone, item.notes) for item in items]
        self._waited_for: list[tuple[str, str | None]] = []

    def take_back(self) -> None:
        """Nothing of the rule was done: no steps, and the facts as they were before it."""
        self.steps.clear()
        for item, row, changed, is_gone, notes in self._before:
            item.row, item.changed, item.is_gone, item.notes = row, changed, is_gone, notes
        for path, key in reversed(self._waited_for):
            if key is None:
                self.engine.world.last_on.pop(path, None)
            else:
                self.engine.world.last_on[path] = key

    # -- the order of the gem: summarize, comment, update, comment_on_summary, issue, delete, work_item_status -------

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
                opened = self._open(each.issue, self._destination("issue", each.item))
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
                self.engine._fail(self.rule, RubyError(type(error).__name__, sentence), item.name)
                continue
            rule = rule_of(self.rule, answer)
            inner = Acting(self.engine, rule, [])
            inner.act([item])
            self.steps += inner.steps
            self.warnings += inner.warnings
            self.printed += inner.printed
            self._waited_for += inner._waited_for

    # -- texts -------------------------------------------------------------------------------------------------------

    def _prepared(self, items: list[Item]) -> list[Prepared]:
        result = []
        for item in items:
            try:
                result.append(self._prepare(item))
            except (RubyError, Refused) as error:
                self.engine._fail(self.rule, error, item.name)
        return result

    def _prepare(self, item: Item) -> Prepared:
        actions, templates = self.rule.actions, self.rule.templates
        prepared = Prepared(item)
        writing = self._writing(item, actions.get("redact_confidential_resources"))
        if "comment" in actions or "mention" in actions:
            prepared.comment = self._comment_text(writing)
        for key in ("labels", "remove_labels", "assignees", "remove_assignees", "reviewers", "remove_reviewers"):
            if key in actions:
                prepared.names[key] = self._names(key, writing)
        for key in ("milestone", "due_date", "title", "move"):
            template = templates.get(("actions", key))
            if template is not None:
                prepared.texts[key] = writing.text(template, "title" if key == "title" else "name").strip("\n")
        if isinstance(actions.get("issue"), dict):
            own = self._writing_for("issue", item)
            prepared.issue = self._issue_texts("issue", own, None)
        if isinstance(actions.get("summarize"), dict):
            own = self._writing_for("summarize", item)
            template = templates.get(("actions", "summarize", "item"))
            prepared.line = own.text(template).removesuffix("\n") if template is not None else ""
            self.printed += own.printed
        template = templates.get(("actions", "comment_on_summary"))
        if template is not None:
            prepared.on_summary = self._writing(item, True).text(template).strip()
        self.printed += writing.printed
        return prepared

    def _writing(self, item: Item, redacts: Any) -> Writing:
        # Only a plain false shows what is confidential; null and "false" do not.
        conceals = self._conceals(item.holder)
        return Writing(
            item.row, item.kind, self.engine.api, self.engine.clock, redacts=redacts is not False, conceals=conceals
        )

    def _writing_for(self, key: str, item: Item) -> Writing:
        """For an issue of its own: hidden, too, where more people can read that issue than the resource."""
        value = self.rule.actions[key]
        redacts = value.get("redact_confidential_resources") is not False
        destination = f"projects/{segment(self._destination(key, None if key == 'summarize' else item))}"
        return Writing(
            item.row,
            item.kind,
            self.engine.api,
            self.engine.clock,
            redacts=redacts,
            hides=self._is_kept_from(item, destination, value.get("confidential")),
            conceals=self._conceals(destination),
        )

    def _is_kept_from(self, item: Item, destination: str, confidential: Any) -> bool:
        """Whether more people read an issue in that project than the resource, so that its text says nothing of it."""
        if not self.engine.options.keeps_secrets:
            return False
        is_secret = item.row.get("confidential") is True and confidential is not True
        return is_secret or self._openness(destination, unknown=3) > self._openness(item.holder)

    def _conceals(self, destination: str) -> Callable[[Json], bool] | None:
        """What else a text for readers of `destination` hides: what lies where fewer people can read."""
        if not self.engine.options.keeps_secrets:
            return None

        def conceals(row: Json) -> bool:
            if "visibility" in row:
                here = _VISIBILITY.get(str(row["visibility"]), 0)
            else:
                holder = holder_of("", row, "")
                here = self._openness(holder) if holder else 0
            return self._openness(destination, unknown=3) > here

        return conceals

    def _openness(self, path: str, *, unknown: int = 0) -> int:
        answer = self.known.get(path)
        return _VISIBILITY.get(str(answer.get("visibility")) if isinstance(answer, dict) else "", unknown)

    def _shown_rows(self, items: list[Item], key: dict[str, Any]) -> list[Json]:
        """`resources` of a summary: all are there, and some show only how to find them."""
        shows_all = key.get("redact_confidential_resources") is False
        rows = []
        destination = f"projects/{segment(self._destination('summarize', None))}" if items else ""
        for item in items:
            hidden = self._is_kept_from(item, destination, key.get("confidential"))
            hidden = hidden or (not shows_all and item.row.get("confidential") is True)
            rows.append(redacted(item.row) if hidden else item.row)
        return rows

    def _comment_text(self, writing: Writing) -> str:
        actions, templates = self.rule.actions, self.rule.templates
        comment = actions.get("comment")
        if isinstance(comment, list):
            parts = [
                writing.text(templates[("actions", "comment", index)])
                for index in range(len(comment))
                if ("actions", "comment", index) in templates
            ]
        else:
            template = templates.get(("actions", "comment"))
            parts = [writing.text(template)] if template is not None else []
        names = actions.get("mention")
        names = [name for name in names if name is not None] if isinstance(names, list) else names
        mentions = " ".join(f"@{name}" for name in names_of(names) if name)
        return "\n\n".join(part for part in [*parts, mentions] if part).strip()

    def _names(self, key: str, writing: Writing) -> list[str] | None:
        """Rendered, split at commas; None where there is nothing to do."""
        value = self.rule.actions[key]
        if value is None:
            return None
        if self.rule.kind == "work_items":
            return [name for name in names_of(value) if name] or None
        if value == []:
            return [] if key in ("assignees", "reviewers") else None
        names = self._listed(("actions", key), value, writing)
        return names or None

    def _listed(self, path: tuple[str, ...], value: Any, writing: Writing, items: str | None = None) -> list[str]:
        templates: list[Template] = []
        if isinstance(value, list):
            templates = [t for i in range(len(value)) if (t := self.rule.templates.get((*path, i))) is not None]
        elif (template := self.rule.templates.get(path)) is not None:
            templates = [template]
        return [name for template in templates for name in writing.names(template, items=items)]

    def _issue_texts(self, key: str, writing: Writing, items: str | None, rows: list[Json] | None = None) -> IssueTexts:
        """The fields of `issue` or `summarize`, rendered."""
        value, templates = self.rule.actions[key], self.rule.templates
        body_key = "description" if key == "issue" else "summary"

        def text(name: str, place: Any) -> str:
            template = templates.get(("actions", key, name))
            return writing.text(template, place, items=items).removesuffix("\n") if template is not None else ""

        # The title is made before there are items.
        template = templates.get(("actions", key, "title"))
        title = writing.text(template, "title").removesuffix("\n") if template is not None else ""
        if key == "summarize":
            writing.row = {"type": self.rule.kind, "title": title, "items": items, "resources": rows or []}
        description = text(body_key, "markdown")
        texts = IssueTexts(title, description)
        texts.labels = self._listed(("actions", key, "labels"), value.get("labels"), writing, items)
        texts.assignees = self._listed(("actions", key, "assignees"), value.get("assignees"), writing, items)
        texts.due_date, texts.milestone = text("due_date", "name"), text("milestone", "name")
        confidential = value.get("confidential")
        texts.confidential = confidential is True or text("confidential", "name").strip() == "true"
        self.printed += writing.printed
        return texts

    # -- names -------------------------------------------------------------------------------------------------------

    def _check_names(self, prepared: list[Prepared]) -> None:
        """Raises UnknownName before anything of this rule is decided."""
        if not prepared:
            return
        if self.rule.kind == "branches":
            return
        for each in prepared:
            holder = each.item.holder
            if self.rule.kind == "work_items":
                self._check_work_item(each)
                continue
            for key in ("labels", "remove_labels"):
                for name in each.names.get(key) or []:
                    self.known.check_label(holder, name)
            for key in ("assignees", "reviewers"):
                for name in each.names.get(key) or []:
                    self.known.user_id(name)
            if each.texts.get("milestone"):
                self.known.milestone_id(holder, each.texts["milestone"])
            if "move" in each.texts and self.rule.kind == "issues":
                self.known.project_id(each.texts["move"])
            if each.issue is not None and each.issue.title.strip():
                self._check_issue(each.issue, self._destination("issue", each.item))

    def _check_issue(self, texts: IssueTexts, project: str) -> None:
        holder = f"projects/{segment(project)}"
        for name in texts.labels:
            self.known.check_label(holder, name)
        for name in texts.assignees:
            self.known.user_id(name)
        if texts.milestone:
            self.known.milestone_id(holder, texts.milestone)

    def _check_work_item(self, each: Prepared) -> None:
        names = (each.names.get("labels") or []) + (each.names.get("remove_labels") or [])
        needs_holder = names or each.names.get("assignees") or each.comment
        row = each.item.row
        is_nowhere = "project_id" not in row and "group_id" not in row and (row.get("namespace") or {}).get("full_path")
        if needs_holder and is_nowhere:
            raise UnknownName(
                f"Cannot resolve the project for work item {row.get('web_url')}; "
                "the token may lack access to its project."
            )
        if names:
            there = self.known.label_ids(each.item.holder)
            for name in names:
                if name not in there:
                    raise UnknownName(f"Label `{name}` doesn't exist!")
        for name in each.names.get("assignees") or []:
            self.known.user_id(name)

    # -- steps -------------------------------------------------------------------------------------------------------

    def add(self, change: Change, because: str, item: Item | None = None, *, needs: tuple[str, ...] = ()) -> None:
        rule = self.rule.shown_name or "a rule without a name"
        # The gem's mutations go out one after the other.
        path = "graphql" if self.engine.options.refetch and isinstance(change, SetWidget) else _path_of(change)
        after = self.engine.world.last_on.get(path)
        step = Step(
            change,
            f"rule {rule}: {because}",
            subject=item.name if item is not None else rule,
            needs=needs,
            after=(after,) if after else (),
        )
        self._waited_for.append((path, after))
        self.engine.world.last_on[path] = change.key
        self.steps.append(step)

    def target(self, item: Item) -> Target:
        name = {"branches": "repository/branches", "work_items": "-/work_items"}.get(item.kind, item.kind)
        number = segment(str(item.row.get("name"))) if item.kind == "branches" else item.row.get("iid")
        return Target(
            item.kind,
            f"{item.holder}/{name}/{number}",
            item.name,
            str(item.row.get("web_url") or ""),
            int(item.row["id"]) if str(item.row.get("id") or "").isdigit() else 0,
        )

    # comments

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
            if mark and self._is_written(each.item, mark):
                continue
            body = f"{each.comment}\n\n{mark}" if mark else each.comment
            self._note(each.item, body, mark)
            apply_note(each.item, each.comment, self._now_text())

    def _note(self, item: Item, body: str, mark: str) -> None:
        actions = self.rule.actions
        is_thread = actions.get("comment_type") == "thread"
        change = AddNote(
            self.target(item),
            f"{_notes_path(item)}/{'discussions' if is_thread else 'notes'}",
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
        rows = self.known.rows(f"{_notes_path(item)}/notes")
        return any(str(row.get("body") or "").rstrip().endswith(mark) and self._is_own(row) for row in rows)

    def _is_own(self, row: Json) -> bool:
        return (row.get("author") or {}).get("username") in self.engine.options.bot_usernames

    def _now_text(self) -> str:
        return self.engine.options.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    # updates

    def _updates(self, prepared: list[Prepared]) -> None:
        actions = self.rule.actions
        if not any(key in actions for key in UPDATE_ACTIONS):
            return
        if self.rule.kind == "branches":
            if prepared:
                self.warnings.append("Update actions are not available for branches. They will NOT be performed")
            return
        for each in prepared:
            if self.rule.kind != "issues":
                for key, verb in ISSUE_ONLY.items():
                    if key in actions and (actions[key] is not None or key != "move"):
                        self.warnings.append(f"{key} is only available for issues. It will NOT be {verb}")
            if "health_status" in actions and self.rule.kind == "issues":
                self._health(each.item, actions["health_status"])
            self._update(each)
            if each.texts.get("move") and self.rule.kind == "issues":
                path = each.texts["move"]
                self.add(MoveIssue(self.target(each.item), self.known.project_id(path), path), "its move", each.item)
                each.item.is_gone = True

    def _health(self, item: Item, value: Any) -> None:
        if value == item.row.get("health_status", "unknown"):
            return
        sent = HEALTH.get(plain_text(value), _camel_case(plain_text(value))) if value is not None else None
        self.add(
            SetWidget(self.target(item), "healthStatusWidget", sent, self.engine.turn()), "its health_status", item
        )
        item.row["health_status"] = value
        touch(item, self._now_text(), "health_status")

    def _update(self, each: Prepared) -> None:
        item, actions = each.item, self.rule.actions
        row = item.row
        fields: list[tuple[str, object]] = []
        shown: list[str] = []
        expected: list[tuple[str, tuple[str, ...]]] = []
        changes = False
        add, remove = each.names.get("labels") or [], each.names.get("remove_labels") or []
        has = item.labels
        if add:
            fields.append(("add_labels", ",".join(add)))
            shown.append(f"Would add labels: {','.join(add)}")
            expected.append(("labels", tuple(add)))
            changes |= row.get("labels") is None or not set(add) <= set(has)
        if remove:
            fields.append(("remove_labels", ",".join(remove)))
            shown.append(f"Would remove labels: {','.join(remove)}")
            changes |= row.get("labels") is None or bool(set(remove) & set(has))
        for key, sent in (("assignees", "assignee_ids"), ("reviewers", "reviewer_ids")):
            changes |= self._people(each, key, sent, fields, shown, expected)
        if each.texts.get("milestone"):
            title = each.texts["milestone"]
            fields.append(("milestone_id", self.known.milestone_id(item.holder, title)))
            shown.append(f"Would set milestone: {title}")
            changes |= (row.get("milestone") or {}).get("title") != title
        if each.texts.get("due_date"):
            fields.append(("due_date", each.texts["due_date"]))
            shown.append(f"Would set due_date: {each.texts['due_date']}")
            changes |= row.get("due_date") != each.texts["due_date"]
        if "weight" in actions and self.rule.kind == "issues":
            fields.append(("weight", actions["weight"]))
            shown.append(f"Would set weight: {'' if actions['weight'] is None else actions['weight']}")
            changes |= row.get("weight", "unknown") != actions["weight"]
        if each.texts.get("title"):
            fields.append(("title", each.texts["title"]))
            shown.append(f"Would set title: {each.texts['title']}")
            changes |= row.get("title") != each.texts["title"]
        if actions.get("status") is not None:
            event = str(actions["status"])
            state = {"close": "closed", "reopen": "opened"}[event]
            fields.append(("state_event", event))
            shown.append(f"Would set status: {event}")
            expected.append(("state", (state,)))
            changes |= row.get("state") != state
        if "discussion_locked" in actions:
            value = actions["discussion_locked"]
            locked = value if value is None or isinstance(value, bool) else is_on(value)
            fields.append(("discussion_locked", locked))
            shown.append(f"Would set discussion_locked: {'' if locked is None else str(locked).lower()}")
            changes |= row.get("discussion_locked", "unknown") != locked
        if not fields or not changes:
            return
        change = UpdateResource(self.target(item), tuple(fields), tuple(shown), tuple(expected), self.engine.turn())
        self.add(change, "its actions", item)
        self._effect(each)

    def _people(
        self,
        each: Prepared,
        key: str,
        sent: str,
        fields: list[tuple[str, object]],
        shown: list[str],
        expected: list[tuple[str, tuple[str, ...]]],
    ) -> bool:
        """Assignees or reviewers, set or taken off; whether that changes anything."""
        row = each.item.row
        has = [user for user in row.get(key) or [] if isinstance(user, dict)]
        names = each.names.get(key)
        verb = "assign" if key == "assignees" else "set reviewers"
        if names is not None:
            ids = tuple(self.known.user_id(name) for name in names)
            fields.append((sent, ids))
            shown.append(f"Would {verb}: {', '.join(names)}")
            expected.append((key, tuple(names)))
            return row.get(key) is None or {user.get("id") for user in has} != set(ids)
        gone = each.names.get(f"remove_{key}")
        if not gone:
            return False
        kept = [user for user in has if user.get("username") not in gone]
        if len(kept) == len(has):
            return False
        fields.append((sent, tuple(user.get("id") for user in kept)))
        left = [str(user.get("username")) for user in has if user.get("username") in gone]
        shown.append(f"Would {'unassign' if key == 'assignees' else 'remove reviewers'}: {', '.join(left)}")
        return True

    def _effect(self, each: Prepared) -> None:
        """What GitLab would change by the update, on the facts in memory."""
        item, actions, row = each.item, self.rule.actions, each.item.row
        row["labels"] = with_labels(item.labels, each.names.get("labels") or [], each.names.get("remove_labels") or [])
        for key in ("assignees", "reviewers"):
            names = each.names.get(key)
            if names is not None:
                row[key] = [{"id": self.known.user_id(name), "username": name} for name in names]
            elif each.names.get(f"remove_{key}"):
                row[key] = [
                    u for u in row.get(key) or [] if u.get("username") not in (each.names[f"remove_{key}"] or [])
                ]
        row["assignee"] = (row.get("assignees") or [None])[0]
        if each.texts.get("milestone"):
            row["milestone"] = {"title": each.texts["milestone"]}
        for key in ("due_date", "title"):
            if each.texts.get(key):
                row[key] = each.texts[key]
        for key in ("weight", "discussion_locked"):
            if key in actions:
                row[key] = actions[key]
        if actions.get("status") is not None:
            apply_state(item, str(actions["status"]), self._now_text())
        fields = [key for key in each.names if each.names[key] is not None] + list(each.texts)
        fields += ["labels" if "remove_labels" in fields else "", "assignee", "weight", "discussion_locked"]
        touch(item, self._now_text(), *(name.removeprefix("remove_") for name in fields))

    def _update_work_item(self, each: Prepared) -> None:
        item = each.item
        add, remove = each.names.get("labels") or [], each.names.get("remove_labels") or []
        people = each.names.get("assignees") or []
        if not (add or remove or people):
            return
        has = set(item.labels)
        assigned = {user.get("username") for user in item.row.get("assignees") or []}
        known_labels = item.row.get("labels") is not None
        same = known_labels and set(add) <= has and not set(remove) & has and (not people or assigned == set(people))
        if same:
            return
        ids = self.known.label_ids(item.holder) if add or remove else {}
        shown = [
            f"{verb}: {', '.join(names)}"
            for verb, names in (("Would add labels", add), ("Would remove labels", remove), ("Would assign", people))
            if names
        ]
        change = UpdateWorkItem(
            self.target(item),
            tuple(ids[name] for name in add),
            tuple(ids[name] for name in remove),
            tuple(self.known.user_id(name) for name in people),
            tuple(shown),
            self.engine.turn(),
        )
        self.add(change, "its actions", item)
        item.row["labels"] = with_labels(item.labels, add, remove)
        if people:
            item.row["assignees"] = [{"id": self.known.user_id(name), "username": name} for name in people]
        touch(item, self._now_text(), "labels", "assignees")

    # issues, summaries

    def _destination(self, key: str, item: Item | None) -> str:
        given = self.rule.actions[key].get("destination")
        if given is not None:
            return str(given)
        if item is not None:
            return item.holder.removeprefix("projects/")
        source = self.engine.options.source
        if source.kind != "projects":
            raise UnknownName("A summary of a group or of all projects needs a destination; none was created.")
        return source.id

    def _open(self, texts: IssueTexts, project: str) -> OpenIssue | None:
        """None where the bot has written this issue already, and it is still open."""
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
                "triage_issue", rule=hash_of(f"{self.rule.kind} {self.rule.shown_name}"), title=hash_of(texts.title)
            )
            if self._is_open(project, texts.title, mark):
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
        writing = Writing(row, self.rule.kind, self.engine.api, self.engine.clock, redacts=True)
        texts = self._issue_texts("summarize", writing, items, self._shown_rows(of, value))
        if not texts.title.strip():
            return None
        project = self._destination("summarize", None)
        self._check_issue(texts, project)
        return self._open(texts, project)

    def sub_summary(self, rule: Rule, items: list[Item]) -> str:
        """The part of a summary policy that one of its rules gives."""
        value = rule.actions.get("summarize")
        if not isinstance(value, dict):
            return ""
        acting = Acting(self.engine, rule, items)
        lines = []
        for item in items:
            try:
                writing = (
                    self._writing_for("summarize", item)
                    if self.engine.options.keeps_secrets
                    else acting._writing(item, value.get("redact_confidential_resources"))
                )
                template = rule.templates.get(("actions", "summarize", "item"))
                lines.append(writing.text(template).removesuffix("\n") if template is not None else "")
            except (RubyError, Refused) as error:
                self.engine._fail(rule, error, item.name)
        writing = Writing({"type": rule.kind}, rule.kind, self.engine.api, self.engine.clock, redacts=True)
        template = rule.templates.get(("actions", "summarize", "summary"))
        text = "\n".join(lines)
        shown = self._shown_rows(items, value)
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

    # delete, status

    def _delete(self, item: Item) -> None:
        if item.kind not in ("issues", "merge_requests", "branches"):
            return
        self.add(DeleteResource(self.target(item)), "its delete", item)
        item.is_gone = True

    def _set_status(self, prepared: list[Prepared], status: str) -> None:
        if self.rule.kind != "issues":
            if prepared:
                self.warnings.append(
                    "Work item statuses are only available for issues. The action will NOT be performed"
                )
            return
        if not prepared:
            return
        version = self.known.version()
        match = re.match(r"(\d+)\.(\d+)", version)
        if match and (int(match[1]), int(match[2])) < OLDEST_FOR_STATUS:
            self.warnings.append(
                f"Setting work item status requires GitLab 19.1 or later; this instance is {match[0]}. "
                "The action will NOT be performed"
            )
            return
        has = self._those_with_status([each.item for each in prepared], status)
        for each in prepared:
            if each.item in has:
                continue
            change = SetWidget(self.target(each.item), "statusWidget", status, self.engine.turn())
            self.add(change, "its work_item_status", each.item)
            apply_status(each.item, status, self._now_text())

    def _those_with_status(self, items: list[Item], status: str) -> list[Item]:
        """Those for which setting it would change nothing."""
        known = [item for item in items if "work_item_status" in item.row]
        has = [item for item in known if str(item.row["work_item_status"]).lower() == status.lower()]
        options = self.engine.options
        unknown = [item for item in items if item not in known]
        if unknown and not options.refetch:
            ids = ids_of_those_with_status(self.known, options.source, status, unknown)
            has += [item for item in unknown if item.row.get("id") in ids]
        return has


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _notes_path(item: Item) -> str:
    if item.kind == "epics":
        return f"{item.holder}/epics/{item.row.get('id')}"
    name = "-/work_items" if item.kind == "work_items" else item.kind
    return f"{item.holder}/{name}/{item.row.get('iid')}"


def _path_of(change: Change) -> str:
    if isinstance(change, OpenIssue):
        return f"open {change.project}"
    target = getattr(change, "target", None)
    return str((target.path or target.created_by) if target is not None else change.key)
