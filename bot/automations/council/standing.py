"""Where a question stands before the council: derived from what is in GitLab, each time anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bot.automations.council.facts import CouncilFacts, DiscussionState, Question
from bot.automations.council.scope import Scope, ScopeAnswer, scope_of
from bot.automations.council.setup import Setup
from bot.domain.resources import Note
from bot.markdown.sections import Lack, lacking

# The bot's clock and GitLab's: what was asked this much later was asked anew.
CLOCKS_DIFFER_BY = dt.timedelta(minutes=5)


class State(Enum):
    INCOMPLETE = "incomplete"
    OUT_OF_SCOPE = "out of scope"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    TIME_IS_UP = "time is up"


STATES = {
    State.INCOMPLETE: "a part of the description is missing, or no row of the scope is ticked",
    State.OUT_OF_SCOPE: "the ticked rows say that it is not for the council, and no representative has accepted it",
    State.WAITING: "it is complete and has its place in the queue",
    State.RUNNING: "the discussion is open, and its clock runs",
    State.PAUSED: "the discussion is open, and its clock stands still",
    State.TIME_IS_UP: "the clock has run out, and the DRI has not decided yet",
}


@dataclass(frozen=True)
class Standing:
    """Where a question stands.

    Args:
        lack: parts that are missing now; lacks_decision: whether the decision is not written yet.
        queued_at: what its place in the queue goes by: when the label was set, or when it was deferred.
        discussion: the one that is open, with the bot's note, None where a person has deleted that; ends_at: of its
            clock, None while it is paused.
        number: of the latest discussion; left_open: one that ended when the label was set anew.
        dri: username, empty where nobody is.
    """

    state: State
    lack: tuple[Lack, ...]
    lacks_decision: bool
    scope: ScopeAnswer
    is_accepted: bool
    queued_at: dt.datetime
    discussion: tuple[DiscussionState, Note | None] | None
    number: int
    left_open: tuple[DiscussionState, Note] | None
    ends_at: dt.datetime | None
    dri: str


def stand(each: Question, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Standing:
    own = setup.own
    parts = (own.sections.question, own.sections.options)
    template = setup.templates.texts[own.template]
    lack = lacking(each.issue.description, parts, template)
    lacks_decision = bool(lacking(each.issue.description, (own.sections.decision,), template))
    scope = scope_of(each.issue.description, own)
    is_accepted = bool(each.answers("accept", facts.own_ids))
    latest = each.discussion(facts.own_ids)
    asked_at = each.asked_at(own.label)
    open_ = latest if latest is not None and latest[0].stopped_at is None else None
    kept = facts.kept_clock(each)
    found: tuple[DiscussionState, Note | None] | None = open_
    if kept is not None and (latest is None or kept.number > latest[0].number):
        found = (kept, None)
    # Taken off and set again, the label asks anew: others may have had their turn in between.
    is_asked_anew = found is not None and asked_at > found[0].clock.started_at + CLOCKS_DIFFER_BY
    current = None if is_asked_anew else found
    deferred = [note.created_at for note in each.answers("defer", facts.own_ids)]
    queued_at = max([asked_at, *deferred])
    ends_at = current[0].clock.ends_at(setup.calendar, own.length) if current is not None else None
    return Standing(
        state=_state(lack, scope, current, ends_at, now, is_accepted=is_accepted),
        lack=lack,
        lacks_decision=lacks_decision,
        scope=scope,
        is_accepted=is_accepted,
        queued_at=queued_at,
        discussion=current,
        number=max(latest[0].number if latest is not None else 0, kept.number if kept is not None else 0),
        left_open=open_ if is_asked_anew and found is open_ else None,
        ends_at=ends_at,
        dri=each.issue.assignees[0].username if each.issue.assignees else "",
    )


def _state(
    lack: tuple[Lack, ...],
    scope: ScopeAnswer,
    current: tuple[DiscussionState, Note | None] | None,
    ends_at: dt.datetime | None,
    now: dt.datetime,
    *,
    is_accepted: bool,
) -> State:
    """An open discussion goes on, whatever becomes of the description."""
    if current is not None:
        if ends_at is None:
            return State.PAUSED
        return State.TIME_IS_UP if now >= ends_at else State.RUNNING
    if scope.scope is Scope.OUT and not is_accepted:
        return State.OUT_OF_SCOPE
    if lack or (scope.scope is Scope.UNKNOWN and not is_accepted):
        return State.INCOMPLETE
    return State.WAITING


Pair = tuple[Question, Standing]


def queue_of(pairs: Iterable[Pair]) -> list[Pair]:
    """Those that wait, first in first."""
    waiting = (pair for pair in pairs if pair[1].state is State.WAITING)
    return sorted(waiting, key=lambda pair: (pair[1].queued_at, pair[0].issue.id))


def running(pairs: Iterable[Pair]) -> list[Pair]:
    """Those whose clock has been started and has not run out: a paused one keeps its place."""
    return [pair for pair in pairs if pair[1].state in (State.RUNNING, State.PAUSED)]
