"""What it costs operators to believe verified state alone, beside operators that believe the node.

First a look at the ledger, which an operator takes at each block, on a ledger alone. Then two
networks of the same committee, one after the other: a warm ECDSA signature from the block that
holds the request to the block that fulfils it, and the processor time of all operators and of the
ledger for it. Writes build/bench/verified.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.bench_operators import Client, until_idle
from zrchain_lite.client import LedgerClient, TrustedRoot
from zrchain_lite.node import NodeSettings, serving
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.local.network import accounts, genesis
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.manifest import LedgerEntry
from zrsign.local.network.operators import PREFIX, Committee
from zrsign.local.network.ports import Ports
from zrsign.local.network.setup import register_keyring
from zrsign.node import modules
from zrsign_operator.ledger.view import LedgerView

OUTPUT = Path("build/bench/verified.json")
TICKS = os.sysconf("SC_CLK_TCK")
PAUSE_S = 0.3
LOOKS = 300


@dataclass(frozen=True)
class Row:
    """Milliseconds for each signature; `operators_ms` is of all operators together."""

    state: str
    p50_ms: float
    p95_ms: float
    operators_ms: float
    ledger_ms: float


@dataclass(frozen=True)
class Look:
    """Milliseconds of a processor for one look, at the operator and in the ledger's doors."""

    state: str
    open_requests: int
    operator_ms: float
    doors_ms: float


async def look(open_requests: int) -> list[Look]:
    """What a look costs at so many open key requests."""
    with tempfile.TemporaryDirectory(prefix="zrsign-bench-") as folder:
        home, free = Path(folder), "127.0.0.1:0"
        (home / "keys").mkdir()
        known = accounts.create(home / "keys", ())
        (home / "genesis.json").write_text(json.dumps(genesis.build(known)))
        settings = NodeSettings(home / "ledger", home / "genesis.json", free, free, free)
        async with serving(settings, modules, asyncio.Event()) as (node, _):
            (authority,) = (each for each in known if each.name == "authority")
            url = "http://127.0.0.1:1"
            first = node.engine.block(1)
            assert first is not None
            assert node.doors_pid is not None
            root = str(TrustedRoot(1, first.id.hash))
            entry = LedgerEntry(
                chain_id=genesis.CHAIN_ID,
                grpc=f"127.0.0.1:{node.grpc_port}",
                rest=url,
                rpc=url,
                root=root,
                store=home,
            )
            async with entry.client(authority.ledger()) as ledger:
                keyring = await register_keyring(ledger, authority.address, [authority.address], 1)
                await _ask(ledger, keyring, open_requests)
            found = []
            for state, shown in (("believed", None), ("verified", root)):
                seen = entry.model_copy(update={"root": shown})
                async with seen.client() as ledger:
                    view = LedgerView(ledger, keyring)
                    found.append(await _looked(state, view, open_requests, node.doors_pid))
            return found


async def _ask(ledger: LedgerClient, keyring: str, count: int) -> None:
    me = ledger.account.address
    made = await ledger.broadcast(identity.MsgNewWorkspace(creator=me))
    workspace = made.response(identity.MsgNewWorkspaceResponse).addr
    message = treasury.MsgNewKeyRequest(
        creator=me, workspace_addr=workspace, keyring_addr=keyring, key_type="ecdsa"
    )
    if count:
        await ledger.broadcast(*[message] * count)


async def _looked(state: str, view: LedgerView, open_requests: int, doors: int) -> Look:
    await view.read()
    before = time.process_time(), _spent_ms([doors])
    for _ in range(LOOKS):
        view.height = 0
        await view.read()
    spent_ms = (time.process_time() - before[0]) * 1e3
    return Look(state, open_requests, spent_ms / LOOKS, (_spent_ms([doors]) - before[1]) / LOOKS)


class BelievingNetwork(LocalNetwork):
    """Its settings name no root."""

    async def _ledger(self, known: tuple[Any, ...]) -> LedgerEntry:
        return (await super()._ledger(known)).model_copy(update={"root": None})


async def measure(kind: type[LocalNetwork], committee: Committee, count: int) -> Row:
    """One network's row."""
    with tempfile.TemporaryDirectory(prefix="zrsign-bench-") as folder:
        network = kind(Path(folder) / "network", Ports.free(), lambda *_: None, committee)
        async with network, network.client("authority") as ledger:
            client = await Client.of(ledger)
            key, _ = await client.key("ecdsa")
            await until_idle(network, 2 * count)
            operators, ledgers = _processes(network)
            before = _spent_ms(operators), _spent_ms(ledgers)
            times = []
            for _ in range(count):
                await asyncio.sleep(PAUSE_S)
                times.append(await client.signatures(key, 1))
            after = _spent_ms(operators), _spent_ms(ledgers)
    ordered = sorted(times)
    return Row(
        "verified" if kind is LocalNetwork else "believed",
        statistics.median(ordered),
        ordered[int(0.95 * (len(ordered) - 1) + 0.5)],
        (after[0] - before[0]) / count,
        (after[1] - before[1]) / count,
    )


def _processes(network: LocalNetwork) -> tuple[list[int], list[int]]:
    """The ids of all operators, and of the ledger with its doors."""
    operators = [each.pid for each in network.manifest.daemons if each.name.startswith(PREFIX)]
    (node,) = (each.child.pid for each in network.supervisor.processes if each.name == "ledger")
    tasks = Path(f"/proc/{node}/task").glob("*/children")
    children = [int(pid) for each in tasks for pid in each.read_text().split()]
    return operators, [node, *children]


def _spent_ms(processes: Sequence[int]) -> float:
    """Processor time, user and system, of all of them."""
    total = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS * 1e3


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keyring", default="6-of-8")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--looks-only", action="store_true", help="start no network")
    options = parser.parse_args(argv)
    committee = Committee.parse(options.keyring)
    os.environ["ZRSIGN_OPERATOR_PRESIGNATURES"] = str(2 * options.count)
    looks = [each for count in (0, 20) for each in asyncio.run(look(count))]
    table = Table(title="A look at the ledger")
    for column in ("state", "open requests", "operator, CPU ms", "doors, CPU ms"):
        table.add_column(column, justify="right")
    for each in looks:
        costs = (f"{each.operator_ms:.2f}", f"{each.doors_ms:.2f}")
        table.add_row(each.state, str(each.open_requests), *costs)
    console = Console(width=100)
    console.print(table)
    if options.looks_only:
        return
    rows = [
        asyncio.run(measure(kind, committee, options.count))
        for kind in (BelievingNetwork, LocalNetwork)
    ]
    table = Table(title=f"A warm ECDSA signature, {committee}")
    for column in ("state", "p50 ms", "p95 ms", "operators, CPU ms", "ledger, CPU ms"):
        table.add_column(column, justify="right")
    for row in rows:
        figures = (row.p50_ms, row.p95_ms, row.operators_ms, row.ledger_ms)
        table.add_row(row.state, *(f"{each:.0f}" for each in figures))
    console.print(table)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
