"""Solana over JSON-RPC: sendTransaction, and getSignatureStatuses at a commitment as the proof.

A transaction that no block holds is lost only when its blockhash is expired at `finalized`, on a
node that has had it: one that lags knows the blockhash not yet. A blockhash lives for 150 blocks,
and a node that calls itself healthy is at most 128 slots behind, so one that is still unknown
`EXPIRY_BLOCKS` after a healthy node was first asked is expired everywhere. With a durable nonce the
transaction is lost when the nonce account has moved on. Until then the same bytes are sent again,
which Solana executes once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from solders.hash import Hash
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.transaction import VersionedTransaction

from relayer.destinations import Destination
from relayer.destinations.solana.refusals import KNOWN
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Submission,
    Unknown,
    Unreachable,
)
from relayer.refusals import means_known
from relayer.settings import Finality
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

DEPTH = {"processed": 0, "confirmed": 1, "finalized": 2}
# SystemInstruction::AdvanceNonceAccount, little-endian.
ADVANCE_NONCE = (4).to_bytes(4, "little")
# State of a nonce account: version u32, state u32, authority 32 bytes, durable nonce 32 bytes.
NONCE_AT = slice(40, 72)
# 150 of the blockhash, 128 of a healthy node's lag, 32 to finality, and as much again for a lag
# that begins after it was asked.
EXPIRY_BLOCKS = 512


class SolanaDestination(Destination):
    """`chain` is solana:<first 32 characters of the genesis hash>, or solana:localnet.

    `finality` is the commitment that counts as confirmed, `settled` the one that ends it.
    """

    def __init__(
        self,
        chain: str,
        rpc: JsonRpc,
        finality: Finality | None = None,
        settled: Finality | None = None,
    ):
        for word in (finality, settled):
            if word not in (None, "confirmed", "finalized"):
                raise SettingsError(
                    f'The finality of {chain} is "confirmed" or "finalized", not {word!r}.'
                )
        self.chain = chain
        self.rpc = rpc
        self._confirmed = DEPTH[str(finality or "confirmed")]
        self._settled = max(DEPTH[str(settled or "finalized")], self._confirmed)
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        options = {"encoding": "base64", "preflightCommitment": "confirmed"}
        try:
            await self._verify_network()
            await self.rpc.call("sendTransaction", base64.b64encode(signed).decode(), options)
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            fault = error.data.get("err") if isinstance(error.data, dict) else None
            text = error.text if fault is None else f"{error.text} {fault}"
            return Accepted(known=True) if means_known(KNOWN, text) else NotTaken(text)
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
            found = await self._landed(tx_ids[-1])
            if found is not None:
                return found
            missing = await self._missing(VersionedTransaction.from_bytes(signed), since)
            # It may have landed between the two questions.
            return await self._landed(tx_ids[-1]) or missing
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    async def _landed(self, signature: str) -> Pending | Included | Final | None:
        options = {"searchTransactionHistory": True}
        answer = await self.rpc.call("getSignatureStatuses", [signature], options)
        found: dict[str, Any] | None = answer["value"][0]
        if found is None:
            return None
        reached = DEPTH[found.get("confirmationStatus") or "processed"]
        if reached < DEPTH["confirmed"]:
            return Pending()
        slot = int(found["slot"])
        fault = found.get("err")
        reason = "" if fault is None else f"reverted: {fault}"
        if reached < self._settled:
            return Included(signature, slot, reached >= self._confirmed, reason)
        return Final(signature, slot, fault is None, reason)

    async def _missing(self, transaction: VersionedTransaction, since: int) -> Status:
        """What follows from no block holding it: it may still land, or that is proven wrong.

        `Unknown` has the finalized block height from which the expiry counts, once it is known.
        """
        if account := _nonce_account(transaction):
            moved = await self._nonce_moved(account, transaction.message.recent_blockhash)
            return moved or Unknown()
        blockhash = str(transaction.message.recent_blockhash)
        valid = [await self._is_valid(blockhash, level) for level in ("confirmed", "finalized")]
        height = int(await self.rpc.call("getBlockHeight", {"commitment": "finalized"}))
        if any(valid):
            return Unknown(height)
        if since and height > since + EXPIRY_BLOCKS:
            return Rejected(f"blockhash_expired: {blockhash} is expired at finalized {height}")
        if not since:
            # The expiry counts from a node that is not far behind the others.
            await self.rpc.call("getHealth")
        return Unknown(height)

    async def _is_valid(self, blockhash: str, commitment: str) -> bool:
        options = {"commitment": commitment}
        return bool((await self.rpc.call("isBlockhashValid", blockhash, options))["value"])

    async def _nonce_moved(self, account: str, signed_with: Hash) -> Rejected | None:
        for commitment in ("confirmed", "finalized"):
            options = {"encoding": "base64", "commitment": commitment}
            answer = await self.rpc.call("getAccountInfo", account, options)
            if answer["value"] is None:
                return None
            if base64.b64decode(answer["value"]["data"][0])[NONCE_AT] == bytes(signed_with):
                return None
        return Rejected(f"nonce_used: durable nonce account {account} has moved on")

    async def _verify_network(self) -> None:
        """A URL of another cluster must never be sent to. Asked once; localnets have no name."""
        reference = self.chain.partition(":")[2]
        if self._verified or reference == "localnet":
            return
        found = str(await self.rpc.call("getGenesisHash"))[:32]
        if found != reference:
            raise NodeUnavailable(
                f"{self.rpc.endpoint} serves solana:{found}, not {self.chain}. Correct its URL."
            )
        self._verified = True


def _nonce_account(transaction: VersionedTransaction) -> str | None:
    """The durable nonce account, if the first instruction advances one."""
    message = transaction.message
    if not message.instructions:
        return None
    first, keys = message.instructions[0], message.account_keys
    advances = bytes(first.data)[:4] == ADVANCE_NONCE and len(first.accounts) > 0
    if not advances or first.program_id_index >= len(keys) or first.accounts[0] >= len(keys):
        return None
    is_system = keys[first.program_id_index] == SYSTEM_PROGRAM
    return str(keys[first.accounts[0]]) if is_system else None
