"""Issues as a page that a browser shows by itself: Markdown, references and charts roughly as GitLab draws them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #28272d }
.issue { border: 1px solid #dcdcde; border-radius: 6px; padding: 1rem 1.5rem; margin-bottom: 3rem }
.note { border: 1px solid #dcdcde; border-radius: 6px; padding: 0 1rem; margin: 1rem 0 }
.reply { margin-left: 2rem } .who { color: #737278; font-size: 13px; margin-top: .5rem }
table { border-collapse: collapse } td, th { border: 1px solid #dcdcde; padding: .3rem .7rem; text-align: left }
.ref { color: #1068bf } .label { background: #cbe2f9; border-radius: 10px; padding: 0 .5rem } li { margin: .2rem 0 }
"""
_REFERENCE = re.compile(r"(?P<path>(?:[\w.-]+/)+[\w.-]+)?#(?P<iid>\d+)(?P<plus>\+)?")
_LABEL = re.compile(r"~&quot;(.+?)&quot;")
_SHOWN = {":thumbsup:": "👍", "[ ]": "☐", "[x]": "☑"}


def write_page(
    file: Path, issues: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]], titles: Mapping[str, str]
) -> None:
    """Args: issues: each with its discussions, as GitLab's API gives them; titles: of references."""
    file.parent.mkdir(parents=True, exist_ok=True)
    body = "\n".join(_issue(issue, discussions, titles) for issue, discussions in issues)
    page = f"<!doctype html><meta charset='utf-8'><title>Retrospectives</title><style>{STYLE}</style>\n{body}\n"
    file.write_text(page, encoding="utf-8")


def _issue(issue: dict[str, Any], discussions: list[dict[str, Any]], titles: Mapping[str, str]) -> str:
    path = issue["references"]["full"].rpartition("#")[0]
    labels = " ".join(f"<span class='label'>{html.escape(label)}</span>" for label in issue["labels"])
    secret = "confidential" if issue["confidential"] else "visible to everybody"
    parts = [
        f"<div class='issue'><h1>{html.escape(issue['title'])}</h1>",
        f"<p class='who'>{html.escape(issue['references']['full'])}, {issue['state']}, {secret}, "
        f"due {issue['due_date']} {labels}</p>",
        _markdown(issue["description"], path, titles),
    ]
    for discussion in discussions:
        for at, note in enumerate(each for each in discussion["notes"] if not each["system"]):
            kind = "note reply" if at else "note"
            parts.append(
                f"<div class='{kind}' id='note_{note['id']}'><p class='who'>{html.escape(note['author']['name'])}</p>"
                f"{_markdown(note['body'], path, titles)}</div>"
            )
    return "\n".join([*parts, "</div>"])


def _markdown(text: str, path: str, titles: Mapping[str, str]) -> str:
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    shown = MarkdownIt("js-default").render(text)
    shown = re.sub(
        r'<pre><code class="language-mermaid">(.*?)</code></pre>', lambda code: _chart(code[1]), shown, flags=re.DOTALL
    )
    shown = _LABEL.sub(r"<span class='label'>\1</span>", shown)
    for sign, picture in _SHOWN.items():
        shown = shown.replace(sign, picture)

    def named(match: re.Match[str]) -> str:
        full = f"{match['path'] or path}#{match['iid']}"
        short = f"{match['path'] or ''}#{match['iid']}"
        title = titles.get(full)
        return f"<span class='ref'>{html.escape(title)} ({short})</span>" if title and match["plus"] else short

    # Only in text: not within tags, where addresses stand.
    return "".join(
        part if part.startswith("<") else _REFERENCE.sub(named, part) for part in re.split(r"(<[^>]+>)", shown)
    )


def _chart(code: str) -> str:
    """Bars and a line, as in the description of the chart."""

    def numbers(kind: str) -> list[int]:
        found = re.search(rf"{kind} \[(.*?)\]", code)
        return [int(number) for number in found[1].split(",")] if found else []

    bars, line = numbers("bar"), numbers("line")
    titles = re.findall(r"&quot;([\d.]+)&quot;", code)
    most = max([1, *bars, *line])
    unit = 120 / most
    drawn = [
        f"<rect x='{40 + 80 * at}' y='{140 - count * unit}' width='50' height='{count * unit}' fill='#617ae2'/>"
        f"<text x='{50 + 80 * at}' y='158' font-size='12'>{html.escape(title)}</text>"
        for at, (title, count) in enumerate(zip(titles, bars, strict=True))
    ]
    points = " ".join(f"{65 + 80 * at},{140 - count * unit}" for at, count in enumerate(line))
    drawn.append(f"<polyline points='{points}' fill='none' stroke='#c24b38' stroke-width='3'/>")
    width = 60 + 80 * len(bars)
    return (
        f"<svg width='{width}' height='185'>{''.join(drawn)}<text x='40' y='178' font-size='12'>issues shipped (bars) "
        "and slipped (line)</text></svg>"
    )
