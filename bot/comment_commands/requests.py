"""What people have asked for, by a comment or by the label that means the same, and has not been carried out. Pure.

A request is carried out once: the bot's answer in its thread says so. A label is taken off when it has been heard.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.comment_commands.answers import ANSWER, REFUSED_ONCE_IN, Place, answered, is_answered, refused_people, said_by
from bot.comment_commands.grammar import parse_commands
from bot.comment_commands.rights import may_command, role_of
from bot.comment_commands.vocabulary import CommandSpec
from bot.domain.changes import ChangeLabels, WriteNote
from bot.domain.markers import marker
from bot.domain.plan import Step
from bot.domain.resources import LabelEvent, User

# What is older was said before the bot listened, or its answer was deleted: nobody waits for it any more.
CARRIED_OUT_WITHIN = dt.timedelta(days=7)


@dataclass(frozen=True)
class Request:
    """What somebody may ask for, and has.

    Args:
        source: what the answer names: the id of the comment, or `label-` and that of the label event.
        thread_id: where the answer goes; empty for a label.
        label: what was set; empty for a comment. said: what the comment is known by wherever its issue is moved.
    """

    name: str
    argument: str
    by: User
    at: dt.datetime
    source: str
    thread_id: str = ""
    label: str = ""
    said: str = ""


def requests_at(
    place: Place,
    vocabulary: Sequence[CommandSpec],
    bot_name: str,
    own_ids: frozenset[int],
    now: dt.datetime,
    *,
    labels: Mapping[str, str] | None = None,
    label_events: Sequence[LabelEvent] = (),
) -> tuple[Request, ...]:
    """Of people who may, oldest first.

    Args:
        labels: command to the label that means the same.
    """
    specs = {spec.name: spec for spec in vocabulary}
    notes = [note for each in place.discussions for note in each.notes]
    done = answered(notes, own_ids)
    found = []
    for discussion in place.discussions:
        for note in discussion.notes:
            if is_answered(note, done) or now - note.created_at > CARRIED_OUT_WITHIN:
                continue
            found += [
                Request(
                    given.name,
                    given.argument,
                    note.author,
                    note.created_at,
                    str(note.id),
                    discussion.id,
                    said=said_by(note),
                )
                for given in parse_commands(note.body, bot_name, specs)
                if may_command(note, place.members, specs[given.name].least_access, own_ids)
            ]
    for name, event in _set(place, labels or {}, label_events):
        if f"label-{event.id}" in done or now - event.created_at > CARRIED_OUT_WITHIN:
            continue
        if event.user is not None and name in specs and _may_set(event, place, specs[name], own_ids):
            found.append(Request(name, "", event.user, event.created_at, f"label-{event.id}", label=event.label or ""))
    return tuple(sorted(found, key=lambda each: (each.at, each.source)))


def _set(place: Place, labels: Mapping[str, str], label_events: Sequence[LabelEvent]) -> list[tuple[str, LabelEvent]]:
    """Commands whose labels are on the issue, each with the event by which somebody has set it last."""
    found = []
    for name, label in labels.items():
        events = [each for each in label_events if each.label == label and each.action == "add"]
        if label in place.item.labels and events:
            found.append((name, max(events, key=lambda each: each.id)))
    return found


def _may_set(event: LabelEvent, place: Place, spec: CommandSpec, own_ids: frozenset[int]) -> bool:
    """A label that the bot itself has set was set by a policy of the section."""
    user = event.user
    if user is None:
        return False
    return user.id in own_ids or role_of(user, place.members, at=event.created_at) >= spec.least_access


def answer(place: Place, request: Request, text: str, **fields: str | int) -> WriteNote:
    """The note that says what became of a request; with it, it is never carried out again.

    Args:
        fields: what the marker says beside that, for whoever reads it later.
    """
    known: dict[str, str | int] = {"person": request.by.id, "refused": "no", "did": _one_word(request.name)}
    known |= {"said": request.said} if request.said else {}
    mark = marker(ANSWER, to=request.source, **known, **fields)
    item = place.item
    return WriteNote(item.namespace_path, item.iid, mark, f"{text}\n\n{mark}", item.ids, thread_id=request.thread_id)


def _one_word(name: str) -> str:
    return name.replace(" ", "-")


def heard(place: Place, request: Request, needs: tuple[str, ...]) -> list[Step]:
    """Takes off the label by which something was asked for, when that has been done."""
    if not request.label:
        return []
    item = place.item
    change = ChangeLabels(item.namespace_path, item.iid, item.ids, remove=(request.label,))
    return [Step(change, "what it asked for was done", item.reference, needs=needs)]


def settle_labels(
    place: Place,
    vocabulary: Sequence[CommandSpec],
    own_ids: frozenset[int],
    now: dt.datetime,
    *,
    labels: Mapping[str, str],
    label_events: Sequence[LabelEvent],
) -> list[Step]:
    """Takes off the labels of commands that are not carried out: of people who may not, those that were heard before,
    and those that were set too long ago.
    """
    specs = {spec.name: spec for spec in vocabulary}
    notes = [note for each in place.discussions for note in each.notes]
    done = answered(notes, own_ids)
    open_: dict[str, str] = {}
    steps: list[Step] = []
    item = place.item
    for name, event in _set(place, labels, label_events):
        was_heard = f"label-{event.id}" in done
        if not was_heard and now - event.created_at <= CARRIED_OUT_WITHIN:
            open_[name] = labels[name]
            continue
        remove = ChangeLabels(item.namespace_path, item.iid, item.ids, remove=(labels[name],))
        because = "what it asked for was done" if was_heard else "it was set long ago, and was not heard"
        steps.append(Step(remove, because, item.reference))
        may = name in specs and _may_set(event, place, specs[name], own_ids)
        if may and not was_heard:
            mark = marker(ANSWER, to=f"label-{event.id}", refused="no")
            text = f"The label `{labels[name]}` was set too long ago to be carried out. Set it again if it still holds."
            note = WriteNote(item.namespace_path, item.iid, mark, f"{text}\n\n{mark}", item.ids)
            steps.append(Step(note, "whoever set it hears why", item.reference))
    return steps + refuse_labels(place, vocabulary, own_ids, now, labels=open_, label_events=label_events)


def refuse_labels(
    place: Place,
    vocabulary: Sequence[CommandSpec],
    own_ids: frozenset[int],
    now: dt.datetime,
    *,
    labels: Mapping[str, str],
    label_events: Sequence[LabelEvent],
) -> list[Step]:
    """Labels of people who may not ask for it are taken off; they hear why as for a comment."""
    specs = {spec.name: spec for spec in vocabulary}
    notes = [note for each in place.discussions for note in each.notes]
    told = refused_people(notes, own_ids, now, REFUSED_ONCE_IN)
    item = place.item
    steps: list[Step] = []
    for name, event in _set(place, labels, label_events):
        if name not in specs or _may_set(event, place, specs[name], own_ids):
            continue
        label = event.label or ""
        remove = ChangeLabels(item.namespace_path, item.iid, item.ids, remove=(label,))
        steps.append(Step(remove, "whoever set it may not ask for this", item.reference))
        # Whoever has left GitLab hears nothing.
        if event.user is None or place.is_public or event.user.id in told:
            continue
        mark = marker(ANSWER, to=f"label-{event.id}", person=event.user.id, refused="yes")
        least = specs[name].least_access.title
        text = f"The label `{label}` had no effect: it takes the role {least} in this {place.kind}."
        note = WriteNote(item.namespace_path, item.iid, mark, f"{text}\n\n{mark}", item.ids)
        steps.append(Step(note, "whoever set it hears why", item.reference))
    return steps
