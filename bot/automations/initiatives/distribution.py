"""Step 5: the plan becomes issues, one for each feature category, in the projects of the groups that own them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from bot.automations.initiatives.facts import (
    CHANGED_MARKER,
    IMPLEMENTATION,
    IMPLEMENTATION_ROW,
    Implementation,
    Initiative,
    InitiativeFacts,
    category_key,
)
from bot.automations.initiatives.implementation_plan import ImplementationPlan, Row
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Standing
from bot.domain.changes import AddToEpic, CreateIssue, LinkIssues
from bot.domain.confidentiality import Audience, Reach, allowed_to_read, audience_of, audience_of_new
from bot.domain.markers import marker
from bot.domain.notes import write_note
from bot.domain.places import is_same_path
from bot.domain.plan import Step
from bot.domain.resources import Epic, Issue, Project, WorkItem
from bot.domain.text_hash import hash_of
from bot.domain.user_text import harmless_title
from bot.settings.templates import Trusted

PREVIEW_TEMPLATE = "initiatives/distribution.md"
PREVIEW_VALUES = frozenset(
    {
        "rows",
        "problems",
        "left_out",
        "removed",
        "uncovered",
        "not_affected",
        "unread",
        "bot_name",
        "has_changed",
        "nothing",
    }
)
ISSUE_TEMPLATE = "initiatives/implementation.md"
ISSUE_VALUES = frozenset({"initiative", "category", "what", "group", "plan", "plan_heading", "depends_on"})
CHANGED_TEMPLATE = "initiatives/changed_row.md"
CHANGED_VALUES = frozenset({"initiative", "category", "what", "weight", "depends_on", "is_removed"})
MOST_TITLE = 255


@dataclass(frozen=True)
class Piece:
    """What becomes of one row.

    Args:
        there: its issue, where there is one; is_changed: whether the row was another when it was made.
        why_not: why it makes no issue, a sentence; empty where it does.
    """

    row: Row
    there: Implementation | None
    is_changed: bool
    why_not: str


@dataclass(frozen=True)
class Distribution:
    """Args: removed: issues whose rows are gone from the plan; hash: stands for all that carrying it out would make."""

    plan: ImplementationPlan
    pieces: tuple[Piece, ...]
    removed: tuple[Implementation, ...]
    hash: str


def distribution(each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup) -> Distribution | None:
    """None where there is no plan."""
    plan = standing.plan
    if plan is None:
        return None
    there = {one.category: one for one in standing.implementations}
    pieces = []
    for row in plan.rows:
        mine = there.get(row.key)
        why_not = "" if mine is not None else _why_not(each.item, row, facts, setup)
        pieces.append(Piece(row, mine, mine is not None and mine.row != row.hash, why_not))
    keys = {row.key for row in plan.rows}
    removed = tuple(one for one in standing.implementations if one.category not in keys)
    parts = [each.item.title, str(each.item.confidential), plan.text]
    parts += [f"{one.row.hash} {one.row.owner and one.row.owner.issues_project} {one.why_not}" for one in pieces]
    return Distribution(plan, tuple(pieces), removed, hash_of("\n".join(parts)))


def _why_not(initiative: WorkItem, row: Row, facts: InitiativeFacts, setup: Setup) -> str:
    if row.owner is None:
        known = (name for group in setup.section.groups for name in group.feature_categories)
        near = difflib.get_close_matches(row.category.lower(), list(known), n=1)
        return "no group of the directory owns it" + (f" (perhaps you meant {near[0]!r})" if near else "")
    path = row.owner.issues_project
    project = facts.projects.get(path)
    if project is None:
        return f"the bot does not see {path}, the project of {row.owner.name}"
    if project.archived or project.marked_for_deletion:
        return f"{path}, the project of {row.owner.name}, is archived"
    if not project.has_issues:
        return f"{path}, the project of {row.owner.name}, has no issues"
    if not _is_for_the_same(initiative, project, facts):
        return f"people can read {path} who cannot read this initiative"
    return ""


def _is_for_the_same(initiative: WorkItem, project: Project, facts: InitiativeFacts) -> bool:
    """Whether everybody who would read the new issue may read the initiative, whose words stand in it."""
    if is_same_path(project.path, initiative.namespace_path):
        return True
    members = facts.readers.get(project.path.lower())
    readers = audience_of_new(project, members or (), facts.own_ids, confidential=initiative.confidential)
    return _may_all_read(readers, initiative, facts, is_known=members is not None)


def _is_read_by_no_more(made: Issue, initiative: WorkItem, facts: InitiativeFacts) -> bool:
    """Whether everybody who reads an issue of the bot may read the initiative."""
    project = facts.projects.get(made.project_path)
    if project is None:
        return False
    if is_same_path(project.path, initiative.namespace_path) and made.confidential >= initiative.confidential:
        return True
    members = facts.readers.get(project.path.lower())
    readers = audience_of(made, project, members or (), facts.own_ids | {made.author.id})
    return _may_all_read(readers, initiative, facts, is_known=members is not None)


def _may_all_read(readers: Audience, initiative: WorkItem, facts: InitiativeFacts, *, is_known: bool) -> bool:
    """Args: is_known: whether the members were read that `readers` was made of; without, these may be anybody."""
    path = initiative.namespace_path
    source = facts.projects.namespace(path)
    if source is None or (readers.reach is Reach.MEMBERS and not is_known):
        return False
    return readers.is_within(allowed_to_read(initiative, source, facts.readers.get(path.lower(), ())))


def preview(found: Distribution, each: Initiative, facts: InitiativeFacts, setup: Setup, *, has_changed: bool) -> str:
    """What would be made, for people to look at."""
    rows = []
    for piece in found.pieces:
        row = piece.row
        if piece.why_not:
            continue
        state = "new"
        if piece.there is not None:
            name = facts.projects.may_name(piece.there.issue, each.item)
            state = f"{piece.there.issue.reference}+" if name else "there"
            state += ", hears of the change" if piece.is_changed else ""
        rows.append(
            {
                "category": row.category,
                "project": Trusted(row.owner.issues_project if row.owner is not None else ""),
                "labels": Trusted(", ".join(f"`{label}`" for label in _labels(row, setup))),
                "weight": row.weight,
                "depends_on": list(row.depends_on),
                "state": Trusted(state),
            }
        )
    plan = found.plan
    return setup.templates.render(
        PREVIEW_TEMPLATE,
        rows=rows,
        problems=[Trusted(problem) for problem in plan.problems],
        left_out=[
            {"category": piece.row.category, "why": Trusted(piece.why_not)} for piece in found.pieces if piece.why_not
        ],
        removed=[
            Trusted(f"{one.issue.reference}+") for one in found.removed if facts.projects.may_name(one.issue, each.item)
        ],
        uncovered=[Trusted(group.name) for group in plan.uncovered],
        not_affected=[{"group": Trusted(name), "why": why} for name, why in plan.not_affected.items()],
        bot_name=Trusted(setup.comments.name),
        unread=[Trusted(each) for each in plan.unread],
        has_changed=has_changed,
        nothing=not any(not piece.why_not for piece in found.pieces),
    )


def _labels(row: Row, setup: Setup) -> tuple[str, ...]:
    """Those of the section, the stage, the group and the category."""
    owner = row.owner
    if owner is None:
        return ()
    stage = next(stage for stage in setup.section.stages if owner in stage.groups)
    labels = [setup.section.label, stage.label, owner.label]
    if setup.own.category_label is not None:
        known = next(each for each in owner.feature_categories if each.lower() == row.category.lower())
        labels.append(setup.own.category_label.format(category=known))
    return tuple(labels)


def implementation_marker(key: str, row: Row) -> str:
    """The natural key of an issue: its initiative and its feature category."""
    return marker(IMPLEMENTATION, of=key, category=row.key)


def plan_distribution(found: Distribution, each: Initiative, facts: InitiativeFacts, setup: Setup) -> list[Step]:
    """Issues that are not there, their links, and notes where rows have changed or are gone."""
    key = each.key(facts.own_ids)
    item = each.item
    made: dict[str, CreateIssue] = {}
    steps: list[Step] = []
    for piece in found.pieces:
        if piece.there is None and not piece.why_not:
            create = _create(piece.row, key, each, found.plan, setup)
            made[piece.row.key] = create
            steps.append(Step(create, f"the plan has a row for {piece.row.category}", item.reference))
            steps.append(Step(_link(create, item), "it implements the initiative", item.reference, needs=(create.key,)))
    steps += _dependencies(found, made, item)
    for piece in found.pieces:
        # Also where it says again what it said at first, and was told otherwise.
        if piece.there is not None and (piece.is_changed or piece.there.category in each.told):
            steps += _tell(piece.there, piece.row, each, facts, setup)
    for one in found.removed:
        steps += _tell(one, None, each, facts, setup)
    return steps


def _link(create: CreateIssue, item: WorkItem) -> LinkIssues | AddToEpic:
    """By which the initiative knows the new issue: of an epic it is a child."""
    source = f"{create.project_path}#?"
    if isinstance(item, Epic):
        return AddToEpic(source, item.reference, item.ids, created_by=create.key)
    return LinkIssues(
        source=source,
        target=item.reference,
        link_type="relates_to",
        source_created_by=create.key,
        target_issue=item.ids,
    )


def _create(row: Row, key: str, each: Initiative, plan: ImplementationPlan, setup: Setup) -> CreateIssue:
    item = each.item
    assert row.owner is not None
    is_included = not item.confidential and len(plan.text) <= setup.own.included_plan_characters
    text = setup.templates.render(
        ISSUE_TEMPLATE,
        initiative=Trusted(f"{item.reference}+"),
        category=row.category,
        what=row.what,
        group=Trusted(row.owner.name),
        plan=plan.text if is_included else None,
        plan_heading=Trusted(setup.own.plan_heading),
        depends_on=list(row.depends_on),
    )
    mark = implementation_marker(key, row)
    title = setup.own.implementation_title.format(category=row.category, initiative=item.title)
    return CreateIssue(
        project_path=row.owner.issues_project,
        title=harmless_title(title, MOST_TITLE),
        description=f"{text}\n\n{mark}\n{marker(IMPLEMENTATION_ROW, row=row.hash)}",
        marker=mark,
        labels=_labels(row, setup),
        confidential=item.confidential,
        weight=row.weight,
    )


def _dependencies(found: Distribution, made: dict[str, CreateIssue], item: WorkItem) -> list[Step]:
    there = {piece.row.key: piece.there for piece in found.pieces if piece.there is not None}
    steps = []
    for piece in found.pieces:
        for name in piece.row.depends_on:
            other = found.plan.row(category_key(name))
            if other is None:
                continue
            ends: dict[str, Any] = {}
            needs = []
            for side, row in (("source", piece.row), ("target", other)):
                if row.key in made:
                    create = made[row.key]
                    ends |= {side: f"{create.project_path}#? ({row.category})", f"{side}_created_by": create.key}
                    needs.append(create.key)
                elif row.key in there:
                    one = there[row.key].issue
                    ends |= {side: one.reference, f"{side}_issue": one.ids}
            if len(ends) == 4:
                link = LinkIssues(link_type="is_blocked_by", **ends)
                because = f"{piece.row.category} depends on {other.category}"
                steps.append(Step(link, because, item.reference, needs=tuple(needs)))
    return steps


def _tell(one: Implementation, row: Row | None, each: Initiative, facts: InitiativeFacts, setup: Setup) -> list[Step]:
    """One note on the issue, edited in place, with what the plan says by now."""
    item = each.item
    # Words of the plan go only to where nobody reads them who may not read the initiative.
    told = row if row is not None and _is_read_by_no_more(one.issue, item, facts) else None
    text = setup.templates.render(
        CHANGED_TEMPLATE,
        initiative=Trusted(f"{item.reference}+") if facts.projects.may_name(item, one.issue) else None,
        category=told.category if told is not None else None,
        what=told.what if told is not None else None,
        weight=told.weight if told is not None else None,
        depends_on=list(told.depends_on) if told is not None else [],
        is_removed=row is None,
    )
    because = "its row in the plan has changed" if row is not None else "its row is gone from the plan"
    return write_note(one.issue, CHANGED_MARKER, text, each.told.get(one.category), because)
