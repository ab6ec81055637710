"""Builders for policies and for a GitLab that answers from lists."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.errors import GitLabRefused
from bot.triage.engine import Engine
from bot.triage.policy import read_policy
from bot.triage.rules import Policy
from bot.triage.runs import Options, Result, Source, Told, World

Json = dict[str, Any]
NOW = dt.datetime(2026, 3, 15, 10, 30, tzinfo=dt.UTC)


def issue(iid: int, **fields: Any) -> Json:
    """An open issue of project 7, as a list has it."""
    row: Json = {
        "id": 1000 + iid,
        "iid": iid,
        "project_id": 7,
        "title": f"Issue {iid}",
        "state": "opened",
        "created_at": f"2026-01-{iid:02d}T08:00:00.000Z",
        "updated_at": "2026-02-01T08:00:00.000Z",
        "closed_at": None,
        "labels": [],
        "author": {"id": 11, "username": "ann"},
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "upvotes": 0,
        "downvotes": 0,
        "confidential": False,
        "web_url": f"https://gitlab.example/grp/proj/-/issues/{iid}",
        "references": {"full": f"grp/proj#{iid}"},
    }
    return row | fields


class FakeReading:
    """Implements Reading; refuses what it has no answer for.

    Args:
        lists: path to rows, which are filtered by state and labels; answers: path to JSON.
    """

    base_url = "https://gitlab.example"

    def __init__(self, lists: Json | None = None, answers: Json | None = None) -> None:
        self.lists, self.answers = lists or {}, answers or {}
        self.asked: list[str] = []

    def pages(
        self, path: str, params: list[tuple[str, str]], *, per_page: int, follows_links: bool
    ) -> Iterator[list[Json]]:
        query = "&".join(f"{name}={value}" for name, value in params)
        self.asked.append(f"{path}?{query}")
        if path not in self.lists:
            raise GitLabRefused(404, "404 Not found", f"GET /{path}")
        rows = json.loads(json.dumps(self.lists[path]))
        given = dict(params)
        if "state" in given:
            rows = [row for row in rows if row.get("state") == given["state"]]
        if "labels" in given:
            rows = [row for row in rows if set(given["labels"].split(",")) <= set(row["labels"])]
        yield from (rows[start : start + per_page] for start in range(0, max(len(rows), 1), per_page))

    def get(self, path: str, params: list[tuple[str, str]]) -> Any:
        self.asked.append(path)
        if path not in self.answers:
            raise GitLabRefused(404, "404 Label Not Found", f"GET /{path}")
        return json.loads(json.dumps(self.answers[path]))

    def graphql(self, query: str, variables: Json) -> Json:
        raise GitLabRefused(200, "no GraphQL here", "POST /api/graphql")

    def side_by_side(self, calls: list[Callable[[], Any]]) -> list[Any]:
        return [call() for call in calls]


def label(name: str) -> tuple[str, Json]:
    return f"projects/7/labels/{name}", {"id": 1, "name": name}


def policy(rules: list[Json], kind: str = "issues", **more: Any) -> Policy:
    """A policy of these rules; it must be without mistakes."""
    text = json.dumps({"resource_rules": {kind: {"rules": rules, **more}}})
    read = read_policy(text, "policy.yml")
    assert read.errors == ()
    return read


def run(
    policies: Policy | list[Policy],
    reading: FakeReading,
    *,
    told: Told | None = None,
    world: World | None = None,
    **options: Any,
) -> Result:
    chosen = Options(Source("projects", "7"), NOW, ZoneInfo("UTC"), repeats_notes=True)
    for name, value in options.items():
        chosen = type(chosen)(**(vars(chosen) | {name: value}))
    return Engine(reading, chosen, told, world).run(policies if isinstance(policies, list) else [policies])


def summaries(result: Result) -> list[str]:
    return [f"{step.change.kind}: {step.change.summary}" for step in result.steps]
