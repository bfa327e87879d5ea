"""Reading a network's ledger: over gRPC while it runs, from its store when it is stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import UsageError
from zrsign.local.network.manifest import Manifest
from zrsign.networks.network import Network
from zrsign.sdk.ledger import Receiver


@asynccontextmanager
async def receiver(network: Network) -> AsyncIterator[Receiver]:
    """Queries of the receiver module, wherever the ledger's state is now."""
    if not isinstance(network, Manifest) or network.running:
        async with network.ledger.client() as client:
            yield Receiver(client)
        return
    from zrsign.node import StoppedLedger  # the whole ledger: only when it is needed

    async with StoppedLedger(network.ledger.store) as ledger:
        yield Receiver(ledger)


def finder(
    network: Network, ledger: Receiver, reference: str, trace_id: int | None, mode: str
) -> Callable[[], Awaitable[list[wire.Request]]]:
    """How to look a request up.

    By ledger id, by trace id, or by source transaction (and log index).
    """
    if trace_id is not None:
        contract = network.contract(mode)

        async def by_trace() -> list[wire.Request]:
            return [await ledger.by_trace(contract.chain, contract.address, trace_id)]

        return by_trace
    if reference.isdigit():

        async def by_id() -> list[wire.Request]:
            return [await ledger.request(int(reference))]

        return by_id
    tx_hash, _, log_index = reference.removeprefix("0x").partition(":")
    try:
        raw = bytes.fromhex(tx_hash)
        wanted = int(log_index) if log_index else None
    except ValueError:
        raw, wanted = b"", None
    if len(raw) != 32:
        raise UsageError(
            f"{reference!r} names no request.",
            "Give a ledger request id (5), a transaction hash (0x…), or 0x…:log index.",
        )

    async def by_source() -> list[wire.Request]:
        found = [each async for each in ledger.requests(tx_hash=raw)]
        found = [each for each in found if wanted in (None, each.event.id.log_index)]
        if not found:
            raise UsageError(
                f"The ledger knows no request of {reference}.",
                "Wait for the listener, or look at zrsign status.",
            )
        return found

    return by_source
