"""What an EVM node of a local network leaves on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from zrsign.local.network.nodes import PERSISTED_STATES, start_anvil
from zrsign.local.network.ports import free_port
from zrsign.local.network.process import Supervisor
from zrsign.local.network.rpc import Rpc

IN_MEMORY = 500
"""States that Anvil has in memory before it puts the oldest on the disk."""


async def test_killed_node__should_leave_states_in_its_network_alone_and_not_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, state = tmp_path / "home", tmp_path / "network" / "evm.json"
    monkeypatch.setenv("HOME", str(home))
    state.parent.mkdir()
    supervisor = Supervisor(tmp_path / "logs")
    try:
        for _ in range(2):
            node = await start_anvil(supervisor, "evm", 31337, free_port(), state)
            async with Rpc(node.rpc_url) as rpc:
                for _ in range(IN_MEMORY + PERSISTED_STATES + 100):
                    await rpc.call("anvil_mine", "0x1")
            kept = list((state.parent / "evm.history").rglob("*.json"))
            assert 0 < len(kept) <= PERSISTED_STATES
            process = supervisor.processes[-1]
            process.child.kill()
            await process.child.wait()
    finally:
        await supervisor.stop()
    assert not list(home.rglob("*.json"))
    assert len(list((state.parent / "evm.history").iterdir())) == 1
