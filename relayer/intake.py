"""Each signed transaction and each answer goes from the ledger's lists to the outbox once.

An item's key holds a hash of what is carried, so a ledger that starts again from nothing (a local
one) never finds its requests taken for old ones. What is signed in place of a stuck transaction
joins the item of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace

from relayer import metrics
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.stages import ItemKey, ItemKind, OutboxItem, Reported
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.log import get_logger


class Intake:
    """`served` are the chains with a worker, `answered` those where a gas account may answer."""

    def __init__(
        self,
        ledger: DeliveryLedger,
        outbox: Outbox,
        served: Collection[str],
        answered: Collection[str],
    ):
        self._ledger = ledger
        self._outbox = outbox
        self._served = served
        self._answered = answered
        self._withheld: set[int] = set()
        self._unserved: set[str] = set()
        self._log = get_logger()

    async def tick(self) -> set[str]:
        """Store what is new; returns the chains that got work."""
        fresh, unserved = set(), 0
        async for outgoing in self._ledger.outgoing():
            if outgoing.chain not in self._served:
                unserved += 1
                self._warn_unserved(outgoing.chain)
            elif await self._take(transaction_item(outgoing), outgoing):
                fresh.add(outgoing.chain)
        async for request in self._ledger.answers():
            item = answer_item(request)
            if item.chain not in self._answered:
                unserved += 1
                self._warn_unserved(item.chain)
            elif await self._outbox.add(item):
                fresh.add(item.chain)
        metrics.UNSERVED.set(unserved)
        return fresh

    async def recall(self, since: float) -> set[str]:
        """Watch again what was confirmed since `since` (Unix s) and the outbox has lost.

        A reorganisation may still undo it, and the ledger lists open deliveries only. Returns the
        chains that got work.
        """
        fresh = set()
        for request in await self._ledger.confirmed(since):
            for delivery in request.deliveries:
                if delivery.status != receiver.DELIVERY_STATUS_CONFIRMED:
                    continue
                if delivery.kind == receiver.DELIVERY_KIND_ANSWER:
                    served, item = self._answered, answer_item(request)
                else:
                    number = request.sign_transaction_request_id
                    outgoing = await self._ledger.outgoing_of(number)
                    served, item = self._served, transaction_item(outgoing)
                known = replace(item, reported=Reported.CONFIRMED)
                if item.chain in served and await self._outbox.add(known):
                    fresh.add(item.chain)
        return fresh

    async def _take(self, item: OutboxItem, outgoing: receiver.Outgoing) -> bool:
        number = outgoing.sign_transaction_request_id
        if number in self._withheld:
            return False
        known = await self._outbox.get(item.key)
        if known is not None:
            renewed = known.content != item.content
            return renewed and await self._outbox.renew(item.key, item.content)
        if await self._ledger.no_broadcast(number):
            self._withheld.add(number)
            self._log.warning("withheld", sign_transaction_request=number, reason="no_broadcast")
            return False
        return await self._outbox.add(item)

    def _warn_unserved(self, chain: str) -> None:
        if chain not in self._unserved:
            self._unserved.add(chain)
            self._log.warning("unserved", chain=chain, fix="add the chain to [destinations]")


def transaction_item(outgoing: receiver.Outgoing) -> OutboxItem:
    """The outbox's item of a signed transaction."""
    carried = receiver.Outgoing()
    carried.CopyFrom(outgoing)
    carried.ClearField("delivery")
    content = carried.SerializeToString(deterministic=True)
    carried.ClearField("replacements")
    first = carried.SerializeToString(deterministic=True)
    key = f"transaction/{outgoing.sign_transaction_request_id}/{_digest(first)}"
    return OutboxItem(ItemKey(key), ItemKind.TRANSACTION, outgoing.chain, content)


def answer_item(request: receiver.Request) -> OutboxItem:
    """The outbox's item of a Direct answer: its id, its source event and the answer."""
    carried = receiver.Request(id=request.id, event=request.event, answer=request.answer)
    content = carried.SerializeToString(deterministic=True)
    key = f"answer/{request.id}/{_digest(content)}"
    return OutboxItem(ItemKey(key), ItemKind.ANSWER, request.event.id.chain, content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
