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


EVIL = "@all <b> &#64;all x\n/close"
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


# Ways on which the mark of a value is lost; what may act is what stands in the expression's own source.
LAUNDERED = (
    "resource[:title].to_sym.inspect",
    "[[resource[:title]]].join",
    "[resource[:labels]].join",
    "[resource[:title]].each_slice(1).to_a.join",
    "[1].zip([resource[:title]]).join",
    "resource[:title].scan(/(.)/m).join",
    "[resource[:title]].group_by(&:size).to_a.join",
    "resource.to_s",
    "resource.inspect",
    "resource.keys.join + resource.values.join",
    "({a: resource[:title]}).to_s",
    "({resource[:title] => 1}).keys.join",
    "({resource[:title] => 1}).to_json",
    "({a: resource[:title]}).to_json",
    "JSON.parse({a: resource[:title]}.to_json)['a']",
    "resource[:title].gsub(/./m) { |c| c }",
    "[1].sum('') { resource[:title] }",
    '["", ""].to_sentence(two_words_connector: resource[:title])',
    "resource[:title].match(/.*/m).inspect",
    "(resource[:title]..resource[:title]).to_s",
    "(resource[:title]..'zz').first",
    "/#{resource[:title]}/.inspect",
    "Set.new([resource[:title]]).to_a.join",
    "Set.new([resource[:title]]).inspect",
    "begin; Integer(resource[:title]); rescue => e; e.message; end",
    "resource[:title].each_line.with_index.map { |l, i| l }.join",
    "resource[:title].codepoints.pack('U*')",
    "resource[:title].each_char.with_object('') { |c, s| s << c }",
    "resource[:title].unpack('U*').map { |c| [c].pack('U') }.join",
)


@pytest.mark.parametrize("expression", LAUNDERED)
def test_a_text_whose_mark_was_lost_does_not_act(expression: str) -> None:
    trial = try_text("T:\n#{" + expression + "}", dict(ROW), "issues", NoApi(), NOW, dt.UTC)
    written = trial.result["text"] if trial.result is not None and "text" in trial.result else ""
    assert [each for each in ("@all", "<b>", "&#64;", "\n/close", "<!--") if each in written] == []


BOUNDARIES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("{{milestone}} {{title}}", {"title": "/close", "milestone": None}, " \\/close"),
    ("hi @{{title}}", {"title": "all"}, "hi @\u2060all"),
    ("hi @{{title}}", {"title": "ann"}, "hi @ann"),
    ("hi @gr{{title}}", {"title": "/../all"}, "hi @gr\u2060/../all"),
    ("hi @gr/sub{{title}}", {"title": " x"}, "hi @gr/sub x"),
    ("hi &#64;all & {{title}}", {"title": "&commat;all"}, "hi &#64;all & &\u2060commat;all"),
    ("&#6{{title}};all", {"title": "4"}, "&\u2060#64;all"),
    ("AT&T; {{title}}", {"title": "R&D"}, "AT&T; R&D"),
    ("{{title}}all", {"title": "see @"}, "see @\u2060all"),
    ("<{{title}}", {"title": "!-- sectionbot:triage -->"}, "&lt;!-- sectionbot:triage -->"),
    ("{{title}}b>", {"title": "x <"}, "x &lt;b>"),
    ("<{{web_url}}>", {"web_url": "https://x.example/1"}, "<https://x.example/1>"),
    ("/{{title}}", {"title": "close"}, "\\/close"),
    ("/cl{{title}}", {"title": "ose"}, "\\/close"),
    ('/#{resource[:title] == "a" ? "close" : "reopen"}', {"title": "b"}, "/reopen"),
    ('/label ~"{{title}}"', {"title": 'x" ~"secret'}, '/label ~"x ~secret"'),
    ("/label ~{{title}}", {"title": 'x ~secret @ann %"m"'}, "/label ~x @\u2060ann"),
    ('/label #{resource[:labels].map { |l| %Q(~"#{l}") }.join(" ")}', {"labels": ["a", "b c"]}, '/label ~"a" ~"b c"'),
    ("/label {{labels}}", {"labels": ["a", "b"]}, '/label ~"a", ~"b"'),
    ("/assign #{%q(@) + resource[:author][:username]}", {}, "/assign @ann"),
    ("/assign @{{title}}", {"title": "ann bob eve"}, "/assign @ann"),
    ("/label {{title}}", {"title": "a secret"}, "/label a"),
    ('/label #{%Q(~"#{resource[:title]}")}', {"title": 'x" ~"secret'}, '/label ~"x ~secret"'),
    ('/label #{%q(~") + resource[:title] + %q(")}', {"title": 'x" ~"secret'}, '/label ~"x ~secret"'),
    ('#{"/label ~\\"#{resource[:title]}\\""}', {"title": 'x" ~"secret'}, '/label ~"x ~secret"'),
    ('/label #{"~" + resource[:title]}', {"title": "x ~secret"}, "/label ~x"),
    ("/label ~{{title}}", {"title": "x ~ann", "author": {"username": "ann"}}, "/label ~x"),
    ("hi @{{title}}", {"title": "all", "labels": ["all"]}, "hi @\u2060all"),
    ("{{title}}/close", {"title": "x\n"}, "x\n\\/close"),
    ("{{title}}\n/close", {"title": "x"}, "x\n/close"),
    ("{{title}}", {"title": "- ```\nx\n1. ~~~"}, "- \\```\nx\n1. \\~~~"),
    ("/var/log of {{title}}", {"title": "two words"}, "/var/log of two words"),
    ("#{[%q(a), resource[:title]].join(%q(-))} b", {"title": "@all"}, "a-@\u2060all b"),
    ("/title {{title}}!", {"title": 'a "b" ~c'}, '/title a "b" ~c!'),
    ("/unknown_one {{title}}", {"title": "x\n/close"}, "/unknown_one x /close"),
    ("- {{title}}", {"title": "```\nx"}, "- \\```\nx"),
    ("{{title}}\n/label ~a", {"title": "~~~"}, "\\~~~\n/label ~a"),
    ("{{title}}", {"title": "{% raw %}"}, "{\u2060% raw %}"),
    ("{{title}}#{'{% raw %}'}", {"title": "a"}, "a{% raw %}"),
)


@pytest.mark.parametrize(("text", "fields", "expected"), BOUNDARIES)
def test_only_what_the_author_wrote_as_a_whole_acts(text: str, fields: dict[str, Any], expected: str) -> None:
    trial = try_text(text, issue(1, author={"username": "ann"}, type="issues") | fields, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result == {"text": expected}


@pytest.mark.parametrize("expression", TURNED)
def test_a_text_that_was_turned_round_does_not_act(expression: str) -> None:
    trial = try_text("T: #{" + expression + "}", dict(ROW), "issues", NoApi(), NOW, dt.UTC)
    written = trial.result["text"] if trial.result is not None and "text" in trial.result else ""
    assert [each for each in ("@all", "<b>", "&#64;", "\n/close", "<!--") if each in written] == []


def test_what_the_policy_itself_says_acts() -> None:
    row = issue(1, assignees=[{"username": "ann"}, {"username": "bob"}], type="issues")
    source = '#{resource[:assignees].map { |a| "@#{a[:username]}" }.join(", ")} {{author}}\n/close'
    trial = try_text(source, row, "issues", NoApi(), NOW, dt.UTC)
    assert trial.result == {"text": "@ann, @bob @ann\n/close"}
