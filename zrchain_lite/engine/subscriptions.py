"""Who hears of new blocks. A listener that does not keep up is cut off; the engine never waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from zrchain_lite.engine.records import BlockRecord, TxRecord
from zrchain_lite.errors import LedgerError


class SlowSubscriber(LedgerError):
    """The listener's queue ran over; subscribe again and read what was missed by height."""

    codespace, code = "sdk", 35


@dataclass(frozen=True, eq=False)
class Committed:
    """One block that is durable, the same for all who hear of it."""

    record: BlockRecord

    def txs(self) -> list[TxRecord]:
        """The block's transactions with their results, in their order."""
        block, results = self.record.block, self.record.results
        return [
            TxRecord(self.record.height, index, self.record.time_ms, tx, results.tx_results[index])
            for index, tx in enumerate(block.data.txs)
        ]


class Subscription:
    """An async iterator of `Committed`; ends when closed, raises SlowSubscriber when cut off."""

    def __init__(self, hub: Hub, capacity: int) -> None:
        self._hub = hub
        self._queue: asyncio.Queue[Committed | None] = asyncio.Queue(capacity + 1)
        self._capacity = capacity
        self._cut = False

    def put(self, item: Committed | None) -> None:
        """Queue a committed block, or None to end; a listener that is too slow is cut off."""
        if item is not None and self._queue.qsize() >= self._capacity:
            self._cut, item = True, None
            self._hub.remove(self)
        if not self._queue.full():
            self._queue.put_nowait(item)

    async def __aiter__(self) -> AsyncIterator[Committed]:
        while (item := await self._queue.get()) is not None:
            yield item
        if self._cut:
            raise SlowSubscriber(f"more than {self._capacity} blocks were not read; cut off")

    def close(self) -> None:
        """Stop listening; whoever waits for the next block is told that there is none."""
        self._hub.remove(self)
        self.put(None)


class Hub:
    """Every listener of an engine's committed blocks."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def __len__(self) -> int:
        return len(self._subscriptions)

    def subscribe(self, capacity: int = 100) -> Subscription:
        """Add a listener that may fall `capacity` blocks behind."""
        subscription = Subscription(self, capacity)
        self._subscriptions.append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Forget a listener; one that is gone already is passed over."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, item: Committed) -> None:
        """Hand a committed block to every listener."""
        for subscription in list(self._subscriptions):
            subscription.put(item)

    def close(self) -> None:
        """End every listener."""
        for subscription in list(self._subscriptions):
            subscription.close()
