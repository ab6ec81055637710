"""What a name that does not exist may have meant."""

from __future__ import annotations

from bot.triage.ruby.machine import all_names

_HINTS = {
    "system": "Nothing outside the policy can be reached.",
    "require": "Plug-ins are written in Python here.",
    "title": "A field is read with resource[:title].",
    "iid": "A field is read with resource[:iid].",
    "description": "A field is read with resource[:description].",
    "has_assignee?": "Write resource[:assignees].any?.",
}


def hint_for(name: str) -> str:
    import difflib

    hint = _HINTS.get(name)
    if hint:
        return f" {hint}"
    near = difflib.get_close_matches(name, all_names(), n=1, cutoff=0.8)
    return f" Perhaps you meant {near[0]}?" if near else ""
