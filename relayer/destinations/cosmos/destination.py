"""Cosmos chains over CometBFT's JSON-RPC: broadcast_tx_sync, and the transaction in a block.

A block of CometBFT is final, so there is no depth to wait for. A transaction is lost when another
one used its sequence (the chain's index of `tx.acc_seq` names it), or when its time-out height has
passed and its sequence is still due.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from relayer.destinations import Destination
from relayer.destinations.cosmos.node import CosmosNode, refusal_text
from relayer.destinations.cosmos.refusals import KNOWN, TX_IN_MEMPOOL
from relayer.news import (
    Accepted,
    Final,
    NotTaken,
    Rejected,
    Status,
    Submission,
    Unknown,
    Unreachable,
)
from relayer.refusals import means_known
from relayer.settings import Finality
from zrsign_chains.cosmos import CosmosChain
from zrsign_chains.cosmos_transactions import SignedTx, decode_signed
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable


class CosmosDestination(Destination):
    """`chain` is cosmos:<chain id>; `finality` is 0 or "finalized", which mean the same here."""

    def __init__(
        self,
        chain: str,
        rpc: JsonRpc,
        finality: Finality | None = None,
        settled: Finality | None = None,
    ):
        for word in (finality, settled):
            if word not in (None, 0, "finalized"):
                raise SettingsError(
                    f'The finality of {chain} is its block\'s own, 0 or "finalized", not {word!r}.'
                )
        self.chain = chain
        self.rpc = rpc
        self._chain = CosmosChain(chain)
        self._node = CosmosNode(chain, rpc)

    async def submit(self, signed: bytes) -> Submission:
        try:
            await self._node.verify()
            raw = base64.b64encode(signed).decode()
            answer = await self.rpc.call("broadcast_tx_sync", raw)
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            text = refusal_text(error)
            return Accepted(known=True) if means_known(KNOWN, text) else NotTaken(text)
        if not answer["code"]:
            return Accepted()
        if (answer.get("codespace"), answer["code"]) == TX_IN_MEMPOOL:
            return Accepted(known=True)
        return NotTaken(f"{answer['log']} (code {answer['code']})")

    async def status(
        self,
        signed: bytes,
        tx_ids: Sequence[str],
        height: int = 0,
        since: int = 0,
        earlier: Sequence[bytes] = (),
    ) -> Status:
        try:
            await self._node.verify()
            return await self._landed(tx_ids[-1]) or await self._lost(signed, tx_ids[-1])
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    async def _landed(self, tx_id: str) -> Final | None:
        query = f"tx.hash='{tx_id}'"
        found = (await self.rpc.call("tx_search", query, False, "1", "1", "asc"))["txs"]
        return _final(found[0]) if found and _used_its_sequence(found[0]) else None

    async def _lost(self, signed: bytes, tx_id: str) -> Status:
        tx = decode_signed(signed)
        address = self._chain.address(tx.signer.public_key)
        query = f"tx.acc_seq='{address}/{tx.signer.sequence}'"
        found = (await self.rpc.call("tx_search", query, False, "1", "1", "asc"))["txs"]
        if found:
            # It may have landed between the two questions.
            if found[0]["hash"] == tx_id:
                return _final(found[0])
            return Rejected(
                f"sequence_used: sequence {tx.signer.sequence} of {address} went to "
                f"{found[0]['hash']}",
                nonce_lost=True,
            )
        return await self._timed_out(tx, address) or Unknown()

    async def _timed_out(self, tx: SignedTx, address: str) -> Rejected | None:
        """Its last height has passed, and its sequence was still due after that."""
        if not tx.timeout_height:
            return None
        account = await self._node.account(address)
        if account is None or account.height <= tx.timeout_height:
            return None
        if account.sequence > tx.signer.sequence:
            return None
        return Rejected(f"timed_out: it had to be in a block up to {tx.timeout_height}")


def _used_its_sequence(found: dict[str, Any]) -> bool:
    """Whether the block admitted it. One that the block refused may be in a later one."""
    result = found["tx_result"]
    told = [event["attributes"] for event in result["events"] or () if event["type"] == "tx"]
    return not result["code"] or any(each["key"] == "acc_seq" for said in told for each in said)


def _final(found: dict[str, Any]) -> Final:
    result = found["tx_result"]
    reason = "" if not result["code"] else f"reverted: {result['log']} (code {result['code']})"
    return Final(found["hash"], int(found["height"]), not reason, reason)
