"""The HTTP application: who is let in, what is kept, and what is answered."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from bot.domain.events import Event, event_from_json, event_to_json
from bot.domain.ports import Scope
from bot.domain.resources import EpicReference
from bot.runtime.jobs import Job, scope_of
from bot.runtime.metrics import Metrics
from bot.settings.loading import Settings
from bot.webhooks.app import MOST_BYTES, build_app
from bot.webhooks.parsing import parse_event
from bot.webhooks.verification import Secrets
from bot.wiring import AUTOMATIONS
from tests.bot_process import eventually
from tests.local_gitlab import free_port

SIGNING = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SIGNING = "whsec_" + base64.b64encode(b"o" * 32).decode()
DATA = Path(__file__).resolve().parents[1] / "data" / "webhooks"


class Door:
    """The application with a list in the place of the database."""

    def __init__(self, settings: Settings, secrets: Secrets, *, broken: bool = False) -> None:
        self.jobs: list[Job] = []
        self.metrics = Metrics()
        self.broken = broken
        app = build_app(
            secrets=secrets,
            settings=settings,
            automations=AUTOMATIONS,
            enqueue=self._enqueue,
            own_ids=lambda: frozenset({99}),
            problems=lambda: ["the database does not answer (OperationalError)"] if broken else [],
            metrics=self.metrics,
        )
        self.port = free_port()
        config = uvicorn.Config(app, port=self.port, log_level="critical", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        eventually(lambda: self.server.started)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    def _enqueue(self, job: Job) -> str:
        if self.broken:
            raise OSError("no database")
        self.jobs.append(job)
        return "id"

    def post(self, body: Any, **headers: str) -> tuple[int, str]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        answer = requests.post(f"{self.url}/webhooks/gitlab", data=content, headers=sent, timeout=10)
        return answer.status_code, answer.json()["outcome"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def announce(self, length: int) -> int:
        """The status that comes although nothing of the body was sent yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("POST", "/webhooks/gitlab")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status


OpenDoor = Callable[..., Door]


@pytest.fixture
def open_door(settings: Settings) -> Iterator[OpenDoor]:
    made: list[Door] = []

    def make(secrets: Secrets, *, broken: bool = False) -> Door:
        made.append(Door(settings, secrets, broken=broken))
        return made[-1]

    yield make
    for door in made:
        door.close()


def issue_payload(**changed: Any) -> dict[str, Any]:
    labels = changed.pop("labels", ["severity::1"])
    payload: dict[str, Any] = {
        "object_kind": "issue",
        "event_type": "confidential_issue",
        "user": {"id": changed.pop("actor", 5), "username": "eva"},
        "project": {"id": 7, "path_with_namespace": changed.pop("path", "sec/intake")},
        "object_attributes": {"iid": 12, "action": "update", "labels": [{"title": each} for each in labels]},
        "changes": {},
    }
    return payload | changed


def signed(body: bytes, secret: str = SIGNING, *, age_s: int = 0, key: str = "d-1") -> dict[str, str]:
    timestamp = str(int(time.time()) - age_s)
    digest = hmac.new(base64.b64decode(secret[6:]), f"{key}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "Idempotency-Key": key,
    }


def test_a_delivery_with_the_token_is_kept_as_a_reference(open_door: OpenDoor) -> None:
    door = open_door(Secrets(tokens=("old", "new")))
    assert door.post(issue_payload(), X_Gitlab_Token="new", Idempotency_Key="d-1") == (202, "accepted")
    (job,) = door.jobs
    assert (job.delivery, job.event.resource, job.automations) == ("d-1", "7#12", ("incident_opening",))
    assert job.to_json()["event"] == {
        "kind": "issue",
        "project_id": 7,
        "iid": 12,
        "action": "update",
        "resource_kind": "issues",
    }


@pytest.mark.parametrize("token", ["wrong", "", "neW"])
def test_a_wrong_or_missing_token_is_401(open_door: OpenDoor, token: str) -> None:
    door = open_door(Secrets(tokens=("new",)))
    headers = {"X_Gitlab_Token": token} if token else {}
    assert door.post(issue_payload(), **headers) == (401, "unauthorized")
    assert door.jobs == []


def test_the_token_is_checked_before_the_body_is_read(open_door: OpenDoor) -> None:
    """Five gigabytes are announced and never sent."""
    door = open_door(Secrets(tokens=("new",)))
    assert door.announce(5_000_000_000) == 401


def test_where_a_signing_secret_is_set_the_token_alone_does_not_do(open_door: OpenDoor) -> None:
    door = open_door(Secrets(tokens=("new",), signing=(SIGNING,)))
    assert door.post(issue_payload(), X_Gitlab_Token="new") == (401, "unauthorized")


@pytest.mark.parametrize("secret", [SIGNING, OLD_SIGNING])
def test_any_of_several_signing_secrets_is_good(open_door: OpenDoor, secret: str) -> None:
    door = open_door(Secrets(signing=(SIGNING, OLD_SIGNING)))
    body = json.dumps(issue_payload()).encode()
    assert door.post(body, **signed(body, secret)) == (202, "accepted")


@pytest.mark.parametrize("age_s", [-400, 400])
def test_a_signature_is_good_for_five_minutes(open_door: OpenDoor, age_s: int) -> None:
    door = open_door(Secrets(signing=(SIGNING,)))
    body = json.dumps(issue_payload()).encode()
    assert door.post(body, **signed(body, age_s=age_s)) == (401, "unauthorized")
    assert door.post(body, **signed(body, age_s=200)) == (202, "accepted")


@pytest.mark.parametrize("signature", ["garbage", "v1,A", "v1,a,b", "v1,", "", "v2,AAAA", ",", "v1"])
@pytest.mark.parametrize("body", [b"{}", b"no json", "ü".encode("utf-16")], ids=["json", "no json", "no utf-8"])
def test_a_damaged_signature_is_401(open_door: OpenDoor, signature: str, body: bytes) -> None:
    door = open_door(Secrets(signing=(SIGNING, OLD_SIGNING)))
    assert door.post(body, **(signed(body) | {"webhook-signature": signature})) == (401, "unauthorized")


def test_a_changed_body_is_401(open_door: OpenDoor) -> None:
    door = open_door(Secrets(signing=(SIGNING,)))
    body = json.dumps(issue_payload()).encode()
    assert door.post(body + b" ", **signed(body)) == (401, "unauthorized")


def test_too_large_is_413_by_its_announcement_and_by_its_bytes(open_door: OpenDoor) -> None:
    door = open_door(Secrets())
    assert door.announce(MOST_BYTES + 1) == 413
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as raw:
        raw.sendall(b"POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(26):
            raw.sendall(chunk)
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"object_kind": "issue"}', b'{"object_kind": 7}'])
def test_verified_but_not_understood_is_2xx(open_door: OpenDoor, body: bytes) -> None:
    """GitLab disables a hook that answers otherwise."""
    door = open_door(Secrets(signing=(SIGNING,)))
    assert door.post(body, **signed(body)) == (202, "not_understood")
    assert door.jobs == []


@pytest.mark.parametrize("file", sorted(DATA.glob("*.json")), ids=lambda file: file.stem)
def test_every_kind_of_delivery_is_answered_with_2xx(open_door: OpenDoor, file: Path) -> None:
    door = open_door(Secrets(tokens=("t",)))
    expected = (
        "irrelevant"
        if file.stem.startswith(("issue", "note_issue", "note_merge", "merge_request"))
        else "not_understood"
    )
    status, outcome = door.post(file.read_bytes(), X_Gitlab_Token="t")
    assert (status, outcome) == (202, expected)


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (issue_payload(labels=["bug"]), "irrelevant"),
        (issue_payload(path="sec/elsewhere"), "irrelevant"),
        (issue_payload(labels=["bug"], changes={"labels": {"previous": [{"title": "S1"}], "current": []}}), "accepted"),
        (issue_payload(path="sec/incidents/incident-7-12"), "accepted"),
        (issue_payload(actor=99), "own"),
        (issue_payload(object_kind="work_item", labels=[]), "irrelevant"),
    ],
)
def test_what_nobody_listens_to_does_not_touch_the_database(
    open_door: OpenDoor, payload: dict[str, Any], outcome: str
) -> None:
    door = open_door(Secrets(), broken=outcome != "accepted")
    assert door.post(payload) == (202, outcome)


def test_an_incident_type_in_a_work_item_payload_is_understood() -> None:
    payload = issue_payload(object_kind="work_item", labels=[])
    payload["object_attributes"]["type"] = "Incident"
    event = parse_event(payload)
    assert event == Event("issue", 7, "sec/intake", 12, "update", 5, "eva", "incident")


def epic_payload(**item: Any) -> dict[str, Any]:
    """As GitLab.com sends it to the hook of a group."""
    attributes = {
        "iid": 4,
        "type": "Epic",
        "action": "update",
        "url": "https://gitlab.example/groups/sec/a/-/work_items/4",
    }
    label = {"title": "section::sec"}
    return {
        "object_kind": "work_item",
        "user": {"id": 5, "username": "eva"},
        "project": None,
        "object_attributes": attributes | {"labels": [label]} | item,
        "changes": {"labels": {"previous": [{"title": "group::not owned"}], "current": [label]}},
    }


def test_an_epic_is_known_by_its_address() -> None:
    labels = frozenset({"section::sec", "group::not owned"})
    event = Event("epic", 0, "sec/a", 4, "update", 5, "eva", "epic", labels, "epics")
    assert parse_event(epic_payload()) == event
    assert parse_event(epic_payload(url="https://gitlab.example/groups/sec/a/-/epics/4")) == event
    for url in (
        "https://gitlab.example/sec/a/-/issues/4",
        "javascript:4",
        "sec/a&4",
        "https://x.example/groups/../-/epics/4",
        "",
        None,
    ):
        assert parse_event(epic_payload(url=url)) is None


@pytest.mark.parametrize("name", ["issue", "work_item"])
def test_a_comment_on_an_epic_is_one_more_reason_to_look(name: str) -> None:
    whole = epic_payload()
    payload = {**whole, "object_kind": "note", "object_attributes": {"note": "x"}, name: whole["object_attributes"]}
    event = parse_event(payload)
    assert event is not None and (event.kind, event.resource) == ("epic", "sec/a&4")


def test_only_who_looks_at_epics_hears_of_them(settings: Settings) -> None:
    event = parse_event(epic_payload(labels=[{"title": "all Sec groups"}, {"title": "severity::1"}]))
    assert event is not None
    assert [each.name for each in AUTOMATIONS if each.listens_to(event, settings)] == ["initiatives"]


def test_a_job_about_an_epic_finds_it_again() -> None:
    event = parse_event(epic_payload())
    assert event is not None
    kept = event_from_json(json.loads(json.dumps(event_to_json(event))))
    assert scope_of(kept) == Scope(epic=EpicReference("sec/a", 4), event_kind="epic")
    assert kept.resource == event.resource == "sec/a&4"


def test_without_a_key_the_same_delivery_is_the_same_job(open_door: OpenDoor) -> None:
    door = open_door(Secrets())
    for event in ("Issue Hook", "Issue Hook", "Confidential Issue Hook"):
        door.post(issue_payload(), X_Gitlab_Event=event)
    keys = [job.delivery for job in door.jobs]
    assert (keys[0] == keys[1], keys[0] == keys[2], keys[0][:7]) == (True, False, "sha256-")


def test_a_delivery_that_cannot_be_stored_is_503(open_door: OpenDoor) -> None:
    assert open_door(Secrets(), broken=True).post(issue_payload()) == (503, "not_stored")


def test_health_and_readiness(open_door: OpenDoor) -> None:
    well, ill = open_door(Secrets()), open_door(Secrets(), broken=True)
    assert requests.get(f"{well.url}/healthz", timeout=5).status_code == 200
    assert requests.get(f"{well.url}/readyz", timeout=5).status_code == 200
    answer = requests.get(f"{ill.url}/readyz", timeout=5)
    assert (answer.status_code, answer.json()["problems"]) == (503, ["the database does not answer (OperationalError)"])


def test_outcomes_are_counted(open_door: OpenDoor) -> None:
    door = open_door(Secrets(tokens=("t",)))
    door.post(issue_payload())
    door.post(issue_payload(), X_Gitlab_Token="t")
    counted = {
        outcome: door.metrics.registry.get_sample_value("sectionbot_deliveries_total", {"outcome": outcome})
        for outcome in ("unauthorized", "accepted")
    }
    assert counted == {"unauthorized": 1.0, "accepted": 1.0}


def test_a_job_reads_back_as_it_was_kept() -> None:
    event = parse_event(issue_payload())
    assert event is not None
    from bot.domain.ports import Lane

    job = Job("d", Lane.INCIDENTS, event, ("incident_opening",), dt.datetime.now(dt.UTC).isoformat(), 3)
    kept = Job.from_json(json.loads(json.dumps(job.to_json())))
    assert kept.to_json() == job.to_json()
    assert kept.event.resource == job.event.resource
