"""The Bitcoin adapter against bitcoind in regtest; `zrsign_chains` makes the transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from coincurve import PrivateKey

from relayer.destinations.bitcoin.destination import BitcoinDestination
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Stranded,
    Unknown,
    Unreachable,
)
from relayer.outbox import Outbox
from relayer.stages import Bounds, ItemKey, ItemKind, OutboxItem, Reported, Stage, owed
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from tests.relayer.nodes import REGTEST
from tests.waiting import until
from zrsign.local.network.ports import free_port
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_daemon.jsonrpc import JsonRpc

CHAIN = BitcoinChain(REGTEST)
COINBASE_MATURITY = 100


class Key:
    """A local test key and its coins, mined for it."""

    def __init__(self, rpc: JsonRpc):
        self.secret = PrivateKey()
        self.public_key = self.secret.public_key.format()
        self.address = CHAIN.address(self.public_key)
        self.rpc = rpc

    async def mine_coin(self) -> Utxo:
        """A mature block reward of the key."""
        (block,) = await self.rpc.call("generatetoaddress", 1, self.address)
        reward = (await self.rpc.call("getblock", block, 2))["tx"][0]
        await self.rpc.call("generatetodescriptor", COINBASE_MATURITY, "raw(51)#8lvh9jxk")
        return Utxo(
            txid=reward["txid"],
            vout=0,
            value_sats=round(reward["vout"][0]["value"] * 10**8),
            script_pubkey=bytes.fromhex(reward["vout"][0]["scriptPubKey"]["hex"]),
        )

    def pay(
        self,
        coins: Sequence[Utxo],
        sats: int,
        fee_rate: float = 2.0,
        to: str | None = None,
        least: Sequence[Utxo] = (),
    ) -> tuple[bytes, str]:
        """A signed payment, to another key unless told: bytes and txid. It spends `least`."""
        recipient = to or CHAIN.address(PrivateKey().public_key.format())
        intent = Intent(to=recipient, value=sats, data=b"", max_network_fee=10**6)
        payload = CHAIN.compose(
            intent,
            utxos=[coin for coin in coins if coin not in least],
            fee_rate_sat_vb=fee_rate,
            change_public_key=self.public_key,
            required=least,
        )
        tx = CHAIN.parse(payload)
        signatures = [self.secret.sign(digest, hasher=None) for digest in CHAIN.sighashes(tx)]
        signed = CHAIN.assemble(tx, signatures, [self.public_key] * len(signatures))
        return signed, CHAIN.transaction_id(signed)


async def mine(rpc: JsonRpc, blocks: int = 1) -> None:
    await rpc.call("generatetodescriptor", blocks, "raw(51)#8lvh9jxk")


async def test_payment__should_be_known_twice_and_confirmed_by_the_node(bitcoin: JsonRpc) -> None:
    key = Key(bitcoin)
    raw, tx_id = key.pay([await key.mine_coin()], 100_000)
    destination = BitcoinDestination(REGTEST, bitcoin, settled=0)
    assert await destination.status(raw, [tx_id]) == Unknown()
    assert await destination.submit(raw) == Accepted()
    assert await destination.submit(raw) in (Accepted(), Accepted(known=True))
    assert await destination.status(raw, [tx_id]) == Pending()
    await mine(bitcoin)
    done = await destination.status(raw, [tx_id])
    assert isinstance(done, Final)
    assert done.height == await bitcoin.call("getblockcount")
    assert await destination.submit(raw) == Accepted(known=True)


async def test_finality__should_count_the_blocks_on_top(bitcoin: JsonRpc) -> None:
    key = Key(bitcoin)
    raw, tx_id = key.pay([await key.mine_coin()], 100_000)
    destination = BitcoinDestination(REGTEST, bitcoin, finality=1, settled=1)
    await destination.submit(raw)
    await mine(bitcoin)
    height = await bitcoin.call("getblockcount")
    assert await destination.status(raw, [tx_id]) == Included(tx_id, height)
    await mine(bitcoin)
    assert isinstance(await destination.status(raw, [tx_id]), Final)


async def test_payment_whose_outputs_are_spent__should_not_be_taken_for_lost(
    bitcoin: JsonRpc,
) -> None:
    key = Key(bitcoin)
    coin = await key.mine_coin()
    # One output, to the key itself; the next payment spends it.
    raw, tx_id = key.pay([coin], coin.value_sats - 1000, to=key.address)
    destination = BitcoinDestination(REGTEST, bitcoin, finality=29)
    await destination.submit(raw)
    await mine(bitcoin)
    seen = await destination.status(raw, [tx_id])
    assert isinstance(seen, Included)
    own = Utxo(tx_id, 0, coin.value_sats - 1000, coin.script_pubkey)
    assert await destination.submit(key.pay([own], 100_000)[0]) == Accepted()
    await mine(bitcoin)
    assert isinstance(await destination.status(raw, [tx_id]), Included)
    await mine(bitcoin, 20)
    assert isinstance(await destination.status(raw, [tx_id], seen.height), Included)
    await mine(bitcoin, 10)
    assert isinstance(await destination.status(raw, [tx_id], seen.height), Final)


async def scanned(destination: BitcoinDestination, raw: bytes, tx_id: str, since: int) -> Status:
    """The status once the blocks have been read; some of them are at each look."""

    async def probe() -> Status | None:
        seen = await destination.status(raw, [tx_id], since=since)
        return None if seen == Unknown() else seen

    seen: Status = await until(probe, "what spent the coin")
    return seen


async def test_spent_coin__should_be_lost_once_what_spent_it_is_final(bitcoin: JsonRpc) -> None:
    key = Key(bitcoin)
    coin = await key.mine_coin()
    destination = BitcoinDestination(REGTEST, bitcoin, settled=2)
    since = await bitcoin.call("getblockcount")
    first, first_id = key.pay([coin], 100_000)
    await destination.submit(first)
    await mine(bitcoin)
    raw, tx_id = key.pay([coin], 200_000)
    refused = await destination.submit(raw)
    assert isinstance(refused, NotTaken)
    assert "bad-txns-inputs-missingorspent" in refused.reason
    waits = await scanned(destination, raw, tx_id, since)
    assert isinstance(waits, Stranded)
    await mine(bitcoin, 2)
    lost = await destination.status(raw, [tx_id], since=since)
    assert isinstance(lost, Rejected)
    assert first_id in lost.reason


async def test_rival_that_was_reorganised_away__should_prove_nothing(bitcoin: JsonRpc) -> None:
    key = Key(bitcoin)
    coin = await key.mine_coin()
    destination = BitcoinDestination(REGTEST, bitcoin, settled=2)
    since = await bitcoin.call("getblockcount")
    rival, rival_id = key.pay([coin], 100_000)
    await destination.submit(rival)
    await mine(bitcoin)
    raw, tx_id = key.pay([coin], 200_000, fee_rate=40.0)
    assert isinstance(await scanned(destination, raw, tx_id, since), Stranded)
    await bitcoin.call("invalidateblock", await bitcoin.call("getbestblockhash"))
    assert await destination.submit(raw) == Accepted()
    await mine(bitcoin, 3)
    assert isinstance(await destination.status(raw, [tx_id], since=since), Final)
    assert isinstance(await scanned(destination, rival, rival_id, since), Rejected)


@dataclass(frozen=True)
class Replaced:
    """A payment of two coins, and what replaced it, with a third: bytes and ids, newest last."""

    coins: list[Utxo]
    signed: list[bytes]
    tx_ids: list[str]

    @classmethod
    async def by(cls, key: Key) -> Replaced:
        coins = [await key.mine_coin() for _ in range(3)]
        sats, to = coins[0].value_sats + 1, key.address
        made = [key.pay(coins[:2], sats, to=to), key.pay(coins, sats, 20.0, to, least=coins)]
        return cls(coins, [raw for raw, _ in made], [tx_id for _, tx_id in made])

    async def seen(self, destination: BitcoinDestination, since: int) -> Status:
        """Its status once the blocks that spent its coins have been read."""
        first, newest = self.signed
        seen: Status = Unknown()
        for _ in range(5):
            if seen == Unknown():
                seen = await destination.status(newest, self.tx_ids, since=since, earlier=[first])
        return seen


async def test_replaced_payment__should_be_lost_with_any_coin_that_all_of_it_needs(
    bitcoin: JsonRpc,
) -> None:
    key = Key(bitcoin)
    payment = await Replaced.by(key)
    destination = BitcoinDestination(REGTEST, bitcoin, settled=2)
    since = await bitcoin.call("getblockcount")
    rival, rival_id = key.pay([payment.coins[1]], 100_000)
    await destination.submit(rival)
    await mine(bitcoin)
    assert isinstance(await payment.seen(destination, since), Stranded)
    await mine(bitcoin, 2)
    lost = await payment.seen(destination, since)
    assert isinstance(lost, Rejected)
    assert rival_id in lost.reason


async def test_replaced_payment__should_not_be_lost_with_a_coin_that_was_added(
    bitcoin: JsonRpc,
) -> None:
    """The first transaction does without it, and still lands."""
    key = Key(bitcoin)
    payment = await Replaced.by(key)
    destination = BitcoinDestination(REGTEST, bitcoin, settled=2)
    since = await bitcoin.call("getblockcount")
    await destination.submit(key.pay([payment.coins[2]], 100_000)[0])
    await mine(bitcoin, 3)
    assert await payment.seen(destination, since) == Unknown()
    assert await destination.submit(payment.signed[0]) == Accepted()
    await mine(bitcoin)
    landed = await payment.seen(destination, since)
    assert isinstance(landed, Included)
    assert landed.tx_id == payment.tx_ids[0]


async def test_confirmed_payment__should_be_sent_again_after_a_reorganisation(
    bitcoin: JsonRpc, outbox: Outbox, bounds: Bounds
) -> None:
    key = Key(bitcoin)
    raw, tx_id = key.pay([await key.mine_coin()], 100_000)
    worker = ChainWorker(
        BitcoinDestination(REGTEST, bitcoin),
        {ItemKind.TRANSACTION: TransactionBuilder()},
        outbox,
        replace(bounds, watch_s=0.0),
        lambda: 100.0,
    )
    item = OutboxItem(
        ItemKey("str/1"), ItemKind.TRANSACTION, REGTEST, b"", Stage.INCLUSION, raw, (tx_id,)
    )
    item = await worker.advance(item)
    await mine(bitcoin)
    item = await worker.advance(item)
    assert (item.stage, owed(item)) == (Stage.CONFIRMED, Reported.CONFIRMED)
    # Two branches: the payment is in neither the chain nor the pool of the longer one.
    await bitcoin.call("invalidateblock", await bitcoin.call("getbestblockhash"))
    for _ in range(2):
        await bitcoin.call("generateblock", "raw(51)#8lvh9jxk", [])
    back = await worker.advance(item)
    assert (back.stage, owed(back)) == (Stage.INCLUSION, Reported.SUBMITTED)
    await mine(bitcoin, 6)
    assert (await worker.advance(back)).stage is Stage.DONE


async def test_payment_whose_outputs_are_spent__should_be_found_from_where_it_was_sent(
    bitcoin: JsonRpc,
) -> None:
    """No index, no unspent output, and more blocks since than a look reads."""
    key = Key(bitcoin)
    coin = await key.mine_coin()
    since = await bitcoin.call("getblockcount")
    raw, tx_id = key.pay([coin], coin.value_sats - 1000, to=key.address)
    destination = BitcoinDestination(REGTEST, bitcoin)
    await destination.submit(raw)
    await mine(bitcoin)
    own = Utxo(tx_id, 0, coin.value_sats - 1000, coin.script_pubkey)
    assert await destination.submit(key.pay([own], 100_000)[0]) == Accepted()
    await mine(bitcoin, 160)
    seen = await scanned(destination, raw, tx_id, since)
    assert seen == Final(tx_id, since + 1)


async def test_cheap_rival_in_the_pool__should_be_refused_and_not_given_up(
    bitcoin: JsonRpc,
) -> None:
    key = Key(bitcoin)
    coin = await key.mine_coin()
    destination = BitcoinDestination(REGTEST, bitcoin, settled=0)
    await destination.submit(key.pay([coin], 100_000, fee_rate=20.0)[0])
    rival, _ = key.pay([coin], 200_000, fee_rate=2.0)
    assert isinstance(await destination.submit(rival), NotTaken)


async def test_evicted_payment__should_be_unknown_and_refused_while_its_rival_stays(
    bitcoin: JsonRpc,
) -> None:
    key = Key(bitcoin)
    coin = await key.mine_coin()
    destination = BitcoinDestination(REGTEST, bitcoin, settled=0)
    evicted, tx_id = key.pay([coin], 100_000, fee_rate=2.0)
    await destination.submit(evicted)
    assert await destination.submit(key.pay([coin], 200_000, fee_rate=30.0)[0]) == Accepted()
    assert await destination.status(evicted, [tx_id]) == Unknown()
    assert isinstance(await destination.submit(evicted), NotTaken)


@pytest.mark.parametrize("raw", [b"", b"\x00" * 60, b"\x02\x00\x00\x00"])
async def test_bytes_that_are_no_transaction__should_be_refused(
    bitcoin: JsonRpc, raw: bytes
) -> None:
    assert isinstance(await BitcoinDestination(REGTEST, bitcoin, settled=0).submit(raw), NotTaken)


async def test_fee_below_the_nodes_least__should_wait(bitcoin: JsonRpc) -> None:
    """Its pool was full when it said so, or another node takes less."""
    key = Key(bitcoin)
    raw, tx_id = key.pay([await key.mine_coin()], 100_000, fee_rate=0.02)
    destination = BitcoinDestination(REGTEST, bitcoin)
    refused = await destination.submit(raw)
    assert isinstance(refused, NotTaken)
    assert "min relay fee not met" in refused.reason
    assert await destination.status(raw, [tx_id]) == Unknown()
    block = (await bitcoin.call("generateblock", key.address, [raw.hex()]))["hash"]
    assert tx_id in (await bitcoin.call("getblock", block))["tx"]
    assert isinstance(await destination.status(raw, [tx_id]), Included)


async def test_node_of_another_network__should_never_be_sent_to(bitcoin: JsonRpc) -> None:
    mainnet = BitcoinDestination("bip122:000000000019d6689c085ae165831e93", bitcoin)
    assert isinstance(await mainnet.submit(b"\x00"), Unreachable)


async def test_dead_node__should_be_unreachable() -> None:
    destination = BitcoinDestination(REGTEST, JsonRpc(f"http://127.0.0.1:{free_port()}"))
    assert isinstance(await destination.submit(b"\x00"), Unreachable)
    await destination.close()
