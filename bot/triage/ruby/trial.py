"""Runs an expression that looks at no resource once, when a policy is checked: what fails then fails always."""

from __future__ import annotations

import datetime as dt

from bot.triage.ruby.errors import Refused, RubyError
from bot.triage.ruby.machine import Limits, Machine
from bot.triage.ruby.syntax import Program
from bot.triage.ruby.templates import Template

# Any instant does: an expression that only sometimes fails is not what this is for.
TRIAL_NOW = dt.datetime(2024, 5, 15, 10, 30, tzinfo=dt.UTC)
TRIAL_LIMITS = Limits(steps=20_000, seconds=1.0)


def constant_failure(program: Program) -> RubyError | Refused | None:
    """How the expression fails, whatever the resource; None where it gives a value."""
    machine = Machine(TRIAL_NOW, dt.UTC, None, limits=TRIAL_LIMITS)
    machine.begin()
    try:
        program.run(machine)
    except (RubyError, Refused) as error:
        return error
    return None


def text_failure(template: Template) -> RubyError | Refused | None:
    """The same for a text that looks at no resource."""
    machine = Machine(TRIAL_NOW, dt.UTC, None, limits=TRIAL_LIMITS)
    machine.begin()
    try:
        template.render(machine, lambda name: [])
    except (RubyError, Refused) as error:
        return error
    return None
