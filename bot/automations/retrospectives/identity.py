"""Which group's and which milestone's retrospective an issue is, and which of several counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.automations.retrospectives.facts import MARKER, SECTION_MARKER, is_living
from bot.automations.retrospectives.setup import Setup
from bot.domain.markers import read_marker
from bot.domain.places import is_same_path
from bot.domain.resources import Issue
from bot.domain.text_hash import hash_of
from bot.settings.section import SectionGroup

# In place of a group's name.
OF_SECTION = ""


@dataclass(frozen=True)
class Identity:
    """Args: owner: the group's name, or OF_SECTION; title: of the milestone; is_marked: whether the bot opened it."""

    owner: str
    title: str
    is_marked: bool


def identify(issue: Issue, setup: Setup, own_ids: frozenset[int]) -> Identity | None:
    """None for what is no retrospective.

    The bot's own are known by their marker, whatever people do to label and milestone; all others by label and
    milestone. Where groups share a project, the marker or the group's label tells them apart.
    """
    of_section = is_same_path(setup.section.retrospective_project, issue.project_path)
    name = SECTION_MARKER if of_section else MARKER
    fields = read_marker(name, issue.description) if issue.author.id in own_ids else None
    title = fields.get("milestone") if fields is not None else issue.milestone
    if title is None or (fields is None and setup.own.label not in issue.labels):
        return None
    if of_section:
        return Identity(OF_SECTION, title, fields is not None)
    sharing = [each for each in setup.section.groups if is_same_path(each.retrospective_project, issue.project_path)]
    if len(sharing) == 1:
        # One that was moved here from another group stays that group's.
        others = [group for group in setup.section.groups if group is not sharing[0]]
        is_others = fields is not None and any(fields.get("group") in hashes_of(group) for group in others)
        return None if is_others else Identity(sharing[0].name, title, fields is not None)
    for group in sharing:
        if fields.get("group") in hashes_of(group) if fields is not None else group.label in issue.labels:
            return Identity(group.name, title, fields is not None)
    return None


def hashes_of(group: SectionGroup) -> frozenset[str]:
    """What a marker may say of the group: its label, or what the label was before it became an alias."""
    return frozenset(hash_of(name) for name in (group.label, *group.aliases))


def by_identity(
    issues: Iterable[Issue], setup: Setup, own_ids: frozenset[int]
) -> dict[tuple[str, str], tuple[Issue, ...]]:
    """(owner, title of the milestone) to issues, the one that counts first.

    That is one that is still there, if there is one; then the bot's own; then an open one; then the oldest.
    """
    found: dict[tuple[str, str], list[tuple[tuple[bool, bool, bool, int], Issue]]] = {}
    for issue in {each.id: each for each in issues}.values():
        identity = identify(issue, setup, own_ids)
        if identity is not None:
            order = (not is_living(issue), not identity.is_marked, issue.state != "opened", issue.iid)
            found.setdefault((identity.owner, identity.title), []).append((order, issue))
    return {key: tuple(issue for _, issue in sorted(pairs, key=lambda pair: pair[0])) for key, pairs in found.items()}


def of_owner(follow_ups: Iterable[Issue], group: SectionGroup, setup: Setup) -> tuple[Issue, ...]:
    """Follow-ups of a group, oldest first: in a shared project those with its label; the first has the others, too."""
    path = group.retrospective_project
    sharing = [each for each in setup.section.groups if is_same_path(each.retrospective_project, path or "")]

    def is_its_own(issue: Issue) -> bool:
        owners = [each for each in sharing if each.label in issue.labels] or sharing[:1]
        return group in owners

    mine = (issue for issue in follow_ups if is_same_path(path, issue.project_path) and is_its_own(issue))
    return tuple(sorted(mine, key=lambda issue: (issue.created_at, issue.id)))
