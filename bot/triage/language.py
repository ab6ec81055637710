"""The keys of a policy file, and its actions: for which types they are, what they take, a sentence and an example.

The reference page, the JSON Schema and the hints of `check` come from here; conditions say the same in their classes.
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
# The health statuses, and how GraphQL spells them.
HEALTH = {"on_track": "onTrack", "needs_attention": "needsAttention", "at_risk": "atRisk"}
SUMMARY_ACTIONS = ("summarize", "comment_on_summary")
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
