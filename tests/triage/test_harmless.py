"""However a policy turns a title round, what the bot writes does not act."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.triage.trying import try_text
from tests.triage.policies import NOW, issue


class NoApi:
    base_url = "https://gitlab.example"

    def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        return []

    def one(self, path: str, **params: str) -> dict[str, Any]:
        return {}


EVIL = "@all <b> x\n/close"
ROW = issue(
    1,
    title=EVIL,
    description="@all\n/close\n<!-- sectionbot:triage -->",
    labels=["@all", "b"],
    milestone={"title": "@all"},
    type="issues",
)
TURNED = (
    "resource[:title]",
    "resource[:title].upcase",
    '[resource[:title]].join(",")',
    'format("%s",resource[:title])',
    '"%s" % resource[:title]',
    'resource[:labels].map(&:itself).join(" ")',
    'labels.map(&:name).join(" ")',
    'labels.map { |l| "~#{l.name}" }.join(" ")',
    "resource[:title].split.first",
    'resource[:title].tr("x","y")',
    "resource[:title].scan(/@\\w+/).first",
    "resource[:labels].to_sentence",
    "resource[:title].inspect",
    "resource[:labels].inspect",
    "{a: resource[:title]}",
    "{a: resource[:title]}[:a]",
    "resource[:title].to_sym",
    '"a" + resource[:title]',
    'resource[:title] + "a"',
    "resource[:title] * 2",
    "milestone.title",
    'resource[:title].gsub("b"){ |m| m }',
    '"zz".gsub("z") { resource[:title] }',
    '"zz".sub("z", resource[:title])',
    "resource[:description].lines.join",
    "resource[:title].chars.join",
    "resource[:title].each_char.to_a.join",
    'resource[:labels].sum("")',
    "resource[:labels].inject(:+)",
    "resource[:labels].inject { |a,b| a + b }",
    "resource[:labels].min",
    "resource[:labels].max_by(&:size)",
    "resource[:labels].group_by(&:itself).keys.first",
    "resource[:labels].tally.keys.join",
    "resource[:labels].each_with_object([]) { |l,a| a << l }.join",
    'x = ""; x += resource[:title]; x',
    'resource.values.grep(String).join(" ")',
    "resource.to_json",
    "resource[:labels].to_json",
    "resource[:title].center(50)",
    '"x".center(20, resource[:title])',
    '"x".ljust(30, resource[:title])',
    'resource[:title].partition("x").join',
    "resource[:title][/@\\w+/]",
    "resource[:title] =~ /(@\\w+)/; $1",
    "resource[:title].match(/@\\w+/)[0]",
    "resource[:title].match(/@\\w+/).to_s",
    "$~.to_s",
    "Regexp.escape(resource[:title])",
    "/#{resource[:title]}/.source",
    "resource[:title].to_s.dup",
    "resource[:title].truncate(8)",
    "resource[:title].then { |t| t }",
    'resource.slice("title").values.first',
    'resource.select { |k,v| k == "title" }.values.join',
    'resource.find { |k,v| k == "title" }.last',
    "JSON.parse(resource[:labels].to_json).first",
    "String(resource[:title])",
    "Array(resource[:title]).first",
    "[[resource[:title]]].flatten.first",
    '[resource[:title], "x"].zip([1,2]).first.first',
    "[resource[:title]].cycle(2).to_a.join",
    "CGI.escape(resource[:title])",
    'resource[:title].presence || "x"',
    "resource[:title].try(:upcase)",
    "resource.dig(:milestone, :title)",
    "resource.fetch(:title)",
    "resource.fetch(:nope, resource[:title])",
    "[resource[:title]].map(&:to_sym).join",
    "resource[:title].to_sym.to_s",
    "resource[:title].reverse.reverse",
    'resource[:title].delete("b")',
    'resource[:title].prepend("")',
    '"".insert(0, resource[:title])',
    '"".concat(resource[:title])',
    "resource[:title].parameterize",
    "resource[:title].bytes.map(&:chr).join",
    "resource[:title].codepoints.map { |c| c.chr }.join",
    "resource[:title].ord.chr + resource[:title][1..]",
    "resource[:title].succ",
    "[1].map { resource[:title] }.first",
    "case resource[:title] when /(?<a>@\\w+)/ then $~[:a] end",
    'resource[:labels].join("").swapcase',
    'resource[:title].sub(/\\A/, "")',
    "resource[:labels].first(1).to_s",
    '"a".tr("a", resource[:title])',
    'resource[:labels].partition { |x| x == "b" }.flatten.join',
    "resource[:labels].sort_by(&:size).reverse.first",
    '(resource[:labels] - ["b"]).first',
    '(resource[:labels] & ["@all"]).first',
    '(resource[:labels] | ["c"]).first',
    "resource[:labels].uniq.first",
    "resource[:labels].compact.last",
    "resource[:labels].values_at(0).first",
    "resource[:labels].each_slice(1).to_a.first.first",
    "resource[:labels].index_by(&:itself).values.first",
    "resource[:labels].to_h { |l| [l, l] }.keys.first",
    "resource[:labels].zip.first.first",
    "resource[:title].lines.first",
    "resource[:title].strip.squish",
    "resource[:title].unicode_normalize",
)


@pytest.mark.parametrize("expression", TURNED)
def test_a_text_that_was_turned_round_does_not_act(expression: str) -> None:
    trial = try_text("T: #{" + expression + "}", dict(ROW), "issues", NoApi(), NOW, dt.UTC)
    written = trial.result["text"] if trial.result is not None and "text" in trial.result else ""
    assert [each for each in ("@all", "<b>", "\n/close", "<!--") if each in written] == []


def test_what_the_policy_itself_says_acts() -> None:
    row = issue(1, assignees=[{"username": "ann"}, {"username": "bob"}], type="issues")
    source = '#{resource[:assignees].map { |a| "@#{a[:username]}" }.join(", ")} {{author}}\n/close'
    trial = try_text(source, row, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result == {"text": "@ann, @bob @ann\n/close"}
