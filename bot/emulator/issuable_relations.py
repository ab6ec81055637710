"""What hangs on issues, merge requests and epics: histories of labels and state, award emoji; links of issues."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from bot.emulator import access, entities
from bot.emulator.finding import epic_of, group_of, issuable_of, issue_of, note_of, project_of
from bot.emulator.notes import NOTEABLES
from bot.emulator.refusals import Refusal, not_found, unauthorized
from bot.emulator.tables import GUEST, Award, Issue, LabelEvent, Link, MergeRequest, StateEvent
from bot.emulator.web import Call, Handler, Reply, Route, paged

# -- histories -------------------------------------------------------------------------------------------------------


def _events(call: Call) -> tuple[Sequence[LabelEvent | StateEvent], Callable[[Any], entities.Json]]:
    """The events that the path asks for, and how one is shown."""
    issuable = issuable_of(call)
    call.login()
    store = call.store
    if "resource_label_events" in call.path:
        return store.label_events[issuable.key], lambda event: entities.label_event(store, event)
    return store.state_events[issuable.key], lambda event: entities.state_event(store, event)


def list_events(call: Call) -> Reply:
    rows, show = _events(call)
    return paged(call, rows, show)


def get_event(call: Call) -> Reply:
    rows, show = _events(call)
    for event in rows:
        if str(event.id) == call.args[2]:
            return Reply(200, show(event))
    raise not_found()


# -- subscriptions ---------------------------------------------------------------------------------------------------


def subscribe(call: Call) -> Reply:
    """POST .../subscribe and .../unsubscribe; 304 where it is so already."""
    user = call.login()
    issuable, store = issuable_of(call), call.store
    wanted = call.path.endswith("/subscribe")
    if entities.is_subscribed(issuable, user) is wanted:
        return Reply(304)
    (issuable.subscribed if wanted else issuable.unsubscribed).add(user.id)
    (issuable.unsubscribed if wanted else issuable.subscribed).discard(user.id)
    if isinstance(issuable, MergeRequest):
        return Reply(201, entities.merge_request(store, issuable, user, single=True))
    assert isinstance(issuable, Issue)
    return Reply(201, entities.issue(store, issuable, user, single=True))


# -- links -----------------------------------------------------------------------------------------------------------

_MIRRORED = {"relates_to": "relates_to", "blocks": "is_blocked_by", "is_blocked_by": "blocks"}


def list_links(call: Call) -> Reply:
    issue = issue_of(call, project_of(call))
    store = call.store
    result = []
    for link in store.links.values():
        if issue.id not in (link.source_id, link.target_id):
            continue
        outgoing = link.source_id == issue.id
        other = store.issues.get(link.target_id if outgoing else link.source_id)
        if other is None or other.project_id not in store.projects or not access.can_see_issue(store, call.user, other):
            continue
        result.append(
            entities.issue(store, other, call.user)
            | {
                "issue_link_id": link.id,
                "link_type": link.link_type if outgoing else _MIRRORED[link.link_type],
                "link_created_at": entities.instant(link.created_at),
                "link_updated_at": entities.instant(link.created_at),
            }
        )
    return Reply(200, result)


def create_link(call: Call) -> Reply:
    project = project_of(call)
    user = call.login()
    issue = issue_of(call, project)
    call.params.require("target_project_id", "target_issue_iid")
    store = call.store
    wanted = call.params.text("target_project_id") or ""
    target_project = store.projects.get(int(wanted)) if wanted.isdigit() else store.project_paths.get(wanted.lower())
    kinds = ("relates_to",) if store.tier == "free" else tuple(_MIRRORED)
    kind = call.params.choice("link_type", kinds, "relates_to") or "relates_to"
    target = None
    if target_project is not None:
        target = store.project_issues[target_project.id].get(call.params.integer("target_issue_iid") or 0)
    if target is None or not access.can_see_issue(store, user, target):
        raise not_found()
    levels = [access.project_level(store, user, each) for each in (project, store.projects[target.project_id])]
    if min(levels) < GUEST:
        text = "Couldn't link issues. You must have at least the Guest role in both projects."
        raise Refusal(403, {"message": text})
    if target.id == issue.id:
        raise Refusal(400, {"message": "Issue cannot be related to itself"})
    if any({link.source_id, link.target_id} == {issue.id, target.id} for link in store.links.values()):
        raise Refusal(409, {"message": "Issue(s) already assigned"})
    link = Link(store.next_id("links"), issue.id, target.id, kind, store.now())
    store.links[link.id] = link
    return Reply(201, entities.link(store, link))


def _link(call: Call) -> Link:
    issue = issue_of(call, project_of(call))
    link = call.store.links.get(int(call.args[2])) if call.args[2].isdigit() else None
    if link is None or issue.id not in (link.source_id, link.target_id):
        raise not_found()
    return link


def get_link(call: Call) -> Reply:
    return Reply(200, entities.link(call.store, _link(call)))


def delete_link(call: Call) -> Reply:
    call.login()
    link = _link(call)
    shown = entities.link(call.store, link)
    del call.store.links[link.id]
    return Reply(200, shown)


# -- award emoji -----------------------------------------------------------------------------------------------------


def _awardable(call: Call) -> tuple[str, int, int]:
    """Kind and id of what is awarded, and how many arguments of the path name it."""
    # Epics are named by iid here.
    issuable = epic_of(call, group_of(call)) if call.path.startswith("/groups/") else issuable_of(call)
    call.login()
    if "/notes/" in call.path:
        return "Note", note_of(call, issuable).id, 3
    return issuable.KIND, issuable.id, 2


def list_awards(call: Call) -> Reply:
    kind, number, _ = _awardable(call)
    rows = call.store.awards.get((kind, number), [])
    return paged(call, rows, lambda award: entities.award(call.store, award))


def create_award(call: Call) -> Reply:
    kind, number, _ = _awardable(call)
    call.params.require("name")
    name = (call.params.text("name") or "").strip(":")
    user, store = call.login(), call.store
    rows = store.awards[(kind, number)]
    if any(award.name == name and award.user_id == user.id for award in rows):
        raise Refusal(404, {"message": '404 Award Emoji {name: ["has already been taken"]} Not Found'})
    if not re.fullmatch(r"[a-z0-9_+-]+", name):
        raise Refusal(404, {"message": '404 Award Emoji {name: ["is not a valid emoji name"]} Not Found'})
    now = store.now()
    award = Award(store.next_id("awards"), name, user.id, kind, number, now, now)
    rows.append(award)
    if kind == "Note":  # and leaves issues alone (app/models/award_emoji.rb, GitLab 19)
        store.notes[number].updated_at = now
    call.hooks.emoji_awarded(award, user)
    return Reply(201, entities.award(store, award))


def get_award(call: Call) -> Reply:
    kind, number, position = _awardable(call)
    for award in call.store.awards.get((kind, number), []):
        if str(award.id) == call.args[position]:
            return Reply(200, entities.award(call.store, award))
    raise not_found()


def delete_award(call: Call) -> Reply:
    kind, number, position = _awardable(call)
    rows = call.store.awards[(kind, number)]
    for award in rows:
        if str(award.id) == call.args[position]:
            if award.user_id != call.login().id and not call.login().admin:
                raise unauthorized()
            rows.remove(award)
            if kind == "Note":
                call.store.notes[number].updated_at = call.store.now()
            return Reply(204)
    raise not_found()


ISSUE = "/v4/projects/:id/issues/:issue_iid"
_HISTORIES: list[tuple[str, str, Handler]] = [
    ("GET", "resource_label_events", list_events),
    ("GET", "resource_label_events/:event_id", get_event),
    ("GET", "resource_state_events", list_events),
    ("GET", "resource_state_events/:event_id", get_event),
]
_AWARDS: list[tuple[str, str, Handler]] = [
    (method, f"{prefix}award_emoji{suffix}", handler)
    for prefix in ("", "notes/:note_id/")
    for method, suffix, handler in (
        ("GET", "", list_awards),
        ("POST", "", create_award),
        ("GET", "/:award_id", get_award),
        ("DELETE", "/:award_id", delete_award),
    )
]
ROUTES: list[Route] = [
    *[
        ("POST", f"/v4/projects/:id/{kind}/{path}", subscribe)
        for kind in ("issues/:issue_iid", "merge_requests/:merge_request_iid")
        for path in ("subscribe", "unsubscribe")
    ],
    ("GET", f"{ISSUE}/links", list_links),
    ("POST", f"{ISSUE}/links", create_link),
    ("GET", f"{ISSUE}/links/:link_id", get_link),
    ("DELETE", f"{ISSUE}/links/:link_id", delete_link),
    *[
        (method, f"{noteable}/{path}", handler)
        for noteable in NOTEABLES
        for method, path, handler in (*_HISTORIES, *_AWARDS)
    ],
]
