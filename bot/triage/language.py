"""The words of the policy language: which keys there are, for which types, and what gitlab-triage makes of them.

Each entry has a sentence and an example; the reference page, the JSON Schema and the hints of `check` come from here.
"""

from __future__ import annotations

from dataclasses import dataclass

TYPES = ("issues", "merge_requests", "epics", "branches", "work_items")
ISSUES, MERGE_REQUESTS, EPICS, BRANCHES, WORK_ITEMS = ((each,) for each in TYPES)
ISSUABLES = ("issues", "merge_requests", "epics")
ALL = TYPES


@dataclass(frozen=True)
class Word:
    """A key of a rule.

    Args:
        types: resource types for which it means something.
        accepts: what stands behind it, in words.
        says: what it does, a sentence.
        example: YAML, without the key's own indentation.
        is_ours: an extension that the gem does not know.
    """

    name: str
    types: tuple[str, ...]
    accepts: str
    says: str
    example: str
    is_ours: bool = False


def _word(name: str, types: tuple[str, ...], accepts: str, says: str, example: str, is_ours: bool = False) -> Word:
    return Word(name, types, accepts, says, example, is_ours)


CONDITIONS: dict[str, Word] = {
    word.name: word
    for word in (
        _word(
            "state",
            ALL,
            "opened, closed; merge requests also merged",
            "The state that the list is asked for.",
            "state: opened",
        ),
        _word(
            "labels",
            ALL,
            "list of names; None, Any; {a,b} and {1..3}",
            "All of these labels are on the resource.",
            'labels: [bug, "priority::{1,2}"]',
        ),
        _word(
            "forbidden_labels",
            ALL,
            "list of names",
            "None of these labels is on the resource.",
            "forbidden_labels: [stale]",
        ),
        _word(
            "labels_any",
            ALL,
            "list of names",
            "At least one of these labels is on the resource.",
            "labels_any: [bug, regression]",
            True,
        ),
        _word(
            "forbidden_labels_any",
            ALL,
            "list of names",
            "At least one of these labels is missing from the resource.",
            "forbidden_labels_any: [backend, frontend]",
            True,
        ),
        _word(
            "no_additional_labels",
            ALL,
            "true or false",
            "No label but those of `labels` is on the resource.",
            "no_additional_labels: true",
        ),
        _word(
            "milestone",
            ALL,
            "a title; none, any, upcoming, started",
            "The milestone of the resource.",
            "milestone: none",
        ),
        _word(
            "author_username",
            ("issues", "merge_requests", "epics", "branches"),
            "a username",
            "Who opened it.",
            "author_username: ada",
        ),
        _word(
            "date",
            ALL,
            "map of attribute, condition, interval_type, interval",
            "How long ago something was.",
            "date: {attribute: updated_at, condition: older_than, interval_type: months, interval: 3}",
        ),
        _word(
            "votes",
            ("issues", "merge_requests", "epics"),
            "map of attribute, condition, threshold",
            "How many votes it has.",
            "votes: {attribute: upvotes, condition: greater_than, threshold: 5}",
        ),
        _word(
            "upvotes",
            ("issues", "merge_requests", "epics"),
            "map of attribute, condition, threshold",
            "The older name of votes.",
            "upvotes: {attribute: upvotes, condition: less_than, threshold: 1}",
        ),
        _word(
            "discussions",
            ("issues", "merge_requests"),
            "map of attribute (threads, notes), condition, threshold",
            "How many threads or notes it has.",
            "discussions: {attribute: threads, condition: greater_than, threshold: 10}",
        ),
        _word(
            "author_member",
            ("issues", "merge_requests", "epics", "work_items"),
            "map of source, condition, source_id; inherited",
            "Whether its author is a member of a group or project.",
            "author_member: {source: group, condition: not_member_of, source_id: acme}",
        ),
        _word(
            "assignee_member",
            ("issues", "merge_requests", "epics", "work_items"),
            "map of source, condition, source_id; inherited",
            "Whether its assignee is a member of a group or project.",
            "assignee_member: {source: group, condition: member_of, source_id: acme}",
        ),
        _word("weight", ISSUES, "a number; Any, None", "The weight of the issue.", "weight: None"),
        _word("iteration", ISSUES, "a title; none, any", "The iteration of the issue.", "iteration: none"),
        _word(
            "health_status",
            ISSUES,
            "on_track, needs_attention, at_risk; none, any",
            "The health status of the issue.",
            "health_status: at_risk",
        ),
        _word(
            "issue_type", ISSUES, "issue, incident, test_case, task", "The type of the issue.", "issue_type: incident"
        ),
        _word("source_branch", MERGE_REQUESTS, "a branch", "The branch that is merged.", "source_branch: feature"),
        _word("target_branch", MERGE_REQUESTS, "a branch", "The branch that is merged into.", "target_branch: main"),
        _word("reviewer_id", MERGE_REQUESTS, "a user's id; None, Any", "Who reviews it.", "reviewer_id: None"),
        _word("draft", MERGE_REQUESTS, "true or false", "Whether it is a draft.", "draft: true"),
        _word(
            "name", BRANCHES, "text; ^ and $ anchor it", "The branch's name, as GitLab searches it.", "name: ^feature"
        ),
        _word(
            "protected",
            BRANCHES,
            "true or false",
            "Whether the branch is protected; left out, protected branches are kept out of it.",
            "protected: false",
        ),
        _word(
            "work_item_status",
            ("issues", "work_items"),
            "a name, or a list of names",
            "The status of the work item.",
            "work_item_status: [To do, In progress]",
        ),
        _word("type", WORK_ITEMS, "a name, or a list of names", "The work item type.", "type: [Issue, Task]"),
        _word("status", WORK_ITEMS, "a name", "The status that the list is asked for.", "status: In progress"),
        _word("assignees", WORK_ITEMS, "a username, or a list of usernames", "Who is assigned.", "assignees: [ada]"),
        _word(
            "title",
            ALL,
            "text, or /a regular expression/",
            "The title contains this text, whatever its case.",
            "title: WIP",
            True,
        ),
        _word(
            "ruby",
            ALL,
            "a Ruby expression",
            "Anything that can be said in Ruby; see the expressions.",
            "ruby: resource[:upvotes] > 5 && milestone.nil?",
        ),
        _word(
            "any_of",
            ALL,
            "list of maps of conditions",
            "At least one of these groups of conditions holds.",
            "any_of: [{labels: [bug]}, {title: crash}]",
            True,
        ),
        _word(
            "none_of",
            ALL,
            "list of maps of conditions",
            "None of these groups of conditions holds.",
            "none_of: [{labels: [stale]}, {milestone: any}]",
            True,
        ),
    )
}

ACTIONS: dict[str, Word] = {
    word.name: word
    for word in (
        _word(
            "comment",
            ("issues", "merge_requests", "epics", "work_items"),
            "a text",
            "Writes a note.",
            "comment: Please add a label.",
        ),
        _word(
            "mention",
            ("issues", "merge_requests", "epics", "work_items"),
            "a username, or a list",
            "Mentions people in the note.",
            "mention: [ada, bo]",
        ),
        _word(
            "comment_type",
            ("issues", "merge_requests", "epics", "work_items"),
            "comment, thread",
            "The kind of the note.",
            "comment_type: thread",
        ),
        _word(
            "comment_internal",
            ("issues", "merge_requests", "epics", "work_items"),
            "true or false",
            "Whether only members see the note.",
            "comment_internal: true",
        ),
        _word(
            "redact_confidential_resources",
            ALL,
            "true or false",
            "Whether what is confidential is hidden in texts.",
            "redact_confidential_resources: true",
        ),
        _word(
            "labels",
            ("issues", "merge_requests", "epics", "work_items"),
            "a name, or a list; texts",
            "Puts labels on it.",
            "labels: [stale]",
        ),
        _word(
            "remove_labels",
            ("issues", "merge_requests", "epics", "work_items"),
            "a name, or a list; texts",
            "Takes labels off it.",
            "remove_labels: [needs triage]",
        ),
        _word(
            "assignees",
            ("issues", "merge_requests", "epics", "work_items"),
            "a username, or a list; texts; [] clears",
            "Sets who is assigned.",
            "assignees: [ada]",
        ),
        _word(
            "remove_assignees",
            ISSUABLES,
            "a username, or a list; texts",
            "Takes people off it.",
            "remove_assignees: [ada]",
        ),
        _word("reviewers", ISSUABLES, "a username, or a list; texts", "Sets who reviews it.", "reviewers: [ada]"),
        _word(
            "remove_reviewers",
            ISSUABLES,
            "a username, or a list; texts",
            "Takes reviewers off it.",
            "remove_reviewers: [ada]",
        ),
        _word("milestone", ISSUABLES, "a title; a text", "Sets the milestone.", "milestone: '17.1'"),
        _word(
            "due_date", ISSUABLES, "YYYY-MM-DD; a text", "Sets the due date.", "due_date: '#{7.days.from_now.to_date}'"
        ),
        _word("title", ISSUABLES, "a text", "Sets the title.", "title: '[Stale] #{resource[:title]}'"),
        _word("weight", ISSUES, "a number; null clears", "Sets the weight.", "weight: 3"),
        _word(
            "health_status",
            ISSUES,
            "on_track, needs_attention, at_risk; null clears",
            "Sets the health status.",
            "health_status: at_risk",
        ),
        _word("status", ISSUABLES, "close, reopen", "Closes or reopens it.", "status: close"),
        _word(
            "discussion_locked",
            ISSUABLES,
            "true or false",
            "Locks or unlocks its discussion.",
            "discussion_locked: true",
        ),
        _word("move", ISSUES, "a project's path; a text", "Moves the issue to another project.", "move: acme/archive"),
        _word("work_item_status", ISSUES, "a name", "Sets the status of the work item.", "work_item_status: Done"),
        _word(
            "issue",
            ISSUABLES,
            "map of title, description and fields",
            "Creates an issue for each resource.",
            "issue: {title: 'Follow up {{title}}', description: 'See {{full_reference}}'}",
        ),
        _word("delete", ("issues", "merge_requests", "branches"), "true or false", "Deletes it.", "delete: true"),
        _word(
            "summarize",
            ALL,
            "map of title, item, summary and fields",
            "Creates one issue about all of them.",
            "summarize: {title: 'Stale {{type}}', item: '- {{full_reference}}', summary: '{{items}}'}",
        ),
        _word(
            "comment_on_summary",
            ALL,
            "a text",
            "Writes a note for each resource on the summary's issue.",
            "comment_on_summary: '{{full_reference}}'",
        ),
        _word(
            "repeat",
            ("issues", "merge_requests", "epics", "work_items"),
            "once, always",
            "Whether a note is written again while its reason lasts.",
            "repeat: once",
            True,
        ),
    )
}

DATE_KEYS = ("attribute", "condition", "interval_type", "interval", "filter_in_ruby", "last_activity_by")
VOTES_KEYS = ("attribute", "condition", "threshold")
MEMBER_KEYS = ("source", "condition", "source_id", "inherited")
LIMIT_KEYS = ("most_recent", "oldest", "per_run")
SUMMARIZE_KEYS = (
    "title",
    "item",
    "summary",
    "labels",
    "assignees",
    "due_date",
    "milestone",
    "confidential",
    "destination",
    "redact_confidential_resources",
)
ISSUE_KEYS = (
    "title",
    "description",
    "labels",
    "assignees",
    "due_date",
    "milestone",
    "confidential",
    "destination",
    "redact_confidential_resources",
)
RULE_KEYS = ("name", "conditions", "limits", "actions", "api", "type", "real_time")
SUMMARY_KEYS = ("name", "rules", "actions")
TYPE_KEYS = ("rules", "summaries")
FILE_KEYS = ("resource_rules", "host_url", "api_version", "per_page")
SUMMARY_ACTIONS = ("summarize", "comment_on_summary")
WORK_ITEM_CONDITIONS = (
    "type",
    "state",
    "status",
    "labels",
    "forbidden_labels",
    "assignees",
    "milestone",
    "date",
    "author_member",
    "assignee_member",
    "ruby",
    "no_additional_labels",
    "work_item_status",
    "labels_any",
    "forbidden_labels_any",
    "title",
    "any_of",
    "none_of",
)
WORK_ITEM_ACTIONS = (
    "labels",
    "remove_labels",
    "assignees",
    "comment",
    "mention",
    "comment_type",
    "comment_internal",
    "redact_confidential_resources",
    "summarize",
    "comment_on_summary",
    "repeat",
)
STATES = {
    "issues": ("opened", "closed"),
    "merge_requests": ("opened", "closed", "merged"),
    "work_items": ("opened", "closed"),
}
UPDATE_ACTIONS = (
    "labels",
    "remove_labels",
    "assignees",
    "remove_assignees",
    "reviewers",
    "remove_reviewers",
    "milestone",
    "due_date",
    "title",
    "weight",
    "health_status",
    "status",
    "discussion_locked",
    "move",
)
