"""What a note of the run changes: the counts, the clock, and what its quick actions do to the resource.

Source: GitLab 19, doc/user/project/quick_actions. A quick action that only GitLab can interpret changes nothing here.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from bot.domain.errors import GitLabError
from bot.triage.facts import Item, apply_state, mark_changed, touch, with_labels
from bot.triage.reading import Known, UnknownName

Json = dict[str, Any]
_QUICK_ACTION = re.compile(r"^/(\w+)([^\n]*)", re.MULTILINE)
# Within code and quotes GitLab executes nothing.
_QUOTED = re.compile(
    r"^ {0,3}(```+|~~~+)[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)|^>>>[^\n]*\n.*?(?:^>>>[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_LABEL = re.compile(r'~?"([^"]+)"|~?([^\s~"]+)')
_USERNAME = re.compile(r"@?([\w.-]+)")
_DRAFT = re.compile(r"\A\s*(?:\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE)
_COUNTS = {"issues": ("user_notes_count",), "merge_requests": ("user_notes_count",)}


def apply_note(item: Item, given: str, now: dt.datetime, known: Known) -> None:
    """Change the facts as GitLab changes the resource when this note is written."""
    now_text = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    body = _QUOTED.sub("", given)
    says_something = _QUICK_ACTION.sub("", body).strip() or body != given
    if says_something:
        item.notes += 1
        for name in ("user_notes_count", "user_discussions_count"):
            if name in item.row or name in _COUNTS.get(item.kind, ()):
                item.row[name] = (item.row.get(name) or 0) + 1
    touch(item, now_text, "user_notes_count")
    for action, given_argument in _QUICK_ACTION.findall(body):
        argument = given_argument.strip()
        if action in ("close", "duplicate"):
            apply_state(item, "close", now_text)
        elif action == "reopen":
            apply_state(item, "reopen", now_text)
        else:
            changed = _field_changed(item, action, argument, now, known)
            item.row |= changed
            mark_changed(item, set(changed))


def _field_changed(item: Item, action: str, argument: str, now: dt.datetime, known: Known) -> Json:
    """The fields of the resource's JSON that the quick action sets."""
    row = item.row
    match action:
        case "label" | "labels" | "unlabel" | "remove_label" | "relabel":
            return _labels(item, action, argument, known)
        case "assign" | "reassign" | "unassign":
            return _assignees(item, action, argument, known)
        case "confidential" if item.kind != "merge_requests":
            return {"confidential": True}
        case "milestone" if (milestone := _milestone(item, argument, known)) is not None:
            return {"milestone": milestone}
        case "remove_milestone":
            return {"milestone": None}
        case "due" if (date := _date(argument, now.date())) is not None:
            return {"due_date": date}
        case "remove_due_date":
            return {"due_date": None}
        # Without a licence there is no weight, and then the row has none.
        case "weight" if "weight" in row and argument.isdigit():
            return {"weight": int(argument)}
        case "clear_weight" if "weight" in row:
            return {"weight": None}
        case "title" if argument:
            return {"title": argument}
        case "lock" | "unlock":
            return {"discussion_locked": action == "lock"}
        case "draft" | "ready" if item.kind == "merge_requests":
            title = _DRAFT.sub("", str(row.get("title") or ""))
            is_draft = action == "draft"
            return {"title": f"Draft: {title}" if is_draft else title, "draft": is_draft, "work_in_progress": is_draft}
    return {}


def _labels(item: Item, action: str, argument: str, known: Known) -> Json:
    names = [quoted or bare for quoted, bare in _LABEL.findall(argument)]
    if action in ("unlabel", "remove_label"):
        return {"labels": [label for label in item.labels if names and label not in names]}
    there = [name for name in names if _is_label(item, name, known)]
    if not there:
        return {}
    return {"labels": with_labels([] if action == "relabel" else item.labels, there, [])}


def _is_label(item: Item, name: str, known: Known) -> bool:
    """GitLab makes no label for a quick action: one that is not there changes nothing."""
    try:
        known.check_label(item.holder, name)
    except UnknownName:
        return False
    except GitLabError:
        return True
    return True


def _assignees(item: Item, action: str, argument: str, known: Known) -> Json:
    names = _USERNAME.findall(argument)
    has = [user for user in item.row.get("assignees") or [] if isinstance(user, dict)]
    if action == "unassign":
        left = [user for user in has if names and user.get("username") not in names]
    else:
        users = [user for name in names if (user := _user(name, known)) is not None]
        if not users:
            return {}
        ids = {user.get("id") for user in has}
        left = users[:1] if action == "reassign" else [*has, *(user for user in users if user.get("id") not in ids)]
    return {"assignees": left, "assignee": left[0] if left else None}


def _user(name: str, known: Known) -> Json | None:
    try:
        return known.user(name)
    except (UnknownName, GitLabError):
        return None


def _milestone(item: Item, argument: str, known: Known) -> Json | None:
    try:
        return known.milestone(item.holder, argument.removeprefix("%").strip('"'))
    except (UnknownName, GitLabError):
        return None


def _date(argument: str, today: dt.date) -> str | None:
    """The forms that a policy's author can be taken to write; GitLab knows more."""
    words = {"today": 0, "tomorrow": 1}
    within = re.fullmatch(r"in (\d{1,4}) (day|week)s?", argument)
    if argument in words:
        return (today + dt.timedelta(days=words[argument])).isoformat()
    if within:
        return (today + dt.timedelta(days=int(within[1]) * (7 if within[2] == "week" else 1))).isoformat()
    try:
        return dt.date.fromisoformat(argument).isoformat()
    except ValueError:
        return None
