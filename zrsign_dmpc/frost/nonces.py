"""Preprocessed nonces: made in advance, published as commitments, each used at most once.

Secret nonces live in memory only. Whatever is lost in a restart was never used; whatever was used
is in the single-use ledger, which also guards against a pool that a snapshot of the whole process
brought back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.frost.signing import NonceCommitment, NoncePair, generate_nonces
from zrsign_dmpc.frost.suites import Suite
from zrsign_dmpc.group.curves import Rng, system_rng
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import SingleUseItem, SingleUseLedger
from zrsign_dmpc.wire.transcript import Transcript

NONCE: Final = "frost nonce"
DEFAULT_CAPACITY: Final = 1024


class UnknownNonce(DmpcError):
    """The commitment is not one of this pool, or was used or discarded."""


class PoolFull(DmpcError):
    """The pool is full: as many nonces as it may hold wait to be published."""


def nonce_id(suite: Suite, key_id: bytes, commitment: NonceCommitment) -> bytes:
    """The name of a nonce pair in the single-use ledger: 32 bytes."""
    transcript = Transcript("nonce")
    transcript.absorb("suite", suite.name)
    transcript.absorb("key", key_id)
    transcript.absorb("commitment", commitment.to_value())
    return transcript.challenge_bytes("id", 32)


class NoncePool:
    """One party's nonces for one key in one epoch."""

    def __init__(
        self,
        suite: Suite,
        share: KeyShare,
        ledger: SingleUseLedger,
        *,
        capacity: int = DEFAULT_CAPACITY,
        rng: Rng = system_rng,
        on_taken: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_taken` is called whenever there are fewer than before."""
        self.suite = suite
        self.share = share
        self._ledger = ledger
        self._capacity = capacity
        self._rng = rng
        self._on_taken = on_taken
        self._pairs: dict[NonceCommitment, NoncePair] = {}
        self._unpublished: deque[NonceCommitment] = deque()

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def published(self) -> tuple[NonceCommitment, ...]:
        """What was given out and not used yet, the oldest first."""
        waiting = set(self._unpublished)
        return tuple(commitment for commitment in self._pairs if commitment not in waiting)

    @property
    def in_circulation(self) -> int:
        """How many `published` has; this is asked all the time."""
        return len(self._pairs) - sum(each in self._pairs for each in self._unpublished)

    def preprocess(self, count: int) -> None:
        """Make this many pairs; the oldest that were published and never used make room.

        Raises:
            PoolFull: there is no room.
        """
        if len(self._unpublished) + count > self._capacity:
            raise PoolFull(f"{len(self._unpublished)} of {self._capacity} nonces are unpublished")
        excess = len(self._pairs) + count - self._capacity
        for commitment in list(self._pairs)[: max(excess, 0)]:
            self.discard(commitment)
        for _ in range(count):
            pair = generate_nonces(self.suite, self.share, self._rng)
            self._pairs[pair.commitment] = pair
            self._unpublished.append(pair.commitment)

    def publish(self) -> NonceCommitment:
        """A commitment that was not given out before; made now if none is left. Raises PoolFull."""
        if not self._unpublished:
            self.preprocess(1)
        return self._unpublished.popleft()

    def consume(self, commitment: NonceCommitment, signers: tuple[int, ...]) -> NoncePair:
        """The secret nonces, struck off durably before they are handed out.

        Raises:
            UnknownNonce: they are not here, or not any more.
            AlreadyConsumed: the ledger knows that they were used.
        """
        pair = self._pairs.pop(commitment, None)
        if pair is None:
            raise UnknownNonce("the nonces are not in this pool, or were used before")
        self._on_taken()
        self._ledger.consume(self._item(commitment, signers))
        return pair

    def consume_all(
        self, commitments: Sequence[NonceCommitment], signers: tuple[int, ...]
    ) -> list[NoncePair]:
        """Consume several pairs with the disk writes of one: all of them, or none.

        Raises what `consume` raises.
        """
        if len(set(commitments)) != len(commitments) or not set(commitments) <= set(self._pairs):
            raise UnknownNonce("some nonces are not in this pool, were used before, or come twice")
        pairs = [self._pairs.pop(commitment) for commitment in commitments]
        self._on_taken()
        self._ledger.consume_all([self._item(commitment, signers) for commitment in commitments])
        return pairs

    def _item(self, commitment: NonceCommitment, signers: tuple[int, ...]) -> SingleUseItem:
        info = self.share.info
        name = nonce_id(self.suite, info.key_id, commitment)
        return SingleUseItem(NONCE, name, info.key_id, info.epoch, signers)

    def discard(self, commitment: NonceCommitment) -> None:
        """Forget a pair that will not be used."""
        self._pairs.pop(commitment, None)
        self._on_taken()
