"""Tasks that one of several processes has at a time, where daemons share a server's database.

A role is an advisory lock of one connection of the process, so it ends with the process, however
that ends; of a machine that is gone the server notices within `lease_s`. A process alone with its
SQLite file has every role.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from zrsign_daemon.errors import DatabaseUnusable
from zrsign_daemon.log import get_logger

# Seconds for the server's own probes of a silent connection; three are sent in a lease.
_PROBES = (
    "SET tcp_keepalives_idle = {third}",
    "SET tcp_keepalives_interval = {third}",
    "SET tcp_keepalives_count = 1",
    "SET tcp_user_timeout = {lease_ms}",
)


class Roles:
    """What this process has of the roles of one database."""

    def __init__(self, engine: AsyncEngine, lease_s: float):
        self._engine = engine
        self._lease_s = lease_s
        self._shared = engine.dialect.name == "postgresql"
        self._connection: AsyncConnection | None = None
        self._mine: set[str] = set()
        self._lock = asyncio.Lock()
        self._log = get_logger()

    async def has(self, name: str) -> bool:
        """Whether the role is this process's, which takes it where nobody has it.

        Raises DatabaseUnusable when the server does not answer; every role is lost then.
        """
        if not self._shared:
            return True
        async with self._lock:
            try:
                return await self._has(name)
            except (SQLAlchemyError, OSError) as error:
                await self._lose()
                raise DatabaseUnusable(f"Cannot ask for the role {name!r}: {error}") from error
            except asyncio.CancelledError:
                await self._lose()
                raise

    def alone(self, name: str, work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """The pass of a loop that works only where the role is this process's."""

        async def passing() -> Any:
            if not await self.has(name):
                return self._lease_s / 3
            return await work()

        return passing

    async def wait(self, name: str, stop: asyncio.Event) -> bool:
        """Wait until the role is this process's; False when `stop` comes first."""
        told = False
        while not await self.has(name):
            if not told:
                self._log.info("role_taken_elsewhere", role=name)
            told = True
            try:
                async with asyncio.timeout(self._lease_s / 3):
                    await stop.wait()
            except TimeoutError:
                continue
            return False
        return True

    async def until_lost(self, name: str) -> None:
        """Look after a role that was waited for. Raises DatabaseUnusable when it is lost."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            await self.has(name)

    async def close(self) -> None:
        """Give all roles back."""
        async with self._lock:
            await self._lose()

    async def _has(self, name: str) -> bool:
        if self._connection is None:
            self._connection = await self._connect()
        if name in self._mine:
            # The lock is the connection's: whoever is answered has it.
            await self._connection.execute(text("SELECT 1"))
            return True
        taken = await self._connection.scalar(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(name)}
        )
        if taken:
            self._mine.add(name)
            self._log.info("role_taken", role=name)
        return bool(taken)

    async def _connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        third = max(1, int(self._lease_s / 3))
        for probe in _PROBES:
            values = {"third": third, "lease_ms": int(self._lease_s * 1000)}
            await connection.execute(text(probe.format(**values)))
        return connection

    async def _lose(self) -> None:
        connection, self._connection = self._connection, None
        self._mine.clear()
        if connection is None:
            return
        try:
            # Closed and not given back to the pool: it would keep its locks there.
            await connection.invalidate()
            await connection.close()
        except SQLAlchemyError as error:
            self._log.warning("role_connection_failed", error=str(error))


def _key(name: str) -> int:
    """Advisory locks have numbers: 63 bits of the name's SHA-256."""
    return int.from_bytes(hashlib.sha256(f"zrsign {name}".encode()).digest()[:8], "big") >> 1
