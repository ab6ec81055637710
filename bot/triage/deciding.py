"""The steps that a rule has decided so far, and how they are taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.changes import Change
from bot.domain.plan import Step
from bot.domain.policy_changes import AddNote, MoveIssue, OpenIssue, SetWidget, Target
from bot.triage.conditions import fields_read
from bot.triage.facts import Item
from bot.triage.preparing import Preparing
from bot.triage.reading import segment
from bot.triage.rules import Rule

if TYPE_CHECKING:
    from bot.triage.engine import Engine

Json = dict[str, Any]


class Deciding(Preparing):
    """What the rule acts on is as it was when it is taken back."""

    def __init__(self, engine: Engine, rule: Rule) -> None:
        super().__init__(engine, rule)
        self.steps: list[Step] = []
        self.warnings: list[str] = []
        self._before: dict[Item, tuple[Json, frozenset[str], bool, int, Any]] = {}
        self._waited_for: list[tuple[str, str | None]] = []
        self._written: set[tuple[str, str]] = set()
        self._own: set[str] = set()

    @property
    def touched(self) -> dict[Item, None]:
        """What it changes, in order."""
        return dict.fromkeys(self._before)

    def take_back(self) -> None:
        """Nothing of the rule was done: no steps, and the facts as they were before it."""
        self.steps.clear()
        self.engine.world.written -= self._written
        for item, (row, changed, is_gone, notes, made) in self._before.items():
            item.row, item.changed, item.is_gone, item.notes, item.made = row, changed, is_gone, notes, made
        for path, key in reversed(self._waited_for):
            if key is None:
                self.engine.world.last_on.pop(path, None)
            else:
                self.engine.world.last_on[path] = key

    def is_planned(self, place: str, mark: str) -> bool:
        """Whether a note or issue with this marker is planned already; if not, it is from now on."""
        if (place, mark) in self.engine.world.written:
            return True
        self.engine.world.written.add((place, mark))
        self._written.add((place, mark))
        return False

    def add(self, change: Change, because: str, item: Item | None = None, *, needs: tuple[str, ...] = ()) -> None:
        """Plan a change; what it makes of the resource is applied to the facts after this."""
        if item is not None and item not in self._before:
            self._before[item] = (dict(item.row), item.changed, item.is_gone, item.notes, item.made)
        rule = self.rule.shown_name or "a rule without a name"
        # The gem's mutations go out one after the other.
        path = "graphql" if self.engine.options.refetch and isinstance(change, SetWidget) else _path_of(change)
        after = self.engine.world.last_on.get(path)
        step = Step(
            change,
            f"rule {rule}: {because}",
            subject=item.name if item is not None else rule,
            needs=(*needs, *self._reasons(item)),
            after=(after,) if after else (),
            public=self._is_public(change, item),
            rule=rule,
        )
        self._waited_for.append((path, after))
        key = change.key
        self.engine.world.last_on[path] = key
        self.steps.append(step)
        self._own.add(key)
        if item is not None:
            item.made = (*item.made, (key, frozenset()))

    def _is_public(self, change: Change, item: Item | None) -> bool:
        """Whether everybody may read what the change says, so that a plan names it wherever it is printed."""
        if isinstance(change, MoveIssue) or (isinstance(change, AddNote) and change.internal):
            return False
        if isinstance(change, OpenIssue):
            return not dict(change.fields).get("confidential") and self.is_public(f"projects/{segment(change.project)}")
        if item is None or item.row.get("confidential") is True:
            return False
        return self.is_public(item.holder, item.kind)

    def _reasons(self, item: Item | None) -> list[str]:
        """The earlier changes without which the rule would not have chosen the resource, as far as can be known."""
        earlier = [made for made in item.made if made[0] not in self._own] if item is not None else []
        if not earlier:
            return []
        read = fields_read(self.rule, self.engine)
        return [key for key, fields in earlier if fields & read]

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

    def _now_text(self) -> str:
        return self.engine.options.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _is_own(self, row: Json) -> bool:
        return (row.get("author") or {}).get("username") in self.engine.options.bot_usernames


def _path_of(change: Change) -> str:
    if isinstance(change, OpenIssue):
        return f"open {change.project}"
    target = getattr(change, "target", None)
    return str((target.path or target.created_by) if target is not None else change.key)
