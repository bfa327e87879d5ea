"""What a reorganisation takes away is sent again, and nothing takes its place; on a real Anvil."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relayer.outbox import Outbox
from tests.relayer.test_outbid import GWEI, Road, transactions
from tests.relayer.test_service import ETHER, RECIPIENT, running, settings, simple
from tests.waiting import until
from tests.zrsign_receiver.world import EVM_CHAIN, World
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import EVM
from zrsign_daemon.jsonrpc import JsonRpc

SETTLED = 3


@pytest.fixture
async def road(anvil: JsonRpc, outbox: Outbox) -> AsyncIterator[Road]:
    """A wallet whose deliveries are watched below SETTLED blocks; blocks are mined by the test."""
    world = World()
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    await anvil.call("evm_setAutomine", False)
    made = Road(world, anvil, outbox, wallet.address, settled=SETTLED)
    await made.spike(GWEI)
    yield made
    await made.spike(GWEI)


async def confirmed(road: Road, value: int = ETHER) -> int:
    """A payment that the ledger calls confirmed, in the newest block."""
    request_id = simple(road.world, value)
    await road.turn()
    await road.anvil.call("evm_mine")
    await road.turn()
    assert status(road, request_id) == receiver.REQUEST_STATUS_CONFIRMED
    return request_id


def status(road: Road, request_id: int) -> receiver.RequestStatus:
    return road.world.request(request_id).status


async def settle(road: Road) -> None:
    """All that is in the pool lands, deep enough for ever, and everybody sees it."""
    for _ in range(3):
        await road.turn()
        await road.anvil.call("anvil_mine", hex(SETTLED + 1))
    await road.turn()


async def test_payment_after_a_reorganisation__should_leave_the_nonce_of_a_confirmed_one(
    road: Road,
) -> None:
    before = await road.balance(RECIPIENT)
    first = await confirmed(road)
    await road.anvil.call("anvil_reorg", 1, [])
    second = simple(road.world, 2 * ETHER)
    await road.turn(relaying=False)
    nonces = [transactions(road.world.request(each))[-1].nonce for each in (first, second)]
    assert nonces == [0, 1]
    await settle(road)
    assert {status(road, each) for each in (first, second)} == {receiver.REQUEST_STATUS_CONFIRMED}
    assert await road.balance(RECIPIENT) - before == 3 * ETHER


async def test_confirmed_payment_that_can_never_land__should_end_as_failed_on_the_ledger(
    road: Road,
) -> None:
    """Its nonce goes to another transaction before anybody sees that its block is gone."""
    request_id = await confirmed(road)
    await road.anvil.call("anvil_reorg", 1, [])
    await road.anvil.call("anvil_setNonce", road.sender, "0x1")
    await road.anvil.call("anvil_mine", hex(SETTLED + 1))
    await road.turn()
    request = road.world.request(request_id)
    assert request.status == receiver.REQUEST_STATUS_REJECTED
    assert "nonce_used" in request.reject_reason


async def test_relayer_without_its_outbox__should_send_again_what_was_confirmed(
    road: Road, anvil_url: str, tmp_path: Path
) -> None:
    """The ledger lists it no more, and whoever confirmed it has lost its database."""
    before = await road.balance(RECIPIENT)
    request_id = await confirmed(road)
    await road.anvil.call("anvil_reorg", 1, [])
    assert await road.balance(RECIPIENT) == before
    await road.anvil.call("evm_setAutomine", True)
    fresh, begun = await Outbox.open(f"sqlite+aiosqlite:///{tmp_path}/fresh"), time.monotonic()
    config = settings(tmp_path, {EVM_CHAIN: anvil_url})

    async def landed() -> bool:
        return await road.balance(RECIPIENT) - before == ETHER and not await fresh.open_items()

    # The world's blocks carry their height as their time.
    clock = lambda: road.now + time.monotonic() - begun  # noqa: E731
    async with running(config, road.world, fresh, clock):
        await until(landed, "the payment in a block again")
    assert status(road, request_id) == receiver.REQUEST_STATUS_CONFIRMED
    await fresh.close()


async def test_confirmed_payment_that_is_known__should_be_taken_once(
    road: Road, outbox: Outbox
) -> None:
    await confirmed(road)
    (watched,) = await outbox.open_items()
    await road.intake.recall(0.0)
    assert await outbox.open_items() == [watched]
