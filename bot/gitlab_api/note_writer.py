"""Writes one note of the bot on an issue or epic, found by its marker."""

from __future__ import annotations

from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.domain.plan import Outcome, Status
from bot.domain.resources import WorkItemId
from bot.gitlab_api.client import Client
from bot.gitlab_api.item_paths import talk_path
from bot.gitlab_api.reader import own_notes

DONE = Outcome(Status.DONE)
ALREADY_SO = Outcome(Status.ALREADY_SO)


def put_note(
    client: Client,
    own_ids: frozenset[int],
    at: WorkItemId,
    marker: str,
    body: str,
    note_id: int | None,
    *,
    internal: bool,
    search: bool,
    place: str = "notes",
) -> Outcome:
    """Edit the note, or write it and look whether somebody else has, too: then the lowest id stays."""
    path = f"{talk_path(at)}/notes"
    if note_id is None and search:
        known = own_notes(client, at, marker, own_ids, first_only=True)
        note_id = known[0].id if known else None
        if known and known[0].body.strip() == body.strip():
            return ALREADY_SO
    if note_id is not None:
        try:
            client.request("PUT", f"{path}/{note_id}", body={"body": body})
            return DONE
        except GitLabRefused as refused:
            if refused.status != 404:
                raise  # else a person has deleted it since it was read
    lost: GitLabUnreachable | None = None
    try:
        whole = f"{talk_path(at)}/{place}"
        client.request("POST", whole, body={"body": body} | ({"internal": True} if internal else {}))
    except GitLabUnreachable as unreachable:
        lost = unreachable
    found = own_notes(client, at, marker, own_ids, first_only=False)
    if not found:
        raise lost or GitLabUnreachable(f"POST {path}", "the note is not there")
    first, *later = found
    for each in later:
        try:
            client.request("DELETE", f"{path}/{each.id}")
        except GitLabRefused as refused:
            if refused.status != 404:  # the other one has tidied up already
                raise
    if first.body.strip() != body.strip():
        client.request("PUT", f"{path}/{first.id}", body={"body": body})
    return DONE
