"""What the listener must not lose: cursors and events, committed together.

`events` is inbox and outbox: an event is stored in the transaction that moves its contract's
cursor, and marked reported once the ledger's transaction is committed. A crash between the two
reports it again, which the ledger answers with the same request.

After a reorganisation the events above it are orphans: not reported, until the chain shows them
again. One that the ledger has already, or may have because its report was sent and no answer is
known, is known by its transaction and content, wherever it comes back, and is not reported from
there. A report that was sent is repeated as it was until it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Select,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from zrsign_daemon.database import Database
from zrsign_daemon.events.decode import Block, Observation
from zrsign_listener.orphans import Known, Orphan, Sorted, sort
from zrsign_listener.plan import Feed, Mark
from zrsign_listener.tables import (
    SCHEMA,
    CapRow,
    EventRow,
    FeedRow,
    MalformedRow,
    MarkRow,
    OrphanRow,
    ReportingRow,
)

# Values in one question; SQLite takes no more than 999 in older versions.
_MAX_VARIABLES = 500


@dataclass(frozen=True)
class StoredEvent:
    """An event that the ledger does not have yet, and its row."""

    row: int
    # A serialized zrsign.receiver.SourceEvent.
    event: bytes


class Store(Database):
    """The listener's database: the feeds, and the events that they passed."""

    schema = SCHEMA

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.reporting = asyncio.Lock()
        """Held from reading what is to be reported until it is marked: no event is rolled back
        while the ledger takes it."""

    async def feed(self, chain: str, contract: str, start_block: int) -> Feed:
        """The contract's feed, a new one at `start_block` when it has none.

        A start block that was lowered since brings the cursor back to it.
        """
        async with self._reading() as session:
            row = await session.get(FeedRow, (chain, contract))
            if row is None:
                return Feed.new(start_block)
            kept = await session.scalars(
                select(MarkRow)
                .where(MarkRow.chain == chain, MarkRow.contract == contract)
                .order_by(MarkRow.number)
            )
            marks = tuple(
                Mark(Block(each.number, each.hash), each.next_trace_id, each.anchor)
                for each in kept
            )
            cap = await session.get(CapRow, (chain, contract))
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
            marks=marks,
            cap=None if cap is None else cap.blocks,
        )

    async def sort(self, chain: str, contract: str, observations: Sequence[Observation]) -> Sorted:
        """What of it is new, and which orphans came back with it; see `orphans.sort`."""
        if not observations:
            return Sorted()
        hashes = sorted({o.log.tx_hash for o in observations})
        known: list[Known] = []
        async with self._reading() as session:
            for first in range(0, len(hashes), _MAX_VARIABLES):
                known += await _known(
                    session, chain, contract, hashes[first : first + _MAX_VARIABLES]
                )
        return sort(observations, known)

    async def commit(self, chain: str, contract: str, feed: Feed, found: Sorted) -> None:
        """Store the cursor and what it passed, in one transaction."""
        async with self._writing() as session:
            await _keep_feed(session, chain, contract, feed)
            for orphan, place in found.returned:
                row = await session.get_one(OrphanRow, orphan.row)
                row.log_index = place.log.log_index
                row.block_number, row.block_hash = place.block.number, place.block.hash
            gone = [orphan.row for orphan in found.replaced]
            await session.execute(delete(OrphanRow).where(OrphanRow.event_id.in_(gone)))
            await session.execute(delete(EventRow).where(EventRow.id.in_(gone)))
            rows = [_log_row(chain, contract, o) for o in found.fresh]
            for table in (EventRow, MalformedRow):
                if values := [row for made, row in rows if made is table]:
                    await session.execute(insert(table), values)

    async def roll_back(self, chain: str, contract: str, feed: Feed) -> int:
        """Store a feed that went back. What it will pass again is orphaned until it is seen there;
        returns how many events that the ledger has are orphaned now."""
        here = (EventRow.chain == chain, EventRow.contract == contract)
        async with self.reporting, self._writing() as session:
            await _keep_feed(session, chain, contract, feed)
            await session.execute(
                delete(MalformedRow).where(
                    MalformedRow.chain == chain,
                    MalformedRow.contract == contract,
                    MalformedRow.block_number >= feed.next_block,
                )
            )
            # An orphan that had come back above the block is one again.
            own = select(EventRow.id).where(*here)
            again = (OrphanRow.event_id.in_(own), OrphanRow.block_number >= feed.next_block)
            for row in await session.scalars(select(OrphanRow).where(*again)):
                row.log_index = row.block_number = row.block_hash = None
            new = (*here, EventRow.block_number >= feed.next_block, ~_orphaned())
            for event_id in (await session.scalars(select(EventRow.id).where(*new))).all():
                session.add(OrphanRow(event_id=event_id))
            await session.flush()
            return await session.scalar(_count_orphans(chain, contract)) or 0

    async def orphaned(self, chain: str, contract: str) -> int:
        """How many events the ledger has that the chain does not have any more."""
        async with self._reading() as session:
            return await session.scalar(_count_orphans(chain, contract)) or 0

    async def contracts_to_report(self) -> list[tuple[str, str]]:
        """(chain, contract) pairs with events that the ledger does not have, in a fixed order."""
        async with self._reading() as session:
            rows = await session.execute(
                select(EventRow.chain, EventRow.contract)
                .where(_to_report())
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
                    _to_report(),
                )
                .order_by(EventRow.id)
                .limit(limit)
            )
            return [StoredEvent(row, data) for row, data in rows]

    async def begin_report(self, rows: Sequence[int]) -> list[int]:
        """Say that the ledger may have these events from now on; returns those of which it had not
        been said before."""
        async with self._writing() as session:
            sent = select(ReportingRow.event_id).where(ReportingRow.event_id.in_(rows))
            before = set(await session.scalars(sent))
            new = [row for row in rows if row not in before]
            session.add_all(ReportingRow(event_id=row) for row in new)
            return new

    async def mark_refused(self, rows: Sequence[int]) -> None:
        """Say that the ledger has none of these events: it refused the only report of them."""
        async with self._writing() as session:
            await session.execute(delete(ReportingRow).where(ReportingRow.event_id.in_(rows)))

    async def mark_reported(self, rows: Sequence[int], request_ids: Sequence[int]) -> None:
        """Say which ledger request each event became, once the ledger committed them."""
        async with self._writing() as session:
            for row, request_id in zip(rows, request_ids, strict=True):
                stored = await session.get_one(EventRow, row)
                stored.request_id = request_id
            await session.execute(delete(ReportingRow).where(ReportingRow.event_id.in_(rows)))

    async def malformed(self, chain: str) -> list[str]:
        """What was wrong with the chain's malformed logs, oldest first."""
        async with self._reading() as session:
            query = select(MalformedRow.fault).where(MalformedRow.chain == chain)
            return list((await session.execute(query.order_by(MalformedRow.id))).scalars())

    async def backlog(self) -> int:
        """How many events the ledger does not have."""
        async with self._reading() as session:
            query = select(func.count()).where(_to_report())
            return (await session.execute(query)).scalar_one()


async def _keep_feed(session: AsyncSession, chain: str, contract: str, feed: Feed) -> None:
    await session.merge(
        FeedRow(
            chain=chain,
            contract=contract,
            start_block=feed.start_block,
            next_block=feed.next_block,
            next_trace_id=feed.next_trace_id,
            anchor=feed.anchor,
            checkpoint_number=None if feed.checkpoint is None else feed.checkpoint.number,
            checkpoint_hash=None if feed.checkpoint is None else feed.checkpoint.hash,
        )
    )
    place = {"chain": chain, "contract": contract}
    for table in (MarkRow, CapRow):
        await session.execute(delete(table).where(table.chain == chain, table.contract == contract))
    marks = [
        place
        | {
            "number": mark.block.number,
            "hash": mark.block.hash,
            "next_trace_id": mark.next_trace_id,
            "anchor": mark.anchor,
        }
        for mark in feed.marks
    ]
    if marks:
        await session.execute(insert(MarkRow), marks)
    if feed.cap is not None:
        await session.execute(insert(CapRow), [place | {"blocks": feed.cap}])
    await session.flush()


async def _known(
    session: AsyncSession, chain: str, contract: str, hashes: Sequence[bytes]
) -> list[Known]:
    """What is stored of the contract's logs in these transactions."""
    events = await session.execute(
        select(EventRow, OrphanRow, ReportingRow.event_id)
        .outerjoin(OrphanRow, OrphanRow.event_id == EventRow.id)
        .outerjoin(ReportingRow, ReportingRow.event_id == EventRow.id)
        .where(EventRow.chain == chain, EventRow.contract == contract, EventRow.tx_hash.in_(hashes))
        .order_by(EventRow.log_index)
    )
    known = [_as_known(event, orphan, sent is not None) for event, orphan, sent in events]
    malformed = await session.execute(
        select(MalformedRow.tx_hash, MalformedRow.log_index).where(
            MalformedRow.chain == chain,
            MalformedRow.contract == contract,
            MalformedRow.tx_hash.in_(hashes),
        )
    )
    return [*known, *(Known(tx_hash, index) for tx_hash, index in malformed)]


def _as_known(event: EventRow, orphan: OrphanRow | None, sent: bool) -> Known:
    if orphan is None:
        return Known(event.tx_hash, event.log_index)
    return Orphan(
        event.tx_hash,
        event.log_index,
        event.id,
        event.event,
        reported=sent or event.request_id is not None,
        returned_at=orphan.log_index,
    )


def _orphaned() -> ColumnElement[bool]:
    """Whether an event's block is gone and the event did not come back."""
    return (
        select(OrphanRow.event_id)
        .where(OrphanRow.event_id == EventRow.id, OrphanRow.block_number.is_(None))
        .exists()
    )


def _to_report() -> ColumnElement[bool]:
    """Whether the ledger is told of an event: it has none yet, and the event is on the chain or
    its report was sent already."""
    sent = select(ReportingRow.event_id).where(ReportingRow.event_id == EventRow.id).exists()
    return EventRow.request_id.is_(None) & (~_orphaned() | sent)


def _count_orphans(chain: str, contract: str) -> Select[int]:
    return select(func.count(EventRow.id)).where(
        EventRow.chain == chain,
        EventRow.contract == contract,
        EventRow.request_id.is_not(None),
        _orphaned(),
    )


def _log_row(
    chain: str, contract: str, seen: Observation
) -> tuple[type[EventRow] | type[MalformedRow], dict[str, object]]:
    place: dict[str, object] = {
        "chain": chain,
        "contract": contract,
        "tx_hash": seen.log.tx_hash,
        "log_index": seen.log.log_index,
        "block_number": seen.block.number,
        "block_hash": seen.block.hash,
    }
    if seen.event is None:
        return MalformedRow, place | {"fault": seen.fault}
    return EventRow, place | {"event": seen.event.SerializeToString(deterministic=True)}
