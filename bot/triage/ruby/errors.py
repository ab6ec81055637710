"""How an expression can end other than with a value."""

from __future__ import annotations

from typing import Any

# Ruby's own tree of exceptions, as far as an expression can meet it: class -> parent (Ruby 3.1, Exception).
PARENTS = {
    "StandardError": "Exception",
    "ScriptError": "Exception",
    "SyntaxError": "ScriptError",
    "ArgumentError": "StandardError",
    "Date::Error": "ArgumentError",
    "EncodingError": "StandardError",
    "FiberError": "StandardError",
    "IOError": "StandardError",
    "IndexError": "StandardError",
    "KeyError": "IndexError",
    "StopIteration": "IndexError",
    "LocalJumpError": "StandardError",
    "NameError": "StandardError",
    "NoMethodError": "NameError",
    "RangeError": "StandardError",
    "FloatDomainError": "RangeError",
    "RegexpError": "StandardError",
    "RuntimeError": "StandardError",
    "FrozenError": "RuntimeError",
    "TypeError": "StandardError",
    "ZeroDivisionError": "StandardError",
    "JSON::ParserError": "StandardError",
    "Gitlab::Triage::Errors::Network::UnexpectedResponse": "StandardError",
}


class RubyError(Exception):
    """What Ruby would raise: the class by its name, and a sentence of ours.

    `start` is where it stands in the expression, for what is seen when it is compiled; `others` are more mistakes of
    the same text.
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind, self.sentence = kind, sentence
        self.start: int | None = None
        self.others: tuple[RubyError | Refused, ...] = ()

    def is_a(self, name: str) -> bool:
        kind: str | None = self.kind
        while kind is not None:
            if kind == name:
                return True
            kind = PARENTS.get(kind)
        return False


class Refused(Exception):
    """What this interpreter does not do; it never guesses instead.

    Args:
        start: where it stands in the expression, in bytes of UTF-8; None where only the caller knows.
    """

    def __init__(self, sentence: str, start: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.start = sentence, start
        self.others: tuple[RubyError | Refused, ...] = ()


class OutOfBudget(Refused):
    """The expression took more steps, time or memory than one evaluation may."""


class Jump(Exception):
    """`break`, `next` or `return` on its way to where it lands."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Break(Jump):
    """Args: landing: the block whose call ends."""

    def __init__(self, value: Any, landing: object) -> None:
        super().__init__(value)
        self.landing = landing


class Next(Jump):
    pass


class Return(Jump):
    pass


def no_method(name: str, what: str) -> RubyError:
    return RubyError("NoMethodError", f"undefined method `{name}' for {what}")


def type_error(what: str, wanted: str) -> RubyError:
    return RubyError("TypeError", f"no implicit conversion of {what} into {wanted}")


def argument_error(sentence: str) -> RubyError:
    return RubyError("ArgumentError", sentence)
