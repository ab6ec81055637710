"""What a rule changes on resources that are there, and what of it the next rule sees."""

from __future__ import annotations

import re
from typing import Any

from bot.domain.policy_changes import DeleteResource, MoveIssue, SetWidget, UpdateResource, UpdateWorkItem
from bot.triage.deciding import Deciding
from bot.triage.facts import Item, apply_state, apply_status, touch, with_labels
from bot.triage.language import HEALTH, UPDATE_ACTIONS
from bot.triage.preparing import Prepared
from bot.triage.rules import is_on, plain_text
from bot.triage.status_list import ids_of_those_with_status

ISSUE_ONLY = {"health_status": "set", "weight": "set", "move": "performed"}
OLDEST_FOR_STATUS = (19, 1)


class Updating(Deciding):
    """Fields, statuses, deletion."""

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
            changes |= row.get("due_date") != _iso_date(each.texts["due_date"])
        if "weight" in actions and self.rule.kind == "issues":
            fields.append(("weight", actions["weight"]))
            shown.append(f"Would set weight: {'' if actions['weight'] is None else actions['weight']}")
            changes |= row.get("weight", "unknown") != actions["weight"]
        if each.texts.get("title"):
            fields.append(("title", each.texts["title"]))
            shown.append(f"Would set title: {each.texts['title']}")
            changes |= row.get("title") != each.texts["title"].strip()
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
                row[key] = [self.known.user(name) for name in names]
            elif each.names.get(f"remove_{key}"):
                row[key] = [
                    u for u in row.get(key) or [] if u.get("username") not in (each.names[f"remove_{key}"] or [])
                ]
        row["assignee"] = (row.get("assignees") or [None])[0]
        if each.texts.get("milestone"):
            row["milestone"] = self.known.milestone(item.holder, each.texts["milestone"])
        if each.texts.get("due_date"):
            row["due_date"] = _iso_date(each.texts["due_date"])
        if each.texts.get("title"):
            row["title"] = each.texts["title"].strip()
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
            item.row["assignees"] = [self.known.user(name) for name in people]
        touch(item, self._now_text(), "labels", "assignees")

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

    def _delete(self, item: Item) -> None:
        if item.kind not in ("issues", "merge_requests", "branches"):
            return
        self.add(DeleteResource(self.target(item)), "its delete", item)
        item.is_gone = True


def _iso_date(text: str) -> str:
    """As GitLab shows the date: 2026-01-05 for 2026-1-5."""
    match = re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text)
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}" if match else text


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
