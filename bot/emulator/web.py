"""The HTTP side: routing, who asks, paging, faults, the log."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
import traceback
import urllib.parse
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.parameters import Params, nest
from bot.emulator.refusals import Refusal, forbidden, grape_error, unauthorized
from bot.emulator.store import Store
from bot.emulator.tables import Token, User

MOST_ROWS_COUNTED = 10_000
JSON_TYPE = "application/json"


# -- requests and replies --------------------------------------------------------------------------------------------


@dataclass
class Call:
    """One API request, ready to be answered."""

    store: Store
    method: str
    path: str
    args: list[str]
    params: Params
    user: User | None
    token: Token | None
    headers: dict[str, str]
    hooks: Any  # bot.emulator.deliveries.Deliveries
    control: Control

    def login(self) -> User:
        if self.user is None:
            raise unauthorized()
        return self.user


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    # Something that goes on outside the event loop; its result makes the reply.
    later: Future[Reply] | None = None


Handler = Callable[[Call], Reply]
Route = tuple[str, str, Handler]


def paged(call: Call, rows: Sequence[Any], show: Callable[[Any], Any]) -> Reply:
    """One page of `rows`, with the headers of GitLab's offset paging."""
    page, per_page = page_of(call.params)
    total = len(rows)
    first = (page - 1) * per_page
    body = [show(row) for row in rows[first : first + per_page]]
    pages = max(1, -(-total // per_page))
    following = page + 1 if first + per_page < total else None
    previous = page - 1 if page > 1 and page - 1 <= pages else None
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(per_page),
        "X-Next-Page": str(following or ""),
        "X-Prev-Page": str(previous or ""),
    }
    counted = total <= MOST_ROWS_COUNTED
    if counted:
        headers |= {"X-Total": str(total), "X-Total-Pages": str(pages)}
    targets = [("prev", previous), ("next", following), ("first", 1), ("last", pages if counted else None)]
    headers["Link"] = ", ".join(
        f'<{_url(call, page=str(number), per_page=str(per_page))}>; rel="{rel}"' for rel, number in targets if number
    )
    return Reply(200, body, headers)


def keyset(
    call: Call,
    rows: Sequence[Any],
    show: Callable[[Any], Any],
    position: Callable[[Any], int],
    link: str = "cursor",
) -> Reply:
    """One page by cursor: only a Link to the next page, which is absent on the last one.

    Args:
        link: the parameter that carries the position; with another than `cursor` the rows are filtered by it already.
    """
    _, per_page = page_of(call.params)
    cursor = call.params.text("cursor")
    start = 0
    if cursor:
        try:
            after = int(cursor)
        except ValueError:
            raise Refusal(400, {"error": "cursor is invalid"}) from None
        found = next((index + 1 for index, row in enumerate(rows) if position(row) == after), None)
        # The row of the cursor may be gone by now: go on behind where it would stand.
        rising = len(rows) < 2 or position(rows[0]) < position(rows[-1])
        gone = sum(1 for row in rows if (position(row) < after) == rising)
        start = gone if found is None else found
    chunk = rows[start : start + per_page]
    headers = {}
    if start + per_page < len(rows):
        place = {link: str(position(chunk[-1])), "per_page": str(per_page), "pagination": "keyset"}
        url = _url(call, **place)
        headers["Link"] = f'<{url}>; rel="next"'
    return Reply(200, [show(row) for row in chunk], headers)


def page_of(params: Params) -> tuple[int, int]:
    per_page = params.integer("per_page", 20)
    if per_page == 0:
        raise grape_error("per_page does not have a valid value")
    page = params.integer("page", 1)
    return max(1, page or 1), min(100, per_page if per_page and per_page > 0 else 20)


def _url(call: Call, **changed: str) -> str:
    pairs = {key: value for key, value in call.params.values.items() if key not in ("page", "private_token")} | changed
    return f"{call.store.external_url}/api/v4{call.path}?{urllib.parse.urlencode(_flat(pairs))}"


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for key in sorted(values):
        name = f"{prefix}[{key}]" if prefix else key
        value = values[key]
        if isinstance(value, dict):
            result += _flat(value, name)
        elif isinstance(value, list):
            result += [(f"{name}[]", str(item)) for item in value]
        elif value is not None:
            result.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return result


# -- what tests steer ------------------------------------------------------------------------------------------------


@dataclass
class Fault:
    """What the next `times` requests that match are met with."""

    times: int
    method: str | None = None
    path: str | None = None  # a regular expression, searched in the decoded path
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    cut: bool = False  # the connection is cut, nothing is carried out
    lose_answer: bool = False  # the request is carried out, then the connection is cut
    skip: int = 0  # so many matching requests pass first
    hits: int = 0


@dataclass
class LoggedRequest:
    method: str
    path: str
    query: str
    status: int
    user: str | None
    started_at: float  # seconds, monotonic
    ended_at: float


@dataclass
class Control:
    """Latency, faults and the log of requests."""

    latency_ms: int = 0
    faults: list[Fault] = field(default_factory=list)
    log: list[LoggedRequest] = field(default_factory=list)
    rate_limit: int | None = None  # requests a minute for each user; None: no limit
    rate_window: dict[str, list[float]] = field(default_factory=dict)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any; a used-up one is dropped."""
        for fault in self.faults:
            if fault.method and fault.method.upper() != method:
                continue
            if fault.path and not re.search(fault.path, path):
                continue
            fault.hits += 1
            if fault.hits <= fault.skip:
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return None


# -- the application -------------------------------------------------------------------------------------------------

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Router:
    """Finds the handler by method and segments of the still encoded path, so that `group%2Fproject` is one segment."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.by_length: dict[int, list[tuple[str, list[str], Handler]]] = {}
        for method, pattern, handler in routes:
            parts = pattern.strip("/").split("/")
            self.by_length.setdefault(len(parts), []).append((method, parts, handler))

    def find(self, method: str, segments: list[str]) -> tuple[Handler, list[str]]:
        allowed: set[str] = set()
        for verb, parts, handler in self.by_length.get(len(segments), []):
            args = []
            for part, segment in zip(parts, segments, strict=True):
                if part.startswith(":"):
                    args.append(urllib.parse.unquote(segment))
                elif part != segment:
                    break
            else:
                if verb == method or (method == "HEAD" and verb == "GET"):
                    return handler, args
                allowed.add(verb)
        if allowed:
            raise Refusal(405, {"error": "405 Not Allowed"}, {"Allow": ", ".join(sorted(allowed))})
        raise Refusal(
            404,
            {
                "error": "404 Not Found",
                "message": f"The emulator lacks {method} /{'/'.join(segments)}. Its README lists what it covers.",
            },
        )


class Application:
    """The ASGI application."""

    def __init__(self, store: Store, routes: Iterable[Route], hooks: Any, control: Control) -> None:
        self.store, self.hooks, self.control = store, hooks, control
        self.router = Router(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.monotonic()
        raw = scope["raw_path"].decode("ascii", "replace").split("?")[0]
        segments = [segment for segment in raw.strip("/").split("/") if segment]
        if segments[:1] == ["-"]:
            reply = await self._answer_control(scope, receive, segments)
            await _send(send, reply, scope["method"])
            return
        fault = self.control.take(scope["method"], urllib.parse.unquote(raw))
        body = await _read(receive)
        delay = self.control.latency_ms + (fault.delay_ms if fault else 0)
        if delay:
            await asyncio.sleep(delay / 1000)
        user: User | None = None
        if fault and fault.cut:
            reply = Reply(0)
        elif fault and fault.status:
            headers = dict(fault.headers)
            reply = Reply(fault.status, fault.body if fault.body is not None else _usual_body(fault.status), headers)
        else:
            reply, user = self._answer(scope, segments, body)
            if reply.later is not None:
                reply = await asyncio.wrap_future(reply.later)
        lost = fault is not None and (fault.cut or fault.lose_answer)
        self.control.log.append(
            LoggedRequest(
                scope["method"],
                urllib.parse.unquote(raw),
                scope["query_string"].decode("ascii", "replace"),
                0 if lost else reply.status,
                user.username if user else None,
                started,
                time.monotonic(),
            )
        )
        if lost:
            scope["emulator.protocol"].transport.abort()
            return
        request_id = secrets.token_hex(13).upper()
        reply.headers.setdefault("X-Request-Id", request_id)
        reply.headers.setdefault("X-Gitlab-Meta", f'{{"correlation_id":"{request_id}","version":"1"}}')
        reply.headers.setdefault("Vary", "Origin")
        reply.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        reply.headers.setdefault("X-Content-Type-Options", "nosniff")
        reply.headers.setdefault("X-Runtime", f"{time.monotonic() - started:.6f}")
        await _send(send, reply, scope["method"])

    def _answer(self, scope: Scope, segments: list[str], body: bytes) -> tuple[Reply, User | None]:
        user: User | None = None
        try:
            headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope["headers"]}
            values = _params(scope, headers, body)
            if segments[:2] != ["api", "v4"] and segments[:2] != ["api", "graphql"]:
                if segments[:2] == ["api", "v3"]:
                    raise Refusal(410, {"error": "API V3 is no longer supported. Use API V4 instead."})
                raise Refusal(404, {"error": "404 Not Found", "message": "The emulator serves only the API."})
            user, token = self._who(headers, values)
            limit = self._rate_limit(user)
            handler, args = self.router.find(scope["method"], segments[1:])
            if user is None and scope["method"] not in ("GET", "HEAD") and segments[1] == "v4":
                raise unauthorized()
            if token is not None:
                _check_scopes(token, scope["method"], segments)
            call = Call(
                self.store,
                scope["method"],
                "/" + "/".join(segments[2:]),
                args,
                Params(values),
                user,
                token,
                headers,
                self.hooks,
                self.control,
            )
            reply = handler(call)
            reply.headers.update(limit)
            return reply, user
        except Refusal as refusal:
            return Reply(refusal.status, refusal.body, dict(refusal.headers)), user
        except Exception:
            traceback.print_exc()
            return Reply(500, {"message": "500 Internal Server Error"}), user

    async def _answer_control(self, scope: Scope, receive: Receive, segments: list[str]) -> Reply:
        try:
            body = await _read(receive)
            values = _params(scope, {"content-type": JSON_TYPE}, body)
            handler, args = self.router.find(scope["method"], segments)
            call = Call(
                self.store,
                scope["method"],
                "/".join(segments),
                args,
                Params(values),
                None,
                None,
                {},
                self.hooks,
                self.control,
            )
            return handler(call)
        except Refusal as refusal:
            return Reply(refusal.status, refusal.body, dict(refusal.headers))

    def _who(self, headers: dict[str, str], values: dict[str, Any]) -> tuple[User | None, Token | None]:
        given = headers.get("private-token") or values.pop("private_token", None) or values.pop("access_token", None)
        authorization = headers.get("authorization", "")
        if not given and authorization.lower().startswith("bearer "):
            given = authorization[7:].strip()
        if not given:
            return None, None
        token = self.store.tokens.get(str(given))
        if token is None:
            raise unauthorized()
        if token.revoked:
            raise _invalid_token("Token was revoked. You have to re-authorize from the user.")
        if token.expires_at is not None and token.expires_at <= self.store.now().date():
            raise _invalid_token("Token is expired. You can either do re-authorization or token refresh.")
        user = self.store.users[token.user_id]
        if user.state != "active":
            raise forbidden("Your account has been blocked.")
        sudo = headers.get("sudo") or values.pop("sudo", None)
        if sudo:
            if not user.admin:
                raise forbidden("Must be admin to use sudo")
            if "sudo" not in token.scopes:
                raise _insufficient_scope("sudo")
            other = self.store.usernames.get(str(sudo).lower())
            if other is None and str(sudo).isdigit():
                other = self.store.users.get(int(sudo))
            if other is None:
                raise Refusal(404, {"message": f"404 User with ID or username '{sudo}' Not Found"})
            return other, token
        return user, token

    def _rate_limit(self, user: User | None) -> dict[str, str]:
        limit = self.control.rate_limit
        if limit is None:
            return {}
        now = time.time()
        window = self.control.rate_window.setdefault(user.username if user else "", [])
        window[:] = [moment for moment in window if moment > now - 60]
        reset = int((window[0] if window else now) + 60)
        headers = {
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(max(0, limit - len(window) - 1)),
            "RateLimit-Observed": str(len(window) + 1),
            "RateLimit-Reset": str(reset),
        }
        if len(window) >= limit:
            wait = max(1, reset - int(now))
            raise Refusal(429, "Retry later\n", headers | {"Retry-After": str(wait), "Content-Type": "text/plain"})
        window.append(now)
        return headers


def _invalid_token(text: str) -> Refusal:
    challenge = f'Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="{text}"'
    return Refusal(401, {"error": "invalid_token", "error_description": text}, {"WWW-Authenticate": challenge})


def _check_scopes(token: Token, method: str, segments: list[str]) -> None:
    if "api" in token.scopes or segments[2:4] == ["personal_access_tokens", "self"]:
        return
    # Queries of GraphQL are sent by POST; its mutations are refused by themselves.
    reading = method in ("GET", "HEAD") or segments[1:2] == ["graphql"]
    if reading and "read_api" in token.scopes:
        return
    if reading and "read_user" in token.scopes and segments[2:3] in (["user"], ["users"], ["version"], ["metadata"]):
        return
    raise _insufficient_scope("api read_api" if reading else "api")


def _insufficient_scope(scope: str) -> Refusal:
    text = "The request requires higher privileges than provided by the access token."
    return Refusal(403, {"error": "insufficient_scope", "error_description": text, "scope": scope})


def _usual_body(status: int) -> Any:
    texts = {401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not found", 500: "500 Internal Server Error"}
    if status == 429:
        return {"message": {"error": "This endpoint has been requested too many times. Try again later."}}
    return {"message": texts.get(status, f"{status} Error")}


def _params(scope: Scope, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    pairs: list[tuple[str, Any]] = list(
        urllib.parse.parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
    )
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    extra: dict[str, Any] = {}
    if body:
        if kind == "application/x-www-form-urlencoded":
            pairs += urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        elif kind == "multipart/form-data":
            pairs += _multipart(headers["content-type"], body)
        elif kind.endswith("json") or body.lstrip()[:1] in (b"{", b"["):
            try:
                loaded = json.loads(body)
            except ValueError:
                raise Refusal(400, {"error": "There was a problem in the JSON you submitted"}) from None
            if isinstance(loaded, dict):
                extra = {key.removesuffix("[]"): value for key, value in loaded.items()}
    return nest(pairs) | extra


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    boundary = content_type.partition("boundary=")[2].strip().strip('"').encode()
    pairs = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            pairs.append((name.group(1).decode(), value.decode("utf-8", "replace")))
    return pairs


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send: Send, reply: Reply, method: str) -> None:
    if reply.status == 204 or reply.status == 304:
        content, kind = b"", ""
    elif isinstance(reply.body, str) and "Content-Type" in reply.headers:
        content, kind = reply.body.encode(), reply.headers.pop("Content-Type")
    else:
        content, kind = json.dumps(reply.body, separators=(",", ":"), ensure_ascii=False).encode(), JSON_TYPE
    headers = [(key.lower().encode(), value.encode("latin-1", "replace")) for key, value in reply.headers.items()]
    if kind:
        headers.append((b"content-type", kind.encode()))
        headers.append((b"content-length", str(len(content)).encode()))
    headers.append((b"cache-control", b"max-age=0, private, must-revalidate"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else content})
