"""What bitcoind knows of the watched keys: their coins and the fee rate of the day.

A watch-only descriptor wallet (no private keys, nothing to steal) holds wpkh(key) of each key.
Making it, loading it and importing a key again are harmless and known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zrsign_btc_proxy.settings import NetworkSettings
from zrsign_chains import BITCOIN_REGTEST
from zrsign_chains.bitcoin import Utxo
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

SATS = 100_000_000
# Bitcoin Core's error codes.
WALLET_ERROR = -4
WALLET_NOT_FOUND = -18
WALLET_ALREADY_LOADED = -35
REGTEST_FEE_RATE = 2.0
# getmempoolinfo and estimatesmartfee speak BTC/kvB.
SAT_VB = SATS / 1000


def sats(amount: float) -> int:
    """Satoshi of bitcoind's BTC number; exact for every amount that exists."""
    return round(amount * SATS)


class WatchWallet:
    """The proxy's wallet on one network; `chain` is its CAIP-2 id."""

    def __init__(self, chain: str, network: NetworkSettings):
        self.chain = chain
        self._network = network
        base = network.rpc_url.rstrip("/")
        options: dict[str, Any] = {
            "timeout_s": network.rpc_timeout_s,
            "cookie_file": network.rpc_cookie_file,
        }
        self._node = JsonRpc(base, **options)
        self._wallet = JsonRpc(f"{base}/wallet/{network.wallet}", **options)
        self._ready = False
        self._watched: set[bytes] = set()

    async def watch(self, public_key: bytes) -> None:
        """Follow a key's P2WPKH coins from now on, its past included. 33-byte compressed key.

        Raises NotYet while the node searches its past.
        """
        await self._open()
        if public_key in self._watched:
            return
        descriptor = await self._descriptor(public_key)
        info = await self._wallet.call("getaddressinfo", await self._address(descriptor))
        if not info.get("ismine") and not info.get("iswatchonly"):
            await self._import(descriptor)
        self._watched.add(public_key)

    async def coins(self, address: str) -> list[Utxo]:
        """All unspent coins of a watched address that the node considers safe to spend."""
        await self._open()
        listed = await self._wallet.call("listunspent", 0, 9_999_999, [address], False)
        return [
            Utxo(
                txid=coin["txid"],
                vout=coin["vout"],
                value_sats=sats(coin["amount"]),
                script_pubkey=bytes.fromhex(coin["scriptPubKey"]),
                confirmed=coin["confirmations"] >= max(1, self._network.min_confirmations),
            )
            for coin in listed
        ]

    async def proven(self, coin: Utxo) -> Utxo:
        """The coin with the transaction that made it, which proves its amount."""
        made_by = await self._wallet.call("gettransaction", coin.txid, True)
        return replace(coin, previous_transaction=bytes.fromhex(made_by["hex"]))

    async def is_unspent(self, txid: str, vout: int) -> bool:
        """Whether neither a block nor the pool spends the coin; `txid` in display order."""
        return await self._node.call("gettxout", txid, vout, True) is not None

    def spendable(self, coin: Utxo) -> bool:
        """Deep enough by the configured policy."""
        return coin.confirmed or self._network.min_confirmations == 0

    async def fee_rate(self) -> float:
        """sat/vB: the node's estimate or the fallback, never below what its pool takes.

        Raises NotYet where there is neither.
        """
        answer = await self._node.call("estimatesmartfee", self._network.confirm_target)
        estimate = answer.get("feerate")
        pool = await self._node.call("getmempoolinfo")
        least = max(pool["mempoolminfee"], pool["minrelaytxfee"]) * SAT_VB
        rate = estimate * SAT_VB if estimate else self._fallback()
        if rate is None:
            raise NotYet("the node has no fee estimate yet and no fallback_fee_rate is set")
        return float(min(max(rate, least), self._network.max_fee_rate))

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._node.close()
        await self._wallet.close()

    def _fallback(self) -> float | None:
        default = REGTEST_FEE_RATE if self.chain == BITCOIN_REGTEST else None
        return self._network.fallback_fee_rate or default

    async def _open(self) -> None:
        if self._ready:
            return
        found = f"bip122:{str(await self._node.call('getblockhash', 0))[:32]}"
        if found != self.chain:
            raise NodeUnavailable(
                f"{self._node.endpoint} serves {found}, not {self.chain}. Correct its URL."
            )
        await self._load()
        self._ready = True

    async def _load(self) -> None:
        """Load the wallet, or make it: no private keys, blank, no passphrase, a descriptor one."""
        name = self._network.wallet
        try:
            await self._node.call("loadwallet", name)
        except NodeRefused as error:
            if error.code == WALLET_ALREADY_LOADED or "already loaded" in error.text:
                return
            if error.code != WALLET_NOT_FOUND:
                raise
            await self._create(name)

    async def _create(self, name: str) -> None:
        try:
            await self._node.call("createwallet", name, True, True, "", False, True)
        except NodeRefused as error:
            if "already exists" not in error.text:
                raise

    async def _descriptor(self, public_key: bytes) -> str:
        plain = f"wpkh({public_key.hex()})"
        return str((await self._node.call("getdescriptorinfo", plain))["descriptor"])

    async def _address(self, descriptor: str) -> str:
        return str((await self._node.call("deriveaddresses", descriptor))[0])

    async def _import(self, descriptor: str) -> None:
        wanted = {
            "desc": descriptor,
            "timestamp": self._network.rescan_from,
            "label": "zrsign",
        }
        try:
            (outcome,) = await self._wallet.call("importdescriptors", [wanted])
        except NodeRefused as error:
            if error.code == WALLET_ERROR and "rescan" in error.text.lower():
                raise NotYet(f"the node searches the past of another key: {error.text}") from error
            raise
        if not outcome["success"]:
            fault = outcome.get("error", {})
            raise NotYet(f"the node did not import {descriptor}: {fault.get('message', fault)}")
