"""Step 3: the section's own retrospective, from the week in which the milestone ends to that of the release."""

from __future__ import annotations

from bot.automations.retrospectives.facts import (
    RetrospectiveFacts,
    SectionRetrospective,
    is_living,
    section_marker,
    written_marker,
)
from bot.automations.retrospectives.opening import is_unlinked, lacking_milestone, link_to_note, milestone_in_gitlab
from bot.automations.retrospectives.scope import Look
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.texts import (
    members_of,
    section_closing,
    section_description,
    section_note,
    section_review,
    section_withdrawn,
)
from bot.domain.changes import CreateIssue, WriteNote
from bot.domain.markers import marker, read_marker
from bot.domain.notes import own_note
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import Issue, Note

SECTION_NOTE_MARKER = marker("section_retrospective_note")
REVIEW_MARKER = marker("section_retrospective_review")
CLOSING_MARKER = marker("section_retrospective_closing")
STATE_MARKER = "section_retrospective_state"


def plan_section(facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    """Its issue, the note that moves, and the two calls: to read and comment, and to sum up."""
    plan = Plan()
    for section in facts.sections:
        if section.issue is not None:
            plan += _accompany(section, section.issue, facts, look, setup)
        elif section.issues:
            plan += Plan((), _odd(section))
        elif look.day <= setup.day_of("section_closing", section.milestone):
            plan += _opening(section, facts, look, setup)
    return plan


def _opening(section: SectionRetrospective, facts: RetrospectiveFacts, look: Look, setup: Setup) -> Plan:
    path, title = section.project_path, section.milestone.title
    milestone = milestone_in_gitlab(facts, section.milestone, setup)
    if milestone is None:
        return Plan((), (lacking_milestone("the section's retrospective", title, setup),))
    dri = facts.people.users.get(setup.section.dri)
    is_active = dri is not None and dri.state == "active"
    notices = []
    if not is_active:
        sentence = f"The DRI of the section, {setup.section.dri}, has no active account: nobody is assigned."
        notices.append(Notice(NoticeKind.LEFT_ALONE, path, sentence))
    text = section_description(section.milestone, setup)
    mark = section_marker(section.milestone)
    create = CreateIssue(
        project_path=path,
        title=setup.own.section.title.format(section=setup.section.name, milestone=title),
        description=f"{text}\n\n{mark}\n{written_marker(text)}",
        marker=mark,
        labels=(setup.own.label, setup.section.label),
        confidential=setup.own.section.confidential,
        milestone_id=milestone.id,
        due_on=setup.day_of("section_closing", section.milestone),
        assignee_ids=(dri.id,) if dri is not None and is_active else (),
    )
    body = _body(section, frozenset(), facts, look, setup)
    note = WriteNote(path, 0, SECTION_NOTE_MARKER, body, created_by=create.key)
    link = link_to_note(path, SECTION_NOTE_MARKER, create.description, created_by=create.key)
    steps = [
        Step(create, f"the milestone {title} ends in this week", path),
        Step(note, "it shows where the groups are", path, needs=(create.key,)),
    ]
    if link is not None:
        steps.append(Step(link, "the description leads to it", path, needs=(create.key, note.key)))
    is_late = look.day >= setup.day_of("section_review", section.milestone)
    return Plan(tuple(steps), tuple(notices), look_again="the call to read and comment" if is_late else "")


def _body(
    section: SectionRetrospective, called: frozenset[str], facts: RetrospectiveFacts, look: Look, setup: Setup
) -> str:
    """The note. Args: called: which of the two calls were made, so that one that people delete is not made again."""
    confidential = section.issue.confidential if section.issue is not None else setup.own.section.confidential
    state = marker(
        STATE_MARKER, confidential="yes" if confidential else "no", called=",".join(sorted(called)) or "none"
    )
    return f"{section_note(section, facts, look.day, setup)}\n\n{SECTION_NOTE_MARKER}\n{state}"


def _called(note: Note | None) -> frozenset[str]:
    fields = read_marker(STATE_MARKER, note.body) if note is not None else None
    return frozenset((fields or {}).get("called", "none").split(",")) - {"none"}


def _accompany(
    section: SectionRetrospective, issue: Issue, facts: RetrospectiveFacts, look: Look, setup: Setup
) -> Plan:
    """A closed one is left alone, since the section has done with it; unless more people can read it by now."""
    notices = _odd(section)
    notes = tuple(note for each in section.discussions for note in each.notes if not note.is_system)
    there = own_note(notes, SECTION_NOTE_MARKER, facts.own_ids)
    is_for_fewer = there is not None and _is_for_fewer(there, issue)
    of_milestone = [each for each in facts.retrospectives if each.milestone == section.milestone]
    if section.unread is not None or (issue.state != "opened" and not is_for_fewer):
        return Plan((), notices)
    if not look.is_section_time(section.milestone, setup):
        return Plan((_withdrawal(section, issue, there, setup),) if there is not None and is_for_fewer else (), notices)
    if any(each.unread is not None for each in of_milestone):
        return Plan((), notices)  # a group that is not shown would seem to have said nothing
    calls = _calls(section, issue, notes, there, facts, look, setup) if issue.state == "opened" else {}
    steps = list(calls.values())
    body = _body(section, _called(there) | frozenset(calls), facts, look, setup)
    if there is None or there.body.strip() != body.strip():
        change = _note(issue, body, there)
        needs = tuple(step.change.key for step in calls.values())
        steps.append(Step(change, "something has changed in the groups", issue.reference, needs=needs))
    if is_unlinked(issue, look.now, facts.own_ids):
        link = link_to_note(issue.project_path, SECTION_NOTE_MARKER, issue.description, issue=issue)
        needs = tuple(step.change.key for step in steps)
        steps += [Step(link, "the description leads to its note", issue.reference, needs=needs)] if link else []
    return Plan(tuple(steps), notices)


def _note(issue: Issue, body: str, there: Note | None) -> WriteNote:
    at = issue.ids
    note_id = there.id if there is not None else None
    return WriteNote(issue.project_path, issue.iid, SECTION_NOTE_MARKER, body, at, note_id=note_id)


def _is_for_fewer(note: Note, issue: Issue) -> bool:
    """Whether the note was written while the issue was confidential, and it is no longer."""
    fields = read_marker(STATE_MARKER, note.body)
    return not issue.confidential and (fields is None or fields.get("confidential") != "no")


def _withdrawal(section: SectionRetrospective, issue: Issue, there: Note, setup: Setup) -> Step:
    """Long after its month the groups are not read any more: then nothing is shown."""
    state = marker(STATE_MARKER, confidential="no", called=",".join(sorted(_called(there))) or "none")
    body = f"{section_withdrawn(section.milestone, setup)}\n\n{SECTION_NOTE_MARKER}\n{state}"
    return Step(_note(issue, body, there), "more people can read it than it was written for", issue.reference)


def _calls(
    section: SectionRetrospective,
    issue: Issue,
    notes: tuple[Note, ...],
    there: Note | None,
    facts: RetrospectiveFacts,
    look: Look,
    setup: Setup,
) -> dict[str, Step]:
    """Each once: people are asked to read and comment; who is responsible is reminded of the summary."""
    milestone = section.milestone
    closing_day = setup.day_of("section_closing", milestone)
    calls = []
    if setup.day_of("section_review", milestone) <= look.day < closing_day:
        url = f"{issue.web_url}#note_{there.id}" if there is not None else None
        text = section_review(milestone, _asked(facts, setup), url, setup)
        calls.append(("review", REVIEW_MARKER, text, "it is the week of the release"))
    if closing_day <= look.day:
        text = section_closing(milestone, _responsible(issue, setup), setup)
        calls.append(("closing", CLOSING_MARKER, text, "the week of the release ends"))
    at = issue.ids
    return {
        name: Step(WriteNote(issue.project_path, issue.iid, mark, f"{text}\n\n{mark}", at), because, issue.reference)
        for name, mark, text, because in calls
        if name not in _called(there) and own_note(notes, mark, facts.own_ids) is None
    }


def _asked(facts: RetrospectiveFacts, setup: Setup) -> list[str]:
    if setup.own.section.asks == "managers":
        return [group.people.engineering_manager for group in setup.section.groups]
    return [name for group in setup.section.groups for name in (*group.people.usernames(), *members_of(group, facts))]


def _responsible(issue: Issue, setup: Setup) -> list[str]:
    """Whoever is assigned, since a volunteer may have taken over; else the DRI."""
    active = [user.username for user in issue.assignees if user.state == "active"]
    return active or [setup.section.dri]


def _odd(section: SectionRetrospective) -> tuple[Notice, ...]:
    """What a person should mend."""
    title = section.milestone.title
    sentences = []
    others = [issue for issue in section.issues[1:] if is_living(issue) and issue.state == "opened"]
    if others:
        sentences.append(
            f"The section has more than one retrospective for {title}: #{section.issues[0].iid} counts; close "
            f"{', '.join(f'#{issue.iid}' for issue in others)}."
        )
    if section.issue is None:
        sentences.append(
            f"The section's retrospective for {title}, #{section.issues[0].iid}, was moved away or closed as a "
            "duplicate: the bot leaves it alone, and opens no other."
        )
    return tuple(
        Notice(NoticeKind.LEFT_ALONE, section.project_path, sentence, for_operators=False) for sentence in sentences
    )
