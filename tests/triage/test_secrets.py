"""What fewer people may read than the text: it is counted, not told. And what a failed or doubled run leaves behind."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.policy_changes import AddNote, OpenIssue
from bot.triage.engine import Engine
from bot.triage.reading import Known
from bot.triage.runs import Options, Source, World
from tests.triage.policies import NOW, FakeReading, issue, label, policy, run, summaries

ISSUES = "projects/7/issues"
PROJECTS = {
    "projects/7": {"id": 7, "visibility": "private", "path_with_namespace": "grp/proj"},
    "projects/8": {"id": 8, "visibility": "public", "path_with_namespace": "grp/open"},
    "projects/9": {"id": 9, "visibility": "private", "path_with_namespace": "grp/closed", "description": "secret"},
    "projects/grp%2Fopen": {"id": 8, "visibility": "public"},
    "projects/grp%2Fproj": {"id": 7, "visibility": "private"},
}


def body(actions: dict[str, Any], *rows: dict[str, Any], lists: Any = None, keeps_secrets: bool = True) -> str:
    """The text of the one note or issue that a rule with these actions makes."""
    reading = FakeReading({ISSUES: list(rows or [issue(1, title="Leak")])} | (lists or {}), dict(PROJECTS))
    result = run(policy([{"name": "r", "conditions": {}, "actions": actions}]), reading, keeps_secrets=keeps_secrets)
    assert result.failures == []
    change = result.steps[0].change
    return change.body if isinstance(change, AddNote) else change.description  # type: ignore[union-attr]


SUMMARY = {"title": "S", "item": "- {{title}} {{web_url}}", "summary": "{{items}}"}
RUBY = {"title": "S", "item": "-", "summary": "#{resource[:resources].map { |r| r[:title] }.join(',')}"}
URL = "https://gitlab.example/grp/proj/-/issues/1"


def test_what_only_members_read_in_a_public_project_is_not_public() -> None:
    reading = FakeReading({ISSUES: [issue(1, title="Leak")]}, dict(PROJECTS))
    reading.answers["projects/7"] = {"id": 7, "visibility": "public", "issues_access_level": "private"}
    rule = {"name": "r", "conditions": {}, "actions": {"summarize": SUMMARY | {"destination": "grp/open"}}}
    [step] = run(policy([rule]), reading, keeps_secrets=True).steps
    assert isinstance(step.change, OpenIssue)
    assert step.change.description == f"- (confidential) {URL}"


@pytest.mark.parametrize(
    ("project", "fields", "actions", "public"),
    [
        ({"visibility": "public"}, {}, {"comment": "x"}, True),
        ({"visibility": "public"}, {"confidential": True}, {"comment": "x"}, False),
        ({"visibility": "public"}, {}, {"comment": "x", "comment_internal": True}, False),
        ({"visibility": "public"}, {}, {"summarize": SUMMARY}, True),
        ({"visibility": "public"}, {}, {"summarize": SUMMARY | {"confidential": True}}, False),
        ({"visibility": "public", "issues_access_level": "private"}, {}, {"comment": "x"}, False),
        ({"visibility": "internal"}, {}, {"comment": "x"}, False),
        ({"visibility": "private"}, {}, {"comment": "x"}, False),
    ],
)
def test_a_plan_names_what_everybody_may_read(
    project: dict[str, Any], fields: dict[str, Any], actions: dict[str, Any], public: bool
) -> None:
    reading = FakeReading({ISSUES: [issue(1, **fields)]}, {"projects/7": project})
    rule = {"name": "r", "conditions": {}, "actions": actions}
    assert [step.public for step in run(policy([rule]), reading, keeps_secrets=True).steps] == [public]


def test_a_private_title_stays_out_of_a_public_summary() -> None:
    assert body({"summarize": SUMMARY | {"destination": "grp/open"}}) == f"- (confidential) {URL}"
    assert body({"summarize": SUMMARY | {"destination": "grp/proj"}}) == f"- Leak {URL}"


def test_redaction_that_is_switched_off_does_not_open_a_private_project() -> None:
    summary = SUMMARY | {"destination": "grp/open", "redact_confidential_resources": False}
    assert body({"summarize": summary}) == f"- (confidential) {URL}"


def test_the_resources_of_a_summary_hide_what_its_items_hide() -> None:
    rows = (issue(1, title="Leak"), issue(2, title="Open", confidential=True))
    assert body({"summarize": RUBY | {"destination": "grp/open"}}, *rows) == "(confidential),(confidential)"
    assert body({"summarize": RUBY | {"destination": "grp/proj"}}, *rows) == "Leak,(confidential)"


def test_the_parts_of_a_summary_policy_hide_it_too() -> None:
    rules = [
        {"name": "p", "conditions": {"state": "opened"}, "actions": {"summarize": RUBY | {"destination": "grp/open"}}}
    ]
    text: dict[str, Any] = {
        "summaries": [
            {
                "name": "S",
                "rules": rules,
                "actions": {"summarize": {"title": "S", "summary": "{{items}}", "destination": "grp/open"}},
            }
        ]
    }
    reading = FakeReading({ISSUES: [issue(1, title="Leak")]}, dict(PROJECTS))
    result = run(policy([], **text), reading, keeps_secrets=True)
    (change,) = [step.change for step in result.steps]
    assert isinstance(change, OpenIssue)
    assert change.description.split("\n")[0] == "(confidential)"


def test_a_linked_issue_of_another_project_is_hidden_where_more_people_read() -> None:
    links = {
        "projects/8/issues/1/links": [issue(5, project_id=9, title="Elsewhere"), issue(6, project_id=8, title="Here")]
    }
    rows = (issue(1, project_id=8, references={"full": "grp/open#1"}),)
    comment = {"comment": "#{linked_issues.map { |i| i.resource[:title] }.join(' ')}"}
    assert body(comment, *rows, lists=links) == "(confidential) Here"
    assert body(comment, *rows, lists=links, keeps_secrets=False) == "Elsewhere Here"


def test_what_a_project_that_was_asked_for_says_is_hidden_too() -> None:
    rows = (issue(1, project_id=8, references={"full": "grp/open#1"}),)
    comment = {"comment": "x#{request_project(9)[:description]}"}
    assert body(comment, *rows).split("\n")[0] == "x(confidential)"
    private = (issue(1, project_id=7),)
    assert body(comment, *private).split("\n")[0] == "xsecret"


def test_events_of_a_confidential_issue_say_nothing() -> None:
    events = [{"id": 1, "action": "add", "created_at": "2026-01-01T00:00:00Z", "label": {"name": "secret"}, "user": {}}]
    lists = {"projects/7/issues/1/resource_label_events": events}
    comment = {
        "comment": "#{label_events.map { |e| e.label.name }.inspect} #{query_label_events.inspect.include?('secret')}"
    }
    assert body(comment, issue(1, confidential=True), lists=lists).split("\n")[0] == '["(confidential)"] false'


def test_a_failed_rule_leaves_no_trace_in_what_the_next_sees() -> None:
    rules = [
        {
            "name": "fails",
            "conditions": {},
            "actions": {"labels": ["done"], "assignees": ["nobody"], "status": "close"},
        },
        {"name": "next", "conditions": {"state": "opened", "forbidden_labels": ["done"]}, "actions": {"comment": "x"}},
    ]
    reading = FakeReading({ISSUES: [issue(1)]}, dict([label("done")]) | {"users": []})
    result = run(policy(rules), reading)
    assert [failure.sentence for failure in result.failures] == ["User `nobody` doesn't exist!"]
    assert summaries(result) == ["add note: note on grp/proj#1: x"]


def test_a_resource_in_two_sources_is_one() -> None:
    rows = [issue(1)]
    reading = FakeReading({ISSUES: rows, "groups/5/issues": rows}, dict([label("a")]))
    world = World(Known(reading))
    rule = {
        "name": "r",
        "conditions": {"forbidden_labels": ["a"], "state": "opened"},
        "actions": {"labels": ["a"], "comment": "x"},
    }
    steps = []
    for kind, number in (("projects", "7"), ("groups", "5")):
        options = Options(Source(kind, number), NOW, ZoneInfo("UTC"), repeats_notes=True)
        steps += Engine(reading, options, world=world).run([policy([rule])]).steps
    assert [step.change.kind for step in steps] == ["add note", "update"]
    assert len({step.change.key for step in steps}) == 2


def test_sources_beside_each_other_have_different_keys() -> None:
    other = issue(1, id=2001, project_id=8, references={"full": "grp/open#1"})
    reading = FakeReading({ISSUES: [issue(1)], "projects/8/issues": [other]})
    world = World(Known(reading))
    keys = set()
    for number in ("7", "8"):
        options = Options(Source("projects", number), NOW, ZoneInfo("UTC"), repeats_notes=True)
        rule = {"name": "r", "conditions": {}, "actions": {"comment": "x"}}
        keys |= {step.change.key for step in Engine(reading, options, world=world).run([policy([rule])]).steps}
    assert len(keys) == 2


def written(note: str, author: str = "bot") -> list[str]:
    """What a rule still writes when such a note is there."""
    rule = {"name": "r", "conditions": {"state": "opened"}, "actions": {"comment": "Hello {{title}}"}}
    first = run(policy([rule]), FakeReading({ISSUES: [issue(1)], f"{ISSUES}/1/notes": []}), repeats_notes=False)
    mark = first.steps[0].change.body.rpartition("\n")[2]  # type: ignore[union-attr]
    notes = [{"body": note.replace("MARK", mark), "author": {"username": author}}]
    reading = FakeReading({ISSUES: [issue(1)], f"{ISSUES}/1/notes": notes})
    result = run(policy([rule]), reading, repeats_notes=False, bot_usernames=frozenset({"bot"}))
    return [step.change.kind for step in result.steps]


def test_a_marker_counts_only_at_the_end_of_the_bots_own_note() -> None:
    assert written("Hello\n\nMARK") == []
    assert written("MARK\n\nand something else of the bot") == ["add note"]
    assert written("Hello\n\nMARK", author="mallory") == ["add note"]


def test_the_notes_of_a_summary_are_for_its_readers() -> None:
    actions = {
        "summarize": SUMMARY | {"destination": "grp/open"},
        "comment_on_summary": "look {{title}} #{resource[:title]}",
    }
    reading = FakeReading({ISSUES: [issue(1, title="Leak")]}, dict(PROJECTS))
    result = run(policy([{"name": "r", "conditions": {}, "actions": actions}]), reading, keeps_secrets=True)
    bodies = [step.change.body for step in result.steps if isinstance(step.change, AddNote)]
    assert [text.split("\n")[0] for text in bodies] == ["look (confidential) (confidential)"]


def test_a_part_of_a_summary_cannot_open_what_the_summary_is_not_for() -> None:
    part = RUBY | {"confidential": True, "redact_confidential_resources": False}
    text: dict[str, Any] = {
        "summaries": [
            {
                "name": "S",
                "rules": [{"name": "p", "conditions": {"state": "opened"}, "actions": {"summarize": part}}],
                "actions": {"summarize": {"title": "S", "summary": "{{items}}"}},
            }
        ]
    }
    reading = FakeReading({ISSUES: [issue(1, title="Leak", confidential=True)]}, dict(PROJECTS))
    (step,) = run(policy([], **text), reading, keeps_secrets=True).steps
    assert "Leak" not in step.change.description  # type: ignore[union-attr]


def test_what_a_summary_asks_for_is_for_its_readers() -> None:
    actions = {"summarize": {"title": "S", "summary": "#{request_project(9)[:description]}", "destination": "grp/open"}}
    rule = {"name": "r", "conditions": {}, "actions": actions}
    (step,) = run(policy([rule]), FakeReading({ISSUES: [issue(1)]}, dict(PROJECTS)), keeps_secrets=True).steps
    assert step.change.description.split("\n")[0] == "(confidential)"  # type: ignore[union-attr]


def test_a_note_on_what_lies_in_two_sources_is_one() -> None:
    rows = [issue(1)]
    lists = {ISSUES: rows, "groups/5/issues": rows, f"{ISSUES}/1/notes": []}
    world = World(Known(FakeReading(lists)))
    rule = {"name": "r", "conditions": {"state": "opened"}, "actions": {"comment": "x"}}
    steps = []
    for source in (Source("projects", "7"), Source("groups", "5")):
        options = Options(source, NOW, ZoneInfo("UTC"))
        steps += Engine(FakeReading(lists), options, world=world).run([policy([rule])]).steps
    assert [step.change.kind for step in steps] == ["add note"]
