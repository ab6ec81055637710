"""Text that came from a user is data: before the bot posts it, nothing in it may act.

Quick actions: GitLab executes a raw line that begins with `/` at column 0 (doc/user/project/quick_actions, GitLab 19).
Mentions are found after Markdown was rendered, so an entity for the @ would not help; an invisible word joiner does.
For the same reason an entity in the text must not become an @.
"""

from __future__ import annotations

import re
import unicodedata

WORD_JOINER = "\u2060"
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85\v\f]")
_QUICK_ACTION = re.compile(r"^([ \t\u2060\u200b\ufeff]*)/", re.MULTILINE)
_MENTION = re.compile(r"@(?=[\w.-])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=(?:#\w{1,10}|[A-Za-z]\w{1,40});)")
_JINJA = re.compile(r"\{(?=[{%#])")
_FENCE = re.compile(r"^(\s*)(>>>)", re.MULTILINE)
_MARKUP = re.compile(r"([\\`*_\[\]#!~%$&^{}])")
# Where an address, a reference in brackets or the hash of a commit would begin to act.
_SCHEME = re.compile(r"([A-Za-z])(?=://)")
_WWW = re.compile(r"(?<![A-Za-z])(www)(?=\.)", re.IGNORECASE)
_BRACKET = re.compile(r"(\[)")
_COMMIT = re.compile(r"\b([0-9a-f]{3})(?=[0-9a-f]{4,37}\b)")
_REMOVED = {"Cc", "Cf", "Cs", "Co"}


def _keep(character: str) -> bool:
    """No control characters, and none that reorder or hide text; joiners that scripts and emoji need stay."""
    if character in "\n\t\u200c\u200d":
        return True
    return unicodedata.category(character) not in _REMOVED


def harmless(text: str) -> str:
    """The same words, with quick actions, mentions, HTML, comments, Jinja and control characters made inert."""
    text = _LINE_ENDS.sub("\n", text)
    text = "".join(character for character in text if _keep(character))
    text = _ENTITY.sub(f"&{WORD_JOINER}", text)
    text = _QUICK_ACTION.sub(r"\1\\/", text)
    text = _TAG.sub("&lt;", text)
    text = _MENTION.sub(f"@{WORD_JOINER}", text)
    text = _JINJA.sub(f"{{{WORD_JOINER}", text)
    return _FENCE.sub(r"\1\\\2", text)


def harmless_line(text: str, most_characters: int = 255) -> str:
    """Like harmless, on one line: for titles and cells of tables."""
    line = " ".join(harmless(text).split()).replace("|", "\\|")
    return line if len(line) <= most_characters else line[: most_characters - 1] + "…"


def plain_line(text: str, most_characters: int = 255) -> str:
    """Like harmless_line, and shown letter by letter: no markup, images, links or references."""
    words = " ".join(text.split())
    line = words if len(words) <= most_characters else f"{words[: most_characters - 1]}…"
    plain = harmless(_MARKUP.sub(r"\\\1", line))
    for joint in (_SCHEME, _WWW, _BRACKET, _COMMIT):
        plain = joint.sub(rf"\1{WORD_JOINER}", plain)
    return plain.replace("|", "\\|")


def harmless_title(text: str, most_characters: int = 255) -> str:
    """For the title of an issue, which GitLab shows as plain text: no control characters, mentions or Jinja."""
    text = "".join(character for character in _LINE_ENDS.sub(" ", text) if _keep(character))
    text = _ENTITY.sub(f"&{WORD_JOINER}", text)
    text = _JINJA.sub(f"{{{WORD_JOINER}", _MENTION.sub(f"@{WORD_JOINER}", text))
    line = " ".join(text.split())
    return line if len(line) <= most_characters else line[: most_characters - 1] + "…"


def quoted(text: str, most_characters: int = 100_000) -> str:
    """Like harmless, as a block quote; cut, and said so, where it is longer than `most_characters`."""
    safe = harmless(text)
    if len(safe) > most_characters:
        safe = safe[:most_characters] + "\n… (cut; the source has the whole text)"
    return "\n".join(f"> {line}".rstrip() for line in safe.split("\n"))
