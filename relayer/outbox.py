"""The outbox: every transaction that must reach a chain, durable before anything is sent.

SQLAlchemy models that run on SQLite (WAL, one writer) and PostgreSQL alike. An SQLite file is one
relayer's. On a server several processes work on one outbox: each claims items (FOR UPDATE SKIP
LOCKED) under a lease, which ends when it says so or dies.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from relayer.errors import ClaimLost, NonceTaken
from relayer.nonces import Reservation
from relayer.stages import LONGEST_PAUSE_S, ItemKey, OutboxItem, Reported, Stage, owes
from relayer.tables import SCHEMA, ItemRow, NonceRow, columns, item_of, reservation_of
from zrsign_daemon.database import Database

CLAIMED_AT_ONCE = 8
"""Items that one of several processes claims at a time."""


class Outbox(Database):
    """Every method is one short transaction. `lease_s` is how long a claim lasts untouched."""

    schema = SCHEMA
    lease_s = 60.0

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._holder = secrets.token_hex(16)

    async def add(self, item: OutboxItem) -> bool:
        """Store a new item. False when its key is known, and nothing changes."""
        async with self._writing() as session:
            if await session.get(ItemRow, item.key) is not None:
                return False
            session.add(ItemRow(**columns(item), holder="", held_until=0.0))
        return True

    async def claim(self, chain: str, now: float) -> list[OutboxItem]:
        """Due items of a chain that this process works on next, and no other meanwhile.

        Of a file all that are due; of a server a few, so that others have some too.
        """
        if not self.is_shared:
            return await self.due(chain, now)
        async with self._writing() as session:
            time = await self._time(session)
            query = _due(chain, now, CLAIMED_AT_ONCE).where(
                or_(ItemRow.held_until <= time, ItemRow.holder == self._holder)
            )
            rows = (await session.scalars(query.with_for_update(skip_locked=True))).all()
            for row in rows:
                row.holder, row.held_until = self._holder, time + self.lease_s
            return [item_of(row) for row in rows]

    async def release(self, keys: Collection[ItemKey]) -> None:
        """Let other processes have items that this one claimed."""
        if not self.is_shared:
            return
        mine = (ItemRow.key.in_(keys), ItemRow.holder == self._holder)
        async with self._writing() as session:
            await session.execute(update(ItemRow).where(*mine).values(holder="", held_until=0.0))

    async def save(self, *items: OutboxItem) -> None:
        """Store new values, all or none; an ended item gives its nonce back, and never changes.

        `reported` and `told` are the reporter's and stay as they are stored, as does a `content`
        that was renewed meanwhile: that an older one cannot land is no end.
        """
        async with self._writing() as session:
            # Always in the same order, so that no two processes wait for each other's rows.
            for item in sorted(items, key=lambda one: one.key):
                await self._save(session, item)

    async def _save(self, session: AsyncSession, item: OutboxItem) -> None:
        stored = await session.get(ItemRow, item.key, with_for_update=True)
        if stored is not None and Stage(stored.stage).ended:
            return
        held = {"holder": "", "held_until": 0.0}
        if stored is not None:
            held = await self._still_held(session, stored)
            if stored.content != item.content:
                if item.stage is Stage.FAILED:
                    return
                item = replace(item, content=stored.content, next_at=0.0)
            item = replace(item, reported=Reported(stored.reported), told=stored.told)
        await session.merge(ItemRow(**columns(item), **held))
        if item.stage.ended:
            await session.execute(delete(NonceRow).where(NonceRow.item == item.key))

    async def _still_held(self, session: AsyncSession, row: ItemRow) -> dict[str, Any]:
        """The claim, longer by a lease. Raises ClaimLost when another process has it by now."""
        if row.holder not in ("", self._holder):
            raise ClaimLost(f"another process works on {row.key}")
        if not row.holder:
            return {"holder": "", "held_until": 0.0}
        return {"holder": row.holder, "held_until": await self._time(session) + self.lease_s}

    @staticmethod
    async def _time(session: AsyncSession) -> float:
        """Unix seconds by the server's clock: the processes' own may differ."""
        now = select(func.extract("epoch", func.clock_timestamp()))
        return float((await session.execute(now)).scalar_one())

    async def renew(self, key: ItemKey, content: bytes) -> bool:
        """Give an item what the ledger has of it now, and look at it again.

        One that failed goes on: the ledger has a transaction of it that may land. False when
        there is none with this key, or nothing changes.
        """
        async with self._writing() as session:
            row = await session.get(ItemRow, key, with_for_update=True)
            if row is None or row.content == content or row.stage == Stage.DONE:
                return False
            row.content, row.next_at = content, 0.0
            if row.stage == Stage.FAILED:
                row.stage, row.reported = Stage.INCLUSION.value, Reported.SUBMITTED.value
                row.owes = owes(item_of(row))
        return True

    async def mark_reported(self, key: ItemKey, standing: Reported, note: str = "") -> None:
        """The ledger knows that much about an item."""
        async with self._writing() as session:
            row = await session.get(ItemRow, key, with_for_update=True)
            if row is not None:
                row.reported, row.told = standing.value, note
                row.owes = owes(item_of(row))

    async def retry(self, key: ItemKey) -> bool:
        """Make an open item due at once. False when there is none with this key."""
        async with self._writing() as session:
            row = await session.get(ItemRow, key, with_for_update=True)
            if row is None or Stage(row.stage).ended:
                return False
            row.next_at = 0.0
        return True

    async def drop(self, key: ItemKey, reason: str) -> bool:
        """End an item that is in no block yet as failed. False when there is none with this key."""
        async with self._writing() as session:
            row = await session.get(ItemRow, key, with_for_update=True)
            if row is None or Stage(row.stage).ended or row.height:
                return False
            row.stage, row.reason, row.note, row.next_at = Stage.FAILED.value, reason, "", 0.0
            row.owes = owes(item_of(row))
            await session.execute(delete(NonceRow).where(NonceRow.item == key))
        return True

    async def get(self, key: ItemKey) -> OutboxItem | None:
        """The stored item with this key, or None."""
        async with self._reading() as session:
            row = await session.get(ItemRow, key)
            return None if row is None else item_of(row)

    async def due(self, chain: str, now: float, limit: int = 200) -> list[OutboxItem]:
        """Items of a chain whose next step is due, oldest promise first."""
        return await self._items(_due(chain, now, limit))

    async def sharing(self, item: OutboxItem) -> list[ItemKey]:
        """The other items that the transaction of an item delivers too."""
        query = select(ItemRow.key).where(
            ItemRow.chain == item.chain,
            ItemRow.stage.not_in([Stage.DONE, Stage.FAILED]),
            ItemRow.signed == item.signed,
            ItemRow.key != item.key,
        )
        async with self._reading() as session:
            return [ItemKey(key) for key in await session.scalars(query)]

    async def next_due(self, chain: str) -> float | None:
        """When the next open item of a chain is due, Unix s; None when there is none.

        One that another process works on is due when its lease ends.
        """
        due: ColumnElement[Any] = func.min(ItemRow.next_at)
        if self.is_shared:
            theirs = case((ItemRow.holder == self._holder, 0.0), else_=ItemRow.held_until)
            due = func.min(func.greatest(ItemRow.next_at, theirs))
        query = select(due).where(
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
            return [reservation_of(row) for row in rows]

    async def reservation(self, key: ItemKey) -> Reservation | None:
        """The nonce that an item holds, or None."""
        async with self._reading() as session:
            row = await session.get(NonceRow, key)
            return None if row is None else reservation_of(row)

    async def reserve(self, chain: str, account: str, one: Reservation) -> None:
        """Store (or change) an item's nonce and fees, before anything is signed with them.

        Raises NonceTaken when another process gave it to another item.
        """
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
            try:
                await session.flush()
            except IntegrityError as error:
                raise NonceTaken(f"nonce {one.nonce} of {account} went to another item") from error

    async def _items(self, query: Any) -> list[OutboxItem]:
        async with self._reading() as session:
            rows: Sequence[ItemRow] = (await session.scalars(query)).all()
            return [item_of(row) for row in rows]


def _due(chain: str, now: float, limit: int) -> Select[Any]:
    return (
        select(ItemRow)
        .where(
            ItemRow.chain == chain,
            ItemRow.stage.not_in([Stage.DONE, Stage.FAILED]),
            or_(ItemRow.next_at <= now, ItemRow.next_at > now + LONGEST_PAUSE_S),
        )
        .order_by(ItemRow.next_at, ItemRow.key)
        .limit(limit)
    )


def _is_open() -> ColumnElement[bool]:
    return or_(ItemRow.stage.not_in([Stage.DONE, Stage.FAILED]), ItemRow.owes)
