"""Links between issues, epics, and files proposed by merge request: in each tier, twice, and with lost answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.changes import AddToEpic, ChangeLabels, CreateIssue, LinkIssues, ProposeFiles, WriteNote
from bot.domain.plan import Outcome, Status, Step
from bot.domain.resources import EpicId, IssueId
from bot.emulator.tables import PLANNER
from bot.wiring import Environment, GitLab, connect
from tests.local_gitlab import LocalGitLab

CHANGE = ProposeFiles(
    project_path="sec/architecture",
    branch="council-decision-3-1",
    title="Record the decision",
    description="It was decided.",
    file="decisions/one.md",
    content="# One\n",
    listed_in="guidelines.md",
    line="* [One](decisions/one.md)",
)


def apply(connected: GitLab, *changes: Any) -> list[Outcome]:
    writer = connected.writer()
    return [writer.apply(Step(change, "because", "subject"), frozenset()) for change in changes]


def two_issues(gitlab: LocalGitLab) -> tuple[IssueId, IssueId]:
    project = gitlab.project("sec/product")
    assert project is not None
    made = [gitlab.call("POST", f"/projects/{project.id}/issues", json={"title": each}).json() for each in "ab"]
    first, second = (IssueId(row["project_id"], row["iid"]) for row in made)
    return first, second


def link(source: IssueId, target: IssueId, kind: str = "is_blocked_by") -> LinkIssues:
    return LinkIssues("a", "b", kind, source_issue=source, target_issue=target)


def kinds(gitlab: LocalGitLab, issue: IssueId) -> list[str]:
    rows = gitlab.call("GET", f"/projects/{issue.project_id}/issues/{issue.iid}/links").json()
    return [row["link_type"] for row in rows]


def test_a_link_is_made_once(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    source, target = two_issues(local_gitlab)
    assert apply(connected, link(source, target), link(source, target)) == [
        Outcome(Status.DONE),
        Outcome(Status.ALREADY_SO),
    ]
    assert kinds(local_gitlab, source) == ["is_blocked_by"]


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 403, "body": {"message": "Blocked issues not available for current license"}},
        {"status": 400, "body": {"error": "link_type does not have a valid value"}},
    ],
)
def test_where_links_have_no_direction_issues_are_related(
    local_gitlab: LocalGitLab, connected: GitLab, refusal: dict[str, Any]
) -> None:
    source, target = two_issues(local_gitlab)
    local_gitlab.fault(method="POST", path="/links$", **refusal)
    assert apply(connected, link(source, target)) == [
        Outcome(
            Status.DONE,
            "This GitLab has no links of the type is_blocked_by: the two are related without a direction.",
        )
    ]
    assert kinds(local_gitlab, source) == ["relates_to"]


def test_so_it_is_in_the_free_tier(free_tier_gitlab: LocalGitLab, environment: Environment, settings: Any) -> None:
    connected = connect(replace(environment, gitlab_url=free_tier_gitlab.url), settings)
    source, target = two_issues(free_tier_gitlab)
    [outcome] = apply(connected, link(source, target))
    assert outcome.status is Status.DONE and kinds(free_tier_gitlab, source) == ["relates_to"]


def test_another_refusal_is_told(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    source, target = two_issues(local_gitlab)
    local_gitlab.fault(method="POST", path="/links$", status=403, body={"message": "Couldn't link issues."})
    [outcome] = apply(connected, link(source, target))
    assert (outcome.status, outcome.http_status) == (Status.REFUSED, 403)


def test_a_lost_answer_to_a_link_is_answered_by_looking(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    source, target = two_issues(local_gitlab)
    local_gitlab.fault(method="POST", path="/links$", lose_answer=True)
    assert apply(connected, link(source, target)) == [Outcome(Status.DONE)]
    local_gitlab.fault(method="POST", path="/links$", cut=True)
    other, third = two_issues(local_gitlab)
    [outcome] = apply(connected, link(other, third))
    assert outcome.status is Status.FAILED


def new_epic(gitlab: LocalGitLab) -> EpicId:
    row = gitlab.call("POST", "/groups/sec/epics", json={"title": "All"}).json()
    return EpicId(row["group_id"], row["iid"], row["id"])


def children(gitlab: LocalGitLab, epic: EpicId) -> list[int]:
    return [row["iid"] for row in gitlab.call("GET", f"/groups/{epic.group_id}/epics/{epic.iid}/issues").json()]


def test_an_issue_becomes_a_child_of_an_epic(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    epic, (issue, _) = new_epic(local_gitlab), two_issues(local_gitlab)
    mark = "<!-- sectionbot:implementation of=epic-3-1 category=a -->"
    create = CreateIssue("sec/product", "T", f"x\n\n{mark}", mark, confidential=False)
    into = AddToEpic("#?", "sec&1", epic, created_by=create.key)
    assert [each.status for each in apply(connected, create, into)] == [Status.DONE] * 2
    there = AddToEpic("sec/product#1", "sec&1", epic, issue_at=issue)
    local_gitlab.fault(method="PUT", path="/issues/", lose_answer=True)
    assert [each.status for each in apply(connected, there, there)] == [Status.DONE] * 2
    assert children(local_gitlab, epic) == [3, 1]


def test_an_epic_that_takes_no_issue_is_told(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    epic, (issue, _) = new_epic(local_gitlab), two_issues(local_gitlab)
    there = AddToEpic("sec/product#1", "sec&1", epic, issue_at=issue)
    local_gitlab.fault(method="PUT", path="/issues/", status=200, body={"iid": 1, "epic": None})
    [outcome] = apply(connected, there)
    sentence = "GitLab did not take it into the epic sec&1: the bot's role is too small."
    assert outcome == Outcome(Status.REFUSED, sentence)


def test_an_epic_is_noted_and_labelled(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    local_gitlab.add_member("sec", "group_1_bot", PLANNER)
    at = new_epic(local_gitlab)
    mark = "<!-- sectionbot:x -->"
    note = WriteNote("sec", at.iid, mark, f"Hello\n\n{mark}", at)
    label = ChangeLabels("sec", at.iid, at, add=("section::sec",))
    assert [each.status for each in apply(connected, note, label)] == [Status.DONE] * 2
    [there] = connected.reader().own_notes(at, mark)
    edited = replace(note, body=f"Hello again\n\n{mark}", note_id=there.id)
    assert [each.status for each in apply(connected, edited)] == [Status.DONE]
    # Two runs that write it at once leave one.
    apply(connected, replace(note, body=f"Other\n\n{mark}"))
    assert [each.body for each in connected.reader().own_notes(at, mark)] == [f"Other\n\n{mark}"]
    shown = connected.reader().epic("sec", at.iid)
    assert shown is not None and shown.labels == ("section::sec",)
    assert [each.label for each in connected.reader().label_events(at)] == ["section::sec"]


def test_issues_of_the_same_plan_are_linked(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    marks = [f"<!-- sectionbot:implementation of=3-1 category={each} -->" for each in "ab"]
    first, second = (CreateIssue("sec/product", "T", f"x\n\n{mark}", mark, confidential=False) for mark in marks)
    between = LinkIssues("#?", "#?", "blocks", source_created_by=first.key, target_created_by=second.key)
    assert [outcome.status for outcome in apply(connected, first, second, between)] == [Status.DONE] * 3


# -- files -----------------------------------------------------------------------------------------------------------


def requests_of(gitlab: LocalGitLab) -> list[Any]:
    project = gitlab.project("sec/architecture")
    assert project is not None
    return list(gitlab.store.project_merge_requests[project.id].values())


def files(gitlab: LocalGitLab, branch: str = CHANGE.branch) -> dict[str, str]:
    project = gitlab.project("sec/architecture")
    assert project is not None
    found: dict[str, str] = project.branches[branch].files
    return found


def test_files_are_proposed_once(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    assert apply(connected, CHANGE, CHANGE) == [Outcome(Status.DONE), Outcome(Status.ALREADY_SO)]
    [request] = requests_of(local_gitlab)
    assert (request.source_branch, request.target_branch, request.title) == (
        "council-decision-3-1",
        "main",
        "Record the decision",
    )
    assert files(local_gitlab)["decisions/one.md"] == "# One\n"
    assert files(local_gitlab)["guidelines.md"] == "* [One](decisions/one.md)\n"
    # Also when it was merged or closed: what people did with it is theirs.
    request.state = "closed"
    assert apply(connected, CHANGE) == [Outcome(Status.ALREADY_SO)]


def test_the_line_comes_below_those_that_are_there(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    files(local_gitlab, "main")["guidelines.md"] = "# Guidelines\n\n* One\n"
    assert apply(connected, CHANGE) == [Outcome(Status.DONE)]
    assert files(local_gitlab)["guidelines.md"] == "# Guidelines\n\n* One\n* [One](decisions/one.md)\n"


@pytest.mark.parametrize("path", ["/commits$", "/merge_requests$"])
@pytest.mark.parametrize("fault", [{"lose_answer": True}, {"cut": True}])
def test_lost_answers_make_nothing_twice(
    local_gitlab: LocalGitLab, connected: GitLab, path: str, fault: dict[str, Any]
) -> None:
    local_gitlab.fault(method="POST", path=path, **fault)
    [first] = apply(connected, CHANGE)
    assert first.status is (Status.DONE if "lose_answer" in fault else Status.FAILED)
    [second] = apply(connected, CHANGE)
    assert second.status is (Status.ALREADY_SO if "lose_answer" in fault else Status.DONE)
    assert len(requests_of(local_gitlab)) == 1


def test_what_others_propose_from_such_a_branch_is_theirs(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    project = local_gitlab.project("sec/architecture")
    assert project is not None
    branch = {"branch": CHANGE.branch, "ref": "main"}
    assert local_gitlab.call("POST", f"/projects/{project.id}/repository/branches", json=branch).status_code == 201
    request = {"source_branch": CHANGE.branch, "target_branch": "main", "title": "Mine"}
    assert local_gitlab.call("POST", f"/projects/{project.id}/merge_requests", json=request).status_code == 201
    assert apply(connected, CHANGE) == [
        Outcome(
            Status.REFUSED,
            "sec/architecture has a branch council-decision-3-1 that is not the bot's: remove or rename it.",
        )
    ]


def test_a_project_without_a_branch_gets_a_sentence(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    [outcome] = apply(connected, replace(CHANGE, project_path="sec/planning"))
    assert outcome == Outcome(
        Status.REFUSED, "sec/planning has no branch yet: a first commit is needed, like a README."
    )


def test_what_gitlab_refuses_is_told(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    files(local_gitlab, "main")["decisions/one.md"] = "there already"
    [outcome] = apply(connected, CHANGE)
    assert outcome.status is Status.REFUSED and "A file with this name already exists" in outcome.sentence
