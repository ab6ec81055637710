"""The council's scope, settings and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from bot.automations.council.check import check_council
from bot.automations.council.facts import (
    CouncilFacts,
    DiscussionState,
    Question,
    clocks_marker,
    read_clocks,
    read_state,
)
from bot.automations.council.plan import plan_council
from bot.automations.council.scope import Scope, ScopeAnswer, scope_of
from bot.automations.council.settings import CouncilSettings
from bot.automations.council.setup import Setup
from bot.domain.business_time import Clock
from bot.domain.changes import ChangeLabels, ProposeFiles, WriteNote
from bot.domain.confidentiality import KnownProjects
from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.people import PeopleAnswer
from bot.domain.plan import NoticeKind, Plan
from bot.domain.resources import Discussion, LabelEvent, Note, Project, User
from bot.settings.bot_settings import CommentCommands
from bot.settings.loading import SettingsFile, load_file
from bot.wiring import settings_models
from tests.automations.initiatives import BOT, GWEN, OWN, RITA, SECTION, TEMPLATES, initiative, member, note, said

ROOT = Path(__file__).resolve().parents[2]
RAW = yaml.safe_load((ROOT / "config" / "council.yml").read_text("utf-8"))
COUNCIL: CouncilSettings = TypeAdapter(CouncilSettings).validate_python(RAW)
SETUP = Setup(
    own=COUNCIL,
    section=SECTION,
    templates=TEMPLATES,
    comments=CommentCommands(),
    is_initiative=OWN.is_initiative,
)
MONDAY = dt.datetime(2026, 11, 16, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
IRIS = User(70, "tl.iris")
ALL = [row.reason for row in COUNCIL.scope if row.in_scope]
PRODUCT = Project(7, "sec/product", "public", 1, MONDAY)
PLANNING = Project(9, "sec/planning", "private", 1, MONDAY)
ARCHITECTURE = Project(11, "sec/architecture", "public", 1, MONDAY)


def described(ticked: Sequence[str] = ALL, decision: str = "") -> str:
    scope = "\n".join(f"- [x] {each}" for each in ticked)
    return (
        "## Issue at hand and preferred action\n\nTwo names for one thing.\n\n## Potential solutions\n\nThe one or the "
        f"other.\n\n## Scope\n\n{scope}\n\n## Decision and why\n\n{decision}\n"
    )


def asked(iid: int = 4, *notes: Note, at: dt.datetime = MONDAY, **fields: Any) -> Question:
    value = {"labels": ("architectural council",), "description": described(), "created_at": at} | fields
    event = LabelEvent(iid, "architectural council", "add", GWEN, at)
    discussions = tuple(Discussion(f"d{each.id}", (each,)) for each in notes)
    return Question(initiative(iid, **value), discussions, (event,), members=(member(GWEN), member(IRIS)))


def planned(
    *questions: Question,
    now: dt.datetime = MONDAY,
    using: Setup = SETUP,
    projects: Sequence[Project] = (PRODUCT, PLANNING, ARCHITECTURE),
) -> Plan:
    users = {"tl.iris": IRIS, "em.gwen": GWEN}
    facts = CouncilFacts(
        questions,
        PeopleAnswer(users, {}, {}, {}),
        frozenset({BOT.id}),
        KnownProjects.of(projects),
        is_complete=True,
    )
    return plan_council(facts, using, now)


def bodies(plan: Plan, iid: int = 4) -> list[str]:
    notes = [step.change for step in plan.steps if isinstance(step.change, WriteNote)]
    return [change.body for change in notes if change.iid == iid]


def answer(words: str, *notes: Note, by: User = GWEN, now: dt.datetime = MONDAY, **fields: Any) -> str:
    plan = planned(asked(4, *notes, said(200, f"sectionbot {words}", by, now), **fields), now=now)
    found = [body for body in bodies(plan) if "command_answer" in body]
    return found[0].split("\n\n<!--")[0] if found else ""


# -- scope -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticked", "expected"),
    [
        ([], ScopeAnswer(Scope.UNKNOWN)),
        (ALL, ScopeAnswer(Scope.IN)),
        ([each.upper() + "." for each in ALL], ScopeAnswer(Scope.IN)),
        (["Something else"], ScopeAnswer(Scope.UNKNOWN)),
        ([each for each in ALL if "broad impact" not in each], ScopeAnswer(Scope.OPT_IN)),
        (["Could not come to an agreement (escalation)"], ScopeAnswer(Scope.OPT_IN)),
        ([*ALL, "Is after-the-fact"], ScopeAnswer(Scope.OUT, ("Is after-the-fact",))),
        (
            [each for each in ALL if "new unit" not in each],
            ScopeAnswer(Scope.OUT, ("not ticked: Is a new unit of work",)),
        ),
    ],
)
def test_the_table_says_what_is_for_the_council(ticked: list[str], expected: ScopeAnswer) -> None:
    assert scope_of(described(ticked), COUNCIL) == expected


def test_without_a_table_everything_is() -> None:
    assert scope_of("", replace(COUNCIL, scope=())) == ScopeAnswer(Scope.IN)


@pytest.mark.parametrize("line", ["- [ ] Is after-the-fact", "Is after-the-fact", "> - [x] Is after-the-fact"])
def test_what_is_not_ticked_does_not_count(line: str) -> None:
    assert scope_of(described().replace("## Decision", f"{line}\n\n## Decision"), COUNCIL).scope is Scope.IN


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"working_time": {"opens": "17:00", "closes": "09:00"}}, "it closes at 09:00 and opens at 17:00"),
        ({"working_time": {"opens": 540}}, 'put it in quotes, like "09:00"'),
        ({"working_time": {"region": "BE"}}, "a region needs its country"),
        (
            {"working_time": {"country": "XX"}},
            "the holidays of the country 'XX' are not known; write its code",
        ),
        ({"working_time": {"country": "DE", "region": "ZZ"}}, "DE has no region 'ZZ'; there are: BB, BE, BW"),
        ({"scope": [{"reason": "A"}, {"reason": "a"}]}, "'a' stands there twice"),
    ],
)
def test_settings_that_cannot_be_are_told(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(CouncilSettings).validate_python(RAW | changed)
    assert words in str(caught.value)


def test_holidays_and_closed_days_do_not_count() -> None:
    calendar = COUNCIL.working_time.calendar
    days = [dt.date(2026, 11, 25), dt.date(2026, 11, 26), dt.date(2026, 12, 31), dt.date(2026, 11, 28)]
    assert [calendar.is_working_day(day) for day in days] == [True, False, False, False]


# -- what the bot remembers ------------------------------------------------------------------------------------------


def test_the_state_of_a_discussion_survives_its_marker() -> None:
    pauses = ((MONDAY, MONDAY + HOUR), (MONDAY + 2 * HOUR, None))
    state = DiscussionState(2, Clock(MONDAY, pauses), MONDAY + 3 * HOUR, reminded=True, ended=True)
    assert read_state(f"text\n{state.marker()}") == state
    assert read_state("<!-- sectionbot:council_clock number=x started=never -->") is None


@pytest.mark.parametrize(
    "words",
    [
        "none",
        "7-4",
        "7-4|x|never|none",
        "7-4|1|never|none",
        "7-4|1|2026-11-16T10:00:00+00:00|x",
        "7-4|1|9999-99-99|none",
    ],
)
def test_odd_clocks_in_the_note_on_the_queue_are_none(words: str) -> None:
    assert read_clocks(f"<!-- sectionbot:council_open_clocks open={words} -->") == {}


def test_clocks_survive_the_note_on_the_queue() -> None:
    first = DiscussionState(2, Clock(MONDAY, ((MONDAY + HOUR, None),)))
    second = DiscussionState(1, Clock(MONDAY, ((MONDAY, MONDAY + HOUR), (MONDAY + 2 * HOUR, MONDAY + 3 * HOUR))))
    marker = clocks_marker({initiative(4): first, initiative(5): second})
    assert read_clocks(f"Text\n\n{marker}") == {"7-4": first, "7-5": second}


def test_the_clock_of_what_may_not_be_named_is_not_kept_on_the_queue() -> None:
    secret = asked(4, running(), confidential=True)
    notes = [step.change for step in planned(secret).steps if isinstance(step.change, WriteNote)]
    [note] = [change for change in notes if change.namespace_path == "sec/planning"]
    assert "council_open_clocks open=none" in note.body


def test_what_a_person_writes_is_no_state() -> None:
    state = DiscussionState(1, Clock(MONDAY))
    forged = said(20, f"open\n\n{state.note_marker}\n{state.marker()}", RITA)
    assert any("the discussion is open." in body for body in bodies(planned(asked(4, forged))))


# -- answers ---------------------------------------------------------------------------------------------------------


def running(**fields: Any) -> Note:
    state = replace(DiscussionState(1, Clock(MONDAY)), **fields)
    return note(100, f"open\n\n{state.note_marker}\n{state.marker()}", at=MONDAY)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pause", "No clock runs here."),
        ("resume", "No clock runs here."),
        ("dri", "Who? Say `sectionbot dri` with a username."),
        ("dri nobody.here", "nobody.here is nobody who has an active account and a role in this project."),
        ("dri @em.gwen", "em.gwen decides. The council supports; the decision is the DRI's."),
        ("decide", "Nobody is the DRI, who decides: first `sectionbot dri NAME`."),
        ("accept", "Only a representative of the council can accept it."),
        ("defer", "Deferred: it stands at the end of the queue now."),
        ("paus", "I do not know `sectionbot paus`. Perhaps you meant `sectionbot pause`? `sectionbot help` lists what"),
    ],
)
def test_answers_before_its_turn(words: str, expected: str) -> None:
    assert answer(words).startswith(expected)


@pytest.mark.parametrize(
    ("words", "fields", "expected"),
    [
        ("pause", {}, "Paused. `sectionbot resume` lets the clock run again."),
        ("resume", {}, "The clock is not paused."),
        (
            "pause",
            {"clock": Clock(MONDAY, ((MONDAY, None),))},
            "It is paused already; `sectionbot resume` lets the clock run.",
        ),
        ("resume", {"clock": Clock(MONDAY, ((MONDAY, None),))}, "The clock runs again; my note says until when."),
        ("defer", {}, "Deferred: it stands at the end of the queue now."),
    ],
)
def test_answers_while_its_clock_runs(words: str, fields: dict[str, Any], expected: str) -> None:
    assert answer(words, running(**fields), now=MONDAY + HOUR).startswith(expected)


def test_when_the_time_is_up_it_cannot_be_paused() -> None:
    late = MONDAY + 72 * HOUR
    assert answer("pause", running(reminded=True, ended=True), now=late) == "Its time is over already."


def test_only_the_dri_decides_and_only_what_is_written() -> None:
    assert answer("decide", assignees=(IRIS,)) == "The decision is the DRI's: only tl.iris can say so."
    assert answer("decide", assignees=(GWEN,)) == (
        "The section `Decision and why` of the description says nothing yet: write down what is decided and why."
    )


def test_without_its_record_nothing_is_decided() -> None:
    plan = decided([PRODUCT, PLANNING, ARCHITECTURE])
    [record] = [step.change.key for step in plan.steps if isinstance(step.change, ProposeFiles)]
    others = [step for step in plan.steps if step.change.kind == "change labels"]
    assert [step.needs for step in others] == [(record,)]
    [otherwise] = [body for body in bodies(plan) if "It is not decided yet" in body]
    assert otherwise.startswith(
        "It is not decided yet: GitLab refused the record in sec/architecture, and the bot's oper"
    )


def test_a_label_of_somebody_who_may_not_ask_is_taken_off() -> None:
    outsider = LabelEvent(90, "architectural council", "add", RITA, MONDAY)
    plan = planned(
        replace(asked(4), label_events=(outsider,)), projects=[replace(PRODUCT, visibility="private"), PLANNING]
    )
    assert [step.change.kind for step in plan.steps] == ["change labels", "write note"]
    assert bodies(plan)[0].startswith("The label `architectural council` had no effect: it takes the role Developer in")


def test_a_label_that_means_a_command_is_taken_off_of_somebody_who_may_not_say_it() -> None:
    there = asked(4, running(), labels=("architectural council", "bot pause"))
    outsider = LabelEvent(90, "bot pause", "add", RITA, MONDAY)
    private = [replace(PRODUCT, visibility="private"), PLANNING, ARCHITECTURE]
    plan = planned(replace(there, label_events=(*there.label_events, outsider)), now=MONDAY + HOUR, projects=private)
    labels = [step.change for step in plan.steps if isinstance(step.change, ChangeLabels)]
    assert [change.remove for change in labels] == [("bot pause",)]
    [body] = [body for body in bodies(plan) if "command_answer" in body]
    assert body.startswith("The label `bot pause` had no effect: it takes the role Developer in this project.")


def labelled(*notes: Note, at: dt.datetime = MONDAY, **fields: Any) -> Plan:
    """On which Gwen has set `bot pause`, with a clock that runs."""
    there = asked(4, running(), *notes, labels=("architectural council", "bot pause"), **fields)
    event = LabelEvent(90, "bot pause", "add", GWEN, at)
    return planned(replace(there, label_events=(*there.label_events, event)), now=MONDAY + HOUR)


def test_the_label_that_means_dri_asks_who() -> None:
    there = asked(4, labels=("architectural council", "bot dri"))
    event = LabelEvent(90, "bot dri", "add", GWEN, MONDAY)
    plan = planned(replace(there, label_events=(*there.label_events, event)))
    [body] = [body for body in bodies(plan) if "command_answer" in body]
    assert body.startswith("Who? Say `sectionbot dri` with a username.")
    assert [step.change.remove for step in plan.steps if isinstance(step.change, ChangeLabels)] == [("bot dri",)]


def test_a_label_that_was_heard_is_only_taken_off() -> None:
    """The run that has answered was cut off before it could do that."""
    first = labelled()
    answers = [note(300, body) for body in bodies(first) if "command_answer" in body]
    paused = running(clock=Clock(MONDAY, ((MONDAY, None),)))
    there = asked(4, paused, *answers, labels=("architectural council", "bot pause"))
    event = LabelEvent(90, "bot pause", "add", GWEN, MONDAY)
    second = planned(replace(there, label_events=(*there.label_events, event)), now=MONDAY + HOUR)
    assert [step.change.remove for step in second.steps if isinstance(step.change, ChangeLabels)] == [("bot pause",)]
    assert not [body for body in bodies(second) if "command_answer" in body]


def test_a_label_that_was_set_long_ago_does_nothing_and_that_is_told() -> None:
    plan = labelled(at=MONDAY - dt.timedelta(days=60))
    [body] = [body for body in bodies(plan) if "command_answer" in body]
    assert body.startswith(
        "The label `bot pause` was set too long ago to be carried out. Set it again if it still holds.\n\n<!--"
    )
    assert [step.change.remove for step in plan.steps if isinstance(step.change, ChangeLabels)] == [("bot pause",)]
    assert not any("is **paused**" in body for body in bodies(plan))


def test_who_has_only_said_something_to_the_bot_has_not_answered() -> None:
    spoken = ("sectionbot pause", "sectionbot pause\nI would take the first.")
    shown = []
    for words in spoken:
        there = asked(4, running(), note(120, words, IRIS, at=MONDAY + HOUR))
        [body] = [text for text in bodies(planned(there, now=MONDAY + 8 * HOUR)) if "| Team |" in text]
        shown.append("| Static Analysis | tl.iris | yes |" in body)
    assert shown == [False, True]


def test_a_label_of_somebody_who_is_gone_is_taken_off_without_words() -> None:
    there = asked(4, running(), labels=("architectural council", "bot pause"))
    ghost = LabelEvent(90, "bot pause", "add", None, MONDAY)
    plan = planned(replace(there, label_events=(*there.label_events, ghost)), now=MONDAY + HOUR)
    assert [step.change.remove for step in plan.steps if isinstance(step.change, ChangeLabels)] == [("bot pause",)]
    assert not [body for body in bodies(plan) if "command_answer" in body]


def test_a_label_cannot_mean_two_things() -> None:
    labels: Any = {"pause": "bot wait", "defer": "bot wait", "accept": COUNCIL.label, "resume": "bot go"}
    own = replace(COUNCIL, command_labels=labels)
    _, positions, _ = load_file(ROOT / "config" / "council.yml", settings_models()["council"])
    found = check_council(
        own, SECTION, SettingsFile("council.yml", positions), TEMPLATES, {"bot go": "initiatives' close"}
    )
    assert [str(problem).split(": ", 1)[1] for problem in found] == [
        "command_labels.defer: the label 'bot wait' means the command 'pause', too. One of them must be another.",
        "command_labels.accept: the label 'architectural council' means label, too. One of them must be another.",
        "command_labels.resume: the label 'bot go' means initiatives' close, too. One of them must be another.",
    ]


def test_accepting_what_is_in_scope_changes_nothing() -> None:
    assert answer("accept", by=IRIS) == "It is before the council already."
    assert answer("accept", by=IRIS, description=described([])).startswith("Accepted: it is for the council, whatever")


def test_what_has_no_place_cannot_be_deferred() -> None:
    assert answer("defer", description="") == "It has no place in the queue yet."


def test_on_an_initiative_another_automation_answers_what_was_not_understood() -> None:
    both = ("architectural council", "all Sec groups")
    assert answer("paus", labels=both) == ""
    assert answer("defer", labels=both).startswith("Deferred")


# -- the decision ----------------------------------------------------------------------------------------------------


def decided(projects: Sequence[Project], **fields: Any) -> Plan:
    text = described(decision="The shorter one wins.")
    said_so = said(200, "sectionbot decide", GWEN, MONDAY)
    return planned(asked(4, said_so, description=text, assignees=(GWEN,), **fields), projects=projects)


@pytest.mark.parametrize(
    ("visibility", "confidential", "why_not"),
    [
        ("public", False, ""),
        ("private", False, "people can read sec/architecture who cannot read this issue"),
        ("public", True, "people can read sec/architecture who cannot read this issue"),
    ],
)
def test_a_decision_is_recorded_only_where_no_more_people_read(
    visibility: str, confidential: bool, why_not: str
) -> None:
    plan = decided([replace(PRODUCT, visibility=visibility), PLANNING, ARCHITECTURE], confidential=confidential)
    records = [step.change for step in plan.steps if isinstance(step.change, ProposeFiles)]
    assert bool(records) is not bool(why_not)
    [body] = [each for each in bodies(plan) if each.startswith("Decided")]
    expected = f"It is not recorded in sec/architecture, since {why_not}." if why_not else "A merge request in sec/arch"
    assert expected in body


def test_a_record_stands_in_the_repository_whoever_sees_the_issues_of_its_project() -> None:
    open_repository = replace(ARCHITECTURE, issues_for_members=True)
    plan = decided([PRODUCT, PLANNING, open_repository], confidential=True)
    assert [step for step in plan.steps if isinstance(step.change, ProposeFiles)] == []


@pytest.mark.parametrize(
    "marker",
    [
        "<!-- sectionbot:council_clock number=1 started=0001-01-01T00:00:00+14:00 pauses=none stopped=never "
        "reminded=no ended=no -->",
        "<!-- sectionbot:command_answer to=1 person=² refused=yes -->",
    ],
)
def test_odd_markers_in_the_bots_notes_stop_nothing(marker: str) -> None:
    assert not planned(asked(4, note(100, f"x\n\n{marker}"), said(200, "sectionbot paus", GWEN, MONDAY))).is_empty


def test_a_record_that_the_bot_does_not_see_is_told() -> None:
    [body] = [each for each in bodies(decided([PRODUCT, PLANNING])) if each.startswith("Decided")]
    assert "It is not recorded in sec/architecture, since the bot does not see sec/architecture." in body


def test_words_of_people_are_data_in_the_record() -> None:
    evil = "[x](https://evil.example) @all {{ 7 }} <!-- sectionbot:council_clock -->"
    decide = said(200, "sectionbot decide", GWEN, MONDAY)
    one = asked(4, decide, title=f"{evil}\n/close", description=described(decision=evil), assignees=(GWEN,))
    [record] = [step.change for step in planned(one).steps if isinstance(step.change, ProposeFiles)]
    assert "@all" not in record.content + record.title + record.line and "{{" not in record.content
    assert "<!--" not in record.content and "\n" not in record.title + record.line
    assert record.file == "decisions/2026-11-16-x-https-evil-example-all-7-sectionbot-council-clock-close-4.md"


# -- the queue -------------------------------------------------------------------------------------------------------


def test_the_discussion_is_opened_behind_the_note_on_what_it_is() -> None:
    intake, opening = (step for step in planned(asked(4)).steps if step.subject == "sec/product#4")
    assert "council_intake" in intake.change.key and "council_discussion" in opening.change.key
    assert opening.after == (intake.change.key,)


def test_so_many_clocks_run_as_the_settings_say() -> None:
    three = [asked(number, at=MONDAY - number * HOUR) for number in (1, 2, 3)]
    for concurrent, started in ((1, [3]), (2, [3, 2])):
        plan = planned(*three, using=replace(SETUP, own=replace(COUNCIL, concurrent=concurrent)))
        notes = [step.change for step in plan.steps if isinstance(step.change, WriteNote)]
        opened = [change.iid for change in notes if "the discussion is open." in change.body]
        assert opened == started


def test_asked_anew_it_waits_for_its_turn_again() -> None:
    """The label was taken off and set again: meanwhile another one has started."""
    first = asked(4, running(), at=MONDAY + 2 * HOUR)
    second = asked(5, running(), at=MONDAY - HOUR)
    plan = planned(first, second, now=MONDAY + 3 * HOUR)
    [old] = [body for body in bodies(plan) if "This discussion was opened on" in body]
    assert "and ended on Monday, 2026-11-16 12:00 UTC." in old
    assert not any("the discussion is open." in body for body in bodies(plan))


def test_what_was_not_shown_is_told_and_while_gitlab_is_silent_nothing_starts() -> None:
    silent = replace(asked(5), discussions=None, unread=GitLabUnreachable("GET /x", "no answer"))
    plan = planned(asked(4), silent)
    assert not any("the discussion is open." in body for body in bodies(plan))
    assert [notice.kind for notice in plan.notices] == [NoticeKind.FAILED]
    refused = replace(silent, unread=GitLabRefused(403, "no", "GET /x"))
    plan = planned(asked(4), refused)
    assert any("the discussion is open." in body for body in bodies(plan))
    assert [notice.sentence for notice in plan.notices] == [
        "GitLab does not show what was said in sec/product#5: GitLab refused GET /x with 403: no"
    ]


def test_what_not_everybody_may_see_is_counted_in_the_queue() -> None:
    plan = planned(asked(4), asked(5, confidential=True))
    notes = [step.change for step in plan.steps if isinstance(step.change, WriteNote)]
    [body] = [change.body for change in notes if change.namespace_path == "sec/planning"]
    assert "#5" not in body and "1 that not everybody who reads this may see." in body


def test_a_queue_whose_project_is_not_seen_is_told() -> None:
    [notice] = planned(asked(4), projects=[PRODUCT]).notices
    assert notice.sentence == "The council's queue is not shown: the bot does not see sec/planning."


def test_who_says_nothing_is_reminded_and_who_did_is_not() -> None:
    spoke = note(101, "Fine.", IRIS, MONDAY + HOUR)
    plan = planned(asked(4, running(), spoke), now=MONDAY + 24 * HOUR)
    [half] = [body for body in bodies(plan) if "half of the time is over" in body]
    assert half.startswith("tl.cleo (who has no active account),") and "tl.iris" not in half
    remembered = planned(asked(4, running(reminded=True), spoke), now=MONDAY + 24 * HOUR)
    assert not any("half of the time" in body for body in bodies(remembered))


def test_at_the_end_the_dri_is_told_to_decide_once() -> None:
    late = MONDAY + 72 * HOUR
    plan = planned(asked(4, running(), assignees=(GWEN,)), now=late)
    [call] = [body for body in bodies(plan) if "time is over. Please decide" in body]
    assert call.startswith("@em.gwen: the council's time is over. Please decide: write it under `Decision and why` in")
    nobody = planned(asked(4, running()), now=late)
    assert any("Nobody is the DRI yet; please name one with `sectionbot dri NAME`" in body for body in bodies(nobody))
    told = planned(asked(4, running(reminded=True, ended=True)), now=late)
    assert not any("time is over" in body for body in bodies(told))
