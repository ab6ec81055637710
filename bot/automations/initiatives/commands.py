"""What people have asked for on an initiative, carried out and answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from bot.automations.initiatives.distribution import Distribution, distribution, plan_distribution, preview
from bot.automations.initiatives.facts import Initiative, InitiativeFacts, key_of
from bot.automations.initiatives.places import place_of
from bot.automations.initiatives.relevance import close_step
from bot.automations.initiatives.setup import (
    CLOSE,
    COUNCIL,
    DISTRIBUTE,
    DISTRIBUTE_NOW,
    OWNER,
    RELEVANT,
    Setup,
)
from bot.automations.initiatives.stages import MONTH, Standing
from bot.comment_commands.answers import ANSWER, plan_answers
from bot.comment_commands.requests import Request, answer, heard, requests_at, settle_labels
from bot.domain.changes import AddToEpic, ChangeLabels, CreateIssue, WriteNote
from bot.domain.errors import perhaps_meant
from bot.domain.markers import marker, read_marker
from bot.domain.plan import Plan, Step
from bot.domain.resources import Epic, Issue
from bot.domain.user_text import plain_line

MOST_SHOWN = 60
QUESTION = "council_question"


@dataclass(frozen=True)
class Reply:
    """What a request leads to.

    Args:
        text: the answer when all of it was done; otherwise: the answer when something of it was not.
        fields: what the answer's marker says.
    """

    text: str
    steps: tuple[Step, ...] = ()
    otherwise: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def asked_of(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> tuple[Request, ...]:
    """What people have asked for there and has not been carried out, oldest first."""
    return requests_at(
        place_of(each, facts),
        setup.vocabulary,
        setup.comments.name,
        facts.own_ids,
        now,
        labels=setup.command_labels,
        label_events=each.label_events,
    )


def plan_requests(each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> Plan:
    """Of each command the last request is carried out, one in a look: the next one sees what follows from it. All of
    them are answered.
    """
    place = place_of(each, facts)
    given = asked_of(each, facts, setup, now)
    last = {request.name: request for request in given}
    if DISTRIBUTE in last and DISTRIBUTE_NOW in last and last[DISTRIBUTE].at < last[DISTRIBUTE_NOW].at:
        del last[DISTRIBUTE]
    steps: list[Step] = []
    for request in given:
        if last.get(request.name) is not request:
            change = answer(place, request, "It was asked for once more, later: that counts.", overtaken="yes")
            steps += [Step(change, "a later request counts", each.item.reference)]
            steps += heard(place, request, (change.key,))
            continue
        reply = _carry_out(request, each, standing, facts, setup, now)
        done = answer(place, request, reply.text, **reply.fields)
        needs = tuple(step.change.key for step in reply.steps)
        steps += reply.steps
        who = f"{request.name} was asked for"
        steps.append(Step(done, who, each.item.reference, needs=needs))
        if reply.otherwise:
            failed = answer(place, request, reply.otherwise, failed="yes")
            steps.append(Step(failed, who, each.item.reference, unless=done.key))
        steps += heard(place, request, (done.key,))
        break
    refused = settle_labels(
        place,
        setup.vocabulary,
        facts.own_ids,
        now,
        labels=setup.command_labels,
        label_events=each.label_events,
    )
    known = setup.vocabulary
    is_before_council = isinstance(each.item, Issue) and setup.council_label in each.item.labels
    known += setup.council_commands if is_before_council else ()
    answers = plan_answers(place, known, setup.comments.name, facts.own_ids, now)
    return Plan((*steps, *refused, *answers), look_again="what was asked for" if steps else "")


def _carry_out(
    request: Request,
    each: Initiative,
    standing: Standing,
    facts: InitiativeFacts,
    setup: Setup,
    now: dt.datetime,
) -> Reply:
    if request.name == OWNER:
        return _own(request, each, setup)
    if request.name == COUNCIL:
        if isinstance(each.item, Epic):
            return _ask_about(each.item, facts, setup)
        step = _labels_step(each, (setup.council_label,), (), "somebody asks the council")
        return Reply("The architectural council is asked; its own note says what it needs.", (step,))
    if request.name == RELEVANT:
        until = (now + setup.own.relevant_for_months * MONTH).date().isoformat()
        return Reply(f"Confirmed. The next question comes after {until}.")
    if request.name == CLOSE:
        return _close(request, each, setup)
    return _distribute(request, each, standing, facts, setup)


def _ask_about(epic: Epic, facts: InitiativeFacts, setup: Setup) -> Reply:
    """The council takes issues: one is opened in the epic, where no more people read it."""
    path = setup.council_project
    destination = facts.projects.secrecy_at(path, confidential=epic.confidential)
    if facts.projects.get(path) is None or not facts.projects.secrecy(epic).is_no_stricter_than(destination):
        return Reply(
            "The council takes issues, not epics: open an issue in this epic that asks the question, and set the label "
            f"`{setup.council_label}` there."
        )
    mark = marker(QUESTION, about=key_of(epic))
    asks = f"Which group is impacted most by {epic.reference}+, and answers for it?"
    create = CreateIssue(
        project_path=path,
        title=f"Which group answers for {epic.reference}?",
        description=f"{asks}\n\n{setup.council_question}\n\n{mark}",
        marker=mark,
        labels=(setup.council_label,),
        confidential=epic.confidential,
    )
    child = AddToEpic(f"{path}#?", epic.reference, epic.ids, created_by=create.key)
    because = "somebody asks the council"
    steps = (Step(create, because, epic.reference), Step(child, because, epic.reference, needs=(create.key,)))
    return Reply("A question for the council is opened in this epic; its own note says what it needs.", steps)


def _labels_step(each: Initiative, add: tuple[str, ...], remove: tuple[str, ...], because: str) -> Step:
    item = each.item
    return Step(ChangeLabels(item.namespace_path, item.iid, item.ids, add, remove), because, item.reference)


def _own(request: Request, each: Initiative, setup: Setup) -> Reply:
    names = [group.name for group in setup.section.groups]
    shown = plain_line(request.argument, MOST_SHOWN)
    wanted = request.argument.replace("~", "").replace('"', "").strip()
    group = setup.section.group_named(wanted) or setup.section.group_named(wanted.replace("-", " "))
    if not wanted:
        return Reply(f"Which group? `{setup.comments.name} {OWNER} GROUP`, with one of: {', '.join(names)}.")
    if group is None:
        hint = perhaps_meant(wanted, names) or f"There are: {', '.join(names)}."
        return Reply(f"The section has no group {shown}. {hint}")
    unwanted = set(setup.own.unowned_labels)
    for other in setup.section.groups:
        unwanted |= {label for label in each.item.labels if label.lower() in other.scoped_labels}
    unwanted -= {group.label}
    remove = tuple(label for label in each.item.labels if label in unwanted)
    step = _labels_step(each, (group.label,), remove, f"{group.name} is to own it")
    return Reply(f"{group.name} owns it now.", (step,))


def _close(request: Request, each: Initiative, setup: Setup) -> Reply:
    if not request.argument:
        return Reply(f"Why? Say `{setup.comments.name} {CLOSE}` with the reason behind it, on one line.")
    if each.item.state == "closed":
        return Reply("It is closed already.")
    return Reply("Closed, for the reason above.", (close_step(each.item, "somebody has asked for it", ()),))


def _distribute(request: Request, each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup) -> Reply:
    found = distribution(each, standing, facts, setup)
    name = setup.comments.name
    if found is None:
        return Reply(
            f"There is no plan yet: the description needs the heading `{setup.own.plan_heading}` with a table below it."
        )
    if standing.owner is None:
        return Reply(f"No group owns it yet, so nobody answers for the plan: first `{name} {OWNER} GROUP`.")
    if request.name == DISTRIBUTE or found.plan.problems:
        return _shown(found, each, facts, setup, has_changed=False)
    if _last_shown(each, facts.own_ids) != found.hash:
        return _shown(found, each, facts, setup, has_changed=True)
    steps = tuple(plan_distribution(found, each, facts, setup))
    count = sum(1 for piece in found.pieces if piece.there is None and not piece.why_not)
    told = sum(1 for step in steps if isinstance(step.change, WriteNote))
    text = f"Done: {count} new issue{'s' if count != 1 else ''}"
    text += f", {told} told of what has changed" if told else ""
    text += ". My note on the progress lists them all."
    left_out = [piece.row.category for piece in found.pieces if piece.why_not]
    if left_out:
        names = ", ".join(plain_line(category, MOST_SHOWN) for category in left_out)
        text += f" Left out, for the reasons above: {names}."
    otherwise = (
        f"Not all of it could be done: GitLab refused something, and the bot's operators are told. `{name} "
        f"{DISTRIBUTE_NOW}` does what is missing; nothing is done twice."
    )
    return Reply(text, steps, otherwise, {"plan": found.hash})


def _shown(found: Distribution, each: Initiative, facts: InitiativeFacts, setup: Setup, *, has_changed: bool) -> Reply:
    text = preview(found, each, facts, setup, has_changed=has_changed)
    # What cannot be distributed was not shown to be carried out.
    shown = {} if found.plan.problems else {"shown": found.hash}
    return Reply(text, fields=shown)


def _last_shown(each: Initiative, own_ids: frozenset[int]) -> str:
    """The hash of the plan that people have seen last."""
    shown = [
        (note.id, fields["shown"])
        for note in each.notes()
        if note.author.id in own_ids
        for fields in (read_marker(ANSWER, note.body),)
        if fields is not None and "shown" in fields
    ]
    return max(shown, default=(0, ""))[1]
