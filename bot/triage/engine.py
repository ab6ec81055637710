"""Runs policies: gathers, filters, limits, and decides what would be written. It writes nothing.

Rules run in the order of the file. What a rule does is applied to the facts in memory, so the next rule sees what it
would see in GitLab, and the plan of the whole run is known before the first write.
"""

from __future__ import annotations

import copy
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bot.domain.errors import GitLabError, GitLabUnreachable
from bot.triage import status_list
from bot.triage.acting import Acting
from bot.triage.conditions import Bound, Seen, can_run_on, conditions_of, is_known_to_gitlab_only, query
from bot.triage.facts import Item, holder_of
from bot.triage.language import BRANCHES
from bot.triage.reading import ExpressionApi, Known, Param, Reading, UnknownName
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF
from bot.triage.ruby.moments import NS, Moment
from bot.triage.rules import Policy, Rule, Summary, names_of
from bot.triage.runs import MOST_RESOURCES, MOST_STEPS, Failure, Json, Options, Result, RuleRun, Told, World
from bot.triage.slimming import Slimming
from bot.triage.texts import Clock
from bot.triage.work_items import WORK_ITEM_QUERY, issue_like


class Engine:
    """One run over one source.

    Args:
        reading: GitLab; nothing is written.
        world: shared with the runs over other sources of the same plan.
    """

    def __init__(
        self, reading: Reading, options: Options, told: Told | None = None, world: World | None = None
    ) -> None:
        self.reading, self.options, self.told = reading, options, told or Told()
        self.world = world or World(Known(reading))
        self.known = self.world.known
        self.api = ExpressionApi(self.known)
        delta = options.now - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        ns = (delta.days * 86400 + delta.seconds) * NS + delta.microseconds * 1000
        self.clock_now = Moment(ns, options.zone)
        self.clock = Clock(options.now, options.zone)
        self.items: dict[Any, Item] = {}
        self.lists: dict[Any, list[Item]] = {}
        self.result = Result()
        self.per_page = 100
        self.slimming = Slimming.everything()
        self._status_ids: dict[str, frozenset[int]] = {}
        self._discussions: dict[Any, dict[str, int]] = {}
        self._lock = threading.Lock()
        self.shared: dict[tuple[str, str], int] = {}
        self._machine = Machine(options.now, options.zone, None)
        self._machine.printed = self.result.printed

    def turn(self) -> int:
        """A number of its own for each change, so that two that are alike are two."""
        return next(self.world.turns)

    # -- the run -----------------------------------------------------------------------------------------------------

    def run(self, policies: list[Policy]) -> Result:
        """The plan of all policies, one after the other."""
        self.slimming = self.slimming_for(policies)
        for policy in policies:
            self.run_policy(policy)
        return self.result

    def slimming_for(self, policies: list[Policy]) -> Slimming:
        """What a package's conditions and actions read nobody knows: for them everything stays."""
        custom = {*self.options.extensions.conditions, *self.options.extensions.actions}
        rules = [rule for policy in policies for rule in policy.rules()]
        if any(custom & {*rule.conditions, *rule.actions} for rule in rules):
            return Slimming.everything()
        return Slimming.for_policies(policies)

    def run_policy(self, policy: Policy) -> None:
        self.told.policy(policy)
        self.per_page = policy.per_page
        self.shared = {} if self.options.refetch else self._sharing(policy)
        self.told.source(self.options.source)
        for each in policy.types:
            if each.kind == "epics" and self.options.source.kind != "groups":
                self.told.skipped(
                    "Epics can only be triaged at the group level; they are skipped. Set --source groups."
                )
                continue
            if not self._is_asked_for(each.kind):
                continue
            self.told.kind(each.kind)
            for summary in each.summaries:
                self._run_summary(summary)
            for rule in each.rules:
                self._run_rule(rule)

    def run_event(self, policies: list[Policy], kind: str, row: Json, event: str) -> Result:
        """One resource, by the rules whose answer the event can have changed; dates wait for the sweep.

        Args:
            event: GitLab's name of it: issue, merge_request, note; empty for any.
        """
        for policy in policies:
            self.slimming = Slimming.everything()
            item = self.item_of(kind, row)
            for each in policy.types:
                for rule in each.rules if each.kind == kind else ():
                    if can_run_on(rule, event):
                        self._run_rule_on(rule, item)
        return self.result

    def _run_rule_on(self, rule: Rule, item: Item) -> None:
        for expansion in rule.expansions:
            if item.is_gone or not all(each.holds(item) for each in self._list_conditions(rule, expansion)):
                continue
            kept = self._filtered(rule, expansion, [item])
            if kept:
                self._told_counts = RuleRun(rule, 1, 1, 1)
                self._act(rule, lambda acting, kept=kept: acting.act(kept))  # type: ignore[misc]
                return

    def _is_asked_for(self, kind: str) -> bool:
        reference = self.options.reference
        if reference is None:
            return True
        return kind in {"#": ("issues", "work_items"), "!": ("merge_requests",), "&": ("epics",)}.get(reference[:1], ())

    def _run_rule(self, rule: Rule) -> None:
        handled: set[Any] = set()
        self.told.rule(rule)
        for expansion in rule.expansions:
            items = self._gathered(rule, expansion, handled)
            if items is None:
                continue
            handled |= {item.key for item in items}
            self._act(rule, lambda acting, items=items: acting.act(items))  # type: ignore[misc]

    def _act(self, rule: Rule, decide: Callable[[Acting], None]) -> None:
        acting = Acting(self, rule)
        try:
            decide(acting)
            self.world.touched |= acting.touched
        except (UnknownName, RubyError, Refused, GitLabError) as error:
            self.fail(rule, error)
            acting.take_back()
            return
        finally:
            self.result.printed += acting.printed
        if len(self.result.steps) + len(acting.steps) > MOST_STEPS:
            self.fail(rule, RubyError("RangeError", f"the plan has more than {MOST_STEPS:,} changes; narrow the rule"))
            acting.take_back()
            return
        self._told_counts = replace(self._told_counts, steps=tuple(acting.steps), warnings=tuple(acting.warnings))
        self.result.steps += acting.steps
        self.result.runs.append(self._told_counts)
        self.told.rule_done(self._told_counts)

    def _run_summary(self, summary: Summary) -> None:
        self.told.summary(summary)
        gathered: list[tuple[Rule, list[Item]]] = []
        seen: set[Any] = set()
        for rule in summary.rules:
            same = repr((rule.name, rule.conditions, rule.limits, rule.actions, rule.type))
            if same in seen and not self.options.refetch:
                continue
            is_new = same not in seen
            seen.add(same)
            self.told.rule(rule)
            if rule.type == "custom":
                self.told.nothing_to_gather()
                gathered.append((rule, []))
                continue
            handled: set[Any] = set()
            for expansion in rule.expansions:
                items = self._gathered(rule, expansion, handled)
                if items is None:
                    continue
                self.result.runs.append(self._told_counts)
                self.told.rule_done(self._told_counts)
                handled |= {item.key for item in items}
                if is_new:
                    gathered.append((rule, items))
        self._told_counts = RuleRun(summary.own)
        self._act(summary.own, lambda acting: acting.summarize_summary(gathered))

    _told_counts: RuleRun

    def fail(self, rule: Rule, error: Exception, item: Item | None = None) -> None:
        code = 4 if isinstance(error, GitLabError) else 2
        sentence = getattr(error, "sentence", None)
        if sentence is None and code == 2:
            code, sentence = 1, f"an unexpected {type(error).__name__}; please report it"
        sentence = sentence or str(error)
        is_secret = item is not None and (self.options.keeps_secrets or item.row.get("confidential") is True)
        if isinstance(error, RubyError) and is_secret:
            # Ruby's words show the value, which may be the text of something confidential.
            sentence = f"{error.kind}; its words are not shown, since they may be the resource's"
        name = item.name if item is not None else ""
        failure = Failure(rule.shown_name or ".".join(map(str, rule.where)), sentence, code, name)
        if failure not in self.result.failures:
            self.result.failures.append(failure)

    # -- gathering ---------------------------------------------------------------------------------------------------

    def _gathered(self, rule: Rule, expansion: tuple[str, ...] | None, handled: set[Any]) -> list[Item] | None:
        """The resources that a rule acts on, in the order in which it does; None where the list could not be read."""
        try:
            candidates = list(self._candidates(rule, expansion))
        except (GitLabError, RubyError, Refused, status_list.SourceHasNoPath) as error:
            self.fail(rule, error)
            return None
        found = [item for item in candidates if not item.is_gone]
        if rule.kind == "issues":
            # The statuses were asked for before the list, which they cut.
            cuts = [each for each in conditions_of(rule, expansion, self) if each.key == "work_item_status"]
            found = [item for item in found if all(each.holds(item) for each in cuts)]
        kept = self._filtered(rule, expansion, found)
        try:
            limited = [item for item in self._limited(rule, kept) if item.key not in handled]
        except RubyError as error:
            self.fail(rule, error)
            return None
        for item in limited:
            title = item.row.get("title")
            if isinstance(title, str) and ("\n" in title or "\r" in title):
                item.row["title"] = title.replace("\r", " ").replace("\n", " ")
        self._told_counts = RuleRun(rule, len(found), len(kept), len(limited))
        return limited

    def _sharing(self, policy: Policy) -> dict[tuple[str, str], int]:
        """How many lists of rules there would be for each type and state."""
        counts: dict[tuple[str, str], int] = {}
        for rule in policy.rules():
            if rule.type == "custom" or not self._can_share(rule):
                continue
            key = (rule.kind, str(rule.conditions.get("state") or ""))
            counts[key] = counts.get(key, 0) + len(rule.expansions)
        return counts

    def _can_share(self, rule: Rule) -> bool:
        if rule.kind in ("work_items", "branches") or self.options.reference is not None:
            return False
        return not is_known_to_gitlab_only(rule)

    def _candidates(self, rule: Rule, expansion: tuple[str, ...] | None) -> Iterator[Item]:
        if names_of(rule.conditions.get("work_item_status")) and rule.kind == "issues":
            for name in names_of(rule.conditions["work_item_status"]):
                self.status_ids(name)
        state = str(rule.conditions.get("state") or "")
        shares = self._can_share(rule) and self.shared.get((rule.kind, state), 0) > 1
        if shares:
            params = [("state", state)] if state else []
            checks = self._list_conditions(rule, expansion)
            unchanged = [each for each in checks if each.key != "state"]
            items = self._list(rule, params, is_kept=True)
            for item in items:
                for each in checks if item.changed else unchanged:
                    if not each.holds(item):
                        break
                else:
                    yield item
            yield from self._brought_in(rule, checks, lambda: {item.key for item in items})
            return
        listed = self._list_conditions(rule, expansion)
        seen: set[Any] = set()
        for item in self._own_list(rule, expansion, query(rule, expansion, self.clock_now)):
            # GitLab has answered what no change of this run has touched.
            if not item.is_changed or all(each.holds(item) for each in listed if each.is_touched_by(item.changed)):
                seen.add(item.key)
                yield item
        yield from self._brought_in(rule, listed, lambda: seen)

    def _brought_in(self, rule: Rule, listed: list[Bound], keys: Callable[[], set[Any]]) -> Iterator[Item]:
        """What the run itself has changed so that it belongs to the list now, though GitLab did not list it.

        Args: keys: of what is listed; only asked for where something may belong to it.
        """
        changed = [each for each in self.world.touched if each.changed and each.kind == rule.kind]
        able = [each for each in changed if each.key in self.items and self._may_belong_now(rule, listed, each)]
        seen = keys() if able else set()
        new = [each for each in able if each.key not in seen]
        order = {key: number for number, key in enumerate(self.items)} if len(new) > 1 else {}
        yield from sorted(new, key=lambda each: order.get(each.key, 0))

    def _own_list(self, rule: Rule, expansion: tuple[str, ...] | None, params: list[Param]) -> list[Item]:
        """The rule's own list; where GitLab fails on its date filter, the dates are compared here."""
        try:
            return self._list(rule, params, is_kept=not self.options.refetch)
        except GitLabUnreachable as unreachable:
            without = [each for each in params if not each[0].endswith(("_before", "_after"))]
            if without == params or unreachable.cause != "status 500":
                raise
        items = self._list(rule, without, is_kept=not self.options.refetch)
        dates = [each for each in self._list_conditions(rule, expansion) if each.key == "date"]
        return [item for item in items if all(each.holds(item) for each in dates)]

    @staticmethod
    def _may_belong_now(rule: Rule, listed: list[Bound], item: Item) -> bool:
        """Whether a change of this run has brought the resource into the rule's list."""
        date = rule.conditions.get("date")
        renewed_only = item.changed == {"updated_at", "user_notes_count"}
        if renewed_only and not (isinstance(date, dict) and date.get("attribute") == "updated_at"):
            return False
        return any(each.is_touched_by(item.changed) for each in listed) and all(each.holds(item) for each in listed)

    def _list_conditions(self, rule: Rule, expansion: tuple[str, ...] | None) -> list[Bound]:
        """The conditions that GitLab's list filters by."""
        return [each for each in conditions_of(rule, expansion, self) if each.is_listed]

    def _list(self, rule: Rule, params: list[Param], *, is_kept: bool) -> list[Item]:
        path, params = self._list_path(rule, params)
        question = (path, tuple(params), self.per_page)
        if is_kept and question in self.lists:
            return self.lists[question]
        items: list[Item] = []
        seen: set[Any] = set()
        if rule.kind == "epics" and self.options.reference is not None:
            one = self.reading.get(path, [("per_page", str(self.per_page)), *params])
            pages: Iterator[list[Json]] = iter([[one]] if isinstance(one, dict) else [])
        else:
            pages = self.reading.pages(path, params, per_page=self.per_page, follows_links=not self.options.refetch)
        for page in pages:
            self.world.stopwatch.check()
            for row in page:
                item = self.item_of(rule.kind, row)
                if item.key in seen:
                    continue  # a list that changes while its pages are read shows some twice
                seen.add(item.key)
                items.append(item)
            if len(items) > MOST_RESOURCES:
                raise RubyError("RangeError", f"the list has more than {MOST_RESOURCES:,} resources; narrow the rule")
        if is_kept:
            self.lists[question] = items
        return items

    def _list_path(self, rule: Rule, params: list[Param]) -> tuple[str, list[Param]]:
        source = self.options.source
        name = {"branches": "repository/branches", "work_items": "-/work_items"}.get(rule.kind, rule.kind)
        path = f"{source.path}/{name}" if source.path else name
        reference = self.options.reference
        if rule.kind == "work_items":
            extra = [*WORK_ITEM_QUERY] + ([("include_descendants", "true")] if source.kind == "groups" else [])
            if reference is not None:
                extra.append(("iids", reference[1:]))
            return path, extra + params
        if reference is not None:
            if rule.kind == "epics":
                path = f"{path}/{reference[1:]}"
            params = [("iids", reference[1:]), *params]
        if source.kind == "all":
            params = [*params, ("scope", "all")]
        return path, params

    def item_of(self, kind: str, row: Json) -> Item:
        if kind == "work_items":
            row = issue_like(row, self.known)
        row["type"] = kind
        source = self.options.source
        item = Item(kind, holder_of(kind, row, source.path or "projects/"), self.slimming.slim(row))
        if kind == "branches" and row.get("project_id") is None and source.kind == "projects" and source.id.isdigit():
            item.row["project_id"] = int(source.id)
        known = self.world.items.setdefault(item.key, item)
        if not known.is_changed:
            known.row = item.row
        self.items[known.key] = known
        return known

    # -- filtering ---------------------------------------------------------------------------------------------------

    def _filtered(self, rule: Rule, expansion: tuple[str, ...] | None, items: list[Item]) -> list[Item]:
        here = [each for each in conditions_of(rule, expansion, self) if each.is_checked_here]
        cheap = [each for each in here if not each.asks_gitlab]
        keeps_unprotected = rule.kind == BRANCHES[0] and rule.conditions.get("protected") is None
        left = [item for item in items if not (keeps_unprotected and item.row.get("protected"))]
        for item in left:
            item.altered = None

        def holds_cheaply(item: Item) -> bool:
            # Every one is answered, so that a mistake in one shows on each resource that it meets.
            answers = [each.holds(item) for each in cheap]
            return all(answers)

        try:
            left = self._for_which(rule, left, holds_cheaply)
            for asking in sorted((each for each in here if each.asks_gitlab), key=lambda each: each.place):
                asking.fetch(left)
                left = self._for_which(rule, left, asking.holds)
        except (GitLabError, RubyError) as error:
            self.fail(rule, error)
            return []
        return left

    def _for_which(self, rule: Rule, items: list[Item], holds: Callable[[Item], bool]) -> list[Item]:
        """Those for which it holds; where it fails on a resource, that is told, and the others go on."""
        kept = []
        for item in items:
            self.world.stopwatch.check()
            try:
                if holds(item):
                    kept.append(item)
            except GitLabError:
                raise
            except Exception as error:  # a mistake of ours that one resource shows must not stop the others, either
                self.fail(rule, error, item)
        return kept

    def _limited(self, rule: Rule, items: list[Item]) -> list[Item]:
        limits = rule.limits
        if not {"most_recent", "oldest"} & set(limits):
            return items[: limits["per_run"]] if "per_run" in limits else items
        dated = [item for item in items if item.row.get("created_at") is not None]
        if dated and len(dated) < len(items):
            raise RubyError("ArgumentError", "comparison of String with nil failed")
        if dated:
            items = sorted(items, key=lambda item: str(item.row["created_at"]))
        if "most_recent" in limits:
            items = items[::-1][: limits["most_recent"]]
        if "oldest" in limits:
            items = items[: limits["oldest"]]
        return items[: limits["per_run"]] if "per_run" in limits else items

    def explained(self, rule: Rule, expansion: tuple[str, ...] | None, item: Item) -> list[Seen | Failure]:
        """The answer of every condition for one resource, in the order of the file."""
        result: list[Seen | Failure] = []
        printed = len(self.result.printed)
        for each in conditions_of(rule, expansion, self):
            try:
                result.append(each.seen(item))
            except (RubyError, Refused, GitLabError) as error:
                sentence = getattr(error, "sentence", None) or str(error)
                result.append(Failure(each.key, sentence, 4 if isinstance(error, GitLabError) else 2, item.name))
        del self.result.printed[printed:]
        if rule.kind == "branches" and rule.conditions.get("protected") is None and item.row.get("protected"):
            result.append(Seen("protected", False, "a branch that is not protected", "a protected one"))
        return result

    # -- facts -------------------------------------------------------------------------------------------------------

    def machine(self, item: Item, *, changes_values: bool = False) -> Machine:
        """The machine of the run, fresh for this resource; for itself where the expression may change values."""
        row = item.row
        if changes_values:
            # What an expression changes is seen by the texts of its own rule, as in the gem, and by nothing else.
            row = item.altered = copy.deepcopy(item.row)
        self._machine.myself = CLASS_OF[item.kind](row, item.kind, self.api)
        # What an expression prints goes into the log, which more people read than a confidential resource.
        is_secret = self.options.keeps_secrets and row.get("confidential") is True
        self._machine.printed = [] if is_secret else self.result.printed
        self._machine.begin()
        return self._machine

    def side_by_side(self, calls: list[Callable[[], Any]]) -> None:
        """Asks for facts that will be needed; each is known then, and what failed is told to who needs it."""
        self.reading.side_by_side(calls)

    def members(self, source: str, source_id: str, inherited: bool) -> frozenset[str]:
        return self.known.members(source, source_id, inherited)

    def status_ids(self, name: str) -> frozenset[int]:
        if name not in self._status_ids:
            self._status_ids[name] = status_list.ids_with_status(self.known, self.options.source, name)
        return self._status_ids[name]

    def discussions(self, item: Item) -> dict[str, int]:
        if item.key not in self._discussions:
            status_list.load_counts(self.known, self.options.source, self.items, item, self._discussions)
        return {name: count + item.notes for name, count in self._discussions.get(item.key, {}).items()}

    def last_human_activity(self, item: Item) -> str | None:
        """The latest note of a person, or the creation; system notes of people count, the bot's own do not."""
        latest = str(item.row.get("created_at"))
        if item.kind == "branches":
            return latest
        path = f"{item.notes_path}/notes"
        newest: str = self.known.once(("human", path), lambda: self._newest_human_note(path))
        return max(latest, newest)

    def _newest_human_note(self, path: str) -> str:
        """When it was written; pages are read until one is found. Empty where there is none."""
        newest_first = [("sort", "desc"), ("order_by", "created_at")]
        for page in self.reading.pages(path, newest_first, per_page=50, follows_links=True):
            for row in page:
                author = row.get("author") or {}
                if author.get("username") not in self.options.bot_usernames and not author.get("bot"):
                    return str(row.get("created_at"))
        return ""
