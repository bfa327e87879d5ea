"""The confirmed coins of the watched keys, kept from block to block.

bitcoind lists a wallet's coins by walking all of its transactions, which takes seconds in a busy
wallet. So they are listed once for an address; after that each new block is read, and a
reorganisation, or a gap of more than `MOST_BLOCKS`, lists them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zrsign_daemon.jsonrpc import JsonRpc

MOST_BLOCKS = 12
COINBASE_MATURITY = 100
SATS = 100_000_000

Place = tuple[str, int]


def sats(amount: float) -> int:
    """Satoshi of bitcoind's BTC number; exact for every amount that exists."""
    return round(amount * SATS)


@dataclass(frozen=True)
class KeptCoin:
    """An unspent output in the block at `height`; `coinbase` ones mature 100 blocks later."""

    txid: str
    vout: int
    value_sats: int
    script_pubkey: bytes
    height: int
    coinbase: bool = False

    def depth(self, tip: int) -> int:
        """Blocks that it is in, its own counted; 0 while it cannot be spent."""
        depth = tip - self.height + 1
        return 0 if self.coinbase and depth < COINBASE_MATURITY else depth


class KeptCoins:
    """Coins by output script, as of `tip`, the height of the newest block that was read."""

    def __init__(self, node: JsonRpc):
        self._node = node
        self._coins: dict[bytes, dict[Place, KeptCoin]] = {}
        self._best = ""
        self.tip = 0

    async def follow(self) -> None:
        """Read the blocks since the last call. Raises the node's error; the next call goes on."""
        best = str(await self._node.call("getbestblockhash"))
        if best == self._best:
            return
        missed: list[dict[str, Any]] = []
        block_hash = best
        while self._coins and block_hash != self._best and len(missed) < MOST_BLOCKS:
            block = await self._node.call("getblock", block_hash, 2)
            missed.append(block)
            block_hash = block.get("previousblockhash", "")
        if block_hash != self._best:
            self._coins.clear()
        for block in reversed(missed):
            self._take(block)
        head = await self._node.call("getblockheader", best)
        self._best, self.tip = best, int(head["height"])

    def known(self, script: bytes) -> list[KeptCoin] | None:
        """The coins of an output script; None when they have to be listed."""
        held = self._coins.get(script)
        return None if held is None else list(held.values())

    def keep(self, script: bytes, listed: list[dict[str, Any]]) -> None:
        """Take what `listunspent` says of a script's confirmed coins."""
        self._coins[script] = {
            (each["txid"], each["vout"]): KeptCoin(
                each["txid"],
                each["vout"],
                sats(each["amount"]),
                script,
                self.tip - each["confirmations"] + 1,
            )
            for each in listed
        }

    def forget(self, coin: Place, script: bytes) -> None:
        """A coin that turned out to be spent."""
        self._coins.get(script, {}).pop(coin, None)

    def _take(self, block: dict[str, Any]) -> None:
        for tx in block["tx"]:
            coinbase = "coinbase" in tx["vin"][0]
            for spent in tx["vin"]:
                place = (spent.get("txid", ""), spent.get("vout", -1))
                for held in self._coins.values():
                    held.pop(place, None)
            for out in tx["vout"]:
                script = bytes.fromhex(out["scriptPubKey"]["hex"])
                own = self._coins.get(script)
                if own is not None:
                    place = (tx["txid"], out["n"])
                    value = sats(out["value"])
                    own[place] = KeptCoin(*place, value, script, block["height"], coinbase)
