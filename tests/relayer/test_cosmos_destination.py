"""The Cosmos destination against a real ledger node, over its CometBFT JSON-RPC."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from relayer.destinations.cosmos.destination import CosmosDestination
from relayer.news import Accepted, Final, NotTaken, Rejected, Status, Unknown, Unreachable
from tests.relayer.cosmos import CHAIN, RECIPIENT, Key, balance
from tests.waiting import until
from zrchain_lite.client import LedgerClient
from zrchain_lite.node import RunningNode
from zrsign.local.network.ports import free_port
from zrsign_daemon.jsonrpc import JsonRpc


@pytest.fixture
async def key(cosmos_node: RunningNode) -> AsyncIterator[Key]:
    async with LedgerClient(f"127.0.0.1:{cosmos_node.grpc_port}") as client:
        yield Key(client)


@pytest.fixture
async def destination(cosmos_node: RunningNode) -> AsyncIterator[CosmosDestination]:
    made = CosmosDestination(CHAIN, JsonRpc(f"http://127.0.0.1:{cosmos_node.rpc_port}"))
    yield made
    await made.close()


async def ended(destination: CosmosDestination, signed: bytes, tx_id: str) -> Status:
    """The status once it is not unknown."""

    async def probe() -> Status | None:
        seen = await destination.status(signed, [tx_id])
        return None if seen == Unknown() else seen

    seen: Status = await until(probe, "an end of the transaction")
    return seen


async def test_transfer__should_be_confirmed_and_its_second_sending_harmless(
    destination: CosmosDestination, key: Key
) -> None:
    signed, tx_id = await key.pay(77)
    assert await destination.status(signed, [tx_id]) == Unknown()
    assert await destination.submit(signed) == Accepted()
    again = await destination.submit(signed)
    assert again == Accepted(known=True) or isinstance(again, NotTaken)
    done = await ended(destination, signed, tx_id)
    assert isinstance(done, Final)
    assert (done.tx_id, done.ok) == (tx_id, True)
    assert await balance(key.client, RECIPIENT) == 77
    assert await destination.submit(signed) == Accepted(known=True)
    assert await destination.status(signed, [tx_id]) == done


async def test_transfer_that_fails_in_its_block__should_be_final_and_not_ok(
    destination: CosmosDestination, key: Key
) -> None:
    signed, tx_id = await key.pay(10**12)
    assert await destination.submit(signed) == Accepted()
    done = await ended(destination, signed, tx_id)
    assert isinstance(done, Final)
    assert not done.ok
    assert done.reason.startswith("reverted: ")
    assert "code 5" in done.reason


async def test_block_that_refuses_a_transaction__should_prove_nothing_about_the_next(
    destination: CosmosDestination, key: Key, cosmos_node: RunningNode
) -> None:
    signed, tx_id = await key.pay(1, ahead=1)
    # A proposer may put into a block what CheckTx refuses. Its sequence is not used by that.
    engine = cosmos_node.embedded
    engine.make_block([signed])

    async def is_in_a_block() -> bool:
        return engine.records.tx(bytes.fromhex(tx_id)) is not None

    await until(is_in_a_block, "a block with the transaction")
    assert await destination.status(signed, [tx_id]) == Unknown()


async def test_sequence_of_another_transaction__should_reject_as_lost_and_name_it(
    destination: CosmosDestination, key: Key
) -> None:
    other, other_id = await key.pay(1)
    signed, tx_id = await key.pay(2)
    assert await destination.submit(other) == Accepted()
    await ended(destination, other, other_id)
    refused = await destination.submit(signed)
    assert isinstance(refused, NotTaken)
    lost = await destination.status(signed, [tx_id])
    assert isinstance(lost, Rejected)
    assert lost.nonce_lost
    assert other_id in lost.reason


async def test_sequence_that_is_not_due_yet__should_wait_for_the_one_before(
    destination: CosmosDestination, key: Key
) -> None:
    first, _ = await key.pay(1)
    second, second_id = await key.pay(2, ahead=1)
    refused = await destination.submit(second)
    assert isinstance(refused, NotTaken)
    assert await destination.status(second, [second_id]) == Unknown()
    assert await destination.submit(first) == Accepted()
    assert await destination.submit(second) == Accepted()
    assert isinstance(await ended(destination, second, second_id), Final)


async def test_fee_below_the_nodes_price_and_missing_coins__should_wait_with_the_reason(
    destination: CosmosDestination, key: Key
) -> None:
    cheap = await destination.submit((await key.pay(1, fee=0))[0])
    assert isinstance(cheap, NotTaken)
    assert "insufficient fee" in cheap.reason
    poor, poor_id = await key.pay(1, fee=10**12)
    assert isinstance(await destination.submit(poor), NotTaken)
    assert await destination.status(poor, [poor_id]) == Unknown()


async def test_time_out_height__should_prove_the_loss_once_it_has_passed(
    destination: CosmosDestination, key: Key
) -> None:
    signed, tx_id = await key.pay(1, timeout_height=await key.client.height() + 1)
    lost = await ended(destination, signed, tx_id)
    assert isinstance(lost, Rejected)
    assert lost.reason.startswith("timed_out")
    # One that used its sequence is never told to have timed out.
    landed, landed_id = await key.pay(2, timeout_height=await key.client.height() + 50)
    await destination.submit(landed)
    assert isinstance(await ended(destination, landed, landed_id), Final)


async def test_signature_of_another_account_number__should_not_be_taken(
    destination: CosmosDestination, key: Key
) -> None:
    refused = await destination.submit((await key.pay(1, account_number=99))[0])
    assert isinstance(refused, NotTaken)
    assert "account number" in refused.reason


async def test_node_of_another_chain__should_never_be_sent_to(cosmos_node: RunningNode) -> None:
    rpc = JsonRpc(f"http://127.0.0.1:{cosmos_node.rpc_port}")
    foreign = CosmosDestination("cosmos:cosmoshub-4", rpc)
    submission = await foreign.submit(b"")
    assert isinstance(submission, Unreachable)
    assert f"serves {CHAIN}, not cosmos:cosmoshub-4" in submission.reason
    await foreign.close()


async def test_dead_node__should_be_unreachable() -> None:
    dead = CosmosDestination(CHAIN, JsonRpc(f"http://127.0.0.1:{free_port()}"))
    assert isinstance(await dead.submit(b"x"), Unreachable)
    assert isinstance(await dead.status(b"x", ["AA"]), Unreachable)
    await dead.close()
