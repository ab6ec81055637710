"""Carries out changes: finds or creates by the natural key, and answers a lost answer by reading again."""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bot.domain.access_record import MARKER as RECORD_MARKER
from bot.domain.access_record import render_record
from bot.domain.changes import (
    AddMembers,
    AddToEpic,
    ChangeLabels,
    CreateIssue,
    CreateProject,
    Grant,
    LinkIssues,
    LinkNote,
    ProposeFiles,
    PublishIssue,
    RaiseMember,
    RecordAccess,
    RegisterHook,
    ResendDelivery,
    WriteNote,
)
from bot.domain.errors import Bug, GitLabRefused, GitLabUnreachable, SectionbotError
from bot.domain.markers import bears
from bot.domain.plan import Outcome, Status, Step
from bot.domain.resources import AccessLevel, IssueId, WorkItemId
from bot.domain.text_hash import hash_of
from bot.gitlab_api.client import Client, Json, encoded
from bot.gitlab_api.file_writer import propose_files
from bot.gitlab_api.hook_writer import Secrets, apply_to_hook
from bot.gitlab_api.item_paths import item_path
from bot.gitlab_api.link_writer import add_to_epic, link_issues
from bot.gitlab_api.note_writer import put_note
from bot.gitlab_api.people import PEOPLE_FRESH_S, Lookups
from bot.gitlab_api.policy_writer import POLICY_CHANGES, PolicyWriter
from bot.gitlab_api.reader import Identity, own_notes

MOST_MEMBERS_AT_ONCE = 100
FEATURES = (
    "issues",
    "repository",
    "merge_requests",
    "forking",
    "wiki",
    "builds",
    "snippets",
    "pages",
    "analytics",
    "container_registry",
    "security_and_compliance",
    "releases",
    "environments",
    "feature_flags",
    "infrastructure",
    "monitor",
    "model_experiments",
    "model_registry",
)
DONE = Outcome(Status.DONE)
ALREADY_SO = Outcome(Status.ALREADY_SO)
FOR_ANOTHER = Outcome(Status.ALREADY_SO, "The issue was there before: the next run looks at it.")


class GitLabWriter:
    """Applies the steps of one run; remembers what the run has created, so that it need not be looked up."""

    def __init__(
        self,
        client: Client,
        identity: Identity,
        lookups: Lookups,
        secrets: Secrets,
        side_by_side: Callable[[list[Callable[[], Any]]], list[Any]],
    ) -> None:
        self._client, self._identity, self._lookups, self._secrets = client, identity, lookups, secrets
        self._side_by_side = side_by_side
        self._lock = threading.Lock()
        self._projects: dict[str, int] = {}
        self._created: set[str] = set()
        self._issues: dict[tuple[str, int], IssueId] = {}
        self._opened: dict[str, IssueId] = {}
        self._found: set[str] = set()
        self._policies = PolicyWriter(client, lambda: identity.usernames())

    def apply(self, step: Step, absent: frozenset[int]) -> Outcome:
        """Never raises: refusals, silence and bugs are outcomes."""
        change = step.change
        try:
            if isinstance(change, CreateProject):
                return self._create_project(change)
            if isinstance(change, CreateIssue):
                return self._create_issue(change)
            if isinstance(change, AddMembers):
                return self._add_members(change)
            if isinstance(change, RaiseMember):
                return self._raise_member(change)
            if isinstance(change, RecordAccess):
                return self._record_access(change, absent)
            if isinstance(change, WriteNote):
                return self._write_note(change)
            if isinstance(change, ChangeLabels):
                return self._change_labels(change)
            if isinstance(change, LinkIssues):
                return link_issues(change, self._client, self._opened_by)
            if isinstance(change, AddToEpic):
                return add_to_epic(change, self._client, self._opened_by)
            if isinstance(change, LinkNote):
                return self._link_note(change)
            if isinstance(change, PublishIssue):
                return self._publish_issue(change)
            if isinstance(change, ProposeFiles):
                return propose_files(change, self._client, self._identity.get()[1])
            if isinstance(change, POLICY_CHANGES):
                return self._policies.apply(change)
            assert isinstance(change, RegisterHook | ResendDelivery)
            return apply_to_hook(change, self._client, self._secrets)
        except GitLabRefused as refused:
            return Outcome(Status.REFUSED, str(refused), _concerned(step), refused.status)
        except GitLabUnreachable as unreachable:
            return Outcome(Status.FAILED, str(unreachable), _concerned(step))
        except Exception as error:  # a bug in one change stops no other, and is tried again like a silent GitLab
            return Outcome(Status.FAILED, str(Bug(error)), _concerned(step))

    # -- projects ----------------------------------------------------------------------------------------------------

    def _create_project(self, change: CreateProject) -> Outcome:
        namespace, _, path = change.project_path.rpartition("/")
        body: Json = {
            "name": change.name,
            "path": path,
            "namespace_id": self._group_id(namespace),
            "visibility": "private",
            "description": change.description,
            "request_access_enabled": False,
            "lfs_enabled": False,
            "packages_enabled": False,
            "service_desk_enabled": False,
            "shared_runners_enabled": False,
            "auto_devops_enabled": False,
            "initialize_with_readme": False,
        }
        for feature in FEATURES:
            body[f"{feature}_access_level"] = "private" if feature in change.features else "disabled"
        try:
            row = self._client.request("POST", "/projects", body=body)
        except GitLabUnreachable:
            row = self._own_project(change)
            if row is None:
                raise
        except GitLabRefused as refused:
            row = self._own_project(change)
            if row is None:
                hint = (
                    f" The bot needs the role Owner in {namespace}."
                    if "namespace is not valid" in refused.words
                    else ""
                )
                return Outcome(Status.REFUSED, f"{change.project_path} could not be created: {refused.words}.{hint}")
            self._remember_project(change.project_path, row)
            return ALREADY_SO
        self._remember_project(change.project_path, row)
        if row.get("visibility") != "private":
            return Outcome(Status.REFUSED, f"{change.project_path} was created, but GitLab did not make it private.")
        with self._lock:
            self._created.add(change.project_path)
        return DONE

    def _own_project(self, change: CreateProject) -> Json | None:
        """The project at the path, if it is the one that this change means."""
        row: Json | None = self._client.get_or_none(f"/projects/{encoded(change.project_path)}")
        if row is None or row.get("creator_id") not in self._identity.get()[1]:
            return None
        return row if change.marker in (row.get("description") or "") else None

    def _remember_project(self, path: str, row: Json) -> None:
        with self._lock:
            self._projects[path] = int(row["id"])

    def _group_id(self, path: str) -> int:
        known = self._lookups.get(("group", path), PEOPLE_FRESH_S)
        if known is not None and known[0] is not None:
            return int(known[0].id)
        return int(self._client.get(f"/groups/{encoded(path)}", with_projects="false")["id"])

    def _project(self, path: str) -> str | int:
        """The id where this run knows it, else the path, which GitLab takes as well."""
        with self._lock:
            return self._projects.get(path, encoded(path))

    # -- issues ------------------------------------------------------------------------------------------------------

    def _create_issue(self, change: CreateIssue) -> Outcome:
        project = self._project(change.project_path)
        body: Json = {
            "title": change.title,
            "description": change.description,
            "confidential": change.confidential,
            "issue_type": change.issue_type,
        }
        if change.labels:
            body["labels"] = ",".join(change.labels)
        if change.milestone_id is not None:
            body["milestone_id"] = change.milestone_id
        if change.due_on is not None:
            body["due_date"] = change.due_on.isoformat()
        if change.assignee_ids:
            body["assignee_ids"] = list(change.assignee_ids)
        if change.weight is not None:
            body["weight"] = change.weight
        with self._lock:
            fresh_project = change.project_path in self._created
        if not (fresh_project and change.iid is not None):
            known = self._own_issues(project, change)
            if known:
                return self._was_there(change, known[0])
        try:
            row = self._client.request("POST", f"/projects/{project}/issues", body=body | _iid(change))
        except GitLabRefused as refused:
            if refused.status != 409:
                raise
            known = self._own_issues(project, change)
            if known:
                return self._was_there(change, known[0])
            row = self._client.request("POST", f"/projects/{project}/issues", body=body)
        except GitLabUnreachable:
            known = self._own_issues(project, change)
            if not known:
                raise
            row = known[0]
        self._remember_issue(change, row)
        if change.iid is not None and row["iid"] == change.iid:
            return DONE
        outcome = self._keep_lowest_issue(project, change)
        lacking = sorted(set(change.labels) - set(row.get("labels") or ()))
        if lacking:
            sentence = (
                f"{change.project_path}#{row['iid']} was opened, but GitLab left out the labels {', '.join(lacking)}"
            )
            return Outcome(Status.REFUSED, f"{sentence}: make them in a group above, and set them.")
        return outcome

    def _was_there(self, change: CreateIssue, row: Json) -> Outcome:
        """What follows in the plan was written for an issue that is not there yet: the next run looks at this one."""
        self._remember_issue(change, row)
        with self._lock:
            self._found.add(change.key)
        return ALREADY_SO

    def _own_issues(self, project: str | int, change: CreateIssue) -> list[Json]:
        """Issues of the bot with the marker, or with the number that is wanted; lowest id first."""
        rows: list[Json] = []
        for author_id in sorted(self._identity.get()[1]):
            rows += self._client.rows(f"/projects/{project}/issues", author_id=author_id, scope="all", state="all")
        found = [row for row in rows if bears(row.get("description") or "", change.marker) or row["iid"] == change.iid]
        return sorted(found, key=lambda row: int(row["id"]))

    def _keep_lowest_issue(self, project: str | int, change: CreateIssue) -> Outcome:
        """GitLab has no unique key for issues: of two that were created at once the lowest id stays."""
        first, *later = self._own_issues(project, change)
        self._remember_issue(change, first)
        for row in later:
            if row["state"] == "opened":
                path = f"/projects/{row['project_id']}/issues/{row['iid']}"
                text = f"A duplicate of #{first['iid']}.\n\n/duplicate #{first['iid']}"
                self._client.request("POST", f"{path}/notes", body={"body": text})
                self._client.request("PUT", path, body={"state_event": "close"})
        return DONE

    def _remember_issue(self, change: CreateIssue, row: Json) -> None:
        at = IssueId(int(row["project_id"]), int(row["iid"]))
        with self._lock:
            self._issues[(change.project_path, change.iid or 0)] = at
            self._opened[change.key] = at

    def _issue(self, project_path: str, iid: int) -> IssueId:
        with self._lock:
            known = self._issues.get((project_path, iid))
            project_id = self._projects.get(project_path)
        if known is not None:
            return known
        if project_id is None:
            project_id = int(self._client.get(f"/projects/{encoded(project_path)}")["id"])
            with self._lock:
                self._projects[project_path] = project_id
        return IssueId(project_id, iid)

    # -- members -----------------------------------------------------------------------------------------------------

    def _add_members(self, change: AddMembers) -> Outcome:
        project = self._project(change.project_path)
        with self._lock:
            fresh_project = change.project_path in self._created
        present = {} if fresh_project else self._members(project)
        lacking = [grant for grant in change.grants if grant.user_id not in present]
        if not lacking:
            return ALREADY_SO
        groups: dict[tuple[AccessLevel, dt.date], list[Grant]] = defaultdict(list)
        for grant in lacking:
            groups[(grant.access_level, grant.expires_on)].append(grant)
        batches = [
            grants[start : start + MOST_MEMBERS_AT_ONCE]
            for grants in groups.values()
            for start in range(0, len(grants), MOST_MEMBERS_AT_ONCE)
        ]
        problems = self._side_by_side([lambda batch=batch: self._add_batch(project, batch) for batch in batches])  # type: ignore[misc]
        present = self._members(project)
        absent = [grant for grant in lacking if grant.user_id not in present]
        if not absent:
            return DONE
        names = ", ".join(grant.username for grant in absent)
        unreachable = [each for each in problems if isinstance(each, GitLabUnreachable)]
        words = "; ".join(sorted({str(each) for each in problems if each}))
        sentence = f"Not members although they were to be added: {names}." + (f" {words}" if words else "")
        status = Status.FAILED if unreachable else Status.REFUSED
        return Outcome(status, sentence, frozenset(grant.user_id for grant in absent))

    def _add_batch(self, project: str | int, grants: list[Grant]) -> SectionbotError | str | None:
        """One request for people of one role and expiry; whether it worked is read from the members afterwards."""
        body: Json = {
            "user_id": ",".join(str(grant.user_id) for grant in grants),
            "access_level": int(grants[0].access_level),
            "expires_at": grants[0].expires_on.isoformat(),
        }
        try:
            answer = self._client.request("POST", f"/projects/{project}/members", body=body)
        except (GitLabRefused, GitLabUnreachable) as error:
            already = isinstance(error, GitLabRefused) and error.status == 409
            return None if already else error
        if isinstance(answer, dict) and answer.get("status") == "error":
            message = answer.get("message")
            if isinstance(message, dict):
                return "; ".join(f"{name}: {text}" for name, text in sorted(message.items()))
            return str(message)
        return None

    def _members(self, project: str | int) -> dict[int, AccessLevel]:
        rows = self._client.rows(f"/projects/{project}/members/all")
        active = [row for row in rows if row.get("membership_state") != "awaiting"]
        return {int(row["id"]): AccessLevel(row["access_level"]) for row in active}

    def _raise_member(self, change: RaiseMember) -> Outcome:
        project = self._project(change.project_path)
        present = self._members(project).get(change.user_id)
        if present is not None and present >= change.access_level:
            return ALREADY_SO
        body: Json = {"access_level": int(change.access_level)}
        if change.expires_on is not None:
            body["expires_at"] = change.expires_on.isoformat()
        try:
            self._client.request("PUT", f"/projects/{project}/members/{change.user_id}", body=body)
        except GitLabRefused as refused:
            if refused.status != 404:
                raise
            # What they have is inherited: a membership of their own comes on top.
            own = body | {"user_id": change.user_id, "expires_at": change.until.isoformat()}
            self._client.request("POST", f"/projects/{project}/members", body=own)
        return DONE

    # -- notes -------------------------------------------------------------------------------------------------------

    def _record_access(self, change: RecordAccess, absent: frozenset[int]) -> Outcome:
        at = self._issue(change.project_path, change.iid)
        kept = [entry for entry in change.entries if entry.user_id not in absent]
        kept += [entry for entry in change.before if entry.user_id in absent]
        body = render_record(kept)
        with self._lock:
            fresh = change.project_path in self._created
        return put_note(
            self._client,
            self._identity.get()[1],
            at,
            RECORD_MARKER,
            body,
            change.note_id,
            internal=False,
            search=not fresh,
        )

    def _write_note(self, change: WriteNote) -> Outcome:
        if self._is_for_another(change):
            return FOR_ANOTHER
        place = "discussions" if change.is_thread else "notes"
        if change.thread_id:
            place = f"discussions/{change.thread_id}/notes"
        return put_note(
            self._client,
            self._identity.get()[1],
            self._place_of(change),
            change.marker,
            change.body,
            change.note_id,
            internal=change.internal,
            search=bool(change.created_by),
            place=place,
        )

    def _is_for_another(self, change: WriteNote | LinkNote) -> bool:
        with self._lock:
            return change.created_by in self._found

    def _opened_by(self, key: str) -> IssueId:
        """The issue that the change with this key has created, or found."""
        with self._lock:
            return self._opened[key]

    def _place_of(self, change: WriteNote) -> WorkItemId:
        if change.created_by:
            return self._opened_by(change.created_by)
        return change.at or self._issue(change.namespace_path, change.iid)

    def _link_note(self, change: LinkNote) -> Outcome:
        """GitLab has no If-Match: the description is read again right before it is written."""
        if self._is_for_another(change):
            return FOR_ANOTHER
        at = self._opened_by(change.created_by) if change.created_by else change.issue
        at = at or self._issue(change.project_path, change.iid)
        path = item_path(at)
        notes = own_notes(self._client, at, change.marker, self._identity.get()[1], first_only=True)
        row = self._client.get(path)
        description = str(row.get("description") or "")
        if change.placeholder not in description:
            return ALREADY_SO
        if hash_of(description) != change.before:
            return Outcome(Status.ALREADY_SO, "Somebody has edited the description: it is theirs.")
        if not notes:
            return Outcome(Status.REFUSED, "The note that was to be linked is not there.")
        link = f"[{change.words}]({row['web_url']}#note_{notes[0].id})"
        self._client.request("PUT", path, body={"description": description.replace(change.placeholder, link)})
        return DONE

    def _publish_issue(self, change: PublishIssue) -> Outcome:
        """What decides is read again right before, and the note once more right after: another run may write, too."""
        path = item_path(change.issue)
        row = self._client.get(path)
        if change.held_by in (row.get("labels") or ()):
            return Outcome(Status.REFUSED, f"Somebody has just put {change.held_by} on it: it stays confidential.")
        if not row.get("confidential"):
            return ALREADY_SO
        if not self._stands(change):
            return Outcome(Status.FAILED, "Its note is not the one for the new readers; the next run tries again.")
        row = self._client.request("PUT", path, body={"confidential": False})
        if row.get("confidential"):
            return Outcome(Status.REFUSED, "GitLab left it confidential: the bot's role in the project is too small.")
        if not self._stands(change):
            self._client.request("PUT", path, body={"confidential": True})
            return Outcome(Status.FAILED, "The bot's note was changed meanwhile, so it is confidential again.")
        return DONE

    def _stands(self, change: PublishIssue) -> bool:
        own_ids = self._identity.get()[1]
        notes = own_notes(self._client, change.issue, change.note_marker, own_ids, first_only=False)
        return [hash_of(note.body.strip()) for note in notes] == [change.note_hash]

    def _change_labels(self, change: ChangeLabels) -> Outcome:
        body = {}
        if change.add:
            body["add_labels"] = ",".join(change.add)
        if change.remove:
            body["remove_labels"] = ",".join(change.remove)
        row = self._client.request("PUT", item_path(change.at), body=body)
        labels = set(row.get("labels") or ())
        if set(change.add) <= labels and not labels & set(change.remove):
            return DONE
        return Outcome(Status.REFUSED, "GitLab ignored the labels: the bot's role in the project is too small.")


def _concerned(step: Step) -> frozenset[int]:
    """The people of a step that did not come through: until it is proven, nobody got what it gives."""
    change = step.change
    if isinstance(change, AddMembers):
        return frozenset(grant.user_id for grant in change.grants)
    return frozenset({change.user_id}) if isinstance(change, RaiseMember) else frozenset()


def _iid(change: CreateIssue) -> Json:
    return {"iid": change.iid} if change.iid is not None else {}
