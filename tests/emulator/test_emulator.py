"""The emulator is what GitLab is, as far as clients can see. Statuses and bodies: GitLab 19, doc/api and its specs."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import gitlab
import pytest

from tests.bot_process import eventually
from tests.local_gitlab import LocalGitLab, free_port


def answer(local: LocalGitLab, method: str, path: str, token: str | None = "root", **kwargs: Any) -> tuple[int, Any]:
    got = local.call(method, path, token, **kwargs)
    return got.status_code, got.json() if got.content and "json" in got.headers.get("content-type", "") else None


@pytest.mark.parametrize(
    ("method", "path", "token", "body", "expected"),
    [
        ("GET", "/user", None, None, (401, {"message": "401 Unauthorized"})),
        ("GET", "/user", "wrong", None, (401, {"message": "401 Unauthorized"})),
        ("GET", "/projects/999", "root", None, (404, {"message": "404 Project Not Found"})),
        ("GET", "/projects/sec%2Foperations", "demo-passerby-token", None, (404, {"message": "404 Project Not Found"})),
        ("GET", "/groups/sec%2Fincidents", "demo-passerby-token", None, (404, {"message": "404 Group Not Found"})),
        ("GET", "/users/999", "root", None, (404, {"message": "404 User Not Found"})),
        ("GET", "/projects/1/issues/99", "root", None, (404, {"message": "404 Not found"})),
        ("GET", "/projects/1/issues/99/notes", "root", None, (404, {"message": "404 Issue Not Found"})),
        ("GET", "/projects/1/issues/abc", "root", None, (400, {"error": "issue_iid is invalid"})),
        ("GET", "/projects/1/issues?state=x", "root", None, (400, {"error": "state does not have a valid value"})),
        (
            "GET",
            "/projects/1/issues?per_page=0",
            "root",
            None,
            (400, {"error": "per_page does not have a valid value"}),
        ),
        ("GET", "/projects/1/issues?page=x", "root", None, (400, {"error": "page is invalid"})),
        ("POST", "/projects/1/issues", None, {"title": "x"}, (401, {"message": "401 Unauthorized"})),
        ("POST", "/projects/1/issues", "root", {}, (400, {"error": "title is missing"})),
        ("POST", "/projects/1/issues", "root", {"title": ""}, (400, {"message": {"title": ["can't be blank"]}})),
        ("POST", "/projects/1/labels", "root", {}, (400, {"error": "name is missing, color is missing"})),
        (
            "POST",
            "/projects/1/labels",
            "root",
            {"name": "incident", "color": "#FF0000"},
            (409, {"message": "Label already exists"}),
        ),
        (
            "POST",
            "/projects/1/labels",
            "demo-passerby-token",
            {"name": "mine", "color": "#FF0000"},
            (403, {"message": "403 Forbidden"}),
        ),
        (
            "POST",
            "/projects/1/members",
            "root",
            {"username": "no.body", "access_level": 30},
            (404, {"message": "404 User Not Found"}),
        ),
        (
            "POST",
            "/projects/1/members",
            "root",
            {"username": "oncall.eva", "access_level": 30},
            (409, {"message": "Member already exists"}),
        ),
        (
            "POST",
            "/projects/1/members",
            "root",
            {"username": "section.owner", "access_level": 30},
            (
                400,
                {
                    "message": {
                        "access_level": ["should be greater than or equal to Owner inherited membership from group Sec"]
                    }
                },
            ),
        ),
        ("POST", "/groups/sec/hooks", "demo-oncall-token", {"url": "http://x"}, (403, {"message": "403 Forbidden"})),
        (
            "POST",
            "/users",
            "demo-oncall-token",
            {"name": "n", "username": "u", "email": "e"},
            (403, {"message": "403 Forbidden"}),
        ),
    ],
)
def test_refusals_have_gitlabs_status_and_body(
    local_gitlab: LocalGitLab, method: str, path: str, token: str | None, body: Any, expected: tuple[int, Any]
) -> None:
    assert answer(local_gitlab, method, path, token, json=body) == expected


def test_a_taken_path_and_a_public_project_in_a_private_group(local_gitlab: LocalGitLab) -> None:
    group = local_gitlab.store.group_paths["sec/incidents"].id
    body = {"name": "x", "namespace_id": group}
    assert answer(local_gitlab, "POST", "/projects", json=body)[0] == 201
    taken = ["has already been taken"]
    expected = {"message": {"project_namespace.name": taken, "name": taken, "path": taken}}
    assert answer(local_gitlab, "POST", "/projects", json=body) == (400, expected)
    public = {"name": "y", "namespace_id": group, "visibility": "public"}
    expected = {"message": {"visibility_level": ["public is not allowed in a private group."]}}
    assert answer(local_gitlab, "POST", "/projects", json=public) == (400, expected)


def test_what_it_does_not_know_says_so(local_gitlab: LocalGitLab) -> None:
    status, body = answer(local_gitlab, "GET", "/projects/1/pipelines")
    assert status == 404
    assert body["error"] == "404 Not Found"
    assert "The emulator lacks GET /v4/projects/1/pipelines" in body["message"]


def test_tokens_are_revoked_expire_and_have_scopes(local_gitlab: LocalGitLab) -> None:
    token = local_gitlab.store.tokens["demo-oncall-token"]
    token.scopes = ["read_api"]
    status, body = answer(local_gitlab, "POST", "/projects/1/issues", "demo-oncall-token", json={"title": "x"})
    assert (status, body["error"], body["scope"]) == (403, "insufficient_scope", "api")
    token.revoked = True
    status, body = answer(local_gitlab, "GET", "/user", "demo-oncall-token")
    assert (status, body["error_description"]) == (
        401,
        "Token was revoked. You have to re-authorize from the user.",
    )


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
def test_bodies_of_every_kind_are_read(local_gitlab: LocalGitLab, kind: str) -> None:
    values = {"title": "Ünïcode & more", "labels": "incident,S1"}
    kwargs: dict[str, Any] = {"json": values} if kind == "json" else {"data": values}
    if kind == "multipart":
        kwargs = {"files": {key: (None, value) for key, value in values.items()}}
    status, body = answer(local_gitlab, "POST", "/projects/sec%2Fintake/issues", **kwargs)
    assert (status, body["title"], body["labels"]) == (201, "Ünïcode & more", ["S1", "incident"])


def test_a_guest_cannot_label_and_may_on_creation(local_gitlab: LocalGitLab) -> None:
    intake = local_gitlab.project("sec/intake")
    assert intake is not None
    intake.members[local_gitlab.store.usernames["rita.reporter"].id].access_level = 10
    issue = local_gitlab.report(labels="incident")
    assert local_gitlab.store.label_names(issue) == ["incident"]
    path = f"/projects/1/issues/{issue.iid}"
    status, body = answer(local_gitlab, "PUT", path, "demo-reporter-token", json={"add_labels": "S1", "title": "new"})
    assert (status, body["labels"], body["title"]) == (200, ["incident"], "new")
    outsider = answer(
        local_gitlab, "POST", "/projects/1/issues", "demo-passerby-token", json={"title": "x", "labels": "S1"}
    )
    assert outsider[1]["labels"] == []


def test_confidential_issues_are_for_their_people(local_gitlab: LocalGitLab) -> None:
    issue = local_gitlab.report(confidential=True)
    path = f"/projects/1/issues/{issue.iid}"
    seen = {
        token: answer(local_gitlab, "GET", path, token)[0]
        for token in ("demo-reporter-token", "demo-oncall-token", "demo-passerby-token", None)
    }
    assert seen == {"demo-reporter-token": 200, "demo-oncall-token": 200, "demo-passerby-token": 404, None: 404}
    assert answer(local_gitlab, "GET", "/projects/1/issues", "demo-passerby-token") == (200, [])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("labels=incident", [1, 3]),
        ("labels=incident,S1", [3]),
        ("labels=None", [4]),
        ("labels=Any", [1, 2, 3]),
        ("not[labels]=S1", [1, 4]),
        ("not[labels]=S1,incident", [4]),
        ("state=closed", [4]),
        ("state=opened&labels=S1", [2, 3]),
        ("search=second", [2]),
        ("iids[]=1&iids[]=4", [1, 4]),
        ("iids=2,3", [2, 3]),
        ("author_username=rita.reporter", [1, 2, 3, 4]),
        ("not[author_username]=rita.reporter", []),
        ("assignee_username=oncall.eva", [2]),
        ("assignee_id=None", [1, 3, 4]),
        ("confidential=true", [3]),
        ("created_after=2099-01-01T00:00:00Z", []),
        ("labels=nothing-like-it", []),
        ("order_by=title&sort=asc", [1, 2, 3, 4]),
        ("milestone=None", [1, 2, 3, 4]),
    ],
)
def test_issue_lists_filter_as_gitlab_does(local_gitlab: LocalGitLab, query: str, expected: list[int]) -> None:
    eva = local_gitlab.store.usernames["oncall.eva"].id
    local_gitlab.report("a first", labels="incident")
    local_gitlab.call(
        "POST",
        "/projects/1/issues",
        "demo-reporter-token",
        json={"title": "b second", "labels": "S1", "assignee_ids": [eva]},
    )
    local_gitlab.report("c third", labels="incident,S1", confidential=True)
    local_gitlab.close(local_gitlab.report("d fourth"))
    for path in ("/projects/sec%2Fintake/issues", "/groups/sec/issues", "/issues?scope=all"):
        joined = f"{path}{'&' if '?' in path else '?'}{query}"
        status, rows = answer(local_gitlab, "GET", joined)
        assert (status, sorted(row["iid"] for row in rows)) == (200, expected), path


def test_offset_paging_has_gitlabs_headers(local_gitlab: LocalGitLab) -> None:
    for number in range(5):
        local_gitlab.report(f"Report {number}")
    got = local_gitlab.call("GET", "/projects/1/issues?per_page=2&page=2&labels=None")
    names = ("X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages")
    assert [got.headers[name] for name in names] == ["2", "2", "3", "1", "5", "3"]
    links = {each["rel"]: each["url"] for each in __import__("requests").utils.parse_header_links(got.headers["Link"])}
    assert list(links) == ["prev", "next", "first", "last"]
    assert "page=3" in links["next"] and "labels=None" in links["next"]
    beyond = local_gitlab.call("GET", "/projects/1/issues?per_page=2&page=9")
    assert (beyond.json(), beyond.headers["X-Next-Page"]) == ([], "")


def test_keyset_paging_reads_every_row_once(local_gitlab: LocalGitLab) -> None:
    for number in range(7):
        local_gitlab.report(f"Report {number}")
    client = local_gitlab.as_user("root")
    rows = client.projects.get("sec/intake").issues.list(
        iterator=True, pagination="keyset", order_by="created_at", sort="asc", per_page=3
    )
    assert [row.iid for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    projects = client.projects.list(iterator=True, pagination="keyset", order_by="id", sort="asc", per_page=1)
    paths = [project.path_with_namespace for project in projects]
    assert paths == [local_gitlab.store.path_of(each) for each in local_gitlab.store.projects.values()]
    after = [project.id for project in client.projects.list(id_after=1, order_by="id", get_all=True)]
    assert after == list(range(len(paths), 1, -1))


@pytest.mark.parametrize(
    ("text", "state", "labels", "kept"),
    [
        ("hello\n/close", "closed", [], "hello"),
        ("/label ~S1 ~incident\ntext", "opened", ["S1", "incident"], "text"),
        ("/CLOSE\ntext", "closed", [], "text"),
        ("```\n/close\n```", "opened", [], "```\n/close\n```"),
        (">>>\n/close\n>>>", "opened", [], ">>>\n/close\n>>>"),
        (" /close", "opened", [], " /close"),
        ("> /close", "opened", [], "> /close"),
        ("\\/close", "opened", [], "\\/close"),
        ("`/close`", "opened", [], "`/close`"),
        ("<div>\n/close\n</div>", "opened", [], "<div>\n/close\n</div>"),
        ("/nosuch thing", "opened", [], "/nosuch thing"),
        ("go\r\n/close\r\n", "closed", [], "go"),
    ],
)
def test_quick_actions_in_notes(local_gitlab: LocalGitLab, text: str, state: str, labels: list[str], kept: str) -> None:
    issue = local_gitlab.report()
    status, body = answer(local_gitlab, "POST", "/projects/1/issues/1/notes", "demo-oncall-token", json={"body": text})
    assert (status, body["body"], issue.state, local_gitlab.store.label_names(issue)) == (201, kept, state, labels)


def test_notes_of_nothing_but_commands(local_gitlab: LocalGitLab) -> None:
    issue = local_gitlab.report()
    path = "/projects/1/issues/1/notes"
    status, body = answer(local_gitlab, "POST", path, "demo-oncall-token", json={"body": "/label ~S1"})
    assert (status, body["summary"], list(body["commands_changes"])) == (202, ["Added ~S1 label."], ["add_label_ids"])
    assert local_gitlab.notes(issue) == []
    status, body = answer(local_gitlab, "POST", path, "demo-oncall-token", json={"body": "/label ~nosuch"})
    assert (status, body) == (400, {"message": "400 Bad request - Failed to apply commands."})
    status, body = answer(local_gitlab, "POST", path, "demo-passerby-token", json={"body": "/close"})
    assert (status, body["summary"], issue.state) == (202, ["Could not apply close command."], "opened")


def test_label_events_tell_who_and_when(local_gitlab: LocalGitLab) -> None:
    local_gitlab.report(labels="incident")
    local_gitlab.label(local_gitlab.store.project_issues[1][1], "S1")
    local_gitlab.call("PUT", "/projects/1/issues/1", "demo-oncall-token", json={"remove_labels": "incident"})
    rows = answer(local_gitlab, "GET", "/projects/1/issues/1/resource_label_events")[1]
    told = [(row["user"]["username"], row["action"], row["label"]["name"]) for row in rows]
    assert told == [
        ("rita.reporter", "add", "incident"),
        ("oncall.eva", "add", "S1"),
        ("oncall.eva", "remove", "incident"),
    ]


def test_scoped_labels_exclude_each_other_but_not_in_free(
    local_gitlab: LocalGitLab, free_tier_gitlab: LocalGitLab
) -> None:
    found = {}
    for tier, local in (("premium", local_gitlab), ("free", free_tier_gitlab)):
        issue = local.report()
        local.label(issue, "severity::2")
        local.label(issue, "severity::1")
        found[tier] = local.store.label_names(issue)
    assert found == {"premium": ["severity::1"], "free": ["severity::1", "severity::2"]}


def test_several_members_in_one_request_overwrite_and_drop_the_unknown(local_gitlab: LocalGitLab) -> None:
    ids = {name: local_gitlab.store.usernames[name].id for name in ("resp.ada", "oncall.eva")}
    body = {"user_id": f"{ids['resp.ada']},{ids['oncall.eva']},9999", "access_level": 20, "expires_at": "2099-01-01"}
    assert answer(local_gitlab, "POST", "/projects/1/members", json=body) == (201, {"status": "success"})
    intake = local_gitlab.project("sec/intake")
    assert intake is not None
    members = local_gitlab.members(intake)
    assert (members["resp.ada"], members["oncall.eva"]) == (20, 20)


def test_invited_groups_and_expired_members(local_gitlab: LocalGitLab) -> None:
    responders = local_gitlab.store.group_paths["sec/incident-responders"].id
    incidents = local_gitlab.store.group_paths["sec/incidents"].id
    body = {"group_id": responders, "group_access": 20}
    assert answer(local_gitlab, "POST", f"/groups/{incidents}/share", json=body)[0] == 201
    rows = answer(local_gitlab, "GET", f"/groups/{incidents}/members/all")[1]
    assert {row["username"]: row["access_level"] for row in rows}["resp.ada"] == 20
    local_gitlab.store.group_paths["sec/incident-responders"].members.clear()
    rows = answer(local_gitlab, "GET", f"/groups/{incidents}/members/all")[1]
    assert "resp.ada" not in {row["username"] for row in rows}


def test_a_renamed_project_redirects_and_a_deleted_one_frees_its_path(local_gitlab: LocalGitLab) -> None:
    client = local_gitlab.as_user("root")
    project = client.projects.get("sec/intake")
    project.path = "inbox"
    project.save()
    moved = local_gitlab.call("GET", "/projects/sec%2Fintake", allow_redirects=False)
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{local_gitlab.url}/api/v4/projects/1")
    assert local_gitlab.call("POST", "/projects/sec%2Fintake/issues", json={"title": "x"}).status_code == 405
    assert local_gitlab.call("DELETE", "/projects/1").status_code == 202
    assert client.projects.get(1).path == "inbox-deletion_scheduled-1"
    assert local_gitlab.call("POST", "/projects/1/restore").status_code == 201
    assert client.projects.get(1).path == "inbox"


def test_iid_dates_and_severity_are_for_those_who_may(local_gitlab: LocalGitLab) -> None:
    body = {"title": "x", "iid": 40, "created_at": "2020-01-02T03:04:05Z"}
    status, made = answer(local_gitlab, "POST", "/projects/1/issues", "demo-owner-token", json=body)
    assert (status, made["iid"], made["created_at"]) == (201, 40, "2020-01-02T03:04:05.000Z")
    assert answer(local_gitlab, "POST", "/projects/1/issues", "demo-owner-token", json=body) == (
        409,
        {"message": "Duplicated issue"},
    )
    ignored = answer(local_gitlab, "POST", "/projects/1/issues", "demo-reporter-token", json=body | {"iid": 50})[1]
    assert ignored["iid"] == 41
    incident = {"title": "x", "issue_type": "incident", "description": "x\n/severity S1"}
    assert answer(local_gitlab, "POST", "/projects/1/issues", json=incident)[1]["severity"] == "CRITICAL"


# -- webhooks --------------------------------------------------------------------------------------------------------


class Receiver:
    """A server that notes what it is sent and answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.port = free_port()
        self.server = HTTPServer(("127.0.0.1", self.port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_deliveries_are_real_and_signed(local_gitlab: LocalGitLab, receiver: Receiver) -> None:
    secret = b"k" * 32
    body = {
        "url": receiver.url,
        "token": "tok",
        "signing_token": "whsec_" + base64.b64encode(secret).decode(),
        "issues_events": True,
        "push_events": False,
    }
    status, hook = answer(local_gitlab, "POST", "/projects/1/hooks", json=body)
    assert (status, hook["token_present"], hook["signing_token_present"], "token" in hook) == (201, True, True, False)
    local_gitlab.report("Öffentlich")
    eventually(lambda: receiver.got)
    headers, raw = receiver.got[0]
    assert (headers["X-Gitlab-Event"], headers["X-Gitlab-Token"]) == ("Issue Hook", "tok")
    assert headers["webhook-id"] == headers["Idempotency-Key"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    payload = json.loads(raw)
    assert (payload["object_attributes"]["action"], payload["object_attributes"]["title"]) == ("open", "Öffentlich")


def test_confidential_issues_go_only_to_hooks_that_ask_for_them(local_gitlab: LocalGitLab, receiver: Receiver) -> None:
    local_gitlab.call("POST", "/projects/1/hooks", json={"url": receiver.url, "issues_events": True})
    local_gitlab.report("hidden", confidential=True)
    local_gitlab.report("open")
    eventually(lambda: receiver.got)
    titles = [json.loads(raw)["object_attributes"]["title"] for _, raw in receiver.got]
    assert titles == ["open"]


def test_the_hook_of_a_group_hears_of_epics(local_gitlab: LocalGitLab, receiver: Receiver) -> None:
    local_gitlab.call("POST", "/groups/sec/hooks", json={"url": receiver.url, "issues_events": True})
    local_gitlab.call("POST", "/groups/sec/epics", json={"title": "hidden", "confidential": True})
    made = answer(local_gitlab, "POST", "/groups/sec/epics", json={"title": "open", "labels": "section::sec"})[1]
    eventually(lambda: receiver.got)
    headers, raw = receiver.got[0]
    payload = json.loads(raw)
    item = payload["object_attributes"]
    assert (headers["X-Gitlab-Event"], payload["object_kind"], payload["project"]) == ("Issue Hook", "work_item", None)
    assert (item["type"], item["title"], item["action"], item["iid"]) == ("Epic", "open", "open", made["iid"])
    assert item["url"].endswith(f"/groups/sec/-/work_items/{made['iid']}")
    assert [label["title"] for label in payload["labels"]] == ["section::sec"]


def test_a_hook_is_disabled_after_four_failures_and_enabled_by_a_success(
    local_gitlab: LocalGitLab, receiver: Receiver
) -> None:
    made = answer(local_gitlab, "POST", "/projects/1/hooks", json={"url": receiver.url, "issues_events": True})[1]
    path = f"/projects/1/hooks/{made['id']}"
    receiver.status = 500
    for number in range(1, 5):
        local_gitlab.report()
        eventually(lambda number=number: len(receiver.got) == number)  # type: ignore[misc]
        eventually(
            lambda number=number: len(answer(local_gitlab, "GET", f"{path}/events")[1]) == number  # type: ignore[misc]
        )
    assert answer(local_gitlab, "GET", path)[1]["alert_status"] == "temporarily_disabled"
    local_gitlab.report()
    events = answer(local_gitlab, "GET", f"{path}/events?status=server_failure")[1]
    assert (len(events), events[0]["request_data"]["object_kind"]) == (4, "issue")
    receiver.status = 204
    resent = answer(local_gitlab, "POST", f"{path}/events/{events[0]['id']}/resend")
    assert resent == (201, {"response_status": 204})
    assert answer(local_gitlab, "GET", path)[1]["alert_status"] == "executable"
    same = {dict(headers)["Idempotency-Key"] for headers, _ in receiver.got}
    assert len(same) == 4
    for _ in range(4):
        local_gitlab.call("POST", f"{path}/events/{events[0]['id']}/resend")
    assert local_gitlab.call("POST", f"{path}/events/{events[0]['id']}/resend").status_code == 429


# -- what tests steer ------------------------------------------------------------------------------------------------


def test_faults_hit_the_next_requests_that_match(local_gitlab: LocalGitLab) -> None:
    import requests

    def fault(**fields: Any) -> None:
        assert requests.post(f"{local_gitlab.url}/-/emulator/faults", json=fields, timeout=5).status_code == 201

    fault(times=2, path="/user$", status=503)
    assert [local_gitlab.call("GET", "/user").status_code for _ in range(3)] == [503, 503, 200]
    fault(path="/issues$", method="POST", lose_answer=True)
    with pytest.raises(requests.ConnectionError):
        local_gitlab.report()
    assert len(local_gitlab.store.project_issues[1]) == 1
    fault(path="/issues$", method="POST", cut=True)
    with pytest.raises(requests.ConnectionError):
        local_gitlab.report()
    assert len(local_gitlab.store.project_issues[1]) == 1
    wrong = requests.post(f"{local_gitlab.url}/-/emulator/faults", json={"path": "x"}, timeout=5)
    assert (wrong.status_code, wrong.json()["error"]) == (
        400,
        "A fault needs one of status, delay_ms, cut, lose_answer.",
    )


def test_the_log_and_the_clock(local_gitlab: LocalGitLab) -> None:
    import requests

    base = f"{local_gitlab.url}/-/emulator"
    requests.delete(f"{base}/requests", timeout=5)
    local_gitlab.call("GET", "/projects/sec%2Fintake?x=1")
    (entry,) = requests.get(f"{base}/requests", timeout=5).json()
    assert [entry[key] for key in ("method", "path", "query", "status", "user")] == [
        "GET",
        "/api/v4/projects/sec/intake",
        "x=1",
        200,
        "root",
    ]
    later = local_gitlab.store.now() + dt.timedelta(days=100)
    requests.post(f"{base}/clock", json={"now": later.isoformat()}, timeout=5)
    assert local_gitlab.report().created_at - later < dt.timedelta(seconds=30)


def test_rate_limits_tell_what_is_left(local_gitlab: LocalGitLab) -> None:
    local_gitlab.application.control.rate_limit = 3
    statuses = [local_gitlab.call("GET", "/user") for _ in range(4)]
    assert [each.status_code for each in statuses] == [200, 200, 200, 429]
    assert [each.headers["RateLimit-Remaining"] for each in statuses] == ["2", "1", "0", "0"]
    assert 0 < int(statuses[3].headers["Retry-After"]) <= 60


def test_python_gitlab_works_on_it(empty_gitlab: LocalGitLab) -> None:
    client: gitlab.Gitlab = empty_gitlab.as_user("root")
    client.auth()
    group = client.groups.create({"name": "Top", "path": "top"})
    child = client.groups.create({"name": "Child", "path": "child", "parent_id": group.id})
    project = client.projects.create({"name": "Things", "namespace_id": child.id})
    assert project.path_with_namespace == "top/child/things"
    user = client.users.create({"name": "A", "username": "a", "email": "a@b.example", "force_random_password": True})
    token = user.personal_access_tokens.create({"name": "t", "scopes": ["api"]})
    project.members.create({"user_id": user.id, "access_level": 30})
    mine = empty_gitlab.as_user(token.token).projects.get("top/child/things")
    mine.labels.create({"name": "bug", "color": "#123456"})
    mine.milestones.create({"title": "1.0"})
    issue = mine.issues.create({"title": "One", "labels": ["bug"]})
    other = mine.issues.create({"title": "Two"})
    issue.links.create({"target_project_id": project.id, "target_issue_iid": other.iid})
    note = issue.notes.create({"body": "hello"})
    note.awardemojis.create({"name": "thumbsup"})
    thread = issue.discussions.create({"body": "why?"})
    thread.notes.create({"body": "because"})
    issue.state_event = "close"
    issue.save()
    assert [each.state for each in mine.issues.list(state="closed", get_all=True)] == ["closed"]
    assert [event.label["name"] for event in issue.resourcelabelevents.list(get_all=True)] == ["bug"]
    assert [len(each.attributes["notes"]) for each in issue.discussions.list(get_all=True)][-1] == 2
    with pytest.raises(gitlab.GitlabDeleteError):
        mine.delete()
    assert client.version()[0].startswith("19.")
