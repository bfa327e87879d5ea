"""The Cosmos composer against a real ledger node: what it proposes passes the ledger's check."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from relayer.destinations.cosmos.composer import CosmosComposer
from relayer.destinations.cosmos.destination import CosmosDestination
from relayer.news import Accepted, Final
from relayer.settings import ComposerSettings
from tests.relayer.cosmos import CHAIN, LOCAL, RECIPIENT, Key, balance
from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, BOB, FUNDS, NOBODY
from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.node import RunningNode
from zrsign.local.network.ports import free_port
from zrsign_chains import ChainError, Intent
from zrsign_daemon.composing import ComposeTask, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc, NodeUnavailable


def task(
    value: int = 77,
    *,
    to: str = BOB.address,
    cap: int = 1_000,
    sender: Account = ALICE,
    under_way: Mapping[int, bytes] | None = None,
) -> ComposeTask:
    intent = Intent(to, value, b"", cap)
    return ComposeTask(1, CHAIN, sender.address, sender.public_key, intent, under_way or {})


@pytest.fixture
async def rpc(cosmos_node: RunningNode) -> AsyncIterator[JsonRpc]:
    made = JsonRpc(f"http://127.0.0.1:{cosmos_node.rpc_port}")
    yield made
    await made.close()


@pytest.fixture
async def key(cosmos_node: RunningNode) -> AsyncIterator[Key]:
    async with LedgerClient(f"127.0.0.1:{cosmos_node.grpc_port}") as client:
        yield Key(client)


@pytest.fixture
async def composer(rpc: JsonRpc) -> CosmosComposer:
    return CosmosComposer(CHAIN, rpc, ComposerSettings())


async def land(rpc: JsonRpc, key: Key, payload: bytes) -> Final:
    destination = CosmosDestination(CHAIN, rpc)
    raw, tx_id = key.sign(payload)
    assert await destination.submit(raw) == Accepted()

    async def probe() -> Any:
        seen = await destination.status(raw, [tx_id])
        return seen if isinstance(seen, Final) else None

    done: Final = await until(probe, "the block")
    return done


async def test_payment__should_pass_the_ledgers_check_and_land(
    composer: CosmosComposer, rpc: JsonRpc, key: Key
) -> None:
    asked = task()
    payload = await composer.compose(asked)
    tx = LOCAL.parse(payload)
    LOCAL.verify_intent(tx, asked.intent, ALICE.public_key)
    assert tx.charge.coins[0].amount == -(-tx.charge.gas_limit // 10_000)
    assert (await land(rpc, key, payload)).ok
    assert await balance(key.client, BOB.address) == FUNDS + 77
    assert await composer.stale(payload, ALICE.address)
    assert not await composer.stale(await composer.compose(asked), ALICE.address)


async def test_open_compositions__should_hold_their_sequences_and_their_cost(
    composer: CosmosComposer, rpc: JsonRpc, key: Key
) -> None:
    most = FUNDS * 4 // 10
    first = await composer.compose(task(most))
    second = await composer.compose(task(most, under_way={1: first}))
    assert [LOCAL.parse(each).signer.sequence for each in (first, second)] == [0, 1]
    under_way = {1: first, 2: second}
    with pytest.raises(Uncomposable, match=r"insufficient_funds.*under way"):
        await composer.compose(task(most, under_way=under_way))
    assert (await land(rpc, key, first)).ok
    third = await composer.compose(task(1, under_way=under_way))
    assert LOCAL.parse(third).signer.sequence == 2
    # The gap that an ended composition leaves is filled, for sequences have no gaps.
    assert LOCAL.parse(await composer.compose(task(1))).signer.sequence == 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (task(FUNDS), "insufficient_funds"),
        (task(cap=1), "fee_above_cap: .* 1 are allowed"),
        (task(sender=NOBODY), "insufficient_funds: .* holds nothing yet"),
    ],
)
async def test_what_cannot_be_paid__should_be_told_with_figures(
    composer: CosmosComposer, asked: ComposeTask, reason: str
) -> None:
    with pytest.raises(Uncomposable, match=reason):
        await composer.compose(asked)


async def test_gas_above_the_limit__should_be_told(rpc: JsonRpc) -> None:
    tight = CosmosComposer(CHAIN, rpc, ComposerSettings(max_gas=21_001, gas_margin_percent=400))
    with pytest.raises(Uncomposable, match="gas_above_limit"):
        await tight.compose(task())


@pytest.mark.parametrize("to", ["zen1", "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a"])
async def test_bad_recipient__should_be_an_error_of_the_chain(
    composer: CosmosComposer, to: str
) -> None:
    with pytest.raises(ChainError):
        await composer.compose(task(to=to))


async def test_new_recipient__should_be_paid(
    composer: CosmosComposer, rpc: JsonRpc, key: Key
) -> None:
    assert (await land(rpc, key, await composer.compose(task(5, to=RECIPIENT)))).ok
    assert await balance(key.client, RECIPIENT) == 5


async def test_dead_node__should_say_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    dead = CosmosComposer(CHAIN, JsonRpc(url), ComposerSettings())
    with pytest.raises(NodeUnavailable):
        await dead.compose(task())
    await dead.close()
