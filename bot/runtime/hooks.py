"""The webhooks that bring events to the bot: registering them, and mending what was not delivered.

Their places stand in the settings, which whoever reads the pipeline can read: what concerns them prints with names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.domain.changes import COMMENT_EVENTS, ISSUE_EVENTS, TRIAGE_EVENTS, RegisterHook, ResendDelivery
from bot.domain.plan import Notice, NoticeKind, Plan, Step


@dataclass(frozen=True)
class Holder:
    """A project or group that the bot wants events from; `hooks` is None where it can have none.

    Args:
        wanted: which events, by the names of a hook's fields.
        is_optional: whether what its events would start is done by the schedule where there is no hook.
    """

    path: str
    is_group: bool
    hooks: tuple[dict[str, Any], ...] | None
    wanted: tuple[str, ...] = ISSUE_EVENTS
    events: tuple[tuple[int, tuple[dict[str, Any], ...]], ...] = ()
    is_optional: bool = False


def gather_hooks(reader: Any, settings: Any, *, url: str | None, with_events: bool) -> list[Holder]:
    """The places, their hooks to `url` (or to any endpoint of this bot), and what these delivered."""
    incidents = settings.part("incidents")
    places = [(path, False) for path in incidents.intake.projects] + [(path, True) for path in incidents.intake.groups]
    places.append((incidents.incident_group, True))
    if incidents.add_project_hook:
        places += [(path, False) for path in reader.own_project_paths(incidents.incident_group)]
    optional = _retrospectives(settings) + _section(settings)
    wanted: dict[tuple[str, bool], tuple[str, ...]] = dict.fromkeys(places, ISSUE_EVENTS)
    wanted |= dict.fromkeys(optional, COMMENT_EVENTS) | dict.fromkeys(_triaged(settings), TRIAGE_EVENTS)
    holders = []
    for (path, is_group), names in wanted.items():
        rows = reader.hooks(path, is_group=is_group)
        mine = None if rows is None else tuple(row for row in rows if _is_ours(row["url"], url))
        events: tuple[tuple[int, tuple[dict[str, Any], ...]], ...] = ()
        if with_events and mine:
            events = tuple((row["id"], tuple(reader.hook_events(path, row["id"], is_group=is_group))) for row in mine)
        may_lack = (path, is_group) in optional and (path, is_group) not in places
        holders.append(Holder(path, is_group, mine, names, events, may_lack))
    return holders


def _retrospectives(settings: Any) -> list[tuple[str, bool]]:
    """Projects of retrospectives: commands are answered at once with a hook, and by the schedule without."""
    section = settings.part("section")
    paths = (section.retrospective_project, *(group.retrospective_project for group in section.groups))
    is_used = "retrospectives" not in settings.part("bot").switched_off
    return [(path, False) for path in dict.fromkeys(paths) if path is not None and is_used]


def _section(settings: Any) -> list[tuple[str, bool]]:
    """The section's group, of which initiatives and the council's questions can be anywhere."""
    used = {"initiatives", "council"} - set(settings.part("bot").switched_off)
    return [(settings.part("section").group, True)] if used else []


def _triaged(settings: Any) -> list[tuple[str, bool]]:
    """Where policies run on events; a project below such a group needs no hook of its own for them."""
    sources = [source for source in settings.part("triage").sources if source.real_time]
    groups = [source.group for source in sources if source.group is not None]
    projects = [source.project for source in sources if source.project is not None]
    alone = [path for path in projects if not any(path.startswith(f"{group}/") for group in groups)]
    return [(path, True) for path in groups] + [(path, False) for path in alone]


def _is_ours(hook_url: str, url: str | None) -> bool:
    """Hooks of others are none of the bot's business."""
    return hook_url == url if url else hook_url.endswith("/webhooks/gitlab")


def plan_registration(holders: Iterable[Holder], url: str) -> Plan:
    """Hooks to create or update. The secrets cannot be read, so an existing hook is always written anew."""
    steps, notices = [], []
    for holder in holders:
        if holder.hooks is None:
            sentence = "Webhooks cannot be read or made here: the bot's role is too small, or the tier has none." + (
                " Group hooks need Premium; in Free set add_project_hook: true and webhook_url in the settings."
                if holder.is_group
                else " The bot needs the role Maintainer."
            )
            kind = NoticeKind.LEFT_ALONE if holder.is_optional else NoticeKind.REFUSED
            notices.append(Notice(kind, holder.path, sentence, public=True))
            continue
        hook_id = next((row["id"] for row in holder.hooks if row["url"] == url), None)
        change = RegisterHook(holder.path, holder.is_group, url, holder.wanted, hook_id)
        steps.append(Step(change, "events of this place concern the bot", holder.path, public=True))
    return Plan(tuple(steps), tuple(notices))


def plan_resends(holders: Iterable[Holder]) -> Plan:
    """Failed deliveries that did not come through later, oldest first; and hooks that are not in order."""
    steps, notices = [], []
    for holder in holders:
        if not holder.hooks and holder.is_optional:
            continue
        if holder.hooks is None:
            sentence = "Webhooks cannot be read here: the bot's role is too small, or the tier has none."
            notices.append(Notice(NoticeKind.LEFT_ALONE, holder.path, sentence, public=True))
        elif not holder.hooks:
            sentence = "No webhook to the bot is registered here. Run: sectionbot hooks register --url URL"
            notices.append(Notice(NoticeKind.REFUSED, holder.path, sentence, public=True))
        resends = {hook_id: _undelivered(events) for hook_id, events in holder.events}
        for row in holder.hooks or ():
            if row.get("alert_status", "executable") != "executable":
                until = f" until {row['disabled_until']}" if row.get("disabled_until") else ""
                sentence = (
                    f"The hook {row['id']} is {row['alert_status'].replace('_', ' ')}{until}, since too many "
                    "deliveries failed. Look whether the bot's address answers; a delivery that comes through "
                    "enables it again."
                )
                # What is sent again enables it, if the bot answers; only a hook that nothing will enable is a failure.
                mending = row["alert_status"] == "temporarily_disabled" and resends.get(row["id"])
                kind = NoticeKind.LEFT_ALONE if mending else NoticeKind.REFUSED
                notices.append(Notice(kind, holder.path, sentence, public=True))
        for hook_id, undelivered in resends.items():
            for event in undelivered:
                change = ResendDelivery(holder.path, holder.is_group, hook_id, event["id"])
                because = f"it was answered with {event['response_status']}"
                steps.append(Step(change, because, holder.path, public=True))
    return Plan(tuple(steps), tuple(notices))


def _undelivered(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One failed delivery for each key of which none has succeeded."""
    delivered: set[str] = set()
    failed: dict[str, dict[str, Any]] = {}
    for event in events:
        key = str((event.get("request_headers") or {}).get("Idempotency-Key") or event["id"])
        status = str(event.get("response_status"))
        if status.isdigit() and 200 <= int(status) < 400:
            delivered.add(key)
        else:
            failed.setdefault(key, event)
    return sorted((event for key, event in failed.items() if key not in delivered), key=lambda event: int(event["id"]))
