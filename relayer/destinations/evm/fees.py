"""Market fees of an EIP-1559 chain, as its node tells them."""

from __future__ import annotations

from relayer.nonces import Fees
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

GWEI = 10**9
FALLBACK_PRIORITY = GWEI


async def market_fees(rpc: JsonRpc) -> tuple[Fees, int]:
    """Fees that survive a doubling of the base fee, and the base fee itself (wei a gas).

    Raises NotYet on a chain without a base fee.
    """
    block = await rpc.call("eth_getBlockByNumber", "latest", False)
    if not block or block.get("baseFeePerGas") is None:
        raise NotYet("the chain has no EIP-1559 base fee; type 2 transactions are not possible")
    base = int(block["baseFeePerGas"], 16)
    try:
        priority = int(await rpc.call("eth_maxPriorityFeePerGas"), 16)
    except NodeRefused:
        priority = FALLBACK_PRIORITY
    return Fees(2 * base + priority, priority), base


async def nonces(rpc: JsonRpc, account: str) -> tuple[int, int]:
    """The account's next nonce by the newest block, and with the node's pool."""
    latest = int(await rpc.call("eth_getTransactionCount", account, "latest"), 16)
    pending = int(await rpc.call("eth_getTransactionCount", account, "pending"), 16)
    return latest, pending
