"""`zrsign run btc-proxy --config FILE`, or `python -P -m zrsign_btc_proxy --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zrsign_btc_proxy.service import run
from zrsign_btc_proxy.settings import ProxySettings
from zrsign_daemon import life


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return life.main("btc_proxy", ProxySettings, run, argv)


if __name__ == "__main__":
    sys.exit(main())
