"""What lies in an incident group is not there for a policy, by whatever way it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.errors import GitLabRefused
from bot.gitlab_api.policy_reader import PolicyReader

URL = "https://gitlab.example"


class Answers:
    """A client that answers from a table: path to answer."""

    url = URL

    def __init__(self, answers: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.answers, self.headers, self.asked = answers, headers or {}, list[str]()

    def answer(self, method: str, path: str, params: dict[str, Any]) -> tuple[Any, dict[str, str]]:
        self.asked.append(path)
        return self.answers[path], self.headers

    def request(self, method: str, url: str, body: dict[str, Any]) -> Any:
        return self.answers["graphql"]


def reader(answers: dict[str, Any], *hidden: str) -> tuple[PolicyReader, Answers]:
    client = Answers(answers)
    return PolicyReader(client, hidden or ("sec/incidents",)), client  # type: ignore[arg-type]


def rows_of(policies: PolicyReader, path: str) -> list[Any]:
    return [row for page in policies.pages(path, [], per_page=100, follows_links=True) for row in page]


HIDDEN_ROWS = (
    {"references": {"full": "sec/incidents/one#1"}},
    {"references": {"full": "sec/incidents&1"}},
    {"references": {"full": "SEC/Incidents/one!2"}},
    {"path_with_namespace": "sec/incidents/one"},
    {"full_path": "sec/incidents"},
    {"namespace": {"full_path": "sec/incidents"}, "iid": 3},
    {"web_url": f"{URL}/sec/incidents/one/-/issues/1"},
    {"web_url": f"{URL}/groups/sec/incidents/-/epics/1"},
    {"web_url": f"{URL}/groups/sec/incidents"},
    {"web_url": "http://other.example:8080/sec/incidents/one/-/milestones/1"},
)
SHOWN_ROWS = (
    {"references": {"full": "sec/incidents-review/one#1"}},
    {"references": {"full": "other/sec/incidents#1"}},
    {"web_url": f"{URL}/other/sec/incidents/-/issues/1"},
    {"web_url": f"{URL}/groups/sec/-/epics/1"},
    {"name": "sec/incidents"},
)


@pytest.mark.parametrize("row", HIDDEN_ROWS)
def test_a_row_of_the_incident_group_is_dropped(row: dict[str, Any]) -> None:
    policies, _ = reader({"/issues": [row], "/issues/1": row})
    assert rows_of(policies, "issues") == []
    with pytest.raises(GitLabRefused, match="404 Not found"):
        policies.get("issues/1", [])


@pytest.mark.parametrize("row", SHOWN_ROWS)
def test_a_row_of_another_group_is_kept(row: dict[str, Any]) -> None:
    policies, _ = reader({"/issues": [row]})
    assert rows_of(policies, "issues") == [row]


@pytest.mark.parametrize(
    "path", ["projects/sec%2Fincidents%2Fone/members", "groups/sec%2Fincidents", "groups/SEC%2fIncidents/labels"]
)
def test_a_path_of_the_incident_group_is_not_asked_for(path: str) -> None:
    policies, client = reader({})
    with pytest.raises(GitLabRefused, match="404 Not found"):
        policies.get(path, [])
    with pytest.raises(GitLabRefused, match="404 Not found"):
        rows_of(policies, path)
    assert client.asked == []


def test_members_of_a_hidden_project_are_not_told_by_its_number_either() -> None:
    hidden = {"id": 9, "path_with_namespace": "sec/incidents/one"}
    policies, client = reader({"/projects/9": hidden, "/projects/9/members": [{"username": "ann"}]})
    for _ in range(2):
        with pytest.raises(GitLabRefused, match="404 Not found"):
            rows_of(policies, "projects/9/members")
    assert client.asked == ["/projects/9"]


def test_a_project_of_which_an_issue_was_shown_is_not_looked_up() -> None:
    row = {"project_id": 7, "references": {"full": "sec/open#1"}}
    policies, client = reader({"/issues": [row], "/projects/7/members": [{"username": "ann"}]})
    rows_of(policies, "issues")
    assert rows_of(policies, "projects/7/members") == [{"username": "ann"}]
    assert client.asked == ["/issues", "/projects/7/members"]


def test_nodes_of_the_incident_group_are_dropped_from_graphql() -> None:
    nodes = [{"webUrl": f"{URL}/sec/incidents/one/-/issues/1"}, {"webUrl": f"{URL}/sec/open/-/issues/1"}]
    policies, _ = reader({"graphql": {"data": {"group": {"issues": {"nodes": nodes}}}}})
    assert policies.graphql("query", {}) == {"group": {"issues": {"nodes": nodes[1:]}}}


def test_without_hidden_groups_nothing_is_looked_up() -> None:
    client = Answers({"/projects/9/members": [{"username": "ann"}]})
    policies = PolicyReader(client)  # type: ignore[arg-type]
    assert rows_of(policies, "projects/9/members") == [{"username": "ann"}]
    assert client.asked == ["/projects/9/members"]


HEADERS = (
    ({"X-Next-Page": "1"}, "after page 1 comes page 1"),
    ({"X-Next-Page": "abc", "X-Total-Pages": "5"}, "`abc` is not the number of a page"),
    ({"X-Next-Page": "2", "X-Total-Pages": "²"}, "`²` is not the number of a page"),
    ({"X-Next-Page": "2", "X-Total-Pages": "9" * 5000}, f"`{'9' * 20}` is not the number of a page"),
    ({"Link": f'<{URL}/api/v4/issues?cursor=a>; rel="next"'}, "the links to the next page do not end"),
    ({"Link": '<https://[evil>; rel="next"'}, "the link to the next page is no address"),
)


@pytest.mark.parametrize(("headers", "says"), HEADERS)
def test_pages_that_lead_nowhere_are_refused(headers: dict[str, str], says: str) -> None:
    policies = PolicyReader(Answers({"/issues": []}, headers))  # type: ignore[arg-type]
    with pytest.raises(GitLabRefused) as refused:
        rows_of(policies, "issues")
    assert str(refused.value) == f"GitLab refused GET /issues with 200: {says}"
