"""Advances the items of one destination chain. One worker a chain, so a dead node stops one only.

Each step looks (build, or ask the node), decides, stores, and only then acts; a crash between any
two of these is mended by the next look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from relayer import metrics
from relayer.destinations import Builder, Destination
from relayer.errors import ClaimLost
from relayer.news import Built, News, Unreachable
from relayer.outbox import Outbox
from relayer.stages import (
    PENDING,
    Bounds,
    Effect,
    ItemKey,
    ItemKind,
    Next,
    OutboxItem,
    Stage,
    decide,
)
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
        self._shared: set[str] = set()

    async def tick(self) -> bool:
        """Advance every item that is due; what fails for one is told, and stops no other.

        True when there was one.
        """
        self._faults, self._shared = [], set()
        due = await self._outbox.claim(self.chain, self._clock())
        try:
            for place, item in enumerate(due):
                if item.key not in self._shared:
                    await self._work(item, due[place + 1 :])
        finally:
            await self._outbox.release([item.key for item in due])
        if due or not await self._outbox.next_due(self.chain):
            self.fault = self._faults[-1] if self._faults else None
        return bool(due)

    async def _work(self, item: OutboxItem, others: Sequence[OutboxItem]) -> None:
        try:
            await self.advance(item, others)
        except DatabaseUnusable:
            raise
        except ClaimLost as error:
            self._log.warning("claim_lost", item=item.key, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a node's answer may be anything
            await self._failed(item, error)

    async def advance(self, item: OutboxItem, others: Sequence[OutboxItem] = ()) -> OutboxItem:
        """Take one item as far as it goes now. Of `others` some may share its transaction."""
        effect = Effect.CHECK
        waiting = [
            one
            for one in others
            if (one.kind, one.stage) == (item.kind, Stage.BUILDING) and one.key not in self._shared
        ]
        if item.stage is Stage.INCLUSION and self._builders[item.kind].is_outdated(item):
            effect = Effect.BUILD
        for _ in range(MAX_STEPS):
            builder = self._builders[item.kind]
            news = await builder.resolve(item, await self._look(item, effect, waiting))
            item, effect = await self._settle(item, news)
            if effect is Effect.WAIT:
                break
        return item

    async def close(self) -> None:
        """Close the connection to the node."""
        await self._destination.close()

    async def _look(self, item: OutboxItem, effect: Effect, waiting: Sequence[OutboxItem]) -> News:
        if effect is Effect.SUBMIT:
            return await self._destination.submit(item.signed)
        if effect is Effect.REPLACE:
            return await self._builders[item.kind].replace(item)
        if item.stage is Stage.BUILDING or effect is Effect.BUILD:
            return await self._builders[item.kind].build(item, waiting)
        earlier = self._builders[item.kind].earlier(item)
        return await self._destination.status(
            item.signed, item.tx_ids, item.height, item.since, earlier
        )

    async def _failed(self, item: OutboxItem, error: Exception) -> None:
        """Put an item off whose look failed in an unforeseen way; what is known of it stays."""
        metrics.FAULTS.labels(self.chain).inc()
        self._log.exception("item_failed", item=item.key)
        latest = await self._outbox.get(item.key) or item
        reason = f"the node's answer makes no sense: {type(error).__name__}"
        await self._settle(latest, Unreachable(reason))

    async def _settle(self, item: OutboxItem, news: News) -> tuple[OutboxItem, Effect]:
        items = [item, *await self._sharing(news)]
        now = self._clock()
        moves = [decide(each, news, now, self._bounds) for each in items]
        await self._outbox.save(*(move.item for move in moves))
        for each, move in zip(items, moves, strict=True):
            self._tell(each, news, move)
        return moves[0].item, moves[0].effect

    async def _sharing(self, news: News) -> list[OutboxItem]:
        """The further items that a new transaction delivers; this pass looks at none of them."""
        keys = news.shared if isinstance(news, Built) else ()
        self._shared.update(keys)
        stored = [await self._outbox.get(ItemKey(key)) for key in keys]
        return [each for each in stored if each is not None]

    def _tell(self, before: OutboxItem, news: News, move: Next) -> None:
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
