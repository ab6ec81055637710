"""Decides what is due. Pure: facts, the look and the settings in, a plan out."""

from __future__ import annotations

from bot.automations.retrospectives.facts import RetrospectiveFacts
from bot.automations.retrospectives.follow_ups import plan_reminders
from bot.automations.retrospectives.opening import plan_openings
from bot.automations.retrospectives.publishing import plan_publishing
from bot.automations.retrospectives.refresh import plan_refreshes
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.section_issue import plan_section
from bot.automations.retrospectives.setup import Setup
from bot.domain.plan import Plan


def plan_retrospectives(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """All steps of the month; each looks only at its own."""
    plan = Plan()
    for step in (plan_openings, plan_refreshes, plan_section, plan_reminders, plan_publishing):
        plan += step(facts, look, setup)
    return plan
