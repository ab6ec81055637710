"""Decides which retrospectives are opened. Pure: facts, settings and the day in, a plan out."""

from __future__ import annotations

import datetime as dt

from bot.automations.retrospectives.gather import MARKER, Retrospective, RetrospectiveFacts
from bot.automations.retrospectives.settings import RetrospectiveSettings
from bot.automations.retrospectives.texts import group_description
from bot.domain.changes import CreateIssue, WriteNote, hash_of
from bot.domain.markers import marker
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import IssueId, MilestoneId
from bot.settings.releases import ReleaseSettings
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates


def plan_openings(
    facts: RetrospectiveFacts,
    settings: RetrospectiveSettings,
    section: SectionSettings,
    releases: ReleaseSettings,
    templates: Templates,
    today: dt.date,
) -> Plan:
    """One issue for each group, from its day on until the milestone ends; its prompts as threads."""
    plan = Plan()
    day = releases.day_of("opening", facts.milestone)
    if not day <= today <= facts.milestone.last_day:
        return plan
    for each in facts.retrospectives:
        if each.issues:
            plan += Plan(tuple(_threads(each, facts, settings, section)), tuple(_doubled(each, facts)))
            continue
        choice = settings.of(each.group, section)
        text = group_description(each, choice, facts.milestone, settings, releases, templates, today)
        plan += _opening(each, facts, settings, section, text)
    return plan


def _opening(
    each: Retrospective, facts: RetrospectiveFacts, settings: RetrospectiveSettings, section: SectionSettings, text: str
) -> Plan:
    subject = each.project_path
    title = facts.milestone.title
    milestone = _in_gitlab(facts, section)
    if milestone is None:
        sentence = (
            f"GitLab has no milestone {title} that {each.project_path} can use, so the retrospective of "
            f"{each.group.name} was not opened. Make the milestone in the group {section.group}; the next run opens it."
        )
        return Plan((), (Notice(NoticeKind.WRONG, subject, sentence, public=True),))
    manager = facts.people.users.get(each.group.people.engineering_manager)
    notices = []
    if manager is None or manager.state != "active":
        name = each.group.people.engineering_manager
        sentence = f"The manager of {each.group.name}, {name}, has no active account: nobody is assigned."
        notices.append(Notice(NoticeKind.LEFT_ALONE, subject, sentence, public=True))
    mark = marker(MARKER, group=hash_of(each.group.label), milestone=title)
    create = CreateIssue(
        project_path=each.project_path,
        title=settings.title.format(group=each.group.name, milestone=title),
        description=f"{text}\n\n{mark}",
        marker=mark,
        labels=(settings.label, each.group.label, section.label),
        milestone_id=milestone.id,
        due_on=facts.milestone.last_day,
        assignee_ids=(manager.id,) if manager is not None and manager.state == "active" else (),
    )
    steps = [Step(create, f"the milestone {title} has begun", subject)]
    for number, prompt in enumerate(settings.of(each.group, section).prompts, start=1):
        note_mark = _prompt_marker(number)
        change = WriteNote(
            each.project_path,
            0,
            note_mark,
            f"**{prompt}**\n\n{note_mark}",
            is_thread=True,
            created_by=create.key,
        )
        after = (steps[-1].change.key,) if number > 1 else ()
        steps.append(Step(change, "each prompt is a thread", subject, needs=(create.key,), after=after))
    return Plan(tuple(steps), tuple(notices))


def _prompt_marker(number: int) -> str:
    return marker("retrospective_prompt", number=number)


def _threads(
    each: Retrospective, facts: RetrospectiveFacts, settings: RetrospectiveSettings, section: SectionSettings
) -> list[Step]:
    """The prompts that are missing since the run that opened the issue was cut short."""
    if each.comments is None:
        return []
    issue = each.issues[0]
    there = [note.body for note in each.comments if note.author.id in facts.own_ids]
    steps: list[Step] = []
    for number, prompt in enumerate(settings.of(each.group, section).prompts, start=1):
        mark = _prompt_marker(number)
        if any(mark in body for body in there):
            continue
        at = IssueId(issue.project_id, issue.iid)
        body = f"**{prompt}**\n\n{mark}"
        change = WriteNote(each.project_path, issue.iid, mark, body, at, is_thread=True)
        after = (steps[-1].change.key,) if steps else ()
        steps.append(Step(change, "the prompt was not written yet", each.project_path, after=after))
    return steps


def _doubled(each: Retrospective, facts: RetrospectiveFacts) -> list[Notice]:
    if len(each.issues) < 2:
        return []
    others = ", ".join(f"#{issue.iid}" for issue in each.issues[1:])
    sentence = (
        f"{each.group.name} has more than one retrospective for {facts.milestone.title}: #{each.issues[0].iid} counts; "
        f"close {others}, or take its label or milestone off."
    )
    return [Notice(NoticeKind.LEFT_ALONE, each.project_path, sentence, for_operators=False)]


def _in_gitlab(facts: RetrospectiveFacts, section: SectionSettings) -> MilestoneId | None:
    """Of two milestones with one title that of the section's own group, else the older."""
    own = facts.people.groups.get(section.group)
    near = [found for found in facts.milestones if own is not None and found.group_id == own.id]
    return min(near or facts.milestones, key=lambda found: found.id, default=None)
