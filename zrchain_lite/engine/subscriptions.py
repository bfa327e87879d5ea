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


@dataclass(frozen=True)
class Committed:
    """One block that is durable."""

    record: BlockRecord

    def txs(self) -> list[TxRecord]:
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
        self._hub.remove(self)
        self.put(None)


class Hub:
    """All listeners."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, capacity: int = 100) -> Subscription:
        subscription = Subscription(self, capacity)
        self._subscriptions.append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, item: Committed) -> None:
        for subscription in list(self._subscriptions):
            subscription.put(item)

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()
