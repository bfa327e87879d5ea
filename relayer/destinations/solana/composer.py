"""Solana: a transfer with a recent blockhash, or with a durable nonce where one is configured.

A blockhash lives about 150 slots, often less than an approval takes; a durable nonce does not
expire, but it serialises the key's transactions.
"""

from __future__ import annotations

import base64
from typing import Any

from solders.hash import Hash
from solders.message import Message

from relayer.destinations.solana.destination import NONCE_AT
from relayer.settings import ComposerSettings
from zrsign_chains.solana import SolanaChain
from zrsign_daemon.composing import Composer, ComposeTask, NotYet, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc


class SolanaComposer(Composer):
    """One cluster through one node. `limits` names the durable nonce accounts."""

    def __init__(self, chain: str, rpc: JsonRpc, limits: ComposerSettings):
        self.chain = chain
        self._chain = SolanaChain(chain)
        self._rpc = rpc
        self._nonce_accounts = limits.nonce_accounts

    async def compose(self, task: ComposeTask) -> bytes:
        self._chain.validate_address(task.intent.to)
        nonce = self._nonce_accounts.get(task.sender)
        blockhash = await (self._durable(nonce, task) if nonce else self._recent())
        payload = self._chain.compose(
            task.intent, from_public_key=task.public_key, blockhash=blockhash, nonce=nonce
        )
        await self._check_funds(task, await self._fee(payload))
        return payload

    async def stale(self, payload: bytes, sender: str) -> bool:
        """Its blockhash is expired; one with a durable nonce lives on."""
        blockhash = str(Message.from_bytes(payload).recent_blockhash)
        if sender in self._nonce_accounts:
            return False
        for commitment in ("confirmed", "finalized"):
            if await self._ask("isBlockhashValid", blockhash, {"commitment": commitment}):
                return False
        return True

    async def close(self) -> None:
        await self._rpc.close()

    async def _recent(self) -> str:
        answer = await self._ask("getLatestBlockhash", {"commitment": "confirmed"})
        return str(answer["blockhash"])

    async def _durable(self, account: str, task: ComposeTask) -> str:
        options = {"encoding": "base64", "commitment": "confirmed"}
        found = await self._ask("getAccountInfo", account, options)
        if found is None:
            raise Uncomposable(f"nonce_account_missing: {account} of {task.sender} does not exist")
        stored = str(Hash.from_bytes(base64.b64decode(found["data"][0])[NONCE_AT]))
        under_way = task.under_way.values()
        held = {str(Message.from_bytes(payload).recent_blockhash) for payload in under_way}
        if stored in held:
            raise NotYet(f"nonce_held: {account} serves a transaction that is under way")
        return stored

    async def _fee(self, payload: bytes) -> int:
        message = base64.b64encode(payload).decode()
        fee = await self._ask("getFeeForMessage", message, {"commitment": "confirmed"})
        if fee is None:
            raise NotYet("blockhash_expired: the node no longer knows its own blockhash")
        return int(fee)

    async def _check_funds(self, task: ComposeTask, fee: int) -> None:
        intent = task.intent
        if fee > intent.max_network_fee:
            raise Uncomposable(f"fee_above_cap: {fee} lamports, {intent.max_network_fee} allowed")
        balance = await self._balance(task.sender)
        rest = balance - intent.value - fee
        rent = int(await self._rpc.call("getMinimumBalanceForRentExemption", 0))
        if rest < 0 or 0 < rest < rent:
            raise Uncomposable(
                f"insufficient_funds: {task.sender} holds {balance} lamports; {intent.value} and a "
                f"fee of {fee} are to be paid, and what is left is nothing or at least {rent}"
            )
        if await self._balance(intent.to) + intent.value < rent:
            raise Uncomposable(
                f"below_rent: {intent.to} would hold less than {rent} lamports, the least that an "
                "account may"
            )

    async def _balance(self, address: str) -> int:
        return int(await self._ask("getBalance", address, {"commitment": "confirmed"}))

    async def _ask(self, method: str, *params: Any) -> Any:
        return (await self._rpc.call(method, *params))["value"]
