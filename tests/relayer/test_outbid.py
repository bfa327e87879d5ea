"""Fees that move: a composed payment that is stuck is replaced, on a real Anvil."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from relayer.destinations.evm.composer import EvmComposer
from relayer.destinations.evm.destination import EvmDestination
from relayer.intake import Intake
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.reporter import DeliveryReporter
from relayer.settings import ComposerSettings
from relayer.stages import Bounds, ItemKind, OutboxItem, Stage
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.relayer.road import client
from tests.relayer.test_service import ETHER, RECIPIENT, simple
from tests.zrsign_receiver.world import COMPOSER, EVM_CHAIN, RELAYER, World
from zrchain_lite.errors import Conflict
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import EVM
from zrsign_chains.evm import EvmChain
from zrsign_chains.evm_transactions import EvmTx
from zrsign_daemon.composing.composition import Composition
from zrsign_daemon.composing.ledger import ComposerLedger
from zrsign_daemon.jsonrpc import JsonRpc

RULES = EvmChain(EVM_CHAIN)
REPLACE_AFTER_S = 120.0
GWEI = 10**9


@dataclass
class Road:
    """Composer, relayer and keyring of one wallet; `now` is everybody's clock."""

    world: World
    anvil: JsonRpc
    outbox: Outbox
    sender: str
    now: float = 1000.0
    settled: int = 0

    def __post_init__(self) -> None:
        composer = EvmComposer(EVM_CHAIN, self.anvil, ComposerSettings())
        self.outcomes: list[str] = []
        self.composition = Composition(
            composer,
            ComposerLedger(client(self.world, COMPOSER)),
            60.0,
            lambda: self.now,
            self.outcomes.append,
            replace_after_s=REPLACE_AFTER_S,
        )
        self.relay(self.outbox)

    def relay(self, outbox: Outbox) -> None:
        """A relayer with this outbox takes over."""
        self.outbox = outbox
        ledger = DeliveryLedger(client(self.world, RELAYER))
        self.intake = Intake(ledger, outbox, [EVM_CHAIN], [])
        self.reporter = DeliveryReporter(ledger, outbox)
        self.worker = ChainWorker(
            EvmDestination(EVM_CHAIN, self.anvil, settled=self.settled),
            {ItemKind.TRANSACTION: TransactionBuilder()},
            outbox,
            Bounds(delay_s=lambda _: 1.0),
            lambda: self.now,
        )

    async def turn(self, *, composing: bool = True, relaying: bool = True) -> None:
        """Everybody does what is due, a minute later."""
        self.now += 60
        self.world.height = int(self.now)
        if composing:
            await self.composition.tick()
        self.world.fulfil()
        if relaying:
            await self.intake.tick()
            await self.worker.tick()
            while await self.reporter.tick():
                pass

    async def item(self) -> OutboxItem:
        (item,) = await self.outbox.open_items()
        return item

    async def spike(self, base_fee: int) -> None:
        """A block with this base fee (wei)."""
        await self.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(base_fee))
        await self.anvil.call("evm_mine")

    async def lull(self) -> None:
        """A low base fee again, and a block with what was sent first.

        It is sent once more: Anvil does not look again at what a base fee had shut out.
        """
        signed = (await self.item()).signed
        await self.anvil.call("anvil_dropAllTransactions")
        await self.spike(GWEI // 100)
        await self.anvil.call("eth_sendRawTransaction", "0x" + signed.hex())
        await self.anvil.call("evm_mine")
        assert await self.nonce() == 1

    async def balance(self, address: str) -> int:
        return int(await self.anvil.call("eth_getBalance", address, "latest"), 16)

    async def nonce(self) -> int:
        return int(await self.anvil.call("eth_getTransactionCount", self.sender, "latest"), 16)


@pytest.fixture
async def road(anvil: JsonRpc, outbox: Outbox) -> AsyncIterator[Road]:
    """Anvil keeps its base fee when it goes back to a snapshot, so that is put back apart."""
    world = World()
    wallet = world.wallet(wallet=EVM)
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    await anvil.call("evm_setAutomine", False)
    made = Road(world, anvil, outbox, wallet.address)
    await made.spike(GWEI)
    yield made
    await made.spike(GWEI)


def transactions(request: receiver.Request) -> list[EvmTx]:
    payloads = [
        request.unsigned_transaction,
        *(one.unsigned_transaction for one in request.replacements),
    ]
    return [RULES.parse(payload) for payload in payloads]


async def stuck(road: Road) -> int:
    """A payment that is in the pool, and a base fee that is above what it pays."""
    request_id = simple(road.world)
    await road.turn()
    await road.turn()
    assert (await road.item()).accepted
    (first,) = transactions(road.world.request(request_id))
    await road.spike(10 * first.gas_price)
    return request_id


async def test_payment_under_the_base_fee__should_be_replaced_and_land_once(road: Road) -> None:
    before = await road.balance(RECIPIENT)
    request_id = await stuck(road)
    assert await road.nonce() == 0
    for _ in range(3):
        await road.turn()
    first, second = transactions(road.world.request(request_id))
    assert (second.nonce, second.gas, second.value) == (first.nonce, first.gas, first.value)
    assert second.gas_price > 10 * first.gas_price
    item = await road.item()
    assert len(item.tx_ids) == 2
    await road.anvil.call("evm_mine")
    await road.turn()
    request = road.world.request(request_id)
    assert request.status == receiver.REQUEST_STATUS_CONFIRMED
    assert request.deliveries[0].tx_id == item.tx_ids[-1]
    assert (await road.balance(RECIPIENT) - before, await road.nonce()) == (ETHER, 1)
    assert "replaced" in [step.name for step in request.steps]


async def test_payment_whose_first_transaction_lands__should_be_settled_all_the_same(
    road: Road,
) -> None:
    request_id = await stuck(road)
    first_id = (await road.item()).tx_id
    for _ in range(3):
        await road.turn(relaying=False)
    assert road.world.request(request_id).replacements
    await road.lull()
    await road.turn()
    await road.turn()
    request = road.world.request(request_id)
    assert request.status == receiver.REQUEST_STATUS_CONFIRMED
    assert request.deliveries[0].tx_id == first_id


async def test_relayer_that_comes_late__should_know_every_transaction(
    road: Road, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Else it would call the payment lost when another one of its transactions has the nonce."""
    request_id = await stuck(road)
    for _ in range(3):
        await road.turn(relaying=False)
    await road.lull()
    folder = tmp_path_factory.mktemp("late")
    async with await Outbox.open(f"sqlite+aiosqlite:///{folder / 'outbox.sqlite'}") as outbox:
        road.relay(outbox)
        await road.turn()
    assert road.world.request(request_id).status == receiver.REQUEST_STATUS_CONFIRMED


async def test_failure_of_some_transactions__should_not_be_the_end(road: Road) -> None:
    """A relayer that has not heard of the newest can prove only that the others are lost."""
    request_id = await stuck(road)
    for _ in range(3):
        await road.turn(relaying=False)
    request = road.world.request(request_id)
    with pytest.raises(Conflict, match="2 transactions were signed"):
        road.world.deliver(
            request_id, receiver.DELIVERY_STATUS_FAILED, receiver.DELIVERY_KIND_TRANSACTION
        )
    item = await road.item()
    await road.outbox.drop(item.key, "a person said so")
    await road.turn()
    item = await road.item()
    assert (item.stage, len(item.tx_ids)) == (Stage.INCLUSION, 2)
    assert road.world.request(request_id).status == request.status


async def test_verdict_on_an_older_content__should_not_end_an_item(road: Road) -> None:
    await stuck(road)
    item = await road.item()
    for _ in range(3):
        await road.turn(relaying=False)
    await road.intake.tick()
    assert await road.outbox.drop(item.key, "unused") is True
    renewed = await road.outbox.get(item.key)
    assert renewed is not None
    assert renewed.content != item.content


async def test_payment_at_the_market_fee__should_be_left_alone(road: Road) -> None:
    """What waits for another reason is not helped by a fee."""
    request_id = simple(road.world)
    for _ in range(5):
        await road.turn()
    assert not road.world.request(request_id).replacements
    assert "replaced" not in road.outcomes


async def test_later_nonce__should_wait_for_the_first(road: Road) -> None:
    ids = [simple(road.world) for _ in range(2)]
    for _ in range(2):
        await road.turn()
    (first,) = transactions(road.world.request(ids[0]))
    await road.spike(10 * first.gas_price)
    for _ in range(3):
        await road.turn()
    replaced = [bool(road.world.request(one).replacements) for one in ids]
    assert replaced == [True, False]


async def test_replacement_above_the_cap__should_say_so_and_wait(road: Road) -> None:
    request_id = await stuck(road)
    await road.spike(10**6 * GWEI)
    for _ in range(3):
        await road.turn()
    request = road.world.request(request_id)
    assert not request.replacements
    assert request.status == receiver.REQUEST_STATUS_DELIVERING
    assert "waiting" in road.outcomes
