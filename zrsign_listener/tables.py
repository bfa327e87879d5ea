"""The tables of the listener's database."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Integer

from zrsign_daemon.database import Schema

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


class MarkRow(Base):
    """A block that a contract's cursor passed, see `plan.Mark`."""

    __tablename__ = "marks"
    chain: Mapped[str] = mapped_column(primary_key=True)
    contract: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes]
    next_trace_id: Mapped[int]
    anchor: Mapped[int]


class CapRow(Base):
    """The widest range that a contract's node takes, as far as it is known."""

    __tablename__ = "range_caps"
    chain: Mapped[str] = mapped_column(primary_key=True)
    contract: Mapped[str] = mapped_column(primary_key=True)
    blocks: Mapped[int]


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


class OrphanRow(Base):
    """An event whose block the chain no longer has, and where the event came back since."""

    __tablename__ = "orphans"
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    log_index: Mapped[int | None]
    block_number: Mapped[int | None]
    block_hash: Mapped[bytes | None]


class ReportingRow(Base):
    """An event whose report was sent: until the answer is known, the ledger may have it."""

    __tablename__ = "reporting"
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)


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
