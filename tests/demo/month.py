"""A month of the section in fast motion: a release, an opening, work that ships and slips, a refresh, the section."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from tests.demo.page import write_page
from tests.demo.stage import ROOT, ROOT_TOKEN, Failed, Stage, expect, say

PAGE = ROOT / "build" / "demo" / "retrospectives.html"
STATIC, DYNAMIC, COMPOSITION = (f"sec/retrospectives/{name}-analysis" for name in ("static", "dynamic", "composition"))
SECTION = "sec/retrospectives/section"
# Milestone to how many deliverables of Static Analysis shipped and slipped, and how many merge requests were merged.
BEFORE = {"19.1": (4, 1), "19.2": (3, 2), "19.3": (5, 1)}
DELIVERABLES = (
    ("Show the file of each finding", 3),
    ("Scan only what changed", 5),
    ("Rules for secrets in notebooks", 2),
    ("Explain why a finding is back", 3),
    ("Run without a Docker socket", 8),
)


@dataclass(frozen=True)
class GitLab:
    """The emulated GitLab; people are played by sudo."""

    url: str

    def call(self, method: str, path: str, who: str = "", **body: Any) -> Any:
        headers = {"PRIVATE-TOKEN": ROOT_TOKEN} | ({"Sudo": who} if who else {})
        answer = requests.request(method, f"{self.url}/api/v4/{path}", headers=headers, json=body or None, timeout=30)
        if not answer.ok:
            raise Failed(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None

    def side_by_side(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        with ThreadPoolExecutor(8) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    def retrospective(self, path: str) -> dict[str, Any]:
        [row] = self.call("GET", f"projects/{path.replace('/', '%2F')}/issues?labels=retrospective")
        found: dict[str, Any] = row
        return found

    def notes(self, issue: dict[str, Any]) -> list[dict[str, Any]]:
        rows = self.call("GET", f"projects/{issue['project_id']}/issues/{issue['iid']}/notes?sort=asc&per_page=100")
        return [row for row in rows if not row["system"]]

    def discussions(self, issue: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call("GET", f"{_path(issue)}/discussions?per_page=100")
        return [row for row in rows if not row["notes"][0]["system"]]


def _path(issue: dict[str, Any]) -> str:
    return f"projects/{issue['project_id']}/issues/{issue['iid']}"


def a_month_of_retrospectives(stage: Stage) -> None:
    """From the release of 19.3 to that of 19.4, with the bot's daily run on the days on which something happens."""
    gitlab = GitLab(stage.gitlab_url)
    say("\nA month of retrospectives, in fast motion. 19.3 is released on Thursday 2026-08-20.")
    work = _the_past(gitlab)
    sweep = _Days(stage)
    sweep.on("Monday 2026-08-24", "the Monday after the release: every group gets its retrospective")
    row = gitlab.retrospective(STATIC)
    say(f"    {row['title']}, confidential, due {row['due_date']}, for {row['assignees'][0]['username']}")
    say("  People add points all milestone long, and bring some before the section. Work ships, and some slips.")
    _people_talk(gitlab)
    _work_ships_and_slips(gitlab, work)
    sweep.on("Monday 2026-09-07", "the week in which 19.4 ends: the section's retrospective opens")
    sweep.on("Wednesday 2026-09-09", "the notes are filled, and the teams are mentioned, once")
    for line in _bot_note(gitlab, gitlab.retrospective(STATIC))["body"].splitlines()[4:10]:
        say(f"    {line}")
    say("  Gwen's group holds its retrospective, and she closes the issue.")
    gitlab.call("PUT", _path(gitlab.retrospective(STATIC)), "em.gwen", state_event="close")
    sweep.on("Monday 2026-09-14", "the week of the release: everybody is asked to read and comment")
    sweep.on("Friday 2026-09-18", "the week ends: the DRI is reminded of the summary")
    for line in _bot_note(gitlab, gitlab.retrospective(SECTION))["body"].splitlines():
        if line.startswith(("1.", "- **", "| Static")):
            say(f"    {line}")
    _check(gitlab, sweep)
    issues = [gitlab.retrospective(STATIC), gitlab.retrospective(SECTION)]
    write_page(PAGE, [(issue, gitlab.discussions(issue)) for issue in issues], _titles(gitlab))
    say(f"\nThe two issues as a page, to open in a browser: {PAGE}")


class _Days:
    """The daily run of the schedule."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def plan(self, day: str, *more: str) -> dict[str, int]:
        now = f"{day.split()[-1]}T06:00:00Z"
        ended = self._stage.run("sweep", "--automation", "retrospectives", "--now", now, "--format", "json", *more)
        if ended.returncode != 0:
            raise Failed(f"the sweep of {day} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        counts: dict[str, int] = json.loads(ended.stdout)[0]["counts"]
        return counts

    def on(self, day: str, what: str) -> None:
        counts = self.plan(day, "--apply")
        done = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        say(f"  {day}, {what}.\n    sectionbot sweep --automation retrospectives --apply: {done}")


def _the_past(gitlab: GitLab) -> list[dict[str, Any]]:
    """Milestones, labels, the work of three milestones before; returns what 19.4 is to bring."""
    group = gitlab.call("GET", "groups/sec")["id"]
    titles = (*BEFORE, "19.4", "19.5")
    post = partial(gitlab.call, "POST")
    colors = [partial(post, f"groups/{group}/labels", name=f"missed:{title}", color="#c00") for title in titles]
    gitlab.side_by_side(colors)
    made = gitlab.side_by_side([partial(post, f"groups/{group}/milestones", title=title) for title in titles])
    milestones = {row["title"]: row["id"] for row in made}

    def issue(title: str, milestone: str, weight: int, labels: str = "", *, closed: bool = False) -> dict[str, Any]:
        fields = {"title": title, "milestone_id": milestones[milestone], "weight": weight}
        fields |= {"labels": f"type::feature,Deliverable,group::static analysis{labels}"}
        row: dict[str, Any] = gitlab.call("POST", "projects/sec%2Fproduct/issues", **fields)
        if closed:
            gitlab.call("PUT", _path(row), state_event="close")
        return row

    calls: list[Callable[[], Any]] = []
    for title, (shipped, slipped) in BEFORE.items():
        later = titles[titles.index(title) + 1]
        calls += [partial(issue, f"Work {n} of {title}", title, 2, closed=True) for n in range(shipped)]
        late = partial(issue, milestone=later, weight=3, labels=f",missed:{title}", closed=True)
        calls += [partial(late, f"Late work {n} of {title}") for n in range(slipped)]
    calls += [partial(issue, name, "19.4", weight) for name, weight in DELIVERABLES]
    found = gitlab.side_by_side(calls)
    project = gitlab.call("GET", f"projects/{STATIC.replace('/', '%2F')}")["id"]
    post(
        f"projects/{project}/issues",
        title="Mend the flaky job",
        labels="follow-up",
        due_date="2026-08-28",
        created_at="2026-08-10T09:00:00Z",
    )
    return found[-len(DELIVERABLES) :]


def _people_talk(gitlab: GitLab) -> None:
    """Points below the prompts, with votes, and three of them brought before the section."""
    points = (
        (STATIC, "dev.jono", "Flaky tests cost us two days before the release.", ("em.gwen", "tl.iris", "pm.hugo")),
        (DYNAMIC, "dev.fern", "We waited for reruns of flaky tests every day.", ("em.cato", "tl.elio")),
        (COMPOSITION, "dev.bria", "Nobody owns the flaky tests of the shared pipeline.", ("em.yuri",)),
    )
    for path, who, point, voters in points:
        issue = gitlab.retrospective(path)
        threads = [each for each in gitlab.discussions(issue) if not each["individual_note"]]
        place = f"{_path(issue)}/discussions/{threads[1]['id']}/notes"
        said = gitlab.call("POST", place, who, body=point)
        for voter in voters:
            gitlab.call("POST", f"{_path(issue)}/notes/{said['id']}/award_emoji", voter, name="thumbsup")
        gitlab.call("POST", place, who, body="sectionbot bubble up")
    issue = gitlab.retrospective(STATIC)
    threads = [each for each in gitlab.discussions(issue) if not each["individual_note"]]
    praise = f"{_path(issue)}/discussions/{threads[3]['id']}/notes"
    gitlab.call("POST", praise, "tl.iris", body="Jono, for the night with the scanner.")


def _work_ships_and_slips(gitlab: GitLab, work: list[dict[str, Any]]) -> None:
    for row in work[:3]:
        gitlab.call("PUT", _path(row), "section.owner", state_event="close")
    _merge(gitlab, work[0]["milestone"]["id"])
    later = next(row["id"] for row in gitlab.call("GET", "groups/sec/milestones?title=19.5"))
    labels = "missed:19.4,missed-deliverable"
    gitlab.call("PUT", _path(work[3]), "section.owner", milestone_id=later, add_labels=labels)


def _merge(gitlab: GitLab, milestone: int) -> None:
    """Two merge requests of Static Analysis."""
    product = "projects/sec%2Fproduct"
    for branch in ("main", "file-of-finding", "only-changes"):
        actions = [{"action": "create", "file_path": f"{branch}.md", "content": branch}]
        start = {} if branch == "main" else {"start_branch": "main"}
        commit: dict[str, Any] = {"branch": branch, "commit_message": branch, "actions": actions}
        gitlab.call("POST", f"{product}/repository/commits", **commit, **start)
        if branch != "main":
            fields: dict[str, Any] = {
                "source_branch": branch,
                "target_branch": "main",
                "title": branch,
                "milestone_id": milestone,
            }
            made = gitlab.call("POST", f"{product}/merge_requests", **fields, labels="group::static analysis")
            gitlab.call("PUT", f"{product}/merge_requests/{made['iid']}/merge")


def _bot_note(gitlab: GitLab, issue: dict[str, Any]) -> dict[str, Any]:
    found = [note for note in gitlab.notes(issue) if "retrospective_note -->" in note["body"]]
    expect(f"the number of the bot's notes in {issue['title']}", 1, len(found))
    return found[0]


def _check(gitlab: GitLab, sweep: _Days) -> None:
    note = _bot_note(gitlab, gitlab.retrospective(STATIC))["body"]
    lines = ("| Shipped | 4 (weight 13) | 7", "| Slipped | 1 (weight 3) | 1", "| Still open | 1 (weight 8) |")
    for line in (*lines, "| Merge requests merged | 2 |"):
        expect(f"{line!r} in the bot's note", True, line in note)
    section = gitlab.retrospective(SECTION)
    shown = _bot_note(gitlab, section)["body"]
    expect("that the group which closed its issue has held it", True, f"{STATIC}#2 | yes |" in shown)
    expect("the theme of three groups", True, "- **flaky tests** in 3 groups" in shown)
    calls = [note["body"] for note in gitlab.notes(section)]
    expect("the calls to read, and to sum up", 1, sum("Please read" in body for body in calls))
    expect("the reminder of the summary", 1, sum("@dri.sec: the week of 19.4's release ends" in body for body in calls))
    mentions = [note for note in gitlab.notes(gitlab.retrospective(STATIC)) if "@dev.jono" in note["body"]]
    expect("the number of mentions of the team", 1, len(mentions))
    expect("a second look finds nothing to do", {}, sweep.plan("Friday 2026-09-18"))
    say("\nThe end state was checked: one issue for each group, one note in it, one mention, one section issue.")
    say("A second look finds nothing to do.")


def _titles(gitlab: GitLab) -> dict[str, str]:
    """Reference to title, for what GitLab would show in place of a reference."""
    rows = gitlab.call("GET", "groups/sec/issues?scope=all&per_page=100")
    return {row["references"]["full"]: row["title"] for row in rows}
