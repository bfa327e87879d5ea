"""The tables of the outbox, and how their rows become items and reservations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from relayer.nonces import Fees, Reservation
from relayer.stages import ItemKey, ItemKind, OutboxItem, Reported, Stage, owes
from zrsign_daemon.database import Schema


class OutboxTable(DeclarativeBase):
    """Base of the tables."""


class ItemRow(OutboxTable):
    """Columns are the fields of `OutboxItem`."""

    __tablename__ = "outbox_items"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    chain: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    stage: Mapped[str] = mapped_column(String(16), index=True)
    signed: Mapped[bytes] = mapped_column(LargeBinary)
    tx_ids: Mapped[list[str]] = mapped_column(JSON)
    accepted: Mapped[bool] = mapped_column(Boolean)
    sent_at: Mapped[float] = mapped_column(Float)
    next_at: Mapped[float] = mapped_column(Float)
    refusals: Mapped[int] = mapped_column(Integer)
    outages: Mapped[int] = mapped_column(Integer)
    rebuilds: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    reported: Mapped[int] = mapped_column(Integer)
    since: Mapped[int] = mapped_column(BigInteger)
    waits_since: Mapped[float] = mapped_column(Float)
    note: Mapped[str] = mapped_column(Text)
    told: Mapped[str] = mapped_column(Text)
    # The ledger still has to be told where the item stands.
    owes: Mapped[bool] = mapped_column(Boolean, index=True)
    # Which of several processes works on it, and until when (Unix s of the server's clock).
    holder: Mapped[str] = mapped_column(String(32))
    held_until: Mapped[float] = mapped_column(Float)


class NonceRow(OutboxTable):
    """A gas account's nonce, held by one item."""

    __tablename__ = "outbox_nonces"
    __table_args__ = (UniqueConstraint("chain", "account", "nonce"),)
    item: Mapped[str] = mapped_column(String(80), primary_key=True)
    chain: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(42))
    nonce: Mapped[int] = mapped_column(BigInteger)
    # Wei a gas in decimal text: more than 64 bits fit, on every database.
    max_fee: Mapped[str] = mapped_column(String(78))
    priority_fee: Mapped[str] = mapped_column(String(78))


SCHEMA = Schema(
    "the outbox",
    OutboxTable.metadata,
    version=3,
    version_table="outbox_schema",
    upgrades={
        1: (
            "ALTER TABLE outbox_items ADD COLUMN since BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE outbox_items ADD COLUMN waits_since FLOAT NOT NULL DEFAULT 0",
            "ALTER TABLE outbox_items ADD COLUMN note TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE outbox_items ADD COLUMN told TEXT NOT NULL DEFAULT ''",
        ),
        2: (
            "ALTER TABLE outbox_items ADD COLUMN holder VARCHAR(32) NOT NULL DEFAULT ''",
            "ALTER TABLE outbox_items ADD COLUMN held_until FLOAT NOT NULL DEFAULT 0",
        ),
    },
    remedy="Move the file away and start again: open work is read again from the ledger.",
)


def columns(item: OutboxItem) -> dict[str, Any]:
    """The values of an item's row, but for the claim."""
    return {
        "key": item.key,
        "kind": item.kind.value,
        "chain": item.chain,
        "content": item.content,
        "stage": item.stage.value,
        "signed": item.signed,
        "tx_ids": list(item.tx_ids),
        "accepted": item.accepted,
        "sent_at": item.sent_at,
        "next_at": item.next_at,
        "refusals": item.refusals,
        "outages": item.outages,
        "rebuilds": item.rebuilds,
        "height": item.height,
        "reason": item.reason,
        "reported": int(item.reported),
        "since": item.since,
        "waits_since": item.waits_since,
        "note": item.note,
        "told": item.told,
        "owes": owes(item),
    }


def item_of(row: ItemRow) -> OutboxItem:
    """The item of a row."""
    return OutboxItem(
        key=ItemKey(row.key),
        kind=ItemKind(row.kind),
        chain=row.chain,
        content=row.content,
        stage=Stage(row.stage),
        signed=row.signed,
        tx_ids=tuple(row.tx_ids),
        accepted=row.accepted,
        sent_at=row.sent_at,
        next_at=row.next_at,
        refusals=row.refusals,
        outages=row.outages,
        rebuilds=row.rebuilds,
        height=row.height,
        reason=row.reason,
        reported=Reported(row.reported),
        since=row.since,
        waits_since=row.waits_since,
        note=row.note,
        told=row.told,
    )


def reservation_of(row: NonceRow) -> Reservation:
    """The reservation of a row."""
    return Reservation(row.item, row.nonce, Fees(int(row.max_fee), int(row.priority_fee)))
