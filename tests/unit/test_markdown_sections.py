"""Sections and tables of an initiative's description, as people write them."""

from __future__ import annotations

import pytest

from bot.markdown.sections import named, says_something, sections

TEXT = """Intro

## Problem

Scans are slow.

### Details

More.

## Implementation plan:

We go step by step.

| Feature category | What | Weight | Depends on |
| --- | --- | --- | --- |
| `dast` | Cut \\| paste | 3 | |
| sbom | [Link](https://x.example) and **bold** | | dast |

## Requirements
"""


def test_a_section_ends_where_the_next_of_its_level_begins() -> None:
    found = sections(TEXT)
    assert [(each.level, each.heading) for each in found] == [
        (2, "Problem"),
        (3, "Details"),
        (2, "Implementation plan:"),
        (2, "Requirements"),
    ]
    assert found[0].text == "Scans are slow.\n\n### Details\n\nMore."
    assert found[3].text == ""


def test_a_table_is_read_with_its_head() -> None:
    plan = named("implementation plan", sections(TEXT))
    assert plan is not None
    assert plan.rows == (
        ("Feature category", "What", "Weight", "Depends on"),
        ("dast", "Cut | paste", "3", ""),
        ("sbom", "Link and bold", "", "dast"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "```\n## Problem\n```",
        "> ## Problem",
        "<!-- \n## Problem\n-->",
        "<!-- never closed\n## Problem",
        "    ## Problem",
        "- ## Problem",
    ],
)
def test_what_is_code_quoted_or_commented_is_no_section(text: str) -> None:
    assert sections(text) == ()


@pytest.mark.parametrize(
    "before",
    [
        "Write `<!-- a comment -->` there.",
        "Write `<!--` to begin one.",
        "Write ``a ` and <!-- `` to begin one.",
        "```html\n<!-- never closed\n```",
        "~~~\n<!--\n~~~~",
        "Like this:\n   ```\n<!--\n   ```",
    ],
)
def test_what_looks_like_a_comment_in_code_hides_nothing(before: str) -> None:
    found = sections(f"## Who\n\n{before}\n\n## Problem\n\nIt is bad.\n")
    assert [(each.heading, each.text) for each in found] == [("Who", before), ("Problem", "It is bad.")]


@pytest.mark.parametrize(
    "text",
    [
        # A tick that nobody closes in its paragraph begins no code.
        "## Who\n\nOne ` tick.\n\n<!-- hidden -->\n\nAnother ` tick.",
        # A comment that begins a line ends the paragraph, whatever ticks there are.
        "## Who\n\nOne `tick\n<!-- hidden ` -->",
        "## Who\n\n<!-- ` --> shown <!-- hidden ` -->",
        "## Who\n\n```\ncode\n```\n<!-- hidden\n```\n-->",
        "## Who\n\n`` ` <!-- hidden -->",
    ],
)
def test_comments_are_hidden_whatever_ticks_stand_around_them(text: str) -> None:
    assert "hidden" not in sections(text)[0].text


def test_many_ticks_are_read_in_one_go() -> None:
    ticks = " ".join("`" * number for number in range(1, 440))
    assert len(sections(f"# a\n\n{ticks}\n")) == 1
    assert len(sections("# a\n\n" + "`<!-- " * 16_000)) == 1


def test_headings_are_found_however_people_write_them() -> None:
    for heading in (
        "## Who is affected?",
        "# **Who** is affected",
        "Who is affected:\n---",
        "###   who IS affected  ##",
    ):
        assert named("Who is affected", sections(f"{heading}\n\nAll")) is not None, heading
    assert named("Who", sections("## Who is affected\n")) is None


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("Everybody who scans in the night.", True),
        ("Which users, and how many?", False),
        ("which  users, and how MANY?\n", False),
        ("Which users, and how many?\n\nAbout nine thousand customers.", True),
        ("<!-- Which users -->", False),
        ("tbd", False),
        ("### Another heading that is long", False),
        ("", False),
    ],
)
def test_a_section_has_to_say_more_than_its_template(own: str, says: bool) -> None:
    template = sections("## Who is affected\n\nWhich users, and how many?\n")[0]
    assert says_something(sections(f"## Who is affected\n\n{own}\n")[0], template) is says


def test_many_headings_are_read_in_one_go_and_what_is_too_long_to_its_bound() -> None:
    """The cause of quadratic time is gone: what is read is bounded, and each line is looked at once."""
    assert len(sections("# a\n" * 20_000)) == 500
    assert sections("word\n" * 30_000 + "# Behind the bound\n") == ()
