"""Where webhooks are wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.changes import COMMENT_EVENTS, RegisterHook
from bot.domain.plan import NoticeKind
from bot.runtime.hooks import gather_hooks, plan_registration
from bot.settings.loading import Settings

URL = "https://bot.example/webhooks/gitlab"


class Hooks:
    """A GitLab in which only these places may have hooks."""

    def __init__(self, *places: str) -> None:
        self.places = places

    def hooks(self, path: str, *, is_group: bool) -> list[dict[str, Any]] | None:
        return [] if path in self.places else None


def without(settings: Settings, *names: str) -> Settings:
    """With all automations but these."""
    return replace(settings, parts={**settings.parts, "bot": replace(settings.part("bot"), switched_off=names)})


def test_the_sections_group_gets_one_for_issues_comments_and_epics(settings: Settings) -> None:
    plan = plan_registration(gather_hooks(Hooks("sec"), without(settings), url=URL, with_events=False), URL)
    [change] = [step.change for step in plan.steps]
    assert change == RegisterHook("sec", True, URL, COMMENT_EVENTS, None)


def test_where_it_cannot_have_one_the_schedule_does_the_work(settings: Settings) -> None:
    plan = plan_registration(gather_hooks(Hooks(), without(settings), url=URL, with_events=False), URL)
    assert [notice.kind for notice in plan.notices if notice.subject == "sec"] == [NoticeKind.LEFT_ALONE]


@pytest.mark.parametrize(
    ("off", "is_wanted"), [(("initiatives",), True), (("council",), True), (("initiatives", "council"), False)]
)
def test_it_is_wanted_while_somebody_listens(settings: Settings, off: tuple[str, ...], is_wanted: bool) -> None:
    holders = gather_hooks(Hooks("sec"), without(settings, *off), url=URL, with_events=False)
    assert ("sec" in {holder.path for holder in holders}) is is_wanted
