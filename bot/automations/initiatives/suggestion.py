"""Step 2: which group is impacted most: points for plain evidence, by weights of the settings. A person decides."""

from __future__ import annotations

from bot.automations.initiatives.facts import SUGGESTION_MARKER, Initiative, InitiativeFacts
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Stage, Standing
from bot.domain.notes import write_note
from bot.domain.plan import Step
from bot.domain.resources import Issue
from bot.impact.suggestion import Clues, Suggestion, suggest_group
from bot.settings.templates import Trusted

TEMPLATE = "initiatives/suggestion.md"
TEMPLATE_VALUES = frozenset({"rows", "suggested", "why_not", "bot_name", "has_council"})


def suggest(each: Initiative, facts: InitiativeFacts, setup: Setup) -> Suggestion:
    """The group for which most speaks, where that is enough and clear."""
    # The API of epics names no assignees.
    assignees = each.item.assignees if isinstance(each.item, Issue) else ()
    people = (each.item.author, *assignees, *(note.author for note in each.notes()))
    clues = Clues(
        text=f"{each.item.title}\n{each.item.description}",
        labels=each.item.labels,
        # What readers may not see is no evidence: the table would tell that it is there.
        linked_issues=tuple(
            link.issue.labels
            for link in each.links
            if link.issue.author.id not in facts.own_ids and facts.projects.may_name(link.issue, each.item)
        ),
        merge_requests=tuple(
            one.labels for one in each.merge_requests if facts.projects.may_show_work(one.project_path, each.item)
        ),
        participants=frozenset(user.username for user in people if user.id not in facts.own_ids),
    )
    return suggest_group(clues, setup.section, setup.own.weights, facts.people)


def plan_suggestion(each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup) -> list[Step]:
    """One note while nobody owns it, edited as the evidence changes."""
    if standing.stage is not Stage.UNOWNED or each.discussions is None:
        return []
    found = suggest(each, facts, setup)
    weights = setup.own.weights
    text = setup.templates.render(
        TEMPLATE,
        rows=[
            {
                "group": Trusted(one.group.name),
                "labels": one.labels,
                "feature_categories": one.feature_categories,
                "linked_issues": one.linked_issues,
                "merge_requests": one.merge_requests,
                "participants": one.participants,
                "points": one.points(weights),
            }
            for one in found.evidence
        ],
        suggested=Trusted(found.group.name) if found.group is not None else None,
        why_not=Trusted(found.why_not),
        bot_name=Trusted(setup.comments.name),
        has_council=bool(setup.council_label),
    )
    because = f"{found.group.name} is suggested" if found.group is not None else found.why_not
    there = each.own_note(SUGGESTION_MARKER, facts.own_ids)
    return write_note(each.item, SUGGESTION_MARKER, text, there, because)
