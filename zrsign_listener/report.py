"""What the store holds goes to the ledger: MsgReportEvents in batches, each contract in order.

An event is marked before its report is sent and after the ledger committed the transaction, so a
crash between the two reports it again, also when a reorganisation took it away. A contract whose
report the ledger refuses waits, and only that contract: a later event of it must not overtake an
earlier one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from zrchain_lite.client import ClientError, TxFailed, TxResult
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry
from zrsign_listener import metrics
from zrsign_listener.errors import ListenerError
from zrsign_listener.store import Store, StoredEvent

# The ledger takes transactions of up to 1 MiB.
MAX_BATCH_BYTES = 512 * 1024


class ReportLedger(Protocol):
    """The part of the client that reporting needs."""

    async def broadcast(self, *msgs: Message) -> TxResult:
        """Commit one transaction of the observer. Raises ClientError."""


class ReportRefused(ListenerError):
    """The ledger answered a report with something else than one request id an event."""


@dataclass
class _Lane:
    """One contract's queue: how many events to try at once, and when to try again."""

    limit: int
    failures: int = 0
    resume_at: float = 0.0


class Reporter:
    """Sends what the store holds."""

    def __init__(
        self,
        ledger: ReportLedger,
        observer: str,
        store: Store,
        *,
        batch: int,
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._fault: str | None = None
        self._ledger, self._observer, self._store = ledger, observer, store
        self._batch, self._retry, self._clock = batch, retry, clock
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._log = get_logger(observer=self._observer)

    def fault(self) -> str | None:
        """What a person must look at, None when all is well."""
        return self._fault

    async def report(self) -> None:
        """Send every contract's events until none is due."""
        for contract in await self._store.contracts_to_report():
            lane = self._lanes.setdefault(contract, _Lane(self._batch))
            while self._clock() >= lane.resume_at:
                async with self._store.reporting:
                    events = await self._store.to_report(*contract, lane.limit)
                    if events:
                        await self._send(contract, lane, _fitting(events))
                if not events:
                    break
        metrics.BACKLOG.set(await self._store.backlog())
        if not any(lane.failures for lane in self._lanes.values()):
            self._fault = None

    async def _send(
        self, contract: tuple[str, str], lane: _Lane, events: Sequence[StoredEvent]
    ) -> None:
        chain, address = contract
        rows = [event.row for event in events]
        new = await self._store.begin_report(rows)
        try:
            request_ids = await self._report(events)
        except (ClientError, ReportRefused) as error:
            if isinstance(error, TxFailed):
                await self._store.mark_refused(new)
            self._failed(contract, lane, len(events), error)
            return
        await self._store.mark_reported(rows, request_ids)
        lane.failures, lane.limit = 0, min(self._batch, lane.limit * 2)
        metrics.REPORTED.labels(chain).inc(len(events))
        self._log.info("reported", chain=chain, contract=address, requests=request_ids)

    async def _report(self, events: Sequence[StoredEvent]) -> list[int]:
        message = receiver.MsgReportEvents(
            observer=self._observer,
            events=[receiver.SourceEvent.FromString(event.event) for event in events],
        )
        result = await self._ledger.broadcast(message)
        request_ids = list(result.response(receiver.MsgReportEventsResponse).request_ids)
        if len(request_ids) != len(events):
            raise ReportRefused(
                f"The ledger answered {len(events)} events with {len(request_ids)} request ids. "
                "Ledger and listener are of different versions."
            )
        return request_ids

    def _failed(self, contract: tuple[str, str], lane: _Lane, tried: int, error: Exception) -> None:
        metrics.REPORT_ERRORS.inc()
        if isinstance(error, TxFailed) and tried > 1:
            # Perhaps one event is to blame: come down to it, so that those before it pass.
            lane.limit = tried // 2
            return
        lane.failures += 1
        lane.resume_at = self._clock() + self._retry.delay_s(lane.failures)
        self._fault = f"Events of {contract[0]} {contract[1]} are not taken: {error}"
        self._log.error(
            "ledger does not take events", chain=contract[0], contract=contract[1], fault=str(error)
        )


def _fitting(events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
    """The longest beginning that fits a transaction; at least one event."""
    total = 0
    for count, event in enumerate(events):
        total += len(event.event)
        if total > MAX_BATCH_BYTES and count > 0:
            return events[:count]
    return events
