"""The whole relayer to a real Cosmos chain: a payment from its composition to its confirmation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relayer.outbox import Outbox
from tests.relayer.cosmos import CHAIN, RECIPIENT, balance
from tests.relayer.test_service import running, settings, status_is
from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, transfer
from tests.zrsign_receiver.world import RELAYER, World
from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.node import RunningNode
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import COSMOS
from zrsign_chains.simple_tx import SimpleTx, encode

COINS = 1_000_000


@pytest.fixture
def world() -> World:
    """A ledger that has the node's chain for a destination; one account relays and composes."""
    made = World()
    params = receiver.Params()
    asked = made.query("Params", receiver.QueryParamsRequest(), receiver.QueryParamsResponse)
    params.CopyFrom(asked.params)
    params.destinations.append(CHAIN)
    params.composers[:] = [RELAYER.address]
    made.send(receiver.MsgUpdateParams(authority=params.authority, params=params))
    return made


@pytest.fixture
async def alice(cosmos_node: RunningNode) -> AsyncIterator[LedgerClient]:
    async with LedgerClient(f"127.0.0.1:{cosmos_node.grpc_port}", account=ALICE) as client:
        yield client


def pay(world: World, value: int) -> int:
    event = world.sign_event(
        receiver.REQUEST_KIND_SIMPLE_TX,
        encode(SimpleTx(RECIPIENT, value, b"")),
        wallet=COSMOS,
        destination=CHAIN,
        broadcast=True,
    )
    return world.report(event)[0]


async def test_payments__should_follow_each_other_and_be_confirmed_by_the_chain(
    world: World,
    cosmos_node: RunningNode,
    alice: LedgerClient,
    outbox: Outbox,
    tmp_path: Path,
) -> None:
    wallet = world.wallet(wallet=COSMOS)
    holder = Account(ALICE.secret, wallet.public_key, wallet.address)
    await alice.broadcast(transfer(ALICE, holder, COINS))
    config = settings(tmp_path, {CHAIN: f"http://127.0.0.1:{cosmos_node.rpc_port}"})
    ids = [pay(world, 70), pay(world, 7)]
    async with running(config, world, outbox):
        for request_id in ids:
            probe = status_is(world, request_id, receiver.REQUEST_STATUS_CONFIRMED)
            await until(probe, f"the confirmation of request {request_id}")
    assert await balance(alice, RECIPIENT) == 77
    assert await balance(alice, wallet.address) < COINS - 77


async def test_payment_above_the_balance__should_be_rejected_with_figures(
    world: World,
    cosmos_node: RunningNode,
    alice: LedgerClient,
    outbox: Outbox,
    tmp_path: Path,
) -> None:
    wallet = world.wallet(wallet=COSMOS)
    await alice.broadcast(
        transfer(ALICE, Account(ALICE.secret, wallet.public_key, wallet.address), COINS)
    )
    url = f"http://127.0.0.1:{cosmos_node.rpc_port}"
    config = settings(tmp_path, {CHAIN: url}, composer={"grace_s": 0.0})
    request_id = pay(world, COINS)
    async with running(config, world, outbox):
        probe = status_is(world, request_id, receiver.REQUEST_STATUS_REJECTED)
        request = await until(probe, "the rejection")
    assert f"insufficient_funds: {wallet.address} holds {COINS}urock" in request.reject_reason
