"""From the text of an expression to functions: tree-sitter's Ruby tree, walked once.

What is no Ruby is a SyntaxError at its position; what is Ruby but not done here is Refused at its position. Nothing
of the tree is left when an expression runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tree_sitter
import tree_sitter_ruby

from bot.triage.ruby.errors import (
    Break,
    Jump,
    Next,
    OutOfBudget,
    Refused,
    Return,
    RubyError,
    argument_error,
)
from bot.triage.ruby.escapes import BadEscape, double_quoted, single_quoted
from bot.triage.ruby.machine import (
    Machine,
    all_names,
    constant_method,
    functions,
    has_constant,
)
from bot.triage.ruby.operators import BINARY, NOT_REFUSED, case_equal
from bot.triage.ruby.patterns import compile_pattern
from bot.triage.ruby.values import (
    Block,
    Constant,
    Failure,
    Hash,
    Match,
    Range,
    Symbol,
    UserText,
    class_name,
    holds_user_text,
    look_up,
    order,
    put,
    to_text,
    truthy,
)

Node = tree_sitter.Node
DEEPEST_TREE = 120
LONGEST = 20_000


class Frame:
    """The local variables of one call of a block, or of the whole expression."""

    __slots__ = ("args", "up", "variables", "vm")

    def __init__(self, vm: Machine, up: Frame | None = None, args: list[Any] | None = None) -> None:
        self.vm, self.up, self.variables, self.args = vm, up, {} if up is not None else vm.variables, args


Code = Callable[[Frame], Any]


@dataclass
class Scope:
    """Which names are local variables at this point of the text."""

    up: Scope | None = None
    names: set[str] = field(default_factory=set)
    numbered: int = 0  # the highest of _1, _2, ... that was seen
    in_loop: bool = False

    def depth_of(self, name: str) -> int | None:
        depth, scope = 0, self
        while True:
            if name in scope.names:
                return depth
            if scope.up is None:
                return None
            depth, scope = depth + 1, scope.up


@functools.cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_ruby.language()))


def parse(data: bytes) -> Node:
    return _parser().parse(data).root_node


def syntax_error(sentence: str, start: int) -> RubyError:
    error = RubyError("SyntaxError", sentence)
    error.start = start
    return error


@dataclass(frozen=True)
class Program:
    """A compiled expression, or the pieces of a text.

    Args:
        names: the bare names and methods that it uses, to see which facts it needs.
        is_constant: it uses nothing of the resource.
    """

    code: Code
    names: frozenset[str]
    is_constant: bool

    def run(self, vm: Machine) -> Any:
        """Its value. Raises RubyError and Refused."""
        try:
            return self.code(Frame(vm))
        except Return as done:
            return done.value
        except Break:
            raise RubyError("LocalJumpError", "break from proc-closure") from None
        except Jump:
            raise RubyError("LocalJumpError", "no block given (yield)") from None
        except RecursionError:
            raise OutOfBudget("The expression is nested too deeply.") from None


def compile_expression(source: str, scope: Scope | None = None) -> Program:
    """Args: scope: of the earlier pieces of the same text; their variables are seen."""
    if len(source) > LONGEST:
        raise OutOfBudget(f"An expression of more than {LONGEST} characters is not evaluated.")
    if "\0" in source:
        raise Refused("A NUL character is not supported.", source.index("\0"))
    data = (source if source.endswith("\n") or "<<" not in source else source + "\n").encode()
    root = parse(data)
    compiler = Compiler(data, scope or Scope())
    compiler.check_tree(root)
    code = compiler.node(root)
    return Program(code, frozenset(compiler.used), compiler.is_constant)


_NO_ASSOCIATION = {"==", "!=", "=~", "!~", "===", "<=>"}
_JUMPS = {"redo", "retry", "yield"}


class Compiler:
    """Args: data: the source, in UTF-8; positions are bytes in it."""

    def __init__(self, data: bytes, scope: Scope) -> None:
        self.data, self.scope = data, scope
        self.used: set[str] = set()
        self.is_constant = True
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
        compile_node = _COMPILERS.get(node.type)
        if compile_node is None:
            raise self.refuse(node, f"`{_NAMES.get(node.type, node.type.replace('_', ' '))}` is not supported.")
        return compile_node(self, node)

    def body(self, nodes: list[Node]) -> Code:
        codes = [self.node(each) for each in nodes if each.is_named and each.type not in _SILENT]
        if not codes:
            return _nil
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

    # literals

    def integer(self, node: Node) -> Code:
        shown = self.text(node).replace("_", "").lower()
        if len(shown) > 1 and shown[0] == "0" and shown[1].isdigit():
            shown = f"0o{shown[1:]}"
        try:
            return _constant(int(shown.replace("0d", ""), 0 if not shown.startswith("0d") else 10))
        except ValueError:
            raise syntax_error(f"Invalid number {self.text(node)}", node.start_byte) from None

    def float(self, node: Node) -> Code:
        return _constant(float(self.text(node).replace("_", "")))

    def rational(self, node: Node) -> Code:
        from fractions import Fraction

        return _constant(Fraction(self.text(node).rstrip("r").replace("_", "")))

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
        place = body.start_byte
        for child in body.children:
            if child.type == "heredoc_end":
                break
            if child.type == "interpolation":
                parts.append(self.interpolation(child))
            else:
                parts.append(self.text(child))
            place = child.end_byte
        del place
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
        return _constant(Symbol(shown[3:-1] if shown.startswith("%s") else shown[1:]))

    def delimited_symbol(self, node: Node) -> Code:
        text = self.pieces(node, single=self.text(node).startswith(":'"))
        return lambda frame: Symbol(text(frame))

    def hash_key_symbol(self, node: Node) -> Code:
        return _constant(Symbol(self.text(node)))

    def character(self, node: Node) -> Code:
        shown = self.text(node)[1:]
        return _constant(double_quoted(shown))

    def words(self, node: Node) -> Code:
        interpolates = self.text(node)[1] in "WI"
        parts = []
        for child in node.named_children:
            if interpolates:
                parts.append(self.pieces(child, single=False))
            else:
                parts.append(_constant(single_quoted(self.text(child), " ")))
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
                return _constant(compile_pattern("".join(str(part) for part in parts), flags))
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
            return _constant(Symbol(name)), self.name(name, key)
        if key.type == "string":
            text = self.node(key)
            if self.data[key.end_byte : key.end_byte + 1] == b":":
                return (lambda frame: Symbol(text(frame))), self.node(value)
            return text, self.node(value)
        return self.node(key), self.node(value)

    def range(self, node: Node) -> Code:
        operator = self.text(self.field(node, "operator"))
        begin, end = node.child_by_field_name("begin"), node.child_by_field_name("end")
        first = self.node(begin) if begin is not None else _nil
        last = self.node(end) if end is not None else _nil

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

    # names

    def identifier(self, node: Node) -> Code:
        return self.name(self.text(node), node)

    def name(self, name: str, node: Node) -> Code:
        if name[0] == "_" and name[1:].isdigit() and self.scope.up is not None:
            self.scope.numbered = max(self.scope.numbered, int(name[1:]))
            place = int(name[1:]) - 1

            def numbered(frame: Frame) -> Any:
                args = frame.args or []
                return args[place] if place < len(args) else None

            return numbered
        depth = self.scope.depth_of(name)
        if depth is not None:
            return _variable(name, depth)
        return self.call_to_self(name, [], None, node)

    def call_to_self(self, name: str, args: list[Node], block: Code | None, node: Node) -> Code:
        self.used.add(name)
        if name not in functions():
            self.is_constant = False
        if name not in all_names():
            raise self.refuse(node, f"There is no method or variable `{name}` here.{_hint(name)}")
        arguments = self.arguments(args)
        start = node.start_byte

        def run(frame: Frame) -> Any:
            return _sent(frame.vm, frame.vm.myself, name, arguments(frame), block and block(frame), start)

        return run

    def instance_variable(self, node: Node) -> Code:
        raise self.refuse(node, "Instance variables like @x do not exist here; use a local variable.")

    def global_variable(self, node: Node) -> Code:
        name = self.text(node)[1:]
        if name == "~":
            return lambda frame: frame.vm.last_match
        if name == "!":
            return lambda frame: frame.vm.variables.get("$!")
        if name.isdigit() and name != "0":
            return lambda frame: _group(frame.vm.last_match, int(name))
        if name == "&":
            return lambda frame: _group(frame.vm.last_match, 0)
        if name in ("`", "'"):
            return lambda frame: _around(frame.vm.last_match, name == "`")
        raise self.refuse(node, f"The global variable ${name} does not exist here.")

    def constant(self, node: Node) -> Code:
        name = self.text(node)
        depth = self.scope.depth_of(name)
        if depth is not None:
            return _variable(name, depth)
        if not has_constant(name):
            raise self.refuse(node, f"The constant {name} does not exist here.")
        return _constant(Constant(name))

    def scope_resolution(self, node: Node) -> Code:
        full = self.text(node)
        holder, _, name = full.rpartition("::")
        if has_constant(full):
            return _constant(Constant(full))
        value = constant_method(holder, f"::{name}")
        if value is not None:
            return lambda frame: value(frame.vm, Constant(holder), [], None)
        raise self.refuse(node, f"The constant {full} does not exist here.")

    def self_(self, node: Node) -> Code:
        self.is_constant = False
        return lambda frame: frame.vm.myself

    # operators

    def binary(self, node: Node) -> Code:
        operator = self.text(self.field(node, "operator"))
        left_node, right_node = self.field(node, "left"), self.field(node, "right")
        left = self.node(left_node)
        right = self.node(right_node)
        if operator in ("&&", "and"):
            return lambda frame: value if not truthy(value := left(frame)) else right(frame)
        if operator in ("||", "or"):
            return lambda frame: value if truthy(value := left(frame)) else right(frame)
        if operator in ("=~",) and left_node.type == "regex":
            return self.named_match(left_node, left, right, node.start_byte)
        function = BINARY.get(operator)
        start = self.field(node, "operator").start_byte
        if function is None:
            raise self.refuse(node, f"The operator {operator} is not supported.")

        def run(frame: Frame) -> Any:
            vm = frame.vm
            vm.steps += 1
            one, other = left(frame), right(frame)
            try:
                result = function(vm, one, other)
            except Refused as refused:
                refused.start = start if refused.start is None else refused.start
                raise
            except NOT_REFUSED as error:
                raise Refused(f"`{operator}` with these values is not supported.", start) from error
            if vm.taints and type(result) is str and (type(one) is UserText or type(other) is UserText):
                return _mixed(vm, one, other, operator, result)
            return result

        return run

    def named_match(self, node: Node, left: Code, right: Code, start: int) -> Code:
        """`/(?<x>..)/ =~ text` sets the local variables of its names."""
        try:
            pattern = left(None)  # type: ignore[arg-type] # a constant needs no frame
            names = pattern.names
        except AttributeError:
            names = ()
        for name in names:
            self.scope.names.add(name)

        def run(frame: Frame) -> Any:
            result = BINARY["=~"](frame.vm, left(frame), right(frame))
            match = frame.vm.last_match
            for name in names:
                frame.variables[name] = match.group(name) if match is not None and result is not None else None
            return result

        return run

    def unary(self, node: Node) -> Code:
        operator = self.text(self.field(node, "operator"))
        operand_node = self.field(node, "operand")
        if operator == "defined?":
            return self.defined(operand_node)
        if (
            operator == "-"
            and operand_node.type in ("integer", "float")
            and operand_node.start_byte == node.start_byte + 1
        ):
            operand = self.node(operand_node)
            return _constant(-operand(None))  # type: ignore[arg-type]
        if operator == "-" and operand_node.type == "call":
            number = _leading_number(operand_node)
            if number is not None and number.start_byte == node.start_byte + 1:
                # -7.remainder(3): the sign belongs to the number, not to the result.
                return self.negative_literal(operand_node, number)
        operand = self.node(operand_node)
        if operator in ("!", "not"):
            return lambda frame: not truthy(operand(frame))
        method = {"-": "-@", "+": "+@", "~": "~"}.get(operator)
        if method is None:
            raise self.refuse(node, f"The operator {operator} is not supported.")
        start = node.start_byte
        return lambda frame: _sent(frame.vm, operand(frame), method, [], None, start)

    def negative_literal(self, node: Node, number: Node) -> Code:
        saved = self.data
        self.negated = number.start_byte
        try:
            return self.node(node)
        finally:
            self.data = saved
            self.negated = -1

    negated = -1

    def defined(self, node: Node) -> Code:
        while node.type == "parenthesized_statements" and len(node.named_children) == 1:
            node = node.named_children[0]
        name = self.text(node)
        if node.type == "nil":
            return _constant("nil")
        if node.type == "identifier":
            if self.scope.depth_of(name) is not None:
                return _constant("local-variable")
            if name in all_names():
                self.is_constant = False
                return lambda frame: "method" if _responds(frame.vm.myself, name) else None
            return _nil
        if node.type == "constant":
            return _constant("constant" if has_constant(name) else None)
        raise self.refuse(node, "defined? of this is not supported.")

    def conditional(self, node: Node) -> Code:
        condition = self.node(self.field(node, "condition"))
        yes, no = self.node(self.field(node, "consequence")), self.node(self.field(node, "alternative"))
        return lambda frame: yes(frame) if truthy(condition(frame)) else no(frame)

    def element(self, node: Node) -> Code:
        target = self.node(self.field(node, "object"))
        args = self.arguments(list(node.named_children[1:]))
        start = node.start_byte

        def run(frame: Frame) -> Any:
            me, given = target(frame), args(frame)
            if type(me) is dict and len(given) == 1 and not frame.vm.taints:
                frame.vm.steps += 1
                return look_up(me, given[0])[1]
            return _sent(frame.vm, me, "[]", given, None, start)

        return run

    # calls

    def call(self, node: Node) -> Code:
        receiver_node = node.child_by_field_name("receiver")
        method_node = node.child_by_field_name("method")
        arguments_node = node.child_by_field_name("arguments")
        block_node = node.child_by_field_name("block")
        argument_nodes = list(arguments_node.named_children) if arguments_node is not None else []
        name = self.text(method_node) if method_node is not None else "call"
        if (
            method_node is not None
            and method_node.type == "constant"
            and receiver_node is not None
            and arguments_node is None
        ):
            raise self.refuse(method_node, f"The constant {name} does not exist here.")
        if name in ("loop",) and receiver_node is None:
            return self.loop(node, block_node)
        passed = [each for each in argument_nodes if each.type == "block_argument"]
        argument_nodes = [each for each in argument_nodes if each.type not in ("block_argument", "comment")]
        receiver = self.node(receiver_node) if receiver_node is not None else None
        block: Code | None = None
        if passed:
            block = self.passed_block(passed[0])
        elif block_node is not None:
            block = self.block_code(
                block_node.child_by_field_name("parameters"),
                block_node.child_by_field_name("body"),
                is_lambda=receiver_node is None and name == "lambda",
            )
        if receiver is None:
            return self.call_to_self(name, argument_nodes, block, method_node or node)
        self.used.add(name)
        start = (method_node or node).start_byte
        if name not in all_names():
            raise self.refuse(method_node or node, f"There is no method `{name}` here.{_hint(name)}")
        args = self.arguments(argument_nodes)
        operator = node.child_by_field_name("operator")
        safe = operator is not None and self.text(operator) == "&."
        if receiver_node is not None and receiver_node.type == "self":
            self.is_constant = False

        def run(frame: Frame) -> Any:
            me = receiver(frame)
            if safe and me is None:
                return None
            return _sent(frame.vm, me, name, args(frame), block and block(frame), start)

        if (
            self.negated == _first_byte(receiver_node)
            and receiver_node is not None
            and receiver_node.type in ("integer", "float")
        ):
            value = -receiver(None)  # type: ignore[arg-type]
            return lambda frame: _sent(frame.vm, value, name, args(frame), block and block(frame), start)
        if safe and receiver_node is not None and receiver_node.type == "nil":
            return _nil
        return run

    def arguments(self, nodes: list[Node]) -> Code:
        codes: list[tuple[str, Code]] = []
        keyword_pairs: list[tuple[Code | None, Code]] = []
        for each in nodes:
            if each.type == "comment":
                continue
            if each.type == "pair":
                keyword_pairs.append(self.pair(each))
            elif each.type == "hash_splat_argument":
                keyword_pairs.append((None, self.node(each.named_children[0])))
            elif each.type == "splat_argument":
                codes.append(("splat", self.node(each.named_children[0])))
            else:
                codes.append(("one", self.node(each)))
        if not codes and not keyword_pairs:
            return lambda frame: []
        if len(codes) == 1 and codes[0][0] == "one" and not keyword_pairs:
            only = codes[0][1]
            return lambda frame: [only(frame)]
        if not keyword_pairs and all(kind == "one" for kind, _ in codes):
            plain = [code for _, code in codes]
            return lambda frame: [code(frame) for code in plain]

        def run(frame: Frame) -> list[Any]:
            result: list[Any] = []
            for kind, code in codes:
                if kind == "splat":
                    result += splat(frame.vm, code(frame))
                else:
                    result.append(code(frame))
            if keyword_pairs:
                keywords = Hash(is_keywords=True)
                for key, value in keyword_pairs:
                    if key is not None:
                        put(keywords, key(frame), value(frame))
                        continue
                    from bot.triage.ruby.values import pairs

                    for each, its in pairs(value(frame)):
                        put(keywords, each, its)
                result.append(keywords)
            return result

        return run

    def passed_block(self, node: Node) -> Code:
        inner = node.named_children[0]
        if inner.type in ("simple_symbol", "symbol"):
            name = self.text(inner)[1:]
            self.used.add(name)
            if name not in all_names():
                raise self.refuse(inner, f"There is no method `{name}` here.{_hint(name)}")
            start = inner.start_byte
            return lambda frame: _symbol_block(frame.vm, name, start)
        value = self.node(inner)

        def run(frame: Frame) -> Block | None:
            given = value(frame)
            if isinstance(given, Symbol):
                return _symbol_block(frame.vm, given.name, node.start_byte)
            if given is not None and not isinstance(given, Block):
                raise RubyError("TypeError", f"wrong argument type {class_name(given)} (expected Proc)")
            return given

        return run

    def block_code(self, parameters: Node | None, body: Node | None, *, is_lambda: bool) -> Code:
        inner = Scope(up=self.scope)
        outer, self.scope = self.scope, inner
        saved_loops, self.loops = self.loops, self.loops + 1
        saved_landing, self.landing = self.landing, None
        try:
            bind, arity = self.parameters(parameters)
            code: Code
            if body is None:
                code = _nil
            elif body.type in ("block", "do_block"):
                inner_body = body.child_by_field_name("body")
                if bind is None and body.child_by_field_name("parameters") is not None:
                    bind, arity = self.parameters(body.child_by_field_name("parameters"))
                code = self.node(inner_body) if inner_body is not None else _nil
            else:
                code = self.node(body)
        finally:
            self.scope, self.loops, self.landing = outer, saved_loops, saved_landing
        numbered = inner.numbered
        if bind is None and numbered:
            arity = numbered

        def make(frame: Frame) -> Block:
            vm = frame.vm

            def call(args: list[Any]) -> Any:
                vm.step()
                here = Frame(vm, frame)
                if bind is not None:
                    if is_lambda and arity >= 0 and len(args) != arity:
                        raise argument_error(f"wrong number of arguments (given {len(args)}, expected {arity})")
                    bind(here, args)
                elif numbered:
                    here.args = args[0] if numbered > 1 and len(args) == 1 and type(args[0]) is list else args
                try:
                    value = code(here)
                    if vm.taints and holds_user_text(value):
                        vm.block_gave_user_text = True
                    return value
                except Next as jump:
                    vm.block_gave_user_text = vm.block_gave_user_text or holds_user_text(jump.value)
                    return jump.value
                except Return as jump:
                    if is_lambda:
                        return jump.value
                    raise

            return Block(call, arity, is_lambda)

        return make

    def parameters(self, node: Node | None) -> tuple[Callable[[Frame, list[Any]], None] | None, int]:
        """A function that binds the arguments of a block to its names; None where it has no parameters."""
        if node is None:
            return None, 0
        before: list[Callable[[Frame, Any], None]] = []
        optional: list[tuple[str, Code]] = []
        rest: str | None = None
        after: list[Callable[[Frame, Any], None]] = []
        for child in node.named_children:
            if child.type in ("identifier", "destructured_parameter"):
                (after if rest is not None else before).append(self.target(child))
            elif child.type == "optional_parameter":
                name = self.text(self.field(child, "name"))
                default = self.node(self.field(child, "value"))
                self.scope.names.add(name)
                optional.append((name, default))
            elif child.type == "splat_parameter":
                given = child.child_by_field_name("name")
                rest = self.text(given) if given is not None else ""
                if rest:
                    self.scope.names.add(rest)
            else:
                raise self.refuse(child, "This kind of block parameter is not supported.")
        locals_given = node.children_by_field_name("locals")
        for child in locals_given:
            self.scope.names.add(self.text(child))
        before = before[: len(before) - len(locals_given)] if locals_given else before
        count = len(before) + len(optional) + len(after)
        spreads = count > 1 or (count == 1 and rest is not None) or self.text(node).rstrip("| ").endswith(",")
        only_one = len(before) == 1 and not optional and not after and rest is None and not spreads
        arity = count if not optional and rest is None else -1

        def bind(frame: Frame, args: list[Any]) -> None:
            if only_one:
                before[0](frame, args[0] if args else None)
                return
            if len(args) == 1 and type(args[0]) is list and (spreads or (rest is not None and count)):
                args = args[0]
            place = 0
            for target in before:
                target(frame, args[place] if place < len(args) else None)
                place += 1
            for name, default in optional:
                if place < len(args) - len(after):
                    frame.variables[name] = args[place]
                    place += 1
                else:
                    frame.variables[name] = default(frame)
            if rest is not None:
                end = max(place, len(args) - len(after))
                if rest:
                    frame.variables[rest] = args[place:end]
                place = end
            for target in after:
                target(frame, args[place] if place < len(args) else None)
                place += 1

        return bind, arity

    # assignment

    def target(self, node: Node) -> Callable[[Frame, Any], None]:
        """What can stand left of an `=`."""
        if node.type in ("identifier", "constant"):
            name = self.text(node)
            # In a block a parameter is always new; an assignment takes the variable that is there.
            self.scope.names.add(name)

            def bind(frame: Frame, value: Any) -> None:
                frame.variables[name] = value

            return bind
        if node.type in ("destructured_parameter", "destructured_left_assignment", "left_assignment_list"):
            return self.several(node, self.target)
        raise self.refuse(node, "This cannot be assigned to.")

    def assigned(self, node: Node) -> Callable[[Frame, Any], None]:
        if node.type in ("identifier", "constant"):
            name = self.text(node)
            depth = self.scope.depth_of(name)
            if depth is None:
                self.scope.names.add(name)
                depth = 0
            up = depth

            def store(frame: Frame, value: Any) -> None:
                for _ in range(up):
                    frame = frame.up  # type: ignore[assignment]
                frame.variables[name] = value

            return store
        if node.type == "element_reference":
            holder = self.node(self.field(node, "object"))
            args = self.arguments(node.named_children[1:])
            start = node.start_byte

            def put_in(frame: Frame, value: Any) -> None:
                _sent(frame.vm, holder(frame), "[]=", [*args(frame), value], None, start)

            return put_in
        if node.type in ("destructured_left_assignment", "left_assignment_list"):
            return self.several(node, self.assigned)
        if node.type == "call":
            receiver = self.node(self.field(node, "receiver"))
            name = self.text(self.field(node, "method")) + "="
            if name not in all_names():
                raise self.refuse(node, f"There is no method `{name}` here.")
            start = node.start_byte

            def call_setter(frame: Frame, value: Any) -> None:
                _sent(frame.vm, receiver(frame), name, [value], None, start)

            return call_setter
        raise self.refuse(node, "This cannot be assigned to.")

    def several(self, node: Node, one: Callable[[Node], Callable[[Frame, Any], None]]) -> Callable[[Frame, Any], None]:
        targets: list[tuple[bool, Callable[[Frame, Any], None] | None]] = []
        for child in node.named_children:
            if child.type in ("rest_assignment", "splat_parameter"):
                inner = child.named_children[0] if child.named_children else None
                targets.append((True, one(inner) if inner is not None else None))
            else:
                targets.append((False, one(child)))
        after_rest = sum(1 for _ in targets) - next((i + 1 for i, t in enumerate(targets) if t[0]), len(targets))

        def bind(frame: Frame, value: Any) -> None:
            values = value if type(value) is list else [value]
            place = 0
            for is_rest, target in targets:
                if is_rest:
                    end = max(place, len(values) - after_rest)
                    if target is not None:
                        target(frame, values[place:end])
                    place = end
                elif target is not None:
                    target(frame, values[place] if place < len(values) else None)
                    place += 1

        return bind

    def assignment(self, node: Node) -> Code:
        left, right = self.field(node, "left"), self.field(node, "right")
        if left.type == "identifier":
            # `x = x` is nil in Ruby: the name is a variable as soon as it was read on the left.
            store = self.assigned(left)
            value = self.value_of(right)
        else:
            value = self.value_of(right)
            store = self.assigned(left)

        def run(frame: Frame) -> Any:
            result = value(frame)
            store(frame, result)
            return result

        return run

    def value_of(self, node: Node) -> Code:
        if node.type == "right_assignment_list":
            return self.arguments(node.named_children)
        if node.type == "splat_argument":
            inner = self.node(node.named_children[0])
            return lambda frame: splat(frame.vm, inner(frame))
        return self.node(node)

    def operator_assignment(self, node: Node) -> Code:
        left = self.field(node, "left")
        operator = self.text(self.field(node, "operator"))[:-1]
        if left.type == "identifier" and self.scope.depth_of(self.text(left)) is None:
            self.scope.names.add(self.text(left))
        read = self.node(left)
        store = self.assigned(left)
        right = self.node(self.field(node, "right"))
        start = node.start_byte
        if operator in ("||", "&&"):

            def run(frame: Frame) -> Any:
                value = read(frame)
                if truthy(value) == (operator == "||"):
                    return value
                value = right(frame)
                store(frame, value)
                return value

            return run
        function = BINARY.get(operator)
        if function is None:
            raise self.refuse(node, f"The operator {operator}= is not supported.")

        def change(frame: Frame) -> Any:
            vm = frame.vm
            vm.step()
            one, other = read(frame), right(frame)
            try:
                value = function(vm, one, other)
            except NOT_REFUSED as error:
                raise Refused(f"`{operator}=` with these values is not supported.", start) from error
            if isinstance(value, str):
                vm.characters(len(value))
                if vm.taints and (type(one) is UserText or type(other) is UserText):
                    value = _mixed(vm, one, other, operator, str(value))
            store(frame, value)
            return value

        return change

    # control

    def if_(self, node: Node) -> Code:
        condition = self.node(self.field(node, "condition"))
        yes = self.optional(node.child_by_field_name("consequence"))
        no = self.optional(node.child_by_field_name("alternative"))
        if node.type == "unless":
            yes, no = no, yes
        return lambda frame: yes(frame) if truthy(condition(frame)) else no(frame)

    def optional(self, node: Node | None) -> Code:
        return self.node(node) if node is not None else _nil

    def if_modifier(self, node: Node) -> Code:
        body_node = self.field(node, "body")
        # The body stands first, so its assignments are known to the condition; not the other way round.
        body = self.node(body_node)
        condition = self.node(self.field(node, "condition"))
        if node.type == "unless_modifier":
            return lambda frame: None if truthy(condition(frame)) else body(frame)
        return lambda frame: body(frame) if truthy(condition(frame)) else None

    def case(self, node: Node) -> Code:
        value_node = node.child_by_field_name("value")
        value = self.node(value_node) if value_node is not None else None
        branches: list[tuple[list[tuple[bool, Code]], Code]] = []
        otherwise: Code = _nil
        for child in node.named_children:
            if child.type == "when":
                patterns = []
                for each in child.children_by_field_name("pattern"):
                    inner = each.named_children[0] if each.type == "pattern" and each.named_children else each
                    is_splat = inner.type == "splat_argument"
                    patterns.append((is_splat, self.node(inner.named_children[0] if is_splat else inner)))
                branches.append((patterns, self.optional(child.child_by_field_name("body"))))
            elif child.type == "else":
                otherwise = self.node(child)

        def run(frame: Frame) -> Any:
            subject = value(frame) if value is not None else None
            for patterns, body in branches:
                for is_splat, pattern in patterns:
                    tested = splat(frame.vm, pattern(frame)) if is_splat else [pattern(frame)]
                    for each in tested:
                        if truthy(each) if value is None else case_equal(frame.vm, each, subject):
                            return body(frame)
            return otherwise(frame)

        return run

    def while_(self, node: Node) -> Code:
        modifier = node.type.endswith("_modifier")
        body_node = self.field(node, "body")
        landing = object()
        self.loops += 1
        saved, self.landing = self.landing, landing
        try:
            if modifier:
                body = self.node(body_node)
                condition = self.node(self.field(node, "condition"))
            else:
                condition = self.node(self.field(node, "condition"))
                body = self.node(body_node)
        finally:
            self.landing = saved
            self.loops -= 1
        until = node.type.startswith("until")
        first = modifier and body_node.type == "begin"

        def run(frame: Frame) -> Any:
            try:
                once = first
                while once or truthy(condition(frame)) != until:
                    once = False
                    frame.vm.step()
                    try:
                        body(frame)
                    except Next:
                        continue
            except Break as jump:
                if jump.landing is not landing:
                    raise
                return jump.value
            return None

        return run

    landing: object | None = None

    def loop(self, node: Node, block_node: Node | None) -> Code:
        if block_node is None:
            raise self.refuse(node, "`loop` without a block is not supported.")
        body = block_node.child_by_field_name("body")
        landing = object()
        inner = Scope(up=self.scope)
        outer, self.scope = self.scope, inner
        saved, self.landing = self.landing, landing
        self.loops += 1
        try:
            code = self.node(body) if body is not None else _nil
        finally:
            self.scope, self.landing = outer, saved
            self.loops -= 1

        def run(frame: Frame) -> Any:
            try:
                while True:
                    frame.vm.step()
                    try:
                        code(Frame(frame.vm, frame))
                    except Next:
                        continue
            except Break as jump:
                if jump.landing is not landing:
                    raise
                return jump.value

        return run

    def for_(self, node: Node) -> Code:
        pattern = self.field(node, "pattern")
        value_node = self.field(node, "value")
        value = self.node(value_node.named_children[0] if value_node.type == "in" else value_node)
        store = self.assigned(pattern)
        landing = object()
        saved, self.landing = self.landing, landing
        self.loops += 1
        try:
            body = self.optional(node.child_by_field_name("body"))
        finally:
            self.landing = saved
            self.loops -= 1

        def run(frame: Frame) -> Any:
            rows = value(frame)
            try:
                for each in splat(frame.vm, rows):
                    frame.vm.step()
                    store(frame, each)
                    try:
                        body(frame)
                    except Next:
                        continue
            except Break as jump:
                if jump.landing is not landing:
                    raise
                return jump.value
            return rows

        return run

    def jump(self, node: Node) -> Code:
        args = node.named_children[0].named_children if node.named_children else []
        values = self.arguments(list(args))
        kind = node.type
        if kind in ("break", "next") and not self.loops:
            raise syntax_error(f"Can't escape from eval with {kind}", node.start_byte)
        landing = self.landing if self.landing is not None else None

        def run(frame: Frame) -> Any:
            given = values(frame)
            value = given[0] if len(given) == 1 else given or None
            if kind == "return":
                raise Return(value)
            if kind == "next":
                raise Next(value)
            raise Break(value, landing)

        return run

    def rescue_modifier(self, node: Node) -> Code:
        body, handler = self.node(self.field(node, "body")), self.node(self.field(node, "handler"))

        def run(frame: Frame) -> Any:
            try:
                return body(frame)
            except RubyError as error:
                if not error.is_a("StandardError"):
                    raise
                frame.vm.variables["$!"] = Failure(error.kind, error.sentence)
                return handler(frame)

        return run

    def protected(self, node: Node, clauses: list[Node]) -> Code:
        """begin ... rescue ... else ... ensure ... end."""
        body = self.body([child for child in node.named_children if child not in clauses])
        handlers: list[tuple[Code | None, Callable[[Frame, Any], None] | None, Code]] = []
        otherwise: Code | None = None
        finally_: Code = _nil
        for clause in clauses:
            if clause.type == "rescue":
                kinds = clause.child_by_field_name("exceptions")
                variable = clause.child_by_field_name("variable")
                store = self.assigned(variable.named_children[0]) if variable is not None else None
                inner = clause.child_by_field_name("body")
                handlers.append(
                    (self.exception_names(kinds) if kinds is not None else None, store, self.optional(inner))
                )
            elif clause.type == "else":
                otherwise = self.node(clause)
            else:
                finally_ = self.body(clause.named_children)

        def run(frame: Frame) -> Any:
            try:
                try:
                    result = body(frame)
                except RubyError as error:
                    for kinds, store, handler in handlers:
                        wanted = [Constant("StandardError")] if kinds is None else kinds(frame)
                        if any(isinstance(each, Constant) and error.is_a(each.name) for each in wanted):
                            failure = Failure(error.kind, error.sentence)
                            frame.vm.variables["$!"] = failure
                            if store is not None:
                                store(frame, failure)
                            return handler(frame)
                    raise
                return otherwise(frame) if otherwise is not None else result
            finally:
                finally_(frame)

        return run

    def exception_names(self, node: Node) -> Code:
        return self.arguments(node.named_children)

    def parenthesized(self, node: Node) -> Code:
        return self.body(node.named_children)


def _first_byte(node: Node | None) -> int:
    return node.start_byte if node is not None else -2


def _leading_number(node: Node) -> Node | None:
    """The number that a chain of calls begins with."""
    receiver = node.child_by_field_name("receiver")
    while receiver is not None and receiver.type == "call":
        receiver = receiver.child_by_field_name("receiver")
    return receiver if receiver is not None and receiver.type in ("integer", "float") else None


# -- what compiled code uses -----------------------------------------------------------------------------------------


def _nil(frame: Frame) -> None:
    return None


def _constant(value: Any) -> Code:
    return lambda frame: value


def _variable(name: str, depth: int) -> Code:
    if depth == 0:
        return lambda frame: frame.variables.get(name)

    def read(frame: Frame) -> Any:
        for _ in range(depth):
            frame = frame.up  # type: ignore[assignment]
        return frame.variables.get(name)

    return read


def _sent(vm: Machine, me: Any, name: str, args: list[Any], block: Block | None, start: int) -> Any:
    try:
        return vm.send(me, name, args, block)
    except Refused as refused:
        if refused.start is None:
            refused.start = start
        raise
    except Break as jump:
        # A block's `break` ends the call that the block was given to.
        if jump.landing is None and block is not None:
            return jump.value
        raise


def _symbol_block(vm: Machine, name: str, start: int) -> Block:
    def call(args: list[Any]) -> Any:
        if not args:
            raise argument_error("no receiver given")
        return _sent(vm, args[0], name, args[1:], None, start)

    return Block(call, -2, is_lambda=True)


def joined(parts: list[str | Code]) -> Code:
    """The parts of a string; what a resource's text puts in is made harmless in texts for people."""
    if all(isinstance(part, str) for part in parts):
        return _constant("".join(str(part) for part in parts))

    def run(frame: Frame) -> str:
        from bot.triage.ruby.parts import put_in

        shown = ""
        vm = frame.vm
        for part in parts:
            if isinstance(part, str):
                shown += part
            else:
                value = part(frame)
                shown += put_in(vm, value, shown) if vm.taints else to_text(value)
                vm.characters(len(shown))
        return shown

    return run


def _mixed(vm: Machine, one: Any, other: Any, operator: str, result: str) -> str:
    """A resource's text added to the policy's own: the former is made harmless, as in an interpolation."""
    if operator == "+" and type(one) is not type(other):
        from bot.triage.ruby.parts import put_in

        return put_in(vm, one, "") + put_in(vm, other, str(one))
    return UserText(result)


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


def _group(match: Match | None, which: int) -> Any:
    if match is None or which > match.found.re.groups:
        return None
    return match.group(which)


def _around(match: Match | None, before: bool) -> Any:
    if match is None:
        return None
    return match.text[: match.found.start()] if before else match.text[match.found.end() :]


def _responds(me: Any, name: str) -> bool:
    from bot.triage.ruby.machine import method_of

    return method_of(me, name) is not None


def splat(vm: Machine, value: Any) -> list[Any]:
    if value is None:
        return []
    if type(value) is list:
        return value
    from bot.triage.ruby.methods.rows import rows_of

    rows = rows_of(vm, value, strict=False)
    return rows if rows is not None else [value]


_HINTS = {
    "system": "Nothing outside the policy can be reached.",
    "require": "Plug-ins are written in Python here.",
    "title": "A field is read with resource[:title].",
    "iid": "A field is read with resource[:iid].",
    "description": "A field is read with resource[:description].",
    "has_assignee?": "Write resource[:assignees].any?.",
}


def _hint(name: str) -> str:
    import difflib

    hint = _HINTS.get(name)
    if hint:
        return f" {hint}"
    near = difflib.get_close_matches(name, all_names(), n=1, cutoff=0.8)
    return f" Perhaps you meant {near[0]}?" if near else ""


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

_COMPILERS: dict[str, Callable[[Compiler, Node], Code]] = {
    "program": Compiler.sequence,
    "integer": Compiler.integer,
    "float": Compiler.float,
    "rational": Compiler.rational,
    "string": Compiler.string,
    "chained_string": Compiler.chained_string,
    "heredoc_beginning": Compiler.heredoc,
    "simple_symbol": Compiler.symbol,
    "delimited_symbol": Compiler.delimited_symbol,
    "hash_key_symbol": Compiler.hash_key_symbol,
    "character": Compiler.character,
    "string_array": Compiler.words,
    "symbol_array": Compiler.words,
    "regex": Compiler.regex,
    "array": Compiler.array,
    "hash": Compiler.hash,
    "range": Compiler.range,
    "lambda": Compiler.lambda_literal,
    "nil": lambda self, node: _nil,
    "true": lambda self, node: _constant(True),
    "false": lambda self, node: _constant(False),
    "self": Compiler.self_,
    "identifier": Compiler.identifier,
    "constant": Compiler.constant,
    "scope_resolution": Compiler.scope_resolution,
    "instance_variable": Compiler.instance_variable,
    "global_variable": Compiler.global_variable,
    "binary": Compiler.binary,
    "unary": Compiler.unary,
    "conditional": Compiler.conditional,
    "element_reference": Compiler.element,
    "call": Compiler.call,
    "assignment": Compiler.assignment,
    "operator_assignment": Compiler.operator_assignment,
    "if": Compiler.if_,
    "unless": Compiler.if_,
    "elsif": Compiler.if_,
    "then": Compiler.sequence,
    "else": Compiler.sequence,
    "do": Compiler.sequence,
    "block_body": Compiler.sequence,
    "body_statement": Compiler.sequence,
    "if_modifier": Compiler.if_modifier,
    "unless_modifier": Compiler.if_modifier,
    "case": Compiler.case,
    "while": Compiler.while_,
    "until": Compiler.while_,
    "while_modifier": Compiler.while_,
    "until_modifier": Compiler.while_,
    "for": Compiler.for_,
    "break": Compiler.jump,
    "next": Compiler.jump,
    "return": Compiler.jump,
    "rescue_modifier": Compiler.rescue_modifier,
    "begin": Compiler.sequence,
    "parenthesized_statements": Compiler.parenthesized,
}
