"""Real nodes, one a test session, and a retry bounds without chance."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from relayer.outbox import Outbox
from relayer.stages import Bounds
from tests.processes import running
from tests.relayer import cosmos
from tests.relayer.nodes import bitcoind, evm_node
from zrchain_lite.node import RunningNode
from zrsign.local.tools import resolve
from zrsign_daemon.jsonrpc import JsonRpc


@pytest.fixture(scope="session")
def anvil_url() -> Iterator[str]:
    with evm_node() as url:
        yield url


@pytest.fixture
async def anvil(anvil_url: str) -> AsyncIterator[JsonRpc]:
    """Anvil as it was at the session's start; whatever a test does is undone."""
    rpc = JsonRpc(anvil_url)
    snapshot = await rpc.call("evm_snapshot")
    yield rpc
    await rpc.call("evm_setAutomine", True)
    await rpc.call("anvil_dropAllTransactions")
    await rpc.call("evm_revert", snapshot)
    await rpc.close()


@pytest.fixture(scope="session")
def bitcoin_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with bitcoind(tmp_path_factory.mktemp("bitcoind")) as node:
        yield node


@pytest.fixture
async def bitcoin(bitcoin_node: tuple[str, Path]) -> AsyncIterator[JsonRpc]:
    url, cookie = bitcoin_node
    rpc = JsonRpc(url, cookie_file=cookie)
    yield rpc
    await rpc.close()


@pytest.fixture(scope="session")
def surfnet_url() -> Iterator[str]:
    command = [resolve("surfnet").path]
    with running(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as node:
        assert node.stdout is not None
        assert node.stdin is not None
        line = node.stdout.readline()
        yield str(json.loads(line)["rpcUrl"])
        node.stdin.close()
        node.stdout.close()


@pytest.fixture
async def surfnet(surfnet_url: str) -> AsyncIterator[JsonRpc]:
    rpc = JsonRpc(surfnet_url)
    yield rpc
    await rpc.close()


@pytest.fixture
async def cosmos_node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    async with cosmos.running(tmp_path) as node:
        yield node


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(f"sqlite+aiosqlite:///{tmp_path / 'outbox.sqlite'}")
    yield opened
    await opened.close()


@pytest.fixture
def bounds() -> Bounds:
    return Bounds(delay_s=lambda failures: float(failures), poll_s=0.0)
