"""Assignments, of several names at once, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, is_users, mixed, sent, splat
from bot.triage.ruby.compiling.tree import Tree
from bot.triage.ruby.errors import Refused
from bot.triage.ruby.machine import all_names
from bot.triage.ruby.operators import BINARY, NOT_REFUSED
from bot.triage.ruby.values import truthy


class Assignments(Tree):
    """Assignments."""

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
            self.assigns_elements = True
            holder = self.node(self.field(node, "object"))
            args = self.arguments(node.named_children[1:])
            start = node.start_byte

            def put_in(frame: Frame, value: Any) -> None:
                sent(frame.vm, holder(frame), "[]=", [*args(frame), value], None, start)

            return put_in
        if node.type in ("destructured_left_assignment", "left_assignment_list"):
            return self.several(node, self.assigned)
        if node.type == "call":
            self.assigns_elements = True
            receiver = self.node(self.field(node, "receiver"))
            name = self.text(self.field(node, "method")) + "="
            if name not in all_names():
                raise self.refuse(node, f"There is no method `{name}` here.")
            start = node.start_byte

            def call_setter(frame: Frame, value: Any) -> None:
                sent(frame.vm, receiver(frame), name, [value], None, start)

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
        self.used.add(operator)
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
                if vm.taints and (is_users(one) or is_users(other)):
                    value = mixed(vm, one, other, operator, str(value))
            store(frame, value)
            return value

        return change
