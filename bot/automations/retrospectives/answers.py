"""What the bot answers in the comments of retrospectives."""

from __future__ import annotations

from bot.automations.retrospectives.facts import RetrospectiveFacts
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.comment_commands.answers import Place, plan_answers
from bot.domain.plan import Plan


def plan_command_answers(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """Help, questions and refusals in the retrospectives of groups."""
    steps = []
    for each in facts.retrospectives:
        if each.issue is not None and each.discussions is not None:
            project = facts.projects.get(each.issue.project_path)
            is_public = project is None or project.visibility == "public"
            place = Place(each.issue, each.discussions, each.members, is_public)
            steps += plan_answers(place, setup.vocabulary, setup.bot_name, facts.own_ids, look.now)
    return Plan(tuple(steps))
