"""What the engine decides: effects chain, lists are shared, failures stop nothing else, nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.domain.errors import GitLabUnreachable
from bot.domain.policy_changes import AddNote, OpenIssue, UpdateResource
from tests.triage.policies import FakeReading, issue, label, policy, run, summaries

ISSUES = "projects/7/issues"


def reading(*rows: dict[str, Any], labels: tuple[str, ...] = ()) -> FakeReading:
    return FakeReading({ISSUES: list(rows)}, dict(label(name) for name in labels))


def test_a_later_rule_sees_what_an_earlier_one_does() -> None:
    rules = [
        {"name": "close", "conditions": {"state": "opened", "labels": ["done"]}, "actions": {"status": "close"}},
        {"name": "praise", "conditions": {"state": "closed"}, "actions": {"comment": "Well done."}},
        {"name": "nag", "conditions": {"state": "opened"}, "actions": {"comment": "Go on."}},
    ]
    result = run(policy(rules), reading(issue(1, labels=["done"]), issue(2)), refetch=True)
    assert summaries(result)[0] == "update: grp/proj#1: Would set status: close"
    assert "add note: note on grp/proj#1: Go on." not in summaries(result)
    assert "add note: note on grp/proj#2: Go on." in summaries(result)
    assert "add note: note on grp/proj#1: Well done." in summaries(result)


def test_the_own_note_renews_updated_at() -> None:
    old = {"attribute": "updated_at", "condition": "older_than", "interval_type": "days", "interval": 5}
    rules = [
        {"name": "warn", "conditions": {"date": old, "state": "opened"}, "actions": {"comment": "Stale."}},
        {"name": "close", "conditions": {"date": old, "state": "opened"}, "actions": {"status": "close"}},
    ]
    result = run(policy(rules), reading(issue(1)))
    assert summaries(result) == ["add note: note on grp/proj#1: Stale."]


def test_rules_over_one_type_and_state_share_one_list() -> None:
    rules = [
        {"name": f"r{n}", "conditions": {"state": "opened", "labels": [f"l{n}"]}, "actions": {"comment": f"c{n}"}}
        for n in range(10)
    ]
    source = reading(issue(1, labels=["l3"]), issue(2, labels=["l7"]))
    result = run(policy(rules), source)
    assert source.asked == ["projects/7/issues?state=opened"]
    assert summaries(result) == ["add note: note on grp/proj#1: c3", "add note: note on grp/proj#2: c7"]


def test_a_single_rule_asks_for_what_it_needs() -> None:
    source = reading()
    run(policy([{"name": "r", "conditions": {"state": "opened", "labels": ["a", "b"]}, "actions": {}}]), source)
    assert source.asked == ["projects/7/issues?labels=a,b&state=opened"]


def test_a_resource_that_fits_two_expansions_is_handled_once() -> None:
    rule = {"name": "r", "conditions": {"labels": ["{a,b}"]}, "actions": {"comment": "x"}}
    result = run(policy([rule]), reading(issue(1, labels=["a", "b"])))
    assert summaries(result) == ["add note: note on grp/proj#1: x"]


def test_what_a_rule_closes_is_seen_by_rules_that_share_the_closed_ones() -> None:
    close = {"name": "c", "conditions": {"state": "opened", "labels": ["a"]}, "actions": {"status": "close"}}
    note = {"name": "n", "conditions": {"state": "closed", "labels": ["a"]}, "actions": {"comment": "x"}}
    result = run(policy([close, note, note]), reading(issue(1, labels=["a"])))
    assert [step.change.kind for step in result.steps] == ["update", "add note", "add note"]


def test_what_a_quick_action_makes_confidential_is_hidden_from_then_on() -> None:
    hide = {"name": "h", "conditions": {"state": "opened"}, "actions": {"comment": "so\n/confidential"}}
    tell = {"name": "t", "conditions": {"state": "opened"}, "actions": {"comment": "{{title}}"}}
    result = run(policy([hide, tell]), reading(issue(1, title="Secret")))
    assert [step.change.body for step in result.steps if isinstance(step.change, AddNote)][-1] == "(confidential)"


def test_nil_stops_only_the_resource_that_has_it() -> None:
    rule = {"name": "r", "conditions": {"ruby": "resource[:closed_at] < '2027'"}, "actions": {"comment": "x"}}
    result = run(policy([rule]), reading(issue(1), issue(2, closed_at="2026-01-01T00:00:00Z")))
    assert summaries(result) == ["add note: note on grp/proj#2: x"]
    assert [str(failure) for failure in result.failures] == ["r: grp/proj#1: undefined method `<' for nil:NilClass"]


def test_an_unknown_label_stops_its_rule_and_no_other() -> None:
    rules = [
        {"name": "first", "actions": {"labels": ["nope"], "comment": "never"}},
        {"name": "second", "actions": {"labels": ["there"]}},
    ]
    result = run(policy(rules), reading(issue(1), labels=("there",)))
    assert summaries(result) == ["update: grp/proj#1: Would add labels: there"]
    assert [str(failure) for failure in result.failures] == ["first: Label `nope` doesn't exist!"]


def test_a_refused_list_is_an_error_and_the_other_rules_go_on() -> None:
    text = policy([{"name": "r", "conditions": {"state": "opened"}, "actions": {"comment": "x"}}])
    result = run(text, FakeReading({}))
    assert (summaries(result), [failure.exit_code for failure in result.failures]) == ([], [4])


def test_what_changes_nothing_is_left_out() -> None:
    rule = {"name": "r", "actions": {"labels": ["a"], "status": "close", "assignees": []}}
    result = run(policy([rule]), reading(issue(1, labels=["a"], state="closed"), labels=("a",)))
    assert summaries(result) == []


def test_a_scoped_label_takes_the_place_of_its_sibling_for_the_next_rule() -> None:
    rules = [
        {"name": "raise", "conditions": {"state": "opened"}, "actions": {"labels": ["p::1"]}},
        {"name": "low", "conditions": {"state": "opened", "labels": ["p::2"]}, "actions": {"comment": "low"}},
    ]
    result = run(policy(rules), reading(issue(1, labels=["p::2"]), labels=("p%3A%3A1",)))
    assert [failure.sentence for failure in result.failures] == ["Label `p::1` doesn't exist!"]
    source = FakeReading({ISSUES: [issue(1, labels=["p::2"])]}, {"projects/7/labels/p%3A%3A1": {"name": "p::1"}})
    assert summaries(run(policy(rules), source)) == ["update: grp/proj#1: Would add labels: p::1"]


def test_protected_branches_are_kept_unless_asked_for() -> None:
    rows = [{"name": "main", "protected": True, "project_id": 7}, {"name": "old", "protected": False, "project_id": 7}]
    source = FakeReading({"projects/7/repository/branches": rows})
    rule = {"name": "r", "conditions": {"name": "o"}, "actions": {"delete": True}}
    assert len(run(policy([rule], "branches"), source).steps) == 1
    rule["conditions"] = {"protected": True}
    assert [step.change.target.path for step in run(policy([rule], "branches"), source).steps] == [  # type: ignore[union-attr]
        "projects/7/repository/branches/main"
    ]


def test_a_list_that_shows_a_resource_twice_is_acted_on_once() -> None:
    rule = {"name": "r", "actions": {"comment": "x"}}
    assert len(run(policy([rule]), reading(issue(1), issue(1))).steps) == 1


def test_any_of_and_none_of() -> None:
    rule = {
        "name": "r",
        "conditions": {"any_of": [{"labels": ["a"]}, {"title": "crash"}], "none_of": [{"milestone": "any"}]},
        "actions": {"comment": "x"},
    }
    rows = [
        issue(1, labels=["a"]),
        issue(2, title="It CRASHES"),
        issue(3),
        issue(4, labels=["a"], milestone={"title": "17.0"}),
    ]
    assert [step.subject for step in run(policy([rule]), reading(*rows)).steps] == ["grp/proj#1", "grp/proj#2"]


def test_values_are_data() -> None:
    title = "#{1 + 1} {{author}} @all </b>\n/close"
    rule = {"name": "r", "actions": {"comment": "Title: {{title}} / #{resource[:title]}"}}
    result = run(policy([rule]), reading(issue(1, title=title)))
    note = result.steps[0].change
    assert isinstance(note, AddNote)
    assert "@all" not in note.body and "\n/close" not in note.body and "</b>" not in note.body
    assert "#{1 + 1}" in note.body and "ann" not in note.body


def test_a_quick_action_gets_its_value_as_it_is() -> None:
    rule = {"name": "r", "actions": {"comment": "/label {{labels}}\n/title {{title}}"}}
    result = run(policy([rule]), reading(issue(1, labels=["a & b"], title="A < B & C")))
    note = result.steps[0].change
    assert isinstance(note, AddNote)
    assert note.body == '/label ~"a & b"\n/title A < B & C'


def test_what_is_confidential_is_hidden_in_ruby_too() -> None:
    rule = {"name": "r", "actions": {"comment": "#{resource[:title]} #{author} #{state} {{title}} {{web_url}}"}}
    result = run(policy([rule]), reading(issue(1, confidential=True, title="Secret")))
    note = result.steps[0].change
    assert isinstance(note, AddNote)
    hidden = "(confidential)"
    assert note.body == f"{hidden} {hidden} {hidden} {hidden} https://gitlab.example/grp/proj/-/issues/1"


def test_a_note_is_not_written_again_while_its_reason_lasts() -> None:
    rule = {"name": "r", "conditions": {"labels": ["a"]}, "actions": {"comment": "x"}}
    source = FakeReading({ISSUES: [issue(1, labels=["a"])], f"{ISSUES}/1/notes": []})
    first = run(policy([rule]), source, repeats_notes=False, bot_usernames=frozenset({"bot"})).steps
    written = first[0].change
    assert isinstance(written, AddNote) and written.marker in written.body
    for author, expected in (("bot", 0), ("mallory", 1)):
        source.lists[f"{ISSUES}/1/notes"] = [{"body": written.body, "author": {"username": author}}]
        again = run(policy([rule]), source, repeats_notes=False, bot_usernames=frozenset({"bot"}))
        assert len(again.steps) == expected, author


def test_a_summary_hides_what_more_people_could_read() -> None:
    rule = {
        "name": "r",
        "actions": {
            "summarize": {"title": "T", "item": "{{title}}", "summary": "{{items}}", "destination": "grp/open"}
        },
    }
    answers = {"projects/7": {"visibility": "private"}, "projects/grp%2Fopen": {"id": 8, "visibility": "public"}}
    source = FakeReading({ISSUES: [issue(1, title="Inside")]}, answers)
    (step,) = run(policy([rule]), source, keeps_secrets=True).steps
    assert isinstance(step.change, OpenIssue) and step.change.description.startswith("(confidential)")
    answers["projects/7"] = {"visibility": "public"}
    (step,) = run(policy([rule]), FakeReading(source.lists, answers), keeps_secrets=True).steps
    assert isinstance(step.change, OpenIssue) and step.change.description.startswith("Inside")


def test_limits_hold_for_each_rule() -> None:
    rule = {"name": "r", "limits": {"most_recent": 1}, "actions": {"comment": "x"}}
    assert [step.subject for step in run(policy([rule]), reading(issue(1), issue(2))).steps] == ["grp/proj#2"]
    rule = {"name": "r", "limits": {"per_run": 1}, "actions": {"comment": "x"}}
    assert [step.subject for step in run(policy([rule]), reading(issue(1), issue(2))).steps] == ["grp/proj#1"]


def test_last_activity_of_a_person_is_not_the_bots_own_note() -> None:
    date = {
        "attribute": "updated_at",
        "condition": "older_than",
        "interval_type": "days",
        "interval": 30,
        "last_activity_by": "human",
    }
    rule = {"name": "r", "conditions": {"date": date}, "actions": {"labels": ["stale"]}}
    notes = [
        {"author": {"username": "bot"}, "created_at": "2026-03-14T00:00:00Z"},
        {"author": {"username": "ann"}, "created_at": "2026-01-20T00:00:00Z"},
    ]
    source = FakeReading({ISSUES: [issue(1)], f"{ISSUES}/1/notes": notes}, dict([label("stale")]))
    result = run(policy([rule]), source, bot_usernames=frozenset({"bot"}))
    assert [type(step.change) for step in result.steps] == [UpdateResource]
    notes[1]["created_at"] = "2026-03-10T00:00:00Z"
    assert run(policy([rule]), source, bot_usernames=frozenset({"bot"})).steps == []


def test_members_are_asked_for_once_and_only_for_who_is_left() -> None:
    member = {"source": "group", "condition": "member_of", "source_id": "acme"}
    rule = {
        "name": "r",
        "conditions": {"author_member": member, "ruby": "resource[:iid] > 1"},
        "actions": {"comment": "x"},
    }
    source = FakeReading({ISSUES: [issue(1), issue(2), issue(3)], "groups/acme/members": [{"username": "ann"}]})
    assert len(run(policy([rule, rule]), source).steps) == 4
    assert [path for path in source.asked if "members" in path] == ["groups/acme/members?"]
    nobody = {"name": "r", "conditions": {"author_member": member, "ruby": "false"}, "actions": {}}
    source.asked.clear()
    run(policy([nobody]), source)
    assert [path for path in source.asked if "members" in path] == []


def test_work_that_an_event_cannot_have_changed_waits_for_the_sweep() -> None:
    from bot.triage.conditions import can_run_on

    old = {"attribute": "updated_at", "condition": "older_than", "interval_type": "days", "interval": 5}
    rules = policy(
        [
            {"name": "labels", "conditions": {"labels": ["a"]}, "actions": {"comment": "x"}},
            {"name": "date", "conditions": {"labels": ["a"], "date": old}, "actions": {"comment": "x"}},
            {"name": "out", "conditions": {"labels": ["a"]}, "actions": {"comment": "x"}, "real_time": False},
            {"name": "limit", "conditions": {"labels": ["a"]}, "limits": {"oldest": 1}, "actions": {"comment": "x"}},
            {"name": "ruby", "conditions": {"ruby": "true"}, "actions": {"comment": "x"}},
        ]
    )
    assert [rule.name for rule in rules.rules() if can_run_on(rule, "issue")] == ["labels", "ruby"]
    assert [rule.name for rule in rules.rules() if can_run_on(rule, "note")] == ["ruby"]


class FailsOnDates(FakeReading):
    """A GitLab whose database gives up on date filters."""

    def pages(
        self, path: str, params: list[tuple[str, str]], *, per_page: int, follows_links: bool
    ) -> Iterator[list[dict[str, Any]]]:
        if any(name.endswith("_before") for name, _ in params):
            raise GitLabUnreachable(f"GET /{path}", "status 500")
        yield from super().pages(path, params, per_page=per_page, follows_links=follows_links)


def test_a_list_that_fails_on_its_date_filter_is_filtered_here() -> None:
    old = {"attribute": "updated_at", "condition": "older_than", "interval_type": "days", "interval": 5}
    rule = {"name": "r", "conditions": {"date": old, "state": "opened"}, "actions": {"comment": "x"}}
    rows = [issue(1), issue(2, updated_at="2026-03-14T00:00:00Z")]
    result = run(policy([rule]), FailsOnDates({ISSUES: rows}))
    assert (summaries(result), result.failures) == (["add note: note on grp/proj#1: x"], [])


def test_a_rule_that_a_refused_change_made_fit_is_not_done() -> None:
    rules = [
        {"name": "mark", "conditions": {"title": "zebra"}, "actions": {"labels": ["severe"]}},
        {"name": "say", "conditions": {"labels": ["severe"]}, "actions": {"comment": "is severe"}},
        {"name": "other", "conditions": {"state": "opened"}, "actions": {"comment": "hello"}},
    ]
    result = run(policy(rules), reading(issue(1, title="zebra"), labels=("severe",)))
    update, severe, hello = result.steps
    assert (severe.needs, hello.needs) == ((update.change.key,), ())


def test_the_steps_of_one_rule_do_not_need_each_other() -> None:
    rule = {"name": "r", "conditions": {"labels": ["a"]}, "actions": {"comment": "/label ~b", "labels": ["c"]}}
    result = run(policy([rule]), reading(issue(1, labels=["a"]), labels=("c",)))
    assert [step.needs for step in result.steps] == [(), ()]


def test_what_asks_gitlab_is_asked_last() -> None:
    conditions = {
        "ruby": "linked_issues.any?",
        "votes": {"attribute": "upvotes", "condition": "greater_than", "threshold": 100},
    }
    source = reading(issue(1), issue(2))
    run(policy([{"name": "r", "conditions": conditions, "actions": {"comment": "x"}}]), source)
    assert source.asked == ["projects/7/issues?"]


def test_the_last_of_two_equal_keys_counts_with_lenient() -> None:
    from bot.triage.policy import read_policy

    text = "resource_rules:\n  issues:\n    rules:\n      - conditions:\n          state: opened\n          state: closed\n"
    strict, lenient = read_policy(text, "p.yml"), read_policy(text, "p.yml", lenient=True)
    assert "With --lenient this is a warning." in str(strict.errors[0])
    assert (lenient.errors, next(iter(lenient.rules())).conditions) == ((), {"state": "closed"})
