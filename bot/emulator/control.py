"""What tests and demos steer, under `/-/`: the log of requests, the state, faults, latency, the clock; readiness."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.emulator import access, entities
from bot.emulator.refusals import Refusal
from bot.emulator.web import Call, Fault, Reply, Route


def readiness(call: Call) -> Reply:
    del call
    return Reply(200, {"status": "ok", "master_check": [{"status": "ok"}]})


def health(call: Call) -> Reply:
    del call
    return Reply(200, "GitLab OK", {"Content-Type": "text/plain"})


def liveness(call: Call) -> Reply:
    del call
    return Reply(200, {"status": "ok"})


def requests_log(call: Call) -> Reply:
    return Reply(
        200,
        [
            {
                "method": entry.method,
                "path": entry.path,
                "query": entry.query,
                "status": entry.status,
                "user": entry.user,
                "started_at": round(entry.started_at, 4),
                "ended_at": round(entry.ended_at, 4),
            }
            for entry in call.control.log
        ],
    )


def clear_log(call: Call) -> Reply:
    call.control.log.clear()
    return Reply(204)


def state(call: Call) -> Reply:
    """Everything, by paths and names, for a person or a test to compare."""
    store = call.store

    def members(found: dict[int, Any]) -> list[dict[str, Any]]:
        return [
            {
                "username": store.users[member.user_id].username,
                "access_level": member.access_level,
                "expires_at": entities.day(member.expires_at),
            }
            for member in sorted(found.values(), key=lambda each: store.users[each.user_id].username)
        ]

    projects = []
    for project in store.projects.values():
        issues = []
        for issue in store.project_issues[project.id].values():
            notes = [store.notes[number] for number in issue.note_ids if number in store.notes]
            issues.append(
                {
                    "iid": issue.iid,
                    "title": issue.title,
                    "state": issue.state,
                    "confidential": issue.confidential,
                    "labels": store.label_names(issue),
                    "author": store.users[issue.author_id].username if issue.author_id in store.users else None,
                    "description": issue.description,
                    "notes": [
                        {"author": store.users[note.author_id].username, "body": note.body, "system": note.system}
                        for note in notes
                        if note.author_id in store.users
                    ],
                }
            )
        projects.append(
            {
                "id": project.id,
                "path": store.full_path(project),
                "visibility": project.visibility,
                "archived": project.archived,
                "description": project.description,
                "features": project.features,
                "members": members(access.project_members(store, project, inherited=False)),
                "issues": issues,
            }
        )
    return Reply(
        200,
        {
            "users": [user.username for user in store.users.values()],
            "groups": [
                {"path": group.full_path, "members": members(access.group_members(store, group, inherited=False))}
                for group in store.groups.values()
                if group.kind == "group"
            ],
            "projects": projects,
            "hooks": [entities.hook(store, hook) for hook in store.hooks.values()],
        },
    )


def add_fault(call: Call) -> Reply:
    values = dict(call.params.values)
    values.setdefault("times", 1)
    known = {name: values[name] for name in Fault.__dataclass_fields__ if name in values and name != "hits"}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise Refusal(400, {"error": f"{', '.join(unknown)}: not known. A fault has {', '.join(_fault_fields())}."})
    if not any(known.get(name) for name in ("status", "delay_ms", "cut", "lose_answer")):
        raise Refusal(400, {"error": "A fault needs one of status, delay_ms, cut, lose_answer."})
    call.control.faults.append(Fault(**known))
    return Reply(201, {"faults": len(call.control.faults)})


def _fault_fields() -> list[str]:
    return [name for name in Fault.__dataclass_fields__ if name != "hits"]


def list_faults(call: Call) -> Reply:
    return Reply(200, [vars(fault) for fault in call.control.faults])


def clear_faults(call: Call) -> Reply:
    call.control.faults.clear()
    return Reply(204)


def set_latency(call: Call) -> Reply:
    call.control.latency_ms = call.params.integer("latency_ms") or 0
    return Reply(200, {"latency_ms": call.control.latency_ms})


def set_rate_limit(call: Call) -> Reply:
    call.control.rate_limit = call.params.integer("requests_a_minute")
    call.control.rate_window.clear()
    return Reply(200, {"requests_a_minute": call.control.rate_limit})


def set_clock(call: Call) -> Reply:
    call.params.require("now")
    wanted = call.params.instant("now")
    if wanted is None:
        raise Refusal(400, {"error": "now is invalid"})
    call.store.clock.offset = wanted - dt.datetime.now(dt.UTC)
    return Reply(200, {"now": entities.instant(call.store.now())})


ROUTES: list[Route] = [
    ("GET", "/-/readiness", readiness),
    ("GET", "/-/health", health),
    ("GET", "/-/liveness", liveness),
    ("GET", "/-/emulator/requests", requests_log),
    ("DELETE", "/-/emulator/requests", clear_log),
    ("GET", "/-/emulator/state", state),
    ("GET", "/-/emulator/faults", list_faults),
    ("POST", "/-/emulator/faults", add_fault),
    ("DELETE", "/-/emulator/faults", clear_faults),
    ("POST", "/-/emulator/latency", set_latency),
    ("POST", "/-/emulator/rate_limit", set_rate_limit),
    ("POST", "/-/emulator/clock", set_clock),
]
