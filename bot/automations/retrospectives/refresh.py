"""Step 2: the bot's note in a group's issue shows what the milestone has brought; then the team is mentioned, once."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.commands import newest_request
from bot.automations.retrospectives.facts import (
    MENTION_MARKER,
    NOTE_MARKER,
    NoteState,
    Retrospective,
    RetrospectiveFacts,
    own_note,
    state_of,
)
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import mention, milestone_note
from bot.domain.changes import WriteNote
from bot.domain.confidentiality import Secrecy
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue, IssueId

# A mention that is missing later was deleted by a person.
COMPLETED_FOR = dt.timedelta(days=2)


def is_refresh_time(each: Retrospective, look: Look, setup: Setup) -> bool:
    """Whether the note is to be filled: from its day on, until the section has closed its own retrospective."""
    last = max(each.milestone.last_day, setup.day_of("section_closing", each.milestone))
    return setup.day_of("refresh", each.milestone) <= look.day <= last


def why_refresh(each: Retrospective, facts: RetrospectiveFacts, look: Look, setup: Setup) -> str:
    """Empty where the note stays as it is."""
    issue = each.issue
    if issue is None or each.discussions is None or issue.moved:
        return ""
    state = state_of(own_note(each.notes(), NOTE_MARKER, facts.own_ids))
    if newest_request(each, setup.bot_name, facts.own_ids) > state.asked:
        return "a member asks for it"
    if state.refreshed_on is not None and state.confidential and not issue.confidential:
        return "more people can read it than it was written for"
    day = setup.day_of("refresh", each.milestone)
    is_done = state.refreshed_on is not None and state.refreshed_on >= day
    if issue.state == "opened" and is_refresh_time(each, look, setup) and not is_done:
        return f"the group looks back from {day.isoformat()} on"
    return ""


def plan_refreshes(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """Notes that are to be filled or brought up to date, and the one mention of the team."""
    steps: list[Step] = []
    # Those that are published today get their note with it.
    publishing = {each.issue.id for each in facts.to_publish if each.issue is not None}
    for each in facts.retrospectives:
        issue = each.issue
        if issue is None or each.discussions is None or issue.id in publishing:
            continue
        why = why_refresh(each, facts, look, setup)
        refreshing = [_refresh(each, issue, why, facts, look, setup)] if why else []
        steps += refreshing
        if _is_mention_due(each, issue, bool(why), facts, look, setup):
            at = IssueId(issue.project_id, issue.iid)
            there = own_note(each.notes(), NOTE_MARKER, facts.own_ids)
            text = mention(each, facts, setup, there.id if there is not None else None)
            change = WriteNote(issue.project_path, issue.iid, MENTION_MARKER, f"{text}\n\n{MENTION_MARKER}", at)
            needs = tuple(step.change.key for step in refreshing)
            steps.append(Step(change, "the milestone ends", issue.reference, needs=needs))
    return Plan(tuple(steps))


def _is_mention_due(
    each: Retrospective, issue: Issue, is_refreshing: bool, facts: RetrospectiveFacts, look: Look, setup: Setup
) -> bool:
    """With the refresh of the stated day; later only where that run was cut short."""
    if issue.state != "opened" or not is_refresh_time(each, look, setup):
        return False
    if own_note(each.notes(), MENTION_MARKER, facts.own_ids) is not None:
        return False
    refreshed_on = state_of(own_note(each.notes(), NOTE_MARKER, facts.own_ids)).refreshed_on
    day = setup.day_of("refresh", each.milestone)
    is_first = is_refreshing and (refreshed_on is None or refreshed_on < day)
    return is_first or (refreshed_on is not None and look.day - refreshed_on < COMPLETED_FOR and refreshed_on >= day)


def _refresh(each: Retrospective, issue: Issue, why: str, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Step:
    secrecy = facts.secrecy_at(issue.project_path, confidential=issue.confidential)
    return Step(written_for(each, issue, secrecy, facts, look, setup), why, issue.reference)


def written_for(
    each: Retrospective, issue: Issue, secrecy: Secrecy, facts: RetrospectiveFacts, look: Look, setup: Setup
) -> WriteNote:
    """The bot's note for the readers that this secrecy lets in."""
    there = own_note(each.notes(), NOTE_MARKER, facts.own_ids)
    asked = max(newest_request(each, setup.bot_name, facts.own_ids), state_of(there).asked)
    state = NoteState(look.day, asked, secrecy.confidential)
    text = milestone_note(each, secrecy, facts, look.day, setup)
    body = f"{text}\n\n{NOTE_MARKER}\n{state.marker()}"
    at = IssueId(issue.project_id, issue.iid)
    return WriteNote(
        issue.project_path, issue.iid, NOTE_MARKER, body, at, note_id=there.id if there is not None else None
    )
