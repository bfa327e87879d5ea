"""kill -9 at any point loses nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.waiting import STALLED_S
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FUNDS, transfer
from zrchain_lite.client import Account, ClientError, LedgerClient
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("node_process.py")


@asynccontextmanager
async def node_process(
    folder: Path,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, int]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        str(folder),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), STALLED_S)
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@dataclass
class Acknowledged:
    """Hashes that the node told of, and whether there are enough to kill it."""

    wanted: int
    hashes: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, hash_: str) -> None:
        self.hashes.append(hash_)
        if len(self.hashes) >= self.wanted:
            self.enough.set()


async def burst(client: LedgerClient, to: Account, acknowledged: Acknowledged) -> None:
    """One transfer of 1 after the other, until the node is gone."""
    with suppress(ClientError):
        while True:
            acknowledged.add((await client.broadcast(transfer(client.account, to))).hash)


async def balance(client: LedgerClient, account: Account) -> int:
    request = bank.QueryBalanceRequest(address=account.address, denom="urock")
    path = "/cosmos.bank.v1beta1.Query/Balance"
    return int((await client.query(path, request, bank.QueryBalanceResponse)).balance.amount)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_node__should_keep_every_acknowledged_transaction(
    tmp_path: Path, seed: int
) -> None:
    senders = (ALICE, CAROL)
    acknowledged = Acknowledged(random.Random(seed).randint(15, 60))

    async with node_process(tmp_path) as (process, ports):
        target = f"127.0.0.1:{ports['grpc']}"
        clients = [LedgerClient(target, account=sender, attempts=1) for sender in senders]
        tasks = [asyncio.create_task(burst(client, BOB, acknowledged)) for client in clients]
        await asyncio.wait_for(acknowledged.enough.wait(), STALLED_S)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*tasks)
        for client in clients:
            await client.close()

    async with (
        node_process(tmp_path) as (_, ports),
        LedgerClient(f"127.0.0.1:{ports['grpc']}", account=ALICE) as client,
    ):
        hashes, fee = acknowledged.hashes, Coin()
        for hash_ in hashes:
            found = await client.query(
                "/cosmos.tx.v1beta1.Service/GetTx",
                txs.GetTxRequest(hash=hash_),
                txs.GetTxResponse,
            )
            assert found.tx_response.code == 0
            fee = found.tx.auth_info.fee.amount[0]
        received = await balance(client, BOB) - FUNDS
        # One transfer per sender may have been made durable without being acknowledged.
        assert len(hashes) <= received <= len(hashes) + len(senders)
        spent = 2 * FUNDS - sum([await balance(client, sender) for sender in senders])
        assert spent == received * (1 + int(fee.amount))
        # And the chain goes on.
        await client.broadcast(transfer(ALICE, BOB))


async def test_terminated_node__should_exit_cleanly(tmp_path: Path) -> None:
    async with node_process(tmp_path) as (process, ports):
        async with LedgerClient(f"127.0.0.1:{ports['grpc']}", account=ALICE) as client:
            await client.broadcast(transfer(ALICE, BOB))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STALLED_S) == 0
