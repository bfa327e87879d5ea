"""How long a request takes from the contract call to its answer, on a local network of real nodes.

One after the other is the baseline; the same requests at once show what the road's batching gives.
Run: `make bench`, or `.venv/bin/python bench/bench_road.py`.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zrsign.local.demo.stage import DemoStage
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.ports import Ports
from zrsign.sdk import ContractMode, ZrSign
from zrsign_chains import EVM

REQUESTS = 24
SOURCE = "eip155:31337"


async def timed(work: Awaitable[object]) -> float:
    """Seconds that the work took."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def sign(zr: ZrSign, number: int) -> None:
    """Ask for one signature and wait for it."""
    await (await zr.sign_data(EVM, 0, SOURCE, number.to_bytes(4, "big"))).signature()


async def measure(zr: ZrSign) -> list[tuple[str, list[float], float]]:
    """Label, seconds of each request, seconds in all."""
    results = []

    async def one_by_one(label: str, ask: Callable[[int], Awaitable[object]]) -> None:
        seconds = [await timed(ask(number)) for number in range(REQUESTS)]
        results.append((label, seconds, sum(seconds)))

    async def key(_: int) -> None:
        await (await zr.request_key(EVM)).key()

    await one_by_one("key, one by one", key)
    await one_by_one("signature, one by one", lambda number: sign(zr, number))
    started = time.perf_counter()
    together = await asyncio.gather(*(timed(sign(zr, REQUESTS + n)) for n in range(REQUESTS)))
    results.append(("signature, all at once", list(together), time.perf_counter() - started))
    return results


async def main() -> None:
    """Measure on a network of its own, and print the table."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        async with LocalNetwork(Path(folder) / "bench", Ports.free(), lambda *_: None) as network:
            await network.deploy()
            stage = DemoStage(network)
            zr = await stage.zrsign("user", ContractMode.OMNI)
            results = await measure(zr)
            await stage.close()
    baseline = REQUESTS / results[1][2]
    table = Table(title=f"{REQUESTS} requests each, contract call to answer", box=None)
    for column in ("", "median ms", "p95 ms", "per second", "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    for label, seconds, total in results:
        rate = REQUESTS / total
        p95 = statistics.quantiles(seconds, n=20)[-1]
        table.add_row(
            label,
            f"{statistics.median(seconds) * 1000:.0f}",
            f"{p95 * 1000:.0f}",
            f"{rate:.1f}",
            f"{rate / baseline:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    asyncio.run(main())
