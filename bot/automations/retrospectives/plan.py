"""Decides what is due. Pure: facts, the look and the settings in, a plan out."""

from __future__ import annotations

from collections.abc import Iterator

from bot.automations.retrospectives.answers import plan_command_answers
from bot.automations.retrospectives.facts import Retrospective, RetrospectiveFacts, SectionRetrospective
from bot.automations.retrospectives.follow_ups import plan_reminders
from bot.automations.retrospectives.opening import plan_openings
from bot.automations.retrospectives.publishing import plan_publishing
from bot.automations.retrospectives.refresh import plan_refreshes
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.section_issue import plan_section
from bot.automations.retrospectives.setup import Setup
from bot.domain.errors import GitLabUnreachable
from bot.domain.plan import Notice, NoticeKind, Plan


def plan_retrospectives(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """All steps of the month; each looks only at its own."""
    publishing = plan_publishing(facts, look, setup)
    openings = plan_openings(facts, look, setup)
    written = frozenset(step.change.key for step in (publishing + openings).steps)
    plan = openings + plan_refreshes(facts, look, setup, written)
    for step in (plan_section, plan_reminders, plan_command_answers):
        plan += step(facts, look, setup)
    return plan + publishing + Plan((), tuple(_unread(facts)))


def _unread(facts: RetrospectiveFacts) -> Iterator[Notice]:
    given: list[Retrospective | SectionRetrospective] = [*facts.retrospectives, *facts.to_publish, *facts.sections]
    for each in given:
        if each.unread is not None and each.issue is not None:
            sentence = f"GitLab does not show what was said in {each.issue.reference}: {each.unread}"
            is_silence = isinstance(each.unread, GitLabUnreachable)
            kind = NoticeKind.FAILED if is_silence else NoticeKind.REFUSED
            yield Notice(kind, each.issue.reference, sentence)
