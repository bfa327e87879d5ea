"""EVM chains: eth_sendRawTransaction, and the receipt with N confirmations as the proof.

A transaction whose nonce is used without a receipt of its own lost its place for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_account import Account

from relayer.destinations import Destination, blocks_on_top
from relayer.destinations.evm.refusals import EVM
from relayer.errors import Unbuildable
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


@dataclass(frozen=True)
class Slot:
    """The place that a signed transaction takes: account and nonce."""

    sender: str
    nonce: int


def slot(signed: bytes) -> Slot:
    """Sender (EIP-55) and nonce of a signed transaction. Raises Unbuildable."""
    try:
        typed = signed[:1] < b"\xc0"
        fields: Any = rlp.decode(signed[1:] if typed else signed)
        nonce = int.from_bytes(fields[1] if typed else fields[0], "big")
        return Slot(Account.recover_transaction(signed), nonce)
    except Exception as error:  # the codecs raise a dozen unrelated types for bad bytes
        raise Unbuildable(f"No signed EVM transaction: {error}") from error


class EvmDestination(Destination):
    """`chain` is eip155:N; `finality` counts the blocks on top, or is a node's own word for it."""

    def __init__(self, chain: str, rpc: JsonRpc, finality: Finality | None = None):
        self.chain = chain
        self.rpc = rpc
        self._tag = finality if finality in ("safe", "finalized") else None
        self._depth = 0 if self._tag else blocks_on_top(chain, finality)
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        try:
            await self._verify_network()
            await self.rpc.call("eth_sendRawTransaction", "0x" + signed.hex())
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            return self._sense(error)
        return Accepted()

    async def status(self, signed: bytes, tx_ids: Sequence[str], height: int = 0) -> Status:
        try:
            await self._verify_network()
            return await self._status(slot(signed), tx_ids)
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    def _sense(self, error: NodeRefused) -> Submission:
        match meaning(EVM, error.text):
            case Meaning.KNOWN:
                return Accepted(known=True)
            case Meaning.NONCE_USED:
                # Ours or another's: status looks for the receipt and settles it.
                return Refused(f"nonce_used: {error.text}")
            case Meaning.NEVER:
                return Rejected(f"rejected: {error.text}")
            case _:
                return Refused(error.text)

    async def _status(self, place: Slot, tx_ids: Sequence[str]) -> Status:
        if landed := await self._landed(tx_ids):
            return landed
        for tx_id in reversed(tx_ids):
            if await self.rpc.call("eth_getTransactionByHash", tx_id) is not None:
                return Pending()
        used = int(await self.rpc.call("eth_getTransactionCount", place.sender, "latest"), 16)
        if used <= place.nonce:
            return Unknown()
        # It may have landed between the two questions.
        if landed := await self._landed(tx_ids):
            return landed
        return Rejected(
            f"nonce_used: nonce {place.nonce} of {place.sender} went to another transaction "
            f"(next is {used})",
            nonce_lost=True,
        )

    async def _landed(self, tx_ids: Sequence[str]) -> Included | Final | None:
        for tx_id in reversed(tx_ids):
            receipt = await self.rpc.call("eth_getTransactionReceipt", tx_id)
            if receipt is None or receipt.get("blockNumber") is None:
                continue
            height = int(receipt["blockNumber"], 16)
            if height > await self._final_height():
                return Included(tx_id, height)
            ok = int(receipt["status"], 16) == 1
            return Final(tx_id, height, ok, "" if ok else f"reverted: in block {height}")
        return None

    async def _final_height(self) -> int:
        """The highest block that counts as final."""
        if self._tag is None:
            return max(int(await self.rpc.call("eth_blockNumber"), 16) - self._depth, 0)
        return int((await self.rpc.call("eth_getBlockByNumber", self._tag, False))["number"], 16)

    async def _verify_network(self) -> None:
        """A URL of another chain must never be sent to. Asked once."""
        if self._verified:
            return
        found = f"eip155:{int(await self.rpc.call('eth_chainId'), 16)}"
        if found != self.chain:
            raise NodeUnavailable(
                f"{self.rpc.endpoint} serves {found}, not {self.chain}. Correct its URL."
            )
        self._verified = True
