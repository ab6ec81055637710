"""What people have asked for on a question, carried out and answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.automations.council.deciding import plan_news, plan_record, why_no_record
from bot.automations.council.discussing import discussion_text
from bot.automations.council.facts import CouncilFacts, DiscussionState, Question
from bot.automations.council.setup import COUNCIL, Setup
from bot.automations.council.standing import Standing, State
from bot.comment_commands.answers import Place, plan_answers
from bot.comment_commands.requests import Request, answer, heard, refuse_labels, requests_at, settle_labels
from bot.comment_commands.rights import role_of
from bot.comment_commands.vocabulary import ACCEPT, DECIDE, DEFER, DRI, PAUSE, RESUME, CommandSpec
from bot.domain.changes import ChangeLabels
from bot.domain.notes import write_note
from bot.domain.plan import Plan, Step
from bot.domain.policy_changes import Target, UpdateResource
from bot.domain.resources import Issue
from bot.domain.user_text import plain_line

MOST_SHOWN = 60


@dataclass(frozen=True)
class Reply:
    """What a request leads to.

    Args:
        text: the answer when the steps were done; otherwise: where one of them was not.
        did_nothing: whether the command had no effect.
    """

    text: str
    steps: tuple[Step, ...] = ()
    did_nothing: bool = False
    otherwise: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def place_of(each: Question, facts: CouncilFacts) -> Place:
    project = facts.projects.get(each.issue.project_path)
    is_public = project is None or project.visibility == "public"
    return Place(each.issue, each.discussions or (), each.members, is_public)


def vocabulary_at(issue: Issue, setup: Setup) -> tuple[CommandSpec, ...]:
    """What can be said there: to the council once it is asked; before that, only that it is to be asked."""
    return setup.vocabulary if setup.is_asked(issue) else (setup.asking,)


def asked_at(each: Question, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> tuple[Request, ...]:
    return requests_at(
        place_of(each, facts),
        vocabulary_at(each.issue, setup),
        setup.comments.name,
        facts.own_ids,
        now,
        labels=setup.command_labels,
        label_events=each.label_events,
    )


def is_asked_by_one_who_may(each: Question, facts: CouncilFacts, setup: Setup) -> bool:
    """Whether whoever has set the council's label last may ask for it; once it is discussed, that is settled."""
    is_settled = each.discussion(facts.own_ids) is not None or bool(each.answers("accept", facts.own_ids))
    setter = each.asked_by(setup.own.label)
    if not setup.is_asked(each.issue) or is_settled or setter is None or setter.id in facts.own_ids:
        return True
    return role_of(setter, each.members) >= setup.asking.least_access


def plan_refusal(each: Question, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Plan:
    """The label is taken off; whoever has set it hears why, as for a comment."""
    steps = refuse_labels(
        place_of(each, facts),
        (setup.asking,),
        facts.own_ids,
        now,
        labels={COUNCIL: setup.own.label},
        label_events=each.label_events,
    )
    return Plan(tuple(steps))


def plan_requests(each: Question, standing: Standing, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> Plan:
    """One after the other: what follows from the first is seen by the next look. On an initiative somebody else answers
    what was not understood.
    """
    place = place_of(each, facts)
    given = asked_at(each, facts, setup, now)
    steps: list[Step] = []
    if given:
        request = given[0]
        reply = _carry_out(request, each, standing, facts, setup, now)
        fields = {"effect": "none"} if reply.did_nothing else reply.fields
        done = answer(place, replace(request, name="nothing") if reply.did_nothing else request, reply.text, **fields)
        needs = tuple(step.change.key for step in reply.steps)
        who = f"{request.name} was asked for"
        steps = [*reply.steps, Step(done, who, each.issue.reference, needs=needs)]
        if reply.otherwise:
            failed = answer(place, replace(request, name="nothing"), reply.otherwise, failed="yes")
            steps.append(Step(failed, who, each.issue.reference, unless=done.key))
        steps += heard(place, request, (done.key,))
    refused = settle_labels(
        place,
        vocabulary_at(each.issue, setup),
        facts.own_ids,
        now,
        labels=setup.command_labels,
        label_events=each.label_events,
    )
    answers = []
    if not setup.is_initiative(each.issue.labels):
        vocabulary = vocabulary_at(each.issue, setup)
        answers = plan_answers(place, vocabulary, setup.comments.name, facts.own_ids, now)
    return Plan((*steps, *refused, *answers), look_again="what was asked for" if steps else "")


def _carry_out(
    request: Request, each: Question, standing: Standing, facts: CouncilFacts, setup: Setup, now: dt.datetime
) -> Reply:
    name = setup.comments.name
    issue = each.issue
    if request.name == COUNCIL:
        step = _labels(issue, (setup.own.label,), (), "somebody asks the council")
        return Reply("The architectural council is asked; my own note says what it needs.", (step,))
    if request.name == ACCEPT:
        if request.by.username.lower() not in setup.representatives_on(setup.day(now)):
            return Reply("Only a representative of the council can accept it.", did_nothing=True)
        if standing.state is not State.OUT_OF_SCOPE and standing.state is not State.INCOMPLETE:
            return Reply("It is before the council already.", did_nothing=True)
        return Reply("Accepted: it is for the council, whatever the table of the scope says.")
    if request.name == DRI:
        return _dri(request, each, name)
    if request.name == DECIDE:
        return _decide(request, each, standing, facts, setup, now)
    if request.name == DEFER:
        if standing.discussion is None and standing.state is not State.WAITING:
            return Reply("It has no place in the queue yet.", did_nothing=True)
        steps = _with_state(each, standing, facts, setup, lambda state: replace(state, stopped_at=request.at))
        return Reply("Deferred: it stands at the end of the queue now.", steps)
    if standing.discussion is None:
        return Reply("No clock runs here.", did_nothing=True)
    is_paused = standing.discussion[0].clock.is_paused
    if request.name == PAUSE:
        if standing.state is State.TIME_IS_UP:
            return Reply("Its time is over already.", did_nothing=True)
        if is_paused:
            return Reply(f"It is paused already; `{name} {RESUME}` lets the clock run.", did_nothing=True)
        steps = _with_state(each, standing, facts, setup, lambda state: state.paused(request.at))
        return Reply(f"Paused. `{name} {RESUME}` lets the clock run again.", steps)
    if not is_paused:
        return Reply("The clock is not paused.", did_nothing=True)
    steps = _with_state(each, standing, facts, setup, lambda state: state.resumed(request.at))
    return Reply("The clock runs again; my note says until when.", steps)


def _labels(issue: Issue, add: tuple[str, ...], remove: tuple[str, ...], because: str) -> Step:
    change = ChangeLabels(issue.project_path, issue.iid, issue.ids, add, remove)
    return Step(change, because, issue.reference)


def _dri(request: Request, each: Question, bot_name: str) -> Reply:
    wanted = request.argument.lstrip("@").strip()
    shown = plain_line(wanted, MOST_SHOWN)
    if not wanted:
        return Reply(f"Who? Say `{bot_name} {DRI}` with a username.", did_nothing=True)
    member = next((one for one in each.members if one.user.username.lower() == wanted.lower()), None)
    if member is None or member.user.state != "active":
        return Reply(f"{shown} is nobody who has an active account and a role in this project.", did_nothing=True)
    issue = each.issue
    target = Target("issues", f"projects/{issue.project_id}/issues/{issue.iid}", issue.reference, issue.web_url)
    fields = (("assignee_ids", [member.user.id]),)
    change = UpdateResource(target, fields, (f"assigned to {member.user.username}",))
    step = Step(change, "somebody is to decide", issue.reference)
    return Reply(f"{member.user.username} decides. The council supports; the decision is the DRI's.", (step,))


def _decide(
    request: Request, each: Question, standing: Standing, facts: CouncilFacts, setup: Setup, now: dt.datetime
) -> Reply:
    own = setup.own
    name = setup.comments.name
    if not standing.dri:
        return Reply(f"Nobody is the DRI, who decides: first `{name} {DRI} NAME`.", did_nothing=True)
    if request.by.username.lower() != standing.dri.lower():
        return Reply(f"The decision is the DRI's: only {standing.dri} can say so.", did_nothing=True)
    if standing.lacks_decision:
        missing = f"The section `{own.sections.decision}` of the description says nothing yet"
        return Reply(f"{missing}: write down what is decided and why.", did_nothing=True)
    record = plan_record(each, standing, facts, setup, now)
    news = plan_news(each, facts, setup)
    remove = tuple(label for label in (own.out_of_scope_label,) if label in each.issue.labels)
    label = _labels(each.issue, (own.decided_label,), remove, "it is decided")
    # Without its record nothing is decided: whoever asks again gets it.
    keys = tuple(step.change.key for step in record)
    label = replace(label, needs=keys)
    clock = _with_state(each, standing, facts, setup, lambda state: replace(state, stopped_at=now))
    stopped = tuple(replace(step, needs=keys) for step in clock)
    why_not = why_no_record(each, facts, setup)
    text = "Decided. Thank you all."
    if own.records is not None:
        text += (
            f" It is not recorded in {own.records.project}, since {why_not}."
            if why_not
            else f" A merge request in {own.records.project} records it."
        )
    news = [replace(step, needs=keys) for step in news]
    otherwise = ""
    if record and own.records is not None:
        otherwise = (
            f"It is not decided yet: GitLab refused the record in {own.records.project}, and the bot's operators are "
            f"told why. Say `{name} {DECIDE}` again when that is mended."
        )
    return Reply(text, (*record, *stopped, *news, label), otherwise=otherwise)


def _with_state(
    each: Question,
    standing: Standing,
    facts: CouncilFacts,
    setup: Setup,
    change: Callable[[DiscussionState], DiscussionState],
) -> tuple[Step, ...]:
    """The bot's note on the discussion with another state; nothing where none is open."""
    if standing.discussion is None:
        return ()
    state, note = standing.discussion
    new = change(state)
    text = discussion_text(each, standing, new, facts, setup)
    return tuple(write_note(each.issue, new.note_marker, text, note, "the clock", state=new.marker()))
