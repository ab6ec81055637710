"""What a rule asks of a resource: sent with the list where GitLab can filter, and answered here for what is at hand.

Each condition answers with what it wanted, what it saw and a sentence, so that a person can be told why.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from bot.triage.facts import Item
from bot.triage.instants import SENT, Boundary, boundary, compare_as_server, compare_here, value_of
from bot.triage.policy import Rule, names_of
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF, Api
from bot.triage.ruby.moments import Moment
from bot.triage.ruby.values import inspect, truthy

if TYPE_CHECKING:
    from bot.triage.engine import Options

Param = tuple[str, str]
MILESTONE_WORDS = ("none", "any", "upcoming", "started")


@dataclass(frozen=True)
class Seen:
    """The answer of a condition.

    Args:
        reason: what of it decides; while it stays the same, the reason of a note lasts.
    """

    condition: str
    holds: bool
    wanted: str
    saw: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        verb = "holds" if self.holds else "does not hold"
        return f"{self.condition} {verb}: wanted {self.wanted}, saw {self.saw}."


# What filtering needs of an answer; the words are made only for people.
HOLDS, FAILS = Seen("", True, "", ""), Seen("", False, "", "")


class Facts(Protocol):
    """What conditions may ask for beyond the row; everything is asked for once."""

    @property
    def is_explaining(self) -> bool: ...
    @property
    def options(self) -> Options: ...
    @property
    def clock_now(self) -> Moment: ...

    def machine(self, item: Item) -> Machine: ...
    def members(self, source: str, source_id: str, inherited: bool) -> frozenset[str]: ...
    def discussions(self, item: Item) -> dict[str, int]: ...
    def status_ids(self, name: str) -> frozenset[int]: ...
    def last_human_activity(self, item: Item) -> str | None: ...


# -- sent with the list ----------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """As the gem writes a value into a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return _ruby_text(value)
    return str(value)


def _ruby_text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_ruby_text(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_ruby_text(key)}=>{_ruby_text(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def first_of(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def is_sent(value: Any) -> bool:
    return value is not None and value is not False and value != ""


@functools.lru_cache(256)
def boundary_of(interval_type: str, interval: int | float, now: Moment) -> Boundary:
    """The same boundary for every resource of a run."""
    return boundary(interval_type, interval, now)


def date_boundary(rule: Rule, now: Moment) -> Boundary | None:
    date = rule.conditions.get("date")
    return boundary(date["interval_type"], date["interval"], now) if isinstance(date, dict) else None


def is_date_sent(rule: Rule) -> bool:
    date = rule.conditions.get("date")
    if not isinstance(date, dict) or date.get("attribute") not in SENT or rule.kind == "branches":
        return False
    if date.get("last_activity_by") == "human":
        return False
    return rule.kind == "work_items" or date.get("filter_in_ruby") is not True


def query(rule: Rule, labels: tuple[str, ...] | None, now: Moment) -> list[Param]:
    """The parameters of the rule's own list, in the gem's order, without paging."""
    if rule.kind == "work_items":
        return _work_items_query(rule, labels, now)
    conditions, params = rule.conditions, list[Param]()
    if is_sent(conditions.get("author_username")):
        params.append(("author_username", text(conditions["author_username"])))
    if labels:
        params.append(("labels", ",".join(labels)))
    forbidden = [name.strip() for name in names_of(conditions.get("forbidden_labels"))]
    if forbidden:
        params.append(("not[labels]", ",".join(forbidden)))
    if is_sent(conditions.get("state")):
        params.append(("state", text(conditions["state"])))
    milestone = first_of(conditions.get("milestone"))
    if is_sent(milestone):
        word = str(milestone).lower()
        if rule.kind == "issues" and word in MILESTONE_WORDS:
            params.append(("milestone_id", word.capitalize()))
        else:
            params.append(("milestone", text(milestone)))
    params += _date_query(rule, now)
    for key, name in _OWN.get(rule.kind, ()):
        if key == "draft":
            if key in conditions:
                params.append(("wip", "yes" if conditions[key] else "no"))
        elif key == "iteration":
            if is_sent(conditions.get(key)):
                word = str(conditions[key])
                wild = word.lower() in ("none", "any")
                params.append(("iteration_id", word.capitalize()) if wild else ("iteration_title", word))
        elif is_sent(conditions.get(key)):
            params.append((name, text(conditions[key])))
    return params


_OWN: dict[str, tuple[tuple[str, str], ...]] = {
    "issues": (
        ("weight", "weight"),
        ("iteration", ""),
        ("health_status", "health_status"),
        ("issue_type", "issue_type"),
    ),
    "merge_requests": (
        ("source_branch", "source_branch"),
        ("target_branch", "target_branch"),
        ("reviewer_id", "reviewer_id"),
        ("draft", ""),
    ),
    "branches": (("name", "search"),),
}


def _date_query(rule: Rule, now: Moment) -> list[Param]:
    edge = date_boundary(rule, now)
    if edge is None or not is_date_sent(rule):
        return []
    date = rule.conditions["date"]
    way = "before" if date["condition"] == "older_than" else "after"
    if rule.kind == "work_items":
        from bot.triage.instants import iso

        return [(f"{SENT[date['attribute']]}_{way}", iso(edge.instant))]
    return [(f"{SENT[date['attribute']]}_{way}", edge.text)]


def _work_items_query(rule: Rule, labels: tuple[str, ...] | None, now: Moment) -> list[Param]:
    conditions, params = rule.conditions, list[Param]()
    if names_of(conditions.get("type")):
        params.append(("work_item_type_names", ",".join(names_of(conditions["type"]))))
    if is_sent(conditions.get("state")):
        params.append(("state", text(conditions["state"])))
    if labels:
        params.append(("label_name", ",".join(labels)))
    if names_of(conditions.get("forbidden_labels")):
        params.append(("not[label_name]", ",".join(names_of(conditions["forbidden_labels"]))))
    if names_of(conditions.get("assignees")):
        params.append(("assignee_usernames", ",".join(names_of(conditions["assignees"]))))
    if is_sent(conditions.get("status")):
        params.append(("status[name]", text(conditions["status"])))
    milestone = first_of(conditions.get("milestone"))
    if is_sent(milestone):
        word = str(milestone).lower()
        wild = word in MILESTONE_WORDS
        params.append(("milestone_wildcard_id", word.capitalize()) if wild else ("milestone_title", str(milestone)))
    return params + _date_query(rule, now)


# -- answered here ---------------------------------------------------------------------------------------------------

Check = Callable[[Rule, Any, Item, Facts, "tuple[str, ...] | None"], Seen]


def _names(values: Any) -> str:
    shown = ", ".join(map(str, values))
    return shown or "none"


def _labels(rule: Rule, value: Any, item: Item, facts: Facts, expansion: tuple[str, ...] | None) -> Seen:
    wanted = list(expansion) if expansion is not None else names_of(value)
    has = item.labels
    if any(name.lower() == "none" for name in wanted):
        holds = not has
    elif any(name.lower() == "any" for name in wanted):
        holds = bool(has)
    else:
        holds = all(name in has for name in wanted)
    if not facts.is_explaining:
        return HOLDS if holds else FAILS
    return Seen("labels", holds, _names(wanted), _names(has), ",".join(sorted(wanted)))


def _forbidden_labels(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    wanted = [name.strip() for name in names_of(value)]
    has = set(item.labels)
    if any(name.lower() == "none" for name in wanted):
        holds = bool(has)
    elif any(name.lower() == "any" for name in wanted):
        holds = not has
    else:
        holds = not has & set(wanted)
    if not facts.is_explaining:
        return HOLDS if holds else FAILS
    return Seen("forbidden_labels", holds, f"none of {_names(wanted)}", _names(item.labels))


def _labels_any(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    wanted = names_of(value)
    found = [name for name in wanted if name in item.labels]
    return Seen("labels_any", bool(found), f"one of {_names(wanted)}", _names(item.labels), ",".join(sorted(found)))


def _forbidden_labels_any(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    wanted = names_of(value)
    missing = [name for name in wanted if name not in item.labels]
    return Seen("forbidden_labels_any", bool(missing), f"one of {_names(wanted)} missing", _names(item.labels))


def _no_additional_labels(rule: Rule, value: Any, item: Item, facts: Facts, expansion: tuple[str, ...] | None) -> Seen:
    allowed = set(expansion if expansion is not None else names_of(rule.conditions.get("labels")))
    extra = [label for label in item.labels if label not in allowed]
    holds = value is False or not extra
    return Seen("no_additional_labels", holds, f"no label but {_names(sorted(allowed))}", _names(item.labels))


def _state(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    saw = str(item.row.get("state"))
    if not facts.is_explaining:
        return HOLDS if saw == str(value) else FAILS
    return Seen("state", saw == str(value), str(value), saw, str(value))


def _milestone(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    wanted = first_of(value)
    found = item.row.get("milestone")
    title = found.get("title") if isinstance(found, dict) else None
    word = str(wanted).lower()
    if word == "none":
        holds = title is None
    elif word == "any":
        holds = title is not None
    elif word in ("upcoming", "started"):
        holds = _is_in_time(found, word, facts.clock_now) if isinstance(found, dict) else False
    else:
        holds = title is not None and str(title).lower() == word
    return Seen("milestone", holds, str(wanted), str(title or "none"), str(wanted))


def _is_in_time(milestone: dict[str, Any], word: str, now: Moment) -> bool:
    start, due, today = milestone.get("start_date"), milestone.get("due_date"), now.date.isoformat()
    if milestone.get("state") != "active":
        return False
    if word == "started":
        return (
            (start is None or start <= today) and (due is None or due >= today) and not (start is None and due is None)
        )
    return (start is not None and start > today) or (start is None and due is not None and due > today)


def _author(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    author = item.row.get("author")
    saw = str(author.get("username")) if isinstance(author, dict) else "nobody"
    return Seen("author_username", saw.lower() == str(value).lower(), str(value), saw, str(value))


def _date(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    edge = boundary_of(value["interval_type"], value["interval"], facts.clock_now)
    given = value_of(item.row, value["attribute"])
    if value.get("last_activity_by") == "human":
        given = facts.last_human_activity(item)
    in_query = value["attribute"] in SENT and value.get("filter_in_ruby") is not True and rule.kind != "branches"
    if in_query and value.get("last_activity_by") != "human":
        holds = compare_as_server(given, value["condition"], edge, facts.clock_now)
    else:
        holds = given is not None and compare_here(given, value["condition"], edge)
    if not facts.is_explaining:
        return HOLDS if holds else FAILS
    way = "before" if value["condition"] == "older_than" else "after"
    who = " (last activity of a person)" if value.get("last_activity_by") == "human" else ""
    return Seen(
        "date", holds, f"{value['attribute']} {way} {edge.text}{who}", str(given), f"{value['attribute']}={given}"
    )


def _counted(name: str, of: Callable[[Item, Facts, str], Any]) -> Check:
    def check(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
        count, limit = of(item, facts, value["attribute"]), value["threshold"]
        if count is None:
            raise RubyError("NoMethodError", f"the resource has no {value['attribute']}")
        holds = count < limit if value["condition"] == "less_than" else count > limit
        way = "less than" if value["condition"] == "less_than" else "more than"
        return Seen(name, holds, f"{way} {limit} {value['attribute']}", str(count))

    return check


def _member(name: str) -> Check:
    field = name.removesuffix("_member")

    def check(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
        person = item.row.get(field)
        username = person.get("username") if isinstance(person, dict) else None
        wanted = f"{value['condition']} of the {value['source']} {value['source_id']}"
        if username is None:
            return Seen(name, False, wanted, "nobody")
        members = facts.members(value["source"], str(value["source_id"]), value.get("inherited") is True)
        inside = username in members
        holds = inside == (value["condition"] == "member_of")
        return Seen(name, holds, wanted, f"{username}, who is {'a' if inside else 'no'} member", username)

    return check


def _protected(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    saw = item.row.get("protected")
    return Seen("protected", saw is value, text(value), text(saw) if saw is not None else "nothing")


def _work_item_status(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    names = names_of(value)
    if rule.kind == "work_items":
        saw = item.row.get("work_item_status")
        holds = saw is not None and str(saw).lower() in [name.lower() for name in names]
        return Seen("work_item_status", holds, _names(names), str(saw))
    holds = any(item.row.get("id") in facts.status_ids(name) for name in names)
    return Seen("work_item_status", holds, _names(names), "it" if holds else "another")


def _ruby(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any, path: tuple[str | int, ...] = ()) -> Seen:
    if isinstance(value, bool):
        return Seen("ruby", value, "true", text(value))
    program = rule.programs[path or ("conditions", "ruby")]
    vm = facts.machine(item)
    result = program.run(vm)
    if not facts.is_explaining:
        return HOLDS if truthy(result) else FAILS
    try:
        saw = inspect(result)
    except (Refused, RubyError):
        saw = "a value"
    return Seen("ruby", truthy(result), "something true", saw if len(saw) < 200 else saw[:197] + "...")


def _title(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any, path: tuple[str | int, ...] = ()) -> Seen:
    title = str(item.row.get("title") or item.row.get("name") or "")
    if len(value) > 2 and value.startswith("/") and value.endswith("/"):
        vm = facts.machine(item)
        holds = truthy(rule.programs[path or ("conditions", "title")].run(vm))
    else:
        holds = value.lower() in title.lower()
    return Seen("title", holds, value, title)


def _equal(name: str, of: Callable[[Item], Any]) -> Check:
    def check(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
        saw = of(item)
        word = str(value).lower()
        if name != "draft" and word in ("none", "any"):
            holds = (saw is None or saw == []) == (word == "none")
        elif isinstance(saw, list):
            holds = any(str(each).lower() == word for each in saw)
        else:
            holds = text(saw).lower() == text(value).lower()
        return Seen(name, holds, text(value), text(saw) if saw is not None else "none", text(value))

    return check


def _titled(name: str) -> Callable[[Item], Any]:
    def read(item: Item) -> Any:
        found = item.row.get(name)
        return found.get("title") if isinstance(found, dict) else found

    return read


def _branch_name(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
    name = str(item.row.get("name"))
    wanted = str(value)
    pattern = re.escape(wanted.removeprefix("^").removesuffix("$")).replace(r"\*", ".*")
    pattern = ("^" if wanted.startswith("^") else "") + pattern + ("$" if wanted.endswith("$") else "")
    return Seen("name", re.search(pattern, name, re.IGNORECASE) is not None, wanted, name)


def _people(name: str) -> Check:
    def check(rule: Rule, value: Any, item: Item, facts: Facts, expansion: Any) -> Seen:
        has = [each.get("username") for each in item.row.get(name) or [] if isinstance(each, dict)]
        wanted = names_of(value)
        return Seen(name, set(wanted) <= set(has), _names(wanted), _names(has), ",".join(sorted(wanted)))

    return check


def _group(
    rule: Rule, name: str, value: Any, item: Item, facts: Facts, expansion: Any, path: tuple[str | int, ...]
) -> Seen:
    """any_of and none_of: each map is a group, all conditions of which hold together."""
    held = []
    for index, group in enumerate(value):
        answers = [answer(rule, key, each, item, facts, None, (*path, index, key)) for key, each in group.items()]
        if all(each.holds for each in answers):
            held.append(index + 1)
    holds = bool(held) if name == "any_of" else not held
    saw = f"group {', '.join(map(str, held))} holds" if held else "no group holds"
    return Seen(name, holds, "one group" if name == "any_of" else "no group", saw, ",".join(map(str, held)))


def _notes(item: Item, facts: Facts, attribute: str) -> Any:
    return facts.discussions(item).get(attribute, 0)


CHECKS: dict[str, Check] = {
    "labels": _labels,
    "forbidden_labels": _forbidden_labels,
    "labels_any": _labels_any,
    "forbidden_labels_any": _forbidden_labels_any,
    "no_additional_labels": _no_additional_labels,
    "state": _state,
    "milestone": _milestone,
    "author_username": _author,
    "date": _date,
    "votes": _counted("votes", lambda item, facts, attribute: item.row.get(attribute)),
    "upvotes": _counted("upvotes", lambda item, facts, attribute: item.row.get(attribute)),
    "discussions": _counted("discussions", _notes),
    "author_member": _member("author_member"),
    "assignee_member": _member("assignee_member"),
    "weight": _equal("weight", lambda item: item.row.get("weight")),
    "iteration": _equal("iteration", _titled("iteration")),
    "health_status": _equal("health_status", lambda item: item.row.get("health_status")),
    "issue_type": _equal("issue_type", lambda item: item.row.get("issue_type")),
    "source_branch": _equal("source_branch", lambda item: item.row.get("source_branch")),
    "target_branch": _equal("target_branch", lambda item: item.row.get("target_branch")),
    "reviewer_id": _equal("reviewer_id", lambda item: [each.get("id") for each in item.row.get("reviewers") or []]),
    "draft": _equal("draft", lambda item: item.row.get("draft")),
    "name": _branch_name,
    "protected": _protected,
    "work_item_status": _work_item_status,
    "type": _equal("type", lambda item: item.row.get("work_item_type")),
    "status": _equal("status", lambda item: item.row.get("work_item_status")),
    "assignees": _people("assignees"),
}


def _custom(name: str, value: Any, item: Item, facts: Facts) -> Seen:
    """A condition of an installed package; what it raises is a failure of this resource."""
    condition = facts.options.extensions.conditions[name]
    try:
        holds = condition(MappingProxyType(item.row), value, facts.options.now)
    except Exception as error:  # somebody else's code
        raise RubyError(type(error).__name__, f"the condition {name} failed with {type(error).__name__}") from error
    return Seen(name, bool(holds), text(value), "a resource for which it holds" if holds else "another")


# Always answered here: the list cannot be asked for them.
CLIENT = (
    "date",
    "protected",
    "assignee_member",
    "author_member",
    "discussions",
    "no_additional_labels",
    "ruby",
    "votes",
    "upvotes",
    "work_item_status",
    "labels_any",
    "forbidden_labels_any",
    "title",
    "any_of",
    "none_of",
)
# Answered after the others, since they cost requests.
COSTLY = ("assignee_member", "author_member", "discussions")
# Which fields of a resource decide a condition of the list; a change of others cannot matter to it.
FIELDS: dict[str, tuple[str, ...]] = {
    "labels": ("labels",),
    "forbidden_labels": ("labels",),
    "state": ("state",),
    "milestone": ("milestone",),
    "weight": ("weight",),
    "health_status": ("health_status",),
    "date": ("updated_at",),
    "draft": ("title",),
    "reviewer_id": ("reviewers",),
    "assignees": ("assignees",),
}

# What the list cannot tell, or only GitLab can: such a rule keeps its own query.
ONLY_SERVER = ("iteration",)


# Which events can change a condition's answer. Votes and memberships have no event here; dates change by themselves.
NOTES = ("discussions",)
NEVER = ("date", "votes", "upvotes", "author_member", "assignee_member", "work_item_status")


def events_of(key: str) -> tuple[str, ...]:
    """GitLab's names of the events that can change the condition's answer; none for what only a sweep can see."""
    if key in NEVER:
        return ()
    if key in NOTES:
        return ("note",)
    return ("issue", "merge_request", "note") if key == "ruby" else ("issue", "merge_request")


def can_run_on(rule: Rule, event: str) -> bool:
    """Whether the rule is run for one resource, on an event (any, where it is empty)."""
    conditions = rule.conditions
    waits = {"date"} & set(conditions) or set(ONLY_SERVER) & set(conditions)
    milestone = str(first_of(conditions.get("milestone"))).lower()
    if (
        not rule.real_time
        or waits
        or rule.limits
        or "summarize" in rule.actions
        or milestone in ("upcoming", "started")
    ):
        return False
    nested = [key for group in ("any_of", "none_of") for each in conditions.get(group) or [] for key in each]
    if "date" in nested:
        return False
    return not event or not conditions or any(event in events_of(key) for key in (*conditions, *nested))


def answer(
    rule: Rule,
    key: str,
    value: Any,
    item: Item,
    facts: Facts,
    expansion: tuple[str, ...] | None,
    path: tuple[str | int, ...] | None = None,
) -> Seen:
    """Whether one condition holds. Raises RubyError and Refused."""
    at = path or ("conditions", key)
    if key in ("any_of", "none_of"):
        return _group(rule, key, value, item, facts, expansion, at)
    if key == "ruby":
        return _ruby(rule, value, item, facts, expansion, at)
    if key == "title":
        return _title(rule, value, item, facts, expansion, at)
    if key in facts.options.extensions.conditions:
        return _custom(key, value, item, facts)
    if value is None and key not in ("draft",):
        return Seen(key, True, "nothing", "nothing")
    if value is False and key not in ("draft", "protected", "no_additional_labels"):
        return Seen(key, True, "nothing", "nothing")
    return CHECKS[key](rule, value, item, facts, expansion)


def is_answered_here(rule: Rule, key: str) -> bool:
    """Whether this condition is checked on what its own list has given."""
    if key == "date":
        date = rule.conditions["date"]
        return not is_date_sent(rule) or date.get("filter_in_ruby") is True
    return key in CLIENT


def resource_of(item: Item, api: Api) -> Any:
    return CLASS_OF[item.kind](item.row, item.kind, api)
