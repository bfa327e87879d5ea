"""The daemon as a process: its exits, and a kill at any moment."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes import run, running
from tests.waiting import STALLED_S, until
from tests.zrsign_dev_keyring.ledger import Ledger
from tests.zrsign_listener.conftest import Chain, ask_hash
from tests.zrsign_listener.logs import CHAIN
from tests.zrsign_listener.test_daemon import database, ledger, requests, settings_at
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.program import program
from zrsign_listener.store import Store

__all__ = ["ledger"]


def daemon(settings: Path) -> list[str]:
    return program("zrsign_listener", "--config", settings)


async def test_kill__should_lose_and_repeat_nothing(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, tmp_path: Path
) -> None:
    config = tmp_path / "listener.json"
    settings = settings_at(chain, ledger, tmp_path, ws_url=chain.socket)
    config.write_text(settings.model_dump_json(include=set(type(settings).model_fields)))
    async with await Store.open(database(tmp_path)) as store:
        # Killed at an early, a middle and a late moment of its work.
        for kill_at in (1, 6, 10):
            with running(daemon(config), stderr=subprocess.PIPE, text=True) as process:
                for _ in range(5):
                    await ask_hash(rpc, chain.omni.address)

                async def moment(count: int = kill_at) -> bool:
                    return len(await requests(ledger)) >= count

                await until(moment, f"{kill_at} requests arrived")
                process.kill()
        with running(daemon(config), stderr=subprocess.PIPE, text=True) as process:
            # What nobody could report before shows that this one is there to be stopped.
            await ask_hash(rpc, chain.omni.address)

            async def all_there() -> bool:
                return len(await requests(ledger)) == 17 and await store.backlog() == 0

            await until(all_there, "all 17 requests are reported")
            process.send_signal(signal.SIGTERM)
            _, log = await asyncio.to_thread(process.communicate, timeout=STALLED_S)
            assert process.returncode == 0
        feed = await store.feed(CHAIN, chain.omni.address, chain.omni.block_number)
    assert feed.next_trace_id == 16
    found = await requests(ledger)
    traces = [int.from_bytes(r.event.sign.trace_id) for r in found if r.event.HasField("sign")]
    assert traces == list(range(16))
    assert all(json.loads(line)["daemon"] == "zrsign_listener" for line in log.splitlines())


@pytest.mark.parametrize("content", ["{}", "{", None])
def test_bad_settings__should_end_with_one_line(tmp_path: Path, content: str | None) -> None:
    config = tmp_path / "listener.json"
    if content is not None:
        config.write_text(content)
    done = run(daemon(config))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "listener.json" in done.stderr
