"""A server that answers from a recorded case, and the comparison of what was asked with what the gem asked."""

from __future__ import annotations

import html
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import yaml

CASES = Path(__file__).resolve().parents[1] / "data" / "triage" / "cases"
PAGING = {"page", "per_page", "pagination", "order_by", "sort", "cursor", "with_labels_details"}
LISTS = ("/issues", "/merge_requests", "/epics", "/branches", "/work_items")
Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class CaseServer:
    """Args: url: where it listens; asked: every request, in the order in which it came."""

    case: Json
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    turns: Counter[Any] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Json:
        """What the case says to this request: the next answer, the last one again when they are used up."""
        with self.lock:
            self.asked.append(asked)
            known = [
                exchange["answer"]
                for exchange in self.case["exchanges"]
                if not exchange.get("optional") and _question(_recorded(exchange)) == _question(asked)
            ]
            turn = self.turns[_question(asked)]
            self.turns[_question(asked)] += 1
        return known[min(turn, len(known) - 1)] if known else {"status": 404, "json": {"message": "404 Not found"}}


def _recorded(exchange: Json) -> Asked:
    request = exchange["request"]
    return Asked(request["method"], request["path"], request["query"], request["body"])


def _question(asked: Asked) -> Any:
    if asked.path == "/api/graphql":
        return asked.method, asked.path
    query = {name: value for name, value in asked.query.items() if name not in PAGING}
    if asked.query.get("page", "1") != "1":
        query["page"] = asked.query["page"]
    return asked.method, unquote(asked.path), json.dumps(query, sort_keys=True)


@contextmanager
def serving(case: Json) -> Iterator[CaseServer]:
    server = CaseServer(case)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def respond(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size) if size else b""
            path, _, query = self.path.partition("?")
            body = json.loads(raw) if raw else None
            asked = Asked(self.command, path, dict(parse_qsl(query, keep_blank_values=True)), body)
            answer = server.answer(asked)
            is_text = answer.get("text") is not None
            data = b"" if answer["status"] == 204 else json.dumps(answer.get("json")).encode()
            data = answer["text"].encode() if is_text else data
            self.send_response(answer["status"])
            self.send_header(
                "Content-Type", answer.get("content_type", "text/plain") if is_text else "application/json"
            )
            for name, value in (answer.get("headers") or {}).items():
                self.send_header(name, str(value).replace("$HOST", server.url))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 - the library's names

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def read_case(name: str) -> Json:
    return dict(yaml.load((CASES / f"{name}.yml").read_text("utf-8"), Loader=yaml.CSafeLoader))


def case_names() -> list[str]:
    return sorted(path.stem for path in CASES.glob("*.yml"))


def _undone(value: Any) -> Any:
    """HTML entities undone, at every depth."""
    if isinstance(value, dict):
        return {key: _undone(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_undone(each) for each in value]
    return html.unescape(value) if isinstance(value, str) else value


def lists_of(asked: list[Asked]) -> Counter[str]:
    """List queries, without paging, and how often each was made."""
    found: Counter[str] = Counter()
    for each in asked:
        path = unquote(each.path)
        if each.method == "GET" and path.endswith(LISTS) and each.query.get("page", "1") == "1":
            query = {name: value for name, value in each.query.items() if name not in PAGING}
            found[f"{path} {json.dumps(query, sort_keys=True)}"] += 1
    return found


def writes_of(asked: list[Asked]) -> dict[str, list[str]]:
    """Writes by path, in order; of GraphQL the variables of mutations."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in asked:
        if each.path == "/api/graphql":
            if isinstance(each.body, dict) and re.search(r"\bmutation\b", each.body["query"]):
                found[each.path].append(json.dumps(_undone(each.body["variables"]), sort_keys=True))
        elif each.method != "GET":
            found[unquote(each.path)].append(f"{each.method} {json.dumps(_undone(each.body), sort_keys=True)}")
    return dict(found)


def recorded(case: Json) -> list[Asked]:
    return [_recorded(exchange) for exchange in case["exchanges"] if not exchange.get("optional")]
