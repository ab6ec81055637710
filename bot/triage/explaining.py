"""Why a rule holds for a resource, or does not: what each condition wanted, what it saw, and what would be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import GitLabError, GitLabRefused, WrongInput
from bot.triage.acting import Acting
from bot.triage.conditions import Seen
from bot.triage.engine import Engine
from bot.triage.facts import Item
from bot.triage.reading import Reading, UnknownName, segment
from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.rules import Policy, Rule, Summary
from bot.triage.runs import Failure, Options, Source
from bot.triage.work_items import WORK_ITEM_QUERY

Json = dict[str, Any]
KINDS = {"#": ("issues", "work_items"), "!": ("merge_requests",), "&": ("epics",), ":": ("branches",)}
SIGNS = {"issues": "#", "work_items": "#", "merge_requests": "!", "epics": "&"}
_REFERENCE = re.compile(r"(?P<path>[\w.-]+(?:/[\w.-]+)*)(?:(?P<sign>[#!&])(?P<number>\d+)|:(?P<branch>\S+))\Z")
_ADDRESS = re.compile(
    r"(?P<base>https?://.+?)/(?P<groups>groups/)?(?P<path>[\w./-]+?)"
    r"/-/(?P<place>issues|work_items|merge_requests|epics)/(?P<number>\d+)\Z"
)


@dataclass(frozen=True)
class ResourceReference:
    """A resource as people name it.

    Args:
        kinds: the types of rules that can be about it.
        number: its iid; of a branch, the name.
    """

    source: Source
    kinds: tuple[str, ...]
    number: str


def reference_of(text: str, base_url: str) -> ResourceReference:
    """The resource of `group/project#12`, or of its address in GitLab. Raises WrongInput."""
    address = _ADDRESS.match(re.split("[?#]", text)[0]) if "://" in text else None
    if address:
        if address["base"] != base_url.rstrip("/"):
            raise WrongInput(f"{text} is not in the GitLab that is asked, {base_url}. Set GITLAB_URL.")
        place, is_group = address["place"], bool(address["groups"])
        kinds = ("work_items",) if is_group and place == "work_items" else KINDS[SIGNS[place]]
        return ResourceReference(
            Source("groups" if is_group else "projects", address["path"]), kinds, address["number"]
        )
    match = _REFERENCE.match(text)
    if not match:
        raise WrongInput(
            f"{text!r} names no resource. Write group/project#12, group/project!3, group&4, group/project:branch, "
            "or its address."
        )
    kinds = KINDS[match["sign"] or ":"]
    source = Source("groups" if kinds == ("epics",) else "projects", match["path"])
    return ResourceReference(source, kinds, match["number"] or match["branch"])


def read_resource(reading: Reading, reference: ResourceReference, kind: str) -> Json:
    """The resource as GitLab has it. Raises WrongInput where it is not there, GitLabError where GitLab refuses."""
    path, number = reference.source.path, reference.number
    row: Any = None
    try:
        if kind == "work_items":
            asked = [*WORK_ITEM_QUERY, ("iids", number)]
            for page in reading.pages(f"{path}/-/work_items", asked, per_page=100, follows_links=True):
                row = row or next((each for each in page if str(each.get("iid")) == number), None)
        else:
            place = "repository/branches" if kind == "branches" else kind
            row = reading.get(f"{path}/{place}/{segment(number)}", [])
    except GitLabRefused as refused:
        if refused.status not in (403, 404):
            raise
    if not isinstance(row, dict):
        raise WrongInput(f"GitLab has no {kind} {number} in {reference.source.id}, or the token may not see it.")
    if kind == "branches":
        project = reading.get(path, [])
        row = dict(row) | {"project_id": project.get("id") if isinstance(project, dict) else None}
    return dict(row)


def explain_policy(policy: Policy, reference: ResourceReference, options: Options, reading: Reading) -> Iterator[str]:
    """The explanation, line by line: every rule of the resource's type, in the order of the file."""
    engine = Engine(reading, options)
    of_type = {kind: [rule for rule in policy.rules() if rule.kind == kind] for kind in reference.kinds}
    kinds = [kind for kind, rules in of_type.items() if rules] or [reference.kinds[0]]
    done: list[str] = []
    for index, kind in enumerate(kinds):
        item = engine.item_of(kind, read_resource(reading, reference, kind))
        if index:
            yield ""
        yield f"{item.name}: {item.row.get('title') or ''}".rstrip(": ")
        if not of_type[kind]:
            yield f"{policy.file} has no rules for {kind}."
            return
        for rules in policy.types:
            if rules.kind == kind:
                for summary in rules.summaries:
                    yield from _explain_summary(engine, summary, item, done)
                for rule in rules.rules:
                    if rule.conditions or rule.actions:
                        yield ""
                        yield from _explain_rule(engine, rule, item, done)
    yield ""
    yield "What would be done:" if done else "Nothing would be done."
    yield from (f"  {line}" for line in done)


def _name(rule: Rule) -> str:
    return rule.shown_name or ".".join(map(str, rule.where))


def _answer(answer: Seen | Failure, indent: str) -> Iterator[str]:
    if isinstance(answer, Failure):
        yield f"{indent}! {answer.rule} cannot be answered: {answer.sentence}"
        return
    yield f"{indent}{'+' if answer.holds else '-'} {answer.sentence}"
    for number, parts in enumerate(answer.groups, start=1):
        yield f"{indent}    group {number}:"
        for part in parts:
            yield from _answer(part, f"{indent}      ")


def _explain_summary(engine: Engine, summary: Summary, item: Item, done: list[str]) -> Iterator[str]:
    """One of its rules puts the resource into it."""
    for rule in summary.rules:
        if rule.type != "custom" and (rule.conditions or rule.actions):
            yield ""
            yield from _explain_rule(engine, rule, item, done, summary)


def _explain_rule(
    engine: Engine, rule: Rule, item: Item, done: list[str], summary: Summary | None = None
) -> Iterator[str]:
    of = f" of the summary {_name(summary.own)}" if summary is not None else ""
    yield f"rule {_name(rule)}{of}"
    for expansion in rule.expansions:
        if len(rule.expansions) > 1:
            yield f"  with the labels {', '.join(expansion or ())}:"
        answers = engine.explained(rule, expansion, item)
        for answer in answers:
            yield from _answer(answer, "  ")
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
        if summary is not None:
            done.append(f"a line in the issue of the summary {_name(summary.own)}")
            continue
        yield from _actions(engine, rule, item, done)
        return


def _actions(engine: Engine, rule: Rule, item: Item, done: list[str]) -> Iterator[str]:
    acting = Acting(engine, rule)
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
