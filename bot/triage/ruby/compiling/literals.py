"""Numbers, texts, lists, maps, ranges, patterns, lambdas."""

from __future__ import annotations

from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, always, nil_code, syntax_error
from bot.triage.ruby.compiling.tree import Tree
from bot.triage.ruby.errors import Refused, RubyError, argument_error
from bot.triage.ruby.escapes import BadEscape, double_quoted, single_quoted
from bot.triage.ruby.ordering import order
from bot.triage.ruby.patterns import compile_pattern
from bot.triage.ruby.showing import to_text
from bot.triage.ruby.values import Hash, Range, Symbol, put


class Literals(Tree):
    """Literals."""

    def integer(self, node: Node) -> Code:
        shown = self.text(node).replace("_", "").lower()
        if len(shown) > 1 and shown[0] == "0" and shown[1].isdigit():
            shown = f"0o{shown[1:]}"
        try:
            return always(int(shown.replace("0d", ""), 0 if not shown.startswith("0d") else 10))
        except ValueError:
            raise syntax_error(f"Invalid number {self.text(node)}", node.start_byte) from None

    def float(self, node: Node) -> Code:
        return always(float(self.text(node).replace("_", "")))

    def rational(self, node: Node) -> Code:
        from fractions import Fraction

        return always(Fraction(self.text(node).rstrip("r").replace("_", "")))

    def string(self, node: Node) -> Code:
        opening = self.text(node.children[0])
        single = opening == "'" or opening.startswith("%q")
        return self.pieces(node, single=single, brackets=opening[-1])

    def pieces(self, node: Node, *, single: bool, brackets: str = '"') -> Code:
        """The parts of a string or its like, joined; a text without interpolation is a constant."""
        parts: list[str | Code] = []
        for child in node.named_children:
            if child.type == "interpolation":
                parts.append(self.interpolation(child))
            elif child.type in ("string_content", "escape_sequence", "heredoc_content"):
                raw = self.text(child)
                try:
                    parts.append(single_quoted(raw, brackets) if single else double_quoted(raw))
                except BadEscape as error:
                    raise syntax_error(str(error), child.start_byte) from None
            else:
                raise self.refuse(child, f"`{child.type}` in a string is not supported.")
        return joined(parts)

    def interpolation(self, node: Node) -> Code:
        return self.body(node.named_children)

    def chained_string(self, node: Node) -> Code:
        return joined([self.node(child) for child in node.named_children])

    def heredoc(self, node: Node) -> Code:
        if not self.heredocs:
            raise syntax_error("can't find the end of the heredoc", node.start_byte)
        body = self.heredocs.pop(0)
        opening = self.text(node)
        if "'" in opening or "`" in opening:
            raise self.refuse(node, "A quoted heredoc is not supported.")
        parts: list[str | Code] = []
        ends = [child for child in body.children if child.type == "heredoc_end"]
        if not ends or ends[0].is_missing or ends[0].start_byte == ends[0].end_byte:
            raise syntax_error("can't find the end of the heredoc", node.start_byte)
        for child in body.children:
            if child == ends[0]:
                break
            if child.type == "interpolation":
                parts.append(self.interpolation(child))
            else:
                parts.append(self.text(child))
        if parts and isinstance(parts[-1], str) and not opening.startswith("<<~") and not opening[2:3].isalpha():
            parts[-1] = parts[-1].rstrip(" \t") if "\n" in parts[-1] else parts[-1]
        texts = [part for part in parts if isinstance(part, str)]
        if texts and texts[0].startswith("\n"):
            parts[parts.index(texts[0])] = texts[0][1:]
        if opening.startswith("<<~") and any("\t" in part for part in texts):
            raise self.refuse(node, "A heredoc <<~ with tabs is not supported.")
        if opening.startswith("<<~"):
            parts = _without_indent(parts)
        return joined([double_quoted(part) if isinstance(part, str) else part for part in parts])

    def symbol(self, node: Node) -> Code:
        shown = self.text(node)
        return always(Symbol(shown[3:-1] if shown.startswith("%s") else shown[1:]))

    def delimited_symbol(self, node: Node) -> Code:
        text = self.pieces(node, single=self.text(node).startswith(":'"))
        return lambda frame: Symbol(text(frame))

    def hash_key_symbol(self, node: Node) -> Code:
        return always(Symbol(self.text(node)))

    def character(self, node: Node) -> Code:
        shown = self.text(node)[1:]
        return always(double_quoted(shown))

    def words(self, node: Node) -> Code:
        interpolates = self.text(node)[1] in "WI"
        parts = []
        for child in node.named_children:
            if interpolates:
                parts.append(self.pieces(child, single=False))
            else:
                parts.append(always(single_quoted(self.text(child), " ")))
        if node.type == "symbol_array":
            return lambda frame: [Symbol(part(frame)) for part in parts]
        return lambda frame: [part(frame) for part in parts]

    def regex(self, node: Node) -> Code:
        flags = self.text(node.children[-1]).lstrip("/)}]>|!")
        parts: list[str | Code] = []
        for child in node.named_children:
            if child.type == "interpolation":
                inner = self.interpolation(child)
                parts.append(lambda frame, inner=inner: _pattern_text(inner(frame)))  # type: ignore[misc]
            else:
                shown = self.text(child)
                parts.append("/" if shown == "\\/" and self.text(node.children[0]) == "/" else shown)
        if flags.strip("imxou"):
            raise self.refuse(node, f"The flags {flags} of a regular expression are not supported.")
        if all(isinstance(part, str) for part in parts):
            try:
                return always(compile_pattern("".join(str(part) for part in parts), flags))
            except RubyError as error:
                raise syntax_error(error.sentence, node.start_byte) from None
            except Refused as refused:
                raise self.refuse(node, refused.sentence) from None
        text = joined(parts)

        def run(frame: Frame) -> Any:
            try:
                return compile_pattern(text(frame), flags)
            except RubyError as error:
                raise RubyError("RegexpError", error.sentence) from None

        return run

    def array(self, node: Node) -> Code:
        return self.arguments(node.named_children)

    def hash(self, node: Node) -> Code:
        parts: list[tuple[Code | None, Code]] = []
        for child in node.named_children:
            if child.type == "comment":
                continue
            if child.type == "hash_splat_argument":
                parts.append((None, self.node(child.named_children[0])))
            else:
                parts.append(self.pair(child))

        def run(frame: Frame) -> Hash:
            result = Hash()
            for key, value in parts:
                if key is None:
                    from bot.triage.ruby.values import pairs

                    for each, its in pairs(value(frame)):
                        put(result, each, its)
                else:
                    put(result, key(frame), value(frame))
            return result

        return run

    def pair(self, node: Node) -> tuple[Code, Code]:
        key, value = self.field(node, "key"), node.child_by_field_name("value")
        if value is None:
            name = self.text(key)
            return always(Symbol(name)), self.name(name, key)
        if key.type == "string":
            text = self.node(key)
            if self.data[key.end_byte : key.end_byte + 1] == b":":
                return (lambda frame: Symbol(text(frame))), self.node(value)
            return text, self.node(value)
        return self.node(key), self.node(value)

    def range(self, node: Node) -> Code:
        operator = self.text(self.field(node, "operator"))
        begin, end = node.child_by_field_name("begin"), node.child_by_field_name("end")
        first = self.node(begin) if begin is not None else nil_code
        last = self.node(end) if end is not None else nil_code

        def run(frame: Frame) -> Range:
            one, other = first(frame), last(frame)
            if one is not None and other is not None and order(one, other) is None:
                raise argument_error("bad value for range")
            return Range(one, other, operator == "...")

        return run

    def lambda_literal(self, node: Node) -> Code:
        parameters = node.child_by_field_name("parameters")
        body = self.field(node, "body")
        make = self.block_code(parameters, body, is_lambda=True)
        return lambda frame: make(frame)


def joined(parts: list[str | Code]) -> Code:
    """The parts of a string; what a resource's text puts in is made harmless in texts for people."""
    if all(isinstance(part, str) for part in parts):
        return always("".join(str(part) for part in parts))

    def run(frame: Frame) -> str:
        from bot.triage.ruby.parts import Mixing

        vm = frame.vm
        mixing = Mixing(vm)
        for part in parts:
            if isinstance(part, str):
                mixing.text += part
            else:
                mixing.add(part(frame))
                vm.characters(len(mixing.text))
        return mixing.result()

    return run


def _without_indent(parts: list[str | Code]) -> list[str | Code]:
    text = "".join(part if isinstance(part, str) else "x" for part in parts)
    lines = [line for line in text.split("\n") if line.strip()]
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines), default=0)
    result: list[str | Code] = []
    at_start = True
    for part in parts:
        if isinstance(part, str):
            pieces = part.split("\n")
            pieces = [
                piece[min(indent, len(piece) - len(piece.lstrip(" "))) :] if place or at_start else piece
                for place, piece in enumerate(pieces)
            ]
            part = "\n".join(pieces)
            at_start = part.endswith("\n")
        else:
            at_start = False
        result.append(part)
    return result


def _pattern_text(value: Any) -> str:
    return to_text(value)
