"""The walk over tree-sitter's tree, and what tree-sitter lets pass though Ruby does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from bot.triage.ruby.compiling.code import Code, Frame, Node, Scope, nil_code, syntax_error
from bot.triage.ruby.errors import OutOfBudget, Refused

DEEPEST_TREE = 120
_NO_ASSOCIATION = {"==", "!=", "=~", "!~", "===", "<=>"}
_SILENT = {"comment", "empty_statement", "heredoc_body"}
_NAMES = {
    "subshell": "a shell command in backquotes",
    "method": "def",
    "module": "module",
    "class": "class",
    "case_match": "case ... in",
    "test_pattern": "in with a pattern",
    "match_pattern": "=> with a pattern",
    "singleton_class": "class <<",
    "begin_block": "BEGIN",
    "end_block": "END",
    "complex": "a complex number",
    "class_variable": "a class variable",
}

# Methods that change a list or map in place, beside those that end in an exclamation mark.
CHANGING = frozenset(
    (
        *(
            "push",
            "append",
            "unshift",
            "prepend",
            "insert",
            "concat",
            "pop",
            "shift",
            "delete",
            "delete_at",
            "delete_if",
        ),
        *("keep_if", "clear", "replace", "fill", "store", "update", "add", "<<"),
    )
)


@dataclass(frozen=True)
class Mention:
    """What an expression asks the resource itself for: a bare name, or a field of `resource`.

    Args:
        start: its byte in the source.
    """

    name: str
    start: int
    is_field: bool


class Tree:
    """Args: data: the source, in UTF-8; positions are bytes in it."""

    def __init__(self, data: bytes, scope: Scope) -> None:
        self.data, self.scope = data, scope
        self.used: set[str] = set()
        self.mentions: list[Mention] = []
        self.is_constant = True
        self.assigns_elements = False
        self.loops = 0
        self.heredocs: list[Node] = []

    # -- checks ------------------------------------------------------------------------------------------------------

    def check_tree(self, root: Node) -> None:
        """No errors, not too deep; and what tree-sitter lets pass though Ruby does not."""
        stack = [(root, 0)]
        while stack:
            node, depth = stack.pop()
            if node.is_error or node.is_missing:
                shown = self.text(node)[:20].strip()
                raise syntax_error(f"syntax error, unexpected `{shown}`" if shown else "syntax error", node.start_byte)
            if depth > DEEPEST_TREE:
                raise OutOfBudget(f"An expression that is nested more than {DEEPEST_TREE} deep is not evaluated.")
            if node.type == "heredoc_body":
                self.heredocs.append(node)
            if node.type == "comment" and self.data[node.start_byte : node.start_byte + 6] == b"=begin":
                raise syntax_error("syntax error, =begin", node.start_byte)
            if node.type == "binary":
                self._check_binary(node)
            if node.type == "unary":
                self._check_not(node)
            stack.extend((child, depth + 1) for child in node.children)
        self.heredocs.sort(key=lambda node: node.start_byte)

    def _check_not(self, node: Node) -> None:
        """`not x` is no operand: it stands alone, or beside and, or."""
        operator, parent = node.child_by_field_name("operator"), node.parent
        if operator is None or parent is None or self.text(operator) != "not":
            return
        if self.data[operator.end_byte : operator.end_byte + 1] == b"(":
            return
        beside = parent.child_by_field_name("operator")
        word = self.text(beside) if beside is not None else ""
        inside = ("assignment", "operator_assignment", "argument_list", "array", "pair")
        if parent.type in inside or (parent.type == "binary" and word not in ("and", "or")):
            raise syntax_error("syntax error, unexpected not", node.start_byte)

    def _check_binary(self, node: Node) -> None:
        left, operator = node.child_by_field_name("left"), node.child_by_field_name("operator")
        if left is None or operator is None:
            return
        name = self.text(operator)
        if left.type == "binary" and name in _NO_ASSOCIATION:
            inner = left.child_by_field_name("operator")
            if inner is not None and self.text(inner) in _NO_ASSOCIATION:
                raise syntax_error(f"syntax error, unexpected {name}", operator.start_byte)
        right = node.child_by_field_name("right")
        if right is not None and right.type == "binary" and name in _NO_ASSOCIATION:
            inner = right.child_by_field_name("operator")
            if inner is not None and self.text(inner) in _NO_ASSOCIATION:
                raise syntax_error(f"syntax error, unexpected {self.text(inner)}", inner.start_byte)
        if b"\n" in self.data[left.end_byte : operator.start_byte].replace(b"\\\n", b""):
            raise syntax_error(f"syntax error, a line cannot begin with {name}", operator.start_byte)

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode()

    def refuse(self, node: Node, sentence: str) -> Refused:
        return Refused(sentence, node.start_byte)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> Code:
        compile_node = self.compilers.get(node.type)
        if compile_node is None:
            raise self.refuse(node, f"`{_NAMES.get(node.type, node.type.replace('_', ' '))}` is not supported.")
        return compile_node(self, node)

    def body(self, nodes: list[Node]) -> Code:
        codes = [self.node(each) for each in nodes if each.is_named and each.type not in _SILENT]
        if not codes:
            return nil_code
        if len(codes) == 1:
            return codes[0]

        def run(frame: Frame) -> Any:
            result = None
            for code in codes:
                result = code(frame)
            return result

        return run

    def sequence(self, node: Node) -> Code:
        clauses = [child for child in node.named_children if child.type in ("rescue", "else", "ensure")]
        if clauses:
            return self.protected(node, clauses)
        return self.body(node.named_children)

    def field(self, node: Node, name: str) -> Node:
        child = node.child_by_field_name(name)
        if child is None:
            raise syntax_error("syntax error", node.start_byte)
        return child

    @property
    def may_change_values(self) -> bool:
        """Whether a list or map may be changed in place: by an assignment, or by a method that does so."""
        return self.assigns_elements or any(name.endswith("!") or name in CHANGING for name in self.used)

    # What the parts of the compiler that are kept elsewhere add.

    compilers: ClassVar[dict[str, Callable[[Any, Node], Code]]] = {}
    landing: object | None = None
    # Where the number begins whose minus belongs to it.
    negated = -1

    def arguments(self, nodes: list[Node]) -> Code:
        raise NotImplementedError

    def block_code(self, parameters: Node | None, body: Node | None, *, is_lambda: bool) -> Code:
        raise NotImplementedError

    def name(self, name: str, node: Node) -> Code:
        raise NotImplementedError

    def call_to_self(self, name: str, args: list[Node], block: Code | None, node: Node) -> Code:
        raise NotImplementedError

    def pair(self, node: Node) -> tuple[Code, Code]:
        raise NotImplementedError

    def target(self, node: Node) -> Callable[[Frame, Any], None]:
        raise NotImplementedError

    def assigned(self, node: Node) -> Callable[[Frame, Any], None]:
        raise NotImplementedError

    def loop(self, node: Node, block_node: Node | None) -> Code:
        raise NotImplementedError

    def protected(self, node: Node, clauses: list[Node]) -> Code:
        raise NotImplementedError
