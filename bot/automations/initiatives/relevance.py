"""Step 3: whether what is old is still relevant: asked once, once more a milestone later, then shown in the review."""

from __future__ import annotations

import datetime as dt

from bot.automations.initiatives.facts import Initiative, InitiativeFacts
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Standing
from bot.domain.markers import marker, read_marker
from bot.domain.notes import write_note
from bot.domain.people import mentions
from bot.domain.plan import Step
from bot.domain.policy_changes import Target, UpdateResource
from bot.domain.resources import Epic, WorkItem
from bot.settings.templates import Trusted

TEMPLATE = "initiatives/relevance.md"
TEMPLATE_VALUES = frozenset({"people", "since", "age_months", "is_second", "bot_name", "label", "closes"})
ASKED = "relevance_check"
CLOSED_MARKER = marker("initiative_closed")
MOST_OFTEN = 2


def plan_relevance(
    each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> list[Step]:
    """The next question, if it is time; or the end, where the settings say so."""
    item = each.item
    if not standing.needs_relevance_check or item.state != "opened" or each.discussions is None:
        return []
    if setup.own.quiet_label in item.labels:
        return []
    since = standing.relevant_since.date().isoformat()
    milestone = setup.milestone(now).title
    asked = [
        fields
        for note in each.notes()
        if note.author.id in facts.own_ids
        for fields in (read_marker(ASKED, note.body),)
        if fields is not None and fields.get("since") == since
    ]
    if any(fields.get("milestone") == milestone for fields in asked):
        return []
    if len(asked) >= MOST_OFTEN:
        return _close(item) if setup.own.close_unconfirmed else []
    names = [setup.section.product_manager or setup.section.dri, setup.section.dri]
    if standing.owner is not None:
        names = [standing.owner.people.product_manager, standing.owner.people.engineering_manager]
    is_second = bool(asked)
    text = setup.templates.render(
        TEMPLATE,
        people=Trusted(mentions(names, facts.people)),
        since=Trusted(since),
        age_months=int((now - standing.relevant_since).days / 30.44),
        is_second=is_second,
        bot_name=Trusted(setup.comments.name),
        label=Trusted(setup.own.command_labels.get("relevant", "")),
        closes=is_second and setup.own.close_unconfirmed,
    )
    mark = marker(ASKED, since=since, milestone=milestone)
    because = f"nobody has confirmed it since {since}"
    return write_note(item, mark, text, None, because)


def _close(item: WorkItem) -> list[Step]:
    text = (
        "Nobody has confirmed that this is still relevant, so it is closed, as the section's settings say. Reopen it "
        "if it is."
    )
    told = write_note(item, CLOSED_MARKER, text, None, "it was asked for twice, and nobody confirmed it")
    return [*told, close_step(item, "nobody has confirmed it", tuple(step.change.key for step in told))]


def close_step(item: WorkItem, because: str, needs: tuple[str, ...]) -> Step:
    """Closes an initiative."""
    if isinstance(item, Epic):
        kind, path = "epics", f"groups/{item.group_id}/epics/{item.iid}"
    else:
        kind, path = "issues", f"projects/{item.project_id}/issues/{item.iid}"
    target = Target(kind, path, item.reference, item.web_url)
    change = UpdateResource(target, (("state_event", "close"),), ("it is closed",), (("state", ("closed",)),))
    return Step(change, because, item.reference, needs=needs)
