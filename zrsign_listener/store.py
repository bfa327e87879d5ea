"""What the listener must not lose: cursors and events, committed together.

`events` is inbox and outbox: an event is stored in the transaction that moves its contract's
cursor, and marked reported once the ledger's transaction is committed. A crash between the two
reports it again, which the ledger answers with the same request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKeyConstraint, UniqueConstraint, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import Integer

from zrsign_daemon.database import prepare_folder
from zrsign_listener.decode import Observation
from zrsign_listener.errors import StoreDamaged, StoreUnavailable
from zrsign_listener.plan import Block, Feed

SCHEMA_VERSION = 1

# SQLite numbers rows only in its own INTEGER type.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger}  # noqa: RUF012 - SQLAlchemy's own protocol


class SchemaRow(Base):
    __tablename__ = "schema_version"
    version: Mapped[int] = mapped_column(primary_key=True)


class FeedRow(Base):
    """One contract's cursor, see `plan.Feed`."""

    __tablename__ = "feeds"
    chain: Mapped[str] = mapped_column(primary_key=True)
    contract: Mapped[str] = mapped_column(primary_key=True)
    start_block: Mapped[int]
    next_block: Mapped[int]
    next_trace_id: Mapped[int]
    anchor: Mapped[int]
    checkpoint_number: Mapped[int | None]
    checkpoint_hash: Mapped[bytes | None]


class _LogRow(Base):
    """Where a log is. Unique within (chain, contract)."""

    __abstract__ = True
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    chain: Mapped[str]
    contract: Mapped[str]
    tx_hash: Mapped[bytes]
    log_index: Mapped[int]
    block_number: Mapped[int]
    block_hash: Mapped[bytes]


class EventRow(_LogRow):
    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("chain", "contract", "tx_hash", "log_index"),
        ForeignKeyConstraint(["chain", "contract"], ["feeds.chain", "feeds.contract"]),
    )
    # A serialized zrsign.receiver.SourceEvent.
    event: Mapped[bytes]
    # The ledger's request id; None until the ledger has committed the report.
    request_id: Mapped[int | None] = mapped_column(index=True)


class MalformedRow(_LogRow):
    """A log of a registered contract that is no event. Kept for people to look at."""

    __tablename__ = "malformed_logs"
    __table_args__ = (UniqueConstraint("chain", "contract", "tx_hash", "log_index"),)
    fault: Mapped[str]


@dataclass(frozen=True)
class StoredEvent:
    row: int
    # A serialized zrsign.receiver.SourceEvent.
    event: bytes


class Store:
    """One writer at a time; reading never waits."""

    def __init__(self, url: str):
        self._url = url
        # Errors must not quote rows: an event's payload belongs to its owner.
        self._engine = create_async_engine(url, hide_parameters=True)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _tune_sqlite)
        self._session = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Store]:
        """Open `url` (sqlite+aiosqlite:///FILE or another SQLAlchemy async URL), creating tables.

        Raises StoreDamaged, or SettingsError when there is no place for it.
        """
        prepare_folder(url)
        store = cls(url)
        try:
            await store._prepare()
            yield store
        finally:
            await store._engine.dispose()

    async def feed(self, chain: str, contract: str, start_block: int) -> Feed:
        """The contract's feed, a new one at `start_block` when it has none.

        A start block that was lowered since brings the cursor back to it.
        """
        async with self._read() as session:
            row = await session.get(FeedRow, (chain, contract))
        if row is None:
            return Feed.new(start_block)
        checkpoint = None
        if row.checkpoint_number is not None and row.checkpoint_hash is not None:
            checkpoint = Block(row.checkpoint_number, row.checkpoint_hash)
        lowered = start_block < row.start_block
        return Feed(
            start_block=start_block,
            next_block=start_block if lowered else row.next_block,
            next_trace_id=row.next_trace_id,
            anchor=row.anchor,
            checkpoint=checkpoint,
        )

    async def unknown(
        self, chain: str, contract: str, observations: Sequence[Observation]
    ) -> tuple[Observation, ...]:
        """Those that are not stored yet, in the same order."""
        if not observations:
            return ()
        numbers = [o.block.number for o in observations]
        known: set[tuple[bytes, int]] = set()
        async with self._read() as session:
            for table in (EventRow, MalformedRow):
                rows = await session.execute(
                    select(table.tx_hash, table.log_index).where(
                        table.chain == chain,
                        table.contract == contract,
                        table.block_number.between(min(numbers), max(numbers)),
                    )
                )
                known.update((tx_hash, index) for tx_hash, index in rows)
        return tuple(o for o in observations if o.key not in known)

    async def commit(
        self, chain: str, contract: str, feed: Feed, observations: Iterable[Observation]
    ) -> None:
        """Store the cursor and what it passed, in one transaction. Callers give `unknown` ones."""
        async with self._write() as session:
            await session.merge(_feed_row(chain, contract, feed))
            await session.flush()
            session.add_all(_log_row(chain, contract, o) for o in observations)

    async def contracts_to_report(self) -> list[tuple[str, str]]:
        """(chain, contract) pairs with events that the ledger does not have, in a fixed order."""
        async with self._read() as session:
            rows = await session.execute(
                select(EventRow.chain, EventRow.contract)
                .where(EventRow.request_id.is_(None))
                .distinct()
                .order_by(EventRow.chain, EventRow.contract)
            )
            return [(chain, contract) for chain, contract in rows]

    async def to_report(self, chain: str, contract: str, limit: int) -> list[StoredEvent]:
        """The contract's oldest events that the ledger does not have, in the chain's order."""
        async with self._read() as session:
            rows = await session.execute(
                select(EventRow.id, EventRow.event)
                .where(
                    EventRow.chain == chain,
                    EventRow.contract == contract,
                    EventRow.request_id.is_(None),
                )
                .order_by(EventRow.id)
                .limit(limit)
            )
            return [StoredEvent(row, data) for row, data in rows]

    async def mark_reported(self, rows: Sequence[int], request_ids: Sequence[int]) -> None:
        """Say which ledger request each event became, once the ledger committed them."""
        async with self._write() as session:
            for row, request_id in zip(rows, request_ids, strict=True):
                stored = await session.get_one(EventRow, row)
                stored.request_id = request_id

    async def malformed(self, chain: str) -> list[str]:
        """What was wrong with the chain's malformed logs, oldest first."""
        async with self._read() as session:
            query = select(MalformedRow.fault).where(MalformedRow.chain == chain)
            return list((await session.execute(query.order_by(MalformedRow.id))).scalars())

    async def backlog(self) -> int:
        """How many events the ledger does not have."""
        async with self._read() as session:
            query = select(func.count()).where(EventRow.request_id.is_(None))
            return (await session.execute(query)).scalar_one()

    async def _prepare(self) -> None:
        database = make_url(self._url).database
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with self._write() as session:
                found = (await session.execute(select(SchemaRow.version))).scalar_one_or_none()
                if found is None:
                    session.add(SchemaRow(version=SCHEMA_VERSION))
        except (SQLAlchemyError, StoreUnavailable) as error:
            raise StoreDamaged(
                f"Cannot use the listener's database {database}: {_reason(error)}. "
                "Move it away; the listener then reads every chain again from its start blocks."
            ) from None
        if found not in (None, SCHEMA_VERSION):
            raise StoreDamaged(
                f"The listener's database {database} has schema {found}, this version needs "
                f"{SCHEMA_VERSION}. Move it away; every chain is then read again."
            )

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._session() as session:
                yield session
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"The listener's database fails: {_reason(error)}.") from error

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._writing, self._session.begin() as session:
                yield session
        except SQLAlchemyError as error:
            raise StoreUnavailable(
                f"The listener's database refuses writes: {_reason(error)}. Is the disk full?"
            ) from error


def _feed_row(chain: str, contract: str, feed: Feed) -> FeedRow:
    return FeedRow(
        chain=chain,
        contract=contract,
        start_block=feed.start_block,
        next_block=feed.next_block,
        next_trace_id=feed.next_trace_id,
        anchor=feed.anchor,
        checkpoint_number=None if feed.checkpoint is None else feed.checkpoint.number,
        checkpoint_hash=None if feed.checkpoint is None else feed.checkpoint.hash,
    )


def _log_row(chain: str, contract: str, seen: Observation) -> EventRow | MalformedRow:
    place = {
        "chain": chain,
        "contract": contract,
        "tx_hash": seen.log.tx_hash,
        "log_index": seen.log.log_index,
        "block_number": seen.block.number,
        "block_hash": seen.block.hash,
    }
    if seen.event is None:
        return MalformedRow(**place, fault=seen.fault)
    return EventRow(**place, event=seen.event.SerializeToString(deterministic=True))


def _tune_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # A power cut may take the last commits of a WAL with synchronous=NORMAL, whole; cursor and
    # events go together, so what they held is read again.
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=5000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _reason(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)
