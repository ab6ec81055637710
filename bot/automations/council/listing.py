"""What is before the council, for whoever asks on the command line."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.automations.council.facts import CouncilFacts, Question
from bot.automations.council.intake import suggest
from bot.automations.council.setup import Setup, shown_time
from bot.automations.council.standing import STATES, Pair, Standing, State, queue_of, stand
from bot.domain.confidentiality import Reach


@dataclass(frozen=True)
class Line:
    """One question.

    Args:
        place: in the queue, from 1; None for what does not wait. ends: of its clock, as people read it.
        is_public: whether everybody may read about it.
    """

    place: int | None
    reference: str
    title: str
    url: str
    state: State
    queued_at: dt.datetime
    ends: str
    dri: str
    is_public: bool


def lines(facts: CouncilFacts, setup: Setup, now: dt.datetime) -> list[Line]:
    """Those that are discussed, then the queue, then those without a place."""
    pairs = [(each, stand(each, facts, setup, now)) for each in facts.questions if setup.is_asked(each.issue)]
    waiting = queue_of(pairs)
    open_ = [pair for pair in pairs if pair[1].discussion is not None]
    others = [pair for pair in pairs if pair not in waiting and pair not in open_]
    return [_line(pair, waiting, facts, setup) for pair in [*open_, *waiting, *others]]


def _line(pair: Pair, waiting: list[Pair], facts: CouncilFacts, setup: Setup) -> Line:
    each, standing = pair
    secrecy = facts.projects.secrecy(each.issue)
    return Line(
        place=waiting.index(pair) + 1 if pair in waiting else None,
        reference=each.issue.reference,
        title=each.issue.title,
        url=each.issue.web_url,
        state=standing.state,
        queued_at=standing.queued_at,
        ends=shown_time(standing.ends_at, setup.calendar) if standing.ends_at is not None else "",
        dri=standing.dri,
        is_public=secrecy.reach is Reach.EVERYBODY and not secrecy.confidential,
    )


def explain(each: Question, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> list[str]:
    """Where it stands and why, and what would move it on; a sentence a line."""
    standing = stand(each, facts, setup, now)
    name, own = setup.comments.name, setup.own
    said = [f"State: {standing.state.value}, since {STATES[standing.state]}."]
    said += [
        f"Section {lack.heading!r} {'says nothing of its own, or too little' if lack.is_there else 'is missing'}."
        for lack in standing.lack
    ]
    said.append(f"Scope: {standing.scope.scope.value}.")
    said += [f"Against it speaks: {row}." for row in standing.scope.rows]
    if standing.is_accepted:
        said.append("A representative has accepted it.")
    said.append(f"In the queue since {shown_time(standing.queued_at, setup.calendar)}.")
    said += _clock(standing, setup, now)
    if standing.dri:
        said.append(f"The DRI is {standing.dri}.")
    else:
        found = suggest(each, facts, setup)
        lead = (
            f"suggested is {found.group.people.technical_lead} of {found.group.name}"
            if found.group is not None
            else f"nobody is suggested, since {found.why_not}"
        )
        said.append(f"It has no DRI; {lead}. `{name} dri NAME` names one.")
    if standing.lacks_decision:
        said.append(f"Nothing is decided yet: {own.sections.decision!r} says nothing.")
    else:
        said.append(f"The decision is written; `{name} decide` ends it.")
    return said


def _clock(standing: Standing, setup: Setup, now: dt.datetime) -> list[str]:
    if standing.discussion is None:
        return []
    clock = standing.discussion[0].clock
    elapsed = clock.elapsed(setup.calendar, now)
    hours, whole = elapsed.total_seconds() / 3600, setup.own.length.total_seconds() / 3600
    until = (
        f"it ends on {shown_time(standing.ends_at, setup.calendar)}" if standing.ends_at is not None else "it is paused"
    )
    started = shown_time(clock.started_at, setup.calendar)
    return [f"Its clock started on {started}; {hours:.1f} of {whole:.1f} working hours are over; {until}."]
