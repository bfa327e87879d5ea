"""Bitcoin through bitcoind's RPC: sendrawtransaction, and an unspent output's depth as the proof.

Works without a wallet and without -txindex: a transaction is found in the pool or an index
(getrawtransaction), by an output that is still unspent (gettxout), in the block where it was last
seen, or, when one of its inputs is spent, by reading the blocks since it was first looked for
(`scan`). The same reading finds what spent the input instead, which alone proves that it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embit.transaction import Transaction

from relayer.destinations import Destination, blocks_on_top
from relayer.destinations.bitcoin.refusals import KNOWN
from relayer.destinations.bitcoin.scan import Found, Scan
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Stranded,
    Submission,
    Unknown,
    Unreachable,
)
from relayer.refusals import means_known
from relayer.settings import Finality
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

NOT_FOUND = -5
OUTPUT_PROBES = 16
SIX_CONFIRMATIONS = 5
"""Blocks on top that settle a block where nothing else is said."""


class BitcoinDestination(Destination):
    """`chain` is bip122:<first 32 hex digits of the genesis block's hash>.

    `finality` and `settled` count the blocks on top of the transaction's.
    """

    def __init__(
        self,
        chain: str,
        rpc: JsonRpc,
        finality: Finality | None = None,
        settled: Finality | None = None,
    ):
        self.chain = chain
        self.rpc = rpc
        self._confirmed = blocks_on_top(chain, finality)
        self._settled = max(blocks_on_top(chain, settled, SIX_CONFIRMATIONS), self._confirmed)
        self._scan = Scan(rpc)
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        try:
            await self._verify_network()
            await self.rpc.call("sendrawtransaction", signed.hex())
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            return Accepted(known=True) if means_known(KNOWN, error.text) else NotTaken(error.text)
        return Accepted()

    async def status(
        self,
        signed: bytes,
        tx_ids: Sequence[str],
        height: int = 0,
        since: int = 0,
        earlier: Sequence[bytes] = (),
    ) -> Status:
        try:
            await self._verify_network()
            return await self._status(_parsed(signed, earlier), tx_ids, height, since)
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    async def _status(
        self, variants: Sequence[Transaction], tx_ids: Sequence[str], height: int, since: int
    ) -> Status:
        head = int(await self.rpc.call("getblockcount"))
        if head < height:
            return Unreachable(f"{self.rpc.endpoint} is behind: at {head}, it was seen at {height}")
        outputs = max(len(tx.vout) for tx in variants)
        for tx_id in reversed(tx_ids):
            if (seen := await self._seen(tx_id, outputs, height)) is not None:
                confirmations = int(seen.get("confirmations", 0))
                if confirmations < 1:
                    return Pending(head)
                return self._landed(tx_id, int(await self.rpc.call("getblockcount")), confirmations)
        spent = [one for one in _shared(variants) if await self._is_spent(*one)]
        if not spent:
            return Unknown(head)
        found = await self._scan.look(tx_ids[-1], spent, since, head)
        return Unknown(head) if found is None else self._of(tx_ids, found, head)

    async def _seen(self, tx_id: str, outputs: int, height: int) -> dict[str, Any] | None:
        return (
            await self._if_found("getrawtransaction", tx_id, True)
            or await self._by_output(tx_id, outputs)
            or (await self._in_block(tx_id, height) if height else None)
        )

    def _of(self, tx_ids: Sequence[str], found: Found, head: int) -> Status:
        confirmations = head - found.height + 1
        if found.tx_id in tx_ids:
            return self._landed(found.tx_id, head, confirmations)
        lost = f"input_spent: {found.tx_id} in block {found.height} spent {_name(found.outpoint)}"
        if confirmations > self._settled:
            return Rejected(lost)
        return Stranded(f"{lost}, which is not final yet")

    def _landed(self, tx_id: str, head: int, confirmations: int) -> Included | Final:
        height = head - confirmations + 1
        if confirmations > self._settled:
            return Final(tx_id, height)
        return Included(tx_id, height, deep=confirmations > self._confirmed)

    async def _is_spent(self, tx_id: str, index: int) -> bool:
        """Whether a block spent the output; one that the node never saw counts as spent."""
        return await self.rpc.call("gettxout", tx_id, index, False) is None and (
            await self._if_found("getmempoolentry", tx_id) is None
        )

    async def _by_output(self, tx_id: str, outputs: int) -> dict[str, Any] | None:
        """A confirmed transaction shows by an unspent output of its own, even without an index."""
        for index in range(min(outputs, OUTPUT_PROBES)):
            # Outputs that a pool transaction spends still prove their block.
            if found := await self.rpc.call("gettxout", tx_id, index, False):
                return dict(found)
        return None

    async def _in_block(self, tx_id: str, height: int) -> dict[str, Any] | None:
        """The transaction in the main chain's block at the height where it was last seen."""
        block = await self.rpc.call("getblockhash", height)
        return await self._if_found("getrawtransaction", tx_id, True, block)

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


def _parsed(signed: bytes, earlier: Sequence[bytes]) -> list[Transaction]:
    return [Transaction.parse(one) for one in (*earlier, signed)]


def _shared(variants: Sequence[Transaction]) -> list[tuple[str, int]]:
    """The coins that each variant spends: none can land when something else spends one of them.

    A replacement spends the coins of what it replaces first, and may add more, so these are the
    coins of the first one. A coin that was added proves the loss of its variant alone.
    """
    first, *others = ([(each.txid.hex(), each.vout) for each in tx.vin] for tx in variants)
    return [coin for coin in first if all(coin in other for other in others)]


def _name(outpoint: tuple[str, int]) -> str:
    return f"{outpoint[0]}:{outpoint[1]}"
