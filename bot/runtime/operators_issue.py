"""The operators' issue: what was refused, held unsafe or has failed for good is told to people where they work.

One confidential issue in the operators' project, one note of the bot for each subject, edited in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.changes import CreateIssue, WriteNote
from bot.domain.markers import marker, read_marker
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue, Note
from bot.domain.user_text import harmless

ISSUE_MARKER = marker("operators_issue")
NOTE = "operators_problem"
SETTLED = "Settled: the last look found nothing that is in the way."


@dataclass(frozen=True)
class OperatorsFacts:
    project_path: str
    title: str
    issue: Issue | None
    notes: tuple[Note, ...]


def gather_operators_issue(reader: Any, settings: Any) -> OperatorsFacts:
    """Requests: 2 where there is no such issue yet, else 3 and one for each further 100 notes."""
    bot = settings.part("bot")
    project_id = reader.project_id(bot.operators_project)
    issue = reader.own_issue(project_id, ISSUE_MARKER) if project_id is not None else None
    notes = reader.own_notes(issue.ids, f"sectionbot:{NOTE} ") if issue else ()
    return OperatorsFacts(bot.operators_project, bot.operators_issue_title, issue, tuple(notes))


def plan_operators_issue(
    facts: OperatorsFacts,
    problems: Mapping[str, list[str]],
    *,
    settle_others: bool,
    unsettled: frozenset[str] = frozenset(),
) -> Plan:
    """Notes for `problems` (subject to sentences).

    Args:
        settle_others: whether everything was looked at, so that subjects without problems are settled.
        unsettled: subjects of which something failed and will be tried again: nothing is said of them.
    """
    steps: list[Step] = []
    iid, needs = (facts.issue.iid, ()) if facts.issue else (0, (f"issue {facts.project_path}#{ISSUE_MARKER}",))
    if facts.issue is None:
        if not problems:
            return Plan()
        text = (
            "The bot tells here what it could not or would not do: one note for each thing, edited in place. "
            "Who can read this issue reads references and names of people, never titles or texts of incidents."
        )
        change = CreateIssue(facts.project_path, facts.title, f"{text}\n\n{ISSUE_MARKER}", ISSUE_MARKER)
        steps.append(Step(change, "there is something to tell", facts.project_path))
    known = {_subject_of(note): note for note in facts.notes}
    bodies = {
        _short(subject): f"**`{subject}`**\n\n" + "\n".join(f"* {harmless(each)}" for each in sorted(set(sentences)))
        for subject, sentences in sorted(problems.items())
    }
    if settle_others:
        for short, note in known.items():
            if short not in bodies and short not in {_short(each) for each in unsettled} and SETTLED not in note.body:
                bodies[short] = f"{note.body.partition('<!--')[0].strip()}\n\n{SETTLED}"
    for short, text in bodies.items():
        mark = marker(NOTE, subject=short)
        body = f"{text}\n\n{mark}"
        note_ = known.get(short)
        if note_ is not None and note_.body.strip() == body:
            continue
        at = facts.issue.ids if facts.issue else None
        note_change = WriteNote(facts.project_path, iid, mark, body, at, note_.id if note_ else None)
        steps.append(Step(note_change, "operators are told", facts.project_path, needs=needs))
    return Plan(tuple(steps))


def _short(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()[:16]


def _subject_of(note: Note) -> str:
    return (read_marker(NOTE, note.body) or {}).get("subject", "")
