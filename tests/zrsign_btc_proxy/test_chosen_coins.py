"""Which coins pay, on a real bitcoind: kept from block to block, given up, and as Core chooses.

The node is this file's own, because each test mines and a regtest's rewards halve quickly.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

from relayer.transactions import assemble
from tests.relayer.nodes import bitcoind
from tests.zrsign_btc_proxy.test_outbid import WITHOUT_CHANGE_SATS
from tests.zrsign_btc_proxy.test_proxy import (
    ANYONE,
    COIN,
    RULES,
    Proxy,
    coins_of,
    fund,
    mine,
    outgoing,
    pay,
    pay_from,
    proxy,
    watched,
)
from tests.zrsign_receiver import world as worlds
from tests.zrsign_receiver.world import Account
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_btc_proxy.wallet import WatchWallet
from zrsign_chains import BITCOIN_REGTEST as REGTEST
from zrsign_chains import BITCOIN_TEST, Intent
from zrsign_chains.bitcoin import BitcoinTx, Utxo
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

SMALL = COIN // 1000
__all__ = ["proxy"]


@pytest.fixture(scope="module")
def bitcoin_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with bitcoind(tmp_path_factory.mktemp("bitcoind")) as node:
        yield node


async def signed_payment(proxy: Proxy, sats: int) -> tuple[int, bytes]:
    """A payment that the network has signed: its request and the bytes that anybody may send."""
    request_id = pay(proxy.world, sats)
    await proxy.served.tick()
    proxy.world.fulfil()
    return request_id, assemble(outgoing(proxy.world)[-1]).signed


@pytest.mark.parametrize("old_bytes_are_out", [False, True])
async def test_payment_after_one_that_was_given_up__should_let_only_one_of_them_land(
    proxy: Proxy, bitcoin: JsonRpc, old_bytes_are_out: bool
) -> None:
    """A person drops a payment and pays again: the signed bytes of the first are public."""
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    for _ in range(2):
        await fund(bitcoin, wallet.address)
    first, old = await signed_payment(proxy, SMALL)
    if old_bytes_are_out:
        await bitcoin.call("sendrawtransaction", old.hex())
    proxy.world.deliver(first, receiver.DELIVERY_STATUS_FAILED, receiver.DELIVERY_KIND_TRANSACTION)
    assert proxy.world.request(first).status == receiver.REQUEST_STATUS_REJECTED
    second, new = await signed_payment(proxy, SMALL)
    assert coins_of(proxy.world.request(first)) & coins_of(proxy.world.request(second))
    await bitcoin.call("sendrawtransaction", new.hex())
    await mine(bitcoin)
    with pytest.raises(NodeRefused, match="missingorspent"):
        await bitcoin.call("sendrawtransaction", old.hex())
    # Once that is settled the coins that are left are free again.
    assert await proxy.reservations.held_by(REGTEST, first)
    for _ in range(2):
        await proxy.served.tick()
        await mine(bitcoin, 6)
    await proxy.served.tick()
    assert not await proxy.reservations.held_by(REGTEST, first)


async def test_coin_that_a_replacement_added__should_say_nothing_of_what_it_replaced(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    """A block spends it elsewhere: the first transaction does without it, and can still land."""
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    for _ in range(3):
        await fund(bitcoin, wallet.address)
    coins = await watched(proxy, wallet)
    least = min(coin.value_sats for coin in coins)
    served = proxy.another(replace_after_s=60.0)
    first = pay(proxy.world, least - WITHOUT_CHANGE_SATS)
    await served.tick()
    proxy.world.fulfil()
    old = assemble(outgoing(proxy.world)[-1]).signed
    await bitcoin.call("sendrawtransaction", old.hex())
    proxy.wallet._network = proxy.network.model_copy(update={"fallback_fee_rate": 50.0})
    proxy.now = proxy.world.request(first).steps[-1].time_ms / 1000 + 61
    await served.tick()
    proxy.world.fulfil()
    (replacement,) = proxy.world.request(first).replacements
    needed, with_added = coins_of(proxy.world.request(first)), spent_by(replacement)
    (added,) = with_added - needed

    await spend_elsewhere(proxy, bitcoin, wallet, added)
    for _ in range(6):
        await bitcoin.call("generateblock", ANYONE, [])
    proxy.world.deliver(
        first,
        receiver.DELIVERY_STATUS_FAILED,
        receiver.DELIVERY_KIND_TRANSACTION,
        transactions=2,
    )
    await served.tick()
    assert await proxy.reservations.held_by(REGTEST, first), "the first one may still land"
    second = pay(proxy.world, SMALL)
    await served.tick()
    assert needed <= coins_of(proxy.world.request(second))
    proxy.world.fulfil()
    new = assemble(outgoing(proxy.world)[-1]).signed
    await bitcoin.call("sendrawtransaction", new.hex())
    await mine(bitcoin)
    with pytest.raises(NodeRefused, match="missingorspent"):
        await bitcoin.call("sendrawtransaction", old.hex())


def spent_by(one: receiver.Replacement) -> set[tuple[str, int]]:
    return {(each.txid, each.vout) for each in RULES.parse(one.unsigned_transaction).inputs}


async def spend_elsewhere(
    proxy: Proxy, bitcoin: JsonRpc, wallet: receiver.Wallet, place: tuple[str, int]
) -> None:
    """The key's owner signs another payment with a coin of the key, past the network's doors."""
    coin = next(one for one in await watched(proxy, wallet) if (one.txid, one.vout) == place)
    key = PrivateKey(worlds.secret(wallet.key_id))
    intent = Intent(RULES.address(PrivateKey().public_key.format()), SMALL, b"", 10**6)
    public_key = key.public_key.format()
    payload = RULES.compose(intent, utxos=[coin], fee_rate_sat_vb=3.0, change_public_key=public_key)
    tx = RULES.parse(payload)
    signature = key.sign(RULES.sighashes(tx)[0], hasher=None)
    signed = RULES.assemble(tx, [signature], [public_key])
    await bitcoin.call("generateblock", ANYONE, [signed.hex()])


async def test_restarted_bitcoind__should_have_its_wallet_loaded_again(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    await fund(bitcoin, wallet.address)
    await proxy.served.discover()
    # A bitcoind that starts again has no wallet loaded.
    await bitcoin.call("unloadwallet", proxy.network.wallet)
    request_id = pay(proxy.world, SMALL)
    await proxy.served.tick()
    assert proxy.world.request(request_id).status == receiver.REQUEST_STATUS_SIGNING


async def test_new_key__should_be_searched_from_the_look_before_it_was_made(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    proxy.now = 1_900_000_000.0
    proxy.world.wallet(wallet=BITCOIN_TEST)
    await proxy.served.discover()
    proxy.world.wallet(Account("another owner"), BITCOIN_TEST)
    await proxy.served.discover()
    listed = (await _asked(proxy, "listdescriptors"))["descriptors"]
    # The wallet was empty: all of the past. The second key is younger than the first look.
    assert [each["timestamp"] >= 1_900_000_000 for each in listed].count(True) == 1
    assert len(listed) == 2


async def _asked(proxy: Proxy, method: str) -> Any:
    cookie = proxy.network.rpc_cookie_file
    rpc = JsonRpc(f"{proxy.network.rpc_url}/wallet/{proxy.network.wallet}", cookie_file=cookie)
    try:
        return await rpc.call(method)
    finally:
        await rpc.close()


async def test_kept_coins__should_be_those_that_the_node_lists(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    key = PrivateKey()
    public_key = key.public_key.format()
    address = RULES.address(public_key)
    await proxy.wallet.watch([public_key])
    fresh = WatchWallet(REGTEST, proxy.network)
    try:
        for _ in range(3):
            await fund(bitcoin, address)
            await proxy.wallet.coins(address)
            await pay_from(proxy, bitcoin, key, address, SMALL)
            await mine(bitcoin)
            kept = await proxy.wallet.coins(address)
            assert _sorted(kept) == _sorted(await fresh.coins(address))
        # The last payment's block is reorganised away, and with it its coins.
        await bitcoin.call("invalidateblock", await bitcoin.call("getbestblockhash"))
        again = WatchWallet(REGTEST, proxy.network)
        assert _sorted(await proxy.wallet.coins(address)) == _sorted(await again.coins(address))
        await again.close()
    finally:
        await fresh.close()


def _sorted(coins: list[Utxo]) -> list[Utxo]:
    return sorted(coins, key=lambda one: (one.txid, one.vout))


async def test_coin_that_is_spent_in_the_pool__should_not_be_offered(
    proxy: Proxy, bitcoin: JsonRpc
) -> None:
    wallet = proxy.world.wallet(wallet=BITCOIN_TEST)
    for _ in range(2):
        await fund(bitcoin, wallet.address)
    owned = await watched(proxy, wallet)
    key = PrivateKey(worlds.secret(wallet.key_id))
    await pay_from(proxy, bitcoin, key, RULES.address(PrivateKey().public_key.format()), SMALL)
    request_id = pay(proxy.world, SMALL)
    await proxy.served.tick()
    ((txid, vout),) = coins_of(proxy.world.request(request_id))
    assert await proxy.wallet.is_unspent(txid, vout)
    assert len(owned) == 2


@pytest.mark.parametrize("rate", [2.0, 12.0, 40.0])
async def test_waste__should_not_be_above_that_of_bitcoind(
    proxy: Proxy, bitcoin: JsonRpc, rate: float
) -> None:
    key = PrivateKey()
    public_key = key.public_key.format()
    address = RULES.address(public_key)
    await proxy.wallet.watch([public_key])
    await fund(bitcoin, address)
    values = [11_000, 17_500, 23_000, 41_000, 64_000, 90_000, 150_000, 333_000]
    await _split(proxy, bitcoin, key, values)
    coins = [coin for coin in await proxy.wallet.coins(address) if coin.value_sats in values]
    recipient = RULES.address(PrivateKey().public_key.format())
    for sats in (20_000, 75_000, 104_321, 180_000, 260_000):
        chosen = RULES.parse(
            RULES.compose(
                Intent(recipient, sats, b"", 10**6), coins, rate, change_public_key=public_key
            )
        )
        options = {
            "fee_rate": rate,
            "includeWatching": True,
            "changeAddress": address,
            "add_inputs": True,
            "lockUnspents": False,
        }
        theirs = await _create(proxy, coins, recipient, sats, options)
        assert _waste(chosen, sats, rate) <= _waste(theirs, sats, rate) + 1, sats


async def _split(proxy: Proxy, rpc: JsonRpc, key: PrivateKey, values: list[int]) -> None:
    """Make the key's coins of these values out of one that it has, and spend the rest away."""
    public_key = key.public_key.format()
    for value in values:
        await pay_from(proxy, rpc, key, RULES.address(public_key), value)
        await mine(rpc)


async def _create(
    proxy: Proxy, coins: list[Utxo], to: str, sats: int, options: dict[str, Any]
) -> BitcoinTx:
    """The payment that bitcoind's own wallet makes from the same coins."""
    cookie = proxy.network.rpc_cookie_file
    rpc = JsonRpc(f"{proxy.network.rpc_url}/wallet/{proxy.network.wallet}", cookie_file=cookie)
    owned = {(one.txid, one.vout) for one in coins}
    listed = await rpc.call("listunspent", 1)
    others = [
        {"txid": one["txid"], "vout": one["vout"]}
        for one in listed
        if (one["txid"], one["vout"]) not in owned
    ]
    try:
        await rpc.call("lockunspent", False, others)
        made = await rpc.call("walletcreatefundedpsbt", [], [{to: sats / COIN}], 0, options)
        await rpc.call("lockunspent", True, others)
    finally:
        await rpc.close()
    return RULES.parse(base64.b64decode(made["psbt"]))


def _waste(tx: BitcoinTx, sats: int, rate: float) -> float:
    """Bitcoin Core's measure, at its long-term fee rate of 10 sat/vB."""
    inputs = 67.75 * len(tx.inputs)
    held = sum(each.value_sats for each in tx.inputs)
    excess = held - sats - (inputs + 41.5) * rate
    extra = excess if len(tx.outputs) == 1 else 31 * rate + 67.75 * 10
    return inputs * (rate - 10) + extra
