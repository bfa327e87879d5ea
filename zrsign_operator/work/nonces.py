"""Nonces of FROST, published ahead: with them a signature takes one round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from zrsign_dmpc.frost import NonceCommitment
from zrsign_operator.keys.held import NONCES_AHEAD, HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.peers.frames import MAX_COMMITMENTS, Stock


class Stocks:
    """This operator's commitments, and its peers'."""

    def __init__(self, me: int, holdings: Holdings, send: Callable[[int, bytes], None]) -> None:
        self._me = me
        self._holdings = holdings
        self._send = send

    def publish(self, peers: Iterable[int]) -> None:
        """Top up what is half used."""
        for held in self._holdings.taken_from():
            pool = held.nonces
            if pool is None or pool.in_circulation > NONCES_AHEAD // 2:
                continue
            made = tuple(pool.publish() for _ in range(NONCES_AHEAD - pool.in_circulation))
            frame = Stock(held.share.info.key_id, made).encode()
            for peer in peers:
                self._send(peer, frame)

    def show(self, peer: int, key_ids: Iterable[bytes] | None = None) -> None:
        """All that is published, of these keys or of all, to a peer that does not know it."""
        wanted = None if key_ids is None else set(key_ids)
        for held in self._holdings.all_keys():
            key_id = held.share.info.key_id
            asked = wanted is None or key_id in wanted
            if held.nonces is not None and held.nonces.published and asked:
                newest = held.nonces.published[-MAX_COMMITMENTS:]
                self._send(peer, Stock(key_id, newest).encode())

    def take(self, sender: int, stock: Stock) -> None:
        """Note the commitments that a peer published for its own shares."""
        held = self._holdings.key_in_epoch(stock.key_id)
        if held is not None and sender in held.share.info.shares:
            known = held.offered.setdefault(sender, [])
            known += [c for c in stock.commitments if c.index == sender and c not in known]
            del known[: -4 * NONCES_AHEAD]

    def lost(self, peer: int) -> None:
        """What it published may be gone with it."""
        for held in self._holdings.all_keys():
            held.offered.pop(peer, None)

    def pick(
        self, held: HeldKey, members: Sequence[int], count: int
    ) -> tuple[NonceCommitment, ...] | None:
        """Commitments of all signers for each of so many signatures; None: not enough."""
        if held.nonces is None:
            return None
        if any(len(held.offered.get(i, ())) < count for i in members if i != self._me):
            return None
        return tuple(
            held.nonces.publish() if i == self._me else held.offered[i].pop(0)
            for _ in range(count)
            for i in members
        )
