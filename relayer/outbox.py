"""The outbox: every transaction that must reach a chain, durable before anything is sent.

SQLAlchemy models that run on SQLite (WAL, one writer) and PostgreSQL alike. One relayer process
owns one outbox; two relayers have two, and meet on the ledger and on the chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Float,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from relayer.nonces import Fees, Reservation
from relayer.stages import ItemKey, ItemKind, OutboxItem, Stage, Standing, owes
from zrsign_daemon.database import Database, Schema


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
    version=2,
    version_table="outbox_schema",
    upgrades={
        1: (
            "ALTER TABLE outbox_items ADD COLUMN since BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE outbox_items ADD COLUMN waits_since FLOAT NOT NULL DEFAULT 0",
            "ALTER TABLE outbox_items ADD COLUMN note TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE outbox_items ADD COLUMN told TEXT NOT NULL DEFAULT ''",
        )
    },
    remedy="Move the file away and start again: open work is read again from the ledger.",
)


class Outbox(Database):
    """Every method is one short transaction."""

    schema = SCHEMA

    async def add(self, item: OutboxItem) -> bool:
        """Store a new item. False when its key is known, and nothing changes."""
        async with self._writing() as session:
            if await session.get(ItemRow, item.key) is not None:
                return False
            session.add(ItemRow(**_columns(item)))
        return True

    async def save(self, item: OutboxItem) -> None:
        """Store an item's new value; an ended item gives its nonce back, and never changes.

        `reported` and `told` are the reporter's and stay as they are stored, as does a `content`
        that was renewed meanwhile: that an older one cannot land is no end.
        """
        async with self._writing() as session:
            stored = await session.get(ItemRow, item.key)
            if stored is not None and Stage(stored.stage).ended:
                return
            if stored is not None:
                if stored.content != item.content:
                    if item.stage is Stage.FAILED:
                        return
                    item = replace(item, content=stored.content, next_at=0.0)
                item = replace(item, reported=Standing(stored.reported), told=stored.told)
            await session.merge(ItemRow(**_columns(item)))
            if item.stage.ended:
                await session.execute(delete(NonceRow).where(NonceRow.item == item.key))

    async def renew(self, key: ItemKey, content: bytes) -> bool:
        """Give an item what the ledger has of it now, and look at it again.

        One that failed goes on: the ledger has a transaction of it that may land. False when
        there is none with this key, or nothing changes.
        """
        async with self._writing() as session:
            row = await session.get(ItemRow, key)
            if row is None or row.content == content or row.stage == Stage.DONE:
                return False
            row.content, row.next_at = content, 0.0
            if row.stage == Stage.FAILED:
                row.stage, row.reported = Stage.INCLUSION.value, Standing.SUBMITTED.value
                row.owes = owes(_item(row))
        return True

    async def mark_reported(self, key: ItemKey, standing: Standing, note: str = "") -> None:
        """The ledger knows that much about an item."""
        async with self._writing() as session:
            row = await session.get(ItemRow, key)
            if row is not None:
                row.reported, row.told = standing.value, note
                row.owes = owes(_item(row))

    async def retry(self, key: ItemKey) -> bool:
        """Make an open item due at once. False when there is none with this key."""
        async with self._writing() as session:
            row = await session.get(ItemRow, key)
            if row is None or Stage(row.stage).ended:
                return False
            row.next_at = 0.0
        return True

    async def drop(self, key: ItemKey, reason: str) -> bool:
        """End an item that is in no block yet as failed. False when there is none with this key."""
        item = await self.get(key)
        if item is None or item.stage.ended or item.height:
            return False
        await self.save(replace(item, stage=Stage.FAILED, reason=reason, note="", next_at=0.0))
        return True

    async def get(self, key: ItemKey) -> OutboxItem | None:
        """The stored item with this key, or None."""
        async with self._reading() as session:
            row = await session.get(ItemRow, key)
            return None if row is None else _item(row)

    async def due(self, chain: str, now: float, limit: int = 200) -> list[OutboxItem]:
        """Items of a chain whose next step is due, oldest promise first."""
        query = (
            select(ItemRow)
            .where(
                ItemRow.chain == chain,
                ItemRow.stage.not_in([Stage.DONE, Stage.FAILED]),
                ItemRow.next_at <= now,
            )
            .order_by(ItemRow.next_at, ItemRow.key)
            .limit(limit)
        )
        return await self._items(query)

    async def next_due(self, chain: str) -> float | None:
        """When the next open item of a chain is due, Unix s; None when there is none."""
        query = select(func.min(ItemRow.next_at)).where(
            ItemRow.chain == chain, ItemRow.stage.not_in([Stage.DONE, Stage.FAILED])
        )
        async with self._reading() as session:
            found: float | None = await session.scalar(query)
            return found

    async def unreported(self, limit: int = 200) -> list[OutboxItem]:
        """Items whose standing the ledger does not know."""
        return await self._items(
            select(ItemRow).where(ItemRow.owes).order_by(ItemRow.key).limit(limit)
        )

    async def open_items(self) -> list[OutboxItem]:
        """Everything that is not ended or not reported."""
        return await self._items(select(ItemRow).where(_is_open()))

    async def overdue_counts(self, since: float) -> dict[str, int]:
        """How many items wait since `since` (Unix s) or longer, by chain."""
        query = (
            select(ItemRow.chain, func.count())
            .where(_is_open(), ItemRow.waits_since > 0, ItemRow.waits_since <= since)
            .group_by(ItemRow.chain)
        )
        async with self._reading() as session:
            return {row[0]: row[1] for row in await session.execute(query)}

    async def open_counts(self) -> dict[tuple[str, str], int]:
        """How many of these there are, by chain and stage."""
        query = (
            select(ItemRow.chain, ItemRow.stage, func.count())
            .where(_is_open())
            .group_by(ItemRow.chain, ItemRow.stage)
        )
        async with self._reading() as session:
            return {(chain, stage): count for chain, stage, count in await session.execute(query)}

    async def reservations(self, chain: str, account: str) -> list[Reservation]:
        """Every nonce that an item holds of a gas account."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(NonceRow).where(NonceRow.chain == chain, NonceRow.account == account)
            )
            return [_reservation(row) for row in rows]

    async def reservation(self, key: ItemKey) -> Reservation | None:
        """The nonce that an item holds, or None."""
        async with self._reading() as session:
            row = await session.get(NonceRow, key)
            return None if row is None else _reservation(row)

    async def reserve(self, chain: str, account: str, one: Reservation) -> None:
        """Store (or change) an item's nonce and fees, before anything is signed with them."""
        row = NonceRow(
            item=one.item,
            chain=chain,
            account=account,
            nonce=one.nonce,
            max_fee=str(one.fees.max_fee),
            priority_fee=str(one.fees.priority_fee),
        )
        async with self._writing() as session:
            await session.merge(row)

    async def release(self, key: ItemKey) -> None:
        """Free the nonce of an item."""
        async with self._writing() as session:
            await session.execute(delete(NonceRow).where(NonceRow.item == key))

    async def _items(self, query: Any) -> list[OutboxItem]:
        async with self._reading() as session:
            rows: Sequence[ItemRow] = (await session.scalars(query)).all()
            return [_item(row) for row in rows]


def _is_open() -> ColumnElement[bool]:
    return or_(ItemRow.stage.not_in([Stage.DONE, Stage.FAILED]), ItemRow.owes)


def _columns(item: OutboxItem) -> dict[str, Any]:
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


def _item(row: ItemRow) -> OutboxItem:
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
        reported=Standing(row.reported),
        since=row.since,
        waits_since=row.waits_since,
        note=row.note,
        told=row.told,
    )


def _reservation(row: NonceRow) -> Reservation:
    return Reservation(row.item, row.nonce, Fees(int(row.max_fee), int(row.priority_fee)))
