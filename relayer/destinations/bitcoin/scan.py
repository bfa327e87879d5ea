"""Reads blocks for a transaction, or for whatever spent one of its inputs instead.

bitcoind without -txindex answers neither question. Each block is read once for each transaction
that is looked for, some at a time, from a day before it was first looked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from zrsign_daemon.jsonrpc import JsonRpc

MARGIN_BLOCKS = 144
BLOCKS_A_LOOK = 50
MAX_CURSORS = 10_000

Outpoint = tuple[str, int]


@dataclass(frozen=True)
class Found:
    """A transaction in the main chain that spent `outpoint`; it may be the one looked for."""

    tx_id: str
    outpoint: Outpoint
    height: int
    block_hash: str


class Scan:
    """Where each search stands; a daemon that starts again reads again."""

    def __init__(self, rpc: JsonRpc):
        self._rpc = rpc
        self._next: dict[str, int] = {}
        self._found: dict[str, Found] = {}

    async def look(
        self, tx_id: str, spent: Collection[Outpoint], since: int, head: int
    ) -> Found | None:
        """What spent one of `spent`, outputs that a block up to `head` spent; None: go on later.

        `since` is the chain's height when the transaction was first looked for.
        """
        found = self._found.get(tx_id)
        if found is not None:
            if await self._rpc.call("getblockhash", found.height) == found.block_hash:
                return found
            self._forget(tx_id)
        start = max((since or head) - MARGIN_BLOCKS, 0)
        first = min(self._next.get(tx_id, start), head + 1)
        for height in range(first, min(first + BLOCKS_A_LOOK, head + 1)):
            block = await self._block(height)
            if (found := _spender(block, set(spent), height)) is not None:
                self._found[tx_id] = found
                return found
            self._advance(tx_id, height + 1)
        if self._next.get(tx_id, 0) > head:
            # A reorganisation may have put it below: look at all of them again.
            self._next[tx_id] = start
        return None

    async def _block(self, height: int) -> dict[str, Any]:
        block_hash = await self._rpc.call("getblockhash", height)
        return dict(await self._rpc.call("getblock", block_hash, 2))

    def _advance(self, tx_id: str, height: int) -> None:
        if len(self._next) >= MAX_CURSORS and tx_id not in self._next:
            self._forget(next(iter(self._next)))
        self._next[tx_id] = height

    def _forget(self, tx_id: str) -> None:
        self._next.pop(tx_id, None)
        self._found.pop(tx_id, None)


def _spender(block: dict[str, Any], spent: Collection[Outpoint], height: int) -> Found | None:
    for tx in block["tx"]:
        for each in tx["vin"]:
            outpoint = (each.get("txid", ""), each.get("vout", -1))
            if outpoint in spent:
                return Found(tx["txid"], outpoint, height, block["hash"])
    return None
