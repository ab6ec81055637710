"""Calls of methods with their arguments and blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, Scope, nil_code, sent, splat
from bot.triage.ruby.compiling.hints import hint_for
from bot.triage.ruby.compiling.tree import Tree
from bot.triage.ruby.errors import Next, Return, RubyError, argument_error
from bot.triage.ruby.machine import Machine, all_names
from bot.triage.ruby.values import Block, Hash, Symbol, class_name, holds_user_text, put


class Calls(Tree):
    """Calls."""

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
            raise self.refuse(method_node or node, f"There is no method `{name}` here.{hint_for(name)}")
        args = self.arguments(argument_nodes)
        operator = node.child_by_field_name("operator")
        safe = operator is not None and self.text(operator) == "&."
        if receiver_node is not None and receiver_node.type == "self":
            self.is_constant = False

        def run(frame: Frame) -> Any:
            me = receiver(frame)
            if safe and me is None:
                return None
            return sent(frame.vm, me, name, args(frame), block and block(frame), start)

        if (
            self.negated == _first_byte(receiver_node)
            and receiver_node is not None
            and receiver_node.type in ("integer", "float")
        ):
            value = -receiver(None)  # type: ignore[arg-type]
            return lambda frame: sent(frame.vm, value, name, args(frame), block and block(frame), start)
        if safe and receiver_node is not None and receiver_node.type == "nil":
            return nil_code
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
                    frame.vm.items(len(result))
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
                raise self.refuse(inner, f"There is no method `{name}` here.{hint_for(name)}")
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
                code = nil_code
            elif body.type in ("block", "do_block"):
                inner_body = body.child_by_field_name("body")
                if bind is None and body.child_by_field_name("parameters") is not None:
                    bind, arity = self.parameters(body.child_by_field_name("parameters"))
                code = self.node(inner_body) if inner_body is not None else nil_code
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


def _first_byte(node: Node | None) -> int:
    return node.start_byte if node is not None else -2


def _symbol_block(vm: Machine, name: str, start: int) -> Block:
    def call(args: list[Any]) -> Any:
        if not args:
            raise argument_error("no receiver given")
        return sent(vm, args[0], name, args[1:], None, start)

    return Block(call, -2, is_lambda=True)
