"""What of the settings of initiatives and the council GitLab does not have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bot.automations.council.check_online import check_council_online
from bot.automations.initiatives.check_online import check_initiatives_online
from bot.domain.resources import AccessLevel
from bot.settings.loading import SettingsFile, load_file
from bot.wiring import settings_models
from tests.automations.initiatives import OWN, ROOT, SECTION
from tests.automations.test_council import COUNCIL

LABELS = frozenset(
    {
        *OWN.own_labels,
        *(label for labels in OWN.label_sets for label in labels),
        OWN.unowned_label,
        OWN.quiet_label,
        *OWN.command_labels.values(),
        COUNCIL.label,
        COUNCIL.decided_label,
        COUNCIL.out_of_scope_label,
        *COUNCIL.command_labels.values(),
    }
)


@dataclass
class Answers:
    labels: frozenset[str] = LABELS
    missing: frozenset[str] = frozenset()
    level: AccessLevel = AccessLevel.MAINTAINER
    epics: bool = True
    group_level: AccessLevel = AccessLevel.PLANNER

    def has_epics(self, group: str) -> bool:
        return self.epics

    def group_labels(self, group: str) -> frozenset[str]:
        return self.labels

    def project_id(self, path: str) -> int | None:
        return None if path in self.missing else 7

    def own_access(self, path: str, *, is_group: bool) -> AccessLevel:
        return self.group_level if is_group else self.level


def file_of(name: str) -> SettingsFile:
    _, positions, _ = load_file(ROOT / "config" / f"{name}.yml", settings_models()[name])
    return SettingsFile(f"{name}.yml", positions)


def initiatives(answers: Answers, **own: Any) -> list[str]:
    found = check_initiatives_online(answers, replace(OWN, **own), SECTION, file_of("initiatives"))
    return [str(problem).removeprefix("initiatives.yml:") for problem in found]


def council(answers: Answers) -> list[str]:
    found = check_council_online(answers, COUNCIL, SECTION, file_of("council"))
    return [str(problem).removeprefix("council.yml:") for problem in found]


def test_what_fits_is_fine() -> None:
    assert initiatives(Answers()) == []
    assert council(Answers()) == []


def test_a_label_of_a_set_that_is_not_there_would_make_no_initiative() -> None:
    assert [problem.split(": ", 1)[1] for problem in initiatives(Answers(labels=LABELS - {"all Sec groups"}))] == [
        "label_sets[1]: sec has no label 'all Sec groups': no issue is an initiative by this set. Make it there, or "
        "write its name as it is."
    ]


def test_where_there_are_epics_the_bot_needs_a_role_in_the_group() -> None:
    low = Answers(group_level=AccessLevel.GUEST)
    assert [problem.split(": ", 1)[1] for problem in initiatives(low)] == [
        "warning: label_sets: the bot's role in sec is Guest: it reads epics, but cannot label them. Give it the role "
        "Planner there."
    ]
    assert initiatives(replace(low, epics=False)) == []


def test_labels_that_are_missing_stand_on_their_line() -> None:
    found = initiatives(Answers(labels=LABELS - {"bot::quiet", "bot relevant"}))
    assert found == [
        "22:1: quiet_label: sec has no label 'bot::quiet'. Make it there, or write its name as it is.",
        "1:1: warning: command_labels.relevant: sec has no label 'bot relevant': `relevant` can be said only in "
        "comments. Make it there, or write its name as it is.",
    ]
    [problem] = council(Answers(labels=LABELS - {"bot pause"}))
    assert problem.endswith(
        "warning: command_labels.pause: sec has no label 'bot pause': `pause` can be said only in comments. Make it "
        "there, or write its name as it is."
    )
    [problem] = council(Answers(labels=LABELS - {"council::decided"}))
    assert problem.endswith("sec has no label 'council::decided'. Make it there, or write its name as it is.")


def test_projects_that_are_missing_or_in_which_the_bot_may_too_little() -> None:
    assert [problem.split(": ", 1)[1] for problem in initiatives(Answers(missing=frozenset({"sec/planning"})))] == [
        "review_project: there is no project sec/planning, or the bot may not see it. Make it, or leave the review out."
    ]
    assert [problem.split(": ", 1)[1] for problem in council(Answers(missing=frozenset({"sec/architecture"})))] == [
        "records.project: there is no project sec/architecture, or the bot may not see it. Make it, or leave the "
        "setting out."
    ]
    reporter = Answers(level=AccessLevel.REPORTER)
    assert council(reporter)[-1].endswith(
        "the bot's role in sec/architecture is Reporter; it needs Developer. Give it that role there."
    )
    assert initiatives(Answers(level=AccessLevel.GUEST))[-1].endswith(
        "the bot's role in sec/planning is Guest; it needs Planner. Give it that role there."
    )


def test_without_a_review_its_project_does_not_matter() -> None:
    assert initiatives(Answers(missing=frozenset({"sec/planning"})), review_project=None) == []
