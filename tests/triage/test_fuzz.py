"""Random expressions: each gives a value of Ruby's, an error of Ruby's, or a refusal, and never anything of Python's."""

from __future__ import annotations

import contextlib
import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import Limits, Machine, all_names
from bot.triage.ruby.methods.objects import RubyVersion
from bot.triage.ruby.methods.resources import InstanceVersion, Part, Resource
from bot.triage.ruby.moments import Duration, Moment
from bot.triage.ruby.syntax import compile_expression
from bot.triage.ruby.templates import compile_text
from bot.triage.ruby.values import (
    Block,
    Constant,
    Enumerator,
    Failure,
    Hash,
    Match,
    Range,
    Regexp,
    RubySet,
    Symbol,
    UserText,
)
from bot.triage.trying import try_text
from tests.triage.policies import NOW, issue

VALUES = (
    type(None), bool, int, float, str, UserText, Fraction, list, dict, Hash, Range, Regexp, Match, Block, Enumerator,
    RubySet, Symbol, Constant, Failure, dt.date, Moment, Duration, Resource, Part, InstanceVersion, RubyVersion,
)  # fmt: skip
ATOMS = (
    "nil", "true", "1", "-3", "2.5", "0", "'a b'", '"x#{1}"', ":sym", "[1, 'a', nil]", "[]", "{a: 1, 'b' => [2]}", "{}",
    "(1..4)", "('a'..'c')", "/a(b)?/", "Date.today", "Time.now", "DateTime.now", "1.day", "3.months", "resource", "labels",
    "milestone", "author", "state", "self", "[[1, 2], [3, 4]]", "%w[b a]", "Set.new([1])", "->(x) { x }", "3r",
)  # fmt: skip
BLOCKS = ("", "", " { |x| x }", " { |a, b| b }", "(&:to_s)", " { _1 }", " { |x| nil }")
PYTHON = ("__class__", "__init__", "mro", "format_map", "__globals__", "gi_frame", "f_locals", "func_code", "system")


@st.composite
def expressions(draw: Any) -> str:
    names = sorted(name for name in all_names() if name[0].isalpha()) + list(PYTHON)
    text: str = draw(st.sampled_from(ATOMS))
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 4)) == 0:
            operator = draw(
                st.sampled_from(["+", "-", "*", "/", "%", "==", "<", "<=>", "&", "|", "=~", "===", "&&", "||"])
            )
            text = f"({text}) {operator} {draw(st.sampled_from(ATOMS))}"
            continue
        arguments = draw(st.lists(st.sampled_from(ATOMS), max_size=2))
        call = f"({', '.join(arguments)})" if arguments else ""
        block = draw(st.sampled_from(BLOCKS))
        text = f"({text}).{draw(st.sampled_from(names))}{'' if call and block.startswith('(') else call}{block}"
    return text


def evaluated(source: str) -> Any:
    from bot.triage.ruby.methods.resources import Issue

    milestone = {"id": 1, "title": "17.0", "start_date": "2026-01-01", "due_date": "2026-02-01", "state": "active"}
    row = issue(1, labels=["bug", "p::1"], milestone=milestone, type="issues")
    machine = Machine(NOW, dt.UTC, Issue(row, "issues", NoApi()), limits=Limits(steps=3_000, seconds=1.0))
    machine.begin()
    return compile_expression(source).run(machine)


class NoApi:
    base_url = "https://gitlab.example"

    def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        return []

    def one(self, path: str, **params: str) -> dict[str, Any]:
        return {}


@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(expressions())
def test_nothing_of_python_comes_out(source: str) -> None:
    try:
        value = evaluated(source)
    except (RubyError, Refused):
        return
    assert isinstance(value, VALUES), type(value)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (compile_expression, compile_text):
        with contextlib.suppress(RubyError, Refused):
            read(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=40))
def test_whatever_a_title_says_the_text_is_written(title: str) -> None:
    """No title can stop a policy, or act."""
    row = issue(1, title=title, type="issues")
    trial = try_text("T: {{title}} #{resource[:title]}", row, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result is not None
    assert "\n/" not in trial.result["text"].replace("\n\\/", "")
