"""Everything that can go wrong on purpose, in one tree.

    SectionbotError                 1   a bug, if nothing more special
    ├── Bug                         1   something that nobody foresaw
    ├── WrongInput                  2   what a person typed or set
    │   └── WrongSettings           2   problems with their positions
    └── GitLabError                 4   GitLab did not do what was asked
        ├── GitLabRefused           4   it said no, in its words
        └── GitLabUnreachable       4   no answer, or one that asks to come back later

The number is the exit code of the command line; 3 is for plans that hold something unsafe, which is no error. Texts
never contain tokens or the text of issues.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class SectionbotError(Exception):
    exit_code = 1


class Bug(SectionbotError):
    """Stands for an exception that nobody foresaw; carries its type and place, never its text."""

    def __init__(self, error: Exception) -> None:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else "?"
        super().__init__(f"A bug: {type(error).__name__} in {place}. The log of this run helps whoever mends it.")


class WrongInput(SectionbotError):
    exit_code = 2


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file that people write; prints as `file:line:column: where: what. hint`.

    A warning is something to see to; it makes no check fail.
    """

    file: str
    line: int
    column: int
    where: str
    what: str
    hint: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        warning = "warning: " if self.is_warning else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {warning}{where}{self.what}{hint}"


class WrongSettings(WrongInput):
    """Holds every problem that was found, in the order of the files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class GitLabError(SectionbotError):
    exit_code = 4


class GitLabRefused(GitLabError):
    """GitLab answered no.

    Args:
        status: the HTTP status.
        words: GitLab's own, without anything that came from an issue.
        asked: method and path of the request, without its query.
    """

    def __init__(self, status: int, words: str, asked: str) -> None:
        self.status, self.words, self.asked = status, words, asked
        super().__init__(f"GitLab refused {asked} with {status}: {words}")


class GitLabUnreachable(GitLabError):
    """No answer came, or one of 429 and 5xx that lasted. It will be tried again; whether it was done is not known."""

    def __init__(self, asked: str, cause: str) -> None:
        self.asked, self.cause = asked, cause
        super().__init__(f"GitLab did not answer {asked}: {cause}")


def perhaps_meant(given: str, known: Iterable[str]) -> str:
    """A question with the nearest known name; empty where none is near."""
    close = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f"Perhaps you meant {close[0]!r}?" if close else ""
