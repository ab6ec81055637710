"""How far automations have read: a file that a schedule keeps between its runs. Losing it costs requests, no more."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.domain.plan import NoticeKind
from bot.runtime.run import Part

VERSION = 1


def read_watermarks(file: Path | None) -> dict[str, Mapping[str, Any]]:
    """Automation to its mark; none where there is no file, or one that cannot be read."""
    if file is None:
        return {}
    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("marks"), dict):
        return {}
    return {str(name): mark for name, mark in data["marks"].items() if isinstance(mark, dict)}


def write_watermarks(file: Path, marks: Mapping[str, Mapping[str, Any]]) -> None:
    """In one piece, for its owner only. It holds references and instants."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    with open(new, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        json.dump({"version": VERSION, "marks": dict(marks)}, out)
    new.replace(file)


def marks_of(parts: tuple[Part, ...]) -> dict[str, Mapping[str, Any]]:
    """The marks of automations of which everything came through: what did not is read again the next time."""
    good: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        failed = any(not outcome.status.is_good for outcome in part.outcomes.values())
        failed |= any(notice.kind is NoticeKind.FAILED for notice in part.plan.notices)
        if part.error is not None or failed:
            good.pop(part.automation, None)
        elif part.plan.watermark is not None:
            good[part.automation] = part.plan.watermark
    return good
