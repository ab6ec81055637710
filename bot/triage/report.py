"""The run in the words and boxes of gitlab-triage."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.plan import Step
from bot.domain.policy_changes import (
    AddNote,
    DeleteResource,
    MoveIssue,
    OpenIssue,
    SetWidget,
    UpdateResource,
    UpdateWorkItem,
)
from bot.triage.rules import Policy, Rule, Summary
from bot.triage.runs import RuleRun, Source, Told

Say = Callable[[str], None]
HEALTH = {"onTrack": "on_track", "needsAttention": "needs_attention", "atRisk": "at_risk", None: ""}


def boxed(text: str, line: str) -> str:
    edge = line * len(text)
    return f"{edge}\n{text}\n{edge}\n"


class Report:
    """Args: say: takes finished pieces of text; they have their line ends."""

    def __init__(self, say: Say, *, is_dry: bool, is_quiet: bool, base_url: str = "") -> None:
        self.say, self.is_dry, self.is_quiet, self.base_url = say, is_dry, is_quiet, base_url
        self.dots = 0

    def told(self) -> Told:
        return Told(
            policy=self.policy,
            source=self.source,
            kind=self.kind,
            summary=self.summary,
            rule=self.rule,
            nothing_to_gather=self.nothing_to_gather,
            rule_done=self.rule_done,
            skipped=self.skipped,
        )

    def dot(self) -> None:
        if not self.is_quiet:
            self.say(".")

    def policy(self, policy: Policy) -> None:
        self.say(boxed(f"Executing policies from {policy.file}.", "*"))
        if self.is_dry:
            self.say("Performing a dry run.\n\n")

    def source(self, source: Source) -> None:
        if not self.is_quiet:
            self.say(boxed(f"Triaging the {source.shown}", "=") + "\n")

    def kind(self, kind: str) -> None:
        if not self.is_quiet:
            self.say(boxed(f"Processing summaries & rules for {kind}", "-") + "\n")

    def summary(self, summary: Summary) -> None:
        if not self.is_quiet:
            self.say(boxed(f"Processing summary: **{summary.name or ''}**", "~") + "\n")

    def rule(self, rule: Rule) -> None:
        if not self.is_quiet:
            self.say(boxed(f"Gathering resources for rule: **{rule.shown_name}**", "-"))

    def nothing_to_gather(self) -> None:
        if not self.is_quiet:
            self.say("\n* Skipping resource fetch for custom type rule\n")

    def skipped(self, sentence: str) -> None:
        self.say(f"[WARNING] {sentence}\n")

    def rule_done(self, run: RuleRun) -> None:
        if not self.is_quiet and run.found is not None:
            self.say(f"\n\n* Found {run.found} resources...\n* Filtering resources...\n")
            self.say(f"* Total after filtering: {run.filtered} resources\n* Limiting resources...\n")
            self.say(f"* Total after limiting: {run.limited} resources\n\n")
        for warning in run.warnings:
            level = "ERROR" if warning.startswith("Setting work item status requires") else "WARNING"
            self.say(f"[{level}] {warning}\n\n")
        if self.is_dry:
            self.say(self.planned(run))
        if not self.is_quiet:
            self.say("\n")

    def planned(self, run: RuleRun) -> str:
        """What a real run would do, action by action."""
        name = run.rule.shown_name or f"{run.rule.kind}-{'.'.join(map(str, run.rule.where))}"
        kind = run.rule.kind
        changes = [step.change for step in run.steps]
        result = ""
        single_issues = [each for each in changes if isinstance(each, OpenIssue) and "issue" not in run.rule.actions]
        for opened in single_issues:
            result += (
                f"The following issue would be created in project `{opened.project}` for the rule **{name}**:\n\n"
                f">>>\n{_issue_lines(opened)}>>>\n"
            )
        if kind == "work_items":
            result += self._work_items(run.steps, name)
        notes = [each for each in changes if isinstance(each, AddNote)]
        if notes:
            result += f"The following comments would be posted for the rule **{name}**:\n\n"
            for note in notes:
                where = note.target.web_url or "[the-created-issue-url]"
                result += f"# {where}\n```\n{note.body}\n```\n"
        updates: dict[str, list[str]] = {}
        for each in changes:
            if isinstance(each, UpdateResource):
                updates.setdefault(each.target.web_url, []).extend(each.shown)
            elif isinstance(each, SetWidget) and each.widget == "healthStatusWidget":
                updates.setdefault(each.target.web_url, []).append(
                    f"Would set health_status: {HEALTH.get(each.value, each.value)}"
                )
            elif isinstance(each, MoveIssue):
                updates.setdefault(each.target.web_url, []).append(f"Would move to: {each.project_path}")
        if updates:
            result += f"The following resources would be updated for the rule **{name}**:\n\n"
            for url, lines in updates.items():
                result += f"# {url}\n" + "".join(f"{line}\n" for line in lines)
        opened_each = [each for each in changes if isinstance(each, OpenIssue) and "issue" in run.rule.actions]
        if opened_each:
            result += f"The following issues would be created for the rule **{name}**:\n\n"
            for opened in opened_each:
                result += f">>>\n* Project: {opened.project}\n{_issue_lines(opened)}>>>\n"
        deletes = [each for each in changes if isinstance(each, DeleteResource)]
        if deletes:
            result += f"The following resources will be deleted by the rule **{name}**:\n\n"
            for delete in deletes:
                result += f"DELETE {self.base_url}/api/v4/{delete.target.path}?\n"
        statuses = [each for each in changes if isinstance(each, SetWidget) and each.widget == "statusWidget"]
        if statuses:
            result += f"The following work items would have their status updated for the rule **{name}**:\n\n"
            for status in statuses:
                result += (
                    f"# {status.target.web_url}\n"
                    f"Status would be set to: {status.value}\nWork Item ID: gid://gitlab/WorkItem/{status.target.database_id}\n"
                )
        return result

    def _work_items(self, steps: tuple[Step, ...], name: str) -> str:
        updates = [step.change for step in steps if isinstance(step.change, UpdateWorkItem)]
        if not updates:
            return ""
        result = f"The following work items would be updated for the rule **{name}**:\n\n"
        for update in updates:
            result += f"# {update.target.web_url}\n" + "".join(f"{line}\n" for line in update.shown)
        return result


def _issue_lines(opened: OpenIssue) -> str:
    lines = [("Title", opened.title), *opened.shown, ("Description", opened.description)]
    return "".join(f"* {label}: {value}\n" for label, value in lines)
