"""The EVM adapter against a real Anvil."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from relayer.destinations.evm.destination import EvmDestination, slot
from relayer.errors import Unbuildable
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Unknown,
    Unreachable,
)
from relayer.outbox import Outbox
from relayer.stages import Bounds, ItemKey, ItemKind, OutboxItem, Stage
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.relayer.nodes import landed
from tests.waiting import until
from zrsign.local.network.ports import free_port
from zrsign_daemon.jsonrpc import JsonRpc

CHAIN = "eip155:31338"
KEY = Account.from_key(b"\x11" * 32)
OTHER = "0x" + "22" * 20


def signed(**fields: Any) -> tuple[bytes, str]:
    defaults = {
        "type": 2,
        "chainId": 31338,
        "nonce": 0,
        "to": OTHER,
        "value": 10**15,
        "gas": 21_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "data": b"",
    }
    done = KEY.sign_transaction(defaults | fields)
    return bytes(done.raw_transaction), "0x" + bytes(done.hash).hex()


@pytest.fixture
async def funded(anvil: JsonRpc) -> JsonRpc:
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    return anvil


async def mined(destination: EvmDestination, raw: bytes, tx_id: str) -> Status:
    """The status once it is not pending; Anvil mines a moment after it takes a transaction."""

    async def probe() -> Status | None:
        seen = await destination.status(raw, [tx_id])
        return None if seen == Pending() else seen

    seen: Status = await until(probe, "a block with the transaction")
    return seen


async def test_transfer__should_be_confirmed_and_its_second_sending_known(funded: JsonRpc) -> None:
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, funded, settled=0)
    assert await destination.status(raw, [tx_id]) == Unknown()
    assert await destination.submit(raw) == Accepted()
    done = await mined(destination, raw, tx_id)
    assert isinstance(done, Final)
    assert done.ok
    again = await destination.submit(raw)
    assert again == Accepted(known=True) or isinstance(again, NotTaken)
    assert isinstance(await destination.status(raw, [tx_id]), Final)


async def test_pending_transfer__should_be_known_when_sent_twice(funded: JsonRpc) -> None:
    await funded.call("evm_setAutomine", False)
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, funded, settled=0)
    assert await destination.submit(raw) == Accepted()
    assert await destination.submit(raw) == Accepted(known=True)
    assert await destination.status(raw, [tx_id]) == Pending()


async def test_finality__should_count_the_blocks_on_top(
    funded: JsonRpc,
) -> None:
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, funded, finality=2, settled=2)
    await destination.submit(raw)
    seen = await mined(destination, raw, tx_id)
    assert isinstance(seen, Included)
    await funded.call("anvil_mine", "0x2")
    assert isinstance(await destination.status(raw, [tx_id]), Final)


async def test_finality_in_the_nodes_word__should_be_the_nodes_to_say(funded: JsonRpc) -> None:
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, funded, finality="finalized")
    await destination.submit(raw)
    seen = await mined(destination, raw, tx_id)
    assert isinstance(seen, Included)
    # Anvil calls a block final that two epochs of 32 slots lie above.
    await funded.call("anvil_mine", "0x40")
    assert isinstance(await destination.status(raw, [tx_id]), Final)


async def test_reverted_transaction__should_be_final_and_not_ok(funded: JsonRpc) -> None:
    # PUSH0 PUSH0 REVERT
    await funded.call("anvil_setCode", OTHER, "0x5f5ffd")
    raw, tx_id = signed(gas=100_000)
    destination = EvmDestination(CHAIN, funded, settled=0)
    await destination.submit(raw)
    done = await mined(destination, raw, tx_id)
    assert isinstance(done, Final)
    assert not done.ok
    assert done.reason.startswith("reverted")


async def test_nonce_of_another_transaction__should_reject_as_lost(funded: JsonRpc) -> None:
    destination = EvmDestination(CHAIN, funded, settled=0)
    first, first_id = signed(value=1)
    await destination.submit(first)
    await mined(destination, first, first_id)
    raw, tx_id = signed(value=2)
    refused = await destination.submit(raw)
    assert isinstance(refused, NotTaken)
    assert "nonce too low" in refused.reason
    lost = await destination.status(raw, [tx_id])
    assert isinstance(lost, Rejected)
    assert lost.nonce_lost
    assert first_id in lost.reason


async def test_empty_account__should_wait_and_land_once_it_is_funded(anvil: JsonRpc) -> None:
    await anvil.call("anvil_setBalance", KEY.address, "0x0")
    destination = EvmDestination(CHAIN, anvil, settled=0)
    raw, tx_id = signed()
    refused = await destination.submit(raw)
    assert isinstance(refused, NotTaken)
    assert "nsufficient funds" in refused.reason
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    assert await destination.submit(raw) == Accepted()
    assert isinstance(await mined(destination, raw, tx_id), Final)


async def test_evicted_transaction__should_be_unknown_and_accepted_again(funded: JsonRpc) -> None:
    await funded.call("evm_setAutomine", False)
    raw, tx_id = signed()
    destination = EvmDestination(CHAIN, funded, settled=0)
    await destination.submit(raw)
    await funded.call("anvil_dropTransaction", tx_id)
    assert await destination.status(raw, [tx_id]) == Unknown()
    assert await destination.submit(raw) == Accepted()


async def test_dead_node__should_be_unreachable() -> None:
    rpc = JsonRpc(f"http://127.0.0.1:{free_port()}")
    destination = EvmDestination(CHAIN, rpc, settled=0)
    raw, tx_id = signed()
    assert isinstance(await destination.submit(raw), Unreachable)
    assert isinstance(await destination.status(raw, [tx_id]), Unreachable)
    await destination.close()


async def test_node_of_another_chain__should_never_be_sent_to(funded: JsonRpc) -> None:
    wrong = EvmDestination("eip155:1", funded)
    seen = await wrong.submit(signed()[0])
    assert isinstance(seen, Unreachable)
    assert "eip155:31338" in seen.reason


async def test_worker__should_take_a_stored_transfer_to_done_and_two_workers_do_no_harm(
    funded: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    raw, tx_id = signed()
    item = OutboxItem(
        ItemKey("str/1"), ItemKind.TRANSACTION, CHAIN, b"", Stage.INCLUSION, raw, tx_ids=(tx_id,)
    )
    await outbox.add(item)
    workers = [
        ChainWorker(
            EvmDestination(CHAIN, funded, settled=0),
            {ItemKind.TRANSACTION: TransactionBuilder()},
            outbox,
            bounds,
            lambda: 100.0,
        )
        for _ in range(2)
    ]
    first, second = [await landed(worker, item) for worker in workers]
    assert first.stage is Stage.DONE
    assert second.stage is Stage.DONE
    assert int(await funded.call("eth_getTransactionCount", KEY.address, "latest"), 16) == 1


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\xc0", b"\xff" * 40, bytes.fromhex("02c0")])
def test_slot__should_refuse_bytes_that_are_no_signed_transaction(raw: bytes) -> None:
    with pytest.raises(Unbuildable):
        slot(raw)


def test_slot__should_read_sender_and_nonce() -> None:
    raw, _ = signed(nonce=300)
    assert (slot(raw).sender, slot(raw).nonce) == (KEY.address, 300)
