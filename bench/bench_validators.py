"""Transactions a second and block latency at four validators: ours beside CometBFT's kvstore.

Both run in turn, on this machine, under the same CometBFT with the same settings and the same
number of transactions, which one client hands to the first validator in batches. A kvstore runs
inside CometBFT, in memory, and executes nothing; the ledger verifies signatures, moves coins, and
is durable in each block.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from bench.bench_ledger import SENDERS, TRANSFER_GAS, Bench, genesis, transfer
from zrchain_lite.engine.cometbft import CometBftNode, CometBftSettings
from zrchain_lite.genesis import load
from zrsign.local import testnet
from zrsign.local.network.ports import Ports
from zrsign.local.testnet import Host, Written
from zrsign.local.tools import resolve
from zrsign_daemon.program import DIE_WITH_PARENT, program

VALIDATORS = 4
PAUSE_S = 0.1
BATCH = 10
"""CometBFT takes no more calls in one request."""


@dataclass(frozen=True)
class Row:
    """`transactions` were in `blocks`, `seconds` after the first was sent."""

    name: str
    transactions: int
    blocks: int
    seconds: float
    latency_s: float
    """The median time between two blocks with transactions."""


class Node:
    """The first validator's JSON-RPC."""

    def __init__(self, http: aiohttp.ClientSession, host: Host) -> None:
        self._http, self._url = http, f"http://127.0.0.1:{host.rpc}"

    async def ask(self, *calls: tuple[str, dict[str, str]]) -> list[Any]:
        """The results of a batch; raises RuntimeError for an error."""
        batch = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, (method, params) in enumerate(calls)
        ]
        async with self._http.post(self._url, json=batch) as response:
            answered = await response.json()
        answers = answered if isinstance(answered, list) else [answered]
        if faults := [each["error"] for each in answers if "error" in each]:
            raise RuntimeError(str(faults[0]))
        return [each["result"] for each in answers]

    async def height(self) -> int:
        """The last block's height, 0 while nothing answers."""
        try:
            (status,) = await self.ask(("status", {}))
        except aiohttp.ClientError:
            return 0
        return int(status["sync_info"]["latest_block_height"])

    async def send(self, txs: Sequence[bytes]) -> None:
        """Hand transactions in; raises RuntimeError for one that CheckTx refuses."""
        for start in range(0, len(txs), BATCH):
            calls = [
                ("broadcast_tx_sync", {"tx": base64.b64encode(tx).decode()})
                for tx in txs[start : start + BATCH]
            ]
            for answer in await self.ask(*calls):
                if answer["code"]:
                    raise RuntimeError(answer["log"])

    async def blocks(self, first: int, count: int) -> list[tuple[datetime, int]]:
        """Times and sizes of the blocks from `first` on, until they hold `count` transactions."""
        found: list[tuple[datetime, int]] = []
        height = first
        while sum(size for _, size in found) < count:
            if await self.height() < height:
                await asyncio.sleep(0.05)
                continue
            (answer,) = await self.ask(("block", {"height": str(height)}))
            block = answer["block"]
            at = datetime.fromisoformat(block["header"]["time"][:26].rstrip("Z"))
            found.append((at, len(block["data"]["txs"])))
            height += 1
        return found


def hosts() -> list[Host]:
    """Four validators on free ports of loopback."""
    ports = Ports.free().validators
    return [Host("127.0.0.1", "127.0.0.1", *ports[4 * n :][:4]) for n in range(VALIDATORS)]


def commands(made: Sequence[Written], *, kvstore: bool) -> list[list[str]]:
    """What each validator runs."""
    if not kvstore:
        return [program("zrsign.node", "--config", each.settings) for each in made]
    cometbft, found = resolve("cometbft").path, []
    for each in made:
        peers = tuple(
            f"{other.node_id}@{other.host.external}" for other in made if other is not each
        )
        settings = CometBftSettings(
            program=cometbft,
            p2p=f"127.0.0.1:{each.host.p2p}",
            peers=peers,
            block_pause_s=PAUSE_S,
            one_machine=True,
        )
        home = each.folder / "home"
        first = load(each.folder / "genesis.json")
        CometBftNode(home, f"127.0.0.1:{each.host.rpc}", settings).prepare(first, 0)
        command = [cometbft, "start", "--home", home / "cometbft", "--proxy_app", "kvstore"]
        found.append([str(word) for word in command])
    return found


@asynccontextmanager
async def running(folder: Path, *, kvstore: bool) -> AsyncIterator[Node]:
    """Four validators, and the first one's JSON-RPC once there is a block."""
    made = testnet.write(
        folder,
        genesis(),
        hosts(),
        cometbft={"block_pause_s": PAUSE_S, "one_machine": True, "snapshot_interval": 0},
        rooted=True,
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    children = [
        await asyncio.create_subprocess_exec(
            *DIE_WITH_PARENT,
            *command,
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for command in commands(made, kvstore=kvstore)
    ]
    try:
        async with aiohttp.ClientSession() as http:
            node = Node(http, made[0].host)
            while await node.height() < 2:
                if any(child.returncode is not None for child in children):
                    raise RuntimeError("a validator did not start")
                await asyncio.sleep(0.1)
            yield node
    finally:
        for child in children:
            child.terminate()
        for child in children:
            await child.wait()


async def measured(name: str, txs: Sequence[bytes], *, kvstore: bool) -> Row:
    """Send all transactions and wait until they are in blocks."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with running(Path(folder), kvstore=kvstore) as node:
            first = await node.height() + 1
            began = time.time()
            await node.send(txs)
            blocks = [each for each in await node.blocks(first, len(txs)) if each[1]]
            ended = time.time()
    times = [at.timestamp() for at, _ in blocks]
    gaps = [after - before for before, after in pairwise(times)]
    latency_s = statistics.median(gaps) if gaps else ended - began
    return Row(name, len(txs), len(blocks), ended - began, latency_s)


def transfers(count: int) -> list[bytes]:
    """Signed transfers of all senders, for the chain of `genesis`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder))
        senders = islice(cycle(SENDERS), count)
        txs = [bench.tx(each, transfer(each), gas=TRANSFER_GAS) for each in senders]
        bench.store.close()
        return txs


def main() -> None:
    """Measure both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1500, help="per row")
    ours = transfers(parser.parse_args().transactions)
    theirs = [b"key%d=" % n + b"v" * (len(tx) - 10) for n, tx in enumerate(ours)]
    rows = [
        asyncio.run(measured("CometBFT's kvstore (baseline)", theirs, kvstore=True)),
        asyncio.run(measured("the ledger", ours, kvstore=False)),
    ]
    table = Table("4 validators", "transactions", "blocks", "seconds", "a second", "block s")
    for row in rows:
        table.add_row(
            row.name,
            str(row.transactions),
            str(row.blocks),
            f"{row.seconds:.2f}",
            f"{row.transactions / row.seconds:.0f}",
            f"{row.latency_s:.3f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
