"""Step 1: whether an initiative's description says what it has to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.automations.initiatives.description import named, says_something, sections
from bot.automations.initiatives.facts import Initiative
from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.changes import ChangeLabels, WriteNote
from bot.domain.markers import marker
from bot.domain.plan import Plan, Step
from bot.domain.resources import Issue, IssueId
from bot.settings.templates import Templates, Trusted

COMPLETENESS_MARKER = marker("initiative_completeness")
NOTE_TEMPLATE = "initiatives/completeness.md"
NOTE_VALUES = frozenset({"lacking", "sections"})


@dataclass(frozen=True)
class Lack:
    """Args: is_there: whether the heading stands there, with nothing below it that is not the template's."""

    heading: str
    is_there: bool


def lacking(issue: Issue, settings: InitiativeSettings, template: str) -> tuple[Lack, ...]:
    """The required sections that the description does not have, or that say nothing; in the order of the settings."""
    own, known = sections(issue.description), sections(template)
    found = []
    for heading in settings.required_sections:
        section = named(heading, own)
        if section is None or not says_something(section, named(heading, known)):
            found.append(Lack(heading, section is not None))
    return tuple(found)


def plan_completeness(initiatives: Iterable[Initiative], settings: InitiativeSettings, templates: Templates) -> Plan:
    """One note on each that is not complete, edited until it is; and the label on those that are."""
    steps: list[Step] = []
    for each in initiatives:
        lack = lacking(each.issue, settings, templates.texts[settings.template])
        steps += _note(each, lack, settings, templates)
        steps += _label(each.issue, lack, settings)
    return Plan(tuple(steps))


def _note(each: Initiative, lack: tuple[Lack, ...], settings: InitiativeSettings, templates: Templates) -> list[Step]:
    issue = each.issue
    if not lack and each.note is None:
        return []
    text = templates.render(
        NOTE_TEMPLATE,
        lacking=[{"heading": Trusted(one.heading), "is_there": one.is_there} for one in lack],
        sections=[Trusted(heading) for heading in settings.required_sections],
    )
    body = f"{text}\n\n{COMPLETENESS_MARKER}"
    if each.note is not None and each.note.body.strip() == body:
        return []
    change = WriteNote(
        issue.project_path,
        issue.iid,
        COMPLETENESS_MARKER,
        body,
        IssueId(issue.project_id, issue.iid),
        note_id=each.note.id if each.note is not None else None,
    )
    because = (
        f"{len(lack)} of {len(settings.required_sections)} sections are missing or empty" if lack else "it is complete"
    )
    return [Step(change, because, issue.reference)]


def _label(issue: Issue, lack: tuple[Lack, ...], settings: InitiativeSettings) -> list[Step]:
    has_label = settings.complete_label in issue.labels
    if has_label is not bool(lack):
        return []
    at = IssueId(issue.project_id, issue.iid)
    label = (settings.complete_label,)
    change = ChangeLabels(issue.project_path, issue.iid, at, () if lack else label, label if lack else ())
    return [Step(change, "it is no longer complete" if lack else "it is complete", issue.reference)]
