"""Waiting for as long as a network moves: how fast it does is the machine's affair."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from zrchain_lite.client import ClientError, LedgerClient
from zrsign.errors import NetworkError
from zrsign.local.network import committee
from zrsign.local.network.manifest import Manifest
from zrsign.sdk.ledger import Receiver

T = TypeVar("T")
STILL_S = 180.0
"""Seconds without any movement after which nothing is expected to move any more."""
MOVING = ("steps", "usable", "primes_ready")
"""What of an operator's status shows that it gets on."""
LOOK_S = 2.0
"""How often, in seconds, a network is looked at."""


class Motion:
    """Knows when a network moved last, while somebody waits for it."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Hashable]],
        *,
        still_s: float = STILL_S,
        look_s: float = LOOK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` returns what differs whenever something moved."""
        self._look = look
        self._still_s, self._look_s = still_s, look_s
        self._clock = clock
        self._seen: Hashable = None
        self._looked = self._moved = clock()
        self._looking = asyncio.Lock()

    async def wait_for(self, work: Awaitable[T]) -> T:
        """What `work` returns. Raises NetworkError when nothing moves before it does."""
        started, task = self._clock(), asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self._look_s)
                await self._refresh()
                if self._clock() - max(started, self._moved) >= self._still_s and not task.done():
                    raise NetworkError(
                        f"Nothing moved for {self._still_s:.0f} s.",
                        "See the logs of the network's services.",
                    )
            return task.result()
        finally:
            task.cancel()

    async def _refresh(self) -> None:
        """One look at a time, and for all who wait."""
        async with self._looking:
            if self._clock() - self._looked < self._look_s:
                return
            seen = await self._look()
            self._looked = self._clock()
            if seen != self._seen:
                self._seen, self._moved = seen, self._looked


def of_network(manifest: Callable[[], Manifest], ledger: LedgerClient) -> Motion:
    """The motion of a network: its requests on the ledger, and what its operators do for them."""

    async def look() -> Hashable:
        reports = await committee.reports(manifest())
        operators = tuple(
            (each.name, *(str(each.status.get(name)) for name in MOVING)) for each in reports
        )
        try:
            requests = [each.SerializeToString() async for each in Receiver(ledger).requests()]
        except ClientError as error:
            return operators, str(error)
        return operators, tuple(requests)

    return Motion(look)
