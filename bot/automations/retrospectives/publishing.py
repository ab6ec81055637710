"""Step 5: on the announced day a group's retrospective is confidential no longer."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.facts import (
    NOTE_MARKER,
    PUBLISHED_MARKER,
    UNPUBLISHED_MARKER,
    Retrospective,
    RetrospectiveFacts,
    own_note,
)
from bot.automations.retrospectives.refresh import is_publishing, state_now, written_for
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import published, unpublished
from bot.domain.changes import PublishIssue, WriteNote, hash_of
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import Issue, IssueId

# How long a missed day is caught up.
CAUGHT_UP_FOR = dt.timedelta(days=90)
# How long after its day a run says why an issue was not published.
TOLD_FOR = dt.timedelta(days=7)


def may_be_published(each: Retrospective, look: Look, setup: Setup) -> bool:
    """Whether its day has come, and the settings want it; whether it has announced it stands in its note."""
    issue = each.issue
    if issue is None or not issue.confidential or not setup.choice(each.group).publish:
        return False
    day = setup.day_of("publishing", each.milestone)
    return day <= look.day <= day + CAUGHT_UP_FOR


def plan_publishing(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """The bot's note is written for its new readers, then it says what happens, then the issue is published."""
    plan = Plan()
    for each in facts.to_publish:
        issue = each.issue
        if issue is None or each.discussions is None:
            continue
        if setup.own.hold_label in issue.labels:
            plan += _left_alone(each, issue, f"somebody holds it back with {setup.own.hold_label}", look, setup)
        elif own_note(each.notes(), PUBLISHED_MARKER, facts.own_ids) is not None:
            why = "it was published before, and somebody has made it confidential again"
            plan += _left_alone(each, issue, why, look, setup)
        elif state_now(each, look, facts.own_ids).publish_on is None:
            why = "it has not announced it since it was opened, or the note in which that stands is gone"
            plan += _left_alone(each, issue, why, look, setup)
        elif is_publishing(each, look, facts):
            plan += _publication(each, issue, facts, look, setup)
    return plan


def _left_alone(each: Retrospective, issue: Issue, why: str, look: Look, setup: Setup) -> Plan:
    """Said for a week, not for ever."""
    if look.day > setup.day_of("publishing", each.milestone) + TOLD_FOR:
        return Plan()
    sentence = f"{issue.reference} is not published: {why}."
    return Plan((), (Notice(NoticeKind.LEFT_ALONE, issue.reference, sentence, for_operators=False),))


def _publication(each: Retrospective, issue: Issue, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    if facts.project(issue.project_path) is None:
        sentence = (
            f"{issue.reference} was to be published, but GitLab does not tell who can see its project, so that its "
            "note cannot be written for them. It stays confidential."
        )
        told = _tell_manager(each, issue, facts, setup)
        return Plan(told, (Notice(NoticeKind.REFUSED, issue.reference, sentence),))
    at = IssueId(issue.project_id, issue.iid)
    secrecy = facts.secrecy_at(issue.project_path, confidential=False)
    note = written_for(each, issue, secrecy, facts, look, setup, called=True)
    said = WriteNote(issue.project_path, issue.iid, PUBLISHED_MARKER, f"{published(setup)}\n\n{PUBLISHED_MARKER}", at)
    publish = PublishIssue(
        issue.project_path, issue.iid, at, NOTE_MARKER, hash_of(note.body.strip()), setup.own.hold_label
    )
    subject = issue.reference
    steps = (
        Step(note, "it is written for those who will read it", subject),
        # Said before it is done: with this note the issue is never published a second time, whatever people do.
        Step(said, "people see why they can read it", subject, needs=(note.key,)),
        Step(publish, "the announced day has come", subject, needs=(said.key,)),
        *_tell_manager(each, issue, facts, setup, unless=publish.key),
    )
    return Plan(steps)


def _tell_manager(
    each: Retrospective, issue: Issue, facts: RetrospectiveFacts, setup: Setup, *, unless: str = ""
) -> tuple[Step, ...]:
    """Once, on the issue."""
    if own_note(each.notes(), UNPUBLISHED_MARKER, facts.own_ids) is not None:
        return ()
    at = IssueId(issue.project_id, issue.iid)
    body = f"{unpublished(each.group, setup)}\n\n{UNPUBLISHED_MARKER}"
    change = WriteNote(issue.project_path, issue.iid, UNPUBLISHED_MARKER, body, at)
    return (Step(change, "the manager hears that it was not published", issue.reference, unless=unless),)
