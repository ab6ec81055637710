"""Changes against the emulator: by their natural keys, with lost answers, twice, and beside other people's doings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.changes import (
    AddMembers,
    ChangeLabels,
    CreateIssue,
    CreateProject,
    Grant,
    LinkNote,
    PublishIssue,
    RaiseMember,
    RecordAccess,
    RegisterHook,
    WriteNote,
)
from bot.domain.plan import Outcome, Status, Step
from bot.domain.resources import AccessLevel, IssueId
from bot.domain.text_hash import hash_of
from bot.emulator.tables import Issue
from bot.wiring import GitLab
from tests.local_gitlab import LocalGitLab

MARK = "<!-- sectionbot:incident_project source=1#1 -->"
ISSUE_MARK = "<!-- sectionbot:incident source=1#1 -->"
PATH = "sec/incidents/incident-1-1"
PROJECT = CreateProject(PATH, "Incident 1-1", f"text {MARK}", MARK, ("issues",))
ISSUE = CreateIssue(PATH, "T", f"D\n\n{ISSUE_MARK}", ISSUE_MARK, ("severity::1",), iid=1)
UNTIL = dt.date(2027, 1, 1)


def apply(connected: GitLab, *changes: Any) -> list[Outcome]:
    writer = connected.writer()
    return [writer.apply(Step(change, "because", "subject"), frozenset()) for change in changes]


def grant(local_gitlab: LocalGitLab, name: str, level: AccessLevel = AccessLevel.DEVELOPER) -> Grant:
    return Grant(local_gitlab.store.usernames[name].id, name, level, UNTIL, "test")


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def test_a_project_is_private_from_its_first_moment_and_has_only_what_is_needed(
    local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    assert statuses(apply(connected, PROJECT)) == [Status.DONE]
    project = local_gitlab.project(PATH)
    assert project is not None
    assert project.visibility == "private"
    on = sorted(name for name, setting in project.features.items() if setting != "disabled")
    assert on == ["issues"]
    assert project.settings["request_access_enabled"] is False
    assert local_gitlab.requests(writes=True) == ["POST /projects"]


def test_a_second_time_is_already_so(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    apply(connected, PROJECT, ISSUE)
    assert statuses(apply(connected, PROJECT, ISSUE)) == [Status.ALREADY_SO, Status.ALREADY_SO]
    project = local_gitlab.project(PATH)
    assert project is not None and len(local_gitlab.issues(project)) == 1


@pytest.mark.parametrize("fault", [{"lose_answer": True}, {"status": 502}, {"cut": True}])
@pytest.mark.parametrize("path", ["/projects$", "/issues$", "/notes$", "/members$"])
def test_a_post_without_answer_is_never_done_twice(
    local_gitlab: LocalGitLab, connected: GitLab, fault: dict[str, Any], path: str
) -> None:
    """Whether it was carried out is read, not guessed; what was not is done by the next run."""
    people = AddMembers(PATH, (grant(local_gitlab, "resp.ada"), grant(local_gitlab, "resp.ben")))
    note = WriteNote(PATH, 1, "<!-- sectionbot:x -->", "hello <!-- sectionbot:x -->")
    local_gitlab.fault(method="POST", path=path, **fault)
    apply(connected, PROJECT, ISSUE, people, note)
    second = apply(connected, PROJECT, ISSUE, people)
    assert all(outcome.status.is_good for outcome in second)
    project = local_gitlab.project(PATH)
    assert project is not None
    assert [issue.iid for issue in local_gitlab.issues(project)] == [1]
    assert len(local_gitlab.notes(local_gitlab.issues(project)[0])) <= 1
    assert local_gitlab.members(project) == {"resp.ada": 30, "resp.ben": 30}


def test_a_taken_path_is_refused_with_gitlabs_words(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    group = local_gitlab.store.group_paths["sec/incidents"]
    local_gitlab.store.add_project("incident-1-1", group, local_gitlab.store.usernames["section.owner"])
    (outcome,) = apply(connected, PROJECT)
    assert outcome.status is Status.REFUSED
    assert outcome.sentence.startswith(f"{PATH} could not be created: project_namespace.name has already been taken")


def test_too_small_a_role_is_said_with_the_one_that_is_needed(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    bot = local_gitlab.store.usernames["group_1_bot"]
    local_gitlab.store.group_paths["sec/incidents"].members[bot.id].access_level = 20
    (outcome,) = apply(connected, PROJECT)
    assert outcome == Outcome(
        Status.REFUSED,
        f"{PATH} could not be created: namespace is not valid. The bot needs the role Owner in sec/incidents.",
    )


def test_a_marker_in_a_strangers_project_is_worth_nothing(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    group = local_gitlab.store.group_paths["sec/incidents"]
    stranger = local_gitlab.store.usernames["section.owner"]
    local_gitlab.store.add_project("incident-1-1", group, stranger, description=MARK)
    assert statuses(apply(connected, PROJECT)) == [Status.REFUSED]


def test_an_issue_number_that_a_person_took_first(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    apply(connected, PROJECT)
    project = local_gitlab.project(PATH)
    assert project is not None
    local_gitlab.call("POST", f"/projects/{project.id}/issues", json={"title": "mine", "iid": 1})
    assert statuses(apply(connected, ISSUE)) == [Status.DONE]
    assert [(issue.iid, issue.title) for issue in local_gitlab.issues(project)] == [(1, "mine"), (2, "T")]


def test_of_two_issues_that_were_made_at_once_the_lowest_stays(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    """As Maintainer the bot cannot choose the number, so two writers can both succeed."""
    change = CreateIssue("sec/operations", "T", f"D {ISSUE_MARK}", ISSUE_MARK)
    body = {"title": "T", "description": f"D {ISSUE_MARK}", "confidential": True}
    connected.identity.get()
    local_gitlab.fault(method="GET", path="/issues$", status=200, body=[])
    local_gitlab.call("POST", "/projects/sec%2Foperations/issues", "demo-bot-token", json=body)
    apply(connected, change)
    project = local_gitlab.project("sec/operations")
    assert project is not None
    assert [(issue.iid, issue.state) for issue in local_gitlab.issues(project)] == [(1, "opened"), (2, "closed")]


def test_a_later_note_of_a_race_is_deleted(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    issue = local_gitlab.report()
    mark = "<!-- sectionbot:x -->"
    path = f"/projects/{issue.project_id}/issues/{issue.iid}/notes"
    local_gitlab.call("POST", path, "demo-bot-token", json={"body": f"old {mark}"})
    apply(connected, WriteNote("sec/intake", 1, mark, f"new {mark}", IssueId(issue.project_id, issue.iid)))
    assert local_gitlab.notes(issue) == [f"new {mark}"]


def test_a_note_that_a_person_deleted_is_written_again(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    issue = local_gitlab.report()
    mark = "<!-- sectionbot:x -->"
    change = WriteNote("sec/intake", 1, mark, f"new {mark}", IssueId(issue.project_id, issue.iid), note_id=4711)
    assert statuses(apply(connected, change)) == [Status.DONE]
    assert local_gitlab.notes(issue) == [f"new {mark}"]


def test_a_note_with_the_marker_by_somebody_else_is_not_touched(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    issue = local_gitlab.report()
    mark = "<!-- sectionbot:x -->"
    path = f"/projects/{issue.project_id}/issues/{issue.iid}/notes"
    local_gitlab.call("POST", path, "demo-passerby-token", json={"body": f"fake {mark}"})
    apply(connected, WriteNote("sec/intake", 1, mark, f"real {mark}", IssueId(issue.project_id, issue.iid)))
    assert local_gitlab.notes(issue) == [f"fake {mark}", f"real {mark}"]


def test_people_of_one_role_and_expiry_go_in_one_request(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    apply(connected, PROJECT)
    local_gitlab.forget_requests()
    reporter = grant(local_gitlab, "rita.reporter", AccessLevel.REPORTER)
    listed = [grant(local_gitlab, f"resp.{name}") for name in ("ada", "ben", "cho")]
    assert statuses(apply(connected, AddMembers(PATH, (reporter, *listed)))) == [Status.DONE]
    posts = [line for line in local_gitlab.requests() if line.startswith("POST")]
    assert len(posts) == 2


def test_two_hundred_people_go_in_requests_of_a_hundred(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    apply(connected, PROJECT)
    for number in range(201):
        local_gitlab.store.add_user(f"many.{number}")
    grants = tuple(grant(local_gitlab, f"many.{number}") for number in range(201))
    local_gitlab.forget_requests()
    assert statuses(apply(connected, AddMembers(PATH, grants))) == [Status.DONE]
    assert len([line for line in local_gitlab.requests() if line.startswith("POST")]) == 3


def test_nobody_is_demoted_by_a_repeated_request(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    """GitLab's request for several overwrites roles, so it contains only who is no member."""
    apply(connected, PROJECT)
    change = AddMembers(PATH, (grant(local_gitlab, "resp.ada"), grant(local_gitlab, "resp.ben")))
    apply(connected, change)
    project = local_gitlab.project(PATH)
    assert project is not None
    project.members[local_gitlab.store.usernames["resp.ada"].id].access_level = 40
    del project.members[local_gitlab.store.usernames["resp.ben"].id]
    apply(connected, change)
    assert local_gitlab.members(project) == {"resp.ada": 40, "resp.ben": 30}


def test_who_is_missing_afterwards_is_named(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    """GitLab drops unknown ids without a word; the list tells."""
    apply(connected, PROJECT, ISSUE)
    ghost = Grant(9999, "ghost", AccessLevel.DEVELOPER, UNTIL, "test")
    (outcome,) = apply(
        connected, AddMembers(PATH, (ghost, grant(local_gitlab, "resp.ada"), grant(local_gitlab, "resp.ben")))
    )
    assert outcome.status is Status.REFUSED
    assert outcome.sentence == "Not members although they were to be added: ghost."
    assert outcome.absent == {9999}


def test_more_access_is_given_to_a_member_and_to_one_by_inheritance(
    local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    apply(connected, PROJECT, AddMembers(PATH, (grant(local_gitlab, "resp.ada", AccessLevel.REPORTER),)))
    ids = {name: local_gitlab.store.usernames[name].id for name in ("resp.ada", "resp.ben")}
    group = local_gitlab.store.group_paths["sec/incidents"]
    local_gitlab.call("POST", f"/groups/{group.id}/members", json={"user_id": ids["resp.ben"], "access_level": 20})
    raises = [RaiseMember(PATH, ids[name], name, AccessLevel.DEVELOPER, UNTIL, UNTIL, "t") for name in ids]
    assert statuses(apply(connected, *raises)) == [Status.DONE, Status.DONE]
    project = local_gitlab.project(PATH)
    assert project is not None and local_gitlab.members(project) == {"resp.ada": 30, "resp.ben": 30}
    assert statuses(apply(connected, *raises)) == [Status.ALREADY_SO, Status.ALREADY_SO]


def test_the_record_leaves_out_whom_gitlab_did_not_take(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    from bot.domain.access_record import AccessEntry, parse_record

    apply(connected, PROJECT, ISSUE)
    entries = tuple(
        AccessEntry(number, name, AccessLevel.DEVELOPER, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), UNTIL, 1, "t")
        for number, name in ((3, "in"), (4, "out"))
    )
    writer = connected.writer()
    writer.apply(Step(RecordAccess(PATH, 1, entries), "b", "s"), frozenset({4}))
    project = local_gitlab.project(PATH)
    assert project is not None
    (body,) = local_gitlab.notes(local_gitlab.issues(project)[0])
    assert list(parse_record(body)) == [3]


def test_labels_that_gitlab_ignores_are_a_refusal(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    issue = local_gitlab.report()
    project = local_gitlab.project("sec/intake")
    assert project is not None
    bot = local_gitlab.store.usernames["group_1_bot"]
    issue.author_id = bot.id
    project.members[bot.id].access_level = 10
    change = ChangeLabels("sec/intake", 1, IssueId(issue.project_id, 1), add=("incident",))
    (outcome,) = apply(connected, change)
    assert outcome.status is Status.REFUSED
    assert outcome.sentence == "GitLab ignored the labels: the bot's role in the project is too small."


def test_a_hook_is_made_once_and_then_updated(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    change = RegisterHook("sec/intake", False, "https://bot.example/webhooks/gitlab", ("issues_events",))
    apply(connected, change)
    apply(connected, change)
    (hook,) = local_gitlab.store.hooks.values()
    assert (hook.token, hook.events["issues_events"], hook.events["push_events"]) == ("hook-token", True, False)


def test_an_issue_without_its_labels_is_told(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    """GitLab leaves out what the bot may not set, and says nothing."""
    bot = local_gitlab.store.usernames["group_1_bot"].id
    local_gitlab.store.group_paths["sec/retrospectives"].members.pop(bot)
    mark = "<!-- sectionbot:retrospective x=1 -->"
    change = CreateIssue("sec/retrospectives/section", "T", mark, mark, ("retrospective",), confidential=False)
    [outcome] = apply(connected, change)
    assert (outcome.status, outcome.sentence) == (
        Status.REFUSED,
        "sec/retrospectives/section#1 was opened, but GitLab left out the labels retrospective: make them in a group "
        "above, and set them.",
    )


# -- retrospectives ----------------------------------------------------------------------------------------------------

RETRO_PATH = "sec/retrospectives/static-analysis"
RETRO_MARK = "<!-- sectionbot:retrospective group=x milestone=19.4 -->"
NOTE_MARK = "<!-- sectionbot:retrospective_note -->"
RETRO = CreateIssue(RETRO_PATH, "Retro", f"See the bot's note<!-- link -->.\n\n{RETRO_MARK}", RETRO_MARK)
RETRO_NOTE = WriteNote(RETRO_PATH, 0, NOTE_MARK, f"Hello\n\n{NOTE_MARK}", created_by=RETRO.key)
LINK = LinkNote(
    RETRO_PATH,
    0,
    NOTE_MARK,
    "the bot's note<!-- link -->",
    "the bot's note",
    hash_of(RETRO.description),
    created_by=RETRO.key,
)


def linking(retro: Issue) -> LinkNote:
    """The same in a later run."""
    return replace(LINK, iid=retro.iid, issue=IssueId(retro.project_id, retro.iid), created_by="")


@pytest.fixture
def retro(local_gitlab: LocalGitLab, connected: GitLab) -> Issue:
    assert statuses(apply(connected, RETRO, RETRO_NOTE)) == [Status.DONE, Status.DONE]
    project = local_gitlab.project(RETRO_PATH)
    assert project is not None
    [issue] = local_gitlab.issues(project)
    return issue


def test_a_note_is_linked_where_the_description_has_a_place_for_it(retro: Issue, connected: GitLab) -> None:
    [first] = apply(connected, linking(retro))
    assert first.status is Status.DONE
    url = f"{connected.reading.url}/{RETRO_PATH}/-/issues/{retro.iid}#note_{retro.note_ids[0]}"
    assert retro.description == f"See [the bot's note]({url}).\n\n{RETRO_MARK}"
    assert statuses(apply(connected, linking(retro))) == [Status.ALREADY_SO]


def test_a_description_that_a_person_has_edited_is_theirs(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    path = f"/projects/{retro.project_id}/issues/{retro.iid}"
    edited = f"{retro.description}\n\nMine."
    assert local_gitlab.call("PUT", path, json={"description": edited}).ok
    [outcome] = apply(connected, linking(retro))
    assert outcome == Outcome(Status.ALREADY_SO, "Somebody has edited the description: it is theirs.")
    assert retro.description == edited


def test_a_note_that_is_gone_is_not_linked(retro: Issue, local_gitlab: LocalGitLab, connected: GitLab) -> None:
    path = f"/projects/{retro.project_id}/issues/{retro.iid}/notes/{retro.note_ids[0]}"
    assert local_gitlab.call("DELETE", path).ok
    [outcome] = apply(connected, linking(retro))
    assert outcome == Outcome(Status.REFUSED, "The note that was to be linked is not there.")


def test_in_the_run_that_opens_it_the_note_is_linked(local_gitlab: LocalGitLab, connected: GitLab) -> None:
    assert statuses(apply(connected, RETRO, RETRO_NOTE, LINK)) == [Status.DONE] * 3
    project = local_gitlab.project(RETRO_PATH)
    assert project is not None and "[the bot's note](" in (local_gitlab.issues(project)[0].description or "")


def test_what_was_planned_for_a_new_issue_is_not_written_into_one_that_was_there(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    """It may be open to more people by now, or people may have taken its milestone off."""
    note = WriteNote(RETRO_PATH, 0, NOTE_MARK, f"SECRET\n\n{NOTE_MARK}", created_by=RETRO.key)
    there = "The issue was there before: the next run looks at it."
    assert [(each.status, each.sentence) for each in apply(connected, RETRO, note, LINK)] == [
        (Status.ALREADY_SO, ""),
        (Status.ALREADY_SO, there),
        (Status.ALREADY_SO, there),
    ]
    assert local_gitlab.notes(retro) == [f"Hello\n\n{NOTE_MARK}"]


def test_a_marker_that_somebody_adds_below_the_bots_own_names_no_issue(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    other = RETRO_MARK.replace("19.4", "19.5")
    path = f"/projects/{retro.project_id}/issues/{retro.iid}"
    assert local_gitlab.call("PUT", path, json={"description": f"{retro.description}\n{other}"}).ok
    following = replace(RETRO, title="Next", description=f"text\n\n{other}", marker=other)
    assert statuses(apply(connected, following)) == [Status.DONE]
    project = local_gitlab.project(RETRO_PATH)
    assert project is not None and len(local_gitlab.issues(project)) == 2


def publish(retro: Issue, note: str = f"Hello\n\n{NOTE_MARK}") -> PublishIssue:
    at = IssueId(retro.project_id, retro.iid)
    return PublishIssue(RETRO_PATH, retro.iid, at, NOTE_MARK, hash_of(note), "hold")


def test_an_issue_is_published_once(retro: Issue, connected: GitLab) -> None:
    assert statuses(apply(connected, publish(retro))) == [Status.DONE]
    assert not retro.confidential
    assert statuses(apply(connected, publish(retro))) == [Status.ALREADY_SO]


def test_a_label_that_was_set_since_the_plan_was_made_holds_it_back(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    local_gitlab.label(retro, "hold", token="root")
    [outcome] = apply(connected, publish(retro))
    assert outcome == Outcome(Status.REFUSED, "Somebody has just put hold on it: it stays confidential.")
    assert retro.confidential


def test_with_a_note_for_other_readers_nothing_is_published(retro: Issue, connected: GitLab) -> None:
    [outcome] = apply(connected, publish(retro, "another note"))
    assert outcome == Outcome(Status.FAILED, "Its note is not the one for the new readers; the next run tries again.")
    assert retro.confidential


def test_a_note_that_is_rewritten_at_the_same_moment_makes_it_confidential_again(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh that was asked for while the issue was confidential is written right after it was published."""
    request = connected.writing.request

    def published_and_rewritten(method: str, path: str, **more: Any) -> Any:
        answer = request(method, path, **more)
        if not retro.confidential:
            local_gitlab.store.notes[retro.note_ids[0]].body = f"SECRET\n\n{NOTE_MARK}"
        return answer

    monkeypatch.setattr(connected.writing, "request", published_and_rewritten)
    [outcome] = apply(connected, publish(retro))
    assert outcome == Outcome(Status.FAILED, "The bot's note was changed meanwhile, so it is confidential again.")
    assert retro.confidential


def test_where_gitlab_leaves_it_confidential_it_is_told(
    retro: Issue, local_gitlab: LocalGitLab, connected: GitLab
) -> None:
    """Its author may edit an issue as a guest, but not who sees it."""
    group, bot = local_gitlab.store.group_paths["sec/retrospectives"], local_gitlab.store.usernames["group_1_bot"]
    assert local_gitlab.call("PUT", f"/groups/{group.id}/members/{bot.id}", json={"access_level": 10}).ok
    [outcome] = apply(connected, publish(retro))
    sentence = "GitLab left it confidential: the bot's role in the project is too small."
    assert outcome == Outcome(Status.REFUSED, sentence)
