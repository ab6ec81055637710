"""The fields that GitLab's API, and the engine, give a resource: what else an expression reads is always nil."""

from __future__ import annotations

_COMMON = """
    id iid project_id group_id type title description state created_at updated_at closed_at closed_by labels milestone
    assignees assignee author upvotes downvotes confidential discussion_locked web_url references reference
    user_notes_count time_stats task_completion_status subscribed imported imported_from _links due_date start_date
    items resources
"""
_ISSUE = """
    merge_requests_count issue_type weight blocking_issues_count has_tasks task_status severity moved_to_id
    service_desk_reply_to epic epic_iid iteration health_status
"""
_MERGE_REQUEST = """
    source_branch target_branch source_project_id target_project_id draft work_in_progress
    merge_when_pipeline_succeeds merge_status detailed_merge_status merged_by merge_user merged_at merge_after reviewers
    sha merge_commit_sha squash_commit_sha squash squash_on_merge should_remove_source_branch
    force_remove_source_branch prepared_at has_conflicts blocking_discussions_resolved approvals_before_merge
    allow_collaboration allow_maintainer_to_push first_contribution head_pipeline pipeline changes_count diff_refs
    latest_build_started_at latest_build_finished_at first_deployed_to_production_at diverged_commits_count
    rebase_in_progress user_discussions_count title_html description_html
"""
_EPIC = """
    parent_id parent_iid work_item_id color text_color end_date start_date_is_fixed start_date_fixed
    start_date_from_milestones start_date_from_inherited_source due_date_is_fixed due_date_fixed
    due_date_from_milestones due_date_from_inherited_source
"""
_BRANCH = "name commit merged protected developers_can_push developers_can_merge can_push default"
_WORK_ITEM = "work_item_type work_item_status namespace"

FIELDS = frozenset(" ".join((_COMMON, _ISSUE, _MERGE_REQUEST, _EPIC, _BRANCH, _WORK_ITEM)).split())
