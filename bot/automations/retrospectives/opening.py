"""Step 1: each group gets its issue, with the bot's note and a thread for each prompt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from bot.automations.retrospectives.facts import (
    NOTE_MARKER,
    NoteState,
    Retrospective,
    RetrospectiveFacts,
    is_living,
    is_untouched,
    issue_marker,
    prompt_marker,
    written_marker,
)
from bot.automations.retrospectives.refresh import is_refresh_time
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import (
    NOTE_PLACEHOLDER,
    NOTE_WORDS,
    empty_note,
    group_description,
    in_words,
)
from bot.domain.changes import CreateIssue, LinkNote, WriteNote
from bot.domain.errors import WrongSettings
from bot.domain.notes import own_note
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Issue, MilestoneId
from bot.domain.text_hash import hash_of

# What is missing later was deleted by a person.
COMPLETED_FOR = dt.timedelta(days=2)


def plan_openings(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """One issue for each group, from its day on until the milestone ends."""
    plan = Plan()
    if not setup.day_of("opening", look.running) <= look.day <= look.running.last_day:
        return plan
    mine = [each for each in facts.retrospectives if each.milestone == look.running]
    lacking = [each.group.name for each in mine if not each.issues]
    if lacking and milestone_in_gitlab(facts, look.running, setup) is None:
        plan += Plan((), (lacking_milestone(f"the retrospectives of {', '.join(lacking)}", look.running.title, setup),))
        mine = [each for each in mine if each.issues]
    for each in mine:
        if not each.issues:
            plan += _opening(each, facts, look, setup)
        else:
            steps = tuple(_completion(each, facts, look, setup))
            follows = "the note is filled" if steps and each.discussions else ""
            plan += Plan(steps, tuple(_odd(each)), look_again=follows)
    return plan


def _opening(each: Retrospective, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    subject = each.project_path
    title = each.milestone.title
    milestone = milestone_in_gitlab(facts, each.milestone, setup)
    assert milestone is not None
    name = each.group.people.engineering_manager
    manager = facts.people.users.get(name)
    is_active = manager is not None and manager.state == "active"
    notices = list(_ambiguous(facts, each.milestone, milestone, subject))
    if not is_active:
        sentence = f"The manager of {each.group.name}, {name}, has no active account: nobody is assigned."
        notices.append(Notice(NoticeKind.LEFT_ALONE, subject, sentence))
    try:
        text = group_description(each, setup, look.day)
    except WrongSettings as wrong:
        sentence = f"The retrospective of {each.group.name} was not opened: {wrong}"
        return Plan((), (Notice(NoticeKind.WRONG, subject, sentence, public=True),))
    mark = issue_marker(each.group, each.milestone)
    create = CreateIssue(
        project_path=each.project_path,
        title=setup.own.title.format(group=each.group.name, milestone=title),
        description=f"{text}\n\n{mark}\n{written_marker(text)}",
        marker=mark,
        labels=(setup.own.label, each.group.label, setup.section.label),
        milestone_id=milestone.id,
        due_on=each.milestone.last_day,
        assignee_ids=(manager.id,) if manager is not None and is_active else (),
    )
    steps = [Step(create, f"the milestone {title} has begun", subject)]
    prompts = list(enumerate(setup.choice(each.group).prompts, start=1))
    steps += _rest(each, setup, create.description, prompts, created_by=create.key)
    follows = "the note, the mention and the section's table" if _has_more_today(each, look, setup) else ""
    return Plan(tuple(steps), tuple(notices), look_again=follows)


def _has_more_today(each: Retrospective, look: Look, setup: Setup) -> bool:
    """Whether the issue is opened so late that its note is to be filled, or shown to the section, on the same day."""
    return is_refresh_time(each, look, setup) or look.is_section_time(each.milestone, setup)


def _rest(
    each: Retrospective,
    setup: Setup,
    description: str,
    prompts: list[tuple[int, str]],
    *,
    created_by: str = "",
    issue: Issue | None = None,
) -> list[Step]:
    """The prompts as threads, then the bot's note, then the link to it. The note says that all prompts were written."""
    subject = each.project_path
    needs = (created_by,) if created_by else ()
    steps: list[Step] = []
    for number, prompt in prompts:
        thread = _thread(each.project_path, number, prompt, created_by=created_by, issue=issue)
        after = (steps[-1].change.key,) if steps else ()
        steps.append(Step(thread, "each prompt is a thread", subject, needs=needs, after=after))
    at = issue.ids if issue is not None else None
    day = setup.day_of("publishing", each.milestone) if setup.choice(each.group).publish else None
    if day is not None and in_words(day) not in (issue.description if issue is not None else description):
        day = None  # only what the issue tells from the beginning is published
    body = f"{empty_note(each.milestone, setup)}\n\n{NOTE_MARKER}\n{NoteState(publish_on=day).marker()}"
    iid = issue.iid if issue is not None else 0
    note = WriteNote(each.project_path, iid, NOTE_MARKER, body, at, created_by=created_by)
    written = tuple(step.change.key for step in steps)
    steps.append(Step(note, "it will say what shipped and what slipped", subject, needs=(*needs, *written)))
    link = link_to_note(each.project_path, NOTE_MARKER, description, created_by=created_by, issue=issue)
    if link is not None:
        steps.append(Step(link, "the description leads to it", subject, needs=(*needs, note.key)))
    return steps


def link_to_note(
    project_path: str, mark: str, description: str, *, created_by: str = "", issue: Issue | None = None
) -> LinkNote | None:
    """None where the description has no place for it.

    Args:
        mark: of the note; description: as the bot wrote it.
    """
    if NOTE_PLACEHOLDER not in description:
        return None
    at = issue.ids if issue is not None else None
    iid = issue.iid if issue is not None else 0
    before = hash_of(description)
    return LinkNote(project_path, iid, mark, NOTE_PLACEHOLDER, NOTE_WORDS, before, at, created_by=created_by)


def _thread(
    project_path: str, number: int, prompt: str, *, created_by: str = "", issue: Issue | None = None
) -> WriteNote:
    mark = prompt_marker(number)
    at = issue.ids if issue is not None else None
    body = f"**{prompt}**\n\n{mark}"
    iid = issue.iid if issue is not None else 0
    return WriteNote(project_path, iid, mark, body, at, is_thread=True, created_by=created_by)


# -- what a run that was cut short has left ----------------------------------------------------------------------------


def own_notes_of_an_opening(each: Retrospective, setup: Setup) -> int:
    return 1 + len(setup.choice(each.group).prompts)


def may_be_incomplete(each: Retrospective, setup: Setup, now: dt.datetime, own_ids: frozenset[int]) -> bool:
    """Whether the run that opened the issue may have been cut short."""
    issue = each.issue
    if issue is None or issue.author.id not in own_ids or now - issue.created_at > COMPLETED_FOR:
        return False
    return issue.user_notes_count < own_notes_of_an_opening(each, setup) or is_unlinked(issue, now, own_ids)


def is_unlinked(issue: Issue, now: dt.datetime, own_ids: frozenset[int]) -> bool:
    """Whether the description still lacks the link to the bot's note, and is still the bot's."""
    if issue.author.id not in own_ids or now - issue.created_at > COMPLETED_FOR:
        return False
    return NOTE_PLACEHOLDER in issue.description and is_untouched(issue.description)


def _completion(each: Retrospective, facts: RetrospectiveFacts, look: Look, setup: Setup) -> list[Step]:
    """What is missing of an opening. Where the note is there, people have deleted what is missing."""
    issue = each.issue
    if issue is None or each.discussions is None or not may_be_incomplete(each, setup, look.now, facts.own_ids):
        return []
    if own_note(each.notes(), NOTE_MARKER, facts.own_ids) is None:
        prompts = [
            (number, prompt)
            for number, prompt in enumerate(setup.choice(each.group).prompts, start=1)
            if own_note(each.notes(), prompt_marker(number), facts.own_ids) is None
        ]
        return _rest(
            each, setup, issue.description if is_unlinked(issue, look.now, facts.own_ids) else "", prompts, issue=issue
        )
    link = link_to_note(each.project_path, NOTE_MARKER, issue.description, issue=issue)
    if link is None or not is_unlinked(issue, look.now, facts.own_ids):
        return []
    return [Step(link, "the description leads to the bot's note", each.project_path)]


def _odd(each: Retrospective) -> list[Notice]:
    """What a person should mend."""
    sentences = []
    others = [issue for issue in each.issues[1:] if is_living(issue) and issue.state == "opened"]
    if others:
        named = ", ".join(f"#{issue.iid}" for issue in others)
        sentences.append(
            f"{each.group.name} has more than one retrospective for {each.milestone.title}: #{each.issues[0].iid} "
            f"counts; close {named}."
        )
    if each.issue is None:
        sentences.append(
            f"The retrospective of {each.group.name} for {each.milestone.title}, #{each.issues[0].iid}, was moved away "
            "or closed as a duplicate: the bot leaves it alone, and opens no other."
        )
    elif each.issue.milestone != each.milestone.title:
        sentences.append(
            f"#{each.issue.iid} is the retrospective of {each.group.name} for {each.milestone.title}, but it has "
            f"{f'the milestone {each.issue.milestone}' if each.issue.milestone else 'no milestone'}: set the right one."
        )
    return [Notice(NoticeKind.LEFT_ALONE, each.project_path, sentence, for_operators=False) for sentence in sentences]


# -- GitLab's milestone ------------------------------------------------------------------------------------------------


def milestone_in_gitlab(facts: RetrospectiveFacts, milestone: Milestone, setup: Setup) -> MilestoneId | None:
    """Of two milestones with one title that of the section's own group, else the older."""
    found = [each for each in facts.milestones if each.title == milestone.title]
    own = facts.people.groups.get(setup.section.group)
    near = [each for each in found if own is not None and each.group_id == own.id]
    return min(near or found, key=lambda each: each.id, default=None)


def _ambiguous(facts: RetrospectiveFacts, milestone: Milestone, used: MilestoneId, subject: str) -> Iterator[Notice]:
    found = [each for each in facts.milestones if each.title == milestone.title]
    if len(found) > 1:
        sentence = (
            f"GitLab has {len(found)} milestones {milestone.title} in the groups above {subject}; the one with the id "
            f"{used.id} is used. Close or rename the other."
        )
        yield Notice(NoticeKind.LEFT_ALONE, subject, sentence, for_operators=False)


def lacking_milestone(what: str, title: str, setup: Setup) -> Notice:
    group = setup.section.group
    sentence = f"GitLab has no milestone {title} in {group} or above, so {what} cannot be opened. Make it in {group}."
    return Notice(NoticeKind.WRONG, group, sentence, public=True)
