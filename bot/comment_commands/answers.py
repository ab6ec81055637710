"""What the bot answers to what was said to it: help, a question where a word is misspelt, a short refusal. Pure.

What was understood and may be done is answered by doing it.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.comment_commands.grammar import parse_commands, said_to
from bot.comment_commands.rights import may_command, role_of, was_edited
from bot.comment_commands.vocabulary import HELP, CommandSpec
from bot.domain.changes import WriteNote
from bot.domain.markers import marker, read_marker
from bot.domain.plan import Step
from bot.domain.resources import AccessLevel, Discussion, Epic, Member, Note, WorkItem
from bot.domain.text_hash import hash_of
from bot.domain.user_text import harmless_line

ANSWER = "command_answer"
# What is older was said before the bot listened, or while it was away: nobody waits for an answer any more.
ANSWERED_WITHIN = dt.timedelta(days=2)
REFUSED_ONCE_IN = dt.timedelta(days=1)
MOST_LETTERS = 40
NEAR = 0.7


@dataclass(frozen=True)
class Place:
    """An issue or epic in which people talk to the bot.

    Args:
        members: of its project or group, inherited ones too; is_public: whether everybody can see that.
    """

    item: WorkItem
    discussions: Sequence[Discussion]
    members: Sequence[Member]
    is_public: bool

    @property
    def kind(self) -> str:
        """Of what the members are, in a word."""
        return "group" if isinstance(self.item, Epic) else "project"


def plan_answers(
    place: Place, vocabulary: Sequence[CommandSpec], bot_name: str, own_ids: frozenset[int], now: dt.datetime
) -> list[Step]:
    """Answers in the threads in which something was said; none twice, and none to what was edited into a comment."""
    notes = [note for each in place.discussions for note in each.notes]
    have_answers = answered(notes, own_ids)
    refused = refused_people(notes, own_ids, now, REFUSED_ONCE_IN)
    steps = []
    for discussion in place.discussions:
        for note in discussion.notes:
            if note.is_system or note.author.id in own_ids or is_answered(note, have_answers) or was_edited(note):
                continue
            if now - note.created_at > ANSWERED_WITHIN or not said_to(bot_name, note.body):
                continue
            text, is_refusal = _answer(note, place, vocabulary, bot_name, own_ids)
            if not text or (is_refusal and (place.is_public or note.author.id in refused)):
                continue
            refused |= {note.author.id} if is_refusal else set()
            refusal = "yes" if is_refusal else "no"
            mark = marker(ANSWER, to=note.id, person=note.author.id, refused=refusal, said=said_by(note))
            item, body = place.item, f"{text}\n\n{mark}"
            change = WriteNote(item.namespace_path, item.iid, mark, body, item.ids, thread_id=discussion.id)
            steps.append(Step(change, "somebody has said something to the bot", item.reference))
    return steps


def answered(notes: Iterable[Note], own_ids: frozenset[int]) -> set[str]:
    """What has its answer: ids of comments, `label-` with ids of label events, and what comments were known by that
    came here with their issue from another project.
    """
    known = list(notes)
    ids = {str(note.id) for note in known}
    marks = (read_marker(ANSWER, note.body) for note in known if note.author.id in own_ids)
    found: set[str] = set()
    for fields in marks:
        to = (fields or {}).get("to", "")
        found |= {to} if to in ids or to.startswith("label-") else {(fields or {}).get("said", "")}
    return found - {""}


def said_by(note: Note) -> str:
    """What a comment is known by when its issue was moved: GitLab copies it with its author, time and words."""
    return f"{int(note.created_at.timestamp())}-{note.author.id}-{hash_of(note.body.strip())}"


def is_answered(note: Note, answers: set[str]) -> bool:
    return str(note.id) in answers or said_by(note) in answers


def refused_people(notes: Iterable[Note], own_ids: frozenset[int], now: dt.datetime, within: dt.timedelta) -> set[int]:
    """Ids of the people who were refused something on this issue in that time."""
    found = set()
    for note in notes:
        fields = read_marker(ANSWER, note.body) if note.author.id in own_ids else None
        if fields is not None and fields.get("refused") == "yes" and now - note.created_at < within:
            found |= {int(fields["person"])} if fields.get("person", "").isdecimal() else set()
    return found


def _answer(
    note: Note, place: Place, vocabulary: Sequence[CommandSpec], bot_name: str, own_ids: frozenset[int]
) -> tuple[str, bool]:
    """The text, empty where there is nothing to say; and whether it refuses."""
    specs = {spec.name: spec for spec in vocabulary}
    given = [each.name for each in parse_commands(note.body, bot_name, [*specs, HELP])]
    role = role_of(note.author, place.members)
    # Who can command nothing here is answered as seldom as who is refused.
    is_below = role < min((spec.least_access for spec in vocabulary), default=AccessLevel.GUEST)
    if HELP in given and role > AccessLevel.NONE:
        return _help(vocabulary, bot_name), is_below
    for name in given:
        if name in specs and not may_command(note, place.members, specs[name].least_access, own_ids):
            return _refusal(name, specs[name].least_access, bot_name, place.kind), True
    for words in said_to(bot_name, note.body) if not given else ():
        near = _nearest(words, [*specs, HELP])
        if near and role > AccessLevel.NONE:
            return (
                f"I do not know `{bot_name} {_in_code(words)}`. Perhaps you meant `{bot_name} {near}`? "
                f"`{bot_name} {HELP}` lists what can be said here.",
                is_below,
            )
    return "", False


def _in_code(words: str) -> str:
    return harmless_line(words, MOST_LETTERS).replace("`", "'")


def _help(vocabulary: Sequence[CommandSpec], bot_name: str) -> str:
    lines = [f"| `{bot_name} {each.name}` | {each.what} | {each.least_access.title} |" for each in vocabulary]
    head = ["What can be said here, as a line of a comment:", "", "| Command | What it does | From the role |"]
    return "\n".join([*head, "| --- | --- | --- |", *lines])


def _refusal(name: str, least: AccessLevel, bot_name: str, kind: str) -> str:
    return f"`{bot_name} {name}` had no effect: it takes the role {least.title} in this {kind}."


def _nearest(words: str, names: Sequence[str]) -> str:
    """The command that is meant, as far as it can be guessed: what is a sentence is none."""
    longest = max(len(name.split()) for name in names)
    first = " ".join(words.lower().split()[:longest])
    candidates = {first, *(" ".join(first.split()[:count]) for count in range(1, longest))}
    scored = [
        (difflib.SequenceMatcher(None, candidate, name).ratio(), name) for candidate in candidates for name in names
    ]
    ratio, name = max(scored, default=(0.0, ""))
    return name if ratio >= NEAR and len(words.split()) <= longest + 2 else ""
