"""Texts of a policy: Ruby's double-quoted strings with #{...}, and the placeholders {{...}}.

Both are found in the text that the policy's author wrote, once; what a value brings along is never looked at again.
A lone brace, #@name and #$name are ordinary text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.triage.ruby.compiling.code import Frame, Scope, syntax_error
from bot.triage.ruby.compiling.compiler import Compiler
from bot.triage.ruby.compiling.tree import Mention
from bot.triage.ruby.errors import OutOfBudget, Refused, Return, RubyError
from bot.triage.ruby.escapes import BadEscape, double_quoted
from bot.triage.ruby.machine import Machine
from bot.triage.ruby.parts import Part, parts_of
from bot.triage.ruby.showing import to_text
from bot.triage.ruby.syntax import Program, parse

LONGEST_TEXT = 100_000
PLACEHOLDERS = (
    "created_at",
    "updated_at",
    "closed_at",
    "merged_at",
    "state",
    "author",
    "assignee",
    "assignees",
    "reviewers",
    "source_branch",
    "target_branch",
    "closed_by",
    "merged_by",
    "milestone",
    "labels",
    "upvotes",
    "downvotes",
    "title",
    "web_url",
    "full_reference",
    "type",
    "items",
    "name",
)
_PLACEHOLDER = re.compile(r"\{\{(" + "|".join(PLACEHOLDERS) + r")\}\}")
_LONE_BRACE = re.compile(r"[{}]")

# Difference 14: in the gem #@x vanishes, and a lone brace stops the run.
PLAIN_TEXT = 14
# Difference 15: in the gem a value that contains {{title}} is expanded once more.
NOT_EXPANDED = 15
# Globals that would show something of the machine; as plain text they would only hide a mistake.
_GLOBAL = re.compile(r"(?<!\\)#\$(0|PROGRAM_NAME|LOAD_PATH|LOADED_FEATURES|stdin|stdout|stderr)\b")
_BREAK_OUT = re.compile(r"\}[^{}]*%Q\{")


@dataclass(frozen=True)
class Placeholder:
    name: str


@dataclass(frozen=True)
class Interpolation:
    """`#{...}`: its program, and what the policy's author wrote there."""

    program: Program
    source: str


@dataclass(frozen=True)
class Template:
    """A compiled text.

    Args:
        differences: numbers of what the gem would have done otherwise with this text.
        mentions: what its expressions ask the resource itself for.
    """

    pieces: tuple[str | Placeholder | Interpolation, ...]
    names: frozenset[str] = frozenset()
    is_constant: bool = True
    differences: frozenset[int] = frozenset()
    mentions: tuple[Mention, ...] = ()

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Placeholder))

    def render(self, vm: Machine, fill: Callable[[str], list[Part]]) -> list[Part]:
        """The text in parts.

        Args:
            vm: fresh, or as an earlier piece of the same text left it.
            fill: what stands for a placeholder's name.

        Raises:
            RubyError, Refused: of the expressions in it.
        """
        parts: list[Part] = []
        length = seen = 0
        frame = Frame(vm)
        try:
            for piece in self.pieces:
                if isinstance(piece, str):
                    parts.append(Part(piece, "policy"))
                elif isinstance(piece, Placeholder):
                    parts += fill(piece.name)
                else:
                    parts += parts_of(piece.program.code(frame), piece.source)
                    if "{{" in parts[-1].text and _PLACEHOLDER.search(parts[-1].text):
                        vm.differences.add(NOT_EXPANDED)
                length += sum(len(part.text) for part in parts[seen:])
                seen = len(parts)
                vm.characters(length)
        except Return as done:
            return parts_of(done.value, self.source)
        except RecursionError:
            raise OutOfBudget("The expression is nested too deeply.") from None
        except (MemoryError, TimeoutError, OverflowError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise Refused("The value of this expression has no text here.") from error
        return parts

    @property
    def source(self) -> str:
        """What stands in its expressions."""
        return "\n".join(piece.source for piece in self.pieces if isinstance(piece, Interpolation))


def compile_text(text: str, *, expands: bool = True) -> Template:
    """Args: expands: whether {{...}} are placeholders here.

    Raises:
        RubyError: SyntaxError, with its position in the text.
        Refused: for what is not supported, with its position.
    """
    if len(text) > LONGEST_TEXT:
        raise OutOfBudget(f"A text of more than {LONGEST_TEXT} characters is not evaluated.")
    outside = _GLOBAL.search(text) or _BREAK_OUT.search(text)
    if outside:
        raise Refused(
            f"`{outside[0]}` would reach outside of the text; write \\# for a plain #.", _bytes(text, outside.start())
        )
    if "#" not in text and "\\" not in text:
        return Template(_literal(text, expands), differences=_brace_differences(text))
    if "\0" in text:
        raise Refused("A NUL character is not supported.", text.index("\0"))
    end = "END_OF_TEXT"
    while end in text:
        end += "_"
    opening = f"<<{end}\n".encode()
    data = opening + text.encode() + f"\n{end}\n".encode()
    root = parse(data)
    body = next((node for node in root.named_children if node.type == "heredoc_body"), None)
    if body is None:
        raise _unreadable(text)
    offset = len(opening)
    compiler = Compiler(data, Scope())
    pieces: list[str | Placeholder | Interpolation] = []
    differences: set[int] = set()
    raw = ""
    place = offset
    mistakes: list[RubyError | Refused] = []
    last = len(data) - len(f"\n{end}\n".encode())
    try:
        for child in body.children:
            if child.type != "interpolation" or child.start_byte >= last:
                continue
            raw += data[place : child.start_byte].decode()
            place = child.end_byte
            if not compiler.text(child).startswith("#{"):
                raw += compiler.text(child)
                differences.add(PLAIN_TEXT)
                continue
            pieces += _literal(_unescaped(raw, child.start_byte - offset), expands)
            differences |= _brace_differences(raw)
            raw = ""
            if child.end_byte > last or child.has_error:
                compiler.check_tree(child)
                raise syntax_error("syntax error, #{ without its }", child.start_byte)
            try:
                compiler.check_tree(child)
                program = Program(compiler.body(child.named_children), frozenset(), False)
            except (RubyError, Refused) as mistake:
                mistakes.append(mistake)
                continue
            pieces.append(Interpolation(program, compiler.text(child)))
        raw += data[place:last].decode()
        pieces += _literal(_unescaped(raw, last - offset), expands)
        differences |= _brace_differences(raw)
        if root.has_error and not any(isinstance(piece, Interpolation) for piece in pieces) and "#{" in raw:
            raise syntax_error("syntax error, #{ without its }", offset + raw.index("#{"))
    except (RubyError, Refused) as error:
        mistakes.append(error)
    for each in mistakes:
        each.start = max(0, each.start - offset) if each.start is not None else None
    if mistakes:
        mistakes[0].others = tuple(mistakes[1:])
        raise mistakes[0]
    mentions = tuple(replace(each, start=max(0, each.start - offset)) for each in compiler.mentions)
    return Template(tuple(pieces), frozenset(compiler.used), compiler.is_constant, frozenset(differences), mentions)


def _unreadable(text: str) -> RubyError:
    """Why the parser made nothing of a text."""
    escape = re.search(r"\\u(?![0-9a-fA-F]{4}|\{)|\\x(?![0-9a-fA-F])", text)
    if escape:
        shown = escape[0]
        return syntax_error(
            f"{shown} needs hexadecimal digits; write \\{shown} for a backslash", _bytes(text, escape.start())
        )
    opening = text.rfind("#{")
    return syntax_error("syntax error, #{ without its }", _bytes(text, max(opening, 0)))


def _bytes(text: str, place: int) -> int:
    return len(text[:place].encode())


def _unescaped(raw: str, start: int) -> str:
    try:
        return double_quoted(raw)
    except BadEscape as error:
        raise syntax_error(f"{error}; write \\\\ for a backslash", start) from None


def _literal(text: str, expands: bool) -> tuple[str | Placeholder, ...]:
    if not expands or "{{" not in text:
        return (text,) if text else ()
    parts: list[str | Placeholder] = []
    place = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > place:
            parts.append(text[place : match.start()])
        parts.append(Placeholder(match[1]))
        place = match.end()
    if place < len(text):
        parts.append(text[place:])
    return tuple(parts)


def _brace_differences(raw: str) -> frozenset[int]:
    """Braces that do not balance are a syntax error of the gem."""
    depth = 0
    for match in _LONE_BRACE.finditer(re.sub(r"\\.", "", raw, flags=re.DOTALL)):
        depth += 1 if match[0] == "{" else -1
        if depth < 0:
            break
    return frozenset({PLAIN_TEXT}) if depth else frozenset()


def text_of(value: object) -> str:
    return to_text(value)
