"""The whole relayer over the real ledger modules and real nodes: intake, composers, reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from prometheus_client import REGISTRY

from relayer.intake import Intake, transaction_item
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.service import IDLE_S, Relayer
from relayer.settings import RelayerSettings
from relayer.stages import Stage
from tests.relayer.road import InProcessClient, client
from tests.waiting import until
from tests.zrsign_receiver.world import COMPOSER, EVM_CHAIN, RELAYER, SOURCE_CHAIN, World
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.local.network.ports import free_port
from zrsign_chains import EVM, Intent
from zrsign_chains.evm import EvmChain
from zrsign_chains.simple_tx import SimpleTx, encode
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.loops import run_all

RULES = EvmChain(EVM_CHAIN)
ETHER = 10**18
RECIPIENT = RULES.address(PrivateKey(b"\x41" * 32).public_key.format())


def settings(tmp_path: Path, chains: dict[str, str], **more: Any) -> RelayerSettings:
    targets: dict[str, dict[str, Any]] = {
        chain: {"rpc_url": url, "poll_interval_s": 0.05} for chain, url in chains.items()
    }
    for chain, target in targets.items():
        target.update({"settled": 0} if chain.startswith("eip155:") else {})
    ledger = {"grpc": "in-process", "key_file": str(tmp_path / "key")}
    return RelayerSettings(ledger=ledger, destinations=targets, poll_interval_s=0.05, **more)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    made = World()
    params = receiver.Params()
    params.CopyFrom(
        made.query("Params", receiver.QueryParamsRequest(), receiver.QueryParamsResponse).params
    )
    # One account relays and composes.
    params.composers[:] = [RELAYER.address]
    made.send(receiver.MsgUpdateParams(authority=params.authority, params=params))
    return made


@asynccontextmanager
async def running(
    config: RelayerSettings,
    world: World,
    outbox: Outbox,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Relayer]:
    relayer = Relayer(config, client(world, RELAYER), outbox, clock)
    stop = asyncio.Event()
    task = asyncio.create_task(run_all([*relayer.loops, relayer.watching], stop))
    try:
        yield relayer
    finally:
        stop.set()
        await task
        await relayer.close()


def status_is(world: World, request_id: int, status: receiver.RequestStatus) -> Any:
    async def probe() -> receiver.Request | None:
        world.fulfil()
        request = world.request(request_id)
        return request if request.status == status else None

    return probe


def simple(world: World, value: int = ETHER, to: str = RECIPIENT, data: bytes = b"") -> int:
    event = world.sign_event(
        receiver.REQUEST_KIND_SIMPLE_TX, encode(SimpleTx(to, value, data)), broadcast=True
    )
    return world.report(event)[0]


async def test_simple_transactions__should_go_from_composition_to_confirmation(
    anvil: JsonRpc, anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    dead = f"http://127.0.0.1:{free_port()}"
    config = settings(tmp_path, {EVM_CHAIN: anvil_url, SOURCE_CHAIN: dead})
    ids = [simple(world) for _ in range(3)]
    async with running(config, world, outbox):
        for request_id in ids:
            probe = status_is(world, request_id, receiver.REQUEST_STATUS_CONFIRMED)
            request = await until(probe, f"request {request_id}")
            receipt = await anvil.call("eth_getTransactionReceipt", request.deliveries[0].tx_id)
            assert receipt["status"] == "0x1"
    balance = int(await anvil.call("eth_getBalance", RECIPIENT, "latest"), 16)
    assert balance == 3 * ETHER


async def test_idle_relayer__should_ask_nothing_until_the_ledger_has_news(
    anvil: JsonRpc, anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    """Every loop waits for its event; the pauses of the settings are for a ledger that is mute."""
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    async with running(settings(tmp_path, {EVM_CHAIN: anvil_url}), world, outbox) as relayer:
        await until(settled(relayer), "loops that are all at rest")
        request_id = simple(world)
        probe = status_is(world, request_id, receiver.REQUEST_STATUS_CONFIRMED)
        await until(probe, "the confirmation")


def settled(relayer: Relayer) -> Any:
    async def probe() -> bool:
        return all(loop.pause_s >= IDLE_S for loop in relayer.loops)

    return probe


async def test_amount_above_balance__should_be_rejected_with_figures_after_the_grace(
    anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    world.wallet(wallet=EVM)
    config = settings(tmp_path, {EVM_CHAIN: anvil_url}, composer={"grace_s": 0.0})
    request_id = simple(world, 5 * ETHER)
    async with running(config, world, outbox):
        probe = status_is(world, request_id, receiver.REQUEST_STATUS_REJECTED)
        request = await until(probe, "the rejection")
    assert "insufficient_funds" in request.reject_reason
    assert str(5 * ETHER) in request.reject_reason


async def test_poor_key__should_be_served_once_it_is_funded(
    anvil: JsonRpc, anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    wallet = world.wallet(wallet=EVM)
    # The world's blocks carry no wall-clock time, so the grace is longer than its age.
    config = settings(tmp_path, {EVM_CHAIN: anvil_url}, composer={"grace_s": 1e12})
    request_id = simple(world)
    waits = rises("waiting")
    async with running(config, world, outbox):
        await until(waits, "a pass of the composer")
        assert world.request(request_id).status == receiver.REQUEST_STATUS_COMPOSING
        await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
        probe = status_is(world, request_id, receiver.REQUEST_STATUS_CONFIRMED)
        await until(probe, "the confirmation")


def rises(outcome: str) -> Any:
    """The composer counts one more of an outcome."""
    labels = {"namespace": "eip155", "outcome": outcome}

    def count() -> float:
        return REGISTRY.get_sample_value("zrsign_relayer_compositions_total", labels) or 0.0

    before = count()

    async def probe() -> bool:
        return count() > before

    return probe


async def test_reverted_transaction__should_be_reported_failed_with_its_reason(
    anvil: JsonRpc, anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    await anvil.call("anvil_setCode", RECIPIENT, "0x5f5ffd")
    payload = RULES.compose(
        Intent(RECIPIENT, 0, b"", 10**18), nonce=0, gas=90_000, max_fee=10**10, priority_fee=10**9
    )
    event = world.sign_event(receiver.REQUEST_KIND_TX, payload, broadcast=True)
    (request_id,) = world.report(event)
    async with running(settings(tmp_path, {EVM_CHAIN: anvil_url}), world, outbox):
        probe = status_is(world, request_id, receiver.REQUEST_STATUS_REJECTED)
        request = await until(probe, "the failure")
    assert request.deliveries[0].status == receiver.DELIVERY_STATUS_FAILED
    assert "reverted" in request.deliveries[0].detail


async def test_dead_destination__should_keep_its_item_and_serve_it_when_it_is_back(
    anvil: JsonRpc, anvil_url: str, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    item = await _signed(world, outbox)
    dead = {EVM_CHAIN: f"http://127.0.0.1:{free_port()}"}
    async with running(settings(tmp_path, dead), world, outbox):

        async def kept() -> bool:
            (stored,) = await outbox.open_items()
            return stored.outages > 0 and stored.key == item

        await until(kept, "an outage that is counted")
    async with running(settings(tmp_path, {EVM_CHAIN: anvil_url}), world, outbox):

        async def done() -> bool:
            stored = await outbox.get(item)
            return (
                stored is not None and stored.stage is Stage.DONE and not await outbox.open_items()
            )

        await until(done, "the delivery after the outage")


async def _signed(world: World, outbox: Outbox) -> Any:
    """A signed transfer in the outbox; its key."""
    payload = RULES.compose(
        Intent(RECIPIENT, 1, b"", 10**18), nonce=0, gas=21_000, max_fee=10**10, priority_fee=10**9
    )
    world.report(world.sign_event(receiver.REQUEST_KIND_TX, payload, broadcast=True))
    world.fulfil()
    ledger = DeliveryLedger(client(world, RELAYER))
    (outgoing,) = [one async for one in ledger.outgoing()]
    await Intake(ledger, outbox, [EVM_CHAIN], []).tick()
    return transaction_item(outgoing).key


async def test_transaction_without_broadcast__should_never_enter_the_outbox(
    world: World, outbox: Outbox
) -> None:
    world.wallet(wallet=EVM)
    await _signed(world, outbox)
    (item,) = await outbox.open_items()
    outgoing = receiver.Outgoing.FromString(item.content)

    class Withheld(InProcessClient):
        """A ledger whose list and whose request disagree."""

        async def query(self, method: str, request: Any, response: Any) -> Any:
            answer = await super().query(method, request, response)
            if method.endswith("SignTransactionRequestByID"):
                answer.sign_transaction_request.no_broadcast = True
            return answer

    other = await Outbox.open("sqlite+aiosqlite:///:memory:")
    ledger = DeliveryLedger(Withheld(world, RELAYER))  # type: ignore[arg-type]
    assert await Intake(ledger, other, [EVM_CHAIN], []).tick() == set()
    assert await other.get(transaction_item(outgoing).key) is None
    await other.close()


async def test_composer_that_is_not_registered__should_change_nothing(
    anvil: JsonRpc, anvil_url: str, outbox: Outbox, tmp_path: Path
) -> None:
    world = World()
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    request_id = simple(world)
    assert COMPOSER.address != RELAYER.address
    refused = rises("not_accepted")
    async with running(settings(tmp_path, {EVM_CHAIN: anvil_url}), world, outbox):
        await until(refused, "the ledger's refusal")
    assert world.request(request_id).status == receiver.REQUEST_STATUS_COMPOSING
