"""The HTTP layer over `responses`: what is retried, what is not, and what an answer becomes."""

from __future__ import annotations

import datetime as dt
import email.utils
from typing import Any

import pytest
import requests
import responses

from bot.domain.errors import GitLabRefused, GitLabUnreachable
from bot.gitlab_api.client import Client
from bot.gitlab_api.session import GitLabSession, RateBudget, ReadOnlyViolation
from tests.local_gitlab import LocalGitLab

URL = "https://gitlab.example"
API = f"{URL}/api/v4"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are noted instead of waited for."""
    seen: list[float] = []
    monkeypatch.setattr("bot.gitlab_api.session.time.sleep", seen.append)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", seen.append)
    return seen


def client(*, read_only: bool = False, **options: Any) -> Client:
    budget = options.pop("budget", RateBudget())
    return Client(URL, "secret-token", GitLabSession(read_only=read_only, pool_size=4, budget=budget, **options))


def over_a_socket(local_gitlab: LocalGitLab) -> Client:
    session = GitLabSession(read_only=True, pool_size=4, budget=RateBudget())
    return Client(local_gitlab.url, "demo-bot-token", session)


def test_a_get_is_retried_and_comes_through(local_gitlab: LocalGitLab, pauses: list[float]) -> None:
    local_gitlab.fault(path="/user$", status=502)
    local_gitlab.fault(path="/user$", status=503, headers={"Retry-After": "7"})
    local_gitlab.fault(path="/user$", cut=True)
    assert over_a_socket(local_gitlab).get("/user")["username"] == "group_1_bot"
    assert 7 in pauses


@responses.activate
def test_a_post_that_failed_is_not_sent_again(pauses: list[float]) -> None:
    responses.post(f"{API}/projects", status=502)
    with pytest.raises(GitLabUnreachable, match="GitLab did not answer POST /projects: status 502"):
        client().request("POST", "/projects", body={"name": "x"})
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_post_that_was_limited_is_sent_again_after_the_pause(pauses: list[float], form: str) -> None:
    in_a_while = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    value = "30" if form == "seconds" else email.utils.format_datetime(in_a_while, usegmt=True)
    responses.post(f"{API}/projects", status=429, headers={"Retry-After": value})
    responses.post(f"{API}/projects", status=201, json={"id": 3})
    assert client().request("POST", "/projects", body={"name": "x"}) == {"id": 3}
    assert [25 < pause <= 30 for pause in pauses] == [True]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_get_that_was_limited_waits_as_it_is_told(local_gitlab: LocalGitLab, pauses: list[float], form: str) -> None:
    in_a_while = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    value = "30" if form == "seconds" else email.utils.format_datetime(in_a_while, usegmt=True)
    local_gitlab.fault(path="/user$", status=429, headers={"Retry-After": value})
    assert over_a_socket(local_gitlab).get("/user")["username"] == "group_1_bot"
    assert [25 < pause <= 30 for pause in pauses] == [True]


@responses.activate
def test_a_plan_cannot_write() -> None:
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(ReadOnlyViolation, match=f"A plan tried to send a {method}; only applying may write."):
            client(read_only=True).request(method, "/projects")
    assert len(responses.calls) == 0


@responses.activate
def test_the_token_does_not_follow_a_redirect_to_another_host() -> None:
    responses.get(f"{API}/user", status=302, headers={"Location": "https://elsewhere.example/user"})
    responses.get("https://elsewhere.example/user", json={"id": 1})
    client().get("/user")
    first, second = responses.calls
    assert first.request.headers["PRIVATE-TOKEN"] == "secret-token"
    assert "PRIVATE-TOKEN" not in second.request.headers


@responses.activate
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (requests.exceptions.SSLError("x"), "the certificate of gitlab.example is not accepted"),
        (requests.exceptions.ReadTimeout("x"), "gitlab.example took too long"),
        (requests.exceptions.InvalidSchema("x"), "InvalidSchema from gitlab.example"),
    ],
)
def test_why_there_was_no_answer_is_said_with_the_host(error: Exception, says: str, pauses: list[float]) -> None:
    responses.get(f"{API}/user", body=error)
    with pytest.raises(GitLabUnreachable, match=f"GitLab did not answer GET /user: {says}"):
        client().get("/user")


@responses.activate
def test_the_token_does_not_follow_a_redirect_away_from_tls() -> None:
    responses.get(f"{API}/user", status=302, headers={"Location": f"{API}/user".replace("https:", "http:")})
    responses.get(f"{API}/user".replace("https:", "http:"), json={"id": 1})
    client().get("/user")
    assert "PRIVATE-TOKEN" not in responses.calls[1].request.headers


@responses.activate
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "404 Project Not Found"}, "404 Project Not Found"),
        ({"message": {"path": ["has already been taken"]}}, "path has already been taken"),
        ({"error": "title is missing"}, "title is missing"),
    ],
)
def test_gitlabs_words_are_kept(body: dict[str, Any], words: str) -> None:
    responses.get(f"{API}/projects/1", status=400, json=body)
    with pytest.raises(GitLabRefused, match=f"GitLab refused GET /projects/1 with 400: {words}"):
        client().get("/projects/1")


@responses.activate
def test_a_wrong_token_is_a_refusal_and_is_in_no_text() -> None:
    responses.get(f"{API}/user", status=401, json={"message": "401 Unauthorized"})
    with pytest.raises(GitLabRefused) as caught:
        client().get("/user")
    assert str(caught.value) == (
        "GitLab refused GET /user with 401: 401 Unauthorized (the token is wrong, was revoked, or its user is gone)"
    )
    assert "secret-token" not in repr(caught.value)


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": "invalid_token", "error_description": "Token is expired."}, "Token is expired."),
        (
            403,
            {"error": "insufficient_scope", "error_description": "More is needed.", "scope": "api"},
            "More is needed. The token needs the scope api.",
        ),
        (403, {"message": "403 Forbidden"}, "403 Forbidden (the role of the bot there is too small)"),
    ],
)
def test_what_is_wrong_with_the_token_is_said(status: int, body: dict[str, Any], words: str) -> None:
    responses.get(f"{API}/user", status=status, json=body)
    with pytest.raises(GitLabRefused) as caught:
        client().get("/user")
    assert str(caught.value) == f"GitLab refused GET /user with {status}: {words}"


@responses.activate
def test_no_connection_is_unreachable(pauses: list[float]) -> None:
    responses.get(f"{API}/user", body=requests.ConnectionError("cut"))
    with pytest.raises(GitLabUnreachable, match="GitLab did not answer GET /user: no connection to gitlab.example"):
        client().get("/user")


@responses.activate
@pytest.mark.parametrize("paging", ["offset", "keyset"])
def test_pages_are_followed_by_either_kind_of_paging(paging: str) -> None:
    if paging == "offset":
        first = {"X-Next-Page": "2"}
        last = {"X-Next-Page": ""}
    else:
        first = {"Link": f'<{API}/projects?cursor=abc&per_page=100>; rel="next"'}
        last = {}
    responses.get(f"{API}/projects", json=[{"id": 1}], headers=first)
    responses.get(f"{API}/projects", json=[{"id": 2}], headers=last)
    assert [row["id"] for row in client().rows("/projects")] == [1, 2]


@responses.activate
def test_everyday_work_leaves_a_share_of_the_rate_limit_to_incidents(pauses: list[float]) -> None:
    budget = RateBudget()
    reset = dt.datetime.now(dt.UTC).timestamp() + 40
    headers = {"RateLimit-Limit": "100", "RateLimit-Remaining": "29", "RateLimit-Reset": str(reset)}
    responses.get(f"{API}/user", json={"id": 1}, headers=headers)
    client(budget=budget, reserved=0.3).get("/user")
    assert pauses == []
    client(budget=budget, reserved=0.0).get("/user")
    assert pauses == []
    client(budget=budget, reserved=0.3).get("/user")
    assert [30 < pause <= 40 for pause in pauses] == [True]
