"""An initiative as a place where people talk to the bot."""

from __future__ import annotations

from bot.automations.initiatives.facts import Initiative, InitiativeFacts
from bot.comment_commands.answers import Place


def place_of(each: Initiative, facts: InitiativeFacts) -> Place:
    project = facts.projects.get(each.issue.project_path)
    is_public = project is None or project.visibility == "public"
    return Place(each.issue, each.discussions or (), each.members, is_public)
