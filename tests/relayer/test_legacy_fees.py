"""Chains without EIP-1559: an Anvil of the Berlin fork, whose blocks have no base fee."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from relayer.destinations.evm.composer import EvmComposer
from relayer.destinations.evm.destination import EvmDestination
from relayer.settings import ComposerSettings
from tests.relayer.nodes import evm_node
from tests.relayer.test_evm_composer import (
    CHAIN,
    ETHER,
    PUBLIC_KEY,
    RECIPIENT,
    RULES,
    SECRET,
    SENDER,
    send,
    submit,
    task,
)
from tests.waiting import until
from zrsign.local.chaos.liar import lying
from zrsign_chains.evm import EvmTx
from zrsign_chains.evm_transactions import LEGACY
from zrsign_daemon.composing import Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc


@pytest.fixture(scope="module")
def berlin_url() -> Iterator[str]:
    with evm_node("--hardfork", "berlin") as url:
        yield url


@pytest.fixture
async def berlin(berlin_url: str) -> AsyncIterator[JsonRpc]:
    rpc = JsonRpc(berlin_url)
    assert (await rpc.call("eth_getBlockByNumber", "latest", False)).get("baseFeePerGas") is None
    await rpc.call("anvil_setBalance", SENDER, hex(10 * ETHER))
    yield rpc
    await rpc.call("evm_setAutomine", True)
    await rpc.close()


def parsed(payload: bytes) -> EvmTx:
    tx = RULES.parse(payload)
    RULES.verify_intent(tx, task().intent, PUBLIC_KEY)
    return tx


async def test_payment__should_be_legacy_and_land(berlin: JsonRpc) -> None:
    before = int(await berlin.call("eth_getBalance", RECIPIENT, "latest"), 16)
    payload = await EvmComposer(CHAIN, berlin, ComposerSettings()).compose(task())
    tx = parsed(payload)
    assert (tx.kind, tx.gas_price) == (LEGACY, int(await berlin.call("eth_gasPrice"), 16))
    assert (await send(berlin, payload))["status"] == "0x1"
    paid = int(await berlin.call("eth_getBalance", RECIPIENT, "latest"), 16) - before
    assert paid == ETHER


async def test_stuck_payment__should_be_replaced_at_the_price_of_others(
    berlin: JsonRpc, berlin_url: str
) -> None:
    composer = EvmComposer(CHAIN, berlin, ComposerSettings())
    await berlin.call("evm_setAutomine", False)
    first = await composer.compose(task())
    first_id = await submit(berlin, first)
    assert await composer.outbid(task(), first) is None
    price = 3 * parsed(first).gas_price
    async with lying(berlin_url) as liar:
        liar.lies["eth_gasPrice"] = lambda *_: hex(price)
        dear = EvmComposer(CHAIN, JsonRpc(liar.url), ComposerSettings())
        second = await dear.outbid(task(), first)
        assert second is not None
        cap = parsed(first).max_fee
        with pytest.raises(Uncomposable, match="fee_above_cap"):
            await dear.outbid(task(cap=cap), first)
        await dear.close()
    RULES.verify_replacement(parsed(first), parsed(second))
    assert (parsed(second).kind, parsed(second).gas_price) == (LEGACY, price)
    second_id = await submit(berlin, second)
    await berlin.call("evm_mine")
    receipt = await until(lambda: berlin.call("eth_getTransactionReceipt", second_id), "a receipt")
    assert receipt["status"] == "0x1"
    assert await berlin.call("eth_getTransactionReceipt", first_id) is None


async def test_type_of_a_transaction__should_not_change_when_it_is_replaced(
    berlin: JsonRpc,
) -> None:
    """A chain may get a base fee meanwhile; only the fee differs from what was approved."""
    payload = await EvmComposer(CHAIN, berlin, ComposerSettings()).compose(task())
    typed = replace(parsed(payload), kind=2)
    with pytest.raises(Exception, match="more than the fee differs"):
        RULES.verify_replacement(parsed(payload), typed)


async def test_destination__should_find_it_and_prove_its_loss(berlin: JsonRpc) -> None:
    destination = EvmDestination(CHAIN, berlin, settled=0)
    composer = EvmComposer(CHAIN, berlin, ComposerSettings())
    payload = await composer.compose(task())
    tx = parsed(payload)
    signature = SECRET.sign_recoverable(RULES.sighashes(tx)[0], hasher=None)
    signed = RULES.assemble(tx, [signature], [PUBLIC_KEY])
    await send(berlin, await composer.compose(task(1)))
    lost = await destination.status(signed, [RULES.transaction_id(signed)])
    assert "nonce_used" in getattr(lost, "reason", "")
