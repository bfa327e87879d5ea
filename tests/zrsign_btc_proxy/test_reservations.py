"""Coins that are taken, and databases that are not usable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.postgres import fresh
from tests.postgres import server as server
from zrsign_btc_proxy.reservations import Outpoint, Reservations


@pytest.fixture(params=["file", "server"])
async def url(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> str:
    """Of an empty database of either kind: an SQLite file, and a PostgreSQL's."""
    if request.param == "file":
        return f"sqlite+aiosqlite:///{tmp_path / 'proxy.sqlite'}"
    return await fresh(server)


@pytest.fixture
async def reservations(url: str) -> AsyncIterator[Reservations]:
    async with await Reservations.open(url) as opened:
        yield opened


ONE, TWO = Outpoint("aa" * 32, 0), Outpoint("bb" * 32, 1)


async def test_coin__should_stay_with_its_first_request_until_released(
    reservations: Reservations,
) -> None:
    await reservations.reserve("net", 1, [ONE, TWO])
    await reservations.reserve("net", 2, [ONE])
    await reservations.release("net", 2)
    assert await reservations.taken("net") == {ONE, TWO}
    assert await reservations.requests("net") == [1]
    assert await reservations.taken("other net") == set()
    await reservations.release("net", 1)
    assert await reservations.taken("net") == set()


async def test_reservations__should_survive_a_restart(url: str) -> None:
    first = await Reservations.open(url)
    await first.reserve("net", 1, [ONE])
    await first.close()
    second = await Reservations.open(url)
    assert await second.taken("net") == {ONE}
    await second.close()
