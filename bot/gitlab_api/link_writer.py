"""Links issues to each other, as far as this GitLab has links of that type, and puts them into epics."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.changes import AddToEpic, LinkIssues
from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.plan import Outcome, Status
from bot.domain.resources import IssueId
from bot.gitlab_api.client import Client
from bot.gitlab_api.item_paths import item_path

DONE = Outcome(Status.DONE)
# Free on GitLab.com answers the first, the Community Edition the second (seen with GitLab 19).
NO_SUCH_TYPE = ("Blocked issues not available", "link_type does not have a valid value")


def link_issues(change: LinkIssues, client: Client, opened_by: Callable[[str], IssueId]) -> Outcome:
    """Raises GitLabError.

    Args:
        opened_by: the issue that a change of the same plan has created, by the change's key.
    """
    source = change.source_issue or opened_by(change.source_created_by)
    target = change.target_issue or opened_by(change.target_created_by)
    try:
        return _link(client, source, target, change.link_type)
    except GitLabRefused as refused:
        if not any(words in refused.words for words in NO_SUCH_TYPE):
            raise
    outcome = _link(client, source, target, "relates_to")
    sentence = f"This GitLab has no links of the type {change.link_type}: the two are related without a direction."
    return Outcome(outcome.status, sentence)


def _link(client: Client, source: IssueId, target: IssueId, link_type: str) -> Outcome:
    path = f"{item_path(source)}/links"
    body = {"target_project_id": target.project_id, "target_issue_iid": target.iid, "link_type": link_type}
    try:
        client.request("POST", path, body=body)
    except GitLabRefused as refused:
        if refused.status != 409:
            raise
        return Outcome(Status.ALREADY_SO)
    except GitLabUnreachable:
        rows = client.rows(path)
        if not any((int(row["project_id"]), int(row["iid"])) == (target.project_id, target.iid) for row in rows):
            raise
    return DONE


def add_to_epic(change: AddToEpic, client: Client, opened_by: Callable[[str], IssueId]) -> Outcome:
    """Raises GitLabError."""
    at = change.issue_at or opened_by(change.created_by)
    # A second request changes nothing, so it is repeated where no answer came.
    row = client.request("PUT", item_path(at), body={"epic_id": change.epic_at.id})
    if (row.get("epic") or {}).get("id") == change.epic_at.id:
        return DONE
    return Outcome(Status.REFUSED, f"GitLab did not take it into the epic {change.epic}: the bot's role is too small.")
