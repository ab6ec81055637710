"""Decides what is due for each question, and for the queue. Pure: facts and settings in, a plan out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.automations.council.commands import is_asked_by_one_who_may, plan_refusal, plan_requests
from bot.automations.council.discussing import plan_discussion, plan_starts
from bot.automations.council.facts import CouncilFacts, Question
from bot.automations.council.intake import plan_intake
from bot.automations.council.queue import plan_queue
from bot.automations.council.setup import Setup
from bot.automations.council.standing import stand
from bot.domain.errors import GitLabUnreachable
from bot.domain.plan import Notice, NoticeKind, Plan


def plan_council(facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Plan:
    """What people have asked for comes first: what follows from it is seen by a second look."""
    plan = Plan()
    if not facts.is_complete:
        return plan
    pairs = [(each, stand(each, facts, setup, now)) for each in facts.questions]
    asked = []
    for each, standing in pairs:
        if each.unread is not None:
            plan += Plan((), (_unread(each),))
        elif each.discussions is not None:
            requested = plan_requests(each, standing, facts, setup, now)
            plan += requested
            asked += [each] if requested.look_again else []
    refused = [
        each for each, _ in pairs if each.discussions is not None and not is_asked_by_one_who_may(each, facts, setup)
    ]
    for each in refused:
        plan += plan_refusal(each, facts, setup, now)
    rest = [
        pair
        for pair in pairs
        if pair[0].discussions is not None and setup.is_asked(pair[0].issue) and pair[0] not in refused
    ]
    intakes: dict[str, tuple[str, ...]] = {}
    for each, standing in rest:
        if each not in asked:
            intake = plan_intake(each, standing, facts, setup)
            intakes[each.issue.reference] = tuple(step.change.key for step in intake)
            plan += Plan((*intake, *plan_discussion(each, standing, facts, setup, now)))
    if asked or any(isinstance(each.unread, GitLabUnreachable) for each, _ in pairs):
        return plan  # the order may be another: nothing is started before it is known
    starts, then = plan_starts(rest, facts, setup, now)
    # On an issue that has just been asked, what it is comes before the discussion.
    starts = [replace(step, after=intakes.get(step.subject, ())) for step in starts]
    return plan + Plan(tuple(starts)) + plan_queue(then, facts, setup, now)


def _unread(each: Question) -> Notice:
    sentence = f"GitLab does not show what was said in {each.issue.reference}: {each.unread}"
    kind = NoticeKind.FAILED if isinstance(each.unread, GitLabUnreachable) else NoticeKind.REFUSED
    return Notice(kind, each.issue.reference, sentence)
