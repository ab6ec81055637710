"""What sweeps cost, with and without a watermark."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from bot.automations.initiatives.implementation_plan import Row
from bot.automations.initiatives.setup import Setup
from bot.automations.initiatives.watermark import OVERLAP, Watermark, usable
from bot.domain.plan import Outcome, Plan, Status, Step
from bot.domain.ports import Scope
from bot.runtime.run import Means, Part, run
from bot.runtime.watermarks import marks_of, read_watermarks, write_watermarks
from bot.settings.loading import Settings
from bot.wiring import Environment, connect
from tests.automations.initiatives import NOW, SETUP, described
from tests.e2e.test_initiative_epics import Group
from tests.e2e.test_initiative_life import INITIATIVES, Section
from tests.local_gitlab import LocalGitLab

MANY, PARTS = 30, 10
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def section(local_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> Section:
    """Thirty initiatives of Static Analysis, each with ten issues in another project, that the bot has seen before."""
    made = Section(local_gitlab, environment, settings)
    project = local_gitlab.project("sec/product")
    assert project is not None
    path = f"/projects/{project.id}/issues"
    elsewhere = parts_project(local_gitlab)
    labels = "section::sec,group::static analysis,initiative::complete"
    for number in range(MANY):
        fields = {"title": f"Initiative {number}", "description": described(), "labels": labels}
        issue = local_gitlab.call("POST", path, "demo-gwen-token", json=fields).json()
        for part in range(PARTS):
            mark = (
                f"<!-- sectionbot:implementation of={project.id}-{issue['iid']} category={Row(str(part), '').key} -->"
            )
            body = {"title": "Part", "description": mark}
            row = local_gitlab.call("POST", f"{elsewhere}/issues", "demo-bot-token", json=body).json()
            link = {"target_project_id": project.id, "target_issue_iid": issue["iid"]}
            assert local_gitlab.call("POST", f"{elsewhere}/issues/{row['iid']}/links", json=link).status_code == 201
    return made


def parts_project(gitlab: LocalGitLab) -> str:
    """Where the API has a new project of the section."""
    group = gitlab.call("GET", "/groups/sec").json()["id"]
    body = {"name": "Parts", "path": "parts", "namespace_id": group, "visibility": "public"}
    made = gitlab.call("POST", "/projects", json=body)
    assert made.status_code == 201, made.text
    return f"/projects/{made.json()['id']}"


def swept(section: Section, mark: Any, now: dt.datetime) -> tuple[Any, int, int]:
    """The next mark, the number of requests, and of changes."""
    section.gitlab.forget_requests()
    gitlab = connect(section.environment, section.settings)
    means = Means(section.settings, gitlab.reader, gitlab.writer, (INITIATIVES,))
    done = run([(INITIATIVES, Scope(watermark=mark))], means, now)
    steps = sum(len(part.plan.steps) for part in done.parts)
    return marks_of(done.parts).get("initiatives"), len(section.gitlab.requests()), steps


def test_a_first_sweep_and_those_after_it(section: Section) -> None:
    now = section.gitlab.store.now()
    section.gitlab.forget_requests()
    mark, asked, steps = swept(section, None, now)
    assert steps == 2 * MANY + 2
    # Each of the notes takes two more, to write it and to look whether somebody else has.
    assert asked - 2 * steps <= 45 + 4 * MANY
    # What the bot itself has written is read once more, then nothing is.
    mark, asked, steps = swept(section, mark, now + HOUR)
    assert steps == 0 and asked <= 45 + 4 * MANY
    mark, asked, steps = swept(section, mark, now + 2 * HOUR)
    # Who the bot is, what has changed of issues and epics, and by their labels those that it has not seen.
    assert (asked, steps) == (9, 0)
    # One issue of a plan moves.
    later = now + 30 * HOUR
    section.gitlab.call("POST", "/../../-/emulator/clock", json={"now": later.isoformat()})
    mark = dict(mark) | {"changed_since": None}
    part = section.implementations()[0]
    section.change(part, token="root", state_event="close")
    quiet = dict(mark) | {"due": {}}
    _, asked, steps = swept(section, quiet, later)
    assert (asked, steps) == (8, 1)
    # Without the mark everything is read, and nothing is left to do.
    _, asked, steps = swept(section, None, later)
    assert steps == 0 and MANY * 2 < asked <= 45 + 4 * MANY


def test_what_people_settle_by_hand_reaches_the_review_within_a_day(
    local_gitlab: LocalGitLab, environment: Environment, settings: Settings
) -> None:
    section = Section(local_gitlab, environment, settings)
    closed, unlabelled = section.open(), section.open(title="Another")
    now = local_gitlab.store.now()
    mark, _, _ = swept(section, None, now)
    mark, _, _ = swept(section, mark, now + HOUR)
    mark = dict(mark) | {"changed_since": None}
    local_gitlab.call("POST", "/../../-/emulator/clock", json={"now": (now + HOUR).isoformat()})
    section.change(closed, state_event="close")
    section.change(unlabelled, labels="")
    for hours in (2, 27):
        local_gitlab.call("POST", "/../../-/emulator/clock", json={"now": (now + hours * HOUR).isoformat()})
        mark, _, _ = swept(section, mark, now + hours * HOUR)
    project = local_gitlab.project("sec/planning")
    assert project is not None
    [review] = local_gitlab.issues(project)
    [note] = local_gitlab.notes(review)
    assert "Done since the last review" in note and f"sec/product#{closed.iid}+" in note
    assert f"~~sec/product#{closed.iid}~~" in note and f"sec/product#{unlabelled.iid}+" not in note


def test_what_is_due_by_time_alone_is_read(section: Section) -> None:
    now = section.gitlab.store.now()
    mark, _, _ = swept(section, None, now)
    mark, _, _ = swept(section, mark, now + HOUR)
    key = next(iter(mark["due"]))
    due = dict(mark) | {"due": {key: (now + 2 * HOUR).isoformat()}}
    assert swept(section, due, now + 2 * HOUR - dt.timedelta(minutes=1))[1] == 9
    assert swept(section, due, now + 2 * HOUR)[1] == 7


def test_an_issue_of_an_epics_plan_costs_no_more_than_ten(
    local_gitlab: LocalGitLab, environment: Environment, settings: Settings
) -> None:
    section = Group(local_gitlab, environment, settings)
    epic = section.open_epic(labels="section::sec,group::static analysis,initiative::complete")
    mark = f"<!-- sectionbot:implementation of=epic-{epic.group_id}-{epic.iid} category={Row('dast', '').key} -->"
    elsewhere = parts_project(local_gitlab)
    body = {"title": "Part", "description": mark}
    row = local_gitlab.call("POST", f"{elsewhere}/issues", "demo-bot-token", json=body).json()
    assert local_gitlab.call("POST", f"/groups/sec/epics/{epic.iid}/issues/{row['id']}").status_code == 201
    now = local_gitlab.store.now()
    watermark, _, _ = swept(section, None, now)
    watermark, _, _ = swept(section, watermark, now + HOUR)
    assert swept(section, watermark, now + 2 * HOUR)[1:] == (9, 0)
    later = now + 30 * HOUR
    local_gitlab.call("POST", "/../../-/emulator/clock", json={"now": later.isoformat()})
    section.change(local_gitlab.store.issues[row["id"]], token="root", state_event="close")
    quiet = dict(watermark) | {"changed_since": None, "due": {}}
    # Two lists, the epic, what was said there and its issues, projects and its group, the note; and who the bot is.
    assert swept(section, quiet, later)[1:] == (9, 1)


# -- the mark --------------------------------------------------------------------------------------------------------


MARK = Watermark(NOW - OVERLAP, "19.4", {"7-4": NOW + HOUR}).to_json()


@pytest.mark.parametrize(
    ("changed", "now", "is_usable"),
    [
        ({}, NOW, True),
        ({"milestone": "19.3"}, NOW, False),
        ({"until": "nonsense"}, NOW, False),
        ({"due": []}, NOW, False),
        ({"changed_since": (NOW - 23 * HOUR).isoformat()}, NOW, True),
        ({"changed_since": (NOW - 24 * HOUR).isoformat()}, NOW, False),
        # Of the future: somebody has run it with another day.
        ({"until": (NOW + HOUR).isoformat()}, NOW, False),
    ],
)
def test_a_mark_that_does_not_fit_is_none(changed: dict[str, Any], now: dt.datetime, is_usable: bool) -> None:
    assert (usable(MARK | changed, SETUP, now) is not None) is is_usable


def test_without_a_mark_everything_is_read() -> None:
    assert usable(None, SETUP, NOW) is None
    assert isinstance(SETUP, Setup)


def test_marks_survive_their_file_and_a_broken_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "marks.json"
    assert read_watermarks(file) == {} and read_watermarks(None) == {}
    write_watermarks(file, {"initiatives": MARK})
    assert read_watermarks(file) == {"initiatives": MARK}
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    for text in ("{", "[]", '{"version": 99}', json.dumps({"version": 1, "marks": []})):
        file.write_text(text)
        assert read_watermarks(file) == {}


@pytest.mark.parametrize(("status", "kept"), [(Status.DONE, True), (Status.REFUSED, False), (Status.FAILED, False)])
def test_what_did_not_come_through_is_read_again(status: Status, kept: bool) -> None:
    plan = Plan((Step(None, "x", "y"),), watermark=MARK)  # type: ignore[arg-type]
    part = Part("initiatives", plan, {"key": Outcome(status)})
    assert bool(marks_of((part,))) is kept
