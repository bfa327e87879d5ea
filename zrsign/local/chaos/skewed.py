"""Runs a program whose clock is wrong: `python -m zrsign.local.chaos.skewed SECONDS MODULE …`.

Wrong is what Python tells of the date. gRPC and the TLS library in it see the right one, so their
deadlines, which Python computes, are right as well. A monotonic clock is not set by anybody.
"""

from __future__ import annotations

import datetime as dt
import runpy
import sys
import time
from typing import Any


def skew(seconds: float) -> None:
    """Set the clock wrong, before anything else takes it for its own."""
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
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
