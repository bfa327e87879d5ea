"""An operator whose clock is wrong: `python -m tests.e2e.skewed SECONDS --config F`.

Wrong is what Python tells of the date. gRPC and the TLS library in it see the right one, so their
deadlines, which Python computes, are right as well. A monotonic clock is not set by anybody.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import Any


def skew(seconds: float) -> None:
    """Before anything else takes a clock for its own."""
    right = time.time

    def wrong() -> float:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        return right() if caller.startswith("grpc") else right() + seconds

    time.time = wrong

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return dt.datetime.fromtimestamp(right() + seconds, tz)

    dt.datetime = Wrong  # type: ignore[misc]


if __name__ == "__main__":
    skew(float(sys.argv.pop(1)))
    from zrsign_operator.__main__ import main

    sys.exit(main())
