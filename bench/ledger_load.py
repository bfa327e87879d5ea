"""Clients of CometBFT's JSON-RPC, in a process of their own: how fast a node takes transactions.

Plain HTTP/1.1 on open connections, so that the clients cost little beside the node.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Load:
    """Transactions by client, each sent when the one before is in a block, and those of a probe.

    The probe sends by broadcast_tx_sync as long as the others are not done.
    """

    port: int
    committed: Sequence[Sequence[bytes]]
    probed: Sequence[bytes]


@dataclass(frozen=True)
class Answered:
    """Seconds for all that was committed, and of each answer to the probe."""

    seconds: float
    probed_s: Sequence[float]

    def percentile_ms(self, percent: int) -> float:
        """Milliseconds within which `percent` of 100 answers came, 0 without a probe."""
        times = sorted(self.probed_s)
        return 1000 * times[min(len(times) * percent // 100, len(times) - 1)] if times else 0.0


async def put(load: Load) -> Answered:
    """Run a load in another process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _run, load)


def _run(load: Load) -> Answered:
    return asyncio.run(_loaded(load))


async def _loaded(load: Load) -> Answered:
    done = asyncio.Event()
    probe = asyncio.create_task(_probe(load, done))
    start = time.perf_counter()
    await asyncio.gather(*(_committing(load.port, txs) for txs in load.committed))
    seconds = time.perf_counter() - start
    done.set()
    return Answered(seconds, await probe)


async def _committing(port: int, txs: Sequence[bytes]) -> None:
    async with _Connection(port) as connection:
        for tx in txs:
            result = await connection.call("broadcast_tx_commit", tx)
            codes = result["check_tx"]["code"], result["tx_result"]["code"]
            assert codes == (0, 0), result


async def _probe(load: Load, done: asyncio.Event) -> list[float]:
    times = []
    async with _Connection(load.port) as connection:
        for tx in load.probed:
            if done.is_set():
                break
            start = time.perf_counter()
            result = await connection.call("broadcast_tx_sync", tx)
            times.append(time.perf_counter() - start)
            assert result["code"] == 0, result
            await asyncio.sleep(0.02)
    return times


class _Connection:
    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> _Connection:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._writer.close()

    async def call(self, method: str, tx: bytes) -> Any:
        params = {"tx": base64.b64encode(tx).decode()}
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = json.dumps(call).encode()
        head = (
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        return json.loads(await self._body())["result"]

    async def _body(self) -> bytes:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b"transfer-encoding: chunked" not in head:
            size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            return await self._reader.readexactly(size)
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body
