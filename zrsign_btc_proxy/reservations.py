"""Which coins are taken by transactions that may still land: one row a coin.

A coin is reserved before its transaction is proposed and freed when its request has ended.
SQLAlchemy models for SQLite (WAL) and PostgreSQL alike; an outpoint is the key, so no coin can be
reserved twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import BigInteger, Float, Integer, String, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from zrsign_daemon.database import Database, Schema


class Outpoint(NamedTuple):
    """A coin: output `vout` of the transaction `txid`, hex in display order."""

    txid: str
    vout: int


class ReservationTable(DeclarativeBase):
    """Base of the tables."""


class ReservedCoin(ReservationTable):
    """A coin that a request's transaction spends."""

    __tablename__ = "reserved_coins"
    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    txid: Mapped[str] = mapped_column(String(64), primary_key=True)
    vout: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[int] = mapped_column(BigInteger, index=True)


class DiscoveryRow(ReservationTable):
    """When the keys of a chain were last looked for; a key that is found later is younger."""

    __tablename__ = "key_discoveries"
    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[float] = mapped_column(Float)


SCHEMA = Schema(
    "the reservations",
    ReservationTable.metadata,
    version=1,
    version_table="reservations_schema",
    remedy="Move the file away and start again: what is open is read again from the ledger.",
)


class Reservations(Database):
    """The coins that requests hold."""

    schema = SCHEMA

    async def taken(self, chain: str, *, but_by: int | None = None) -> set[Outpoint]:
        """Coins that a request holds; not those of the request `but_by`."""
        query = select(ReservedCoin).where(ReservedCoin.chain == chain)
        if but_by is not None:
            query = query.where(ReservedCoin.request_id != but_by)
        async with self._reading() as session:
            rows = await session.scalars(query)
            return {Outpoint(row.txid, row.vout) for row in rows}

    async def held_by(self, chain: str, request_id: int) -> list[Outpoint]:
        """The coins that a request holds."""
        query = select(ReservedCoin).where(
            ReservedCoin.chain == chain, ReservedCoin.request_id == request_id
        )
        async with self._reading() as session:
            return [Outpoint(row.txid, row.vout) for row in await session.scalars(query)]

    async def requests(self, chain: str) -> list[int]:
        """Requests that hold coins."""
        query = select(ReservedCoin.request_id).where(ReservedCoin.chain == chain).distinct()
        async with self._reading() as session:
            return sorted(await session.scalars(query))

    async def reserve(self, chain: str, request_id: int, coins: Iterable[Outpoint]) -> None:
        """Give coins to a request; coins that some request holds stay where they are."""
        async with self._writing() as session:
            for coin in coins:
                if await session.get(ReservedCoin, (chain, coin.txid, coin.vout)) is None:
                    row = ReservedCoin(
                        chain=chain, txid=coin.txid, vout=coin.vout, request_id=request_id
                    )
                    session.add(row)

    async def discovered_at(self, chain: str) -> float:
        """Unix seconds at which the keys were last looked for, 0 when they never were."""
        async with self._reading() as session:
            row = await session.get(DiscoveryRow, chain)
            return 0.0 if row is None else row.at

    async def note_discovery(self, chain: str, at: float) -> None:
        """The keys that there were at `at` (Unix s) are all watched."""
        async with self._writing() as session:
            await session.merge(DiscoveryRow(chain=chain, at=at))

    async def release(self, chain: str, request_id: int) -> None:
        """Free the coins of a request."""
        query = delete(ReservedCoin).where(
            ReservedCoin.chain == chain, ReservedCoin.request_id == request_id
        )
        async with self._writing() as session:
            await session.execute(query)
