"""A month of retrospectives with the real command line, against the emulator."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.emulator.tables import Issue
from tests.bot_process import ROOT, BotProcess, eventually
from tests.conftest import Spawn
from tests.local_gitlab import LocalGitLab

MONDAY = "2026-08-24T06:00:00Z"
SWEEP = ("sweep", "--automation", "retrospectives", "--now", MONDAY, "--format", "json")


def on(day: str) -> tuple[str, ...]:
    """The sweep of another day."""
    return (*SWEEP[:3], "--now", f"{day}T06:00:00Z", "--format", "json")


@pytest.fixture
def section(local_gitlab: LocalGitLab) -> LocalGitLab:
    group = local_gitlab.store.group_paths["sec"]
    made = local_gitlab.call("POST", f"/groups/{group.id}/milestones", json={"title": "19.4"})
    assert made.status_code == 201
    return local_gitlab


def counts(ended: subprocess.CompletedProcess[str]) -> dict[str, int]:
    [part] = [each for each in json.loads(ended.stdout) if each["automation"] == "retrospectives"]
    found: dict[str, int] = part["counts"]
    return found


def retrospectives(section: LocalGitLab, path: str = "static-analysis") -> list[Issue]:
    project = section.project(f"sec/retrospectives/{path}")
    assert project is not None
    return section.issues(project)


def test_every_group_gets_its_issue_and_a_second_run_does_nothing(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    plan = bot.run(*SWEEP)
    assert (plan.returncode, counts(plan)) == (0, {"create issue": 11, "write note": 51, "link note": 11})
    assert retrospectives(section) == []
    done = bot.run(*SWEEP, "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = retrospectives(section)
    row = section.call("GET", f"/projects/{made.project_id}/issues/{made.iid}").json()
    assert (row["title"], row["confidential"], row["due_date"], row["milestone"]["title"]) == (
        "Static Analysis: retrospective of 19.4",
        True,
        "2026-09-11",
        "19.4",
    )
    assert [user["username"][:3] for user in row["assignees"]] == ["em."]
    discussions = section.call("GET", f"/projects/{made.project_id}/issues/{made.iid}/discussions").json()
    first = [each["notes"][0]["body"].split("\n")[0] for each in discussions if not each["individual_note"]]
    assert first == [
        "**What went well in this milestone?**",
        "**What did not go well?**",
        "**What can we improve, and how?**",
        "**Praise: whom do you want to thank, and for what?**",
    ]
    assert len(section.notes(retrospectives(section, "vulnerability-research")[0])) == 1
    [bots_note] = [each["notes"][0] for each in discussions if "retrospective_note" in each["notes"][0]["body"]]
    assert f"[the bot's note]({row['web_url']}#note_{bots_note['id']})" in row["description"]
    assert "note_link" not in row["description"]
    section.forget_requests()
    again = bot.run(*SWEEP, "--apply")
    assert (again.returncode, counts(again)) == (0, {})
    assert section.requests(writes=True) == []


def test_a_day_on_which_nothing_is_due_takes_seven_requests(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply").returncode == 0
    section.forget_requests()
    assert counts(bot.run(*on("2026-09-01"))) == {}
    # Who the bot is, four lists, the milestones, the people.
    assert len(section.requests()) == 7
    section.forget_requests()
    assert counts(bot.run(*on("2026-08-25"))) == {}
    # The milestone before is looked after, too: its milestones, its list, and the projects for the section's table.
    assert len(section.requests()) == 7 + 3


def test_one_group_by_its_name_on_any_day(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    one = bot.run(*SWEEP, "--scope", "Static Analysis")
    assert counts(one) == {"create issue": 1, "write note": 5, "link note": 1}
    wrong = bot.run(*SWEEP[:-2], "--scope", "Statistics")
    assert wrong.returncode == 2
    assert "! There is no group 'Statistics' in section.yml. There are: Anti-abuse, " in wrong.stdout


def test_two_pipelines_at_the_same_moment_open_one(section: LocalGitLab, spawn: Spawn) -> None:
    side_by_side(section, [spawn(), spawn()], *SWEEP, "--apply", "--scope", "Static Analysis")
    opened = [issue for issue in retrospectives(section) if issue.state == "opened"]
    assert len(opened) == 1
    assert len({body.split("\n")[0] for body in section.notes(opened[0])}) == len(section.notes(opened[0])) == 5
    assert counts(spawn().run(*SWEEP, "--scope", "Static Analysis")) == {}


def test_a_run_that_was_cut_off_is_completed_by_the_next(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    section.fault(method="POST", path=r"issues/\d+/discussions", status=403, times=3, skip=1)
    first = bot.run(*SWEEP, "--apply", "--scope", "Static Analysis")
    assert first.returncode == 4
    assert len(section.notes(retrospectives(section)[0])) == 1
    assert counts(bot.run(*SWEEP, "--scope", "Static Analysis")) == {"write note": 4, "link note": 1}
    assert bot.run(*SWEEP, "--apply", "--scope", "Static Analysis").returncode == 0
    assert len(section.notes(retrospectives(section)[0])) == 5


def test_a_lost_answer_opens_no_second_one(section: LocalGitLab, spawn: Spawn) -> None:
    section.fault(method="POST", path=r"/issues$", lose_answer=True)
    ended = spawn().run(*SWEEP, "--apply", "--scope", "Static Analysis")
    assert (ended.returncode, len(retrospectives(section))) == (0, 1)


def test_one_that_a_person_deleted_is_opened_again_while_its_milestone_runs(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply", "--scope", "Static Analysis").returncode == 0
    [made] = retrospectives(section)
    assert section.call("DELETE", f"/projects/{made.project_id}/issues/{made.iid}").status_code == 204
    assert counts(bot.run(*SWEEP, "--scope", "Static Analysis"))["create issue"] == 1


def test_a_project_that_is_gone_stops_no_other_group(section: LocalGitLab, spawn: Spawn) -> None:
    project = section.project("sec/retrospectives/static-analysis")
    assert project is not None
    assert section.call("DELETE", f"/projects/{project.id}").status_code == 202
    ended = spawn().run(*SWEEP, "--apply")
    assert ended.returncode == 4
    assert len(retrospectives(section, "dynamic-analysis")) == 1


def test_an_overdue_follow_up_gets_one_reminder(section: LocalGitLab, spawn: Spawn) -> None:
    project = section.project("sec/retrospectives/static-analysis")
    assert project is not None
    fields = {"title": "Mend the flaky job", "labels": "follow-up", "due_date": "2026-08-01"}
    made = section.call("POST", f"/projects/{project.id}/issues", json=fields).json()
    follow_up = section.store.issues[made["id"]]
    follow_up.updated_at = dt.datetime(2026, 8, 2, tzinfo=dt.UTC)
    early = (*SWEEP[:3], "--now", "2026-08-17T06:00:00Z", "--format", "json", "--apply")
    bot = spawn()
    assert counts(bot.run(*early)) == {"write note": 1}
    [note] = section.notes(follow_up)
    assert note.startswith("@em.") and "was due on **2026-08-01**, 16 days ago." in note
    follow_up.updated_at = dt.datetime(2026, 8, 2, tzinfo=dt.UTC)
    assert counts(bot.run(*early)) == {}
    assert section.notes(follow_up) == [note]


def test_what_is_switched_off_looks_only_when_it_is_named(section: LocalGitLab, spawn: Spawn) -> None:
    looked = [
        part["automation"] for part in json.loads(spawn().run("sweep", "--now", MONDAY, "--format", "json").stdout)
    ]
    assert looked == ["incident_opening", "policy_triage"]
    assert counts(spawn().run(*SWEEP))["create issue"] == 11


# -- the rest of the month ---------------------------------------------------------------------------------------------


def label_and_work(section: LocalGitLab, shipped: int, slipped: int = 0) -> None:
    """Deliverables of Static Analysis in 19.4, which lies in sec/product."""
    group = section.store.group_paths["sec"]
    assert section.call("POST", f"/groups/{group.id}/labels", json={"name": "missed:19.4", "color": "#c00"}).ok
    [milestone] = section.call("GET", f"/groups/{group.id}/milestones?title=19.4").json()
    product = section.project("sec/product")
    assert product is not None
    labels = "Deliverable,group::static analysis"
    for number in range(shipped + slipped):
        fields = {"title": f"SECRET {number}", "labels": labels, "milestone_id": milestone["id"]}
        made = section.call("POST", f"/projects/{product.id}/issues", json=fields).json()
        changed = {"state_event": "close"} if number < shipped else {"add_labels": "missed:19.4"}
        assert section.call("PUT", f"/projects/{product.id}/issues/{made['iid']}", json=changed).ok


def own_note(section: LocalGitLab, path: str = "static-analysis") -> str:
    [issue] = retrospectives(section, path)
    [found] = [body for body in section.notes(issue) if "retrospective_note -->" in body]
    return found


def test_the_refresh_and_the_sections_issue_and_a_second_run_that_does_nothing(
    section: LocalGitLab, spawn: Spawn
) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply").returncode == 0
    label_and_work(section, 3, 1)
    done = bot.run(*on("2026-09-09"), "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    # Eleven notes are filled, eleven teams mentioned; the section's issue has its note.
    assert counts(done) == {"write note": 23, "create issue": 1, "link note": 1}
    note = own_note(section)
    assert "| Shipped | 3 |" in note and "| Slipped | 1 |" in note and "SECRET" not in note
    [opened] = retrospectives(section, "section")
    assert "| Static Analysis | sec/retrospectives/static-analysis#1 | not yet | 0 | 0 |" in section.notes(opened)[0]
    section.forget_requests()
    again = bot.run(*on("2026-09-09"), "--apply")
    assert (again.returncode, counts(again)) == (0, {})
    assert section.requests(writes=True) == []


def test_the_requests_of_a_refresh_grow_with_pages_and_not_with_issues(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply").returncode == 0
    label_and_work(section, 3)

    def asked() -> list[str]:
        section.forget_requests()
        assert bot.run(*on("2026-09-09"), "--scope", "Static Analysis").returncode == 0
        return section.requests()

    few = asked()
    # Seven of every day, the discussions, the projects, and three lists for each of four milestones.
    assert len(few) == 7 + 1 + 1 + 12
    label_and_work_more(section, 120)
    assert len(asked()) == len(few) + 1
    section.forget_requests()
    assert bot.run(*on("2026-09-09")).returncode == 0
    # All groups: ten more discussions; the section's retrospective reads the members of nobody without topics.
    assert len(section.requests()) == len(few) + 1 + 10


def label_and_work_more(section: LocalGitLab, count: int) -> None:
    product = section.project("sec/product")
    assert product is not None
    like = next(issue for issue in section.issues(product) if issue.title.startswith("SECRET"))
    for number in range(count):
        fields = {"title": f"MORE {number}", "labels": "Deliverable,group::static analysis"}
        made = section.call(
            "POST", f"/projects/{product.id}/issues", json=fields | {"milestone_id": like.milestone_id}
        ).json()
        section.store.issues[made["id"]].state = "closed"


def test_a_comment_fills_the_note_at_once(section: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply").returncode == 0
    label_and_work(section, 2)
    server = spawn(SECTIONBOT_CONFIG=str(with_retrospectives(tmp_path)))
    server.start()
    server.connect_hooks()
    [issue] = retrospectives(section)
    notes = f"/projects/{issue.project_id}/issues/{issue.iid}/notes"
    assert section.call("POST", notes, headers={"Sudo": "dev.jono"}, json={"body": "sectionbot refresh"}).ok
    eventually(lambda: "| Shipped | 2 |" in own_note(section))
    # What is misspelt is answered in its thread.
    threads = f"/projects/{issue.project_id}/issues/{issue.iid}/discussions"
    typo = {"body": "sectionbot refersh"}
    asked = section.call("POST", threads, headers={"Sudo": "dev.jono"}, json=typo).json()["id"]
    thread = f"{threads}/{asked}"
    answered = eventually(lambda: section.call("GET", thread).json()["notes"][1:])
    assert answered[0]["body"].startswith("I do not know `sectionbot refersh`. Perhaps you meant `sectionbot refresh`?")
    assert sum("@dev.jono" in body for body in section.notes(issue)) == 0


def with_retrospectives(folder: Path, **changed: Any) -> Path:
    """A copy of config/ in which nothing but retrospectives is done, with changed values."""
    target = folder / "house" / "config"
    shutil.copytree(ROOT / "config", target)
    (target / "triage.yml").write_text("sources: []\n", encoding="utf-8")
    file = target / "retrospectives.yml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | changed), encoding="utf-8")
    return target


def test_opened_late_one_run_does_all_that_is_due_and_the_second_nothing(section: LocalGitLab, spawn: Spawn) -> None:
    bot = spawn()
    for day in ("2026-09-10", "2026-09-16"):
        group = section.store.group_paths["sec"]
        if day > "2026-09-11":
            assert section.call("POST", f"/groups/{group.id}/milestones", json={"title": "19.5"}).ok
        done = bot.run(*on(day), "--apply")
        assert done.returncode == 0, done.stdout + done.stderr
        assert counts(bot.run(*on(day))) == {}, day
        if day == "2026-09-10":
            [opened] = retrospectives(section, "section")
            section.close(opened, token="root")
            section.call("DELETE", f"/projects/{opened.project_id}/issues/{opened.iid}")
    [opened] = retrospectives(section, "section")
    assert sum("Please read" in body for body in section.notes(opened)) == 1
    assert "| Static Analysis | sec/retrospectives/static-analysis#1 | not yet |" in section.notes(opened)[0]
    assert sum("time to look back" in body for body in section.notes(retrospectives(section)[0])) == 1


def test_without_its_milestone_the_bots_issue_is_still_known_and_its_note_kept(
    section: LocalGitLab, spawn: Spawn
) -> None:
    bot = spawn()
    assert bot.run(*SWEEP, "--apply").returncode == 0
    label_and_work(section, 2)
    assert bot.run(*on("2026-09-09"), "--apply").returncode == 0
    group = section.store.group_paths["sec"]
    [milestone] = section.call("GET", f"/groups/{group.id}/milestones?title=19.4").json()
    assert section.call("DELETE", f"/groups/{group.id}/milestones/{milestone['id']}").ok
    assert counts(bot.run(*on("2026-09-10"), "--apply")) == {}
    assert "| Shipped | 2 |" in own_note(section)
    told = bot.run(*on("2026-09-10")[:-2], "--scope", "Static Analysis", "--format", "json").stdout
    assert "left alone" in told


def side_by_side(section: LocalGitLab, bots: list[BotProcess], *arguments: str) -> None:
    """The same run in several pipelines at once."""
    section.application.control.latency_ms = 50
    ended: list[Any] = []
    runs = [threading.Thread(target=lambda bot=bot: ended.append(bot.run(*arguments))) for bot in bots]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    section.application.control.latency_ms = 0
    assert {each.returncode for each in ended} == {0}, [each.stdout + each.stderr for each in ended]


def test_two_pipelines_on_the_day_of_the_refresh_mention_the_team_once(section: LocalGitLab, spawn: Spawn) -> None:
    assert spawn().run(*SWEEP, "--apply", "--scope", "Static Analysis").returncode == 0
    label_and_work(section, 2)
    day = (*on("2026-09-09"), "--scope", "Static Analysis")
    side_by_side(section, [spawn(), spawn()], *day, "--apply")
    assert sum("time to look back" in body for body in section.notes(retrospectives(section)[0])) == 1
    assert "| Shipped | 2 |" in own_note(section)
    assert counts(spawn().run(*day)) == {}


# -- publishing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def publishing(section: LocalGitLab, spawn: Spawn, tmp_path: Path) -> BotProcess:
    """A bot whose groups publish; the retrospective of Static Analysis was opened."""
    bot = spawn(SECTIONBOT_CONFIG=str(with_retrospectives(tmp_path, publish=True)))
    assert bot.run(*SWEEP, "--apply", "--scope", "Static Analysis").returncode == 0
    [issue] = retrospectives(section)
    assert issue.confidential
    # What 19.5 needs has been done.
    group = section.store.group_paths["sec"]
    assert section.call("POST", f"/groups/{group.id}/milestones", json={"title": "19.5"}).ok
    assert bot.run(*on("2026-09-30"), "--apply", "--scope", "Static Analysis").returncode == 0
    assert issue.confidential
    return bot


PUBLISHING = (*on("2026-10-01"), "--scope", "Static Analysis")


def test_where_a_group_publishes_an_idle_day_takes_one_request_more(
    section: LocalGitLab, publishing: BotProcess
) -> None:
    section.forget_requests()
    assert counts(publishing.run(*on("2026-09-02"), "--scope", "Compliance"))["create issue"] == 1
    assert len(section.requests()) == 7 + 1


def test_a_retrospective_is_published_on_its_day(section: LocalGitLab, publishing: BotProcess) -> None:
    done = publishing.run(*PUBLISHING, "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    issue = retrospectives(section)[0]
    assert not issue.confidential
    assert section.notes(issue)[-1].startswith("This retrospective is published today")
    assert not any("was to be published" in body for body in section.notes(issue))
    assert counts(publishing.run(*PUBLISHING)) == {}


def test_two_pipelines_publish_once(section: LocalGitLab, spawn: Spawn, publishing: BotProcess) -> None:
    other = spawn(SECTIONBOT_CONFIG=publishing.environment["SECTIONBOT_CONFIG"])
    section.application.control.latency_ms = 50
    runs = [threading.Thread(target=bot.run, args=(*PUBLISHING, "--apply")) for bot in (publishing, other)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    issue = retrospectives(section)[0]
    assert not issue.confidential
    assert sum("is published today" in body for body in section.notes(issue)) == 1
    assert not any("was not" in body for body in section.notes(issue))
    assert counts(publishing.run(*PUBLISHING)) == {}


def test_where_its_note_cannot_be_rewritten_nothing_is_published_and_the_manager_is_told(
    section: LocalGitLab, publishing: BotProcess
) -> None:
    section.fault(method="PUT", path=r"/notes/\d+$", status=403)
    done = publishing.run(*PUBLISHING, "--apply")
    assert done.returncode == 4
    issue = retrospectives(section)[0]
    assert issue.confidential
    assert section.notes(issue)[-1].startswith("@em.gwen: this retrospective was to be published today, and was not:")
    # The next day it works, and the manager is not told again.
    later = (*on("2026-10-02"), "--scope", "Static Analysis", "--apply")
    assert publishing.run(*later).returncode == 0
    assert not issue.confidential
    assert sum("was to be published" in body for body in section.notes(issue)) == 1


def test_the_label_holds_it_back(section: LocalGitLab, publishing: BotProcess) -> None:
    issue = retrospectives(section)[0]
    section.label(issue, "retrospective::keep confidential", token="root")
    assert counts(publishing.run(*PUBLISHING, "--apply")) == {}
    assert issue.confidential


# -- config check ------------------------------------------------------------------------------------------------------


def test_online_it_is_told_what_retrospectives_lack(section: LocalGitLab, spawn: Spawn, tmp_path: Path) -> None:
    config = with_retrospectives(tmp_path, shipped_label="Promised", publish=True, hold_label="keep")
    group, users = section.store.group_paths["sec/retrospectives"], section.store.usernames
    project = section.project("sec/retrospectives/compliance")
    assert project is not None
    for name in ("dev.jono", "dev.fern"):
        assert section.call("DELETE", f"/groups/{group.id}/members/{users[name].id}").ok
    guest = {"access_level": 10}
    bot = users["group_1_bot"]
    assert section.call("PUT", f"/groups/{group.id}/members/{bot.id}", json=guest).ok
    ended = spawn(SECTIONBOT_CONFIG=str(config)).run("config", "check", "--online")
    lines = [line.partition(": ")[2] for line in ended.stdout.splitlines()]
    assert ended.returncode == 2
    for expected in (
        "shipped_label: sec has no label 'Promised'. Make it there, or write its name as it is.",
        "hold_label: sec has no label 'keep'. Make it there, or write its name as it is.",
        "stages[0].groups[3].retrospective_project: the bot's role in sec/retrospectives/compliance is Guest; it needs "
        "Planner. Give it that role there.",
        "warning: retrospective_project: dev.fern, dev.jono will be asked to read confidential issues of "
        "sec/retrospectives/section, and cannot see them. Make them members with the role Planner of a group above, or "
        "set confidential: false.",
    ):
        assert expected in lines, ended.stdout
