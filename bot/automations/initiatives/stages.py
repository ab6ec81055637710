"""Where an initiative stands: derived from what is in GitLab, each time anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from bot.automations.initiatives.facts import STATE, Implementation, Initiative, InitiativeFacts, day_of
from bot.automations.initiatives.implementation_plan import ImplementationPlan, parse_plan
from bot.automations.initiatives.setup import Setup
from bot.comment_commands.answers import ANSWER
from bot.domain.markers import marker, read_marker
from bot.domain.resources import Note
from bot.domain.text_hash import hash_of
from bot.markdown.sections import Lack, lacking
from bot.settings.section import SectionGroup

RELEVANCE = "relevance_confirmed"
MONTH = dt.timedelta(days=30.44)


class Stage(Enum):
    """In the order in which an initiative goes through them."""

    INCOMPLETE = "incomplete"
    UNOWNED = "unowned"
    OWNED = "owned"
    PLANNED = "planned"
    DISTRIBUTED = "distributed"
    UNDER_WAY = "under way"
    DONE = "done"


@dataclass(frozen=True)
class StageRule:
    """Args: what_is_so: what GitLab shows; moves_on: what somebody has to do, with the bot's name as {bot}."""

    what_is_so: str
    moves_on: str


# The table in the docs is made of these.
STAGES: dict[Stage, StageRule] = {
    Stage.INCOMPLETE: StageRule(
        "a required section of the description is missing or says nothing",
        "write the sections that the bot's note names",
    ),
    Stage.UNOWNED: StageRule(
        "it is complete, and no group's label is on it (or several are)",
        "set the label of the group that answers for it, or say `{bot} owner GROUP`; unclear: `{bot} council`",
    ),
    Stage.OWNED: StageRule(
        "the label of one group is on it, and the plan has no table with rows",
        "write the heading of the plan and its table into the description",
    ),
    Stage.PLANNED: StageRule(
        "the plan has a table with rows, and none of its issues is there",
        "say `{bot} distribute`, look at the answer, then say `{bot} distribute now`",
    ),
    Stage.DISTRIBUTED: StageRule(
        "issues of the plan are there; none has a milestone or an assignee, or is closed",
        "the groups plan and assign their issues",
    ),
    Stage.UNDER_WAY: StageRule(
        "at least one issue of the plan has a milestone or an assignee, or is closed",
        "the groups close their issues",
    ),
    Stage.DONE: StageRule(
        "each row of the plan has its issue and all of them are closed, or the initiative itself is",
        "close the initiative, if it is open",
    ),
}
FLAGS = {
    "needs a relevance check": "it is as old as the settings say, or its last confirmation is, and it is not done",
    "stuck": "it is owned without a plan, or planned without issues, for longer than the settings allow; or nothing "
    "has moved in its issues for a milestone",
}


def stages_table(bot_name: str) -> str:
    """The stages and what goes across them, as the docs have it."""
    rows = [
        f"| {stage.value} | {rule.what_is_so} | {rule.moves_on.format(bot=bot_name)} |"
        for stage, rule in STAGES.items()
    ]
    flags = [f"| *{flag}* | {what} | |" for flag, what in FLAGS.items()]
    return "\n".join(["| Stage | What is so | What moves it on |", "| --- | --- | --- |", *rows, *flags])


@dataclass(frozen=True)
class Standing:
    """Where an initiative stands.

    Args:
        owner: the group whose label it has; plan: None where there is none.
        lack: sections that are missing; implementations: issues of the plan that are there.
        relevant_since: when its relevance was confirmed last, or its creation.
        stuck: why it is stuck, a sentence; empty where it is not.
    """

    stage: Stage
    owner: SectionGroup | None
    plan: ImplementationPlan | None
    lack: tuple[Lack, ...]
    implementations: tuple[Implementation, ...]
    relevant_since: dt.datetime
    needs_relevance_check: bool
    stuck: str

    def moves_on(self, bot_name: str) -> str:
        if self.stage is Stage.PLANNED and self.plan is not None and self.plan.problems:
            return f"mend the plan, which cannot be distributed: {self.plan.problems[0].rstrip('.')}"
        return STAGES[self.stage].moves_on.format(bot=bot_name)


def is_for_all_groups(labels: tuple[str, ...], setup: Setup) -> bool:
    """Whether it came by a set of labels that names no group as missing."""
    have = set(labels)
    unowned = set(setup.own.unowned_labels)
    return any(set(each) <= have for each in setup.own.alternatives() if not set(each) & unowned)


def stand(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> Standing:
    """Where it stands at this moment."""
    item = each.item
    owner = setup.owner_of(item.labels)
    plan = parse_plan(item.description, setup, for_all_groups=is_for_all_groups(item.labels, setup))
    lack = lacking(item.description, setup.own.required_sections, setup.templates.texts[setup.own.template])
    implementations = each.implementations(facts.own_ids)
    stage = _stage(each, owner, plan, lack, implementations)
    since = relevant_since(each, facts.own_ids)
    is_due = stage is not Stage.DONE and now - since >= setup.own.relevant_for_months * MONTH
    stuck = _stuck(each, stage, owner, implementations, facts, setup, now)
    return Standing(stage, owner, plan, lack, implementations, since, is_due, stuck)


def _stage(
    each: Initiative,
    owner: SectionGroup | None,
    plan: ImplementationPlan | None,
    lack: tuple[Lack, ...],
    implementations: tuple[Implementation, ...],
) -> Stage:
    if each.item.state == "closed":
        return Stage.DONE
    if implementations:
        there = {one.category for one in implementations}
        is_whole = plan is None or all(row.key in there for row in plan.rows)
        if is_whole and all(one.issue.state == "closed" for one in implementations):
            return Stage.DONE
        moved = any(
            one.issue.state == "closed" or one.issue.milestone or one.issue.assignees for one in implementations
        )
        return Stage.UNDER_WAY if moved else Stage.DISTRIBUTED
    if lack:
        return Stage.INCOMPLETE
    if owner is None:
        return Stage.UNOWNED
    return Stage.PLANNED if plan is not None and plan.rows else Stage.OWNED


def relevant_since(each: Initiative, own_ids: frozenset[int]) -> dt.datetime:
    """Its creation, or when somebody last confirmed it, which the bot has answered."""
    confirmed = [
        note.created_at
        for note in each.notes()
        if note.author.id in own_ids and (read_marker(ANSWER, note.body) or {}).get("did") == "relevant"
    ]
    return max([each.item.created_at, *confirmed])


def dri_marker(group: SectionGroup) -> str:
    return marker("initiative_dri", group=hash_of(group.label))


def dri_note(each: Initiative, owner: SectionGroup, own_ids: frozenset[int]) -> Note | None:
    """The bot's note to the manager of the group that owns it."""
    return each.own_note(dri_marker(owner), own_ids)


def planned_on(note: Note | None) -> dt.date | None:
    """The day on which the bot first saw a plan."""
    fields = read_marker(STATE, note.body) if note is not None else None
    return day_of((fields or {}).get("planned"))


def _stuck(
    each: Initiative,
    stage: Stage,
    owner: SectionGroup | None,
    implementations: tuple[Implementation, ...],
    facts: InitiativeFacts,
    setup: Setup,
    now: dt.datetime,
) -> str:
    if stage in (Stage.DISTRIBUTED, Stage.UNDER_WAY):
        milestone = setup.milestone(now)
        length = milestone.last_day - milestone.first_day
        moved = max(one.issue.updated_at for one in implementations)
        if now - moved > length:
            return f"nothing has moved in its issues since {moved.date().isoformat()}"
        return ""
    note = dri_note(each, owner, facts.own_ids) if owner is not None else None
    if note is None:
        return ""
    if stage is Stage.OWNED and (now - note.created_at).days >= setup.own.plan_within_days:
        return f"it is owned since {note.created_at.date().isoformat()} and has no plan"
    planned = planned_on(note)
    if stage is not Stage.PLANNED or planned is None:
        return ""
    is_long = (setup.day(now) - planned).days >= setup.own.distribute_within_days
    return f"it is planned since {planned.isoformat()} and not distributed" if is_long else ""
