"""The transport under python-gitlab: time-outs, careful retries, the rate limit's share, and the lock of a dry run.

python-gitlab's own retries send a POST twice and fail on a Retry-After that is a date, so they stay switched off;
urllib3 retries what may be repeated, and a POST is sent again only where GitLab said that it did not take it (429).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from bot.domain.errors import SectionbotError

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
LONGEST_PAUSE_S = 120
RETRIED_STATUSES = (429, 500, 502, 503, 504)
USER_AGENT = "sectionbot"

Observe = Callable[[str, int, requests.Response | None], None]


def is_graphql_query(request: requests.PreparedRequest) -> bool:
    """Whether a POST only asks: GraphQL, and the word mutation or subscription nowhere in it."""
    if request.method != "POST" or urlsplit(request.url or "").path.endswith("/api/graphql") is False:
        return False
    try:
        body = json.loads(request.body or b"")
    except (TypeError, ValueError):
        return False
    query = body.get("query") if isinstance(body, dict) else None
    return isinstance(query, str) and re.search(r"\b(mutation|subscription)\b", query) is None


class ReadOnlyViolation(SectionbotError):
    """A plan tried to write: a bug, stopped before it left the machine."""


class RateBudget:
    """What is left of GitLab's rate limit, as its headers say; shared by all sessions of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.limit: int | None = None
        self.remaining: int | None = None
        self.reset_at: float = 0.0  # seconds since the epoch

    def learn(self, headers: Any) -> None:
        try:
            limit, remaining = int(headers["RateLimit-Limit"]), int(headers["RateLimit-Remaining"])
            reset_at = float(headers["RateLimit-Reset"])
        except (KeyError, TypeError, ValueError):
            return
        with self._lock:
            self.limit, self.remaining, self.reset_at = limit, remaining, reset_at

    def pause_s(self, reserved: float, now: float, longest_s: float = LONGEST_PAUSE_S) -> float:
        """Seconds to wait before a request that must leave the share `reserved` (0 to 1) to others."""
        with self._lock:
            if self.limit is None or self.remaining is None or now >= self.reset_at:
                return 0.0
            if self.remaining > self.limit * reserved:
                return 0.0
            return min(self.reset_at - now, longest_s)


class GitLabSession(requests.Session):
    """One session for many threads.

    Args:
        read_only: refuse everything but GET, at the transport.
        reserved: the share of the rate limit that this session leaves alone.
        observe: told of each request: method, status (0 where no answer came) and response.
        attempts: how often a request is tried again.
        retried: the statuses after which it is.
        longest_pause_s: at most so long is waited before one request.
    """

    def __init__(
        self,
        *,
        read_only: bool,
        pool_size: int,
        budget: RateBudget,
        reserved: float = 0.0,
        attempts: int = 4,
        observe: Observe | None = None,
        retried: tuple[int, ...] = RETRIED_STATUSES,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        super().__init__()
        self.read_only, self.budget, self.reserved, self.attempts = read_only, budget, reserved, attempts
        self.observe, self.longest_pause_s = observe, longest_pause_s
        retry = Retry(
            total=attempts,
            status_forcelist=retried,
            allowed_methods=("GET", "PUT", "DELETE", "HEAD"),
            backoff_factor=0.3,
            backoff_jitter=0.3,
            backoff_max=min(20, longest_pause_s),
            retry_after_max=max(1, int(longest_pause_s)),
            raise_on_status=False,
        )
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=pool_size, max_retries=retry)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """A redirect to another host, or to one without TLS, must not take the token along; requests knows only of
        Authorization."""
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("PRIVATE-TOKEN", None)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        method = request.method or ""
        if self.read_only and method not in ("GET", "HEAD") and not is_graphql_query(request):
            raise ReadOnlyViolation(f"A plan tried to send a {method}; only applying may write.")
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        for attempt in range(self.attempts + 1):
            pause = self.budget.pause_s(self.reserved, time.time(), self.longest_pause_s)
            if pause:
                time.sleep(pause)
            response = self._send_once(request, method, kwargs)
            if method != "POST" or response.status_code != 429 or attempt == self.attempts:
                return response
            time.sleep(min(self._asked_pause(response), self.longest_pause_s))
        raise AssertionError("the loop above returns")

    def _send_once(self, request: requests.PreparedRequest, method: str, kwargs: dict[str, Any]) -> requests.Response:
        try:
            response = super().send(request, **kwargs)
        except requests.RequestException:
            if self.observe:
                self.observe(method, 0, None)
            raise
        self.budget.learn(response.headers)
        if self.observe:
            self.observe(method, response.status_code, response)
        return response

    @staticmethod
    def _asked_pause(response: requests.Response) -> float:
        """Seconds by Retry-After, which is a number or an HTTP date."""
        try:
            return min(Retry().parse_retry_after(response.headers.get("Retry-After", "1")), LONGEST_PAUSE_S)
        except Exception:  # a header that is neither: a second will do
            return 1.0
