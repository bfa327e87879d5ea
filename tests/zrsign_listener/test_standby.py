"""Listeners that share a PostgreSQL: one reads, another takes over where it stopped."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.postgres import fresh
from tests.postgres import server as server
from tests.processes import running
from tests.waiting import STALLED_S, until
from tests.zrsign_dev_keyring.ledger import Ledger
from tests.zrsign_listener.conftest import Chain, ask_hash
from tests.zrsign_listener.logs import CHAIN
from tests.zrsign_listener.test_daemon import ledger as ledger
from tests.zrsign_listener.test_daemon import requests, settings_at
from tests.zrsign_listener.test_process import daemon
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_listener.store import Store


async def test_standby__should_go_on_when_the_reader_is_killed(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, server: str, tmp_path: Path
) -> None:
    url, config = await fresh(server), tmp_path / "listener.json"
    settings = settings_at(chain, ledger, tmp_path).model_copy(
        update={"database_url": url, "lease_s": 1.0}
    )
    config.write_text(settings.model_dump_json(include=set(type(settings).model_fields)))

    async def arrived(count: int) -> None:
        """The owner's key is one of them."""

        async def there() -> bool:
            return len(await requests(ledger)) == count

        await until(there, f"{count} requests arrived")

    with running(daemon(config), stderr=subprocess.DEVNULL) as reader:
        await ask_hash(rpc, chain.omni.address)
        await arrived(1 + 1)
        with running(daemon(config), stderr=subprocess.PIPE, text=True) as standby:
            reader.send_signal(signal.SIGKILL)
            for _ in range(3):
                await ask_hash(rpc, chain.omni.address)
            await arrived(1 + 4)
            # The ledger has it before the listener has heard so.
            async with await Store.open(url) as store:
                await until(lambda: _is_reported(store), "all is reported")
            standby.send_signal(signal.SIGTERM)
            _, log = await asyncio.to_thread(standby.communicate, timeout=STALLED_S)
            assert standby.returncode == 0, log
    async with await Store.open(url) as store:
        feed = await store.feed(CHAIN, chain.omni.address, chain.omni.block_number)
        assert await store.backlog() == 0
    assert feed.next_trace_id == 4


async def test_reader_whose_database_is_gone__should_end_so_that_another_may_read(
    chain: Chain, ledger: Ledger, server: str, tmp_path: Path
) -> None:
    url, config = await fresh(server), tmp_path / "listener.json"
    settings = settings_at(chain, ledger, tmp_path).model_copy(
        update={"database_url": url, "lease_s": 1.0}
    )
    config.write_text(settings.model_dump_json(include=set(type(settings).model_fields)))
    with running(daemon(config), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as reader:
        async with await Store.open(url) as store:
            roles = store.roles(1.0)

            async def taken() -> bool:
                mine = await roles.has("listener")
                if mine:
                    await roles.close()
                return not mine

            await until(taken, "the reader has its role")
            await cut(url)
            await roles.close()
        _, log = await asyncio.to_thread(reader.communicate, timeout=STALLED_S)
    assert reader.returncode == 2
    assert b"role 'listener'" in log


async def _is_reported(store: Store) -> bool:
    return await store.backlog() == 0


async def cut(url: str) -> None:
    """End every connection of the database."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        await connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        )
    await engine.dispose()
