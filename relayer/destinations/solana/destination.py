"""Solana over JSON-RPC: sendTransaction, and getSignatureStatuses at a commitment as the proof.

A transaction that no block holds is lost only when its blockhash is expired at `finalized`: a
younger bank could still take it. With a durable nonce it is lost when the nonce account has moved
on. Until then the same bytes are sent again, which Solana executes once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from solders.hash import Hash
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.transaction import VersionedTransaction

from relayer.destinations import Destination
from relayer.destinations.solana.refusals import SOLANA
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
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

DEPTH = {"processed": 0, "confirmed": 1, "finalized": 2}
# SystemInstruction::AdvanceNonceAccount, little-endian.
ADVANCE_NONCE = (4).to_bytes(4, "little")
# State of a nonce account: version u32, state u32, authority 32 bytes, durable nonce 32 bytes.
NONCE_AT = slice(40, 72)


class SolanaDestination(Destination):
    """`chain` is solana:<first 32 characters of the genesis hash>, or solana:localnet.

    `finality` is the commitment that counts, "confirmed" where none is named.
    """

    def __init__(self, chain: str, rpc: JsonRpc, finality: Finality | None = None):
        if finality not in (None, "confirmed", "finalized"):
            raise SettingsError(
                f'The finality of {chain} is "confirmed" or "finalized", not {finality!r}.'
            )
        self.chain = chain
        self.rpc = rpc
        self._commitment = finality or "confirmed"
        self._verified = False

    async def submit(self, signed: bytes) -> Submission:
        options = {"encoding": "base64", "preflightCommitment": "confirmed"}
        try:
            await self._verify_network()
            await self.rpc.call("sendTransaction", base64.b64encode(signed).decode(), options)
        except NodeUnavailable as error:
            return Unreachable(str(error))
        except NodeRefused as error:
            return self._sense(error)
        return Accepted()

    async def status(self, signed: bytes, tx_ids: Sequence[str], height: int = 0) -> Status:
        try:
            await self._verify_network()
            found = await self._landed(tx_ids[-1])
            if found is not None:
                return found
            lost = await self._lost(VersionedTransaction.from_bytes(signed))
            if lost is None:
                return Unknown()
            # It may have landed between the two questions.
            return await self._landed(tx_ids[-1]) or lost
        except (NodeUnavailable, NodeRefused) as error:
            return Unreachable(str(error))

    async def close(self) -> None:
        await self.rpc.close()

    def _sense(self, error: NodeRefused) -> Submission:
        fault = error.data.get("err") if isinstance(error.data, dict) else None
        text = error.text if fault is None else f"{error.text} {fault}"
        match meaning(SOLANA, text):
            case Meaning.KNOWN:
                return Accepted(known=True)
            case Meaning.NEVER:
                return Rejected(f"rejected: {text}")
            case _:
                return Refused(text)

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
        if reached < DEPTH[self._commitment]:
            return Included(signature, slot)
        fault = found.get("err")
        return Final(signature, slot, fault is None, "" if fault is None else f"reverted: {fault}")

    async def _lost(self, transaction: VersionedTransaction) -> Rejected | None:
        """Proof that no block can hold it any more, or None."""
        if account := _nonce_account(transaction):
            return await self._nonce_moved(account, transaction.message.recent_blockhash)
        blockhash = str(transaction.message.recent_blockhash)
        for commitment in ("confirmed", "finalized"):
            options = {"commitment": commitment}
            if (await self.rpc.call("isBlockhashValid", blockhash, options))["value"]:
                return None
        return Rejected(f"blockhash_expired: {blockhash} is expired at finalized")

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
