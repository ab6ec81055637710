"""Users, their tokens and memberships."""

from __future__ import annotations

import datetime as dt

from bot.emulator.entities.values import Json, day, instant
from bot.emulator.store import Store
from bot.emulator.tables import Membership, Token, User


def user_basic(store: Store, user: User | None) -> Json | None:
    if user is None:
        return None
    return {
        "id": user.id,
        "username": user.username,
        "public_email": "",
        "name": user.name,
        "state": user.state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{store.external_url}/{user.username}",
    }


def user_by_id(store: Store, user_id: int | None) -> Json | None:
    return user_basic(store, store.users.get(user_id)) if user_id else None


def user_full(store: Store, user: User) -> Json:
    return {
        **(user_basic(store, user) or {}),
        "created_at": instant(user.created_at),
        "bio": "",
        "location": "",
        "linkedin": "",
        "twitter": "",
        "discord": "",
        "website_url": "",
        "github": "",
        "organization": "",
        "job_title": "",
        "pronouns": None,
        "bot": user.bot,
        "work_information": None,
        "followers": 0,
        "following": 0,
        "is_followed": False,
        "local_time": None,
    }


def user_public(store: Store, user: User) -> Json:
    return {
        **user_full(store, user),
        "last_sign_in_at": None,
        "confirmed_at": instant(user.created_at),
        "last_activity_on": None,
        "email": user.email,
        "theme_id": 3,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "current_sign_in_at": None,
        "identities": [],
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": False,
        "external": user.external,
        "private_profile": False,
        "commit_email": user.email,
        "preferred_language": "en",
    }


def user_for_admin(store: Store, user: User) -> Json:
    return {
        **user_public(store, user),
        "is_admin": user.admin,
        "note": None,
        "namespace_id": user.namespace_id or None,
        "created_by": None,
        "email_reset_offered_at": None,
    }


def token(token: Token, *, today: dt.date, secret: bool = False) -> Json:
    expired = token.expires_at is not None and token.expires_at <= today
    result: Json = {
        "id": token.id,
        "name": token.name,
        "active": not token.revoked and not expired,
        "revoked": token.revoked,
        "expired": expired,
        "created_at": instant(token.created_at),
        "description": token.description,
        "scopes": token.scopes,
        "user_id": token.user_id,
        "last_used_at": None,
        "expires_at": day(token.expires_at),
    }
    if token.resource_type:
        result |= {
            "access_level": token.access_level,
            "resource_type": token.resource_type,
            "resource_id": token.resource_id,
        }
    if secret:
        result["token"] = token.value
    return result


def member(store: Store, membership: Membership) -> Json:
    result = user_by_id(store, membership.user_id) or {}
    result |= {"access_level": membership.access_level, "created_at": instant(membership.created_at)}
    if membership.created_by:
        result["created_by"] = user_by_id(store, membership.created_by)
    result["expires_at"] = day(membership.expires_at)
    if store.tier != "free":
        result |= {"group_saml_identity": None, "member_role": None, "membership_state": "active"}
    return result
