"""EVM chains: eth_sendRawTransaction, and the receipt with N confirmations as the proof.

A transaction is lost when a settled block used its nonce and holds none of its variants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relayer.destinations import Destination, blocks_on_top
from relayer.destinations.evm.refusals import KNOWN
from relayer.errors import Unbuildable
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
from zrsign_chains.errors import ChainError
from zrsign_chains.evm import read_signed
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

WITHOUT_FINALIZED = 64
"""Blocks on top that settle a block where the node has no finalized one: two epochs of 32."""


@dataclass(frozen=True)
class Slot:
    """The place that a signed transaction takes: account and nonce."""

    sender: str
    nonce: int


def slot(signed: bytes) -> Slot:
    """Sender (EIP-55) and nonce of a signed transaction. Raises Unbuildable."""
    try:
        tx, sender = read_signed(signed)
    except ChainError as error:
        raise Unbuildable(f"No signed EVM transaction: {error}") from error
    return Slot(sender, tx.nonce)


class EvmDestination(Destination):
    """`chain` is eip155:N; `finality` and `settled` count blocks on top, or are a node's word."""

    def __init__(
        self,
        chain: str,
        rpc: JsonRpc,
        finality: Finality | None = None,
        settled: Finality | None = None,
    ):
        self.chain = chain
        self.rpc = rpc
        for word in (finality, settled):
            if word not in ("safe", "finalized"):
                blocks_on_top(chain, word)
        self._confirmed = 0 if finality is None else finality
        self._settled = "finalized" if settled is None else settled
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        try:
            await self._verify_network()
            await self.rpc.call("eth_sendRawTransaction", "0x" + signed.hex())
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
            return await self._status(slot(signed), tx_ids, height)
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    async def _status(self, place: Slot, tx_ids: Sequence[str], height: int) -> Status:
        if landed := await self._landed(tx_ids):
            return landed
        for tx_id in reversed(tx_ids):
            if await self.rpc.call("eth_getTransactionByHash", tx_id) is not None:
                return Pending(reason=_gap(place, await self._used(place.sender, "latest")))
        head = await self._number("eth_blockNumber")
        if head < height:
            return Unreachable(f"{self.rpc.endpoint} is behind: at {head}, it was seen at {height}")
        if await self._used(place.sender, "latest") <= place.nonce:
            return Unknown(head)
        # It may have landed between the two questions.
        return await self._landed(tx_ids) or await self._taken(place, tx_ids)

    async def _landed(self, tx_ids: Sequence[str]) -> Included | Final | None:
        for tx_id in reversed(tx_ids):
            receipt = await self.rpc.call("eth_getTransactionReceipt", tx_id)
            if receipt is not None and receipt.get("blockNumber") is not None:
                return await self._in_block(tx_id, int(receipt["blockNumber"], 16), receipt)
        return None

    async def _in_block(
        self, tx_id: str, height: int, receipt: Mapping[str, Any]
    ) -> Included | Final:
        status = receipt.get("status")
        if status is None:
            return Included(tx_id, height, reason=f"odd_receipt: in block {height}, no status")
        reason = "" if int(status, 16) == 1 else f"reverted: in block {height}"
        deep = await self._height(self._confirmed) >= height
        if not deep or await self._height(self._settled) < height:
            return Included(tx_id, height, deep, reason)
        block = await self.rpc.call("eth_getBlockByNumber", hex(height), False)
        if block is None or block["hash"] != receipt.get("blockHash"):
            return Included(tx_id, height, reason=f"odd_receipt: block {height} is another one")
        return Final(tx_id, height, not reason, reason)

    async def _taken(self, place: Slot, tx_ids: Sequence[str]) -> Status:
        """What used the nonce. It is proven by the block in which the account's count passed it.

        EIP-7702 authorisations use nonces too, so the proof is that none of ours is in that block.
        """
        lost = f"nonce_used: nonce {place.nonce} of {place.sender} went to another transaction"
        final = await self._height(self._settled)
        try:
            if await self._used(place.sender, hex(final)) <= place.nonce:
                return Stranded(f"{lost}, in a block that is not final yet")
            height = await self._used_in(place, final)
        except NodeRefused as error:
            return Stranded(f"{lost}; the node cannot show which: {error.text}")
        block = await self.rpc.call("eth_getBlockByNumber", hex(height), True)
        ours = next((tx for tx in block["transactions"] if tx["hash"] in tx_ids), None)
        if ours is not None:
            return Included(ours["hash"], height, reason=f"odd_receipt: none for block {height}")
        other = next((tx["hash"] for tx in block["transactions"] if _takes(tx, place)), "unknown")
        return Rejected(f"{lost}: {other} in block {height}", nonce_lost=True)

    async def _used_in(self, place: Slot, final: int) -> int:
        """The block in which the account's count passed the nonce, at most `final`.

        Looked for in ever larger steps back, for nodes keep the state of recent blocks only.
        """
        low, high, step = final, final, 1
        while low > 0 and await self._used(place.sender, hex(low)) > place.nonce:
            low, high, step = max(low - step, 0), low, 2 * step
        while high - low > 1:
            middle = (low + high) // 2
            if await self._used(place.sender, hex(middle)) > place.nonce:
                high = middle
            else:
                low = middle
        return high

    async def _used(self, sender: str, block: str) -> int:
        return await self._number("eth_getTransactionCount", sender, block)

    async def _height(self, finality: Finality) -> int:
        """The highest block that is so deep."""
        if isinstance(finality, str):
            try:
                block = await self.rpc.call("eth_getBlockByNumber", finality, False)
            except NodeRefused:
                block = None
            if block is not None:
                return int(block["number"], 16)
            finality = WITHOUT_FINALIZED
        return max(await self._number("eth_blockNumber") - finality, 0)

    async def _number(self, method: str, *params: object) -> int:
        return int(await self.rpc.call(method, *params), 16)

    async def _verify_network(self) -> None:
        """A URL of another chain must never be sent to. Asked once."""
        if self._verified:
            return
        found = f"eip155:{await self._number('eth_chainId')}"
        if found != self.chain:
            raise NodeUnavailable(
                f"{self.rpc.endpoint} serves {found}, not {self.chain}. Correct its URL."
            )
        self._verified = True


def _gap(place: Slot, due: int) -> str:
    """What is to be done where an earlier nonce of the account is missing or waits itself."""
    if due >= place.nonce:
        return ""
    return (
        f"nonce_gap: nonce {place.nonce} of {place.sender} waits until nonce {due} is used; "
        "deliver the transaction that has it, or send another with it"
    )


def _takes(tx: Mapping[str, Any], place: Slot) -> bool:
    same = str(tx["from"]).lower() == place.sender.lower()
    return same and int(tx["nonce"], 16) == place.nonce
