"""Plans as text, JSON or Markdown. Where output is not a terminal, what is not public prints without names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from bot.domain.changes import AddMembers, RecordAccess, WriteNote
from bot.domain.errors import GitLabRefused, GitLabUnreachable, SectionbotError, WrongInput
from bot.domain.plan import Notice, NoticeKind, Step, content_hash, short_reference
from bot.runtime.run import Part, Run

# What a marker is for says nothing of whom it concerns.
_WHAT_FOR = re.compile(r"<!-- sectionbot:([a-z_]+)")
SIGNS = {"done": "+", "already so": "=", "refused": "!", "failed": "?"}


def render_run(run: Run, form: str, *, names: bool) -> str:
    """The whole run.

    Args:
        form: `text`, `json` or `markdown`.
        names: whether whoever reads this may read what is not public.
    """
    if form == "json":
        return json.dumps([_part_json(part, names=names) for part in run.parts], indent=2, ensure_ascii=False)
    lines = [line for part in run.parts for line in _part_lines(part, form, names=names)]
    return "\n".join(lines)


def _counts(part: Part) -> str:
    if part.error is not None:
        return "could not look"
    counts = part.plan.counts()
    stopped = {NoticeKind.REFUSED, NoticeKind.WRONG, NoticeKind.UNSAFE} & {each.kind for each in part.plan.notices}
    nothing = "nothing is planned" if stopped else "nothing to do"
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or nothing


def _part_lines(part: Part, form: str, *, names: bool) -> Iterable[str]:
    heading = f"{part.automation}: {_counts(part)}"
    yield f"### {heading}\n" if form == "markdown" else heading
    bullet = "* " if form == "markdown" else "  "
    if part.error is not None:
        yield f"{bullet}! {part.error if names else _unnamed(part.error)}"
    for step in part.plan.steps:
        outcome = part.outcomes.get(step.change.key)
        sign = SIGNS[outcome.status.value] if outcome else "-"
        sign = f"`{sign}`" if form == "markdown" else sign
        code = f", {outcome.http_status}" if outcome and outcome.http_status else ""
        tail = f" [{outcome.status.value}{code}]" if outcome else ""
        only = "only if that fails: " if step.unless and outcome is None else ""
        yield f"{bullet}{sign} {only}{_summary(step, names=names)}{tail}"
        if names or step.public:
            yield f"{bullet}    because {step.because}"
            if outcome and outcome.sentence:
                yield f"{bullet}    {outcome.sentence}"
    if part.plan.look_again and not part.outcomes:
        yield f"{bullet}* then, in the same run: {part.plan.look_again}"
    for notice in part.plan.notices:
        yield f"{bullet}{'' if form == 'markdown' else '* '}{_notice(notice, names=names)}"
    if form == "markdown":
        yield ""


def _unnamed(error: SectionbotError) -> str:
    """What can be said of an error where names must not be."""
    if isinstance(error, WrongInput):
        return str(error)  # what a person typed may be told to them
    if isinstance(error, GitLabRefused):
        return f"GitLabRefused ({error.status}): {error.words if error.status == 401 else 'see the log'}"
    if isinstance(error, GitLabUnreachable):
        return f"GitLabUnreachable: {error.cause}"
    return type(error).__name__


def _summary(step: Step, *, names: bool) -> str:
    change = step.change
    if names or step.public:
        return f"{change.kind}: {change.summary}"
    count = ""
    if isinstance(change, AddMembers):
        count = f" of {len(change.grants)}"
    elif isinstance(change, RecordAccess):
        count = f" of {len(change.entries)}"
    rule = f": rule {step.rule}" if step.rule else ""
    what = _WHAT_FOR.match(change.marker) if isinstance(change, WriteNote) else None
    named = f" {what[1].replace('_', ' ')}" if what else ""
    return f"{change.kind}{count}{named} ({short_reference(step.subject)}){rule}"


def _notice(notice: Notice, *, names: bool) -> str:
    if names or notice.public:
        return f"{notice.kind.value}: {notice.subject}: {notice.sentence}"
    return f"{notice.kind.value} ({short_reference(notice.subject)})"


def _part_json(part: Part, *, names: bool) -> dict[str, Any]:
    steps = []
    for step in part.plan.steps:
        outcome = part.outcomes.get(step.change.key)
        shown = names or step.public
        row: dict[str, Any] = {
            "kind": step.change.kind,
            "reference": short_reference(step.subject),
            "hash": content_hash(step.change),
            "outcome": outcome.status.value if outcome else None,
        }
        row |= {"rule": step.rule} if step.rule else {}
        row |= {"http_status": outcome.http_status} if outcome and outcome.http_status else {}
        if shown:
            row |= {"summary": step.change.summary, "because": step.because, "subject": step.subject}
            row |= {"sentence": outcome.sentence} if outcome and outcome.sentence else {}
        steps.append(row)
    notices = [
        {"kind": notice.kind.value, "reference": short_reference(notice.subject)}
        | ({"subject": notice.subject, "sentence": notice.sentence} if names or notice.public else {})
        for notice in part.plan.notices
    ]
    return {
        "automation": part.automation,
        "counts": part.plan.counts(),
        "error": type(part.error).__name__ if part.error else None,
        "steps": steps,
        "notices": notices,
    }
