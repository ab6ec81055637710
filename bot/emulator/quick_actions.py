"""Quick actions: lines of `/` and a command in descriptions and notes, carried out with the writer's rights.

Source: lib/gitlab/quick_actions and doc/user/project/quick_actions, GitLab 19.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from bot.emulator import access
from bot.emulator.issuable_changes import SEVERITIES, WORDS, Actor, resolve_labels
from bot.emulator.tables import DRAFT, GUEST, PLANNER, Award, Group, Issuable, Issue, MergeRequest, Project, User

_COMMANDS = {
    "label": "label",
    "labels": "label",
    "unlabel": "unlabel",
    "remove_label": "unlabel",
    "relabel": "relabel",
    "close": "close",
    "reopen": "reopen",
    "title": "title",
    "assign": "assign",
    "unassign": "unassign",
    "reassign": "reassign",
    "milestone": "milestone",
    "remove_milestone": "remove_milestone",
    "due": "due",
    "remove_due_date": "remove_due_date",
    "confidential": "confidential",
    "lock": "lock",
    "unlock": "unlock",
    "severity": "severity",
    "promote_to_incident": "promote_to_incident",
    "estimate": "estimate",
    "estimate_time": "estimate",
    "remove_estimate": "remove_estimate",
    "remove_time_estimate": "remove_estimate",
    "spend": "spend",
    "spent": "spend",
    "spend_time": "spend",
    "remove_time_spent": "remove_time_spent",
    "weight": "weight",
    "clear_weight": "clear_weight",
    "duplicate": "duplicate",
    "subscribe": "subscribe",
    "unsubscribe": "unsubscribe",
    "react": "react",
    "award": "react",
    "draft": "draft",
    "ready": "ready",
    "assign_reviewer": "assign_reviewer",
    "reviewer": "assign_reviewer",
    "todo": "todo",
    "done": "done",
    "cc": "cc",
    **dict.fromkeys(
        (
            *("relate", "unlink", "blocks", "blocked_by", "move", "clone", "copy_metadata", "type", "promote_to"),
            *("timeline", "zoom", "remove_zoom", "epic", "iteration", "health_status", "set_parent", "remove_parent"),
            *("board_move", "add_contacts", "remove_contacts", "invite_email", "page", "create_merge_request"),
            *("remind_me", "convert_to_ticket", "add_email", "remove_email", "link"),
        ),
        "not emulated",
    ),
}
_SUBSTITUTIONS = {"shrug": r"¯\\_(ツ)_/¯", "tableflip": "(╯°□°)╯︵ ┻━┻"}
_LINE = re.compile(r"^/([a-z_]+)(?:[ \t]+(.*?))?[ \t]*$", re.IGNORECASE)
_FENCE = re.compile(r"^(`{3,}|~{3,}|>{3,})")
_LABEL = re.compile(r'~?"([^"]+)"|~?([^\s"~]+(?:::[^\s"~]+)*)')
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(mo|w|d|h|m|s)")
_SECONDS = {"mo": 576_000, "w": 144_000, "d": 28_800, "h": 3_600, "m": 60, "s": 1}
_SEVERITY_WORDS = {"s1": 4, "critical": 4, "1": 4, "s2": 3, "high": 3, "2": 3, "s3": 2, "medium": 2, "3": 2}
_SEVERITY_WORDS |= {"s4": 1, "low": 1, "4": 1, "unknown": 0, "0": 0}


@dataclass
class Outcome:
    """What the commands of one text ask for: the text without them, and what to change."""

    text: str
    found: list[tuple[str, str]] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)  # for change_issue
    told: dict[str, Any] = field(default_factory=dict)  # GitLab's commands_changes
    messages: list[str] = field(default_factory=list)


def extract(text: str) -> Outcome:
    """Take the commands out of `text`; lines in code, HTML and `>>>` blocks are text."""
    kept: list[str] = []
    outcome = Outcome("")
    fence: str | None = None
    in_html = False
    in_comment = False
    substituted = False
    for line in text.replace("\r", "").split("\n"):
        mark = _FENCE.match(line)
        if in_comment:
            in_comment = "-->" not in line
        elif fence is not None:
            if mark and mark.group(1)[0] == fence[0] and len(mark.group(1)) >= len(fence):
                fence = None
        elif mark:
            fence = mark.group(1)
        elif line.startswith("<!--") and "-->" not in line:
            in_comment = True
        elif in_html:
            in_html = line.strip() != ""
        elif re.match(r"^</?[a-zA-Z]", line):
            in_html = True
        else:
            command = _LINE.match(line)
            if command:
                name, argument = command.group(1).lower(), command.group(2) or ""
                if name in _SUBSTITUTIONS:
                    kept.append(f"{argument} {_SUBSTITUTIONS[name]}".strip())
                    substituted = True
                    continue
                if name in _COMMANDS:
                    outcome.found.append((_COMMANDS[name], argument))
                    continue
        kept.append(line)
    outcome.text = "\n".join(kept).strip("\n").rstrip() if outcome.found or substituted else text
    return outcome


def interpret(
    actor: Actor, home: Project | Group, issue: Issuable | None, text: str, *, issue_type: str = "issue"
) -> Outcome:
    """Read the commands of `text` for an issue, merge request or epic, or for an issue that is about to be created."""
    outcome = extract(text)
    if issue_type != "issue":
        outcome.changes["issue_type"] = issue_type
    for name, argument in outcome.found:
        _one(actor, home, issue, outcome, name, argument.strip())
    return outcome


def _level(actor: Actor, home: Project | Group) -> int:
    return access.level(actor.store, actor.user, home)


def _one(
    actor: Actor, home: Project | Group, issue: Issuable | None, outcome: Outcome, name: str, argument: str
) -> None:
    store = actor.store
    level = _level(actor, home)
    may_set = level >= PLANNER or (issue is None and level >= GUEST)
    may_update = level >= PLANNER or issue is None or issue.author_id == actor.user.id
    changes, told, say = outcome.changes, outcome.told, outcome.messages.append
    thing = WORDS[issue.KIND] if issue else "issue"
    is_issue = issue is None or isinstance(issue, Issue)
    current = changes.get("label_ids", set(issue.label_ids) if issue else set())

    def refuse() -> None:
        say(f"Could not apply {name} command.")

    if name in ("label", "relabel", "unlabel"):
        names = [first or second for first, second in _LABEL.findall(argument)]
        ids = resolve_labels(actor, home, names, create=False)
        if not may_set or (issue is None and name == "unlabel"):
            refuse()
        elif name == "unlabel" and not names:
            changes["label_ids"], told["label_ids"] = set(), []
            say("Removed all labels.")
        elif ids:
            shown = " ".join(_reference(store.labels[each].name) for each in sorted(ids))
            plural = "label" if len(ids) == 1 else "labels"
            if name == "label":
                changes["label_ids"], told["add_label_ids"] = current | ids, sorted(ids)
                say(f"Added {shown} {plural}.")
            elif name == "unlabel":
                changes["label_ids"], told["remove_label_ids"] = current - ids, sorted(ids)
                say(f"Removed {shown} {plural}.")
            else:
                changes["label_ids"], told["label_ids"] = ids, sorted(ids)
                say(f"Replaced all labels with {shown} {plural}.")
    elif name in ("close", "reopen"):
        state = issue.state if issue else "opened"
        if not may_update or (name == "close") != (state == "opened"):
            refuse()
        else:
            changes["state_event"] = told["state_event"] = name
            say(f"{'Closed' if name == 'close' else 'Reopened'} this {thing}.")
    elif name == "title":
        if not may_update or issue is None or not argument:
            refuse()
        else:
            changes["title"] = told["title"] = argument
            say(f'Changed the title to "{argument}".')
    elif name in ("assign", "reassign", "unassign"):
        _assign(actor, home, issue, outcome, name, argument, may_set)
    elif name in ("milestone", "remove_milestone"):
        _milestone(actor, home, outcome, name, argument, may_set)
    elif name in ("due", "remove_due_date"):
        date = _date(argument, store.now().date()) if name == "due" else None
        if not may_set:
            refuse()
        elif name == "due" and date is None:
            say("Failed to set due date because the date format is invalid.")
        else:
            changes["due_date"], told["due_date"] = date, date.isoformat() if date else None
            say(f"Set the due date to {date:%b %-d, %Y}." if date else "Removed the due date.")
    elif name == "confidential":
        if not may_update or (issue and issue.confidential) or isinstance(issue, MergeRequest):
            refuse()
        else:
            changes["confidential"] = told["confidential"] = True
            say(f"Made this {thing} confidential.")
    elif name in ("lock", "unlock"):
        if not may_set or issue is None:
            refuse()
        else:
            changes["discussion_locked"] = told["discussion_locked"] = name == "lock"
            say("Locked the discussion." if name == "lock" else "Unlocked the discussion.")
    elif name == "severity":
        kind = changes.get("issue_type", issue.issue_type if isinstance(issue, Issue) else "issue")
        word = _SEVERITY_WORDS.get(argument.lower())
        if kind != "incident":
            refuse()
        elif word is None:
            say("No severity matches the provided parameter")
        else:
            told["severity"] = SEVERITIES[word].lower()
            say(f"Severity updated to {SEVERITIES[word].capitalize()}.")
            if may_set:
                changes["severity"] = SEVERITIES[word]
    elif name == "promote_to_incident":
        if not may_set or not is_issue:
            refuse()
        else:
            changes["issue_type"] = "incident"
            say("Issue has been promoted to incident.")
    elif name in ("weight", "clear_weight") and store.tier != "free":
        if not may_set or not is_issue:
            refuse()
        else:
            weight = int(argument) if name == "weight" and argument.isdigit() else None
            changes["weight"] = told["weight"] = weight
            say(f"Set weight to {weight}." if weight is not None else "Cleared weight.")
    elif name in ("estimate", "spend", "remove_estimate", "remove_time_spent"):
        _time(issue, outcome, name, argument, may_set)
    elif name == "duplicate":
        match = re.search(r"#(\d+)$", argument)
        other = store.project_issues[home.id].get(int(match.group(1))) if match and isinstance(issue, Issue) else None
        if not may_update or other is None:
            refuse()
        else:
            changes["duplicate_of"], changes["state_event"] = other.id, "close"
            say(f"Closed this issue. Marked as related to, and a duplicate of, #{other.iid}.")
    elif name == "react":
        emoji = argument.strip().strip(":")
        if issue is None or not emoji:
            refuse()
        else:
            now = store.now()
            awards = store.awards[issue.key]
            if not any(award.name == emoji and award.user_id == actor.user.id for award in awards):
                awards.append(Award(store.next_id("awards"), emoji, actor.user.id, *issue.key, now, now))
            told["emoji_award"] = emoji
            say(f"Toggled :{emoji}: emoji award.")
    elif name in ("subscribe", "unsubscribe"):
        if issue is None:
            refuse()
        else:
            (issue.subscribed if name == "subscribe" else issue.unsubscribed).add(actor.user.id)
            (issue.unsubscribed if name == "subscribe" else issue.subscribed).discard(actor.user.id)
            told["subscription_event"] = name
            say(f"{name.capitalize()}d {'to' if name == 'subscribe' else 'from'} notifications.")
    elif name in ("draft", "ready"):
        title = str(changes.get("title", issue.title if issue else ""))
        bare = DRAFT.sub("", title).strip()
        if not isinstance(issue, MergeRequest) or not may_update:
            refuse()
        else:
            changes["title"] = told["wip_event"] = f"Draft: {bare}" if name == "draft" else bare
            say(f"Marked this merge request as {name}.")
    elif name == "assign_reviewer" and isinstance(issue, MergeRequest) and may_set:
        names = re.findall(r"@?([\w.-]+)", argument)
        users = [actor.user if each == "me" else store.usernames.get(each.lower()) for each in names]
        able = [user.id for user in users if user is not None and _can_be_assigned(actor, home, user)]
        changes["reviewer_ids"] = told["reviewer_ids"] = [*issue.reviewer_ids, *able]
        say("Assigned reviewers.")
    elif name in ("assign_reviewer", "not emulated"):
        say("Could not apply a command that the emulator lacks.")
    elif name in ("todo", "done"):
        told["todo_event"] = "add" if name == "todo" else "done"
        say("Added a to-do item." if name == "todo" else "Marked to-do item as done.")


def _can_be_assigned(actor: Actor, home: Project | Group, user: User) -> bool:
    return isinstance(home, Project) and access.can_see_project(actor.store, user, home)


def _reference(name: str) -> str:
    return f'~"{name}"' if re.search(r"[^\w-]", name) else f"~{name}"


def _assign(
    actor: Actor,
    home: Project | Group,
    issue: Issuable | None,
    outcome: Outcome,
    name: str,
    argument: str,
    may_set: bool,
) -> None:
    store = actor.store
    if not may_set:
        outcome.messages.append(f"Could not apply {name} command.")
        return
    names = re.findall(r"@?([\w.-]+)", argument)
    users = [actor.user if each == "me" else store.usernames.get(each.lower()) for each in names]
    found = [user for user in users if user is not None and _can_be_assigned(actor, home, user)]
    current = outcome.changes.get("assignee_ids", list(issue.assignee_ids) if issue else [])
    if name == "unassign":
        gone = {user.id for user in found} if names else set(current)
        ids = [each for each in current if each not in gone]
        outcome.messages.append("Removed assignees.")
    elif not found:
        outcome.messages.append(f"Failed to find users for {argument}")
        return
    else:
        one_only = store.tier == "free" or name == "reassign"
        ids = [found[0].id] if one_only else [*current, *[user.id for user in found if user.id not in current]]
        outcome.messages.append(f"Assigned {', '.join('@' + user.username for user in found)}.")
    outcome.changes["assignee_ids"] = outcome.told["assignee_ids"] = ids


def _milestone(actor: Actor, home: Project | Group, outcome: Outcome, name: str, argument: str, may_set: bool) -> None:
    store = actor.store
    title = argument.removeprefix("%").strip().strip('"')
    found = next((milestone for milestone in store.milestones_for(home) if milestone.title == title), None)
    if not may_set or (name == "milestone" and found is None):
        outcome.messages.append(f"Could not apply {name} command.")
        return
    milestone_id = found.id if name == "milestone" and found else None
    outcome.changes["milestone_id"] = outcome.told["milestone_id"] = milestone_id
    outcome.messages.append(f"Set the milestone to %{title}." if milestone_id else "Removed milestone.")


def seconds_of(text: str) -> int:
    """`1w 3d 2h 14m`, with a minus for less, in seconds of working time."""
    seconds = sum(int(float(count) * _SECONDS[unit]) for count, unit in _TIME.findall(text))
    return -seconds if text.strip().startswith("-") else seconds


def _time(issue: Issuable | None, outcome: Outcome, name: str, argument: str, may_set: bool) -> None:
    seconds = seconds_of(argument)
    if not may_set or (name in ("estimate", "spend") and not seconds):
        outcome.messages.append(f"Could not apply {name} command.")
        return
    if name == "estimate":
        outcome.changes["time_estimate"] = outcome.told["time_estimate"] = seconds
        outcome.messages.append(f"Set time estimate to {argument}.")
    elif name == "remove_estimate":
        outcome.changes["time_estimate"] = outcome.told["time_estimate"] = 0
        outcome.messages.append("Removed time estimate.")
    elif name == "spend":
        spent = (issue.time_spent if issue else 0) + seconds
        outcome.changes["time_spent"] = max(0, spent)
        outcome.told["spend_time"] = {"duration": seconds}
        outcome.messages.append(f"Added {argument} spent time.")
    else:
        outcome.changes["time_spent"] = 0
        outcome.messages.append("Removed spent time.")


def _date(argument: str, today: dt.date) -> dt.date | None:
    words = {"today": 0, "tomorrow": 1}
    text = argument.strip().lower()
    if text in words:
        return today + dt.timedelta(days=words[text])
    within = re.fullmatch(r"in (\d+) (day|week)s?", text)
    if within:
        return today + dt.timedelta(days=int(within.group(1)) * (7 if within.group(2) == "week" else 1))
    for form in ("%Y-%m-%d", "%b %d, %Y", "%B %d, %Y", "%b %d", "%B %d"):
        try:
            dated, pattern = (text, form) if "%Y" in form else (f"{text} {today.year}", f"{form} %Y")
            parsed = dt.datetime.strptime(f"{dated} +0000", f"{pattern} %z")
        except ValueError:
            continue
        return parsed.date()
    return None
