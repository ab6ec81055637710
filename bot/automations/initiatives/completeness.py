"""Step 1: whether an initiative's description says what it has to say."""

from __future__ import annotations

from bot.automations.initiatives.facts import COMPLETENESS_MARKER, Initiative
from bot.automations.initiatives.setup import Setup
from bot.domain.changes import ChangeLabels
from bot.domain.notes import write_note
from bot.domain.plan import Step
from bot.domain.resources import WorkItem
from bot.markdown.sections import Lack, lacking
from bot.settings.templates import Trusted

NOTE_TEMPLATE = "initiatives/completeness.md"
NOTE_VALUES = frozenset({"lacking", "sections"})


def plan_completeness(each: Initiative, own_ids: frozenset[int], setup: Setup) -> list[Step]:
    """One note where it is not complete, edited until it is; and the label that says how it is."""
    lack = lacking(each.item.description, setup.own.required_sections, setup.templates.texts[setup.own.template])
    return _note(each, lack, own_ids, setup) + _labels(each.item, lack, setup)


def _note(each: Initiative, lack: tuple[Lack, ...], own_ids: frozenset[int], setup: Setup) -> list[Step]:
    required = setup.own.required_sections
    there = each.own_note(COMPLETENESS_MARKER, own_ids)
    if not lack and there is None:
        return []
    text = setup.templates.render(
        NOTE_TEMPLATE,
        lacking=[{"heading": Trusted(one.heading), "is_there": one.is_there} for one in lack],
        sections=[Trusted(heading) for heading in required],
    )
    because = f"{len(lack)} of {len(required)} sections are missing or empty" if lack else "it is complete"
    return write_note(each.item, COMPLETENESS_MARKER, text, there, because)


def _labels(item: WorkItem, lack: tuple[Lack, ...], setup: Setup) -> list[Step]:
    """The label by which it is known, whatever becomes of the labels that have made it an initiative."""
    right, wrong = setup.own.own_labels if not lack else reversed(setup.own.own_labels)
    add = () if right in item.labels else (right,)
    remove = (wrong,) if wrong in item.labels else ()
    if not add and not remove:
        return []
    change = ChangeLabels(item.namespace_path, item.iid, item.ids, add, remove)
    return [Step(change, "it is not complete" if lack else "it is complete", item.reference)]
