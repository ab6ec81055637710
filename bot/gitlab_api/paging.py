"""What comes after a page, as the headers of the answer say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from bot.domain.errors import GitLabRefused

Json = dict[str, Any]
# No list that the bot reads is longer; a server that names ever more pages is not believed.
MOST_PAGES = 20_000
MOST_SIDE_BY_SIDE = 16
# The rows of a page, and the headers of its answer.
Page = tuple[list[Json], Any]


class Paging:
    """The pages of one list.

    Args:
        asked: method and path, for errors.
        follows_links: whether a `Link` header counts where there are no numbers of pages (keyset pagination).
    """

    def __init__(self, asked: str, *, follows_links: bool = True) -> None:
        self._asked, self._follows_links = asked, follows_links
        self._pages, self._newest = 0, 0

    def after(self, headers: Any, params: Json) -> Json | None:
        """The parameters of the next page; None after the last.

        Raises:
            GitLabRefused: where the headers lead nowhere, or round in a circle.
        """
        self._pages += 1
        following = headers.get("X-Next-Page")
        if following:
            page = self.number(following)
            if page <= self._newest:
                raise self._error(f"after page {self._newest} comes page {page}")
            self._newest = page
            return params | {"page": str(page)}
        if following is not None or not self._follows_links:
            return None
        try:
            links = requests.utils.parse_header_links(headers.get("Link", ""))
            address = next((each["url"] for each in links if each.get("rel") == "next"), None)
            query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True)) if address else None
        except ValueError:
            raise self._error("the link to the next page is no address") from None
        if query is not None and (query == params or self._pages > MOST_PAGES):
            raise self._error("the links to the next page do not end")
        return query

    def all(self, fetch: Callable[[Json], Page], params: Json) -> Iterator[list[Json]]:
        """Page after page, in order; where the first says how many there are, the others are fetched side by side.

        Args:
            fetch: asks for the page with these parameters.
        """
        rows, headers = fetch(params)
        yield rows
        following = self.after(headers, params)
        if headers.get("X-Next-Page") and self.total(headers) > 2:
            yield from self._rest(fetch, params, self.number(headers["X-Next-Page"]), self.total(headers))
            return
        while following is not None:
            rows, headers = fetch(following)
            yield rows
            following = self.after(headers, following)

    @staticmethod
    def _rest(fetch: Callable[[Json], Page], params: Json, first: int, last: int) -> Iterator[list[Json]]:
        with ThreadPoolExecutor(MOST_SIDE_BY_SIDE, thread_name_prefix="pages") as pool:
            waiting = []
            for page in range(first, last + 1):
                waiting.append(pool.submit(fetch, params | {"page": str(page)}))
                if len(waiting) >= MOST_SIDE_BY_SIDE:
                    yield waiting.pop(0).result()[0]
            for future in waiting:
                yield future.result()[0]

    def total(self, headers: Any) -> int:
        """How many pages there are; 0 where the answer does not say."""
        return self.number(headers["X-Total-Pages"]) if headers.get("X-Total-Pages") else 0

    def number(self, text: str) -> int:
        """A number of a page, or of pages."""
        if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= MOST_PAGES):
            raise self._error(f"`{text[:20]}` is not the number of a page")
        return int(text)

    def _error(self, why: str) -> GitLabRefused:
        return GitLabRefused(200, why, self._asked)
