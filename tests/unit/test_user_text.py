"""Text of users is data: what the bot posts of it does nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.markers import marker, read_marker
from bot.domain.user_text import harmless, harmless_line, harmless_title, quoted
from bot.emulator.quick_actions import extract

J = "\u2060"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words stay", "plain words stay"),
        ("/close", "\\/close"),
        ("  /label ~x", "  \\/label ~x"),
        ("a\r\n/close", "a\n\\/close"),
        ("a\u2028/close", "a\n\\/close"),
        ("and/or", "and/or"),
        ("hi @all", f"hi @{J}all"),
        ("hi &#64;all &commat;all R&D", f"hi &{J}#64;all &{J}commat;all R&D"),
        ("mail a@b.example", f"mail a@{J}b.example"),
        ("<!-- sectionbot:incident -->", "&lt;!-- sectionbot:incident -->"),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("1 < 2", "1 < 2"),
        ("{{ config }} {% if %} {# c #}", f"{{{J}{{ config }}}} {{{J}% if %}} {{{J}# c #}}"),
        (">>>\n/close\n>>>", "\\>>>\n\\/close\n\\>>>"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("right\u202eleft", "rightleft"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
    ],
)
def test_what_could_act_is_made_inert(text: str, expected: str) -> None:
    assert harmless(text) == expected


def test_a_cell_of_a_table_stays_one_cell() -> None:
    assert harmless_line("a | b\n/close") == "a \\| b \\/close"


def test_a_title_is_plain_text_on_one_line() -> None:
    assert harmless_title("a\n<b> @all {{x}}\x07") == f"a <b> @{J}all {{{J}{{x}}}}"
    assert len(harmless_title("x" * 300)) == 255


def test_a_long_report_is_cut_and_says_so() -> None:
    assert quoted("x" * 11, 10) == "> xxxxxxxxxx\n> … (cut; the source has the whole text)"


@given(st.text(alphabet=st.sampled_from(list("/@<>!-{}%#`~ \n\r\t\x00\u200b\u2060abclosesectionbot:=")), max_size=80))
def test_no_text_becomes_a_command_a_mention_or_a_marker(text: str) -> None:
    for safe in (harmless(text), quoted(text), harmless_line(text)):
        assert extract(safe).found == []
        assert "<!--" not in safe
        assert "{{" not in safe and "{%" not in safe
        assert "@a" not in safe


def test_markers_carry_fields_and_are_found_by_name() -> None:
    mark = marker("incident_project", source="12#34", severity=1)
    assert mark == "<!-- sectionbot:incident_project source=12#34 severity=1 -->"
    assert read_marker("incident_project", f"text {mark}") == {"source": "12#34", "severity": "1"}
    assert read_marker("incident", f"text {mark}") is None
