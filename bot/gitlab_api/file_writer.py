"""Proposes files by merge request: one commit on a branch of its own, and the request to merge it."""

from __future__ import annotations

import base64

from bot.domain.changes import ProposeFiles
from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.plan import Outcome, Status
from bot.gitlab_api.client import Client, Json, encoded

DONE = Outcome(Status.DONE)
ALREADY_SO = Outcome(Status.ALREADY_SO)


def propose_files(change: ProposeFiles, client: Client, own_ids: frozenset[int]) -> Outcome:
    """Raises GitLabError.

    Args:
        own_ids: of the bot: what others propose from a branch of that name is theirs.
    """
    project = f"/projects/{encoded(change.project_path)}"
    if _has_request(change, client, project, own_ids):
        return ALREADY_SO
    target = client.get(project).get("default_branch")
    if not target:
        sentence = f"{change.project_path} has no branch yet: a first commit is needed, like a README."
        return Outcome(Status.REFUSED, sentence)
    branch = f"{project}/repository/branches/{encoded(change.branch)}"
    if client.get_or_none(branch) is None:
        _commit(change, client, project, target, branch)
    elif client.get_or_none(f"{project}/repository/files/{encoded(change.file)}", ref=change.branch) is None:
        sentence = f"{change.project_path} has a branch {change.branch} that is not the bot's: remove or rename it."
        return Outcome(Status.REFUSED, sentence)
    body: Json = {
        "source_branch": change.branch,
        "target_branch": target,
        "title": change.title,
        "description": change.description,
        "remove_source_branch": True,
    }
    try:
        client.request("POST", f"{project}/merge_requests", body=body)
    except (GitLabRefused, GitLabUnreachable) as error:
        is_there = not isinstance(error, GitLabRefused) or error.status == 409
        if is_there and _has_request(change, client, project, own_ids):
            return DONE
        raise
    return DONE


def _has_request(change: ProposeFiles, client: Client, project: str, own_ids: frozenset[int]) -> bool:
    rows = client.rows(f"{project}/merge_requests", source_branch=change.branch, state="all")
    return any(
        row["source_branch"] == change.branch
        and row["author"]["id"] in own_ids
        and row.get("source_project_id") == row.get("target_project_id")
        for row in rows
    )


def _commit(change: ProposeFiles, client: Client, project: str, target: str, branch: str) -> None:
    listed = client.get_or_none(f"{project}/repository/files/{encoded(change.listed_in)}", ref=target)
    before = base64.b64decode(listed["content"]).decode("utf-8", "replace") if listed else ""
    actions: list[Json] = [{"action": "create", "file_path": change.file, "content": change.content}]
    if change.line not in before.split("\n"):
        text = f"{before.rstrip()}\n{change.line}\n" if before.strip() else f"{change.line}\n"
        action = "update" if listed else "create"
        actions.append({"action": action, "file_path": change.listed_in, "content": text})
    body: Json = {
        "branch": change.branch,
        "start_branch": target,
        "commit_message": change.title,
        "actions": actions,
    }
    try:
        client.request("POST", f"{project}/repository/commits", body=body)
    except GitLabUnreachable:
        if client.get_or_none(branch) is None:
            raise
