"""From the text of an expression to functions: tree-sitter's Ruby tree, walked once.

What is no Ruby is a SyntaxError at its position; what is Ruby but not done here is Refused at its position. Nothing
of the tree is left when an expression runs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import tree_sitter
import tree_sitter_ruby

from bot.triage.ruby.compiling.code import Code, Frame, Node, Scope
from bot.triage.ruby.compiling.compiler import Compiler
from bot.triage.ruby.compiling.tree import Mention
from bot.triage.ruby.errors import Break, Jump, OutOfBudget, Refused, Return, RubyError
from bot.triage.ruby.machine import Machine

LONGEST = 20_000


@functools.cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_ruby.language()))


def parse(data: bytes) -> Node:
    return _parser().parse(data).root_node


@dataclass(frozen=True)
class Program:
    """A compiled expression, or the pieces of a text.

    Args:
        names: the bare names and methods that it uses, to see which facts it needs.
        is_constant: it uses nothing of the resource.
        mentions: what it asks the resource itself for.
        may_change_values: it may change a list or map in place, so that it must have the resource for itself.
    """

    code: Code
    names: frozenset[str]
    is_constant: bool
    may_change_values: bool = False
    mentions: tuple[Mention, ...] = ()

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
    return Program(
        code, frozenset(compiler.used), compiler.is_constant, compiler.may_change_values, tuple(compiler.mentions)
    )
