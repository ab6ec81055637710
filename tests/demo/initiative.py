"""An initiative from its label to the review, and a question through the council, in fast motion."""

from __future__ import annotations

import json
from typing import Any

import requests
import yaml

from tests.demo.month import GitLab
from tests.demo.stage import ROOT, Failed, Stage, expect, say

TEXT = """## Problem

Every scanner has its own way to name a finding.

## Who is affected

All customers with more than one scanner.

## Requirements

One name for one finding, in all reports.

## Groups affected

All of them: who writes names, and who reads them.

## What happens if we don't

Customers go on counting findings twice.
"""
QUESTION = """## Issue at hand and preferred action

Where does the name of a finding come from? I would let the scanner choose it.

## Potential solutions

1. The scanner: knows most, but there are many.
2. The report: one place, but it knows less.

## Scope

- [x] Is not already covered by architecture guidelines or the handbook
- [x] Has broad impact within the section
- [x] Is a new unit of work
- [x] Is strictly of the section
- [x] Involves architecture decisions

## Decision and why

"""
MONDAY = "2026-11-16T10:00:00Z"


class _Section:
    """The initiative, the question, and the bot's runs."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.gitlab = stage, GitLab(stage.gitlab_url)
        self.now = MONDAY

    def at(self, instant: str) -> None:
        self.now = instant
        body = {"now": instant}
        requests.post(f"{self.stage.gitlab_url}/-/emulator/clock", json=body, timeout=10).raise_for_status()

    def open(self, title: str, description: str, labels: str) -> dict[str, Any]:
        made: dict[str, Any] = self.gitlab.call(
            "POST", "projects/sec%2Fproduct/issues", "em.gwen", title=title, description=description, labels=labels
        )
        return made

    def say(self, issue: dict[str, Any], words: str, who: str = "em.gwen") -> None:
        self.gitlab.call("POST", f"{_path(issue)}/notes", who, body=words)
        say(f"  {who}: {words}")

    def change(self, issue: dict[str, Any], who: str = "em.gwen", **fields: Any) -> None:
        self.gitlab.call("PUT", _path(issue), who, **fields)

    def counts(self, automation: str, *more: str) -> dict[str, int]:
        ended = self.stage.run("sweep", "--automation", automation, "--now", self.now, "--format", "json", *more)
        if ended.returncode != 0:
            raise Failed(f"the sweep of {automation} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        found: dict[str, int] = {}
        for part in json.loads(ended.stdout):
            for kind, count in part["counts"].items():
                found[kind] = found.get(kind, 0) + count
        return found

    def sweep(self, automation: str, what: str) -> None:
        counts = self.counts(automation, "--apply")
        done = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "nothing to do"
        say(f"  {self.now[:10]} {self.now[11:16]}  {what}: {done}")

    def note(self, issue: dict[str, Any], words: str) -> str:
        found = [str(each["body"]) for each in self.gitlab.notes(issue) if words in each["body"]]
        if not found:
            raise Failed(f"{issue['references']['full']} has no note with {words!r}.")
        return found[-1]

    def labels(self, issue: dict[str, Any]) -> list[str]:
        return sorted(self.gitlab.call("GET", _path(issue))["labels"])


def _path(issue: dict[str, Any]) -> str:
    return f"projects/{issue['project_id']}/issues/{issue['iid']}"


def _plan() -> tuple[str, int]:
    """A plan with a row for each feature category, and how many rows it has."""
    settings = yaml.safe_load((ROOT / "config" / "section.yml").read_text("utf-8"))
    groups = [group for stage in settings["stages"] for group in stage["groups"]]
    categories = [category for group in groups for category in group.get("feature_categories", [])]
    rows = [f"| {category} | Use the common name | 2 | |" for category in categories]
    without = [group["name"] for group in groups if not group.get("feature_categories")]
    reasons = "\n\n".join(f"Not affected: {name}, since it owns no feature category." for name in without)
    head = "| Feature category | What | Weight | Depends on |\n| --- | --- | --- | --- |"
    return "\n".join(["\n## Implementation plan\n\nStep by step.\n", head, *rows, "", reasons, ""]), len(rows)


def initiatives_and_the_council(stage: Stage) -> None:
    section = _Section(stage)
    say("\nA section-wide initiative, in fast motion: Gwen labels an issue with `all Sec groups`.")
    section.at(MONDAY)
    initiative = section.open("One name for a finding", "It is a mess.", "all Sec groups,type::feature")
    section.sweep("initiatives", "what its description lacks stands in one note, and the milestone's review opens")
    say("She writes what is missing.")
    section.change(initiative, description=TEXT)
    section.sweep("initiatives", "it is complete; which group is impacted most is suggested, or not")
    section.say(initiative, "sectionbot owner static analysis")
    section.sweep("initiatives", "the group's label is set, and its manager hears what is expected")
    plan, count = _plan()
    section.change(initiative, description=TEXT + plan)
    section.say(initiative, "sectionbot distribute")
    section.sweep("initiatives", "which issues it would make is shown")
    section.say(initiative, "sectionbot distribute now")
    section.sweep("initiatives", "they are made")
    made = section.gitlab.call("GET", f"{_path(initiative)}/links")
    expect("the number of issues of the plan", count, len(made))
    say("Two of the groups finish their part.")
    for issue in made[:2]:
        section.gitlab.call("PUT", _path(issue), state_event="close")
    _a_question(section, initiative)
    section.sweep("initiatives", "the note on the progress is brought up to date")
    expect("the progress", True, '"done" : 4' in section.note(initiative, "mermaid"))
    [review] = section.gitlab.call("GET", "projects/sec%2Fplanning/issues?search=review")
    expect("that it is in the review", True, f"sec/product#{initiative['iid']}" in section.note(review, "section-wide"))
    for automation in ("initiatives", "council"):
        expect(f"a second look of {automation} finds nothing to do", {}, section.counts(automation))
    listed = stage.run("initiatives", "list", "--now", section.now)
    say("Where do they stand? sectionbot initiatives list")
    for line in listed.stdout.splitlines():
        say(f"  {line}")
    say(f"\nThe end state was checked: {count} issues, two done, the decision in a merge request, the review.")


def _a_question(section: _Section, initiative: dict[str, Any]) -> None:
    say("One of them asks the architectural council where names come from.")
    question = section.open("Who names a finding?", QUESTION, "architectural council,type::feature")
    section.gitlab.call(
        "POST",
        f"{_path(question)}/links",
        "em.gwen",
        target_project_id=initiative["project_id"],
        target_issue_iid=initiative["iid"],
    )
    section.say(question, "sectionbot dri em.gwen")
    section.sweep("council", "it has its place in the queue and somebody who decides; its clock starts")
    say(f"    {section.note(question, 'The clock started').splitlines()[0].split(': ', 1)[1]}")
    section.say(question, "The scanner.", "tl.iris")
    section.at("2026-11-17T10:00:00Z")
    section.sweep("council", "half of the time is over: who was silent is reminded, once")
    section.at("2026-11-18T10:00:00Z")
    section.sweep("council", "the time is over: the DRI is asked to decide")
    section.change(question, description=f"{QUESTION}The scanner names it, since it knows most.\n")
    section.say(question, "sectionbot decide")
    section.sweep("council", "the decision goes into a merge request, and linked initiatives hear of it")
    expect(
        "the question's labels",
        ["architectural council", "council::decided", "type::feature"],
        section.labels(question),
    )
    [request] = section.gitlab.call("GET", "projects/sec%2Farchitecture/merge_requests?state=opened")
    say(f"    {request['references']['full']}: {request['title']}")
    section.note(initiative, "is decided: what was decided stands there")
