"""What in a comment is a command to the bot, and whose count."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.comment_commands.grammar import Command, parse_commands, without_commands
from bot.comment_commands.rights import may_command
from bot.domain.resources import AccessLevel, Member, Note, User

KNOWN = ("refresh", "bubble up")
AT = dt.datetime(2026, 9, 9, 6, 0, tzinfo=dt.UTC)
WREN, BOT = User(30, "dev.wren"), User(1, "the.bot")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sectionbot refresh", [Command("refresh")]),
        ("@sectionbot refresh", [Command("refresh")]),
        ("SectionBot, Refresh.", [Command("refresh")]),
        ("sectionbot: bubble  up", [Command("bubble up")]),
        ("   sectionbot refresh", [Command("refresh")]),
        ("Thanks!\nsectionbot refresh\nsectionbot bubble up", [Command("refresh"), Command("bubble up")]),
        ("sectionbot refresh the numbers", [Command("refresh", "the numbers")]),
        ("- [ ] x\r\nsectionbot refresh\r\n", [Command("refresh")]),
    ],
)
def test_a_line_that_begins_with_the_name_is_a_command(text: str, expected: list[Command]) -> None:
    assert list(parse_commands(text, "sectionbot", KNOWN)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sectionbot",
        "sectionbot refreshes",
        "sectionbot-refresh",
        "sectionbotrefresh",
        "please, sectionbot refresh",
        "sectionbots refresh",
        "    sectionbot refresh",
        "\tsectionbot refresh",
        "> sectionbot refresh",
        "> they said\nsectionbot refresh",
        ">>>\nsectionbot refresh\n>>>",
        "```\nsectionbot refresh\n```",
        "~~~~ text\n```\nsectionbot refresh\n~~~~",
        "```\nsectionbot refresh",
        "`sectionbot refresh`",
        "<!-- sectionbot refresh -->",
        "<!--\nsectionbot refresh\n-->",
        "<!-- never closed\nsectionbot refresh",
        "sectionbot\nrefresh",
        "> hi\u2028\u2028sectionbot refresh",
        "> hi\x0csectionbot refresh",
        "- > foo\nsectionbot refresh",
        "- sectionbot refresh",
        "- ```\n  sectionbot refresh\n  ```",
        "<blockquote>\nsectionbot refresh\n</blockquote>",
        "<pre>\n\nsectionbot refresh\n</pre>",
        "`a\nsectionbot refresh\nb`",
        "# sectionbot refresh",
        "| a |\n| --- |\n| sectionbot refresh |",
        "[sectionbot refresh](x)",
        "*sectionbot* refresh",
        "**see `a\nb` so**\nsecret line\nsectionbot refresh",
    ],
)
def test_what_is_quoted_or_code_or_no_line_of_its_own_is_none(text: str) -> None:
    assert parse_commands(text, "sectionbot", KNOWN) == ()


@pytest.mark.parametrize(
    "text", ["> quoted\n\nsectionbot refresh", "```\ncode\n```\nsectionbot refresh", "```x```\nsectionbot refresh"]
)
def test_after_a_quote_or_code_people_speak_again(text: str) -> None:
    assert [each.name for each in parse_commands(text, "sectionbot", KNOWN)] == ["refresh"]


def test_the_name_is_a_setting_and_no_pattern() -> None:
    assert parse_commands("sec.bot refresh", "sec.bot", KNOWN) == (Command("refresh"),)
    assert parse_commands("secxbot refresh", "sec.bot", KNOWN) == ()


def test_what_is_left_when_commands_are_taken_out() -> None:
    text = "The build was red for a week.\n\nsectionbot bubble up\nYes."
    assert without_commands(text, "sectionbot") == "The build was red for a week.\n\nYes."
    assert without_commands("sectionbot refersh\nA point", "sectionbot") == "A point"
    assert without_commands("```\nsectionbot refresh\n```", "sectionbot") == "```\nsectionbot refresh\n```"


def note(**fields: object) -> Note:
    return Note(**({"id": 5, "author": WREN, "body": "sectionbot refresh", "created_at": AT} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "level", "counts"),
    [
        (note(), AccessLevel.GUEST, True),
        (note(), AccessLevel.MINIMAL, False),
        (note(author=User(31, "else")), AccessLevel.OWNER, False),
        (note(author=BOT), AccessLevel.OWNER, False),
        (note(is_system=True), AccessLevel.OWNER, False),
        (note(edited_at=AT + dt.timedelta(seconds=40)), AccessLevel.GUEST, True),
        (note(updated_at=AT + dt.timedelta(days=2)), AccessLevel.GUEST, True),
        (note(edited_at=AT + dt.timedelta(days=2)), AccessLevel.OWNER, False),
    ],
    ids=[
        "a member",
        "too little",
        "no member",
        "the bot",
        "GitLab's own words",
        "a slip mended",
        "agreed with",
        "edited into it",
    ],
)
def test_whose_commands_count(given: Note, level: AccessLevel, counts: bool) -> None:
    members = [Member(WREN, level), Member(BOT, AccessLevel.OWNER)]
    assert may_command(given, members, AccessLevel.GUEST, frozenset({BOT.id})) is counts
