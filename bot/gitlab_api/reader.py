"""Reads GitLab for one look: nothing is asked twice, and calls that need nothing of each other go side by side."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from bot.domain.errors import GitLabRefused
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.places import is_below, is_in
from bot.domain.resources import (
    AccessLevel,
    Discussion,
    Epic,
    EpicId,
    Group,
    Issue,
    IssueId,
    IssueLink,
    LabelEvent,
    Member,
    MergeRequest,
    MilestoneId,
    Note,
    Project,
    User,
    WorkItemId,
)
from bot.gitlab_api import shapes
from bot.gitlab_api.client import Client, Json, encoded
from bot.gitlab_api.item_paths import item_path, talk_path
from bot.gitlab_api.people import RIGHTS_FRESH_S, Lookups, ask_people
from bot.gitlab_api.policy_reader import PolicyReader

Value = TypeVar("Value")
# What GitLab says where the licence has no epics, or does not show them (doc/api/epics, GitLab 19).
NOT_IN_THIS_TIER = (403, 404)
# GitLab bounds the complexity of a query.
MOST_NOTES_AT_ONCE = 50


class Identity:
    """Who the bot is, and who it was; read once for a process."""

    def __init__(self, client: Client, former_usernames: Sequence[str] = ()) -> None:
        self._client, self._former = client, former_usernames
        self._lock = threading.Lock()
        self._known: tuple[User, frozenset[int]] | None = None

    def get(self) -> tuple[User, frozenset[int]]:
        """The bot's user, and the ids of all users whose markers count."""
        with self._lock:
            if self._known is None:
                me = shapes.user(self._client.get("/user"))
                ids = {me.id}
                for name in self._former:
                    ids |= {int(row["id"]) for row in self._client.get("/users", username=name)}
                self._known = (me, frozenset(ids))
            return self._known

    def usernames(self) -> frozenset[str]:
        """The bot's names, the former ones too."""
        return frozenset({self.get()[0].username, *self._former})


class Reader:
    """Serves the Protocols of all automations.

    Args:
        hidden_groups: lists show nothing of projects below them.
    """

    def __init__(
        self,
        client: Client,
        identity: Identity,
        lookups: Lookups,
        *,
        workers: int = 8,
        hidden_groups: tuple[str, ...] = (),
    ) -> None:
        self._client, self._identity, self._lookups, self._workers = client, identity, lookups, workers
        self._hidden = hidden_groups
        self._lock = threading.Lock()
        self._asked: dict[Hashable, Future[Any]] = {}

    def side_by_side(self, calls: Sequence[Callable[[], Any]], /) -> list[Any]:
        """Results in the order of the calls; the first exception is raised when all have ended."""
        if len(calls) < 2:
            return [call() for call in calls]
        with ThreadPoolExecutor(min(len(calls), self._workers)) as pool:
            futures = [pool.submit(call) for call in calls]
        return [future.result() for future in futures]

    def _once(self, key: Hashable, ask: Callable[[], Value]) -> Value:
        """The answer to a question; who asks it while it is being asked waits for the same answer."""
        with self._lock:
            future = self._asked.get(key)
            mine = future is None
            if future is None:
                future = self._asked[key] = Future()
        if mine:
            try:
                future.set_result(ask())
            except BaseException as error:
                future.set_exception(error)
        return future.result()  # type: ignore[no-any-return]

    def hiding(self, hidden_groups: tuple[str, ...]) -> Reader:
        """A reader whose lists show nothing of projects below these groups."""
        return Reader(self._client, self._identity, self._lookups, workers=self._workers, hidden_groups=hidden_groups)

    def _is_hidden(self, path: str) -> bool:
        return any(is_below(path, group) for group in self._hidden)

    def _is_hidden_group(self, path: str) -> bool:
        return any(is_in(path, group) for group in self._hidden)

    def policies(self, hidden_groups: tuple[str, ...]) -> PolicyReader:
        """What the policy engine reads; resources of projects below `hidden_groups` are not there for it."""
        return PolicyReader(self._client, hidden_groups)

    def bot_usernames(self) -> frozenset[str]:
        return self._identity.usernames()

    # -- who ---------------------------------------------------------------------------------------------------------

    def bot(self) -> User:
        return self._identity.get()[0]

    def own_ids(self) -> frozenset[int]:
        return self._identity.get()[1]

    def people(self, question: PeopleQuestion) -> PeopleAnswer:
        return ask_people(self._client, self._lookups, question)

    def access_level(self, project_id: int, user_id: int) -> AccessLevel:
        """The role in the project, inherited or not; NONE for who is no member (also for administrators)."""

        def ask() -> AccessLevel:
            row = self._client.get_or_none(f"/projects/{project_id}/members/all/{user_id}")
            return AccessLevel(row["access_level"]) if row else AccessLevel.NONE

        return self._lookups.once(("access", project_id, user_id), RIGHTS_FRESH_S, ask)

    def group_members(self, group: str) -> tuple[Member, ...]:
        """Everybody with access to the group: inherited members and those of invited groups too."""

        def ask() -> tuple[Member, ...]:
            try:
                rows = self._client.rows(f"/groups/{encoded(group)}/members/all")
            except GitLabRefused as refused:
                if refused.status == 404:
                    return ()
                raise
            return tuple(shapes.member(row) for row in rows if row.get("membership_state") != "awaiting")

        return self._lookups.once(("all members", group), RIGHTS_FRESH_S, ask)

    def project_members(self, project_id: int) -> tuple[Member, ...]:
        """Everybody with access to the project, now."""

        def ask() -> tuple[Member, ...]:
            rows = self._client.rows(f"/projects/{project_id}/members/all")
            return tuple(shapes.member(row) for row in rows if row.get("membership_state") != "awaiting")

        return self._once(("project members", project_id), ask)

    # -- projects ----------------------------------------------------------------------------------------------------

    def project(self, path: str) -> Project | None:
        def ask() -> Project | None:
            row = self._client.get_or_none(f"/projects/{encoded(path)}")
            return shapes.project(row) if row else None

        return self._once(("project", path), ask)

    def project_id(self, path: str) -> int | None:
        found = self.project(path)
        return found.id if found else None

    def group_projects(self, group: str, *, newest_only: bool) -> tuple[tuple[Project, ...], bool]:
        """The projects right in the group, newest first, archived ones too; and whether these are all.

        Args:
            newest_only: one page of 100.
        """

        def ask() -> tuple[tuple[Project, ...], bool]:
            found: list[Project] = []
            pages = self._client.pages(
                f"/groups/{encoded(group)}/projects", order_by="created_at", sort="desc", with_shared="false"
            )
            try:
                for page in pages:
                    found += [shapes.project(row) for row in page]
                    if newest_only:
                        return tuple(found), len(page) < 100
            except GitLabRefused as refused:
                if refused.status != 404:
                    raise
            return tuple(found), True

        with self._lock:
            whole = self._asked.get(("group projects", group, False))
        if newest_only and whole is not None:
            return whole.result()  # type: ignore[no-any-return]
        return self._once(("group projects", group, newest_only), ask)

    def projects_below(self, group: str) -> tuple[Project, ...]:
        """All projects of the group and its subgroups that the bot may see."""

        def ask() -> tuple[Project, ...]:
            params = {"include_subgroups": "true", "with_shared": "false"}
            rows = self._client.rows(f"/groups/{encoded(group)}/projects", **params)
            found = (shapes.project(row) for row in rows)
            return tuple(each for each in found if not self._is_hidden(each.path))

        return self._once(("projects below", group), ask)

    # -- issues ------------------------------------------------------------------------------------------------------

    def issue(self, issue: IssueId) -> Issue | None:
        def ask() -> Issue | None:
            row = self._client.get_or_none(f"/projects/{issue.project_id}/issues/{issue.iid}")
            return shapes.issue(row) if row else None

        return self._once(("issue", issue), ask)

    def issues(
        self,
        place: str,
        *,
        is_group: bool,
        state: str,
        label: str | None = None,
        issue_type: str | None = None,
        milestone: str | None = None,
        without_labels: str | None = None,
        author_id: int | None = None,
        confidential: bool | None = None,
        created_after: dt.datetime | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Issue, ...]:
        """All issues of a project or group that match; what was listed is known when it is asked for one by one.

        Args:
            label, without_labels: several, separated by commas: with all of the first, with none of the others.
        """
        params: Json = {"state": state, "scope": "all"}
        params |= {"labels": label} if label else {}
        params |= {"not[labels]": without_labels} if without_labels else {}
        params |= {"issue_type": issue_type} if issue_type else {}
        params |= {"milestone": milestone} if milestone else {}
        params |= {"author_id": author_id} if author_id is not None else {}
        params |= {"confidential": str(confidential).lower()} if confidential is not None else {}
        params |= {"created_after": created_after.isoformat()} if created_after is not None else {}
        params |= {"updated_after": updated_after.isoformat()} if updated_after is not None else {}

        def ask() -> tuple[Issue, ...]:
            kind = "groups" if is_group else "projects"
            rows = self._client.rows(f"/{kind}/{encoded(place)}/issues", **params)
            found = (shapes.issue(row) for row in rows)
            return tuple(issue for issue in found if not self._is_hidden(issue.project_path))

        found = self._once(("issues", place, is_group, *sorted(params.items())), ask)
        with self._lock:
            for each in found:
                known: Future[Any] = Future()
                known.set_result(each)
                self._asked.setdefault(("issue", each.ids), known)
        return found

    # -- epics -------------------------------------------------------------------------------------------------------

    def group(self, path: str) -> Group | None:
        def ask() -> Group | None:
            try:
                row = self._client.get(f"/groups/{encoded(path)}", with_projects="false")
            except GitLabRefused as refused:
                if refused.status in NOT_IN_THIS_TIER:
                    return None
                raise
            return Group(int(row["id"]), row["full_path"], row.get("visibility") or "private")

        return self._once(("group", path), ask)

    def epics(
        self,
        group: str,
        *,
        state: str,
        label: str | None = None,
        without_labels: str | None = None,
        updated_after: dt.datetime | None = None,
    ) -> tuple[Epic, ...] | None:
        """Those of the group and the groups below it that match; None where this GitLab has no epics.

        Args:
            label, without_labels: several, separated by commas: with all of the first, with none of the others.
        """
        params: Json = {"state": state}
        params |= {"labels": label} if label else {}
        params |= {"not[labels]": without_labels} if without_labels else {}
        params |= {"updated_after": updated_after.isoformat()} if updated_after is not None else {}

        def ask() -> tuple[Epic, ...] | None:
            try:
                rows = self._client.rows(f"/groups/{encoded(group)}/epics", **params)
            except GitLabRefused as refused:
                if refused.status in NOT_IN_THIS_TIER:
                    return None
                raise
            found = (shapes.epic(row) for row in rows)
            return tuple(each for each in found if not self._is_hidden_group(each.group_path))

        return self._once(("epics", group, *sorted(params.items())), ask)

    def epic(self, group: str | int, iid: int) -> Epic | None:
        """None where GitLab has none, or shows it not: it answers 403 to both.

        Args:
            group: its path or id.
        """

        def ask() -> Epic | None:
            try:
                row = self._client.get(f"/groups/{encoded(str(group))}/epics/{iid}")
            except GitLabRefused as refused:
                if refused.status in NOT_IN_THIS_TIER:
                    return None
                raise
            found = shapes.epic(row)
            return None if self._is_hidden_group(found.group_path) else found

        return self._once(("epic", str(group), iid), ask)

    def milestones(self, group: str, title: str) -> tuple[MilestoneId, ...]:
        """Milestones of the group, and of those above it, with this title."""

        def ask() -> tuple[MilestoneId, ...]:
            rows = self._client.rows(f"/groups/{encoded(group)}/milestones", title=title, include_ancestors="true")
            return tuple(MilestoneId(int(row["id"]), row["title"], int(row["group_id"])) for row in rows)

        return self._once(("milestones", group, title), ask)

    def discussions(self, item: WorkItemId) -> tuple[Discussion, ...]:
        """Everything that was said on the issue or epic, oldest first, and what GitLab says happened to it."""

        def ask() -> tuple[Discussion, ...]:
            try:
                rows = self._client.rows(f"{talk_path(item)}/discussions")
            except GitLabRefused as refused:
                if isinstance(item, EpicId) and refused.status in NOT_IN_THIS_TIER:
                    return self._notes_alone(item)
                if refused.status == 404:  # deleted since it was listed
                    return ()
                raise
            return tuple(shapes.discussion(row) for row in rows if row.get("notes"))

        return self._once(("discussions", item), ask)

    def _notes_alone(self, epic: EpicId) -> tuple[Discussion, ...]:
        """Where GitLab shows no threads of epics (they take Ultimate, notes do not): each note stands alone."""
        rows = self._client.rows(f"{talk_path(epic)}/notes", order_by="created_at", sort="asc")
        return tuple(Discussion("", (shapes.note(row),)) for row in rows)

    def edited_at(self, note_ids: Collection[int]) -> dict[int, dt.datetime | None]:
        """When the texts of notes were changed: REST does not say it (doc/api/graphql/reference, GitLab 19: note)."""
        found: dict[int, dt.datetime | None] = {}
        wanted = sorted(note_ids)
        for start in range(0, len(wanted), MOST_NOTES_AT_ONCE):
            ids = wanted[start : start + MOST_NOTES_AT_ONCE]
            fields = " ".join(f'n{each}: note(id: "gid://gitlab/Note/{each}") {{ lastEditedAt }}' for each in ids)
            data = self._client.graphql(f"query {{ {fields} }}", {})
            for each in ids:
                row = data.get(f"n{each}")
                text = row.get("lastEditedAt") if row is not None else None
                # What GitLab does not show may have been edited.
                found[each] = (
                    shapes.instant(text) if text else dt.datetime.max.replace(tzinfo=dt.UTC) if row is None else None
                )
        return found

    def emoji(self, issue: IssueId, note_id: int, name: str) -> int:
        """How often the emoji stands on the note, by GitLab's name of it: `thumbsup`."""
        rows = self._client.rows(f"/projects/{issue.project_id}/issues/{issue.iid}/notes/{note_id}/award_emoji")
        return sum(1 for row in rows if row.get("name") == name)

    def emoji_users(self, issue: IssueId, note_id: int) -> tuple[tuple[str, int], ...]:
        """Which emoji stand on the note, by GitLab's names of them, each with the id of who gave it."""
        rows = self._client.rows(f"/projects/{issue.project_id}/issues/{issue.iid}/notes/{note_id}/award_emoji")
        return tuple((str(row["name"]), int(row["user"]["id"])) for row in rows if row.get("user"))

    def merged_merge_requests(self, group: str, milestone: str) -> tuple[MergeRequest, ...]:
        """Those of all projects below the group that have the milestone and are merged."""

        def ask() -> tuple[MergeRequest, ...]:
            params = {"state": "merged", "scope": "all", "milestone": milestone}
            rows = self._client.rows(f"/groups/{encoded(group)}/merge_requests", **params)
            found = (shapes.merge_request(row) for row in rows)
            return tuple(each for each in found if not self._is_hidden(each.project_path))

        return self._once(("merged", group, milestone), ask)

    def own_issue(self, project_id: int, marker: str) -> Issue | None:
        """The oldest issue of the bot in the project with the marker, whatever its state."""
        found: list[Issue] = []
        for author_id in sorted(self.own_ids()):
            rows = self._client.rows(f"/projects/{project_id}/issues", author_id=author_id, scope="all", state="all")
            found += [shapes.issue(row) for row in rows if marker in (row.get("description") or "")]
        return min(found, key=lambda issue: issue.id, default=None)

    def links(self, item: WorkItemId) -> tuple[IssueLink, ...]:
        """The issues that it is linked to, those in an epic, as far as the bot may see them; oldest link first."""

        def ask() -> tuple[IssueLink, ...]:
            is_epic = isinstance(item, EpicId)
            try:
                rows = self._client.rows(f"{item_path(item)}/{'issues' if is_epic else 'links'}")
            except GitLabRefused as refused:
                if refused.status == 404:
                    return ()
                raise
            found = (IssueLink(shapes.issue(row), "child" if is_epic else str(row["link_type"])) for row in rows)
            return tuple(each for each in found if not self._is_hidden(each.issue.project_path))

        return self._once(("links", item), ask)

    def related_merge_requests(self, issue: IssueId) -> tuple[MergeRequest, ...]:
        """Merge requests that name the issue."""

        def ask() -> tuple[MergeRequest, ...]:
            path = f"/projects/{issue.project_id}/issues/{issue.iid}/related_merge_requests"
            found = (shapes.merge_request(row) for row in self._client.rows(path))
            return tuple(each for each in found if not self._is_hidden(each.project_path))

        return self._once(("related merge requests", issue), ask)

    def label_events(self, item: WorkItemId) -> tuple[LabelEvent, ...]:
        def ask() -> tuple[LabelEvent, ...]:
            path = f"{talk_path(item)}/resource_label_events"
            try:
                return tuple(shapes.label_event(row) for row in self._client.rows(path))
            except GitLabRefused as refused:
                if refused.status == 404:
                    return ()
                raise

        return self._once(("label events", item), ask)

    def own_note(self, item: WorkItemId, marker: str) -> Note | None:
        """The first note of the bot with the marker's text; reads only as many pages as it takes to find it."""
        found = own_notes(self._client, item, marker, self.own_ids(), first_only=True)
        return found[0] if found else None

    def hook_urls(self, project_id: int) -> frozenset[str]:
        return frozenset(str(row["url"]) for row in self._client.rows(f"/projects/{project_id}/hooks"))

    def own_notes(self, item: WorkItemId, marker: str) -> tuple[Note, ...]:
        """All notes of the bot with the marker's text, lowest id first."""
        return tuple(own_notes(self._client, item, marker, self.own_ids(), first_only=False))


def own_notes(
    client: Client, item: WorkItemId, marker: str, own_ids: frozenset[int], *, first_only: bool
) -> list[Note]:
    """Notes of the bot with the marker, lowest id first."""
    found: list[Note] = []
    pages = client.pages(
        f"{talk_path(item)}/notes",
        order_by="created_at",
        sort="asc",
        activity_filter="only_comments",
    )
    for page in pages:
        found += [shapes.note(row) for row in page if row["author"]["id"] in own_ids and marker in row["body"]]
        if found and first_only:
            break
    return sorted(found, key=lambda note: note.id)
