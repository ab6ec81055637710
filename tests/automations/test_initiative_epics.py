"""Epics as section-wide initiatives."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.initiatives import AUTOMATION
from bot.automations.initiatives.gather import gather_initiatives
from bot.automations.initiatives.listing import explain, lines
from bot.automations.initiatives.plan import plan_initiatives
from bot.automations.initiatives.review import NOTE_MARKER
from bot.automations.initiatives.watermark import usable
from bot.domain.changes import AddToEpic
from bot.domain.errors import GitLabUnreachable, WrongInput
from bot.domain.events import Event
from bot.domain.plan import NoticeKind, Plan
from bot.domain.policy_changes import UpdateResource
from bot.domain.ports import Scope
from bot.domain.resources import (
    AccessLevel,
    Epic,
    EpicId,
    EpicReference,
    Group,
    IssueLink,
    LabelEvent,
    Note,
    Project,
    User,
)
from tests.automations.initiatives import (
    GWEN,
    LABELS,
    NOW,
    OWNED,
    RITA,
    SETUP,
    FakeReader,
    bodies,
    carried_out,
    epic,
    initiative,
    kinds,
    labels_of,
    linked,
    member,
    notes_of,
    opened,
    planned,
    project,
    said,
    setup,
    with_plan,
)
from tests.automations.test_initiative_distribution import DAST, SAST
from tests.automations.test_initiative_review import PLANNING
from tests.automations.test_initiative_stages import implementation

THIS = Scope(epic=EpicReference("sec", 4), event_kind="epic")
COMPLETE = (*LABELS, "initiative::complete")
DAYS = dt.timedelta(days=9)
DRI = User(80, "dri.sec")
EVENT = Event("epic", 0, "sec", 4, labels=frozenset(LABELS), resource_kind="epics")


def looked(*epics: Epic, notes: list[Note] | None = None, scope: Scope = THIS, **reader: Any) -> Plan:
    given: dict[str, Any] = {"members_of": {7: [member(GWEN)], 9: [member(GWEN)]}} | reader
    return planned(FakeReader([], epics_there=list(epics), notes={4: notes or []}, **given), scope=scope)


def owned(*words: str, **fields: Any) -> tuple[Epic, list[Note]]:
    """An epic of Static Analysis with a plan, on which everything else was said and done."""
    item = epic(labels=OWNED, **({"description": with_plan(SAST, DAST)} | fields))
    notes = carried_out(looked(item), [])
    return item, [*notes, *(said(200 + number, each) for number, each in enumerate(words))]


# -- what it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_one"),
    [
        ({}, True),
        ({"group_path": "sec/secure"}, True),
        ({"labels": ("all Sec groups",)}, True),
        ({"labels": ("section::sec",)}, False),
        ({"group_path": "elsewhere"}, False),
        ({"group_path": "sec/incidents"}, False),
        ({"group_path": "sec/incidents/below"}, False),
    ],
)
def test_an_epic_with_the_labels_is_an_initiative_in_the_section_and_in_no_hidden_group(
    fields: dict[str, Any], is_one: bool
) -> None:
    item = epic(**fields)
    using = replace(SETUP, hidden_groups=("sec/incidents",))
    groups = [Group(9, item.group_path, "public")]
    reader = FakeReader([], epics_there=[item], groups=groups)
    scope = Scope(epic=EpicReference(item.group_path, 4), event_kind="epic")
    found = gather_initiatives(scope, reader, using, NOW).initiatives
    assert [each.item for each in found] == ([item] if is_one else [])


def test_what_it_lacks_stands_in_a_note_on_it_and_a_label_follows() -> None:
    plan = looked(epic(description=""))
    note, label = (step.change for step in plan.steps)
    assert [step.subject for step in plan.steps] == ["sec&4", "sec&4"]
    assert (note.summary.split(":")[0], label.summary) == (
        "write note: write the note on sec&4".removeprefix("write note: "),
        "labels of sec&4: +initiative::incomplete",
    )
    assert getattr(note, "at", None) == getattr(label, "at", None) == EpicId(9, 4, 904)


@pytest.mark.parametrize(
    ("event", "listens"),
    [
        (EVENT, True),
        (replace(EVENT, project_path="sec/secure"), True),
        (replace(EVENT, project_path="elsewhere"), False),
        (replace(EVENT, labels=frozenset({"bug"})), False),
        (replace(EVENT, kind="note"), False),
    ],
)
def test_it_listens_to_epics_of_the_section(event: Event, listens: bool) -> None:
    parts = {"section": SETUP.section, "initiatives": SETUP.own}

    class Settings:
        def part(self, name: str) -> Any:
            return parts[name]

    assert AUTOMATION.listens_to(event, Settings()) is listens


def test_an_epic_that_gitlab_does_not_have_is_told_to_who_has_typed_it() -> None:
    with pytest.raises(WrongInput, match="^GitLab has no epic sec&9, or the bot may not see it. Epics take Premium.$"):
        looked(scope=Scope(epic=EpicReference("sec", 9)))
    assert looked(scope=Scope(epic=EpicReference("sec", 9), event_kind="epic")) == Plan()


# -- where there are none --------------------------------------------------------------------------------------------


def swept(reader: FakeReader, watermark: Any = None) -> Plan:
    before = usable(watermark, SETUP, NOW)
    facts = gather_initiatives(Scope(watermark=watermark), reader, SETUP, NOW, before)
    return plan_initiatives(facts, SETUP, NOW, before)


def mark(**fields: Any) -> dict[str, Any]:
    return {"until": NOW.isoformat(), "milestone": "19.4", "due": {}, "changed_since": None} | fields


def test_where_gitlab_has_no_epics_it_asks_once_says_so_once_and_goes_on_with_issues() -> None:
    reader = FakeReader([initiative()], epics_there=None)
    plan = swept(reader)
    assert [each for each in reader.asked if each.startswith("epics")] == [
        "epics opened initiative::complete without None"
    ]
    [notice] = plan.notices
    assert (notice.kind, notice.sentence) == (
        NoticeKind.LEFT_ALONE,
        "GitLab shows no epics of sec (they take Premium): it goes on with issues.",
    )
    assert labels_of(plan) == [(("initiative::complete",), ())]
    again = swept(FakeReader([initiative()], epics_there=None), plan.watermark)
    assert (again.notices, again.steps) == ((), plan.steps)
    # Also when everything is read anew, in a new milestone.
    old = dict(plan.watermark or {}) | {"milestone": "19.3"}
    assert swept(FakeReader([initiative()], epics_there=None), old).notices == ()


def test_when_there_are_epics_all_are_read_whatever_the_mark_says() -> None:
    without = swept(FakeReader([], epics_there=None)).watermark
    old = epic(labels=COMPLETE, description="", updated_at=NOW - dt.timedelta(days=9))
    assert kinds(swept(FakeReader([], epics_there=[old]), without)) == ["write note", "change labels"]


def test_what_lost_its_labels_is_a_reason_to_read_all_for_the_review() -> None:
    known = mark(due={"7-4": (NOW + DAYS).isoformat()})
    for iid, is_news in ((4, True), (5, False)):
        plan = swept(FakeReader([initiative(iid, labels=("section::sec",))]), known)
        assert (plan.watermark is not None and plan.watermark["changed_since"] is not None) is is_news


def test_while_gitlab_does_not_list_epics_issues_are_looked_at_and_the_mark_is_not_kept() -> None:
    class Silent(FakeReader):
        def epics(self, group: str, **query: Any) -> tuple[Epic, ...] | None:
            raise GitLabUnreachable("GET /groups/sec/epics", "status 500")

    for before in (None, mark()):
        plan = swept(Silent([initiative()]), before)
        [notice] = plan.notices
        assert (notice.kind, notice.sentence) == (
            NoticeKind.FAILED,
            "GitLab did not list the epics of sec: GitLab did not answer GET /groups/sec/epics: status 500",
        )
        assert labels_of(plan) == [(("initiative::complete",), ())]


def test_what_became_one_without_a_change_is_found_when_nothing_else_is_to_do() -> None:
    old = NOW - dt.timedelta(days=9)
    plan = swept(FakeReader([initiative(updated_at=old)], epics_there=[epic(6, updated_at=old)]), mark())
    assert {step.subject for step in plan.steps} == {"sec/product#4", "sec&6"}
    plan = swept(FakeReader([initiative(updated_at=old)], epics_there=None), mark(without_epics=True))
    assert {step.subject for step in plan.steps} == {"sec/product#4"}


def test_an_epic_that_was_moved_is_found_by_its_issues() -> None:
    moved = epic(8, labels=OWNED, description=with_plan(SAST, DAST))
    old = epic(4, group_id=66, group_path="sec/old", labels=OWNED, state="closed")
    part = implementation(5, "dast", "epic-66-4", epic=EpicId(9, 8, 908)).issue
    reader = FakeReader([part], epics_there=[old, moved])
    found = gather_initiatives(Scope(project_id=7, iid=5, event_kind="issue"), reader, SETUP, NOW)
    assert [each.item for each in found.initiatives] == [moved]
    before = usable(mark(), SETUP, NOW)
    found = gather_initiatives(
        Scope(), FakeReader([part], epics_there=[old, replace(moved, updated_at=NOW - DAYS)]), SETUP, NOW, before
    )
    assert moved.iid in [each.item.iid for each in found.initiatives]


def test_it_says_so_again_when_there_were_epics_in_between() -> None:
    without = swept(FakeReader([], epics_there=None)).watermark
    there = swept(FakeReader([]), without)
    assert len(swept(FakeReader([], epics_there=None), there.watermark).notices) == 1


def test_a_sweep_with_a_mark_reads_what_has_changed() -> None:
    before = {
        "until": NOW.isoformat(),
        "milestone": "19.4",
        "due": {"epic-9-5": NOW.isoformat()},
        "changed_since": None,
    }
    changed, due = epic(4, labels=COMPLETE), epic(5, labels=COMPLETE, updated_at=NOW - dt.timedelta(days=9))
    reader = FakeReader([], epics_there=[changed, due])
    swept(reader, before)
    assert sorted(reader.asked) == [
        "discussions 9&4",
        "discussions 9&5",
        "epic 9&5",
        "epics all None without None",
        "issues all None without None",
        "links 9&4",
        "links 9&5",
    ]


# -- who owns it -----------------------------------------------------------------------------------------------------


def test_the_suggestion_counts_the_issues_in_it() -> None:
    part = IssueLink(initiative(8, labels=("group::compliance",)), "child")
    hidden = IssueLink(initiative(9, labels=("group::compliance",), confidential=True), "child")
    plan = looked(epic(labels=COMPLETE), links_of={4: [part, hidden]})
    [body] = bodies(plan)
    assert "| Compliance | 0 | 0 | 1 | 0 | 0 | 2 |" in body


def test_commands_take_a_role_in_its_group() -> None:
    private: dict[str, Any] = {
        "groups": [Group(9, "sec", "private")],
        "members_of": {9: [member(GWEN, AccessLevel.GUEST)]},
    }
    plan = looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot owner compliance")], **private)
    assert bodies(plan)[0].startswith("`sectionbot owner` had no effect: it takes the role Developer in this group.")
    events = [LabelEvent(70, "group::static analysis", "add", GWEN, NOW)]
    plan = looked(epic(labels=OWNED), events_of={4: events}, **private)
    assert labels_of(plan)[0] == ((), ("group::static analysis",))
    # In public, people below the level get no answer.
    public: dict[str, Any] = {"members_of": {9: [member(GWEN, AccessLevel.GUEST)]}}
    assert len(bodies(looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot owner compliance")], **public))) == 1
    # Nor where it is not known who sees the group.
    unknown: dict[str, Any] = {"groups": []}
    assert len(bodies(looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot owner compliance")], **unknown))) == 1


def test_an_owner_that_is_said_gets_the_label() -> None:
    plan = looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot owner compliance")])
    assert labels_of(plan) == [(("group::compliance",), ("group::not owned",))]
    assert bodies(plan)[0].startswith("Compliance owns it now.")


def test_asking_the_council_opens_a_question_in_the_epic() -> None:
    projects = [project(), PLANNING]
    plan = looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot council")], projects=projects)
    [create] = opened(plan)
    assert (create.project_path, create.title, create.labels, create.confidential) == (
        "sec/planning",
        "Which group answers for sec&4?",
        ("architectural council",),
        False,
    )
    assert create.description == (
        "Which group is impacted most by sec&4+, and answers for it?\n\n## Issue at hand and preferred action\n\n"
        "<!-- sectionbot:council_question about=epic-9-4 -->"
    )
    [child] = [step.change for step in plan.steps if isinstance(step.change, AddToEpic)]
    assert child.created_by == create.key
    assert bodies(plan)[0].startswith("A question for the council is opened in this epic; its own")
    # Said there, words for the council are none, whatever its labels.
    there = epic(labels=(*COMPLETE, "architectural council"))
    assert "pause" not in bodies(looked(there, notes=[said(20, "sectionbot help")]))[0]


@pytest.mark.parametrize(
    ("visibility", "projects"),
    [("private", [project(), replace(PLANNING, visibility="public")]), ("public", [project()])],
)
def test_where_more_people_read_the_question_a_person_opens_it(visibility: str, projects: list[Project]) -> None:
    given: dict[str, Any] = {"projects": projects, "groups": [Group(9, "sec", visibility)]}
    plan = looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot council")], **given)
    assert (labels_of(plan), opened(plan)) == ([], [])
    assert bodies(plan)[0].startswith(
        "The council takes issues, not epics: open an issue in this epic that asks the question, and set the label "
        "`architectural council` there."
    )


def test_the_label_that_means_close_asks_for_the_reason() -> None:
    events = [LabelEvent(70, "bot close", "add", GWEN, NOW)]
    plan = looked(epic(labels=(*COMPLETE, "bot close")), events_of={4: events})
    assert bodies(plan)[0].startswith("Why? Say `sectionbot close` with the reason behind it, on one line.")
    assert labels_of(plan) == [((), ("bot close",))]


def test_it_is_closed_with_a_reason() -> None:
    plan = looked(epic(labels=COMPLETE), notes=[said(20, "sectionbot close we do not need it")])
    [change] = [step.change for step in plan.steps if isinstance(step.change, UpdateResource)]
    assert (change.target.kind, change.target.path, change.target.name) == ("epics", "groups/9/epics/4", "sec&4")


# -- its issues ------------------------------------------------------------------------------------------------------


def test_the_issues_of_its_plan_become_its_children() -> None:
    item, notes = owned("sectionbot distribute")
    notes = carried_out(looked(item, notes=notes), notes)
    plan = looked(item, notes=[*notes, said(300, "sectionbot distribute now")])
    first, second = opened(plan)
    assert "initiative sec&4+" in first.description and "of=epic-9-4 " in first.description
    assert [step.change for step in plan.steps if isinstance(step.change, AddToEpic)] == [
        AddToEpic("sec/product#?", "sec&4", EpicId(9, 4, 904), created_by=first.key),
        AddToEpic("sec/product#?", "sec&4", EpicId(9, 4, 904), created_by=second.key),
    ]
    assert [link.link_type for link in linked(plan)] == ["is_blocked_by"]
    needs = {step.change.key: step.needs for step in plan.steps}
    assert needs["epic sec&4 " + first.key] == (first.key,)


def test_when_they_are_there_nothing_more_is_made_and_their_state_is_shown() -> None:
    item, notes = owned("sectionbot distribute")
    notes = carried_out(looked(item, notes=notes), notes)
    notes = carried_out(looked(item, notes=[*notes, said(300, "sectionbot distribute now")]), notes)
    children = [
        implementation(5, "static_application_security_testing", "epic-9-4", state="closed"),
        implementation(6, "dast", "epic-9-4"),
    ]
    later = NOW + dt.timedelta(days=1)
    reader: dict[str, Any] = {"links_of": {4: children}}
    plan = looked(item, notes=notes, **reader)
    assert (kinds(plan), opened(plan)) == (["write note"], [])
    [body] = bodies(plan)
    assert "sec/product#5+" in body and "sec/product#6+" in body
    done = carried_out(plan, notes, later)
    assert looked(item, notes=done, **reader) == Plan()


def test_what_happens_to_one_of_them_is_seen_in_the_epic() -> None:
    part = implementation(5, "dast", "epic-9-4").issue
    there = epic(labels=OWNED, description=with_plan(SAST, DAST))
    reader = FakeReader([part], epics_there=[there])
    found = gather_initiatives(Scope(project_id=7, iid=5, event_kind="issue"), reader, SETUP, NOW)
    assert [each.item for each in found.initiatives] == [there]
    # The marker is no pass into other groups.
    forged = implementation(5, "dast", "epic-66-4").issue
    elsewhere = epic(labels=OWNED, group_id=66, group_path="attacker")
    reader = FakeReader([forged], epics_there=[elsewhere])
    assert not gather_initiatives(Scope(project_id=7, iid=5, event_kind="issue"), reader, SETUP, NOW).initiatives


LONG = "9" * 5000


@pytest.mark.parametrize(
    "key", ["epic-", "epic-9", "epic-x-4", "epic-9-4-1", "9-4-1", "", f"{LONG}-1", f"epic-9-{LONG}", "²-1"]
)
def test_an_odd_key_names_nothing(key: str) -> None:
    before = mark(due={key: NOW.isoformat()})
    assert swept(FakeReader([]), before).steps == ()


@pytest.mark.parametrize(
    ("visibility", "of_group", "is_made"),
    [
        # Everybody who reads the project's issues is in the group.
        ("private", [GWEN, RITA], True),
        # Rita reads the project's issues alone.
        ("private", [GWEN], False),
        ("public", [GWEN], True),
    ],
)
def test_an_issue_is_made_only_where_nobody_reads_it_who_may_not_read_the_epic(
    visibility: str, of_group: list[User], is_made: bool
) -> None:
    given: dict[str, Any] = {
        "groups": [Group(9, "sec", visibility)],
        "projects": [project(visibility="private")],
        "members_of": {7: [member(GWEN), member(RITA)], 9: [member(each) for each in of_group]},
    }
    item, notes = owned("sectionbot distribute", description=with_plan(SAST))
    body = bodies(looked(item, notes=notes, **given))[0]
    assert ("people can read sec/product who cannot read this initiative" in body) is not is_made


def test_a_confidential_epic_makes_confidential_issues_without_its_words() -> None:
    secret = with_plan(SAST, prose="Secret words.")
    item, notes = owned("sectionbot distribute", description=secret, confidential=True)
    notes = carried_out(looked(item, notes=notes), notes)
    [create] = opened(looked(item, notes=[*notes, said(300, "sectionbot distribute now")]))
    assert create.confidential and "Secret words" not in create.description


# -- where it is shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "of_group", "is_named"),
    [
        ({}, [], True),
        ({"confidential": True}, [GWEN], False),
        ({"confidential": True}, [GWEN, DRI], True),
    ],
)
def test_the_review_names_it_where_all_its_readers_may(
    fields: dict[str, Any], of_group: list[User], is_named: bool
) -> None:
    there = epic(labels=COMPLETE, **fields)
    reader = FakeReader(
        [],
        epics_there=[there],
        projects=[project(), PLANNING],
        groups=[Group(5, "sec", "public")],
        members_of={9: [member(DRI)], 5: [member(each) for each in of_group]},
    )
    plan = planned(reader, scope=Scope(), using=setup(review_project="sec/planning"))
    [body] = [change.body for change in notes_of(plan) if change.marker == NOTE_MARKER]
    assert ("sec&4+" in body) is is_named
    assert ("epic-9-4" in body) is is_named


def test_it_is_listed_and_explained() -> None:
    reader = FakeReader([], epics_there=[epic(labels=COMPLETE)])
    facts = gather_initiatives(Scope(), reader, SETUP, NOW)
    [line] = lines(facts, SETUP, NOW)
    assert (line.reference, line.stage.value) == ("sec&4", "unowned")
    assert explain(facts.initiatives[0], facts, SETUP, NOW)[0].startswith("Stage: unowned, since it is complete")
