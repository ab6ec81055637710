"""What automations read, against the emulator: lists with many pages, and what is hidden from them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.domain.resources import IssueId
from bot.wiring import GitLab
from tests.local_gitlab import LocalGitLab


def made(local_gitlab: LocalGitLab, path: str, **fields: Any) -> IssueId:
    project = local_gitlab.project(path)
    assert project is not None
    row = local_gitlab.call("POST", f"/projects/{project.id}/issues", json={"title": "T"} | fields).json()
    return IssueId(row["project_id"], row["iid"])


def test_the_pages_of_a_list_are_fetched_side_by_side(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    for _ in range(420):
        made(local_gitlab, "sec/product")
    local_gitlab.application.control.latency_ms = 150
    local_gitlab.forget_requests()
    found = connected.reader().issues("sec", is_group=True, state="opened")
    assert len({issue.id for issue in found}) == 420
    first, *others = local_gitlab.application.control.log
    assert len(others) == 4
    # All others are asked for before the first of them is answered.
    assert min(each.ended_at for each in others) > max(each.started_at for each in others) > first.ended_at


def test_what_lies_below_an_incident_group_is_in_no_list(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    incidents = local_gitlab.store.group_paths["sec/incidents"]
    fields = {"name": "Incident", "path": "incident-1-1", "namespace_id": incidents.id, "visibility": "private"}
    assert local_gitlab.call("POST", "/projects", "demo-bot-token", json=fields).status_code == 201
    label = {"labels": "Deliverable"}
    made(local_gitlab, "sec/incidents/incident-1-1", **label)
    made(local_gitlab, "sec/product", **label)
    everything, without = connected.reader(), connected.reader().hiding(("sec/incidents",))

    def places(reader: Any) -> tuple[set[str], set[str]]:
        issues = reader.issues("sec", is_group=True, state="all", label="Deliverable")
        projects = {each.path for each in reader.projects_below("sec")}
        return {issue.project_path for issue in issues}, projects & {"sec/product", "sec/incidents/incident-1-1"}

    both = {"sec/product", "sec/incidents/incident-1-1"}
    assert places(everything) == (both, both)
    assert places(without) == ({"sec/product"}, {"sec/product"})


def test_when_a_comment_was_edited_is_told_and_emoji_are_no_edit(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    at = made(local_gitlab, "sec/product")
    notes = f"/projects/{at.project_id}/issues/{at.iid}/notes"
    agreed, edited = (local_gitlab.call("POST", notes, json={"body": "text"}).json()["id"] for _ in range(2))
    assert local_gitlab.call("POST", f"{notes}/{agreed}/award_emoji", json={"name": "thumbsup"}).ok
    assert local_gitlab.call("PUT", f"{notes}/{edited}", json={"body": "other text"}).ok
    found = connected.reader().edited_at(frozenset({agreed, edited, 999_999}))
    assert found[agreed] is None
    changed = found[edited]
    assert changed is not None and changed < dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    # What GitLab does not show may have been edited.
    assert found[999_999] == dt.datetime.max.replace(tzinfo=dt.UTC)
    assert connected.reader().emoji(at, agreed, "thumbsup") == 1


def test_merge_requests_count_when_they_have_the_milestone_and_are_merged(
    local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    root = local_gitlab.as_user("root")
    milestone = root.groups.get("sec").milestones.create({"title": "19.4"})
    project = root.projects.get("sec/product")
    actions = [{"action": "create", "file_path": "a.txt", "content": "a"}]
    project.commits.create({"branch": "main", "commit_message": "begin", "actions": actions})
    for branch, fields, is_merged in (
        ("one", {"milestone_id": milestone.id, "labels": ["group::static analysis"]}, True),
        ("two", {"milestone_id": milestone.id}, False),
        ("three", {}, True),
    ):
        actions = [{"action": "create", "file_path": f"{branch}.txt", "content": branch}]
        commit = {"branch": branch, "start_branch": "main", "commit_message": branch, "actions": actions}
        project.commits.create(commit)
        made_ = project.mergerequests.create(
            {"source_branch": branch, "target_branch": "main", "title": branch} | fields
        )
        if is_merged:
            made_.merge()
    [found] = connected.reader().merged_merge_requests("sec", "19.4")
    assert (found.project_path, found.labels) == ("sec/product", ("group::static analysis",))
    assert connected.reader().hiding(("sec",)).merged_merge_requests("sec", "19.4") == ()


def test_an_issue_that_was_deleted_has_no_discussions(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    at = made(local_gitlab, "sec/product")
    assert local_gitlab.call("DELETE", f"/projects/{at.project_id}/issues/{at.iid}").ok
    assert connected.reader().discussions(at) == ()
