"""What `triage check` says: every mistake with its line, its column, a sentence and a hint."""

from __future__ import annotations

import pytest

from bot.triage.policy import read_policy


def problems(text: str, *, lenient: bool = False, source: str = "any") -> list[str]:
    return [str(problem) for problem in read_policy(text, "p.yml", lenient=lenient, source=source).problems]


def rule(line: str, kind: str = "issues") -> str:
    return f"resource_rules:\n  {kind}:\n    rules:\n      - name: r\n        {line}\n"


R = "resource_rules.issues.rules[0]"

MISTAKES = [
    (rule("conditions: {stat: opened}"), f"p.yml:5:22: {R}.conditions.stat: there is no condition for issues: stat. Perhaps you meant state? gitlab-triage ignores it, so that the rule acts on more. With --lenient this is a warning."),
    (rule("conditions: {draft: true}"), f"p.yml:5:22: {R}.conditions.draft: draft is only for merge_requests. gitlab-triage ignores it, so that the rule acts on more. With --lenient this is a warning."),
    (rule("conditions: {state: open}"), f"p.yml:5:22: {R}.conditions.state: state must be one of opened,closed. Perhaps you meant opened?"),
    (rule("conditions: {state: 5}"), f"p.yml:5:22: {R}.conditions.state: state must be of type String. Write one of opened, closed."),
    (rule("conditions: {labels: bug}"), f"p.yml:5:22: {R}.conditions.labels: must be a list. Write [bug]."),
    (rule("conditions: {labels: []}"), f"p.yml:5:22: {R}.conditions.labels: is an empty list. Write [None] for resources without labels, or leave it out."),
    (rule("conditions: {labels: [{a, b}]}"), f"p.yml:5:31: {R}.conditions.labels[0]: braces without quotes are a map to YAML. Put the label in quotes: \"{{a,b}}\"."),
    (rule("conditions: {labels: [19.10]}"), f"p.yml:5:31: {R}.conditions.labels[0]: 19.1 is no text to YAML. Put it in quotes: '19.1'."),
    (rule("conditions: {labels: [No Label]}"), f"p.yml:5:31: warning: {R}.conditions.labels[0]: `No Label` is an older spelling; today's GitLab knows None. Write None."),
    (rule("conditions: {labels: ['a, b']}"), f"p.yml:5:31: warning: {R}.conditions.labels[0]: a label's name cannot have a comma; `a, b` asks for two labels. Write two entries."),
    (rule("conditions: {labels: ['x{1..5000}']}"), f"p.yml:5:22: {R}.conditions.labels: {{1..5000}} has 5000 numbers; at most 1000 are run. Write fewer alternatives."),
    (rule("conditions: {milestone: 17.1}"), f"p.yml:5:22: warning: {R}.conditions.milestone: 17.1 is a number to YAML, which may not be the title. Quote titles that look like numbers: '17.1'."),
    (rule("conditions: {date: {attribute: update_at, condition: older_than, interval_type: days, interval: 5}}"), f"p.yml:5:29: {R}.conditions.date.attribute: attribute must be one of created_at,updated_at,closed_at. Perhaps you meant updated_at? gitlab-triage ignores the whole condition, so that everything matches. With --lenient this is a warning."),
    (rule("conditions: {date: {attribute: updated_at, condition: older, interval_type: days, interval: 5}}"), f"p.yml:5:52: {R}.conditions.date.condition: condition must be one of older_than,newer_than. Perhaps you meant older_than?"),
    (rule("conditions: {date: {attribute: updated_at, condition: older_than, interval_type: days, interval: '5'}}"), f"p.yml:5:96: {R}.conditions.date.interval: interval must be of type Numeric. Write the number without quotes."),
    (rule("conditions: {date: {attribute: updated_at, condition: older_than, interval_type: days}}"), f"p.yml:5:22: {R}.conditions.date.interval: interval is a required parameter."),
    (rule("conditions: {date: {attribute: updated_at, condition: older_than, interval_type: months, interval: 1.5}}"), f"p.yml:5:98: {R}.conditions.date.interval: a part of a month or year has no length. Use days."),
    (rule("conditions: {upvotes: {attribute: upvotes, condition: less_than, threshold: 1}}"), f"p.yml:5:22: warning: {R}.conditions.upvotes: upvotes is the older name of votes. Write votes."),
    (rule("conditions: {no_additional_labels: true}"), f"p.yml:5:22: {R}.conditions.no_additional_labels: needs labels: the only ones that may be there. Add labels, or labels: [None]."),
    (rule("conditions:\n          ruby: !has_x?"), "p.yml:6:17: resource_rules.issues.rules[0].conditions.ruby: cannot be read: !has_x? is a tag to YAML: what follows it is lost or read as something else; put the text in quotes."),
    (rule("conditions: {ruby: 'resource[:iid] ==='}"), f"p.yml:5:47: {R}.conditions.ruby: syntax error. gitlab-triage stops here, too."),
    (rule("conditions: {ruby: 'x = 1; system(\"ls\")'}"), f"p.yml:5:36: {R}.conditions.ruby: There is no method or variable `system` here. Nothing outside the policy can be reached."),
    (rule("conditions: {ruby: 'resource[:iid].foo'}"), f"p.yml:5:44: {R}.conditions.ruby: There is no method `foo` here."),
    (rule("conditions: {ruby: '1 / 0'}"), f"p.yml:5:29: {R}.conditions.ruby: divided by 0. gitlab-triage stops here, too."),
    (rule("conditions: {ruby: 'File.read(\"x\")'}"), f"p.yml:5:29: {R}.conditions.ruby: The constant File does not exist here."),
    (rule("conditions: {ruby: 'milestone.nil? && first_contribution?'}"), f"p.yml:5:47: {R}.conditions.ruby: There is no method `first_contribution?` of issues. It is of merge_requests. gitlab-triage stops here, too."),
    (rule("conditions: {ruby: 'closed?'}"), f"p.yml:5:29: {R}.conditions.ruby: There is no method `closed?` of issues. It needs something before the dot. gitlab-triage stops here, too."),
    (rule("conditions: {ruby: 'resource[:lables].any?'}"), f"p.yml:5:38: warning: {R}.conditions.ruby: GitLab has no field lables. Perhaps you meant labels?"),
    (rule("actions: {comment: 'Hi #{resource[\"asignees\"].size} #{closes_issues}'}"), f"p.yml:5:43: warning: {R}.actions.comment: GitLab has no field asignees. Perhaps you meant assignees?"),
    (rule("actions: {comment: 'Hi #{resource[\"asignees\"].size} #{closes_issues}'}"), f"p.yml:5:63: {R}.actions.comment: There is no method `closes_issues` of issues. It is of merge_requests. gitlab-triage stops here, too."),
    (rule("actions: {coment: x}"), f"p.yml:5:19: {R}.actions.coment: there is no action for issues: coment. Perhaps you meant comment? gitlab-triage does nothing with it. With --lenient this is a warning."),
    (rule("actions: {status: closed}"), f"p.yml:5:19: {R}.actions.status: Invalid status value 'closed'. Supported: close, reopen."),
    (rule("actions: {comment: 'C:\\users'}"), f"p.yml:5:31: {R}.actions.comment: \\u needs hexadecimal digits; write \\\\u for a backslash. gitlab-triage stops here, too."),
    (rule("actions: {comment: 'x #{foo}'}"), f"p.yml:5:33: {R}.actions.comment: There is no method or variable `foo` here."),
    (rule("actions: {comment: 'x #{1'}"), f"p.yml:5:31: {R}.actions.comment: syntax error, #{{ without its }}. gitlab-triage stops here, too."),
    (rule("actions: {comment: x, comment_type: note}"), f"p.yml:5:31: {R}.actions.comment_type: Unknown comment type: note. Write comment or thread."),
    (rule("actions: {delete: 'false'}"), f"p.yml:5:19: warning: {R}.actions.delete: 'false' is a text; it is read as false. Write it without quotes."),
    (rule("actions: {mention: ['@ann']}"), f"p.yml:5:29: warning: {R}.actions.mention[0]: a username without the @: it is added."),
    (rule("actions: {comment_on_summary: x}"), f"p.yml:5:19: {R}.actions.comment_on_summary: Policies that comment_on_summary must include summarize action."),
    (rule("limits: {newest: 1}"), f"p.yml:5:9: {R}.limits: For the limits field, please specify one of: `most_recent`, `oldest`."),
    (rule("limits: {oldest: 1.5}"), f"p.yml:5:18: {R}.limits.oldest: oldest must be of type Integer."),
    (rule("limits: {oldest: -1}"), f"p.yml:5:18: {R}.limits.oldest: oldest must not be negative."),
    (rule("actions: {status: [close]}"), f"p.yml:5:19: {R}.actions.status: Invalid status value '[\"close\"]'. Supported: close, reopen."),
    ("api_version: v5\nresource_rules: {}\n", "p.yml:1:1: api_version: must be v4: there is no other. Leave it out."),
    (rule("conditons: {}"), f"p.yml:5:9: {R}.conditons: there is no key of a rule conditons. Perhaps you meant conditions? gitlab-triage ignores it. With --lenient this is a warning."),
    (rule("type: custom"), f"p.yml:5:9: {R}.type: type: custom can only be used in the rules of a summary."),
    ("resource_rules: {issue: {rules: []}}\n", "p.yml:1:18: resource_rules.issue: there is no resource type issue. Perhaps you meant issues? gitlab-triage asks for a list of that name. With --lenient this is a warning."),
    ("resource_rules: {issues: }\n", "p.yml:1:18: resource_rules.issues: is empty. Add rules or summaries, or leave it out."),
    ("resource_rules: {issues: {rules: {a: 1}}}\n", "p.yml:1:27: resource_rules.issues.rules: must be a list. Put a dash before each."),
    ("[1]\n", "p.yml:1:1: the file must be a map with resource_rules. gitlab-triage does nothing with such a file. With --lenient this is a warning."),
    ("a: [1\n", "p.yml:2:1: not valid YAML: expected ',' or ']', but got '<stream end>'."),
    ("a: 2026-01-01\nresource_rules: {}\n", "p.yml:1:4: a: cannot be read: 2026-01-01 is a date to YAML, which the gem refuses; put it in quotes."),
    ("resource_rules:\n\tissues: {}\n", "p.yml:2:1: not valid YAML: found character '\\t' that cannot start any token. Indent with blanks, not with tabs."),
    ("host_url: gitlab.com\nresource_rules: {}\n", "p.yml:1:1: host_url: must be an address that begins with http:// or https://."),
    ("# nothing\n", "p.yml:1:1: warning: the file is empty. gitlab-triage does nothing with such a file."),
    (rule("actions: {due_date: tomorrow}"), f"p.yml:5:19: {R}.actions.due_date: tomorrow is no date. Write YYYY-MM-DD, or #{{...}} that gives one. gitlab-triage sends it. With --lenient this is a warning."),
    (rule("actions: {title: 'x {{title}}'}"), f"p.yml:5:19: warning: {R}.actions.title: placeholders are not filled in here; {{{{title}}}} stays as it is. Write #{{...}}, which is."),
    (rule("conditions: {date: {attribute: created_at, condition: older_than, interval_type: years, interval: 3000}}"), f"p.yml:5:97: {R}.conditions.date.interval: interval goes back beyond the first year of the calendar. Write fewer."),
    ("per_page: 500\nresource_rules: {}\n", "p.yml:1:1: warning: per_page: is more than 100, the most that GitLab gives."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_with_line_and_hint(text: str, expected: str) -> None:
    assert expected in problems(text)


def test_lenient_makes_warnings_of_what_the_gem_runs_with() -> None:
    text = rule("conditions: {stat: opened, state: open}")
    assert [problem.is_warning for problem in read_policy(text, "p.yml", lenient=True).problems] == [True, False]


def test_a_groups_summary_needs_a_destination() -> None:
    text = rule("actions: {summarize: {title: T}}")
    assert problems(text, source="projects") == []
    assert problems(text, source="groups") == [
        f"p.yml:5:19: {R}.actions.summarize: a summary of a group needs a destination: the project in which its issue is "
        "created. Add destination: group/project. gitlab-triage creates it in the project whose id is the group's. "
        "With --lenient this is a warning."
    ]


WORK_ITEM_MISTAKES = [
    ("conditions: {weight: 1}", "there is no condition for work_items: weight."),
    ("conditions: {state: open}", "state must be one of opened,closed."),
    ("conditions: {milestone: [a, b]}", "takes one milestone, but there are 2: a, b."),
    ("conditions: {milestone: 19.1}", "19.1 is a number"),
    ("conditions: {date: old}", "must be a map of attribute, condition, interval_type, interval."),
    ("conditions: {date: {attribute: merged_at, condition: older_than, interval_type: days, interval: 5}}", "attribute must be one of created_at,updated_at"),
    ("conditions: {date: {attribute: created_at, condition: older_than, interval_type: days, interval: 0}}", "interval must be a positive, finite number"),
    ("actions: {labels: [b], remove_labels: [b]}", "b. A label cannot be added and removed in the same rule."),
    ("actions: {weight: 1}", "there is no action for work_items: weight."),
    ("actions: {comment: x, comment_type: note}", "Unknown comment type: note."),
]  # fmt: skip


@pytest.mark.parametrize(("line", "says"), WORK_ITEM_MISTAKES, ids=range(len(WORK_ITEM_MISTAKES)))
def test_a_mistake_in_a_rule_of_work_items(line: str, says: str) -> None:
    text = rule(line, "work_items")
    read = read_policy(text, "p.yml", lenient=True)
    assert [each for each in read.problems if says in str(each)] != [], read.problems
    assert [each.is_warning for each in read.problems] == [False], "the gem stops at it, so --lenient does not help"


def test_keys_may_be_symbols_in_all_of_a_file() -> None:
    text = """\
:resource_rules:
  :issues:
    :rules:
      - :name: r
        :conditions:
          :state: opened
          :date:
            :attribute: updated_at
            :condition: older_than
            :interval_type: days
            :interval: 5
        :actions:
          :comment: x
"""
    read = read_policy(text, "p.yml")
    assert read.problems == ()
    [found] = read.rules()
    assert (found.name, found.conditions["state"], found.conditions["date"]["interval"], found.actions) == (
        *("r", "opened", 5),
        {"comment": "x"},
    )


def test_positions_in_a_block_are_those_of_the_file() -> None:
    text = "resource_rules:\n  issues:\n    rules:\n      - conditions:\n          ruby: |\n            x = 1\n            x + foo_bar\n"
    assert problems(text) == [
        "p.yml:7:17: resource_rules.issues.rules[0].conditions.ruby: There is no method or variable `foo_bar` here."
    ]


def test_ten_thousand_rules_are_read() -> None:
    text = "resource_rules:\n  issues:\n    rules:\n" + "      - {conditions: {state: opened}}\n" * 10_000
    policy = read_policy(text, "p.yml")
    assert (len(list(policy.rules())), policy.problems) == (10_000, ())


def test_an_alias_bomb_ends() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefg", "abcdef", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    assert "more than 500,000 values. Write it without so many aliases." in problems(text)[0]


@pytest.mark.parametrize(
    "text", ["\ufeffresource_rules: {}\n", "resource_rules: {}\r\n", "--- {resource_rules: {}}\n--- 2\n"]
)
def test_a_bom_windows_line_ends_and_a_second_document_are_fine(text: str) -> None:
    assert problems(text) == []


def test_psych_reads_some_scalars_otherwise() -> None:
    text = "x-a: 1:30\nx-b: 1,000\nx-c: =\nx-d: 010\nx-e: on\nx-f: 1e3\n:resource_rules: {}\n"
    from bot.settings.yaml_reader import read_yaml
    from bot.triage.psych import PsychLoader

    assert read_yaml(text, "p.yml", loader_class=PsychLoader).value == {
        "x-a": 5400, "x-b": 1000, "x-c": "=", "x-d": 8, "x-e": True, "x-f": "1e3", ":resource_rules": {},
    }  # fmt: skip


def test_every_expression_of_a_text_is_checked() -> None:
    found = problems(rule("actions: {comment: \"#{ENV['X']} {{titel}} #{foo} #{resource[:iid]} #{1 +}\"}"))
    assert [each.split(":")[2] for each in found] == ["19", "31", "53", "81"]
