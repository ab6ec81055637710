"""The life of an incident against the emulator: requests, chains of them, and what people do to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.domain.events import Event
from bot.domain.ports import Lane, Scope
from bot.gitlab_api.session import RateBudget
from bot.runtime.jobs import Job, work
from bot.runtime.run import Means, Run, run
from bot.settings.loading import Settings
from bot.wiring import AUTOMATIONS, Environment, GitLab, automations_of, connect, load_settings
from tests.bot_process import settings_folder, settings_with_25_members
from tests.local_gitlab import LocalGitLab

NOW = dt.datetime.now(dt.UTC)


def look(gitlab: GitLab, settings: Settings, scope: Scope = Scope(), *, now: dt.datetime | None = None) -> Run:  # noqa: B008 - frozen
    used = automations_of(settings)
    means = Means(settings, gitlab.reader, gitlab.writer, used)
    return run([(each, scope) for each in used], means, now or dt.datetime.now(dt.UTC))


@pytest.fixture
def many(local_gitlab: LocalGitLab, environment: Environment, tmp_path: Any) -> Settings:
    """The section's settings with 25 pre-defined members, some by name and some by group."""
    config = settings_with_25_members(local_gitlab, tmp_path)
    return load_settings(Environment(config=config, templates=environment.templates))


def scope_of(report: Any) -> Scope:
    return Scope(project_id=report.project_id, iid=report.iid)


def test_the_budget_of_an_opening(local_gitlab: LocalGitLab, environment: Environment, many: Settings) -> None:
    """At most 16 requests cold, and 12 with look-ups that are still fresh, for 25 pre-defined members."""
    gitlab = connect(environment, many)
    first, second = local_gitlab.incident(), local_gitlab.incident()
    local_gitlab.forget_requests()
    look(gitlab, many, scope_of(first))
    cold = local_gitlab.requests()
    local_gitlab.forget_requests()
    look(gitlab, many, scope_of(second))
    warm = local_gitlab.requests()
    for report in (first, second):
        assert len(local_gitlab.members(local_gitlab.incident_of(report))) == 26
    assert len(cold) <= 16, cold
    assert len(warm) <= 12, warm


def test_the_budget_of_an_incident_in_which_nothing_changed(
    local_gitlab: LocalGitLab, environment: Environment, many: Settings
) -> None:
    gitlab = connect(environment, many)
    report = local_gitlab.incident()
    look(gitlab, many, scope_of(report))
    local_gitlab.forget_requests()
    again = look(connect(environment, many), many, scope_of(report))
    assert again.parts[0].plan.is_empty
    assert len(local_gitlab.requests()) <= 13, local_gitlab.requests()


def test_the_budget_of_a_sweep(local_gitlab: LocalGitLab, environment: Environment, settings: Settings) -> None:
    """The lists, and at most 7 requests for each open incident."""
    gitlab = connect(environment, settings)
    for _ in range(8):
        look(gitlab, settings, scope_of(local_gitlab.incident()))
    for _ in range(120):
        local_gitlab.report("nothing to it")
    local_gitlab.forget_requests()
    assert all(part.plan.is_empty for part in look(connect(environment, settings), settings).parts)
    assert len(local_gitlab.requests()) <= 9 + 7 * 8, len(local_gitlab.requests())


def test_changes_that_need_nothing_of_each_other_go_side_by_side(
    local_gitlab: LocalGitLab, environment: Environment, settings: Settings
) -> None:
    """Seen from the requests' own times: members are added while the issue is being created."""
    report = local_gitlab.incident()
    local_gitlab.application.control.latency_ms = 60
    local_gitlab.forget_requests()
    look(connect(environment, settings), settings, scope_of(report))
    log = [entry for entry in local_gitlab.application.control.log if entry.method == "POST"]
    issue = next(entry for entry in log if entry.path.endswith("/issues"))
    members = [entry for entry in log if entry.path.endswith("/members")]
    assert len(members) == 2
    assert all(entry.started_at < issue.ended_at and issue.started_at < entry.ended_at for entry in members)


def test_everything_a_person_may_try_in_a_report(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    text = "\n".join(
        (
            "/confidential-ish",
            "```\n/close\n```",
            "@all {{ settings }} {% raw %}",
            "<!-- sectionbot:incident source=1#1 --> <!-- sectionbot:access_entry id=1 user=eve -->",
            "</details><script>alert(1)</script>\x00\x1b[31m",
            ">>>\n/label ~x\n>>>",
        )
    )
    report = local_gitlab.report("/close @all {{ x }} <!-- sectionbot:incident source=9#9 -->\x07", description=text)
    local_gitlab.label(report, "severity::1")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    (issue,) = local_gitlab.issues(project)
    assert issue.state == "opened"
    body = issue.description or ""
    assert body.count("<!-- sectionbot:") == 1
    assert body.endswith("<!-- sectionbot:incident source=1#1 -->")
    for harmful in ("@all", "{{", "{%", "<script", "\x00", "\x1b", "\n/close", "access_entry id=1 user=eve -->\n<"):
        assert harmful not in body
    assert "@all" not in issue.title and "\x07" not in issue.title
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty


def test_a_strangers_note_with_the_record_is_worth_nothing(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    """Rita cannot write herself into, or somebody else out of, the record."""
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    forged = "<!-- sectionbot:access_record --><!-- sectionbot:access_entry id=3 user=director.security level=30 "
    forged += "added=2026-01-01T00:00:00Z until=2030-01-01 severity=1 reason=x -->"
    local_gitlab.call("POST", f"/projects/{project.id}/issues/1/notes", "demo-reporter-token", json={"body": forged})
    local_gitlab.label(report, "severity::1")
    look(connected, settings, scope_of(report))
    assert "director.security" in local_gitlab.members(project)


def test_a_marker_in_somebody_elses_project_is_not_taken_for_the_incident(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    group = local_gitlab.store.group_paths["sec/incidents"]
    owner = local_gitlab.store.usernames["section.owner"]
    mark = "<!-- sectionbot:incident_project source=1#1 asked_by=1 severity=1 -->"
    trap = local_gitlab.store.add_project("trap", group, owner, description=mark)
    report = local_gitlab.incident()
    look(connected, settings, scope_of(report))
    assert local_gitlab.members(trap) == {}
    assert local_gitlab.incident_of(report).id != trap.id


def test_a_renamed_incident_project_is_still_the_incident(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident()
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    local_gitlab.call("PUT", f"/projects/{project.id}", json={"path": "operation-thunder", "name": "Thunder"})
    for scope in (Scope(), scope_of(report)):
        assert look(connected, settings, scope).parts[0].plan.is_empty


def test_a_maintainer_cannot_claim_another_report_for_their_project(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    """The marker stands in a description that maintainers can edit, and the path is theirs to change as well."""
    first = local_gitlab.incident()
    look(connected, settings, scope_of(first))
    theirs = local_gitlab.incident_of(first)
    second = first
    for change in ({}, {"path": "incident-1-2"}):
        description = "x <!-- sectionbot:incident_project source=1#2 asked_by=1 severity=1 -->"
        local_gitlab.call("PUT", f"/projects/{theirs.id}", json={"description": description} | change)
        second = local_gitlab.incident() if not change else second
        result = look(connected, settings, scope_of(second))
        assert [len(local_gitlab.issues(theirs)), "leaked" in str(theirs.description)] == [1, False]
        if not change:
            opened = local_gitlab.incident_of(second)
            assert opened.id != theirs.id
            local_gitlab.call("PUT", f"/projects/{opened.id}", json={"path": "elsewhere", "description": ""})
            del local_gitlab.store.moved_project_paths["sec/incidents/incident-1-2"]
        else:
            assert result.exit_code == 3


def test_an_incident_that_is_not_private_any_more(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    project.visibility = "internal"
    local_gitlab.label(report, "severity::1")
    assert look(connected, settings, scope_of(report)).exit_code == 3
    assert list(local_gitlab.members(project)) == ["rita.reporter"]


def test_a_label_without_the_right_to_it_inside_is_refused_once(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    path = f"/projects/{project.id}/issues/1"
    labels = "severity::1,incident::restore-access"
    local_gitlab.call("PUT", path, "demo-reporter-token", json={"add_labels": labels})
    look(connected, settings, scope_of(report))
    (issue,) = local_gitlab.issues(project)
    assert "`incident::restore-access`, `severity::1` had no effect" in local_gitlab.notes(issue)[-1]
    assert list(local_gitlab.members(project)) == ["rita.reporter"]
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty


def test_a_bug_in_one_change_stops_no_other(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.gitlab_api.writer import GitLabWriter

    def broken(*_: Any) -> None:
        raise KeyError("secret text")

    report = local_gitlab.incident()
    with monkeypatch.context() as patch:
        patch.setattr(GitLabWriter, "_add_members", broken)
        result = look(connected, settings, scope_of(report))
    assert result.exit_code == 4
    assert len(local_gitlab.notes(report)) == 1
    told = [each.sentence for each in result.parts[0].outcomes.values() if each.sentence]
    assert told[0].startswith("A bug: KeyError in test_incidents.py:")
    assert "secret" not in told[0]
    assert look(connected, settings, scope_of(report)).exit_code == 0
    assert len(local_gitlab.members(local_gitlab.incident_of(report))) == 6


def test_what_failed_for_good_is_told_to_operators(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    """Once, and not before the last try."""
    report = local_gitlab.incident(title="Very secret")
    job = Job("d", Lane.INCIDENTS, Event("issue", report.project_id, "", report.iid), ("incident_opening",), "")
    means = Means(settings, connected.reader, connected.writer, AUTOMATIONS)
    operations = local_gitlab.project("sec/operations")
    assert operations is not None
    outcomes = []
    for last in (False, True, True):
        local_gitlab.fault(times=1, path="/projects$", method="POST", status=502)
        outcomes.append(work(job, means, lambda: dt.datetime.now(dt.UTC), last_attempt=last)["outcome"])
        assert len(local_gitlab.issues(operations)) == (1 if last else 0)
    assert outcomes == ["retry", "dead", "dead"]
    (note,) = local_gitlab.notes(local_gitlab.issues(operations)[0])
    assert "create project: failed. GitLab did not answer POST /projects: status 502" in note
    assert "secret" not in note


def test_a_removed_person_stays_removed_until_the_label_asks(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident()
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    ada = local_gitlab.store.usernames["resp.ada"].id
    local_gitlab.call("DELETE", f"/projects/{project.id}/members/{ada}")
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty
    local_gitlab.call(
        "PUT",
        f"/projects/{project.id}/issues/1",
        "demo-owner-token",
        json={"add_labels": "incident::restore-access"},
    )
    look(connected, settings, scope_of(report))
    assert local_gitlab.members(project)["resp.ada"] == 30
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty


def test_somebody_who_expired_stays_out(local_gitlab: LocalGitLab, connected: GitLab, settings: Settings) -> None:
    report = local_gitlab.incident()
    look(connected, settings, scope_of(report))
    local_gitlab.store.clock.offset = dt.timedelta(days=40)
    later = NOW + dt.timedelta(days=40)
    assert look(connected, settings, scope_of(report), now=later).parts[0].plan.is_empty


def test_a_new_bot_user_knows_what_the_former_one_made(
    local_gitlab: LocalGitLab, environment: Environment, settings: Settings, tmp_path: Any
) -> None:
    report = local_gitlab.incident()
    look(connect(environment, settings), settings, scope_of(report))
    store = local_gitlab.store
    successor = store.add_user("new.bot", kind="bot")
    store.add_token(successor, ["api"], value="new-token")
    for path in ("sec/incidents", "sec/incident-responders", "sec/on-call", "sec/engineering"):
        old = store.group_paths[path].members[store.usernames["group_1_bot"].id]
        store.group_paths[path].members[successor.id] = type(old)(successor.id, 50, store.now())
    for path in ("sec/intake", "sec/operations"):
        project = local_gitlab.project(path)
        assert project is not None
        project.members[successor.id] = type(old)(successor.id, 40, store.now())
    config = settings_folder(tmp_path)
    (config / "bot.yml").write_text("operators_project: sec/operations\nformer_bot_usernames: [group_1_bot]\n")
    succeeded = Environment(
        gitlab_url=environment.gitlab_url, gitlab_token="new-token", config=config, templates=environment.templates
    )
    after = load_settings(succeeded)
    assert look(connect(succeeded, after), after).parts[0].plan.steps == ()


def test_one_refused_change_stops_nothing_else(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident()
    local_gitlab.fault(times=1, method="POST", path="/issues/1/notes$", status=403, body={"message": "403 Forbidden"})
    result = look(connected, settings, scope_of(report))
    assert result.exit_code == 4
    assert len(local_gitlab.members(local_gitlab.incident_of(report))) == 6
    assert look(connected, settings, scope_of(report)).exit_code == 0


@pytest.mark.parametrize("path", ["/members$", "/members/all$"])
@pytest.mark.parametrize("status", [403, 500])
def test_nobody_stands_in_the_record_who_was_not_added(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings, path: str, status: int
) -> None:
    """Else the next look would take them for removed, and leave them out for good."""
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    local_gitlab.label(report, "severity::1")
    if path == "/members$":
        local_gitlab.fault(times=1000, path=path, method="POST", status=status)
    else:  # the plan's own reading comes first, then the writer's
        local_gitlab.fault(times=1000, skip=1, path=path, status=status)
    assert look(connected, settings, scope_of(report)).exit_code == 4
    local_gitlab.application.control.faults.clear()
    look(connected, settings, scope_of(report))
    assert len(local_gitlab.members(project)) == 6


def test_a_raise_that_failed_is_tried_again(local_gitlab: LocalGitLab, connected: GitLab, settings: Settings) -> None:
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    ada = local_gitlab.store.usernames["resp.ada"]
    local_gitlab.call("POST", f"/projects/{project.id}/members", json={"user_id": ada.id, "access_level": 10})
    local_gitlab.fault(times=1, path=f"/members/{ada.id}$", method="PUT", status=403)
    local_gitlab.label(report, "severity::1")
    look(connected, settings, scope_of(report))
    assert local_gitlab.members(project)["resp.ada"] == 10
    look(connected, settings, scope_of(report))
    assert local_gitlab.members(project)["resp.ada"] == 30
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty


def test_who_is_removed_after_the_severity_rose_stays_out(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident("incident")
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    local_gitlab.label(report, "severity::1")
    look(connected, settings, scope_of(report))
    rita = local_gitlab.store.usernames["rita.reporter"].id
    local_gitlab.call("DELETE", f"/projects/{project.id}/members/{rita}")
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty


def test_people_may_rewrite_the_whole_text_of_the_incident(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.incident()
    look(connected, settings, scope_of(report))
    project = local_gitlab.incident_of(report)
    local_gitlab.call("PUT", f"/projects/{project.id}/issues/1", json={"description": "ours now", "title": "Ours"})
    assert look(connected, settings, scope_of(report)).parts[0].plan.is_empty
    assert len(local_gitlab.issues(project)) == 1


def test_a_confidential_report_is_read_and_handled(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    report = local_gitlab.report("Secret", confidential=True)
    local_gitlab.label(report, "severity::1")
    look(connected, settings)
    assert local_gitlab.incident_of(report).visibility == "private"


def test_a_reporter_whose_name_is_part_of_many_others_is_still_added(
    local_gitlab: LocalGitLab, connected: GitLab, settings: Settings
) -> None:
    """GitLab's search of members finds parts of names, a hundred at a time."""
    store = local_gitlab.store
    engineering = store.group_paths["sec/engineering"]
    rita = store.usernames["rita.reporter"]
    membership = engineering.members.pop(rita.id)
    for number in range(120):
        user = store.add_user(f"x.rita.reporter.{number}")
        engineering.members[user.id] = type(membership)(user.id, 30, store.now())
    late = store.add_user("rita", "Rita")
    engineering.members[late.id] = type(membership)(late.id, 30, store.now())
    store.add_token(late, ["api"], value="late-token")
    report = local_gitlab.report(token="late-token")
    local_gitlab.label(report, "incident")
    look(connected, settings, scope_of(report))
    assert local_gitlab.members(local_gitlab.incident_of(report)) == {"rita": 20}


def test_everyday_connections_leave_incidents_their_share(environment: Environment, settings: Settings) -> None:
    budget = RateBudget()
    incidents = connect(environment, settings, lane=Lane.INCIDENTS, budget=budget)
    everyday = connect(environment, settings, lane=Lane.EVERYDAY, budget=budget)
    assert (incidents.reading.session.reserved, everyday.reading.session.reserved) == (0.0, 0.3)
    assert incidents.reading.session.budget is everyday.reading.session.budget
