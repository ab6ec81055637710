"""What `config check --online` and the hooks' commands ask GitLab for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.domain.errors import GitLabRefused
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.resources import AccessLevel, Member, User
from bot.gitlab_api.client import Client, Json, encoded
from bot.gitlab_api.reader import NOT_IN_THIS_TIER, Reader


class CheckingReader:
    """Reads about the bot itself, and about what the settings name."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client, self._reader = client, reader

    def token(self) -> tuple[tuple[str, ...], dt.date | None]:
        """Scopes of the token and the day on which it expires."""
        row = self._client.get("/personal_access_tokens/self")
        expires_at = row.get("expires_at")
        return tuple(row.get("scopes") or ()), dt.date.fromisoformat(expires_at) if expires_at else None

    def bot(self) -> User:
        return self._reader.bot()

    def people(self, question: PeopleQuestion) -> PeopleAnswer:
        return self._reader.people(question)

    def group_members(self, group: str) -> tuple[Member, ...]:
        return self._reader.group_members(group)

    def project_members(self, project_id: int) -> tuple[Member, ...]:
        return self._reader.project_members(project_id)

    def project_id(self, path: str) -> int | None:
        return self._reader.project_id(path)

    def path_now(self, path: str) -> str:
        """The path of the project that GitLab leads to from `path`."""
        found = self._reader.project(path)
        return found.path if found else path

    def own_access(self, path: str, *, is_group: bool) -> AccessLevel:
        """The bot's own role there, inherited or not."""
        kind = "groups" if is_group else "projects"
        row = self._client.get_or_none(f"/{kind}/{encoded(path)}/members/all/{self.bot().id}")
        return AccessLevel(row["access_level"]) if row else AccessLevel.NONE

    def label_exists(self, path: str, label: str, *, is_group: bool) -> bool:
        kind = "groups" if is_group else "projects"
        return self._client.get_or_none(f"/{kind}/{encoded(path)}/labels/{encoded(label)}") is not None

    def group_labels(self, group: str) -> frozenset[str]:
        """Names of the labels that the group has, those from above too."""
        return frozenset(str(row["name"]) for row in self._client.rows(f"/groups/{encoded(group)}/labels"))

    def has_epics(self, group: str) -> bool:
        """Whether this GitLab has epics at all; the group need not have one."""
        try:
            self._client.get(f"/groups/{encoded(group)}/epics", per_page="1")
        except GitLabRefused as refused:
            if refused.status in NOT_IN_THIS_TIER:
                return False
            raise
        return True

    def strangers_with_markers(self, group: str, own_ids: frozenset[int], text: str) -> frozenset[int]:
        """Ids of other users whose projects in the group carry the bot's marker."""
        try:
            rows = self._client.rows(f"/groups/{encoded(group)}/projects", with_shared="false")
        except GitLabRefused:
            return frozenset()
        return frozenset(
            int(row["creator_id"])
            for row in rows
            if text in (row.get("description") or "") and row.get("creator_id") not in own_ids
        )

    def own_ids(self) -> frozenset[int]:
        return self._reader.own_ids()

    def own_project_paths(self, group: str) -> list[str]:
        """Projects of the bot in the group that are in use."""
        projects, _ = self._reader.group_projects(group, newest_only=False)
        own_ids = self.own_ids()
        live = [each for each in projects if not each.archived and not each.marked_for_deletion]
        return sorted(each.path for each in live if each.creator_id in own_ids)

    # -- hooks -------------------------------------------------------------------------------------------------------

    def hooks(self, holder: str, *, is_group: bool) -> list[Json] | None:
        """None where there can be none: no such holder, no right, or group hooks in a free tier."""
        kind = "groups" if is_group else "projects"
        try:
            return self._client.rows(f"/{kind}/{encoded(holder)}/hooks")
        except GitLabRefused as refused:
            if refused.status in (403, 404):
                return None
            raise

    def hook_events(self, holder: str, hook_id: int, *, is_group: bool) -> list[Json]:
        """Deliveries of the last 7 days, newest first."""
        kind = "groups" if is_group else "projects"
        path = f"/{kind}/{encoded(holder)}/hooks/{hook_id}/events"
        rows: list[Any] = []
        for page in self._client.pages(path, per_page=20):
            rows += page
            if len(rows) >= 1000:
                break
        return rows
