"""if, case, loops, jumps and rescue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, Scope, nil_code, splat, syntax_error
from bot.triage.ruby.compiling.tree import Tree
from bot.triage.ruby.errors import Break, Next, Return, RubyError
from bot.triage.ruby.operators import case_equal
from bot.triage.ruby.values import Constant, Failure, truthy


class Control(Tree):
    """if, case, loops, jumps and rescue."""

    def if_(self, node: Node) -> Code:
        condition = self.node(self.field(node, "condition"))
        yes = self.optional(node.child_by_field_name("consequence"))
        no = self.optional(node.child_by_field_name("alternative"))
        if node.type == "unless":
            yes, no = no, yes
        return lambda frame: yes(frame) if truthy(condition(frame)) else no(frame)

    def optional(self, node: Node | None) -> Code:
        return self.node(node) if node is not None else nil_code

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
        otherwise: Code = nil_code
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
            code = self.node(body) if body is not None else nil_code
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
        finally_: Code = nil_code
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
