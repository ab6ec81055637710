"""Decides what is due for each initiative, and for the review. Pure: facts and settings in, a plan out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.automations.initiatives.commands import plan_requests
from bot.automations.initiatives.completeness import plan_completeness
from bot.automations.initiatives.facts import Initiative, InitiativeFacts
from bot.automations.initiatives.ownership import plan_ownership
from bot.automations.initiatives.progress import plan_progress
from bot.automations.initiatives.relevance import plan_relevance
from bot.automations.initiatives.review import plan_review
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Standing, stand
from bot.automations.initiatives.suggestion import plan_suggestion
from bot.automations.initiatives.watermark import Watermark, next_mark
from bot.domain.errors import GitLabUnreachable
from bot.domain.plan import Notice, NoticeKind, Plan


def plan_initiatives(facts: InitiativeFacts, setup: Setup, now: dt.datetime, before: Watermark | None = None) -> Plan:
    """What people have asked for comes first: what follows from it is seen by a second look.

    Args:
        before: with which the facts were gathered, where they are not all.
    """
    plan = Plan()
    standings = [(each, stand(each, facts, setup, now)) for each in facts.initiatives]
    for each, standing in standings:
        if each.unread is not None:
            plan += Plan((), (_unread(each),))
        elif each.discussions is not None:
            plan += _one(each, standing, facts, setup, now)
    plan += plan_review(standings, facts, setup, now)
    if not facts.is_sweep:
        return plan
    if facts.unread_epics is not None:
        sentence = f"GitLab did not list the epics of {setup.section.group}: {facts.unread_epics}"
        plan += Plan((), (Notice(NoticeKind.FAILED, setup.section.group, sentence, public=True),))
    # Not before the last look of a run.
    if not facts.has_epics and not facts.said_without and not plan.look_again:
        plan += Plan((), (_without_epics(setup),))
    before = None if facts.covers_everything else before
    return replace(plan, watermark=next_mark(before, standings, facts, setup, now).to_json())


def _one(each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> Plan:
    # Its own label in any case: with it an initiative stays one when the label of a group replaces another.
    asked = Plan(tuple(plan_completeness(each, facts.own_ids, setup)))
    asked += plan_requests(each, standing, facts, setup, now)
    if asked.look_again:
        return asked
    steps = [
        *plan_suggestion(each, standing, facts, setup),
        *plan_ownership(each, standing, facts, setup, now),
        *plan_relevance(each, standing, facts, setup, now),
        *plan_progress(each, standing, facts, setup, now),
    ]
    return asked + Plan(tuple(steps))


def _without_epics(setup: Setup) -> Notice:
    sentence = f"GitLab shows no epics of {setup.section.group} (they take Premium): it goes on with issues."
    return Notice(NoticeKind.LEFT_ALONE, setup.section.group, sentence, public=True, for_operators=False)


def _unread(each: Initiative) -> Notice:
    sentence = f"GitLab does not show what was said in {each.item.reference}: {each.unread}"
    kind = NoticeKind.FAILED if isinstance(each.unread, GitLabUnreachable) else NoticeKind.REFUSED
    return Notice(kind, each.item.reference, sentence)
