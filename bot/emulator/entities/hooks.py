"""Webhooks and their deliveries."""

from __future__ import annotations

import json

from bot.emulator.entities.values import GROUP_HOOK_EVENTS, HOOK_EVENTS, Json, instant
from bot.emulator.store import Store
from bot.emulator.tables import Hook, HookEvent


def hook(store: Store, hook: Hook, *, in_list: bool = False) -> Json:
    status = "executable"
    if hook.failures >= 40:
        status = "disabled"
    elif hook.disabled_until is not None and hook.disabled_until > store.now():
        status = "temporarily_disabled"
    result: Json = {
        "id": hook.id,
        "url": hook.url,
        "name": hook.name,
        "description": hook.description,
        "created_at": instant(hook.created_at),
        "enable_ssl_verification": hook.enable_ssl_verification,
        "alert_status": status,
        "disabled_until": instant(hook.disabled_until),
        "push_events_branch_filter": hook.settings.get("push_events_branch_filter"),
        "branch_filter_strategy": hook.settings.get("branch_filter_strategy", "wildcard"),
        "custom_webhook_template": hook.settings.get("custom_webhook_template"),
        "token_present": hook.token is not None,
        "signing_token_present": hook.signing_token is not None,
    }
    if not in_list:
        result |= {"url_variables": [], "custom_headers": [{"key": key} for key in hook.custom_headers]}
    result |= {name: hook.events.get(name, name == "push_events") for name in HOOK_EVENTS}
    if hook.project_id is not None:
        return result | {"project_id": hook.project_id}
    return result | {"group_id": hook.group_id} | {name: hook.events.get(name, False) for name in GROUP_HOOK_EVENTS}


def hook_event(event: HookEvent) -> Json:
    return {
        "id": event.id,
        "url": event.url,
        "trigger": event.trigger,
        "request_headers": {
            key: "[REDACTED]" if key == "X-Gitlab-Token" else value for key, value in event.request_headers.items()
        },
        "request_data": json.loads(event.request_data),
        "response_headers": event.response_headers,
        "response_body": event.response_body,
        "execution_duration": event.execution_duration,
        "response_status": event.response_status,
        "created_at": instant(event.created_at),
    }
