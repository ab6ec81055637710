"""Intake: one note that asks for what is missing, with what to think of, and says whether it is for the council."""

from __future__ import annotations

from bot.automations.council.facts import INTAKE_MARKER, CouncilFacts, Question
from bot.automations.council.scope import Scope
from bot.automations.council.setup import Setup
from bot.automations.council.standing import Standing, State
from bot.domain.changes import ChangeLabels
from bot.domain.notes import write_note
from bot.domain.plan import Step
from bot.impact.suggestion import Clues, Suggestion, suggest_group
from bot.settings.templates import Trusted

TEMPLATE = "council/intake.md"
TEMPLATE_VALUES = frozenset(
    {
        "lacking",
        "sections",
        "considerations",
        "scope",
        "scope_rows",
        "reasons",
        "is_accepted",
        "is_out",
        "bot_name",
        "dri",
        "suggested",
        "days",
    }
)


def plan_intake(each: Question, standing: Standing, facts: CouncilFacts, setup: Setup) -> list[Step]:
    """The note, and the label that says that it is out of scope."""
    issue, own = each.issue, setup.own
    there = each.own_note(INTAKE_MARKER, facts.own_ids)
    found = suggest(each, facts, setup) if not standing.dri else None
    lead = found.group.people.technical_lead if found is not None and found.group is not None else ""
    text = setup.templates.render(
        TEMPLATE,
        lacking=[{"heading": Trusted(one.heading), "is_there": one.is_there} for one in standing.lack],
        sections=own.sections,
        considerations=[Trusted(each_) for each_ in own.considerations],
        scope=Trusted(standing.scope.scope.value),
        scope_rows=[Trusted(row) for row in standing.scope.rows],
        reasons=[Trusted(row.reason) for row in own.scope] if standing.scope.scope is Scope.UNKNOWN else [],
        is_accepted=standing.is_accepted,
        is_out=standing.state is State.OUT_OF_SCOPE,
        bot_name=Trusted(setup.comments.name),
        dri=Trusted(standing.dri),
        suggested=Trusted(f"{lead} ({found.group.name})") if found is not None and found.group is not None else None,
        days=own.business_days,
    )
    steps = write_note(issue, INTAKE_MARKER, text, there, _because(standing))
    is_out = standing.state is State.OUT_OF_SCOPE
    has_label = own.out_of_scope_label in issue.labels
    if is_out is not has_label:
        at = issue.ids
        label = (own.out_of_scope_label,)
        change = ChangeLabels(issue.project_path, issue.iid, at, label if is_out else (), () if is_out else label)
        steps.append(Step(change, standing.scope.scope.value, issue.reference))
    return steps


def _because(standing: Standing) -> str:
    if standing.state is State.OUT_OF_SCOPE:
        return "it is not for the council"
    return "something is missing" if standing.state is State.INCOMPLETE else "it is before the council"


def suggest(each: Question, facts: CouncilFacts, setup: Setup) -> Suggestion:
    """The group whose technical lead may decide: where most of it happens."""
    people = (each.issue.author, *(note.author for note in each.notes()))
    clues = Clues(
        text=f"{each.issue.title}\n{each.issue.description}",
        labels=each.issue.labels,
        linked_issues=tuple(
            link.issue.labels for link in each.links if facts.projects.may_name(link.issue, each.issue)
        ),
        merge_requests=tuple(
            one.labels for one in each.merge_requests if facts.projects.may_show_work(one.project_path, each.issue)
        ),
        participants=frozenset(user.username for user in people if user.id not in facts.own_ids),
    )
    return suggest_group(clues, setup.section, setup.own.weights, facts.people)
