"""Merge requests, branches, epics, work items and GraphQL, by a client that does not know the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gitlab
import pytest
from graphql import build_client_schema, get_introspection_query
from graphql import parse as parse_graphql
from graphql import validate as validate_graphql

from bot.emulator.tables import GUEST, REPORTER
from tests.conftest import running
from tests.local_gitlab import LocalGitLab
from tests.triage.busy_group import fill


@pytest.fixture(scope="module")
def busy() -> Any:
    """A group with something of everything; the tests of this module leave it alike, or use what they made."""
    for found in running(None, "ultimate"):
        fill(found)
        yield found


@pytest.fixture
def root(busy: LocalGitLab) -> gitlab.Gitlab:
    return busy.as_user("root")


def refused(call: Any) -> tuple[int | None, Any]:
    """Status and message of what GitLab refuses."""
    with pytest.raises(gitlab.exceptions.GitlabError) as error:
        call()
    return error.value.response_code, error.value.error_message


# -- merge requests --------------------------------------------------------------------------------------------------


def iids(rows: Any) -> list[int]:
    return sorted(row.iid for row in rows)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "opened"}, [1, 2, 3, 6]),
        ({"state": "merged"}, [5]),
        ({"state": "closed"}, [4]),
        ({"wip": "yes"}, [2]),
        ({"draft": True}, [2]),
        ({"source_branch": "feature-3"}, [3]),
        ({"target_branch": "main", "state": "all"}, [1, 2, 3, 4, 5, 6]),
        ({"reviewer_id": "None"}, [1, 2, 4, 5]),
        ({"reviewer_id": "Any"}, [3, 6]),
        ({"reviewer_username": "bo"}, [3, 6]),
        ({"author_username": "dee"}, [2, 4, 6]),
        ({"labels": "feature"}, [3, 6]),
        ({"not[labels]": "feature"}, [1, 2, 4, 5]),
        ({"milestone": "2.0"}, [6]),
        ({"milestone": "nope"}, []),
        ({"iids[]": [1, 5]}, [1, 5]),
    ],
)
def test_merge_requests_are_filtered(root: gitlab.Gitlab, filters: dict[str, Any], expected: list[int]) -> None:
    project = root.projects.get("busy/app")
    assert iids(project.mergerequests.list(get_all=True, **filters)) == expected


def test_a_group_lists_the_merge_requests_below_it(root: gitlab.Gitlab) -> None:
    found = root.groups.get("busy").mergerequests.list(get_all=True, state="opened", draft=True)
    assert sorted(row.references["full"] for row in found) == ["busy/app!2", "busy/below/lib!2"]


def test_a_merge_request_lives_and_is_merged(root: gitlab.Gitlab) -> None:
    project = root.projects.get("busy/app")
    project.branches.create({"branch": "new", "ref": "main"})
    made = project.mergerequests.create({"source_branch": "new", "target_branch": "main", "title": "Draft: new"})
    assert (made.draft, made.state, made.detailed_merge_status) == (True, "opened", "draft_status")
    again = {"source_branch": "new", "target_branch": "main", "title": "again"}
    status, message = refused(lambda: project.mergerequests.create(again))
    assert (status, message[0]) == (
        409,
        f"Another open merge request already exists for this source branch: !{made.iid}",
    )
    assert refused(made.merge)[0] == 405
    made.notes.create({"body": "/ready\n/label ~docs"})
    shown = project.mergerequests.get(made.iid)
    assert (shown.title, shown.labels) == ("new", ["docs"])
    shown.discussions.create({"body": "A thread"})
    assert [note.body for note in shown.notes.list(get_all=True) if not note.system] == ["A thread"]
    assert [event.label["name"] for event in shown.resourcelabelevents.list(get_all=True)] == ["docs"]
    shown.merge(should_remove_source_branch=True)
    assert project.mergerequests.get(made.iid).state == "merged"
    assert refused(lambda: project.branches.get("new")) == (404, "404 Branch Not Found")
    shown.delete()


def test_closes_issues_by_its_description(root: gitlab.Gitlab) -> None:
    one = root.projects.get("busy/app").mergerequests.get(1)
    assert [issue.iid for issue in one.closes_issues()] == [1]


def test_an_issue_knows_what_closes_and_mentions_it(busy: LocalGitLab) -> None:
    for folder in ("closed_by", "related_merge_requests"):
        rows = busy.call("GET", f"/projects/busy%2Fapp/issues/6/{folder}").json()
        assert [row["references"]["full"] for row in rows] == ["busy/app!6"]
    assert busy.call("GET", "/projects/busy%2Fapp/issues/12/closed_by").json() == []


SEED = """
users: [{username: ada, token: ada-token}]
groups:
  - path: g
    members: {ada: owner}
    labels: [bug]
    epics: [{title: A plan, author: ada, labels: [bug], notes: [{body: Well}], created_at: 2026-01-02}]
projects:
  - path: g/p
    creator: ada
    branches: [one]
    merge_requests:
      - {title: "Draft: Two", source_branch: two, author: ada, reviewers: [ada], labels: [bug], state: closed}
"""


def test_a_seed_has_epics_branches_and_merge_requests(tmp_path: Path) -> None:
    (tmp_path / "seed.yml").write_text(SEED)
    for seeded in running(tmp_path / "seed.yml", "premium"):
        client = seeded.as_user("ada-token")
        epic = client.groups.get("g").epics.list()[0]
        assert (epic.title, epic.labels, epic.created_at[:10]) == ("A plan", ["bug"], "2026-01-02")
        project = client.projects.get("g/p")
        assert [branch.name for branch in project.branches.list()] == ["main", "one", "two"]
        shown = project.mergerequests.get(1)
        assert (shown.draft, shown.state, shown.labels) == (True, "closed", ["bug"])
        assert [user["username"] for user in shown.reviewers] == ["ada"]


# -- branches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("^feature", [f"feature-{n}" for n in range(1, 7)]),
        ("1$", ["feature-1"]),
        ("^f*3$", ["feature-3"]),
        ("MAIN", ["main"]),
        ("nothing", []),
    ],
)
def test_branches_are_searched(root: gitlab.Gitlab, search: str, expected: list[str]) -> None:
    project = root.projects.get("busy/below/lib")
    assert [branch.name for branch in project.branches.list(get_all=True, search=search)] == expected


def test_branches_say_whether_they_are_merged_and_protected(root: gitlab.Gitlab) -> None:
    rows = {row.name: (row.merged, row.protected, row.default) for row in root.projects.get("busy/app").branches.list()}
    assert rows["main"] == (False, True, True)
    assert rows["feature-2"] == (True, False, False)  # nothing was committed to it
    assert rows["feature-3"] == (False, True, False)


def test_a_branch_is_deleted_but_for_the_default_one(root: gitlab.Gitlab) -> None:
    project = root.projects.get("busy/below/lib")
    project.branches.create({"branch": "gone", "ref": "main"})
    project.branches.delete("gone")
    assert refused(lambda: project.branches.delete("gone")) == (404, "404 Branch Not Found")
    expected = (400, "The default branch of a project cannot be deleted.")
    assert refused(lambda: project.branches.delete("main")) == expected


# -- epics -----------------------------------------------------------------------------------------------------------


def test_an_epic_lives(busy: LocalGitLab, root: gitlab.Gitlab) -> None:
    group = root.groups.get("busy")
    epic = group.epics.create({"title": "A plan", "labels": "bug,docs", "confidential": True})
    assert (epic.references["full"], epic.labels, epic.confidential) == (f"busy&{epic.iid}", ["bug", "docs"], True)
    epic.state_event = "close"
    epic.remove_labels = "docs"
    epic.save()
    shown = group.epics.get(epic.iid)
    assert (shown.state, shown.labels) == ("closed", ["bug"])
    assert [row.iid for row in group.epics.list(get_all=True, state="closed")] == [epic.iid]
    made = busy.call("POST", f"/groups/busy/epics/{shown.id}/notes", json={"body": "By its id"})
    assert (made.status_code, made.json()["noteable_type"]) == (201, "Epic")
    shown.delete()
    assert refused(lambda: group.epics.get(epic.iid))[0] == 403  # as in GitLab, and not 404


def test_issues_go_into_an_epic_and_out_of_it(busy: LocalGitLab, root: gitlab.Gitlab) -> None:
    epic = root.groups.get("busy").epics.create({"title": "A plan"})
    project = root.projects.get("busy/app")
    first, second = project.issues.get(1), project.issues.get(2)
    assert epic.issues.create({"issue_id": first.id}).issue["iid"] == 1
    busy.call("PUT", f"/projects/{project.id}/issues/2", json={"epic_id": epic.id})
    made = project.issues.create({"title": "Third", "epic_id": epic.id})
    assert [row.iid for row in epic.issues.list(get_all=True)] == [1, 2, made.iid]
    shown = project.issues.get(2)
    assert (shown.epic["id"], shown.epic["group_id"], shown.epic_iid) == (epic.id, epic.group_id, epic.iid)
    item = busy.call("GET", f"/projects/{project.id}/-/work_items/2?features=hierarchy").json()
    assert item["features"]["hierarchy"]["parent"]["iid"] == epic.iid
    epic.issues.list(get_all=True)[0].delete()
    busy.call("PUT", f"/projects/{project.id}/issues/2", json={"epic_id": 0})
    assert [row.iid for row in epic.issues.list(get_all=True)] == [made.iid]
    said = [note.body for note in second.notes.list(get_all=True, sort="asc") if note.system]
    assert said == [f"added to epic busy&{epic.iid}", f"removed from epic busy&{epic.iid}"]
    # Not for who sees no such epic, or no such issue.
    assert busy.call("PUT", f"/projects/{project.id}/issues/2", json={"epic_id": 4711}).status_code == 404
    assert busy.call("POST", f"/groups/busy/epics/{epic.iid}/issues/4711").status_code == 404
    epic.delete()
    left = project.issues.get(made.iid)
    assert left.epic is None
    left.delete()


def test_epics_need_a_paid_tier() -> None:
    for free in running(None, "free"):
        free.call("POST", "/groups", json={"path": "g", "name": "g"})
        assert free.call("GET", "/groups/g/epics").status_code == 403


# -- work items ------------------------------------------------------------------------------------------------------

WORK_ITEMS = "/projects/busy%2Fapp/-/work_items"


def numbers(busy: LocalGitLab, path: str = WORK_ITEMS, **params: Any) -> list[int]:
    answer = busy.call("GET", path, params={"per_page": 100} | params)
    assert answer.status_code == 200, answer.text
    return sorted(row["iid"] for row in answer.json())


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "closed"}, [3, 7]),
        ({"label_name": "bug"}, [5, 10]),
        ({"not[label_name]": "bug,feature"}, [1, 2, 3, 6, 7, 8, 11, 12]),
        ({"assignee_usernames": "cy"}, [6, 12]),
        ({"work_item_type_names": "issue"}, list(range(1, 13))),
        ({"work_item_type_names": "Task"}, []),
        ({"milestone_title": "1.0"}, [4, 12]),
        ({"milestone_wildcard_id": "None", "state": "closed"}, [3, 7]),
        ({"status[name]": "done"}, [3, 7]),
        ({"status[name]": "nothing"}, []),
        ({"iids": "1,2"}, [1, 2]),
    ],
)
def test_work_items_are_filtered(busy: LocalGitLab, filters: dict[str, Any], expected: list[int]) -> None:
    assert numbers(busy, **filters) == expected


def test_work_items_say_only_what_is_asked_for(busy: LocalGitLab) -> None:
    bare = busy.call("GET", WORK_ITEMS, params={"iids": 4}).json()
    assert [sorted(row) for row in bare] == [["global_id", "id", "iid", "title"]]
    asked = {"iids": 4, "fields": "state,namespace,nothing", "features": "labels,status,nothing"}
    row = busy.call("GET", WORK_ITEMS, params=asked).json()[0]
    assert (row["state"], row["namespace"]["full_path"]) == ("opened", "busy/app")
    assert row["features"]["status"]["status"]["name"] == "To do"
    assert set(row["features"]) == {"labels", "status"}


def test_work_items_come_by_a_cursor(busy: LocalGitLab) -> None:
    answer = busy.call("GET", WORK_ITEMS, params={"per_page": 5})
    assert "X-Total" not in answer.headers
    seen = [row["iid"] for row in answer.json()]
    while answer.links.get("next"):
        path = answer.links["next"]["url"].partition("/api/v4")[2]
        answer = busy.call("GET", path)
        seen += [row["iid"] for row in answer.json()]
    assert sorted(seen) == list(range(1, 13))
    offset = busy.call("GET", WORK_ITEMS, params={"pagination": "offset"})
    assert offset.status_code == 405


def test_the_work_items_of_a_group_are_its_epics_and_below_it_the_issues(busy: LocalGitLab) -> None:
    assert numbers(busy, "/groups/busy/-/work_items") == [1, 2, 3]
    everything = busy.call("GET", "/groups/busy/-/work_items", params={"include_descendants": True, "per_page": 100})
    assert len(everything.json()) == 3 + 12 + 12


def test_a_work_item_is_changed_and_noted(busy: LocalGitLab) -> None:
    made = busy.call("POST", "/projects/busy%2Fapp/issues", json={"title": "To change"}).json()
    label = busy.store.labels_for(busy.store.projects[made["project_id"]])["stale"].id
    path = f"{WORK_ITEMS}/{made['iid']}"
    features = {"labels": {"add_label_ids": [label]}, "health_status": {"health_status": "at_risk"}}
    answer = busy.call("PATCH", path, json={"title": "Changed", "features": features}).json()
    assert (answer["title"], answer["features"]["labels"]["labels"][0]["title"]) == ("Changed", "stale")
    assert answer["features"]["health_status"] == {"health_status": "at_risk"}
    note = busy.call("POST", f"{path}/notes", json={"body": "Hello\n/close"})
    assert (note.status_code, note.json()["body"]) == (201, "Hello")
    assert busy.call("GET", path, params={"fields": "state"}).json()["state"] == "closed"
    busy.call("DELETE", path)
    assert busy.call("GET", path).json() == {"message": "404 Work Item Not Found"}


# -- GraphQL ---------------------------------------------------------------------------------------------------------


def asked(busy: LocalGitLab, query: str, token: str | None = "root", **variables: Any) -> Any:
    import requests

    headers = {"PRIVATE-TOKEN": token} if token else {}
    body = {"query": query, "variables": variables}
    return requests.post(f"{busy.url}/api/graphql", json=body, headers=headers, timeout=10).json()


def test_its_schema_is_told_and_other_peoples_queries_fit_it(busy: LocalGitLab) -> None:
    schema = build_client_schema(asked(busy, get_introspection_query())["data"])
    query = """query($source: ID!, $after: String, $iids: [String!]) {
      group(fullPath: $source) { id mergeRequests(after: $after, includeSubgroups: true, state: opened, draft: false,
        labelName: ["a"], not: {labelName: ["b"]}, sourceBranches: ["c"], mergedBefore: "2026-01-01", iids: $iids) {
        pageInfo { hasNextPage endCursor }
        nodes { id iid title updatedAt createdAt webUrl projectId userNotesCount userDiscussionsCount upvotes
          labels { nodes { title } } author { id name username } reviewers { nodes { id } } draft mergedAt } } } }"""
    assert validate_graphql(schema, parse_graphql(query)) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("state: closed", ["7", "3"]),
        ('labelName: ["bug"]', ["5", "10"]),
        ("labelName: []", []),
        ('not: {labelName: ["bug", "feature"]}, state: closed', ["7", "3"]),
        ('authorUsername: "ann"', ["4", "8", "12"]),
        ('milestoneTitle: "2.0"', ["8"]),
        ("milestoneWildcardId: NONE, state: closed", ["7", "3"]),
        ("types: [INCIDENT]", []),
        ('iids: ["1", "2"]', ["1", "2"]),
        ("confidential: true", ["5"]),
    ],
)
def test_issues_are_filtered_in_graphql(busy: LocalGitLab, arguments: str, expected: list[str]) -> None:
    query = f'{{ project(fullPath: "busy/app") {{ issues({arguments}) {{ nodes {{ iid }} }} }} }}'
    found = [node["iid"] for node in asked(busy, query)["data"]["project"]["issues"]["nodes"]]
    assert sorted(found) == sorted(expected)


def test_pages_of_graphql_go_on_from_their_cursor(busy: LocalGitLab) -> None:
    query = """query($after: String) { project(fullPath: "busy/app") { issues(first: 5, after: $after) {
      nodes { iid } pageInfo { hasNextPage endCursor } count } } }"""
    seen, after, more = [], None, True
    while more:
        page = asked(busy, query, after=after)["data"]["project"]["issues"]
        seen += [int(node["iid"]) for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert sorted(seen) == list(range(1, 13))


def test_what_may_not_be_seen_is_null_without_an_error(busy: LocalGitLab) -> None:
    assert asked(busy, '{ project(fullPath: "busy/nothing") { id } }', None) == {"data": {"project": None}}
    query = '{ project(fullPath: "busy/app") { issue(iid: "5") { title } } }'
    assert asked(busy, query, None) == {"data": {"project": {"issue": None}}}


UPDATE = """mutation($input: WorkItemUpdateInput!) { workItemUpdate(input: $input) {
  workItem { state widgets { ... on WorkItemWidgetStatus { status { name } } } } errors } }"""


def test_a_status_brings_its_state_along(busy: LocalGitLab) -> None:
    made = busy.call("POST", "/projects/busy%2Fapp/issues", json={"title": "To do"}).json()
    gid = f"gid://gitlab/WorkItem/{made['id']}"
    for name, state in (("Won't do", "CLOSED"), ("in progress", "OPEN")):
        answer = asked(busy, UPDATE, input={"id": gid, "statusWidget": {"name": name}})["data"]["workItemUpdate"]
        shown = [widget["status"]["name"] for widget in answer["workItem"]["widgets"] if widget]
        assert (answer["errors"], answer["workItem"]["state"], shown[0].lower()) == ([], state, name.lower())
    unknown = asked(busy, UPDATE, input={"id": gid, "statusWidget": {"name": "nope"}})
    assert (unknown["data"]["workItemUpdate"], unknown["errors"][0]["message"]) == (None, "Status doesn't exist.")
    busy.call("DELETE", f"/projects/busy%2Fapp/issues/{made['iid']}")


def test_who_may_not_change_an_item_is_passed_over_or_refused(busy: LocalGitLab) -> None:
    made = busy.call("POST", "/projects/busy%2Fapp/issues", json={"title": "Ours"}).json()
    gid = f"gid://gitlab/WorkItem/{made['id']}"
    store = busy.store
    cy, group = store.usernames["cy"], store.group_paths["busy"]
    assert group.members[cy.id].access_level == GUEST
    store.add_token(cy, ["api"], value="cy-token")
    widget = asked(busy, UPDATE, "cy-token", input={"id": gid, "healthStatusWidget": {"healthStatus": "atRisk"}})
    assert (widget["data"]["workItemUpdate"]["errors"], store.issues[made["id"]].health_status) == ([], None)
    own = asked(busy, UPDATE, "cy-token", input={"id": gid, "title": "Mine"})
    assert "does not exist or you don't have permission" in own["errors"][0]["message"]
    group.members[cy.id].access_level = REPORTER
    asked(busy, UPDATE, "cy-token", input={"id": gid, "healthStatusWidget": {"healthStatus": "atRisk"}})
    assert store.issues[made["id"]].health_status == "at_risk"
    group.members[cy.id].access_level = GUEST
    busy.call("DELETE", f"/projects/busy%2Fapp/issues/{made['iid']}")


def test_a_query_that_is_too_large_is_refused(busy: LocalGitLab) -> None:
    answer = asked(busy, "{ metadata { version } }" + " " * 10_000)
    assert answer == {"errors": [{"message": "Query too large"}]}
