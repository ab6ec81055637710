"""Which group is impacted most: points for plain evidence, by weights of the settings. A person decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.people import PeopleAnswer
from bot.settings.section import SectionGroup, SectionSettings
from bot.settings.weights import Weights


@dataclass(frozen=True)
class Clues:
    """What can point to a group.

    Args:
        labels: of the issue; linked_issues, merge_requests: the labels of each.
        participants: usernames of who takes part.
    """

    text: str
    labels: tuple[str, ...] = ()
    linked_issues: tuple[tuple[str, ...], ...] = ()
    merge_requests: tuple[tuple[str, ...], ...] = ()
    participants: frozenset[str] = frozenset()


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


def suggest_group(clues: Clues, section: SectionSettings, weights: Weights, people: PeopleAnswer) -> Suggestion:
    """The group for which most speaks, where that is enough and clear."""
    found = [_evidence(group, clues, people) for group in section.groups]
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


def _evidence(group: SectionGroup, clues: Clues, people: PeopleAnswer) -> Evidence:
    labels = group.scoped_labels

    def with_label(found: Iterable[Iterable[str]]) -> int:
        return sum(1 for names in found if labels & {name.lower() for name in names})

    return Evidence(
        group=group,
        labels=with_label([clues.labels]),
        feature_categories=_named_categories(group, clues.text),
        linked_issues=with_label(clues.linked_issues),
        merge_requests=with_label(clues.merge_requests),
        participants=len({name.lower() for name in clues.participants} & _people(group, people)),
    )


def _people(group: SectionGroup, people: PeopleAnswer) -> set[str]:
    """Usernames of a group's people, in small letters."""
    named = {*group.members.usernames, *group.people.usernames()}
    if group.members.group is not None:
        named |= {user.username for user in people.members_of.get(group.members.group, ())}
    return {name.lower() for name in named}


def _named_categories(group: SectionGroup, text: str) -> int:
    """How many of its feature categories stand in the text, with blanks or underscores."""
    words = " ".join(re.sub(r"[_\s]+", " ", text.lower()).split())
    return sum(
        1
        for category in group.feature_categories
        if re.search(rf"(?<!\w){re.escape(category.lower().replace('_', ' '))}(?!\w)", words)
    )
