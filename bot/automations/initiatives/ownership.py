"""Step 4: the group that owns an initiative hears what is expected of it, and is reminded, once a milestone."""

from __future__ import annotations

import datetime as dt

from bot.automations.initiatives.facts import (
    STATE,
    Initiative,
    InitiativeFacts,
    state_marker,
)
from bot.automations.initiatives.places import place_of
from bot.automations.initiatives.setup import OWNER, Setup
from bot.automations.initiatives.stages import Stage, Standing, dri_marker, dri_note, planned_on
from bot.comment_commands.requests import refuse_labels
from bot.comment_commands.rights import role_of
from bot.domain.changes import ChangeLabels
from bot.domain.markers import marker, read_marker
from bot.domain.notes import write_note
from bot.domain.people import mention
from bot.domain.plan import Step
from bot.domain.resources import AccessLevel
from bot.settings.section import SectionGroup
from bot.settings.templates import Trusted

TEMPLATE = "initiatives/dri.md"
TEMPLATE_VALUES = frozenset({"manager", "group", "plan_by", "plan_heading", "distribute_days", "bot_name", "columns"})
REMINDER_TEMPLATE = "initiatives/reminder.md"
REMINDER_VALUES = frozenset({"manager", "group", "stuck", "moves_on", "quiet_label"})


def plan_ownership(
    each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> list[Step]:
    """What follows from the label of a group."""
    owner = standing.owner
    if owner is None or each.item.state != "opened" or each.discussions is None:
        return []
    if _is_refused(each, owner, facts, setup):
        return _give_back(each, owner, facts, setup, now)
    steps = _replace_unowned(each, owner, setup)
    if standing.stage in (Stage.INCOMPLETE, Stage.DONE):
        return steps
    steps += _note(each, standing, owner, facts, setup, now)
    return steps


def _is_refused(each: Initiative, owner: SectionGroup, facts: InitiativeFacts, setup: Setup) -> bool:
    """Whether a group's label is new, and whoever has set it may not say who owns it."""
    if dri_note(each, owner, facts.own_ids) is not None or not each.members:
        return False
    labels = owner.scoped_labels
    events = [event for event in each.label_events if (event.label or "").lower() in labels and event.action == "add"]
    last = max(events, key=lambda event: event.id, default=None)
    setter = last.user if last is not None else None
    least = setup.comments.access_of(OWNER, AccessLevel.DEVELOPER)
    return setter is not None and setter.id not in facts.own_ids and role_of(setter, each.members) < least


def _give_back(
    each: Initiative, owner: SectionGroup, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> list[Step]:
    """The label of the group is taken off; whoever has set it hears why, as for a comment."""
    item = each.item
    label = next(name for name in item.labels if name.lower() in owner.scoped_labels)
    steps = refuse_labels(
        place_of(each, facts),
        setup.vocabulary,
        facts.own_ids,
        now,
        labels={OWNER: label},
        label_events=each.label_events,
    )
    before = _owner_before(each, owner, facts, setup)
    back = before.label if before is not None else setup.own.unowned_label
    if back in item.labels:
        return steps
    change = ChangeLabels(item.namespace_path, item.iid, item.ids, (back,))
    because = f"{before.name} owns it" if before is not None else "nobody owns it"
    return [*steps, Step(change, because, item.reference)]


def _owner_before(each: Initiative, owner: SectionGroup, facts: InitiativeFacts, setup: Setup) -> SectionGroup | None:
    """The group that was told last that it owns it: GitLab takes off its label when another group's is set."""
    told = [(dri_note(each, group, facts.own_ids), group) for group in setup.section.groups if group != owner]
    notes = [(note.id, group) for note, group in told if note is not None]
    return max(notes, key=lambda pair: pair[0])[1] if notes else None


def _replace_unowned(each: Initiative, owner: SectionGroup, setup: Setup) -> list[Step]:
    item = each.item
    remove = tuple(label for label in item.labels if label in setup.own.unowned_labels)
    if not remove:
        return []
    change = ChangeLabels(item.namespace_path, item.iid, item.ids, remove=remove)
    return [Step(change, f"{owner.name} owns it", item.reference)]


def reminder_marker(milestone: str) -> str:
    return marker("initiative_reminder", milestone=milestone)


def _note(
    each: Initiative,
    standing: Standing,
    owner: SectionGroup,
    facts: InitiativeFacts,
    setup: Setup,
    now: dt.datetime,
) -> list[Step]:
    """The note is written once; what the bot remembers in its marker is edited, which mails nobody."""
    there = dri_note(each, owner, facts.own_ids)
    before = read_marker(STATE, there.body) if there is not None else None
    today = setup.day(now)
    has_plan = standing.plan is not None and bool(standing.plan.rows)
    planned = planned_on(there) or (today if has_plan else None)
    milestone = setup.milestone(now).title
    is_quiet = setup.own.quiet_label in each.item.labels
    reminded = (before or {}).get("reminded", "never")
    is_told = reminded == milestone or each.own_note(reminder_marker(milestone), facts.own_ids) is not None
    may_remind = standing.stage in (Stage.OWNED, Stage.PLANNED) and bool(standing.stuck)
    reminder: list[Step] = []
    if may_remind and not is_quiet and not is_told:
        text = setup.templates.render(
            REMINDER_TEMPLATE,
            manager=Trusted(mention(owner.people.engineering_manager, facts.people)),
            group=Trusted(owner.name),
            stuck=Trusted(standing.stuck),
            moves_on=Trusted(standing.moves_on(setup.comments.name)),
            quiet_label=Trusted(setup.own.quiet_label),
        )
        reminder = write_note(each.item, reminder_marker(milestone), text, None, standing.stuck)
    is_told = is_told or bool(reminder)
    state = state_marker(
        each.key(facts.own_ids),
        planned=planned.isoformat() if planned is not None and has_plan else "never",
        reminded=milestone if is_told else reminded,
    )
    mark = dri_marker(owner)
    text = there.body.split(f"\n\n{mark}")[0] if there is not None else _text(owner, facts, setup, today)
    needs = tuple(step.change.key for step in reminder)
    because = "it owns the initiative" if there is None else "what the bot remembers of it"
    return reminder + write_note(each.item, mark, text, there, because, state=state, needs=needs)


def _text(owner: SectionGroup, facts: InitiativeFacts, setup: Setup, today: dt.date) -> str:
    by = today + dt.timedelta(days=setup.own.plan_within_days)
    return setup.templates.render(
        TEMPLATE,
        manager=Trusted(mention(owner.people.engineering_manager, facts.people)),
        group=Trusted(owner.name),
        plan_by=Trusted(by.isoformat()),
        plan_heading=Trusted(setup.own.plan_heading),
        distribute_days=setup.own.distribute_within_days,
        bot_name=Trusted(setup.comments.name),
        columns=Trusted("| Feature category | What | Weight | Depends on |"),
    )
