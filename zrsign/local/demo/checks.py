"""What the destination nodes themselves say. A flow is confirmed here and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrsign.local.network.rpc import Rpc

T = TypeVar("T")
LOOKS = 300
"""How often a node is asked: a busy machine takes longer for each look."""
POLL_S = 0.1


class NotConfirmed(Exception):
    """The node does not show what the flow claims."""


async def eventually(look: Callable[[], Awaitable[T | None]], claim: str) -> T:
    """The first answer that is not None, of LOOKS. Raises NotConfirmed."""
    for _ in range(LOOKS):
        if (seen := await look()) is not None:
            return seen
        await asyncio.sleep(POLL_S)
    raise NotConfirmed(f"The node does not show it after {LOOKS} looks: {claim}")


async def evm_receipt(rpc: Rpc, tx_hash: str) -> dict[str, Any]:
    """The receipt of a successful transaction."""

    async def look() -> dict[str, Any] | None:
        receipt: dict[str, Any] | None = await rpc.call("eth_getTransactionReceipt", tx_hash)
        return receipt

    receipt = await eventually(look, f"a receipt of {tx_hash}")
    if receipt["status"] != "0x1":
        raise NotConfirmed(f"{tx_hash} reverted")
    return receipt


async def evm_creation(rpc: Rpc, block_number: int, address: str) -> str:
    """The transaction in a block that created the contract at `address`."""
    block = await rpc.call("eth_getBlockByNumber", hex(block_number), False)
    for tx_hash in block["transactions"]:
        created = (await evm_receipt(rpc, tx_hash))["contractAddress"]
        if created is not None and created.lower() == address.lower():
            return str(tx_hash)
    raise NotConfirmed(f"block {block_number} creates no contract at {address}")


async def evm_balance(rpc: Rpc, address: str) -> int:
    """The balance of an address in wei, at the latest block."""
    return int(await rpc.call("eth_getBalance", address, "latest"), 16)


async def evm_nonce(rpc: Rpc, address: str) -> int:
    """Transactions that `address` sent, those that wait included."""
    return int(await rpc.call("eth_getTransactionCount", address, "pending"), 16)


async def bitcoin_paid(rpc: Rpc, txid: str, address: str, sats: int) -> None:
    """`txid` is in a block and one output pays `address` exactly `sats`."""

    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = await rpc.call("getrawtransaction", txid, True)
        return found if found.get("confirmations", 0) >= 1 else None

    transaction = await eventually(look, f"{txid} in a block")
    paid = [
        round(output["value"] * 100_000_000)
        for output in transaction["vout"]
        if output["scriptPubKey"].get("address") == address
    ]
    if sats not in paid:
        raise NotConfirmed(f"{txid} pays {address} {paid or 'nothing'}, not {sats} sats")


async def solana_confirmed(rpc: Rpc, signature: str) -> None:
    """The cluster confirmed `signature`, and it did not fail."""

    async def look() -> dict[str, Any] | None:
        answer = await rpc.call("getSignatureStatuses", [signature])
        status: dict[str, Any] | None = answer["value"][0]
        if status and status["confirmationStatus"] in ("confirmed", "finalized"):
            return status
        return None

    status = await eventually(look, f"{signature} confirmed")
    if status["err"] is not None:
        raise NotConfirmed(f"{signature} failed: {status['err']}")


async def solana_balance(rpc: Rpc, address: str) -> int:
    """The balance of an address in lamports, at commitment "confirmed"."""
    answer = await rpc.call("getBalance", address, {"commitment": "confirmed"})
    return int(answer["value"])


async def ledger_balance(ledger: LedgerClient, address: str) -> int:
    """urock that the ledger's bank shows for an address."""
    answer = await ledger.query(
        "/cosmos.bank.v1beta1.Query/Balance",
        bank.QueryBalanceRequest(address=address, denom="urock"),
        bank.QueryBalanceResponse,
    )
    return int(answer.balance.amount)


async def workspaces_of(ledger: LedgerClient, owner: str) -> list[str]:
    """Addresses of the workspaces that a ledger account owns."""
    answer = await ledger.query(
        "/zrchain.identity.Query/Workspaces",
        identity.QueryWorkspacesRequest(owner=owner),
        identity.QueryWorkspacesResponse,
    )
    return [each.address for each in answer.workspaces]
