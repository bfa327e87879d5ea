"""The one logger set-up: structlog, one JSON object a line on standard error, or colours for a
person.

Every line carries the daemon's name. What is written is decided by type: texts, numbers, names of
enums, paths, errors, and collections of them. Bytes, integers of more than 64 bits (a key's secret
is one) and any other object are named by their type, whatever their field is called and whatever
their `repr` would say. A text that is secret is a `pydantic.SecretStr`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Set
from contextlib import suppress
from pathlib import PurePath
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

MAX_INTEGER: Final = 1 << 64
MAX_DEPTH: Final = 4


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
        logger_factory=lambda *_: structlog.PrintLogger(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(daemon=name, **fields)


class _StandardError:
    """What cannot be written, on a full disk, is lost: a daemon does not end of it."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def get_logger(**fields: object) -> FilteringBoundLogger:
    """A logger that adds `fields` to each of its lines."""
    return cast(FilteringBoundLogger, structlog.get_logger(**fields))


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {field: _shown(value, 0) for field, value in event.items()}


def _shown(value: object, depth: int) -> object:
    """What a log may say of a value."""
    if value is None or isinstance(value, (str, bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else f"[{value.bit_length()}-bit integer]"
    if isinstance(value, (PurePath, BaseException)):
        return str(value)
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {str(_shown(name, depth)): _shown(each, depth + 1) for name, each in value.items()}
    if depth < MAX_DEPTH and isinstance(value, (list, tuple, Set)):
        return [_shown(each, depth + 1) for each in value]
    return f"[{type(value).__name__}]"
