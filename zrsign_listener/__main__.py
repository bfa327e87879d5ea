"""`zrsign run listener --config FILE`, or `python -P -m zrsign_listener --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zrsign_daemon import life
from zrsign_listener.service import run
from zrsign_listener.settings import ListenerSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return life.main("zrsign_listener", ListenerSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main())
