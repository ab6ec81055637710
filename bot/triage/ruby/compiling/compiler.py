"""The compiler: all its parts, and which of them is for which kind of node."""

from __future__ import annotations

from bot.triage.ruby.compiling.assignments import Assignments
from bot.triage.ruby.compiling.calls import Calls
from bot.triage.ruby.compiling.code import always, nil_code
from bot.triage.ruby.compiling.control import Control
from bot.triage.ruby.compiling.literals import Literals
from bot.triage.ruby.compiling.names import Names
from bot.triage.ruby.compiling.operators import Operators


class Compiler(Literals, Names, Operators, Calls, Assignments, Control):
    """From a node of the tree to a function; one method for each kind of node."""


Compiler.compilers = {
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
    "nil": lambda self, node: nil_code,
    "true": lambda self, node: always(True),
    "false": lambda self, node: always(False),
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
