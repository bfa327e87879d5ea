"""Several Direct answers in one call, on a real Anvil: cheaper, and each with an end of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.signers.local import LocalAccount

from relayer.destinations.evm import contract as relayed
from relayer.destinations.evm.answers import AT_ONCE
from relayer.destinations.evm.fees import market
from relayer.outbox import Outbox
from relayer.stages import OutboxItem, Stage
from relayer.worker import ChainWorker
from tests.relayer.nodes import ROOT, landed
from tests.relayer.test_answers import CHAIN, LIMITS, OWNER, Road
from tests.relayer.test_answers import road as road
from tests.relayer.test_answers import source_url as source_url
from tests.waiting import until
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import EVM, chain_hash, contract_abi
from zrsign_chains.contract_abi import call_data

DEPLOYER: LocalAccount = EthAccount.from_key(b"\x99" * 32)


async def waiting(road: Road, outbox: Outbox, count: int) -> list[OutboxItem]:
    """A wallet, and as many signatures by it that wait for their delivery."""
    await landed(road.worker(outbox, await road.account(9)), await road.key_answer())
    items = [await road.hash_answer(trace_id) for trace_id in range(count)]
    for item in items:
        await outbox.add(item)
    return items


async def ended(worker: ChainWorker, outbox: Outbox, items: Sequence[OutboxItem]) -> list[Any]:
    """The items once none of them is on its way."""

    async def passed() -> list[OutboxItem] | None:
        await worker.tick()
        found = await stored(outbox, items)
        return found if all(item.stage in (Stage.DONE, Stage.FAILED) for item in found) else None

    return list(await until(passed, "the end of every answer"))


async def stored(outbox: Outbox, items: Sequence[OutboxItem]) -> list[OutboxItem]:
    found = [await outbox.get(item.key) for item in items]
    return [item for item in found if item is not None]


async def gas(road: Road, tx_id: str) -> int:
    receipt = await road.rpc.call("eth_getTransactionReceipt", tx_id)
    assert receipt["status"] == "0x1"
    return int(receipt["gasUsed"], 16)


async def sent(road: Road, account: LocalAccount) -> int:
    return int(await road.rpc.call("eth_getTransactionCount", account.address, "latest"), 16)


async def hurried(road: Road, sender: LocalAccount, data: bytes) -> None:
    """A call that the next block runs before whatever waits in the pool."""
    nonce = int(await road.rpc.call("eth_getTransactionCount", sender.address, "latest"), 16)
    fields: dict[str, Any] = {
        "to": road.contract,
        "data": data,
        "nonce": nonce,
        "chainId": 31337,
        "value": 0,
        "gas": 200_000,
        "maxFeePerGas": 10**12,
        "maxPriorityFeePerGas": 5 * 10**9,
        "type": 2,
    }
    raw = sender.sign_transaction(fields).raw_transaction
    await road.rpc.call("eth_sendRawTransaction", "0x" + bytes(raw).hex())


async def test_waiting_answers__should_share_a_transaction_for_a_fifth_less_gas(
    road: Road, outbox: Outbox
) -> None:
    items = await waiting(road, outbox, AT_ONCE + 1)
    account = await road.account(1)
    done = await ended(road.worker(outbox, account), outbox, items)
    assert {item.stage for item in done} == {Stage.DONE}
    together, alone = sorted({item.tx_id for item in done}, key=[i.tx_id for i in done].count)[::-1]
    assert [item.tx_id for item in done].count(together) == AT_ONCE
    assert await gas(road, together) / AT_ONCE <= 0.8 * await gas(road, alone)
    assert await sent(road, account) == 2
    assert await outbox.reservations(CHAIN, account.address) == []


async def test_refused_answer__should_wait_alone(road: Road, outbox: Outbox) -> None:
    items = await waiting(road, outbox, 4)
    forged = receiver.Request.FromString(items[1].content)
    forged.answer.authority_signature = receiver.Request.FromString(
        items[2].content
    ).answer.authority_signature
    bad = replace(items[1], content=forged.SerializeToString(deterministic=True))
    assert await outbox.renew(bad.key, bad.content)
    account = await road.account(1)
    good = [items[0], *items[2:]]
    done = await ended(road.worker(outbox, account), outbox, good)
    assert {item.stage for item in done} == {Stage.DONE}
    assert len({item.tx_id for item in done}) == 1
    (held,) = await stored(outbox, [bad])
    assert held.stage is Stage.BUILDING
    assert "refused_by_contract" in held.reason
    assert await sent(road, account) == 1


async def test_request_taken_back__should_end_its_own_answer_only(
    road: Road, outbox: Outbox
) -> None:
    items = await waiting(road, outbox, 3)
    worker = road.worker(outbox, await road.account(1))
    await road.rpc.call("evm_increaseTime", 86_401)
    await road.rpc.call("evm_mine")
    await road.rpc.call("evm_setAutomine", False)
    await worker.tick()
    where = {"walletTypeId": EVM.id, "dstChainId": chain_hash(CHAIN), "payload": b"\x77" * 32}
    asked = contract_abi.function("requestContext").call_data(OWNER.address, where, 0)
    query = {"to": road.contract, "data": "0x" + asked.hex()}
    context = bytes.fromhex((await road.rpc.call("eth_call", query, "latest"))[2:])
    await hurried(road, OWNER, call_data("cancelRequest", 1, False, context))
    await road.rpc.call("evm_mine")
    first, second, third = await ended(worker, outbox, items)
    assert (first.stage, second.stage, third.stage) == (Stage.DONE, Stage.FAILED, Stage.DONE)
    assert "left_out" in second.reason
    assert first.tx_id == second.tx_id == third.tx_id


async def test_answer_of_another_relayer__should_be_left_out_and_known(
    road: Road, outbox: Outbox, tmp_path: Path
) -> None:
    items = await waiting(road, outbox, 3)
    worker = road.worker(outbox, await road.account(1))
    await road.rpc.call("evm_setAutomine", False)
    await worker.tick()
    other = await road.account(2)
    answer = receiver.Request.FromString(items[2].content).answer
    await hurried(road, other, relayed.answer_call(answer))
    await road.rpc.call("evm_mine")
    first, second, third = await ended(worker, outbox, items)
    assert {item.stage for item in (first, second, third)} == {Stage.DONE}
    assert first.tx_id == second.tx_id != third.tx_id
    receipt = await road.rpc.call("eth_getTransactionReceipt", third.tx_id)
    assert receipt["from"].lower() == other.address.lower()


async def test_reverted_call__should_send_each_alone(road: Road, outbox: Outbox) -> None:
    items = await waiting(road, outbox, 3)
    account = await road.account(1)
    times = iter(range(1000, 100_000, 60))
    worker = road.worker(outbox, account, now=lambda: float(next(times)))
    await road.rpc.call("evm_setAutomine", False)
    await worker.tick()
    await hurried(road, DEPLOYER, call_data("pause"))
    await road.rpc.call("evm_mine")
    await worker.tick()
    held = await stored(outbox, items)
    assert {item.stage for item in held} == {Stage.BUILDING}
    await road.rpc.call("evm_setAutomine", True)
    await hurried(road, DEPLOYER, call_data("unpause"))
    done = await ended(worker, outbox, items)
    assert {item.stage for item in done} == {Stage.DONE}
    assert len({item.tx_id for item in done}) == 3
    assert await sent(road, account) == 4


async def test_stuck_call__should_be_replaced_once_for_all(road: Road, outbox: Outbox) -> None:
    items = await waiting(road, outbox, 3)
    account = await road.account(1)
    now = [1000.0]
    worker = road.worker(outbox, account, now=lambda: now[0])
    await road.rpc.call("evm_setAutomine", False)
    await worker.tick()
    await worker.tick()
    now[0] += LIMITS.replace_after_s + 1
    await worker.tick()
    await worker.tick()
    replaced = await stored(outbox, items)
    assert {len(item.tx_ids) for item in replaced} == {2}
    assert len({item.tx_id for item in replaced}) == 1
    await road.rpc.call("evm_mine")
    done = await ended(worker, outbox, items)
    assert [(item.stage, item.tx_id) for item in done] == [(Stage.DONE, replaced[0].tx_id)] * 3
    assert await sent(road, account) == 1


async def test_relayer_that_dies_before_it_sends__should_send_the_same_call(
    road: Road, outbox: Outbox
) -> None:
    items = await waiting(road, outbox, 3)
    account = await road.account(1)
    worker = road.worker(outbox, account)

    class Killed(BaseException):
        pass

    async def submit(signed: bytes) -> None:
        raise Killed

    worker._destination.submit = submit  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        await worker.tick()
    kept = await stored(outbox, items)
    assert {item.stage for item in kept} == {Stage.INCLUSION}
    assert len({item.signed for item in kept}) == 1
    done = await ended(road.worker(outbox, account), outbox, items)
    assert [(item.stage, item.tx_id) for item in done] == [(Stage.DONE, kept[0].tx_id)] * 3
    assert await sent(road, account) == 1


async def test_poor_account__should_send_what_it_can_pay(road: Road, outbox: Outbox) -> None:
    items = await waiting(road, outbox, 4)
    await road.rpc.call("evm_setAutomine", False)
    fees = (await market(road.rpc)).fees
    account = await road.account(1, wei=600_000 * fees.max_fee)
    await road.worker(outbox, account).tick()
    kept = await stored(outbox, items)
    assert sorted(Counter(item.tx_id for item in kept).values()) == [2, 2]


async def test_bare_contract__should_get_each_answer_alone(road: Road, outbox: Outbox) -> None:
    """It pays little for a batch."""
    await road.send(DEPLOYER, call_data("configureSafety", (16, 0, 0, 0, 0)))
    items = await waiting(road, outbox, 2)
    done = await ended(road.worker(outbox, await road.account(1)), outbox, items)
    assert len({item.tx_id for item in done}) == 2


async def test_long_answer__should_have_the_gas_that_its_request_paid_for(
    road: Road, outbox: Outbox
) -> None:
    worker = road.worker(outbox, await road.account(1))
    await landed(worker, await road.key_answer())
    item = await road.transaction_answer(trace_id=0, data=b"\x11" * 12_000)
    done = await landed(worker, item)
    assert done.stage is Stage.DONE, done.reason
    assert await gas(road, done.tx_id) > 250_000


def test_gas_of_an_answer__should_be_the_figures_of_the_contract() -> None:
    source = (ROOT / "contracts" / "src" / "ZrSignBase.sol").read_text(encoding="utf-8")
    source += (ROOT / "contracts" / "src" / "libraries" / "Strictness.sol").read_text()
    names = ("STORE_GAS", "CALLBACK_GAS", "CALLBACK_CALL_GAS", "FLOOR_GAS", "COVERED_LENGTH")
    for name in (*names, "DELIVERY_STORE", "DELIVERY_CALLBACK", "REFUND"):
        written = source.partition(f" constant {name} = ")[2].partition(";")[0]
        assert int(written.replace("_", "")) == getattr(relayed, name), name
