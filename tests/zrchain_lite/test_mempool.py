"""What waits: nobody keeps others out, the better price goes first, sequences keep their order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, CHAIN_ID, GAS, Chain, genesis, transfer
from zrchain_lite.client import Account
from zrchain_lite.engine import EngineSettings
from zrchain_lite.engine.mempool import Mempool, MempoolFull
from zrchain_lite.proposals import Described
from zrchain_lite.tx import build

FULL, SEQUENCE = 20, 32


@contextmanager
def chain_with(folder: Path, **settings: int) -> Iterator[Chain]:
    chain = Chain(folder, config=EngineSettings(**settings))
    yield chain
    chain.close()


def pay(chain: Chain, account: Account, ahead: int = 0, fee: int = 20, gas: int = GAS) -> bytes:
    return chain.tx(account, transfer(account, CAROL), ahead=ahead, fee=fee, gas_limit=gas)


def test_one_account__should_not_keep_the_others_out(tmp_path: Path) -> None:
    """5,000 transactions of one account let nobody else in, whatever they paid."""
    with chain_with(tmp_path, max_mempool_txs=10, max_account_txs=8) as chain:
        codes = [chain.send(pay(chain, ALICE, n)).code for n in range(12)]
        assert codes == [0] * 8 + [FULL] * 4
        assert [chain.send(pay(chain, BOB, n)).code for n in range(2)] == [0, 0]
        assert chain.send(pay(chain, CAROL)).code == FULL


def test_better_price__should_take_the_place_of_the_last_of_the_worst(tmp_path: Path) -> None:
    with chain_with(tmp_path, max_mempool_txs=3) as chain:
        cheap = [pay(chain, ALICE, n) for n in range(3)]
        assert [chain.send(tx).code for tx in cheap] == [0, 0, 0]
        dear = pay(chain, BOB, fee=40)
        assert chain.send(dear).code == 0
        assert chain.engine.waiting() == [*cheap[:2], dear]
        # Alice's third is due again, and Bob's second has no room at her price.
        assert chain.send(cheap[2]).code == FULL
        assert chain.send(pay(chain, BOB, 1, fee=20)).code == FULL
        record = chain.engine.make_block()
        assert list(record.block.data.txs) == [dear, *cheap[:2]]
        assert chain.send(cheap[2]).code == 0


def test_refused_transaction__should_evict_nobody(tmp_path: Path) -> None:
    with chain_with(tmp_path, max_mempool_txs=1) as chain:
        tx = pay(chain, ALICE)
        assert chain.send(tx).code == 0
        assert chain.send(pay(chain, BOB, ahead=1, fee=90)).code == SEQUENCE
        assert chain.engine.waiting() == [tx]


def test_own_transaction__should_be_replaced_by_one_that_pays_a_tenth_more(chain: Chain) -> None:
    first, second = pay(chain, ALICE), pay(chain, ALICE, 1)
    assert [chain.send(tx).code for tx in (first, second)] == [0, 0]
    assert chain.send(pay(chain, ALICE, fee=21)).code == FULL
    better = pay(chain, ALICE, fee=22)
    assert chain.send(better).code == 0
    assert chain.engine.waiting() == [better, second]
    record = chain.engine.make_block()
    assert list(record.block.data.txs) == [better, second]
    assert [result.code for result in record.results.tx_results] == [0, 0]


def test_later_transaction__should_not_overtake_one_that_did_not_fit(chain: Chain) -> None:
    """It failed in the block and paid nothing."""
    most = 39_000_000
    fills = pay(chain, BOB, fee=10_000, gas=2_000_000)
    large, small = pay(chain, ALICE, gas=most, fee=5_000), pay(chain, ALICE, 1, fee=10_000)
    for tx in (large, small, fills):
        assert chain.send(tx).code == 0
    first, second = chain.engine.make_block(), chain.engine.make_block()
    assert list(first.block.data.txs) == [fills]
    assert list(second.block.data.txs) == [large, small]
    codes = [r.code for each in (first, second) for r in each.results.tx_results]
    assert codes == [0, 0, 0]


def test_transaction_of_two__should_wait_for_both(chain: Chain) -> None:
    alone = pay(chain, BOB, fee=20)
    both = build(
        [transfer(ALICE, CAROL), transfer(BOB, CAROL)],
        [chain.signer(ALICE), chain.signer(BOB, 1)],
        chain_id=CHAIN_ID,
        gas_limit=GAS,
        fee=90,
    )
    after = pay(chain, ALICE, 1, fee=95)
    for tx in (alone, both, after):
        assert chain.send(tx).code == 0, chain.send(tx).log
    record = chain.engine.make_block()
    assert list(record.block.data.txs) == [alone, both, after]
    assert [result.code for result in record.results.tx_results] == [0, 0, 0]


def test_block__should_not_check_again_what_it_has_no_room_for(tmp_path: Path) -> None:
    """5,000 waiting transactions cost each block 2.5 s."""
    people = [Account.from_secret((10**6 + n).to_bytes(32, "big")) for n in range(1_500)]
    coins = [{"denom": "urock", "amount": "1000000"}]
    balances = [{"address": each.address, "coins": coins} for each in people]
    chain = Chain(tmp_path, first=genesis(bank={"balances": balances}))
    for number, each in enumerate(people):
        tx = pay(chain, each, gas=10_000_000, fee=1_000 + number)
        assert chain.send(tx).code == 0
    with processor_seconds(0.5):
        records = [chain.engine.make_block() for _ in range(5)]
    assert [len(record.block.data.txs) for record in records] == [4] * 5
    assert len(chain.engine.waiting()) == len(people) - 20
    chain.close()


def about(*places: tuple[str, int], price: int) -> Described:
    return Described(places, GAS, price, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=25),
    st.integers(1, 12),
)
def test_pool__should_keep_its_bounds_and_every_sequence(
    arrivals: list[tuple[str, int]], room: int
) -> None:
    pool = Mempool(room, 10**6, 5)
    ends: dict[str, int] = {}
    for number, (account, price) in enumerate(arrivals):
        tx, place = b"%d" % number, (account, len(pool.of(account)))
        wanted = about(place, price=price)
        try:
            evicted = pool.room_for(len(tx), wanted)
        except MempoolFull:
            continue
        pool.add(tx, wanted)
        pool.remove([each.tx for each in evicted])
        ends[account] = max(ends.get(account, 0), place[1])
    assert len(pool) <= room
    for account in "abc":
        chain = [each.about.places[0][1] for each in pool.of(account)]
        assert chain == list(range(len(chain)))
        assert len(chain) <= 5
    order = pool.ordered(lambda waiting: True)
    assert len(order) == len(pool)
    assert [each.tx for each in order if each.about.places[0][0] == "a"] == [
        each.tx for each in pool.of("a")
    ]
