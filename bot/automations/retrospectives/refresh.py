"""Step 2: the bot's note in a group's issue shows what the milestone has brought; then the team is mentioned, once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.automations.retrospectives.commands import REFRESH, newest_request
from bot.automations.retrospectives.facts import (
    MENTION_MARKER,
    NOTE_MARKER,
    NoteState,
    Retrospective,
    RetrospectiveFacts,
    state_of,
)
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import mention, milestone_note
from bot.domain.changes import WriteNote
from bot.domain.confidentiality import Secrecy
from bot.domain.notes import own_note
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue


def is_refresh_time(each: Retrospective, look: Look, setup: Setup) -> bool:
    """Whether the note is to be filled: from its day on, until the section has closed its own retrospective."""
    last = max(each.milestone.last_day, setup.day_of("section_closing", each.milestone))
    return setup.day_of("refresh", each.milestone) <= look.day <= last


def state_now(each: Retrospective, look: Look, own_ids: frozenset[int]) -> NoteState:
    """What the bot's note says of itself, as far as it can be true: who may edit other people's notes can edit it."""
    state = state_of(own_note(each.notes(), NOTE_MARKER, own_ids))
    newest = max((note.id for note in each.notes()), default=0)
    if state.asked > newest:
        state = replace(state, asked=0)
    if state.refreshed_on is not None and state.refreshed_on > look.day:
        state = replace(state, refreshed_on=None, called=False)
    return state


def why_refresh(each: Retrospective, facts: RetrospectiveFacts, look: Look, setup: Setup) -> str:
    """Empty where the note stays as it is."""
    issue = each.issue
    if issue is None or each.discussions is None:
        return ""
    state = state_now(each, look, facts.own_ids)
    if _newest_request(each, facts, setup) > state.asked:
        return "a member asks for it"
    if state.refreshed_on is not None and state.confidential and not issue.confidential:
        return "more people can read it than it was written for"
    if _is_day(each, state, look, setup):
        return f"the group looks back from {setup.day_of('refresh', each.milestone).isoformat()} on"
    return ""


def _newest_request(each: Retrospective, facts: RetrospectiveFacts, setup: Setup) -> int:
    return newest_request(each, setup.bot_name, setup.least_access(REFRESH), facts.own_ids)


def _is_day(each: Retrospective, state: NoteState, look: Look, setup: Setup) -> bool:
    return is_refresh_time(each, look, setup) and not state.called


def plan_refreshes(facts: RetrospectiveFacts, look: Look, setup: Setup, written: frozenset[str] = frozenset()) -> Plan:
    """Notes that are to be filled or brought up to date; on its day the team is mentioned before, once.

    Args:
        written: keys of the notes that other steps of the plan write.
    """
    steps: list[Step] = []
    for each in facts.retrospectives:
        issue = each.issue
        why = why_refresh(each, facts, look, setup)
        if issue is None or not why:
            continue
        is_day = _is_day(each, state_now(each, look, facts.own_ids), look, setup)
        calls = [_mention(each, issue, facts, setup)] if is_day and _is_unmentioned(each, issue, facts) else []
        secrecy = facts.projects.secrecy_at(issue.project_path, confidential=issue.confidential)
        note = written_for(each, issue, secrecy, facts, look, setup, called=is_day)
        if note.key in written:
            continue
        steps += calls
        # That the team was mentioned stands in the note, so that nobody is mentioned again whatever people delete.
        steps.append(Step(note, why, issue.reference, needs=tuple(step.change.key for step in calls)))
    return Plan(tuple(steps))


def _is_unmentioned(each: Retrospective, issue: Issue, facts: RetrospectiveFacts) -> bool:
    """A group that has closed its issue has looked back already."""
    return issue.state == "opened" and own_note(each.notes(), MENTION_MARKER, facts.own_ids) is None


def _mention(each: Retrospective, issue: Issue, facts: RetrospectiveFacts, setup: Setup) -> Step:
    at = issue.ids
    there = own_note(each.notes(), NOTE_MARKER, facts.own_ids)
    text = mention(each, facts, setup, there.id if there is not None else None)
    change = WriteNote(issue.project_path, issue.iid, MENTION_MARKER, f"{text}\n\n{MENTION_MARKER}", at)
    return Step(change, "the milestone ends", issue.reference)


def written_for(
    each: Retrospective,
    issue: Issue,
    secrecy: Secrecy,
    facts: RetrospectiveFacts,
    look: Look,
    setup: Setup,
    *,
    called: bool,
    tried: dt.datetime | None = None,
) -> WriteNote:
    """The bot's note for the readers that this secrecy lets in.

    Args:
        called: whether this is what its day asks for; tried: now, where the issue is published next.
    """
    there = own_note(each.notes(), NOTE_MARKER, facts.own_ids)
    before = state_now(each, look, facts.own_ids)
    state = replace(
        before,
        refreshed_on=look.day,
        asked=max(_newest_request(each, facts, setup), before.asked),
        confidential=secrecy.confidential,
        called=before.called or called,
        tried=before.tried or tried,
    )
    text = milestone_note(each, secrecy, facts, look.day, setup)
    body = f"{text}\n\n{NOTE_MARKER}\n{state.marker()}"
    at = issue.ids
    note_id = there.id if there is not None else None
    return WriteNote(issue.project_path, issue.iid, NOTE_MARKER, body, at, note_id=note_id)
