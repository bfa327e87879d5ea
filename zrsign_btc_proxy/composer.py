"""Composes payments on one Bitcoin network: no coin is given out twice.

Coins are set aside before a transaction is proposed and freed when its request has ended.
"""

from __future__ import annotations

from collections.abc import Collection

from zrchain_lite.client import ObjectNotFound
from zrsign_btc_proxy.coins import Payment, compose, outpoints
from zrsign_btc_proxy.reservations import Outpoint, Reservations
from zrsign_btc_proxy.wallet import WatchWallet
from zrsign_chains import ChainError
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_daemon.composing import Composer, ComposeTask
from zrsign_daemon.composing.ledger import ComposerLedger


class BitcoinComposer(Composer):
    """`wallet` knows the keys' coins, `reservations` which of them are taken."""

    def __init__(self, wallet: WatchWallet, ledger: ComposerLedger, reservations: Reservations):
        self.chain = wallet.chain
        self._rules = BitcoinChain(wallet.chain)
        self._wallet = wallet
        self._ledger = ledger
        self._reservations = reservations

    async def compose(self, task: ComposeTask) -> bytes:
        """A PSBT whose coins are set aside. Raises ComposingError, ChainError or a node's error."""
        await self._adopt(task)
        await self._wallet.watch(task.public_key)
        payment = await self._payment(task)
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
        """Free the coins of requests that have ended (or that a new ledger has never heard of)."""
        for request_id in await self._reservations.requests(self.chain):
            try:
                over = await self._ledger.ended(request_id)
            except ObjectNotFound:
                over = True
            if over:
                await self._reservations.release(self.chain, request_id)

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._wallet.close()

    async def _adopt(self, task: ComposeTask) -> None:
        """Set aside what others composed: another proxy, or a requester's own transaction."""
        for request_id, payload in task.under_way.items():
            try:
                coins = outpoints(self._rules, payload)
            except ChainError:
                continue  # The ledger has refused it as well; it will never be sent.
            await self._reservations.reserve(self.chain, request_id, coins)

    async def _payment(self, task: ComposeTask) -> Payment:
        coins = await self._wallet.coins(task.sender)
        # Its own coins are its to use: an earlier proposal may never have reached the ledger.
        taken = await self._reservations.taken(self.chain, but_by=task.request_id)
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
            )

        payment = attempt(coins)
        if len(payment.coins) > 1:
            # Several P2WPKH amounts have to be proven by the transactions that made them.
            chosen = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in payment.coins]
            payment = attempt([await self._wallet.proven(coin) for coin in chosen])
        return payment
