"""What of the settings does not fit to what GitLab has: each problem on the line that names it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.automations.council.check_online import check_council_online
from bot.automations.incident_opening.access import readers_beyond_allowed
from bot.automations.initiatives.check_online import check_initiatives_online
from bot.automations.retrospectives.check_online import check_retrospectives_online
from bot.domain.errors import GitLabRefused, Problem
from bot.domain.people import PeopleAnswer, PeopleQuestion
from bot.domain.resources import AccessLevel
from bot.settings.loading import SettingsFile
from bot.settings.section import SectionSettings
from bot.settings.yaml_reader import Path as Place

EXPIRES_SOON = dt.timedelta(days=30)
SCOPE = "api"


def check_online(reader: Any, settings: Any) -> list[Problem]:
    """Problems and warnings; the reader is bot.gitlab_api.checking.CheckingReader."""
    incidents, bot = settings.part("incidents"), settings.part("bot")
    problems = _token(reader, settings)
    if any(not problem.is_warning for problem in problems):
        return problems
    problems += _name(reader, bot, settings.files["bot"])
    people = _ask(reader, incidents)
    problems += _people(people, incidents, settings)
    problems += _groups(people, reader, incidents, settings)
    problems += _places(reader, incidents, bot, settings)
    problems += _labels(reader, incidents, settings)
    problems += _inheritance(people, reader, incidents, settings)
    section, files = settings.part("section"), settings.files
    problems += _section(reader, section, files["section"])
    if "initiatives" not in bot.switched_off:
        problems += check_initiatives_online(reader, settings.part("initiatives"), section, files["initiatives"])
    if "council" not in bot.switched_off:
        problems += check_council_online(reader, settings.part("council"), section, files["council"])
    if "retrospectives" not in bot.switched_off:
        problems += check_retrospectives_online(
            reader, settings.part("retrospectives"), section, files["retrospectives"], files["section"]
        )
    return problems


def _token(reader: Any, settings: Any) -> list[Problem]:
    where = settings.files["bot"]
    try:
        scopes, expires_on = reader.token()
    except GitLabRefused as refused:
        hint = "Make a new group access token with the scope api." if refused.status == 401 else ""
        return [where.problem((), f"GitLab does not take the token: {refused.words}.", hint)]
    problems = []
    if SCOPE not in scopes:
        what = f"the token has the scopes {', '.join(scopes) or 'none'}; it needs {SCOPE}."
        problems.append(where.problem((), what, "Make a new token with it."))
    if expires_on is not None and expires_on - dt.datetime.now(dt.UTC).date() < EXPIRES_SOON:
        what = f"the token expires on {expires_on.isoformat()}."
        hint = "Make a new one, and add this bot's username to former_bot_usernames if the new one has another."
        problems.append(where.problem((), what, hint, is_warning=True))
    return problems


def _name(reader: Any, bot: Any, where: SettingsFile) -> list[Problem]:
    """What people call the bot in comments must not be somebody else: with an @ they would be mentioned."""
    name = bot.comment_commands.name
    found = reader.people(PeopleQuestion(usernames=frozenset({name}))).users.get(name)
    if found is None or found.id == reader.bot().id:
        return []
    what = f"{name!r} is the username of somebody else, who would be mentioned."
    return [where.problem(("comment_commands", "name"), what, "Give the bot another name for comments.")]


def _listed(incidents: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    found: list[tuple[tuple[str | int, ...], Any]] = [
        (("severities", index, "members"), severity.members)
        for index, severity in enumerate(incidents.severities)
        if severity.members
    ]
    return [*found, (("inherited_access_allowed",), incidents.inherited_access_allowed)]


def _ask(reader: Any, incidents: Any) -> PeopleAnswer:
    lists = [people for _, people in _listed(incidents)]
    answer: PeopleAnswer = reader.people(
        PeopleQuestion(
            usernames=frozenset(name for people in lists for name in people.usernames),
            members_of=frozenset(path for people in lists for path in people.groups),
            groups=frozenset({incidents.incident_group, *incidents.reporter_must_belong_to, *incidents.intake.groups}),
        )
    )
    return answer


def _people(people: PeopleAnswer, incidents: Any, settings: Any) -> list[Problem]:
    where = settings.files["incidents"]
    problems = []
    for path, listed in _listed(incidents):
        for index, name in enumerate(listed.usernames):
            user = people.users.get(name)
            at = (*path, "usernames", index)
            if user is None:
                what = f"GitLab has no active user {name!r}."
                problems.append(where.problem(at, what, "Is the username spelt right? The account may be blocked."))
            elif user.state != "active":
                problems.append(where.problem(at, f"the account of {name!r} is {user.state}.", "Take it off the list."))
            elif user.is_bot and path[0] == "severities":
                problems.append(where.problem(at, f"{name!r} is a bot.", "Incidents are for people."))
        for index, group in enumerate(listed.groups):
            if group not in people.members_of:
                what = f"GitLab has no group {group!r}, or the bot is no member of it."
                problems.append(where.problem((*path, "groups", index), what, "Add the bot to it as Guest."))
            elif not people.members_of[group]:
                what = f"the group {group!r} has no direct members."
                problems.append(where.problem((*path, "groups", index), what, is_warning=True))
    return problems


def _groups(people: PeopleAnswer, reader: Any, incidents: Any, settings: Any) -> list[Problem]:
    where = settings.files["incidents"]
    problems = []
    named = [(("reporter_must_belong_to", index), path) for index, path in enumerate(incidents.reporter_must_belong_to)]
    named += [(("intake", "groups", index), path) for index, path in enumerate(incidents.intake.groups)]  # type: ignore[misc]
    for at, path in named:
        if path not in people.groups:
            problems.append(where.problem(at, f"GitLab has no group {path!r}, or the bot may not see it."))
    group = people.groups.get(incidents.incident_group)
    if group is None:
        what = f"GitLab has no group {incidents.incident_group!r}, or the bot is no member of it."
        return [*problems, where.problem(("incident_group",), what, "Make it, private, with the bot as Owner.")]
    if group.visibility != "private":
        what = f"the group {group.path} is {group.visibility}."
        problems.append(where.problem(("incident_group",), what, "Make it private: its name alone says too much."))
    level = reader.own_access(incidents.incident_group, is_group=True)
    if level < AccessLevel.OWNER:
        what = f"the bot's role in {group.path} is {level.title}; it needs Owner to create projects and add members."
        problems.append(where.problem(("incident_group",), what, "Give the token's user the role Owner."))
    return problems


def _places(reader: Any, incidents: Any, bot: Any, settings: Any) -> list[Problem]:
    problems = []
    for index, path in enumerate(incidents.intake.projects):
        at = ("intake", "projects", index)
        if reader.project_id(path) is None:
            what = f"GitLab has no project {path!r}, or the bot may not see it."
            problems.append(settings.files["incidents"].problem(at, what, "Add the bot to it as Reporter."))
        elif (now_at := reader.path_now(path)).lower() != path.lower():
            what = f"the project {path} is {now_at} now; webhooks of it are not understood."
            problems.append(settings.files["incidents"].problem(at, what, f"Write {now_at}."))
        elif (level := reader.own_access(path, is_group=False)) < AccessLevel.REPORTER:
            what = f"the bot's role in {path} is {level.title}; it needs Reporter to see confidential reports."
            problems.append(settings.files["incidents"].problem(at, what, "Add it as Reporter."))
    if reader.project_id(bot.operators_project) is None:
        what = f"GitLab has no project {bot.operators_project!r}, or the bot may not see it."
        problems.append(settings.files["bot"].problem(("operators_project",), what, "Add the bot to it as Reporter."))
    return problems


def _labels(reader: Any, incidents: Any, settings: Any) -> list[Problem]:
    """Labels that the intake does not have. Only a warning: a label can be made when it is first needed."""
    where = settings.files["incidents"]
    needed: list[tuple[tuple[str | int, ...], str]] = [
        (("labels", index), label) for index, label in enumerate(incidents.labels)
    ]
    needed += [(("severities", index, "label"), each.label) for index, each in enumerate(incidents.severities)]
    problems = []
    places = [(path, False) for path in incidents.intake.projects] + [(path, True) for path in incidents.intake.groups]
    for path, is_group in places:
        for at, label in needed:
            if not reader.label_exists(path, label, is_group=is_group):
                what = f"{path} has no label {label!r}."
                problems.append(where.problem(at, what, "Make it, in a group above.", is_warning=at[0] != "labels"))
    return problems


def _section(reader: Any, section: SectionSettings, where: SettingsFile) -> list[Problem]:
    """People, projects, groups and labels of the directory."""
    named: list[tuple[Place, str]] = [(("dri",), section.dri)]
    if section.product_manager is not None:
        named.append((("product_manager",), section.product_manager))
    projects: list[tuple[Place, str]] = []
    if section.retrospective_project is not None:
        projects.append((("retrospective_project",), section.retrospective_project))
    labels: list[tuple[Place, str]] = [(("label",), section.label)]
    labels += [(("stages", number, "label"), stage.label) for number, stage in enumerate(section.stages)]
    teams: list[tuple[Place, str]] = []
    for place, group in section.places():
        roles = ("engineering_manager", "product_manager", "technical_lead")
        named += [((*place, "people", role), getattr(group.people, role)) for role in roles]
        named += [((*place, "members", "usernames", at), name) for at, name in enumerate(group.members.usernames)]
        for at, seat in enumerate(group.council):
            named.append(((*place, "council", at, "username"), seat.username))
            named += [
                ((*place, "council", at, "substitutes", index, "username"), each.username)
                for index, each in enumerate(seat.substitutes)
            ]
        teams += [((*place, "members", "group"), group.members.group)] if group.members.group else []
        projects.append(((*place, "issues_project"), group.issues_project))
        if group.retrospective_project is not None:
            projects.append(((*place, "retrospective_project"), group.retrospective_project))
        labels.append(((*place, "label"), group.label))
    answer = reader.people(
        PeopleQuestion(
            usernames=frozenset(name for _, name in named),
            members_of=frozenset(group for _, group in teams),
            groups=frozenset({section.group}),
        )
    )
    problems = []
    for place, name in named:
        user = answer.users.get(name)
        if user is None:
            what = f"GitLab has no active user {name!r}."
            problems.append(where.problem(place, what, "Is the username spelt right? The account may be blocked."))
        elif user.state != "active":
            problems.append(where.problem(place, f"the account of {name!r} is {user.state}.", "Name somebody else."))
    for place, path in teams:
        if not answer.members_of.get(path):
            what = f"GitLab has no group {path!r} with direct members, or the bot is no member of it."
            problems.append(where.problem(place, what, "Add the bot to it as Guest."))
    if section.group not in answer.groups:
        what = f"GitLab has no group {section.group!r}, or the bot may not see it."
        return [*problems, where.problem(("group",), what)]
    there = {path: reader.project_id(path) is not None for path in dict.fromkeys(path for _, path in projects)}
    for place, path in projects:
        if not there[path]:
            what = f"GitLab has no project {path!r}, or the bot may not see it."
            problems.append(where.problem(place, what, "Add the bot to it as Planner."))
    known = reader.group_labels(section.group)
    for place, label in labels:
        if label not in known:
            what = f"{section.group} has no label {label!r}."
            problems.append(where.problem(place, what, "Make it there, or write its name as it is."))
    return problems


def _inheritance(people: PeopleAnswer, reader: Any, incidents: Any, settings: Any) -> list[Problem]:
    where = settings.files["incidents"]
    if incidents.incident_group not in people.groups:
        return []
    own_ids = reader.own_ids()
    members = reader.group_members(incidents.incident_group)
    beyond = readers_beyond_allowed(members, people, incidents, own_ids)
    problems = []
    if beyond:
        what = f"{', '.join(beyond)} would read every incident by inheritance from {incidents.incident_group}."
        problems.append(where.problem(("inherited_access_allowed",), what, "Remove them there, or allow them here."))
    strangers = reader.strangers_with_markers(incidents.incident_group, own_ids, "<!-- sectionbot:")
    if strangers:
        ids = ", ".join(str(each) for each in sorted(strangers))
        what = f"{incidents.incident_group} has projects with the bot's marker that other users made (ids {ids})."
        hint = "If one of them was the bot before, add its username to former_bot_usernames."
        problems.append(settings.files["bot"].problem(("former_bot_usernames",), what, hint, is_warning=True))
    return problems
