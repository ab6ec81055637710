"""A question's way through the council: real reader and writer, against the emulator."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from bot.domain.plan import Plan, Status
from bot.domain.ports import Scope
from bot.domain.resources import Reference
from bot.emulator.tables import Issue
from bot.runtime.run import Means, Run, run
from bot.settings.loading import Settings
from bot.wiring import AUTOMATIONS, Environment, connect
from tests.local_gitlab import LocalGitLab

[COUNCIL] = [each for each in AUTOMATIONS if each.name == "council"]
TICKED = (
    "Is not already covered by architecture guidelines or the handbook",
    "Has broad impact within the section",
    "Is a new unit of work",
    "Is strictly of the section",
    "Involves architecture decisions",
)
# A Monday at ten, by the council's calendar.
MONDAY = dt.datetime(2026, 11, 16, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
# What the note on a discussion says while it lasts.
OPEN = "the discussion is open."


def question(*ticked: str, decision: str = "") -> str:
    scope = "\n".join(f"- [x] {each}" for each in ticked)
    return (
        "## Issue at hand and preferred action\n\nTwo names for one thing; I would take the shorter one.\n\n"
        "## Potential solutions\n\n1. The shorter: easy to say.\n2. The longer: there already.\n\n"
        f"## Scope\n\n{scope}\n\n## Decision and why\n\n{decision}\n"
    )


class Council:
    def __init__(self, gitlab: LocalGitLab, environment: Environment, settings: Settings) -> None:
        self.gitlab, self.environment, self.settings = gitlab, environment, settings

    def at(self, now: dt.datetime) -> None:
        """Moves the emulated time."""
        self.gitlab.call("POST", "/../../-/emulator/clock", json={"now": now.isoformat()})

    def ask(self, title: str = "Which name?", description: str | None = None, **fields: Any) -> Issue:
        project = self.gitlab.project("sec/product")
        assert project is not None
        text = question(*TICKED) if description is None else description
        body = {"title": title, "description": text, "labels": "architectural council"} | fields
        made = self.gitlab.call("POST", f"/projects/{project.id}/issues", "demo-gwen-token", json=body)
        assert made.status_code == 201, made.text
        return self.gitlab.store.issues[made.json()["id"]]

    def say(self, issue: Issue, text: str, token: str = "demo-gwen-token") -> None:
        path = f"/projects/{issue.project_id}/issues/{issue.iid}/notes"
        assert self.gitlab.call("POST", path, token, json={"body": text}).status_code == 201

    def change(self, issue: Issue, **fields: Any) -> None:
        path = f"/projects/{issue.project_id}/issues/{issue.iid}"
        assert self.gitlab.call("PUT", path, "demo-gwen-token", json=fields).status_code == 200

    def look(self, scope: Scope, *, dry: bool = False) -> Run:
        gitlab = connect(self.environment, self.settings)
        means = Means(self.settings, gitlab.reader, None if dry else gitlab.writer, (COUNCIL,))
        return run([(COUNCIL, scope)], means, self.gitlab.store.now())

    def done(self, issue: Issue | None = None) -> dict[str, int]:
        """Kinds of changes that were carried out; fails the test where one was not, or where a second run has more."""
        scope = Scope()
        if issue is not None:
            path = self.gitlab.store.full_path(self.gitlab.store.projects[issue.project_id])
            scope = Scope(reference=Reference(path, issue.iid))
        found: dict[str, int] = {}
        for part in self.look(scope).parts:
            assert part.error is None, part.error
            assert [each for each in part.outcomes.values() if not each.status.is_good] == []
            for step in part.plan.steps:
                if part.outcomes[step.change.key].status is Status.DONE:
                    found[step.change.kind] = found.get(step.change.kind, 0) + 1
        assert [part.plan for part in self.look(scope, dry=True).parts] == [Plan()]
        return found

    def note(self, issue: Issue, words: str) -> str:
        [found] = [body for body in self.gitlab.notes(issue) if words in body]
        return found

    def queue(self) -> str:
        project = self.gitlab.project("sec/planning")
        assert project is not None
        [issue] = self.gitlab.issues(project)
        [note] = self.gitlab.notes(issue)
        return note


@pytest.fixture
def council(local_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> Council:
    made = Council(local_gitlab, environment, settings)
    made.at(MONDAY)
    return made


def test_the_way_of_a_question(council: Council) -> None:
    first = council.ask("Which name: foo/bar?")
    council.at(MONDAY + HOUR / 2)
    second = council.ask("Another?")
    assert council.done() == {"write note": 4, "create issue": 1}
    opened = council.note(first, OPEN)
    assert opened.startswith(
        "@tl.cleo, @tl.gita, @tl.kian, @tl.otis, @tl.sven, @tl.wren, @dev.xena, @tl.aldo, @tl.elio,"
    )
    assert (
        "The clock started on **Monday, 2026-11-16 10:30 UTC** and ends on **Wednesday, 2026-11-18 10:30 UTC** (2 "
        "business days)."
    ) in opened
    assert (
        "|  | sec/product#1+ | running |" in council.queue() and "| 1 | sec/product#2+ | waiting |" in council.queue()
    )
    # Somebody is to decide; two answer, one with a thumb.
    council.say(first, "sectionbot dri em.gwen")
    council.done(first)
    assert "| em.gwen |" in council.queue()
    council.say(first, "The shorter one.", "demo-iris-token")
    number = next(each for each in first.note_ids if OPEN in council.gitlab.store.notes[each].body)
    path = f"/projects/{first.project_id}/issues/{first.iid}/notes/{number}/award_emoji"
    assert council.gitlab.call("POST", path, "demo-wren-token", json={"name": "thumbsup"}).status_code == 201
    council.done(first)
    opened = council.note(first, OPEN)
    assert "| Static Analysis | tl.iris | yes |" in opened and "| Threat Insights | tl.wren | yes |" in opened
    assert "| Compliance | tl.otis |  |" in opened
    # Paused for three working hours.
    council.at(MONDAY + 4 * HOUR)
    council.say(first, "sectionbot pause")
    council.done(first)
    assert "is **paused**" in council.note(first, OPEN) and "| paused |" in council.queue()
    council.at(MONDAY + 7 * HOUR)
    council.say(first, "sectionbot resume")
    council.done(first)
    assert "ends on **Wednesday, 2026-11-18 13:30 UTC**" in council.note(first, OPEN)
    # Half time, then the end: each is said once.
    council.at(MONDAY + 28 * HOUR)
    assert council.done() == {"write note": 2}
    half = council.note(first, "half of the time is over")
    assert half.startswith("@tl.cleo, @tl.gita,") and "tl.iris" not in half and "tl.wren" not in half
    council.at(MONDAY + 52 * HOUR)
    # The clock of the second one starts.
    council.done()
    assert council.note(first, "the council's time is over").startswith("@em.gwen: the council's time is over. Please")
    assert "Wednesday, 2026-11-18 14:00 UTC" in council.note(second, OPEN)
    assert "| time is up |" in council.queue()
    # The decision is written, then said.
    council.say(first, "sectionbot decide")
    council.done(first)
    assert "The section `Decision and why` of the description says nothing yet" in council.gitlab.notes(first)[-1]
    initiative = council.ask("One name", labels="all Sec groups")
    link = {"target_project_id": initiative.project_id, "target_issue_iid": initiative.iid}
    path = f"/projects/{first.project_id}/issues/{first.iid}/links"
    assert council.gitlab.call("POST", path, json=link).status_code == 201
    council.change(first, description=question(*TICKED, decision="The shorter one, since everybody says it."))
    council.say(first, "sectionbot decide")
    assert council.done(first)["propose files"] == 1
    assert council.gitlab.labels(first) == ["architectural council", "council::decided"]
    assert "Decided. Thank you all. A merge request in sec/architecture records it." in council.gitlab.notes(first)[-1]
    assert council.note(first, "This discussion was opened on").count("| yes |") == 2
    [news] = council.gitlab.notes(initiative)
    assert news.startswith(
        "The architectural council's question sec/product#1+ is decided: what was decided stands there."
    )
    project = council.gitlab.project("sec/architecture")
    assert project is not None
    [request] = council.gitlab.store.project_merge_requests[project.id].values()
    assert (request.title, request.state) == ("Record the decision: Which name: foo/bar?", "opened")
    files = project.branches[request.source_branch].files
    record = files["decisions/2026-11-18-which-name-foo-bar-1.md"]
    assert record.startswith(
        "---\nstatus: accepted\ndate: 2026-11-18\ndecision-makers: em.gwen\nconsulted: dev.xena, tl.aldo,"
    )
    assert "## Decision Outcome\n\nThe shorter one, since everybody says it.\n" in record
    assert files["guidelines.md"] == (
        "* [Which name: foo/bar?](decisions/2026-11-18-which-name-foo-bar-1.md), decided on 2026-11-18\n"
    )


def test_who_asks_in_a_comment_asks_too(council: Council) -> None:
    issue = council.ask(labels="type::bug")
    assert council.done(issue) == {}
    council.say(issue, "sectionbot council")
    council.done(issue)
    assert "architectural council" in council.gitlab.labels(issue)
    assert "is before the architectural council (in scope)" in council.gitlab.notes(issue)[2]


def test_what_is_not_for_the_council_is_told_and_a_representative_can_take_it(council: Council) -> None:
    issue = council.ask(description=question("Is after-the-fact", *TICKED))
    council.done(issue)
    assert council.gitlab.notes(issue)[0].startswith(
        "This is **not for the architectural council**, as it stands:\n\n* Is after-the-fact\n\nChange what is ticked"
    )
    assert council.gitlab.labels(issue) == ["architectural council", "council::out of scope"]
    council.say(issue, "sectionbot accept")
    council.done(issue)
    assert "Only a representative of the council can accept it." in council.gitlab.notes(issue)[-1]
    council.say(issue, "sectionbot accept", "demo-iris-token")
    council.done(issue)
    assert council.gitlab.labels(issue) == ["architectural council"]
    assert "accepted by a representative" in council.gitlab.notes(issue)[0]
    assert OPEN in council.gitlab.notes(issue)[-1]


def test_a_note_that_a_person_deletes_comes_back_with_the_clock_that_it_had(council: Council) -> None:
    issue = council.ask()
    council.done(issue)
    council.at(MONDAY + HOUR)
    council.say(issue, "sectionbot pause")
    council.done(issue)
    council.at(MONDAY + 3 * HOUR)
    council.say(issue, "sectionbot resume")
    council.done(issue)
    before = council.note(issue, OPEN)
    assert "ends on **Wednesday, 2026-11-18 12:00 UTC**" in before
    council.at(MONDAY + 20 * HOUR)
    [number] = [each for each in issue.note_ids if OPEN in council.gitlab.store.notes[each].body]
    path = f"/projects/{issue.project_id}/issues/{issue.iid}/notes/{number}"
    assert council.gitlab.call("DELETE", path).status_code == 204
    assert council.done() == {"write note": 1}
    assert council.note(issue, OPEN).split("| Team |")[0] == before.split("| Team |")[0]
    # Without the queue's note there is nothing to go by, and it begins anew.
    for text in (OPEN, "| Question |"):
        store = council.gitlab.store
        [note] = [each for each in store.notes.values() if text in each.body]
        on = note.noteable
        where = f"/projects/{on.home_id}/issues/{on.iid}/notes/{note.id}"
        assert council.gitlab.call("DELETE", where).status_code == 204
    council.done()
    assert "The clock started on **Tuesday, 2026-11-17 06:00 UTC**" in council.note(issue, OPEN)


def test_the_epic_that_a_question_is_in_hears_of_the_decision(council: Council) -> None:
    body = {"title": "One name", "labels": "all Sec groups"}
    epic = council.gitlab.call("POST", "/groups/sec/epics", json=body).json()
    gwen = council.gitlab.store.usernames["em.gwen"].id
    text = question(*TICKED, decision="The shorter one, since everybody says it.")
    issue = council.ask(description=text, assignee_ids=[gwen], epic_id=epic["id"])
    council.done(issue)
    council.say(issue, "sectionbot decide")
    council.done(issue)
    [news] = [council.gitlab.store.notes[each] for each in council.gitlab.store.epics[epic["id"]].note_ids]
    assert news.body.startswith("The architectural council's question sec/product#1+ is decided: what was decided")


def test_labels_mean_what_the_words_mean_and_are_taken_off_when_they_were_heard(council: Council) -> None:
    issue = council.ask(assignee_ids=[council.gitlab.store.usernames["em.gwen"].id])
    council.done(issue)
    council.at(MONDAY + HOUR)
    council.change(issue, add_labels="bot pause")
    council.at(MONDAY + 3 * HOUR)
    council.done(issue)
    assert "is **paused**" in council.note(issue, OPEN)
    council.change(issue, add_labels="bot resume")
    council.done(issue)
    # Two hours long, from when the label was set.
    assert "ends on **Wednesday, 2026-11-18 12:00 UTC**" in council.note(issue, OPEN)
    council.change(issue, add_labels="bot decide")
    council.done(issue)
    assert "says nothing yet: write down what is decided and why." in council.gitlab.notes(issue)[-1]
    assert council.gitlab.labels(issue) == ["architectural council"]
    council.change(issue, add_labels="bot decide", description=question(*TICKED, decision="We take the shorter one."))
    council.done(issue)
    assert council.gitlab.labels(issue) == ["architectural council", "council::decided"]


def test_who_may_not_say_it_may_not_set_its_label_and_a_representative_accepts_by_label(council: Council) -> None:
    issue = council.ask(description=question("Is after-the-fact", *TICKED))
    council.done(issue)
    council.change(issue, add_labels="bot accept")
    council.done(issue)
    assert "Only a representative of the council can accept it." in council.gitlab.notes(issue)[-1]
    path = f"/projects/{issue.project_id}/issues/{issue.iid}"
    assert council.gitlab.call("PUT", path, "demo-iris-token", json={"add_labels": "bot accept"}).status_code == 200
    council.done(issue)
    assert council.gitlab.labels(issue) == ["architectural council"]
    assert "accepted by a representative" in council.gitlab.notes(issue)[0]


def test_deferred_it_goes_to_the_end_and_starts_again_with_a_new_clock(council: Council) -> None:
    first = council.ask()
    council.at(MONDAY + HOUR)
    second = council.ask("Another?")
    council.done()
    council.at(MONDAY + 2 * HOUR)
    council.say(first, "sectionbot defer")
    council.done(first)
    assert "and ended on Monday, 2026-11-16 12:00 UTC" in council.note(first, "This discussion was opened on")
    assert OPEN in council.gitlab.notes(second)[-1]
    assert "| 1 | sec/product#1+ | waiting | Monday, 2026-11-16 12:00 UTC |" in council.queue()
    council.say(second, "sectionbot defer")
    council.at(MONDAY + 3 * HOUR)
    council.done(second)
    assert "The clock started on **Monday, 2026-11-16 13:00 UTC**" in council.note(first, OPEN)


def test_the_order_is_that_of_the_label(council: Council) -> None:
    later = council.ask("First made", labels="")
    council.at(MONDAY + HOUR)
    sooner = council.ask("First asked")
    council.at(MONDAY + 2 * HOUR)
    council.gitlab.label(later, "architectural council")
    council.done()
    assert OPEN in council.gitlab.notes(sooner)[-1]
    assert OPEN not in council.gitlab.notes(later)[-1]


def test_two_runs_at_the_same_moment_start_one_clock(council: Council) -> None:
    issue = council.ask()
    council.gitlab.application.control.latency_ms = 30
    runs = [threading.Thread(target=council.look, args=(Scope(),)) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    council.gitlab.application.control.latency_ms = 0
    council.done()
    assert len([body for body in council.gitlab.notes(issue) if OPEN in body]) == 1


def test_what_a_look_costs(council: Council) -> None:
    issues = [council.ask(f"Question {number}") for number in range(5)]
    council.done()
    council.gitlab.forget_requests()
    council.look(Scope())
    # Who the bot is, one list, people, projects, members, the queue and its notes; five questions without a
    # DRI, 4 each; the thumbs on the one that is discussed.
    assert len(council.gitlab.requests()) == 7 + 5 * 4 + 1
    council.gitlab.forget_requests()
    other = council.ask("No question", labels="type::bug")
    council.say(other, "Just a comment.")
    council.gitlab.forget_requests()
    council.look(Scope(project_id=other.project_id, iid=other.iid, event_kind="note"))
    assert council.gitlab.requests() == [
        "GET /user",
        f"GET /projects/{other.project_id}/issues/{other.iid}",
        f"GET /projects/{other.project_id}/issues/{other.iid}/discussions",
    ]
    assert len(issues) == 5
