"""Users, their tokens, and what GitLab says of itself."""

from __future__ import annotations

import datetime as dt

from bot.emulator import access, entities
from bot.emulator.finding import group_of, need_admin, project_of, user_of
from bot.emulator.refusals import Refusal, bad_request, forbidden, grape_error, not_found, unauthorized
from bot.emulator.store import Store
from bot.emulator.tables import MAINTAINER, OWNER, Group, Membership, Project, Token, User
from bot.emulator.web import Call, Handler, Reply, Route, keyset, paged

SCOPES = (
    "api",
    "read_api",
    "read_user",
    "create_runner",
    "manage_runner",
    "k8s_proxy",
    "self_rotate",
    "read_repository",
    "write_repository",
    "read_registry",
    "write_registry",
    "ai_features",
    "sudo",
    "admin_mode",
    "read_service_ping",
)


def _shown(call: Call, user: User) -> entities.Json:
    if call.user is not None and call.user.admin:
        return entities.user_for_admin(call.store, user)
    return entities.user_basic(call.store, user) or {}


def list_users(call: Call) -> Reply:
    params, store = call.params, call.store
    if call.user is None and "username" not in params:
        raise forbidden("Not authorized to access /api/v4/users")
    rows = list(store.users.values())
    if call.user is None or not call.user.admin:
        rows = [user for user in rows if user.state == "active" or user.state == "deactivated"]
    username = params.text("username")
    if username is not None:
        rows = [user for user in rows if user.username.lower() == username.lower()]
    search = params.text("search")
    if search:
        text = search.lower()
        rows = [
            user
            for user in rows
            if text in user.username.lower() or text in user.name.lower() or text == user.email.lower()
        ]
    if params.boolean("active"):
        rows = [user for user in rows if user.state == "active"]
    if params.boolean("blocked"):
        rows = [user for user in rows if user.state == "blocked"]
    if params.boolean("humans"):
        rows = [user for user in rows if not user.bot]
    if params.boolean("exclude_humans"):
        rows = [user for user in rows if user.bot]
    if params.boolean("without_project_bots"):
        rows = [user for user in rows if not user.bot]
    if params.boolean("exclude_active"):
        rows = [user for user in rows if user.state != "active"]
    if params.boolean("external"):
        rows = [user for user in rows if user.external]
    descending = (params.choice("sort", ("asc", "desc")) or "desc") == "desc"
    rows.sort(key=lambda user: user.id, reverse=descending)
    if search:
        rows.sort(key=lambda user: user.username.lower() != search.lower())
    if params.text("pagination") == "keyset":
        return keyset(call, rows, lambda user: _shown(call, user), lambda user: user.id)
    return paged(call, rows, lambda user: _shown(call, user))


def get_user(call: Call) -> Reply:
    if call.user is None:
        raise forbidden("Not authorized!")
    if not call.args[0].isdigit():
        raise Refusal(404, {"error": "404 Not Found"})
    user = user_of(call)
    if call.user.admin:
        return Reply(200, entities.user_for_admin(call.store, user) | {"highest_role": None, "sign_in_count": 0})
    return Reply(200, entities.user_full(call.store, user))


def current_user(call: Call) -> Reply:
    user = call.login()
    if user.admin:
        return Reply(200, entities.user_for_admin(call.store, user))
    return Reply(200, entities.user_public(call.store, user))


def create_user(call: Call) -> Reply:
    need_admin(call)
    call.params.require("email", "name", "username")
    call.params.require_any("password", "reset_password", "force_random_password")
    username, email = call.params.text("username") or "", call.params.text("email") or ""
    if username.lower() in call.store.usernames or username.lower() in call.store.group_paths:
        raise Refusal(409, {"message": "Username has already been taken"})
    if any(user.email.lower() == email.lower() for user in call.store.users.values()):
        raise Refusal(409, {"message": "Email has already been taken"})
    password = call.params.text("password")
    if password is not None and len(password) < 8:
        raise Refusal(400, {"message": {"password": ["is too short (minimum is 8 characters)"]}})
    user = call.store.add_user(
        username,
        call.params.text("name"),
        email,
        admin=call.params.boolean("admin"),
        external=call.params.boolean("external"),
    )
    return Reply(201, entities.user_for_admin(call.store, user))


def update_user(call: Call) -> Reply:
    need_admin(call)
    user = user_of(call)
    user.name = call.params.text("name", user.name) or user.name
    user.email = call.params.text("email", user.email) or user.email
    user.admin = call.params.boolean("admin", user.admin)
    user.external = call.params.boolean("external", user.external)
    return Reply(200, entities.user_for_admin(call.store, user))


def delete_user(call: Call) -> Reply:
    need_admin(call)
    user = user_of(call)
    _give_to_ghost(call.store, user)
    del call.store.users[user.id]
    call.store.usernames.pop(user.username.lower(), None)
    for token in [token for token in call.store.tokens.values() if token.user_id == user.id]:
        del call.store.tokens[token.value]
    holders: list[Group | Project] = [*call.store.groups.values(), *call.store.projects.values()]
    for holder in holders:
        holder.members.pop(user.id, None)
    return Reply(204)


def _give_to_ghost(store: Store, user: User) -> None:
    """What somebody wrote stays, as the ghost's."""
    ghost = store.usernames.get("ghost") or store.add_user("ghost", "Ghost User", kind="bot")
    for issuable in store.issuables():
        issuable.assignee_ids = [each for each in issuable.assignee_ids if each != user.id]
        if issuable.author_id == user.id:
            issuable.author_id = ghost.id
        if issuable.closed_by == user.id:
            issuable.closed_by = ghost.id
    for note in store.notes.values():
        if note.author_id == user.id:
            note.author_id = ghost.id


def change_state(state: str) -> Handler:
    def change(call: Call) -> Reply:
        need_admin(call)
        user_of(call).state = state
        return Reply(201, True)

    return change


# -- tokens ----------------------------------------------------------------------------------------------------------


def _scopes(call: Call) -> list[str]:
    call.params.require("name", "scopes")
    scopes = call.params.texts("scopes") or []
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise grape_error("scopes does not have a valid value")
    return scopes


def create_personal_token(call: Call) -> Reply:
    need_admin(call)
    scopes = _scopes(call)
    user = user_of(call)
    expires_at = call.params.date("expires_at") or call.store.now().date() + dt.timedelta(days=365)
    token = call.store.add_token(
        user,
        scopes,
        name=call.params.text("name") or "",
        expires_at=expires_at,
        description=call.params.text("description"),
    )
    return Reply(201, entities.token(token, today=call.store.now().date(), secret=True))


def list_personal_tokens(call: Call) -> Reply:
    user = call.login()
    rows = [token for token in call.store.tokens.values() if user.admin or token.user_id == user.id]
    wanted = call.params.integer("user_id")
    if wanted is not None:
        rows = [token for token in rows if token.user_id == wanted]
    today = call.store.now().date()
    return paged(call, sorted(rows, key=lambda token: -token.id), lambda token: entities.token(token, today=today))


def own_token(call: Call) -> Reply:
    call.login()
    if call.token is None:
        raise bad_request("This endpoint requires token type to be a personal access token")
    return Reply(200, entities.token(call.token, today=call.store.now().date()) | {"last_used_ips": []})


def revoke_own_token(call: Call) -> Reply:
    call.login()
    if call.token is not None:
        call.token.revoked = True
    return Reply(204)


def _token_by_id(call: Call, position: int = 0) -> Token:
    user = call.login()
    for token in call.store.tokens.values():
        if str(token.id) == call.args[position] and (user.admin or token.user_id == user.id):
            return token
    raise not_found()


def get_token(call: Call) -> Reply:
    return Reply(200, entities.token(_token_by_id(call), today=call.store.now().date()))


def revoke_token(call: Call) -> Reply:
    _token_by_id(call).revoked = True
    return Reply(204)


def _resource(call: Call) -> tuple[Group | Project, str]:
    """The group or project of an access-token path, if its tokens may be managed."""
    if call.path.startswith("/groups/"):
        group = group_of(call)
        call.login()
        if access.group_level(call.store, call.user, group) < OWNER:
            raise unauthorized()
        return group, "group"
    project = project_of(call)
    call.login()
    if access.project_level(call.store, call.user, project) < MAINTAINER:
        raise unauthorized()
    return project, "project"


def list_resource_tokens(call: Call) -> Reply:
    holder, kind = _resource(call)
    rows = [
        token
        for token in call.store.tokens.values()
        if token.resource_type == kind and token.resource_id == holder.id and not token.revoked
    ]
    today = call.store.now().date()
    return paged(call, rows, lambda token: entities.token(token, today=today))


def create_resource_token(call: Call) -> Reply:
    holder, kind = _resource(call)
    scopes = _scopes(call)
    store = call.store
    level = call.params.integer("access_level", MAINTAINER) or MAINTAINER
    expires_at = call.params.date("expires_at") or store.now().date() + dt.timedelta(days=365)
    number = sum(1 for user in store.users.values() if user.username.startswith(f"{kind}_{holder.id}_bot"))
    username = f"{kind}_{holder.id}_bot_{number:032x}"
    name = call.params.text("name") or ""
    bot = store.add_user(username, name, f"{username}@noreply.localhost", kind="bot")
    holder.members[bot.id] = Membership(bot.id, level, store.now(), call.login().id)
    token = store.add_token(
        bot,
        scopes,
        name=name,
        expires_at=expires_at,
        resource_type=kind,
        resource_id=holder.id,
        access_level=level,
    )
    return Reply(201, entities.token(token, today=store.now().date(), secret=True))


def _resource_token(call: Call) -> Token:
    holder, kind = _resource(call)
    for token in call.store.tokens.values():
        if str(token.id) == call.args[1] and (token.resource_type, token.resource_id) == (kind, holder.id):
            return token
    raise not_found(f"{kind} Access Token")


def get_resource_token(call: Call) -> Reply:
    return Reply(200, entities.token(_resource_token(call), today=call.store.now().date()))


def revoke_resource_token(call: Call) -> Reply:
    _resource_token(call).revoked = True
    return Reply(204)


def _rotated(call: Call, old: Token) -> Reply:
    """A new token in the place of the old one, which is revoked."""
    old.revoked = True
    expires_at = call.params.date("expires_at") or call.store.now().date() + dt.timedelta(days=7)
    new = call.store.add_token(
        call.store.users[old.user_id],
        old.scopes,
        name=old.name,
        expires_at=expires_at,
        resource_type=old.resource_type,
        resource_id=old.resource_id,
        access_level=old.access_level,
    )
    return Reply(200, entities.token(new, today=call.store.now().date(), secret=True))


def rotate_resource_token(call: Call) -> Reply:
    return _rotated(call, _resource_token(call))


def rotate_token(call: Call) -> Reply:
    if call.args:
        return _rotated(call, _token_by_id(call))
    if call.token is None:
        raise unauthorized()
    return _rotated(call, call.token)


# -- GitLab itself ---------------------------------------------------------------------------------------------------


def version(call: Call) -> Reply:
    call.login()
    return Reply(
        200,
        {
            "version": call.store.version if call.store.tier != "free" else call.store.version.replace("-ee", ""),
            "revision": "0123456789a",
            "kas": {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None},
            "enterprise": call.store.tier != "free",
        },
    )


ROUTES: list[Route] = [
    ("GET", "/v4/users", list_users),
    ("POST", "/v4/users", create_user),
    ("GET", "/v4/users/:id", get_user),
    ("PUT", "/v4/users/:id", update_user),
    ("DELETE", "/v4/users/:id", delete_user),
    ("POST", "/v4/users/:id/personal_access_tokens", create_personal_token),
    ("GET", "/v4/user", current_user),
    ("GET", "/v4/personal_access_tokens", list_personal_tokens),
    ("GET", "/v4/personal_access_tokens/self", own_token),
    ("DELETE", "/v4/personal_access_tokens/self", revoke_own_token),
    ("GET", "/v4/personal_access_tokens/:id", get_token),
    ("DELETE", "/v4/personal_access_tokens/:id", revoke_token),
    ("GET", "/v4/groups/:id/access_tokens", list_resource_tokens),
    ("POST", "/v4/groups/:id/access_tokens", create_resource_token),
    ("GET", "/v4/projects/:id/access_tokens", list_resource_tokens),
    ("POST", "/v4/projects/:id/access_tokens", create_resource_token),
    *[
        route
        for kind in ("groups", "projects")
        for route in (
            ("GET", f"/v4/{kind}/:id/access_tokens/:token_id", get_resource_token),
            ("DELETE", f"/v4/{kind}/:id/access_tokens/:token_id", revoke_resource_token),
            ("POST", f"/v4/{kind}/:id/access_tokens/:token_id/rotate", rotate_resource_token),
        )
    ],
    ("POST", "/v4/personal_access_tokens/self/rotate", rotate_token),
    ("POST", "/v4/personal_access_tokens/:id/rotate", rotate_token),
    ("GET", "/v4/version", version),
    ("GET", "/v4/metadata", version),
    *[
        ("POST", f"/v4/users/:id/{verb}", change_state(state))
        for verb, state in (
            ("block", "blocked"),
            ("unblock", "active"),
            ("deactivate", "deactivated"),
            ("activate", "active"),
            ("ban", "banned"),
            ("unban", "active"),
        )
    ],
]
