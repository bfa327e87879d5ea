"""Composes payments on one Bitcoin network: no coin is given out twice.

Coins are set aside before a transaction is proposed. They are freed when its request has ended
without a signature, or when a settled block spends one that all of its transactions need: what is
signed is public, and may land although its request was called failed. Until then the next payment
of the key spends such a coin, so that only one of the two can land.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from zrchain_lite.client import ObjectNotFound
from zrsign_btc_proxy.coins import Payment, Rival, compose, next_rate, outpoints, shared_coins
from zrsign_btc_proxy.reservations import Outpoint, Reservations
from zrsign_btc_proxy.wallet import WatchWallet
from zrsign_chains import ChainError
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, Utxo
from zrsign_daemon.composing import Composer, ComposeTask, NotYet, Uncomposable
from zrsign_daemon.composing.ledger import ComposerLedger, Fate

SETTLED_BLOCKS = 5
"""Blocks on top of the one that spent a coin, after which nothing of it changes any more."""
MAX_SPENT = 5
"""How often a payment is composed anew because one of its coins turns out to be spent."""


class BitcoinComposer(Composer):
    """`wallet` knows the keys' coins, `reservations` which of them are taken."""

    outbids = True

    def __init__(self, wallet: WatchWallet, ledger: ComposerLedger, reservations: Reservations):
        self.chain = wallet.chain
        self._rules = BitcoinChain(wallet.chain)
        self._wallet = wallet
        self._ledger = ledger
        self._reservations = reservations
        # Heights at which a coin of an ended request was first seen spent.
        self._spent_at: dict[int, int] = {}

    async def compose(self, task: ComposeTask) -> bytes:
        """A PSBT whose coins are set aside. Raises ComposingError, ChainError or a node's error."""
        await self._adopt(task)
        await self._wallet.watch([task.public_key])
        payment = await self._payment(task, await self._rivals(task))
        await self._reservations.reserve(self.chain, task.request_id, payment.coins)
        return payment.payload

    async def outbid(self, task: ComposeTask, payload: bytes) -> bytes | None:
        """Its coins again, and more where the change does not carry the fee (BIP-125).

        Not where it is in a block, or where a later payment spends its change and pays for both.
        """
        stuck = self._rules.parse(payload)
        if await self._wallet.fee_rate() < next_rate(stuck):
            return None
        for coin in stuck.inputs:
            if await self._wallet.is_spent_in_a_block(coin.txid, coin.vout):
                return None
        if await self._wallet.is_built_upon(self._rules.unsigned_id(stuck)):
            return None
        payment = await self._payment(task, [Rival(stuck, _coins(stuck))])
        await self._reservations.reserve(self.chain, task.request_id, payment.coins)
        return payment.payload

    async def stale(self, payload: bytes, sender: str) -> bool:
        """One of its coins was spent, by the key's owner elsewhere."""
        for coin in outpoints(self._rules, payload):
            if not await self._wallet.is_unspent(coin.txid, coin.vout):
                return True
        return False

    async def not_accepted(self, request_id: int) -> None:
        """Free the coins of the request."""
        await self._reservations.release(self.chain, request_id)

    async def release(self) -> None:
        """Free the coins whose transaction can no longer land (or that a new ledger never knew)."""
        for request_id in await self._reservations.requests(self.chain):
            try:
                fate = await self._ledger.fate(request_id)
            except ObjectNotFound:
                fate = Fate.VOID
            if fate is Fate.VOID or (fate is Fate.PUBLIC and await self._is_settled(request_id)):
                await self._reservations.release(self.chain, request_id)
                self._spent_at.pop(request_id, None)

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._wallet.close()

    async def _is_settled(self, request_id: int) -> bool:
        """Whether a coin that it cannot do without was spent in a block `SETTLED_BLOCKS` ago."""
        payloads = await self._ledger.transactions(request_id)
        coins = shared_coins(self._rules, payloads)
        spent = [await self._wallet.is_spent_in_a_block(coin.txid, coin.vout) for coin in coins]
        if not any(spent):
            self._spent_at.pop(request_id, None)
            return False
        height = await self._wallet.height()
        return height - self._spent_at.setdefault(request_id, height) >= SETTLED_BLOCKS

    async def _adopt(self, task: ComposeTask) -> None:
        """Set aside what others composed: another proxy, or a requester's own transaction."""
        for request_id, payload in task.under_way.items():
            try:
                coins = outpoints(self._rules, payload)
            except ChainError:
                continue  # The ledger has refused it as well; it will never be sent.
            await self._reservations.reserve(self.chain, request_id, coins)

    async def _payment(self, task: ComposeTask, rivals: Sequence[Rival]) -> Payment:
        # Its own coins are its to use: an earlier proposal may never have reached the ledger.
        taken = await self._reservations.taken(self.chain, but_by=task.request_id)
        held = {(coin.txid, coin.vout) for rival in rivals for coin in rival.coins}
        fee_rate = await self._wallet.fee_rate()

        def attempt(among: Collection[Utxo]) -> Payment:
            return compose(
                self._rules,
                task.intent,
                task.public_key,
                among,
                spendable=self._wallet.spendable,
                taken=taken,
                fee_rate=fee_rate,
                rivals=rivals,
            )

        for _ in range(MAX_SPENT):
            coins = await self._wallet.coins(task.sender)
            if rivals:
                # What takes another one's place may spend no other coin that is in no block.
                coins = [c for c in coins if c.confirmed and (c.txid, c.vout) not in held]
            try:
                payment = attempt(coins)
            except Uncomposable:
                # Once more for the figures of what is in no block yet.
                return attempt([*coins, *await self._wallet.young(task.sender)])
            chosen = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in payment.coins]
            if await self._wallet.unspent(chosen):
                break
        else:
            raise NotYet("coins of the key are being spent elsewhere")
        if len(payment.coins) == 1:
            return payment
        # Several P2WPKH amounts are proven by the transactions that made them, but for one.
        proven = [await self._wallet.proven(coin) for coin in chosen]
        if not rivals:
            proven.sort(key=lambda coin: len(coin.previous_transaction))
            proven[-1] = replace(proven[-1], previous_transaction=b"")
        return attempt(proven)

    async def _rivals(self, task: ComposeTask) -> list[Rival]:
        """Payments of the key that were given up and whose coins no block has spent."""
        found = []
        for request_id, payloads in task.given_up.items():
            try:
                newest = self._rules.parse(payloads[-1])
                needed = shared_coins(self._rules, payloads)
            except ChainError:
                continue  # The ledger has refused it as well; it was never signed.
            coins = outpoints(self._rules, payloads[-1])
            await self._reservations.reserve(self.chain, request_id, coins)
            spent = [await self._wallet.is_spent_in_a_block(*coin) for coin in needed]
            if not any(spent):
                # The first coin is one that all of them spend.
                found.append(Rival(newest, (await self._wallet.proven(_coins(newest)[0]),)))
        return found


def _coins(tx: BitcoinTx) -> tuple[Utxo, ...]:
    return tuple(
        Utxo(
            txid=spent.txid,
            vout=spent.vout,
            value_sats=spent.value_sats,
            script_pubkey=spent.script_pubkey,
            previous_transaction=spent.previous_transaction,
        )
        for spent in tx.inputs
    )
