"""What a ledger node says of itself at its own port."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import aiohttp

from tests.zrchain_lite.chain import genesis, node_config
from zrchain_lite.store.lmdb_store import Tip
from zrsign import node
from zrsign.ledger_health import LedgerHealth
from zrsign.local.network.ports import free_port


def test_health__should_name_a_start_and_blocks_that_do_not_come() -> None:
    now = [1_000.0]
    health = LedgerHealth(10, lambda: now[0])
    assert health.fault() == "the node is starting"
    health.ready(lambda: Tip("chain", 7, b"", 1_000_000))
    assert health.fault() is None
    now[0] = 1_030.0
    assert health.fault() is None
    now[0] = 1_031.0
    assert health.fault() == "block 7 is 31 s old; at most 30 is usual"


async def test_ledger__should_serve_health_and_metrics(tmp_path: Path) -> None:
    config, port, stop = node_config(tmp_path, genesis()), free_port(), asyncio.Event()
    settings = node.LedgerSettings(
        home=config.home,
        genesis=config.genesis,
        grpc=config.grpc,
        rest=config.rest,
        rpc=config.rpc,
        metrics_port=port,
    )
    running = asyncio.create_task(node.run(settings, stop))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            said: dict[str, object] = {}
            while said != {"status": "ok"}:
                assert not running.done(), running
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with http.get("/healthz") as answer:
                        said = await answer.json()
                await asyncio.sleep(0.05)
            async with http.get("/metrics") as answer:
                lines = (await answer.text()).splitlines()
    finally:
        stop.set()
        await running
    figures = dict(line.split() for line in lines if line.startswith("zrsign_ledger_"))
    assert float(figures["zrsign_ledger_height"]) >= 1
    assert float(figures["zrsign_ledger_block_time_seconds"]) > 0
