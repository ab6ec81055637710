"""Who may read what: where a reference may stand, and where a text may be copied."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.confidentiality import (
    UNKNOWN_DESTINATION,
    UNKNOWN_SOURCE,
    Audience,
    Reach,
    Secrecy,
    audience_of,
    reach_of,
)
from bot.domain.places import is_below, is_same_path
from bot.domain.resources import AccessLevel, Issue, Member, Project, User
from bot.domain.user_text import plain_line

NOW = dt.datetime(2026, 9, 7, tzinfo=dt.UTC)
A, B, BOT = User(1, "a"), User(2, "b"), User(9, "bot")


def project(visibility: str, *, issues_for_members: bool = False) -> Project:
    return Project(7, "sec/x", visibility, None, NOW, issues_for_members=issues_for_members)


def issue(*, confidential: bool, assignees: tuple[User, ...] = ()) -> Issue:
    return Issue(1, 1, 7, "sec/x", "", BOT, NOW, NOW, "", confidential=confidential, assignees=assignees)


@pytest.mark.parametrize(
    ("source", "destination", "may"),
    [
        (Secrecy(Reach.EVERYBODY, False), Secrecy(Reach.EVERYBODY, False), True),
        (Secrecy(Reach.EVERYBODY, False), Secrecy(Reach.MEMBERS, True), True),
        (Secrecy(Reach.EVERYBODY, True), Secrecy(Reach.EVERYBODY, True), True),
        (Secrecy(Reach.EVERYBODY, True), Secrecy(Reach.MEMBERS, False), False),
        (Secrecy(Reach.SIGNED_IN, False), Secrecy(Reach.EVERYBODY, False), False),
        (Secrecy(Reach.MEMBERS, False), Secrecy(Reach.SIGNED_IN, True), False),
        (UNKNOWN_SOURCE, Secrecy(Reach.MEMBERS, False), False),
        (Secrecy(Reach.EVERYBODY, True), UNKNOWN_DESTINATION, False),
    ],
)
def test_a_reference_stands_where_its_source_is_kept_no_more_closely(
    source: Secrecy, destination: Secrecy, may: bool
) -> None:
    assert source.is_no_stricter_than(destination) is may


def test_who_reaches_a_project() -> None:
    assert [reach_of(project(each)) for each in ("public", "internal", "private", "new")] == [
        Reach.EVERYBODY,
        Reach.SIGNED_IN,
        Reach.MEMBERS,
        Reach.MEMBERS,
    ]
    assert reach_of(project("public", issues_for_members=True)) is Reach.MEMBERS


def test_who_reads_an_issue() -> None:
    members = [Member(A, AccessLevel.GUEST), Member(B, AccessLevel.PLANNER), Member(BOT, AccessLevel.MAINTAINER)]
    own = frozenset({BOT.id})
    assert audience_of(issue(confidential=False), project("public"), members, own) == Audience(Reach.EVERYBODY)
    assert audience_of(issue(confidential=False), project("private"), members, own).user_ids == {1, 2}
    assert audience_of(issue(confidential=True), project("public"), members, own) == Audience(
        Reach.MEMBERS, frozenset({2})
    )
    assigned = issue(confidential=True, assignees=(A,))
    assert audience_of(assigned, project("public"), members, own).user_ids == {1, 2}


@pytest.mark.parametrize(
    ("readers", "allowed", "within"),
    [
        (Audience(Reach.MEMBERS, frozenset({1})), Audience(Reach.MEMBERS, frozenset({1, 2})), True),
        (Audience(Reach.MEMBERS, frozenset({1, 3})), Audience(Reach.MEMBERS, frozenset({1, 2})), False),
        (Audience(Reach.MEMBERS, frozenset({1})), Audience(Reach.EVERYBODY), True),
        (Audience(Reach.SIGNED_IN), Audience(Reach.EVERYBODY), True),
        (Audience(Reach.EVERYBODY), Audience(Reach.SIGNED_IN), False),
        (Audience(Reach.SIGNED_IN), Audience(Reach.MEMBERS, frozenset({1})), False),
    ],
)
def test_a_text_is_copied_only_where_all_readers_may_read_it(
    readers: Audience, allowed: Audience, within: bool
) -> None:
    assert readers.is_within(allowed) is within


def test_paths_are_compared_as_gitlab_does() -> None:
    assert is_same_path("Sec/X", "sec/x") and not is_same_path(None, "sec/x")
    assert is_below("Sec/Incidents/x", "sec/incidents/") and not is_below("sec/incidents-2/x", "sec/incidents")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "a *b* [c](https://x.example) ![d](e)",
            "a \\*b\\* \\[\u2060c\\](https\u2060://x.example) \\!\\[\u2060d\\](e)",
        ),
        ("#12 !3 ~bug %4 &5 $6 @all", "\\#12 \\!3 \\~bug \\%4 \\&5 \\$6 @\u2060all"),
        ("<b>x</b> a | b", "&lt;b>x&lt;/b> a \\| b"),
        ("/close\n/label ~x", "\\/close /label \\~x"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("1https://e.example _ftp://e slack://x", "1https\u2060://e.example \\_ftp\u2060://e slack\u2060://x"),
        ("[vulnerability:1] {+ x +}", "\\[\u2060vulnerability:1\\] \\{+ x +\\}"),
        ("since 1a2b3c4d5e", "since 1a2\u2060b3c4d5e"),
        ("x" * 300, "x" * 254 + "…"),
    ],
)
def test_a_plain_line_has_no_markup_and_no_references(text: str, shown: str) -> None:
    assert plain_line(text) == shown
