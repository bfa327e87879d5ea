"""`python -m zrsign_listener --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from daemon import run
from zrsign_listener.config import ListenerSettings
from zrsign_listener.service import listen


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return run.main("zrsign_listener", ListenerSettings, listen, argv)


if __name__ == "__main__":
    sys.exit(main())
