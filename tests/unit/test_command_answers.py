"""What the bot answers to what is said to it, and when it says nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.comment_commands.answers import Place, plan_answers, said_by
from bot.comment_commands.vocabulary import CommandSpec
from bot.domain.changes import WriteNote
from bot.domain.resources import AccessLevel, Discussion, Issue, Member, Note, User

NOW = dt.datetime(2026, 9, 9, 6, 0, tzinfo=dt.UTC)
WREN, GUEST, STRANGER, BOT = User(30, "dev.wren"), User(31, "guest"), User(32, "stranger"), User(1, "the.bot")
MEMBERS = (Member(WREN, AccessLevel.DEVELOPER), Member(GUEST, AccessLevel.GUEST), Member(BOT, AccessLevel.MAINTAINER))
VOCABULARY = (
    CommandSpec("refresh", "brings the note up to date", AccessLevel.GUEST),
    CommandSpec("distribute now", "makes the issues of the plan"),
)
ISSUE = Issue(5, 2, 7, "sec/x", "", BOT, NOW, NOW, "")


def said(body: str, author: User = WREN, note_id: int = 20, **fields: Any) -> Note:
    return replace(Note(note_id, author, body, NOW - dt.timedelta(hours=1)), **fields)


def answers(*notes: Note, is_public: bool = False, now: dt.datetime = NOW) -> list[WriteNote]:
    discussions = [Discussion(f"d{note.id}", (note,)) for note in notes]
    steps = plan_answers(Place(ISSUE, discussions, MEMBERS, is_public), VOCABULARY, "secbot", frozenset({1}), now)
    return [step.change for step in steps if isinstance(step.change, WriteNote)]


def test_help_lists_what_can_be_said_here() -> None:
    [answer] = answers(said("secbot help"))
    assert (answer.thread_id, answer.at, answer.body) == (
        "d20",
        ISSUE and answer.at,
        "What can be said here, as a line of a comment:\n\n"
        "| Command | What it does | From the role |\n| --- | --- | --- |\n"
        "| `secbot refresh` | brings the note up to date | Guest |\n"
        "| `secbot distribute now` | makes the issues of the plan | Developer |\n\n"
        f"<!-- sectionbot:command_answer to=20 person=30 refused=no said={said_by(said('secbot help'))} -->",
    )


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("refersh", "refresh"),
        ("Refresh!!", ""),
        ("refreh please", "refresh"),
        ("distribut now", "distribute now"),
        ("distribute", "distribute now"),
        ("hlep", "help"),
        ("is great", ""),
        ("what do you think of the new release process", ""),
        ("", ""),
    ],
)
def test_a_misspelt_command_gets_a_question_and_a_sentence_nothing(words: str, meant: str) -> None:
    found = [answer.body.split("\n")[0] for answer in answers(said(f"secbot {words}"))]
    question = f"I do not know `secbot {words}`. Perhaps you meant `secbot {meant}`?"
    expected = f"{question} `secbot help` lists what can be said here."
    assert found == ([expected] if meant else [])


def test_words_of_people_do_nothing_in_the_answer() -> None:
    [answer] = answers(said("secbot refersh @all \\`/x"))
    assert answer.body.startswith("I do not know `secbot refersh @\u2060all '/x`. Perhaps")


def test_who_may_not_is_told_the_role() -> None:
    note = said("secbot distribute now", GUEST)
    [answer] = answers(note)
    assert answer.body == (
        "`secbot distribute now` had no effect: it takes the role Developer in this project.\n\n"
        f"<!-- sectionbot:command_answer to=20 person=31 refused=yes said={said_by(note)} -->"
    )


def test_in_an_issue_that_was_moved_here_the_same_comments_are_answered() -> None:
    """GitLab copies notes under other ids, with their authors and times."""
    [answer] = answers(said("secbot help"))
    moved = (said("secbot help", note_id=520), said(answer.body, BOT, 521))
    assert answers(*moved) == []
    # In its own issue it is another comment, though it says the same in the same second.
    assert len(answers(said("secbot help"), said(answer.body, BOT, 21), said("secbot help", note_id=22))) == 1


def test_who_can_command_nothing_hears_little() -> None:
    """Guests, where all commands take more: nothing in public projects, elsewhere one answer a day."""
    only = (CommandSpec("distribute now", "x"),)
    for is_public, count in ((True, 0), (False, 1)):
        notes = [said(f"secbot {words}", GUEST, 30 + n) for n, words in enumerate(("help", "distribut now", "helpp"))]
        place = Place(ISSUE, [Discussion(f"d{note.id}", (note,)) for note in notes], MEMBERS, is_public)
        assert len(plan_answers(place, only, "secbot", frozenset({1}), NOW)) == count


def test_what_is_understood_and_may_be_done_is_not_answered_here() -> None:
    assert answers(said("secbot distribute now"), said("secbot refresh", GUEST, 21)) == []


def test_in_public_projects_nobody_is_refused_and_strangers_hear_nothing() -> None:
    assert answers(said("secbot distribute now", GUEST), said("secbot refresh", STRANGER, 21), is_public=True) == []
    assert answers(said("secbot refersh", STRANGER), said("secbot help", STRANGER, 21)) == []


def test_a_refusal_is_said_once_a_day_to_a_person() -> None:
    twice = (said("secbot distribute now", GUEST), said("secbot distribute now", GUEST, 21))
    assert len(answers(*twice)) == 1
    assert len(answers(*twice, said("secbot distribute now", STRANGER, 22))) == 2
    before = said("x <!-- sectionbot:command_answer to=9 person=31 refused=yes -->", BOT, 10)
    assert answers(before, said("secbot distribute now", GUEST)) == []
    assert (
        len(answers(replace(before, created_at=NOW - dt.timedelta(days=2)), said("secbot distribute now", GUEST))) == 1
    )


@pytest.mark.parametrize(
    "silent",
    [
        (said("secbot refersh"), said("x <!-- sectionbot:command_answer to=20 person=30 refused=no -->", BOT, 21)),
        (said("secbot refersh", created_at=NOW - dt.timedelta(days=3)),),
        (said("secbot refersh", edited_at=NOW),),
        (said("> secbot refersh"),),
        (said("secbot refersh", BOT),),
        (said("secbot refersh", is_system=True),),
        (said("refersh"),),
    ],
    ids=["answered", "long ago", "edited", "quoted", "the bot", "GitLab", "not to the bot"],
)
def test_when_it_says_nothing(silent: tuple[Note, ...]) -> None:
    assert answers(*silent) == []


def test_a_persons_copy_of_an_answer_silences_nothing() -> None:
    copied = said("x <!-- sectionbot:command_answer to=20 person=30 refused=no -->", WREN, 21)
    assert len(answers(said("secbot refersh"), copied)) == 1
