"""How fast the listener reads a chain's past, beside a plain web3.py loop on the same node.

The node is one Anvil on this machine. Both read the same key requests of one contract, several in a
block. The loop asks for logs and decodes them, and that is all; the listener proves each block by
its header and receipts, learns who sent each request, and commits it to its database.
Run: `.venv/bin/python -m bench.bench_listener`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import structlog
from hexbytes import HexBytes
from rich.console import Console
from rich.table import Table
from web3 import AsyncHTTPProvider, AsyncWeb3

from tests.zrsign_listener.conftest import DEPLOYER, USER, Chain, deployed, running_anvil
from tests.zrsign_listener.logs import CHAIN, WALLET_TYPE
from zrsign_chains import contract_abi
from zrsign_daemon.events.decode import KEY_REQUEST
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.retry import Retry
from zrsign_listener.evm import EvmNode
from zrsign_listener.listener import ChainListener
from zrsign_listener.nodes import EvmNodes
from zrsign_listener.store import Store

EVENTS = 6_000
IN_A_BLOCK = 20
# Anvil mines each block more slowly than the one before: 100,000 would take it hours.
EMPTY_BLOCKS = 3_000
SPAN = 2_000
GAS = hex(400_000)


async def cost(work: Awaitable[object]) -> tuple[float, float]:
    """Seconds by the clock, and seconds of this process's CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - clock, time.process_time() - cpu


async def fill(rpc: JsonRpc, contract: str) -> None:
    """Mine the key requests."""
    ask = {"owner": USER, "walletTypeId": WALLET_TYPE, "options": 1}
    data = "0x" + contract_abi.call_data("zrKeyReq", ask).hex()
    sent = {"from": USER, "to": contract, "data": data, "value": hex(10**16), "gas": GAS}
    await rpc.call("anvil_setBalance", USER, hex(10**24))
    await rpc.call("anvil_setBalance", DEPLOYER, hex(10**24))
    await rpc.call("evm_setAutomine", False)
    for _ in range(EVENTS // IN_A_BLOCK):
        await rpc.batch([("eth_sendTransaction", sent)] * IN_A_BLOCK)
        await rpc.call("anvil_mine", "0x1")
    await rpc.call("evm_setAutomine", True)


async def plain(chain: Chain) -> int:
    """Every key request, by web3.py; returns how many there are."""
    w3 = AsyncWeb3(AsyncHTTPProvider(chain.url))
    address = chain.direct.address
    contract = w3.eth.contract(address=address, abi=contract_abi.entries("event"))
    found, last = [], await w3.eth.block_number
    for first in range(chain.direct.block_number, last + 1, SPAN):
        logs = await w3.eth.get_logs(
            {
                "address": address,
                "fromBlock": first,
                "toBlock": min(first + SPAN - 1, last),
                "topics": [HexBytes(KEY_REQUEST)],
            }
        )
        found += [contract.events.ZrKeyRequest().process_log(log) for log in logs]
    await w3.provider.disconnect()
    return len(found)


async def listen(chain: Chain, folder: str, completeness: str) -> int:
    """Every event, into a database; returns how many there are."""
    settings = chain.settings(completeness=completeness, max_block_range=SPAN)
    rpc = JsonRpc(settings.rpc_url)
    retry = Retry()
    url = f"sqlite+aiosqlite:///{Path(folder, completeness)}.sqlite"
    async with await Store.open(url) as store:
        nodes = EvmNodes([EvmNode(rpc)], 1, retry)
        listener = ChainListener(settings, nodes, store, lambda: None, retry)
        await listener.open()
        await listener.poll()
        await rpc.close()
        return len(await store.to_report(CHAIN, chain.direct.address, 10 * EVENTS))


def row(table: Table, name: str, amount: int, seconds: tuple[float, float]) -> None:
    """Add one measurement to the table."""
    clock, cpu = seconds
    table.add_row(name, f"{amount / clock:,.0f}", f"{1000 * cpu / amount:.2f}", f"{clock:.1f}")


async def read_events(address: str, table: Table) -> None:
    """Key requests, by the plain loop and in both of the listener's ways."""
    chain = await deployed(address)
    rpc = JsonRpc(chain.url)
    await fill(rpc, chain.direct.address)
    await rpc.close()
    with tempfile.TemporaryDirectory() as folder:
        row(table, "events, plain web3.py", EVENTS, await cost(plain(chain)))
        for way in ("proven", "counted"):
            row(table, f"events, {way}", EVENTS, await cost(listen(chain, folder, way)))


async def read_blocks(address: str, table: Table) -> None:
    """Blocks without an event, by two contracts each."""
    chain = await deployed(address)
    rpc = JsonRpc(chain.url, timeout_s=300)
    for _ in range(EMPTY_BLOCKS // 100):
        await rpc.call("anvil_mine", hex(100))
    await rpc.close()
    with tempfile.TemporaryDirectory() as folder:
        for way in ("proven", "counted"):
            row(table, f"empty blocks, {way}", EMPTY_BLOCKS, await cost(listen(chain, folder, way)))


def main() -> None:
    """Measure, and print one table."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    table = Table("what", "a second", "CPU ms each", "seconds")
    for work in (read_events, read_blocks):
        with running_anvil() as address:
            asyncio.run(work(address, table))
    Console().print(table)


if __name__ == "__main__":
    main()
