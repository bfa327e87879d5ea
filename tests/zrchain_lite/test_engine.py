"""The embedded engine: its pace, its bounds, and whom it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.waiting import STALLED_S
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FEE, FUNDS, Chain, transfer
from zrchain_lite.engine import EngineSettings, SlowSubscriber
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.module import Context, Module
from zrchain_lite.modules.policy.deadlines import Deadlines
from zrchain_lite.tx import tx_hash


@contextmanager
def chain_with(
    folder: Path, config: EngineSettings, extra: Sequence[Module] = ()
) -> Iterator[Chain]:
    chain = Chain(folder / "bounded", extra, config=config)
    yield chain
    chain.close()


@asynccontextmanager
async def running(chain: Chain) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(chain.engine.run(stop))
    yield
    stop.set()
    await asyncio.wait_for(task, STALLED_S)


async def test_engine__should_make_a_block_as_soon_as_a_transaction_waits(tmp_path: Path) -> None:
    """An empty one would come after an hour."""
    with chain_with(tmp_path, EngineSettings(empty_block_interval_s=3600)) as chain:
        async with running(chain):
            tx = chain.tx(ALICE, transfer(ALICE, BOB))
            assert chain.send(tx).code == 0
            record = await chain.engine.wait_for_tx(tx_hash(tx), STALLED_S)
    assert record is not None
    assert (record.height, record.result.code) == (2, 0)


async def test_engine__should_make_empty_blocks_while_nothing_waits(tmp_path: Path) -> None:
    with chain_with(tmp_path, EngineSettings(empty_block_interval_s=0.01)) as chain:
        async with running(chain):
            assert await chain.engine.wait_above(5, STALLED_S) > 1
            while chain.engine.tip.height < 5:
                await chain.engine.wait_above(chain.engine.tip.height, STALLED_S)


async def test_idle_engine__should_make_one_empty_block_after_the_last_transaction(
    tmp_path: Path,
) -> None:
    """Its header commits to what the transaction did; the next one would come after an hour."""
    settings = EngineSettings(empty_block_interval_s=0.01, idle_block_interval_s=3600)
    with chain_with(tmp_path, settings) as chain:
        async with running(chain):
            tx = chain.tx(ALICE, transfer(ALICE, BOB))
            assert chain.send(tx).code == 0
            sent = await chain.engine.wait_for_tx(tx_hash(tx), STALLED_S)
            assert sent is not None
            assert await chain.engine.wait_above(sent.height, STALLED_S) > sent.height
            assert chain.engine.pause_s == 3600
            proof = chain.engine.block()
    assert proof is not None
    assert (proof.height, len(proof.block.data.txs)) == (sent.height + 1, 0)
    assert proof.block.header.app_hash == chain.app.tip.app_hash


def test_idle_engine__should_go_on_while_something_waits_for_a_height(tmp_path: Path) -> None:
    settings = EngineSettings(empty_block_interval_s=5, idle_block_interval_s=3600)
    deadlines = Deadlines("test/deadline")
    until = 6

    class Waits(Module):
        name = "waits"

        def begin_block(self, ctx: Context) -> None:
            deadlines.sweep(ctx, lambda ctx, id_: None)

        def end_block(self, ctx: Context) -> None:
            if ctx.height == 3:
                deadlines.add(ctx.store, until, 1)

    with chain_with(tmp_path, settings, extra=[Waits()]) as chain:
        pauses = {chain.engine.make_block().height: chain.engine.pause_s for _ in range(8)}
    assert pauses == {2: 3600, 3: 5, 4: 5, 5: 5, 6: 5, 7: 3600, 8: 3600, 9: 3600}


def test_block__should_hold_everything_that_waited_in_order(chain: Chain) -> None:
    txs = [chain.tx(ALICE, transfer(ALICE, BOB, n + 1), ahead=n) for n in range(20)]
    record = chain.block(*txs)
    assert list(record.block.data.txs) == txs
    assert all(result.code == 0 for result in record.results.tx_results)
    assert chain.balance(ALICE) == FUNDS - sum(range(1, 21)) - 20 * FEE


def test_block__should_be_bounded_by_gas_and_leave_the_rest_waiting(chain: Chain) -> None:
    txs = [
        chain.tx(ALICE, transfer(ALICE, BOB), ahead=n, gas_limit=3_600_000, fee=9000)
        for n in range(15)
    ]
    first, second = chain.block(*txs), chain.engine.make_block()
    assert (len(first.block.data.txs), len(second.block.data.txs)) == (11, 4)


def test_block_time__should_rise_even_when_the_clock_goes_back(chain: Chain) -> None:
    times = []
    for ms in (5_000, 4_000, 4_000, 9_000):
        chain.clock.ms = 1_900_000_000_000 + ms
        times.append(chain.engine.make_block().time_ms)
    assert times == sorted(set(times))
    assert times[0] == 1_900_000_005_000
    assert times[-1] == 1_900_000_009_000


def test_headers__should_form_a_chain(chain: Chain) -> None:
    records = [chain.block(chain.tx(ALICE, transfer(ALICE, BOB))) for _ in range(3)]
    for before, after in pairwise(records):
        header = after.block.header
        assert header.last_block_id == before.id
        assert header.app_hash == before.results.app_hash
        assert after.id.hash == header_hash(header)
    assert chain.engine.block(99) is None
    assert chain.engine.records.height_of_hash(records[0].id.hash) == records[0].height


def test_broadcast__should_refuse_what_waits_or_is_in_a_block(chain: Chain) -> None:
    tx = chain.tx(ALICE, transfer(ALICE, BOB))
    assert chain.send(tx).code == 0
    assert chain.send(tx).code == 19
    chain.engine.make_block()
    assert chain.send(tx).code == 19


def test_mempool__should_be_bounded(tmp_path: Path) -> None:
    with chain_with(tmp_path, EngineSettings(max_mempool_txs=2)) as chain:
        codes = [
            chain.send(chain.tx(ALICE, transfer(ALICE, BOB), ahead=ahead)).code
            for ahead in range(3)
        ]
        assert codes == [0, 0, 20]
        chain.engine.make_block()
        assert chain.send(chain.tx(ALICE, transfer(ALICE, BOB))).code == 0
    with chain_with(tmp_path / "small", EngineSettings(max_mempool_bytes=100)) as chain:
        assert chain.send(chain.tx(ALICE, transfer(ALICE, BOB))).code == 20


def test_mempool__should_drop_what_a_block_made_invalid(chain: Chain) -> None:
    big = {"gas_limit": 3_600_000, "fee": 9000}
    # Eleven fill the block by their gas, so the twelfth waits, and its time passes.
    filling = [chain.tx(ALICE, transfer(ALICE, BOB), ahead=n, **big) for n in range(11)]
    late = chain.tx(BOB, transfer(BOB, CAROL), timeout_height=2, **big)
    record = chain.block(*filling, late)
    assert list(record.block.data.txs) == filling
    assert chain.engine.waiting() == []
    assert chain.engine.tx(tx_hash(late)) is None


async def test_wait__should_end_without_an_answer(chain: Chain) -> None:
    assert await chain.engine.wait_for_tx(bytes(32), 0.01) is None
    assert await chain.engine.wait_above(99, 0.01) == 1
    assert chain.engine._waiters == {}


async def test_subscription__should_tell_of_each_block(chain: Chain) -> None:
    subscription = chain.engine.subscribe()
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    chain.engine.make_block()
    subscription.close()
    seen = [(item.record.height, len(item.txs())) async for item in subscription]
    assert seen == [(2, 1), (3, 0)]


async def test_slow_subscriber__should_be_cut_off(chain: Chain) -> None:
    slow, quick = chain.engine.subscribe(capacity=2), chain.engine.subscribe(capacity=10)
    for _ in range(5):
        chain.engine.make_block()
    items = aiter(slow)
    assert [(await anext(items)).record.height for _ in range(2)] == [2, 3]
    with pytest.raises(SlowSubscriber):
        await anext(items)
    quick.close()
    assert [item.record.height async for item in quick] == [2, 3, 4, 5, 6]
