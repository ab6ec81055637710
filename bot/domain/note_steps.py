"""Steps that write one note of the bot, edited in place."""

from __future__ import annotations

from bot.domain.changes import WriteNote
from bot.domain.plan import Step
from bot.domain.resources import Issue, IssueId, Note


def write_note(
    issue: Issue,
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
    at = IssueId(issue.project_id, issue.iid)
    note_id = there.id if there is not None else None
    change = WriteNote(issue.project_path, issue.iid, mark, body, at, note_id=note_id)
    return [Step(change, because, issue.reference, needs=needs)]
