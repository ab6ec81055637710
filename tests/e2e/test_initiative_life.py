"""An initiative's way from the label to the last closed issue: real reader and writer, against the emulator."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.plan import Plan, Status
from bot.domain.ports import Scope
from bot.domain.resources import Reference
from bot.emulator.tables import Issue
from bot.runtime.run import Means, Run, run
from bot.settings.loading import Settings
from bot.wiring import AUTOMATIONS, Environment, connect
from tests.automations.initiatives import described
from tests.local_gitlab import LocalGitLab

LABELS = "section::sec,group::not owned"
PLAN = """

## Implementation plan

We rename step by step.

| Feature category | What | Weight | Depends on |
| --- | --- | --- | --- |
| static_application_security_testing | Write the new name | 3 | |
| dast | The same for DAST | 2 | static_application_security_testing |
| compliance_management | Read the new name | 1 | dast |

Not affected: Anti-abuse, since it has no findings.
"""
[INITIATIVES] = [each for each in AUTOMATIONS if each.name == "initiatives"]


class Section:
    """The bot and people of the section, in one process."""

    def __init__(self, gitlab: LocalGitLab, environment: Environment, settings: Settings) -> None:
        self.gitlab, self.environment, self.settings = gitlab, environment, settings

    def open(self, **fields: Any) -> Issue:
        project = self.gitlab.project("sec/product")
        assert project is not None
        body = {"title": "One name for a finding", "description": described(), "labels": LABELS} | fields
        made = self.gitlab.call("POST", f"/projects/{project.id}/issues", "demo-gwen-token", json=body)
        assert made.status_code == 201, made.text
        return self.gitlab.store.issues[made.json()["id"]]

    def say(self, issue: Issue, text: str, token: str = "demo-gwen-token") -> None:
        path = f"/projects/{issue.project_id}/issues/{issue.iid}/notes"
        assert self.gitlab.call("POST", path, token, json={"body": text}).status_code == 201

    def change(self, issue: Issue, token: str = "demo-gwen-token", **fields: Any) -> None:
        path = f"/projects/{issue.project_id}/issues/{issue.iid}"
        assert self.gitlab.call("PUT", path, token, json=fields).status_code == 200

    def look(self, issue: Issue | None = None, *, now: dt.datetime | None = None, dry: bool = False) -> Run:
        gitlab = connect(self.environment, self.settings)
        means = Means(self.settings, gitlab.reader, None if dry else gitlab.writer, (INITIATIVES,))
        scope = Scope()
        if issue is not None:
            path = self.gitlab.store.full_path(self.gitlab.store.projects[issue.project_id])
            scope = Scope(reference=Reference(path, issue.iid))
        return run([(INITIATIVES, scope)], means, now or self.gitlab.store.now())

    def done(self, issue: Issue | None = None, *, now: dt.datetime | None = None) -> dict[str, int]:
        """Kinds of changes that were carried out; fails the test where one was not, or where a second run has more."""
        found: dict[str, int] = {}
        for part in self.look(issue, now=now).parts:
            assert part.error is None, part.error
            bad = [each for each in part.outcomes.values() if not each.status.is_good]
            assert bad == []
            for step in part.plan.steps:
                if part.outcomes[step.change.key].status is Status.DONE:
                    found[step.change.kind] = found.get(step.change.kind, 0) + 1
        assert [part.plan for part in self.look(issue, now=now, dry=True).parts] == [Plan()]
        return found

    def notes(self, issue: Issue) -> list[str]:
        return self.gitlab.notes(issue)

    def implementations(self) -> list[Issue]:
        """By their titles, which begin with the feature category."""
        found = (
            each for each in self.gitlab.store.issues.values() if "bot:implementation " in (each.description or "")
        )
        return sorted(found, key=lambda each: each.title)


@pytest.fixture
def section(local_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> Section:
    return Section(local_gitlab, environment, settings)


@pytest.fixture
def free_section(free_tier_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> Section:
    return Section(free_tier_gitlab, replace(environment, gitlab_url=free_tier_gitlab.url), settings)


def owned(section: Section, **fields: Any) -> Issue:
    """An initiative with a plan that Static Analysis owns; the bot has looked at it."""
    initiative = section.open(description=described() + PLAN, **fields)
    section.say(initiative, "sectionbot owner static analysis")
    section.done(initiative)
    return initiative


def distributed(section: Section, **fields: Any) -> Issue:
    initiative = owned(section, **fields)
    for words in ("distribute", "distribute now"):
        section.say(initiative, f"sectionbot {words}")
        section.done(initiative)
    return initiative


def links(section: Section, issue: Issue) -> list[tuple[int, str]]:
    path = f"/projects/{issue.project_id}/issues/{issue.iid}/links"
    return sorted((row["iid"], row["link_type"]) for row in section.gitlab.call("GET", path).json())


def test_the_life_of_an_initiative(section: Section) -> None:
    initiative = section.open()
    # Complete from the beginning: a label, and who seems most impacted.
    assert section.done(initiative) == {"change labels": 1, "write note": 1}
    assert section.notes(initiative)[0].startswith("Which group is impacted most is not clear: the evidence is thin")
    section.say(initiative, "sectionbot owner static analysis")
    section.done(initiative)
    assert section.gitlab.labels(initiative) == ["group::static analysis", "initiative::complete", "section::sec"]
    assert section.notes(initiative)[2].startswith("Static Analysis owns it now.")
    assert section.notes(initiative)[3].startswith("@em.gwen: Static Analysis owns this initiative.")
    section.change(initiative, description=described() + PLAN)
    assert section.done(initiative) == {"write note": 1}
    section.say(initiative, "sectionbot distribute")
    assert section.done(initiative) == {"write note": 1}
    assert section.implementations() == []
    section.say(initiative, "sectionbot distribute now")
    assert section.done(initiative) == {"create issue": 3, "link issues": 5, "write note": 2}
    compliance, dast, sast = section.implementations()
    assert (sast.title, sast.weight, sast.confidential) == (
        "static_application_security_testing: One name for a finding",
        3,
        False,
    )
    assert section.gitlab.labels(dast) == ["Category:dast", "devops::secure", "group::dynamic analysis", "section::sec"]
    assert links(section, initiative) == [(2, "relates_to"), (3, "relates_to"), (4, "relates_to")]
    expected = [(1, "relates_to"), (sast.iid, "is_blocked_by"), (compliance.iid, "blocks")]
    assert links(section, dast) == sorted(expected)
    assert "| dast | The same for DAST | 2 | static_application_security_testing |" in (dast.description or "")
    progress = section.notes(initiative)[-1]
    assert f"| Dynamic Analysis | sec/product#{dast.iid}+ | open |  | 2 | blocked |" in progress
    assert '```mermaid\npie title Done and open, by weight\n    "done" : 0\n    "open" : 6\n```' in progress
    # Somebody finishes; the note is brought up to date at most once a day.
    section.change(sast, state_event="close")
    assert section.done(sast) == {}
    tomorrow = section.gitlab.store.now() + dt.timedelta(days=1)
    assert section.done(sast, now=tomorrow) == {"write note": 1}
    progress = next(body for body in section.notes(initiative) if "mermaid" in body)
    assert '"done" : 3' in progress and f"| sec/product#{dast.iid}+ | open |  | 2 |  |" in progress
    # A row changes, one goes, one comes.
    changed = PLAN.replace("The same for DAST", "Something else").replace("compliance_management", "audit_events")
    section.change(initiative, description=described() + changed)
    section.done(initiative)
    section.say(initiative, "sectionbot distribute now")
    section.done(initiative)
    assert "Nothing was made: the plan is not the one that was shown last." in section.notes(initiative)[-1]
    section.say(initiative, "sectionbot distribute now")
    assert section.done(initiative, now=tomorrow) == {"create issue": 1, "link issues": 2, "write note": 4}
    assert "Done: 1 new issue, 2 told of what has changed." in section.notes(initiative)[-1]
    [told] = section.notes(dast)
    assert told.startswith("The plan in sec/product#1+ says something else by now of dast:\n\n> Something else\n")
    [gone] = section.notes(compliance)
    assert gone.startswith("The plan in sec/product#1+ has no row for this issue any more.")
    # The review, at the end of it all.
    for each in section.implementations():
        section.change(each, state_event="close")
    section.done(now=tomorrow + dt.timedelta(days=1))
    project = section.gitlab.project("sec/planning")
    assert project is not None
    [review] = section.gitlab.issues(project)
    assert review.confidential
    assert "### Done since the last review" in section.notes(review)[0] and "sec/product#1+" in section.notes(review)[0]


def test_in_the_free_tier_links_have_no_direction_and_weights_come_from_the_plan(free_section: Section) -> None:
    initiative = distributed(free_section)
    compliance, dast, sast = free_section.implementations()
    assert links(free_section, dast) == sorted((each.iid, "relates_to") for each in (initiative, compliance, sast))
    assert dast.weight is None
    progress = next(body for body in free_section.notes(initiative) if "mermaid" in body)
    assert '"open" : 6' in progress and f"| sec/product#{dast.iid}+ | open |  | 2 | blocked |" in progress
    # Labels are not exclusive there: the bot takes the one off that says that nobody owns it.
    other = free_section.open()
    free_section.done(other)
    free_section.gitlab.label(other, "group::compliance")
    free_section.done(other)
    assert free_section.gitlab.labels(other) == ["group::compliance", "initiative::complete", "section::sec"]


def test_two_who_say_now_in_the_same_second_make_one_set_of_issues(section: Section) -> None:
    initiative = owned(section)
    section.say(initiative, "sectionbot distribute")
    section.done(initiative)
    section.say(initiative, "sectionbot distribute now")
    section.say(initiative, "sectionbot distribute now", token="demo-oncall-token")
    section.gitlab.application.control.latency_ms = 30
    runs = [threading.Thread(target=section.look, args=(initiative,)) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    section.gitlab.application.control.latency_ms = 0
    section.done(initiative)
    living = [each for each in section.implementations() if each.state == "opened"]
    assert sorted(each.title.split(":")[0] for each in living) == [
        "compliance_management",
        "dast",
        "static_application_security_testing",
    ]
    answers = [body for body in section.notes(initiative) if "command_answer" in body]
    assert len(answers) == 4 and any(body.startswith("It was asked for once more, later") for body in answers)


@pytest.mark.parametrize("write", range(1, 9))
def test_cut_off_in_the_middle_of_distributing_the_next_run_does_the_rest(section: Section, write: int) -> None:
    """As kill -9 leaves it: after so many writes nothing more is done."""
    initiative = owned(section)
    section.say(initiative, "sectionbot distribute")
    section.done(initiative)
    section.say(initiative, "sectionbot distribute now")
    section.gitlab.fault(times=10_000, method="POST|PUT|DELETE", path=".*", skip=write, status=503)
    section.look(initiative)
    section.gitlab.application.control.faults.clear()
    section.done(initiative)
    if "Not all of it could be done" in section.notes(initiative)[-1]:
        section.say(initiative, "sectionbot distribute now")
        section.done(initiative)
    assert len(section.implementations()) == 3
    assert links(section, initiative) == [(2, "relates_to"), (3, "relates_to"), (4, "relates_to")]


def test_a_moved_initiative_keeps_its_issues(section: Section) -> None:
    initiative = distributed(section)
    target = section.gitlab.project("sec/intake")
    assert target is not None
    path = f"/projects/{initiative.project_id}/issues/{initiative.iid}/move"
    moved = section.gitlab.call("POST", path, json={"to_project_id": target.id}).json()
    issue = section.gitlab.store.issues[moved["id"]]
    section.say(issue, "sectionbot distribute now", token="demo-oncall-token")
    section.done(issue)
    assert len(section.implementations()) == 3


def test_the_bots_notes_come_back_when_a_person_deletes_them(section: Section) -> None:
    initiative = distributed(section)
    for number in list(initiative.note_ids):
        if section.gitlab.store.notes[number].author_id == section.gitlab.store.usernames["group_1_bot"].id:
            path = f"/projects/{initiative.project_id}/issues/{initiative.iid}/notes/{number}"
            assert section.gitlab.call("DELETE", path).status_code == 204
    # What was said is a week old by then: nothing is carried out a second time.
    later = section.gitlab.store.now() + dt.timedelta(days=8)
    assert section.done(initiative, now=later) == {"write note": 2}
    assert len(section.implementations()) == 3


def test_without_its_labels_half_way_it_is_still_accompanied(section: Section) -> None:
    initiative = distributed(section)
    section.gitlab.call(
        "PUT",
        f"/projects/{initiative.project_id}/issues/{initiative.iid}",
        json={"remove_labels": "section::sec,group::static analysis"},
    )
    section.change(section.implementations()[0], state_event="close")
    later = section.gitlab.store.now() + dt.timedelta(days=1)
    assert section.done(initiative, now=later) == {"write note": 1}


def test_what_a_look_costs(section: Section) -> None:
    initiative = distributed(section)
    section.gitlab.forget_requests()
    section.look(section.implementations()[1])
    # Who the bot is, the project, the issue, its links; then of the initiative what was said and its links, members
    # since somebody commands there, people, and the section's projects.
    assert len(section.gitlab.requests()) <= 10
    section.gitlab.forget_requests()
    section.look(initiative)
    assert len(section.gitlab.requests()) <= 10
