"""Several relayers on one PostgreSQL beside one, on a chain that answers slowly.

python -m bench.bench_relayers

Real Anvil behind a proxy that holds each answer back for 50 ms; each worker is a process. Measured
from a common start until every payment is settled; the transactions on the chain are counted.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from typing import Any

from coincurve import PrivateKey

from relayer.destinations.evm.destination import EvmDestination
from relayer.intake import transaction_item
from relayer.outbox import Outbox
from relayer.stages import Bounds, ItemKind
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.postgres import fresh, postgres
from tests.processes import running
from tests.relayer.nodes import ask, until_up
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.local.chaos.liar import lying
from zrsign.local.network.ports import free_port
from zrsign.local.tools import resolve
from zrsign_chains import Intent
from zrsign_chains.evm import EvmChain
from zrsign_daemon.jsonrpc import JsonRpc

CHAIN = EvmChain("eip155:31338")
PAYMENTS = 160
DELAY_S = 0.05
WORKERS = (1, 4)
RECIPIENT = "0x" + "77" * 20


def outgoing(number: int, secret: PrivateKey) -> receiver.Outgoing:
    """A signed payment of a key of its own."""
    unsigned = CHAIN.compose(Intent(RECIPIENT, 1, b"", 10**18), 0, 21_000, 10**11, 10**9)
    (digest,) = CHAIN.sighashes(CHAIN.parse(unsigned))
    return receiver.Outgoing(
        sign_transaction_request_id=number,
        chain=CHAIN.caip2,
        unsigned_transaction=unsigned,
        signatures=[secret.sign_recoverable(digest, hasher=None)],
        public_keys=[secret.public_key.format()],
    )


async def work(database: str, node: str) -> None:
    """One worker, from a word on the standard input until nothing is open."""
    async with await Outbox.open(database) as outbox:
        worker = ChainWorker(
            EvmDestination(CHAIN.caip2, JsonRpc(node), settled=0),
            {ItemKind.TRANSACTION: TransactionBuilder()},
            outbox,
            Bounds(delay_s=lambda _: 0.1, poll_s=0.05),
            time.time,
        )
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while await outbox.next_due(CHAIN.caip2) is not None:
            if not await worker.tick():
                await asyncio.sleep(0.02)
        await worker.close()


async def measured(server: str, node: str, workers: int, first: int) -> tuple[float, Counter[str]]:
    """Seconds for all payments, and how often each was sent."""
    database, sent = await fresh(server), Counter[str]()
    async with await Outbox.open(database) as outbox, lying(node) as slow:
        for number in range(first, first + PAYMENTS):
            secret = PrivateKey(number.to_bytes(32, "big"))
            address = CHAIN.address(secret.public_key.format())
            await asyncio.to_thread(ask, node, "anvil_setBalance", address, hex(10**18))
            await outbox.add(transaction_item(outgoing(number, secret)))

        def seen(params: list[Any], result: Any) -> Any:
            sent[params[0]] += 1
            return result

        slow.delay_s = DELAY_S
        slow.lies["eth_sendRawTransaction"] = seen
        command = [sys.executable, "-m", "bench.bench_relayers", database, slow.url]
        started = [
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            for _ in range(workers)
        ]
        for one in started:
            assert one.stdout is not None
            await one.stdout.readuntil(b"ready\n")
        begun = time.perf_counter()
        await asyncio.gather(*(one.communicate(b"go\n") for one in started))
        return time.perf_counter() - begun, sent


async def compare() -> None:
    """Print what each number of workers took."""
    port = free_port()
    command = [resolve("anvil").path, "--port", port, "--chain-id", 31338, "--silent"]
    with running(command, stdout=subprocess.DEVNULL) as anvil, postgres() as server:
        node = f"http://127.0.0.1:{port}"
        until_up(anvil, lambda: ask(node, "eth_chainId"))
        took = {}
        for turn, workers in enumerate(WORKERS):
            took[workers], sent = await measured(server, node, workers, 1 + turn * PAYMENTS)
            twice = sum(count - 1 for count in sent.values())
            print(
                f"{workers} workers: {PAYMENTS} payments in {took[workers]:.1f} s, "
                f"{len(sent)} transactions sent, {twice} of them again"
            )
        print(f"4 workers take 1/{took[1] / took[4]:.2f} of the time of one")


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]) if sys.argv[1:] else compare())
