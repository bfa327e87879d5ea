"""Requested transactions: the ledger's `Outgoing` becomes the signed bytes of its chain.

The result is checked here, whatever the ledger says: `zrsign_chains` verifies each signature under
its key when it assembles.
"""

from __future__ import annotations

from collections.abc import Sequence

from relayer.destinations import Builder
from relayer.errors import Unbuildable
from relayer.news import Built, Construction, Held, News, Rejected
from relayer.stages import OutboxItem
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import ChainError, chain_for


def assemble(outgoing: receiver.Outgoing) -> Built:
    """The newest of its transactions, with the ids of the others. Raises Unbuildable."""
    signed = variants(outgoing)
    *others, newest = map(chain_for(outgoing.chain).transaction_id, signed)
    return Built(signed[-1], newest, tuple(others))


def variants(outgoing: receiver.Outgoing) -> list[bytes]:
    """The signed bytes of all its transactions, the newest last.

    Raises Unbuildable when signatures, keys and transaction do not belong together.
    """
    transactions: list[receiver.Outgoing | receiver.SignedReplacement] = [
        outgoing,
        *outgoing.replacements,
    ]
    try:
        chain = chain_for(outgoing.chain)
        return [
            chain.assemble(chain.parse(one.unsigned_transaction), one.signatures, one.public_keys)
            for one in transactions
        ]
    except ChainError as error:
        raise Unbuildable(
            f"sign-transaction request {outgoing.sign_transaction_request_id} "
            f"gives no valid transaction for {outgoing.chain}: {error}"
        ) from error


class TransactionBuilder(Builder):
    """Nothing to fill in: the requester, or a composer, fixed every byte."""

    async def build(self, item: OutboxItem, waiting: Sequence[OutboxItem] = ()) -> Construction:
        try:
            return assemble(receiver.Outgoing.FromString(item.content))
        except Unbuildable as error:
            return Rejected(f"unbuildable: {error}")

    async def replace(self, item: OutboxItem) -> Construction:
        return Held("a requested transaction is sent as it was signed")

    def earlier(self, item: OutboxItem) -> Sequence[bytes]:
        outgoing = receiver.Outgoing.FromString(item.content)
        return variants(outgoing)[:-1] if outgoing.replacements else ()

    def is_outdated(self, item: OutboxItem) -> bool:
        outgoing = receiver.Outgoing.FromString(item.content)
        return len(item.tx_ids) < 1 + len(outgoing.replacements)

    async def resolve(self, item: OutboxItem, news: News) -> News:
        return news
