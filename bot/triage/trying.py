"""Try an expression on facts from a file: what `sectionbot triage eval` does."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.methods.resources import CLASS_OF, Api
from bot.triage.ruby.showing import inspect
from bot.triage.ruby.syntax import compile_expression
from bot.triage.ruby.templates import compile_text
from bot.triage.ruby.values import Block, Hash, class_name, pairs, truthy
from bot.triage.texts import Clock, Writing

Json = dict[str, Any]
REFUSED_REQUEST = 5  # a refused request of the Ruby API is an error here; the gem takes it for one resource


@dataclass
class FileApi:
    """Answers requests of expressions from a file: `path?query` to JSON."""

    answers: Json
    base_url: str = "https://gitlab.example.com"
    asked: list[str] = field(default_factory=list)
    refused: bool = False

    def _answer(self, path: str, params: dict[str, str]) -> Any:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        question = path if path == "version" else f"{path}?{query}"
        if f"GET {question}" not in self.asked:
            self.asked.append(f"GET {question}")
        answer = self.answers.get(question)
        if answer is None or (isinstance(answer, dict) and "message" in answer and len(answer) == 1):
            self.refused = answer is None
            words = answer["message"] if answer else "404 Not found"
            raise RubyError(
                "Gitlab::Triage::Errors::Network::UnexpectedResponse", f"GitLab refused GET {question}: {words}"
            )
        return answer

    def rows(self, path: str, **params: str) -> list[Json]:
        answer = self._answer(path, {"per_page": "100", **params})
        return answer if isinstance(answer, list) else [answer]

    def one(self, path: str, **params: str) -> Json:
        answer = self._answer(path, params)
        return answer if isinstance(answer, dict) else {}


@dataclass(frozen=True)
class Trial:
    """What an expression gave.

    Args:
        result: as in the rows of a batch: value, raw, class and plain, or text, or raises.
        refused: the sentence, where this interpreter does not do it; `start` is its position in bytes.
        differences: numbers of what the gem does otherwise on purpose.
    """

    result: Json | None
    refused: str | None = None
    start: int | None = None
    printed: str = ""
    differences: tuple[int, ...] = ()


def try_condition(source: str, row: Json, kind: str, api: Api, now: dt.datetime, zone: dt.tzinfo) -> Trial:
    vm = Machine(now, zone, CLASS_OF[kind](row, kind, api))
    vm.begin()

    def run() -> Json:
        value = compile_expression(source).run(vm)
        if isinstance(value, Block):
            raise Refused("A block that is never called is no condition.", 0)
        result: Json = {"value": truthy(value)}
        with contextlib.suppress(Refused):
            result |= {"raw": inspect(value), "class": class_name(value)}
        plain, is_plain = plain_value(value)
        return result | ({"plain": plain} if is_plain else {})

    return _tried(run, lambda: "".join(vm.printed), lambda: ())


def try_text(source: str, row: Json, kind: str, api: Api, now: dt.datetime, zone: dt.tzinfo) -> Trial:
    writing = Writing(row, kind, api, Clock(now, zone), redacts=True)

    def run() -> Json:
        template = compile_text(source)
        writing.differences |= template.differences
        items = row.get("items")
        return {"text": writing.text(template, items=str(items) if items is not None else None)}

    return _tried(run, lambda: "".join(writing.printed), lambda: tuple(sorted(writing.differences)))


def _tried(run: Callable[[], Json], printed: Callable[[], str], differences: Callable[[], tuple[int, ...]]) -> Trial:
    try:
        return Trial(run(), printed=printed(), differences=differences())
    except RubyError as error:
        if error.kind == "SyntaxError":
            return Trial(None, f"{error.sentence}.", error.start or 0, printed(), differences())
        return Trial(
            {"raises": {"class": error.kind, "message": error.sentence}}, None, error.start, printed(), differences()
        )
    except RecursionError:
        return Trial(None, "The values are nested too deeply.", 0, printed(), differences())
    except Refused as refused:
        return Trial(None, refused.sentence, refused.start or 0, printed(), differences())


def plain_value(value: Any) -> tuple[Any, bool]:
    """The value as JSON, and whether it is nothing but JSON."""
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and value - value == 0):
        return (str(value) if isinstance(value, str) else value), True
    if isinstance(value, list):
        parts = [plain_value(each) for each in value]
        return [part for part, _ in parts], all(good for _, good in parts)
    if isinstance(value, dict | Hash):
        result: Json = {}
        for key, each in pairs(value):
            part, good = plain_value(each)
            if not isinstance(key, str) or not good:
                return None, False
            result[str(key)] = part
        return result, True
    return None, False


def zone_of(name: str) -> dt.tzinfo:
    return ZoneInfo(name or "UTC")


def try_row(row: Json, fixture: Json) -> Json:
    """One row of a batch, with our `result`, or `refused` and its `position`; `differs` where it does on purpose."""
    resource = json.loads(json.dumps(fixture["resource"]))
    kind = resource.get("type") or "issues"
    api = FileApi(fixture.get("api") or {})
    now = dt.datetime.fromisoformat(str(row["now"]).replace("Z", "+00:00"))
    try_it = try_text if row.get("kind") == "text" else try_condition
    source = row["expression"]
    if not isinstance(source, str):
        source = str(source).lower() if isinstance(source, bool) else "" if source is None else str(source)
    trial = try_it(source, resource, kind, api, now, zone_of(row.get("tz", "UTC")))
    answer = {
        key: value for key, value in row.items() if key not in ("result", "refused", "differs", "stdout", "requests")
    }
    if trial.result is not None:
        answer["result"] = trial.result
    else:
        line, column = position(source, trial.start or 0)
        answer["refused"] = {"sentence": trial.refused, "line": line, "column": column}
    answer["requests"] = api.asked
    if trial.printed:
        answer["stdout"] = trial.printed
    differences = set(trial.differences) | ({REFUSED_REQUEST} if api.refused else set())
    if differences:
        answer["differs"] = sorted(differences)
    return answer


def position(source: str, start: int) -> tuple[int, int]:
    """Line and column, both from 1, of a byte of the expression."""
    before = source.encode()[:start].decode("utf-8", "ignore")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
