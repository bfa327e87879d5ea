"""What bitcoind knows of the watched keys: their coins and the fee rate of the day.

A watch-only descriptor wallet (no private keys, nothing to steal) holds wpkh(key) of each key.
Making it, loading it and importing a key again are harmless and known. A bitcoind that was started
again has no wallet loaded, so it is loaded when a call says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from zrsign_btc_proxy.kept import SATS, KeptCoins, sats
from zrsign_btc_proxy.settings import NetworkSettings
from zrsign_chains import BITCOIN_REGTEST
from zrsign_chains.bitcoin import Utxo
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

# Bitcoin Core's error codes.
WALLET_ERROR = -4
NOT_FOUND = -5
WALLET_NOT_FOUND = -18
WALLET_ALREADY_LOADED = -35
# A pool takes a transaction with 25 unconfirmed ones in its line, itself counted.
MAX_ANCESTORS = 25
REGTEST_FEE_RATE = 2.0
# getmempoolinfo and estimatesmartfee speak BTC/kvB.
SAT_VB = SATS / 1000


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
        self._kept = KeptCoins(self._node)

    async def watch(self, public_keys: Collection[bytes], born: float = 0.0) -> None:
        """Follow the P2WPKH coins of keys (33 bytes) from now on, their past included.

        The past is searched once for all of them, from `born` (Unix s) or `rescan_from`, whichever
        is later; a wallet that has no key yet is searched from `rescan_from`. Raises NotYet while
        the node searches.
        """
        await self._open()
        new: list[str] = []
        for public_key in public_keys:
            if public_key in self._watched:
                continue
            descriptor = await self._descriptor(public_key)
            info = await self._ask("getaddressinfo", await self._address(descriptor))
            if not info.get("ismine") and not info.get("iswatchonly"):
                new.append(descriptor)
        if new:
            empty = not (await self._ask("listdescriptors"))["descriptors"]
            least = self._network.rescan_from
            await self._import(new, least if empty else max(least, int(born)))
        self._watched.update(public_keys)

    async def coins(self, address: str) -> list[Utxo]:
        """The confirmed coins of a watched address; all, where unconfirmed ones may be spent."""
        await self._open()
        if self._network.min_confirmations == 0:
            return await self._listed(address)
        await self._kept.follow()
        script = bytes.fromhex((await self._node.call("validateaddress", address))["scriptPubKey"])
        held = self._kept.known(script)
        if held is None:
            listed = await self._ask("listunspent", 1, 9_999_999, [address], False)
            self._kept.keep(script, listed)
            held = self._kept.known(script) or []
        depths = [(coin, coin.depth(self._kept.tip)) for coin in held]
        return [
            Utxo(
                txid=coin.txid,
                vout=coin.vout,
                value_sats=coin.value_sats,
                script_pubkey=script,
                confirmed=depth >= self._network.min_confirmations,
            )
            for coin, depth in depths
            if depth
        ]

    async def young(self, address: str) -> list[Utxo]:
        """What is in no block yet, where that cannot be spent."""
        if self._network.min_confirmations == 0:
            return []
        return [coin for coin in await self._listed(address, 0) if not coin.confirmed]

    async def unspent(self, coins: Sequence[Utxo]) -> bool:
        """Whether no block and no transaction in the pool spends one of these coins.

        One that is spent is not offered again.
        """
        spent = [coin for coin in coins if not await self.is_unspent(coin.txid, coin.vout)]
        for coin in spent:
            self._kept.forget((coin.txid, coin.vout), coin.script_pubkey)
        return not spent

    async def proven(self, coin: Utxo) -> Utxo:
        """The coin with the transaction that made it, which proves its amount."""
        made_by = await self._ask("gettransaction", coin.txid, True)
        return replace(coin, previous_transaction=bytes.fromhex(made_by["hex"]))

    async def height(self) -> int:
        """The height of the chain."""
        return int(await self._node.call("getblockcount"))

    async def is_spent_in_a_block(self, txid: str, vout: int) -> bool:
        """Whether a block spends the coin, or the node knows nothing of it."""
        return await self._node.call("gettxout", txid, vout, False) is None

    async def is_unspent(self, txid: str, vout: int) -> bool:
        """Whether neither a block nor the pool spends the coin; `txid` in display order."""
        return await self._node.call("gettxout", txid, vout, True) is not None

    async def is_built_upon(self, txid: str) -> bool:
        """Whether the pool holds a transaction that spends an output of this one."""
        try:
            entry = await self._node.call("getmempoolentry", txid)
        except NodeRefused as error:
            if error.code == NOT_FOUND:
                return False
            raise
        return int(entry["descendantcount"]) > 1

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

    async def _listed(self, address: str, most: int = 9_999_999) -> list[Utxo]:
        listed = await self._ask("listunspent", 0, most, [address], False)
        return [
            Utxo(
                txid=coin["txid"],
                vout=coin["vout"],
                value_sats=sats(coin["amount"]),
                script_pubkey=bytes.fromhex(coin["scriptPubKey"]),
                confirmed=coin["confirmations"] >= max(1, self._network.min_confirmations),
            )
            for coin in listed
            if coin.get("ancestorcount", 0) < MAX_ANCESTORS
        ]

    async def _ask(self, method: str, *params: Any) -> Any:
        """A call of the wallet, which is loaded again where the node has lost it."""
        try:
            return await self._wallet.call(method, *params)
        except NodeRefused as error:
            if error.code != WALLET_NOT_FOUND:
                raise
            await self._load()
            return await self._wallet.call(method, *params)

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

    async def _import(self, descriptors: Sequence[str], timestamp: int) -> None:
        wanted = [{"desc": each, "timestamp": timestamp, "label": "zrsign"} for each in descriptors]
        try:
            outcomes = await self._ask("importdescriptors", wanted)
        except NodeRefused as error:
            if error.code == WALLET_ERROR and "rescan" in error.text.lower():
                raise NotYet(f"the node searches the past of another key: {error.text}") from error
            raise
        for descriptor, outcome in zip(descriptors, outcomes, strict=True):
            if not outcome["success"]:
                fault = outcome.get("error", {})
                raise NotYet(f"the node did not import {descriptor}: {fault.get('message', fault)}")
