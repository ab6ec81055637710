"""What section-wide initiatives are told about their descriptions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from bot.automations.initiatives.completeness import COMPLETENESS_MARKER, plan_completeness
from bot.automations.initiatives.gather import gather_initiatives
from bot.automations.initiatives.settings import InitiativeSettings
from bot.domain.changes import ChangeLabels, WriteNote
from bot.domain.errors import WrongInput
from bot.domain.plan import Plan
from bot.domain.ports import Scope
from bot.domain.resources import Issue, IssueId, Note, Reference, User
from bot.settings.section import SectionSettings
from bot.settings.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Templates.load(ROOT / "templates")
NOW = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
BOT, RITA = User(1, "the.bot"), User(30, "rita")


def settings_of(model: type, name: str) -> Any:
    return TypeAdapter(model).validate_python(yaml.safe_load((ROOT / "config" / f"{name}.yml").read_text("utf-8")))


OWN: InitiativeSettings = settings_of(InitiativeSettings, "initiatives")
SECTION: SectionSettings = settings_of(SectionSettings, "section")
LABELS = ("section::sec", "group::not owned")
WORDS = {
    "Problem": "Every scanner has its own way to name a finding.",
    "Who is affected": "All customers with more than one scanner.",
    "Requirements": "One name for one finding, in all reports.",
    "Groups affected": "All groups of Secure.",
    "What happens if we don't": "Customers go on counting findings twice.",
}


def described(**changed: str | None) -> str:
    """A complete description, with other words below some headings; None leaves a heading out."""
    words = WORDS | {heading.replace("_", " "): text for heading, text in changed.items()}
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in words.items() if text is not None)


def initiative(iid: int = 4, **fields: Any) -> Issue:
    value = Issue(
        40 + iid,
        iid,
        7,
        "sec/product",
        "T",
        RITA,
        NOW,
        NOW,
        "",
        description=described(),
        labels=LABELS,
        user_notes_count=1,
    )
    return replace(value, **fields)


class FakeReader:
    """Answers from values, and keeps what it was asked."""

    def __init__(self, *issues: Issue, notes: tuple[Note, ...] = ()) -> None:
        self.all, self.notes = issues, notes
        self.asked: list[str] = []
        self.side_by_side: Any = lambda calls: [call() for call in calls]

    def issue(self, issue: IssueId) -> Issue | None:
        return next((each for each in self.all if (each.project_id, each.iid) == (issue.project_id, issue.iid)), None)

    def project_id(self, path: str) -> int | None:
        return next((each.project_id for each in self.all if each.project_path == path), None)

    def issues(self, place: str, *, is_group: bool, state: str, label: str | None = None) -> tuple[Issue, ...]:
        self.asked.append(f"issues {place} {label}")
        assert is_group and label is not None
        return tuple(each for each in self.all if set(label.split(",")) <= set(each.labels) and each.state == state)

    def own_note(self, issue: IssueId, marker: str) -> Note | None:
        self.asked.append(f"own note {issue}")
        return next((note for note in self.notes if marker in note.body and note.author == BOT), None)


def planned(*issues: Issue, notes: tuple[Note, ...] = (), scope: Scope = Scope()) -> Plan:  # noqa: B008 - frozen
    found = gather_initiatives(scope, FakeReader(*issues, notes=notes), OWN, SECTION, TEMPLATES)
    return plan_completeness(found, OWN, TEMPLATES)


def note_of(plan: Plan) -> WriteNote:
    [found] = [step.change for step in plan.steps if isinstance(step.change, WriteNote)]
    return found


def labels_of(plan: Plan) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(step.change.add, step.change.remove) for step in plan.steps if isinstance(step.change, ChangeLabels)]


def test_what_is_missing_or_says_nothing_stands_in_one_note() -> None:
    plan = planned(
        initiative(description=described(Requirements=None, Problem="What is the problem, and how do you know?"))
    )
    assert note_of(plan).body == (
        "Before this initiative can be triaged, its description has to say more:\n\n"
        "| Section | |\n| --- | --- |\n"
        "| Problem | says nothing of its own yet |\n"
        "| Requirements | is missing |\n\n"
        "Each is a heading in the description, with your words below it. This note changes as the description does.\n\n"
        f"{COMPLETENESS_MARKER}"
    )
    assert labels_of(plan) == []
    assert plan.steps[0].because == "2 of 5 sections are missing or empty"


def test_the_template_itself_says_nothing() -> None:
    text = note_of(planned(initiative(description=TEMPLATES.texts["initiatives/initiative.md"]))).body
    assert text.count("says nothing of its own yet") == 5


def test_it_ends_in_complete_and_a_label_follows() -> None:
    before = Note(9, BOT, note_of(planned(initiative(description=""))).body, NOW)
    plan = planned(initiative(), notes=(before,))
    change = note_of(plan)
    assert change.note_id == 9
    assert "it is **complete**." in change.body and "Problem, Who is affected, Requirements" in change.body
    assert labels_of(plan) == [(("initiative::complete",), ())]


def test_who_says_all_from_the_beginning_gets_the_label_alone() -> None:
    plan = planned(initiative())
    assert [step.change.kind for step in plan.steps] == ["change labels"]


def test_what_is_no_longer_complete_loses_the_label() -> None:
    worse = initiative(description=described(Problem=None), labels=(*LABELS, "initiative::complete"))
    plan = planned(worse)
    assert labels_of(plan) == [((), ("initiative::complete",))]
    assert "| Problem | is missing |" in note_of(plan).body


@pytest.mark.parametrize("lacks", [True, False])
def test_a_second_run_does_nothing(lacks: bool) -> None:
    issue = initiative(description=described(Problem=None)) if lacks else initiative()
    first = planned(issue)
    notes = tuple(Note(9, BOT, step.change.body, NOW) for step in first.steps if isinstance(step.change, WriteNote))
    labels = LABELS if lacks else (*LABELS, "initiative::complete")
    assert planned(replace(issue, labels=labels), notes=notes) == Plan()


def test_a_persons_copy_of_the_note_is_none() -> None:
    issue = initiative(description=described(Problem=None))
    copied = Note(9, RITA, note_of(planned(issue)).body, NOW)
    assert note_of(planned(issue, notes=(copied,))).note_id is None


@pytest.mark.parametrize(
    ("labels", "is_one"),
    [
        (("section::sec", "group::not owned"), True),
        (("section::sec", "group::not_owned", "x"), True),
        (("all Sec groups",), True),
        (("section::sec",), False),
        (("group::not owned",), False),
        (("section::sec", "group::static analysis"), False),
    ],
)
def test_what_an_initiative_is(labels: tuple[str, ...], is_one: bool) -> None:
    lacks = initiative(description="", labels=labels)
    assert (not planned(lacks).is_empty) is is_one
    assert (not planned(lacks, scope=Scope(reference=Reference("sec/product", 4))).is_empty) is is_one
    assert (not planned(lacks, scope=Scope(project_id=7, iid=4, event_kind="issue")).is_empty) is is_one


@pytest.mark.parametrize("fields", [{"state": "closed"}, {"project_path": "elsewhere/x"}])
def test_what_is_closed_or_elsewhere_is_left_alone(fields: dict[str, Any]) -> None:
    other = initiative(description="", **fields)
    assert planned(other, scope=Scope(project_id=7, iid=4, event_kind="issue")) == Plan()


def test_a_reference_that_gitlab_does_not_have_is_told() -> None:
    with pytest.raises(WrongInput, match="GitLab has no issue sec/product#99, or the bot may not see it"):
        planned(initiative(), scope=Scope(reference=Reference("sec/product", 99)))
    assert planned(scope=Scope(project_id=7, iid=99, event_kind="issue")) == Plan()


def test_requests_are_the_lists_and_one_for_each_that_is_not_settled() -> None:
    settled = [initiative(n, labels=(*LABELS, "initiative::complete")) for n in range(50)]
    silent = [initiative(100 + n, description="", user_notes_count=0) for n in range(50)]
    reader = FakeReader(*settled, *silent, initiative(200, description=""))
    gather_initiatives(Scope(), reader, OWN, SECTION, TEMPLATES)
    assert reader.asked == [
        "issues sec section::sec,group::not owned",
        "issues sec section::sec,group::not_owned",
        "issues sec all Sec groups",
        "own note 7#200",
    ]
