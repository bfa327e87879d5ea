"""Requested transactions: the ledger's `Outgoing` becomes the signed bytes of its chain.

The result is checked here, whatever the ledger says: `zrsign_chains` verifies each signature under
its key when it assembles.
"""

from __future__ import annotations

from relayer.destinations import Builder
from relayer.errors import Unbuildable
from relayer.news import Built, Construction, Held, News, Rejected
from relayer.stages import OutboxItem
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import ChainError, chain_for


def assemble(outgoing: receiver.Outgoing) -> Built:
    """Raises Unbuildable when signatures, keys and transaction do not belong together."""
    try:
        chain = chain_for(outgoing.chain)
        unsigned = chain.parse(outgoing.unsigned_transaction)
        signed = chain.assemble(unsigned, outgoing.signatures, outgoing.public_keys)
        tx_id = chain.transaction_id(signed)
    except ChainError as error:
        raise Unbuildable(
            f"sign-transaction request {outgoing.sign_transaction_request_id} "
            f"gives no valid transaction for {outgoing.chain}: {error}"
        ) from error
    return Built(signed, tx_id)


class TransactionBuilder(Builder):
    """Nothing to fill in and nothing to replace: the requester fixed every byte."""

    async def build(self, item: OutboxItem) -> Construction:
        try:
            return assemble(receiver.Outgoing.FromString(item.content))
        except Unbuildable as error:
            return Rejected(f"unbuildable: {error}")

    async def replace(self, item: OutboxItem) -> Construction:
        return Held("a requested transaction is sent as it was signed")

    async def resolve(self, item: OutboxItem, news: News) -> News:
        return news
