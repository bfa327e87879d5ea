"""Bitcoin through bitcoind's RPC: sendrawtransaction, and an unspent output's depth as the proof.

Works without a wallet and without -txindex: a transaction is found in the pool or an index
(getrawtransaction), by an output that is still unspent (gettxout), in the block where it was last
seen, or in one of the newest blocks. So one whose outputs are all spent already is not taken for
lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embit.transaction import Transaction

from relayer.destinations import Destination, blocks_on_top
from relayer.destinations.bitcoin.refusals import BITCOIN
from relayer.news import (
    Accepted,
    Final,
    Included,
    Pending,
    Refused,
    Rejected,
    Status,
    Submission,
    Unknown,
    Unreachable,
)
from relayer.refusals import Meaning, meaning
from relayer.settings import Finality
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

NOT_FOUND = -5
OUTPUT_PROBES = 16
NEWEST_BLOCKS = 12


class BitcoinDestination(Destination):
    """`chain` is bip122:<first 32 hex digits of the genesis block's hash>.

    `finality` counts the blocks on top of the transaction's.
    """

    def __init__(self, chain: str, rpc: JsonRpc, finality: Finality | None = None):
        self.chain = chain
        self.rpc = rpc
        self._depth = blocks_on_top(chain, finality)
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        try:
            await self._verify_network()
            await self.rpc.call("sendrawtransaction", signed.hex())
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            return self._sense(error)
        return Accepted()

    async def status(self, signed: bytes, tx_ids: Sequence[str], height: int = 0) -> Status:
        try:
            await self._verify_network()
            outputs = len(Transaction.parse(signed).vout)
            return await self._status(tx_ids[-1], outputs, height)
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    def _sense(self, error: NodeRefused) -> Submission:
        match meaning(BITCOIN, error.text):
            case Meaning.KNOWN:
                return Accepted(known=True)
            case Meaning.NEVER:
                return Rejected(f"rejected: {error.text}")
            case _:
                return Refused(error.text)

    async def _status(self, tx_id: str, outputs: int, height: int) -> Status:
        seen = (
            await self._if_found("getrawtransaction", tx_id, True)
            or await self._by_output(tx_id, outputs)
            or await self._in_block(tx_id, height)
            or await self._in_newest_blocks(tx_id)
        )
        if seen is None:
            return Unknown()
        confirmations = int(seen.get("confirmations", 0))
        if confirmations < 1:
            return Pending()
        height = int(await self.rpc.call("getblockcount")) - confirmations + 1
        if confirmations <= self._depth:
            return Included(tx_id, height)
        return Final(tx_id, height)

    async def _by_output(self, tx_id: str, outputs: int) -> dict[str, Any] | None:
        """A confirmed transaction shows by an unspent output of its own, even without an index."""
        for index in range(min(outputs, OUTPUT_PROBES)):
            # Outputs that a pool transaction spends still prove their block.
            if found := await self.rpc.call("gettxout", tx_id, index, False):
                return dict(found)
        return None

    async def _in_block(self, tx_id: str, height: int) -> dict[str, Any] | None:
        """The transaction in the main chain's block at the height where it was last seen."""
        if not height or height > int(await self.rpc.call("getblockcount")):
            return None
        block = await self.rpc.call("getblockhash", height)
        return await self._if_found("getrawtransaction", tx_id, True, block)

    async def _in_newest_blocks(self, tx_id: str) -> dict[str, Any] | None:
        block_hash = await self.rpc.call("getbestblockhash")
        for _ in range(NEWEST_BLOCKS):
            block = await self.rpc.call("getblock", block_hash, 1)
            if tx_id in block["tx"]:
                return dict(block)
            if "previousblockhash" not in block:
                break
            block_hash = block["previousblockhash"]
        return None

    async def _if_found(self, method: str, *params: object) -> dict[str, Any] | None:
        try:
            return dict(await self.rpc.call(method, *params))
        except NodeRefused as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def _verify_network(self) -> None:
        """A URL of another network must never be sent to. Asked once."""
        if self._verified:
            return
        found = f"bip122:{str(await self.rpc.call('getblockhash', 0))[:32]}"
        if found != self.chain:
            raise NodeUnavailable(
                f"{self.rpc.endpoint} serves {found}, not {self.chain}. Correct its URL."
            )
        self._verified = True
