"""One issue shows the queue, always current."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.automations.council.facts import QUEUE_MARKER, QUEUE_NOTE_MARKER, CouncilFacts, clocks_marker
from bot.automations.council.setup import Setup, shown_time
from bot.automations.council.standing import Pair, State, queue_of
from bot.domain.changes import CreateIssue, WriteNote
from bot.domain.notes import write_note
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import Issue
from bot.settings.templates import Trusted

ISSUE_TEMPLATE = "council/queue.md"
ISSUE_VALUES = frozenset({"label", "bot_name", "days", "concurrent", "teams"})
NOTE_TEMPLATE = "council/queue_note.md"
NOTE_VALUES = frozenset({"rows", "others", "unnamed"})
TITLE = "Architectural council: queue"
ORDER = (State.RUNNING, State.PAUSED, State.TIME_IS_UP)


def plan_queue(pairs: list[Pair], facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Plan:
    """The issue, and its note."""
    path = setup.own.queue_project
    if path is None:
        return Plan()
    project = facts.projects.get(path)
    if project is None:
        sentence = f"The council's queue is not shown: the bot does not see {path}."
        return Plan((), (Notice(NoticeKind.REFUSED, path, sentence),))
    if facts.queue is None:
        if not pairs:
            return Plan()
        return _opening(path, pairs, facts, setup, now)
    if facts.queue.state != "opened":
        return Plan()
    there = min(facts.queue_notes, key=lambda note: note.id, default=None)
    text = _text(pairs, facts.queue, facts, setup)
    state = _clocks(pairs, facts.queue, facts)
    because = "the queue has moved"
    return Plan(tuple(write_note(facts.queue, QUEUE_NOTE_MARKER, text, there, because, state=state)))


def _opening(path: str, pairs: list[Pair], facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Plan:
    text = setup.templates.render(
        ISSUE_TEMPLATE,
        label=Trusted(setup.own.label),
        bot_name=Trusted(setup.comments.name),
        days=setup.own.business_days,
        concurrent=setup.own.concurrent,
        teams=[
            {"group": Trusted(group), "people": Trusted(", ".join(names))}
            for group, names in setup.teams_on(setup.day(now))
        ],
    )
    create = CreateIssue(
        project_path=path,
        title=TITLE,
        description=f"{text}\n\n{QUEUE_MARKER}",
        marker=QUEUE_MARKER,
        labels=(setup.section.label,),
        confidential=False,
    )
    project = facts.projects.get(path)
    assert project is not None
    like = pairs[0][0].issue
    at = Issue(0, 0, project.id, path, "", like.author, like.created_at, like.created_at, "")
    body = f"{_text(pairs, at, facts, setup)}\n\n{QUEUE_NOTE_MARKER}\n{_clocks(pairs, at, facts)}"
    note = WriteNote(path, 0, QUEUE_NOTE_MARKER, body, created_by=create.key)
    return Plan(
        (
            Step(create, "the council has questions", path),
            Step(note, "it shows them in their order", path, needs=(create.key,)),
        )
    )


def _clocks(pairs: list[Pair], at: Issue, facts: CouncilFacts) -> str:
    """Of the discussions that are open; of what may not be named there, not even the numbers."""
    return clocks_marker(
        {
            each.issue: standing.discussion[0]
            for each, standing in pairs
            if standing.discussion is not None and facts.projects.may_name(each.issue, at)
        }
    )


def _text(pairs: list[Pair], at: Issue, facts: CouncilFacts, setup: Setup) -> str:
    """Those that are discussed, then those that wait; the others are listed without a place."""
    open_ = [pair for state in ORDER for pair in pairs if pair[1].state is state]
    waiting = queue_of(pairs)
    shown = [*open_, *waiting]
    others = [pair for pair in pairs if pair not in shown]
    named = [pair for pair in shown if facts.projects.may_name(pair[0].issue, at)]
    return setup.templates.render(
        NOTE_TEMPLATE,
        rows=[_row(pair, waiting.index(pair) + 1 if pair in waiting else None, setup) for pair in named],
        others=[
            {"reference": Trusted(f"{each.issue.reference}+"), "state": Trusted(standing.state.value)}
            for each, standing in others
            if facts.projects.may_name(each.issue, at)
        ],
        unnamed=sum(1 for each, _ in pairs if not facts.projects.may_name(each.issue, at)),
    )


def _row(pair: Pair, position: int | None, setup: Setup) -> dict[str, Any]:
    each, standing = pair
    ends = standing.ends_at
    return {
        "place": position,
        "reference": Trusted(f"{each.issue.reference}+"),
        "state": Trusted(standing.state.value),
        "since": Trusted(shown_time(standing.queued_at, setup.calendar)),
        "ends": Trusted(shown_time(ends, setup.calendar)) if ends is not None else None,
        "dri": Trusted(standing.dri) if standing.dri else None,
    }
