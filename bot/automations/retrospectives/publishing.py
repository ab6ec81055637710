"""Step 5: on the announced day a group's retrospective is confidential no longer."""

from __future__ import annotations

from bot.automations.retrospectives.facts import (
    NOTE_MARKER,
    PUBLISHED_MARKER,
    UNPUBLISHED_MARKER,
    Retrospective,
    RetrospectiveFacts,
    announced_day,
    own_note,
)
from bot.automations.retrospectives.refresh import written_for
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import published, unpublished
from bot.domain.changes import PublishIssue, WriteNote, hash_of
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import Issue, IssueId


def is_to_be_published(each: Retrospective, look: Look, setup: Setup, own_ids: frozenset[int]) -> bool:
    """Whether the day has come that the issue announces since it was opened, and nobody holds it back."""
    issue = each.issue
    if issue is None or issue.moved or not issue.confidential or not setup.choice(each.group).publish:
        return False
    day = announced_day(issue, own_ids)
    return day is not None and day <= look.day and setup.own.hold_label not in issue.labels


def plan_publishing(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """The bot's note is written for its new readers, then the issue is published, then it says so."""
    plan = Plan()
    for each in facts.to_publish:
        if each.issue is not None:
            plan += _publication(each, each.issue, facts, look, setup)
    return plan


def _publication(each: Retrospective, issue: Issue, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    if own_note(each.notes(), PUBLISHED_MARKER, facts.own_ids) is not None:
        sentence = (
            f"{issue.reference} was published, and somebody has made it confidential again: it stays so. With the "
            f"label {setup.own.hold_label} the bot does not ask any more."
        )
        return Plan((), (Notice(NoticeKind.LEFT_ALONE, issue.reference, sentence, for_operators=False),))
    if facts.project(issue.project_path) is None:
        sentence = (
            f"{issue.reference} was to be published, but GitLab does not tell who can see its project, so that its "
            "note cannot be written for them. It stays confidential."
        )
        told = _tell_manager(each, issue, facts, setup)
        return Plan(told, (Notice(NoticeKind.REFUSED, issue.reference, sentence),))
    at = IssueId(issue.project_id, issue.iid)
    secrecy = facts.secrecy_at(issue.project_path, confidential=False)
    note = written_for(each, issue, secrecy, facts, look, setup)
    publish = PublishIssue(
        issue.project_path, issue.iid, at, NOTE_MARKER, hash_of(note.body.strip()), setup.own.hold_label
    )
    said = WriteNote(issue.project_path, issue.iid, PUBLISHED_MARKER, f"{published(setup)}\n\n{PUBLISHED_MARKER}", at)
    subject = issue.reference
    steps = (
        Step(note, "it is written for those who will read it", subject),
        Step(publish, "the announced day has come", subject, needs=(note.key,)),
        Step(said, "people see why they can read it", subject, needs=(publish.key,)),
        *_tell_manager(each, issue, facts, setup, unless=note.key),
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
    because = "the manager hears where its note could not be written" if unless else "the manager hears it"
    return (Step(change, because, issue.reference, unless=unless),)
