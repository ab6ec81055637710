"""GitLab's filters and orders for lists of issues, merge requests and epics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from bot.emulator.parameters import Params
from bot.emulator.refusals import grape_error
from bot.emulator.store import Store
from bot.emulator.tables import Issuable
from bot.emulator.web import Call

Test = Callable[[Issuable], bool]
Row = TypeVar("Row", bound=Issuable)


def _users(store: Store, names: list[str]) -> set[int]:
    return {store.usernames[name.lower()].id for name in names if name.lower() in store.usernames}


def _label_test(store: Store, names: list[str]) -> Test:
    if [name.lower() for name in names] == ["none"]:
        return lambda issuable: not issuable.label_ids
    if [name.lower() for name in names] == ["any"]:
        return lambda issuable: bool(issuable.label_ids)
    wanted = set(names)
    return lambda issuable: wanted <= {store.labels[each].name for each in issuable.label_ids if each in store.labels}


def _milestone_test(store: Store, title: str) -> Test:
    if title.lower() == "none":
        return lambda issuable: issuable.milestone_id is None
    if title.lower() == "any":
        return lambda issuable: issuable.milestone_id is not None
    ids = {milestone.id for milestone in store.milestones.values() if milestone.title == title}
    return lambda issuable: issuable.milestone_id in ids


def _milestone_wildcard(store: Store, word: str) -> Test:
    today = store.now().date()
    if word in ("None", "0"):
        return lambda issuable: issuable.milestone_id is None
    if word == "Any":
        return lambda issuable: issuable.milestone_id is not None
    active = [milestone for milestone in store.milestones.values() if milestone.state == "active"]
    if word == "Upcoming":
        later = [each for each in active if each.due_date and each.due_date > today]
        ids = {min(later, key=lambda each: each.due_date or today).id} if later else set()
    else:
        ids = {
            each.id
            for each in active
            if each.start_date and each.start_date <= today and (each.due_date is None or each.due_date >= today)
        }
    return lambda issuable: issuable.milestone_id in ids


def person_test(store: Store, params: Params, role: str, of: Callable[[Issuable], set[int]]) -> list[Test]:
    tests: list[Test] = []
    wanted = params.text(f"{role}_id")
    if wanted is not None:
        if wanted.lower() in ("none", "0", ""):
            tests.append(lambda issuable: not of(issuable))
        elif wanted.lower() == "any":
            tests.append(lambda issuable: bool(of(issuable)))
        elif not wanted.isdigit():
            raise grape_error(f"{role}_id is invalid")
        else:
            number = int(wanted)
            tests.append(lambda issuable: number in of(issuable))
    names = params.texts(f"{role}_username")
    if names:
        if role == "assignee" and store.tier == "free" and len(names) > 1:
            raise grape_error(f"assignee_username allows one value, but found {len(names)}: {', '.join(names)}")
        ids = _users(store, names)
        tests.append(
            lambda issuable: bool(ids) and ids <= of(issuable) if role == "assignee" else bool(ids & of(issuable))
        )
    return tests


def _tests(call: Call, params: Params) -> list[Test]:
    """The filters that hold and that can stand inside `not[...]` as well."""
    store = call.store
    tests: list[Test] = []
    labels = params.texts("labels")
    if labels:
        tests.append(_label_test(store, labels))
    milestone = params.text("milestone")
    wildcard = params.choice("milestone_id", ("Any", "None", "Upcoming", "Started", "0"))
    if milestone and wildcard:
        raise grape_error("milestone_id, milestone are mutually exclusive")
    if milestone:
        tests.append(_milestone_test(store, milestone))
    if wildcard:
        tests.append(_milestone_wildcard(store, wildcard))
    iids = params.integers("iids")
    if iids is not None:
        tests.append(lambda issuable: issuable.iid in iids)
    tests += person_test(store, params, "author", lambda issuable: {issuable.author_id})
    tests += person_test(store, params, "assignee", lambda issuable: set(issuable.assignee_ids))
    emoji = params.text("my_reaction_emoji")
    if emoji:
        me = call.user.id if call.user else 0
        tests.append(
            lambda issuable: any(
                award.user_id == me and emoji.lower() in ("any", award.name)
                for award in store.awards.get(issuable.key, [])
            )
        )
    weight = params.text("weight")
    if weight is not None and store.tier != "free":
        if weight.lower() in ("none", "any"):
            tests.append(lambda issuable: (getattr(issuable, "weight", None) is None) == (weight.lower() == "none"))
        else:
            tests.append(lambda issuable: str(getattr(issuable, "weight", None)) == weight)
    return tests


def _inverted(test: Test) -> Test:
    return lambda issuable: not test(issuable)


def filtered(call: Call, rows: list[Row], *extra: Test, states: tuple[str, ...] = ("opened", "closed")) -> list[Row]:
    """The rows for which the filters of the request and `extra` hold, in the order that it asks for."""
    params, store = call.params, call.store
    tests = [*_tests(call, params), *extra, *map(_inverted, _tests(call, params.nested("not")))]
    if "not" in params:
        # A list of labels in not[] excludes each of them, not only all of them together.
        unwanted_labels = set(params.nested("not").texts("labels") or [])
        tests.append(lambda issuable: not unwanted_labels & set(store.label_names(issuable)))
    state = params.choice("state", (*states, "all"), "all")
    if state != "all":
        tests.append(lambda issuable: issuable.state == state)
    search = params.text("search")
    if search:
        within = (params.text("in") or "title,description").split(",")
        words = search.lower().split()
        tests.append(
            lambda issuable: all(
                any(word in (getattr(issuable, field, None) or "").lower() for field in within) for word in words
            )
        )
    for attribute in ("created_at", "updated_at"):
        stem = attribute.removesuffix("_at")
        after, before = params.instant(f"{stem}_after"), params.instant(f"{stem}_before")
        if after:
            tests.append(lambda issuable, name=attribute, edge=after: getattr(issuable, name) >= edge)  # type: ignore[misc]
        if before:
            tests.append(lambda issuable, name=attribute, edge=before: getattr(issuable, name) <= edge)  # type: ignore[misc]
    if params.text("confidential") is not None:
        confidential = params.boolean("confidential")
        tests.append(lambda issuable: issuable.confidential is confidential)
    for test in tests:
        rows = list(filter(test, rows))
    return _sorted(call, rows)


def _sorted(call: Call, rows: list[Row]) -> list[Row]:
    orders = (
        "created_at",
        "updated_at",
        "priority",
        "due_date",
        "relative_position",
        "label_priority",
        "milestone_due",
        "popularity",
        "title",
        "weight",
        "merged_at",
        "closed_at",
    )
    order = call.params.choice("order_by", orders, "created_at") or "created_at"
    descending = call.params.choice("sort", ("asc", "desc"), "desc") == "desc"
    store = call.store
    far = dt.date.max if not descending else dt.date.min

    def votes(issuable: Issuable) -> int:
        return sum(1 for award in store.awards.get(issuable.key, []) if award.name == "thumbsup")

    keys: dict[str, Callable[[Issuable], Any]] = {
        "updated_at": attrgetter("updated_at", "id"),
        "due_date": lambda issuable: (issuable.due_date or far, issuable.id),
        "title": lambda issuable: (issuable.title.lower(), issuable.id),
        "popularity": lambda issuable: (votes(issuable), issuable.id),
        "weight": lambda issuable: (getattr(issuable, "weight", None) or 0, issuable.id),
        "relative_position": lambda issuable: issuable.id,
    }
    return sorted(rows, key=keys.get(order, attrgetter("created_at", "id")), reverse=descending)


def scoped(call: Call, rows: list[Row], default: str) -> list[Row]:
    """Those that the caller made or is assigned to, where `scope` asks for them."""
    scopes = ("created_by_me", "assigned_to_me", "created-by-me", "assigned-to-me", "all")
    scope = (call.params.choice("scope", scopes, default) or default).replace("-", "_")
    me = call.user.id if call.user else 0
    if scope == "created_by_me":
        return [issuable for issuable in rows if issuable.author_id == me]
    if scope == "assigned_to_me":
        return [issuable for issuable in rows if me in issuable.assignee_ids]
    return rows
