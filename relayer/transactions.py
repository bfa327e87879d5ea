"""Requested transactions: the ledger's `Outgoing` becomes the signed bytes of its chain.

The result is checked here, whatever the ledger says: each signature by `zrsign_chains` when it
assembles, and for EVM also that the bytes' sender is the key's account.
"""

from __future__ import annotations

from relayer.destinations.evm import slot
from relayer.errors import Unbuildable
from relayer.stages import Item
from relayer.views import Built, Construction, Held, Rejected, View
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import ChainError, chain_for


def assemble(outgoing: receiver.Outgoing) -> Built:
    """Raises Unbuildable when signatures, keys and transaction do not belong together."""
    try:
        chain = chain_for(outgoing.chain)
        unsigned = chain.parse(outgoing.unsigned_transaction)
        signed = chain.assemble(unsigned, outgoing.signatures, outgoing.public_keys)
        tx_id = chain.transaction_id(signed)
        if outgoing.chain.startswith("eip155:"):
            _check_sender(signed, chain.address(outgoing.public_keys[0]))
    except (ChainError, IndexError) as error:
        raise Unbuildable(
            f"sign-transaction request {outgoing.sign_transaction_request_id} "
            f"gives no valid transaction for {outgoing.chain}: {error}"
        ) from error
    return Built(signed, tx_id)


def _check_sender(signed: bytes, expected: str) -> None:
    sender = slot(signed).sender
    if sender != expected:
        raise Unbuildable(f"signed by {sender}, not by {expected}")


class TransactionBuilder:
    """Nothing to fill in and nothing to replace: the requester fixed every byte."""

    async def build(self, item: Item) -> Construction:
        try:
            return assemble(receiver.Outgoing.FromString(item.content))
        except Unbuildable as error:
            return Rejected(f"unbuildable: {error}")

    async def replace(self, item: Item) -> Construction:
        return Held("a requested transaction is sent as it was signed")

    async def resolve(self, item: Item, view: View) -> View:
        return view
