"""`zrsign run relayer --config FILE`, or `python -P -m relayer --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from relayer.service import run
from relayer.settings import RelayerSettings
from zrsign_daemon import life


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return life.main("relayer", RelayerSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main())
