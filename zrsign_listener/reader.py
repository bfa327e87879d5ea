"""One contract's reader: scans what `plan` decides, stores what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zrsign_daemon.events.decode import Observation, is_contract, observe
from zrsign_daemon.events.finality import Finality
from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry
from zrsign_listener import metrics, plan
from zrsign_listener.errors import NodeError, TooWide, Unproven
from zrsign_listener.evm import RangeView
from zrsign_listener.nodes import EvmNodes
from zrsign_listener.orphans import Sorted
from zrsign_listener.plan import Contradicted, Feed, Hole, NodeView, Scan, ScanLimits, Wait
from zrsign_listener.store import Store

RESTART_HINT = (
    "If the chain was started from scratch, move the listener's database away and restart; "
    "if the node is behind or on a fork, use another rpc_url."
)
HOLE_HINT = (
    "The node leaves logs out, or start_block is after the contract's deployment. "
    "Use another rpc_url or correct start_block; nothing after the hole is reported until then."
)

# Owners whose code is remembered.
MAX_CONTRACTS = 10_000


@dataclass(frozen=True)
class Source:
    """The contract that is read."""

    chain: str
    contract: str
    mode: str
    finality: Finality
    proven: bool
    """Whether headers and receipts prove that nothing is missing."""


class ContractReader:
    """Keeps the feed in memory as it is in the store: it changes only after a commit."""

    def __init__(
        self,
        source: Source,
        feed: Feed,
        limits: ScanLimits,
        node: EvmNodes,
        store: Store,
        *,
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.source = source
        self.feed = feed
        self.fault: str | None = None
        self._limits, self._node, self._store = limits, node, store
        self._retry, self._clock = retry, clock
        self._failures = 0
        self._resume_at = 0.0
        # Owners that had code: they keep it.
        self._contracts: set[str] = set()
        self._labels = (source.chain, source.contract)
        self._log = get_logger(chain=source.chain, contract=source.contract, mode=source.mode)

    async def step(self, view: NodeView) -> int:
        """Do one scan if one is due. Returns how many events were stored."""
        if self._clock() < self._resume_at:
            return 0
        self.feed, step = plan.decide(self.feed, self._limits, view)
        match step:
            case Wait():
                self._settle()
                return 0
            case Contradicted():
                await self._contradicted(step)
                return 0
            case Scan():
                return await self._scan(step)

    def is_behind(self, view: NodeView) -> bool:
        """Whether another scan is due at once."""
        return self.feed.next_block <= view.final and self._clock() >= self._resume_at

    async def count_orphans(self) -> None:
        """Show how many events the ledger has that the chain has no more."""
        metrics.ORPHANED.labels(*self._labels).set(await self._store.orphaned(*self._labels))

    async def _scan(self, scan: Scan) -> int:
        try:
            reading = await self._read(scan)
            seen = [observe(self.source.chain, log) for log in reading.logs]
            absorbed = plan.absorb(
                self.feed, self._limits, scan, reading.blocks, seen, reading.next_trace_id
            )
            found = await self._store.sort(*self._labels, absorbed.accepted)
            await self._learn_owners(found.fresh, reading.senders)
        except NodeError as error:
            self._failed(scan, error)
            return 0
        await self._store.commit(*self._labels, absorbed.feed, found)
        self.feed, self._failures = absorbed.feed, 0
        self._count(found.fresh)
        self._note(scan, reading, found)
        if found.returned:
            await self.count_orphans()
        if absorbed.hole is not None:
            self._hole(absorbed.hole)
        else:
            self._settle()
        return sum(1 for observation in found.fresh if observation.event is not None)

    async def _read(self, scan: Scan) -> RangeView:
        if self.source.proven:
            reading = await self._node.proven(self.source.contract, scan, self.feed.checkpoint)
        else:
            reading = await self._node.counted(self.source.contract, scan)
        if plan.is_cut_short(self._limits, scan, len(reading.logs) - reading.missed):
            raise TooWide(
                f"{self._node.endpoint} gave {len(reading.logs)} logs for blocks {scan.first} to "
                f"{scan.last}, as many as it may: some are probably missing."
            )
        return reading

    async def _learn_owners(self, fresh: Sequence[Observation], senders: dict[bytes, str]) -> None:
        """Say of each event's owner whether it is a contract. One that sent the transaction is
        none, and one that had code keeps it."""
        events = [(o.event, senders[o.log.tx_hash]) for o in fresh if o.event is not None]
        asked = dict.fromkeys(
            (event.owner, event.block_number)
            for event, sender in events
            if event.owner != sender and event.owner not in self._contracts
        )
        codes = dict(zip(asked, await self._node.codes(list(asked)), strict=True)) if asked else {}
        for event, sender in events:
            code = codes.get((event.owner, event.block_number), b"")
            known = event.owner != sender and event.owner in self._contracts
            event.owner_is_contract = known or is_contract(event, sender, code)
            if event.owner_is_contract and code and len(self._contracts) < MAX_CONTRACTS:
                self._contracts.add(event.owner)

    def _note(self, scan: Scan, reading: RangeView, found: Sorted) -> None:
        if not self.source.proven:
            metrics.UNPROVEN.labels(*self._labels).inc(scan.last - scan.first + 1)
        if reading.missed:
            metrics.MISSED.labels(*self._labels).inc(reading.missed)
            self._log.warning(
                "eth_getLogs left logs out, taken from receipts",
                first=scan.first,
                last=scan.last,
                logs=reading.missed,
            )
        for orphan, place in found.returned:
            self._log.info(
                "orphaned event is back",
                tx_hash="0x" + orphan.tx_hash.hex(),
                log_index=place.log.log_index,
                block=place.block.number,
            )

    def _count(self, fresh: Sequence[Observation]) -> None:
        metrics.BLOCK.labels(*self._labels).set(self.feed.next_block - 1)
        for seen in fresh:
            place = {"tx_hash": "0x" + seen.log.tx_hash.hex(), "log_index": seen.log.log_index}
            if seen.event is None:
                metrics.MALFORMED.labels(*self._labels).inc()
                self._log.warning("malformed log kept aside", **place, fault=seen.fault)
            else:
                metrics.EVENTS.labels(*self._labels).inc()
                self._log.info(
                    "request seen", **place, trace_id=seen.trace_id, block=seen.block.number
                )

    def _failed(self, scan: Scan, error: NodeError) -> None:
        self._failures += 1
        self.feed = plan.failed(self.feed, scan, refused=isinstance(error, TooWide))
        self._back_off(self._failures)
        metrics.RPC_ERRORS.labels(self.source.chain).inc()
        self.fault = str(error)
        if isinstance(error, Unproven):
            metrics.ALARM.labels(*self._labels).set(1)
        self._log.warning(
            "scan failed",
            first=scan.first,
            last=scan.last,
            fault=str(error),
            next_span=self.feed.span,
        )

    def _hole(self, hole: Hole) -> None:
        metrics.HOLES.labels(*self._labels).inc()
        self._back_off(self.feed.rewinds)
        fault = (
            f"Trace ids {hole.expected} to {hole.found - 1} are missing before block {hole.block}."
        )
        if hole.alarm:
            self._alarm(f"{fault} {HOLE_HINT}")
        else:
            self._log.warning("trace ids missing, reading again", fault=fault)

    async def _contradicted(self, step: Contradicted) -> None:
        self._back_off(self.feed.contradictions)
        if step.retrace and await self._retrace():
            return
        if step.alarm:
            self._alarm(f"The chain is not the one that was read: {step.fault}. {RESTART_HINT}")

    async def _retrace(self) -> bool:
        """Go back to the newest block that was read and is still in the chain, if there is one."""
        numbers = [mark.block.number for mark in self.feed.marks]
        try:
            view = await self._node.view(self.source.chain, self.source.finality, numbers)
        except NodeError as error:
            self.fault = str(error)
            return False
        feed = plan.retraced(self.feed, view.hashes)
        if feed is None:
            return False
        orphaned = await self._store.roll_back(*self._labels, feed)
        was, self.feed, self._resume_at = self.feed.next_block, feed, 0.0
        metrics.ROLLBACKS.labels(*self._labels).inc()
        metrics.ORPHANED.labels(*self._labels).set(orphaned)
        self._log.warning(
            "the chain was reorganised",
            back_to=feed.next_block - 1,
            read=was - 1,
            orphaned=orphaned,
        )
        return True

    def _alarm(self, fault: str) -> None:
        metrics.ALARM.labels(*self._labels).set(1)
        self.fault = fault
        self._log.error("reading is stuck", fault=fault)

    def _settle(self) -> None:
        metrics.ALARM.labels(*self._labels).set(0)
        self.fault = None

    def _back_off(self, attempt: int) -> None:
        self._resume_at = self._clock() + self._retry.delay_s(attempt)
