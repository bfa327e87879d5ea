"""Roles: what one of several processes does at a time, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.postgres import fresh
from tests.postgres import server as server
from zrsign_daemon.errors import DatabaseUnusable
from zrsign_daemon.roles import Roles

LEASE_S = 0.3
READ, WRITE = "reading", "writing"


@pytest.fixture
async def engines(server: str) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Two processes' ways to one database."""
    url = await fresh(server)
    first, second = create_async_engine(url), create_async_engine(url)
    yield first, second
    await first.dispose()
    await second.dispose()


async def test_role__should_be_one_process_s_until_it_gives_it_back(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    first, second = (Roles(engine, LEASE_S) for engine in engines)
    assert await first.has(READ)
    assert await first.has(READ)
    assert not await second.has(READ)
    assert await second.has(WRITE)
    await first.close()
    assert await second.has(READ)
    await second.close()


async def test_pass__should_be_left_to_whoever_has_the_role(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    first, second = (Roles(engine, LEASE_S) for engine in engines)
    done: list[str] = []

    async def work() -> float:
        done.append("first" if first_turn else "second")
        return 7.0

    first_turn = True
    assert await first.alone(READ, work)() == 7.0
    first_turn = False
    assert await second.alone(READ, work)() == pytest.approx(LEASE_S / 3)
    assert done == ["first"]
    await first.close()
    assert await second.alone(READ, work)() == 7.0
    await second.close()


async def test_standby__should_begin_when_the_other_has_ended_or_stop(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    first, second = (Roles(engine, LEASE_S) for engine in engines)
    assert await first.wait(READ, asyncio.Event())
    stop = asyncio.Event()
    waiting = asyncio.create_task(second.wait(READ, stop))
    stop.set()
    assert not await waiting
    waiting = asyncio.create_task(second.wait(READ, asyncio.Event()))
    await first.close()
    assert await waiting
    await second.close()


async def test_process_whose_connection_is_cut__should_know_that_it_lost_the_role(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    first, second = (Roles(engine, LEASE_S) for engine in engines)
    assert await first.has(READ)
    watching = asyncio.create_task(first.until_lost(READ))
    async with engines[1].connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        await connection.execute(text(f"{cut} AND datname = current_database()"))
    with pytest.raises(DatabaseUnusable, match="role 'reading'"):
        await watching
    assert await second.has(READ)
    assert not await first.has(READ)
    await first.close()
    await second.close()
