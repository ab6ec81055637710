"""Commits and protected branches."""

from __future__ import annotations

from bot.emulator.entities.values import Json, instant
from bot.emulator.store import Store
from bot.emulator.tables import ACCESS_NAMES, Commit, Project, ProtectedBranch


def commit(store: Store, project: Project, shown: Commit) -> Json:
    author = store.users.get(shown.author_id)
    name, email = (author.name, author.email) if author else ("", "")
    at = instant(shown.created_at)
    return {
        "id": shown.sha,
        "short_id": shown.sha[:8],
        "created_at": at,
        "parent_ids": shown.parents,
        "title": shown.title,
        "message": shown.title,
        "author_name": name,
        "author_email": email,
        "authored_date": at,
        "committer_name": name,
        "committer_email": email,
        "committed_date": at,
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{store.external_url}/{store.full_path(project)}/-/commit/{shown.sha}",
    }


def protected_branch(shown: ProtectedBranch) -> Json:
    def level(number: int) -> list[Json]:
        described = "No one" if number == 0 else f"{ACCESS_NAMES[number]}s"
        return [
            {
                "id": shown.id,
                "access_level": number,
                "access_level_description": described,
                "deploy_key_id": None,
                "user_id": None,
                "group_id": None,
            }
        ]

    return {
        "id": shown.id,
        "name": shown.name,
        "push_access_levels": level(shown.push_access_level),
        "merge_access_levels": level(shown.merge_access_level),
        "allow_force_push": shown.allow_force_push,
        "unprotect_access_levels": [],
        "code_owner_approval_required": False,
        "inherited": False,
    }
