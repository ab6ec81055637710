"""Structured logs on standard error: JSON for machines, readable lines on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last fence: whatever looks like a secret does not leave."""
    for key, value in list(event.items()):
        if isinstance(value, str) and ("glpat-" in value or "whsec_" in value):
            event[key] = "[REDACTED]"
    return event


def set_up_logs(*, verbose: bool, quiet_on_terminal: bool = False) -> None:
    """Log from INFO on, from DEBUG on if `verbose`.

    Args:
        quiet_on_terminal: for commands that show a person what they do: there only warnings are logged.
    """
    on_terminal = sys.stderr.isatty()
    level = logging.WARNING if quiet_on_terminal and on_terminal else logging.INFO
    renderer: Any = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
