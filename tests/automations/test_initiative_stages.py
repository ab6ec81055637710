"""Where initiatives stand, whom the bot suggests, asks and reminds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.initiatives.facts import SUGGESTION_MARKER, Initiative, InitiativeFacts
from bot.automations.initiatives.gather import gather_initiatives
from bot.automations.initiatives.implementation_plan import Row
from bot.automations.initiatives.listing import explain
from bot.automations.initiatives.stages import STAGES, Stage, Standing, stand
from bot.automations.initiatives.suggestion import suggest
from bot.domain.errors import GitLabRefused
from bot.domain.markers import marker
from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import Issue, IssueLink, MergeRequest, User
from tests.automations.initiatives import (
    BOT,
    GWEN,
    LABELS,
    NOW,
    OWNED,
    RITA,
    SETUP,
    FakeReader,
    bodies,
    carried_out,
    described,
    initiative,
    kinds,
    labels_of,
    note,
    notes_of,
    planned,
    said,
    setup,
    with_plan,
)

DAY = dt.timedelta(days=1)
DAST = "dast | Write it | 3 | "


def implementation(iid: int, category: str = "dast", key: str = "7-4", **fields: Any) -> IssueLink:
    row = Row(category, "Write it", 3, ())
    mark = marker("implementation", of=key, category=row.key)
    description = f"Part\n\n{mark}\n{marker('implementation_row', row=row.hash)}"
    value = initiative(iid, author=BOT, labels=("section::sec", "group::dynamic analysis"), description=description)
    return IssueLink(replace(value, **fields), "relates_to")


def test_it_is_not_done_while_a_row_has_no_issue() -> None:
    """Not even where nobody owns the row's category: a word that is misspelt is no work that is done."""
    issue = initiative(labels=OWNED, description=with_plan("dast | a | 1 |", "dasst | b | 1 |"))
    assert standing(issue, implementation(5, state="closed")).stage is Stage.UNDER_WAY


def facts_of(reader: FakeReader) -> InitiativeFacts:
    return gather_initiatives(Scope(project_id=7, iid=4, event_kind="issue"), reader, SETUP, NOW)


def standing(issue: Issue, *links: IssueLink, now: dt.datetime = NOW, notes: tuple[Any, ...] = ()) -> Standing:
    facts = facts_of(FakeReader([issue], notes={4: list(notes)}, links_of={4: list(links)}))
    [each] = facts.initiatives or (Initiative(issue),)
    return stand(each, facts, SETUP, now)


@pytest.mark.parametrize(
    ("fields", "links", "stage"),
    [
        ({"description": ""}, [], Stage.INCOMPLETE),
        ({}, [], Stage.UNOWNED),
        ({"labels": (*OWNED, "group::dynamic analysis")}, [], Stage.UNOWNED),
        ({"labels": OWNED}, [], Stage.OWNED),
        ({"labels": OWNED, "description": described() + "\n\n## Implementation plan\n\nLater."}, [], Stage.OWNED),
        ({"labels": OWNED, "description": with_plan(DAST)}, [], Stage.PLANNED),
        ({"labels": OWNED, "description": with_plan(DAST)}, [implementation(5)], Stage.DISTRIBUTED),
        ({"labels": OWNED, "description": ""}, [implementation(5)], Stage.DISTRIBUTED),
        ({"labels": OWNED}, [implementation(5, milestone="19.4")], Stage.UNDER_WAY),
        ({"labels": OWNED}, [implementation(5, assignees=(GWEN,))], Stage.UNDER_WAY),
        ({"labels": OWNED}, [implementation(5, state="closed"), implementation(6, "sast")], Stage.UNDER_WAY),
        ({"labels": OWNED}, [implementation(5, state="closed")], Stage.DONE),
        ({"labels": OWNED, "state": "closed"}, [], Stage.DONE),
        # Of another initiative, or made by a person: no part of this one.
        ({"labels": OWNED}, [implementation(5, key="7-99")], Stage.OWNED),
        ({"labels": OWNED}, [implementation(5, author=RITA)], Stage.OWNED),
        ({"labels": OWNED}, [implementation(5, is_duplicate=True)], Stage.OWNED),
    ],
)
def test_where_it_stands_is_derived(fields: dict[str, Any], links: list[IssueLink], stage: Stage) -> None:
    assert standing(initiative(**fields), *links).stage is stage


def test_each_stage_says_what_moves_it_on() -> None:
    assert list(STAGES) == list(Stage)
    assert "`sectionbot distribute`" in standing(initiative(labels=OWNED, description=with_plan(DAST))).moves_on(
        "sectionbot"
    )


def test_moved_to_another_project_its_issues_are_still_known() -> None:
    """GitLab takes notes and links along; the bot's note says what it was called."""
    state = "<!-- sectionbot:initiative_state initiative=3-1 planned=never reminded=never -->"
    moved = initiative(labels=OWNED)
    found = standing(moved, implementation(5, key="3-1"), notes=(note(9, f"Expected.\n\n{state}"),))
    assert found.stage is Stage.DISTRIBUTED
    assert standing(moved, implementation(5, key="3-1"), notes=(said(9, state),)).stage is Stage.OWNED


# -- the most impacted group -----------------------------------------------------------------------------------------


def suggested(issue: Issue, **reader: Any) -> Any:
    facts = facts_of(FakeReader([issue], **reader))
    return suggest(facts.initiatives[0], facts, SETUP)


def test_the_first_worked_example_of_the_docs() -> None:
    """Two categories in the text, a linked issue, a merge request: 3 + 3 + 2 + 2 points."""
    text = described(Problem="Audit events and compliance_management name a finding in their own way.")
    links = [IssueLink(initiative(9, labels=("group::compliance",)), "relates_to")]
    merge_requests = [MergeRequest(1, "sec/product", ("group::compliance",))]
    found = suggested(initiative(description=text), links_of={4: links}, merge_requests_of={4: merge_requests})
    [first] = found.evidence
    assert (first.group.name, first.points(SETUP.own.weights)) == ("Compliance", 10)
    assert found.group == first.group


def test_the_second_worked_example_of_the_docs() -> None:
    """Each group has two categories, or one and three people: 6 points each, as good as tied."""
    text = described(Problem="DAST and fuzz testing, and static application security testing.")
    people = [User(50 + n, name) for n, name in enumerate(("em.gwen", "tl.iris", "dev.jono"))]
    notes = [said(20 + n, "Us, too.", person) for n, person in enumerate(people)]
    found = suggested(initiative(description=text), notes={4: notes})
    points = {one.group.name: one.points(SETUP.own.weights) for one in found.evidence}
    assert points == {"Dynamic Analysis": 6, "Static Analysis": 6}
    assert found.group is None
    assert found.why_not == "Dynamic Analysis and Static Analysis are as good as tied: 6 and 6 points"


def test_the_suggestion_stands_in_one_note_until_somebody_decides() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"))
    plan = planned(FakeReader([issue]))
    [body] = bodies(plan)
    assert body.startswith("Which group is impacted most is not clear: nothing in it points to a group.")
    assert "The architectural council can help: `sectionbot council`." in body and body.endswith(SUGGESTION_MARKER)
    text = described(Problem="Audit events and compliance management.")
    plan = planned(FakeReader([replace(issue, description=text)], notes={4: [note(9, body)]}))
    [change] = notes_of(plan)
    assert change.note_id == 9
    assert change.body.startswith("**Compliance** seems to be the group that is impacted most.\n\n| Group |")
    assert "| Compliance | 0 | 2 | 0 | 0 | 0 | 6 |" in change.body
    owned = replace(issue, labels=OWNED)
    assert SUGGESTION_MARKER not in "".join(bodies(planned(FakeReader([owned], notes={4: [note(9, body)]}))))


# -- the group that owns it ------------------------------------------------------------------------------------------


def test_its_manager_hears_once_what_is_expected_and_until_when() -> None:
    issue = initiative(labels=(*OWNED, "group::not owned"))
    plan = planned(FakeReader([issue]))
    assert labels_of(plan) == [((), ("group::not owned",))]
    [body] = bodies(plan)
    assert body.startswith("@em.gwen: Static Analysis owns this initiative. What is expected, by 2026-10-01:")
    assert "   | Feature category | What | Weight | Depends on |\n   | --- | --- | --- | --- |\n" in body
    again = FakeReader([initiative(labels=OWNED)], notes={4: carried_out(plan, [])})
    assert planned(again) == Plan()


def test_who_has_no_account_is_named_not_mentioned() -> None:
    reader = FakeReader([initiative(labels=OWNED)], inactive=frozenset({"em.gwen"}))
    [body] = bodies(planned(reader))
    assert body.startswith("em.gwen (who has no active account): Static Analysis owns")


def owned_since(days: int, **fields: Any) -> tuple[Issue, list[Any]]:
    issue = initiative(labels=OWNED, **fields)
    first = planned(FakeReader([issue]))
    return issue, carried_out(first, [], at=NOW)


def test_without_a_plan_for_long_there_is_one_reminder_a_milestone() -> None:
    issue, notes = owned_since(30)
    early = NOW + 29 * DAY
    assert planned(FakeReader([issue], notes={4: notes}), now=early) == Plan()
    late = NOW + 30 * DAY
    plan = planned(FakeReader([issue], notes={4: notes}), now=late)
    assert bodies(plan)[0].startswith(
        "@em.gwen: it is owned since 2026-09-01 and has no plan. What would move it on: write the heading of the plan "
        "and its table into the description.\n\nThis comes once a milestone; the label `bot::quiet` stops it."
    )
    notes = carried_out(plan, notes, at=late)
    assert planned(FakeReader([issue], notes={4: notes}), now=late + DAY) == Plan()
    # Not even when a person deletes it: that it was said stands in the other note, too.
    without = [each for each in notes if "initiative_reminder" not in each.body]
    assert planned(FakeReader([issue], notes={4: without}), now=late + DAY) == Plan()
    # In the next milestone once more.
    assert kinds(planned(FakeReader([issue], notes={4: notes}), now=late + 31 * DAY)) == ["write note"] * 2


def test_nobody_is_reminded_while_it_is_quiet() -> None:
    issue, notes = owned_since(30)
    quiet = replace(issue, labels=(*OWNED, "bot::quiet"))
    assert planned(FakeReader([quiet], notes={4: notes}), now=NOW + 60 * DAY) == Plan()


def test_a_plan_that_is_not_distributed_is_reminded_of_too() -> None:
    issue, notes = owned_since(0)
    planned_issue = replace(issue, description=with_plan(DAST))
    plan = planned(FakeReader([planned_issue], notes={4: notes}), now=NOW + 5 * DAY)
    assert kinds(plan) == ["write note"] and "planned=2026-09-06" in bodies(plan)[0]
    notes = carried_out(plan, notes)
    assert planned(FakeReader([planned_issue], notes={4: notes}), now=NOW + 34 * DAY) == Plan()
    plan = planned(FakeReader([planned_issue], notes={4: notes}), now=NOW + 35 * DAY)
    assert bodies(plan)[0].startswith("@em.gwen: it is planned since 2026-09-06 and not distributed. What would move")


def test_a_plan_that_cannot_be_distributed_is_reminded_of_with_the_reason() -> None:
    issue, notes = owned_since(0)
    broken = replace(issue, description=with_plan("dast | a | x |"))
    notes = carried_out(planned(FakeReader([broken], notes={4: notes})), notes)
    plan = planned(FakeReader([broken], notes={4: notes}), now=NOW + 30 * DAY)
    assert (
        "What would move it on: mend the plan, which cannot be distributed: Row 1 (dast): the weight x is no"
        in (bodies(plan)[0])
    )


def test_explaining_a_closed_one_says_no_more_than_that() -> None:
    facts = facts_of(FakeReader([initiative(labels=OWNED, state="closed")]))
    [each] = facts.initiatives
    assert explain(each, facts, SETUP, NOW) == ["Stage: done, since it is closed. Reopen it if that is not right."]


# -- relevance -------------------------------------------------------------------------------------------------------


OLD = NOW - 184 * DAY


def asked_of(plan: Plan) -> list[str]:
    return [body for body in bodies(plan) if "relevance_check" in body]


def test_what_is_old_is_asked_about_twice_and_no_more() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"), created_at=OLD)
    notes: list[Any] = []
    first = planned(FakeReader([issue]))
    [body] = asked_of(first)
    assert body.startswith(
        "@pm.sec and @dri.sec: nobody has said since 2026-03-01, 6 months ago, that this initiative matters. Is it "
        "still relevant?\n\n* Yes: `sectionbot relevant`, or the label `bot relevant`.\n"
        "* No: `sectionbot close` with the reason on the same line.\n\n"
        "Without an answer this comes once more, in the next milestone."
    )
    notes = carried_out(first, notes)
    assert planned(FakeReader([issue], notes={4: notes})) == Plan()
    later = NOW + 30 * DAY
    second = planned(FakeReader([issue], notes={4: notes}), now=later)
    assert "This is the second question, and the last" in asked_of(second)[0]
    notes = carried_out(second, notes)
    assert planned(FakeReader([issue], notes={4: notes}), now=later + 60 * DAY) == Plan()


def test_the_people_of_the_group_that_owns_it_are_asked() -> None:
    issue = initiative(labels=OWNED, created_at=OLD)
    assert asked_of(planned(FakeReader([issue])))[0].startswith("@pm.hugo and @em.gwen: nobody has said since")


def test_a_confirmation_starts_the_clock_again() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"), created_at=OLD)
    plan = planned(FakeReader([issue], notes={4: [said(20, "sectionbot relevant")]}))
    [answer] = bodies(plan)
    assert answer.startswith("Confirmed. The next question comes after 2027-03-03.")
    notes = carried_out(plan, [said(20, "sectionbot relevant")])
    assert asked_of(planned(FakeReader([issue], notes={4: notes}))) == []
    assert asked_of(planned(FakeReader([issue], notes={4: notes}), now=NOW + 182 * DAY)) == []
    assert asked_of(planned(FakeReader([issue], notes={4: notes}), now=NOW + 184 * DAY)) != []


def test_nothing_is_closed_by_itself_unless_the_settings_say_so() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"), created_at=OLD)
    using = setup(close_unconfirmed=True)
    notes: list[Any] = []
    for months in (0, 1):
        plan = planned(FakeReader([issue], notes={4: notes}), now=NOW + months * 30 * DAY, using=using)
        notes = carried_out(plan, notes)
    assert "Without an answer it is closed when the next milestone has begun." in notes[-1].body
    plan = planned(FakeReader([issue], notes={4: notes}), now=NOW + 60 * DAY, using=using)
    assert kinds(plan) == ["write note", "update"]
    assert bodies(plan)[0].startswith("Nobody has confirmed that this is still relevant, so it is closed, as the")
    assert planned(FakeReader([issue], notes={4: notes}), now=NOW + 60 * DAY) == Plan()


def test_one_that_gitlab_does_not_show_is_told_and_stops_no_other() -> None:
    class Refusing(FakeReader):
        def links(self, issue: Any) -> Any:
            if issue.iid == 4:
                raise GitLabRefused(403, "no", "GET /x")
            return super().links(issue)

    other = initiative(5)
    plan = planned(Refusing([initiative(), other]), scope=Scope())
    assert {step.subject for step in plan.steps} == {"sec/product#5"}
    [notice] = plan.notices
    assert (notice.kind, notice.sentence) == (
        NoticeKind.REFUSED,
        "GitLab does not show what was said in sec/product#4: GitLab refused GET /x with 403: no",
    )
