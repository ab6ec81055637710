"""A group with something of everything that policies look at, built the same way each time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.emulator.tables import Issuable
from tests.local_gitlab import LocalGitLab

LABELS = ("bug", "feature", "stale", "triaged", "docs", "group::one", "group::two", "priority::1", "priority::2")
PEOPLE = {"ann": 30, "bo": 20, "cy": 10, "dee": 0}


def fill(gitlab: LocalGitLab) -> None:
    """Group `busy` with the subgroup `busy/below` and two projects; ann, bo and cy are members, dee is not."""
    post = _Posting(gitlab)
    for name in PEOPLE:
        post(
            "/users",
            username=name,
            name=name.title(),
            email=f"{name}@example.com",
            skip_confirmation=True,
            force_random_password=True,
        )
    people = {name: gitlab.store.usernames[name].id for name in PEOPLE}
    group = post("/groups", path="busy", name="Busy", visibility="public")["id"]
    below = post("/groups", path="below", name="Below", parent_id=group, visibility="public")["id"]
    for name, level in PEOPLE.items():
        if level:
            post(f"/groups/{group}/members", user_id=people[name], access_level=level)
    for name in LABELS:
        post(f"/groups/{group}/labels", name=name, color="#336699")
    for title, start, due in (("1.0", "2020-01-01", "2020-02-01"), ("2.0", "2024-01-01", "2050-01-01")):
        post(f"/groups/{group}/milestones", title=title, start_date=start, due_date=due)
    milestones = {each.title: each.id for each in gitlab.store.milestones.values()}
    for path, holder in (("app", group), ("lib", below)):
        project = post(
            "/projects", path=path, name=path, namespace_id=holder, visibility="public", initialize_with_readme=True
        )["id"]
        _issues(post, gitlab, project, people, milestones)
        _merge_requests(post, gitlab, project, people, milestones)
    for number, labels in enumerate((["bug"], ["feature", "stale"], []), start=1):
        made = post(f"/groups/{group}/epics", title=f"Epic {number}", labels=",".join(labels))
        _age(gitlab, gitlab.store.epics[made["id"]], 40 * number)


class _Posting:
    def __init__(self, gitlab: LocalGitLab) -> None:
        self.gitlab = gitlab

    def __call__(self, path: str, method: str = "POST", /, **fields: Any) -> dict[str, Any]:
        made = self.gitlab.call(method, path, json=fields)
        assert made.status_code in (200, 201), (path, made.text)
        answer: dict[str, Any] = made.json()
        return answer


def _age(gitlab: LocalGitLab, issuable: Issuable, days: int) -> None:
    """As if nothing had happened since `days` days ago, and it was made as long before."""
    now = gitlab.store.now()
    issuable.updated_at = now - dt.timedelta(days=days)
    issuable.created_at = now - dt.timedelta(days=2 * days)


def _issues(
    post: _Posting, gitlab: LocalGitLab, project: int, people: dict[str, int], milestones: dict[str, int]
) -> None:
    path = f"/projects/{project}/issues"
    for number in range(1, 13):
        labels = [name for place, name in enumerate(LABELS) if (number + place) % 5 == 0]
        made = post(path, title=f"Issue {number}", description=f"- [ ] step {number}", labels=",".join(labels))
        issue = gitlab.store.issues[made["id"]]
        issue.author_id = people[list(PEOPLE)[number % 4]]
        one = f"{path}/{made['iid']}"
        if number % 3 == 0:
            post(one, "PUT", assignee_ids=[people["ann" if number % 2 else "cy"]])
        if number % 4 == 0:
            post(one, "PUT", milestone_id=milestones["1.0" if number % 8 else "2.0"], weight=number)
        for _ in range(number % 3):
            post(f"{one}/notes", body="What about this?")
        if number % 5 == 0:
            post(f"{one}/award_emoji", name="thumbsup")
        if number in (3, 7):
            post(one, "PUT", state_event="close")
        if number == 5:
            post(one, "PUT", confidential=True)
        _age(gitlab, issue, number * 15)


def _merge_requests(
    post: _Posting, gitlab: LocalGitLab, project: int, people: dict[str, int], milestones: dict[str, int]
) -> None:
    path = f"/projects/{project}"
    for number in range(1, 7):
        branch = f"feature-{number}"
        post(f"{path}/repository/branches", branch=branch, ref="main")
        if number % 2:
            post(
                f"{path}/repository/commits",
                branch=branch,
                commit_message=f"Work on {number}",
                actions=[{"action": "create", "file_path": f"{number}.txt", "content": "x"}],
            )
        title = f"{'Draft: ' if number == 2 else ''}Change {number}"
        made = post(
            f"{path}/merge_requests",
            source_branch=branch,
            target_branch="main",
            title=title,
            description=f"Closes #{number}",
            labels="bug" if number % 3 else "feature",
        )
        one = f"{path}/merge_requests/{made['iid']}"
        shown = gitlab.store.merge_requests[made["id"]]
        shown.author_id = people["ann" if number % 2 else "dee"]
        if number % 3 == 0:
            post(one, "PUT", reviewer_ids=[people["bo"]], assignee_ids=[people["ann"]])
        if number == 4:
            post(one, "PUT", state_event="close")
        if number == 5:
            post(f"{one}/merge", "PUT")
        if number == 6:
            post(f"{one}/notes", body="Looks good.")
            post(one, "PUT", milestone_id=milestones["2.0"])
        _age(gitlab, shown, number * 20)
    post(f"{path}/protected_branches", name="feature-3")


def told(gitlab: LocalGitLab) -> dict[str, Any]:
    """What somebody would see of it afterwards: all that a policy can change."""
    store = gitlab.store
    seen: dict[str, Any] = {}
    for issuable in store.issuables():
        home = store.path_of(store.home_of(issuable))
        notes = [store.notes[number] for number in issuable.note_ids if number in store.notes]
        seen[f"{issuable.KIND} {home} {issuable.iid}"] = {
            "title": issuable.title,
            "description": issuable.description,
            "state": issuable.state,
            "labels": store.label_names(issuable),
            "milestone": issuable.milestone_id,
            "assignees": issuable.assignee_ids,
            "reviewers": getattr(issuable, "reviewer_ids", None),
            "confidential": issuable.confidential,
            "locked": issuable.discussion_locked,
            "due": issuable.due_date,
            "weight": getattr(issuable, "weight", None),
            "health": getattr(issuable, "health_status", None),
            "status": getattr(issuable, "status", None),
            "notes": sorted((note.body, note.internal, note.type) for note in notes if not note.system),
        }
    for project in store.projects.values():
        seen[f"branches of {store.full_path(project)}"] = sorted(project.branches)
    return seen
