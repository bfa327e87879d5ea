"""A delivery fails only by proof: on real nodes, behind a proxy that answers as bad nodes do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from relayer.destinations import Builder
from relayer.destinations.evm.destination import EvmDestination
from relayer.destinations.solana.destination import EXPIRY_BLOCKS, SolanaDestination
from relayer.news import Accepted, Final, Included, NotTaken, Rejected, Stranded, Unknown
from relayer.outbox import Outbox
from relayer.stages import Bounds, ItemKey, ItemKind, OutboxItem, Reported, Stage, owed
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.relayer.nodes import landed
from tests.relayer.test_evm_destination import CHAIN, KEY, mined, signed
from tests.relayer.test_solana_destination import LOCALNET, funded, latest, transfer
from tests.waiting import until
from zrsign.local.chaos.liar import Liar, lying
from zrsign_daemon.jsonrpc import JsonRpc


@pytest.fixture
async def liar(anvil_url: str) -> AsyncIterator[Liar]:
    async with lying(anvil_url) as made:
        yield made


@pytest.fixture
async def lied_to(liar: Liar, anvil: JsonRpc) -> AsyncIterator[JsonRpc]:
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    rpc = JsonRpc(liar.url)
    yield rpc
    await rpc.close()


def item(raw: bytes, tx_id: str, number: int = 1) -> OutboxItem:
    key = ItemKey(f"str/{number}")
    return OutboxItem(key, ItemKind.TRANSACTION, CHAIN, b"", Stage.INCLUSION, raw, (tx_id,))


def worker(rpc: JsonRpc, outbox: Outbox, bounds: Bounds, **depths: Any) -> ChainWorker:
    builders: dict[ItemKind, Builder] = {ItemKind.TRANSACTION: TransactionBuilder()}
    destination = EvmDestination(CHAIN, rpc, **depths)
    bounds = replace(bounds, delay_s=lambda _: 0.0, watch_s=0.0)
    return ChainWorker(destination, builders, outbox, bounds, lambda: 100.0)


REFUSALS = [
    "insufficient funds for gas * price + value: balance 0",
    "max fee per gas less than block base fee: maxFeePerGas: 1 baseFee: 2",
    "exceeds block gas limit",
    "transaction type not supported",
    "invalid chain id for signer: have 31338 want 1",
    "gas required exceeds allowance",
    "sender not an eoa",
    "a text\0with a zero byte and half a pair \ud800",
]


@pytest.mark.parametrize("text", REFUSALS)
async def test_refusal__should_be_waited_out_and_the_transaction_land(
    liar: Liar, lied_to: JsonRpc, outbox: Outbox, bounds: Bounds, text: str
) -> None:
    liar.errors["eth_sendRawTransaction"] = {"code": -32000, "message": text}
    road = worker(lied_to, outbox, bounds, settled=0)
    waiting = item(*signed())
    await outbox.add(waiting)
    for _ in range(70):
        await road.tick()
    stored = await outbox.get(waiting.key)
    assert stored is not None
    assert stored.stage is Stage.INCLUSION
    assert stored.reason.startswith(text[:6])
    liar.errors.clear()
    assert (await landed(road, stored)).stage is Stage.DONE


async def test_null_receipts_of_one_backend__should_not_lose_what_landed(
    liar: Liar, lied_to: JsonRpc, anvil: JsonRpc
) -> None:
    """A lagging backend answers null while another already counts the nonce."""
    raw, tx_id = signed()
    honest = EvmDestination(CHAIN, anvil, settled=0)
    await honest.submit(raw)
    await mined(honest, raw, tx_id)
    for method in ("eth_getTransactionReceipt", "eth_getTransactionByHash"):
        liar.lies[method] = lambda params, result: None
    for _ in range(3):
        seen = await EvmDestination(CHAIN, lied_to, settled=0).status(raw, [tx_id])
        assert isinstance(seen, Included), seen
    liar.lies.clear()
    assert isinstance(await EvmDestination(CHAIN, lied_to, settled=0).status(raw, [tx_id]), Final)


async def test_nonce_of_another__should_be_proven_by_a_final_block(anvil: JsonRpc) -> None:
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    destination = EvmDestination(CHAIN, anvil, settled=3)
    rival, rival_id = signed(value=1)
    await destination.submit(rival)
    await mined(destination, rival, rival_id)
    raw, tx_id = signed(value=2)
    assert isinstance(await destination.status(raw, [tx_id]), Stranded)
    await anvil.call("anvil_mine", "0x10")
    lost = await destination.status(raw, [tx_id])
    assert isinstance(lost, Rejected)
    assert rival_id in lost.reason


async def test_node_without_old_states__should_prove_nothing(
    liar: Liar, lied_to: JsonRpc, anvil: JsonRpc
) -> None:
    destination = EvmDestination(CHAIN, lied_to, settled=0)
    rival, rival_id = signed(value=1)
    await destination.submit(rival)
    await mined(destination, rival, rival_id)
    raw, tx_id = signed(value=2)

    def latest_only(params: list[Any], result: Any) -> Any:
        return result if params[1] == "latest" else "none"

    liar.lies["eth_getTransactionCount"] = latest_only
    with pytest.raises(ValueError, match="none"):
        await destination.status(raw, [tx_id])
    liar.lies.clear()
    assert isinstance(await destination.status(raw, [tx_id]), Rejected)


@pytest.mark.parametrize("odd", [{}, {"status": None}, {"status": "0x1", "blockHash": "0x00"}])
async def test_odd_receipt__should_be_no_end(liar: Liar, lied_to: JsonRpc, odd: Any) -> None:
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, lied_to, settled=0)
    await destination.submit(raw)
    await mined(destination, raw, tx_id)

    def receipt(params: list[Any], result: Any) -> Any:
        return {key: value for key, value in result.items() if key != "status"} | odd

    liar.lies["eth_getTransactionReceipt"] = receipt
    seen = await destination.status(raw, [tx_id])
    assert isinstance(seen, Included)
    assert seen.reason.startswith("odd_receipt")
    liar.lies.clear()
    assert isinstance(await destination.status(raw, [tx_id]), Final)


async def test_senseless_answer__should_stop_its_own_item_only(
    liar: Liar, lied_to: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    road = worker(lied_to, outbox, bounds, settled=0)
    odd, good = item(*signed(nonce=1), 1), item(*signed(nonce=0), 2)
    for each in (odd, good):
        await outbox.add(each)

    def receipt(params: list[Any], result: Any) -> Any:
        return ["no receipt"] if params[0] == odd.tx_id else result

    liar.lies["eth_getTransactionReceipt"] = receipt

    async def good_is_done() -> bool:
        await road.tick()
        stored = await outbox.get(good.key)
        return stored is not None and stored.stage is Stage.DONE

    await until(good_is_done, "the end of the other item")
    assert road.fault is not None
    assert odd.key in road.fault
    liar.lies.clear()
    assert (await landed(road, odd)).stage is Stage.DONE
    await road.tick()
    assert road.fault is None


async def test_confirmed_transfer__should_be_sent_again_after_a_reorganisation(
    anvil: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    road = worker(anvil, outbox, bounds, settled=3)
    confirmed = await landed(road, item(*signed()))
    assert owed(confirmed) is Reported.CONFIRMED
    await anvil.call("evm_setAutomine", False)
    await anvil.call("anvil_reorg", 1, [])
    again = await road.advance(confirmed)
    assert owed(again) is Reported.SUBMITTED
    await anvil.call("evm_setAutomine", True)
    await anvil.call("evm_mine")
    back = await landed(road, again)
    assert back.stage is Stage.CONFIRMED
    await anvil.call("anvil_mine", "0x3")
    assert (await road.advance(back)).stage is Stage.DONE


async def test_backend_behind_the_block__should_not_look_like_a_reorganisation(
    liar: Liar, lied_to: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    road = worker(lied_to, outbox, bounds, settled=3)
    confirmed = await landed(road, item(*signed()))
    liar.lies["eth_getTransactionReceipt"] = lambda params, result: None
    liar.lies["eth_getTransactionByHash"] = lambda params, result: None
    liar.lies["eth_blockNumber"] = lambda params, result: hex(confirmed.height - 1)
    behind = await road.advance(confirmed)
    assert behind.stage is Stage.CONFIRMED
    assert "is behind" in behind.reason


async def test_nonce_gap__should_be_told_with_its_remedy_until_it_is_filled(
    lied_to: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    road = worker(lied_to, outbox, bounds, settled=0)
    waiting = await road.advance(item(*signed(nonce=1)))
    assert waiting.stage is Stage.INCLUSION
    assert waiting.reason.startswith(f"nonce_gap: nonce 1 of {KEY.address} waits until nonce 0")
    assert (await landed(road, item(*signed(nonce=0), 2))).stage is Stage.DONE
    assert (await landed(road, waiting)).stage is Stage.DONE


async def test_blockhash__should_be_expired_only_on_a_node_that_had_it(
    surfnet: JsonRpc, surfnet_url: str
) -> None:
    """A node that lags has never heard of a fresh blockhash, and says the same as of an old one."""
    raw, tx_id = transfer(await funded(surfnet), await latest(surfnet))
    height = {"now": 1_000}
    async with lying(surfnet_url) as liar:
        rpc = JsonRpc(liar.url)
        liar.lies["isBlockhashValid"] = lambda params, result: {"value": False}
        liar.lies["getBlockHeight"] = lambda params, result: height["now"]
        destination = SolanaDestination(LOCALNET, rpc)
        first = await destination.status(raw, [tx_id])
        assert isinstance(first, Unknown)
        assert first.height == 1_000
        height["now"] += EXPIRY_BLOCKS
        assert await destination.status(raw, [tx_id], since=1_000) == Unknown()
        liar.lies.clear()
        assert await destination.submit(raw) == Accepted()
        await rpc.close()


async def test_refusal_of_preflight__should_be_no_end(surfnet: JsonRpc) -> None:
    raw, _ = transfer(await funded(surfnet), await latest(surfnet), 100 * 10**9)
    assert isinstance(await SolanaDestination(LOCALNET, surfnet).submit(raw), NotTaken)
