"""Builds facts about a report and its incident from the short form of cases/*.yml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bot.automations.incident_opening.gather import (
    PROJECT_MARKER,
    SOURCE_MARKER,
    Incident,
    IncidentFacts,
    LabelRequest,
    Report,
    incident_marker,
    incident_path,
)
from bot.automations.incident_opening.settings import IncidentSettings
from bot.automations.incident_opening.texts import source_note
from bot.domain.access_record import AccessEntry, render_record
from bot.domain.markers import marker
from bot.domain.people import PeopleAnswer
from bot.domain.resources import AccessLevel, Group, Issue, IssueId, Member, Note, Project, User
from bot.settings.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 8, 24, 9, 0, tzinfo=dt.UTC)
SOURCE_ID = IssueId(7, 12)
BOT = User(1, "the.bot", "sectionbot", is_bot=True)
NAMES = ("rita", "eva", "ada", "ben", "cho", "dan", "owner", "gus", "off", "robot")
IDS = {name: number for number, name in enumerate(NAMES, start=10)}
TEMPLATES = Templates.load(ROOT / "templates")


def person(name: str, *, state: str = "active", is_bot: bool = False) -> User:
    return User(IDS[name], name, name.title(), "blocked" if name == "off" else state, is_bot or name == "robot")


def incident_settings(overrides: dict[str, Any]) -> IncidentSettings:
    """The section's own settings with a short list of people, and `overrides`."""
    data = yaml.safe_load((ROOT / "config" / "incidents.yml").read_text(encoding="utf-8"))
    data["intake"] = {"projects": ["sec/intake"]}
    data["severities"][0] |= {
        "members": {"usernames": ["ada", "ben"], "groups": ["sec/responders"]},
        "access": {"role": "developer", "days": 90},
    }
    data["severities"][1] |= {"members": {"usernames": ["dan"]}, "access": {"role": "developer", "days": 60}}
    data["inherited_access_allowed"] = {"usernames": ["owner"]}
    value: IncidentSettings = TypeAdapter(IncidentSettings).validate_python(data | overrides)
    return value


def build_facts(case: dict[str, Any], settings: IncidentSettings) -> IncidentFacts:
    report = _report(case, settings)
    inherited = [_member("owner", "owner")] + [_member(name, "maintainer") for name in case.get("inherited", ())]
    group = None if case.get("no_group") else Group(5, settings.incident_group, "private")
    users = {name: person(name) for name in NAMES if name not in case.get("unknown", ())}
    responders = tuple(person(name) for name in case.get("responders", ["cho"]))
    return IncidentFacts(
        reports=(report,) if report else (),
        own_ids=frozenset({BOT.id}),
        group_members=tuple(inherited),
        recent_projects=tuple(
            _recent(number, settings, *each) for number, each in enumerate(case.get("opened_before", ()))
        ),
        people=PeopleAnswer(
            users=users,
            members_of={} if case.get("no_responders") else {"sec/responders": responders},
            belongs={("rita", path): case.get("belongs", True) for path in settings.reporter_must_belong_to},
            groups={settings.incident_group: group} if group else {},
        ),
    )


def _recent(number: int, settings: IncidentSettings, severity: int, asked_by: str, minutes_ago: int) -> Project:
    mark = marker(PROJECT_MARKER, source=f"7#{100 + number}", asked_by=IDS[asked_by], severity=severity)
    created = NOW - dt.timedelta(minutes=minutes_ago)
    return Project(200 + number, f"{settings.incident_group}/x{number}", "private", BOT.id, created, mark)


def _member(name: str, role: str, days: int | None = None, *, by_bot: bool = False) -> Member:
    expires = NOW.date() + dt.timedelta(days=days) if days else None
    return Member(person(name), AccessLevel[role.upper()], expires, NOW, BOT.id if by_bot else None)


def _requests(labels: dict[str, str]) -> tuple[LabelRequest, ...]:
    """Label to `who role`."""
    found = []
    for label, setter in labels.items():
        name, role = setter.split()
        user = BOT if name == "bot" else person(name)
        found.append(LabelRequest(label, user, AccessLevel[role.upper()], NOW))
    return tuple(found)


def _issue(project_id: int, path: str, iid: int, author: User, given: dict[str, Any], **fields: Any) -> Issue:
    labels = tuple(label for label in given.get("labels", {}) if not label.startswith("type "))
    return Issue(
        id=project_id * 1000 + iid,
        iid=iid,
        project_id=project_id,
        project_path=path,
        title=given.get("title", "Something leaked"),
        author=author,
        created_at=NOW - dt.timedelta(hours=1),
        updated_at=NOW,
        web_url=f"https://gitlab.example/{path}/-/issues/{iid}",
        labels=labels,
        state=given.get("state", "opened"),
        confidential=given.get("confidential", False),
        moved=given.get("moved", False),
        service_desk=given.get("service_desk", False),
        **fields,
    )


def _report(case: dict[str, Any], settings: IncidentSettings) -> Report | None:
    given = case["report"]
    author = person(given.get("author", "rita"))
    source = None
    if given.get("state") != "gone":
        source = _issue(7, "sec/intake", 12, author, given, description=given.get("description", "The log shows it."))
    note = None
    if "note" in given:
        body = source_note(given["note"], None, [], settings, TEMPLATES)
        note = Note(900, BOT, f"{body}\n\n{SOURCE_MARKER}", NOW)
    readers = frozenset(IDS[name] for name in given["readers"]) if "readers" in given else None
    path = incident_path(SOURCE_ID, settings)
    stranger = Project(77, path, "private", IDS["gus"], NOW) if case.get("taken") else None
    deleting = Project(78, f"{path}-deletion_scheduled-78", "private", BOT.id, NOW) if case.get("deleting") else None
    return Report(
        source_id=SOURCE_ID,
        source=source,
        requests=_requests(given.get("labels", {})) if source and source.state == "opened" else (),
        incident=_incident(case["incident"], settings) if "incident" in case else None,
        taken_by=stranger,
        being_deleted=deleting,
        source_note=note,
        source_readers=readers,
        source_is_public=readers is None,
    )


def _incident(given: dict[str, Any], settings: IncidentSettings) -> Incident:
    path = incident_path(SOURCE_ID, settings)
    mark = marker(PROJECT_MARKER, source=str(SOURCE_ID), asked_by=IDS["eva"], severity=1)
    project = Project(70, path, "private", BOT.id, NOW, mark, archived=given.get("archived", False))
    if project.archived:
        return Incident(project)
    members = [_member("owner", "owner")]
    for name, access in given.get("members", {}).items():
        role, *days = str(access).split()
        members.append(
            _member(name, role, int(days[0]) if days else None, by_bot=name in given.get("added_by_bot", ()))
        )
    issue = None
    if given.get("issue", "opened") != "missing":
        shown = {"state": given.get("issue", "opened"), "labels": given.get("labels", {})}
        issue = _issue(70, path, 1, BOT, shown, description=incident_marker(SOURCE_ID))
    record = None
    if "record" in given:
        entries = []
        for name, access in given["record"].items():
            role, days, severity, reason = access.split(maxsplit=3)
            until = NOW.date() + dt.timedelta(days=int(days))
            entry = AccessEntry(
                IDS[name], name, AccessLevel[role.upper()], NOW - dt.timedelta(days=1), until, int(severity), reason
            )
            entries.append(entry)
        record = Note(901, BOT, render_record(entries), NOW)
    return Incident(project, issue, _requests(given.get("labels", {})) if issue else (), tuple(members), record)
