"""The one way to open a daemon's database, named by SQLAlchemy's URL: an SQLite file, or a server.

A daemon's store is a subclass of `Database` that names its `Schema` and adds its questions.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator
from sqlalchemy import BigInteger, Column, MetaData, Table, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from zrsign_daemon.errors import DatabaseUnusable, SettingsError
from zrsign_daemon.roles import Roles

# Durable when a commit returns, whatever happens to the machine.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON")

_MAKING_TABLES = 0x7A725369676E


def _usable(url: str) -> str:
    hint = "Write sqlite+aiosqlite:///FILE, or the URL of a server with an asynchronous driver"
    try:
        dialect = make_url(url).get_dialect()
        dialect.import_dbapi()
    except ModuleNotFoundError as error:
        known = " It comes with pip install 'zrsign[postgres]'." if error.name == "asyncpg" else ""
        raise ValueError(f"The driver {error.name} is not installed.{known} {hint}") from None
    except (ArgumentError, ImportError) as error:
        raise ValueError(f"{str(error).splitlines()[0]}. {hint}") from None
    if not dialect.is_async:
        raise ValueError(f"{dialect.name}+{dialect.driver} is not asynchronous. {hint}")
    return url


DatabaseUrl = Annotated[str, AfterValidator(_usable)]
"""A URL that SQLAlchemy understands and whose driver is installed and asynchronous."""


@dataclass(frozen=True)
class Schema:
    """The tables of one daemon's database, and what a person does when they cannot be used."""

    name: str
    """What messages call the database: "the listener's database"."""
    tables: MetaData
    version: int
    version_table: str
    """Another one for each daemon, so that they may share a server's database."""
    remedy: str
    """The message's next step."""
    upgrades: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """The SQL statements that make a version's tables those of the next, by version."""

    @cached_property
    def versions(self) -> Table:
        """The table whose one row is the version that wrote the database."""
        version = Column("version", BigInteger, primary_key=True, autoincrement=False)
        return Table(self.version_table, self.tables, version)


class Database:
    """A file of one process, or a server's database that several processes share.

    Open it with `async with await Store.open(url) as store`, or close it yourself.
    """

    schema: ClassVar[Schema]

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)
        # SQLite has one writer; a lock here is cheaper than SQLITE_BUSY there.
        self._lock = asyncio.Lock()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it at the same time: it is a server's."""
        return self._engine.dialect.name != "sqlite"

    def roles(self, lease_s: float) -> Roles:
        """What of the roles of this database's processes is this process's."""
        return Roles(self._engine, lease_s)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open `url`, and make the folder and the tables that are missing.

        Raises DatabaseUnusable, or SettingsError when there is no place for it.
        """
        _prepare_folder(url)
        # Errors must not quote rows: a payload belongs to its owner.
        # A server that was started again is noticed before a question is lost on it.
        server = _file_of(url) is None
        engine = create_async_engine(url, hide_parameters=True, pool_pre_ping=server)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _tune_sqlite)
        database = cls(engine)
        try:
            await database._prepare()
        except BaseException:
            await engine.dispose()
            raise
        return database

    async def close(self) -> None:
        """Give the connections back. What was committed is on the disk already."""
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _prepare(self) -> None:
        schema, place = self.schema, self._engine.url.render_as_string()
        versions = schema.versions
        try:
            async with self._engine.begin() as connection:
                if self.is_shared:
                    # Of several processes that start, one makes the tables.
                    await connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
                await connection.run_sync(schema.tables.create_all)
                found = await connection.scalar(select(versions.c.version))
                if found is None:
                    await connection.execute(versions.insert().values(version=schema.version))
                else:
                    found = await self._upgrade(connection, int(found))
        except SQLAlchemyError as error:
            raise DatabaseUnusable(
                f"Cannot use {schema.name} {place}: {_reason(error)}. {schema.remedy}"
            ) from error
        if found not in (None, schema.version):
            raise DatabaseUnusable(
                f"Cannot use {schema.name} {place}: it has schema {found}, this version needs "
                f"{schema.version}. Start the version that wrote it. {schema.remedy}"
            )

    async def _upgrade(self, connection: AsyncConnection, found: int) -> int:
        """Bring the tables of an earlier version up, step by step; returns the version reached."""
        before = found
        while statements := self.schema.upgrades.get(found):
            for statement in statements:
                await connection.execute(text(statement))
            found += 1
        if found != before:
            await connection.execute(self.schema.versions.update().values(version=found))
        return found

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads. Raises DatabaseUnusable."""
        try:
            async with self._session() as session:
                yield session
        except SQLAlchemyError as error:
            raise DatabaseUnusable(
                f"Cannot read {self.schema.name}: {_reason(error)}. {self.schema.remedy}"
            ) from error

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed together or not at all. Raises DatabaseUnusable."""
        try:
            async with self._lock, self._session.begin() as session:
                yield session
        except SQLAlchemyError as error:
            raise DatabaseUnusable(
                f"Cannot write to {self.schema.name}: {_reason(error)}. Is the disk full?"
            ) from error


@contextmanager
def held(url: str) -> Iterator[None]:
    """Keep every other process that asks out of an SQLite file, as long as the context lasts.

    Raises DatabaseUnusable when another process has it. The lock is the kernel's (flock), on a file
    beside the database, so it ends with its process, however that ends. A server's database, or
    one in memory, is nobody's alone.
    """
    path = _file_of(url)
    if path is None:
        yield
        return
    _prepare_folder(url)
    place = path.with_name(f"{path.name}.lock")
    try:
        lock = place.open("a+")
    except OSError as error:
        raise DatabaseUnusable(f"Cannot write {place}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DatabaseUnusable(
                f"Another process uses {path}: {lock.read(20).strip() or 'unknown'}. "
                "Stop it, or give this one a database of its own."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _file_of(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database)).absolute()


def _prepare_folder(url: str) -> None:
    """Make the folder of an SQLite file. Raises SettingsError when nothing can be written there."""
    path = _file_of(url)
    if path is None:
        return
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fault = "" if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        fault = str(error.strerror)
    if fault:
        raise SettingsError(
            f"Cannot keep a database in {folder}: {fault}. "
            "Correct its permissions or choose another place."
        )


def _tune_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _reason(error: SQLAlchemyError) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)
