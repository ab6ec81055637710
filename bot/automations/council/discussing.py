"""The discussion of a question: opened with both times, half time, the end; one note shows who has answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.automations.council.facts import CouncilFacts, DiscussionState, Question
from bot.automations.council.setup import Setup, shown_time
from bot.automations.council.standing import Pair, Standing, State, queue_of, running
from bot.comment_commands.grammar import without_commands
from bot.domain.business_time import Clock
from bot.domain.notes import write_note
from bot.domain.people import mentions
from bot.domain.plan import Step
from bot.settings.templates import Trusted

NOTE_TEMPLATE = "council/discussion.md"
NOTE_VALUES = frozenset({"people", "started", "ends", "is_paused", "stopped", "teams", "dri", "days", "bot_name"})
CALL_TEMPLATE = "council/call.md"
CALL_VALUES = frozenset({"people", "ends", "is_end", "dri", "bot_name", "decision"})
THUMBS = frozenset({"thumbsup", "thumbsdown"})


def plan_starts(
    pairs: list[Pair], facts: CouncilFacts, setup: Setup, now: dt.datetime
) -> tuple[list[Step], list[Pair]]:
    """Discussions that are opened now: as many as may run at a time, first in first; and where all stand then."""
    free = setup.own.concurrent - len(running(pairs))
    steps: list[Step] = []
    started: dict[int, Standing] = {}
    for each, standing in queue_of(pairs)[: max(0, free)]:
        state = DiscussionState(standing.number + 1, Clock(now.replace(microsecond=0)))
        ends_at = state.clock.ends_at(setup.calendar, setup.own.length)
        started[each.issue.id] = replace(standing, state=State.RUNNING, discussion=(state, None), ends_at=ends_at)
        text = discussion_text(each, standing, state, facts, setup)
        steps += write_note(
            each.issue, state.note_marker, text, None, "it is the first in the queue", state=state.marker()
        )
    return steps, [(each, started.get(each.issue.id, standing)) for each, standing in pairs]


def plan_discussion(
    each: Question, standing: Standing, facts: CouncilFacts, setup: Setup, now: dt.datetime
) -> list[Step]:
    """The table of who has answered, the reminder at half time, and the call to decide at the end."""
    if standing.left_open is not None:
        left, its_note = standing.left_open
        left = replace(left, stopped_at=standing.queued_at)
        text = discussion_text(each, standing, left, facts, setup)
        return write_note(each.issue, left.note_marker, text, its_note, "it was asked anew", state=left.marker())
    if standing.discussion is None:
        return []
    state, note = standing.discussion
    steps: list[Step] = []
    is_running = standing.state is State.RUNNING
    half = state.clock.elapsed(setup.calendar, now) * 2 >= setup.own.length
    silent = [name for name, has_answered in _people(each, state, facts, setup).items() if not has_answered]
    if is_running and half and not state.reminded:
        if silent:
            text = _call(silent, standing, facts, setup, is_end=False)
            steps += write_note(each.issue, state.call_marker("half"), text, None, "half of its time is over")
        state = replace(state, reminded=True)
    if standing.state is State.TIME_IS_UP and not state.ended:
        names = [standing.dri or setup.section.dri]
        text = _call(names, standing, facts, setup, is_end=True)
        steps += write_note(each.issue, state.call_marker("end"), text, None, "its time is over")
        state = replace(state, reminded=True, ended=True)
    text = discussion_text(each, standing, state, facts, setup)
    needs = tuple(step.change.key for step in steps)
    because = "somebody has answered, or time has gone by"
    return steps + write_note(each.issue, state.note_marker, text, note, because, state=state.marker(), needs=needs)


def _call(names: list[str], standing: Standing, facts: CouncilFacts, setup: Setup, *, is_end: bool) -> str:
    return setup.templates.render(
        CALL_TEMPLATE,
        people=Trusted(mentions(names, facts.people)),
        ends=Trusted(shown_time(standing.ends_at, setup.calendar)) if standing.ends_at is not None else None,
        is_end=is_end,
        dri=Trusted(standing.dri),
        bot_name=Trusted(setup.comments.name),
        decision=Trusted(setup.own.sections.decision),
    )


def _people(each: Question, state: DiscussionState, facts: CouncilFacts, setup: Setup) -> dict[str, bool]:
    """Representatives on the day on which it was opened, each with whether they have said something since, not to the
    bot alone, or given its note a thumb.
    """
    started = state.clock.started_at
    name = setup.comments.name
    said = (note for note in each.notes() if note.created_at >= started and without_commands(note.body, name))
    spoke = {note.author.id for note in said} | each.thumbs
    people = (username for _, team in setup.teams_on(setup.day(started)) for username in team)
    users = facts.people.users
    return {username: username in users and users[username].id in spoke for username in people}


def _shown(names: tuple[str, ...], has_answered: dict[str, bool]) -> list[dict[str, object]]:
    return [{"name": Trusted(name), "answered": has_answered[name]} for name in names]


def discussion_text(
    each: Question, standing: Standing, state: DiscussionState, facts: CouncilFacts, setup: Setup
) -> str:
    """The bot's note on the discussion."""
    calendar = setup.calendar
    has_answered = _people(each, state, facts, setup)
    ends = state.clock.ends_at(calendar, setup.own.length)
    stopped = state.stopped_at
    return setup.templates.render(
        NOTE_TEMPLATE,
        people=Trusted(mentions(list(has_answered), facts.people)),
        started=Trusted(shown_time(state.clock.started_at, calendar)),
        ends=Trusted(shown_time(ends, calendar)) if ends is not None else None,
        is_paused=state.clock.is_paused,
        stopped=Trusted(shown_time(stopped, calendar)) if stopped is not None else None,
        teams=[
            {"group": Trusted(group), "people": _shown(names, has_answered)}
            for group, names in setup.teams_on(setup.day(state.clock.started_at))
        ],
        dri=Trusted(standing.dri),
        days=setup.own.business_days,
        bot_name=Trusted(setup.comments.name),
    )
