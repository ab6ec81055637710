"""Step 2: which group is impacted most: points for plain evidence, by weights of the settings. A person decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.automations.initiatives.facts import SUGGESTION_MARKER, Initiative, InitiativeFacts
from bot.automations.initiatives.notes import write_note
from bot.automations.initiatives.settings import Weights
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Stage, Standing
from bot.domain.plan import Step
from bot.settings.section import SectionGroup
from bot.settings.templates import Trusted

TEMPLATE = "initiatives/suggestion.md"
TEMPLATE_VALUES = frozenset({"rows", "suggested", "why_not", "bot_name", "has_council", "weights"})


@dataclass(frozen=True)
class Evidence:
    """What speaks for one group: how many of each kind, before the weights."""

    group: SectionGroup
    labels: int = 0
    feature_categories: int = 0
    linked_issues: int = 0
    merge_requests: int = 0
    participants: int = 0

    def points(self, weights: Weights) -> int:
        most = weights.most_of_a_kind
        counted = (
            (self.labels, weights.label),
            (self.feature_categories, weights.feature_category),
            (self.linked_issues, weights.linked_issue),
            (self.merge_requests, weights.merge_request),
            (self.participants, weights.participant),
        )
        return sum(min(count, most) * weight for count, weight in counted)


@dataclass(frozen=True)
class Suggestion:
    """Args: evidence: of groups for which anything speaks, most points first. why_not: empty where one is suggested."""

    evidence: tuple[Evidence, ...]
    group: SectionGroup | None
    why_not: str = ""


def suggest(each: Initiative, facts: InitiativeFacts, setup: Setup) -> Suggestion:
    """The group for which most speaks, where that is enough and clear."""
    weights = setup.own.weights
    found = [_evidence(group, each, facts, setup) for group in setup.section.groups]
    ranked = sorted((one for one in found if one.points(weights)), key=lambda one: -one.points(weights))
    if not ranked:
        return Suggestion((), None, "nothing in it points to a group")
    first = ranked[0]
    points = [one.points(weights) for one in ranked]
    if points[0] < weights.enough:
        return Suggestion(tuple(ranked), None, f"the evidence is thin: {points[0]} of {weights.enough} points")
    if len(points) > 1 and points[0] - points[1] < weights.ahead:
        names = f"{first.group.name} and {ranked[1].group.name}"
        return Suggestion(tuple(ranked), None, f"{names} are as good as tied: {points[0]} and {points[1]} points")
    return Suggestion(tuple(ranked), first.group)


def _evidence(group: SectionGroup, each: Initiative, facts: InitiativeFacts, setup: Setup) -> Evidence:
    labels = setup.labels_of(group)

    def with_label(found: Iterable[Iterable[str]]) -> int:
        return sum(1 for names in found if labels & {name.lower() for name in names})

    people = _people(group, facts)
    taking_part = {each.issue.author, *each.issue.assignees, *(note.author for note in each.notes())}
    own = facts.own_ids
    return Evidence(
        group=group,
        labels=with_label([each.issue.labels]),
        feature_categories=_named_categories(group, f"{each.issue.title}\n{each.issue.description}"),
        linked_issues=with_label(link.issue.labels for link in each.links if link.issue.author.id not in own),
        merge_requests=with_label(one.labels for one in each.merge_requests),
        participants=len({user.username.lower() for user in taking_part if user.id not in own} & people),
    )


def _people(group: SectionGroup, facts: InitiativeFacts) -> set[str]:
    """Usernames of a group's people, in small letters."""
    named = {*group.members.usernames, *group.people.usernames()}
    if group.members.group is not None:
        named |= {user.username for user in facts.people.members_of.get(group.members.group, ())}
    return {name.lower() for name in named}


def _named_categories(group: SectionGroup, text: str) -> int:
    """How many of its feature categories stand in the text, with blanks or underscores."""
    words = " ".join(re.sub(r"[_\s]+", " ", text.lower()).split())
    return sum(
        1
        for category in group.feature_categories
        if re.search(rf"(?<!\w){re.escape(category.lower().replace('_', ' '))}(?!\w)", words)
    )


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
        weights=weights,
    )
    because = f"{found.group.name} is suggested" if found.group is not None else found.why_not
    there = each.own_note(SUGGESTION_MARKER, facts.own_ids)
    return write_note(each.issue, SUGGESTION_MARKER, text, there, because)
