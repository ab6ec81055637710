"""Step 5: on the announced day a group's retrospective is confidential no longer."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.facts import (
    NOTE_MARKER,
    PUBLISHED_MARKER,
    UNPUBLISHED_MARKER,
    Retrospective,
    RetrospectiveFacts,
)
from bot.automations.retrospectives.refresh import state_now, written_for
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import published, unpublished
from bot.domain.changes import PublishIssue, WriteNote
from bot.domain.notes import own_note
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import Issue
from bot.domain.text_hash import hash_of

# What GitLab writes of it (app/services/system_notes/issuables_service.rb, GitLab 19).
MADE_VISIBLE = "visible to everyone"
# How long a missed day is caught up.
CAUGHT_UP_FOR = dt.timedelta(days=90)
# How long another run may be at it before the manager is told that it came to no good.
AT_IT_FOR = dt.timedelta(minutes=10)
# How long after its day a run says why an issue was not published.
TOLD_FOR = dt.timedelta(days=7)


def may_be_published(each: Retrospective, look: Look, setup: Setup) -> bool:
    """Whether its day has come, and the settings want it; whether it has announced it stands in its note."""
    issue = each.issue
    if issue is None or not issue.confidential or not setup.choice(each.group).publish:
        return False
    day = setup.day_of("publishing", each.milestone)
    return day <= look.day <= day + CAUGHT_UP_FOR


def is_publishing(each: Retrospective, look: Look, facts: RetrospectiveFacts, setup: Setup) -> bool:
    """Whether the issue is to be published now: it has announced it, the day has come, nobody holds it back, and the
    bot has not begun it before.
    """
    state = state_now(each, look, facts.own_ids)
    is_due = state.publish_on is not None and state.publish_on <= look.day
    is_held = each.issue is None or setup.own.hold_label in each.issue.labels
    return is_due and not is_held and not _was_begun(each, look, facts)


def _was_begun(each: Retrospective, look: Look, facts: RetrospectiveFacts) -> bool:
    is_said = own_note(each.notes(), PUBLISHED_MARKER, facts.own_ids) is not None
    return is_said or state_now(each, look, facts.own_ids).tried is not None


def _is_begun_just_now(each: Retrospective, look: Look, facts: RetrospectiveFacts) -> bool:
    """Whether another run may be in the middle of it."""
    tried = state_now(each, look, facts.own_ids).tried
    return tried is not None and abs(look.now - tried) < AT_IT_FOR


def _was_done(each: Retrospective, facts: RetrospectiveFacts) -> bool:
    """Whether GitLab says that the bot has published it: nobody can delete that."""
    said = (note for discussion in each.discussions or () for note in discussion.notes if note.is_system)
    return any(note.author.id in facts.own_ids and MADE_VISIBLE in note.body for note in said)


def plan_publishing(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """The bot's note is written for its new readers, then it says what happens, then the issue is published."""
    plan = Plan()
    for each in facts.to_publish:
        issue = each.issue
        if issue is None or each.discussions is None:
            continue
        if is_publishing(each, look, facts, setup):
            plan += _publication(each, issue, facts, look, setup)
        elif _was_begun(each, look, facts) and not _was_done(each, facts):
            if _is_begun_just_now(each, look, facts):
                continue
            # It did not come through: a person decides, and hears it also where the first telling failed.
            plan += Plan(_tell_manager(each, issue, facts, setup))
        elif _was_begun(each, look, facts):
            why = "it was published before, and somebody has made it confidential again"
            plan += _left_alone(each, issue, why, look, setup)
        elif setup.own.hold_label in issue.labels:
            plan += _left_alone(each, issue, f"somebody holds it back with {setup.own.hold_label}", look, setup)
        elif state_now(each, look, facts.own_ids).publish_on is None:
            why = "it has not announced it since it was opened, or the note in which that stands is gone"
            plan += _left_alone(each, issue, why, look, setup)
    return plan


def _left_alone(each: Retrospective, issue: Issue, why: str, look: Look, setup: Setup) -> Plan:
    """Said for a week, not for ever."""
    if look.day > setup.day_of("publishing", each.milestone) + TOLD_FOR:
        return Plan()
    sentence = f"{issue.reference} is not published: {why}."
    return Plan((), (Notice(NoticeKind.LEFT_ALONE, issue.reference, sentence, for_operators=False),))


def _publication(each: Retrospective, issue: Issue, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    if facts.projects.get(issue.project_path) is None:
        sentence = (
            f"{issue.reference} was to be published, but GitLab does not tell who can see its project, so that its "
            "note cannot be written for them. It stays confidential."
        )
        told = _tell_manager(each, issue, facts, setup)
        return Plan(told, (Notice(NoticeKind.REFUSED, issue.reference, sentence),))
    at = issue.ids
    secrecy = facts.projects.secrecy_at(issue.project_path, confidential=False)
    note = written_for(each, issue, secrecy, facts, look, setup, called=True, tried=look.now)
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
    at = issue.ids
    body = f"{unpublished(each.group, setup)}\n\n{UNPUBLISHED_MARKER}"
    change = WriteNote(issue.project_path, issue.iid, UNPUBLISHED_MARKER, body, at)
    return (Step(change, "the manager hears that it was not published", issue.reference, unless=unless),)
