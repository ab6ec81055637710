"""What people write into a plan, what the bot shows of it, and what it makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.automations.initiatives.distribution import distribution, plan_distribution
from bot.automations.initiatives.gather import gather_initiatives
from bot.automations.initiatives.implementation_plan import ImplementationPlan, parse_plan
from bot.automations.initiatives.stages import stand
from bot.domain.confidentiality import KnownProjects
from bot.domain.plan import Plan
from bot.domain.policy_changes import UpdateResource
from bot.domain.ports import Scope
from bot.domain.resources import AccessLevel, Issue, IssueLink, LabelEvent, MergeRequest, Note, Project, User
from tests.automations.initiatives import (
    BOT,
    GWEN,
    LABELS,
    NOW,
    OWNED,
    RITA,
    SECTION,
    SETUP,
    FakeReader,
    bodies,
    carried_out,
    described,
    initiative,
    kinds,
    labels_of,
    linked,
    member,
    note,
    notes_of,
    opened,
    planned,
    project,
    said,
    setup,
    with_plan,
)
from tests.automations.test_initiative_stages import implementation

SAST = "static_application_security_testing | Write the new name | 3 | "
DAST = "dast | The same | 2 | static_application_security_testing"
EVE = User(66, "eve.outside")


def parsed(description: str, *, for_all_groups: bool = False) -> ImplementationPlan:
    found = parse_plan(description, SETUP, for_all_groups=for_all_groups)
    assert found is not None
    return found


# -- the plan --------------------------------------------------------------------------------------------------------


def test_a_plan_is_read() -> None:
    plan = parsed(with_plan(SAST, DAST))
    assert [(row.category, row.what, row.weight, row.depends_on) for row in plan.rows] == [
        ("static_application_security_testing", "Write the new name", 3, ()),
        ("dast", "The same", 2, ("static_application_security_testing",)),
    ]
    assert [row.owner.name for row in plan.rows if row.owner is not None] == ["Static Analysis", "Dynamic Analysis"]
    assert plan.problems == ()


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        (("dast | a | 1 |", "DAST | b | 1 |"), ["Row 2: DAST has a row already. Make one of the two."]),
        (("dast | a | many |",), ["Row 1 (dast): the weight many is no number from 0 to 1000."]),
        (("dast | a | -3 |",), ["Row 1 (dast): the weight -3 is no number from 0 to 1000."]),
        (("dast | a | ² |",), ["Row 1 (dast): the weight ² is no number from 0 to 1000."]),
        (("| a | 1 |",), ["Row 1 names no feature category."]),
        (
            ("dast | a | 1 | fuzz",),
            ["dast depends on fuzz, which has no row."],
        ),
        (
            ("dast | a | 1 | fuzz_testin", "fuzz_testing | b | |"),
            ["dast depends on fuzz\\_testin, which has no row. Perhaps you meant 'fuzz\\_testing'?"],
        ),
        (
            ("dast | a | 1 | fuzz_testing", "fuzz_testing | b | | permissions", "permissions | c | | DAST"),
            [
                "These rows wait for each other: dast → fuzz\\_testing → permissions → dast. Take one of the "
                "dependencies out."
            ],
        ),
        (("dast | a | | dast",), ["These rows wait for each other: dast → dast. Take one of the dependencies out."]),
    ],
)
def test_what_cannot_be_distributed_gets_a_sentence(rows: tuple[str, ...], problems: list[str]) -> None:
    assert list(parsed(with_plan(*rows)).problems) == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "Just prose.",
            "It has no table: a row for each feature category, with the columns `feature category`, `what`, `weight`, "
            "`depends on`.",
        ),
        (
            "| Category | What |\n| --- | --- |\n| dast | x |",
            "Its table has no column `feature category`. The columns are `feature category`, `what`, `weight`, "
            "`depends on`.",
        ),
        ("| Feature category | What |\n| --- | --- |\n", "Its table has no rows."),
        (
            "| Feature category | What |\n| --- | --- |\n" + "\n".join(f"| c{n} | x |" for n in range(101)),
            "Its table has 101 rows; 100 are the most.",
        ),
    ],
)
def test_tables_that_are_none_get_a_sentence(text: str, problem: str) -> None:
    assert parsed(f"{described()}\n\n## Implementation plan\n\n{text}\n").problems == (problem,)


def test_cells_are_words_whatever_is_in_them() -> None:
    plan = parsed(
        with_plan(
            r"`dast` | Cut \| paste, [a link](https://x.example), <b>bold</b> @all | 3 | ",
            "**permissions** | /close | | dast",
        )
    )
    assert [(row.category, row.what) for row in plan.rows] == [
        ("dast", "Cut | paste, a link, bold @all"),
        ("permissions", "/close"),
    ]


def test_a_group_needs_a_reason_not_to_have_a_row() -> None:
    prose = "Not affected: Compliance, since no event has a name.\n\n- not affected: `group::sast` – it is done\n\n"
    prose += "Not affected: Threat Insights\n\nNot affected: Nobody, since."
    plan = parsed(with_plan("dast | a | |", prose=prose))
    assert dict(plan.not_affected) == {
        "Compliance": "since no event has a name.",
        "Static Analysis": "it is done",
    }
    assert "Threat Insights" in [group.name for group in plan.uncovered]
    assert plan.unread == ("Threat Insights without a reason", "Nobody, since. is no group of the directory")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Authentication and Authorization, since no name",
            {"Authentication": "since no name", "Authorization": "since no name"},
        ),
        (
            "Compliance, Threat Insights, and Anti-abuse: no names",
            dict.fromkeys(("Compliance", "Threat Insights", "Anti-abuse"), "no names"),
        ),
        ("Compliance, since", {}),
        ("Compliance and so on", {"Compliance": "and so on"}),
        ("Complianceship, since it has none", {}),
    ],
)
def test_several_groups_may_share_a_reason(line: str, expected: dict[str, str]) -> None:
    plan = parsed(with_plan("dast | a | |", prose=f"Not affected: {line}"))
    assert dict(plan.not_affected) == expected
    assert bool(plan.unread) is (not expected)


def test_lines_that_say_nothing_are_told_in_the_preview() -> None:
    plan = with_plan("dast | a | 1 |", prose="Not affected: Nobody @all, since.\n\nNot affected: Compliance")
    assert (
        "Lines that do not count: Nobody @\u2060all, since. is no group of the directory; Compliance without a reason. "
        "Write `Not affected: GROUP, since ...`."
    ) in bodies(asked("sectionbot distribute", description=plan))[0]


def test_an_initiative_for_all_groups_covers_all() -> None:
    [problem] = parsed(with_plan("dast | a | |"), for_all_groups=True).problems
    assert problem.startswith("It is for all groups, and these have neither a row nor a reason: Anti-abuse, Authent")
    assert problem.endswith("Write a line for each that is not affected: `Not affected: GROUP, since ...`.")
    rows = [f"{group.feature_categories[0]} | a | 1 |" for group in SECTION.groups if group.feature_categories]
    prose = "\n\n".join(
        f"Not affected: {group.name}, since it owns nothing" for group in SECTION.groups if not group.feature_categories
    )
    assert parsed(with_plan(*rows, prose=prose), for_all_groups=True).problems == ()


# -- what people say -------------------------------------------------------------------------------------------------


def owned(*words: str, description: str = "", by: User = GWEN, **fields: Any) -> tuple[Issue, list[Note]]:
    """An initiative of Static Analysis, on which everything else was said and done."""
    issue = initiative(labels=OWNED, description=description or with_plan(SAST, DAST), **fields)
    notes = carried_out(planned(FakeReader([issue], projects=[project(visibility="private"), project()])), [])
    for number, each in enumerate(words):
        notes.append(said(200 + number, each, by))
    return issue, notes


def asked(*words: str, reader: dict[str, Any] | None = None, **fields: Any) -> Plan:
    issue, notes = owned(*words, **fields)
    return planned(FakeReader([issue], notes={4: notes}, **(reader or {})))


def test_what_would_be_made_is_shown_first() -> None:
    plan = asked("sectionbot distribute")
    assert kinds(plan) == ["write note"]
    assert plan.look_again
    body = bodies(plan)[0]
    assert (
        "| dast | sec/product | `section::sec`, `devops::secure`, `group::dynamic analysis`, `Category:dast` | 2 | "
        "static_application_security_testing | new |"
    ) in body
    assert "Groups that have neither a row nor a reason: Anti-abuse, Authentication," in body
    assert "`sectionbot distribute now` does exactly this. Should the plan change before, it is shown again" in body


def shown(description: str = "", **fields: Any) -> tuple[Issue, list[Note]]:
    issue, notes = owned("sectionbot distribute", description=description, **fields)
    return issue, carried_out(planned(FakeReader([issue], notes={4: notes})), notes)


def test_what_was_shown_is_made() -> None:
    issue, notes = shown()
    plan = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]}))
    first, second = opened(plan)
    assert (first.project_path, first.title, first.weight, first.confidential) == (
        "sec/product",
        "static_application_security_testing: One name",
        3,
        False,
    )
    assert second.labels == ("section::sec", "devops::secure", "group::dynamic analysis", "Category:dast")
    assert [(link.link_type, link.source_created_by, link.target_created_by) for link in linked(plan)] == [
        ("relates_to", first.key, ""),
        ("relates_to", second.key, ""),
        ("is_blocked_by", second.key, first.key),
    ]
    done, otherwise = bodies(plan)
    assert done.startswith("Done: 2 new issues. My note on the progress lists them all.")
    assert otherwise.startswith(
        "Not all of it could be done: GitLab refused something, and the bot's operators are told. `sectionbot "
        "distribute now` does what is missing; nothing is done twice."
    )
    assert plan.steps[-1].unless == plan.steps[-2].change.key
    assert set(plan.steps[-2].needs) == {step.change.key for step in plan.steps[:-2]}


@pytest.mark.parametrize("was_shown", [True, False])
def test_another_plan_than_the_one_that_was_shown_is_shown_again(was_shown: bool) -> None:
    issue, notes = shown() if was_shown else owned()
    issue = replace(issue, description=with_plan(SAST))
    plan = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]}))
    assert opened(plan) == []
    assert bodies(plan)[0].startswith("Nothing was made: the plan is not the one that was shown last. This is what it")


def test_a_preview_that_somebody_else_has_written_does_not_count() -> None:
    issue, notes = shown()
    forged = [replace(each, author=RITA) if "shown=" in each.body else each for each in notes]
    plan = planned(FakeReader([issue], notes={4: [*forged, said(300, "sectionbot distribute now")]}))
    assert opened(plan) == []


@pytest.mark.parametrize(
    ("words", "fields", "answer"),
    [
        ("distribute", {"description": described()}, "There is no plan yet: the description needs the heading `Implem"),
        ("distribute now", {"labels": LABELS}, "No group owns it yet, so nobody answers for the plan: first"),
        ("distribute now", {"description": with_plan("dast | a | x |")}, "The plan cannot be distributed like this:"),
        ("owner", {}, "Which group? `sectionbot owner GROUP`, with one of: Anti-abuse, Authentication,"),
        ("owner Statc Analysis", {}, "The section has no group Statc Analysis. Perhaps you meant 'Static Analysis'?"),
        ("owner @all <b>", {}, "The section has no group @\u2060all. There are: Anti-abuse,"),
        ("close", {}, "Why? Say `sectionbot close` with the reason behind it, on one line."),
        ("close it was done by others", {}, "Closed, for the reason above."),
        ("council", {}, "The architectural council is asked; its own note says what it needs."),
        ("distribut", {}, "I do not know `sectionbot distribut`. Perhaps you meant `sectionbot distribute`?"),
    ],
)
def test_answers(words: str, fields: dict[str, Any], answer: str) -> None:
    issue, notes = owned()
    issue = replace(issue, **fields)
    plan = planned(FakeReader([issue], notes={4: [*notes, said(300, f"sectionbot {words}")]}))
    found = [body for body in bodies(plan) if "command_answer" in body]
    assert len(found) == 1 and found[0].startswith(answer), found


@pytest.mark.parametrize(
    "name", ["dynamic analysis", "group::dynamic analysis", "~group::dynamic analysis", "Dynamic-Analysis"]
)
def test_a_group_is_named_in_any_way(name: str) -> None:
    plan = asked(f"sectionbot owner {name}")
    assert labels_of(plan) == [(("group::dynamic analysis",), ("group::static analysis",))]


def test_closing_closes() -> None:
    plan = asked("sectionbot close done elsewhere")
    assert kinds(plan) == ["update", "write note"]
    [change] = [step.change for step in plan.steps if isinstance(step.change, UpdateResource)]
    assert change.fields == (("state_event", "close"),)


def test_of_two_the_later_counts_and_both_are_answered() -> None:
    plan = asked("sectionbot owner compliance", "sectionbot owner dynamic analysis")
    assert labels_of(plan) == [(("group::dynamic analysis",), ("group::static analysis",))]
    assert [body.split("\n")[0] for body in bodies(plan)] == [
        "It was asked for once more, later: that counts.",
        "Dynamic Analysis owns it now.",
    ]


def test_a_second_look_carries_nothing_out_again() -> None:
    issue, notes = owned("sectionbot relevant")
    notes = carried_out(planned(FakeReader([issue], notes={4: notes})), notes)
    assert planned(FakeReader([issue], notes={4: notes})) == Plan()


@pytest.mark.parametrize(
    ("by", "level", "visibility", "answers"),
    [
        (EVE, None, "public", 0),
        (EVE, AccessLevel.REPORTER, "public", 0),
        (EVE, AccessLevel.REPORTER, "private", 1),
        (EVE, AccessLevel.DEVELOPER, "public", 1),
    ],
)
def test_who_may_not_changes_nothing(by: User, level: AccessLevel | None, visibility: str, answers: int) -> None:
    members = {7: [member(GWEN)] + ([member(by, level)] if level is not None else [])}
    reader = {"members_of": members, "projects": [project(visibility=visibility)]}
    plan = asked("sectionbot owner compliance", by=by, reader=reader)
    assert len([body for body in bodies(plan) if "command_answer" in body]) == answers
    assert bool(labels_of(plan)) is (level is AccessLevel.DEVELOPER)


@pytest.mark.parametrize(
    "text",
    [
        "> sectionbot owner compliance",
        "`sectionbot owner compliance`",
        "    sectionbot owner compliance",
        "Ask sectionbot owner x",
    ],
)
def test_what_is_quoted_or_code_does_nothing(text: str) -> None:
    assert asked(text) == Plan()


def test_what_was_edited_into_an_old_comment_does_nothing() -> None:
    issue, notes = owned()
    later = replace(said(300, "sectionbot owner compliance"), updated_at=NOW + dt.timedelta(hours=1))
    edited = {300: NOW + dt.timedelta(hours=1)}
    assert planned(FakeReader([issue], notes={4: [*notes, later]}, edited=edited)) == Plan()


def test_what_was_said_long_ago_is_not_carried_out() -> None:
    issue, notes = owned("sectionbot owner compliance")
    assert labels_of(planned(FakeReader([issue], notes={4: notes}), now=NOW + dt.timedelta(days=8))) == []


# -- labels that mean a command ---------------------------------------------------------------------------------------


def labelled(by: User, *, visibility: str = "private", label: str = "bot relevant") -> Plan:
    issue, notes = owned()
    issue = replace(issue, labels=(*issue.labels, label))
    events = [
        LabelEvent(70, label, "add", RITA, NOW),
        LabelEvent(71, label, "remove", RITA, NOW),
        LabelEvent(72, label, "add", by, NOW),
    ]
    projects = [project(visibility=visibility)]
    return planned(FakeReader([issue], notes={4: notes}, events_of={4: events}, projects=projects))


@pytest.mark.parametrize("by", [GWEN, BOT])
def test_a_label_means_the_command_of_whoever_set_it_last(by: User) -> None:
    plan = labelled(by)
    assert bodies(plan)[0].startswith("Confirmed. The next question comes after")
    assert labels_of(plan) == [((), ("bot relevant",))]


def test_a_label_of_somebody_who_may_not_is_taken_off() -> None:
    plan = labelled(RITA)
    assert labels_of(plan) == [((), ("bot relevant",))]
    assert bodies(plan)[0].startswith("The label `bot relevant` had no effect: it takes the role Developer in this")
    public = labelled(RITA, visibility="public")
    assert (labels_of(public), bodies(public)) == ([((), ("bot relevant",))], [])


# -- projects, and who reads what ------------------------------------------------------------------------------------


def distributed(issue: Issue, notes: list[Note], **reader: Any) -> Plan:
    return planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **reader))


@pytest.mark.parametrize(
    ("projects", "why"),
    [
        ([], "the bot does not see sec/product, the project of Dynamic Analysis"),
        ([project(archived=True)], "sec/product, the project of Dynamic Analysis, is archived"),
        ([project(has_issues=False)], "sec/product, the project of Dynamic Analysis, has no issues"),
    ],
)
def test_a_project_that_takes_no_issues_is_said(projects: list[Project], why: str) -> None:
    issue, notes = owned()
    body = bodies(distributed(issue, notes, projects=projects))[0]
    assert (
        f"Left out:\n\n* static_application_security_testing: {why.replace('Dynamic', 'Static')}.\n* dast: {why}."
        in body
    )
    assert "distribute now" not in body


def elsewhere(**fields: Any) -> Any:
    """The directory, with another project for the issues of Dynamic Analysis."""
    stages = tuple(
        replace(
            stage,
            groups=tuple(
                replace(group, issues_project="sec/dast") if group.name == "Dynamic Analysis" else group
                for group in stage.groups
            ),
        )
        for stage in SECTION.stages
    )
    return replace(setup(**fields), section=replace(SECTION, stages=stages))


@pytest.mark.parametrize(
    ("source", "target", "confidential", "readers", "is_made"),
    [
        ("public", "public", False, {}, True),
        ("public", "private", False, {}, True),
        ("private", "public", False, {}, False),
        ("private", "private", False, {7: [GWEN], 8: [GWEN]}, True),
        ("private", "private", False, {7: [GWEN], 8: [GWEN, EVE]}, False),
        ("public", "public", True, {7: [GWEN], 8: [GWEN]}, True),
        ("public", "public", True, {7: [GWEN], 8: [GWEN, EVE]}, False),
    ],
)
def test_no_issue_is_made_where_more_people_would_read(
    source: str, target: str, confidential: bool, readers: dict[int, list[User]], is_made: bool
) -> None:
    issue, notes = owned(confidential=confidential)
    using = elsewhere()
    reader = FakeReader(
        [issue],
        notes={4: [*notes, said(300, "sectionbot distribute")]},
        projects=[project(visibility=source), project("sec/dast", 8, visibility=target)],
        members_of={7: [member(GWEN)]} | {key: [member(user) for user in users] for key, users in readers.items()},
    )
    body = bodies(planned(reader, using=using))[0]
    assert ("* dast: people can read sec/dast who cannot read this initiative." not in body) is is_made
    assert ("| dast | sec/dast |" in body) is is_made


def test_a_confidential_initiative_makes_confidential_issues_that_link_to_the_plan() -> None:
    issue, notes = shown(confidential=True)
    plan = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]}))
    assert [(each.confidential, "Step by step" in each.description) for each in opened(plan)] == [(True, False)] * 2
    assert "It stands in the initiative." in opened(plan)[0].description


def test_of_a_description_at_the_size_limit_the_beginning_counts() -> None:
    text = with_plan("dast | Write it | 3 | ")
    whole = text + "\n## Notes\n\n" + "word " * ((1_048_576 - len(text) - 11) // 5)
    issue, notes = shown(whole)
    plan = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]}))
    [create] = opened(plan)
    assert len(create.description) < 2_000
    behind = described() + "\n\n" + "word " * 200_000 + with_plan("dast | Write it | 3 | ").split(described())[1]
    assert parse_plan(behind, SETUP, for_all_groups=False) is None


def test_a_long_plan_is_linked_and_not_included() -> None:
    text = with_plan(SAST, prose="long " * 5_000)
    issue, notes = shown(text)
    [made] = opened(planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]})))
    assert "long long" not in made.description and len(made.description) < 1_000


def test_text_of_people_is_data() -> None:
    text = with_plan(
        "dast | /close @all <!-- x --> | 1 |",
        prose="/label ~x\n\n@all {{ 7 }} <!-- sectionbot:implementation of=1-1 -->",
    )
    issue, notes = shown(text, title="@all {{x}}\n/close")
    [made] = opened(planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute now")]})))
    assert "@all" not in made.description and "@all" not in made.title and "{{" not in made.description
    assert "\n/" not in made.description and "\n" not in made.title
    assert made.description.count("<!-- sectionbot:") == 2


# -- when the plan changes -------------------------------------------------------------------------------------------


def test_changed_rows_and_those_that_are_gone_are_told_once() -> None:
    rows = ("dast | Write it | 3 |", "permissions | New | |")
    links = [implementation(5), implementation(6, "static_application_security_testing", user_notes_count=0)]
    changed = with_plan("dast | Another thing | 3 |", "permissions | New | |")
    issue, notes = owned(description=with_plan(*rows))
    reader: dict[str, Any] = {"links_of": {4: links}}
    issue = replace(issue, description=changed)
    first = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **reader))
    assert "sec/product#5+, hears of the change" in bodies(first)[0]
    assert "No longer in the plan, which they hear: sec/product#6+." in bodies(first)[0]
    notes = carried_out(first, [*notes, said(300, "sectionbot distribute")])
    notes.append(said(400, "sectionbot distribute now"))
    plan = planned(FakeReader([issue], notes={4: notes}, **reader))
    assert [each.title for each in opened(plan)] == ["permissions: One name"]
    told = {change.iid: change for change in notes_of(plan) if change.iid != 4}
    assert told[5].body.startswith(
        "The plan in sec/product#4+ says something else by now of dast:\n\n> Another thing\n\nWeight: 3."
    )
    assert told[6].body.startswith(
        "The plan in sec/product#4+ has no row for this issue any more. Decide with the group"
    )
    there = {4: notes, 5: [note(500, told[5].body)], 6: [note(501, told[6].body)]}
    again = planned(FakeReader([issue], notes=there, **reader))
    assert [change.iid for change in notes_of(again) if change.iid not in (4, 6)] == []


def test_a_row_that_is_changed_back_is_told_so() -> None:
    issue, notes = shown("")
    links = [implementation(5, "dast"), implementation(6, "static_application_security_testing")]
    rows = with_plan("dast | Write it | 3 | ", SAST)
    issue = replace(issue, description=rows)
    stale = note(
        500, "The plan says something else by now of dast:\n\n> Old\n\n<!-- sectionbot:implementation_changed -->"
    )
    reader: dict[str, Any] = {"links_of": {4: links}}
    first = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **reader))
    notes = carried_out(first, [*notes, said(300, "sectionbot distribute")])
    there = {4: [*notes, said(400, "sectionbot distribute now")], 5: [stale]}
    told = [change for change in notes_of(planned(FakeReader([issue], notes=there, **reader))) if change.iid == 5]
    assert [change.note_id for change in told] == [500] and "> Write it" in told[0].body


def test_words_of_a_plan_that_became_confidential_reach_no_public_issue() -> None:
    public = implementation(5, "dast")
    issue, notes = owned(description=with_plan("dast | Secret words | 3 | "), confidential=True)
    reader: dict[str, Any] = {"links_of": {4: [public]}}
    first = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **reader))
    notes = carried_out(first, [*notes, said(300, "sectionbot distribute")])
    plan = planned(FakeReader([issue], notes={4: [*notes, said(400, "sectionbot distribute now")]}, **reader))
    [told] = [change for change in notes_of(plan) if change.iid == 5]
    assert "Secret words" not in told.body and "#4" not in told.body
    assert told.body.startswith("The plan says something else by now of this part. Whoever may read it finds it there.")


@pytest.mark.parametrize(
    ("visibility", "confidential", "readers", "is_told"),
    [
        ("private", False, [GWEN, EVE], False),
        ("private", False, [GWEN], True),
        ("public", False, [], False),
        ("public", True, [GWEN, EVE], False),
        ("public", True, [GWEN], True),
    ],
)
def test_words_go_to_an_issue_that_was_moved_only_where_nobody_else_reads_them(
    visibility: str, confidential: bool, readers: list[User], is_told: bool
) -> None:
    elsewhere = Project(20, "sec/other", visibility, 1, NOW)
    part = implementation(5, "dast", project_id=20, project_path="sec/other", confidential=confidential)
    issue, notes = owned(description=with_plan("dast | Secret words | 3 | "))
    given: dict[str, Any] = {
        "links_of": {4: [part]},
        "projects": [project(visibility="private"), elsewhere],
        "members_of": {7: [member(GWEN)], 20: [member(each) for each in readers]},
    }
    first = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **given))
    notes = carried_out(first, [*notes, said(300, "sectionbot distribute")])
    plan = planned(FakeReader([issue], notes={4: [*notes, said(400, "sectionbot distribute now")]}, **given))
    [told] = [change for change in notes_of(plan) if change.iid == 5]
    assert ("Secret words" in told.body) is is_told


def test_readers_that_were_not_read_may_be_anybody() -> None:
    elsewhere = Project(20, "sec/other", "private", 1, NOW)
    part = implementation(5, "dast", project_id=20, project_path="sec/other")
    issue, notes = owned(description=with_plan("dast | Secret words | 3 | "))
    reader = FakeReader(
        [issue], notes={4: notes}, links_of={4: [part]}, projects=[project(visibility="private"), elsewhere]
    )
    scope = Scope(project_id=7, iid=4, event_kind="issue")
    facts = gather_initiatives(scope, reader, SETUP, NOW)
    [each] = facts.initiatives
    facts = replace(facts, projects=KnownProjects.of(reader.projects), readers={"sec/product": (member(GWEN),)})
    found = distribution(each, stand(each, facts, SETUP, NOW), facts, SETUP)
    assert found is not None
    steps = plan_distribution(found, each, facts, SETUP)
    assert [change.iid for change in notes_of(Plan(tuple(steps)))] == [5]
    assert "Secret words" not in bodies(Plan(tuple(steps)))[0]


def test_links_between_issues_that_are_there_are_made_up_for() -> None:
    issue, notes = shown(with_plan(SAST, DAST))
    links = [implementation(5, "dast"), implementation(6, "static_application_security_testing")]
    reader: dict[str, Any] = {"links_of": {4: links}}
    first = planned(FakeReader([issue], notes={4: [*notes, said(300, "sectionbot distribute")]}, **reader))
    notes = carried_out(first, [*notes, said(300, "sectionbot distribute")])
    plan = planned(FakeReader([issue], notes={4: [*notes, said(400, "sectionbot distribute now")]}, **reader))
    assert [(link.source, link.link_type, link.target) for link in linked(plan)] == [
        ("sec/product#5", "is_blocked_by", "sec/product#6")
    ]


def test_an_issue_elsewhere_becomes_no_initiative_by_a_link() -> None:
    outside = initiative(9, project_id=66, project_path="attacker/x", labels=("all Sec groups",))
    part = implementation(5).issue
    reader = FakeReader([part, outside], links_of={5: [IssueLink(outside, "relates_to")]})
    assert planned(reader, scope=Scope(project_id=7, iid=5, event_kind="issue")) == Plan()


def test_a_label_of_a_group_that_somebody_has_set_who_may_not_is_taken_off() -> None:
    issue = initiative(labels=OWNED)
    events = [LabelEvent(70, "group::static analysis", "add", RITA, NOW)]
    private = [project(visibility="private")]
    plan = planned(FakeReader([issue], events_of={4: events}, projects=private))
    assert labels_of(plan) == [((), ("group::static analysis",)), (("group::not owned",), ())]
    assert bodies(plan)[0].startswith(
        "The label `group::static analysis` had no effect: it takes the role Developer in"
    )
    by_gwen = [LabelEvent(70, "group::static analysis", "add", GWEN, NOW)]
    [body] = bodies(planned(FakeReader([issue], events_of={4: by_gwen}, projects=private)))
    assert body.startswith("@em.gwen: Static Analysis owns this initiative.")


def test_the_group_that_owned_it_gets_its_label_back() -> None:
    """GitLab takes off the label of a group when that of another is set."""
    _, notes = owned()
    labels = ("section::sec", "group::compliance", "initiative::complete")
    issue = initiative(labels=labels, description=with_plan(SAST))
    events = [LabelEvent(70, "group::compliance", "add", RITA, NOW)]
    plan = planned(FakeReader([issue], notes={4: notes}, events_of={4: events}))
    assert labels_of(plan) == [((), ("group::compliance",)), (("group::static analysis",), ())]


def test_what_somebody_said_before_they_joined_is_no_command() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"))
    words = [said(200, "sectionbot owner compliance", RITA)]
    for joined, is_done in ((NOW + dt.timedelta(hours=1), False), (NOW - dt.timedelta(hours=1), True)):
        members = {7: [replace(member(RITA), created_at=joined)]}
        plan = planned(FakeReader([issue], notes={4: words}, members_of=members))
        assert bool(labels_of(plan)) is is_done


def test_of_several_commands_each_sees_what_the_one_before_has_done() -> None:
    issue = initiative(labels=(*LABELS, "initiative::complete"), description=with_plan(SAST))
    words = [said(200, "sectionbot owner static analysis\nsectionbot distribute")]
    plan = planned(FakeReader([issue], notes={4: words}))
    assert (len(bodies(plan)), plan.look_again) == (1, "what was asked for")
    assert bodies(plan)[0].startswith("Static Analysis owns it now.")


def test_a_category_is_the_same_however_its_words_are_joined() -> None:
    plan = parsed(with_plan("Fuzz Testing | a | 1 |", "container-scanning | b | 1 | fuzz testing"))
    assert [row.category for row in plan.rows] == ["fuzz_testing", "container_scanning"]
    assert plan.problems == ()


def test_a_category_that_nobody_owns_gets_a_hint() -> None:
    body = bodies(asked("sectionbot distribute", description=with_plan("dasst | a | 1 |", "dast | b | 1 |")))[0]
    assert "* dasst: no group of the directory owns it (perhaps you meant 'dast')." in body


def test_a_row_says_what_is_to_be_done() -> None:
    [problem] = parsed(with_plan("dast | | 1 |")).problems
    assert problem == "Row 1 (dast) says nothing under `what`."


def test_a_hundred_rows_with_unknown_dependencies_get_twenty_sentences() -> None:
    rows = [f"c{number} | x | | {', '.join(f'u{n}' for n in range(60))}" for number in range(100)]
    assert len(parsed(with_plan(*rows)).problems) == 20


def test_a_cell_that_is_too_long_gets_a_sentence() -> None:
    [problem] = parsed(with_plan(f"dast | {'word ' * 2_000} | 1 |")).problems
    assert problem == "Row 1 (dast): `what` is longer than 5000 characters."


def test_an_odd_day_in_a_marker_is_none() -> None:
    state = "<!-- sectionbot:initiative_state initiative=7-4 planned=9999-12-31 reminded=never -->"
    issue, notes = owned()
    odd = [replace(each, body=each.body.split("<!-- sectionbot:initiative_state")[0] + state) for each in notes]
    assert not planned(FakeReader([issue], notes={4: odd}), scope=Scope()).notices


def test_of_a_plan_that_cannot_be_distributed_only_the_reasons_are_shown() -> None:
    issue, notes = owned("sectionbot distribute", description=with_plan("dast | a | x |"))
    body = bodies(planned(FakeReader([issue], notes={4: notes})))[0]
    assert body.startswith(
        "The plan cannot be distributed like this:\n\n* Row 1 (dast): the weight x is no number from"
    )
    assert "Nothing is made before that is mended; then say `sectionbot distribute` again." in body
    assert "| Feature category |" not in body and "shown=" not in body


def test_categories_are_spelt_as_the_directory_has_them() -> None:
    assert [row.category for row in parsed(with_plan("DAST | a | 1 |", "Nothing_Known | b | |")).rows] == [
        "dast",
        "Nothing_Known",
    ]


def test_what_readers_may_not_see_is_no_evidence() -> None:
    """That a group has confidential work on it would be told by the table."""
    secret = initiative(9, labels=("group::compliance",), confidential=True)
    elsewhere_ = initiative(10, labels=("group::compliance",), project_id=8, project_path="sec/private")
    links = [IssueLink(secret, "relates_to"), IssueLink(elsewhere_, "relates_to")]
    merge_requests = [MergeRequest(1, "sec/private", ("group::compliance",))]
    private = Project(8, "sec/private", "private", 1, NOW)
    issue = initiative(labels=(*LABELS, "initiative::complete"))
    reader = FakeReader(
        [issue], links_of={4: links}, merge_requests_of={4: merge_requests}, projects=[project(), private]
    )
    assert "nothing in it points to a group" in bodies(planned(reader))[0]
