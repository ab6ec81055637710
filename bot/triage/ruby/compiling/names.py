"""Bare names, constants, and variables."""

from __future__ import annotations

from typing import Any

from bot.triage.ruby.compiling.code import Code, Frame, Node, always, sent, variable
from bot.triage.ruby.compiling.hints import hint_for
from bot.triage.ruby.compiling.tree import Mention, Tree
from bot.triage.ruby.machine import all_names, constant_method, functions, has_constant
from bot.triage.ruby.values import Constant, Match


class Names(Tree):
    """Names."""

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
            return variable(name, depth)
        return self.call_to_self(name, [], None, node)

    def call_to_self(self, name: str, args: list[Node], block: Code | None, node: Node) -> Code:
        self.used.add(name)
        if name not in functions():
            self.is_constant = False
            self.mentions.append(Mention(name, node.start_byte, is_field=False))
        if name not in all_names():
            raise self.refuse(node, f"There is no method or variable `{name}` here.{hint_for(name)}")
        arguments = self.arguments(args)
        start = node.start_byte

        def run(frame: Frame) -> Any:
            return sent(frame.vm, frame.vm.myself, name, arguments(frame), block and block(frame), start)

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
            return variable(name, depth)
        if not has_constant(name):
            raise self.refuse(node, f"The constant {name} does not exist here.")
        return always(Constant(name))

    def scope_resolution(self, node: Node) -> Code:
        full = self.text(node)
        holder, _, name = full.rpartition("::")
        if has_constant(full):
            return always(Constant(full))
        value = constant_method(holder, f"::{name}")
        if value is not None:
            return lambda frame: value(frame.vm, Constant(holder), [], None)
        raise self.refuse(node, f"The constant {full} does not exist here.")

    def self_(self, node: Node) -> Code:
        self.is_constant = False
        return lambda frame: frame.vm.myself


def _group(match: Match | None, which: int) -> Any:
    if match is None or which > match.found.re.groups:
        return None
    return match.group(which)


def _around(match: Match | None, before: bool) -> Any:
    if match is None:
        return None
    return match.text[: match.found.start()] if before else match.text[match.found.end() :]
