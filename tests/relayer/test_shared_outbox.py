"""Several relayers on one PostgreSQL: each works on items of its own, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from relayer.errors import ClaimLost, NonceTaken
from relayer.nonces import Fees, Reservation
from relayer.outbox import CLAIMED_AT_ONCE, Outbox
from relayer.stages import Stage
from tests.postgres import fresh
from tests.postgres import server as server
from tests.processes import running as process
from tests.relayer.test_outbox import ACCOUNT, CHAIN, item
from tests.relayer.test_service import ETHER, RECIPIENT, running, settings, simple, status_is
from tests.relayer.test_service import world as world
from tests.waiting import until
from tests.zrsign_receiver.world import EVM_CHAIN, World
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.local.chaos.liar import lying
from zrsign_chains import EVM
from zrsign_daemon.jsonrpc import JsonRpc

NOW = 100.0
FEES = Fees(10, 1)


@pytest.fixture
async def two(server: str) -> AsyncIterator[tuple[Outbox, Outbox]]:
    """The outbox as two processes see it."""
    url = await fresh(server)
    async with await Outbox.open(url) as first, await Outbox.open(url) as second:
        yield first, second


async def test_processes__should_make_the_tables_together(server: str) -> None:
    url = await fresh(server)
    opened = await asyncio.gather(*(Outbox.open(url) for _ in range(6)))
    assert await opened[0].add(item())
    assert await opened[5].get(item().key) == item()
    for outbox in opened:
        await outbox.close()


async def test_claims__should_be_one_process_s_each(two: tuple[Outbox, Outbox]) -> None:
    first, second = two
    for number in range(CLAIMED_AT_ONCE + 3):
        await first.add(item(number))
    # Two that claim at once may take turns from item to item, so each may have any number.
    claimed = await asyncio.gather(first.claim(CHAIN, NOW), second.claim(CHAIN, NOW))
    counted = Counter(one.key for each in claimed for one in each)
    assert set(counted.values()) == {1}
    assert len(counted) == CLAIMED_AT_ONCE + 3
    assert max(map(len, claimed)) <= CLAIMED_AT_ONCE
    for outbox, each in zip(two, claimed, strict=True):
        await outbox.release([one.key for one in each])
    assert len(await second.claim(CHAIN, NOW)) == CLAIMED_AT_ONCE


async def test_claim_that_ran_out__should_be_lost_to_whoever_claims_next(
    two: tuple[Outbox, Outbox],
) -> None:
    first, second = two
    first.lease_s = 0.0
    await first.add(item())
    (stale,) = await first.claim(CHAIN, NOW)
    (taken,) = await second.claim(CHAIN, NOW)
    assert taken == stale
    with pytest.raises(ClaimLost):
        await first.save(item(stage=Stage.INCLUSION))
    await second.save(item(stage=Stage.FINALITY))
    stored = await first.get(item().key)
    assert stored is not None
    assert stored.stage is Stage.FINALITY


async def test_items_of_one_transaction__should_be_stored_together_or_not_at_all(
    two: tuple[Outbox, Outbox],
) -> None:
    first, second = two
    await second.add(item(1))
    await second.claim(CHAIN, NOW)
    await first.add(item(0))
    await first.claim(CHAIN, NOW)
    with pytest.raises(ClaimLost):
        await first.save(item(0, stage=Stage.INCLUSION), item(1, stage=Stage.INCLUSION))
    stored = [await first.get(item(number).key) for number in range(2)]
    assert [one and one.stage for one in stored] == [Stage.BUILDING, Stage.BUILDING]


async def test_next_look__should_wait_for_the_lease_of_another(two: tuple[Outbox, Outbox]) -> None:
    first, second = two
    await first.add(item())
    await first.claim(CHAIN, NOW)
    assert await first.next_due(CHAIN) == 0.0
    due = await second.next_due(CHAIN)
    assert due is not None
    assert due > NOW


async def test_nonce__should_be_one_item_s(two: tuple[Outbox, Outbox]) -> None:
    first, second = two
    await first.reserve(CHAIN, ACCOUNT, Reservation("answer/1", 7, FEES))
    with pytest.raises(NonceTaken):
        await second.reserve(CHAIN, ACCOUNT, Reservation("answer/2", 7, FEES))
    await second.reserve(CHAIN, ACCOUNT, Reservation("answer/2", 8, FEES))
    assert len(await first.reservations(CHAIN, ACCOUNT)) == 2


CLAIMING = """
import asyncio, sys
from relayer.outbox import Outbox

async def main():
    outbox = await Outbox.open(sys.argv[1])
    outbox.lease_s = 1.0
    roles = outbox.roles(1.0)
    print(len(await outbox.claim(sys.argv[2], 100.0)), await roles.has("the one"), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_killed_process__should_free_its_items_and_its_roles(
    two: tuple[Outbox, Outbox], server: str
) -> None:
    outbox, _ = two
    await outbox.add(item())
    roles = outbox.roles(1.0)
    url = outbox._engine.url.render_as_string()
    with process([sys.executable, "-c", CLAIMING, url, CHAIN], stdout=-1, text=True) as other:
        assert other.stdout is not None
        words: list[str] = []
        while "True" not in words:
            words = (await asyncio.to_thread(other.stdout.readline)).split()
        assert words == ["1", "True"]
        assert not await roles.has("the one")
        other.send_signal(signal.SIGKILL)
        other.wait()

    async def freed() -> bool:
        return bool(await outbox.claim(CHAIN, NOW)) and await roles.has("the one")

    await until(freed, "the dead process's work is taken over")
    await roles.close()


async def test_roles_of_a_file__should_be_the_process_s(outbox: Outbox) -> None:
    roles = outbox.roles(1.0)
    assert await roles.has("anything")
    await roles.close()


async def test_relayers_that_share_an_outbox__should_send_each_transaction_once(
    anvil: JsonRpc, anvil_url: str, world: World, server: str, tmp_path: Path
) -> None:
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(100 * ETHER))
    before = int(await anvil.call("eth_getBalance", RECIPIENT, "latest"), 16)
    url, sent = await fresh(server), Counter[str]()

    def seen(params: list[Any], result: Any) -> Any:
        sent[params[0]] += 1
        return result

    ids = [simple(world) for _ in range(12)]
    async with AsyncExitStack() as stack:
        liar = await stack.enter_async_context(lying(anvil_url))
        liar.lies["eth_sendRawTransaction"] = seen
        config = settings(tmp_path, {EVM_CHAIN: liar.url})
        for _ in range(3):
            outbox = await stack.enter_async_context(await Outbox.open(url))
            await stack.enter_async_context(running(config, world, outbox))
        for request_id in ids:
            probe = status_is(world, request_id, receiver.REQUEST_STATUS_CONFIRMED)
            await until(probe, f"request {request_id} is confirmed")
    assert set(sent.values()) == {1}
    assert len(sent) == len(ids)
    after = int(await anvil.call("eth_getBalance", RECIPIENT, "latest"), 16)
    assert after - before == len(ids) * ETHER
