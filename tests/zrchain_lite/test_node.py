"""A node's start: what is wrong is told in one clear error, and nothing is left open."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.waiting import STALLED_S
from tests.zrchain_lite.chain import genesis, node_config
from zrchain_lite.api.http import AddressInUse
from zrchain_lite.client import LedgerClient
from zrchain_lite.engine import EngineSettings
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError
from zrchain_lite.node import NodeSettings, run, serving
from zrchain_lite.store.lmdb_store import StoreBusy, StoreCorrupted
from zrsign.node import modules

HOUR_S = 3600


def changed(config: NodeSettings, **values: object) -> NodeSettings:
    return NodeSettings(**{**config.__dict__, **values})


async def start(config: NodeSettings) -> None:
    stop = asyncio.Event()
    await run(config, modules, stop, ready=lambda node: stop.set())


@pytest.mark.parametrize("door", ["grpc", "rest", "rpc"])
async def test_taken_port__should_be_named(tmp_path: Path, door: str) -> None:
    config = node_config(tmp_path, genesis())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AddressInUse, match=f"{address}.*choose another port"):
            await start(changed(config, **{door: address}))
    # The failed start left neither the store nor a port open.
    await start(config)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "127.0.0.1:-1"])
async def test_bad_address__should_be_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(LedgerError, match="is not an address"):
        await start(changed(node_config(tmp_path, genesis()), rest=address))


async def test_bad_store_or_genesis__should_stop_the_start(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis())
    with pytest.raises(GenesisError, match="cannot read"):
        await start(changed(config, genesis=tmp_path / "none.json"))
    async with serving(config, modules, asyncio.Event()):
        with pytest.raises(StoreBusy):
            await start(config)
    (config.home / "data.mdb").write_bytes(b"x" * 10_000)
    with pytest.raises(StoreCorrupted):
        await start(config)


async def test_stop__should_not_wait_for_clients_that_wait(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis(), EngineSettings(empty_block_interval_s=HOUR_S))
    stop = asyncio.Event()
    async with serving(config, modules, stop) as (node, task):
        ledger = LedgerClient(f"127.0.0.1:{node.grpc_port}", attempts=1)
        heights = ledger.new_blocks()
        waiting = [
            asyncio.ensure_future(anext(heights)),
            asyncio.ensure_future(node.engine.wait_for_tx(bytes(32), HOUR_S)),
        ]
        assert await ledger.height() == 1
        stop.set()
        # Both clients would have gone on waiting for an hour.
        await asyncio.wait_for(task, STALLED_S)
        assert await waiting[1] is None
    waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await ledger.close()


async def test_restart__should_continue_the_chain(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis())
    async with serving(config, modules, asyncio.Event()) as (node, _):
        await node.engine.wait_above(1, STALLED_S)
        before = node.engine.tip
    async with serving(config, modules, asyncio.Event()) as (node, _):
        assert node.engine.tip.height >= before.height
        assert node.engine.tip.chain_id == before.chain_id
        record = node.engine.block(before.height)
        assert record is not None
        assert record.results.app_hash == before.app_hash
