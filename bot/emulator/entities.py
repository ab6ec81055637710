"""GitLab's JSON for each thing. Source: lib/api/entities and the public API schemas, GitLab 19."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from typing import Any

from bot.emulator.store import Store
from bot.emulator.tables import (
    ACCESS_NAMES,
    FEATURES,
    Award,
    Commit,
    Epic,
    Group,
    Hook,
    HookEvent,
    Issuable,
    Issue,
    Label,
    LabelEvent,
    Link,
    Membership,
    MergeRequest,
    Milestone,
    Note,
    Project,
    ProtectedBranch,
    Share,
    StateEvent,
    Token,
    User,
)

Json = dict[str, Any]
LEGACY_FEATURES = {
    "issues": "issues_enabled",
    "merge_requests": "merge_requests_enabled",
    "wiki": "wiki_enabled",
    "builds": "jobs_enabled",
    "snippets": "snippets_enabled",
    "container_registry": "container_registry_enabled",
}
HOOK_EVENTS = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "repository_update_events",
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "feature_flag_events",
    "job_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "resource_access_token_events",
    "resource_deploy_token_events",
    "vulnerability_events",
)
GROUP_HOOK_EVENTS = ("subgroup_events", "member_events", "project_events")


def instant(value: dt.datetime | None) -> str | None:
    if value is None:
        return None
    value = value.astimezone(dt.UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


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


def text_color(color: str) -> str:
    """Dark on light colours, as GitLab does."""
    digits = color.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
    return "#1F1E24" if 0.299 * red + 0.587 * green + 0.114 * blue > 155 else "#FFFFFF"


def label_basic(label: Label) -> Json:
    return {
        "id": label.id,
        "name": label.name,
        "description": label.description,
        "description_html": label.description or "",
        "text_color": text_color(label.color),
        "color": label.color,
        "archived": False,
    }


def label(shown: Label, *, in_project: bool, counts: list[Issue] | None = None) -> Json:
    result = label_basic(shown)
    if counts is not None:
        carrying = [issue for issue in counts if shown.id in issue.label_ids]
        result |= {
            "open_issues_count": sum(1 for issue in carrying if issue.state == "opened"),
            "closed_issues_count": sum(1 for issue in carrying if issue.state == "closed"),
            "open_merge_requests_count": 0,
        }
    result["subscribed"] = False
    if in_project:
        result |= {"priority": shown.priority, "is_project_label": shown.project_id is not None}
    return result


def milestone(store: Store, milestone: Milestone) -> Json:
    if milestone.project_id is not None:
        owner: Json = {"project_id": milestone.project_id}
        home = store.full_path(store.projects[milestone.project_id])
    else:
        owner = {"group_id": milestone.group_id}
        home = f"groups/{store.groups[milestone.group_id or 0].full_path}"
    expired = milestone.due_date is not None and milestone.due_date < store.now().date()
    return {
        "id": milestone.id,
        "iid": milestone.iid,
        **owner,
        "title": milestone.title,
        "description": milestone.description,
        "state": milestone.state,
        "created_at": instant(milestone.created_at),
        "updated_at": instant(milestone.updated_at),
        "due_date": day(milestone.due_date),
        "start_date": day(milestone.start_date),
        "expired": expired,
        "web_url": f"{store.external_url}/{home}/-/milestones/{milestone.iid}",
    }


_TASK = re.compile(r"^\s*(?:>\s*)*(?:[-+*]|\d+[.)])\s+\[([ xX~])\]", re.MULTILINE)


def duration(seconds: int) -> str | None:
    """GitLab's short form: 8 hours a day, 5 days a week, 4 weeks a month."""
    if not seconds:
        return None
    parts = []
    for unit, size in (("mo", 576_000), ("w", 144_000), ("d", 28_800), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def issue(
    store: Store, issue: Issue, user: User | None = None, *, single: bool = False, label_details: bool = False
) -> Json:
    home = store.projects[issue.project_id]
    path = store.full_path(home)
    api = f"{store.external_url}/api/v4/projects/{home.id}"
    assignees = people(store, issue.assignee_ids)
    tasks = tasks_of(issue)
    result: Json = {
        "id": issue.id,
        "iid": issue.iid,
        "project_id": issue.project_id,
        "title": issue.title,
        "description": issue.description,
        "state": issue.state,
        "created_at": instant(issue.created_at),
        "updated_at": instant(issue.updated_at),
        "closed_at": instant(issue.closed_at),
        "closed_by": user_by_id(store, issue.closed_by),
        "labels": labels_of(store, issue, details=label_details),
        "milestone": milestone_of(store, issue),
        "assignees": assignees,
        "author": user_by_id(store, issue.author_id),
        "type": issue.issue_type.upper(),
        "assignee": assignees[0] if assignees else None,
        "user_notes_count": notes_count(store, issue),
        "merge_requests_count": 0,
        **votes(store, issue),
        "start_date": None,
        "due_date": day(issue.due_date),
        "confidential": issue.confidential,
        "discussion_locked": issue.discussion_locked,
        "issue_type": issue.issue_type,
        "web_url": f"{store.external_url}/{path}/-/issues/{issue.iid}",
        "time_stats": time_stats(issue),
        "task_completion_status": tasks,
        "has_tasks": not tasks["count"],
        "_links": {
            "self": f"{api}/issues/{issue.iid}",
            "notes": f"{api}/issues/{issue.iid}/notes",
            "award_emoji": f"{api}/issues/{issue.iid}/award_emoji",
            "project": api,
            "closed_as_duplicate_of": _duplicate_url(store, issue),
        },
        "references": {"short": f"#{issue.iid}", "relative": f"#{issue.iid}", "full": f"{path}#{issue.iid}"},
        "severity": issue.severity,
        "moved_to_id": issue.moved_to_id,
        "imported": False,
        "imported_from": "none",
        "service_desk_reply_to": issue.service_desk_reply_to,
    }
    if not tasks["count"]:
        result["task_status"] = "0 of 0 checklist items completed"
    if single:
        result["subscribed"] = is_subscribed(issue, user)
    if store.tier != "free":
        result |= {"weight": issue.weight, "blocking_issues_count": 0, "iteration": None}
    if store.tier == "ultimate":
        result |= {"health_status": issue.health_status}
    if store.tier != "free":
        result |= {"epic": None, "epic_iid": None}
    return result


def merge_request(
    store: Store,
    shown: MergeRequest,
    user: User | None = None,
    *,
    single: bool = False,
    label_details: bool = False,
    relative_to: str | None = None,
) -> Json:
    """MergeRequestBasic of lists, or with `single` the whole entity."""
    path = store.full_path(store.projects[shown.project_id])
    full = f"{path}!{shown.iid}"
    short = f"!{shown.iid}"
    assignees = people(store, shown.assignee_ids)
    merger = user_by_id(store, shown.merged_by)
    result: Json = {
        "id": shown.id,
        "iid": shown.iid,
        "project_id": shown.project_id,
        "title": shown.title,
        "description": shown.description,
        "state": shown.state,
        "created_at": instant(shown.created_at),
        "updated_at": instant(shown.updated_at),
        "merged_by": merger,
        "merge_user": merger,
        "merged_at": instant(shown.merged_at),
        "closed_by": user_by_id(store, shown.closed_by),
        "closed_at": instant(shown.closed_at),
        "target_branch": shown.target_branch,
        "source_branch": shown.source_branch,
        "user_notes_count": notes_count(store, shown),
        **votes(store, shown),
        "author": user_by_id(store, shown.author_id),
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "reviewers": people(store, shown.reviewer_ids),
        "source_project_id": shown.source_project_id,
        "target_project_id": shown.project_id,
        "labels": labels_of(store, shown, details=label_details),
        "draft": shown.draft,
        "imported": False,
        "imported_from": "none",
        "work_in_progress": shown.draft,
        "milestone": milestone_of(store, shown),
        "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": merge_status(shown),
        "merge_after": None,
        "sha": shown.sha,
        "merge_commit_sha": shown.merge_commit_sha,
        "squash_commit_sha": None,
        "discussion_locked": shown.discussion_locked,
        "should_remove_source_branch": None,
        "force_remove_source_branch": shown.force_remove_source_branch,
        "prepared_at": instant(shown.created_at),
        "reference": short if relative_to is None else full,
        "references": {
            "short": short,
            "relative": short if relative_to is None else full.removeprefix(relative_to),
            "full": full,
        },
        "web_url": f"{store.external_url}/{path}/-/merge_requests/{shown.iid}",
        "time_stats": time_stats(shown),
        "squash": shown.squash,
        "squash_on_merge": shown.squash,
        "task_completion_status": tasks_of(shown),
        "has_conflicts": False,
        "blocking_discussions_resolved": True,
    }
    if store.tier != "free":
        result["approvals_before_merge"] = None
    if single:
        result |= {
            "subscribed": is_subscribed(shown, user),
            "changes_count": None,
            "latest_build_started_at": None,
            "latest_build_finished_at": None,
            "first_deployed_to_production_at": None,
            "pipeline": None,
            "head_pipeline": None,
            "diff_refs": None,
            "merge_error": None,
            "user": {"can_merge": user is not None},
        }
    return result


def merge_request_simple(store: Store, shown: MergeRequest) -> Json:
    whole = merge_request(store, shown)
    names = ("id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at", "web_url")
    return {name: whole[name] for name in names}


def epic(
    store: Store, shown: Epic, user: User | None = None, *, single: bool = False, label_details: bool = False
) -> Json:
    group = store.groups[shown.group_id]
    api = f"{store.external_url}/api/v4/groups/{group.id}"
    parent = store.epics.get(shown.parent_id or 0)
    result: Json = {
        "id": shown.id,
        "work_item_id": shown.work_item_id,
        "iid": shown.iid,
        "color": shown.color,
        "text_color": text_color(shown.color),
        "group_id": group.id,
        "parent_id": parent.id if parent else None,
        "parent_iid": parent.iid if parent else None,
        "imported": False,
        "imported_from": "none",
        "title": shown.title,
        "description": shown.description,
        "confidential": shown.confidential,
        "author": user_by_id(store, shown.author_id),
        "start_date": day(shown.start_date),
        "start_date_is_fixed": shown.start_date is not None,
        "start_date_fixed": day(shown.start_date),
        "start_date_from_inherited_source": None,
        "start_date_from_milestones": None,
        "end_date": day(shown.due_date),
        "due_date": day(shown.due_date),
        "due_date_is_fixed": shown.due_date is not None,
        "due_date_fixed": day(shown.due_date),
        "due_date_from_inherited_source": None,
        "due_date_from_milestones": None,
        "state": shown.state,
        "web_edit_url": f"/groups/{group.full_path}/-/epics/{shown.iid}",
        "web_url": f"{store.external_url}/groups/{group.full_path}/-/epics/{shown.iid}",
        "references": {
            "short": f"&{shown.iid}",
            "relative": f"&{shown.iid}",
            "full": f"{group.full_path}&{shown.iid}",
        },
        "created_at": instant(shown.created_at),
        "updated_at": instant(shown.updated_at),
        "closed_at": instant(shown.closed_at),
        "labels": labels_of(store, shown, details=label_details),
        **votes(store, shown),
    }
    if single:
        result["subscribed"] = is_subscribed(shown, user)
    return result | {
        "_links": {
            "self": f"{api}/epics/{shown.iid}",
            "epic_issues": f"{api}/epics/{shown.iid}/issues",
            "group": api,
            "parent": f"{api}/epics/{parent.iid}" if parent else None,
        }
    }


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


# -- what issues, merge requests and epics share -----------------------------------------------------------------------


def people(store: Store, ids: Iterable[int]) -> list[Json]:
    return [basic for basic in (user_by_id(store, each) for each in ids) if basic]


def labels_of(store: Store, issuable: Issuable, *, details: bool = False) -> list[Any]:
    names = store.label_names(issuable)
    if not details:
        return list(names)
    by_name = {store.labels[each].name: store.labels[each] for each in issuable.label_ids if each in store.labels}
    return [label_basic(by_name[name]) for name in names]


def milestone_of(store: Store, issuable: Issuable) -> Json | None:
    found = store.milestones.get(issuable.milestone_id or 0)
    return milestone(store, found) if found else None


def notes_count(store: Store, issuable: Issuable) -> int:
    return sum(1 for each in issuable.note_ids if each in store.notes and not store.notes[each].system)


def discussions_count(store: Store, issuable: Issuable) -> int:
    notes = [store.notes[each] for each in issuable.note_ids if each in store.notes]
    return len({note.discussion_id for note in notes if not note.system})


def votes(store: Store, issuable: Issuable) -> Json:
    names = [award.name for award in store.awards.get(issuable.key, [])]
    return {"upvotes": names.count("thumbsup"), "downvotes": names.count("thumbsdown")}


def tasks_of(issuable: Issuable) -> Json:
    tasks = _TASK.findall(issuable.description or "")
    return {"count": len(tasks), "completed_count": sum(1 for mark in tasks if mark in "xX")}


def is_subscribed(issuable: Issuable, user: User | None) -> bool:
    if user is None or user.id in issuable.unsubscribed:
        return False
    return user.id in issuable.subscribed or user.id == issuable.author_id or user.id in issuable.assignee_ids


def merge_status(shown: MergeRequest) -> str:
    """GitLab's detailed merge status, as far as it follows from state and title."""
    if shown.state != "opened":
        return "not_open"
    return "draft_status" if shown.draft else "mergeable"


def time_stats(issuable: Issuable) -> Json:
    return {
        "time_estimate": issuable.time_estimate,
        "total_time_spent": issuable.time_spent,
        "human_time_estimate": duration(issuable.time_estimate),
        "human_total_time_spent": duration(issuable.time_spent),
    }


def _duplicate_url(store: Store, issue: Issue) -> str | None:
    other = store.issues.get(issue.duplicate_of) if issue.duplicate_of else None
    return f"{store.external_url}/api/v4/projects/{other.project_id}/issues/{other.iid}" if other else None


def note(store: Store, note: Note, commands: Json | None = None) -> Json:
    on = note.noteable
    result: Json = {
        "id": note.id,
        "type": note.type,
        "body": note.body,
        "attachment": None,
        "author": user_by_id(store, note.author_id),
        "created_at": instant(note.created_at),
        "updated_at": instant(note.updated_at),
        "system": note.system,
        "noteable_id": on.id,
        "noteable_type": on.KIND,
        "project_id": None if isinstance(on, Epic) else on.home_id,
        "resolvable": note.type == "DiscussionNote",
    }
    if result["resolvable"]:
        result |= {
            "resolved": note.resolved_by is not None,
            "resolved_by": user_by_id(store, note.resolved_by),
            "resolved_at": instant(note.resolved_at),
        }
    return result | {
        "confidential": note.internal,
        "internal": note.internal,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": on.iid,
        "commands_changes": commands or {},
    }


def discussion(store: Store, notes: list[Note]) -> Json:
    first = notes[0]
    return {
        "id": first.discussion_id,
        "individual_note": first.type is None,
        "resolvable": first.type == "DiscussionNote",
        "notes": [note(store, each) for each in notes],
    }


def label_event(store: Store, event: LabelEvent) -> Json:
    label = store.labels.get(event.label_id)
    return {
        "id": event.id,
        "user": user_by_id(store, event.user_id),
        "created_at": instant(event.created_at),
        "resource_type": event.resource.KIND,
        "resource_id": event.resource.id,
        "label": label_basic(label) if label else None,
        "action": event.action,
    }


def state_event(store: Store, event: StateEvent) -> Json:
    return {
        "id": event.id,
        "user": user_by_id(store, event.user_id),
        "created_at": instant(event.created_at),
        "resource_type": event.resource.KIND,
        "resource_id": event.resource.id,
        "source_commit": None,
        "source_merge_request_id": None,
        "state": event.state,
    }


def award(store: Store, award: Award) -> Json:
    return {
        "id": award.id,
        "name": award.name,
        "user": user_by_id(store, award.user_id),
        "created_at": instant(award.created_at),
        "updated_at": instant(award.updated_at),
        "awardable_id": award.awardable_id,
        "awardable_type": award.awardable_type,
        "url": None,
    }


def link(store: Store, link: Link) -> Json:
    return {
        "id": link.id,
        "source_issue": issue(store, store.issues[link.source_id]),
        "target_issue": issue(store, store.issues[link.target_id]),
        "link_type": link.link_type,
    }


def hook(store: Store, hook: Hook, *, in_list: bool = False) -> Json:
    status = "executable"
    if hook.failures >= 40:
        status = "disabled"
    elif hook.disabled_until is not None and hook.disabled_until > store.now():
        status = "temporarily_disabled"
    result: Json = {
        "id": hook.id,
        "url": hook.url,
        "name": hook.name,
        "description": hook.description,
        "created_at": instant(hook.created_at),
        "enable_ssl_verification": hook.enable_ssl_verification,
        "alert_status": status,
        "disabled_until": instant(hook.disabled_until),
        "push_events_branch_filter": hook.settings.get("push_events_branch_filter"),
        "branch_filter_strategy": hook.settings.get("branch_filter_strategy", "wildcard"),
        "custom_webhook_template": hook.settings.get("custom_webhook_template"),
        "token_present": hook.token is not None,
        "signing_token_present": hook.signing_token is not None,
    }
    if not in_list:
        result |= {"url_variables": [], "custom_headers": [{"key": key} for key in hook.custom_headers]}
    result |= {name: hook.events.get(name, name == "push_events") for name in HOOK_EVENTS}
    if hook.project_id is not None:
        return result | {"project_id": hook.project_id}
    return result | {"group_id": hook.group_id} | {name: hook.events.get(name, False) for name in GROUP_HOOK_EVENTS}


def hook_event(event: HookEvent) -> Json:
    return {
        "id": event.id,
        "url": event.url,
        "trigger": event.trigger,
        "request_headers": {
            key: "[REDACTED]" if key == "X-Gitlab-Token" else value for key, value in event.request_headers.items()
        },
        "request_data": json.loads(event.request_data),
        "response_headers": event.response_headers,
        "response_body": event.response_body,
        "execution_duration": event.execution_duration,
        "response_status": event.response_status,
        "created_at": instant(event.created_at),
    }
