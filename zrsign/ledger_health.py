"""What a ledger node says of itself at `/healthz` and `/metrics`, from its start on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import Gauge

from zrchain_lite.store.lmdb_store import Tip

HEIGHT = Gauge("zrsign_ledger_height", "Height of the newest block.")
BLOCK_TIME = Gauge("zrsign_ledger_block_time_seconds", "Unix time of the newest block.")
PATIENCE: Final = 3
"""How many idle intervals may pass without a block."""


class LedgerHealth:
    """A node's newest block, and whether it is as new as it must be."""

    def __init__(self, idle_block_interval_s: float, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds; without a block before `ready`, the node is starting."""
        self._oldest_s = PATIENCE * idle_block_interval_s
        self._now = now
        self._tip: Callable[[], Tip] | None = None

    @property
    def checks(self) -> Mapping[str, Callable[[], str | None]]:
        """What `/healthz` asks."""
        return {"blocks": self.fault}

    def ready(self, tip: Callable[[], Tip]) -> None:
        """All doors are open; `tip` reads the newest block."""
        self._tip = tip
        HEIGHT.set_function(lambda: tip().height)
        BLOCK_TIME.set_function(lambda: tip().time_ms / 1000)

    def fault(self) -> str | None:
        """None when all is well, else what is not."""
        if self._tip is None:
            return "the node is starting"
        tip = self._tip()
        age_s = self._now() - tip.time_ms / 1000
        if age_s > self._oldest_s:
            return f"block {tip.height} is {age_s:.0f} s old; at most {self._oldest_s:g} is usual"
        return None
