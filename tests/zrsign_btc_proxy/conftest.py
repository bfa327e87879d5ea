"""A real bitcoind in regtest, one a session, and fresh reservations a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.relayer.nodes import bitcoind
from zrsign_btc_proxy.reservations import Reservations
from zrsign_daemon.jsonrpc import JsonRpc


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


@pytest.fixture
async def reservations(tmp_path: Path) -> AsyncIterator[Reservations]:
    opened = await Reservations.open(f"sqlite+aiosqlite:///{tmp_path / 'proxy.sqlite'}")
    yield opened
    await opened.close()
