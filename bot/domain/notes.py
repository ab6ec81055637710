"""Notes on an issue or epic: those that were written there, the bot's own among them, and the step that writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain.changes import WriteNote
from bot.domain.plan import Step
from bot.domain.resources import Discussion, Note, WorkItem


def written_notes(discussions: Iterable[Discussion] | None) -> Iterator[Note]:
    """What people and the bot wrote: not what GitLab tells of what somebody did."""
    return (note for each in discussions or () for note in each.notes if not note.is_system)


def own_note(notes: Iterable[Note], mark: str, own_ids: frozenset[int]) -> Note | None:
    """The bot's note with the marker that was there first."""
    mine = (note for note in notes if note.author.id in own_ids and mark in note.body)
    return min(mine, key=lambda note: note.id, default=None)


def write_note(
    item: WorkItem,
    mark: str,
    text: str,
    there: Note | None,
    because: str,
    *,
    state: str = "",
    needs: tuple[str, ...] = (),
) -> list[Step]:
    """The step that writes the note, or edits the one that is there; none where it says that already.

    Args:
        state: a marker with what the bot remembers.
    """
    body = "\n".join([f"{text}\n\n{mark}", *([state] if state else [])])
    if there is not None and there.body.strip() == body.strip():
        return []
    note_id = there.id if there is not None else None
    change = WriteNote(item.namespace_path, item.iid, mark, body, item.ids, note_id=note_id)
    return [Step(change, because, item.reference, needs=needs)]
