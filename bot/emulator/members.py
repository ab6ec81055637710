"""Members of groups and projects: single ones with GitLab's refusals, several in one request, which overwrites."""

from __future__ import annotations

import datetime as dt

from bot.emulator import access, entities
from bot.emulator.finding import group_of, project_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, invalid, not_found
from bot.emulator.tables import ACCESS_NAMES, MAINTAINER, OWNER, Group, Membership, Project, User
from bot.emulator.web import Call, Reply, Route, paged

MOST_AT_ONCE = 100


def _holder(call: Call) -> Group | Project:
    call.login()
    return group_of(call) if call.path.startswith("/groups/") else project_of(call)


def _level(call: Call, holder: Group | Project) -> int:
    if isinstance(holder, Group):
        return access.group_level(call.store, call.user, holder)
    return access.project_level(call.store, call.user, holder)


def _may_read(call: Call, holder: Group | Project) -> None:
    if isinstance(holder, Group) and holder.visibility == "private" and _level(call, holder) == 0:
        raise forbidden()


def _memberships(call: Call, holder: Group | Project, *, inherited: bool) -> dict[int, Membership]:
    if isinstance(holder, Group):
        return access.group_members(call.store, holder, inherited=inherited)
    return access.project_members(call.store, holder, inherited=inherited)


def _list(call: Call, *, inherited: bool) -> Reply:
    holder = _holder(call)
    _may_read(call, holder)
    members = _memberships(call, holder, inherited=inherited)
    ids = call.params.integers("user_ids")
    query = (call.params.text("query") or "").lower()
    rows = [
        member
        for member in members.values()
        if (ids is None or member.user_id in ids)
        and query in f"{call.store.users[member.user_id].username} {call.store.users[member.user_id].name}".lower()
    ]
    state = call.params.choice("state", ("awaiting", "active"))
    if state == "awaiting":
        rows = []
    rows.sort(key=lambda member: member.user_id)
    return paged(call, rows, lambda member: entities.member(call.store, member))


def list_direct(call: Call) -> Reply:
    return _list(call, inherited=False)


def list_all(call: Call) -> Reply:
    return _list(call, inherited=True)


def _one(call: Call, *, inherited: bool) -> tuple[Group | Project, Membership]:
    holder = _holder(call)
    _may_read(call, holder)
    wanted = call.args[1]
    found = _memberships(call, holder, inherited=inherited).get(int(wanted) if wanted.isdigit() else -1)
    if found is None:
        raise not_found()
    return holder, found


def get_direct(call: Call) -> Reply:
    return Reply(200, entities.member(call.store, _one(call, inherited=False)[1]))


def get_any(call: Call) -> Reply:
    return Reply(200, entities.member(call.store, _one(call, inherited=True)[1]))


def _may_manage(call: Call, holder: Group | Project, level: int) -> bool:
    own = _level(call, holder)
    if isinstance(holder, Group):
        return own >= OWNER
    if holder.archived:
        return False
    return own >= OWNER or (own >= MAINTAINER and level <= MAINTAINER)


def _problem(
    call: Call, holder: Group | Project, user: User, level: int, expires_at: dt.date | None
) -> dict[str, list[str]]:
    """What GitLab's validation says of such a membership; empty where it is fine."""
    if level not in ACCESS_NAMES or (level == 5 and isinstance(holder, Project)):
        return {"access_level": ["is not included in the list"]}
    if expires_at is not None and expires_at < call.store.now().date():
        return {"expires_at": ["cannot be a date in the past"]}
    token = next((each for each in call.store.tokens.values() if each.user_id == user.id and each.resource_type), None)
    if token is not None and token.resource_id != holder.id:
        return {"user_id": ["project bots cannot be added to other groups / projects"]}
    above: list[Group] = []
    if isinstance(holder, Project):
        above = list(call.store.ancestors(call.store.groups[holder.namespace_id]))
    elif holder.parent_id:
        above = list(call.store.ancestors(call.store.groups[holder.parent_id]))
    today = call.store.now().date()
    for group in above:
        inherited = group.members.get(user.id)
        if inherited is not None and access.live(inherited, today) and inherited.access_level > level:
            name = ACCESS_NAMES[inherited.access_level]
            text = f"should be greater than or equal to {name} inherited membership from group {group.name}"
            return {"access_level": [text]}
    return {}


def add(call: Call) -> Reply:
    holder = _holder(call)
    params = call.params
    params.require("access_level")
    given = params.given("user_id", "username")
    if len(given) == 2:
        raise grape_error("user_id, username are mutually exclusive")
    params.require_any("user_id", "username")
    level = params.integer("access_level") or 0
    expires_at = params.date("expires_at")
    wanted = params.texts(given[0]) or []
    if len(wanted) > 1:
        return _add_several(call, holder, given[0], wanted, level, expires_at)
    user = _user(call, given[0], wanted[0] if wanted else "")
    if user is None:
        raise not_found("User")
    known = holder.members.get(user.id)
    if known is not None and access.live(known, call.store.now().date()):
        raise Refusal(409, {"message": "Member already exists"})
    if not _may_manage(call, holder, level):
        raise forbidden()
    problem = _problem(call, holder, user, level, expires_at)
    if problem:
        raise invalid(problem)
    member = Membership(user.id, level, call.store.now(), call.login().id, expires_at)
    holder.members[user.id] = member
    _announce(call, holder, user, member, "user_add_to_group")
    return Reply(201, entities.member(call.store, member))


def _user(call: Call, key: str, value: str) -> User | None:
    if key == "username":
        return call.store.usernames.get(value.lower())
    return call.store.users.get(int(value)) if value.isdigit() else None


def _add_several(
    call: Call, holder: Group | Project, key: str, wanted: list[str], level: int, expires_at: dt.date | None
) -> Reply:
    """Unknown people are dropped without a word, and members have their role and expiry overwritten, as GitLab does."""
    if len(wanted) > MOST_AT_ONCE:
        text = f"Too many users specified (limit is {MOST_AT_ONCE})"
        return Reply(201, {"status": "error", "message": text, "reason": "too_many_invites_error"})
    if not _may_manage(call, holder, level):
        raise forbidden()
    users = [user for user in (_user(call, key, each) for each in wanted) if user is not None]
    if not users:
        return Reply(201, {"status": "error", "message": "No users specified.", "reason": "blank_invites_error"})
    problems: dict[str, str] = {}
    for user in users:
        problem = _problem(call, holder, user, level, expires_at)
        if problem:
            field, texts = next(iter(problem.items()))
            problems[user.username] = f"{field.replace('_', ' ').capitalize()} {texts[0]}"
            continue
        known = holder.members.get(user.id)
        if known is not None and access.live(known, call.store.now().date()):
            known.access_level, known.expires_at = level, expires_at
            _announce(call, holder, user, known, "user_update_for_group")
        else:
            member = Membership(user.id, level, call.store.now(), call.login().id, expires_at)
            holder.members[user.id] = member
            _announce(call, holder, user, member, "user_add_to_group")
    if problems:
        return Reply(201, {"status": "error", "message": problems})
    return Reply(201, {"status": "success"})


def update(call: Call) -> Reply:
    holder, member = _one(call, inherited=False)
    call.params.require("access_level")
    level = call.params.integer("access_level") or 0
    if not _may_manage(call, holder, max(level, member.access_level)):
        raise forbidden()
    user = call.store.users[member.user_id]
    expires_at = call.params.date("expires_at") if "expires_at" in call.params else member.expires_at
    problem = _problem(call, holder, user, level, expires_at)
    if problem:
        raise invalid(problem)
    member.access_level, member.expires_at = level, expires_at
    _announce(call, holder, user, member, "user_update_for_group")
    return Reply(200, entities.member(call.store, member))


def remove(call: Call) -> Reply:
    holder, member = _one(call, inherited=False)
    leaving = member.user_id == call.login().id
    if not leaving and not _may_manage(call, holder, member.access_level):
        raise forbidden()
    if isinstance(holder, Group) and member.access_level == OWNER:
        owners = [each for each in holder.members.values() if each.access_level == OWNER]
        if len(owners) == 1 and holder.parent_id is None:
            raise forbidden()
    del holder.members[member.user_id]
    if isinstance(holder, Group) and not call.params.boolean("skip_subresources"):
        below: list[Group | Project] = [
            *call.store.descendants(holder),
            *call.store.projects_of(holder, include_subgroups=True),
        ]
        for each in below:
            each.members.pop(member.user_id, None)
    _announce(call, holder, call.store.users[member.user_id], member, "user_remove_from_group")
    return Reply(204)


def _announce(call: Call, holder: Group | Project, user: User, member: Membership, event: str) -> None:
    if isinstance(holder, Group):
        call.hooks.member_changed(holder, user, member, event)


ROUTES: list[Route] = [
    route
    for kind in ("projects", "groups")
    for route in (
        ("GET", f"/v4/{kind}/:id/members", list_direct),
        ("POST", f"/v4/{kind}/:id/members", add),
        ("GET", f"/v4/{kind}/:id/members/all", list_all),
        ("GET", f"/v4/{kind}/:id/members/all/:user_id", get_any),
        ("GET", f"/v4/{kind}/:id/members/:user_id", get_direct),
        ("PUT", f"/v4/{kind}/:id/members/:user_id", update),
        ("DELETE", f"/v4/{kind}/:id/members/:user_id", remove),
    )
]
