"""`zrsign run operator --config FILE`, or `python -P -m zrsign_operator --config FILE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# gRPC tells of every connection that ends, in a form that is not ours.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from zrsign_daemon import life
from zrsign_operator.service import run
from zrsign_operator.settings import OperatorSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    sys.setswitchinterval(0.001)
    return life.main("operator", OperatorSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main())
