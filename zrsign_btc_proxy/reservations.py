"""Which coins are taken by transactions that may still land: one row a coin.

A coin is reserved before its transaction is proposed and freed when its request has ended.
SQLAlchemy models for SQLite (WAL) and PostgreSQL alike; an outpoint is the key, so no coin can be
reserved twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Integer, String, delete, event, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from zrsign_btc_proxy.errors import StoreUnusable
from zrsign_daemon.database import prepare_folder


class Outpoint(NamedTuple):
    """`txid` is hex in display order."""

    txid: str
    vout: int


class Model(DeclarativeBase):
    pass


class ReservedCoin(Model):
    __tablename__ = "reserved_coins"
    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    txid: Mapped[str] = mapped_column(String(64), primary_key=True)
    vout: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[int] = mapped_column(BigInteger, index=True)


class Reservations:
    """Open with `await Reservations.open(url)`."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> Reservations:
        """`url` is SQLAlchemy's, "sqlite+aiosqlite:///path". Raises DaemonError."""
        prepare_folder(url)
        engine = create_async_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Model.metadata.create_all)
        except SQLAlchemyError as error:
            await engine.dispose()
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise StoreUnusable(
                f"The reservations in {engine.url.render_as_string()} cannot be used: {cause}. "
                "Move the file away and start again: what is open is read again from the ledger."
            ) from error
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

    async def taken(self, chain: str, *, but_by: int | None = None) -> set[Outpoint]:
        """Coins that a request holds; not those of the request `but_by`."""
        query = select(ReservedCoin).where(ReservedCoin.chain == chain)
        if but_by is not None:
            query = query.where(ReservedCoin.request_id != but_by)
        async with self._session() as session:
            rows = await session.scalars(query)
            return {Outpoint(row.txid, row.vout) for row in rows}

    async def requests(self, chain: str) -> list[int]:
        """Requests that hold coins."""
        query = select(ReservedCoin.request_id).where(ReservedCoin.chain == chain).distinct()
        async with self._session() as session:
            return sorted(await session.scalars(query))

    async def reserve(self, chain: str, request_id: int, coins: Iterable[Outpoint]) -> None:
        """Give coins to a request; coins that some request holds stay where they are."""
        async with self._writing, self._session.begin() as session:
            for coin in coins:
                if await session.get(ReservedCoin, (chain, coin.txid, coin.vout)) is None:
                    row = ReservedCoin(
                        chain=chain, txid=coin.txid, vout=coin.vout, request_id=request_id
                    )
                    session.add(row)

    async def release(self, chain: str, request_id: int) -> None:
        query = delete(ReservedCoin).where(
            ReservedCoin.chain == chain, ReservedCoin.request_id == request_id
        )
        async with self._writing, self._session.begin() as session:
            await session.execute(query)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
