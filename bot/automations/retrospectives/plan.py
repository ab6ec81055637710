"""Decides what is due. Pure: facts, the look and the settings in, a plan out."""

from __future__ import annotations

from collections.abc import Iterator

from bot.automations.retrospectives.answers import plan_command_answers
from bot.automations.retrospectives.facts import RetrospectiveFacts
from bot.automations.retrospectives.follow_ups import plan_reminders
from bot.automations.retrospectives.opening import plan_openings
from bot.automations.retrospectives.publishing import plan_publishing
from bot.automations.retrospectives.refresh import plan_refreshes
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.section_issue import plan_section
from bot.automations.retrospectives.setup import Setup
from bot.domain.plan import Notice, NoticeKind, Plan


def plan_retrospectives(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """All steps of the month; each looks only at its own."""
    plan = Plan()
    for step in (plan_openings, plan_refreshes, plan_section, plan_reminders, plan_publishing, plan_command_answers):
        plan += step(facts, look, setup)
    return plan + Plan((), tuple(_unread(facts)))


def _unread(facts: RetrospectiveFacts) -> Iterator[Notice]:
    for each in (*facts.retrospectives, *facts.to_publish):
        if each.unread and each.issue is not None:
            sentence = f"GitLab does not show what was said in {each.issue.reference}: {each.unread}"
            yield Notice(NoticeKind.REFUSED, each.issue.reference, sentence)
