"""One contract's reader: scans what `plan` decides, stores what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry
from zrsign_listener import metrics, plan
from zrsign_listener.decode import Observation, is_contract, observe
from zrsign_listener.errors import CutShort, NodeError
from zrsign_listener.evm import EvmNode
from zrsign_listener.plan import Block, Contradicted, Feed, Hole, NodeView, Scan, ScanLimits, Wait
from zrsign_listener.store import Store

RESTART_HINT = (
    "If the chain was started from scratch, move the listener's database away and restart; "
    "if the node is behind or on a fork, use another rpc_url."
)
HOLE_HINT = (
    "The node leaves logs out, or start_block is after the contract's deployment. "
    "Use another rpc_url or correct start_block; nothing after the hole is reported until then."
)


@dataclass(frozen=True)
class Source:
    """The contract that is read."""

    chain: str
    contract: str
    mode: str


class ContractReader:
    """Keeps the feed in memory as it is in the store: it changes only after a commit."""

    def __init__(
        self,
        source: Source,
        feed: Feed,
        limits: ScanLimits,
        node: EvmNode,
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
                self._contradicted(step)
                return 0
            case Scan():
                return await self._scan(step, view)

    def is_behind(self, view: NodeView) -> bool:
        """Whether another scan is due at once."""
        return self.feed.next_block <= view.final and self._clock() >= self._resume_at

    async def _scan(self, scan: Scan, view: NodeView) -> int:
        try:
            end = await self._end(scan, view)
            logs, next_trace_id = await self._node.logs(self.source.contract, scan)
            if plan.is_cut_short(self._limits, scan, len(logs)):
                raise CutShort(
                    f"{self._node.endpoint} gave {len(logs)} logs for blocks {scan.first} to "
                    f"{scan.last}, as many as it may: some are probably missing."
                )
            seen = [observe(self.source.chain, log) for log in logs]
            absorbed = plan.absorb(self.feed, self._limits, scan, end, seen, next_trace_id)
            fresh = await self._store.unknown(*self._labels, absorbed.accepted)
            await self._learn_owners(fresh)
        except NodeError as error:
            self._failed(scan, error)
            return 0
        await self._store.commit(*self._labels, absorbed.feed, fresh)
        self.feed, self._failures = absorbed.feed, 0
        self._count(fresh)
        if absorbed.hole is not None:
            self._hole(absorbed.hole)
        else:
            self._settle()
        return sum(1 for observation in fresh if observation.event is not None)

    async def _end(self, scan: Scan, view: NodeView) -> Block:
        return view.tip if scan.last == view.tip.number else await self._node.block(scan.last)

    async def _learn_owners(self, fresh: Sequence[Observation]) -> None:
        events = [o.event for o in fresh if o.event is not None]
        origins = await self._node.origins(
            [(event.id.tx_hash, event.owner, event.block_number) for event in events]
        )
        for event, (tx_from, code) in zip(events, origins, strict=True):
            event.owner_is_contract = is_contract(event, tx_from, code)

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
        self.feed = plan.failed(self.feed, scan)
        self._back_off(self._failures)
        metrics.RPC_ERRORS.labels(self.source.chain).inc()
        self.fault = str(error)
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

    def _contradicted(self, step: Contradicted) -> None:
        self._back_off(self.feed.contradictions)
        if step.alarm:
            self._alarm(f"The chain is not the one that was read: {step.fault}. {RESTART_HINT}")

    def _alarm(self, fault: str) -> None:
        metrics.ALARM.labels(*self._labels).set(1)
        self.fault = fault
        self._log.error("reading is stuck", fault=fault)

    def _settle(self) -> None:
        metrics.ALARM.labels(*self._labels).set(0)
        self.fault = None

    def _back_off(self, attempt: int) -> None:
        self._resume_at = self._clock() + self._retry.delay_s(attempt)
