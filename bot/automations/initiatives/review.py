"""Step 7: the milestone review: one issue for the section's managers with everything that needs a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.automations.initiatives.facts import Initiative, InitiativeFacts, day_of, key_of
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.stages import Stage, Standing
from bot.automations.initiatives.suggestion import suggest
from bot.domain.changes import CreateIssue, WriteNote
from bot.domain.confidentiality import allowed_to_read, audience_of, audience_of_new
from bot.domain.markers import marker, read_marker
from bot.domain.notes import write_note
from bot.domain.people import mentions
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.release_calendar import Milestone
from bot.domain.resources import WorkItem
from bot.domain.text_hash import hash_of
from bot.settings.templates import Trusted

ISSUE_TEMPLATE = "initiatives/review.md"
ISSUE_VALUES = frozenset({"section", "milestone", "first_day", "last_day", "people", "bot_name"})
NOTE_TEMPLATE = "initiatives/review_note.md"
NOTE_VALUES = frozenset({"parts", "milestone", "updated_on", "total"})
NOTE_MARKER = marker("initiative_review_note")
LINES = "review_lines"
MOST_LINES = 100
DAYS_UNTIL_AGES_ARE_NEWS = 7
AGES = frozenset({"age_days", "relevant_days"})


@dataclass(frozen=True)
class Part:
    """Args: key: as the marker of the note names it; settles: the command, with the bot's name as {bot}."""

    key: str
    heading: str
    settles: str


PARTS = (
    Part("relevance", "Needs a relevance check", "`{bot} relevant`, or `{bot} close REASON`"),
    Part("new", "New since the last review", "read it; `{bot} close REASON` if it is none"),
    Part("unclear", "Unclear: the description lacks something", "write the sections that the note names"),
    Part("unowned", "Owned by nobody", "`{bot} owner GROUP`, or `{bot} council`"),
    Part("unplanned", "Owned, without a plan", "the plan in the description"),
    Part("undistributed", "Planned, not distributed", "`{bot} distribute`"),
    Part("unmoved", "Distributed, and nothing has moved for a milestone", "`{bot} relevant`, or `{bot} close REASON`"),
    Part("done", "Done since the last review", "nothing"),
)


def review_marker(milestone: Milestone) -> str:
    return marker("initiative_review", milestone=milestone.title)


def parts_of(each: Initiative, standing: Standing, before: Milestone, setup: Setup) -> set[str]:
    """The parts of the review in which an initiative has a line."""
    stage = standing.stage
    created = each.item.created_at.astimezone(setup.releases.zone).date()
    found = {
        "relevance": standing.needs_relevance_check,
        "new": created >= before.first_day and stage is not Stage.DONE,
        "unclear": stage is Stage.INCOMPLETE,
        "unowned": stage is Stage.UNOWNED or (standing.owner is None and stage in (Stage.DISTRIBUTED, Stage.UNDER_WAY)),
        "unplanned": stage is Stage.OWNED,
        "undistributed": stage is Stage.PLANNED,
        "unmoved": stage in (Stage.DISTRIBUTED, Stage.UNDER_WAY) and bool(standing.stuck),
        "done": stage is Stage.DONE and _is_new(each.item.closed_at, before, setup),
    }
    return {key for key, holds in found.items() if holds}


def _is_new(instant: dt.datetime | None, before: Milestone, setup: Setup) -> bool:
    """Whether it was in the milestone before, or later; of what is still open, the last movement counts as now."""
    return instant is None or instant.astimezone(setup.releases.zone).date() >= before.first_day


def plan_review(
    standings: Iterable[tuple[Initiative, Standing]], facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> Plan:
    """The issue of the milestone that runs, and its note."""
    path = setup.own.review_project
    if path is None or not facts.covers_everything:
        return Plan()
    milestone = setup.milestone(now)
    before = setup.releases.calendar.before(milestone)
    if facts.projects.get(path) is None:
        sentence = f"The milestone review was not opened: the bot does not see {path}."
        return Plan((), (Notice(NoticeKind.REFUSED, path, sentence),))
    review = facts.review
    if review is not None and (review.state != "opened" or review.moved):
        return Plan()
    there = min(
        (note for note in facts.review_notes if NOTE_MARKER in note.body), key=lambda note: note.id, default=None
    )
    text, state = _note(list(standings), there.body if there is not None else "", facts, setup, now, milestone, before)
    if review is None:
        create = _create(path, milestone, facts, setup)
        note = WriteNote(path, 0, NOTE_MARKER, f"{text}\n\n{NOTE_MARKER}\n{state}", created_by=create.key)
        return Plan(
            (
                Step(create, f"milestone {milestone.title} has begun", path),
                Step(note, "it shows what needs a decision", path, needs=(create.key,)),
            )
        )
    if there is not None and _says_the_same(there.body, state, setup.day(now)):
        return Plan()
    return Plan(tuple(write_note(review, NOTE_MARKER, text, there, "initiatives have moved", state=state)))


def _says_the_same(before: str, state: str, today: dt.date) -> bool:
    """Whether nothing but days has changed since, and these are still few: ages alone are no news."""
    old, new = read_marker(LINES, before) or {}, read_marker(LINES, state) or {}
    written = day_of(old.get("day"))
    same = {**old, "day": ""} == {**new, "day": ""}
    return same and written is not None and (today - written).days < DAYS_UNTIL_AGES_ARE_NEWS


def _create(path: str, milestone: Milestone, facts: InitiativeFacts, setup: Setup) -> CreateIssue:
    section = setup.section
    names = [section.dri, *([section.product_manager] if section.product_manager else [])]
    text = setup.templates.render(
        ISSUE_TEMPLATE,
        section=Trusted(section.name),
        milestone=Trusted(milestone.title),
        first_day=Trusted(milestone.first_day.isoformat()),
        last_day=Trusted(milestone.last_day.isoformat()),
        people=Trusted(mentions(names, facts.people)),
        bot_name=Trusted(setup.comments.name),
    )
    mark = review_marker(milestone)
    active = [facts.people.users[name].id for name in names if name in facts.people.users]
    return CreateIssue(
        project_path=path,
        title=setup.own.review_title.format(section=section.name, milestone=milestone.title),
        description=f"{text}\n\n{mark}",
        marker=mark,
        labels=(section.label,),
        confidential=True,
        due_on=milestone.last_day,
        assignee_ids=tuple(active[:1]),
    )


def _note(
    standings: list[tuple[Initiative, Standing]],
    previous: str,
    facts: InitiativeFacts,
    setup: Setup,
    now: dt.datetime,
    milestone: Milestone,
    before: Milestone,
) -> tuple[str, str]:
    """The text, and the marker that remembers its lines."""
    known = read_marker(LINES, previous) or {}
    by_key = {key_of(each.item): each for each, _ in standings}
    shown: dict[str, str] = {}
    parts = []
    news: list[tuple[Any, ...]] = []
    for part in PARTS:
        mine = [(each, standing) for each, standing in standings if part.key in parts_of(each, standing, before, setup)]
        named = [(each, standing) for each, standing in mine if may_be_named(each.item, facts, setup)]
        keys = [key_of(each.item) for each, _ in named[:MOST_LINES]]
        still = {key_of(each.item) for each, _ in mine}
        old = [key for key in known.get(part.key, "none").split(",") if key != "none" and key not in still]
        settled = [key for key in old if key in by_key and may_be_named(by_key[key].item, facts, setup)]
        shown[part.key] = ",".join([*keys, *old][: 2 * MOST_LINES]) or "none"
        if not mine and not old:
            continue
        rows = [_row(part, each, standing, facts, setup, now) for each, standing in named[:MOST_LINES]]
        same = [{name: value for name, value in row.items() if name not in AGES} for row in rows]
        news.append((part.key, len(mine), settled, same))
        parts.append(
            {
                "heading": Trusted(part.heading),
                "rows": rows,
                "more": max(0, len(named) - MOST_LINES),
                "unnamed": len(mine) - len(named),
                "settled": [Trusted(by_key[key].item.reference) for key in settled],
                "settled_elsewhere": len(old) - len(settled),
            }
        )
    text = setup.templates.render(
        NOTE_TEMPLATE,
        parts=parts,
        milestone=Trusted(milestone.title),
        updated_on=Trusted(setup.day(now).isoformat()),
        total=len(standings),
    )
    content = hash_of(repr(news))
    return text, marker(LINES, **shown, content=content, day=setup.day(now).isoformat())


def _row(
    part: Part, each: Initiative, standing: Standing, facts: InitiativeFacts, setup: Setup, now: dt.datetime
) -> dict[str, Any]:
    name = setup.comments.name
    settles = part.settles.format(bot=name)
    if part.key == "unowned":
        found = suggest(each, facts, setup)
        if found.group is not None:
            settles = f"`{name} owner {found.group.name}` (suggested), or `{name} council`"
    return {
        "reference": Trusted(f"{each.item.reference}+"),
        "age_days": max(0, (now - each.item.created_at).days),
        "relevant_days": max(0, (now - standing.relevant_since).days),
        "owner": Trusted(standing.owner.name) if standing.owner is not None else None,
        "last_activity": Trusted(last_activity(each, facts).date().isoformat()),
        "settles": Trusted(settles),
    }


def last_activity(each: Initiative, facts: InitiativeFacts) -> dt.datetime:
    """When a person last said something there; its creation, where nobody has; of a closed one, its end."""
    if each.discussions is None:
        return each.item.closed_at or each.item.updated_at
    said = [note.created_at for note in each.notes() if note.author.id not in facts.own_ids]
    return max([each.item.created_at, *said])


def may_be_named(item: WorkItem, facts: InitiativeFacts, setup: Setup) -> bool:
    """Whether everybody who reads the review may read the initiative."""
    path = setup.own.review_project or ""
    project, source = facts.projects.get(path), facts.projects.namespace(item.namespace_path)
    if project is None or source is None:
        return False
    members, review = facts.readers.get(path.lower(), ()), facts.review
    if review is None:  # it will be confidential
        readers = audience_of_new(project, members, facts.own_ids, confidential=True)
    else:
        readers = audience_of(review, project, members, facts.own_ids | {review.author.id})
    allowed = allowed_to_read(item, source, facts.readers.get(item.namespace_path.lower(), ()))
    return readers.is_within(allowed)
