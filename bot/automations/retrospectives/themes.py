"""What repeats in the threads that bubbled up: words and terms that stand in those of several groups. A plain rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.automations.retrospectives.facts import Topic
from bot.automations.retrospectives.settings import Themes

LEAST_LETTERS = 4
MOST_THEMES = 20
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
# Addresses, mentions, references and code are no words of a theme.
_NO_WORDS = re.compile(r"```.*?```|`[^`]*`|https?://\S+|[@#!&~%]\S+|<!--.*?(?:-->|\Z)", re.DOTALL)
# Words that stand in every text.
_EVERYDAY = """
about above after again against almost along already also although always among another anybody anyone anything
around away back because become been before began being below best better between both bring came cannot come could
couldn't didn't does doesn't doing done don't down during each either else enough even ever every everybody everyone
everything feel felt find first found from full gave gets give goes going good great hadn't hard have haven't having
help here high hope idea instead into it's itself just keep kept kind knew know last late later least left less
let's like likely little long look lots made make making many maybe mean might milestone month more most much must
need needed needs never next nice nobody none nothing often once only other others ours over part people perhaps
point quite rather really right said same says seem seen several shall should shouldn't since some somebody someone
something sometimes soon still such sure take taken team than thank thanks that that's their them then there there's
these they thing things think this those though through time times together told took tried true turn under until
upon used using very want wants was wasn't week weeks well went were weren't what when where whether which while
whole whom whose will with within without won't work worked working would wouldn't year years your yours
"""
EVERYDAY_WORDS = frozenset(_EVERYDAY.split())


@dataclass(frozen=True)
class Theme:
    """Args: topics: those that have the words, in the order in which they were given."""

    words: str
    groups: tuple[str, ...]
    topics: tuple[Topic, ...]


def find_themes(topics: Iterable[Topic], settings: Themes) -> tuple[Theme, ...]:
    """Those in the threads of most groups first; then terms of the settings, then by the alphabet.

    Words count in any letter case, from four letters on. A word of a term that is a theme itself is no further theme.
    """
    given = tuple(topics)
    spoken = {topic.note.id: _plain(topic.words) for topic in given}
    terms = [" ".join(term.lower().split()) for term in settings.terms]
    found = [_theme(term, [each for each in given if _has(spoken[each.note.id], term)]) for term in terms]
    found = [each for each in found if len(each.groups) >= settings.least_groups]
    taken = {word for each in found for word in each.words.split()}
    ignored = EVERYDAY_WORDS | {word.lower() for word in settings.ignored_words} | taken
    with_word: dict[str, list[Topic]] = {}
    for topic in given:
        words = {word for word in _WORD.findall(spoken[topic.note.id]) if len(word) >= LEAST_LETTERS}
        for word in sorted(words - ignored):
            with_word.setdefault(word, []).append(topic)
    words_found = [_theme(word, its) for word, its in sorted(with_word.items())]
    found += [each for each in words_found if len(each.groups) >= settings.least_groups]
    return tuple(sorted(found, key=lambda each: -len(each.groups))[:MOST_THEMES])


def _theme(words: str, topics: list[Topic]) -> Theme:
    return Theme(words, tuple(dict.fromkeys(topic.group.name for topic in topics)), tuple(topics))


def _plain(text: str) -> str:
    return " ".join(_NO_WORDS.sub(" ", text).lower().replace("’", "'").split())


def _has(text: str, term: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text) is not None
