"""The proxy over the real ledger modules and a real bitcoind."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

from relayer.transactions import assemble
from tests.relayer.road import client
from tests.zrsign_receiver import world as worlds
from tests.zrsign_receiver.world import COMPOSER, OWNER, Account, World
from zrchain_lite.client import LedgerUnavailable
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.local.network.ports import free_port
from zrsign_btc_proxy.composer import BitcoinComposer
from zrsign_btc_proxy.reservations import Reservations
from zrsign_btc_proxy.service import ServedNetwork
from zrsign_btc_proxy.settings import NetworkSettings
from zrsign_btc_proxy.wallet import WatchWallet
from zrsign_chains import BITCOIN_REGTEST as REGTEST
from zrsign_chains import BITCOIN_TEST, Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_chains.simple_tx import SimpleTx, encode
from zrsign_daemon.composing import ComposeTask
from zrsign_daemon.composing.ledger import ComposerLedger
from zrsign_daemon.jsonrpc import JsonRpc, NodeUnavailable

RULES = BitcoinChain(REGTEST)
ANYONE = "raw(51)#8lvh9jxk"
COIN = 10**8


class Proxy:
    """One proxy with its ledger; `now` is its clock."""

    def __init__(self, world: World, node: tuple[str, Path], reservations: Reservations):
        url, cookie = node
        self.world = world
        self.reservations = reservations
        self.network = NetworkSettings(
            rpc_url=url, rpc_cookie_file=cookie, wallet=f"test-{id(self)}"
        )
        self.wallet = WatchWallet(REGTEST, self.network)
        self.now = 0.0
        self.served = self.another()

    def another(self, **more: Any) -> ServedNetwork:
        ledger = client(self.world, COMPOSER)
        return ServedNetwork(self.wallet, ledger, self.reservations, 60.0, lambda: self.now, **more)


@pytest.fixture
async def proxy(
    bitcoin_node: tuple[str, Path], reservations: Reservations, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Proxy]:
    # The tests share a chain, so each has keys of its own.
    salt = os.urandom(16)
    monkeypatch.setattr(
        worlds, "secret", lambda key_id: hashlib.sha256(salt + bytes([key_id])).digest()
    )
    made = Proxy(World(), bitcoin_node, reservations)
    yield made
    await made.served.close()


async def mine(rpc: JsonRpc, blocks: int = 1) -> None:
    await rpc.call("generatetodescriptor", blocks, ANYONE)


async def fund(rpc: JsonRpc, address: str) -> None:
    """A mature block reward."""
    await rpc.call("generatetoaddress", 1, address)
    await mine(rpc, 100)


def pay(world: World, sats: int, to: str | None = None, owner: Account = OWNER) -> int:
    recipient = to or RULES.address(PrivateKey().public_key.format())
    event = world.sign_event(
        receiver.REQUEST_KIND_SIMPLE_TX,
        encode(SimpleTx(recipient, sats, b"")),
        owner=owner,
        wallet=BITCOIN_TEST,
        destination=REGTEST,
        broadcast=True,
    )
    return world.report(event)[0]


def outgoing(world: World) -> list[receiver.Outgoing]:
    query = receiver.QueryOutgoingRequest()
    return list(world.query("Outgoing", query, receiver.QueryOutgoingResponse).outgoing)


async def test_payment__should_be_composed_signed_and_confirmed(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    await proxy.served.discover()
    await fund(bitcoin, wallet.address)
    request_id = pay(proxy.world, COIN)
    await proxy.served.tick()
    proxy.world.fulfil()
    (carried,) = outgoing(proxy.world)
    built = assemble(carried)
    assert await bitcoin.call("sendrawtransaction", built.signed.hex()) == built.tx_id
    await mine(bitcoin)
    assert (await bitcoin.call("gettxout", built.tx_id, 0))["confirmations"] == 1
    assert await proxy.reservations.requests(REGTEST) == [request_id]


async def test_payment_from_several_coins__should_prove_their_amounts(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    for _ in range(2):
        await fund(bitcoin, wallet.address)
    (largest, other) = [coin.value_sats for coin in await watched(proxy, wallet)]
    request_id = pay(proxy.world, max(largest, other) + 1000)
    await proxy.served.tick()
    proxy.world.fulfil()
    assert len(coins_of(proxy.world.request(request_id))) == 2
    (carried,) = outgoing(proxy.world)
    await bitcoin.call("sendrawtransaction", assemble(carried).signed.hex())
    await mine(bitcoin)


async def watched(proxy: Proxy, wallet: receiver.Wallet) -> list[Utxo]:
    await proxy.wallet.watch([wallet.public_key])
    return await proxy.wallet.coins(wallet.address)


async def test_proposal_that_got_lost__should_not_keep_its_coins_from_its_own_payment(
    proxy: Proxy, bitcoin: JsonRpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    request_id = pay(proxy.world, COIN)

    async def lost(*_: object, **__: object) -> None:
        raise LedgerUnavailable("the ledger went away")

    with monkeypatch.context() as patch:
        patch.setattr(ComposerLedger, "propose", lost)
        with pytest.raises(LedgerUnavailable):
            await proxy.served.tick()
    proxy.now = 1e12
    await proxy.served.tick()
    assert proxy.world.request(request_id).status == receiver.REQUEST_STATUS_SIGNING


async def test_coins_of_open_payments__should_not_be_given_out_twice(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    await fund(bitcoin, wallet.address)
    first, second, third = (pay(proxy.world, COIN) for _ in range(3))
    await proxy.served.tick()
    statuses = [proxy.world.request(one).status for one in (first, second, third)]
    # Two coins, so the third waits for a coin that is free.
    assert statuses == [receiver.REQUEST_STATUS_SIGNING] * 2 + [receiver.REQUEST_STATUS_COMPOSING]
    spent = [coins_of(proxy.world.request(one)) for one in (first, second)]
    assert not spent[0] & spent[1]
    proxy.world.refuse("operators say no")
    await proxy.served.tick()
    assert proxy.world.request(third).status == receiver.REQUEST_STATUS_SIGNING


def coins_of(request: receiver.Request) -> set[tuple[str, int]]:
    return {(one.txid, one.vout) for one in RULES.parse(request.unsigned_transaction).inputs}


async def test_proxy_without_its_database__should_learn_taken_coins_from_the_ledger(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    pay(proxy.world, COIN)
    await proxy.served.tick()
    lost = proxy.reservations
    proxy.reservations = await Reservations.open("sqlite+aiosqlite:///:memory:")
    second = pay(proxy.world, COIN)
    await proxy.another().tick()
    assert proxy.world.request(second).status == receiver.REQUEST_STATUS_COMPOSING
    assert await proxy.reservations.taken(REGTEST) == await lost.taken(REGTEST)
    await proxy.reservations.close()


async def test_empty_key__should_wait_and_then_be_rejected_with_figures(proxy: Proxy) -> None:
    proxy.world.wallet(wallet=BITCOIN_TEST)
    request_id = pay(proxy.world, COIN)
    await proxy.served.tick()
    assert proxy.world.request(request_id).status == receiver.REQUEST_STATUS_COMPOSING
    proxy.now = proxy.world.request(request_id).steps[-1].time_ms / 1000 + 61
    await proxy.served.tick()
    request = proxy.world.request(request_id)
    assert request.status == receiver.REQUEST_STATUS_REJECTED
    assert "insufficient_funds" in request.reject_reason
    assert "0 spendable" in request.reject_reason


async def test_unconfirmed_coin__should_wait_for_its_block(proxy: Proxy, bitcoin: JsonRpc) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    funder = PrivateKey()
    public_key = funder.public_key.format()
    await fund(bitcoin, RULES.address(public_key))
    await pay_from(proxy, bitcoin, funder, wallet.address)
    request_id = pay(proxy.world, COIN)
    await proxy.served.tick()
    assert proxy.world.request(request_id).status == receiver.REQUEST_STATUS_COMPOSING
    await mine(bitcoin)
    await proxy.served.tick()
    assert proxy.world.request(request_id).status == receiver.REQUEST_STATUS_SIGNING


async def pay_from(
    proxy: Proxy, rpc: JsonRpc, key: PrivateKey, address: str, sats: int = 2 * COIN
) -> None:
    """Send the funder's coins to `address`, unconfirmed."""
    public_key = key.public_key.format()
    await proxy.wallet.watch([public_key])
    coins = await proxy.wallet.coins(RULES.address(public_key))
    intent = Intent(address, sats, b"", 10**6)
    payload = RULES.compose(intent, utxos=coins, fee_rate_sat_vb=2.0, change_public_key=public_key)
    tx = RULES.parse(payload)
    signatures = [key.sign(digest, hasher=None) for digest in RULES.sighashes(tx)]
    raw = RULES.assemble(tx, signatures, [public_key] * len(signatures))
    await rpc.call("sendrawtransaction", raw.hex())


async def test_composed_payment__should_be_stale_once_its_coin_is_spent_elsewhere(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    key = PrivateKey()
    public_key = key.public_key.format()
    address = RULES.address(public_key)
    await fund(bitcoin, address)
    ledger = ComposerLedger(client(proxy.world, COMPOSER))
    composer = BitcoinComposer(proxy.wallet, ledger, proxy.reservations)
    intent = Intent(RULES.address(PrivateKey().public_key.format()), COIN, b"", 10**6)
    payload = await composer.compose(ComposeTask(1, REGTEST, address, public_key, intent))
    assert not await composer.stale(payload, address)
    await pay_from(proxy, bitcoin, key, address, COIN)
    assert await composer.stale(payload, address)
    await mine(bitcoin)
    assert await composer.stale(payload, address)


@pytest.mark.parametrize("sats", [1, 293])
async def test_dust__should_be_rejected_at_once(proxy: Proxy, sats: int) -> None:
    proxy.world.wallet(wallet=BITCOIN_TEST)
    request_id = pay(proxy.world, sats)
    await proxy.served.tick()
    request = proxy.world.request(request_id)
    assert request.status == receiver.REQUEST_STATUS_REJECTED
    assert "dust" in request.reject_reason


async def test_wallet_that_exists__should_be_used_again(proxy: Proxy, bitcoin: JsonRpc) -> None:
    public_key = PrivateKey().public_key.format()
    address = RULES.address(public_key)
    await fund(bitcoin, address)
    await proxy.wallet.watch([public_key])
    for loaded in (True, False):
        if not loaded:
            await bitcoin.call("unloadwallet", proxy.network.wallet)
        again = WatchWallet(REGTEST, proxy.network)
        await again.watch([public_key])
        assert len(await again.coins(address)) == 1
        await again.close()


async def test_fee_rate__should_fall_back_quietly_on_regtest(proxy: Proxy) -> None:
    assert await proxy.wallet.fee_rate() >= 1.0


@pytest.mark.parametrize("broken", ["dead", "foreign"])
async def test_wrong_node__should_say_so(bitcoin_node: tuple[str, Path], broken: str) -> None:
    url, cookie = bitcoin_node
    options: dict[str, Any] = {"rpc_url": url, "rpc_cookie_file": cookie}
    chain = "bip122:000000000019d6689c085ae165831e93"
    if broken == "dead":
        options, chain = {"rpc_url": f"http://127.0.0.1:{free_port()}"}, REGTEST
    wallet = WatchWallet(chain, NetworkSettings(**options))
    with pytest.raises(NodeUnavailable):
        await wallet.watch([PrivateKey().public_key.format()])
    await wallet.close()
