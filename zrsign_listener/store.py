"""What the listener must not lose: cursors and events, committed together.

`events` is inbox and outbox: an event is stored in the transaction that moves its contract's
cursor, and marked reported once the ledger's transaction is committed. A crash between the two
reports it again, which the ledger answers with the same request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKeyConstraint, UniqueConstraint, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Integer

from zrsign_daemon.database import Database, Schema
from zrsign_listener.decode import Observation
from zrsign_listener.plan import Block, Feed

# SQLite numbers rows only in its own INTEGER type.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = {int: BigInteger}  # noqa: RUF012 - SQLAlchemy's own protocol


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
    """A log that is an event, and what the ledger made of it."""

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


SCHEMA = Schema(
    "the listener's database",
    Base.metadata,
    version=1,
    version_table="schema_version",
    remedy="Move it away; the listener then reads every chain again from its start blocks.",
)


@dataclass(frozen=True)
class StoredEvent:
    """An event that the ledger does not have yet, and its row."""

    row: int
    # A serialized zrsign.receiver.SourceEvent.
    event: bytes


class Store(Database):
    """The listener's database: the feeds, and the events that they passed."""

    schema = SCHEMA

    async def feed(self, chain: str, contract: str, start_block: int) -> Feed:
        """The contract's feed, a new one at `start_block` when it has none.

        A start block that was lowered since brings the cursor back to it.
        """
        async with self._reading() as session:
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
        async with self._reading() as session:
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
        async with self._writing() as session:
            await session.merge(_feed_row(chain, contract, feed))
            await session.flush()
            session.add_all(_log_row(chain, contract, o) for o in observations)

    async def contracts_to_report(self) -> list[tuple[str, str]]:
        """(chain, contract) pairs with events that the ledger does not have, in a fixed order."""
        async with self._reading() as session:
            rows = await session.execute(
                select(EventRow.chain, EventRow.contract)
                .where(EventRow.request_id.is_(None))
                .distinct()
                .order_by(EventRow.chain, EventRow.contract)
            )
            return [(chain, contract) for chain, contract in rows]

    async def to_report(self, chain: str, contract: str, limit: int) -> list[StoredEvent]:
        """The contract's oldest events that the ledger does not have, in the chain's order."""
        async with self._reading() as session:
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
        async with self._writing() as session:
            for row, request_id in zip(rows, request_ids, strict=True):
                stored = await session.get_one(EventRow, row)
                stored.request_id = request_id

    async def malformed(self, chain: str) -> list[str]:
        """What was wrong with the chain's malformed logs, oldest first."""
        async with self._reading() as session:
            query = select(MalformedRow.fault).where(MalformedRow.chain == chain)
            return list((await session.execute(query.order_by(MalformedRow.id))).scalars())

    async def backlog(self) -> int:
        """How many events the ledger does not have."""
        async with self._reading() as session:
            query = select(func.count()).where(EventRow.request_id.is_(None))
            return (await session.execute(query)).scalar_one()


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
