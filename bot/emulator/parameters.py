"""Parameters as Rails nests them, read with the types that Grape would read them with."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bot.emulator.refusals import grape_error

_KEY = re.compile(r"\[([^\]]*)\]")


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """`not[labels]=a`, `iids[]=1&iids[]=2` and plain keys as Rails nests them."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        head, bracket, _ = key.partition("[")
        parts = _KEY.findall(key) if bracket else []
        node: Any = result
        name = head
        for part in parts:
            if part == "":
                break
            if not isinstance(node.get(name), dict):
                node[name] = {}
            node, name = node[name], part
        if parts and parts[-1] == "":
            if not isinstance(node.get(name), list):
                node[name] = []
            node[name].append(value)
        else:
            node[name] = value
    return result


_MISSING = object()


class Params:
    """The parameters of a request, read with the types that Grape would read them with."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def given(self, *names: str) -> list[str]:
        return [name for name in names if name in self.values]

    def require(self, *names: str) -> None:
        missing = [name for name in names if name not in self.values]
        if missing:
            raise grape_error(", ".join(f"{name} is missing" for name in missing))

    def require_any(self, *names: str) -> None:
        if not self.given(*names):
            raise grape_error(f"{', '.join(names)} are missing, at least one parameter must be provided")

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.values.get(name, _MISSING)
        if value is _MISSING:
            return default
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            raise grape_error(f"{name} is invalid")
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.values.get(name, _MISSING)
        if value is _MISSING:
            return default
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool):
                raise ValueError
            return int(value)
        except (TypeError, ValueError):
            raise grape_error(f"{name} is invalid") from None

    def boolean(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name, _MISSING)
        if value is _MISSING or value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "1", "t", "on", "yes", "y"):
            return True
        if str(value).lower() in ("false", "0", "f", "off", "no", "n"):
            return False
        raise grape_error(f"{name} is invalid")

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        value = self.text(name, default)
        if value is not None and value not in allowed:
            raise grape_error(f"{name} does not have a valid value")
        return value

    def texts(self, name: str) -> list[str] | None:
        """A list, or text with commas; None where it was not given."""
        value = self.values.get(name, _MISSING)
        if value is _MISSING:
            return None
        if value is None:
            return []
        if isinstance(value, dict):  # iids[0]=1&iids[1]=2
            value = list(value.values())
        whole = value if isinstance(value, list) else [value]
        items = [part for item in whole for part in str(item).split(",")]
        return [str(item).strip() for item in items if str(item).strip() != ""]

    def integers(self, name: str) -> list[int] | None:
        items = self.texts(name)
        if items is None:
            return None
        try:
            return [int(item) for item in items]
        except ValueError:
            raise grape_error(f"{name} is invalid") from None

    def instant(self, name: str) -> dt.datetime | None:
        value = self.text(name)
        if value is None or value == "":
            return None
        try:
            parsed = dt.datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
        except ValueError:
            raise grape_error(f"{name} is invalid") from None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)

    def date(self, name: str) -> dt.date | None:
        value = self.text(name)
        if value is None or value == "":
            return None
        try:
            return dt.date.fromisoformat(value[:10])
        except ValueError:
            raise grape_error(f"{name} is invalid") from None

    def nested(self, name: str) -> Params:
        value = self.values.get(name, {})
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = None
        if not isinstance(value, dict):
            raise grape_error(f"{name} is invalid")
        return Params(value)
