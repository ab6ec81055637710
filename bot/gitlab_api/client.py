"""python-gitlab with this house's errors: the one place where requests to GitLab are made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import gitlab
import requests

from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.gitlab_api.paging import Paging
from bot.gitlab_api.session import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, USER_AGENT, GitLabSession

Json = dict[str, Any]
PAGE = 100


def encoded(path_or_id: str | int) -> str:
    return quote(str(path_or_id), safe="")


class Client:
    """GitLab's REST and GraphQL APIs, as JSON.

    Raises (all methods):
        GitLabRefused: any 4xx but 429.
        GitLabUnreachable: no answer, 429 or 5xx, after the transport has tried again what may be repeated.
    """

    def __init__(self, url: str, token: str, session: GitLabSession, api_version: str = "v4") -> None:
        self.url, self.api_path = url.rstrip("/"), f"/api/{api_version}"
        self.session = session
        self._gitlab = gitlab.Gitlab(
            self.url,
            private_token=token,
            session=session,
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),  # type: ignore[arg-type]
            retry_transient_errors=False,
            user_agent=USER_AGENT,
            api_version=api_version.removeprefix("v"),
            keep_base_url=True,
        )

    def request(self, method: str, path: str, *, params: Json | None = None, body: Json | None = None) -> Any:
        """One request; the decoded JSON of the answer, or None where it has none."""
        return self._send(method, path, params, body)[0]

    def answer(self, method: str, path: str, params: Json) -> tuple[Any, Any]:
        """The decoded JSON of one request and the headers of its answer."""
        return self._send(method, path, params, None)

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params)

    def get_or_none(self, path: str, **params: Any) -> Any:
        """None where GitLab answers 404: it is not there, or the bot may not see it."""
        try:
            return self.get(path, **params)
        except GitLabRefused as refused:
            if refused.status == 404:
                return None
            raise

    def pages(self, path: str, **params: Any) -> Iterator[list[Json]]:
        """Page after page of 100, by GitLab's own next link or next page."""
        params = {"per_page": PAGE} | params
        paging = Paging(f"GET {path.removeprefix(self.url)}")
        following: Json | None = params
        while following is not None:
            rows, headers = self._send("GET", path, following, None)
            yield rows
            following = paging.after(headers, following)

    def rows(self, path: str, **params: Any) -> list[Json]:
        """All rows of all pages, which are fetched side by side."""

        def fetch(asked: Json) -> tuple[list[Json], Any]:
            rows, headers = self._send("GET", path, asked, None)
            return rows, headers

        paging = Paging(f"GET {path.removeprefix(self.url)}")
        return [row for page in paging.all(fetch, {"per_page": PAGE} | params) for row in page]

    def graphql(self, query: str, variables: Json) -> Json:
        """A query, by GET: GitLab refuses mutations there, so that reading stays reading."""
        params = {"query": query, "variables": json.dumps(variables)}
        answer, _ = self._send("GET", f"{self.url}/api/graphql", params, None)
        if not isinstance(answer, dict) or answer.get("data") is None:
            errors = answer.get("errors") if isinstance(answer, dict) else None
            words = str((errors or [{}])[0].get("message", "no data"))
            raise GitLabRefused(200, words[:200], "GET /api/graphql")
        data: Json = answer["data"]
        return data

    def _send(self, method: str, path: str, params: Json | None, body: Json | None) -> tuple[Any, Any]:
        asked = f"{method} {path.removeprefix(self.url)}"
        try:
            response = self._gitlab.http_request(
                method.lower(),
                path,
                query_data=None,
                post_data=body,
                obey_rate_limit=False,
                max_retries=0,
                query_parameters=params or {},
            )
        except gitlab.GitlabHttpError as error:
            raise _house_error(error, asked) from None
        except gitlab.GitlabAuthenticationError as error:
            raise GitLabRefused(401, _all_words(error), asked) from None
        except gitlab.GitlabError as error:  # for example a redirect of a POST, from http to https
            raise GitLabRefused(error.response_code or 0, _words(error.error_message), asked) from None
        except requests.RequestException as error:
            raise GitLabUnreachable(asked, _cause(error, urlsplit(self.url).netloc or self.url)) from None
        if not response.content:
            return None, response.headers
        try:
            return response.json(), response.headers
        except (ValueError, RecursionError):
            raise GitLabUnreachable(asked, "the answer was no JSON") from None


def _cause(error: requests.RequestException, host: str) -> str:
    """In words, with the host: the address may come from a file."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} is not accepted"
    if isinstance(error, requests.Timeout):
        return f"{host} took too long"
    if isinstance(error, requests.ConnectionError):
        return f"no connection to {host}"
    return f"{type(error).__name__} from {host}"


def _house_error(error: gitlab.GitlabHttpError, asked: str) -> GitLabRefused | GitLabUnreachable:
    status = error.response_code or 0
    if status == 429 or status >= 500 or status == 0:
        return GitLabUnreachable(asked, f"status {status}")
    return GitLabRefused(status, _all_words(error), asked)


def _all_words(error: gitlab.GitlabError) -> str:
    """With what OAuth errors say beside their code: that a token expired, which scope is missing."""
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        body = {}
    if isinstance(body, dict) and "error_description" in body:
        scope = f" The token needs the scope {body['scope']}." if body.get("scope") else ""
        return _words(f"{body['error_description']}{scope}")
    words = _words(error.error_message)
    if error.response_code == 401:
        words += " (the token is wrong, was revoked, or its user is gone)"
    if error.response_code == 403:
        words += " (the role of the bot there is too small)"
    return words


def _words(message: Any) -> str:
    """GitLab's words on one line; validation errors come as a map of fields to lists of texts."""
    if isinstance(message, bytes):
        message = message.decode("utf-8", "replace")
    if isinstance(message, dict):
        parts = []
        for field, texts in message.items():
            text = ", ".join(str(each) for each in texts) if isinstance(texts, list) else str(texts)
            parts.append(f"{field} {text}")
        message = "; ".join(parts)
    return " ".join(str(message).split())[:300]
