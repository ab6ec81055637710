"""Where initiatives stand, for whoever asks on the command line."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.automations.initiatives.facts import Initiative, InitiativeFacts
from bot.automations.initiatives.review import last_activity
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import FLAGS, STAGES, Stage, Standing, stand
from bot.automations.initiatives.suggestion import suggest
from bot.domain.confidentiality import Reach


@dataclass(frozen=True)
class Line:
    """One initiative in the list.

    Args:
        flags: what goes across the stages: needs a relevance check, stuck.
        owner: name of the group, empty where none owns it.
        is_public: whether everybody may read about it.
    """

    reference: str
    title: str
    url: str
    stage: Stage
    flags: tuple[str, ...]
    owner: str
    age_days: int
    last_activity: dt.date
    is_public: bool


def lines(facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> list[Line]:
    """All of them, in the order of the stages, oldest first."""
    found = [_line(each, stand(each, facts, setup, now), facts, now) for each in facts.initiatives]
    order = list(Stage)
    return sorted(found, key=lambda line: (order.index(line.stage), -line.age_days, line.reference))


def _line(each: Initiative, standing: Standing, facts: InitiativeFacts, now: dt.datetime) -> Line:
    holds = {"needs a relevance check": standing.needs_relevance_check, "stuck": bool(standing.stuck)}
    flags = tuple(flag for flag in FLAGS if holds[flag])
    secrecy = facts.projects.secrecy(each.item)
    return Line(
        reference=each.item.reference,
        title=each.item.title,
        url=each.item.web_url,
        stage=standing.stage,
        flags=flags,
        owner=standing.owner.name if standing.owner is not None else "",
        age_days=max(0, (now - each.item.created_at).days),
        last_activity=last_activity(each, facts).date(),
        is_public=secrecy.reach is Reach.EVERYBODY and not secrecy.confidential,
    )


def explain(each: Initiative, facts: InitiativeFacts, setup: Setup, now: dt.datetime) -> list[str]:
    """Where it stands and why, and what would move it on; a sentence a line."""
    standing = stand(each, facts, setup, now)
    name = setup.comments.name
    if each.item.state == "closed":
        return [f"Stage: {standing.stage.value}, since it is closed. Reopen it if that is not right."]
    said = [
        f"Stage: {standing.stage.value}, since {STAGES[standing.stage].what_is_so}.",
        f"What would move it on: {standing.moves_on(name)}.",
    ]
    said += [
        f"Section {lack.heading!r} {'says nothing of its own, or too little' if lack.is_there else 'is missing'}."
        for lack in standing.lack
    ]
    if standing.owner is not None:
        said.append(f"Owned by {standing.owner.name} ({standing.owner.people.engineering_manager}).")
    elif standing.stage is not Stage.DONE:
        said.append("No group owns it.")
        found = suggest(each, facts, setup)
        said.append(
            f"Suggested: {found.group.name}." if found.group is not None else f"Nobody is suggested: {found.why_not}."
        )
    if standing.plan is not None:
        said.append(f"Its plan has {len(standing.plan.rows)} rows.")
        said += [f"The plan cannot be distributed: {problem}" for problem in standing.plan.problems]
        there = {one.category for one in standing.implementations}
        said += [f"No issue yet for {row.category}." for row in standing.plan.rows if row.key not in there]
    closed = sum(1 for one in standing.implementations if one.issue.state == "closed")
    if standing.implementations:
        said.append(f"{closed} of {len(standing.implementations)} of its issues are closed.")
    since = standing.relevant_since.date().isoformat()
    if standing.needs_relevance_check:
        said.append(f"Needs a relevance check: nobody has confirmed it since {since}. `{name} relevant` does.")
    else:
        said.append(f"Its relevance counts from {since}.")
    if standing.stuck:
        said.append(f"Stuck: {standing.stuck}.")
    if setup.own.quiet_label in each.item.labels:
        said.append(f"Nobody is reminded of anything, since it carries {setup.own.quiet_label}.")
    if each.unread is not None:
        said.append(f"GitLab does not show what was said there: {each.unread}")
    return said
