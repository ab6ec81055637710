"""Decides what opening and keeping incidents takes. Pure: facts, settings and `now` in, a plan out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.automations.incident_opening.access import is_asked_back, plan_access, readers_beyond_allowed
from bot.automations.incident_opening.asking import Wish, read_wish
from bot.automations.incident_opening.gather import (
    PROJECT_MARKER,
    REFUSAL_MARKER,
    SOURCE_MARKER,
    Incident,
    IncidentFacts,
    LabelRequest,
    Report,
    incident_marker,
    incident_path,
    project_key,
)
from bot.automations.incident_opening.settings import IncidentSettings
from bot.automations.incident_opening.texts import incident_description, source_note
from bot.domain.changes import ISSUE_EVENTS, ChangeLabels, CreateIssue, CreateProject, RegisterHook, WriteNote
from bot.domain.markers import marker, read_marker
from bot.domain.plan import Notice, NoticeKind, Plan, Step
from bot.domain.resources import IssueId
from bot.domain.user_text import harmless_title
from bot.settings.templates import Templates

HOUR = dt.timedelta(hours=1)


@dataclass
class _Guard:
    """Counts what was opened in the last hour, and what this plan opens on top."""

    settings: IncidentSettings
    opened: list[tuple[int, int]] = field(default_factory=list)  # severity, who asked

    @classmethod
    def from_projects(cls, facts: IncidentFacts, settings: IncidentSettings, now: dt.datetime) -> _Guard:
        guard = cls(settings)
        for project in facts.recent_projects:
            fields = read_marker(PROJECT_MARKER, project.description) if project.creator_id in facts.own_ids else None
            if fields is not None and project.created_at > now - HOUR:
                guard.opened.append((_number(fields.get("severity")), _number(fields.get("asked_by"))))
        return guard

    def reason_to_wait(self, severity: int | None, asked_by: int) -> str | None:
        guard = self.settings.guard
        if severity == 1:
            count = sum(1 for level, _ in self.opened if level == 1)
            if count >= guard.severity_1_per_hour:
                return (
                    f"{count} incidents of severity 1 were opened in the last hour, {guard.severity_1_per_hour} may be"
                )
            return None
        others = [who for level, who in self.opened if level != 1]
        if len(others) >= guard.per_hour:
            return f"{len(others)} incidents were opened in the last hour, {guard.per_hour} may be"
        if others.count(asked_by) >= guard.per_hour_and_person:
            return (
                f"one person asked for {others.count(asked_by)} incidents in the last hour, "
                f"{guard.per_hour_and_person} may be"
            )
        return None

    def count(self, severity: int | None, asked_by: int) -> None:
        self.opened.append((severity or 0, asked_by))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def plan_incident_openings(
    facts: IncidentFacts,
    settings: IncidentSettings,
    templates: Templates,
    now: dt.datetime,
    *,
    webhook_url: str | None = None,
    release: bool = False,
) -> Plan:
    """What to do about all reports, the most severe first, then the oldest.

    Args:
        release: open what the guard would defer.
    """
    guard = _Guard.from_projects(facts, settings, now)
    context = Context(facts, settings, templates, now, guard, webhook_url, release)
    wishes = [(report, read_wish(report, settings, facts.own_ids)) for report in facts.reports]
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    wishes.sort(key=lambda each: (each[1].severity or 99, each[0].source.created_at if each[0].source else far))
    plan = Plan()
    for report, wish in wishes:
        plan += _plan_report(report, wish, context)
    return plan


@dataclass(frozen=True)
class Context:
    """What is the same for all reports of one plan."""

    facts: IncidentFacts
    settings: IncidentSettings
    templates: Templates
    now: dt.datetime
    guard: _Guard
    webhook_url: str | None
    release: bool


def _plan_report(report: Report, wish: Wish, context: Context) -> Plan:
    subject = report.source.reference if report.source else str(report.source_id)
    if report.incident is not None:
        return _keep(report, report.incident, wish, context, subject)
    if not wish.is_incident or report.source is None:
        return _refuse_labels(report, wish, context, subject)
    obstacle = _obstacle(report, context, subject)
    if obstacle is not None:
        return Plan(tuple(_source_note(report, "held", context, subject)), (obstacle,))
    reason = None if context.release else context.guard.reason_to_wait(wish.severity, wish.asked_by)
    if reason is not None:
        return _defer(report, wish, context, subject, reason)
    context.guard.count(wish.severity, wish.asked_by)
    return _open(report, wish, context, subject)


def _obstacle(report: Report, context: Context, subject: str) -> Notice | None:
    """What makes it unsafe or impossible to create the project."""
    path = incident_path(report.source_id, context.settings)
    if report.being_deleted is not None:
        sentence = (
            f"The incident's project {report.being_deleted.path} is scheduled for deletion. "
            "Restore it, or take the labels off the report."
        )
        return Notice(NoticeKind.UNSAFE, subject, sentence)
    if report.taken_by is not None:
        sentence = (
            f"The path {path} is taken by a project that the bot did not make for this report. "
            "Rename or move that project; then the incident opens."
        )
        return Notice(NoticeKind.UNSAFE, subject, sentence)
    group = context.facts.people.groups.get(context.settings.incident_group)
    if group is None:
        sentence = f"The group {context.settings.incident_group} does not exist, or the bot is no member of it."
        return Notice(NoticeKind.UNSAFE, subject, sentence)
    beyond = _beyond_allowed(context)
    if beyond:
        names = ", ".join(beyond)
        sentence = (
            f"{names} would read the incident by inheritance from {context.settings.incident_group} and "
            f"{'is' if len(beyond) == 1 else 'are'} not in inherited_access_allowed."
        )
        return Notice(NoticeKind.UNSAFE, subject, sentence)
    return None


def _beyond_allowed(context: Context) -> list[str]:
    facts = context.facts
    return readers_beyond_allowed(facts.group_members, facts.people, context.settings, facts.own_ids)


# -- opening ---------------------------------------------------------------------------------------------------------


def _open(report: Report, wish: Wish, context: Context, subject: str) -> Plan:
    settings = context.settings
    source = report.source
    assert source is not None
    path = incident_path(report.source_id, settings)
    title = settings.project_title.format(project_id=report.source_id.project_id, issue_iid=report.source_id.iid)
    mark = marker(PROJECT_MARKER, source=str(report.source_id), asked_by=wish.asked_by, severity=wish.severity or 0)
    project = CreateProject(
        project_path=path,
        name=title,
        description=f"A private incident project, made by the bot. {mark}",
        marker=project_key(report.source_id),
        features=tuple(dict.fromkeys(("issues", *settings.features))),
    )
    because = _because(report, wish, settings)
    access = plan_access(report, wish, context.facts, settings, context.now)
    issue = _incident_issue(report, wish, context, path, access.reporter_note)
    steps = [
        Step(project, because, subject),
        Step(issue, "every incident has its issue", subject, needs=(project.key,)),
        *access.steps(subject, needs=project.key, issue_key=issue.key),
    ]
    steps += _source_note(
        report, "handled", context, subject, needs=(issue.key,), readers=access.member_ids, refused=wish.refused
    )
    steps += _project_hook(path, frozenset(), context, subject, needs=(project.key,))
    return Plan(tuple(steps), access.notices(subject))


def _project_hook(
    path: str, known: frozenset[str], context: Context, subject: str, *, needs: tuple[str, ...] = ()
) -> list[Step]:
    """In GitLab Free, which has no group hooks, each incident's project has one of its own."""
    url = context.webhook_url
    if not context.settings.add_project_hook or url is None or url in known:
        return []
    return [Step(RegisterHook(path, False, url, ISSUE_EVENTS), "add_project_hook is set", subject, needs=needs)]


def _because(report: Report, wish: Wish, settings: IncidentSettings) -> str:
    names = sorted({each.label for each in report.requests if each.label in settings.asking})
    severity = f", severity {wish.severity}" if wish.severity else ""
    return f"the report has {', '.join(names)}{severity}"


def _incident_issue(report: Report, wish: Wish, context: Context, path: str, reporter_note: str) -> CreateIssue:
    source = report.source
    assert source is not None
    settings = context.settings
    mark = incident_marker(report.source_id)
    labels = [settings.severities[wish.severity - 1].label] if wish.severity else []
    labels += settings.phases[:1]
    body = incident_description(report, wish.severity, reporter_note, settings, context.templates)
    return CreateIssue(
        project_path=path,
        title=harmless_title(source.title),
        description=f"{body}\n\n{mark}",
        marker=mark,
        labels=tuple(labels),
        iid=1,
    )


# -- keeping what exists ---------------------------------------------------------------------------------------------


def _keep(report: Report, incident: Incident, wish: Wish, context: Context, subject: str) -> Plan:
    """Repairs what is missing of an open incident, and adds people when the severity has risen."""
    project = incident.project
    if project.archived:
        if not wish.is_incident:
            return Plan()
        sentence = f"The incident's project {project.path} is archived. Unarchive it to go on with this incident."
        return Plan(notices=(Notice(NoticeKind.LEFT_ALONE, subject, sentence),))
    if project.visibility != "private":
        sentence = (
            f"The incident's project {project.path} is {project.visibility}. Make it private; until then nothing is "
            "written there and nobody is added."
        )
        return Plan(notices=(Notice(NoticeKind.UNSAFE, subject, sentence),))
    if incident.issue is not None and incident.issue.state != "opened":
        return Plan()
    if incident.issue is None and not wish.is_incident:
        return Plan()
    steps: list[Step] = []
    issue_key = ""
    access = plan_access(report, wish, context.facts, context.settings, context.now)
    if incident.issue is None:
        issue = _incident_issue(report, wish, context, project.path, access.reporter_note)
        steps.append(Step(issue, "the incident's issue is missing", subject))
        issue_key = issue.key
    steps += access.steps(subject, issue_key=issue_key)
    if wish.is_incident:
        needs = (issue_key,) if issue_key else ()
        steps += _source_note(
            report, "handled", context, subject, needs=needs, readers=access.member_ids, refused=wish.refused
        )
    if is_asked_back(incident, context.settings, context.facts.own_ids) and incident.issue is not None:
        at = IssueId(project.id, incident.issue.iid)
        labels = ChangeLabels(project.path, incident.issue.iid, at, remove=(context.settings.restore_label,))
        needs = (access.add.key,) if access.add else ()
        steps.append(Step(labels, "the request was carried out", subject, needs=needs))
    steps += _refusal_note(incident, wish, context, subject)
    steps += _project_hook(project.path, incident.hook_urls, context, subject)
    notices = list(access.notices(subject))
    beyond = _beyond_allowed(context)
    if beyond:
        sentence = (
            f"{', '.join(beyond)} can read this incident by inheritance from {context.settings.incident_group} and "
            f"{'is' if len(beyond) == 1 else 'are'} not in inherited_access_allowed."
        )
        notices.append(Notice(NoticeKind.UNSAFE, subject, sentence))
    return Plan(tuple(steps), tuple(notices))


def _refusal_note(incident: Incident, wish: Wish, context: Context, subject: str) -> list[Step]:
    """A label that was set inside without the right to it: said once, in a note of its own."""
    if incident.issue is None or not wish.refused_inside:
        return []
    text = source_note("refused", None, list(wish.refused_inside), context.settings, context.templates)
    body = f"{text}\n\n{REFUSAL_MARKER}"
    if incident.refusal_note is not None and incident.refusal_note.body.strip() == body:
        return []
    at = IssueId(incident.project.id, incident.issue.iid)
    note_id = incident.refusal_note.id if incident.refusal_note else None
    change = WriteNote(incident.project.path, incident.issue.iid, REFUSAL_MARKER, body, at, note_id)
    return [Step(change, "who set the label is told, once", subject)]


# -- the note on the report ------------------------------------------------------------------------------------------


def _source_note(
    report: Report,
    state: str,
    context: Context,
    subject: str,
    *,
    needs: tuple[str, ...] = (),
    readers: frozenset[int] = frozenset(),
    refused: Iterable[LabelRequest] = (),
) -> list[Step]:
    """One step, or none where the note says it already."""
    source = report.source
    if source is None:
        return []
    named = _may_be_named(report, readers, context)
    path = incident_path(report.source_id, context.settings)
    text = source_note(state, path if named else None, list(refused), context.settings, context.templates)
    body = f"{text}\n\n{SOURCE_MARKER}"
    if report.source_note is not None and report.source_note.body.strip() == body:
        return []
    change = WriteNote(
        namespace_path=source.project_path,
        iid=source.iid,
        marker=SOURCE_MARKER,
        body=body,
        at=report.source_id,
        note_id=report.source_note.id if report.source_note else None,
    )
    becauses = {
        "handled": "the reporter is told",
        "deferred": "the reporter is told that it waits",
        "held": "the reporter is told that it waits for a person",
        "refused": "who set the label is told, once",
    }
    return [Step(change, becauses[state], subject, needs=needs)]


def _may_be_named(report: Report, members: frozenset[int], context: Context) -> bool:
    """Only where every reader of the report is, or is about to be, a member of the incident."""
    if not context.settings.name_project_in_source or report.source_is_public or report.source_readers is None:
        return False
    inherited = {member.user.id for member in context.facts.group_members}
    return report.source_readers <= members | inherited | context.facts.own_ids


def _refuse_labels(report: Report, wish: Wish, context: Context, subject: str) -> Plan:
    """A label that was set without the right to it has no effect, which is said once."""
    if not wish.refused or report.source is None:
        return Plan()
    names = ", ".join(sorted({each.label for each in wish.refused}))
    sentence = f"{names} was set without the role {context.settings.least_access_for_labels}: no incident is opened."
    steps = _source_note(report, "refused", context, subject, refused=wish.refused)
    return Plan(tuple(steps), (Notice(NoticeKind.LEFT_ALONE, subject, sentence, for_operators=False),))


def _defer(report: Report, wish: Wish, context: Context, subject: str, reason: str) -> Plan:
    severity = f"severity {wish.severity}" if wish.severity else "no severity yet"
    sentence = (
        f"Deferred ({severity}), since {reason}. It opens by itself when the hour has passed; "
        f"to open it now: sectionbot sweep --automation incident_opening --scope {subject} --release --apply"
    )
    steps = _source_note(report, "deferred", context, subject)
    return Plan(tuple(steps), (Notice(NoticeKind.DEFERRED, subject, sentence),))
