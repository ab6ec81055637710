"""Webhooks of projects and, from Premium on, of groups: settings, deliveries of the last 7 days, resend, test."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from concurrent.futures import Future
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import group_of, hook_of, project_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, not_found
from bot.emulator.tables import MAINTAINER, OWNER, Group, Hook, Project
from bot.emulator.web import Call, Reply, Route, page_of, paged

RESENDS_A_MINUTE = 5
KEPT = dt.timedelta(days=7)
STATUS_WORDS = {"successful": (200, 299), "client_failure": (400, 499), "server_failure": (500, 599)}
TRIGGERS = {
    "issues_events": ("issue_hooks", "Issue Hook"),
    "confidential_issues_events": ("confidential_issue_hooks", "Confidential Issue Hook"),
    "note_events": ("note_hooks", "Note Hook"),
    "confidential_note_events": ("confidential_note_hooks", "Confidential Note Hook"),
    "push_events": ("push_hooks", "Push Hook"),
    "member_events": ("member_hooks", "Member Hook"),
    "emoji_events": ("emoji_hooks", "Emoji Hook"),
    "merge_requests_events": ("merge_request_hooks", "Merge Request Hook"),
}


def _holder(call: Call) -> Group | Project:
    call.login()
    if call.path.startswith("/groups/"):
        if call.store.tier == "free":
            raise Refusal(404, {"error": "404 Not Found"})
        group = group_of(call)
        if access.group_level(call.store, call.user, group) < OWNER:
            raise forbidden()
        return group
    project = project_of(call)
    if access.project_level(call.store, call.user, project) < MAINTAINER:
        raise forbidden()
    return project


def list_hooks(call: Call) -> Reply:
    holder = _holder(call)
    key = "group_id" if isinstance(holder, Group) else "project_id"
    rows = [hook for hook in call.store.hooks.values() if getattr(hook, key) == holder.id]
    return paged(call, rows, lambda hook: entities.hook(call.store, hook, in_list=True))


def get_hook(call: Call) -> Reply:
    return Reply(200, entities.hook(call.store, hook_of(call, _holder(call))))


def _assign(call: Call, hook: Hook) -> None:
    params = call.params
    if "url" in params:
        url = params.text("url") or ""
        if not url.startswith(("http://", "https://")):
            raise Refusal(422, {"error": "Invalid url given"})
        hook.url = url
    for name in params.given(*entities.HOOK_EVENTS, *entities.GROUP_HOOK_EVENTS):
        hook.events[name] = params.boolean(name)
    for name in params.given("name", "description"):
        setattr(hook, name, params.text(name))
    if "token" in params:
        hook.token = params.text("token") or None
    if "signing_token" in params:
        hook.signing_token = _signing_token(params.text("signing_token"))
    if "enable_ssl_verification" in params:
        hook.enable_ssl_verification = params.boolean("enable_ssl_verification")
    for name in params.given("push_events_branch_filter", "branch_filter_strategy", "custom_webhook_template"):
        hook.settings[name] = params.text(name)
    headers = params.values.get("custom_headers")
    if headers is not None:
        _add_headers(hook, headers)


def _signing_token(value: str | None) -> str | None:
    if not value:
        return None
    try:
        secret = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret = b""
    if not value.startswith("whsec_") or len(secret) != 32:
        raise Refusal(422, {"error": "Signing token must be whsec_ followed by 32 bytes in base64"})
    return value


def _add_headers(hook: Hook, headers: Any) -> None:
    items = list(headers.values()) if isinstance(headers, dict) else headers
    if not isinstance(items, list) or not all(isinstance(item, dict) and "key" in item for item in items):
        raise Refusal(422, {"error": "Custom headers validation failed: must be a valid json schema"})
    hook.custom_headers |= {str(item["key"]): str(item.get("value", "")) for item in items}
    if len(hook.custom_headers) > 20:
        raise Refusal(422, {"error": "Custom headers validation failed: must have at most 20 items"})


def create_hook(call: Call) -> Reply:
    holder = _holder(call)
    call.params.require("url")
    key, limit = ("group_id", 50) if isinstance(holder, Group) else ("project_id", 100)
    if sum(1 for hook in call.store.hooks.values() if getattr(hook, key) == holder.id) >= limit:
        raise Refusal(422, {"error": f"Maximum number of {key.removesuffix('_id')} hooks ({limit}) exceeded"})
    hook = Hook(call.store.next_id("hooks"), "", call.store.now(), events={"push_events": True})
    setattr(hook, key, holder.id)
    _assign(call, hook)
    call.store.hooks[hook.id] = hook
    return Reply(201, entities.hook(call.store, hook))


def update_hook(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    if not call.params.values:
        raise Refusal(400, {"error": "No parameters provided"})
    _assign(call, hook)
    return Reply(200, entities.hook(call.store, hook))


def delete_hook(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    del call.store.hooks[hook.id]
    return Reply(204)


def set_custom_header(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    call.params.require("value")
    hook.custom_headers[call.args[2]] = call.params.text("value") or ""
    return Reply(204)


def delete_custom_header(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    if hook.custom_headers.pop(call.args[2], None) is None:
        raise not_found("Custom Header")
    return Reply(204)


def list_events(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    if (call.params.integer("per_page", 20) or 20) > 20:
        raise grape_error("per_page does not have a valid value")
    page_of(call.params)
    since = call.store.now() - KEPT
    rows = [event for event in reversed(hook.deliveries) if event.created_at >= since]
    wanted = call.params.texts("status")
    if wanted:
        rows = [event for event in rows if any(_has_status(event.response_status, word) for word in wanted)]
    return paged(call, rows, entities.hook_event)


def _has_status(status: str, word: str) -> bool:
    if word in STATUS_WORDS:
        low, high = STATUS_WORDS[word]
        return (status.isdigit() and low <= int(status) <= high) or (
            word == "server_failure" and status == "internal error"
        )
    if not word.isdigit():
        raise grape_error("status does not have a valid value")
    return status == word


def resend(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    now = call.store.now()
    hook.resends = [moment for moment in hook.resends if moment > now - dt.timedelta(minutes=1)]
    if len(hook.resends) >= RESENDS_A_MINUTE:
        text = "This endpoint has been requested too many times. Try again later."
        raise Refusal(429, {"message": {"error": text}}, {"Retry-After": "60"})
    for event in hook.deliveries:
        if str(event.id) == call.args[2]:
            hook.resends.append(now)
            event_name = event.request_headers.get("X-Gitlab-Event", "")
            key = event.request_headers["Idempotency-Key"]
            headers = call.hooks.headers(hook, event_name, event.request_data, key=key)
            return Reply(later=call.hooks.pool.submit(_sent, call, hook, event.trigger, headers, event.request_data))
    raise not_found()


def test_hook(call: Call) -> Reply:
    hook = hook_of(call, _holder(call))
    trigger = call.args[2]
    if trigger not in TRIGGERS:
        raise grape_error("trigger does not have a valid value")
    name, event = TRIGGERS[trigger]
    body = json.dumps({"object_kind": trigger.removesuffix("s_events").removesuffix("_events"), "event_type": "test"})
    headers = call.hooks.headers(hook, event, body, key=str(uuid.uuid4()))
    later: Future[Reply] = call.hooks.pool.submit(_tested, call, hook, name, headers, body)
    return Reply(later=later)


def _sent(call: Call, hook: Hook, trigger: str, headers: dict[str, str], body: str) -> Reply:
    event = call.hooks.send(hook, trigger, headers, body)
    if not event.response_status.isdigit():
        return Reply(422, {"message": event.response_body})
    return Reply(201, {"response_status": int(event.response_status)})


def _tested(call: Call, hook: Hook, trigger: str, headers: dict[str, str], body: str) -> Reply:
    event = call.hooks.send(hook, trigger, headers, body)
    if event.response_status.isdigit() and 200 <= int(event.response_status) < 400:
        return Reply(201, {"message": "201 Created"})
    return Reply(422, {"message": event.response_body or event.response_status})


ROUTES: list[Route] = [
    route
    for kind in ("projects", "groups")
    for route in (
        ("GET", f"/v4/{kind}/:id/hooks", list_hooks),
        ("POST", f"/v4/{kind}/:id/hooks", create_hook),
        ("GET", f"/v4/{kind}/:id/hooks/:hook_id", get_hook),
        ("PUT", f"/v4/{kind}/:id/hooks/:hook_id", update_hook),
        ("DELETE", f"/v4/{kind}/:id/hooks/:hook_id", delete_hook),
        ("GET", f"/v4/{kind}/:id/hooks/:hook_id/events", list_events),
        ("POST", f"/v4/{kind}/:id/hooks/:hook_id/events/:event_id/resend", resend),
        ("POST", f"/v4/{kind}/:id/hooks/:hook_id/test/:trigger", test_hook),
        ("PUT", f"/v4/{kind}/:id/hooks/:hook_id/custom_headers/:key", set_custom_header),
        ("DELETE", f"/v4/{kind}/:id/hooks/:hook_id/custom_headers/:key", delete_custom_header),
    )
]
