"""From the store to the ledger: at least once, in order, one contract never in another's way.

The ledger here keeps one promise of the real one, a known event gets its old receipt; it fails at
the moments that a test picks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import Message

from tests.zrsign_listener import logs
from zrchain_lite.client import LedgerUnavailable, TxFailed, TxResult
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.events.decode import observe
from zrsign_daemon.retry import Retry
from zrsign_listener import report as report_module
from zrsign_listener.orphans import Sorted
from zrsign_listener.plan import Feed
from zrsign_listener.report import Reporter
from zrsign_listener.store import Store

OTHER = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"


class Killed(BaseException):
    """The process ends here."""


class Receipts:
    """The ledger's side: receipts by source id. `before` and `after` may raise."""

    def __init__(self, before: Callable[[list[receiver.SourceEvent]], None] = lambda _e: None):
        self.requests: dict[bytes, int] = {}
        self.reports: list[list[int]] = []
        self.before = before
        self.after: Callable[[], None] = lambda: None

    async def broadcast(self, *msgs: Message) -> TxResult:
        (message,) = msgs
        assert isinstance(message, receiver.MsgReportEvents)
        assert message.observer == "zen1observer"
        events = list(message.events)
        self.reports.append([int.from_bytes(event.sign.trace_id) for event in events])
        self.before(events)
        ids = [
            self.requests.setdefault(event.id.SerializeToString(), len(self.requests) + 1)
            for event in events
        ]
        self.after()
        packed = PackedAny()
        packed.Pack(receiver.MsgReportEventsResponse(request_ids=ids))
        return TxResult(hash="", height=1, responses=[packed], events=[])


def reporter(ledger: Receipts, store: Store, batch: int = 50) -> Reporter:
    """Its clock stands still: a contract that failed is not due again."""
    retry = Retry(base_s=60)
    return Reporter(ledger, "zen1observer", store, batch=batch, retry=retry, clock=lambda: 0.0)


async def keep(store: Store, count: int, contract: str = logs.CONTRACT, size: int = 32) -> None:
    seen = [
        observe(
            logs.CHAIN,
            replace(logs.sig_log(t, number=10 + t, payload=bytes(size)), contract=contract),
        )
        for t in range(count)
    ]
    await store.commit(logs.CHAIN, contract, Feed.new(0), Sorted(tuple(seen)))


async def test_backlog__should_be_reported_in_order_and_in_batches(store: Store) -> None:
    await keep(store, 5)
    ledger = Receipts()
    await reporter(ledger, store, batch=2).report()
    assert ledger.reports == [[0, 1], [2, 3], [4]]
    assert await store.backlog() == 0


async def test_kill_between_ledger_and_mark__should_report_again_with_the_same_receipt(
    store: Store,
) -> None:
    await keep(store, 2)
    ledger = Receipts()

    def killed() -> None:
        raise Killed

    ledger.after = killed
    with pytest.raises(Killed):
        await reporter(ledger, store).report()
    receipts = dict(ledger.requests)
    assert await store.backlog() == 2
    # Whatever became of the chain meanwhile: the ledger may have them.
    await store.roll_back(logs.CHAIN, logs.CONTRACT, Feed.new(0))
    assert await store.backlog() == 2
    ledger.after = lambda: None
    await reporter(ledger, store).report()
    assert ledger.reports == [[0, 1], [0, 1]]
    assert ledger.requests == receipts
    assert await store.backlog() == 0


async def test_ledger_away__should_keep_everything_and_say_so(store: Store) -> None:
    await keep(store, 3)

    def away(_events: list[receiver.SourceEvent]) -> None:
        raise LedgerUnavailable("no answer from the ledger")

    ledger = Receipts(away)
    reporting = reporter(ledger, store)
    await reporting.report()
    assert "no answer from the ledger" in (reporting.fault() or "")
    assert await store.backlog() == 3
    ledger.before = lambda _events: None
    await reporter(ledger, store).report()
    assert await store.backlog() == 0


async def test_refused_event__should_stop_only_what_follows_it_in_its_contract(
    store: Store,
) -> None:
    await keep(store, 5)
    await keep(store, 3, OTHER)

    def refuse(events: list[receiver.SourceEvent]) -> None:
        if any(e.id.contract == logs.CONTRACT and e.sign.trace_id[-1] == 3 for e in events):
            raise TxFailed("zrchain", 1505, "refused")

    ledger = Receipts(refuse)
    reporting = reporter(ledger, store)
    await reporting.report()
    left = await store.to_report(logs.CHAIN, logs.CONTRACT, 10)
    traces = [receiver.SourceEvent.FromString(e.event).sign.trace_id[-1] for e in left]
    assert traces == [3, 4]
    assert await store.to_report(logs.CHAIN, OTHER, 10) == []
    assert logs.CONTRACT in (reporting.fault() or "")


async def test_report__should_fit_a_transaction(store: Store) -> None:
    await keep(store, 20, size=60_000)
    ledger = Receipts()
    await reporter(ledger, store).report()
    assert [trace for report in ledger.reports for trace in report] == list(range(20))
    assert max(map(len, ledger.reports)) == report_module.MAX_BATCH_BYTES // 60_500
