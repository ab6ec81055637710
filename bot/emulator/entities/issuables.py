"""Issues, merge requests and epics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.emulator.entities.labels import TASK, label_basic, milestone
from bot.emulator.entities.people import user_by_id
from bot.emulator.entities.values import Json, day, duration, instant, text_color
from bot.emulator.store import Store
from bot.emulator.tables import Epic, Issuable, Issue, MergeRequest, User


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
        parent = store.epics.get(issue.epic_id or 0)
        result |= {"epic": _epic_simple(store, parent) if parent else None}
        result |= {"epic_iid": parent.iid if parent else None}
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


def _epic_simple(store: Store, shown: Epic) -> Json:
    """What an issue says of its epic."""
    return {
        "id": shown.id,
        "iid": shown.iid,
        "title": shown.title,
        "url": f"/groups/{store.groups[shown.group_id].full_path}/-/epics/{shown.iid}",
        "group_id": shown.group_id,
        "human_readable_end_date": None,
        "human_readable_timestamp": None,
    }


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
    tasks = TASK.findall(issuable.description or "")
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
