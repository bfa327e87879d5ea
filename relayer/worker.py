"""Advances the items of one destination chain. One worker a chain, so a dead node stops one only.

Each step looks (build, or ask the node), decides, stores, and only then acts; a crash between any
two of these is mended by the next look.
"""

from __future__ import annotations

from collections.abc import Callable

from relayer import metrics
from relayer.destinations import Builder, Destination
from relayer.errors import ClaimLost
from relayer.news import News, Unreachable
from relayer.outbox import Outbox
from relayer.stages import PENDING, Bounds, Effect, ItemKind, Move, OutboxItem, Stage, decide
from zrsign_daemon.errors import DatabaseUnusable
from zrsign_daemon.log import get_logger

# An item moves at most this far before others get their turn.
MAX_STEPS = 8


class ChainWorker:
    """The items of one destination chain; `clock` gives Unix seconds."""

    def __init__(
        self,
        destination: Destination,
        builders: dict[ItemKind, Builder],
        outbox: Outbox,
        bounds: Bounds,
        clock: Callable[[], float],
    ):
        self.chain = destination.chain
        self._destination = destination
        self._builders = builders
        self._outbox = outbox
        self._bounds = bounds
        self._clock = clock
        self._log = get_logger(chain=self.chain)
        self.fault: str | None = None
        self._faults: list[str] = []

    async def tick(self) -> bool:
        """Advance every item that is due; what fails for one is told, and stops no other.

        True when there was one.
        """
        self._faults = []
        due = await self._outbox.claim(self.chain, self._clock())
        try:
            for item in due:
                await self._work(item)
        finally:
            await self._outbox.release([item.key for item in due])
        if due or not await self._outbox.next_due(self.chain):
            self.fault = self._faults[-1] if self._faults else None
        return bool(due)

    async def _work(self, item: OutboxItem) -> None:
        try:
            await self.advance(item)
        except DatabaseUnusable:
            raise
        except ClaimLost as error:
            self._log.warning("claim_lost", item=item.key, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a node's answer may be anything
            await self._failed(item, error)

    async def advance(self, item: OutboxItem) -> OutboxItem:
        """Take one item as far as it goes now."""
        effect = Effect.CHECK
        if item.stage is Stage.INCLUSION and self._builders[item.kind].is_outdated(item):
            effect = Effect.BUILD
        for _ in range(MAX_STEPS):
            builder = self._builders[item.kind]
            news = await builder.resolve(item, await self._look(item, effect))
            item, effect = await self._settle(item, news)
            if effect is Effect.WAIT:
                break
        return item

    async def close(self) -> None:
        """Close the connection to the node."""
        await self._destination.close()

    async def _look(self, item: OutboxItem, effect: Effect) -> News:
        if effect is Effect.SUBMIT:
            return await self._destination.submit(item.signed)
        if effect is Effect.REPLACE:
            return await self._builders[item.kind].replace(item)
        if item.stage is Stage.BUILDING or effect is Effect.BUILD:
            return await self._builders[item.kind].build(item)
        return await self._destination.status(item.signed, item.tx_ids, item.height, item.since)

    async def _failed(self, item: OutboxItem, error: Exception) -> None:
        """Put an item off whose look failed in an unforeseen way; what is known of it stays."""
        metrics.FAULTS.labels(self.chain).inc()
        self._log.exception("item_failed", item=item.key)
        latest = await self._outbox.get(item.key) or item
        reason = f"the node's answer makes no sense: {type(error).__name__}"
        await self._settle(latest, Unreachable(reason))

    async def _settle(self, item: OutboxItem, news: News) -> tuple[OutboxItem, Effect]:
        move = decide(item, news, self._clock(), self._bounds)
        await self._outbox.save(move.item)
        self._tell(item, news, move)
        return move.item, move.effect

    def _tell(self, before: OutboxItem, news: News, move: Move) -> None:
        after = move.item
        if isinstance(news, Unreachable):
            self._faults.append(f"{after.key}: {news.reason}")
            metrics.OUTAGES.labels(self.chain).inc()
        if after.stage is not before.stage:
            metrics.STAGES.labels(self.chain, after.kind, after.stage).inc()
            self._log.info(
                "stage", item=after.key, stage=after.stage, tx_id=after.tx_id, reason=after.reason
            )
        elif after.reason not in ("", PENDING, before.reason):
            self._log.warning("waits", item=after.key, stage=after.stage, reason=after.reason)
