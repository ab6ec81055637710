"""What shipped, slipped and was merged in a milestone, by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Protocol

from bot.automations.retrospectives.facts import GroupWork
from bot.automations.retrospectives.setup import Setup
from bot.domain.ports import SideBySide
from bot.domain.resources import Issue, MergeRequest
from bot.settings.section import SectionSettings


class WorkReader(Protocol):
    side_by_side: SideBySide

    def issues(
        self, place: str, *, is_group: bool, state: str, label: str | None = None, milestone: str | None = None
    ) -> tuple[Issue, ...]: ...
    def merged_merge_requests(self, group: str, milestone: str) -> tuple[MergeRequest, ...]: ...


def gather_work(titles: Iterable[str], reader: WorkReader, setup: Setup) -> dict[str, dict[str, GroupWork]]:
    """Title of a milestone to name of a group to its work.

    Requests: for each milestone the pages of three lists of the section's GitLab group.
    """
    wanted = list(dict.fromkeys(titles))
    group, own = setup.section.group, setup.own
    lists = partial(reader.issues, group, is_group=True, state="all")
    found = reader.side_by_side(
        [
            call
            for title in wanted
            for call in (
                partial(lists, label=own.shipped_label, milestone=title),
                partial(lists, label=own.slipped_label_of(title)),
                partial(reader.merged_merge_requests, group, title),
            )
        ]
    )
    work = {}
    for at, title in enumerate(wanted):
        deliverables, slipped, merged = found[3 * at : 3 * at + 3]
        work[title] = by_group(deliverables, slipped, merged, setup.section)
    return work


def by_group(
    deliverables: tuple[Issue, ...],
    slipped: tuple[Issue, ...],
    merged: tuple[MergeRequest, ...],
    section: SectionSettings,
) -> dict[str, GroupWork]:
    """Everything by the group whose label it has; what has none is nobody's. What slipped did not ship."""
    gone = {issue.id for issue in slipped}
    in_time = [issue for issue in deliverables if issue.id not in gone and not issue.moved]
    shipped = [issue for issue in in_time if issue.state == "closed" and not issue.is_duplicate]
    still_open = [issue for issue in in_time if issue.state == "opened"]
    moved_on = [issue for issue in slipped if not issue.moved]
    by_shipped, by_slipped, by_open = (_owners(issues, section) for issues in (shipped, moved_on, still_open))
    merges: dict[str, int] = {}
    for request in merged:
        name = _owner(request.labels, section)
        merges[name] = merges.get(name, 0) + 1
    return {
        group.name: GroupWork(
            tuple(by_shipped.get(group.name, ())),
            tuple(by_slipped.get(group.name, ())),
            tuple(by_open.get(group.name, ())),
            merges.get(group.name, 0),
        )
        for group in section.groups
    }


def _owners(issues: Iterable[Issue], section: SectionSettings) -> Mapping[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for issue in sorted(issues, key=lambda each: (each.project_path, each.iid)):
        found.setdefault(_owner(issue.labels, section), []).append(issue)
    return found


def _owner(labels: Iterable[str], section: SectionSettings) -> str:
    """Name of the group; empty where no label is one's."""
    groups = (section.group_named(label) for label in labels)
    return next((group.name for group in groups if group is not None), "")
