"""The language, row by row: what each condition asks a list for, and what it answers where rules share one list."""

from __future__ import annotations

from typing import Any

import pytest

from bot.triage.expansion import expand
from bot.triage.policy import read_policy
from bot.triage.runs import Source
from tests.triage.policies import FakeReading, issue, label, policy, run, summaries

ISSUES, REQUESTS, EPICS = "projects/7/issues", "projects/7/merge_requests", "groups/5/epics"
OLD = {"condition": "older_than", "interval_type": "days", "interval": 5}


def asked(kind: str, conditions: dict[str, Any], path: str, **options: Any) -> str:
    """The query of the one rule's own list."""
    reading = FakeReading({path: []})
    run(policy([{"name": "r", "conditions": conditions, "actions": {"comment": "x"}}], kind), reading, **options)
    return reading.asked[0].partition("?")[2]


@pytest.mark.parametrize(
    ("conditions", "query"),
    [
        ({"author_username": "ann"}, "author_username=ann"),
        ({"labels": ["a b", "c"]}, "labels=a b,c"),
        ({"forbidden_labels": ["x", " y"]}, "not[labels]=x,y"),
        ({"milestone": "upcoming"}, "milestone_id=Upcoming"),
        ({"milestone": ["v1"]}, "milestone=v1"),
        ({"date": OLD | {"attribute": "created_at"}}, "created_before=2026-03-10"),
        (
            {"date": {"attribute": "updated_at", "condition": "newer_than", "interval_type": "hours", "interval": 2}},
            "updated_after=2026-03-15T08:30:00+00:00",
        ),
        ({"weight": 0}, "weight=0"),
        ({"iteration": "Sprint 1"}, "iteration_title=Sprint 1"),
        ({"iteration": "none"}, "iteration_id=None"),
        ({"health_status": "at_risk"}, "health_status=at_risk"),
        ({"issue_type": "incident"}, "issue_type=incident"),
        ({"state": "closed", "ruby": "true", "votes": {"attribute": "upvotes", "condition": "less_than", "threshold": 1}}, "state=closed"),
    ],
)  # fmt: skip
def test_what_the_list_of_issues_is_asked_for(conditions: dict[str, Any], query: str) -> None:
    assert asked("issues", conditions, ISSUES) == query


@pytest.mark.parametrize(
    ("conditions", "query"),
    [
        ({"labels": ["a"], "forbidden_labels": ["b"]}, "labels=a&not[labels]=b"),
        ({"state": "merged"}, "state=merged"),
        ({"milestone": "none"}, "milestone=none"),
        ({"date": OLD | {"attribute": "updated_at"}}, "updated_before=2026-03-10"),
        ({"source_branch": "f1"}, "source_branch=f1"),
        ({"target_branch": "main"}, "target_branch=main"),
        ({"reviewer_id": "any"}, "reviewer_id=any"),
        ({"draft": True}, "wip=yes"),
        ({"draft": False}, "wip=no"),
    ],
)
def test_what_the_list_of_merge_requests_is_asked_for(conditions: dict[str, Any], query: str) -> None:
    assert asked("merge_requests", conditions, REQUESTS) == query


HOLDS: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("issues", {"labels": ["Any"]}, {"labels": ["a"]}, {"labels": []}),
    ("issues", {"labels": ["none"]}, {"labels": []}, {"labels": ["a"]}),
    ("issues", {"forbidden_labels": ["x", " y"]}, {"labels": ["a"]}, {"labels": ["y"]}),
    ("issues", {"forbidden_labels": ["x, y"]}, {"labels": ["x, y"]}, {"labels": ["y"]}),
    ("issues", {"labels": ["a, b"]}, {"labels": ["a", "b"]}, {"labels": ["a, b"]}),
    ("issues", {"weight": 0}, {"weight": 0}, {"weight": None}),
    ("issues", {"weight": "None"}, {"weight": None}, {"weight": 0}),
    ("issues", {"health_status": "Any"}, {"health_status": "at_risk"}, {"health_status": None}),
    ("issues", {"issue_type": "incident"}, {"issue_type": "incident"}, {"issue_type": "issue"}),
    ("issues", {"author_username": "Ann"}, {"author": {"username": "ann"}}, {"author": {"username": "bo"}}),
    ("issues", {"milestone": "v1"}, {"milestone": {"title": "v1"}}, {"milestone": {"title": "V1"}}),
    ("issues", {"milestone": "None"}, {"milestone": None}, {"milestone": {"title": "v1"}}),
    (
        "issues",
        {"date": OLD | {"attribute": "created_at"}},
        {"created_at": "2026-03-01T00:00:00Z"},
        {"created_at": "2026-03-14T00:00:00Z"},
    ),
    (
        "issues",
        {"date": OLD | {"attribute": "closed_at"}},
        {"closed_at": "2026-03-01T00:00:00Z"},
        {"closed_at": "2026-03-14T00:00:00Z"},
    ),
    ("issues", {"no_additional_labels": True, "labels": ["{a,b}"]}, {"labels": ["a"]}, {"labels": ["a", "b"]}),
    ("merge_requests", {"draft": False}, {"draft": False}, {"draft": True}),
    ("merge_requests", {"reviewer_id": "None"}, {"reviewers": []}, {"reviewers": [{"id": 3}]}),
    ("merge_requests", {"reviewer_id": 3}, {"reviewers": [{"id": 3}]}, {"reviewers": [{"id": 4}]}),
    ("issues", {"issue_type": "incident"}, {"issue_type": "incident"}, {"issue_type": "INCIDENT"}),
    ("merge_requests", {"source_branch": "F1"}, {"source_branch": "F1"}, {"source_branch": "f1"}),
    ("merge_requests", {"source_branch": "any"}, {"source_branch": "any"}, {"source_branch": "f1"}),
)


class Unfiltered(FakeReading):
    """GitLab's list without any filter, so that the answers are those of the conditions here."""

    def pages(self, path: str, params: Any, *, per_page: int, follows_links: bool) -> Any:
        yield from super().pages(path, [], per_page=per_page, follows_links=follows_links)


@pytest.mark.parametrize(("kind", "conditions", "yes", "no"), HOLDS)
def test_a_shared_list_is_answered_as_gitlab_would(
    kind: str, conditions: dict[str, Any], yes: dict[str, Any], no: dict[str, Any]
) -> None:
    path = f"projects/7/{kind}"
    rules = [
        {"name": "one", "conditions": conditions, "actions": {"comment": "x"}},
        {"name": "other", "conditions": conditions | {"ruby": "false"}, "actions": {"comment": "y"}},
    ]
    reading = Unfiltered({path: [issue(1, **yes), issue(2, **no)]})
    result = run(policy(rules, kind), reading)
    assert (summaries(result), len(reading.asked)) == (["add note: note on grp/proj#1: x"], 1)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["{3..1}"], ["3", "2", "1"]),
        (["{08..10}"], ["08", "09", "10"]),
        (["{01..03}"], ["1", "2", "3"]),
        (["v{1..2}-{a,b}"], ["v1-a", "v2-a", "v1-b", "v2-b"]),
        (["{x} {b,c}"], ["{x} b", "{x} c"]),
        (["{a}"], ["{a}"]),
        (["a{1..2}b"], ["a1b", "a2b"]),
        (["plain"], ["plain"]),
    ],
)
def test_braces_of_one_label(labels: list[str], expected: list[str]) -> None:
    assert [one for (one,) in expand(labels)] == expected


def test_a_limit_holds_for_each_expansion_and_nothing_is_handled_twice() -> None:
    rule = {"name": "r", "conditions": {"labels": ["{a,b}"]}, "limits": {"most_recent": 1}, "actions": {"comment": "x"}}
    rows = [issue(number, labels=["a", "b"]) for number in (1, 2, 3)]
    result = run(policy([rule]), FakeReading({ISSUES: rows}))
    assert summaries(result) == ["add note: note on grp/proj#3: x"]


def test_limits_on_some_rows_without_a_date_stop_the_rule() -> None:
    rule = {"name": "r", "conditions": {}, "limits": {"oldest": 1}, "actions": {"comment": "x"}}
    result = run(policy([rule]), FakeReading({ISSUES: [issue(1), issue(2, created_at=None)]}))
    assert ([failure.sentence for failure in result.failures], result.steps) == (
        ["comparison of String with nil failed"],
        [],
    )


def test_the_order_of_all_actions_of_a_rule() -> None:
    actions = {
        "work_item_status": "Done",
        "delete": True,
        "issue": {"title": "I {{title}}", "description": "d"},
        "comment_on_summary": "{{title}}",
        "labels": ["a"],
        "health_status": "at_risk",
        "move": "grp/other",
        "comment": "n",
        "summarize": {"title": "S", "item": "- {{title}}", "summary": "{{items}}"},
    }
    answers = dict([label("a")]) | {"projects/grp%2Fother": {"id": 8}, "version": {"version": "19.2.0"}}
    result = run(
        policy([{"name": "r", "conditions": {}, "actions": actions}]), FakeReading({ISSUES: [issue(1)]}, answers)
    )
    assert [step.change.kind for step in result.steps] == [
        *("open issue", "add note", "set status", "update", "move issue", "add note", "open issue", "delete"),
        "set status",
    ]


@pytest.mark.parametrize(
    ("actions", "fields", "sent"),
    [
        ({"status": "reopen"}, {"state": "closed"}, [("state_event", "reopen")]),
        ({"assignees": []}, {"assignees": [{"id": 3, "username": "bo"}]}, [("assignee_ids", ())]),
        ({"discussion_locked": True}, {"discussion_locked": False}, [("discussion_locked", True)]),
        (
            {"remove_reviewers": ["bo"]},
            {"reviewers": [{"id": 3, "username": "bo"}, {"id": 4, "username": "cy"}]},
            [("reviewer_ids", (4,))],
        ),
        ({"due_date": "2026-04-01\n"}, {}, [("due_date", "2026-04-01")]),
        ({"title": "New\n"}, {}, [("title", "New")]),
        ({"weight": None}, {"weight": 3}, [("weight", None)]),
        ({"weight": None}, {"weight": None}, None),
        ({"status": "close"}, {"state": "closed"}, None),
        ({"title": "Issue 1 "}, {}, None),
        ({"due_date": "2026-4-1"}, {"due_date": "2026-04-01"}, None),
        ({"discussion_locked": False}, {"discussion_locked": False}, None),
        ({"health_status": "at_risk"}, {"health_status": "at_risk"}, None),
        ({"delete": "false"}, {}, None),
    ],
)
def test_one_action_and_what_is_sent(actions: dict[str, Any], fields: dict[str, Any], sent: Any) -> None:
    reading = FakeReading({ISSUES: [issue(1, **fields)]})
    result = run(policy([{"name": "r", "conditions": {}, "actions": actions}]), reading)
    assert result.failures == []
    assert [list(step.change.fields) for step in result.steps] == ([sent] if sent else [])  # type: ignore[union-attr]


def test_names_are_looked_up_where_each_resource_lives() -> None:
    rows = [issue(1), issue(2, project_id=8, references={"full": "grp/open#2"})]
    reading = FakeReading({ISSUES: rows}, dict([label("a")]))
    result = run(policy([{"name": "r", "conditions": {}, "actions": {"labels": ["a"]}}]), reading)
    assert ([failure.sentence for failure in result.failures], result.steps) == (["Label `a` doesn't exist!"], [])
    reading.answers["projects/8/labels/a"] = {"name": "a"}
    result = run(policy([{"name": "r", "conditions": {}, "actions": {"labels": ["a"]}}]), reading)
    assert [step.subject for step in result.steps] == ["grp/proj#1", "grp/open#2"]
    assert [each for each in reading.asked if "labels" in each].count("projects/8/labels/a") == 2


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("conditions: {milestone: [a, b]}", "takes one milestone, but there are 2: a, b."),
        ("conditions: {date: old}", "must be a map of attribute, condition, interval_type, interval."),
        ("conditions: {upvotes: 5}", "must be a map of attribute, condition, threshold."),
        ("conditions: {discussions: {attribute: upvotes, condition: less_than, threshold: 1}}", "must be one of"),
        (
            "conditions: {author_member: {source: group, condition: member, source_id: 1}}",
            "Perhaps you meant member_of?",
        ),
        ("conditions: {work_item_status: }", "names no status."),
        ("limits: {oldest: -1}", "oldest must not be negative."),
        ("actions: {health_status: {}}", "{} is no health status."),
        ("actions: {mention: [[a, b]]}", "must be a username, or a list of usernames."),
        ("actions: {status: true}", "Invalid status value 'true'. Supported: close, reopen."),
    ],
)
def test_a_mistake_has_its_sentence(rule: str, says: str) -> None:
    read = read_policy(f"resource_rules:\n  issues:\n    rules:\n      - {rule}\n", "p.yml")
    assert [problem for problem in read.errors if says in str(problem)] != [], read.errors


@pytest.mark.parametrize(
    ("condition", "updated", "holds"),
    [
        ("older_than", "2026-03-15T05:29:00Z", True),
        ("older_than", "2026-03-15T05:31:00Z", False),
        ("newer_than", "2026-03-15T05:31:00Z", True),
        ("newer_than", "2026-03-15T05:29:00Z", False),
        ("older_than", "2026-03-15T06:29:00+01:00", True),
    ],
)
@pytest.mark.parametrize("kind", ["issues", "epics"])
def test_hours_that_are_compared_here_are_instants(kind: str, condition: str, updated: str, holds: bool) -> None:
    date = {"attribute": "updated_at", "condition": condition, "interval_type": "hours", "interval": 5}
    rule = {"name": "r", "conditions": {"date": date | {"filter_in_ruby": True}}, "actions": {"comment": "x"}}
    path, source = (ISSUES, Source("projects", "7")) if kind == "issues" else (EPICS, Source("groups", "5"))
    reading = FakeReading({path: [issue(1, updated_at=updated, group_id=5)]})
    assert len(run(policy([rule], kind), reading, source=source).steps) == holds
    assert reading.asked[0] == f"{path}?"


def test_later_rules_see_labels_in_gitlabs_order_and_no_count_of_notes_on_epics() -> None:
    first = {"name": "first", "conditions": {}, "actions": {"labels": ["group::two"], "comment": "x"}}
    second = {
        "name": "second",
        "conditions": {"ruby": "resource[:user_notes_count].nil?"},
        "actions": {"comment": "#{resource[:labels].join(' ')}"},
    }
    reading = FakeReading({EPICS: [issue(1, group_id=5, labels=["feature", "stale"])]}, {})
    reading.answers["groups/5/labels/group%3A%3Atwo"] = {"name": "group::two"}
    result = run(policy([first, second], "epics"), reading, source=Source("groups", "5"))
    assert summaries(result)[-1].endswith(": feature group::two stale"), result.failures


@pytest.mark.parametrize("attribute", ["committed_date", "authored_date"])
@pytest.mark.parametrize(("condition", "expected"), [("older_than", ["old"]), ("newer_than", ["new"])])
def test_the_dates_of_a_branch(attribute: str, condition: str, expected: list[str]) -> None:
    rows = [
        {"name": name, "protected": False, "project_id": 7, "commit": {attribute: day}}
        for name, day in (("old", "2026-03-01T00:00:00Z"), ("new", "2026-03-14T00:00:00Z"), ("none", None))
    ]
    date = {"attribute": attribute, "condition": condition, "interval_type": "days", "interval": 5}
    rule = {"name": "r", "conditions": {"date": date}, "actions": {"delete": True}}
    result = run(policy([rule], "branches"), FakeReading({"projects/7/repository/branches": rows}))
    assert [step.subject for step in result.steps] == [f"projects/7:{name}" for name in expected]


def test_a_group_of_projects_and_all_projects_have_their_own_lists() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {}}
    for source, path in (
        (Source("groups", "g/sub"), "groups/g%2Fsub/merge_requests?"),
        (Source("all"), "merge_requests?scope=all"),
    ):
        reading = FakeReading({path.partition("?")[0]: []})
        run(policy([rule], "merge_requests"), reading, source=source)
        assert reading.asked == [path]
