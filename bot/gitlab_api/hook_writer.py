"""Carries out changes of webhooks."""

from __future__ import annotations

from bot.domain.changes import RegisterHook, ResendDelivery
from bot.domain.plan import Outcome, Status
from bot.gitlab_api.client import Client, Json, encoded


class Secrets:
    """What hooks are registered with. Never part of a plan, never printed."""

    def __init__(self, webhook_token: str | None = None, signing_token: str | None = None) -> None:
        self.webhook_token, self.signing_token = webhook_token, signing_token

    def __repr__(self) -> str:
        return "Secrets(...)"


def apply_to_hook(change: RegisterHook | ResendDelivery, client: Client, secrets: Secrets) -> Outcome:
    """Raises GitLabRefused and GitLabUnreachable."""
    kind = "groups" if change.holder_is_group else "projects"
    path = f"/{kind}/{encoded(change.holder)}/hooks"
    if isinstance(change, ResendDelivery):
        client.request("POST", f"{path}/{change.hook_id}/events/{change.event_id}/resend")
        return Outcome(Status.DONE)
    body: Json = {"url": change.url, "push_events": False, "enable_ssl_verification": True}
    body |= dict.fromkeys(change.events, True)
    if secrets.webhook_token:
        body["token"] = secrets.webhook_token
    if secrets.signing_token:
        body["signing_token"] = secrets.signing_token
    hook_id = change.hook_id
    if hook_id is None:
        known = [row for row in client.rows(path) if row["url"] == change.url]
        hook_id = int(known[0]["id"]) if known else None
    if hook_id is not None:
        client.request("PUT", f"{path}/{hook_id}", body=body)
    else:
        client.request("POST", path, body=body)
    return Outcome(Status.DONE)
