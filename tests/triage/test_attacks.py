"""One title, one expression, one file: none of them stops a run, and none of them takes more than it is given."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from bot.domain.errors import GitLabRefused
from bot.gitlab_api.policy_reader import PolicyReader
from bot.triage.policy import read_policy
from bot.triage.ruby.errors import OutOfBudget
from bot.triage.ruby.machine import Machine
from bot.triage.trying import try_condition, try_text
from tests.triage.policies import NOW, FakeReading, issue, label, policy, run, summaries
from tests.triage.test_harmless import NoApi

ISSUES = "projects/7/issues"
ENDLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("resource[:description].gsub(/\\s+$/, '').empty?", {"description": " " * 20_000 + "x"}),
    ("resource[:description].gsub(/<!--.*?-->/m, '')", {"description": "<!-- " * 10_000}),
    ("resource[:title].sub(/(a|a)*\\z/, '')", {"title": "a" * 60 + "b"}),
    ("resource[:title].scan(/(a|aa)+\\z/)", {"title": "a" * 60 + "b"}),
    ("resource[:title].split(/(a|aa)+\\z/)", {"title": "a" * 60 + "b"}),
    ("resource[:title].rindex(/(a|aa)+\\z/)", {"title": "a" * 60 + "b"}),
    ("Rational(resource[:title])", {"title": "1e9999999"}),
    ("Regexp.new(resource[:title])", {"title": "((a{1000}){1000}){1000}"}),
    ("1.round(-99999999)", {}),
    ("5.ceil(-9999999)", {}),
    ("'x'.indent(3000000000)", {}),
    ("x = [1]; 40.times { x = [x, x] }; x.to_s", {}),
    ("x = [1]; 40.times { x = [x, x] }; x == x.dup", {}),
    ("x = [1]; 40.times { x = [x, x] }; {x => 1}.size", {}),
    ("a = []; a << a; a", {}),
    ("h = {}; h[:a] = h; h.to_s", {}),
)
# What an evaluation would make, step by step, of an expression that only a resource starts.
GREEDY = (
    ("x = Rational(3, 7); 40.times { x = x * x }", "4096 bits"),
    ("x = 3.days; 60.times { x = x * x }", "4096 bits"),
    ("x = [1]; 60.times { x = [*x, *x] }", "more than 100000"),
    ("x = (1..90000).to_a; x.each_cons(30000).to_a", "more than 100000 items"),
    ("[1].cycle(10**8).first", "more than 100000"),
    ("x = 'a' * 900000; (1..50000).map { x + 'a' }", "too much text"),
    ("x = 'a' * 900000; (1..50000).map { x.upcase }", "too much text"),
    ("x = 'a' * 900000; (1..50000).map { %(#{x}b) }", "too much text"),
    ("x = 'a' * 900000; ([x] * 50000).to_json", "text of the values is too long"),
    ("x = 'a' * 900000; ([x] * 50000).inspect", "text of the values is too long"),
    ("x = (1..9000).to_a; x.map { x.dup }", "lists that are too long"),
    ("(Time.now + 10**30).year", "beyond the years 1 to 9999"),
    ("'9999-12-31T23:59:59Z'.to_time.in_time_zone('Asia/Tokyo').year", "beyond the years 1 to 9999"),
)


@pytest.mark.parametrize(("expression", "fields"), ENDLESS)
def test_what_would_never_end_ends_in_a_sentence(expression: str, fields: dict[str, Any]) -> None:
    row = issue(1, type="issues", **fields)
    for trial in (
        try_condition(expression, row, "issues", NoApi(), NOW, dt.UTC),
        try_text("#{" + expression + "}", row, "issues", NoApi(), NOW, dt.UTC),
    ):
        assert trial.refused is not None or trial.result is not None
    reading = FakeReading({ISSUES: [issue(1, **fields), issue(2, title="plain", description="plain")]})
    read = read_policy(f"resource_rules: {{issues: {{rules: [{{conditions: {{ruby: {expression!r}}}}}]}}}}", "p.yml")
    assert read.errors or run(read, reading).failures is not None


@pytest.mark.parametrize(
    "text", ["mail me #@ann, costs #$5", "a lone { or }", "# {x} #a #1", "{{ title }} {{Title}} {{iid}}", "50% %Q"]
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    result = run(
        policy([{"name": "r", "conditions": {}, "actions": {"comment": text}}]), FakeReading({ISSUES: [issue(1)]})
    )
    assert (result.failures, summaries(result)) == ([], [f"add note: note on grp/proj#1: {text}"])


@pytest.mark.parametrize(("expression", "says"), GREEDY)
def test_an_evaluation_makes_no_more_than_it_may(expression: str, says: str) -> None:
    row = issue(1, type="issues")
    trial = try_condition(f"resource[:iid]; {expression}", row, "issues", NoApi(), NOW, dt.UTC)
    assert says in str(trial.refused)


def test_the_clock_is_read_however_many_calls_lie_between_two_rounds() -> None:
    vm = Machine(NOW, dt.UTC, None)
    vm.begin()
    vm.deadline = 0.0
    with pytest.raises(OutOfBudget, match="more than 2 s"):
        for _ in range(300):
            vm.send("a", "upcase", [])


ONE_LINE = (
    {"issue": {"title": "F: #{resource[:description].lines.first}", "description": "x", "destination": "grp/proj"}},
    {"comment": '/title #{"a" + resource[:description]}'},
    {"title": "#{resource[:description]}"},
    {"comment": "#{resource[:description]}"},
)


@pytest.mark.parametrize("actions", ONE_LINE)
def test_blanks_without_end_take_no_time(actions: dict[str, Any]) -> None:
    rows = [issue(1, description="y" + " " * 200_000 + "x\n \n z")]
    reading = FakeReading({ISSUES: rows}, {"projects/grp%2Fproj": {"id": 7}})
    started = time.perf_counter()
    result = run(policy([{"name": "r", "conditions": {}, "actions": actions}]), reading)
    assert (len(result.steps), result.failures) == (1, [])
    # The square of so many blanks would be minutes.
    assert time.perf_counter() - started < 10


def test_one_person_that_is_none_stops_nobody_else() -> None:
    rows = [issue(1, assignees=["x", None]), issue(2)]
    result = run(policy([{"name": "r", "conditions": {}, "actions": {"comment": "hi"}}]), FakeReading({ISSUES: rows}))
    assert [step.subject for step in result.steps] == ["grp/proj#1", "grp/proj#2"]


def test_what_an_expression_prints_of_a_confidential_resource_is_not_in_the_log() -> None:
    rows = [issue(1, title="SECRET", confidential=True), issue(2, title="open")]
    rule = {"name": "r", "conditions": {"ruby": "puts resource[:title]; true"}, "actions": {"labels": []}}
    result = run(policy([rule]), FakeReading({ISSUES: rows}), keeps_secrets=True)
    assert result.printed == ["open\n"]


def test_a_time_that_does_not_exist_is_a_failure_of_its_resource() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {"comment": "#{Time.now + resource[:title][/\\d+/].to_i}"}}
    rows = [issue(1, title="x 999999999999999"), issue(2, title="x 1")]
    result = run(policy([rule]), FakeReading({ISSUES: rows}))
    assert ([failure.resource for failure in result.failures], len(result.steps)) == (["grp/proj#1"], 1)


@pytest.mark.parametrize("many", ["@x <b> \n", "@a "])
def test_a_long_text_is_settled_in_one_pass(many: str) -> None:
    row = issue(1, type="issues", description=many * 100_000)
    trial = try_text("#{resource[:description]}", row, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result is not None
    assert "@x" not in trial.result["text"] and "@a" not in trial.result["text"]


FILES = (
    ('resource_rules: {issues: {rules: [{conditions: {ruby: "\\ud800"}}]}}', "has half of a character"),
    ('a: "\\U00110000"', "not valid YAML"),
    ("x: !!bool zz", "cannot be read: 'zz' is no bool"),
    ("x: " + "[" * 900, "nested deeper than 40 levels"),
    ("x: " + "{a: " * 500, "nested deeper than 40 levels"),
    ("a: \0", "not valid YAML: the character U+0000 is not allowed"),
    ('resource_rules: {issues: {rules: [{conditions: {labels: ["' + "{a,b}" * 40 + '"]}}]}}', "combinations"),
    ("api_version: v5", "must be v4"),
)


@pytest.mark.parametrize(("text", "says"), FILES)
def test_a_file_that_breaks_readers_gets_a_sentence(text: str, says: str) -> None:
    assert [problem for problem in read_policy(text, "p.yml").errors if says in str(problem)] != []


def test_an_empty_number_is_a_text() -> None:
    assert [str(each) for each in read_policy('x: !!int ""', "p.yml").errors if "Traceback" in str(each)] == []


PATHS = (
    "projects/9/issues/1/notes/5",
    "projects/9/repository/files/x",
    "projects/7/../9/members/5",
    "projects/7%2F..%2F9/members",
    "projects/../users/1",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_way_leads_below_a_hidden_project(path: str) -> None:
    class Answers:
        url = "https://gitlab.example"

        def answer(self, method: str, path: str, params: Any) -> tuple[Any, dict[str, str]]:
            if path == "/projects/9":
                return {"id": 9, "path_with_namespace": "incidents/x"}, {}
            return {"secret": path}, {}

    policies = PolicyReader(Answers(), ("incidents",))  # type: ignore[arg-type]
    with pytest.raises(GitLabRefused, match="404 Not found"):
        policies.get(path, [])


def test_a_project_that_is_asked_for_is_one_segment_of_the_path() -> None:
    rule = {"name": "r", "conditions": {}, "actions": {"comment": "#{request_project('7/variables/TOKEN')[:value]}"}}
    reading = FakeReading({ISSUES: [issue(1)]}, {"projects/7/variables/TOKEN": {"value": "secret"}})
    result = run(policy([rule]), reading)
    assert (result.steps, "projects/7%2Fvariables%2FTOKEN" in reading.asked) == ([], True)


def test_a_condition_that_changes_values_changes_nothing_for_others() -> None:
    rules = [
        {"name": "one", "conditions": {"ruby": "resource[:labels].delete('keep'); false"}, "actions": {"comment": "a"}},
        {"name": "two", "conditions": {"ruby": "resource[:title] = 'x'; true"}, "actions": {"comment": "{{title}}"}},
        {"name": "three", "conditions": {"labels": ["keep"]}, "actions": {"comment": "{{title}}"}},
    ]
    result = run(policy(rules), FakeReading({ISSUES: [issue(1, labels=["keep"])]}))
    assert [line.rpartition(": ")[2] for line in summaries(result)] == ["x", "Issue 1"]


def test_first_contribution_brings_nothing_else_back() -> None:
    row = issue(1, labels=[])
    rules = [
        {"name": "one", "conditions": {}, "actions": {"labels": ["a"]}},
        {"name": "two", "conditions": {"ruby": "first_contribution? || true"}, "actions": {}},
        {"name": "three", "conditions": {"forbidden_labels": ["a"]}, "actions": {"comment": "x"}},
    ]
    path = "projects/7/merge_requests"
    answers = dict([label("a")]) | {f"{path}/1": row | {"first_contribution": True}}
    result = run(policy(rules, "merge_requests"), FakeReading({path: [row]}, answers))
    assert [step.change.kind for step in result.steps] == ["update"]


def test_words_of_an_expression_that_fails_do_not_show_what_is_confidential() -> None:
    rule = {"name": "r", "conditions": {"ruby": "Integer(resource[:title])"}, "actions": {"comment": "x"}}
    rows = [issue(1, title="SECRET", confidential=True), issue(2, title="OPEN")]
    said = [failure.sentence for failure in run(policy([rule]), FakeReading({ISSUES: rows})).failures]
    hidden = "ArgumentError; its words are not shown, since they may be the resource's"
    assert said == [hidden, 'invalid value for Integer(): "OPEN"']


def test_commands_in_a_fence_change_nothing() -> None:
    rules = [
        {"name": "one", "conditions": {"state": "opened"}, "actions": {"comment": "```\n/close\n```"}},
        {"name": "two", "conditions": {"state": "closed"}, "actions": {"comment": "was closed"}},
    ]
    assert len(run(policy(rules), FakeReading({ISSUES: [issue(1)]})).steps) == 1


def test_a_note_that_renews_its_own_reason_is_written_once() -> None:
    newer = {"attribute": "updated_at", "condition": "newer_than", "interval_type": "days", "interval": 99}
    rule = {"name": "r", "conditions": {"date": newer}, "actions": {"comment": "hi"}}
    notes: list[dict[str, Any]] = []
    for day in (1, 2):
        rows = [issue(1, updated_at=f"2026-03-0{day}T00:00:00Z")]
        reading = FakeReading({ISSUES: rows, f"{ISSUES}/1/notes": notes})
        result = run(policy([rule]), reading, repeats_notes=False, bot_usernames=frozenset({"bot"}))
        notes += [{"body": step.change.body, "author": {"username": "bot"}} for step in result.steps]  # type: ignore[union-attr]
    assert len(notes) == 1
