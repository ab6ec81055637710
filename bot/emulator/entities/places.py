"""Namespaces, groups and projects."""

from __future__ import annotations

from collections.abc import Iterable

from bot.emulator.entities.people import user_by_id
from bot.emulator.entities.values import LEGACY_FEATURES, Json, day, instant
from bot.emulator.store import Store
from bot.emulator.tables import FEATURES, Group, Project, Share, User


def namespace(store: Store, group: Group) -> Json:
    prefix = "" if group.kind == "user" else "groups/"
    return {
        "id": group.id,
        "name": group.name,
        "path": group.path,
        "kind": group.kind,
        "full_path": group.full_path,
        "parent_id": group.parent_id,
        "avatar_url": None,
        "web_url": f"{store.external_url}/{prefix}{group.full_path}",
    }


def shared_groups(store: Store, shares: Iterable[Share]) -> list[Json]:
    """Those of groups that still exist."""
    return [_shared_group(store, share) for share in shares if share.group_id in store.groups]


def _shared_group(store: Store, share: Share) -> Json:
    group = store.groups[share.group_id]
    return {
        "group_id": group.id,
        "group_name": group.name,
        "group_full_path": group.full_path,
        "group_access_level": share.group_access,
        "expires_at": day(share.expires_at),
    }


def group(store: Store, group: Group) -> Json:
    defaults: Json = {
        "share_with_group_lock": False,
        "require_two_factor_authentication": False,
        "two_factor_grace_period": 48,
        "project_creation_level": "developer",
        "auto_devops_enabled": None,
        "subgroup_creation_level": "maintainer",
        "emails_disabled": False,
        "emails_enabled": True,
        "show_diff_preview_in_email": True,
        "mentions_disabled": None,
        "lfs_enabled": True,
        "archived": False,
        "math_rendering_limits_enabled": True,
        "lock_math_rendering_limits_enabled": False,
        "default_branch": None,
        "default_branch_protection": 2,
        "avatar_url": None,
        "request_access_enabled": True,
    }
    return {
        "id": group.id,
        "web_url": f"{store.external_url}/groups/{group.full_path}",
        "name": group.name,
        "path": group.path,
        "description": group.description,
        "visibility": group.visibility,
        **{key: group.settings.get(key, value) for key, value in defaults.items()},
        "full_name": " / ".join(level.name for level in reversed(list(store.ancestors(group)))),
        "full_path": group.full_path,
        "created_at": instant(group.created_at),
        "parent_id": group.parent_id,
        "organization_id": 1,
        "shared_runners_setting": "enabled",
        "max_artifacts_size": None,
        "marked_for_deletion_on": day(group.marked_for_deletion_on),
    }


def group_detail(store: Store, shown: Group, projects: list[Project] | None) -> Json:
    result = group(store, shown)
    result["shared_with_groups"] = shared_groups(store, shown.shares.values())
    if shown.parent_id is None:
        result["prevent_sharing_groups_outside_hierarchy"] = False
    if projects is not None:
        result["projects"] = [project(store, each) for each in projects[:100]]
        result["shared_projects"] = []
    return result


def project_basic(store: Store, project: Project) -> Json:
    owner = store.groups[project.namespace_id]
    path = store.full_path(project)
    host = store.external_url.split("://", 1)[1]
    names = [level.name for level in reversed(list(store.ancestors(owner)))]
    return {
        "id": project.id,
        "description": project.description,
        "name": project.name,
        "name_with_namespace": " / ".join([*names, project.name]),
        "path": project.path,
        "path_with_namespace": path,
        "created_at": instant(project.created_at),
        "default_branch": project.default_branch,
        "tag_list": project.topics,
        "topics": project.topics,
        "ssh_url_to_repo": f"git@{host.split(':')[0]}:{path}.git",
        "http_url_to_repo": f"{store.external_url}/{path}.git",
        "web_url": f"{store.external_url}/{path}",
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": instant(project.last_activity_at),
        "visibility": project.visibility,
        "namespace": namespace(store, owner),
    }


def project(store: Store, project: Project) -> Json:
    path = f"{store.external_url}/api/v4/projects/{project.id}"
    features = {f"{name}_access_level": project.features.get(name, "enabled") for name in FEATURES}
    links = ("issues", "merge_requests", "repo_branches", "labels", "events", "members", "cluster_agents")
    owner = store.groups[project.namespace_id]
    people: Json = {}
    if owner.kind == "user":
        people["owner"] = user_by_id(store, owner.owner_id)
    return {
        **project_basic(store, project),
        "_links": {"self": path, **{name: f"{path}/{name.replace('repo_', 'repository/')}" for name in links}},
        "marked_for_deletion_at": day(project.marked_for_deletion_on),
        "marked_for_deletion_on": day(project.marked_for_deletion_on),
        "packages_enabled": project.settings.get("packages_enabled", True),
        "empty_repo": project.default_branch is None,
        "archived": project.archived,
        **people,
        "resolve_outdated_diff_discussions": False,
        "repository_object_format": "sha1",
        **{legacy: features[f"{name}_access_level"] != "disabled" for name, legacy in LEGACY_FEATURES.items()},
        "service_desk_enabled": project.settings.get("service_desk_enabled", False),
        "can_create_merge_request_in": True,
        **features,
        "emails_disabled": False,
        "emails_enabled": project.settings.get("emails_enabled", True),
        "shared_runners_enabled": project.settings.get("shared_runners_enabled", True),
        "lfs_enabled": project.settings.get("lfs_enabled", True),
        "creator_id": project.creator_id,
        "import_status": "none",
        "open_issues_count": sum(1 for issue in store.project_issues[project.id].values() if issue.state == "opened"),
        "description_html": project.description or "",
        "updated_at": instant(project.updated_at),
        "ci_config_path": "",
        "public_jobs": True,
        "shared_with_groups": shared_groups(store, project.shares.values()),
        "only_allow_merge_if_pipeline_succeeds": False,
        "request_access_enabled": project.settings.get("request_access_enabled", True),
        "only_allow_merge_if_all_discussions_are_resolved": False,
        "remove_source_branch_after_merge": True,
        "printing_merge_request_link_enabled": True,
        "merge_method": project.settings.get("merge_method", "merge"),
        "squash_option": "default_off",
        "autoclose_referenced_issues": True,
    }


def project_with_access(store: Store, shown: Project, user: User | None) -> Json:
    result = project(store, shown)
    own = shown.members.get(user.id) if user else None
    through_group = [
        level.members[user.id].access_level
        for level in store.ancestors(store.groups[shown.namespace_id])
        if user and user.id in level.members
    ]
    result["permissions"] = {
        "project_access": {"access_level": own.access_level, "notification_level": 3} if own else None,
        "group_access": {"access_level": max(through_group), "notification_level": 3} if through_group else None,
    }
    return result
