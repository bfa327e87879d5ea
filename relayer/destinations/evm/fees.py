"""Market fees of an EVM chain, as its node tells them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from relayer.nonces import Fees
from zrsign_chains.evm_transactions import FEE_MARKET, LEGACY
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

GWEI = 10**9
FALLBACK_PRIORITY = GWEI


@dataclass(frozen=True)
class Market:
    """What blocks take now, in wei a gas, and the kind of transaction that says so.

    `lowest` is the least price that the next block may take, `now` what the newest one took.
    """

    fees: Fees
    now: int
    lowest: int
    kind: int = FEE_MARKET

    def at_least(self, fees: Fees) -> Market:
        """The same market, where no less than `fees` is paid."""
        max_fee = max(self.fees.max_fee, fees.max_fee)
        priority_fee = min(max(self.fees.priority_fee, fees.priority_fee), max_fee)
        return replace(self, fees=Fees(max_fee, priority_fee))

    def within(self, max_fee: int) -> Fees:
        """The market's fees, where no more than `max_fee` is paid."""
        capped = min(self.fees.max_fee, max_fee)
        # One price is both fees of a legacy transaction.
        return Fees(capped, min(self.fees.priority_fee, capped))


async def market(rpc: JsonRpc) -> Market:
    """Fees that survive a doubling of the base fee; where there is none, the node's gas price."""
    block = await rpc.call("eth_getBlockByNumber", "latest", False)
    if not block or block.get("baseFeePerGas") is None:
        price = max(int(await rpc.call("eth_gasPrice"), 16), 1)
        return Market(Fees(price, price), price, price, LEGACY)
    base = int(block["baseFeePerGas"], 16)
    try:
        priority = int(await rpc.call("eth_maxPriorityFeePerGas"), 16)
    except NodeRefused:
        priority = FALLBACK_PRIORITY
    # The base fee may rise by an eighth with each block.
    return Market(Fees(2 * base + priority, priority), base + priority, base + base // 8)


async def nonces(rpc: JsonRpc, account: str) -> tuple[int, int]:
    """The account's next nonce by the newest block, and with the node's pool."""
    latest = int(await rpc.call("eth_getTransactionCount", account, "latest"), 16)
    pending = int(await rpc.call("eth_getTransactionCount", account, "pending"), 16)
    return latest, pending
