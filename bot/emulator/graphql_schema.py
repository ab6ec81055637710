"""The part of GitLab's GraphQL schema that the emulator answers, by GitLab's names."""

from __future__ import annotations

from graphql import GraphQLSchema, build_schema

_LIST = """first: Int, last: Int, after: String, before: String"""
_ISSUABLE = """
      authorUsername: String, createdAfter: Time, createdBefore: Time, updatedAfter: Time, updatedBefore: Time,
      iids: [String!], labelName: [String], search: String, in: [IssuableSearchableField!], myReactionEmoji: String
"""
_ISSUES = f"""(
      state: IssuableState, types: [IssueType!], assigneeUsernames: [String!], assigneeId: String,
      assigneeWildcardId: AssigneeWildcardId, milestoneTitle: [String], milestoneWildcardId: MilestoneWildcardId,
      closedAfter: Time, closedBefore: Time, confidential: Boolean, iid: String, weight: String,
      healthStatusFilter: HealthStatusFilter, sort: IssueSort = CREATED_DESC, not: NegatedIssueFilterInput,
      {_ISSUABLE}, {_LIST} %s
    ): IssueConnection"""
_MERGE_REQUESTS = f"""(
      state: MergeRequestState, sourceBranches: [String!], targetBranches: [String!], draft: Boolean,
      milestoneTitle: String, milestoneWildcardId: MilestoneWildcardId, assigneeUsername: String,
      assigneeWildcardId: AssigneeWildcardId, reviewerUsername: String, reviewerWildcardId: ReviewerWildcardId,
      mergedAfter: Time, mergedBefore: Time, sort: MergeRequestSort = CREATED_DESC,
      not: MergeRequestsResolverNegatedParams, {_ISSUABLE}, {_LIST} %s
    ): MergeRequestConnection"""
_WORK_ITEMS = f"""(
      state: IssuableState, types: [IssueType!], assigneeUsernames: [String!],
      assigneeWildcardId: AssigneeWildcardId, milestoneTitle: [String!], milestoneWildcardId: MilestoneWildcardId,
      closedAfter: Time, closedBefore: Time, confidential: Boolean, iid: String,
      status: WorkItemWidgetStatusFilterInput, healthStatusFilter: HealthStatusFilter,
      sort: WorkItemSort = CREATED_DESC, not: NegatedWorkItemFilterInput, {_ISSUABLE}, {_LIST} %s
    ): WorkItemConnection"""
_IN_GROUP = ", includeSubgroups: Boolean = false, includeArchived: Boolean = false"
_BELOW = """, includeDescendants: Boolean = false, includeAncestors: Boolean = false,
      includeArchived: Boolean = false"""

_SDL = f"""
    scalar UserID
    scalar WorkItemID
    scalar NoteID
    scalar LabelID
    scalar MilestoneID
    scalar WorkItemsStatusesStatusID
    scalar Time
    scalar Date
    enum UserState {{ active blocked deactivated banned ldap_blocked blocked_pending_approval }}
    enum GroupMemberRelation {{ DIRECT INHERITED DESCENDANTS SHARED_FROM_GROUPS }}
    enum IssuableState {{ opened closed locked all }}
    enum MergeRequestState {{ opened closed locked all merged }}
    enum WorkItemState {{ OPEN CLOSED }}
    enum WorkItemStateEvent {{ REOPEN CLOSE }}
    enum IssueType {{ ISSUE INCIDENT TEST_CASE REQUIREMENT TASK OBJECTIVE KEY_RESULT EPIC TICKET }}
    enum HealthStatus {{ onTrack needsAttention atRisk }}
    enum HealthStatusFilter {{ onTrack needsAttention atRisk NONE ANY }}
    enum MilestoneWildcardId {{ NONE ANY STARTED UPCOMING }}
    enum AssigneeWildcardId {{ NONE ANY }}
    enum ReviewerWildcardId {{ NONE ANY }}
    enum IssuableSearchableField {{ TITLE DESCRIPTION }}
    enum IssueSort {{ CREATED_ASC CREATED_DESC UPDATED_ASC UPDATED_DESC TITLE_ASC TITLE_DESC }}
    enum MergeRequestSort {{ CREATED_ASC CREATED_DESC UPDATED_ASC UPDATED_DESC TITLE_ASC TITLE_DESC }}
    enum WorkItemSort {{ CREATED_ASC CREATED_DESC UPDATED_ASC UPDATED_DESC TITLE_ASC TITLE_DESC }}
    enum WorkItemStatusCategoryEnum {{ TRIAGE TO_DO IN_PROGRESS DONE CANCELED }}

    input NegatedIssueFilterInput {{
      labelName: [String!] milestoneTitle: [String!] authorUsername: [String!] assigneeUsernames: [String!]
      iids: [String!] types: [IssueType!] myReactionEmoji: String
    }}
    input MergeRequestsResolverNegatedParams {{
      labelName: [String!] milestoneTitle: String authorUsername: String assigneeUsernames: [String!]
      reviewerUsername: String sourceBranches: [String!] targetBranches: [String!] myReactionEmoji: String
    }}
    input NegatedWorkItemFilterInput {{
      labelName: [String!] milestoneTitle: [String!] authorUsername: [String!] assigneeUsernames: [String!]
      iids: [String!] types: [IssueType!] myReactionEmoji: String
    }}
    input WorkItemWidgetStatusFilterInput {{ id: WorkItemsStatusesStatusID name: String }}
    input WorkItemWidgetHealthStatusInput {{ healthStatus: HealthStatus }}
    input WorkItemWidgetStatusInput {{ status: WorkItemsStatusesStatusID name: String }}
    input WorkItemWidgetLabelsUpdateInput {{ addLabelIds: [LabelID!] removeLabelIds: [LabelID!] }}
    input WorkItemWidgetAssigneesInput {{ assigneeIds: [UserID!]! }}
    input WorkItemWidgetMilestoneInput {{ milestoneId: MilestoneID }}
    input WorkItemWidgetDescriptionInput {{ description: String! }}
    input WorkItemWidgetNotesInput {{ discussionLocked: Boolean! }}
    input WorkItemWidgetWeightInput {{ weight: Int }}
    input WorkItemWidgetStartAndDueDateUpdateInput {{ startDate: Date dueDate: Date }}
    input WorkItemUpdateInput {{
      id: WorkItemID! title: String stateEvent: WorkItemStateEvent confidential: Boolean clientMutationId: String
      labelsWidget: WorkItemWidgetLabelsUpdateInput assigneesWidget: WorkItemWidgetAssigneesInput
      milestoneWidget: WorkItemWidgetMilestoneInput descriptionWidget: WorkItemWidgetDescriptionInput
      notesWidget: WorkItemWidgetNotesInput weightWidget: WorkItemWidgetWeightInput
      healthStatusWidget: WorkItemWidgetHealthStatusInput statusWidget: WorkItemWidgetStatusInput
      startAndDueDateWidget: WorkItemWidgetStartAndDueDateUpdateInput
    }}

    type PageInfo {{ hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }}
    type UserCore {{
      id: UserID! username: String! name: String! state: UserState! bot: Boolean! webUrl: String! publicEmail: String
    }}
    type UserCoreConnection {{ nodes: [UserCore] pageInfo: PageInfo! count: Int! }}
    type AccessLevel {{ integerValue: Int stringValue: String humanAccess: String }}
    type GroupMember {{ id: ID! user: UserCore accessLevel: AccessLevel createdAt: Time expiresAt: Time }}
    type GroupMemberConnection {{ nodes: [GroupMember] pageInfo: PageInfo! }}
    type Label {{ id: ID! title: String! color: String! textColor: String! description: String }}
    type LabelConnection {{ nodes: [Label] pageInfo: PageInfo! count: Int! }}
    type Milestone {{
      id: ID! iid: ID! title: String! state: String! dueDate: Time startDate: Time createdAt: Time! updatedAt: Time!
    }}
    type Issue {{
      id: ID! iid: ID! title: String! description: String state: IssuableState! type: IssueType
      createdAt: Time! updatedAt: Time! closedAt: Time webUrl: String! webPath: String! projectId: Int!
      author: UserCore assignees: UserCoreConnection labels: LabelConnection milestone: Milestone
      upvotes: Int! downvotes: Int! userNotesCount: Int! userDiscussionsCount: Int! mergeRequestsCount: Int!
      confidential: Boolean! discussionLocked: Boolean! reference(full: Boolean = false): String! dueDate: Time
      weight: Int healthStatus: HealthStatus status: WorkItemStatus severity: String subscribed: Boolean!
    }}
    type IssueConnection {{ nodes: [Issue] edges: [IssueEdge] pageInfo: PageInfo! count: Int! }}
    type IssueEdge {{ cursor: String! node: Issue }}
    type MergeRequest {{
      id: ID! iid: String! title: String! description: String state: MergeRequestState! draft: Boolean!
      createdAt: Time! updatedAt: Time! mergedAt: Time closedAt: Time webUrl: String! webPath: String!
      projectId: Int! sourceProjectId: Int targetProjectId: Int! sourceBranch: String! targetBranch: String!
      author: UserCore assignees: UserCoreConnection reviewers: UserCoreConnection labels: LabelConnection
      milestone: Milestone upvotes: Int! downvotes: Int! userNotesCount: Int userDiscussionsCount: Int
      discussionLocked: Boolean! conflicts: Boolean! reference(full: Boolean = false): String! subscribed: Boolean!
      mergeUser: UserCore
    }}
    type MergeRequestConnection {{ nodes: [MergeRequest] edges: [MergeRequestEdge] pageInfo: PageInfo! count: Int! }}
    type MergeRequestEdge {{ cursor: String! node: MergeRequest }}
    type WorkItemStatus {{
      id: ID! name: String! category: WorkItemStatusCategoryEnum color: String iconName: String position: Int
      description: String
    }}
    type WorkItemType {{ id: ID! name: String! iconName: String }}
    type Namespace {{ id: ID! name: String! fullPath: ID! }}
    interface WorkItemWidget {{ type: String }}
    type WorkItemWidgetLabels implements WorkItemWidget {{ type: String labels: LabelConnection }}
    type WorkItemWidgetAssignees implements WorkItemWidget {{ type: String assignees: UserCoreConnection }}
    type WorkItemWidgetMilestone implements WorkItemWidget {{ type: String milestone: Milestone }}
    type WorkItemWidgetDescription implements WorkItemWidget {{ type: String description: String }}
    type WorkItemWidgetAwardEmoji implements WorkItemWidget {{ type: String upvotes: Int! downvotes: Int! }}
    type WorkItemWidgetStartAndDueDate implements WorkItemWidget {{ type: String startDate: Date dueDate: Date }}
    type WorkItemWidgetWeight implements WorkItemWidget {{ type: String weight: Int }}
    type WorkItemWidgetHealthStatus implements WorkItemWidget {{ type: String healthStatus: HealthStatus }}
    type WorkItemWidgetStatus implements WorkItemWidget {{ type: String status: WorkItemStatus }}
    type WorkItem {{
      id: WorkItemID! iid: String! title: String! state: WorkItemState! workItemType: WorkItemType!
      namespace: Namespace project: Project author: UserCore createdAt: Time! updatedAt: Time! closedAt: Time
      webUrl: String webPath: String reference(full: Boolean = false): String! confidential: Boolean!
      userDiscussionsCount: Int! widgets: [WorkItemWidget!]
    }}
    type WorkItemConnection {{ nodes: [WorkItem] edges: [WorkItemEdge] pageInfo: PageInfo! count: Int! }}
    type WorkItemEdge {{ cursor: String! node: WorkItem }}
    type Group {{
      id: ID! name: String! path: String! fullPath: ID! fullName: String! visibility: String webUrl: String!
      groupMembers(
        search: String, relations: [GroupMemberRelation!] = [DIRECT, INHERITED], first: Int, after: String
      ): GroupMemberConnection
      issues{_ISSUES % _IN_GROUP}
      mergeRequests{_MERGE_REQUESTS % _IN_GROUP}
      workItems{_WORK_ITEMS % _BELOW}
    }}
    type Project {{
      id: ID! name: String! path: String! fullPath: ID! visibility: String webUrl: String archived: Boolean
      group: Group
      issue(iid: String): Issue
      mergeRequest(iid: String!): MergeRequest
      issues{_ISSUES % ""}
      mergeRequests{_MERGE_REQUESTS % ""}
      workItems{_WORK_ITEMS % ""}
    }}
    type Note {{ id: NoteID! body: String! createdAt: Time! updatedAt: Time! lastEditedAt: Time }}
    type Metadata {{ version: String! enterprise: Boolean! }}
    type Query {{
      currentUser: UserCore
      metadata: Metadata
      user(username: String, id: UserID): UserCore
      group(fullPath: ID!): Group
      project(fullPath: ID!): Project
      issue(id: ID!): Issue
      workItem(id: WorkItemID!): WorkItem
      note(id: NoteID!): Note
      users(ids: [ID!], usernames: [String!], first: Int, after: String): UserCoreConnection
    }}
    type WorkItemUpdatePayload {{ workItem: WorkItem errors: [String!]! clientMutationId: String }}
    type Mutation {{ workItemUpdate(input: WorkItemUpdateInput!): WorkItemUpdatePayload }}
"""


def gitlab_schema() -> GraphQLSchema:
    return build_schema(_SDL)
