"""Why a rule holds for a resource, or does not: what each condition wanted, what it saw, and what would be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.domain.errors import GitLabError, GitLabRefused, WrongInput
from bot.triage.acting import Acting
from bot.triage.engine import Engine
from bot.triage.facts import Item
from bot.triage.reading import Reading, UnknownName, segment
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.rules import Policy, Rule
from bot.triage.runs import Failure, Options, Source

Json = dict[str, Any]
KINDS = {"#": "issues", "!": "merge_requests", "&": "epics"}
_REFERENCE = re.compile(r"(?P<path>[\w.-]+(?:/[\w.-]+)*)(?P<sign>[#!&])(?P<number>\d+)\Z")


def source_of(reference: str) -> tuple[Source, str, str]:
    """Where a resource lives, its kind and number. Raises WrongInput."""
    match = _REFERENCE.match(reference)
    if not match:
        raise WrongInput(f"{reference!r} names no resource. Write group/project#12, group/project!3 or group&4.")
    kind = KINDS[match["sign"]]
    return Source("groups" if kind == "epics" else "projects", match["path"]), kind, match["number"]


def read_resource(reading: Reading, source: Source, kind: str, number: str) -> Json:
    """The resource as GitLab has it. Raises WrongInput where it is not there, GitLabError where GitLab refuses."""
    try:
        row = reading.get(f"{source.path}/{kind}/{segment(number)}", [])
    except GitLabRefused as refused:
        if refused.status in (403, 404):
            raise WrongInput(f"GitLab has no {kind} {number} in {source.id}, or the token may not see it.") from None
        raise
    return dict(row)


def explain_policy(policy: Policy, kind: str, number: str, options: Options, reading: Reading) -> Iterator[str]:
    """The explanation, line by line: every rule of the resource's type, in the order of the file."""
    engine = Engine(reading, options)
    item = engine._item(kind, read_resource(reading, options.source, kind, number))
    yield f"{item.name}: {item.row.get('title') or ''}".rstrip(": ")
    mine = [rule for rule in policy.rules() if rule.kind == kind and rule.type != "custom"]
    if not mine:
        yield f"{policy.file} has no rules for {kind}."
        return
    done: list[str] = []
    for rule in mine:
        if not rule.conditions and not rule.actions:
            continue
        yield ""
        yield from _explain_rule(engine, rule, item, done)
    yield ""
    yield "What would be done:" if done else "Nothing would be done."
    yield from (f"  {line}" for line in done)


def _explain_rule(engine: Engine, rule: Rule, item: Item, done: list[str]) -> Iterator[str]:
    in_summary = "summaries" in rule.where
    yield f"{'rule of a summary' if in_summary else 'rule'} {rule.shown_name or '.'.join(map(str, rule.where))}"
    for expansion in rule.expansions:
        if len(rule.expansions) > 1:
            yield f"  with the labels {', '.join(expansion or ())}:"
        answers = engine.explained(rule, expansion, item)
        for answer in answers:
            if isinstance(answer, Failure):
                yield f"  ! {answer.rule} cannot be answered: {answer.sentence}"
            else:
                yield f"  {'+' if answer.holds else '-'} {answer.sentence}"
        if not answers:
            yield "  + it has no conditions, so it holds for everything."
        if any(isinstance(answer, Failure) or not answer.holds for answer in answers):
            yield "  so the rule does not hold."
            continue
        if rule.limits:
            shown = ", ".join(f"{key} {value}" for key, value in rule.limits.items())
            yield f"  so the rule holds, if the limit ({shown}) lets it: that depends on the others."
        else:
            yield "  so the rule holds."
        if in_summary:
            done.append("a line in the summary's issue")
            continue
        yield from _actions(engine, rule, item, done)
        return


def _actions(engine: Engine, rule: Rule, item: Item, done: list[str]) -> Iterator[str]:
    acting = Acting(engine, rule, [item])
    before = len(engine.result.failures)
    try:
        acting.act([item])
    except (UnknownName, RubyError, Refused, GitLabError) as error:
        yield f"  ! its actions cannot be done: {getattr(error, 'sentence', None) or error}"
        return
    for failure in engine.result.failures[before:]:
        yield f"  ! {failure.sentence}"
    done += [f"{step.change.kind}: {step.change.summary}" for step in acting.steps]
    if not acting.steps:
        yield "  but it changes nothing."
