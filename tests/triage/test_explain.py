"""What `explain` says of a resource, without a GitLab."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.triage.explaining import explain_policy, reference_of
from bot.triage.policy import read_policy
from bot.triage.runs import Options, Source
from tests.triage.policies import NOW, FakeReading, issue

SUMMARY = """\
resource_rules:
  issues:
    summaries:
      - name: weekly
        rules:
          - name: bugs
            conditions: {labels: [bug]}
            actions: {summarize: {item: "- {{title}}", summary: "{{items}}"}}
        actions: {summarize: {title: T, summary: "{{items}}"}}
    rules:
      - name: ask
        conditions: {labels: [feature]}
        actions: {comment: hi}
"""


def explained(labels: list[str]) -> list[str]:
    options = Options(Source("projects", "grp/proj"), NOW, ZoneInfo("UTC"))
    reading = FakeReading({}, {"projects/grp%2Fproj/issues/1": issue(1, labels=labels)})
    reference = reference_of("grp/proj#1", reading.base_url)
    return list(explain_policy(read_policy(SUMMARY, "p.yml"), reference, options, reading))


def test_a_resource_that_no_rule_of_a_summary_wants_gets_no_line_in_it() -> None:
    assert explained(["docs"]) == [
        "grp/proj#1: Issue 1",
        "",
        "rule bugs of the summary weekly",
        "  - labels does not hold: wanted bug, saw docs.",
        "  so the rule does not hold.",
        "",
        "rule ask",
        "  - labels does not hold: wanted feature, saw docs.",
        "  so the rule does not hold.",
        "",
        "Nothing would be done.",
    ]


def test_a_resource_that_one_of_them_wants_gets_a_line() -> None:
    assert explained(["bug"])[-2:] == ["What would be done:", "  a line in the issue of the summary weekly"]
