"""Reads what is so about reports and their incidents; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.automations.incident_opening.settings import IncidentSettings, People, access_level
from bot.domain.access_record import MARKER as RECORD_MARKER
from bot.domain.errors import WrongInput
from bot.domain.markers import marker, read_marker
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.ports import Scope, SideBySide
from bot.domain.resources import AccessLevel, Issue, IssueId, LabelEvent, Member, Note, Project, User

PROJECT_MARKER = "incident_project"
ISSUE_MARKER = "incident"
SOURCE_MARKER = marker("incident_source")
REFUSAL_MARKER = marker("refused_labels")


class IncidentReader(Protocol):
    """The calls that this automation needs. One reader serves one look: it asks nothing twice."""

    side_by_side: SideBySide

    def own_ids(self) -> frozenset[int]: ...
    def issue(self, issue: IssueId) -> Issue | None: ...
    def project_id(self, path: str) -> int | None: ...
    def project(self, path: str) -> Project | None: ...
    def issues(
        self, place: str, *, is_group: bool, state: str, label: str | None = None, issue_type: str | None = None
    ) -> tuple[Issue, ...]: ...
    def own_issue(self, project_id: int, marker: str) -> Issue | None: ...
    def label_events(self, issue: IssueId) -> tuple[LabelEvent, ...]: ...
    def own_note(self, issue: IssueId, marker: str) -> Note | None: ...
    def group_projects(self, group: str, *, newest_only: bool) -> tuple[tuple[Project, ...], bool]: ...
    def group_members(self, group: str) -> tuple[Member, ...]: ...
    def project_members(self, project_id: int) -> tuple[Member, ...]: ...
    def access_level(self, project_id: int, user_id: int) -> AccessLevel: ...
    def hook_urls(self, project_id: int) -> frozenset[str]: ...
    def people(self, question: PeopleQuestion) -> PeopleAnswer: ...


@dataclass(frozen=True)
class LabelRequest:
    """Somebody asks for something by a label (or by the type of the issue, or by having written it)."""

    label: str
    user: User
    access_level: AccessLevel
    at: dt.datetime


@dataclass(frozen=True)
class Incident:
    """What exists of an incident.

    Args:
        issue: None where it is missing.
        members: everybody who is a member now, inherited ones too.
        record: the note with the record of access.
        refusal_note: the bot's note on labels that were set without the right to it.
    """

    project: Project
    issue: Issue | None = None
    requests: tuple[LabelRequest, ...] = ()
    members: tuple[Member, ...] = ()
    record: Note | None = None
    refusal_note: Note | None = None
    hook_urls: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """A report and what there is of its incident.

    Args:
        source: None where the report is gone or cannot be read.
        taken_by: a project at the incident's path that is not the bot's, if there is one.
        being_deleted: the incident's project, if it is scheduled for deletion.
        source_note: the bot's note on the report.
        source_readers: ids of all who can read the report; only asked for where it matters.
    """

    source_id: IssueId
    source: Issue | None
    requests: tuple[LabelRequest, ...] = ()
    incident: Incident | None = None
    taken_by: Project | None = None
    being_deleted: Project | None = None
    source_note: Note | None = None
    source_readers: frozenset[int] | None = None
    source_is_public: bool = True


@dataclass(frozen=True)
class IncidentFacts:
    reports: tuple[Report, ...]
    own_ids: frozenset[int]
    group_members: tuple[Member, ...]
    recent_projects: tuple[Project, ...]
    people: PeopleAnswer


def gather_incidents(scope: Scope, reader: IncidentReader, settings: IncidentSettings) -> IncidentFacts:
    """Facts about one report, one incident, or all of them.

    Requests for one new report: issue, label events, the group's projects, its members, the access of who set the
    label, people: 6 (one more for notes, if the report has any; one more where the group has over 100 projects).
    For an incident that exists: 6 more. For everything: the lists, and at most 7 for each open incident.
    """
    named = None if scope.is_everything else _named(scope, reader, settings)
    reader.side_by_side(
        [
            lambda: reader.group_members(settings.incident_group),
            lambda: reader.group_projects(settings.incident_group, newest_only=named is not None),
            *([lambda: reader.issue(named), lambda: reader.label_events(named)] if named else []),
        ]
    )
    projects, complete = reader.group_projects(settings.incident_group, newest_only=named is not None)
    ours = _by_source(projects, reader, settings)
    wanted = _source_of(named, ours, reader, settings) if named else _all_sources(ours, reader, settings)
    reports = reader.side_by_side(
        [partial(_report, source_id, reader, settings, projects, ours, complete) for source_id in wanted]
    )
    return _facts(tuple(reports), reader, settings)


def _facts(reports: tuple[Report, ...], reader: IncidentReader, settings: IncidentSettings) -> IncidentFacts:
    if not reports:
        nobody = PeopleAnswer({}, {}, {}, {})
        return IncidentFacts((), reader.own_ids(), (), (), nobody)
    return IncidentFacts(
        reports=reports,
        own_ids=reader.own_ids(),
        group_members=reader.group_members(settings.incident_group),
        recent_projects=reader.group_projects(settings.incident_group, newest_only=True)[0],
        people=reader.people(_question(reports, settings)),
    )


def _named(scope: Scope, reader: IncidentReader, settings: IncidentSettings) -> IssueId:
    """The issue that the scope names; of an incident's project without an issue number, its first issue.

    Raises:
        WrongInput: when a person has named what GitLab does not have. What an event named may be gone by now.
    """
    if scope.project_id is not None:
        return IssueId(scope.project_id, scope.iid or 1)
    assert scope.reference is not None
    reference = scope.reference
    project_id = reader.project_id(reference.path)
    if project_id is None:
        raise WrongInput(f"GitLab has no project {reference.path!r}, or the bot may not see it.")
    if reference.iid is None and not reference.path.startswith(f"{settings.incident_group}/"):
        raise WrongInput(f"{reference.path} is a project; name an issue in it: {reference.path}#12.")
    named = IssueId(project_id, reference.iid or 1)
    if reference.iid is not None and reader.issue(named) is None:
        raise WrongInput(f"GitLab has no issue {reference}, or the bot may not see it.")
    return named


def _by_source(
    projects: Sequence[Project], reader: IncidentReader, settings: IncidentSettings
) -> dict[IssueId, Project]:
    """Projects that the bot made, by the report that they were made for.

    Maintainers of a project can edit its description, so the marker is only a claim: it holds where the project is at
    the path of that report, or was there before it was renamed (GitLab leads from the old path to the new one).
    """
    found: dict[IssueId, Project] = {}
    for project in projects:
        source = source_of(project, reader.own_ids())
        if source is None or project.marked_for_deletion:
            continue
        path = incident_path(source, settings)
        if project.path.lower() == path.lower() or reader.project_id(path) == project.id:
            found[source] = project
    return found


def project_key(source_id: IssueId) -> str:
    """The part of a project's marker that says which report it is for."""
    return f"<!-- sectionbot:{PROJECT_MARKER} source={source_id} "


def source_of(project: Project, own_ids: frozenset[int]) -> IssueId | None:
    """The report that a project of the bot was made for; a marker in anybody else's project says nothing."""
    fields = read_marker(PROJECT_MARKER, project.description) if project.creator_id in own_ids else None
    try:
        project_id, _, iid = (fields or {})["source"].partition("#")
        return IssueId(int(project_id), int(iid))
    except (KeyError, ValueError):
        return None


def _source_of(
    named: IssueId, ours: Mapping[IssueId, Project], reader: IncidentReader, settings: IncidentSettings
) -> list[IssueId]:
    for source_id, project in ours.items():
        if project.id == named.project_id:
            return [source_id]
    issue = reader.issue(named)
    if issue is None:
        return []
    if issue.project_path.startswith(f"{settings.incident_group}/"):
        # An older incident than those in the list of the newest.
        older = reader.project(issue.project_path)
        return list(_by_source([older], reader, settings)) if older else []
    if is_in_intake(issue.project_path, settings):
        return [named]
    # A project that was renamed since the settings were written is still the intake.
    ids = reader.side_by_side([partial(reader.project_id, path) for path in settings.intake.projects])
    return [named] if issue.project_id in ids else []


def is_in_intake(project_path: str, settings: IncidentSettings) -> bool:
    """By path, in any letter case, as GitLab compares paths."""
    path = project_path.lower()
    if path.startswith(f"{settings.incident_group.lower()}/"):
        return False
    return path in {each.lower() for each in settings.intake.projects} or any(
        path.startswith(f"{group.lower()}/") for group in settings.intake.groups
    )


def _all_sources(ours: Mapping[IssueId, Project], reader: IncidentReader, settings: IncidentSettings) -> list[IssueId]:
    """All open reports that ask for an incident, and those of all incidents that are open."""
    places = [(path, False) for path in settings.intake.projects] + [(path, True) for path in settings.intake.groups]
    labels = sorted(label for label in settings.asking if not label.startswith("type "))
    filters: list[dict[str, str]] = [{"label": label} for label in labels]
    filters += [{"issue_type": kind} for kind in settings.issue_types]
    lists: list[Callable[[], tuple[Issue, ...]]] = [
        partial(reader.issues, path, is_group=is_group, state="opened", **each)
        for path, is_group in places
        for each in filters
    ]
    lists.append(partial(reader.issues, settings.incident_group, is_group=True, state="opened"))
    *reports, incidents = reader.side_by_side(lists)
    found = {
        issue.ids: None
        for issues in reports
        for issue in issues
        if not issue.project_path.startswith(f"{settings.incident_group}/")
    }
    own_ids = reader.own_ids()
    open_projects = {issue.project_id for issue in incidents if issue.author.id in own_ids}
    found |= {source_id: None for source_id, project in ours.items() if project.id in open_projects}
    return sorted(found, key=lambda each: (each.project_id, each.iid))


def _report(
    source_id: IssueId,
    reader: IncidentReader,
    settings: IncidentSettings,
    projects: Sequence[Project],
    ours: Mapping[IssueId, Project],
    complete: bool,
) -> Report:
    source = reader.issue(source_id)
    project = ours.get(source_id)
    taken_by = being_deleted = None
    if project is None:
        path = incident_path(source_id, settings)
        found = next((each for each in projects if each.path.lower() == path.lower()), None)
        if found is None and not complete:
            found = reader.project(path)
        if found is not None and source_of(found, reader.own_ids()) == source_id:
            project = None if found.marked_for_deletion else found
        else:
            taken_by = found
    if project is not None and source is not None and project.created_at < source.created_at:
        # Older than the report: put in its place by somebody who could rename and edit another incident's project.
        project, taken_by = None, project
        being_deleted = next(
            (each for each in projects if each.marked_for_deletion and source_of(each, reader.own_ids()) == source_id),
            None,
        )
    calls = [
        lambda: _requests(source_id, source, reader, settings) if source else (),
        lambda: reader.own_note(source_id, SOURCE_MARKER) if source and source.user_notes_count else None,
        lambda: _incident(project, source_id, reader, settings) if project else None,
        lambda: _readers(source, reader) if source and settings.name_project_in_source else (None, True),
    ]
    requests, note, incident, (readers, public) = reader.side_by_side(calls)
    return Report(source_id, source, requests, incident, taken_by, being_deleted, note, readers, public)


def incident_path(source_id: IssueId, settings: IncidentSettings) -> str:
    name = settings.project_path.format(project_id=source_id.project_id, issue_iid=source_id.iid)
    return f"{settings.incident_group}/{name}"


def _incident(project: Project, source_id: IssueId, reader: IncidentReader, settings: IncidentSettings) -> Incident:
    if project.archived:
        return Incident(project)
    first = IssueId(project.id, 1)
    issue, members = reader.side_by_side(
        [lambda: _incident_issue(first, source_id, reader), lambda: reader.project_members(project.id)]
    )
    if issue is None or issue.state != "opened":
        return Incident(project, issue, (), members, None)
    at = IssueId(project.id, issue.iid)
    requests, record = reader.side_by_side(
        [lambda: _requests(at, issue, reader, settings), lambda: reader.own_note(at, RECORD_MARKER)]
    )
    refusal_note = None
    if any(not may_ask(each, settings, reader.own_ids()) for each in requests):
        refusal_note = reader.own_note(at, REFUSAL_MARKER)
    hooks = reader.hook_urls(project.id) if settings.add_project_hook else frozenset()
    return Incident(project, issue, requests, members, record, refusal_note, hooks)


def incident_marker(source_id: IssueId) -> str:
    return marker(ISSUE_MARKER, source=str(source_id))


def _incident_issue(first: IssueId, source_id: IssueId, reader: IncidentReader) -> Issue | None:
    """The bot's first issue in its own project, whatever people made of its text; else one with the marker."""
    issue = reader.issue(first)
    if issue is not None and issue.author.id in reader.own_ids():
        return issue
    return reader.own_issue(first.project_id, incident_marker(source_id))


def may_ask(request: LabelRequest, settings: IncidentSettings, own_ids: frozenset[int]) -> bool:
    """A label is a request of whoever set it last; the bot's own labels are the section's policies, so they count."""
    return request.user.id in own_ids or request.access_level >= access_level(settings.least_access_for_labels)


def _requests(
    at: IssueId, issue: Issue, reader: IncidentReader, settings: IncidentSettings
) -> tuple[LabelRequest, ...]:
    """Who asks for what on this issue: for each label that counts, whoever set it last, if that is known.

    The type of an issue is asked for by its author: GitLab does not tell who has changed it.
    """
    watched = [label for label in issue.labels if label in settings.watched_labels]
    by_type = issue.issue_type in settings.issue_types
    if not watched and not by_type:
        return ()
    setters = _last_setters(reader.label_events(at)) if watched else {}
    asked = [(label, *setters[label]) for label in watched if label in setters]
    if by_type:
        asked.append((f"type {issue.issue_type}", issue.author, issue.created_at))
    levels = dict(
        zip(
            people := sorted({user.id for _, user, _ in asked}),
            reader.side_by_side([partial(reader.access_level, at.project_id, user_id) for user_id in people]),
            strict=True,
        )
    )
    return tuple(LabelRequest(label, user, levels[user.id], when) for label, user, when in asked)


def _last_setters(events: Iterable[LabelEvent]) -> dict[str, tuple[User, dt.datetime]]:
    setters = {}
    for event in sorted(events, key=lambda each: each.id):
        if event.label is not None and event.user is not None and event.action == "add":
            setters[event.label] = (event.user, event.created_at)
    return setters


def _readers(source: Issue, reader: IncidentReader) -> tuple[frozenset[int] | None, bool]:
    """Everybody who can read the report, or (None, True) where that is the public."""
    project = reader.project(source.project_path)
    if project is None:
        return None, True
    if not source.confidential and project.visibility != "private":
        return None, True
    least = AccessLevel.PLANNER if source.confidential else AccessLevel.GUEST
    members = {member.user.id for member in reader.project_members(project.id) if member.access_level >= least}
    return frozenset(members | {source.author.id} | {user.id for user in source.assignees}), False


def _needs_reporter(report: Report) -> bool:
    """Whether the reporter's access is open: most are members of their incident already."""
    if report.source is None or not report.requests:
        return False
    members = report.incident.members if report.incident else ()
    return all(member.user.id != report.source.author.id for member in members)


def _question(reports: Sequence[Report], settings: IncidentSettings) -> PeopleQuestion:
    listed: list[People] = [severity.members for severity in settings.severities if severity.members]
    listed.append(settings.inherited_access_allowed)
    authors = {report.source.author.username for report in reports if report.source and _needs_reporter(report)}
    return PeopleQuestion(
        usernames=frozenset(name for people in listed for name in people.usernames) | authors,
        members_of=frozenset(path for people in listed for path in people.groups),
        belongs=frozenset((name, path) for name in authors for path in settings.reporter_must_belong_to),
        groups=frozenset({settings.incident_group}),
    )
