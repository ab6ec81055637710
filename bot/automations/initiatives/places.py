"""An initiative as a place where people talk to the bot."""

from __future__ import annotations

from bot.automations.initiatives.facts import Initiative, InitiativeFacts
from bot.comment_commands.answers import Place


def place_of(each: Initiative, facts: InitiativeFacts) -> Place:
    namespace = facts.projects.namespace(each.item.namespace_path)
    is_public = namespace is None or namespace.visibility == "public"
    return Place(each.item, each.discussions or (), each.members, is_public)
