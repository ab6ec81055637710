"""GitLab's JSON to the domain's frozen values."""

from __future__ import annotations

import datetime as dt

from bot.domain.resources import (
    AccessLevel,
    Discussion,
    Epic,
    EpicId,
    Issue,
    LabelEvent,
    Member,
    MergeRequest,
    Note,
    Project,
    User,
)
from bot.gitlab_api.client import Json


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _day(text: str | None) -> dt.date | None:
    """None for no day, and for one that no calendar has: GitLab's database goes beyond the year 9999."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def access_level(number: int) -> AccessLevel:
    """A role that is not known counts as the next lower one."""
    return max(level for level in AccessLevel if level <= number)


def user(row: Json | None) -> User:
    """The ghost of who is gone, where GitLab names nobody."""
    if row is None:
        return User(0, "ghost", "Ghost User", "blocked")
    bot = row.get("bot")
    return User(int(row["id"]), row["username"], row.get("name") or "", row.get("state") or "active", bot)


def member(row: Json) -> Member:
    expires_at, created_at = row.get("expires_at"), row.get("created_at")
    return Member(
        user=user(row),
        access_level=access_level(row["access_level"]),
        expires_on=_day(expires_at[:10]) if expires_at else None,
        created_at=instant(created_at) if created_at else None,
        created_by_id=(row.get("created_by") or {}).get("id"),
    )


def project(row: Json) -> Project:
    marked = row.get("marked_for_deletion_on") or row.get("marked_for_deletion_at")
    return Project(
        id=int(row["id"]),
        path=row["path_with_namespace"],
        visibility=row.get("visibility") or "private",
        creator_id=row.get("creator_id"),
        created_at=instant(row["created_at"]),
        description=row.get("description") or "",
        archived=bool(row.get("archived")),
        marked_for_deletion=bool(marked),
        issues_for_members=row.get("issues_access_level") == "private",
        has_issues=row.get("issues_access_level") != "disabled",
    )


def issue(row: Json) -> Issue:
    return Issue(
        id=int(row["id"]),
        iid=int(row["iid"]),
        project_id=int(row["project_id"]),
        project_path=str(row["references"]["full"]).rpartition("#")[0],
        title=row["title"],
        author=user(row.get("author")),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
        web_url=row["web_url"],
        description=row.get("description") or "",
        state=row["state"],
        labels=tuple(row.get("labels") or ()),
        confidential=bool(row.get("confidential")),
        issue_type=(row.get("issue_type") or "issue").lower(),
        assignees=tuple(user(each) for each in row.get("assignees") or ()),
        user_notes_count=int(row.get("user_notes_count") or 0),
        moved=row.get("moved_to_id") is not None,
        service_desk=bool(row.get("service_desk_reply_to")),
        milestone=(row.get("milestone") or {}).get("title"),
        due_on=_day(row.get("due_date")),
        weight=row.get("weight"),
        closed_at=instant(row["closed_at"]) if row.get("closed_at") else None,
        is_duplicate=bool((row.get("_links") or {}).get("closed_as_duplicate_of")),
        epic=_epic_of(row.get("epic")),
    )


def _epic_of(row: Json | None) -> EpicId | None:
    """What an issue says of the epic that it is in."""
    return EpicId(int(row["group_id"]), int(row["iid"]), int(row["id"])) if row else None


def epic(row: Json) -> Epic:
    return Epic(
        id=int(row["id"]),
        iid=int(row["iid"]),
        group_id=int(row["group_id"]),
        group_path=str(row["references"]["full"]).rpartition("&")[0],
        title=row["title"],
        author=user(row.get("author")),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
        web_url=row["web_url"],
        description=row.get("description") or "",
        state=row["state"],
        labels=tuple(row.get("labels") or ()),
        # Older versions write it as a word.
        confidential=row.get("confidential") in (True, "true"),
        closed_at=instant(row["closed_at"]) if row.get("closed_at") else None,
    )


def note(row: Json) -> Note:
    return Note(
        id=int(row["id"]),
        author=user(row.get("author")),
        body=row["body"],
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]) if row.get("updated_at") else None,
        is_system=bool(row.get("system")),
        is_internal=bool(row.get("internal") or row.get("confidential")),
    )


def discussion(row: Json) -> Discussion:
    return Discussion(str(row["id"]), tuple(note(each) for each in row["notes"]))


def merge_request(row: Json) -> MergeRequest:
    path = str(row["references"]["full"]).rpartition("!")[0]
    return MergeRequest(int(row["id"]), path, tuple(row.get("labels") or ()))


def label_event(row: Json) -> LabelEvent:
    label, by = row.get("label"), row.get("user")
    return LabelEvent(
        id=int(row["id"]),
        label=label["name"] if label else None,
        action=row["action"],
        user=user(by) if by else None,
        created_at=instant(row["created_at"]),
    )
