"""An epic's way from the label to the last closed issue: real reader and writer, against the emulator."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.plan import NoticeKind, Plan
from bot.domain.ports import Scope
from bot.domain.resources import EpicReference
from bot.emulator.tables import DEVELOPER, PLANNER, Epic
from bot.runtime.run import Means, Run, run
from bot.settings.loading import Settings
from bot.wiring import Environment, connect
from tests.automations.initiatives import described
from tests.conftest import Spawn
from tests.e2e.test_initiative_life import INITIATIVES, LABELS, PLAN, Section
from tests.local_gitlab import LocalGitLab


class Group(Section):
    """The bot and people of the section's group."""

    def __init__(self, gitlab: LocalGitLab, environment: Environment, settings: Settings) -> None:
        super().__init__(gitlab, environment, settings)
        gitlab.add_member("sec", "em.gwen", DEVELOPER)
        gitlab.add_member("sec", "group_1_bot", PLANNER)

    def open_epic(self, **fields: Any) -> Epic:
        body = {"title": "One name for a finding", "description": described(), "labels": LABELS} | fields
        made = self.gitlab.call("POST", "/groups/sec/epics", "demo-gwen-token", json=body)
        assert made.status_code == 201, made.text
        return self.gitlab.store.epics[made.json()["id"]]

    def comment(self, epic: Epic, text: str, token: str = "demo-gwen-token") -> None:
        path = f"/groups/{epic.group_id}/epics/{epic.id}/notes"
        assert self.gitlab.call("POST", path, token, json={"body": text}).status_code == 201

    def edit(self, epic: Epic, **fields: Any) -> None:
        path = f"/groups/{epic.group_id}/epics/{epic.iid}"
        assert self.gitlab.call("PUT", path, "demo-gwen-token", json=fields).status_code == 200

    def settled(self, epic: Epic) -> None:
        """Looks at the epic, and fails the test where something was refused, or where a second look has more."""
        for part in self.seen(epic).parts:
            assert part.error is None, part.error
            assert [each for each in part.outcomes.values() if not each.status.is_good] == []
        assert [part.plan for part in self.seen(epic, dry=True).parts] == [Plan()]

    def seen(self, epic: Epic, *, dry: bool = False) -> Run:
        gitlab = connect(self.environment, self.settings)
        means = Means(self.settings, gitlab.reader, None if dry else gitlab.writer, (INITIATIVES,))
        return run([(INITIATIVES, Scope(epic=EpicReference("sec", epic.iid)))], means, self.gitlab.store.now())

    def said_on(self, epic: Epic) -> list[str]:
        notes = (self.gitlab.store.notes[number] for number in epic.note_ids)
        return [note.body for note in notes if not note.system]


@pytest.fixture
def group(local_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> Group:
    return Group(local_gitlab, environment, settings)


def labels(group: Group, epic: Epic) -> list[str]:
    return group.gitlab.store.label_names(epic)


def test_the_life_of_an_epic(group: Group) -> None:
    epic = group.open_epic(description="It is bad.")
    group.settled(epic)
    assert "initiative::incomplete" in labels(group, epic) and group.said_on(epic)[0].count("is missing") == 5
    group.edit(epic, description=described() + PLAN)
    group.settled(epic)
    assert "it is **complete**" in group.said_on(epic)[0]
    group.comment(epic, "sectionbot owner static analysis")
    group.settled(epic)
    assert labels(group, epic) == ["group::static analysis", "initiative::complete", "section::sec"]
    for words in ("distribute", "distribute now"):
        group.comment(epic, f"sectionbot {words}")
        group.settled(epic)
    made = group.implementations()
    assert [issue.title.split(":")[0] for issue in made] == [
        "compliance_management",
        "dast",
        "static_application_security_testing",
    ]
    assert [issue.epic_id for issue in made] == [epic.id] * 3
    assert f"sec&{epic.iid}+" in str(made[0].description)
    # An issue of it moves, and its note shows that, a day later.
    group.change(made[0], state_event="close")
    later = group.gitlab.store.now() + dt.timedelta(hours=25)
    group.gitlab.call("POST", "/../../-/emulator/clock", json={"now": later.isoformat()})
    group.done(made[0], now=later)
    [progress] = [body for body in group.said_on(epic) if "mermaid" in body]
    assert '"done" : 1' in progress and f"sec/product#{made[0].iid}+ | done" in progress
    # Said twice, nothing is made twice; what was taken out of the epic comes back.
    path = f"/groups/sec/epics/{epic.iid}/issues/{made[0].epic_issue_id}"
    assert group.gitlab.call("DELETE", path).status_code == 200
    for words in ("distribute", "distribute now"):
        group.comment(epic, f"sectionbot {words}")
        group.settled(epic)
    assert [issue.epic_id for issue in group.implementations()] == [epic.id] * 3
    group.comment(epic, "sectionbot close all done")
    group.settled(epic)
    assert epic.state == "closed"


def test_the_councils_question_about_an_epic_is_in_it_once(group: Group) -> None:
    epic = group.open_epic()
    group.settled(epic)
    for _ in range(2):
        group.comment(epic, "sectionbot council")
        group.settled(epic)
    [question] = [each for each in group.gitlab.store.issues.values() if each.epic_id == epic.id]
    assert (question.title, group.gitlab.labels(question)) == (
        f"Which group answers for sec&{epic.iid}?",
        ["architectural council"],
    )


def test_a_confidential_epic_has_confidential_issues(group: Group) -> None:
    epic = group.open_epic(description=described() + PLAN, confidential=True)
    for words in ("owner static analysis", "distribute", "distribute now"):
        group.comment(epic, f"sectionbot {words}")
        group.settled(epic)
    assert all(issue.confidential for issue in group.implementations())


def test_it_is_moved_on_by_the_command_line(local_gitlab: LocalGitLab, group: Group, spawn: Spawn) -> None:
    epic = group.open_epic()
    bot = spawn()
    sweep = bot.run("sweep", "--automation", "initiatives", "--scope", f"sec&{epic.iid}", "--apply")
    assert (sweep.returncode, "initiative::complete" in labels(group, epic)) == (0, True)
    address = f"{local_gitlab.store.external_url}/groups/sec/-/epics/{epic.iid}"
    explained = bot.run("initiatives", "explain", address)
    assert explained.stdout.startswith(f"sec&{epic.iid}\n  Stage: unowned, since it is complete")
    assert bot.run("initiatives", "list").stdout == f"unowned  sec&{epic.iid}  -  0 days\n"
    other = bot.run("sweep", "--automation", "council", "--scope", f"sec&{epic.iid}")
    assert (other.returncode, other.stderr) == (
        2,
        f"Error: sec&{epic.iid} is an epic, and none of these automations looks at epics: only initiatives.\n",
    )
    assert bot.run("initiatives", "explain", f"sec&{epic.iid}+").stdout == explained.stdout
    odd = bot.run("initiatives", "explain", "sec&")
    assert (odd.returncode, odd.stderr) == (2, "Error: 'sec&' is no epic. Write group&12, in quotes.\n")
    elsewhere = bot.run("initiatives", "explain", "https://gitlab.example/groups/sec/-/epics/1")
    assert elsewhere.returncode == 2 and "is in another GitLab than" in elsewhere.stderr
    none = bot.run("initiatives", "explain", "sec&99")
    assert (none.returncode, none.stderr) == (
        2,
        "Error: GitLab has no epic sec&99, or the bot may not see it. Epics take Premium.\n",
    )


def test_in_the_free_tier_it_goes_on_with_issues(
    free_tier_gitlab: LocalGitLab, environment: Environment, settings: Settings
) -> None:
    free = Section(free_tier_gitlab, replace(environment, gitlab_url=free_tier_gitlab.url), settings)
    free.open()
    [part] = free.look().parts
    [notice] = [each for each in part.plan.notices if "epics" in each.sentence]
    assert (notice.kind, part.error) == (NoticeKind.LEFT_ALONE, None)
    assert len([each for each in free_tier_gitlab.requests() if each.endswith("/epics")]) == 1
