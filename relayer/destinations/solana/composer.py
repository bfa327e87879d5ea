"""Solana: a transfer, of lamports or of a token, with a recent blockhash or a durable nonce.

A blockhash lives about 150 slots, often less than an approval takes; a durable nonce does not
expire, but it serialises the key's transactions. Compute units are asked for as a simulation used
them, for a leader orders by the price of what is asked for; the price is what recent transactions
with the same accounts paid, within the request's cap.
"""

from __future__ import annotations

import base64
from typing import Any

from solders.hash import Hash
from solders.message import Message
from solders.pubkey import Pubkey

from relayer.destinations.solana.destination import NONCE_AT
from relayer.destinations.solana.durable import ACCOUNT_BYTES as NONCE_ACCOUNT_BYTES
from relayer.destinations.solana.durable import NoncePayer
from relayer.destinations.solana.tokens import TOKEN_ACCOUNT_BYTES, Token, look
from relayer.settings import ComposerSettings
from zrsign_chains.solana import SolanaChain
from zrsign_chains.solana_messages import SIGNATURE_BYTES
from zrsign_daemon.composing import Composer, ComposeTask, NotYet, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused
from zrsign_daemon.keyfile import read_secret

MAX_UNITS = 1_400_000
"""Most compute units of a transaction."""
UNIT_MARGIN_PERCENT = 20
LEAST_UNITS = 300
"""What the two settings of the compute budget use themselves."""
MICRO = 1_000_000
NO_TOKEN = Token(decimals=0, create=False)


class SolanaComposer(Composer):
    """One cluster through one node. `limits` names durable nonce accounts, or who pays for them."""

    def __init__(self, chain: str, rpc: JsonRpc, limits: ComposerSettings):
        self.chain = chain
        self._chain = SolanaChain(chain)
        self._rpc = rpc
        self._nonce_accounts = limits.nonce_accounts
        key_file = limits.nonce_payer_key_file
        self._payer = None if key_file is None else NoncePayer(read_secret(key_file))

    async def compose(self, task: ComposeTask) -> bytes:
        self._chain.validate_address(task.intent.to)
        nonce = await self._nonce(task)
        token = await self._token(task)
        blockhash = await (self._durable(nonce, task) if nonce else self._recent())
        rent = await self._rent(TOKEN_ACCOUNT_BYTES) if token.create else 0

        def build(limit: int, price: int) -> bytes:
            return self._chain.compose(
                task.intent,
                task.public_key,
                blockhash,
                nonce,
                unit_limit=limit,
                unit_price=price,
                decimals=token.decimals,
                create=token.create,
            )

        plain = build(MAX_UNITS, 0)
        base_fee = await self._fee(plain) + rent
        await self._check_funds(task, base_fee)
        limit = await self._units(plain)
        spare = task.intent.max_network_fee - base_fee
        price = min(await self._price(task), spare * MICRO // limit)
        payload = build(limit, price)
        try:
            await self._check_funds(task, await self._fee(payload) + rent)
        except Uncomposable:
            # Without a priority fee it can be paid.
            return build(limit, 0)
        return payload

    async def stale(self, payload: bytes, sender: str) -> bool:
        """Its blockhash is expired, or its durable nonce was used, by the key's owner elsewhere."""
        message = self._chain.parse(payload)
        for commitment in ("confirmed", "finalized"):
            if message.nonce_account is not None:
                found = await self._account(message.nonce_account, commitment)
                lives = found is not None and _stored(found) == message.blockhash
            else:
                asked = message.blockhash, {"commitment": commitment}
                lives = await self._ask("isBlockhashValid", *asked)
            if lives:
                return False
        return True

    async def close(self) -> None:
        await self._rpc.close()

    async def _recent(self) -> str:
        answer = await self._ask("getLatestBlockhash", {"commitment": "confirmed"})
        return str(answer["blockhash"])

    async def _nonce(self, task: ComposeTask) -> str | None:
        """The wallet's nonce account, if it has one. Raises NotYet while one is made."""
        named = self._nonce_accounts.get(task.sender)
        if named is not None or self._payer is None:
            return named
        account = self._payer.address_for(task.sender)
        if await self._account(account) is not None:
            return account
        if not task.went_stale:
            return None
        rent = await self._rent(NONCE_ACCOUNT_BYTES)
        made = self._payer.creation(task.sender, await self._recent(), rent)
        try:
            raw, options = base64.b64encode(made).decode(), {"encoding": "base64"}
            await self._rpc.call("sendTransaction", raw, options)
        except NodeRefused as error:
            raise NotYet(f"nonce_account: {account} is not made: {error.text}") from error
        raise NotYet(f"nonce_account: {account} is being made for {task.sender}")

    async def _durable(self, account: str, task: ComposeTask) -> str:
        found = await self._account(account)
        if found is None:
            raise Uncomposable(f"nonce_account_missing: {account} of {task.sender} does not exist")
        stored = _stored(found)
        under_way = task.under_way.values()
        held = {str(Message.from_bytes(payload).recent_blockhash) for payload in under_way}
        if stored in held:
            raise NotYet(f"nonce_held: {account} serves a transaction that is under way")
        return stored

    async def _token(self, task: ComposeTask) -> Token:
        if not task.intent.data:
            return NO_TOKEN
        return await look(task, bytes(Pubkey.from_string(task.intent.to)), self._account)

    async def _account(self, address: str, commitment: str = "confirmed") -> Any:
        options = {"encoding": "base64", "commitment": commitment}
        return await self._ask("getAccountInfo", address, options)

    async def _rent(self, size: int) -> int:
        return int(await self._rpc.call("getMinimumBalanceForRentExemption", size))

    async def _fee(self, payload: bytes) -> int:
        message = base64.b64encode(payload).decode()
        fee = await self._ask("getFeeForMessage", message, {"commitment": "confirmed"})
        if fee is None:
            raise NotYet("blockhash_expired: the node no longer knows its own blockhash")
        return int(fee)

    async def _units(self, payload: bytes) -> int:
        """Compute units that a simulation used, and some more. Raises Uncomposable if it fails."""
        unsigned = bytes([1]) + bytes(SIGNATURE_BYTES) + payload
        options = {"encoding": "base64", "sigVerify": False, "commitment": "confirmed"}
        raw = base64.b64encode(unsigned).decode()
        found = await self._ask("simulateTransaction", raw, options)
        if found.get("err"):
            raise Uncomposable(f"would_fail: {found['err']}")
        used = int(found.get("unitsConsumed") or 0)
        return min(used * (100 + UNIT_MARGIN_PERCENT) // 100 + LEAST_UNITS, MAX_UNITS)

    async def _price(self, task: ComposeTask) -> int:
        """The priority fee that three of four recent blocks took, micro-lamports a unit."""
        accounts = [task.sender, task.intent.to]
        try:
            recent = await self._rpc.call("getRecentPrioritizationFees", accounts)
        except NodeRefused:
            return 0
        fees = sorted(int(each["prioritizationFee"]) for each in recent)
        return fees[len(fees) * 3 // 4] if fees else 0

    async def _check_funds(self, task: ComposeTask, fee: int) -> None:
        """`fee` is all that is paid beside the lamports that are asked for."""
        intent = task.intent
        value = 0 if intent.data else intent.value
        if fee > intent.max_network_fee:
            raise Uncomposable(f"fee_above_cap: {fee} lamports, {intent.max_network_fee} allowed")
        balance = await self._balance(task.sender)
        rest = balance - value - fee
        rent = await self._rent(0)
        if rest < 0 or 0 < rest < rent:
            raise Uncomposable(
                f"insufficient_funds: {task.sender} holds {balance} lamports; {value} and a "
                f"fee of {fee} are to be paid, and what is left is nothing or at least {rent}"
            )
        if not intent.data and await self._balance(intent.to) + value < rent:
            raise Uncomposable(
                f"below_rent: {intent.to} would hold less than {rent} lamports, the least that an "
                "account may"
            )

    async def _balance(self, address: str) -> int:
        return int(await self._ask("getBalance", address, {"commitment": "confirmed"}))

    async def _ask(self, method: str, *params: Any) -> Any:
        return (await self._rpc.call(method, *params))["value"]


def _stored(account: Any) -> str:
    """The nonce that a nonce account holds now."""
    return str(Hash.from_bytes(base64.b64decode(account["data"][0])[NONCE_AT]))
