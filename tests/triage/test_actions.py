"""The language, row by row: what a rule writes, where, in which order, and what later rules see of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.policy_changes import AddNote, OpenIssue
from bot.triage.policy import read_policy
from bot.triage.reading import Known
from bot.triage.runs import Result, Source, Stopwatch, Told, World
from tests.triage.policies import FakeReading, issue, label, policy, run, summaries

ISSUES, REQUESTS, EPICS, ITEMS = "projects/7/issues", "projects/7/merge_requests", "groups/5/epics", "-/work_items"
GROUP = Source("groups", "5")


def planned(actions: dict[str, Any], rows: list[dict[str, Any]], **answers: Any) -> Result:
    """One rule of these actions over these issues; the answers are by path."""
    reading = FakeReading({ISSUES: rows}, {path.replace("__", "/"): answer for path, answer in answers.items()})
    return run(policy([{"name": "r", "conditions": {}, "actions": actions}]), reading)


def bodies(result: Result) -> list[str]:
    return [step.change.body for step in result.steps if isinstance(step.change, AddNote)]


def opened(result: Result) -> list[OpenIssue]:
    return [step.change for step in result.steps if isinstance(step.change, OpenIssue)]


# -- notes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "internal", "thread"),
    [
        ({"comment": "x"}, False, False),
        ({"comment": "x", "comment_internal": True}, True, False),
        ({"comment": "x", "comment_internal": "false"}, False, False),
        ({"comment": "x", "comment_internal": False}, False, False),
        ({"comment": "x", "comment_type": "thread"}, False, True),
        ({"comment": "x", "comment_type": "comment"}, False, False),
    ],
)
def test_how_a_note_is_written(actions: dict[str, Any], internal: bool, thread: bool) -> None:
    [step] = planned(actions, [issue(1)]).steps
    assert isinstance(step.change, AddNote)
    assert (step.change.internal, step.change.is_thread) == (internal, thread)


@pytest.mark.parametrize(
    ("actions", "body"),
    [
        ({"comment": ["a", "", "b"]}, "a\n\nb"),
        ({"comment": "Hi\n", "mention": ["ann", "bo"]}, "Hi\n\n\n@ann @bo"),
        ({"mention": "ann"}, "@ann"),
        ({"mention": "@ann"}, "@@ann"),
        ({"comment": "  x  "}, "x"),
    ],
)
def test_what_a_note_says(actions: dict[str, Any], body: str) -> None:
    assert bodies(planned(actions, [issue(1)])) == [body]


@pytest.mark.parametrize(
    ("redacts", "body"),
    [
        (True, "(confidential) (confidential)"),
        ("false", "(confidential) (confidential)"),
        (None, "(confidential) (confidential)"),
        (False, "Secret Secret"),
    ],
)
def test_what_is_confidential_in_a_note(redacts: Any, body: str) -> None:
    actions = {"comment": "{{title}} #{resource[:title]}", "redact_confidential_resources": redacts}
    text = f"resource_rules: {{issues: {{rules: [{{name: r, actions: {actions!r}}}]}}}}"
    read = read_policy(text.replace("None", "null").replace("True", "true").replace("False", "false"), "p.yml")
    result = run(read, FakeReading({ISSUES: [issue(1, confidential=True, title="Secret")]}))
    assert bodies(result) == [body]


# -- summaries and issues --------------------------------------------------------------------------------------------


def test_a_comment_on_the_summary_of_a_summary_policy_is_written_for_each_resource() -> None:
    rules = [{"name": "a", "conditions": {}, "actions": {"summarize": {"item": "- {{title}}", "summary": "{{items}}"}}}]
    actions = {"summarize": {"title": "T", "summary": "{{items}}"}, "comment_on_summary": "c {{title}}"}
    summary = {"name": "s", "rules": rules, "actions": actions}
    reading = FakeReading({ISSUES: [issue(1), issue(2)]})
    result = run(policy([], summaries=[summary]), reading)
    assert (opened(result)[0].description, bodies(result)) == ("- Issue 1\n- Issue 2", ["c Issue 1", "c Issue 2"])


def test_the_issue_of_a_group_or_of_an_epic_goes_to_its_destination() -> None:
    epic = issue(1, group_id=5, references={"full": "grp&1"})
    reading = FakeReading({EPICS: [epic]}, {"projects/g%2Fp/labels/a": {"name": "a"}, "projects/g%2Fp": {"id": 9}})
    single = {"issue": {"title": "t {{full_reference}}", "destination": "g/p"}}
    result = run(policy([{"name": "r", "conditions": {}, "actions": single}], "epics"), reading, source=GROUP)
    assert [(each.project, each.title) for each in opened(result)] == [("g/p", "t grp&1")]
    summary = {"summarize": {"title": "T", "item": "x", "summary": "{{items}}", "destination": "g/p", "labels": ["a"]}}
    result = run(policy([{"name": "r", "conditions": {}, "actions": summary}], "epics"), reading, source=GROUP)
    assert [(each.project, each.title) for each in opened(result)] == [("g/p", "T")]
    assert reading.asked.count("projects/g%2Fp/labels/a") == 1


@pytest.mark.parametrize("kind", ["issue", "summarize"])
def test_a_destination_that_is_not_there_is_told_before_anything_is_written(kind: str) -> None:
    texts = {"title": "T", "description": "d", "item": "x", "summary": "s", "destination": "no/where"}
    keys = ("title", "description", "destination") if kind == "issue" else ("title", "item", "summary", "destination")
    result = planned({"comment": "x", kind: {key: texts[key] for key in keys}}, [issue(1)])
    assert (result.steps, [each.sentence for each in result.failures]) == ([], ["Project `no/where` doesn't exist!"])


@pytest.mark.parametrize("kind", ["issue", "summarize"])
def test_the_newline_of_a_block_is_no_part_of_a_title(kind: str) -> None:
    [change] = opened(planned({kind: {"title": "T\n", "due_date": "2026-04-01\n"}}, [issue(1)]))
    assert (change.title, dict(change.shown)["Due date"]) == ("T", "2026-04-01")


def test_items_are_data() -> None:
    actions = {"summarize": {"title": "T", "item": "{{title}}", "summary": "{{type}}: {{items}}"}}
    [change] = opened(planned(actions, [issue(1, title="{{type}}")]))
    assert change.description.startswith("issues: ") and not change.description.endswith("issues")


# -- order -----------------------------------------------------------------------------------------------------------


def test_types_go_in_the_order_of_the_file_and_summaries_before_rules() -> None:
    note, summary = {"comment": "n"}, {"summarize": {"title": "T", "item": "x", "summary": "{{items}}"}}
    text = {
        "merge_requests": {"rules": [{"name": "m", "conditions": {}, "actions": note}]},
        "issues": {
            "rules": [{"name": "i", "conditions": {"labels": ["None"]}, "actions": {"labels": ["a"]}}],
            "summaries": [
                {"name": "s", "rules": [{"name": "u", "conditions": {"labels": ["None"]}, "actions": summary}],
                 "actions": summary},
            ],
        },
    }  # fmt: skip
    read = read_policy(f"resource_rules: {text!r}", "p.yml")
    request = issue(5, references={"full": "grp/proj!5"})
    result = run(read, FakeReading({REQUESTS: [request], ISSUES: [issue(1)]}, dict([label("a")])))
    assert [step.change.kind for step in result.steps] == ["add note", "open issue", "update"]


def test_what_moved_is_gone_for_later_rules() -> None:
    move = {"name": "move", "conditions": {}, "actions": {"move": "grp/other"}}
    note = {"name": "note", "conditions": {}, "actions": {"comment": "x"}}
    reading = FakeReading({ISSUES: [issue(1)]}, {"projects/grp%2Fother": {"id": 8}})
    assert [step.change.kind for step in run(policy([move, note]), reading).steps] == ["move issue"]


def test_names_are_looked_up_once_for_all_rules() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {"labels": ["a"], "assignees": ["bo"], "milestone": "v1"}}
    answers = dict([label("a")]) | {"users": [{"id": 3, "username": "bo"}], "projects/7/milestones": [{"id": 9}]}
    reading = FakeReading({ISSUES: [issue(1), issue(2)]}, answers)
    assert run(policy([rule, rule]), reading).failures == []
    assert sorted(path for path in reading.asked if not path.startswith(ISSUES)) == sorted(answers)


# -- branches, epics and work items -----------------------------------------------------------------------------------


def test_epics_of_a_project_are_skipped_and_the_rest_runs() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {"comment": "x"}}
    both = [policy([rule], "epics"), policy([rule])]
    said: list[str] = []
    reading = FakeReading({ISSUES: [issue(1)]})
    result = run(both, reading, told=Told(skipped=said.append))
    assert (summaries(result), result.failures) == (["add note: note on grp/proj#1: x"], [])
    assert said == ["Epics can only be triaged at the group level; they are skipped. Set --source groups."]


def test_a_protected_that_says_nothing_is_not_asked() -> None:
    rows = [{"name": "a", "protected": True, "project_id": 7}, {"name": "b", "protected": False, "project_id": 7}]
    rule = {"name": "r", "conditions": {"protected": None}, "actions": {"delete": True}}
    result = run(policy([rule], "branches"), FakeReading({"projects/7/repository/branches": rows}))
    assert [step.subject for step in result.steps] == ["projects/7:b"]


def test_what_is_not_for_branches_is_warned_of() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {"comment": "x", "labels": ["a"]}}
    read = read_policy(f"resource_rules: {{branches: {{rules: [{rule!r}]}}}}", "p.yml", lenient=True)
    row = {"name": "b", "protected": False, "project_id": 7}
    result = run(read, FakeReading({"projects/7/repository/branches": [row]}))
    assert result.steps == []
    assert [warning for each in result.runs for warning in each.warnings] == [
        "Comment actions are not available for branches. They will NOT be performed",
        "Update actions are not available for branches. They will NOT be performed",
    ]


def work_item(iid: int, **fields: Any) -> dict[str, Any]:
    row = {
        "id": 900 + iid,
        "iid": iid,
        "title": f"Item {iid}",
        "state": "opened",
        "reference": f"grp#{iid}",
        "web_url": f"https://gitlab.example/groups/grp/-/work_items/{iid}",
        "namespace": {"id": 5, "full_path": "grp", "kind": "group"},
        "author": {"id": 11, "username": "ann"},
        "features": {"labels": {"labels": [{"id": 1, "name": "a", "title": "a"}]}},
    }
    return row | fields


def test_work_items_of_a_group_come_with_those_below_it_and_are_written_where_they_live() -> None:
    below = work_item(2, namespace={"id": 8, "full_path": "grp/p", "kind": "project"}, reference="grp/p#2")
    reading = FakeReading({"groups/5/-/work_items": [work_item(1), below]}, {"projects/grp%2Fp": {"id": 7}})
    rule = {"name": "r", "conditions": {"state": "opened"}, "actions": {"comment": "{{title}} {{author}}"}}
    result = run(policy([rule], "work_items"), reading, source=GROUP)
    assert result.failures == []
    assert "include_descendants=true" in reading.asked[0] and "state=opened" in reading.asked[0]
    notes = [step.change for step in result.steps if isinstance(step.change, AddNote)]
    assert [(note.target.path, note.body) for note in notes] == [
        ("groups/5/-/work_items/1", "Item 1 @ann"),
        ("projects/7/-/work_items/2", "Item 2 @ann"),
    ]


def test_the_conditions_of_work_items_that_are_answered_here() -> None:
    members = {"source": "group", "condition": "member_of", "source_id": "5"}
    conditions = {
        "labels": ["a"],
        "no_additional_labels": True,
        "author_member": members,
        "assignee_member": members,
        "ruby": "resource[:iid] < 3",
    }
    bo = {"assignees": {"assignees": [{"id": 3, "username": "bo"}]}}
    one = work_item(1)
    one["features"] |= bo
    more = work_item(2)
    more["features"] = bo | {"labels": {"labels": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]}}
    reading = FakeReading(
        {
            "projects/7/-/work_items": [one, more, work_item(3)],
            "groups/5/members": [{"username": "ann"}, {"username": "bo"}],
        }
    )
    rule = {"name": "r", "conditions": conditions, "actions": {"comment": "x"}}
    result = run(policy([rule], "work_items"), reading)
    assert ([step.subject for step in result.steps], result.failures) == (["grp#1"], [])


# -- sources, the API, bounds ----------------------------------------------------------------------------------------


def test_graphql_is_served_by_the_same_engine() -> None:
    rule = {
        "name": "r",
        "api": "graphql",
        "conditions": {"state": "opened", "weight": 2},
        "limits": {"oldest": 2},
        "actions": {"comment": "{{state}} {{title}}"},
    }
    rows = [issue(3), issue(1), issue(2, confidential=True)]
    reading = FakeReading({ISSUES: rows})
    assert bodies(run(policy([rule]), reading)) == ["opened Issue 1", "(confidential) (confidential)"]
    assert reading.asked[0] == f"{ISSUES}?state=opened&weight=2"


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        ("#42", [f"{ISSUES}?iids=42"]),
        ("!42", [f"{REQUESTS}?iids=42"]),
        ("&42", ["groups/5/epics/42"]),
    ],
)
def test_one_resource_is_asked_for_by_its_reference(reference: str, asked: list[str]) -> None:
    rule = {"name": "r", "conditions": {}, "actions": {}}
    kinds = ["epics"] if reference[0] == "&" else ["issues", "merge_requests"]
    source = GROUP if reference[0] == "&" else Source("projects", "7")
    reading = FakeReading({ISSUES: [], REQUESTS: []}, {"groups/5/epics/42": issue(42)})
    run([policy([rule], kind) for kind in kinds], reading, reference=reference, source=source)
    assert reading.asked == asked


def test_a_list_and_a_plan_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.triage.engine.MOST_RESOURCES", 3)
    four = [issue(number) for number in range(1, 5)]
    result = planned({"comment": "x"}, four)
    assert ([failure.sentence for failure in result.failures], result.steps) == (
        ["the list has more than 3 resources; narrow the rule"],
        [],
    )
    monkeypatch.setattr("bot.triage.engine.MOST_RESOURCES", 4)
    monkeypatch.setattr("bot.triage.engine.MOST_STEPS", 3)
    result = planned({"comment": "x"}, four)
    assert ([failure.sentence for failure in result.failures], result.steps) == (
        ["the plan has more than 3 changes; narrow the rule"],
        [],
    )


def test_a_run_has_an_end() -> None:
    over = World(Known(FakeReading()), stopwatch=Stopwatch(longest_s=-60))
    result = run(
        policy([{"name": "r", "conditions": {}, "actions": {"comment": "x"}}]),
        FakeReading({ISSUES: [issue(1)]}),
        world=over,
    )
    assert ([failure.sentence for failure in result.failures], result.steps) == (
        ["the run has taken more than -1 minutes; triage fewer projects"],
        [],
    )


def test_pages_are_as_long_as_the_file_says_and_the_next_file_has_its_own() -> None:
    lengths: list[int] = []

    class Measured(FakeReading):
        def pages(self, path: str, params: Any, *, per_page: int, follows_links: bool) -> Any:
            lengths.append(per_page)
            return super().pages(path, params, per_page=per_page, follows_links=follows_links)

    rules = "resource_rules: {issues: {rules: [{name: r, conditions: {state: opened}, actions: {}}]}}"
    other = rules.replace("opened", "closed")
    run([read_policy(f"per_page: 5\n{rules}", "a.yml"), read_policy(other, "b.yml")], Measured({ISSUES: []}))
    assert lengths == [5, 100]


@pytest.mark.parametrize(
    ("inherited", "condition", "expected"),
    [
        (None, "member_of", ["grp/proj#1"]),
        (None, "not_member_of", ["grp/proj#2"]),
        (True, "member_of", ["grp/proj#1", "grp/proj#2"]),
        (True, "not_member_of", []),
    ],
)
def test_members_of_a_group_are_direct_or_inherited_ones(inherited: Any, condition: str, expected: list[str]) -> None:
    member = {"source": "group", "condition": condition, "source_id": "g/sub"}
    if inherited is not None:
        member["inherited"] = inherited
    rows = [issue(1), issue(2, author={"id": 12, "username": "bo"}), issue(3, author=None)]
    direct, everybody = [{"username": "ann"}], [{"username": "ann"}, {"username": "bo"}]
    reading = FakeReading({ISSUES: rows, "groups/g%2Fsub/members": direct, "groups/g%2Fsub/members/all": everybody})
    result = run(policy([{"name": "r", "conditions": {"author_member": member}, "actions": {"comment": "x"}}]), reading)
    assert [step.subject for step in result.steps] == expected


def test_a_refused_list_of_members_is_an_error() -> None:
    member = {"source": "project", "condition": "not_member_of", "source_id": 9}
    rule = {"name": "r", "conditions": {"author_member": member}, "actions": {"comment": "x"}}
    result = run(policy([rule]), FakeReading({ISSUES: [issue(1)]}))
    assert ([failure.exit_code for failure in result.failures], result.steps) == ([4], [])


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"labels_any": ["a", "b"]}, ["grp/proj#1", "grp/proj#2", "grp/proj#3"]),
        ({"forbidden_labels_any": ["a", "b"]}, ["grp/proj#1", "grp/proj#2", "grp/proj#4"]),
        ({"labels_any": ["a"], "forbidden_labels_any": ["a", "b"]}, ["grp/proj#1"]),
        ({"title": "Issue 2"}, ["grp/proj#2"]),
    ],
)
def test_conditions_of_our_own(conditions: dict[str, Any], expected: list[str]) -> None:
    rows = [issue(1, labels=["a"]), issue(2, labels=["b"]), issue(3, labels=["a", "b"]), issue(4)]
    result = run(
        policy([{"name": "r", "conditions": conditions, "actions": {"comment": "x"}}]), FakeReading({ISSUES: rows})
    )
    assert [step.subject for step in result.steps] == expected


def test_an_issue_of_one_title_is_opened_for_each_resource_once() -> None:
    actions = {"issue": {"title": "Look at it", "description": "{{web_url}}"}}
    read = policy([{"name": "r", "conditions": {"state": "opened", "ruby": "resource[:iid] < 5"}, "actions": actions}])
    options: dict[str, Any] = {"repeats_notes": False, "bot_usernames": frozenset({"bot"})}
    first = opened(run(read, FakeReading({ISSUES: [issue(1), issue(2)]}), **options))
    assert [each.title for each in first] == ["Look at it", "Look at it"]
    bot = {"id": 1, "username": "bot"}
    there = [issue(8 + n, title=each.title, description=each.description, author=bot) for n, each in enumerate(first)]
    again = run(read, FakeReading({ISSUES: [issue(1), issue(2), issue(3), *there]}), **options)
    assert [step.subject for step in again.steps] == ["grp/proj#3"]


@pytest.mark.parametrize(("name", "expected"), [("there", ["add note", "add note"]), ("nope", ["add note"])])
def test_a_quick_action_with_a_label_that_is_not_there_changes_nothing(name: str, expected: list[str]) -> None:
    rules = [
        {"name": "one", "conditions": {"labels": ["None"]}, "actions": {"comment": f"/label ~{name}"}},
        {"name": "two", "conditions": {"labels": [name]}, "actions": {"comment": "seen"}},
    ]
    result = run(policy(rules), FakeReading({ISSUES: [issue(1)]}, dict([label("there")])))
    assert [step.change.kind for step in result.steps] == expected


def test_a_rule_that_is_taken_back_leaves_nothing_for_the_next() -> None:
    rules = [
        {"name": "one", "conditions": {"labels": ["None"]}, "actions": {"comment": "/label ~there"}},
        {"name": "two", "conditions": {"labels": ["there"]}, "actions": {"comment": "seen"}},
    ]
    # The notes of the first can be read, those of the second are refused: the rule is not done at all.
    reading = FakeReading({ISSUES: [issue(1), issue(2)], f"{ISSUES}/1/notes": []}, dict([label("there")]))
    result = run(policy(rules), reading, repeats_notes=False, bot_usernames=frozenset({"bot"}))
    assert (summaries(result), [failure.rule for failure in result.failures]) == ([], ["one"])
