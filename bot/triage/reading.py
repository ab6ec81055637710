"""What the engine reads from GitLab, and everything that it has learned so: each question is asked once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Protocol

from bot.domain.errors import GitLabError, GitLabRefused
from bot.triage.ruby.errors import RubyError

Json = dict[str, Any]
Param = tuple[str, str]


class Reading(Protocol):
    """GitLab, for reading. Paths are below the API's version, already encoded."""

    base_url: str

    def pages(self, path: str, params: list[Param], *, per_page: int, follows_links: bool) -> Iterator[list[Json]]:
        """Page after page. Raises GitLabError; also for an answer that is no list."""

    def get(self, path: str, params: list[Param]) -> Any:
        """One answer, decoded. Raises GitLabError."""

    def graphql(self, query: str, variables: Json) -> Json:
        """The data of a query. Raises GitLabError."""

    def side_by_side(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Results in the order of the calls; an error is a result, too."""


class UnknownName(Exception):
    """A label, user, milestone or project that a policy names and GitLab does not have.

    Args:
        sentence: in the gem's words.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def segment(value: str | int) -> str:
    """One segment of a path, completely encoded."""
    from urllib.parse import quote

    return quote(str(value), safe="")


class Known:
    """The answers of one run, by question; errors are answers, too. For many threads."""

    def __init__(
        self, reading: Reading, members_from_cache: Callable[[str, str], list[Json] | None] | None = None
    ) -> None:
        self._reading, self._members_from_cache = reading, members_from_cache
        self._answers: dict[Any, Future[Any]] = {}
        self._lock = threading.Lock()
        self.base_url = reading.base_url

    def once(self, question: Any, ask: Callable[[], Any]) -> Any:
        with self._lock:
            future = self._answers.get(question)
            mine = future is None
            if future is None:
                future = self._answers[question] = Future()
        if mine:
            try:
                future.set_result(ask())
            except BaseException as error:  # every error is an answer; the one who asked gets it, too
                future.set_exception(error)
        return future.result()

    def get(self, path: str, *params: Param) -> Any:
        return self.once(("get", path, params), lambda: self._reading.get(path, list(params)))

    def rows(self, path: str, *params: Param) -> list[Json]:
        def ask() -> list[Json]:
            pages = self._reading.pages(path, list(params), per_page=100, follows_links=True)
            return [row for page in pages for row in page]

        return list(self.once(("rows", path, params), ask))

    def graphql(self, query: str, variables: Json) -> Json:
        question = ("graphql", query, json.dumps(variables, sort_keys=True))
        return dict(self.once(question, lambda: self._reading.graphql(query, variables)))

    # -- names -------------------------------------------------------------------------------------------------------

    def check_label(self, holder: str, name: str) -> None:
        """Raises UnknownName where the label is not there with exactly this name."""
        try:
            answer = self.get(f"{holder}/labels/{segment(name)}", ("per_page", "100"))
        except GitLabRefused as refused:
            if refused.status == 404:
                raise UnknownName(f"Label `{name}` doesn't exist!") from None
            raise
        if not isinstance(answer, dict) or answer.get("name") != name:
            raise UnknownName(f"Label `{name}` doesn't exist!")

    def label_ids(self, holder: str) -> dict[str, int]:
        return {str(row["name"]): int(row["id"]) for row in self.rows(f"{holder}/labels")}

    def user(self, username: str) -> Json:
        answer = self.get("users", ("username", username))
        if not isinstance(answer, list) or not answer:
            raise UnknownName(f"User `{username}` doesn't exist!")
        return dict(answer[0])

    def user_id(self, username: str) -> int:
        return int(self.user(username)["id"])

    def milestone(self, holder: str, title: str) -> Json:
        answer = self.get(f"{holder}/milestones", ("title", title), ("include_ancestors", "true"))
        if not isinstance(answer, list) or not answer:
            raise UnknownName(f"Milestone `{title}` doesn't exist!")
        return dict(answer[0])

    def milestone_id(self, holder: str, title: str) -> int:
        return int(self.milestone(holder, title)["id"])

    def project_id(self, path: str) -> int:
        if not path.strip():
            raise UnknownName(f"Project `{path}` doesn't exist!")
        try:
            answer = self.get(f"projects/{segment(path)}")
        except GitLabRefused as refused:
            if refused.status == 404:
                raise UnknownName(f"Project `{path}` doesn't exist!") from None
            raise
        if not isinstance(answer, dict) or "id" not in answer:
            raise UnknownName(f"Project `{path}` doesn't exist!")
        return int(answer["id"])

    def members(self, source: str, source_id: str, inherited: bool) -> frozenset[str]:
        folder = "groups" if source == "group" else "projects"
        if self._members_from_cache is not None and not inherited:
            known = self._members_from_cache(folder, source_id)
            if known is not None:
                return frozenset(str(row.get("username")) for row in known)
        rows = self.rows(f"{folder}/{segment(source_id)}/members{'/all' if inherited else ''}")
        return frozenset(str(row.get("username")) for row in rows)

    def version(self) -> str:
        answer = self.get("version")
        return str(answer.get("version", "")) if isinstance(answer, dict) else ""


class ExpressionApi:
    """What Ruby expressions may ask, from the same answers."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self.base_url = known.base_url

    def rows(self, path: str, **params: str) -> list[Json]:
        rows: list[Json] = self._refusals_are_errors(lambda: self._known.rows(path, *params.items()))
        return rows

    def one(self, path: str, **params: str) -> Json:
        answer = self._refusals_are_errors(lambda: self._known.get(path, *params.items()))
        if not isinstance(answer, dict):
            raise RubyError("Gitlab::Triage::Errors::Network::UnexpectedResponse", "GitLab's answer is no map")
        return answer

    @staticmethod
    def _refusals_are_errors(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except GitLabError as error:
            raise RubyError("Gitlab::Triage::Errors::Network::UnexpectedResponse", str(error)) from None
