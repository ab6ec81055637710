"""The texts of retrospectives, and the values that their templates are given.

Resources are named by reference, never by a copied title: GitLab shows the title to who may see it (`#12+`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from bot.automations.retrospectives.commands import is_point
from bot.automations.retrospectives.facts import (
    GroupWork,
    Retrospective,
    RetrospectiveFacts,
    SectionRetrospective,
    Topic,
)
from bot.automations.retrospectives.setup import Setup
from bot.automations.retrospectives.themes import find_themes
from bot.domain.confidentiality import Secrecy, reach_of
from bot.domain.places import is_same_path
from bot.domain.release_calendar import Milestone
from bot.domain.resources import Issue
from bot.domain.user_text import plain_line
from bot.settings.section import SectionGroup
from bot.settings.templates import Trusted

NOTE_WORDS = "the bot's note"
# Stands in a description until the note is there to be linked.
NOTE_PLACEHOLDER = f"{NOTE_WORDS}<!-- sectionbot:note_link -->"
# So that notes stay far below the 1,000,000 characters that GitLab takes (doc/administration/instance_limits, 19).
MOST_LISTED = 100
MOST_LETTERS_OF_A_TOPIC = 200

FOLDER = "retrospectives"
# Every template to what it is given. A group can have its own instead of group.md.
TEMPLATE_VALUES: Mapping[str, frozenset[str]] = {
    f"{FOLDER}/{name}.md": frozenset(values.split())
    for name, values in {
        "group": "group milestone first_day last_day release_day section_day days follow_up_label has_threads "
        "follow_ups more_follow_ups unnamed_follow_ups bot_name bot_note publishing_day hold_label",
        "group_note": "milestone day refresh_day bot_name is_filled columns chart shipped slipped still_open "
        "follow_ups more_follow_ups unnamed_follow_ups",
        "mention": "people milestone last_day shipped slipped still_open note_url bot_name",
        "reminder": "people due_on overdue_days is_assigned milestone",
        "published": "hold_label",
        "unpublished": "manager",
        "section": "section milestone last_day release_day review_day closing_day bot_name bot_note dri "
        "calls_for_volunteer follow_up_label",
        "section_note": "milestone groups topics more_topics unread_topics themes least_groups follow_ups",
        "section_review": "people section milestone closing_day note_url",
        "section_closing": "people milestone",
        "section_withdrawn": "milestone",
    }.items()
}
GROUP_VALUES = TEMPLATE_VALUES[f"{FOLDER}/group.md"]


def in_words(day: dt.date) -> Trusted:
    """Wednesday 2026-09-09: no two countries write it otherwise."""
    return Trusted(f"{day:%A} {day.isoformat()}")


def mentions(usernames: Iterable[str]) -> Trusted:
    return Trusted(", ".join(f"@{name}" for name in dict.fromkeys(usernames)))


def _render(setup: Setup, name: str, **values: Any) -> str:
    return setup.templates.render(f"{FOLDER}/{name}.md", **values)


# -- a group's retrospective -------------------------------------------------------------------------------------------


def group_description(each: Retrospective, setup: Setup, today: dt.date) -> str:
    """The description of a group's issue, with a placeholder where the bot's note will be linked."""
    choice, milestone = setup.choice(each.group), each.milestone
    has_section = setup.section.retrospective_project is not None
    return setup.templates.render(
        choice.template,
        group=Trusted(each.group.name),
        milestone=Trusted(milestone.title),
        first_day=in_words(milestone.first_day),
        last_day=in_words(milestone.last_day),
        release_day=in_words(milestone.release_day),
        section_day=in_words(setup.day_of("section_opening", milestone)) if has_section else None,
        days=_days(milestone, has_section, setup),
        follow_up_label=Trusted(setup.own.follow_up_label),
        has_threads=bool(choice.prompts),
        bot_name=Trusted(setup.bot_name),
        bot_note=Trusted(NOTE_PLACEHOLDER),
        publishing_day=in_words(setup.day_of("publishing", milestone)) if choice.publish else None,
        hold_label=Trusted(setup.own.hold_label),
        **_follow_ups(each, today, confidential=not choice.publish),
    )


def _days(milestone: Milestone, has_section: bool, setup: Setup) -> list[dict[str, Trusted]]:
    """What is when, in the order of the days."""
    days = [
        (
            setup.day_of("refresh", milestone),
            "The bot's note shows what shipped and what slipped, and the team is mentioned",
        ),
        (milestone.last_day, "This milestone ends: by then the group holds its retrospective, and closes this issue"),
        (milestone.release_day, f"{milestone.title} is released"),
    ]
    days += [(setup.day_of("section_opening", milestone), "The section's retrospective begins")] if has_section else []
    return [{"day": in_words(day), "what": Trusted(what)} for day, what in sorted(days)]


def _follow_ups(each: Retrospective, today: dt.date, *, confidential: bool) -> dict[str, Any]:
    """Those of the group's project, as far as they are kept no more closely than the text; the others are counted.

    Args:
        confidential: whether only those read the text who see confidential issues of the same project.
    """
    named = [issue for issue in each.follow_ups if issue.confidential <= confidential]
    shown = [
        {
            "reference": Trusted(f"#{issue.iid}+"),
            "age_days": max(0, (today - issue.created_at.date()).days),
            "due_on": Trusted(issue.due_on.isoformat()) if issue.due_on else None,
            "is_overdue": issue.due_on is not None and issue.due_on < today,
            "is_assigned": bool(issue.assignees),
        }
        for issue in named[:MOST_LISTED]
    ]
    unnamed = len(each.follow_ups) - len(named)
    return {"follow_ups": shown, "more_follow_ups": len(named) - len(shown), "unnamed_follow_ups": unnamed}


def empty_note(milestone: Milestone, setup: Setup) -> str:
    """The bot's note before it is filled."""
    given = {
        "milestone": Trusted(milestone.title),
        "refresh_day": in_words(setup.day_of("refresh", milestone)),
        "bot_name": Trusted(setup.bot_name),
        "is_filled": False,
    }
    return _render(setup, "group_note", **dict.fromkeys(TEMPLATE_VALUES[f"{FOLDER}/group_note.md"]) | given)


def milestone_note(
    each: Retrospective, secrecy: Secrecy, facts: RetrospectiveFacts, today: dt.date, setup: Setup
) -> str:
    """What the milestone has brought, for readers whom this secrecy lets in."""
    shown = [milestone.title for milestone in compared(each.milestone, setup)]
    work = {title: facts.work.get(title, {}).get(each.group.name, GroupWork()) for title in shown}
    mine = work[each.milestone.title]

    def listed(issues: tuple[Issue, ...]) -> dict[str, Any]:
        return _listed(issues, each.project_path, secrecy, facts)

    return _render(
        setup,
        "group_note",
        milestone=Trusted(each.milestone.title),
        day=in_words(today),
        refresh_day=in_words(setup.day_of("refresh", each.milestone)),
        bot_name=Trusted(setup.bot_name),
        is_filled=True,
        columns=[_column(title, work[title]) for title in shown],
        chart=_chart([(title, work[title]) for title in reversed(shown)]),
        shipped=listed(mine.shipped),
        slipped=listed(mine.slipped),
        still_open=listed(mine.still_open),
        **_follow_ups(each, today, confidential=secrecy.confidential),
    )


def compared(milestone: Milestone, setup: Setup) -> list[Milestone]:
    """The milestone and those before it that its note shows, the newest first."""
    found = [milestone]
    for _ in range(setup.own.compared_milestones):
        found.append(setup.releases.calendar.before(found[-1]))
    return found


def _weight(issues: Iterable[Issue]) -> int:
    return sum(issue.weight or 0 for issue in issues)


def _column(title: str, work: GroupWork) -> dict[str, Any]:
    return {
        "milestone": Trusted(title),
        "shipped": len(work.shipped),
        "shipped_weight": _weight(work.shipped),
        "slipped": len(work.slipped),
        "slipped_weight": _weight(work.slipped),
        "still_open": len(work.still_open),
        "still_open_weight": _weight(work.still_open),
        "merged": work.merged,
    }


def _chart(bars: list[tuple[str, GroupWork]]) -> dict[str, Any] | None:
    """Oldest first; None where there is nothing to draw."""
    shipped, slipped = [len(work.shipped) for _, work in bars], [len(work.slipped) for _, work in bars]
    most = max(*shipped, *slipped)
    if not most:
        return None
    numbers = {"shipped": shipped, "slipped": slipped}
    return {"titles": Trusted(", ".join(f'"{title}"' for title, _ in bars)), "most": most} | {
        name: Trusted(", ".join(map(str, each))) for name, each in numbers.items()
    }


def _listed(issues: tuple[Issue, ...], here: str, secrecy: Secrecy, facts: RetrospectiveFacts) -> dict[str, Any]:
    """References of what may be named there, the number of those that are left out, and of those that may not."""
    named = [issue for issue in issues if facts.projects.secrecy(issue).is_no_stricter_than(secrecy)]
    rows = [{"reference": _reference(issue, here), "weight": issue.weight} for issue in named[:MOST_LISTED]]
    return {"rows": rows, "more": len(named) - len(rows), "unnamed": len(issues) - len(named), "count": len(issues)}


def _reference(issue: Issue, here: str) -> Trusted:
    """Paths have no characters that act in Markdown at their place."""
    path = "" if is_same_path(issue.project_path, here) else issue.project_path
    return Trusted(f"{path}#{issue.iid}+")


def mention(each: Retrospective, facts: RetrospectiveFacts, setup: Setup, note_id: int | None) -> str:
    work = facts.work.get(each.milestone.title, {}).get(each.group.name, GroupWork())
    url = f"{each.issue.web_url}#note_{note_id}" if each.issue is not None and note_id is not None else None
    return _render(
        setup,
        "mention",
        people=mentions([*each.group.people.usernames(), *members_of(each.group, facts)]),
        milestone=Trusted(each.milestone.title),
        last_day=in_words(each.milestone.last_day),
        shipped=len(work.shipped),
        slipped=len(work.slipped),
        still_open=len(work.still_open),
        note_url=Trusted(url) if url else None,
        bot_name=Trusted(setup.bot_name),
    )


def members_of(group: SectionGroup, facts: RetrospectiveFacts) -> list[str]:
    """Usernames of the team; its manager where a group of GitLab shows none."""
    if group.members.group is None:
        return list(group.members.usernames)
    found = facts.people.members_of.get(group.members.group, ())
    names = [user.username for user in found if user.state == "active" and not user.is_bot]
    return names or [group.people.engineering_manager]


def reminder(issue: Issue, asked: str, milestone: Milestone, today: dt.date, setup: Setup) -> str:
    """Of a follow-up that is overdue. Args: asked: who is, where nobody is assigned."""
    assert issue.due_on is not None
    active = [user.username for user in issue.assignees if user.state == "active"]
    return _render(
        setup,
        "reminder",
        people=mentions(active or [asked]),
        due_on=Trusted(issue.due_on.isoformat()),
        overdue_days=(today - issue.due_on).days,
        is_assigned=bool(active),
        milestone=Trusted(milestone.title),
    )


def published(setup: Setup) -> str:
    return _render(setup, "published", hold_label=Trusted(setup.own.hold_label))


def unpublished(group: SectionGroup, setup: Setup) -> str:
    return _render(setup, "unpublished", manager=mentions([group.people.engineering_manager]))


# -- the section's retrospective ---------------------------------------------------------------------------------------


def section_description(milestone: Milestone, setup: Setup) -> str:
    return _render(
        setup,
        "section",
        section=Trusted(setup.section.name),
        milestone=Trusted(milestone.title),
        last_day=in_words(milestone.last_day),
        release_day=in_words(milestone.release_day),
        review_day=in_words(setup.day_of("section_review", milestone)),
        closing_day=in_words(setup.day_of("section_closing", milestone)),
        bot_name=Trusted(setup.bot_name),
        bot_note=Trusted(NOTE_PLACEHOLDER),
        dri=Trusted(setup.section.dri),
        calls_for_volunteer=setup.own.section.calls_for_volunteer,
        follow_up_label=Trusted(setup.own.follow_up_label),
    )


def section_note(section: SectionRetrospective, facts: RetrospectiveFacts, today: dt.date, setup: Setup) -> str:
    """Where the groups are, what bubbled up, what repeats, what is overdue."""
    confidential = section.issue.confidential if section.issue is not None else setup.own.section.confidential
    secrecy = facts.projects.secrecy_at(section.project_path, confidential=confidential)
    own = [each for each in facts.retrospectives if each.milestone == section.milestone]

    def is_linked(each: Retrospective) -> bool:
        """That there is one is no secret; where, only if its project is."""
        project = facts.projects.get(each.project_path)
        return project is not None and reach_of(project) >= secrecy.reach

    linked = {each.group.name for each in own if is_linked(each)}
    readable = [topic for topic in section.topics if topic.is_for_all]
    shown = section.topics[:MOST_LISTED]
    given = [*((each.group.name, each.follow_ups) for each in own), ("The section", section.follow_ups)]
    return _render(
        setup,
        "section_note",
        milestone=Trusted(section.milestone.title),
        groups=[
            next((_standing(each, facts, is_linked(each), setup) for each in own if each.group == group), _none(group))
            for group in setup.section.groups
        ],
        topics=[_topic(topic, topic.is_for_all or topic.group.name in linked) for topic in shown],
        more_topics=len(section.topics) - len(shown) + section.more_topics,
        unread_topics=len(section.topics) - len(readable),
        themes=[
            {
                "words": Trusted(plain_line(theme.words)),
                "groups": Trusted(", ".join(theme.groups)),
                "count": len(theme.groups),
                "topics": [Trusted(topic.url) for topic in theme.topics[:MOST_LISTED]],
            }
            for theme in find_themes(readable, setup.own.themes)
        ],
        least_groups=setup.own.themes.least_groups,
        follow_ups=[
            {"group": Trusted(name)} | _listed(overdue, section.project_path, secrecy, facts)
            for name, follow_ups in given
            if (overdue := tuple(issue for issue in follow_ups if issue.due_on and issue.due_on < today))
        ],
    )


def _none(group: SectionGroup) -> dict[str, Any]:
    """Of a group without a project."""
    return {"group": Trusted(group.name), "has_project": False, "exists": False, "threads": 0, "comments": 0}


def _standing(each: Retrospective, facts: RetrospectiveFacts, is_linked: bool, setup: Setup) -> dict[str, Any]:
    said = [
        [note for note in discussion.notes if is_point(note, setup.bot_name, facts.own_ids) and not note.is_internal]
        for discussion in each.discussions or ()
    ]
    issue = each.issue
    return {
        "group": Trusted(each.group.name),
        "reference": Trusted(issue.reference) if issue is not None and is_linked else None,
        "has_project": True,
        "exists": bool(each.issues),
        "is_away": issue is None,
        "is_held": each.is_held,
        "threads": sum(1 for notes in said if notes),
        "comments": sum(len(notes) for notes in said),
    }


def _topic(topic: Topic, is_linked: bool) -> dict[str, Any]:
    return {
        "group": Trusted(topic.group.name),
        "text": Trusted(plain_line(topic.text, MOST_LETTERS_OF_A_TOPIC)) if topic.is_for_all else None,
        "url": Trusted(topic.url) if is_linked else None,
        "up_votes": topic.up_votes,
    }


def section_review(milestone: Milestone, people: Iterable[str], note_url: str | None, setup: Setup) -> str:
    return _render(
        setup,
        "section_review",
        people=mentions(people),
        section=Trusted(setup.section.name),
        milestone=Trusted(milestone.title),
        closing_day=in_words(setup.day_of("section_closing", milestone)),
        note_url=Trusted(note_url) if note_url else None,
    )


def section_closing(milestone: Milestone, people: Iterable[str], setup: Setup) -> str:
    return _render(setup, "section_closing", people=mentions(people), milestone=Trusted(milestone.title))


def section_withdrawn(milestone: Milestone, setup: Setup) -> str:
    return _render(setup, "section_withdrawn", milestone=Trusted(milestone.title))
