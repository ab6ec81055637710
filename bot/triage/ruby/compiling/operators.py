"""Operators, conditions by ?: and element references."""

from __future__ import annotations

import re
from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, always, is_users, mixed, nil_code, sent
from bot.triage.ruby.compiling.tree import Mention, Tree
from bot.triage.ruby.errors import Refused
from bot.triage.ruby.machine import all_names, has_constant
from bot.triage.ruby.operators import BINARY, NOT_REFUSED
from bot.triage.ruby.values import look_up, truthy

# A key that is written down, as a symbol or as a text.
_FIELD = re.compile(r"""[:"'](\w+)["']?\Z""")


class Operators(Tree):
    """Operators."""

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
        self.used.add(operator)
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
            if vm.taints and type(result) is str and (is_users(one) or is_users(other)):
                return mixed(vm, one, other, operator, result)
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
            return always(-operand(None))  # type: ignore[arg-type]
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
        return lambda frame: sent(frame.vm, operand(frame), method, [], None, start)

    def negative_literal(self, node: Node, number: Node) -> Code:
        saved = self.data
        self.negated = number.start_byte
        try:
            return self.node(node)
        finally:
            self.data = saved
            self.negated = -1

    def defined(self, node: Node) -> Code:
        while node.type == "parenthesized_statements" and len(node.named_children) == 1:
            node = node.named_children[0]
        name = self.text(node)
        if node.type == "nil":
            return always("nil")
        if node.type == "identifier":
            if self.scope.depth_of(name) is not None:
                return always("local-variable")
            if name in all_names():
                self.is_constant = False
                return lambda frame: "method" if _responds(frame.vm.myself, name) else None
            return nil_code
        if node.type == "constant":
            return always("constant" if has_constant(name) else None)
        raise self.refuse(node, "defined? of this is not supported.")

    def conditional(self, node: Node) -> Code:
        condition = self.node(self.field(node, "condition"))
        yes, no = self.node(self.field(node, "consequence")), self.node(self.field(node, "alternative"))
        return lambda frame: yes(frame) if truthy(condition(frame)) else no(frame)

    def element(self, node: Node) -> Code:
        holder = self.field(node, "object")
        target = self.node(holder)
        args = self.arguments(list(node.named_children[1:]))
        key = _FIELD.match(self.text(node.named_children[-1]))
        if self.text(holder) == "resource" and len(node.named_children) == 2 and key:
            self.mentions.append(Mention(key[1], node.named_children[1].start_byte, is_field=True))
        start = node.start_byte

        def run(frame: Frame) -> Any:
            me, given = target(frame), args(frame)
            if type(me) is dict and len(given) == 1 and not frame.vm.taints:
                frame.vm.steps += 1
                return look_up(me, given[0])[1]
            return sent(frame.vm, me, "[]", given, None, start)

        return run


def _leading_number(node: Node) -> Node | None:
    """The number that a chain of calls begins with."""
    receiver = node.child_by_field_name("receiver")
    while receiver is not None and receiver.type == "call":
        receiver = receiver.child_by_field_name("receiver")
    return receiver if receiver is not None and receiver.type in ("integer", "float") else None


def _responds(me: Any, name: str) -> bool:
    from bot.triage.ruby.machine import method_of

    return method_of(me, name) is not None
