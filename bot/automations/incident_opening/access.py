"""Decides who is added to an incident, as what and until when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.automations.incident_opening.asking import Wish
from bot.automations.incident_opening.gather import Incident, IncidentFacts, Report, incident_path, may_ask
from bot.automations.incident_opening.settings import Access, IncidentSettings, access_level
from bot.domain.access_record import AccessEntry, parse_record
from bot.domain.changes import AddMembers, Grant, RaiseMember, RecordAccess
from bot.domain.people import PeopleAnswer
from bot.domain.plan import Notice, NoticeKind, Step
from bot.domain.resources import AccessLevel, Member, User

NO_SEVERITY = 99
LONGEST = dt.timedelta(days=365)
BY_HAND = "Whoever may invite members adds them by hand, under Manage > Members, if they should take part."


@dataclass(frozen=True)
class Wanted:
    """Somebody who should have access, before anything is known of what they have."""

    user: User
    access: Access
    reason: str


@dataclass(frozen=True)
class AccessPlan:
    """Changes of access for one incident.

    Args:
        member_ids: everybody who is a member, or is about to be.
        reporter_note: a sentence for the incident issue about the reporter's access.
        problems: sentences about people who are not added.
    """

    add: AddMembers | None
    raises: tuple[RaiseMember, ...]
    record: RecordAccess | None
    member_ids: frozenset[int]
    reporter_note: str
    problems: tuple[tuple[NoticeKind, str], ...]

    def steps(self, subject: str, *, needs: str = "", issue_key: str = "") -> list[Step]:
        """Members first, then the record of them, which needs the issue too."""
        need = (needs,) if needs else ()
        steps: list[Step] = []
        if self.add is not None:
            reasons = sorted({grant.because for grant in self.add.grants})
            steps.append(Step(self.add, " and ".join(reasons), subject, needs=need))
        steps += [Step(each, each.because, subject, needs=need) for each in self.raises]
        if self.record is not None:
            after = tuple(step.change.key for step in steps)
            needed = tuple(key for key in (needs, issue_key) if key)
            steps.append(Step(self.record, "who was added is on record", subject, needs=needed, after=after))
        return steps

    def notices(self, subject: str) -> tuple[Notice, ...]:
        return tuple(Notice(kind, subject, sentence) for kind, sentence in self.problems)


def plan_access(
    report: Report, wish: Wish, facts: IncidentFacts, settings: IncidentSettings, now: dt.datetime
) -> AccessPlan:
    """Who lacks access that they should have, and the record of it."""
    incident = report.incident
    path = incident.project.path if incident else incident_path(report.source_id, settings)
    iid = incident.issue.iid if incident and incident.issue else 1
    members = {member.user.id: member for member in (incident.members if incident else facts.group_members)}
    reporter, reporter_note = _reporter(report, facts, settings, members)
    if not wish.is_incident:
        reporter = []  # a closed report starts nothing new
    listed, problems = _listed(wish.severity, facts, settings)
    wanted = _merge([*reporter, *listed])
    if len(wanted) > settings.max_members:
        sentence = (
            f"The incident would add {len(wanted)} people; max_members is {settings.max_members}. "
            "The pre-defined list is not added: shorten it or raise max_members."
        )
        problems.append((NoticeKind.UNSAFE, sentence))
        wanted = _merge(reporter)
    record = parse_record(incident.record.body) if incident and incident.record else {}
    asked_back = is_asked_back(incident, settings, facts.own_ids)
    grants: dict[int, Grant] = {}
    raises: list[RaiseMember] = []
    for each in wanted.values():
        member, entry = members.get(each.user.id), record.get(each.user.id)
        rises = entry is None or (wish.severity or NO_SEVERITY) < entry.severity
        if member is not None:
            raises += _raise(each, member, entry, rises, path, now)
        elif rises or asked_back:
            until = now.date() + dt.timedelta(days=each.access.days)
            level = access_level(each.access.role)
            grants[each.user.id] = Grant(each.user.id, each.user.username, level, until, each.reason)
    if asked_back or not settings.keep_removed:
        for grant in _as_recorded(record.values(), now):
            if grant.user_id not in members:
                grants.setdefault(grant.user_id, grant)
    ordered = tuple(sorted(grants.values(), key=lambda grant: grant.username.lower()))
    add = AddMembers(path, ordered) if ordered else None
    entries = record | _found_added(incident, record, wish, facts.own_ids, now)
    entries |= _entries(ordered, raises, wish, now)
    entries |= _worse_now(entries, members, wish)
    write_record = entries != record or incident is None or incident.record is None
    note_id = incident.record.id if incident and incident.record else None
    rows = tuple(sorted(entries.values(), key=lambda entry: entry.username.lower()))
    return AccessPlan(
        add=add,
        raises=tuple(raises),
        record=RecordAccess(path, iid, rows, note_id, tuple(record.values())) if write_record else None,
        member_ids=frozenset(members) | frozenset(grants),
        reporter_note=reporter_note,
        problems=tuple(problems),
    )


def readers_beyond_allowed(
    members: Iterable[Member], people: PeopleAnswer, settings: IncidentSettings, own_ids: frozenset[int]
) -> list[str]:
    """Usernames, sorted, of people with inherited access whom the settings do not allow."""
    allowed = settings.inherited_access_allowed
    names = {name.lower() for name in allowed.usernames}
    for path in allowed.groups:
        names |= {user.username.lower() for user in people.members_of.get(path, ())}
    return sorted(
        member.user.username
        for member in members
        if member.access_level > AccessLevel.MINIMAL
        and member.user.id not in own_ids
        and member.user.username.lower() not in names
    )


def _reporter(
    report: Report, facts: IncidentFacts, settings: IncidentSettings, members: Mapping[int, Member]
) -> tuple[list[Wanted], str]:
    """The reporter, if the bot may add them, and a sentence about it for the incident issue."""
    if report.source is None:
        return [], ""
    author = facts.people.users.get(report.source.author.username, report.source.author)
    if report.incident is not None and author.id in members:
        return [Wanted(author, settings.reporter, "reporter")], "The reporter is a member of this project."
    if author.id in facts.own_ids or report.source.service_desk or author.is_bot or author.is_bot is None:
        return [], f"The report came from a bot or through Service Desk, so nobody is added as reporter. {BY_HAND}"
    if author.state != "active":
        return [], f"The reporter's account is {author.state}, so they are not added."
    groups = settings.reporter_must_belong_to
    if groups and not any(facts.people.belongs.get((author.username, path)) for path in groups):
        return [], f"The reporter belongs to none of {', '.join(groups)}, so they are not added. {BY_HAND}"
    return [Wanted(author, settings.reporter, "reporter")], "The bot adds the reporter as a member of this project."


def _listed(
    severity: int | None, facts: IncidentFacts, settings: IncidentSettings
) -> tuple[list[Wanted], list[tuple[NoticeKind, str]]]:
    """The pre-defined members of the severity; who cannot be added is named and stops nobody else."""
    problems: list[tuple[NoticeKind, str]] = []
    level = settings.severities[severity - 1] if severity else None
    if level is None or level.members is None or level.access is None:
        return [], problems
    people: dict[int, User] = {}
    for name in level.members.usernames:
        user = facts.people.users.get(name)
        reason = _why_not(user)
        if user is None or reason:
            problems.append((NoticeKind.REFUSED, f"{name}, pre-defined for {level.label}, is not added: {reason}."))
        else:
            people[user.id] = user
    for path in level.members.groups:
        members = facts.people.members_of.get(path)
        if members is None:
            sentence = f"The group {path}, pre-defined for {level.label}, does not exist or the bot cannot read it."
            problems.append((NoticeKind.REFUSED, sentence))
        people |= {user.id: user for user in members or () if not _why_not(user)}
    wanted = [Wanted(user, level.access, level.label) for user in people.values() if user.id not in facts.own_ids]
    return wanted, problems


def _why_not(user: User | None) -> str:
    if user is None:
        return "GitLab knows no active person of this name"
    if user.is_bot:
        return "it is a bot"
    return "" if user.state == "active" else f"the account is {user.state}"


def _merge(wanted: Iterable[Wanted]) -> dict[int, Wanted]:
    """One entry for each person: the higher role, then the longer time."""
    result: dict[int, Wanted] = {}
    for each in wanted:
        known = result.get(each.user.id)
        if known is None or _strength(each) > _strength(known):
            result[each.user.id] = each
    return result


def _strength(wanted: Wanted) -> tuple[int, int]:
    return access_level(wanted.access.role), wanted.access.days


def is_asked_back(incident: Incident | None, settings: IncidentSettings, own_ids: frozenset[int]) -> bool:
    """Whether somebody who may has asked, by the label, to add again who was removed."""
    requests = incident.requests if incident else ()
    return any(
        each.label == settings.restore_label and each.user.id not in own_ids and may_ask(each, settings, own_ids)
        for each in requests
    )


def _raise(
    wanted: Wanted, member: Member, entry: AccessEntry | None, rises: bool, path: str, now: dt.datetime
) -> list[RaiseMember]:
    """More access for a member who has less, unless a person has lowered it since the bot gave it."""
    level = access_level(wanted.access.role)
    lowered_by_a_person = entry is not None and member.access_level < entry.access_level and not rises
    if member.access_level >= level or lowered_by_a_person:
        return []
    until = now.date() + dt.timedelta(days=wanted.access.days)
    longer = None if member.expires_on is None else max(member.expires_on, until)
    return [RaiseMember(path, wanted.user.id, wanted.user.username, level, longer, until, wanted.reason)]


def _as_recorded(record: Iterable[AccessEntry], now: dt.datetime) -> list[Grant]:
    """The access that the record still has for people: as it was, and never past its expiry."""
    return [
        Grant(entry.user_id, entry.username, entry.access_level, entry.expires_on, entry.reason)
        for entry in record
        if entry.expires_on > now.date()
    ]


def _found_added(
    incident: Incident | None, record: dict[int, AccessEntry], wish: Wish, own_ids: frozenset[int], now: dt.datetime
) -> dict[int, AccessEntry]:
    """Members whom the bot added in a run that was interrupted before it wrote the record."""
    found = {}
    for member in incident.members if incident else ():
        if member.created_by_id in own_ids and member.expires_on and member.user.id not in record:
            found[member.user.id] = AccessEntry(
                user_id=member.user.id,
                username=member.user.username,
                access_level=member.access_level,
                added_at=(member.created_at or now).replace(microsecond=0),
                expires_on=member.expires_on,
                severity=wish.severity or NO_SEVERITY,
                reason="added by the bot",
            )
    return found


def _worse_now(entries: dict[int, AccessEntry], members: dict[int, Member], wish: Wish) -> dict[int, AccessEntry]:
    """Lines of members who were added for a lesser severity: being a member at this one, they are not added anew at it
    when somebody removes them."""
    return {
        user_id: replace(entry, severity=wish.severity)
        for user_id, entry in entries.items()
        if user_id in members and wish.severity is not None and wish.severity < entry.severity
    }


def _entries(
    grants: Iterable[Grant], raises: Iterable[RaiseMember], wish: Wish, now: dt.datetime
) -> dict[int, AccessEntry]:
    """The lines of the record for what this plan gives."""
    given: list[tuple[Grant | RaiseMember, dt.date]] = [(each, each.expires_on) for each in grants]
    given += [(each, each.expires_on or now.date() + LONGEST) for each in raises]
    return {
        each.user_id: AccessEntry(
            user_id=each.user_id,
            username=each.username,
            access_level=each.access_level,
            added_at=now.replace(microsecond=0),
            expires_on=until,
            severity=wish.severity or NO_SEVERITY,
            reason=each.because,
        )
        for each, until in given
    }
