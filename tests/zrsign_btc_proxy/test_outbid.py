"""Fees that move: a payment that is stuck is replaced (BIP-125), on a real bitcoind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from relayer.destinations.bitcoin.destination import BitcoinDestination
from relayer.intake import Intake
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.reporter import DeliveryReporter
from relayer.stages import Bounds, ItemKind, OutboxItem
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.relayer.nodes import bitcoind
from tests.relayer.road import client
from tests.zrsign_btc_proxy.test_proxy import (
    ANYONE,
    COIN,
    RULES,
    Proxy,
    fund,
    mine,
    pay,
    watched,
)
from tests.zrsign_btc_proxy.test_proxy import proxy as proxy
from tests.zrsign_receiver.world import RELAYER
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import BITCOIN_REGTEST, BITCOIN_TEST
from zrsign_chains.bitcoin import BitcoinTx
from zrsign_daemon.jsonrpc import JsonRpc

CONFIRMED = receiver.REQUEST_STATUS_CONFIRMED
NORMAL, SPIKE = 2.0, 50.0
# One P2WPKH coin to one P2WPKH address, without change: 10.5 + 68 + 31 virtual bytes.
WITHOUT_CHANGE_SATS = 110 * 2


class Road:
    """The proxy, the keyring and a relayer of one wallet."""

    def __init__(self, proxy: Proxy, bitcoin: JsonRpc, outbox: Outbox):
        self.proxy, self.world, self.outbox = proxy, proxy.world, outbox
        self.bitcoin = bitcoin
        self.served = proxy.another(replace_after_s=60.0)
        ledger = DeliveryLedger(client(self.world, RELAYER))
        self.intake = Intake(ledger, outbox, [BITCOIN_REGTEST], [])
        self.reporter = DeliveryReporter(ledger, outbox)
        self.worker = ChainWorker(
            BitcoinDestination(BITCOIN_REGTEST, bitcoin, settled=0),
            {ItemKind.TRANSACTION: TransactionBuilder()},
            outbox,
            Bounds(delay_s=lambda _: 1.0),
            lambda: proxy.now,
        )

    async def turn(self, *, relaying: bool = True) -> None:
        """Everybody does what is due, two minutes later."""
        self.proxy.now += 120
        self.world.height = int(self.proxy.now)
        await self.served.tick()
        self.world.fulfil()
        if relaying:
            await self.intake.tick()
            await self.worker.tick()
            while await self.reporter.tick():
                pass

    def spike(self, rate: float) -> None:
        """From now on others pay `rate` sat/vB."""
        network = self.proxy.network.model_copy(update={"fallback_fee_rate": rate})
        self.proxy.wallet._network = network

    async def mine_only(self, *signed: str) -> None:
        """A block that leaves the pool alone: miners take what pays more."""
        await self.bitcoin.call("generateblock", ANYONE, list(signed))

    async def item(self) -> OutboxItem:
        (item,) = await self.outbox.open_items()
        return item

    def transactions(self, request_id: int) -> list[BitcoinTx]:
        request = self.world.request(request_id)
        replaced = [one.unsigned_transaction for one in request.replacements]
        return [RULES.parse(payload) for payload in (request.unsigned_transaction, *replaced)]


@pytest.fixture(scope="module")
def bitcoin_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A chain of its own: block rewards halve, and other tests count on theirs."""
    with bitcoind(tmp_path_factory.mktemp("outbid")) as node:
        yield node


@pytest.fixture
async def road(proxy: Proxy, bitcoin: JsonRpc, tmp_path: Path) -> AsyncIterator[Road]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'outbox.sqlite'}"
    async with await Outbox.open(url) as outbox:
        made = Road(proxy, bitcoin, outbox)
        yield made
        await made.served.close()


async def sent(road: Road, sats: int) -> int:
    """A payment that waits in the pool."""
    request_id = pay(road.world, sats)
    await road.turn()
    await road.turn()
    item = await road.item()
    assert await road.bitcoin.call("getmempoolentry", item.tx_id)
    return request_id


async def test_payment_that_pays_too_little__should_be_replaced_and_land_once(
    road: Road, bitcoin: JsonRpc
) -> None:
    wallet = road.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    request_id = await sent(road, COIN)
    first_id = (await road.item()).tx_id
    await road.mine_only()
    await road.turn()
    assert len(road.transactions(request_id)) == 1, "nobody pays more"

    road.spike(SPIKE)
    await road.turn()
    await road.turn()
    first, second = road.transactions(request_id)
    assert [one.txid for one in first.inputs] == [one.txid for one in second.inputs]
    assert first.outputs[0] == second.outputs[0]
    assert second.fee_sats > 20 * first.fee_sats
    second_id = (await road.item()).tx_id
    pool = await bitcoin.call("getrawmempool")
    assert (first_id in pool, second_id in pool) == (False, True)
    await mine(bitcoin)
    await road.turn()
    request = road.world.request(request_id)
    assert (request.status, request.deliveries[0].tx_id) == (CONFIRMED, second_id)


async def test_payment_without_change__should_take_another_coin_for_its_fee(
    road: Road, bitcoin: JsonRpc
) -> None:
    wallet = road.world.wallet(wallet=BITCOIN_TEST)
    for _ in range(2):
        await fund(bitcoin, wallet.address)
    coin, _ = sorted(each.value_sats for each in await watched(road.proxy, wallet))
    request_id = await sent(road, coin - WITHOUT_CHANGE_SATS)
    first_signed = (await road.item()).signed.hex()
    first_id = (await road.item()).tx_id
    road.spike(SPIKE)
    await road.turn()
    await road.turn()
    first, second = road.transactions(request_id)
    assert (len(first.inputs), len(second.inputs)) == (1, 2)
    assert first.inputs[0].txid == second.inputs[0].txid
    held = await road.proxy.reservations.held_by(BITCOIN_REGTEST, request_id)
    assert len(held) == 2
    assert (await road.item()).tx_id in await bitcoin.call("getrawmempool")

    # A miner had the first one already.
    await road.mine_only(first_signed)
    await road.turn()
    request = road.world.request(request_id)
    assert (request.status, request.deliveries[0].tx_id) == (CONFIRMED, first_id)


async def test_payment_whose_change_is_spent__should_be_left_to_what_spends_it(
    road: Road, bitcoin: JsonRpc
) -> None:
    """A replacement would take the later payment out of the pools, for ever."""
    wallet = road.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    network = road.proxy.network.model_copy(update={"min_confirmations": 0})
    road.proxy.wallet._network = road.proxy.network = network
    first = await sent(road, COIN)
    pay(road.world, COIN)
    for _ in range(2):
        await road.turn()
    road.spike(SPIKE)
    for _ in range(2):
        await road.turn()
    assert len(road.transactions(first)) == 1
