"""Nonces that are published ahead, one's own and the peers'."""

from __future__ import annotations

import pytest

from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519
from zrsign_dmpc.frost import NonceCommitment
from zrsign_operator.keys.held import NONCES_AHEAD, HeldKey
from zrsign_operator.peers import frames
from zrsign_operator.peers.frames import Stock
from zrsign_operator.work.nonces import Stocks

ME, PEER = 1, 2


class Told:
    """Operator 1's stocks, a key of its for Ed25519, and what it told whom."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.key, self.other = cluster.deal(ED25519), cluster.deal(ED25519, "another")
        self.ecdsa = cluster.deal(ECDSA)
        self.sent: list[tuple[int, Stock]] = []
        self.stocks = Stocks(ME, cluster.operators[ME].holdings, self._send)

    def _send(self, to: int, data: bytes) -> None:
        frame = frames.read_frame(data)
        assert isinstance(frame, Stock)
        self.sent.append((to, frame))

    @property
    def held(self) -> HeldKey:
        return self.cluster.held(ME, self.key)

    def of_peer(self, count: int, peer: int = PEER) -> Stock:
        pool = self.cluster.held(peer, self.key).nonces
        assert pool is not None
        return Stock(self.held.share.info.key_id, tuple(pool.publish() for _ in range(count)))

    def offered(self, peer: int = PEER) -> list[NonceCommitment]:
        return self.held.offered.get(peer, [])


@pytest.fixture
async def told(make_cluster: MakeCluster) -> Told:
    return Told(await make_cluster(2, (1, 2, 3)))


async def test_stock__should_be_topped_up_when_it_is_half_used(told: Told) -> None:
    told.stocks.publish([2, 3])
    keys = {told.cluster.held(ME, key).share.info.key_id for key in (told.key, told.other)}
    assert {(to, stock.key_id) for to, stock in told.sent} == {(i, k) for i in (2, 3) for k in keys}
    assert {len(stock.commitments) for _, stock in told.sent} == {NONCES_AHEAD}
    pool = told.held.nonces
    assert pool is not None
    told.sent.clear()
    for commitment in pool.published[: NONCES_AHEAD // 2 - 1]:
        pool.discard(commitment)
    told.stocks.publish([2])
    assert told.sent == []
    pool.discard(pool.published[0])
    told.stocks.publish([2])
    ((_, stock),) = told.sent
    assert len(stock.commitments) == NONCES_AHEAD // 2
    assert set(stock.commitments) <= set(pool.published)


async def test_stocks__should_look_at_keys_whose_nonces_were_used_alone(told: Told) -> None:
    holdings = told.cluster.operators[ME].holdings
    told.stocks.publish([])
    assert holdings.taken_from() == []
    told.stocks.pick(told.held, [ME], 1)
    assert holdings.taken_from() == []
    pool = told.held.nonces
    assert pool is not None
    pool.consume(pool.published[0], (ME, PEER))
    assert holdings.taken_from() == [told.held]
    pool.consume_all(pool.published[:2], (ME, PEER))
    assert holdings.taken_from() == [told.held]


async def test_stock__should_be_shown_to_who_does_not_know_it(told: Told) -> None:
    told.stocks.show(PEER)
    assert told.sent == []
    told.stocks.publish([])
    told.stocks.show(PEER)
    assert len(told.sent) == 2
    told.sent.clear()
    told.stocks.show(PEER, [told.held.share.info.key_id])
    assert told.held.nonces is not None
    assert told.sent == [(PEER, Stock(told.held.share.info.key_id, told.held.nonces.published))]


async def test_peer__should_offer_its_own_nonces_and_no_others(told: Told) -> None:
    stock = told.of_peer(3)
    told.stocks.take(PEER, stock)
    told.stocks.take(PEER, stock)
    assert told.offered() == list(stock.commitments)
    told.stocks.take(3, stock)
    assert told.offered(3) == []
    told.stocks.take(PEER, Stock(b"k" * 32, told.of_peer(1).commitments))
    told.stocks.take(9, Stock(stock.key_id, told.of_peer(1).commitments))
    assert set(told.held.offered) <= {2, 3}
    assert told.offered() == list(stock.commitments)


async def test_peer__should_offer_only_so_many(told: Told) -> None:
    stocks = [told.of_peer(NONCES_AHEAD) for _ in range(4)] + [told.of_peer(3)]
    for stock in stocks:
        told.stocks.take(PEER, stock)
    assert told.offered() == [each for stock in stocks for each in stock.commitments][3:]
    told.stocks.lost(3)
    assert len(told.offered()) == 4 * NONCES_AHEAD
    told.stocks.lost(PEER)
    assert told.offered() == []


async def test_nonces__should_be_picked_for_each_text_and_never_again(told: Told) -> None:
    stock = told.of_peer(3)
    told.stocks.take(PEER, stock)
    assert told.stocks.pick(told.held, (ME, PEER), 4) is None
    assert told.stocks.pick(told.held, (ME, PEER, 3), 1) is None
    assert told.stocks.pick(told.cluster.held(ME, told.ecdsa), (ME, PEER), 1) is None
    picked = told.stocks.pick(told.held, (ME, PEER), 2)
    assert picked is not None
    assert [each.index for each in picked] == [ME, PEER, ME, PEER]
    assert picked[1::2] == stock.commitments[:2]
    assert len(set(picked)) == 4
    assert told.offered() == [stock.commitments[2]]
