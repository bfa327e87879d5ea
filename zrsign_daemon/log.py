"""The one logger set-up: structlog, one JSON object a line on standard error, or colours for a
person.

Every line carries the daemon's name. Secrets never reach a logger: fields with a secret's name are
refused by `_redact`.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

SECRET_FIELDS = frozenset({"secret", "passphrase", "private_key", "mnemonic", "password", "token"})


def configure(name: str, *, level: str = "info", json: bool = True, **fields: str) -> None:
    """Set the process's logging. `name` (and `fields`) are bound to every line."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Standard error as it is when a line is written, not as it was here.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(daemon=name, **fields)


def get_logger(**fields: object) -> FilteringBoundLogger:
    """A logger that adds `fields` to each of its lines."""
    return cast(FilteringBoundLogger, structlog.get_logger(**fields))


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for field in SECRET_FIELDS & event.keys():
        event[field] = "[redacted]"
    return event
