"""What automations read, against the emulator: lists with many pages, and what is hidden from them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import GitLabRefused
from bot.domain.resources import EpicId, IssueId
from bot.emulator.tables import PLANNER
from bot.settings.loading import Settings
from bot.wiring import Environment, GitLab, connect
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


def new_epic(gitlab: LocalGitLab, group: str = "sec", **fields: Any) -> EpicId:
    row = gitlab.call("POST", f"/groups/{group}/epics", json={"title": "T"} | fields).json()
    return EpicId(row["group_id"], row["iid"], row["id"])


def test_epics_are_listed_but_for_those_of_an_incident_group(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    local_gitlab.add_member("sec", "group_1_bot", PLANNER)
    first = new_epic(local_gitlab, labels="section::sec", description="Text", confidential=True)
    new_epic(local_gitlab, labels="section::sec,bot::quiet")
    hidden = new_epic(local_gitlab, "sec%2Fincidents", labels="section::sec")
    reader = connected.reader().hiding(("sec/incidents",))
    lists: Any = {"state": "opened", "label": "section::sec"}
    assert len(connected.reader().epics("sec", **lists) or ()) == 3
    [found] = reader.epics("sec", **lists, without_labels="bot::quiet") or ()
    assert (found.reference, found.ids, found.confidential, found.description) == ("sec&1", first, True, "Text")
    assert reader.epics("sec", state="closed", label="section::sec") == ()
    later = local_gitlab.store.now() + dt.timedelta(hours=1)
    assert reader.epics("sec", state="all", updated_after=later) == ()
    assert reader.epic("sec/incidents", hidden.iid) is None
    assert reader.epic("sec", 99) is None
    assert reader.epic(first.group_id, 1) == found


def test_in_the_free_tier_there_are_none(
    free_tier_gitlab: LocalGitLab, environment: Environment, settings: Settings
) -> None:
    free = connect(replace(environment, gitlab_url=free_tier_gitlab.url), settings)
    assert free.reader().epics("sec", state="opened") is None
    assert free.reader().epic("sec", 1) is None


@pytest.mark.parametrize("status", [403, 404])
def test_where_gitlab_shows_no_threads_of_epics_their_notes_are_read(
    local_gitlab: LocalGitLab, connected: GitLab, status: int
) -> None:
    at = new_epic(local_gitlab)
    for text in ("One", "Two"):
        local_gitlab.call("POST", f"/groups/{at.group_id}/epics/{at.id}/notes", json={"body": text})
    assert [[note.body for note in each.notes] for each in connected.reader().discussions(at)] == [["One"], ["Two"]]
    local_gitlab.fault(path="/discussions", status=status, body={"message": f"{status}"})
    found = connected.reader().discussions(at)
    assert [(each.id, [note.body for note in each.notes]) for each in found] == [("", ["One"]), ("", ["Two"])]
    # An epic that is gone is none without words: what the bot has said there would be said again.
    local_gitlab.fault(path="/discussions|/notes", status=404, body={"message": "404"}, times=2)
    with pytest.raises(GitLabRefused):
        connected.reader().discussions(at)


def test_the_issues_of_an_epic_are_its_links(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    at = new_epic(local_gitlab)
    issue = made(local_gitlab, "sec/product", epic_id=at.id)
    assert [(link.issue.ids, link.link_type) for link in connected.reader().links(at)] == [(issue, "child")]


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
