"""What can happen to a part of a network, each as a context: it lasts as long as the context does.

A context gives a question, which is answered True when the network has felt the fault. Where it
gives None, requests are answered while the fault lasts.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import lmdb

from zrsign.local.chaos.liar import lying
from zrsign.local.chaos.network import ChaosNetwork
from zrsign.local.network.health import Health
from zrsign.local.network.nodes import START_TIMEOUT_S
from zrsign.local.network.ports import HOST, free_port
from zrsign.local.network.rpc import Rpc

HOUR_S = 3_600.0
SLOW_S = 0.5
SPIKE_WEI = 10**12
NORMAL_WEI = 10**9
LIES = 3
"""Wrong answers of a node that count as felt."""

HIDDEN: dict[str, dict[str, Any]] = {
    "evm-source": {"eth_getLogs": []},
    "evm-destination": {"eth_getTransactionReceipt": None, "eth_getTransactionByHash": None},
    "bitcoin": {"gettxout": None},
}
"""What a lying node answers to a method."""

Felt = Callable[[], Awaitable[bool]] | None
Context = Callable[[ChaosNetwork, str], AbstractAsyncContextManager[Felt]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault, the parts that may have it, and the profile that it belongs to.

    Of `waits` requests are answered when it is over; of the other parts while it lasts.
    """

    name: str
    profile: str
    parts: tuple[str, ...]
    context: Context
    waits: tuple[str, ...] = ()


@asynccontextmanager
async def killed(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """SIGKILL, and a start from the same settings."""
    if part == "bitcoin":
        await network.restart_bitcoin()
    else:
        await network.kill(part)
        await network.restart(part)
    yield None


@asynccontextmanager
async def cut(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """Nobody reaches the node, or no daemon the ledger; who waits for it says so."""
    gate = network.gates[part]
    await gate.close()
    try:
        yield partial(_named, network)
    finally:
        await gate.open()


@asynccontextmanager
async def slow(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """Every answer of the node comes SLOW_S later."""
    network.gates[part].delay_s = SLOW_S
    try:
        yield None
    finally:
        network.gates[part].delay_s = 0.0


@asynccontextmanager
async def untrue(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """The node hides what it has: logs, transactions and receipts, or coins."""
    told = 0

    def hide(answer: Any) -> Callable[[list[Any], Any], Any]:
        def lie(_asked: list[Any], _true: Any) -> Any:
            nonlocal told
            told += 1
            return answer

        return lie

    async def felt() -> bool:
        return told >= LIES

    async with lying(network.direct_url(part)) as liar:
        liar.lies = {method: hide(answer) for method, answer in HIDDEN[part].items()}
        gate = network.gates[part]
        before = await gate.lead_to(int(liar.url.rpartition(":")[2]))
        try:
            # What the source's node hides is found elsewhere.
            yield None if part == "evm-source" else felt
        finally:
            await gate.lead_to(before)


@asynccontextmanager
async def full_disk(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """No write of the process passes any more, of its log neither.

    A keyring writes when it makes a key, and signs meanwhile. A ledger ends by itself.
    """
    child = network.process(part).child
    _, hard = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)

    async def ended() -> bool:
        return child.returncode is not None

    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        if part == "ledger":
            yield ended
        else:
            yield partial(_named, network) if part in STORES else None
    finally:
        if part == "ledger":
            await network.kill(part)
        if child.returncode is None:
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (hard, hard))
        else:
            await network.restart(part)


@asynccontextmanager
async def wrong_clock(network: ChaosNetwork, part: str, seconds: float) -> AsyncIterator[Felt]:
    """The daemon starts again with a clock that is wrong."""
    await network.kill(part)
    await network.restart(part, skew_s=seconds)
    yield None
    await network.kill(part)
    await network.restart(part)


@asynccontextmanager
async def reorganised(network: ChaosNetwork, part: str, depth: int) -> AsyncIterator[Felt]:
    """The newest blocks of the chain are others now, and empty."""
    if part == "bitcoin":
        await network.reorganise_bitcoin(depth)
    else:
        await _ask(network, part, "anvil_reorg", depth, [])
    yield None


@asynccontextmanager
async def dear(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """Others pay a thousand times as much for gas."""
    await _base_fee(network, part, SPIKE_WEI)
    try:
        yield None
    finally:
        await _base_fee(network, part, NORMAL_WEI)


@asynccontextmanager
async def forgetful(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """The node loses its memory pool, as bitcoind does that is killed."""
    await _ask(network, part, "anvil_dropAllTransactions")
    yield None


@asynccontextmanager
async def old_database(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """The daemon's database is the one of `keep_copies`.

    That of the ledger is no chain that anybody follows, so its own is put back in the end.
    """
    await network.kill(part)
    path = network.database(part)
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    own = path.read_bytes()
    path.write_bytes(path.with_suffix(".copy").read_bytes())
    await network.restart(part)
    yield partial(_named, network) if part == "ledger" else None
    if part == "ledger":
        await network.kill(part)
        path.write_bytes(own)
        await network.restart(part)


def keep_copies(network: ChaosNetwork) -> None:
    """Copy the databases as they are now."""
    store = network.database("ledger")
    with (
        closing(lmdb.open(str(store.parent), readonly=True)) as ledger,
        store.with_suffix(".copy").open("wb") as copy_of_ledger,
    ):
        ledger.copyfd(copy_of_ledger.fileno())
    for part in STORES:
        path = network.database(part)
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(path.with_suffix(".copy"))) as copy,
        ):
            source.backup(copy)


@asynccontextmanager
async def doubled(network: ChaosNetwork, part: str) -> AsyncIterator[Felt]:
    """A second process with the same keys and a database of its own."""
    name, port = f"{part}-second", free_port()
    changes: dict[str, Any] = {
        "metrics_port": port,
        "database_url": f"sqlite+aiosqlite:///{network.database(name)}",
    }
    if part == "btc_proxy":
        networks = network.settings(part)["networks"]
        changes["networks"] = {k: v | {"wallet": name} for k, v in networks.items()}
    second = await network.spawn(part, called=name, **changes)
    try:
        ready = Health(f"http://{HOST}:{port}").reachable
        await network.supervisor.ready(second, ready, START_TIMEOUT_S)
        yield None
    finally:
        second.child.kill()
        await second.child.wait()


async def _named(network: ChaosNetwork) -> bool:
    return bool(await network.faults())


async def _base_fee(network: ChaosNetwork, part: str, wei: int) -> None:
    await _ask(network, part, "anvil_setNextBlockBaseFeePerGas", hex(wei))
    await _ask(network, part, "evm_mine")


async def _ask(network: ChaosNetwork, part: str, method: str, *params: Any) -> Any:
    async with Rpc(network.direct_url(part)) as rpc:
        return await rpc.call(method, *params)


NODES = ("evm-source", "evm-destination", "bitcoin")
PAID = ("evm-destination", "bitcoin")
STORES = ("listener", "relayer", "btc_proxy")
DAEMONS = ("ledger", "keyring", *STORES)
REACHED = (*NODES, "ledger")
FAULTS = (
    Fault("kill -9", "crash", (*DAEMONS, "bitcoin"), killed),
    Fault("old database", "crash", ("ledger", *STORES), old_database, waits=("ledger",)),
    Fault("two instances", "crash", STORES, doubled),
    Fault("cut", "nodes", REACHED, cut, waits=REACHED),
    Fault("slow", "nodes", NODES, slow),
    Fault("lying", "nodes", NODES, untrue, waits=PAID),
    Fault("reorg 1", "nodes", PAID, partial(reorganised, depth=1)),
    Fault("reorg 10", "nodes", PAID, partial(reorganised, depth=10)),
    Fault("fee spike", "nodes", ("evm-destination",), dear),
    Fault("lost pool", "nodes", ("evm-destination",), forgetful),
    Fault("full disk", "machine", DAEMONS, full_disk, waits=("ledger", *STORES)),
    Fault("clock + 1 h", "machine", DAEMONS, partial(wrong_clock, seconds=HOUR_S)),
    Fault("clock - 1 h", "machine", DAEMONS, partial(wrong_clock, seconds=-HOUR_S)),
)
"""Every fault. A profile is the faults that name it; `all` is all of them."""
