"""What the policy engine reads: lists page by page, single answers, GraphQL."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.domain.errors import GitLabError, GitLabRefused
from bot.gitlab_api.client import Client, Json
from bot.gitlab_api.paging import MOST_SIDE_BY_SIDE, Paging

# What follows the path of a group in a reference, an address or a longer path.
_AFTER_PATH = ("", "/", "#", "!", "&", "%", "~", "?", "$")
# Lists whose rows name the place where they lie, and such rows alone.
_SHOWS_ITS_PATH = re.compile(r"(issues|merge_requests|epics|-/work_items)(/\d+)?|repository/branches(/[^/]+)?")


def _places(row: Json, root: str) -> Iterator[str]:
    """The paths that a row shows of itself, as `group/project#1`.

    Args:
        root: the path of the host below which GitLab lies, mostly empty.
    """
    references, namespace = row.get("references"), row.get("namespace")
    if isinstance(references, dict):
        yield str(references.get("full") or "")
    if isinstance(namespace, dict) and "path_with_namespace" not in row:
        yield str(namespace.get("full_path") or "")
    for key in ("path_with_namespace", "full_path", "fullPath"):
        yield str(row.get(key) or "")
    for key in ("web_url", "webUrl"):
        yield urlsplit(str(row.get(key) or "")).path.strip("/").removeprefix(root).lstrip("/").removeprefix("groups/")


class PolicyReader:
    """Implements bot.triage.reading.Reading.

    Args:
        hidden_groups: these groups, and all that lies below them, are not there, whoever asks.
    """

    def __init__(self, client: Client, hidden_groups: tuple[str, ...] = ()) -> None:
        self._client, self.base_url = client, client.url
        self._hidden = tuple(group.strip("/").lower() for group in hidden_groups)
        self._root = urlsplit(client.url).path.strip("/")
        # Projects and groups, as paths of the API, of which a row was shown: what has no path of its own may be read.
        self._open: dict[str, bool] = {}

    def _is_hidden(self, row: Json) -> bool:
        if not self._hidden:
            return False
        hidden = any(map(self._is_below, _places(row, self._root)))
        if not hidden and row.get("project_id") is not None and "references" in row:
            self._open[f"projects/{row['project_id']}"] = True
        return hidden

    def _is_below(self, place: str) -> bool:
        lower = place.lower().lstrip("/")
        return any(lower.startswith(group) and lower[len(group) :][:1] in _AFTER_PATH for group in self._hidden)

    def _refuse_hidden(self, path: str) -> None:
        """Refuses what lies below a hidden project or group and does not say so in its own rows: members, notes."""
        if {".", ".."} & set(unquote(path).split("/")):
            raise GitLabRefused(404, "404 Not found", f"GET /{path}")
        folder, _, rest = path.partition("/")
        holder, _, below = rest.partition("/")
        if not self._hidden or folder not in ("projects", "groups") or not holder:
            return
        if self._is_below(unquote(holder)):
            raise GitLabRefused(404, "404 Not found", f"GET /{path}")
        if below and not _SHOWS_ITS_PATH.fullmatch(below):
            place = f"{folder}/{holder}"
            if place not in self._open:
                answer, _ = self._client.answer("GET", f"/{place}", {})
                self._open[place] = not (isinstance(answer, dict) and self._is_hidden(answer))
            if not self._open[place]:
                raise GitLabRefused(404, "404 Not found", f"GET /{path}")

    def pages(
        self, path: str, params: list[tuple[str, str]], *, per_page: int, follows_links: bool
    ) -> Iterator[list[Json]]:
        """Page after page, in order; where the first says how many there are, the others are fetched side by side.

        Raises:
            GitLabError: also where an answer is no list.
        """
        self._refuse_hidden(path)
        wanted: Json = {"per_page": str(per_page), **dict(params)}
        paging = Paging(f"GET /{path}", follows_links=follows_links)
        yield from paging.all(lambda asked: self._page(path, asked), wanted)

    def _page(self, path: str, params: Json) -> tuple[list[Json], Any]:
        rows, headers = self._client.answer("GET", f"/{path}", params)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise GitLabRefused(200, "the answer is no list", f"GET /{path}")
        return [row for row in rows if not self._is_hidden(row)], headers

    def get(self, path: str, params: list[tuple[str, str]]) -> Any:
        """One answer; 404 for what is hidden. Raises GitLabError."""
        self._refuse_hidden(path)
        answer, _ = self._client.answer("GET", f"/{path}", dict(params))
        if isinstance(answer, dict) and set(answer) <= {"message", "error"} and answer:
            raise GitLabRefused(404, str(answer.get("message") or answer.get("error")), f"GET /{path}")
        if isinstance(answer, dict) and self._is_hidden(answer):
            raise GitLabRefused(404, "404 Not found", f"GET /{path}")
        return [row for row in answer if not self._is_hidden(row)] if isinstance(answer, list) else answer

    def graphql(self, query: str, variables: Json) -> Json:
        """By POST, since lists of numbers do not fit into an address; the session lets nothing but queries through."""
        answer = self._client.request(
            "POST", f"{self._client.url}/api/graphql", body={"query": query, "variables": variables}
        )
        if not isinstance(answer, dict) or answer.get("data") is None or answer.get("errors"):
            errors = answer.get("errors") if isinstance(answer, dict) else None
            first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
            raise GitLabRefused(200, str(first.get("message", "no data"))[:200], "POST /api/graphql")
        data: Json = self._without_hidden(answer["data"])
        return data

    def _without_hidden(self, value: Any) -> Any:
        """The answer without the nodes that are hidden."""
        if isinstance(value, list):
            rows = [row for row in value if not (isinstance(row, dict) and self._is_hidden(row))]
            return [self._without_hidden(row) for row in rows]
        return {key: self._without_hidden(each) for key, each in value.items()} if isinstance(value, dict) else value

    def side_by_side(self, calls: list[Callable[[], Any]]) -> list[Any]:
        def tried(call: Callable[[], Any]) -> Any:
            try:
                return call()
            except GitLabError as error:
                return error

        if len(calls) < 2:
            return [tried(call) for call in calls]
        with ThreadPoolExecutor(min(MOST_SIDE_BY_SIDE, len(calls)), thread_name_prefix="facts") as pool:
            contexts = [contextvars.copy_context() for _ in calls]
            return [
                f.result() for f in [pool.submit(c.run, tried, call) for c, call in zip(contexts, calls, strict=True)]
            ]
