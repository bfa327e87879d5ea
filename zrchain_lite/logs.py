"""Log lines of a process that strangers can make fail: so many a second, the rest counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LINES_PER_S = 20


class RateLimit(logging.Filter):
    """Lets `lines` records of each second through, and then says how many there were."""

    def __init__(self, lines: int = LINES_PER_S, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self._lines, self._clock = lines, clock
        self._second, self._seen = -1, 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; the first of a second tells what was left out before."""
        second = int(self._clock())
        if second != self._second:
            left_out = max(0, self._seen - self._lines)
            self._second, self._seen = second, 0
            if left_out:
                record.msg = f"{record.msg} ({left_out} lines were left out before)"
        self._seen += 1
        return self._seen <= self._lines


def bound() -> None:
    """Write warnings and errors of this process to standard error, at a bounded rate."""
    handler = logging.StreamHandler()
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
